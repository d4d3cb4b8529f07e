//! Family and penalty by name, as the command line and `model.json` have them.

use crate::error::CliError;
use crate::input::TargetKind;
use crate::select::AdaptiveSpec;
use chamfer_glm::{
    Binomial, Cox, Error as GlmError, Family, Gamma, Gaussian, Huber, Metric, MultiGaussian,
    Multinomial, NegativeBinomial, PathStart, Poisson, Regularizer, Separable, SquaredHinge, Ties,
    Tweedie,
};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap, HashSet};

/// How the target depends on the linear predictor.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum FamilyName {
    /// Any number, for one target or several; least squares
    #[default]
    Gaussian,
    /// One of two labels, or a share between 0 and 1; logistic regression
    Binomial,
    /// One of several labels; logistic regression with coefficients for each
    Multinomial,
    /// A count; log link
    Poisson,
    /// A number above 0; log link
    Gamma,
    /// A count with variance μ + μ²/θ; log link; see --theta
    NegativeBinomial,
    /// An amount, often 0, with variance μ^p; log link; see --power
    Tweedie,
    /// Any number, with outliers; see --delta
    Huber,
    /// One of two labels; the smooth support vector machine
    SquaredHinge,
    /// Times until an event, some only known to be longer; proportional hazards; see --event
    Cox,
}

/// How good predictions are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum MetricName {
    /// Mean deviance, for every family but cox; for gaussian the mean squared error
    Deviance,
    /// Mean squared error of the response
    Mse,
    /// Mean absolute error of the response
    Mae,
    /// Area under the ROC curve, for two classes
    Auc,
    /// Share of rows with the right class
    Accuracy,
    /// Share of pairs of times that the predictors order rightly (Harrell's C)
    Concordance,
}

impl MetricName {
    pub fn metric(self) -> Metric {
        match self {
            Self::Deviance => Metric::Deviance,
            Self::Mse => Metric::MeanSquaredError,
            Self::Mae => Metric::MeanAbsoluteError,
            Self::Auc => Metric::Auc,
            Self::Accuracy => Metric::Accuracy,
            Self::Concordance => Metric::Concordance,
        }
    }

    /// What the axis of a picture says.
    pub fn title(self) -> &'static str {
        match self {
            Self::Deviance => "Mean deviance",
            Self::Mse => "Mean squared error",
            Self::Mae => "Mean absolute error",
            Self::Auc => "Area under the ROC curve",
            Self::Accuracy => "Accuracy",
            Self::Concordance => "Concordance",
        }
    }
}

/// Where the solver starts at each λ of a path with a penalty that is not convex.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum StartName {
    /// At the λ before and at the convex solution; keeps the lower minimum of the two
    #[default]
    Best,
    /// At the λ before, from sparse to dense: the fastest
    Previous,
    /// At the solution of the convex penalty, so that no λ depends on the others
    Convex,
    /// At the convex solution for the least λ, then from each λ to the next larger one
    DenseToSparse,
}

impl StartName {
    pub fn start(self) -> PathStart {
        match self {
            Self::Best => PathStart::Best,
            Self::Previous => PathStart::Previous,
            Self::Convex => PathStart::Convex,
            Self::DenseToSparse => PathStart::DenseToSparse,
        }
    }
}

/// How tied times are treated.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum TiesName {
    /// All that are tied were at risk for each other
    #[default]
    Breslow,
    /// The average over their orders, approximately
    Efron,
}

/// A family with its parameter, if it has one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct FamilySpec {
    pub name: FamilyName,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameter: Option<f64>,
    /// Of the cox family.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ties: Option<TiesName>,
}

