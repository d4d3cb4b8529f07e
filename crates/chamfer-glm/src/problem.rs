//! A checked lasso regression problem, and the certificate of its solutions.

use crate::design::{Design, Standardized};
use crate::loss::{Loss, SquaredLoss};
use crate::path::check_start;
use crate::{Coefficients, Error};
use chamfer::{DualityGap, L1, Penalty, Strength};
use std::collections::BTreeMap;

/// Settings of a [`Problem`].
///
/// | name | default | purpose |
/// |---|---|---|
/// | `intercept` | `true` | fit an intercept, never penalized |
/// | `standardize` | `true` | penalize the coefficients of columns scaled to variance 1 |
/// | `weights` | none: all equal | observation weights, at least 0, of any sum |
#[derive(Debug, Clone, Copy)]
pub struct ProblemSettings<'a> {
    /// Fit an intercept, never penalized.
    pub intercept: bool,
    /// Penalize the coefficients of columns scaled to variance 1 (glmnet's default); results are
    /// on the original scale either way.
    pub standardize: bool,
    /// Observation weights, at least 0; only their ratios matter.
    pub weights: Option<&'a [f64]>,
}

impl Default for ProblemSettings<'_> {
    fn default() -> Self {
        Self { intercept: true, standardize: true, weights: None }
    }
}

/// Lasso regression on a design and a target, checked when it is made:
///
/// ```text
/// P(β, b) = ½ Σ_i w_i (y_i − b − x_iᵀβ)² + λ Σ_j s_j |β_j|,      Σ_i w_i = 1,
/// ```
///
/// with `w_i = 1/n` unless weights are given (so the loss is `1/(2n) ‖y − Xβ − b‖²`, as in
/// scikit-learn and glmnet), and `s_j` the weighted standard deviation of column `j` if columns
/// are standardized, else 1.
pub struct Problem<'a> {
    design: Standardized<'a>,
    loss: SquaredLoss,
    target_mean: f64,
    null_value: f64,
    intercept: bool,
}

/// How optimal given coefficients are, recomputed from the data alone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RegressionCertificate {
    /// Objective and dual objective.
    pub gap: DualityGap<f64>,
    /// The largest violation of `−∇L ∈ λ∂R`, relative to λ; scaled columns.
    pub relative_stationarity: f64,
    /// `1 − Σ w r² / Σ w (y − ȳ)²` (without an intercept, `ȳ = 0`).
    pub r_squared: f64,
    /// Number of coefficients that are not 0.
    pub n_nonzero: usize,
}

impl<'a> Problem<'a> {
    /// Checks the data and takes the moments of the columns: two passes over the design.
    ///
    /// # Errors
    /// If lengths do not fit, there are fewer than two rows, something is not finite, a weight is
    /// negative or all are zero, or the target is constant.
    pub fn new(
        design: &'a dyn Design,
        target: &[f64],
        settings: &ProblemSettings<'_>,
    ) -> Result<Self, Error> {
        let n_rows = design.n_rows();
        Error::check_length("the target", n_rows, target.len())?;
        if n_rows < 2 {
            return Err(Error::OneRow);
        }
        if let Some(row) = target.iter().position(|y| !y.is_finite()) {
            return Err(Error::NonFiniteTarget { row, value: target[row] });
        }
        if let Some((row, column)) = design.find_non_finite() {
            return Err(Error::NonFiniteDesign { row, column });
        }
        let weights = normalized_weights(n_rows, settings.weights)?;

        let counted = || target.iter().zip(&weights).filter(|(_, w)| **w > 0.0).map(|(y, _)| *y);
        let first = counted().next().unwrap_or(0.0);
        let constant = counted().all(|y| y == first);
        if constant && (settings.intercept || first == 0.0) {
            return Err(Error::ConstantTarget { value: first });
        }
        let mean = |y: &dyn Fn(usize) -> f64| -> f64 {
            weights.iter().enumerate().map(|(i, w)| w * y(i)).sum()
        };
        let target_mean = if settings.intercept {
            let rough = mean(&|i| target[i]);
            rough + mean(&|i| target[i] - rough)
        } else {
            0.0
        };
        let loss = SquaredLoss::new(target.iter().map(|y| y - target_mean).collect());
        let null_value = loss.value(loss.target(), &weights);
        if !null_value.is_normal() {
            return Err(Error::UnscaledTarget);
        }
        let design = Standardized::new(design, weights, settings.intercept, settings.standardize)?;
        let intercept = settings.intercept;
        Ok(Self { design, loss, target_mean, null_value, intercept })
    }

