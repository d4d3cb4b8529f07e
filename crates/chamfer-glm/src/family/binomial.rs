//! Logistic regression.

use super::RowLoss;
use super::separable::x_ln_x;

/// `ℓ(η) = ln(1 + e^η) − yη` for `y` in `[0, 1]`: a yes-or-no target, or the share of yeses, with
/// log-odds `η`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Binomial;

impl RowLoss for Binomial {
    const NAME: &'static str = "binomial";
    const TARGET: &'static str = "0 or 1, or a share between";

    const HAS_TWO_CLASSES: bool = true;

    fn accepts(&self, y: f64) -> bool {
        (0.0..=1.0).contains(&y)
    }

    fn value(&self, y: f64, eta: f64) -> [f64; 3] {
        // Without overflow, and without cancellation where the probability is near 1.
        let tail = (-eta.abs()).exp();
        let (small, large) = (tail / (1.0 + tail), 1.0 / (1.0 + tail));
        let (yes, no) = if eta >= 0.0 { (large, small) } else { (small, large) };
        let value = eta.max(0.0) + tail.ln_1p() - y * eta;
        [value, (1.0 - y) * yes - y * no, yes * no]
    }

    fn conjugate(&self, y: f64, theta: f64) -> f64 {
        // p = y + θ is the probability; the entropy of it.
        x_ln_x(y + theta) + x_ln_x(1.0 - y - theta)
    }

    fn minus_two_log_likelihood(&self, loss: f64, n: f64) -> Option<f64> {
        Some(2.0 * n * loss)
    }

    fn respond(&self, eta: f64) -> f64 {
        1.0 / (1.0 + (-eta).exp())
    }

    fn link(&self, mean: f64) -> f64 {
        (mean / (1.0 - mean)).ln()
    }
}
