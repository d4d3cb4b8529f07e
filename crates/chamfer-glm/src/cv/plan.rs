//! What is fitted on the rows outside of a fold, and measured on those in it.

use super::{FirstFit, Folds, Metric};
use crate::{Coefficients, Error, Regression, RegressionPoint};

/// Fits to validate: a path, perhaps adaptive, and blends of its fits with their refits.
#[derive(Debug, Clone, Copy)]
pub struct Plan<'a> {
    /// The λs, largest first.
    pub lambdas: &'a [f64],
    /// As for [`Regression::path`].
    pub tolerance: f64,
    /// The first fit of an adaptive penalty, which is made anew outside of each fold: factors that have seen the
    /// held-out rows would make their predictions look too good.
    pub first: Option<FirstFit<'a>>,
    /// Shares `γ` of the penalized fit in the predictor, the rest being that of its refit
    /// ([`Regression::relax`]): 1 is the penalized fit, 0 the refit (the relaxed lasso; Meinshausen 2007, in
    /// the form of Hastie, Tibshirani & Tibshirani 2020).
    pub blends: &'a [f64],
}

impl Regression<'_> {
    /// Fits `plan` on the rows outside of a fold, and measures the predictions for those in it: for each blend,
    /// at each λ; `None` where the metric is not defined.
    ///
    /// # Errors
    /// As [`cross_validate`](Self::cross_validate), [`adaptive`](Self::adaptive) and [`relax`](Self::relax).
    pub fn validate_plan(
        &self,
        fold: usize,
        plan: &Plan<'_>,
        folds: &Folds,
        metric: Metric,
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Result<Option<Vec<Vec<f64>>>, Error> {
        let test = self.weights_of(folds, |of_row| of_row == fold);
        let mut measures = vec![Vec::with_capacity(plan.lambdas.len()); plan.blends.len()];
        self.without_fold(folds, fold, |regression| {
            let Some(first) = &plan.first else {
                return self.measure_plan(regression, plan, metric, &test, &mut measures, stop);
            };
            let factors = regression.adaptive(first, stop)?.factors;
            let penalty = regression.penalty.clone().with_factors(factors);
            let (family, settings) = (&regression.family, regression.settings());
            let second = Regression::new(&*self.data, &**family, penalty, &settings)?;
            self.measure_plan(&second, plan, metric, &test, &mut measures, stop)
        })?;
        let is_whole = |measures: &Vec<f64>| measures.len() == plan.lambdas.len();
        Ok(measures.iter().all(is_whole).then_some(measures))
    }

    /// Adds the measures of a path of `fitted` on the rows that `test` weighs; ends where there is none.
    fn measure_plan(
        &self,
        fitted: &Regression<'_>,
        plan: &Plan<'_>,
        metric: Metric,
        test: &[f64],
        measures: &mut [Vec<f64>],
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Result<(), Error> {
        let offset = self.settings().offset;
        let has_refits = plan.blends.iter().any(|share| *share != 1.0);
        let mut refit: Option<(RegressionPoint, Vec<f64>)> = None;
        for point in fitted.path(plan.lambdas, plan.tolerance, stop)? {
            let point = point?;
            let predictor = point.predict(&*self.data, offset);
            if has_refits && !refit.as_ref().is_some_and(|(last, _)| has_same_columns(last, &point))
            {
                let coefficients = fitted.relax(&point)?;
                let relaxed = RegressionPoint { coefficients, ..point.clone() };
                refit = Some((point, relaxed.predict(&*self.data, offset)));
            }
            for (&share, measures) in plan.blends.iter().zip(&mut *measures) {
                let blended: Vec<f64> = match &refit {
                    Some((_, refitted)) if share != 1.0 => {
                        let rows = predictor.iter().zip(refitted);
                        rows.map(|(a, b)| share * a + (1.0 - share) * b).collect()
                    }
                    _ => predictor.clone(),
                };
                match metric.evaluate(&*self.family, &blended, test) {
                    Some(measure) => measures.push(measure),
                    None => return Ok(()),
                }
            }
        }
        Ok(())
    }
}

/// Whether the refits of two points are the same.
fn has_same_columns(a: &RegressionPoint, b: &RegressionPoint) -> bool {
    let columns = |of_output: &Coefficients| -> Vec<usize> {
        of_output.values.iter().map(|(column, _)| *column).collect()
    };
    a.coefficients.iter().map(columns).eq(b.coefficients.iter().map(columns))
}
