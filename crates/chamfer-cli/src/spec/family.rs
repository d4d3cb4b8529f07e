//! Families by name.

use crate::input::TargetKind;
use chamfer_glm::{
    Binomial, Cox, Error as GlmError, Family, Gamma, Gaussian, Huber, MultiGaussian, Multinomial,
    NegativeBinomial, Poisson, Separable, SquaredHinge, Ties, Tweedie,
};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};

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
