//! Positive amounts.

use super::RowLoss;

/// `ℓ(η) = η + y e^{−η}`: a gamma-distributed target with mean `e^η` (log link).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Gamma;

impl RowLoss for Gamma {
    const NAME: &'static str = "gamma";
    const TARGET: &'static str = "a number above 0";

    fn accepts(&self, y: f64) -> bool {
        y > 0.0
    }

    fn value(&self, y: f64, eta: f64) -> [f64; 3] {
        let ratio = y * (-eta).exp();
        [eta + ratio, 1.0 - ratio, ratio]
    }

    fn conjugate(&self, y: f64, theta: f64) -> f64 {
        // The supremum is at y e^{−η} = 1 − θ.
        let rest = 1.0 - theta;
        if rest > 0.0 {
            rest * ((rest / y).ln() - 1.0)
        } else if rest == 0.0 {
            0.0
        } else {
            f64::INFINITY
        }
    }

    fn respond(&self, eta: f64) -> f64 {
        eta.exp()
    }

    fn link(&self, mean: f64) -> f64 {
        mean.ln()
    }
}
