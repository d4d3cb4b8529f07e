//! No penalty at all.

use super::Penalty;
use crate::{Scalar, Strength};

/// `R(β) = 0`, for intercepts, biases and every coefficient that is not to be shrunk.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NoPenalty;

impl<T: Scalar> Penalty<T> for NoPenalty {
    fn value(&self, _: &[T], _: Strength<'_, T>) -> T {
        T::zero()
    }

    fn stationarity(&self, _: &[T], gradient: &[T], _: Strength<'_, T>) -> T {
        gradient.iter().fold(T::zero(), |worst, g| worst.max(g.abs()))
    }

    fn steepest_descent(&self, _: &[T], gradient: &[T], _: Strength<'_, T>, out: &mut [T]) -> bool {
        for (out, &g) in out.iter_mut().zip(gradient) {
            *out = -g;
        }
        true
    }

    /// 0 where `z` is 0, infinite elsewhere: an unpenalized coefficient admits no dual slack.
    fn dual_norm(&self, z: &[T], _: Strength<'_, T>) -> Option<T> {
        let free = z.iter().all(|z| *z == T::zero());
        Some(if free { T::zero() } else { T::infinity() })
    }

    fn snap_zeros(&self, _: &mut [T], _: &[T], _: Strength<'_, T>, _: T) {}

    fn support(&self, _: &[T], support: &mut [bool]) {
        support.fill(true);
    }

    fn certify_zeros(&self, _: &[T], _: &[T], _: Strength<'_, T>, _: T, _: &mut [bool]) {}

    fn hessian_product(&self, _: &[T], _: Strength<'_, T>, _: &[T], out: &mut [T]) -> bool {
        out.fill(T::zero());
        true
    }
}
