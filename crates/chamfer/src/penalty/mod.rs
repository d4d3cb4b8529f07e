//! Base penalties `R`: the non-smooth functions that the parametrizations induce.

mod folded_concave;
mod group;
mod l1;
mod lq;
mod mcp;
mod non_negative;
mod none;
mod scad;
mod schatten;
mod sparse_group;

pub(crate) use folded_concave::FoldedConcave;
pub use group::GroupPenalty;
pub use l1::L1;
pub use lq::Lq;
pub use mcp::McpPenalty;
pub use non_negative::NonNegativeL1;
pub use none::NoPenalty;
pub use scad::ScadPenalty;
pub use schatten::Schatten;
pub use sparse_group::SparseGroupPenalty;

use crate::{Scalar, Strength};
use std::fmt::Debug;

/// A base penalty `λR(β)` of one block, and the optimality conditions of `L(β) + λR(β)`.
///
/// Each method takes the coefficients of one block and the block's [`Strength`]; `gradient` is
/// `∇L(β)` restricted to the block. Where not said otherwise, all cost one pass over the block.
pub trait Penalty<T: Scalar>: Debug + Send + Sync {
    /// `λR(β)`.
    fn value(&self, coefficients: &[T], strength: Strength<'_, T>) -> T;

    /// The largest violation of first-order optimality over the terms,
    /// `dist(−∇L(β), λ∂R(β))`; 0 at a stationary point.
    fn stationarity(&self, coefficients: &[T], gradient: &[T], strength: Strength<'_, T>) -> T;

    /// Writes the direction of steepest descent of `L + λR`: minus the shortest vector of
    /// `∇L(β) + λ∂R(β)`. The Euclidean norm over a term is its violation of first-order optimality.
    ///
    /// Returns false, and leaves `out` as it is, where that is not known (the rank of a matrix).
    fn steepest_descent(
        &self,
        coefficients: &[T],
        gradient: &[T],
        strength: Strength<'_, T>,
        out: &mut [T],
    ) -> bool;

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

    /// Marks the coefficients in whose directions `λR` is smooth at β: those that are not 0, and the
    /// zeros of a group that the penalty keeps smooth.
    fn support(&self, coefficients: &[T], support: &mut [bool]) {
        for (support, b) in support.iter_mut().zip(coefficients) {
            *support = *b != T::zero();
        }
    }

    /// Marks the zeros of β that first-order optimality holds in place with a margin: a change of
    /// the gradient by less than a relative `slack` leaves them zeros. Others are left as they are.
    fn certify_zeros(
        &self,
        coefficients: &[T],
        gradient: &[T],
        strength: Strength<'_, T>,
        slack: T,
        certified: &mut [bool],
    );

    /// Writes `λ∇²R(β) d` on the support to `out` and 0 elsewhere; `direction` is 0 off the support.
    ///
    /// Returns false, and leaves `out` as it is, where the support is no set of coordinates (the
    /// rank of a matrix).
    fn hessian_product(
        &self,
        coefficients: &[T],
        strength: Strength<'_, T>,
        direction: &[T],
        out: &mut [T],
    ) -> bool;

    /// The least modulus `t = (q λ/G)^{1/(1−q)}` that a term can have at a stationary point where
    /// the gradient's is at most `G`; a balanced start below it ends at zero. 0 where zero does not
    /// absorb: for `q = 1` and the unpenalized.
    fn dead_zone(&self, lambda: T, gradient_bound: T) -> T {
        let _ = (lambda, gradient_bound);
        T::zero()
    }

    /// Raises the terms that are not 0 but inside the [dead zone](Self::dead_zone) of the largest
    /// gradient to twice its modulus; returns how many.
    fn raise(&self, coefficients: &mut [T], gradient: &[T], strength: Strength<'_, T>) -> usize {
        let _ = (coefficients, gradient, strength);
        0
    }
}
