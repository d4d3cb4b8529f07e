//! Errors of the command, in words that name columns and files.

use crate::input::InputError;
use crate::plot::PlotError;
use std::io;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Why a command failed. No file was written.
#[derive(Debug, Error)]
pub enum CliError {
    /// The data cannot be used.
    #[error(transparent)]
    Input(#[from] InputError),
    /// The regression cannot be set up or solved.
    #[error("{}: {message}", path.display())]
    Regression { path: PathBuf, message: String },
    /// Rows that are read anew for each pass could not be read. The message names the file.
    #[error("{0}")]
    Unreadable(String),
    /// Options that do not fit together or to the data.
    #[error("{0}")]
    Options(String),
    /// The model file cannot be read.
    #[error("{}: {}", path.display(), unreadable(error))]
    Read { path: PathBuf, error: io::Error },
    /// The model file is not JSON, incomplete or makes no sense.
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
    #[error(
        "{}: the model has no lambda {lambda}, but {available}, the nearest {nearest}; without \
         --lambda, all are used",
        path.display()
    )]
    UnknownLambda { path: PathBuf, lambda: f64, available: String, nearest: f64 },
    /// Output could not be written.
    #[error("{}: cannot write there ({reason}); {remedy}", path.display())]
    Write { path: PathBuf, reason: String, remedy: &'static str },
    /// Results could not be printed.
    #[error("the results cannot be printed ({0})")]
    Print(io::Error),
    /// The picture could not be drawn.
    #[error("the plot could not be drawn: {0}")]
    Plot(#[from] PlotError),
    /// Threads or signal handler could not be set up.
    #[error("cannot set up the run: {0}")]
    Setup(String),
    /// The checkpoint cannot be continued.
    #[error(
        "{}: this checkpoint cannot be continued, because {reason}; give the options and data that it was \
         made with, or leave out --resume to begin anew",
        path.display()
    )]
    Checkpoint { path: PathBuf, reason: String },
    /// Ctrl-C before anything was done.
    #[error("interrupted before the first lambda was done; nothing was written")]
    InterruptedEarly,
    /// The same for stability selection.
    #[error("interrupted before the first pair of halves was done; nothing was written")]
    StabilityInterruptedEarly,
}

/// What the rows and columns of the data are called, for the errors of a regression.
#[derive(Debug, Clone, Copy)]
pub struct DataNames<'a> {
    pub file: &'a Path,
    pub targets: &'a [String],
    /// The labels of the target, if it has classes.
    pub classes: &'a [String],
    pub columns: &'a [String],
    /// Row numbers in the file, from 1.
    pub rows: &'a [usize],
    /// Whether the options of a fit are a remedy.
    pub fitting: bool,
}

impl CliError {
    /// An output error with the reason and remedy that fit its kind.
    pub fn write(path: impl Into<PathBuf>, error: &io::Error) -> Self {
        use io::ErrorKind as Kind;
        let (reason, remedy) = match error.kind() {
            Kind::StorageFull | Kind::QuotaExceeded => {
                ("No space left", "free some space or choose another place with --out")
            }
            Kind::PermissionDenied | Kind::ReadOnlyFilesystem => {
                ("not permitted", "choose a folder that you may write to with --out")
            }
            Kind::NotFound => {
                ("its folder does not exist", "make it, or choose another with --out")
            }
            Kind::AlreadyExists | Kind::NotADirectory => {
                ("a file is where a folder must be", "choose another with --out")
            }
            Kind::IsADirectory => ("this is a folder, not a file", "choose another with --out"),
            // Not the whole error: it may name a temporary file, which means nothing to the user.
            kind => {
                let reason = kind.to_string();
                let remedy = "choose another place with --out";
                return Self::Write { path: path.into(), reason, remedy };
            }
        };
        let reason = reason.to_owned();
        Self::Write { path: path.into(), reason, remedy }
    }

    /// An error of the regression engine, with columns and rows by name.
    pub fn regression(error: &chamfer_glm::Error, names: DataNames<'_>) -> Self {
        use chamfer_glm::Error as Glm;
        let column = |j: &usize| names.columns.get(*j).map_or("?", String::as_str);
        let row = |i: &usize| names.rows.get(*i).copied().unwrap_or(*i + 1);
        let target = names.targets.join("\", \"");
        let message = match error {
            Glm::Unreadable { message } => return Self::Unreadable(message.clone()),
            Glm::ConstantTarget { value } => {
                let remedy = if names.fitting { "; choose another with --target" } else { "" };
                // The classes 0 and 1 have labels.
                let class = names.classes.get(usize::from(*value > 0.5));
                let value = class.map_or_else(|| value.to_string(), |label| format!("\"{label}\""));
                format!(
                    "the target \"{target}\" is {value} in every row that counts, so there is \
                     nothing to explain{remedy}"
                )
            }
            Glm::UnscaledTarget => format!(
                "the values of the target \"{target}\" are too large or too small for double \
                 precision; rescale them"
            ),
            Glm::NonFiniteLoss { .. } => format!(
                "the loss is beyond double precision; rescale the target \"{target}\" or the columns"
            ),
            Glm::Overflow { column: j } => format!(
                "the values of column \"{}\" are too large for double precision; rescale them, or \
                 leave the column out",
                column(j)
            ),
            Glm::NonFiniteDesign { row: i, column: j } => {
                format!("row {}, column \"{}\": the value is not finite", row(i), column(j))
            }
            Glm::InvalidWeight { row: i, value } => {
                format!("row {}: the weight is {value}; weights must be 0 or more", row(i))
            }
            Glm::InvalidTime { row: i, value } => {
                format!("row {}, column \"{target}\": {value} is no time of 0 or more", row(i))
            }
            Glm::InvalidBounds { column: j, lower, upper } => format!(
                "column \"{}\" has the bounds {lower} and {upper}: --lower must be at most 0 and --upper at \
                 least 0",
                column(j)
            ),
            Glm::EmptyClass { class } => format!(
                "no row that counts has the class \"{}\" of the target \"{target}\": give one a weight above \
                 0, or leave out the rows of the class",
                names.classes.get(*class).map_or("?", String::as_str)
            ),
            Glm::BoundsOnGroups => {
                "--lower and --upper go with penalties on columns, not with --groups".to_owned()
            }
            Glm::OutsideBounds { column: j, value } => format!(
                "the coefficient of column \"{}\" is {value}, outside of its bounds",
                column(j)
            ),
            Glm::KeptOut { column: j, value } => format!(
                "the coefficient of column \"{}\" is {value}, but the adaptive penalty keeps it out",
                column(j)
            ),
            Glm::InvalidTarget { row: i, value, family, needed } => format!(
                "row {}, column \"{target}\": the value is {value}, but the {family} family needs \
                 {needed}; choose another with --family",
                row(i)
            ),
            other => other.to_string(),
        };
        Self::Regression { path: names.file.to_owned(), message }
    }
}

/// What went wrong when a model file was opened, and what to do.
fn unreadable(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file; check its name and folder".to_owned(),
        io::ErrorKind::IsADirectory => "this is a folder; name the model.json in it".to_owned(),
        _ => format!("the file cannot be read ({error})"),
    }
}