impl FamilyName {
    /// As the command line has it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Gaussian => "gaussian",
            Self::Binomial => "binomial",
            Self::Multinomial => "multinomial",
            Self::Poisson => "poisson",
            Self::Gamma => "gamma",
            Self::NegativeBinomial => "negative-binomial",
            Self::Tweedie => "tweedie",
            Self::Huber => "huber",
            Self::SquaredHinge => "squared-hinge",
            Self::Cox => "cox",
        }
    }

    /// What its target is; `positive` is the label asked for.
    pub fn target_kind(self, positive: Option<String>) -> TargetKind {
        match self {
            Self::Binomial => TargetKind::Pair { positive, shares: true },
            Self::SquaredHinge => TargetKind::Pair { positive, shares: false },
            Self::Multinomial => TargetKind::Classes,
            _ => TargetKind::Numbers,
        }
    }
}

/// What a family is made for.
#[derive(Debug, Clone, Copy)]
pub struct Observed<'a> {
    /// One target after the other.
    pub target: &'a [f64],
    pub n_targets: usize,
    pub n_classes: usize,
    pub event: Option<&'a [f64]>,
    pub strata: Option<&'a [f64]>,
    pub weights: Option<&'a [f64]>,
}

impl FamilySpec {
    /// The family for what was observed.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "classes are numbered from 0"
    )]
    pub fn make(&self, observed: Observed<'_>) -> Result<Box<dyn Family>, GlmError> {
        let Observed { n_targets, n_classes, event, strata, weights, .. } = observed;
        let target = observed.target.to_vec();
        let parameter = self.parameter.unwrap_or(f64::NAN);
        Ok(match self.name {
            FamilyName::Gaussian if n_targets > 1 => {
                Box::new(MultiGaussian::new(target, n_targets, weights)?)
            }
            FamilyName::Multinomial => {
                let classes = target.iter().map(|class| *class as usize).collect();
                Box::new(Multinomial::new(classes, n_classes, weights)?)
            }
            FamilyName::Gaussian => Box::new(Separable::new(Gaussian, target, weights)?),
            FamilyName::Binomial => Box::new(Separable::new(Binomial, target, weights)?),
            FamilyName::Poisson => Box::new(Separable::new(Poisson, target, weights)?),
            FamilyName::Gamma => Box::new(Separable::new(Gamma, target, weights)?),
            FamilyName::NegativeBinomial => {
                Box::new(Separable::new(NegativeBinomial::new(parameter)?, target, weights)?)
            }
            FamilyName::Tweedie => {
                Box::new(Separable::new(Tweedie::new(parameter)?, target, weights)?)
            }
            FamilyName::Huber => Box::new(Separable::new(Huber::new(parameter)?, target, weights)?),
            FamilyName::SquaredHinge => Box::new(Separable::new(SquaredHinge, target, weights)?),
            FamilyName::Cox => {
                let ties = match self.ties {
                    Some(TiesName::Efron) => Ties::Efron,
                    _ => Ties::Breslow,
                };
                // Without a column of events, every time is that of one.
                let all = || vec![true; target.len()];
                let events =
                    event.map_or_else(all, |event| event.iter().map(|e| *e > 0.5).collect());
                Box::new(Cox::new(target, events, strata.map(numbered), weights, ties)?)
            }
        })
    }

    /// What there are coefficients for.
    pub fn outputs(&self, n_targets: usize) -> Outputs {
        match self.name {
            FamilyName::Multinomial => Outputs::Classes,
            _ if n_targets > 1 => Outputs::Targets,
            _ => Outputs::One,
        }
    }

    /// Turns linear predictors, output by output, into means or probabilities.
    pub fn respond(&self, predictor: &mut [f64], n_outputs: usize) {
        let of: fn(f64) -> f64 = match self.name {
            FamilyName::Gaussian
            | FamilyName::Huber
            | FamilyName::SquaredHinge
            | FamilyName::Cox => return,
            FamilyName::Multinomial => return Multinomial::softmax(predictor, n_outputs),
            FamilyName::Binomial => |eta| 1.0 / (1.0 + (-eta).exp()),
            FamilyName::Poisson
            | FamilyName::Gamma
            | FamilyName::NegativeBinomial
            | FamilyName::Tweedie => f64::exp,
        };
        for eta in predictor {
            *eta = of(*eta);
        }
    }

    /// The loss, for people, with `several` outputs or one.
    pub fn loss(&self, weighted: bool, several: bool) -> String {
        let parameter = self.parameter.unwrap_or(f64::NAN);
        let of_row = match self.name {
            FamilyName::Gaussian if several && !weighted => {
                return "1/(2n) Σ_k ‖y_k − Xβ_k − b_k‖²".to_owned();
            }
            FamilyName::Gaussian if several => {
                return "½ Σ_i w_i Σ_k (y_ik − x_iβ_k − b_k)² / Σ_i w_i".to_owned();
            }
            FamilyName::Multinomial => "[ln Σ_k e^η_ik − η_i,y_i]".to_owned(),
            FamilyName::Gaussian if weighted => {
                return "½ Σ_i w_i (y_i − x_iβ − b)² / Σ_i w_i".to_owned();
            }
            FamilyName::Gaussian => return "1/(2n) ‖y − Xβ − b‖²".to_owned(),
            FamilyName::Binomial => "[ln(1 + e^η_i) − y_i η_i]".to_owned(),
            FamilyName::Poisson => "[e^η_i − y_i η_i]".to_owned(),
            FamilyName::Gamma => "[η_i + y_i e^−η_i]".to_owned(),
            FamilyName::NegativeBinomial => {
                format!("[(y_i + θ) ln(1 + e^η_i/θ) − y_i η_i] (θ = {parameter})")
            }
            FamilyName::Tweedie => {
                format!("[e^((2−p)η_i)/(2−p) − y_i e^((1−p)η_i)/(1−p)] (p = {parameter})")
            }
            FamilyName::Huber => format!("huber_δ(y_i − η_i) (δ = {parameter})"),
            FamilyName::Cox => {
                let ties = if self.ties == Some(TiesName::Efron) { "Efron" } else { "Breslow" };
                return format!("−1/n ln(partial likelihood of Xβ, ties by {ties})");
            }
            FamilyName::SquaredHinge => "½ max(0, 1 − s_i η_i)² (s_i = 2y_i − 1)".to_owned(),
        };
        if weighted {
            format!("Σ_i w_i {of_row} / Σ_i w_i")
        } else {
            format!("1/n Σ_i {of_row}")
        }
    }
}

