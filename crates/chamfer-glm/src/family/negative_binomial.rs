//! Counts with more variance than Poisson's.

use super::RowLoss;
use super::separable::x_ln_x;
use crate::Error;

/// `ℓ(η) = (y + θ) ln(1 + e^η/θ) − yη`: a count with mean `μ = e^η` and variance `μ + μ²/θ`, of known
/// `θ` (log link).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NegativeBinomial {
    theta: f64,
}

impl NegativeBinomial {
    /// The family with dispersion `theta`.
    ///
    /// # Errors
    /// If `theta` is not finite and above 0.
    pub fn new(theta: f64) -> Result<Self, Error> {
        Error::check_positive("theta of the negative binomial family", theta)?;
        Ok(Self { theta })
    }
}

impl RowLoss for NegativeBinomial {
    const NAME: &'static str = "negative binomial";
    const TARGET: &'static str = "a count, 0 or above";

    fn accepts(&self, y: f64) -> bool {
        y >= 0.0
    }

    fn value(&self, y: f64, eta: f64) -> [f64; 3] {
        // As in logistic regression, of η − ln θ.
        let shifted = eta - self.theta.ln();
        let tail = (-shifted.abs()).exp();
        let (small, large) = (tail / (1.0 + tail), 1.0 / (1.0 + tail));
        let (up, down) = if shifted >= 0.0 { (large, small) } else { (small, large) };
        let total = y + self.theta;
        let value = total * (shifted.max(0.0) + tail.ln_1p()) - y * eta;
        [value, self.theta * up - y * down, total * up * down]
    }

    fn conjugate(&self, y: f64, theta: f64) -> f64 {
        // With a = y + θ* and c = y + θ, sup_η aη − c ln(1 + e^η/θ) is at e^η = θ a/(c − a).
        let (a, c) = (y + theta, y + self.theta);
        x_ln_x(a) + x_ln_x(c - a) - x_ln_x(c) + a * self.theta.ln()
    }

    fn minus_two_log_likelihood(&self, loss: f64, n: f64) -> Option<f64> {
        Some(2.0 * n * loss)
    }

    fn respond(&self, eta: f64) -> f64 {
        eta.exp()
    }

    fn link(&self, mean: f64) -> f64 {
        mean.ln()
    }
}
