//! The Hadamard product of many factors.

use super::depth::Depth;
use super::product::Factors;
use super::{Curvature, Parametrization, away_from_zero};
use crate::{Convexity, Error, Facts, Penalty, Scalar, Strength};
use rand::RngCore;

/// Deep Hadamard product `β = u₁ ∘ … ∘ u_k`, `R_ξ = (1/k) Σ_l Σ_j w_j u_{l,j}²`, which induces
/// `R = Σ w_j |β_j|^{2/k}` (Hoff 2017; Kolb et al. 2023; as deep weight factorization, Kolb et al.
/// 2025a).
///
/// Factors: `ξ = [u₁, …, u_k]`, length `k d`. K is polynomial. Balanced: all `|u_{l,j}|` equal. For
/// `k > 2`, zero is a strict local minimum in every coordinate: what reaches it stays there.
///
/// ```
/// use chamfer::{HppK, Parametrization};
///
/// let mut factors = [0.0; 3];
/// HppK::new(3)?.lift(&[-8.0], &mut factors);
/// assert_eq!(factors, [-2.0, 2.0, 2.0]);
/// # Ok::<(), chamfer::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HppK {
    depth: Depth,
    k: usize,
}

impl HppK {
    pub(crate) const FACTS: Facts = Facts {
        name: "HPP_k",
        type_name: "HppK",
        map: "u₁ ∘ … ∘ u_k",
        surrogate: "(1/k) Σ_l ‖u_l‖²",
        penalty: "Σ |β_j|^{2/k}",
        convex: Convexity::AtDepthTwo,
        extra_factors: "(k−1)d",
        smoothness: "polynomial, integer k ≥ 2",
        source: "Hoff 2017; Kolb et al. 2023, 2025a",
    };

    /// The product of `depth` factors.
    ///
    /// # Errors
    /// If `depth` is below 2 or above 65,536.
    pub fn new(depth: usize) -> Result<Self, Error> {
        Ok(Self { depth: Depth::new(depth as f64, 2.0)?, k: depth })
    }

    /// Gates of modulus `gate` in all factors of coefficient `j` but the first, which takes what
    /// is left of `b`, and its sign.
    fn split<T: Scalar>(&self, b: T, gate: T, j: usize, factors: &mut [T]) {
        let d = factors.len() / self.k;
        let mut rest = b;
        for l in 1..self.k {
            factors[l * d + j] = gate;
            // A zero has zero gates when lifted.
            rest = if rest == T::zero() { rest } else { rest / gate };
        }
        factors[j] = rest;
    }

    fn factors<'a, T: Scalar>(&self, all: &'a [T]) -> Factors<'a, T> {
        Factors { all, d: all.len() / self.k }
    }
}

impl<T: Scalar> Parametrization<T> for HppK {
    fn facts(&self) -> &'static Facts {
        &Self::FACTS
    }

    fn n_factors(&self, n_coefficients: usize) -> usize {
        self.k * n_coefficients
    }

    fn collapse(&self, factors: &[T], coefficients: &mut [T]) {
        let mut slices = factors.chunks_exact(coefficients.len().max(1));
        if let Some(first) = slices.next() {
            coefficients.copy_from_slice(first);
        }
        for factor in slices {
            for (b, &u) in coefficients.iter_mut().zip(factor) {
                *b *= u;
            }
        }
    }

    fn pushforward(&self, factors: &[T], direction: &[T], out: &mut [T]) {
        let (factors, direction) = (self.factors(factors), self.factors(direction));
        for (j, out) in out.iter_mut().enumerate() {
            *out = factors.product_change(direction, j, self.k);
        }
    }

    fn pullback(
        &self,
        factors: &[T],
        gradient: &[T],
        strength: Strength<'_, T>,
        out: &mut [T],
    ) -> T {
        let d = gradient.len();
        self.factors(factors).leave_one_out(0..d, |j| gradient[j], out);
        let scale = T::of(1.0 / self.depth.k());
        let mut surrogate = T::zero();
        for (out, factor) in out.chunks_exact_mut(d).zip(factors.chunks_exact(d)) {
            for (j, (out, &u)) in out.iter_mut().zip(factor).enumerate() {
                let pull = scale * strength.at(j) * u;
                surrogate += pull * u;
                *out += pull + pull;
            }
        }
        surrogate
    }

    fn hessian_product(
        &self,
        factors: &[T],
        curvature: Curvature<'_, T>,
        strength: Strength<'_, T>,
        direction: &[T],
        out: &mut [T],
    ) {
        let d = curvature.gradient.len();
        let scale = T::of(2.0 / self.depth.k());
        let (u, du) = (self.factors(factors), self.factors(direction));
        for j in 0..d {
            for l in 0..self.k {
                out[l * d + j] = curvature.product[j] * u.product_without(j, l)
                    + curvature.gradient[j] * u.product_change(du, j, l)
                    + scale * strength.at(j) * direction[l * d + j];
            }
        }
    }

    fn surrogate(&self, factors: &[T], strength: Strength<'_, T>) -> T {
        let d = factors.len() / self.k;
        let factor = |factor: &[T]| -> T {
            factor.iter().enumerate().map(|(j, &u)| strength.at(j) * u * u).sum()
        };
        T::of(1.0 / self.depth.k()) * factors.chunks_exact(d.max(1)).map(factor).sum::<T>()
    }

    fn lift(&self, coefficients: &[T], factors: &mut [T]) {
        for (j, &b) in coefficients.iter().enumerate() {
            self.split(b, self.depth.root(b), j, factors);
        }
    }

    fn start(&self, coefficients: &[T], factors: &mut [T]) {
        for (j, &b) in coefficients.iter().enumerate() {
            self.split(b, self.depth.root(b).max(T::one()), j, factors);
        }
    }

    fn random(&self, standard_deviation: T, rng: &mut dyn RngCore, factors: &mut [T]) {
        let scale = self.depth.root(standard_deviation);
        factors.fill_with(|| away_from_zero(scale, rng));
    }

    fn frozen(&self, factors: &[T]) -> Option<usize> {
        let factors = self.factors(factors);
        (0..factors.d).find(|&j| factors.zeros(j) >= 2)
    }

    fn imbalance(&self, factors: &[T]) -> T {
        let factors = self.factors(factors);
        (0..factors.d).map(|j| factors.spread(j)).fold(T::zero(), T::max)
    }

    fn penalty(&self) -> &dyn Penalty<T> {
        self.depth.penalty()
    }
}
