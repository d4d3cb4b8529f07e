//! Classification with a margin.

use super::RowLoss;

/// `ℓ(η) = ½(1 − sη)₊²` with the sign `s = 2y − 1` of a class `y` of 0 or 1: the smooth support vector
/// machine.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SquaredHinge;

impl RowLoss for SquaredHinge {
    const NAME: &'static str = "squared hinge";
    const HAS_TWO_CLASSES: bool = true;
    const TARGET: &'static str = "0 or 1";

    fn accepts(&self, y: f64) -> bool {
        y == 0.0 || y == 1.0
    }

    fn value(&self, y: f64, eta: f64) -> [f64; 3] {
        let sign = 2.0 * y - 1.0;
        let short = (1.0 - sign * eta).max(0.0);
        [0.5 * short * short, -sign * short, if short > 0.0 { 1.0 } else { 0.0 }]
    }

    fn conjugate(&self, y: f64, theta: f64) -> f64 {
        let along = (2.0 * y - 1.0) * theta;
        if along <= 0.0 { along + 0.5 * along * along } else { f64::INFINITY }
    }

    /// The decision value itself: its sign is the class.
    fn respond(&self, eta: f64) -> f64 {
        eta
    }

    fn link(&self, mean: f64) -> f64 {
        (2.0 * mean - 1.0).clamp(-1.0, 1.0)
    }
}