/// Numbers labels in their order.
pub fn numbered(labels: &[f64]) -> Vec<usize> {
    let mut distinct = labels.to_vec();
    distinct.sort_by(f64::total_cmp);
    distinct.dedup();
    labels.iter().map(|label| distinct.partition_point(|other| other < label)).collect()
}

/// What there are coefficients for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outputs {
    /// The one predictor.
    One,
    /// Each class.
    Classes,
    /// Each of several targets.
    Targets,
}

/// How the coefficients of a column for several classes or targets become zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AcrossOutputs {
    /// All of them at once, as in glmnet's grouped multinomial and in mgaussian
    Grouped,
    /// One by one
    Ungrouped,
}

/// What makes coefficients zero.
#[allow(clippy::doc_markdown, reason = "the text of --help")]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum PenaltyName {
    /// Σ |β_j|; convex
    #[default]
    Lasso,
    /// Σ |β_j|^q, less shrinkage than the lasso; see --q
    Lq,
    /// The minimax concave penalty, no shrinkage of large coefficients; see --shape
    Mcp,
    /// The smoothly clipped absolute deviation; see --shape
    Scad,
    /// The lasso with coefficients of 0 or above; convex
    NonNegative,
    /// Σ √n_g ‖β_g‖₂, whole groups in or out; see --groups and --q; convex at q = 1
    Group,
    /// The lasso within the group lasso; see --groups and --l1-share; convex
    SparseGroup,
}

