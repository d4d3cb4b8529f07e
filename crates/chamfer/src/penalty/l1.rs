//! The lasso penalty.

use super::FoldedConcave;
use crate::Scalar;

/// `R(β) = Σ_j w_j |β_j|`, the lasso penalty (Tibshirani 1996).
///
/// Induced by [`Hpp`](crate::Hpp) and [`Hdp`](crate::Hdp).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct L1;

impl FoldedConcave for L1 {
    #[inline]
    fn value<T: Scalar>(&self, r: T, lambda: T) -> T {
        lambda * r
    }

    #[inline]
    fn slope<T: Scalar>(&self, _: T, lambda: T) -> T {
        lambda
    }

    #[inline]
    fn curvature<T: Scalar>(&self, _: T, _: T) -> T {
        T::zero()
    }

    fn least_slack(&self) -> f64 {
        0.0
    }

    fn is_norm(&self) -> bool {
        true
    }
}
