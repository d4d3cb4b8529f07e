//! Tests of reading and coding, on small files.

mod apply;
mod binary;
mod csv;
mod fit;
mod sparse;
mod stream;

use std::path::PathBuf;

use tempfile::TempDir;

use super::table::{Column, ColumnData, Table, TableData};
use super::{Matrix, MixedMatrix, ReadOptions, Selection, read};
use chamfer_glm::MixedColumn;

/// A folder of files that is removed at the end of the test.
struct Files(TempDir);

impl Files {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    /// Writes `content` to the file `name`.
    fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }
}

/// Reads `content` as a file called `name`.
fn read_as(name: &str, content: impl AsRef<[u8]>, options: &ReadOptions) -> Result<Table, String> {
    let files = Files::new();
    read(&files.write(name, content), options).map_err(|error| {
        let message = error.to_string();
        assert!(message.contains(name), "{message:?} does not name the file");
        message.rsplit_once(name).map_or_else(String::new, |(_, rest)| rest.to_owned())
    })
}

/// The table in the CSV text `content`.
fn csv_table(content: &str) -> Table {
    read_as("data.csv", content, &ReadOptions::default()).unwrap()
}

/// The table in the svmlight text `content`.
fn svm_table(content: &str) -> Table {
    read_as("data.svm", content, &ReadOptions::default()).unwrap()
}

/// The named columns of `table`.
fn columns(table: Table) -> Vec<Column> {
    match table.data {
        TableData::Columns(columns) => columns,
        other => panic!("{other:?} is not in columns"),
    }
}

/// A numeric column; NaN compares as -1 would, which the tests do not use otherwise.
fn numbers(column: &Column) -> Vec<f64> {
    match &column.data {
        ColumnData::Numeric(values) => {
            values.iter().map(|v| if v.is_nan() { -1.0 } else { *v }).collect()
        }
        other => panic!("{other:?} is not numeric"),
    }
}

/// A text column, row by row; "-" where it is missing.
fn texts(column: &Column) -> Vec<&str> {
    match &column.data {
        ColumnData::Text { levels, codes } => {
            assert!(levels.is_sorted());
            codes.iter().map(|code| code.map_or("-", |code| &levels[code as usize])).collect()
        }
        other => panic!("{other:?} is not text"),
    }
}

/// The values of a dense matrix, column after column.
fn dense(matrix: &Matrix) -> Vec<f64> {
    match matrix {
        Matrix::Mixed(MixedMatrix { n_rows, numbers, factors, columns }) => {
            let column = |column: &MixedColumn| match *column {
                MixedColumn::Numeric(j) => numbers[j * n_rows..(j + 1) * n_rows].to_vec(),
                MixedColumn::Level { factor, level } => {
                    let codes = factors[factor].0.iter();
                    codes.map(|&code| f64::from(u8::from(code == level))).collect()
                }
            };
            columns.iter().flat_map(column).collect()
        }
        other => panic!("{other:?} is not dense"),
    }
}

/// The selection of `target`, and all else as usual.
fn predict(target: &str) -> Selection {
    Selection { target: Some(target.to_owned()), ..Selection::default() }
}

/// Asserts that `message` has each of `parts` in it.
#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "errors are passed as they are returned")]
fn assert_says(message: impl ToString, parts: &[&str]) {
    let message = message.to_string();
    for part in parts {
        assert!(message.contains(part), "{message:?} does not say {part:?}");
    }
}
