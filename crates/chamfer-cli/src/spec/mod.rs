//! What is fitted by name, as the command line and `model.json` have it.

mod family;
mod penalty;

pub use family::{FamilyName, FamilySpec, Observed, Outputs, TiesName, numbered};
pub use penalty::{AcrossOutputs, PenaltyName, PenaltySpec};

use chamfer_glm::{Metric, PathStart};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};

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
