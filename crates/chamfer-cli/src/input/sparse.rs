//! Sparse matrices.

/// A sparse matrix in compressed columns: the entries of column `j` are those from
/// `column_starts[j]` to `column_starts[j + 1]`.
#[derive(Debug, Clone, PartialEq)]
pub struct SparseMatrix {
    /// Number of rows.
    pub n_rows: usize,
    /// Number of columns.
    pub n_cols: usize,
    /// Where each column starts among the entries; one more than there are columns.
    pub column_starts: Vec<usize>,
    /// The row of each entry, increasing within a column.
    pub row_indices: Vec<usize>,
    /// The value of each entry.
    pub values: Vec<f64>,
}

impl SparseMatrix {
    /// The entries of column `column` as (row, value); none if there is no such column.
    pub fn column(&self, column: usize) -> impl Iterator<Item = (usize, f64)> {
        let range = match self.column_starts.get(column..=column + 1) {
            Some(&[start, end]) => start..end,
            _ => 0..0,
        };
        self.row_indices[range.clone()].iter().copied().zip(self.values[range].iter().copied())
    }

    /// The matrix of the given `columns` (those beyond the last are empty) and `rows`
    /// (increasing).
    pub(super) fn select(&self, columns: impl IntoIterator<Item = usize>, rows: &[usize]) -> Self {
        let mut row_at = vec![None; self.n_rows];
        for (new, &old) in rows.iter().enumerate() {
            row_at[old] = Some(new);
        }
        let mut selected = Self {
            n_rows: rows.len(),
            n_cols: 0,
            column_starts: vec![0],
            row_indices: Vec::new(),
            values: Vec::new(),
        };
        for column in columns {
            for (row, value) in self.column(column) {
                if let Some(row) = row_at[row] {
                    selected.row_indices.push(row);
                    selected.values.push(value);
                }
            }
            selected.n_cols += 1;
            selected.column_starts.push(selected.values.len());
        }
        selected
    }
}

/// Gathers a sparse matrix row by row.
#[derive(Debug)]
pub(super) struct RowBuilder {
    row_starts: Vec<usize>,
    columns: Vec<u32>,
    values: Vec<f64>,
    n_cols: usize,
}

impl RowBuilder {
    /// A matrix without rows.
    pub(super) fn new() -> Self {
        Self { row_starts: vec![0], columns: Vec::new(), values: Vec::new(), n_cols: 0 }
    }

    /// Puts `value` into column `column` of the current row; the columns of a row must increase.
    /// A zero is not stored, but makes the matrix wide enough for its column.
    pub(super) fn push(&mut self, column: u32, value: f64) {
        self.n_cols = self.n_cols.max(column as usize + 1);
        if value != 0.0 {
            self.columns.push(column);
            self.values.push(value);
        }
    }

    /// Ends the current row.
    pub(super) fn end_row(&mut self) {
        self.row_starts.push(self.values.len());
    }

    /// The matrix in compressed columns: entries are counted into their columns row by row, so
    /// that the rows of a column come out in order.
    pub(super) fn finish(self) -> SparseMatrix {
        let mut column_starts = vec![0; self.n_cols + 1];
        for &column in &self.columns {
            column_starts[column as usize + 1] += 1;
        }
        for column in 0..self.n_cols {
            column_starts[column + 1] += column_starts[column];
        }
        let mut next = column_starts.clone();
        let mut row_indices = vec![0; self.values.len()];
        let mut values = vec![0.0; self.values.len()];
        for (row, ends) in self.row_starts.windows(2).enumerate() {
            for entry in ends[0]..ends[1] {
                let position = &mut next[self.columns[entry] as usize];
                row_indices[*position] = row;
                values[*position] = self.values[entry];
                *position += 1;
            }
        }
        SparseMatrix {
            n_rows: self.row_starts.len() - 1,
            n_cols: self.n_cols,
            column_starts,
            row_indices,
            values,
        }
    }
}
