//! The command line.

mod given;
mod problem;
mod select;

use crate::error::CliError;
use crate::input::{Format, Missing};
use crate::select::CriterionName;
use crate::spec::{MetricName, PenaltySpec, StartName};
use clap::{Args, Parser, Subcommand, ValueEnum};
pub use given::{GivenOptions, parse};
pub use problem::ProblemArgs;
pub use select::{ChoiceArgs, RefineArgs, StabilityArgs};
use std::path::PathBuf;

const OBJECTIVE: &str = "\
Objective:
  1/(2n) ‖y − Xβ − b‖² + λ Σ_j s_j |β_j|

  This is the scaling of scikit-learn's Lasso and of glmnet, so the same λ means the same fit.
  s_j is the standard deviation of column j (1/n, as in glmnet, whose default this is), or 1 with
  --no-standardize: then it is exactly scikit-learn's Lasso. The intercept b is never penalized.
  With --weights, 1/n becomes w_i / Σw. Coefficients are reported on the original scale.
  --family changes the loss, which stays a mean over rows; --penalty changes what λ multiplies. The
  formula that was minimized is printed and kept in model.json.

Certificate:
  Every λ comes with its relative duality gap: the objective is within this fraction of its
  minimum, proved by a dual point computed from the data. Penalties that are not convex (lq, mcp,
  scad, and group with --q below 1) have no such bound: there, the fit is stationary to this
  fraction of λ and a local minimum, by the smallest eigenvalue of its Hessian.

Exit status:
  0    every λ met the tolerance
  1    an error; no file was written, except a checkpoint for --resume if the run was long
  2    the command line is wrong
  3    some λ missed the tolerance (they are marked; everything was written)
  130  interrupted; the λs that were done were written

Long runs:
  With --out, path and cv keep what they have done in a checkpoint there, about once a second.
  After Ctrl-C, or if the run was killed or the machine went down, the same command with --resume
  goes on from it to the same result, bit for bit. A run that ends removes it.";

/// Sparse regression by smooth optimization, every answer with a certificate.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Compute a path: one certified sparse fit for each λ of a grid
    #[command(after_long_help = OBJECTIVE)]
    Path(PathArgs),
    /// Compute a path, and choose λ by how well paths on some of the rows predict the others
    #[command(after_long_help = OBJECTIVE)]
    Cv(CvArgs),
    /// Fit at one λ
    #[command(after_long_help = OBJECTIVE)]
    Fit(FitArgs),
    /// Find the columns that are selected on most random halves of the rows
    #[command(after_long_help = OBJECTIVE)]
    Stability(StabilityArgs),
    /// Predict with a model on the rows of a file
    Predict(PredictArgs),
    /// Recompute the certificate of a model from the data alone
    Check(CheckArgs),
    /// List the parametrizations that the `chamfer` crate knows, with what each induces
    Catalogue(CatalogueArgs),
}

/// How to show the catalogue.
#[derive(Debug, Args)]
pub struct CatalogueArgs {
    /// Tables for a terminal, or one table in Markdown
    #[arg(long, value_enum, default_value_t)]
    pub format: CatalogueFormat,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub enum CatalogueFormat {
    #[default]
    Text,
    Markdown,
}

/// How to read a file.
#[derive(Debug, Args)]
pub struct FileArgs {
    /// The data: .csv, .tsv (either may be .gz), .parquet, .arrow, or .svm (svmlight, may be .gz)
    pub file: PathBuf,

    /// Format of the file, if its name does not tell: csv, tsv, parquet, arrow or svmlight
    #[arg(long, help_heading = "Reading")]
    pub format: Option<Format>,

    /// Character between the fields of a CSV file
    #[arg(long, value_parser = delimiter, help_heading = "Reading")]
    pub delimiter: Option<u8>,

    /// Read a Parquet or Arrow file anew for each pass over the data, instead of keeping it in memory
    #[arg(long, help_heading = "Reading")]
    pub stream: bool,

    /// Most memory for the columns of a Parquet or Arrow file, such as 512MB or 2GB: a file that needs
    /// more is streamed [default: half of the machine's]
    #[arg(long, value_name = "SIZE", value_parser = size, help_heading = "Reading")]
    pub memory: Option<usize>,
}

/// What a fit needs to know about the data.
#[derive(Debug, Args)]
pub struct DataArgs {
    #[command(flatten)]
    pub file: FileArgs,

