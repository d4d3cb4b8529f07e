//! Smooth losses of a linear predictor.

mod squared;

pub use squared::SquaredLoss;

/// A convex smooth loss `L(η) = Σ_i w_i ℓ_i(η_i)` of the linear predictor `η`.
///
/// All slices have one entry for each row; weights sum to 1.
pub trait Loss: Send + Sync {
    /// `L(η)`, from the predictor's [`residual`](Self::residual).
    fn value(&self, residual: &[f64], weights: &[f64]) -> f64;

    /// `−ℓ_i'(η_i)` for each row, written over the predictor that `predictor` holds.
    fn residual(&self, predictor: &mut [f64]);

    /// The greatest dual objective over the dual points `c · residual`, `|c| ≤ limit`.
    ///
    /// Each such point must be dual feasible: the caller has scaled `limit` for the penalty, and
    /// `residual` sums to 0 in `weights` where there is an intercept.
    fn best_dual(&self, residual: &[f64], weights: &[f64], limit: f64) -> f64;
}
