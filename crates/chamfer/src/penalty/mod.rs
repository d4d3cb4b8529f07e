//! Base penalties `R`: the non-smooth functions that the parametrizations induce.

mod l1;
mod none;

pub use l1::L1;
pub use none::NoPenalty;

use crate::{Scalar, Strength};
use std::fmt::Debug;

/// A base penalty `λR(β)` of one block, and the optimality conditions of `L(β) + λR(β)`.
///
/// Each method takes the coefficients of one block and the block's [`Strength`]; `gradient` is
/// `∇L(β)` restricted to the block. All cost one pass over the block.
pub trait Penalty<T: Scalar>: Debug + Send + Sync {
    /// `λR(β)`.
    fn value(&self, coefficients: &[T], strength: Strength<'_, T>) -> T;

    /// The largest violation of first-order optimality, `dist_∞(−∇L(β), λ∂R(β))`; 0 at a
    /// stationary point.
    fn stationarity(&self, coefficients: &[T], gradient: &[T], strength: Strength<'_, T>) -> T;

    /// The smallest `c ≥ 0` with `z ∈ c·λ∂R(0)`, where `R` is a norm (the dual norm of `λR`).
    ///
    /// A dual point `z` is feasible when this is at most 1. `None` where `R` is not a norm: there
    /// is no such dual.
    fn dual_norm(&self, z: &[T], strength: Strength<'_, T>) -> Option<T>;

    /// Sets to exactly 0 each term that is small only because an iterative method stopped: those
    /// that the optimality conditions with this gradient want at zero by a margin of `slack`,
    /// relative to λ.
    ///
    /// The right slack depends on how exact the gradient is, so the caller tries several and
    /// judges each result by its [`stationarity`](Self::stationarity).
    fn snap_zeros(
        &self,
        coefficients: &mut [T],
        gradient: &[T],
        strength: Strength<'_, T>,
        slack: T,
    );
}