    /// Column to predict, or several as a,b,c with --family gaussian; with --family cox the times (not
    /// needed for svmlight, which has it)
    #[arg(short, long, value_name = "COLUMN", visible_alias = "time")]
    pub target: Option<String>,

    /// Which of two labels of the target is predicted [default: the later in their order]
    #[arg(long, value_name = "LABEL", allow_negative_numbers = true, help_heading = "Columns")]
    pub positive: Option<String>,

    /// Column of observation weights
    #[arg(long, value_name = "COLUMN", help_heading = "Columns")]
    pub weights: Option<String>,

    /// Column that is added to the linear predictor with coefficient 1
    #[arg(long, value_name = "COLUMN", help_heading = "Columns")]
    pub offset: Option<String>,

    /// With --family cox: column with 1 where the time is that of an event, 0 where it is censored
    #[arg(long, value_name = "COLUMN", help_heading = "Columns")]
    pub event: Option<String>,

    /// With --family cox: column of labels; only rows with the same one are compared, as at one hospital
    #[arg(long, value_name = "COLUMN", help_heading = "Columns")]
    pub strata: Option<String>,

    /// Predictors to use, with * and ? as wildcards [default: all other columns]
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',', help_heading = "Columns")]
    pub include: Vec<String>,

    /// Columns to leave out, with * and ? as wildcards
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',', help_heading = "Columns")]
    pub exclude: Vec<String>,

    /// Columns to treat as labels although they look like numbers; text columns always are
    /// (each label becomes a column of its own, named COLUMN=LABEL)
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',', help_heading = "Columns")]
    pub categorical: Vec<String>,

    /// Missing values: refuse, mean (impute the column's mean) or drop (the row)
    #[arg(long, value_name = "HOW", default_value_t = Missing::Refuse, help_heading = "Columns")]
    pub missing: Missing,
}

/// What a fit needs to know about the model.
#[derive(Debug, Args)]
pub struct ModelArgs {
    #[command(flatten)]
    pub problem: ProblemArgs,

    /// Fit no intercept
    #[arg(long, help_heading = "Model")]
    pub no_intercept: bool,

    /// Penalize coefficients on the scale of the data instead of standardized columns
    #[arg(long, help_heading = "Model")]
    pub no_standardize: bool,

    /// Relative duality gap to reach at every λ, or relative stationarity where there is none
    #[arg(
        long,
        default_value = "1e-6",
        value_parser = tolerance,
        allow_negative_numbers = true,
        help_heading = "Model"
    )]
    pub tol: f64,

    /// Where the solver starts at each λ, and so which local minimum it finds, if the penalty is not
    /// convex [default: best]
    #[arg(long, value_enum, help_heading = "Model")]
    pub start: Option<StartName>,

    /// Seed of random choices, kept in the model; a lasso fit makes none
    #[arg(long, default_value_t = 0, help_heading = "Run")]
    pub seed: u64,

    /// Threads to use [default: all cores]; results do not depend on it
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024), help_heading = "Run")]
    pub threads: Option<u16>,

    /// Folder for model.json, path.csv and, for a path, path.svg and path.png
    #[arg(short, long, value_name = "DIR", help_heading = "Output")]
    pub out: Option<PathBuf>,

    /// Print the result as JSON instead of a table
    #[arg(long, help_heading = "Output")]
    pub json: bool,
}

impl ModelArgs {
    /// Where the solver starts, if the penalty has a choice.
    ///
    /// # Errors
    /// If one is given and the penalty has none.
    pub fn start(&self, penalty: &PenaltySpec) -> Result<Option<StartName>, CliError> {
        match (penalty.is_convex(), self.start) {
            (true, Some(_)) => Err(CliError::Options(
                "--start needs a --penalty that is not convex: the minimum of this one is the same from \
                 any start"
                    .to_owned(),
            )),
            (true, None) => Ok(None),
            (false, start) => Ok(Some(start.unwrap_or_default())),
        }
    }
}

#[derive(Debug, Args)]
pub struct PathArgs {
    #[command(flatten)]
    pub data: DataArgs,

    #[command(flatten)]
    pub model: ModelArgs,

