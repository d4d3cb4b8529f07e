//! Least squares with several responses.

use super::Family;
use super::normalized_weights;
use crate::{Error, Target};

/// `L(η) = ½ Σ_i w_i Σ_k (y_ik − η_ik)²`: several responses, fitted together.
#[derive(Debug, Clone)]
pub struct MultiGaussian {
    /// Response by response.
    target: Vec<f64>,
    weights: Vec<f64>,
}

impl MultiGaussian {
    /// The family for `n_responses` responses; `target` holds them one after the other.
    ///
    /// # Errors
    /// If there are fewer than two rows, a number is not finite, or lengths or weights are wrong.
    pub fn new(
        target: Vec<f64>,
        n_responses: usize,
        weights: Option<&[f64]>,
    ) -> Result<Self, Error> {
        let n_rows = target.len() / n_responses.max(1);
        Error::check_length("the target", n_rows * n_responses, target.len())?;
        if n_rows < 2 {
            return Err(Error::OneRow);
        }
        if let Some(index) = target.iter().position(|y| !y.is_finite()) {
            let (row, value) = (index % n_rows, target[index]);
            let (family, needed) = ("multi-response gaussian", "numbers");
            return Err(Error::InvalidTarget { row, value, family, needed });
        }
        Ok(Self { target, weights: normalized_weights(n_rows, weights)? })
    }

    /// The weight of entry `index` of the predictor.
    fn weight(&self, index: usize) -> f64 {
        self.weights[index % self.weights.len()]
    }
}

impl Family for MultiGaussian {
    fn name(&self) -> &'static str {
        "multi-response gaussian"
    }

    fn n_rows(&self) -> usize {
        self.weights.len()
    }

    fn n_outputs(&self) -> usize {
        self.target.len() / self.weights.len()
    }

    fn weights(&self) -> &[f64] {
        &self.weights
    }

    fn with_weights(&self, weights: &[f64]) -> Result<Box<dyn Family>, Error> {
        Ok(Box::new(Self::new(self.target.clone(), self.n_outputs(), Some(weights))?))
    }

    fn value_and_gradient(&self, predictor: &[f64], gradient: &mut [f64]) -> f64 {
        let mut sum = 0.0;
        for (index, (eta, y)) in predictor.iter().zip(&self.target).enumerate() {
            let residual = eta - y;
            gradient[index] = self.weight(index) * residual;
            sum += 0.5 * gradient[index] * residual;
        }
        sum
    }

    fn hessian_product(&self, _: &[f64], direction: &[f64], out: &mut [f64]) {
        for (index, (out, d)) in out.iter_mut().zip(direction).enumerate() {
            *out = self.weight(index) * d;
        }
    }

    fn is_quadratic(&self) -> bool {
        true
    }

    fn curvature(&self, _: &[f64], k: usize, l: usize, out: &mut [f64]) -> bool {
        if k == l {
            out.copy_from_slice(&self.weights);
        } else {
            out.fill(0.0);
        }
        true
    }

    fn dual(&self, _: &[f64], gradient: &[f64], shrink: f64) -> Option<f64> {
        let term = |(index, (g, y)): (usize, (&f64, &f64))| match self.weight(index) {
            w if w > 0.0 => shrink * g * (0.5 * shrink * g / w + y),
            _ => 0.0,
        };
        Some(-gradient.iter().zip(&self.target).enumerate().map(term).sum::<f64>())
    }

    fn start(&self) -> Vec<f64> {
        let mean =
            |of_output: &[f64]| of_output.iter().zip(&self.weights).map(|(y, w)| w * y).sum();
        self.target.chunks_exact(self.n_rows()).map(mean).collect()
    }

    fn saturated(&self) -> f64 {
        0.0
    }

    fn minus_two_log_likelihood(&self, _: f64, _: f64) -> Option<f64> {
        None
    }

    fn target(&self) -> Target<'_> {
        Target::Numbers(&self.target)
    }

    fn deviances(&self, predictor: &[f64], out: &mut [f64]) -> bool {
        let n = self.n_rows();
        out.fill(0.0);
        for (index, (eta, y)) in predictor.iter().zip(&self.target).enumerate() {
            out[index % n] += (eta - y).powi(2);
        }
        true
    }

    fn respond(&self, _: &mut [f64]) {}
}
