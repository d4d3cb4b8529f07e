//! Parametrizations `β = K(ξ)` with their smooth surrogate penalties `R_ξ`.

mod hdp;
mod hpp;
mod unpenalized;

pub use hdp::Hdp;
pub use hpp::Hpp;
pub use unpenalized::Unpenalized;

use crate::{Penalty, Scalar, Strength};
use std::fmt::Debug;

/// A smooth surjection `β = K(ξ)` with a smooth surrogate penalty `R_ξ`, such that the base
/// penalty is `R(β) = min { R_ξ(ξ) : K(ξ) = β }`.
///
/// One value of the type serves a block of `d` coefficients; the factors of a block are one
/// contiguous slice `ξ` of length [`n_factors`](Self::n_factors)`(d)`, in an order that the
/// implementor documents. Every method is one pass over its slices, without allocation.
///
/// Implementations assume slices of the right lengths; [`Blocks`](crate::Blocks) and
/// [`Lifted`](crate::Lifted) guarantee them.
pub trait Parametrization<T: Scalar>: Debug + Send + Sync {
    /// The usual name, for messages and tables.
    fn name(&self) -> &'static str;

    /// Length of `ξ` for `n_coefficients` coefficients.
    fn n_factors(&self, n_coefficients: usize) -> usize;

    /// Number of penalty terms, and so of weights: one for each coefficient unless the penalty
    /// acts on groups.
    fn n_terms(&self, n_coefficients: usize) -> usize {
        n_coefficients
    }

    /// `β = K(ξ)`, written to `coefficients`.
    fn collapse(&self, factors: &[T], coefficients: &mut [T]);

    /// `J_K(ξ)ᵀ g`, written to `out`: the chain rule, from a gradient in β to one in ξ.
    ///
    /// Never divides by a factor, so it is exact at zeros.
    fn pullback(&self, factors: &[T], gradient: &[T], out: &mut [T]);

    /// `λR_ξ(ξ)`.
    fn surrogate(&self, factors: &[T], strength: Strength<'_, T>) -> T;

    /// Adds `λ∇R_ξ(ξ)` to `out`.
    fn add_surrogate_gradient(&self, factors: &[T], strength: Strength<'_, T>, out: &mut [T]);

    /// The balanced lift: factors with `K(ξ) = β` and `R_ξ(ξ) = R(β)`.
    ///
    /// A lifted zero is a stationary point of the lifted problem, whatever the loss: use
    /// [`start`](Self::start) to begin an optimization.
    fn lift(&self, coefficients: &[T], factors: &mut [T]);

    /// Factors with `K(ξ) = β` that are not stationary merely because a coefficient is 0: where a
    /// balanced lift would be small, the gates are at least 1.
    fn start(&self, coefficients: &[T], factors: &mut [T]);

    /// The largest departure from balance over the terms; 0 for a balanced lift and at every
    /// stationary point with λ > 0.
    fn imbalance(&self, factors: &[T]) -> T;

    /// The induced base penalty `R`.
    fn penalty(&self) -> &dyn Penalty<T>;
}
