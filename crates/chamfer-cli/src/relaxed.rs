//! Refits without the penalty in `model.json`, and their blends with the penalized fits.

use crate::args::{Blend, LambdaChoice};
use crate::error::CliError;
use crate::model::{CvRecord, FitRecord, Fitted, Model, Predictor};
use chamfer_glm::{CrossValidation, Metric, Plan};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

/// Shares of the penalized fit that `cv` tries, as glmnet does.
pub const SHARES: [f64; 5] = [1.0, 0.75, 0.5, 0.25, 0.0];

/// The refit of the nonzero coefficients at one λ.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RelaxedRecord {
    pub deviance_explained: f64,
    /// The largest slope of the loss in what was refitted, relative to that in any column at the null model.
    pub relative_stationarity: f64,
    /// Whether that met the tolerance.
    pub converged: bool,
    #[serde(flatten)]
    pub fitted: Fitted,
}

/// How well blends of penalized fits and refits predict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RelaxedCv {
    /// The share of the penalized fit that is best.
    pub gamma_best: f64,
    /// The λ that is best with it.
    pub lambda_best: f64,
    /// The largest λ whose mean, with that share, is within one standard error of it.
    pub lambda_1se: f64,
    /// For each share.
    pub blends: Vec<BlendCv>,
}

/// How well the blends of one share predict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BlendCv {
    /// The share of the penalized fit.
    pub gamma: f64,
    /// The mean over the folds at each λ.
    pub mean: Vec<f64>,
    /// Its standard error at each λ.
    pub standard_error: Vec<f64>,
}

impl RelaxedCv {
    /// From the cross-validations of each blend of `plan`.
    pub fn of(plan: &Plan<'_>, blends: &[CrossValidation], metric: Metric) -> Self {
        let sign = if metric.is_score() { -1.0 } else { 1.0 };
        let cost = |k: &usize| sign * blends[*k].mean[blends[*k].best];
        let best = (0..blends.len()).min_by(|a, b| cost(a).total_cmp(&cost(b))).unwrap_or(0);
        let of_share = |(share, blend): (&f64, &CrossValidation)| BlendCv {
            gamma: *share,
            mean: blend.mean.clone(),
            standard_error: blend.standard_error.clone(),
        };
        Self {
            gamma_best: plan.blends[best],
            lambda_best: plan.lambdas[blends[best].best],
            lambda_1se: plan.lambdas[blends[best].one_standard_error],
            blends: plan.blends.iter().zip(blends).map(of_share).collect(),
        }
    }

    /// `cv_relaxed.csv`: a row for each share and λ.
    pub fn csv(&self, model: &Model) -> String {
        let mut text = String::from("gamma,lambda,nonzero,mean,standard_error\n");
        for BlendCv { gamma, mean, standard_error } in &self.blends {
            for (fit, (mean, error)) in model.path.iter().zip(mean.iter().zip(standard_error)) {
                let _ = writeln!(text, "{gamma},{},{},{mean},{error}", fit.lambda, fit.nonzero);
            }
        }
        text
    }
}

impl CvRecord {
    /// The best share, and what was found for it, as for penalized fits.
    pub fn relaxed_record(&self) -> Option<(f64, Self)> {
        let RelaxedCv { gamma_best, lambda_best, lambda_1se, blends } = self.relaxed.as_ref()?;
        let best = blends.iter().find(|blend| blend.gamma == *gamma_best)?;
        let record = Self {
            mean: best.mean.clone(),
            standard_error: best.standard_error.clone(),
            lambda_best: *lambda_best,
            lambda_1se: *lambda_1se,
            relaxed: None,
            ..self.clone()
        };
        Some((*gamma_best, record))
    }
}

impl Model {
    /// The share of the penalized fit that is asked for.
    pub fn share(&self, blend: Blend) -> f64 {
        let relaxed = self.cv.as_ref().and_then(|cv| cv.relaxed.as_ref());
        match blend {
            Blend::Given(share) => share,
            Blend::Chosen => relaxed.map_or(0.0, |relaxed| relaxed.gamma_best),
        }
    }

    /// The λ that is meant with refits: `cv` has a choice of its own for them.
    pub fn relaxed_choice(&self, choice: LambdaChoice) -> LambdaChoice {
        let relaxed = self.cv.as_ref().and_then(|cv| cv.relaxed.as_ref());
        match (choice, relaxed) {
            (LambdaChoice::Best, Some(relaxed)) => LambdaChoice::Given(relaxed.lambda_best),
            (LambdaChoice::OneStandardError, Some(relaxed)) => {
                LambdaChoice::Given(relaxed.lambda_1se)
            }
            _ => choice,
        }
    }
}

impl FitRecord {
    /// `share` of this fit and the rest of its refit. The model is the file at `path`.
    ///
    /// # Errors
    /// If the model has no refit.
    pub fn blended(&self, share: f64, path: &Path) -> Result<Self, CliError> {
        let relaxed = self.relaxed.as_ref().ok_or_else(|| {
            CliError::Options(format!(
                "{}: the model has no refit at lambda {}; fit it with --relax, or leave --relaxed out",
                path.display(),
                self.lambda
            ))
        })?;
        let not_alike = || CliError::NotAModel {
            path: path.to_owned(),
            reason: format!("the refit at lambda {} has other outputs", self.lambda),
        };
        let fitted = self.fitted.blended(&relaxed.fitted, share).ok_or_else(not_alike)?;
        Ok(Self { fitted, relaxed: None, ..self.clone() })
    }
}

impl Fitted {
    /// `share` of these coefficients and the rest of others; `None` if those have other outputs.
    fn blended(&self, refit: &Self, share: f64) -> Option<Self> {
        match (self, refit) {
            (Self::One(a), Self::One(b)) => Some(Self::One(a.blended(b, share))),
            (Self::Several { outputs: all }, Self::Several { outputs: refits }) => {
                let blend = |(name, a): (&String, &Predictor)| {
                    Some((name.clone(), a.blended(refits.get(name)?, share)))
                };
                Some(Self::Several { outputs: all.iter().map(blend).collect::<Option<_>>()? })
            }
            _ => None,
        }
    }
}

impl Predictor {
    fn blended(&self, refit: &Self, share: f64) -> Self {
        let mix = |penalized: f64, refitted: f64| share * penalized + (1.0 - share) * refitted;
        let own = self.coefficients.iter().map(|(name, b)| (name.clone(), mix(*b, 0.0)));
        let mut coefficients: BTreeMap<String, f64> = own.collect();
        for (name, b) in &refit.coefficients {
            *coefficients.entry(name.clone()).or_default() += mix(0.0, *b);
        }
        Self { intercept: mix(self.intercept, refit.intercept), coefficients }
    }
}
