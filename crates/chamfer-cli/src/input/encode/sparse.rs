//! Coding svmlight files, which stay sparse.

use super::rows::{Flaw, Values};
use super::sparse_name;
use crate::input::error::InputError;
use crate::input::sparse::SparseMatrix;

/// The columns of an svmlight file that are used.
pub(super) struct Sparse {
    /// The whole file.
    pub(super) matrix: SparseMatrix,
    /// The positions of the columns used, increasing; those beyond the file are zero.
    pub(super) columns: Vec<usize>,
}

impl Values for Sparse {
    fn name(&self, column: usize) -> String {
        sparse_name(self.columns[column])
    }

    fn visit(&self, flaw: Flaw, mut visit: impl FnMut(usize, usize)) -> Result<(), InputError> {
        for (at, &column) in self.columns.iter().enumerate() {
            let entries = self.matrix.column(column);
            entries.filter(|&(_, v)| flaw.is_of(v)).for_each(|(row, _)| visit(at, row));
        }
        Ok(())
    }
}

impl Sparse {
    /// The mean of the values of each column that are not missing.
    pub(super) fn means(&self) -> Vec<f64> {
        let mean = |&column| {
            let (mut sum, mut n) = (0.0, self.matrix.n_rows);
            for (_, value) in self.matrix.column(column) {
                if value.is_nan() {
                    n -= 1;
                } else {
                    sum += value;
                }
            }
            sum / n as f64
        };
        self.columns.iter().map(mean).collect()
    }

    /// The given `rows`, with `means` in place of missing values.
    pub(super) fn matrix(self, rows: &[usize], means: Option<&[f64]>) -> SparseMatrix {
        let all_rows = rows.len() == self.matrix.n_rows;
        let all_columns = self.columns.iter().copied().eq(0..self.matrix.n_cols);
        let mut matrix = if all_rows && all_columns {
            self.matrix
        } else {
            self.matrix.select(self.columns, rows)
        };
        for (column, &mean) in means.unwrap_or_default().iter().enumerate() {
            let range = matrix.column_starts[column]..matrix.column_starts[column + 1];
            for value in matrix.values[range].iter_mut().filter(|value| value.is_nan()) {
                *value = mean;
            }
        }
        matrix
    }
}
