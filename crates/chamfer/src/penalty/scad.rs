//! The smoothly clipped absolute deviation.

use super::FoldedConcave;
use crate::{Error, Scalar};

/// `R(β) = Σ_j p_{λ_j}(|β_j|)` with slope `p'_λ(r) = λ` for `r ≤ λ`, `(aλ − r)/(a − 1)` up to `aλ`
/// and 0 beyond (Fan & Li 2001).
///
/// Induced by [`Scad`](crate::Scad).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScadPenalty {
    a: f64,
}

impl ScadPenalty {
    pub(crate) fn new(a: f64) -> Result<Self, Error> {
        Error::check_shape("a of SCAD", a, 2.0).map(|()| Self { a })
    }

    /// The shape a.
    #[must_use]
    pub fn a(&self) -> f64 {
        self.a
    }
}

impl FoldedConcave for ScadPenalty {
    #[inline]
    fn value<T: Scalar>(&self, r: T, lambda: T) -> T {
        let a = T::of(self.a);
        let r = r.min(a * lambda);
        let beyond = (r - lambda).max(T::zero());
        lambda * r - beyond * beyond / (T::of(2.0) * (a - T::one()))
    }

    #[inline]
    fn slope<T: Scalar>(&self, r: T, lambda: T) -> T {
        let a = T::of(self.a);
        ((a * lambda - r) / (a - T::one())).max(T::zero()).min(lambda)
    }

    #[inline]
    fn curvature<T: Scalar>(&self, r: T, lambda: T) -> T {
        let a = T::of(self.a);
        let bent = r > lambda && r < a * lambda;
        if bent { -(a - T::one()).recip() } else { T::zero() }
    }
}
