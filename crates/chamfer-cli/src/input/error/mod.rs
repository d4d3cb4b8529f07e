//! What can be wrong with the input, and where.
//!
//! An error is a [`Place`] and a problem. The problems come in three kinds, after what they are
//! about: the file ([`FileProblem`]), the choice of columns ([`ColumnProblem`]), and the values
//! in them ([`ValueProblem`]).

mod columns;
mod file;
mod place;
mod values;

use crate::output::list;
pub use columns::{ColumnProblem, Role};
pub use file::FileProblem;
pub use place::Place;
use thiserror::Error;
pub use values::ValueProblem;

/// An error of the input. Every message says where, what is wrong, and what to do.
#[derive(Debug, Error)]
pub enum InputError {
    /// The file cannot be read, or its text is not what the format asks for.
    #[error("{place}: {problem}")]
    File {
        /// Where in the file.
        place: Box<Place>,
        /// What is wrong.
        problem: FileProblem,
    },
    /// The columns asked for and the columns of the table do not go together.
    #[error("{place}: {problem}")]
    Columns {
        /// Which table, and which column where there is one.
        place: Box<Place>,
        /// What is wrong.
        problem: ColumnProblem,
    },
    /// A value cannot be used.
    #[error("{place}: {problem}")]
    Values {
        /// Which table, and which cell where there is one.
        place: Box<Place>,
        /// What is wrong.
        problem: ValueProblem,
    },
}

impl InputError {
    /// The same error of data that a model is applied to: see [`ValueProblem::for_model`].
    #[must_use]
    pub fn for_model(self) -> Self {
        match self {
            Self::Values { place, problem } => Self::Values { place, problem: problem.for_model() },
            other => other,
        }
    }
}

impl FileProblem {
    /// The error that this problem is at `place`.
    #[must_use]
    pub fn at(self, place: Place) -> InputError {
        InputError::File { place: Box::new(place), problem: self }
    }
}

impl ColumnProblem {
    /// The error that this problem is at `place`.
    #[must_use]
    pub fn at(self, place: Place) -> InputError {
        InputError::Columns { place: Box::new(place), problem: self }
    }
}

impl ValueProblem {
    /// The error that this problem is at `place`.
    #[must_use]
    pub fn at(self, place: Place) -> InputError {
        InputError::Values { place: Box::new(place), problem: self }
    }
}

/// `text` in quotation marks, fit for one line: control characters become spaces, and a long
/// text is cut.
pub(super) fn quote(text: &str) -> String {
    const LONGEST: usize = 40;
    let mut shown: String =
        text.chars().take(LONGEST).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(LONGEST).is_some() {
        shown.push('…');
    }
    format!("\"{shown}\"")
}

/// The first few of `names` in quotation marks, and how many more there are of `total`.
pub(super) fn quote_some(names: &[String], total: usize) -> String {
    let quoted: Vec<String> = names.iter().map(|name| quote(name)).collect();
    list(&quoted, total)
}