/// A penalty with what it needs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PenaltySpec {
    pub name: PenaltyName,
    /// q, γ, a or the share of the lasso, for the penalties that have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shape: Option<f64>,
    /// The elastic net's α.
    #[serde(default = "one")]
    pub l1_ratio: f64,
    /// Group of each coded column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groups: Option<BTreeMap<String, String>>,
    /// Coded columns without a penalty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unpenalized: Vec<String>,
    /// What the penalty of a column, or a group, is multiplied by.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub weights: BTreeMap<String, f64>,
    /// Factors from a first fit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adaptive: Option<AdaptiveSpec>,
    /// Lower and upper bound of the coded columns that have any.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub bounds: BTreeMap<String, [Option<f64>; 2]>,
    /// Whether the coefficients of a column for all outputs are zero together.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub across_outputs: bool,
}

fn one() -> f64 {
    1.0
}

impl PenaltySpec {
    /// The penalty for coded columns called `names`.
    ///
    /// # Errors
    /// If a column has no group, or one without a penalty is not there.
    pub fn make(&self, names: &[String]) -> Result<Regularizer, CliError> {
        let positions: HashMap<&str, usize> =
            names.iter().enumerate().map(|(j, name)| (name.as_str(), j)).collect();
        let place = |name: &String| {
            positions.get(name.as_str()).copied().ok_or_else(|| {
                CliError::Options(format!("there is no column \"{name}\" to leave unpenalized"))
            })
        };
        let unpenalized: Vec<usize> =
            self.unpenalized.iter().map(place).collect::<Result<_, _>>()?;
        let shape = |default: f64| self.shape.unwrap_or(default);
        let penalty = match self.name {
            PenaltyName::Lasso => Regularizer::l1(),
            PenaltyName::Lq => Regularizer::lq(shape(0.5)),
            PenaltyName::Mcp => Regularizer::mcp(shape(3.0)),
            PenaltyName::Scad => Regularizer::scad(shape(3.7)),
            PenaltyName::NonNegative => Regularizer::non_negative(),
            PenaltyName::Group => {
                Regularizer::group_lq(self.members(names)?.into_values().collect(), shape(1.0))
            }
            PenaltyName::SparseGroup => {
                Regularizer::sparse_group(self.members(names)?.into_values().collect(), shape(0.5))
            }
        };
        let penalty = if self.across_outputs { penalty.across_outputs() } else { penalty };
        let penalty = penalty.with_l1_ratio(self.l1_ratio).with_unpenalized(unpenalized);
        let penalty = match self.factors(names)? {
            Some(factors) => penalty.with_factors(factors),
            None => penalty,
        };
        if self.bounds.is_empty() {
            return Ok(penalty);
        }
        let end = |end: usize, none: f64| -> Vec<f64> {
            let of_column = |name: &String| self.bounds.get(name).and_then(|bounds| bounds[end]);
            names.iter().map(|name| of_column(name).unwrap_or(none)).collect()
        };
        Ok(penalty.with_bounds(&end(0, f64::NEG_INFINITY), &end(1, f64::INFINITY)))
    }

    /// Whether the terms of the penalty are groups.
    pub fn has_groups(&self) -> bool {
        matches!(self.name, PenaltyName::Group | PenaltyName::SparseGroup)
    }

    /// The penalized columns of each group.
    pub fn members(&self, names: &[String]) -> Result<BTreeMap<&str, Vec<usize>>, CliError> {
        let Some(groups) = &self.groups else {
            return Err(CliError::Options(
                "this penalty needs groups: give --groups FILE with a column and a group in each \
                 row, or --groups SEPARATOR to group columns by their names up to it"
                    .to_owned(),
            ));
        };
        let mut members: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        let free: HashSet<&str> = self.unpenalized.iter().map(String::as_str).collect();
        for (j, name) in names.iter().enumerate().filter(|(_, name)| !free.contains(name.as_str()))
        {
            let group = groups.get(name).ok_or_else(|| {
                CliError::Options(format!(
                    "column \"{name}\" has no group: add it to the file of --groups, or leave it \
                     out with --exclude"
                ))
            })?;
            members.entry(group).or_default().push(j);
        }
        Ok(members)
    }

    /// The group of a coded column, or the column itself where there are none.
    pub fn group_of<'a>(&'a self, column: &'a str) -> &'a str {
        let group = self.groups.as_ref().and_then(|groups| groups.get(column));
        group.map_or(column, String::as_str)
    }

