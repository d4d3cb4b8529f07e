//! Finding out, cell by cell, whether a column of text is numbers or labels.

use super::labels::Labels;
use crate::input::error::FileProblem;
use crate::input::table::ColumnData;

/// A column of a text file while it is read. What it is shows with its first value, so that
/// numbers are stored as such from the start and no text is kept for later.
#[derive(Debug)]
pub(super) struct Inferred {
    cells: Cells,
    /// Whether numbers are labels too.
    as_labels: bool,
}

/// The cells of a column so far.
#[derive(Debug)]
enum Cells {
    /// So many, all of them missing.
    Missing(usize),
    Numbers(Vec<f64>),
    Labels(Labels),
}

impl Inferred {
    /// A column without cells, to be read as labels if `as_labels`.
    pub(super) fn new(as_labels: bool) -> Self {
        let cells = if as_labels { Cells::Labels(Labels::default()) } else { Cells::Missing(0) };
        Self { cells, as_labels }
    }

    /// Adds the next `cell` of the column called `name`, trimmed.
    pub(super) fn push(&mut self, cell: &str, name: &str) -> Result<(), FileProblem> {
        match (&mut self.cells, Value::of(cell)) {
            (Cells::Missing(n), Value::Missing) => *n += 1,
            (Cells::Missing(n), Value::Number(number)) => {
                let mut numbers = vec![f64::NAN; *n];
                numbers.push(number);
                self.cells = Cells::Numbers(numbers);
            }
            (Cells::Missing(n), Value::Text) => {
                let mut labels = Labels::missing(*n);
                labels.push(Some(cell));
                self.cells = Cells::Labels(labels);
            }
            (Cells::Numbers(numbers), Value::Missing) => numbers.push(f64::NAN),
            (Cells::Numbers(numbers), Value::Number(number)) => numbers.push(number),
            (Cells::Numbers(_), Value::Text) => {
                return Err(FileProblem::TextAmongNumbers {
                    column: name.to_owned(),
                    found: cell.to_owned(),
                });
            }
            (Cells::Labels(labels), Value::Missing) => labels.push(None),
            (Cells::Labels(labels), Value::Number(_)) if !self.as_labels => {
                let (text, row) = labels.first().unwrap_or_default();
                return Err(FileProblem::NumberAmongText {
                    column: name.to_owned(),
                    found: cell.to_owned(),
                    text: text.to_owned(),
                    text_row: row + 1,
                });
            }
            (Cells::Labels(labels), Value::Number(_) | Value::Text) => labels.push(Some(cell)),
        }
        Ok(())
    }

    /// The column. One without any value counts as numbers.
    pub(super) fn finish(self) -> ColumnData {
        match self.cells {
            Cells::Missing(n) => ColumnData::Numeric(vec![f64::NAN; n]),
            Cells::Numbers(numbers) => ColumnData::Numeric(numbers),
            Cells::Labels(labels) => labels.finish(),
        }
    }
}

/// What a cell says.
enum Value {
    Missing,
    Number(f64),
    Text,
}

impl Value {
    fn of(cell: &str) -> Self {
        match cell.parse::<f64>() {
            Ok(number) if number.is_nan() => Self::Missing,
            Ok(number) => Self::Number(number),
            Err(_) if is_missing(cell) => Self::Missing,
            Err(_) => Self::Text,
        }
    }
}

/// Whether `cell`, which is not a number, stands for a missing value.
fn is_missing(cell: &str) -> bool {
    matches!(cell, "" | "NA" | "N/A" | "null" | "NULL" | "None" | "?" | ".")
}
