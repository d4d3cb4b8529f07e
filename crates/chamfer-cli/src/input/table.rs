//! A table as it was read, before anything was chosen or coded.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::error::Place;
use super::sparse::SparseMatrix;
use super::stream::Stream;

/// A table as it was read from a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Where it comes from.
    pub source: Source,
    /// Number of rows; at least one.
    pub n_rows: usize,
    /// The values.
    pub data: TableData,
}

/// The values of a table.
#[derive(Debug, Clone, PartialEq)]
pub enum TableData {
    /// Named columns, with different names, all as long as the table.
    Columns(Vec<Column>),
    /// An svmlight file.
    Sparse(SparseTable),
    /// Named columns of a file that is read anew for each pass.
    Stream(Arc<Stream>),
}

/// A column with a name.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// The name.
    pub name: String,
    /// The values.
    pub data: ColumnData,
}

/// The values of a column.
#[derive(Debug, Clone, PartialEq)]
pub enum ColumnData {
    /// Numbers; a missing one is NaN.
    Numeric(Vec<f64>),
    /// Labels.
    Text {
        /// The labels that occur, in order, each once.
        levels: Vec<String>,
        /// For every row the position of its label in `levels`, or none if it is missing.
        codes: Vec<Option<u32>>,
    },
    /// Values that are neither numbers nor labels, such as dates or lists: an error only where
    /// the column is used. Holds what the file calls their type.
    Unsupported(String),
}

/// A table of an svmlight file. Its columns are called `x1`, `x2`, … after their indices.
#[derive(Debug, Clone, PartialEq)]
pub struct SparseTable {
    /// The columns.
    pub matrix: SparseMatrix,
    /// The label of every row.
    pub target: Vec<f64>,
}

/// Where a table comes from: what a message needs to name a cell of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    path: PathBuf,
    lines: Option<LineNumbers>,
    /// Rows of the file before the first one of the table.
    rows_before: usize,
}

impl Source {
    /// A table of the file at `path`, with the line each row starts on if it is a text file.
    #[must_use]
    pub fn new(path: &Path, lines: Option<LineNumbers>) -> Self {
        Self { path: path.to_path_buf(), lines, rows_before: 0 }
    }

    /// The same, of a table that starts after `rows` of the file.
    #[must_use]
    pub fn after(self, rows: usize) -> Self {
        Self { rows_before: rows, ..self }
    }

    /// The file as a whole.
    #[must_use]
    pub fn place(&self) -> Place {
        Place::file(&self.path)
    }

    /// The row at position `row` (from 0).
    #[must_use]
    pub fn row(&self, row: usize) -> Place {
        let line = self.lines.as_ref().and_then(|lines| lines.line(row));
        Place { line, ..self.place().row(self.rows_before + row + 1) }
    }
}

/// The line of the file that each row starts on. Rows mostly follow each other line by line, so
/// that only the exceptions are stored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LineNumbers {
    n_rows: usize,
    /// Rows (from 0) that do not start on the line after that of the row before, with their line.
    jumps: Vec<(usize, u64)>,
}

impl LineNumbers {
    /// Adds the next row, which starts on `line`.
    pub fn push(&mut self, line: u64) {
        let row = self.n_rows;
        self.n_rows += 1;
        if self.line(row) != Some(line) {
            self.jumps.push((row, line));
        }
    }

    /// The line that the row at position `row` (from 0) starts on, if there is such a row.
    #[must_use]
    pub fn line(&self, row: usize) -> Option<u64> {
        let later = self.jumps.partition_point(|&(start, _)| start <= row);
        let &(start, line) = self.jumps.get(later.checked_sub(1)?)?;
        (row < self.n_rows).then_some(line + (row - start) as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::LineNumbers;

    #[test]
    fn lines_are_found_again() {
        let lines = [2, 3, 4, 7, 8, 12];
        let mut numbers = LineNumbers::default();
        for line in lines {
            numbers.push(line);
        }
        assert_eq!(numbers.jumps.len(), 3);
        assert!(lines.iter().enumerate().all(|(row, &line)| numbers.line(row) == Some(line)));
        assert_eq!(numbers.line(6), None);
    }
}
