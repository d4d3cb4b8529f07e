//! The Hadamard difference parametrization.

use super::{Elementwise, elementwise};
use crate::parametrization::away_from_zero;
use crate::{Convexity, Facts, L1, Penalty, Scalar};
use rand::RngCore;

/// Hadamard difference `β = u∘u − v∘v`, `R_ξ = Σ w_j (u_j² + v_j²)`, which induces the lasso
/// `R = Σ w_j |β_j|` (Kolb et al. 2023).
///
/// Factors: `ξ = [u, v]`, length `2d`. K is polynomial. Balanced: `u_j v_j = 0`. It is [`Hpp`]
/// rotated by 45°: `u∘u − v∘v = (u + v) ∘ (u − v)`.
///
/// ```
/// use chamfer::{Hdp, Parametrization};
///
/// let mut factors = [0.0; 4];
/// Hdp.lift(&[4.0, -9.0], &mut factors);
/// assert_eq!(factors, [2.0, 0.0, 0.0, 3.0]);
/// ```
///
/// [`Hpp`]: crate::Hpp
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Hdp;

impl Hdp {
    pub(crate) const FACTS: Facts = Facts {
        name: "HDP",
        type_name: "Hdp",
        map: "u∘u − v∘v",
        surrogate: "‖u‖² + ‖v‖²",
        penalty: "Σ |β_j|",
        convex: Convexity::Always,
        extra_factors: "d",
        smoothness: "polynomial",
        source: "Hoff 2017; Kolb et al. 2023",
    };
}

impl<T: Scalar> Elementwise<T, 2> for Hdp {
    #[inline]
    fn value(&self, [u, v]: [T; 2], _: [T; 2]) -> T {
        // This keeps the digits that u² − v² would cancel.
        (u + v) * (u - v)
    }

    #[inline]
    fn slopes(&self, [u, v]: [T; 2], _: [T; 2]) -> [T; 2] {
        [u + u, -(v + v)]
    }

    #[inline]
    fn curvature(&self, _: [T; 2], [du, dv]: [T; 2]) -> [T; 2] {
        [du + du, -(dv + dv)]
    }

    #[inline]
    fn ridge(&self) -> [T; 2] {
        [T::one(); 2]
    }

    fn lift(&self, b: T) -> [T; 2] {
        [b.max(T::zero()).sqrt(), (-b).max(T::zero()).sqrt()]
    }

    fn start(&self, b: T) -> [T; 2] {
        // Adding the same amount to both squares leaves β as it is. Half of it for each of the
        // two factors is what the gate 1 of the product form amounts to.
        self.lift(b).map(|x| (x * x + T::of(0.5)).sqrt())
    }

    fn random(&self, standard_deviation: T, rng: &mut dyn RngCore) -> [T; 2] {
        let x: [T; 2] = self.lift(away_from_zero(standard_deviation, rng));
        x.map(|x| (x * x + T::of(0.5) * standard_deviation).sqrt())
    }

    fn imbalance(&self, [u, v]: [T; 2]) -> T {
        T::of(2.0) * (u * v).abs()
    }

    fn induced(&self) -> &dyn Penalty<T> {
        &L1
    }
}

elementwise!(Hdp, 2);