    #[command(flatten)]
    pub refine: RefineArgs,

    #[command(flatten)]
    pub grid: GridArgs,

    #[command(flatten)]
    pub choice: ChoiceArgs,

    #[command(flatten)]
    pub resume: ResumeArgs,
}

/// Whether a run continues another.
#[derive(Debug, Args)]
pub struct ResumeArgs {
    /// Go on from the checkpoint that the same command left in --out when it was interrupted; begin at
    /// the beginning if there is none
    #[arg(long, requires = "out", help_heading = "Run")]
    pub resume: bool,
}

/// Which λs a path has.
#[derive(Debug, Args)]
pub struct GridArgs {
    /// The λs to fit, separated by commas; they are taken from the largest down
    #[arg(
        long,
        value_delimiter = ',',
        value_parser = lambda,
        allow_negative_numbers = true,
        conflicts_with_all = ["n_lambdas", "lambda_min_ratio"],
        help_heading = "Path"
    )]
    pub lambdas: Vec<f64>,

    /// Number of λs, equally spaced in log λ, from the least that gives all zeros down
    #[arg(
        long,
        default_value_t = 100,
        value_parser = clap::value_parser!(u32).range(1..=100_000),
        help_heading = "Path"
    )]
    pub n_lambdas: u32,

    /// Least λ as a fraction of the largest [default: 0.0001, or 0.01 with fewer rows than columns]
    #[arg(long, value_parser = fraction, allow_negative_numbers = true, help_heading = "Path")]
    pub lambda_min_ratio: Option<f64>,
}

#[derive(Debug, Args)]
pub struct CvArgs {
    #[command(flatten)]
    pub data: DataArgs,

    #[command(flatten)]
    pub model: ModelArgs,

    #[command(flatten)]
    pub refine: RefineArgs,

    #[command(flatten)]
    pub grid: GridArgs,

    #[command(flatten)]
    pub resume: ResumeArgs,

    /// Number of folds, drawn by --seed; with as many of each class, or of events, in all [default: 10]
    #[arg(
        long,
        value_parser = clap::value_parser!(u32).range(2..=1_000_000),
        conflicts_with = "fold_column",
        help_heading = "Folds"
    )]
    pub folds: Option<u32>,

    /// Column with the fold of each row
    #[arg(long, value_name = "COLUMN", help_heading = "Folds")]
    pub fold_column: Option<String>,

    /// Column of labels; rows with the same one, such as a patient, stay in one fold
    #[arg(long, value_name = "COLUMN", conflicts_with = "fold_column", help_heading = "Folds")]
    pub fold_groups: Option<String>,

    /// How predictions are measured [default: deviance; concordance for cox]
    #[arg(long, value_enum, help_heading = "Folds")]
    pub metric: Option<MetricName>,
}

#[derive(Debug, Args)]
pub struct FitArgs {
    #[command(flatten)]
    pub data: DataArgs,

    #[command(flatten)]
    pub model: ModelArgs,

    #[command(flatten)]
    pub refine: RefineArgs,

    /// The λ to fit
    #[arg(short, long, value_parser = lambda, allow_negative_numbers = true)]
    pub lambda: f64,
}

#[derive(Debug, Args)]
pub struct PredictArgs {
    /// model.json of a path or fit
    pub model: PathBuf,

    #[command(flatten)]
    pub file: FileArgs,

    /// Which λ of a path to predict with: a number; aic, bic or ebic, the least of that criterion; or after `cv`
    /// best or 1se, the largest within one standard error of it [default: every one, a column each]
    #[arg(short, long, value_parser = lambda_choice, allow_negative_numbers = true)]
    pub lambda: Option<LambdaChoice>,

    /// Predict with the refits of --relax, blended with this share of the penalized fits, from 0 to 1
    /// [GAMMA: what `cv` chose, or 0]
    #[arg(
        long,
        value_name = "GAMMA",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "chosen",
        value_parser = blend
    )]
    pub relaxed: Option<Blend>,

    /// Print linear predictors instead of means or probabilities
    #[arg(long)]
    pub link: bool,

    /// Print the label of the most probable class instead of probabilities
    #[arg(long, conflicts_with = "link")]
    pub class: bool,

    /// CSV file to write to [default: print]
    #[arg(short, long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct CheckArgs {
    /// model.json of a path or fit
    pub model: PathBuf,

    #[command(flatten)]
    pub file: FileArgs,

    /// Relative duality gap to ask for [default: the one that the model was fitted with]
    #[arg(long, value_parser = tolerance, allow_negative_numbers = true)]
    pub tol: Option<f64>,

    /// Print the result as JSON instead of a table
    #[arg(long)]
    pub json: bool,
}

