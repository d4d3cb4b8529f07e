//! Family and penalty on the command line.

use super::{fraction, l1_ratio, number};
use crate::error::CliError;
use crate::input::{self, Role};
use crate::spec::{
    AcrossOutputs, FamilyName, FamilySpec, Outputs, PenaltyName, PenaltySpec, TiesName,
};
use clap::Args;
use std::collections::BTreeMap;
use std::path::Path;

/// Which problem is solved.
#[derive(Debug, Args)]
pub struct ProblemArgs {
    /// How the target depends on the linear predictor
    #[arg(long, value_enum, default_value_t, help_heading = "Model")]
    pub family: FamilyName,

    /// θ of the negative binomial family [default: 1]
    #[arg(long, value_parser = number, help_heading = "Model")]
    pub theta: Option<f64>,

    /// Variance power of the tweedie family, between 1 and 2 [default: 1.5]
    #[arg(long, value_parser = number, help_heading = "Model")]
    pub power: Option<f64>,

    /// Residual beyond which the huber family is linear, in units of the target [default: 1]
    #[arg(long, value_parser = number, help_heading = "Model")]
    pub delta: Option<f64>,

    /// How tied times of the cox family are treated [default: breslow]
    #[arg(long, value_enum, help_heading = "Model")]
    pub ties: Option<TiesName>,

    /// What makes coefficients zero
    #[arg(long, value_enum, default_value_t, help_heading = "Model")]
    pub penalty: PenaltyName,

    /// Exponent of --penalty lq [default: 0.5] or group [default: 1]
    #[arg(long, value_parser = number, help_heading = "Model")]
    pub q: Option<f64>,

    /// γ of --penalty mcp [default: 3] or a of scad [default: 3.7]
    #[arg(long, value_parser = number, help_heading = "Model")]
    pub shape: Option<f64>,

    /// Share of the lasso in --penalty sparse-group [default: 0.5]
    #[arg(long, value_parser = fraction, help_heading = "Model")]
    pub l1_share: Option<f64>,

    /// The elastic net's α: this share of the penalty and the rest a ridge
    #[arg(long, default_value_t = 1.0, value_parser = l1_ratio, help_heading = "Model")]
    pub l1_ratio: f64,

    /// Groups of columns: a CSV file with a column and its group in each row, or a separator, as in
    /// `--groups _`: then a column's group is its name up to it
    #[arg(long, value_name = "FILE|SEPARATOR", help_heading = "Model")]
    pub groups: Option<String>,

    /// How the coefficients of a column for several classes or targets become zero
    /// [default: ungrouped for classes, grouped for targets]
    #[arg(long, value_enum, value_name = "HOW", help_heading = "Model")]
    pub across_outputs: Option<AcrossOutputs>,

    /// Columns without a penalty, with * and ? as wildcards
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',', help_heading = "Model")]
    pub unpenalized: Vec<String>,

    /// What the penalty of columns (or groups) is multiplied by: COLUMN=NUMBER, with * and ? as wildcards, or a
    /// CSV file with a column and a number in each row; 0 is no penalty, others keep 1; later ones win
    #[arg(long, value_name = "FILE|COLUMN=NUMBER", value_delimiter = ',', help_heading = "Model")]
    pub penalty_weights: Vec<String>,

    /// Least values of coefficients, at most 0: a number for all columns, COLUMN=NUMBER for some (with
    /// * and ? as wildcards), or both, as in `--lower=-1,age=0`; later ones win
    #[arg(
        long,
        value_name = "BOUNDS",
        value_delimiter = ',',
        allow_hyphen_values = true,
        help_heading = "Model"
    )]
    pub lower: Vec<String>,

    /// Largest values of coefficients, at least 0, like --lower
    #[arg(
        long,
        value_name = "BOUNDS",
        value_delimiter = ',',
        allow_hyphen_values = true,
        help_heading = "Model"
    )]
    pub upper: Vec<String>,
}

impl ProblemArgs {
    /// The family with its parameter.
    ///
    /// # Errors
    /// If a parameter is given that the family does not have.
    pub fn family(&self) -> Result<FamilySpec, CliError> {
        let given = [
            (FamilyName::NegativeBinomial, "--theta", self.theta, 1.0),
            (FamilyName::Tweedie, "--power", self.power, 1.5),
            (FamilyName::Huber, "--delta", self.delta, 1.0),
        ];
        for (family, option, value, _) in given {
            if value.is_some() && family != self.family {
                return Err(CliError::Options(format!("{option} does not fit this --family")));
            }
        }
        let is_cox = self.family == FamilyName::Cox;
        if self.ties.is_some() && !is_cox {
            return Err(CliError::Options("--ties does not fit this --family".to_owned()));
        }
        let own = given.into_iter().find(|(family, ..)| *family == self.family);
        let parameter = own.map(|(_, _, value, default)| value.unwrap_or(default));
        let ties = is_cox.then(|| self.ties.unwrap_or_default());
        Ok(FamilySpec { name: self.family, parameter, ties })
    }

