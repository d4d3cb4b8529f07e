//! The product with one shared gate.

use super::{Elementwise, elementwise};
use crate::parametrization::{away_from_zero, depth::Depth};
use crate::{Convexity, Error, Facts, Penalty, Scalar};
use rand::RngCore;

/// Shared product `β = u ∘ |v|^{k−1}`, `R_ξ = (1/k) Σ w_j (u_j² + (k−1) v_j²)`, which induces
/// `R = Σ w_j |β_j|^{2/k}`, for every real depth `k ≥ 3` (Kolb et al. 2023): [`HppK`] with
/// `k − 1` equal factors stored once.
///
/// Factors: `ξ = [u, v]`, length `2d`. K is C^{1,1} or smoother. Balanced: `|u_j| = |v_j|`. Below
/// depth 3, `|v|^{k−1}` would have a kink or a cusp: use [`Hpp`](crate::Hpp) at depth 2, and
/// [`Power`](crate::Power) in between.
///
/// ```
/// use chamfer::{Parametrization, SharedProduct};
///
/// let mut beta = [0.0; 1];
/// SharedProduct::new(4.0)?.collapse(&[-5.0, 2.0], &mut beta);
/// assert_eq!(beta, [-40.0]); // −5 · 2³
/// # Ok::<(), chamfer::Error>(())
/// ```
///
/// [`HppK`]: crate::HppK
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SharedProduct {
    depth: Depth,
}

impl SharedProduct {
    pub(crate) const FACTS: Facts = Facts {
        name: "shared product",
        type_name: "SharedProduct",
        map: "u ∘ |v|^{k−1}",
        surrogate: "(1/k)(‖u‖² + (k−1)‖v‖²)",
        penalty: "Σ |β_j|^{2/k}",
        convex: Convexity::Never,
        extra_factors: "d",
        smoothness: "C^{1,1}, real k ≥ 3",
        source: "Schwarz et al. 2021; Kolb et al. 2023",
    };

    /// The shared product of depth `depth`.
    ///
    /// # Errors
    /// If `depth` is below 3 or above 65,536.
    pub fn new(depth: f64) -> Result<Self, Error> {
        Ok(Self { depth: Depth::new(depth, 3.0)? })
    }
}

impl<T: Scalar> Elementwise<T, 2> for SharedProduct {
    #[inline]
    fn exponents(&self) -> [Option<f64>; 2] {
        [None, Some(self.depth.k() - 2.0)]
    }

    #[inline]
    fn value(&self, [u, v]: [T; 2], [_, power]: [T; 2]) -> T {
        u * v.abs() * power
    }

    #[inline]
    fn slopes(&self, [u, v]: [T; 2], [_, power]: [T; 2]) -> [T; 2] {
        [v.abs() * power, u * T::of(self.depth.k() - 1.0) * v.signum() * power]
    }

    #[inline]
    fn curvature(&self, [u, v]: [T; 2], [du, dv]: [T; 2]) -> [T; 2] {
        let k = self.depth.k();
        let slope = T::of(k - 1.0) * v.signum() * self.depth.power(v, 2.0);
        let bend = T::of((k - 1.0) * (k - 2.0)) * self.depth.power(v, 3.0);
        [slope * dv, slope * du + u * bend * dv]
    }

    #[inline]
    fn ridge(&self) -> [T; 2] {
        let k = self.depth.k();
        [T::of(1.0 / k), T::of((k - 1.0) / k)]
    }

    fn lift(&self, b: T) -> [T; 2] {
        let v = self.depth.root(b);
        [b.signum() * v, v]
    }

    fn start(&self, b: T) -> [T; 2] {
        let v = self.depth.root(b).max(T::one());
        [b / self.depth.power(v, 1.0), v]
    }

    fn random(&self, standard_deviation: T, rng: &mut dyn RngCore) -> [T; 2] {
        // Only u varies: |v|^{k−1} would have heavy tails.
        let scale = self.depth.root(standard_deviation);
        [away_from_zero(scale, rng), scale]
    }

    fn imbalance(&self, [u, v]: [T; 2]) -> T {
        (u * u - v * v).abs()
    }

    fn induced(&self) -> &dyn Penalty<T> {
        self.depth.penalty()
    }
}

elementwise!(SharedProduct, 2);
