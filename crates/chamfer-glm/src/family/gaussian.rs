//! Least squares.

use super::RowLoss;

/// `ℓ(η) = ½(y − η)²`: a normal target with mean `η`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Gaussian;

impl RowLoss for Gaussian {
    const NAME: &'static str = "gaussian";
    const TARGET: &'static str = "a number";

    const IS_LEAST_SQUARES: bool = true;

    fn accepts(&self, _: f64) -> bool {
        true
    }

    fn value(&self, y: f64, eta: f64) -> [f64; 3] {
        let residual = eta - y;
        [0.5 * residual * residual, residual, 1.0]
    }

    fn conjugate(&self, y: f64, theta: f64) -> f64 {
        theta * (0.5 * theta + y)
    }

    /// With the variance that is most likely, the mean square.
    fn minus_two_log_likelihood(&self, loss: f64, n: f64) -> Option<f64> {
        Some(n * (2.0 * loss).ln())
    }

    fn respond(&self, eta: f64) -> f64 {
        eta
    }

    fn link(&self, mean: f64) -> f64 {
        mean
    }
}
