//! The Hadamard product parametrization.

use super::{Elementwise, elementwise};
use crate::parametrization::away_from_zero;
use crate::{Convexity, Facts, L1, Penalty, Scalar};
use rand::RngCore;

/// Hadamard product `β = u ∘ v`, `R_ξ = ½ Σ w_j (u_j² + v_j²)`, which induces the lasso
/// `R = Σ w_j |β_j|` (Hoff 2017; Kolb et al. 2023).
///
/// Factors: `ξ = [u, v]`, length `2d`. K is polynomial. Balanced: `|u_j| = |v_j|`. A zero that the
/// loss pulls away from (`|∂_j L| > λ`) is a strict saddle, with Hessian block `[[λ, g], [g, λ]]`.
///
/// ```
/// use chamfer::{Hpp, Parametrization, Strength};
///
/// let mut factors = [0.0; 4];
/// Hpp.lift(&[4.0, -9.0], &mut factors);
/// assert_eq!(factors, [2.0, -3.0, 2.0, 3.0]); // u, then v
/// // R_ξ of the balanced lift is the lasso penalty |4| + |−9|.
/// assert_eq!(Hpp.surrogate(&factors, Strength::uniform(1.0)), 13.0);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Hpp;

impl Hpp {
    pub(crate) const FACTS: Facts = Facts {
        name: "HPP",
        type_name: "Hpp",
        map: "u ∘ v",
        surrogate: "½(‖u‖² + ‖v‖²)",
        penalty: "Σ |β_j|",
        convex: Convexity::Always,
        extra_factors: "d",
        smoothness: "polynomial",
        source: "Hoff 2017; Kolb et al. 2023",
    };
}

impl<T: Scalar> Elementwise<T, 2> for Hpp {
    #[inline]
    fn value(&self, [u, v]: [T; 2], _: [T; 2]) -> T {
        u * v
    }

    #[inline]
    fn slopes(&self, [u, v]: [T; 2], _: [T; 2]) -> [T; 2] {
        [v, u]
    }

    #[inline]
    fn curvature(&self, _: [T; 2], [du, dv]: [T; 2]) -> [T; 2] {
        [dv, du]
    }

    #[inline]
    fn ridge(&self) -> [T; 2] {
        [T::of(0.5); 2]
    }

    fn lift(&self, b: T) -> [T; 2] {
        let v = b.abs().sqrt();
        [if b == T::zero() { b } else { b / v }, v]
    }

    fn start(&self, b: T) -> [T; 2] {
        let v = b.abs().sqrt().max(T::one());
        [b / v, v]
    }

    fn random(&self, standard_deviation: T, rng: &mut dyn RngCore) -> [T; 2] {
        [0; 2].map(|_| away_from_zero(standard_deviation.sqrt(), rng))
    }

    fn imbalance(&self, [u, v]: [T; 2]) -> T {
        (u * u - v * v).abs()
    }

    fn induced(&self) -> &dyn Penalty<T> {
        &L1
    }
}

elementwise!(Hpp, 2);
