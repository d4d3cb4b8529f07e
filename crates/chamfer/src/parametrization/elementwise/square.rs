//! The square parametrization, for coefficients that may not be negative.

use super::{Elementwise, elementwise};
use crate::parametrization::away_from_zero;
use crate::{Convexity, Facts, NonNegativeL1, Penalty, Scalar};
use rand::RngCore;

/// Square `β = u ∘ u`, `R_ξ = Σ w_j u_j²`, which induces `R = Σ w_j β_j` on `β ≥ 0`
/// (Hoff 2017; Kolb et al. 2023).
///
/// Factors: `ξ = u`, length `d`; no extra ones. K is polynomial, and onto `β ≥ 0` only: a lift
/// takes a negative coefficient as 0. At `u_j = 0` no gradient moves `u_j`, so a start must not be
/// there; [`start`](crate::Parametrization::start) opens zeros to 0.01.
///
/// ```
/// use chamfer::{Parametrization, Square};
///
/// let mut beta = [0.0; 2];
/// Square.collapse(&[3.0, -2.0], &mut beta);
/// assert_eq!(beta, [9.0, 4.0]);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Square;

/// Where a start opens a zero: as `β`.
const OPENED: f64 = 0.01;

impl Square {
    pub(crate) const FACTS: Facts = Facts {
        name: "square",
        type_name: "Square",
        map: "u∘u",
        surrogate: "‖u‖²",
        penalty: "Σ β_j, β ≥ 0",
        convex: Convexity::Always,
        extra_factors: "0",
        smoothness: "polynomial",
        source: "Hoff 2017; Kolb et al. 2023",
    };
}

impl<T: Scalar> Elementwise<T, 1> for Square {
    #[inline]
    fn value(&self, [u]: [T; 1], _: [T; 1]) -> T {
        u * u
    }

    #[inline]
    fn slopes(&self, [u]: [T; 1], _: [T; 1]) -> [T; 1] {
        [u + u]
    }

    #[inline]
    fn curvature(&self, _: [T; 1], [du]: [T; 1]) -> [T; 1] {
        [du + du]
    }

    #[inline]
    fn ridge(&self) -> [T; 1] {
        [T::one()]
    }

    fn lift(&self, b: T) -> [T; 1] {
        [b.max(T::zero()).sqrt()]
    }

    fn start(&self, b: T) -> [T; 1] {
        [b.max(T::of(OPENED)).sqrt()]
    }

    fn random(&self, standard_deviation: T, rng: &mut dyn RngCore) -> [T; 1] {
        [away_from_zero(standard_deviation, rng).abs().sqrt()]
    }

    fn imbalance(&self, _: [T; 1]) -> T {
        T::zero()
    }

    fn induced(&self) -> &dyn Penalty<T> {
        &NonNegativeL1
    }
}

elementwise!(Square, 1);
