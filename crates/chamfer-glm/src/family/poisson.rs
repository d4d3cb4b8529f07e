//! Counts.

use super::RowLoss;
use super::separable::x_ln_x;

/// `ℓ(η) = e^η − yη`: a count with mean `e^η`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Poisson;

impl RowLoss for Poisson {
    const NAME: &'static str = "poisson";
    const TARGET: &'static str = "a count, 0 or above";

    fn accepts(&self, y: f64) -> bool {
        y >= 0.0
    }

    fn value(&self, y: f64, eta: f64) -> [f64; 3] {
        let mean = eta.exp();
        [mean - y * eta, mean - y, mean]
    }

    fn conjugate(&self, y: f64, theta: f64) -> f64 {
        let mean = y + theta;
        x_ln_x(mean) - mean
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
