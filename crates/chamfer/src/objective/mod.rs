//! The smooth loss that is to be made sparse.

mod closure;
mod composed;
mod forward_mode;
mod problem;
mod ridge;

pub use closure::{ValueAndGradient, value_and_gradient};
pub use composed::Composed;
pub use forward_mode::{DualFunction, ForwardMode};
pub use problem::ArgminProblem;
pub use ridge::WithRidge;

use crate::{Error, LinearMap, Scalar};
use std::ops::RangeBounds;

/// A differentiable objective `L(β)` on the base coefficients.
///
/// Make one of a closure with [`value_and_gradient`], of an argmin problem with [`ArgminProblem`], of a
/// function without derivatives with [`ForwardMode`], or implement the trait.
pub trait Objective<T: Scalar> {
    /// Returns `L(β)` and writes `∇L(β)` to `gradient`, which has the length of `coefficients`
    /// and arbitrary contents.
    ///
    /// # Errors
    /// If it cannot be evaluated there. Values that are not finite need not be caught.
    fn value_and_gradient(&self, coefficients: &[T], gradient: &mut [T]) -> Result<T, Error>;

    /// Writes `∇²L(β) d` to `out`.
    ///
    /// Unless an implementation says otherwise, a central difference of two gradients, with half the
    /// digits of the gradients or more, and two vectors of scratch memory.
    ///
    /// # Errors
    /// If it cannot be evaluated there.
    fn hessian_product(
        &self,
        coefficients: &[T],
        direction: &[T],
        out: &mut [T],
    ) -> Result<(), Error> {
        let largest = |x: &[T]| x.iter().fold(T::zero(), |most, x| most.max(x.abs()));
        let length = largest(direction);
        if length == T::zero() {
            out.fill(length);
            return Ok(());
        }
        // The step that balances rounding, ε/h, and truncation, h².
        let step = T::epsilon().cbrt() * (T::one() + largest(coefficients)) / length;
        let moved = |step: T| -> Vec<T> {
            coefficients.iter().zip(direction).map(|(&b, &d)| b + step * d).collect()
        };
        let mut behind = vec![T::zero(); coefficients.len()];
        self.value_and_gradient(&moved(-step), &mut behind)?;
        self.value_and_gradient(&moved(step), out)?;
        for (out, behind) in out.iter_mut().zip(behind) {
            *out = (*out - behind) / (step + step);
        }
        Ok(())
    }

    /// The convex conjugate `L*(θ) = sup_β θᵀβ − L(β)` where it is known, infinite where it is; it
    /// gives certificates a duality gap. `None` unless implemented.
    fn conjugate(&self, dual: &[T]) -> Option<T> {
        let _ = dual;
        None
    }

    /// `L(A θ)` as an objective on θ: moves the penalty to another basis.
    fn compose<M: LinearMap<T>>(self, map: M) -> Composed<T, Self, M>
    where
        Self: Sized,
    {
        Composed::new(self, map)
    }

    /// `L(β) + ½μ Σ_{j ∈ range} β_j²`: the smooth part of the elastic net. Leave the intercept out of
    /// the range.
    ///
    /// # Errors
    /// If `strength`, the μ, is negative or not finite.
    fn with_ridge(
        self,
        strength: T,
        range: impl RangeBounds<usize>,
    ) -> Result<WithRidge<T, Self>, Error>
    where
        Self: Sized,
    {
        WithRidge::new(self, strength, range)
    }
}

impl<T: Scalar, O: Objective<T> + ?Sized> Objective<T> for &O {
    fn value_and_gradient(&self, coefficients: &[T], gradient: &mut [T]) -> Result<T, Error> {
        (**self).value_and_gradient(coefficients, gradient)
    }

    fn hessian_product(
        &self,
        coefficients: &[T],
        direction: &[T],
        out: &mut [T],
    ) -> Result<(), Error> {
        (**self).hessian_product(coefficients, direction, out)
    }

    fn conjugate(&self, dual: &[T]) -> Option<T> {
        (**self).conjugate(dual)
    }
}
