//! Where something is wrong.

use std::fmt;
use std::path::{Path, PathBuf};

use super::quote;

/// A place in a file, as exactly as it is known: `data.csv, row 7 (line 9), column "age"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub path: PathBuf,
    /// Name of the column.
    pub column: Option<String>,
    /// Number of the data row, from 1.
    pub row: Option<usize>,
    /// Number of the line in the file, from 1.
    pub line: Option<u64>,
}

impl Place {
    /// The file at `path` as a whole.
    #[must_use]
    pub fn file(path: &Path) -> Self {
        Self { path: path.to_path_buf(), column: None, row: None, line: None }
    }

    /// This place, in the column called `name`.
    #[must_use]
    pub fn column(self, name: &str) -> Self {
        Self { column: Some(name.to_owned()), ..self }
    }

    /// This place, in data row `row` (from 1).
    #[must_use]
    pub fn row(self, row: usize) -> Self {
        Self { row: Some(row), ..self }
    }

    /// This place, on line `line` (from 1).
    #[must_use]
    pub fn line(self, line: u64) -> Self {
        Self { line: Some(line), ..self }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path.display())?;
        match (self.row, self.line) {
            (Some(row), Some(line)) => write!(f, ", row {row} (line {line})")?,
            (Some(row), None) => write!(f, ", row {row}")?,
            (None, Some(line)) => write!(f, ", line {line}")?,
            (None, None) => {}
        }
        match &self.column {
            Some(name) => write!(f, ", column {}", quote(name)),
            None => Ok(()),
        }
    }
}
