//! What is made of a sparse fit: a refit without its shrinkage, and what its size costs.

use super::newton::Newton;
use super::solver::LAST_TOLERANCE;
use super::{Regression, RegressionPoint};
use crate::{Coefficients, Error};

/// A price for the size of a model, to choose λ without held-out rows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Criterion {
    /// Akaike's: `−2 ln L + 2 df`.
    Aic,
    /// Schwarz's: `−2 ln L + df ln n`.
    Bic,
    /// Chen & Chen's (2008), for more columns than rows: BIC with `2γ ln C(p, df)`, `0 ≤ γ ≤ 1`.
    Ebic(f64),
}

impl Regression<'_> {
    /// Refits the columns that have a coefficient in `point`, for all outputs, without a penalty (the
    /// relaxed lasso; Meinshausen 2007), within their bounds and signs; all others stay 0.
    ///
    /// # Errors
    /// If a coefficient has no column in the design, or the loss overflows. Where the refit has no
    /// finite optimum, as with separable classes, it ends at large coefficients.
    pub fn relax(&self, point: &RegressionPoint) -> Result<Vec<Coefficients>, Error> {
        let columns = columns_of(&point.coefficients, self.design.n_cols())?;
        let restricted = self.of_columns(columns, &|| false);
        let n_intercepts = restricted.n_intercepts();
        let mut coefficients = self.null.coefficients[..n_intercepts].to_vec();
        coefficients.resize(n_intercepts + restricted.columns.len() * self.family.n_outputs(), 0.0);
        let n_free = coefficients.len();
        let bounds = self.refit_bounds(n_intercepts, &restricted.columns);
        let newton = Newton::smooth(&restricted, n_free, bounds);
        let solved = newton.solve(&mut coefficients, None, LAST_TOLERANCE, usize::MAX);
        self.data.failure().map_or(solved, Err)?;
        Ok(self.on_original_scale(&restricted, &coefficients))
    }

    /// Certifies a refit from the data alone: the largest slope of the loss in an intercept or in a column that has
    /// a coefficient (where a bound does not hold it), relative to the largest slope at the null model; and the
    /// fraction of the null deviance explained.
    ///
    /// # Errors
    /// If there is not one set of coefficients for each output, a coefficient has no column in the design, or
    /// the loss overflows.
    pub fn certify_refit(&self, refit: &[Coefficients]) -> Result<(f64, f64), Error> {
        let (outputs, n_cols) = (self.family.n_outputs(), self.design.n_cols());
        Error::check_length("the sets of coefficients", outputs, refit.len())?;
        let columns = columns_of(refit, n_cols)?;
        let restricted = self.of_columns(columns, &|| false);
        let n_intercepts = restricted.n_intercepts();
        let mut scaled = vec![0.0; n_intercepts + restricted.columns.len() * outputs];
        let (intercepts, slopes) = scaled.split_at_mut(n_intercepts);
        for (k, of_output) in refit.iter().enumerate() {
            let mut intercept = of_output.intercept;
            for &(column, b) in &of_output.values {
                intercept += b * self.design.centre(column);
                if let Ok(at) = restricted.columns.binary_search(&column) {
                    slopes[at * outputs + k] = b * self.design.scale(column);
                }
            }
            if let Some(place) = intercepts.get_mut(k) {
                *place = intercept;
            }
        }
        let predictor = restricted.predictor(&scaled);
        let mut of_predictor = vec![0.0; predictor.len()];
        let loss = self.family.value_and_gradient(&predictor, &mut of_predictor);
        let mut descent = vec![0.0; scaled.len()];
        restricted.pull(&of_predictor, &mut descent);
        for slope in &mut descent {
            *slope = -*slope;
        }
        if let Some(bounds) = self.refit_bounds(n_intercepts, &restricted.columns) {
            bounds.project(&scaled, &mut descent);
        }
        if !(loss.is_finite() && descent.iter().all(|slope| slope.is_finite())) {
            // Rows that could not be read look like a loss that is not finite.
            return Err(self.data.failure().unwrap_or(Error::NonFiniteLoss { value: loss }));
        }
        let largest = |slopes: &[f64]| slopes.iter().fold(0.0, |most: f64, g| most.max(g.abs()));
        let unit = largest(&self.null.look.gradient);
        let relative = largest(&descent) / if unit > 0.0 { unit } else { 1.0 };
        Ok((relative, self.deviance_explained(loss)))
    }

    /// The criterion of a point, up to a constant; `None` for losses that are no likelihoods (Huber,
    /// squared hinge) or whose dispersion is not known (gamma, tweedie, several gaussian responses).
    ///
    /// The degrees of freedom are the number of coefficients that are not 0, with the intercepts; for
    /// the lasso that is unbiased (Zou, Hastie & Tibshirani 2007). `n` counts the rows with a weight.
    #[must_use]
    pub fn criterion(&self, point: &RegressionPoint, criterion: Criterion) -> Option<f64> {
        let weights = self.family.weights();
        let n = weights.iter().filter(|w| **w > 0.0).count() as f64;
        let share = 1.0 - point.deviance_explained;
        let loss = self.saturated + share * (self.null.look.loss - self.saturated);
        let minus_two_log = self.family.minus_two_log_likelihood(loss, n)?;
        let size: usize = point.coefficients.iter().map(|c| c.values.len()).sum();
        let intercepts = if self.intercept { self.family.n_outputs() } else { 0 };
        let df = (size + intercepts) as f64;
        let price = match criterion {
            Criterion::Aic => 2.0 * df,
            Criterion::Bic => df * n.ln(),
            Criterion::Ebic(gamma) => {
                let p = self.design.n_cols() * self.family.n_outputs();
                let choices = |k: usize| ((p - k) as f64 / (k + 1) as f64).ln();
                df * n.ln() + 2.0 * gamma * (0..size.min(p)).map(choices).sum::<f64>()
            }
        };
        Some(minus_two_log + price)
    }
}

/// The columns that have a coefficient in any output, in order.
fn columns_of(coefficients: &[Coefficients], n_cols: usize) -> Result<Vec<usize>, Error> {
    let values = coefficients.iter().flat_map(|of_output| &of_output.values);
    let mut columns: Vec<usize> = values.map(|(column, _)| *column).collect();
    columns.sort_unstable();
    columns.dedup();
    match columns.last().filter(|column| **column >= n_cols) {
        Some(&column) => Err(Error::NoSuchColumn { column, n_cols }),
        None => Ok(columns),
    }
}
