//! What the user should know about how a table was coded.

use std::fmt;

use crate::input::error::quote;
use crate::output::list;

/// Something done to the table that the user should know. Shown once, as a warning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// Text columns became one indicator column for each label.
    OneHot {
        /// The columns, and how many labels each has.
        columns: Vec<(String, usize)>,
    },
    /// Text columns have the same label in every row and were left out.
    Constant {
        /// The columns.
        columns: Vec<String>,
    },
    /// Rows with missing values were left out.
    Dropped {
        /// How many.
        rows: usize,
        /// Of how many.
        of: usize,
    },
    /// Missing values were replaced by means.
    Imputed {
        /// The columns, and how many values each had missing.
        columns: Vec<(String, usize)>,
    },
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OneHot { columns } => {
                let columns =
                    enumerate(columns, |(name, n)| format!("{} ({n} labels)", quote(name)));
                write!(f, "text columns coded as one indicator for each label: {columns}")
            }
            Self::Constant { columns } => {
                let columns = enumerate(columns, |name| quote(name));
                write!(f, "text columns left out because every row has the same label: {columns}")
            }
            Self::Dropped { rows, of } => {
                write!(f, "{rows} of {of} rows left out because values are missing in them")
            }
            Self::Imputed { columns } => {
                let total: usize = columns.iter().map(|(_, n)| n).sum();
                let columns = enumerate(columns, |(name, n)| format!("{} ({n})", quote(name)));
                write!(f, "{total} missing values replaced by the mean of their column: {columns}")
            }
        }
    }
}

/// The first few of `items`, each as `show` writes it, and how many more there are.
fn enumerate<T>(items: &[T], show: impl Fn(&T) -> String) -> String {
    const SHOWN: usize = 8;
    let shown: Vec<String> = items.iter().take(SHOWN).map(show).collect();
    list(&shown, items.len())
}
