//! An objective with a ridge term.

use super::Objective;
use crate::{Error, Scalar};
use std::ops::{Bound, Range, RangeBounds};

/// `L(β) + ½μ Σ_j β_j²` over a range of coefficients, from [`Objective::with_ridge`].
///
/// With [`Hpp`](crate::Hpp) it is the elastic net: the quadratic term is smooth, so it stays on β.
///
/// ```
/// use chamfer::{Objective, value_and_gradient};
///
/// let zero = value_and_gradient(|_: &[f64], gradient: &mut [f64]| {
///     gradient.fill(0.0);
///     0.0
/// });
/// let ridge = zero.with_ridge(2.0, 1..)?; // not on the first, the intercept
/// let mut gradient = [0.0; 2];
/// assert_eq!(ridge.value_and_gradient(&[5.0, 3.0], &mut gradient)?, 9.0);
/// assert_eq!(gradient, [0.0, 6.0]);
/// # Ok::<(), chamfer::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct WithRidge<T, O> {
    objective: O,
    strength: T,
    first: usize,
    end: Option<usize>,
}

impl<T: Scalar, O> WithRidge<T, O> {
    pub(super) fn new(
        objective: O,
        strength: T,
        range: impl RangeBounds<usize>,
    ) -> Result<Self, Error> {
        if !(strength.is_finite() && strength >= T::zero()) {
            let value = strength.to_f64().unwrap_or(f64::NAN);
            return Err(Error::InvalidSetting { what: "the ridge strength", value });
        }
        let after = |index: &usize| index.saturating_add(1);
        let first = match range.start_bound() {
            Bound::Included(first) => *first,
            Bound::Excluded(before) => after(before),
            Bound::Unbounded => 0,
        };
        let end = match range.end_bound() {
            Bound::Included(last) => Some(after(last)),
            Bound::Excluded(end) => Some(*end),
            Bound::Unbounded => None,
        };
        Ok(Self { objective, strength, first, end })
    }

    /// The range, within `len` coefficients.
    fn range(&self, len: usize) -> Range<usize> {
        let end = self.end.unwrap_or(len).min(len);
        self.first.min(end)..end
    }
}

impl<T: Scalar, O: Objective<T>> Objective<T> for WithRidge<T, O> {
    fn value_and_gradient(&self, coefficients: &[T], gradient: &mut [T]) -> Result<T, Error> {
        let value = self.objective.value_and_gradient(coefficients, gradient)?;
        let range = self.range(coefficients.len());
        let mut squares = T::zero();
        for (g, &b) in gradient[range.clone()].iter_mut().zip(&coefficients[range]) {
            *g += self.strength * b;
            squares += b * b;
        }
        Ok(value + T::of(0.5) * self.strength * squares)
    }

    fn hessian_product(
        &self,
        coefficients: &[T],
        direction: &[T],
        out: &mut [T],
    ) -> Result<(), Error> {
        self.objective.hessian_product(coefficients, direction, out)?;
        let range = self.range(coefficients.len());
        for (out, &d) in out[range.clone()].iter_mut().zip(&direction[range]) {
            *out += self.strength * d;
        }
        Ok(())
    }
}