    /// The penalty for coded columns called `names`, of the data in `file`, with coefficients for `outputs`.
    ///
    /// # Errors
    /// If an option is given that the penalty does not have, or the groups cannot be read.
    pub fn penalty(
        &self,
        names: &[String],
        file: &Path,
        outputs: Outputs,
    ) -> Result<PenaltySpec, CliError> {
        use PenaltyName as Name;
        let given: [(&str, Option<f64>, &[Name]); 3] = [
            ("--q", self.q, &[Name::Lq, Name::Group]),
            ("--shape", self.shape, &[Name::Mcp, Name::Scad]),
            ("--l1-share", self.l1_share, &[Name::SparseGroup]),
        ];
        let mut shape = None;
        for (option, value, penalties) in given {
            if value.is_some() && !penalties.contains(&self.penalty) {
                return Err(CliError::Options(format!("{option} does not fit this --penalty")));
            }
            shape = shape.or(value);
        }
        let has_groups = matches!(self.penalty, Name::Group | Name::SparseGroup);
        let groups = match &self.groups {
            Some(_) if !has_groups => {
                let message = "--groups needs --penalty group or sparse-group";
                return Err(CliError::Options(message.to_owned()));
            }
            Some(groups) => Some(input::groups(groups, names)?),
            None => None,
        };
        let unpenalized =
            input::matching_columns(&self.unpenalized, names, Role::Unpenalized, file)?;
        let bounds = self.bounds(names, file)?;
        let across_outputs = self.is_across_outputs(outputs)?;
        let (name, l1_ratio) = (self.penalty, self.l1_ratio);
        let (weights, adaptive) = (BTreeMap::new(), None);
        let spec = PenaltySpec {
            name,
            shape,
            l1_ratio,
            groups,
            unpenalized,
            weights,
            adaptive,
            bounds,
            across_outputs,
        };
        let terms = spec.terms(names)?;
        let weights = input::penalty_weights(&self.penalty_weights, &terms, has_groups)?;
        Ok(PenaltySpec { weights, ..spec })
    }

    /// Whether the coefficients of a column for all outputs are tied, which groups of columns do anyway.
    fn is_across_outputs(&self, outputs: Outputs) -> Result<bool, CliError> {
        use PenaltyName as Name;
        let refuse = |message: String| Err(CliError::Options(message));
        let given = self.across_outputs;
        if outputs == Outputs::One {
            return match given {
                Some(_) => refuse(
                    "--across-outputs goes with --family multinomial, or several columns in --target"
                        .to_owned(),
                ),
                None => Ok(false),
            };
        }
        let usual = match outputs {
            Outputs::Targets => AcrossOutputs::Grouped,
            Outputs::One | Outputs::Classes => AcrossOutputs::Ungrouped,
        };
        let is_grouped = given.unwrap_or(usual) == AcrossOutputs::Grouped;
        let has_bounds = !(self.lower.is_empty() && self.upper.is_empty());
        match self.penalty {
            Name::Group | Name::SparseGroup if given == Some(AcrossOutputs::Ungrouped) => refuse(
                "--across-outputs ungrouped does not fit this --penalty: its groups have the coefficients \
                 for all outputs"
                    .to_owned(),
            ),
            Name::Group | Name::SparseGroup => Ok(false),
            Name::Mcp | Name::Scad | Name::NonNegative if is_grouped => refuse(
                "this --penalty is one on single coefficients; for several outputs, say --across-outputs \
                 ungrouped, or use --penalty lasso or lq"
                    .to_owned(),
            ),
            Name::Lasso | Name::Lq if is_grouped && has_bounds => refuse(
                "--lower and --upper bound single coefficients; say --across-outputs ungrouped".to_owned(),
            ),
            _ => Ok(is_grouped),
        }
    }

    /// Lower and upper bounds of the columns that have any.
    fn bounds(
        &self,
        names: &[String],
        file: &Path,
    ) -> Result<BTreeMap<String, [Option<f64>; 2]>, CliError> {
        let mut bounds: BTreeMap<String, [Option<f64>; 2]> = BTreeMap::new();
        for (end, option, given) in [(0, "--lower", &self.lower), (1, "--upper", &self.upper)] {
            for text in given {
                let (columns, value) = match text.rsplit_once('=') {
                    Some((pattern, value)) => {
                        let patterns = [pattern.trim().to_owned()];
                        (input::matching_columns(&patterns, names, Role::Bounds, file)?, value)
                    }
                    None => (names.to_vec(), text.as_str()),
                };
                let value = number(value).map_err(|_| {
                    CliError::Options(format!(
                        "{option} needs a number or COLUMN=NUMBER, not \"{text}\""
                    ))
                })?;
                for column in columns {
                    bounds.entry(column).or_default()[end] = Some(value);
                }
            }
        }
        Ok(bounds)
    }
}
