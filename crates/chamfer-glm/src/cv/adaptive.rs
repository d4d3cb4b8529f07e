//! The first fit of an adaptive penalty.

use super::{CrossValidation, Folds, Metric};
use crate::{Error, Regression, RegressionPoint};

// `Regularizer` is named in the documentation alone.
#[cfg(doc)]
use crate::Regularizer;

/// How the first fit of an adaptive penalty is found: by cross-validation of the same penalty without factors.
#[derive(Debug, Clone, Copy)]
pub struct FirstFit<'a> {
    /// The exponent `γ` of [`Regularizer::adaptive`], above 0.
    pub gamma: f64,
    /// The λs to choose from, largest first.
    pub lambdas: &'a [f64],
    /// Of each fit, as for [`Regression::path`].
    pub tolerance: f64,
    /// Which rows are held out together.
    pub folds: &'a Folds,
    /// How predictions for them are measured.
    pub metric: Metric,
}

/// Factors of a penalty with the fit that they come from.
#[derive(Debug, Clone, PartialEq)]
pub struct Adaptive {
    /// For [`Regularizer::with_factors`].
    pub factors: Vec<f64>,
    /// The first fit.
    pub first: RegressionPoint,
}

impl Regression<'_> {
    /// Adaptive factors ([`Regularizer::adaptive`]) for the penalty of this regression, from its fit at the λ
    /// that is best by cross-validation (as Bühlmann & van de Geer 2011, section 2.8, for the lasso: it keeps
    /// the columns that matter, and some more, which the second fit drops). With several outputs, a column's
    /// size is the norm of its coefficients.
    ///
    /// A [`Regression`] with these factors gives the adaptive fits; [`validate_plan`](Self::validate_plan)
    /// cross-validates them, first fits included.
    ///
    /// # Errors
    /// As [`cross_validate`](Self::cross_validate), of folds that have a row with a weight; if `gamma` is not
    /// above 0, or fewer than two folds have such rows.
    pub fn adaptive(
        &self,
        first: &FirstFit<'_>,
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Result<Adaptive, Error> {
        let FirstFit { gamma, lambdas, tolerance, folds, metric } = *first;
        Error::check_positive("the exponent of the adaptive penalty", gamma)?;
        Error::check_length("the folds", self.family.n_rows(), folds.of_rows().len())?;
        let mut counts = vec![false; folds.len()];
        for (&fold, w) in folds.of_rows().iter().zip(self.family.weights()) {
            counts[fold] |= *w > 0.0;
        }
        // Rows that are held out of this regression have no weight in it.
        let live: Vec<usize> = (0..folds.len()).filter(|&fold| counts[fold]).collect();
        if live.len() < 2 {
            return Err(Error::InvalidFolds { n_folds: live.len(), most: folds.len() });
        }
        let of_folds = self.map_fits(live.len(), |k| {
            self.validate(live[k], lambdas, tolerance, folds, metric, stop)
        })?;
        let best = CrossValidation::new(Vec::new(), of_folds, metric)
            .ok_or(Error::NoMeasure { family: self.family.name() })?
            .best;
        let points = self.path(&lambdas[..=best], tolerance, stop)?;
        let points = points.collect::<Result<Vec<RegressionPoint>, Error>>()?;
        let first = points.into_iter().next_back().ok_or(Error::NoSignal)?;
        Ok(Adaptive { factors: self.penalty.adaptive_factors(&self.sizes(&first), gamma), first })
    }

    /// For each column the norm of its coefficients over the outputs, on the scale on which they are penalized.
    fn sizes(&self, point: &RegressionPoint) -> Vec<f64> {
        let mut squares = vec![0.0; self.data.n_cols()];
        for &(column, b) in point.coefficients.iter().flat_map(|of_output| &of_output.values) {
            squares[column] += (b * self.scale(column)).powi(2);
        }
        squares.into_iter().map(f64::sqrt).collect()
    }
}
