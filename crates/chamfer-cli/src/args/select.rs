//! Options that say which fits are made of a penalty, and which columns are stable.

use super::{DataArgs, ModelArgs, fraction, number, positive};
use crate::select::CriterionName;
use clap::Args;

/// What is made of the fits of a penalty.
#[allow(clippy::doc_markdown, reason = "the text of --help")]
#[derive(Debug, Default, Args)]
pub struct RefineArgs {
    /// Adaptive penalty: a first fit, its λ chosen by cross-validation, and then one in which the penalty of
    /// column (or group) j is multiplied by (max |b| / |b_j|)^γ, b the coefficients of the first; what is 0
    /// there is left out. `cv` makes both fits anew outside of each fold [γ: 1]
    #[arg(
        long,
        value_name = "GAMMA",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "1",
        value_parser = positive,
        help_heading = "Model"
    )]
    pub adaptive: Option<f64>,

    /// Also refit the nonzero coefficients of each λ without the penalty, for `predict --relaxed`; `cv` then
    /// also chooses a blend of both fits (the relaxed lasso)
    #[arg(long, help_heading = "Model")]
    pub relax: bool,
}

/// Which λ of a path is shown.
#[derive(Debug, Args)]
pub struct ChoiceArgs {
    /// Show the λ with the least of an information criterion; `predict --lambda` takes its name, too. Where
    /// there are nearly as many columns as rows, or more, use ebic
    #[arg(long, value_enum, help_heading = "Path")]
    pub criterion: Option<CriterionName>,
}

#[derive(Debug, Args)]
pub struct StabilityArgs {
    #[command(flatten)]
    pub data: DataArgs,

    #[command(flatten)]
    pub model: ModelArgs,

    /// Share of the halves on which a column must be selected to count as stable, above 1/2
    #[arg(
        long,
        default_value_t = 0.6,
        value_parser = threshold,
        allow_negative_numbers = true,
        help_heading = "Stability"
    )]
    pub threshold: f64,

    /// Bound on the expected number of stable columns that are noise: λ goes down as far as it allows
    #[arg(
        long,
        default_value_t = 1.0,
        value_parser = positive,
        allow_negative_numbers = true,
        help_heading = "Stability"
    )]
    pub false_selections: f64,

    /// Number of random pairs of halves of the rows, drawn by --seed
    #[arg(
        long,
        default_value_t = 50,
        value_parser = clap::value_parser!(u32).range(1..=100_000),
        help_heading = "Stability"
    )]
    pub pairs: u32,

    /// Number of λs, equally spaced in log λ, from the least that gives all zeros on all rows down
    #[arg(
        long,
        default_value_t = 50,
        value_parser = clap::value_parser!(u32).range(1..=100_000),
        help_heading = "Path"
    )]
    pub n_lambdas: u32,

    /// Least λ as a fraction of the largest
    #[arg(
        long,
        default_value_t = 0.01,
        value_parser = fraction,
        allow_negative_numbers = true,
        help_heading = "Path"
    )]
    pub lambda_min_ratio: f64,
}

fn threshold(text: &str) -> Result<f64, String> {
    let value = number(text)?;
    if value > 0.5 && value <= 1.0 {
        Ok(value)
    } else {
        Err("must be above 0.5, below which there is no bound, and at most 1".to_owned())
    }
}
