//! The difference of powers.

use super::{Elementwise, elementwise};
use crate::parametrization::{away_from_zero, depth::Depth};
use crate::{Convexity, Error, Facts, Penalty, Scalar};
use rand::RngCore;

/// Hadamard difference of powers `β = |u|^k − |v|^k`, `R_ξ = Σ w_j (u_j² + v_j²)`, which induces
/// `R = Σ w_j |β_j|^{2/k}`, for every real depth `k ≥ 2` (Kolb et al. 2023).
///
/// Factors: `ξ = [u, v]`, length `2d`. K is polynomial for even `k`, else at least C^{1,1}.
/// Balanced: `u_j v_j = 0`. At depth 2 it is [`Hdp`](crate::Hdp).
///
/// ```
/// use chamfer::{HdpK, Parametrization};
///
/// let mut beta = [0.0; 1];
/// HdpK::new(3.0)?.collapse(&[2.0, 1.0], &mut beta);
/// assert_eq!(beta, [7.0]); // 2³ − 1³
/// # Ok::<(), chamfer::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HdpK {
    depth: Depth,
}

impl HdpK {
    pub(crate) const FACTS: Facts = Facts {
        name: "HDP_k",
        type_name: "HdpK",
        map: "|u|^k − |v|^k",
        surrogate: "‖u‖² + ‖v‖²",
        penalty: "Σ |β_j|^{2/k}",
        convex: Convexity::AtDepthTwo,
        extra_factors: "d",
        smoothness: "C^{1,1}, real k ≥ 2",
        source: "Kolb et al. 2023",
    };

    /// The difference of `depth`-th powers.
    ///
    /// # Errors
    /// If `depth` is below 2 or above 65,536.
    pub fn new(depth: f64) -> Result<Self, Error> {
        Ok(Self { depth: Depth::new(depth, 2.0)? })
    }
}

impl<T: Scalar> Elementwise<T, 2> for HdpK {
    #[inline]
    fn exponents(&self) -> [Option<f64>; 2] {
        [Some(self.depth.k() - 1.0); 2]
    }

    #[inline]
    fn value(&self, [u, v]: [T; 2], [power_u, power_v]: [T; 2]) -> T {
        u.abs() * power_u - v.abs() * power_v
    }

    #[inline]
    fn slopes(&self, [u, v]: [T; 2], [power_u, power_v]: [T; 2]) -> [T; 2] {
        let k = T::of(self.depth.k());
        [k * u.signum() * power_u, -k * v.signum() * power_v]
    }

    #[inline]
    fn curvature(&self, [u, v]: [T; 2], [du, dv]: [T; 2]) -> [T; 2] {
        let k = self.depth.k();
        let bend = |x: T| T::of(k * (k - 1.0)) * self.depth.power(x, 2.0);
        [bend(u) * du, -bend(v) * dv]
    }

    #[inline]
    fn ridge(&self) -> [T; 2] {
        [T::one(); 2]
    }

    fn lift(&self, b: T) -> [T; 2] {
        [self.depth.root(b.max(T::zero())), self.depth.root(b.min(T::zero()))]
    }

    fn start(&self, b: T) -> [T; 2] {
        self.opened(b, T::of(0.5))
    }

    fn random(&self, standard_deviation: T, rng: &mut dyn RngCore) -> [T; 2] {
        self.opened(away_from_zero(standard_deviation, rng), T::of(0.5) * standard_deviation)
    }

    fn imbalance(&self, [u, v]: [T; 2]) -> T {
        T::of(2.0) * (u * v).abs()
    }

    fn induced(&self) -> &dyn Penalty<T> {
        self.depth.penalty()
    }
}

impl HdpK {
    /// Adds the same `amount` to both powers, which leaves β as it is.
    fn opened<T: Scalar>(self, b: T, amount: T) -> [T; 2] {
        [b, -b].map(|b| self.depth.root(b.max(T::zero()) + amount))
    }
}

elementwise!(HdpK, 2);