fn number(text: &str) -> Result<f64, String> {
    text.trim().parse().map_err(|_| "not a number".to_owned())
}

fn lambda(text: &str) -> Result<f64, String> {
    let value = number(text)?;
    if value.is_finite() && value > 0.0 {
        Ok(value)
    } else {
        Err("lambda must be a finite number above 0".to_owned())
    }
}

/// One λ of a path.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum LambdaChoice {
    Given(f64),
    Best,
    OneStandardError,
    /// The least of a criterion.
    Criterion(CriterionName),
}

/// The share of the penalized fit in a relaxed one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Blend {
    Given(f64),
    Chosen,
}

fn blend(text: &str) -> Result<Blend, String> {
    if text == "chosen" {
        return Ok(Blend::Chosen);
    }
    let value = number(text)?;
    if (0.0..=1.0).contains(&value) {
        Ok(Blend::Given(value))
    } else {
        Err("must be between 0, the refit, and 1, the penalized fit".to_owned())
    }
}

fn lambda_choice(text: &str) -> Result<LambdaChoice, String> {
    match text.trim() {
        "best" => Ok(LambdaChoice::Best),
        "1se" => Ok(LambdaChoice::OneStandardError),
        "aic" => Ok(LambdaChoice::Criterion(CriterionName::Aic)),
        "bic" => Ok(LambdaChoice::Criterion(CriterionName::Bic)),
        "ebic" => Ok(LambdaChoice::Criterion(CriterionName::Ebic)),
        number => lambda(number).map(LambdaChoice::Given),
    }
}

fn tolerance(text: &str) -> Result<f64, String> {
    fraction(text)
        .map_err(|_| "the tolerance must be a number between 0 and 1, like 1e-6".to_owned())
}

fn fraction(text: &str) -> Result<f64, String> {
    let value = number(text)?;
    if value > 0.0 && value < 1.0 { Ok(value) } else { Err("must be between 0 and 1".to_owned()) }
}

fn positive(text: &str) -> Result<f64, String> {
    let value = number(text)?;
    if value > 0.0 && value.is_finite() {
        Ok(value)
    } else {
        Err("must be a finite number above 0".to_owned())
    }
}

fn l1_ratio(text: &str) -> Result<f64, String> {
    let value = number(text)?;
    if value > 0.0 && value <= 1.0 {
        Ok(value)
    } else {
        Err("must be above 0 and at most 1".to_owned())
    }
}

/// Bytes: a number, maybe with a unit.
fn size(text: &str) -> Result<usize, String> {
    const UNITS: [(&str, f64); 9] = [
        ("KIB", 1024.0),
        ("MIB", 1_048_576.0),
        ("GIB", 1_073_741_824.0),
        ("TIB", 1_099_511_627_776.0),
        ("KB", 1e3),
        ("MB", 1e6),
        ("GB", 1e9),
        ("TB", 1e12),
        ("B", 1.0),
    ];
    let upper = text.trim().to_ascii_uppercase();
    let unit = UNITS.into_iter().find_map(|(unit, n)| Some((upper.strip_suffix(unit)?, n)));
    let (digits, unit) = unit.unwrap_or((&upper, 1.0));
    match digits.trim_end().parse::<f64>() {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked")]
        Ok(n) if (1.0..9e18).contains(&(n * unit)) => Ok((n * unit) as usize),
        _ => Err("the size must be a number with a unit, like 512MB or 2GB".to_owned()),
    }
}

fn delimiter(text: &str) -> Result<u8, String> {
    match (text, text.as_bytes()) {
        ("\\t" | "tab", _) => Ok(b'\t'),
        (_, &[byte]) if byte.is_ascii() && !matches!(byte, b'"' | b'\n' | b'\r') => Ok(byte),
        _ => Err("the delimiter must be one ASCII character, or 'tab'".to_owned()),
    }
}
