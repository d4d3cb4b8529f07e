//! The power parametrization.

use super::{Elementwise, elementwise};
use crate::parametrization::{away_from_zero, depth::Depth};
use crate::{Convexity, Error, Facts, Penalty, Scalar};
use rand::RngCore;

/// Power `β = v ∘ |v|^{k−1}`, `R_ξ = Σ w_j v_j²`, which induces `R = Σ w_j |β_j|^{2/k}`, for every
/// real depth `k ≥ 2` (powerpropagation, Schwarz et al. 2021, with weight decay; Kolb et al. 2023).
///
/// Factors: `ξ = v`, length `d`; no extra ones. K is C^{1,1} or smoother. At `v_j = 0` no gradient
/// moves `v_j`, and no start can open it without choosing a sign: start from coefficients that are
/// not 0, or use another parametrization.
///
/// ```
/// use chamfer::{Parametrization, Power};
///
/// let mut beta = [0.0; 2];
/// Power::new(3.0)?.collapse(&[2.0, -2.0], &mut beta);
/// assert_eq!(beta, [8.0, -8.0]);
/// # Ok::<(), chamfer::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Power {
    depth: Depth,
}

impl Power {
    pub(crate) const FACTS: Facts = Facts {
        name: "HPowP",
        type_name: "Power",
        map: "v ∘ |v|^{k−1}",
        surrogate: "‖v‖²",
        penalty: "Σ |β_j|^{2/k}",
        convex: Convexity::AtDepthTwo,
        extra_factors: "0",
        smoothness: "C^{1,1}, real k ≥ 2",
        source: "Schwarz et al. 2021; Kolb et al. 2023",
    };

    /// The power parametrization of depth `depth`.
    ///
    /// # Errors
    /// If `depth` is below 2 or above 65,536.
    pub fn new(depth: f64) -> Result<Self, Error> {
        Ok(Self { depth: Depth::new(depth, 2.0)? })
    }
}

impl<T: Scalar> Elementwise<T, 1> for Power {
    #[inline]
    fn exponents(&self) -> [Option<f64>; 1] {
        [Some(self.depth.k() - 1.0)]
    }

    #[inline]
    fn value(&self, [v]: [T; 1], [power]: [T; 1]) -> T {
        v * power
    }

    #[inline]
    fn slopes(&self, _: [T; 1], [power]: [T; 1]) -> [T; 1] {
        [T::of(self.depth.k()) * power]
    }

    #[inline]
    fn curvature(&self, [v]: [T; 1], [dv]: [T; 1]) -> [T; 1] {
        let k = self.depth.k();
        [T::of(k * (k - 1.0)) * v.signum() * self.depth.power(v, 2.0) * dv]
    }

    #[inline]
    fn ridge(&self) -> [T; 1] {
        [T::one()]
    }

    fn lift(&self, b: T) -> [T; 1] {
        [b.signum() * self.depth.root(b)]
    }

    fn start(&self, b: T) -> [T; 1] {
        self.lift(b)
    }

    fn random(&self, standard_deviation: T, rng: &mut dyn RngCore) -> [T; 1] {
        self.lift(away_from_zero(standard_deviation, rng))
    }

    fn imbalance(&self, _: [T; 1]) -> T {
        T::zero()
    }

    fn induced(&self) -> &dyn Penalty<T> {
        self.depth.penalty()
    }
}

elementwise!(Power, 1);
