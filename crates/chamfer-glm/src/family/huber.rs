//! Least squares that outliers do not govern.

use super::RowLoss;
use crate::Error;

/// Huber's loss of the residual `r = y − η`: `½r²` for `|r| ≤ δ`, `δ|r| − ½δ²` beyond.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Huber {
    delta: f64,
}

impl Huber {
    /// The loss that is linear beyond residuals of `delta`, in units of the target.
    ///
    /// # Errors
    /// If `delta` is not finite and above 0.
    pub fn new(delta: f64) -> Result<Self, Error> {
        Error::check_positive("delta of the Huber loss", delta).map(|()| Self { delta })
    }
}

impl RowLoss for Huber {
    const NAME: &'static str = "huber";
    const TARGET: &'static str = "a number";

    fn accepts(&self, _: f64) -> bool {
        true
    }

    fn value(&self, y: f64, eta: f64) -> [f64; 3] {
        let residual = eta - y;
        let clipped = residual.clamp(-self.delta, self.delta);
        let bend = if residual.abs() <= self.delta { 1.0 } else { 0.0 };
        [clipped * (residual - 0.5 * clipped), clipped, bend]
    }

    fn conjugate(&self, y: f64, theta: f64) -> f64 {
        // A gradient of exactly delta may come back larger, from times a weight and over it.
        let most = self.delta * (1.0 + 4.0 * f64::EPSILON);
        if theta.abs() <= most { theta * (0.5 * theta + y) } else { f64::INFINITY }
    }

    fn respond(&self, eta: f64) -> f64 {
        eta
    }

    fn link(&self, mean: f64) -> f64 {
        mean
    }

    /// The median: where the loss of every row is a straight line, as it may be around the mean of targets
    /// with outliers, Newton's method has nothing to go by.
    fn start(&self, target: &[f64], weights: &[f64]) -> f64 {
        let mut rows: Vec<usize> = (0..target.len()).collect();
        rows.sort_by(|&a, &b| target[a].total_cmp(&target[b]));
        let mut below = 0.0;
        let median = rows.into_iter().find(|&row| {
            below += weights[row];
            below >= 0.5
        });
        median.map_or(0.0, |row| target[row])
    }
}
