//! Objectives made of closures.

use super::Objective;
use crate::{Error, Scalar};

/// An [`Objective`] made of closures; see [`value_and_gradient`].
#[derive(Debug, Clone, Copy)]
pub struct ValueAndGradient<F, H = ()> {
    value_and_gradient: F,
    hessian_product: H,
}

/// Makes an [`Objective`] of a closure that returns `L(β)` and writes `∇L(β)` to its second
/// argument.
///
/// ```
/// use chamfer::{Objective, value_and_gradient};
///
/// let loss = value_and_gradient(|beta: &[f64], gradient: &mut [f64]| {
///     gradient[0] = beta[0].powi(3);
///     0.25 * beta[0].powi(4)
/// })
/// .with_hessian_product(|beta: &[f64], direction: &[f64], out: &mut [f64]| {
///     out[0] = 3.0 * beta[0].powi(2) * direction[0];
/// });
/// let mut product = [0.0];
/// loss.hessian_product(&[2.0], &[1.0], &mut product)?;
/// assert_eq!(product, [12.0]);
/// # Ok::<(), chamfer::Error>(())
/// ```
pub fn value_and_gradient<T, F>(closure: F) -> ValueAndGradient<F>
where
    T: Scalar,
    F: Fn(&[T], &mut [T]) -> T,
{
    ValueAndGradient { value_and_gradient: closure, hessian_product: () }
}

impl<F> ValueAndGradient<F> {
    /// Adds a closure that takes β and a direction `d`, and writes `∇²L(β) d` to its third argument:
    /// exact second-order steps at the price of one product each.
    pub fn with_hessian_product<T, H>(self, closure: H) -> ValueAndGradient<F, Hessian<H>>
    where
        T: Scalar,
        H: Fn(&[T], &[T], &mut [T]),
    {
        let ValueAndGradient { value_and_gradient, hessian_product: () } = self;
        ValueAndGradient { value_and_gradient, hessian_product: Hessian(closure) }
    }
}

/// The closure of [`ValueAndGradient::with_hessian_product`].
#[derive(Debug, Clone, Copy)]
pub struct Hessian<H>(H);

impl<T, F> Objective<T> for ValueAndGradient<F>
where
    T: Scalar,
    F: Fn(&[T], &mut [T]) -> T,
{
    fn value_and_gradient(&self, coefficients: &[T], gradient: &mut [T]) -> Result<T, Error> {
        Ok((self.value_and_gradient)(coefficients, gradient))
    }
}

impl<T, F, H> Objective<T> for ValueAndGradient<F, Hessian<H>>
where
    T: Scalar,
    F: Fn(&[T], &mut [T]) -> T,
    H: Fn(&[T], &[T], &mut [T]),
{
    fn value_and_gradient(&self, coefficients: &[T], gradient: &mut [T]) -> Result<T, Error> {
        Ok((self.value_and_gradient)(coefficients, gradient))
    }

    fn hessian_product(
        &self,
        coefficients: &[T],
        direction: &[T],
        out: &mut [T],
    ) -> Result<(), Error> {
        (self.hessian_product.0)(coefficients, direction, out);
        Ok(())
    }
}