    /// The design, centred and scaled.
    #[must_use]
    pub fn design(&self) -> &Standardized<'a> {
        &self.design
    }

    /// The least λ at which all coefficients are zero: `max_j |x̃_jᵀ W y|`.
    ///
    /// One pass over the design.
    #[must_use]
    pub fn lambda_max(&self) -> f64 {
        let mut correlations = vec![0.0; self.design.n_cols()];
        self.design.correlations(self.loss.target(), &mut correlations);
        correlations.iter().fold(0.0, |max: f64, rho| max.max(rho.abs()))
    }

    /// Certifies coefficients on the original scale at `lambda`, from the data alone.
    ///
    /// Two passes over the design.
    ///
    /// # Errors
    /// If `lambda` is not a finite number above 0, or a coefficient has no column.
    pub fn certify(
        &self,
        coefficients: &Coefficients,
        lambda: f64,
    ) -> Result<RegressionCertificate, Error> {
        check_lambda(lambda)?;
        let n_cols = self.design.n_cols();
        let beyond = coefficients.values.iter().find(|(column, _)| *column >= n_cols);
        if let Some(&(column, _)) = beyond {
            return Err(Error::LengthMismatch {
                what: "the design (its number of columns)",
                expected: column + 1,
                found: n_cols,
            });
        }
        let (columns, scaled): (Vec<usize>, Vec<f64>) =
            coefficients.values.iter().map(|&(j, b)| (j, b * self.design.scale(j))).unzip();
        let mut residual = self.residual(&columns, &scaled);
        // The intercept that centring implies, and the one that was given.
        let implied = self.intercept_for(&coefficients.values);
        let offset = coefficients.intercept - implied;
        let loss_at_offset = {
            let shifted: Vec<f64> = residual.iter().map(|r| r - offset).collect();
            self.loss.value(&shifted, self.design.weights())
        };
        self.centre(&mut residual);
        let mut correlations = vec![0.0; n_cols];
        self.design.correlations(&residual, &mut correlations);
        let gap = self.duality_gap(&residual, &correlations, &scaled, lambda);
        let loss = self.loss.value(&residual, self.design.weights());
        let primal = gap.primal - loss + loss_at_offset;

        let mut dense = vec![0.0; n_cols];
        for (&j, &b) in columns.iter().zip(&scaled) {
            dense[j] = b;
        }
        let gradient: Vec<f64> = correlations.iter().map(|rho| -rho).collect();
        let residual_norm = L1.stationarity(&dense, &gradient, Strength::uniform(lambda));
        Ok(RegressionCertificate {
            gap: DualityGap { primal, dual: gap.dual },
            relative_stationarity: residual_norm / lambda,
            r_squared: 1.0 - loss_at_offset / self.null_value,
            n_nonzero: coefficients.values.iter().filter(|(_, b)| *b != 0.0).count(),
        })
    }

    /// Residual of the centred target at coefficients of standardized columns.
    pub(crate) fn residual(&self, columns: &[usize], scaled: &[f64]) -> Vec<f64> {
        let (support, values): (Vec<usize>, Vec<f64>) =
            columns.iter().zip(scaled).filter(|(_, b)| **b != 0.0).unzip();
        let mut predictor = vec![0.0; self.design.n_rows()];
        self.design.add_product(&support, &values, &mut predictor);
        self.loss.residual(&mut predictor);
        predictor
    }

    /// The gap at a residual with its correlations `ρ`, and coefficients of standardized columns
    /// (zeros may be left out).
    ///
    /// The dual point is the residual, scaled into `{θ : |x̃_jᵀWθ| ≤ λ}` as best it can be.
    pub(crate) fn duality_gap(
        &self,
        residual: &[f64],
        correlations: &[f64],
        scaled: &[f64],
        lambda: f64,
    ) -> DualityGap<f64> {
        let strength = Strength::uniform(lambda);
        let weights = self.design.weights();
        // L1 is a norm, so it has a dual norm; without one, only the zero dual point is safe.
        let dual_norm = L1.dual_norm(correlations, strength).unwrap_or(f64::INFINITY);
        DualityGap {
            primal: self.loss.value(residual, weights) + L1.value(scaled, strength),
            dual: self.loss.best_dual(residual, weights, dual_norm.recip()),
        }
    }

    /// `R²` at a residual.
    pub(crate) fn r_squared(&self, residual: &[f64]) -> f64 {
        1.0 - self.loss.value(residual, self.design.weights()) / self.null_value
    }

    /// Columns and coefficients of standardized columns, without zeros, by column.
    pub(crate) fn on_standardized_scale(
        &self,
        coefficients: &Coefficients,
    ) -> Result<(Vec<usize>, Vec<f64>), Error> {
        check_start(coefficients, self.design.n_cols())?;
        let scaled = |&(j, b): &(usize, f64)| (j, b * self.design.scale(j));
        let by_column: BTreeMap<usize, f64> = coefficients.values.iter().map(scaled).collect();
        Ok(by_column.into_iter().filter(|(_, b)| *b != 0.0).unzip())
    }

    /// The coefficients on the original scale, with the intercept.
    pub(crate) fn on_original_scale(&self, scaled: &[(usize, f64)]) -> Coefficients {
        let values: Vec<(usize, f64)> =
            scaled.iter().map(|&(j, b)| (j, b / self.design.scale(j))).collect();
        Coefficients { intercept: self.intercept_for(&values), values }
    }

    /// The best intercept for coefficients on the original scale: 0 if none is fitted.
    fn intercept_for(&self, values: &[(usize, f64)]) -> f64 {
        let explained: f64 = values.iter().map(|&(j, b)| b * self.design.centre(j)).sum();
        self.target_mean - explained
    }

    /// Takes the weighted mean out of a residual, where there is an intercept: a dual point must
    /// have none, and rounding may leave a little.
    fn centre(&self, residual: &mut [f64]) {
        if self.intercept {
            let weighted = residual.iter().zip(self.design.weights()).map(|(r, w)| r * w);
            let mean: f64 = weighted.sum();
            for r in residual {
                *r -= mean;
            }
        }
    }
}

pub(crate) fn check_lambda(lambda: f64) -> Result<(), Error> {
    if lambda.is_finite() && lambda > 0.0 {
        Ok(())
    } else {
        Err(Error::InvalidLambda { value: lambda })
    }
}

/// Weights that sum to 1.
pub(crate) fn normalized_weights(
    n_rows: usize,
    weights: Option<&[f64]>,
) -> Result<Vec<f64>, Error> {
    let Some(weights) = weights else {
        return Ok(vec![1.0 / n_rows as f64; n_rows]);
    };
    Error::check_length("the weights", n_rows, weights.len())?;
    if let Some(row) = weights.iter().position(|w| !(w.is_finite() && *w >= 0.0)) {
        return Err(Error::InvalidWeight { row, value: weights[row] });
    }
    // Dividing by the largest first keeps the sum finite.
    let largest = weights.iter().fold(0.0, |max: f64, w| max.max(*w));
    if largest == 0.0 {
        return Err(Error::ZeroWeights);
    }
    let sum: f64 = weights.iter().map(|w| w / largest).sum();
    Ok(weights.iter().map(|w| w / largest / sum).collect())
}
