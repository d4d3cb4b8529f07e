//! Parametrizations `β = K(ξ)` with their smooth surrogate penalties `R_ξ`.

mod depth;
mod elementwise;
mod group_power;
mod group_product;
mod hpp_k;
mod lanes;
mod matrix_product;
mod powers;
mod product;
mod sparse_group;
mod unpenalized;

pub use elementwise::{Hdp, HdpK, Hpp, Mcp, Power, Scad, SharedProduct, Square};
pub use group_power::GroupPower;
pub use group_product::GroupProduct;
pub use hpp_k::HppK;
pub use matrix_product::MatrixProduct;
pub use sparse_group::SparseGroup;
pub use unpenalized::Unpenalized;

use crate::{Error, Facts, Penalty, Scalar, Strength};
use rand::{Rng, RngCore};
use std::fmt::Debug;

/// A smooth surjection `β = K(ξ)` with a smooth surrogate penalty `R_ξ`, such that the base
/// penalty is `R(β) = min { R_ξ(ξ) : K(ξ) = β }`.
///
/// One value of the type serves a block of `d` coefficients; the factors of a block are one
/// contiguous slice `ξ` of length [`n_factors`](Self::n_factors)`(d)`, in an order that the
/// implementor documents. Where not said otherwise, a method is one pass over its slices, without
/// allocation.
///
/// Implementations assume slices of the right lengths; [`Blocks`](crate::Blocks) and
/// [`Lifted`](crate::Lifted) guarantee them.
pub trait Parametrization<T: Scalar>: Debug + Send + Sync {
    /// What the catalogue says of it.
    fn facts(&self) -> &'static Facts;

    /// Refuses a number of coefficients that it cannot serve.
    ///
    /// # Errors
    /// If it is made for another number: that of its groups, or of its matrix.
    fn check(&self, n_coefficients: usize) -> Result<(), Error> {
        let _ = n_coefficients;
        Ok(())
    }

    /// Length of `ξ` for `n_coefficients` coefficients.
    fn n_factors(&self, n_coefficients: usize) -> usize;

    /// Number of penalty terms, and so of weights: one for each coefficient unless the penalty
    /// acts on groups or a matrix.
    fn n_terms(&self, n_coefficients: usize) -> usize {
        n_coefficients
    }

    /// The weights of the terms unless others are given; `None` stands for ones.
    fn default_weights(&self) -> Option<Vec<T>> {
        None
    }

    /// `β = K(ξ)`, written to `coefficients`.
    fn collapse(&self, factors: &[T], coefficients: &mut [T]);

    /// `J_K(ξ) d`, written to `out`: how β changes when ξ changes by `direction`.
    fn pushforward(&self, factors: &[T], direction: &[T], out: &mut [T]);

    /// Writes `J_K(ξ)ᵀ g + λ∇R_ξ(ξ)` to `out` and returns `λR_ξ(ξ)`: the chain rule, from a
    /// gradient `g` in β to the gradient of the surrogate problem, and the penalty in the same pass.
    ///
    /// Never divides by a factor, so it is exact at zeros.
    fn pullback(
        &self,
        factors: &[T],
        gradient: &[T],
        strength: Strength<'_, T>,
        out: &mut [T],
    ) -> T;

    /// Writes the product of the surrogate problem's Hessian with `direction` to `out`:
    /// `J_Kᵀ h + Σ_j g_j ∇²K_j d + λ∇²R_ξ d`, with `g` the gradient in β and `h = ∇²L J_K d`.
    fn hessian_product(
        &self,
        factors: &[T],
        curvature: Curvature<'_, T>,
        strength: Strength<'_, T>,
        direction: &[T],
        out: &mut [T],
    );

    /// `λR_ξ(ξ)`.
    fn surrogate(&self, factors: &[T], strength: Strength<'_, T>) -> T;

    /// The balanced lift: factors with `K(ξ) = β` and `R_ξ(ξ) = R(β)`.
    ///
    /// A lifted zero is a stationary point of the lifted problem, whatever the loss: use
    /// [`start`](Self::start) to begin an optimization.
    fn lift(&self, coefficients: &[T], factors: &mut [T]);

    /// Factors with `K(ξ) = β` that are not stationary merely because a coefficient is 0: where a
    /// balanced lift would be small, the gates are at least 1.
    ///
    /// Parametrizations without gates ([`Square`], [`Power`]) cannot do both, and say what they do.
    fn start(&self, coefficients: &[T], factors: &mut [T]);

    /// Random factors such that each coefficient has mean 0 and the standard deviation asked for
    /// (where the map has both signs), with no factor near 0: what is near 0 stays there long.
    fn random(&self, standard_deviation: T, rng: &mut dyn RngCore, factors: &mut [T]);

    /// The first coefficient that no gradient moves at these factors although it may be wrong; none
    /// where gates keep zeros open.
    fn frozen(&self, factors: &[T]) -> Option<usize>;

    /// The largest departure from balance over the terms; 0 for a balanced lift and at every
    /// stationary point with λ > 0.
    fn imbalance(&self, factors: &[T]) -> T;

    /// The induced base penalty `R`.
    fn penalty(&self) -> &dyn Penalty<T>;
}

/// What the loss contributes to a product with the Hessian of the surrogate problem.
#[derive(Debug, Clone, Copy)]
pub struct Curvature<'a, T> {
    /// `∇L(β)`.
    pub gradient: &'a [T],
    /// `∇²L(β) J_K(ξ) d`.
    pub product: &'a [T],
}

/// A random number with mean 0, the given standard deviation `s`, and modulus between 0.48 s and
/// 1.44 s: uniform on `±[a, 3a]`, where `a² (1 + 3 + 9)/3 = s²`.
fn away_from_zero<T: Scalar>(standard_deviation: T, rng: &mut dyn RngCore) -> T {
    let least = (3.0f64 / 13.0).sqrt();
    let modulus = standard_deviation * T::of(rng.random_range(least..3.0 * least));
    if rng.random() { modulus } else { -modulus }
}
