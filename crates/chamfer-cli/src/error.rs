//! Errors of the command, in words that name columns and files.

use crate::input::InputError;
use crate::plot::PlotError;
use std::io;
use std::path::PathBuf;
use thiserror::Error;

/// Why a command failed. Nothing was written, unless the message says so.
#[derive(Debug, Error)]
pub enum CliError {
    /// The data cannot be used.
    #[error(transparent)]
    Input(#[from] InputError),
    /// The regression cannot be set up or solved.
    #[error("{0}")]
    Regression(String),
    /// The model file cannot be read as text.
    #[error("{}: {error}", path.display())]
    Read { path: PathBuf, error: io::Error },
    /// The model file is not JSON, or incomplete.
    #[error(
        "{}: this is not a whole chamfer model ({reason}); write it again with `chamfer path` or \
         `chamfer fit`",
        path.display()
    )]
    NotAModel { path: PathBuf, reason: String },
    /// The model file is of another version.
    #[error(
        "{}: the model has version {found} of the file format, and this chamfer reads version \
         {known}; fit it again with this chamfer, or use the one that wrote it",
        path.display()
    )]
    ModelVersion { path: PathBuf, found: u64, known: u64 },
    /// The model has no such λ.
    #[error("the model has no lambda {lambda}; it has {available}")]
    UnknownLambda { lambda: f64, available: String },
    /// Output could not be written.
    #[error("{}: cannot write there ({error}); {remedy}", path.display())]
    Write { path: PathBuf, error: io::Error, remedy: &'static str },
    /// The picture could not be drawn.
    #[error("the plot could not be drawn: {0}")]
    Plot(#[from] PlotError),
    /// Threads or signal handler could not be set up.
    #[error("cannot set up the run: {0}")]
    Setup(String),
    /// Ctrl-C before anything was done.
    #[error("interrupted before the first lambda was done; nothing was written")]
    InterruptedEarly,
}

impl CliError {
    /// An output error with the remedy that fits its kind.
    pub fn write(path: impl Into<PathBuf>, error: io::Error) -> Self {
        let remedy = match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                "free some space or choose another folder with --out"
            }
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                "choose a folder that you may write to with --out"
            }
            _ => "choose another place with --out",
        };
        Self::Write { path: path.into(), error, remedy }
    }

    /// An error of the regression engine, with columns and rows by name.
    pub fn regression(
        error: &chamfer_glm::Error,
        target: &str,
        names: &[String],
        rows: &[usize],
    ) -> Self {
        use chamfer_glm::Error as Glm;
        let name = |column: &usize| names.get(*column).map_or("?", String::as_str);
        let row = |row: &usize| rows.get(*row).copied().unwrap_or(*row + 1);
        Self::Regression(match error {
            Glm::ConstantTarget { value } => format!(
                "target column '{target}' is {value} in every row that counts: there is nothing to \
                 explain; choose another --target"
            ),
            Glm::UnscaledTarget => format!(
                "target column '{target}': its values are too large or too small for double precision; rescale it"
            ),
            Glm::Overflow { column } => format!(
                "column '{}': its values are too large for double precision; rescale it or leave \
                 it out with --exclude",
                name(column)
            ),
            Glm::NonFiniteDesign { row: at, column } => {
                format!("column '{}', row {}: the value is not finite", name(column), row(at))
            }
            Glm::NonFiniteTarget { row: at, value } => {
                format!("target column '{target}', row {}: the value is {value}", row(at))
            }
            Glm::InvalidWeight { row: at, value } => {
                format!("the weight of row {} is {value}: weights must be at least 0", row(at))
            }
            other => other.to_string(),
        })
    }
}
