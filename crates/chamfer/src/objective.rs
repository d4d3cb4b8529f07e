//! The smooth loss that is to be made sparse.

use crate::Scalar;

/// A differentiable objective `L(β)` on the base coefficients.
pub trait Objective<T: Scalar> {
    /// Returns `L(β)` and writes `∇L(β)` to `gradient`, which has the length of `coefficients`
    /// and arbitrary contents.
    fn value_and_gradient(&self, coefficients: &[T], gradient: &mut [T]) -> T;
}

/// An [`Objective`] made of a closure; see [`value_and_gradient`].
#[derive(Debug, Clone, Copy)]
pub struct ValueAndGradient<F>(F);

/// Makes an [`Objective`] of a closure that returns `L(β)` and writes `∇L(β)` to its second
/// argument.
pub fn value_and_gradient<T, F>(closure: F) -> ValueAndGradient<F>
where
    T: Scalar,
    F: Fn(&[T], &mut [T]) -> T,
{
    ValueAndGradient(closure)
}

impl<T, F> Objective<T> for ValueAndGradient<F>
where
    T: Scalar,
    F: Fn(&[T], &mut [T]) -> T,
{
    fn value_and_gradient(&self, coefficients: &[T], gradient: &mut [T]) -> T {
        (self.0)(coefficients, gradient)
    }
}
