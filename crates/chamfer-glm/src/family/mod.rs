//! Families: how the target depends on the linear predictor.

mod binomial;
mod cox;
mod gamma;
mod gaussian;
mod huber;
mod multi_gaussian;
mod multinomial;
mod negative_binomial;
mod poisson;
mod separable;
mod squared_hinge;
mod tweedie;

pub use binomial::Binomial;
pub use cox::{Cox, Ties};
pub use gamma::Gamma;
pub use gaussian::Gaussian;
pub use huber::Huber;
pub use multi_gaussian::MultiGaussian;
pub use multinomial::Multinomial;
pub use negative_binomial::NegativeBinomial;
pub use poisson::Poisson;
pub use separable::{RowLoss, Separable};
pub use squared_hinge::SquaredHinge;
pub use tweedie::Tweedie;

use crate::{Error, Target};
use std::fmt::Debug;

/// A smooth convex loss `L(η)` of the linear predictor, with its target and observation weights.
///
/// The predictor has [`n_outputs`](Self::n_outputs) values for each row, output by output: `η_ik` is
/// at `k n + i`. Weights sum to 1, so that losses are means over rows.
pub trait Family: Debug + Send + Sync {
    /// The usual name.
    fn name(&self) -> &'static str;

    /// Number of rows.
    fn n_rows(&self) -> usize;

    /// Number of linear predictors for each row: of classes or responses.
    fn n_outputs(&self) -> usize {
        1
    }

    /// Whether a constant may be added to the predictor to good effect; not so for Cox's model.
    fn has_intercept(&self) -> bool {
        true
    }

    /// Observation weights, which sum to 1.
    fn weights(&self) -> &[f64];

    /// The same targets with other observation weights, as in a fold of a cross-validation: rows of
    /// weight 0 do not count.
    ///
    /// # Errors
    /// If there is not one weight for each row, one is negative or not finite, or what is left does not
    /// make a regression.
    fn with_weights(&self, weights: &[f64]) -> Result<Box<dyn Family>, Error>;

    /// Returns `L(η)` and writes its gradient in `η` to `gradient`.
    fn value_and_gradient(&self, predictor: &[f64], gradient: &mut [f64]) -> f64;

    /// Writes `∇²L(η) d` to `out`.
    fn hessian_product(&self, predictor: &[f64], direction: &[f64], out: &mut [f64]);

    /// Whether adding one number to all outputs of a row changes nothing.
    fn is_shift_invariant(&self) -> bool {
        false
    }

    /// Whether `∇²L` is the weights, whatever the predictor: then Gram matrices are formed once.
    fn is_quadratic(&self) -> bool {
        false
    }

    /// Writes `∂²L/∂η_ik∂η_il` for every row `i` and returns true, where the Hessian couples no two
    /// rows; returns false, and leaves `out` as it is, for Cox's model.
    fn curvature(&self, predictor: &[f64], k: usize, l: usize, out: &mut [f64]) -> bool;

    /// `−L*(θ)`, or a lower bound of it, at `θ = shrink · gradient`, where `0 < shrink ≤ 1` and
    /// `gradient` is that at `predictor`, but for rounding and a small projection; `L*` is the convex
    /// conjugate. Minus infinity outside of its domain, `None` where it is not known.
    fn dual(&self, predictor: &[f64], gradient: &[f64], shrink: f64) -> Option<f64>;

    /// The least `L` can be: that of the saturated model.
    fn saturated(&self) -> f64;

    /// The constant predictor that suits the mean target, for each output: where intercepts start.
    fn start(&self) -> Vec<f64>;

    /// The targets, if the loss is `½ Σ w (y − η)²` with one output: one that does not vary
    /// leaves nothing to explain, and is refused.
    fn least_squares(&self) -> Option<&[f64]> {
        None
    }

    /// `−2 ln` of the likelihood of `n` rows with the mean `loss`, up to a constant; `None` for losses
    /// that are none, or whose dispersion would have to be estimated from other data.
    fn minus_two_log_likelihood(&self, loss: f64, n: f64) -> Option<f64>;

    /// What is predicted.
    fn target(&self) -> Target<'_>;

    /// Whether the target is one of the classes 0 and 1, and 1 more probable where the predictor is above 0.
    fn has_two_classes(&self) -> bool {
        false
    }

    /// Writes the deviance of each row, twice its loss above the least that it can be, and returns true;
    /// returns false where rows have none of their own.
    fn deviances(&self, predictor: &[f64], out: &mut [f64]) -> bool;

    /// Turns linear predictors into responses: means, probabilities, relative risks.
    fn respond(&self, predictor: &mut [f64]);
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
