//! Least squares.

use super::Loss;

/// `ℓ_i(η) = ½ (y_i − η)²`: with weights `1/n`, the scaling `1/(2n) ‖y − η‖²` of scikit-learn and
/// glmnet.
#[derive(Debug, Clone)]
pub struct SquaredLoss {
    target: Vec<f64>,
}

impl SquaredLoss {
    /// Least squares for these `y`.
    #[must_use]
    pub fn new(target: Vec<f64>) -> Self {
        Self { target }
    }

    /// The `y`.
    #[must_use]
    pub fn target(&self) -> &[f64] {
        &self.target
    }
}

/// `Σ_i w_i a_i b_i`.
fn weighted_dot(w: &[f64], a: &[f64], b: &[f64]) -> f64 {
    w.iter().zip(a).zip(b).map(|((w, a), b)| w * a * b).sum()
}

impl Loss for SquaredLoss {
    fn value(&self, residual: &[f64], weights: &[f64]) -> f64 {
        0.5 * weighted_dot(weights, residual, residual)
    }

    fn residual(&self, predictor: &mut [f64]) {
        for (eta, y) in predictor.iter_mut().zip(&self.target) {
            *eta = y - *eta;
        }
    }

    fn best_dual(&self, residual: &[f64], weights: &[f64], limit: f64) -> f64 {
        // D(θ) = Σ w (y θ − θ²/2), a parabola in c along θ = c·residual.
        let square = weighted_dot(weights, residual, residual);
        if square == 0.0 {
            return 0.0;
        }
        let cross = weighted_dot(weights, &self.target, residual);
        let c = (cross / square).clamp(-limit, limit);
        c * cross - 0.5 * c * c * square
    }
}
