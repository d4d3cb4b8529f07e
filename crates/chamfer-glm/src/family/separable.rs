//! Families in which each row has one predictor and a loss of its own.

use super::Family;
use super::normalized_weights;
use crate::{Error, Target};
use std::fmt::Debug;

/// The loss of one row, a convex function of its predictor.
pub trait RowLoss: Debug + Clone + Send + Sync + 'static {
    /// The usual name.
    const NAME: &'static str;

    /// What a target must be, for the message that refuses one.
    const TARGET: &'static str;

    /// Whether `ℓ(η) = ½(y − η)²`.
    const IS_LEAST_SQUARES: bool = false;

    /// Whether the target is one of the classes 0 and 1, and 1 more probable where `η` is above 0.
    const HAS_TWO_CLASSES: bool = false;

    /// Whether a target is one.
    fn accepts(&self, y: f64) -> bool;

    /// `ℓ(η)` with its first two derivatives.
    fn value(&self, y: f64, eta: f64) -> [f64; 3];

    /// `ℓ*(θ) = sup_η θη − ℓ(η)`; infinite outside of its domain.
    fn conjugate(&self, y: f64, theta: f64) -> f64;

    /// See [`Family::minus_two_log_likelihood`].
    fn minus_two_log_likelihood(&self, _loss: f64, _n: f64) -> Option<f64> {
        None
    }

    /// The response at a predictor.
    fn respond(&self, eta: f64) -> f64;

    /// The predictor that is best if there is nothing else to know of rows whose target has mean `y`.
    fn link(&self, mean: f64) -> f64;

    /// The constant predictor to start from, for targets with these weights, which sum to 1.
    fn start(&self, target: &[f64], weights: &[f64]) -> f64 {
        self.link(target.iter().zip(weights).map(|(y, w)| w * y).sum())
    }
}

/// A [`Family`] made of a [`RowLoss`]: `L(η) = Σ_i w_i ℓ(y_i, η_i)`.
#[derive(Debug, Clone)]
pub struct Separable<R> {
    loss: R,
    target: Vec<f64>,
    weights: Vec<f64>,
}

impl<R: RowLoss> Separable<R> {
    /// The family for these targets; `weights` are at least 0, of any sum, and 1/n unless given.
    ///
    /// # Errors
    /// If there are fewer than two rows, a target is not of the family's kind, lengths differ, or a
    /// weight is negative or all are zero.
    pub fn new(loss: R, target: Vec<f64>, weights: Option<&[f64]>) -> Result<Self, Error> {
        if target.len() < 2 {
            return Err(Error::OneRow);
        }
        let refused = |y: &f64| !y.is_finite() || !loss.accepts(*y);
        if let Some(row) = target.iter().position(refused) {
            let (value, needed) = (target[row], R::TARGET);
            return Err(Error::InvalidTarget { row, value, family: R::NAME, needed });
        }
        let weights = normalized_weights(target.len(), weights)?;
        Ok(Self { loss, target, weights })
    }

    /// The loss of a row.
    pub fn loss(&self) -> &R {
        &self.loss
    }

    fn rows<'a>(&'a self, of: &'a [f64]) -> impl Iterator<Item = (f64, f64, f64)> + 'a {
        self.target.iter().zip(&self.weights).zip(of).map(|((&y, &w), &x)| (y, w, x))
    }
}

impl<R: RowLoss> Family for Separable<R> {
    fn name(&self) -> &'static str {
        R::NAME
    }

    fn n_rows(&self) -> usize {
        self.target.len()
    }

    fn weights(&self) -> &[f64] {
        &self.weights
    }

    fn with_weights(&self, weights: &[f64]) -> Result<Box<dyn Family>, Error> {
        Ok(Box::new(Self::new(self.loss.clone(), self.target.clone(), Some(weights))?))
    }

    fn value_and_gradient(&self, predictor: &[f64], gradient: &mut [f64]) -> f64 {
        let mut sum = 0.0;
        for ((y, w, eta), g) in self.rows(predictor).zip(gradient) {
            // A row of weight 0 must not bring in its overflow.
            let [value, slope, _] = if w > 0.0 { self.loss.value(y, eta) } else { [0.0; 3] };
            sum += w * value;
            *g = w * slope;
        }
        sum
    }

    fn hessian_product(&self, predictor: &[f64], direction: &[f64], out: &mut [f64]) {
        for (((y, w, eta), d), out) in self.rows(predictor).zip(direction).zip(out) {
            *out = if w > 0.0 { w * self.loss.value(y, eta)[2] * d } else { 0.0 };
        }
    }

    fn is_quadratic(&self) -> bool {
        R::IS_LEAST_SQUARES
    }

    fn curvature(&self, predictor: &[f64], _: usize, _: usize, out: &mut [f64]) -> bool {
        for ((y, w, eta), out) in self.rows(predictor).zip(out) {
            *out = if w > 0.0 { w * self.loss.value(y, eta)[2] } else { 0.0 };
        }
        true
    }

    fn dual(&self, _: &[f64], gradient: &[f64], shrink: f64) -> Option<f64> {
        let counted = self.rows(gradient).filter(|(_, w, _)| *w > 0.0);
        Some(-counted.map(|(y, w, g)| w * self.loss.conjugate(y, shrink * g / w)).sum::<f64>())
    }

    fn saturated(&self) -> f64 {
        // inf ℓ = −ℓ*(0).
        let terms = self.target.iter().zip(&self.weights).filter(|(_, w)| **w > 0.0);
        -terms.map(|(&y, w)| w * self.loss.conjugate(y, 0.0)).sum::<f64>()
    }

    fn start(&self) -> Vec<f64> {
        let start = self.loss.start(&self.target, &self.weights);
        vec![if start.is_finite() { start } else { 0.0 }]
    }

    fn least_squares(&self) -> Option<&[f64]> {
        R::IS_LEAST_SQUARES.then_some(self.target.as_slice())
    }

    fn minus_two_log_likelihood(&self, loss: f64, n: f64) -> Option<f64> {
        self.loss.minus_two_log_likelihood(loss, n)
    }

    fn target(&self) -> Target<'_> {
        Target::Numbers(&self.target)
    }

    fn has_two_classes(&self) -> bool {
        R::HAS_TWO_CLASSES
    }

    fn deviances(&self, predictor: &[f64], out: &mut [f64]) -> bool {
        for ((out, &y), &eta) in out.iter_mut().zip(&self.target).zip(predictor) {
            *out = 2.0 * (self.loss.value(y, eta)[0] + self.loss.conjugate(y, 0.0));
        }
        true
    }

    fn respond(&self, predictor: &mut [f64]) {
        for eta in predictor {
            *eta = self.loss.respond(*eta);
        }
    }
}

/// `x ln x`, continued by 0 at 0 and by infinity below.
pub(super) fn x_ln_x(x: f64) -> f64 {
    if x > 0.0 {
        x * x.ln()
    } else if x == 0.0 {
        0.0
    } else {
        f64::INFINITY
    }
}
