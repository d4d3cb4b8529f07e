//! Cross-validation of a path, and stability selection.

mod adaptive;
mod folds;
mod metric;
mod plan;
mod stability;

pub use adaptive::{Adaptive, FirstFit};
pub use folds::Folds;
pub use metric::{Metric, Target};
pub use plan::Plan;
pub use stability::Stability;

use crate::{Error, Regression, RegressionPoint};
use rayon::prelude::*;

/// A path on all rows, and how well paths on all folds but one predict that one.
#[derive(Debug, Clone, PartialEq)]
pub struct CrossValidation {
    /// The path on all rows.
    pub path: Vec<RegressionPoint>,
    /// The measure at each λ, for each fold; folds where it is not defined are left out.
    pub of_folds: Vec<Vec<f64>>,
    /// The mean over the folds, at each λ.
    pub mean: Vec<f64>,
    /// Its standard error, at each λ.
    pub standard_error: Vec<f64>,
    /// Index of the best λ.
    pub best: usize,
    /// Index of the largest λ whose mean is within one standard error of the best.
    pub one_standard_error: usize,
}

impl Regression<'_> {
    /// Cross-validates the path at `lambdas` (largest first): each fold is predicted by a path on the
    /// others, all with the same design, in parallel. Results do not depend on the number of threads.
    ///
    /// Folds are observation weights of 0, so nothing is copied; columns are standardized on the rows
    /// that are fitted.
    ///
    /// # Errors
    /// As [`Regression::new`] for each fold and [`Regression::path`]; if the metric does not suit the
    /// family, or `stop` returns true.
    pub fn cross_validate(
        &self,
        lambdas: &[f64],
        tolerance: f64,
        folds: &Folds,
        metric: Metric,
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Result<CrossValidation, Error> {
        Error::check_length("the folds", self.family.n_rows(), folds.of_rows().len())?;
        // Before the folds, which are solved on what is left of the products of all rows.
        self.prepare(lambdas.len(), &folds.rows(), stop);
        let whole = || -> Result<Vec<RegressionPoint>, Error> {
            self.path(lambdas, tolerance, stop)?.collect()
        };
        let of_fold = |fold: usize| self.validate(fold, lambdas, tolerance, folds, metric, stop);
        let of_folds = || self.map_fits(folds.len(), of_fold);
        let (path, of_folds) = if self.data.is_streamed() {
            (whole(), of_folds())
        } else {
            rayon::join(whole, of_folds)
        };
        let (path, of_folds) = (path?, of_folds?);
        CrossValidation::new(path, of_folds, metric)
            .ok_or(Error::NoMeasure { family: self.family.name() })
    }

    /// What `fit` makes of each number below `n`, in parallel; one after the other where the design
    /// [is streamed](crate::Design::is_streamed). For folds and other fits on the same design.
    ///
    /// # Errors
    /// The first one of `fit`.
    pub fn map_fits<T: Send>(
        &self,
        n: usize,
        fit: impl Fn(usize) -> Result<T, Error> + Send + Sync,
    ) -> Result<Vec<T>, Error> {
        if self.data.is_streamed() {
            (0..n).map(fit).collect()
        } else {
            (0..n).into_par_iter().map(fit).collect()
        }
    }

    /// One fold's part of [`cross_validate`](Self::cross_validate): fits the path on the other folds, and
    /// measures its predictions for this one at each λ; `None` where the metric is not defined.
    ///
    /// # Errors
    /// As [`cross_validate`](Self::cross_validate).
    pub fn validate(
        &self,
        fold: usize,
        lambdas: &[f64],
        tolerance: f64,
        folds: &Folds,
        metric: Metric,
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Result<Option<Vec<f64>>, Error> {
        if let Some(times) = metric.of_squares(&*self.family) {
            let train = self.weights_of(folds, |of_row| of_row != fold);
            let test = self.weights_of(folds, |of_row| of_row == fold);
            let squares = self.validate_condensed(lambdas, tolerance, [&train, &test], stop)?;
            if let Some(squares) = squares {
                return Ok(Some(squares.iter().map(|square| times * square).collect()));
            }
        }
        let plan = Plan { lambdas, tolerance, first: None, blends: &[1.0] };
        let measures = self.validate_plan(fold, &plan, folds, metric, stop)?;
        Ok(measures.and_then(|of_blends| of_blends.into_iter().next()))
    }

    /// How well a point, which was solved [without](Self::without_fold) a fold, predicts its rows; `None` where
    /// the metric is not defined.
    #[must_use]
    pub fn measure(
        &self,
        point: &RegressionPoint,
        folds: &Folds,
        fold: usize,
        metric: Metric,
    ) -> Option<f64> {
        let test = self.weights_of(folds, |of_row| of_row == fold);
        let predictor = point.predict(&*self.data, self.settings().offset);
        metric.evaluate(&*self.family, &predictor, &test)
    }

    /// The observation weights, with 0 for the rows of folds that are not `wanted`.
    fn weights_of(&self, folds: &Folds, wanted: impl Fn(usize) -> bool) -> Vec<f64> {
        let rows = folds.of_rows().iter().zip(self.family.weights());
        rows.map(|(&of_row, w)| if wanted(of_row) { *w } else { 0.0 }).collect()
    }

    /// Does something with the same regression on the rows of all folds but one, whose weights are 0.
    ///
    /// # Errors
    /// As [`Regression::new`], and as `act`.
    pub fn without_fold<T>(
        &self,
        folds: &Folds,
        fold: usize,
        act: impl FnOnce(&Regression<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let weights = self.weights_of(folds, |of_row| of_row != fold);
        let family = self.family.with_weights(&weights)?;
        let penalty = self.penalty.clone();
        let others = Regression::new(&*self.data, family.as_ref(), penalty, &self.settings())?;
        let held_out: Vec<usize> = folds.rows_of(fold).collect();
        others.take_products(self, &held_out);
        act(&others)
    }
}

impl CrossValidation {
    /// From a path on all rows and what [`Regression::validate`] found for each fold; `None` if the metric is
    /// defined on fewer than two folds.
    #[must_use]
    pub fn new(
        path: Vec<RegressionPoint>,
        of_folds: Vec<Option<Vec<f64>>>,
        metric: Metric,
    ) -> Option<Self> {
        let of_folds: Vec<Vec<f64>> = of_folds.into_iter().flatten().collect();
        if of_folds.len() < 2 {
            return None;
        }
        let n = of_folds.len() as f64;
        let mean_at = |k: usize| of_folds.iter().map(|fold| fold[k]).sum::<f64>() / n;
        let n_lambdas = of_folds[0].len();
        let mean: Vec<f64> = (0..n_lambdas).map(mean_at).collect();
        let error_at = |k: usize| {
            let squares: f64 = of_folds.iter().map(|fold| (fold[k] - mean[k]).powi(2)).sum();
            (squares / (n - 1.0) / n).sqrt()
        };
        let standard_error: Vec<f64> = (0..n_lambdas).map(error_at).collect();
        let sign = if metric.is_score() { -1.0 } else { 1.0 };
        let cost = |k: usize| sign * mean[k];
        let best = (0..mean.len()).min_by(|&a, &b| cost(a).total_cmp(&cost(b))).unwrap_or(0);
        let bound = cost(best) + standard_error[best];
        let one_standard_error = (0..=best).find(|&k| cost(k) <= bound).unwrap_or(best);
        Some(Self { path, of_folds, mean, standard_error, best, one_standard_error })
    }
}
