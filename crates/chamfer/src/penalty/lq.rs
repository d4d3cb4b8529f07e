//! The non-convex `ℓ_q` penalties.

use super::FoldedConcave;
use crate::Scalar;

/// `R(β) = Σ_j w_j |β_j|^q` with `0 < q < 1`, the bridge penalty (Frank & Friedman 1993).
///
/// Its slope at zero is infinite, so zero is a strict local minimum in every coordinate, whatever
/// the loss: [`stationarity`](crate::Penalty::stationarity) never objects to a zero.
///
/// Induced with `q = 2/k` by [`HppK`](crate::HppK), [`HdpK`](crate::HdpK),
/// [`SharedProduct`](crate::SharedProduct) and [`Power`](crate::Power) of depth `k`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lq {
    q: f64,
}

impl Lq {
    /// The penalty that depth `k > 2` induces.
    pub(crate) fn of_depth(k: f64) -> Self {
        Self { q: 2.0 / k }
    }

    /// The exponent.
    #[must_use]
    pub fn q(&self) -> f64 {
        self.q
    }
}

impl FoldedConcave for Lq {
    #[inline]
    fn value<T: Scalar>(&self, r: T, lambda: T) -> T {
        lambda * r.powf(T::of(self.q))
    }

    #[inline]
    fn slope<T: Scalar>(&self, r: T, lambda: T) -> T {
        lambda * T::of(self.q) * r.powf(T::of(self.q - 1.0))
    }

    #[inline]
    fn curvature<T: Scalar>(&self, r: T, lambda: T) -> T {
        lambda * T::of(self.q * (self.q - 1.0)) * r.powf(T::of(self.q - 2.0))
    }

    fn least_slack(&self) -> f64 {
        0.5
    }

    fn dead_zone<T: Scalar>(&self, lambda: T, gradient_bound: T) -> T {
        (T::of(self.q) * lambda / gradient_bound).powf(T::of(1.0 / (1.0 - self.q)))
    }
}
