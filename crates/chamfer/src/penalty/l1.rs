//! The lasso penalty.

use super::Penalty;
use crate::{Scalar, Strength};

/// `R(β) = Σ_j w_j |β_j|`, the lasso penalty (Tibshirani 1996).
///
/// Induced by [`Hpp`](crate::Hpp) and [`Hdp`](crate::Hdp).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct L1;

impl<T: Scalar> Penalty<T> for L1 {
    fn value(&self, coefficients: &[T], strength: Strength<'_, T>) -> T {
        coefficients.iter().enumerate().map(|(j, b)| strength.at(j) * b.abs()).sum()
    }

    fn stationarity(&self, coefficients: &[T], gradient: &[T], strength: Strength<'_, T>) -> T {
        let mut worst = T::zero();
        for (j, (&b, &g)) in coefficients.iter().zip(gradient).enumerate() {
            let lambda = strength.at(j);
            let violation = if b == T::zero() {
                (g.abs() - lambda).max(T::zero())
            } else {
                (g + lambda * b.signum()).abs()
            };
            worst = worst.max(violation);
        }
        worst
    }

    fn dual_norm(&self, z: &[T], strength: Strength<'_, T>) -> Option<T> {
        let ratios = z.iter().enumerate().map(|(j, z)| z.abs() / strength.at(j));
        // 0/0 (an unpenalized coefficient with no pull) is harmless and is passed over by `max`.
        Some(ratios.fold(T::zero(), T::max))
    }

    fn snap_zeros(
        &self,
        coefficients: &mut [T],
        gradient: &[T],
        strength: Strength<'_, T>,
        slack: T,
    ) {
        // A non-zero coefficient of a solution has |g| = λ, so |g| < λ demands a zero.
        for (j, (b, &g)) in coefficients.iter_mut().zip(gradient).enumerate() {
            if g.abs() < strength.at(j) * (T::one() - slack) {
                *b = T::zero();
            }
        }
    }
}
