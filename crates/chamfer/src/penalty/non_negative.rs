//! The lasso penalty on coefficients that may not be negative.

use super::Penalty;
use crate::{Scalar, Strength};

/// `R(β) = Σ_j w_j β_j` for `β ≥ 0`, infinite elsewhere.
///
/// Induced by [`Square`](crate::Square).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NonNegativeL1;

impl<T: Scalar> Penalty<T> for NonNegativeL1 {
    fn value(&self, coefficients: &[T], strength: Strength<'_, T>) -> T {
        let value = |(j, &b): (usize, &T)| {
            if b < T::zero() { T::infinity() } else { strength.at(j) * b }
        };
        coefficients.iter().enumerate().map(value).sum()
    }

    /// Infinite at a negative coefficient, where the penalty has no subgradient.
    fn stationarity(&self, coefficients: &[T], gradient: &[T], strength: Strength<'_, T>) -> T {
        let violation = |(j, (&b, &g)): (usize, (&T, &T))| {
            let slope = g + strength.at(j);
            if b < T::zero() {
                T::infinity()
            } else if b == T::zero() {
                // Only a negative slope wants to leave zero.
                (-slope).max(T::zero())
            } else {
                slope.abs()
            }
        };
        coefficients.iter().zip(gradient).enumerate().map(violation).fold(T::zero(), T::max)
    }

    fn steepest_descent(
        &self,
        coefficients: &[T],
        gradient: &[T],
        strength: Strength<'_, T>,
        out: &mut [T],
    ) -> bool {
        for (j, out) in out.iter_mut().enumerate() {
            let down = -(gradient[j] + strength.at(j));
            *out = if coefficients[j] > T::zero() { down } else { down.max(T::zero()) };
        }
        true
    }

    /// `max_j z_j / λ_j`, or 0 if all `z` are negative: the polar of the penalty's gauge.
    fn dual_norm(&self, z: &[T], strength: Strength<'_, T>) -> Option<T> {
        let ratios = z.iter().enumerate().map(|(j, &z)| z / strength.at(j));
        Some(ratios.fold(T::zero(), T::max))
    }

    fn snap_zeros(
        &self,
        coefficients: &mut [T],
        gradient: &[T],
        strength: Strength<'_, T>,
        slack: T,
    ) {
        for (j, (b, &g)) in coefficients.iter_mut().zip(gradient).enumerate() {
            if -g < strength.at(j) * (T::one() - slack) {
                *b = T::zero();
            }
        }
    }

    fn certify_zeros(
        &self,
        coefficients: &[T],
        gradient: &[T],
        strength: Strength<'_, T>,
        slack: T,
        certified: &mut [bool],
    ) {
        for (j, (&b, &g)) in coefficients.iter().zip(gradient).enumerate() {
            if b == T::zero() && -g < strength.at(j) * (T::one() - slack) {
                certified[j] = true;
            }
        }
    }

    fn hessian_product(&self, _: &[T], _: Strength<'_, T>, _: &[T], out: &mut [T]) -> bool {
        out.fill(T::zero());
        true
    }
}