    /// Whether certificates have duality gaps.
    pub fn is_convex(&self) -> bool {
        match self.name {
            PenaltyName::Lasso | PenaltyName::NonNegative | PenaltyName::SparseGroup => true,
            PenaltyName::Group => self.shape.is_none_or(|q| q == 1.0),
            PenaltyName::Lq => self.shape == Some(1.0),
            PenaltyName::Mcp | PenaltyName::Scad => false,
        }
    }

    /// What the picture is called.
    pub fn title(&self) -> &'static str {
        let is_adaptive = self.adaptive.is_some();
        match self.name {
            PenaltyName::Lasso if is_adaptive && self.l1_ratio < 1.0 => "Adaptive elastic net path",
            PenaltyName::Lasso if is_adaptive => "Adaptive lasso path",
            PenaltyName::NonNegative if is_adaptive => "Adaptive non-negative lasso path",
            PenaltyName::Group if is_adaptive => "Adaptive group lasso path",
            PenaltyName::Lasso if self.l1_ratio < 1.0 => "Elastic net path",
            PenaltyName::Lasso => "Lasso path",
            PenaltyName::Lq => "ℓ_q path",
            PenaltyName::Mcp => "MCP path",
            PenaltyName::Scad => "SCAD path",
            PenaltyName::NonNegative => "Non-negative lasso path",
            PenaltyName::Group => "Group lasso path",
            PenaltyName::SparseGroup => "Sparse group lasso path",
        }
    }

    /// The penalty, for people, with `several` outputs or one.
    pub fn formula(&self, standardized: bool, weighted: bool, several: bool) -> String {
        let bounds = if self.bounds.is_empty() { "" } else { ", β within their bounds" };
        self.unbounded_formula(standardized, weighted, several) + &self.factors_formula() + bounds
    }

    fn unbounded_formula(&self, standardized: bool, weighted: bool, several: bool) -> String {
        let modulus = match (self.across_outputs, several) {
            (true, _) => "‖β_j‖₂",
            (false, true) => "Σ_k |β_jk|",
            (false, false) => "|β_j|",
        };
        if self.name == PenaltyName::Lasso && self.l1_ratio == 1.0 {
            let which = if weighted { "weighted standard deviation" } else { "standard deviation" };
            return if standardized {
                format!("λ Σ_j s_j {modulus}, s_j = {which} of x_j")
            } else if several {
                format!("λ Σ_j {modulus}")
            } else {
                "λ ‖β‖₁".to_owned()
            };
        }
        let shape = |default: f64| self.shape.unwrap_or(default);
        let penalty = match self.name {
            PenaltyName::Lasso if several => format!("Σ_j {modulus}"),
            PenaltyName::Lasso => "‖β‖₁".to_owned(),
            PenaltyName::Lq => format!("Σ_j {modulus}^{}", shape(0.5)),
            PenaltyName::Mcp => format!("MCP(β) (γ = {})", shape(3.0)),
            PenaltyName::Scad => format!("SCAD(β) (a = {})", shape(3.7)),
            PenaltyName::NonNegative => "Σ_j β_j, β ≥ 0".to_owned(),
            PenaltyName::Group if shape(1.0) == 1.0 => "Σ_g √n_g ‖β_g‖₂".to_owned(),
            PenaltyName::Group => format!("Σ_g √n_g ‖β_g‖₂^{}", shape(1.0)),
            PenaltyName::SparseGroup => {
                format!("Σ_g (a‖β_g‖₁ + (1−a)√n_g ‖β_g‖₂) (a = {})", shape(0.5))
            }
        };
        let scale = if standardized { ", β of standardized columns" } else { "" };
        if self.l1_ratio < 1.0 {
            format!("λ [α {penalty} + ½(1−α)‖β‖²] (α = {}){scale}", self.l1_ratio)
        } else {
            format!("λ {penalty}{scale}")
        }
    }
}
