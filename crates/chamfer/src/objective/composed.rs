//! An objective after a linear map.

use super::Objective;
use crate::{Error, LinearMap, Scalar};
use std::sync::{Mutex, PoisonError};

/// `θ ↦ L(A θ)`, from [`Objective::compose`].
///
/// ```
/// use chamfer::{
///     Block, Blocks, CumulativeSum, Hpp, Objective, Settings, Unpenalized, minimize,
///     value_and_gradient,
/// };
///
/// // The fused lasso: a piecewise constant fit to a signal with one step.
/// let signal = [0.1, -0.1, 0.0, 2.1, 1.9, 2.0];
/// let loss = value_and_gradient(|beta: &[f64], gradient: &mut [f64]| {
///     for (j, g) in gradient.iter_mut().enumerate() {
///         *g = beta[j] - signal[j];
///     }
///     gradient.iter().map(|g| 0.5 * g * g).sum()
/// })
/// .compose(CumulativeSum::new(6, 1)?);
/// let blocks =
///     Blocks::new(vec![Block::new(Unpenalized, 1, 0.0)?, Block::new(Hpp, 5, 0.3)?])?;
/// let fit = minimize(&loss, &blocks, &[0.0; 6], &Settings::default())?;
/// let jumps = &fit.coefficients[1..];
/// assert_eq!(jumps.iter().filter(|jump| **jump != 0.0).count(), 1);
/// assert!((jumps[2] - 1.8).abs() < 1e-6);
/// # Ok::<(), chamfer::Error>(())
/// ```
#[derive(Debug)]
pub struct Composed<T, O, M> {
    objective: O,
    map: M,
    /// `Aθ`, its gradient, and a direction.
    scratch: Mutex<[Vec<T>; 3]>,
}

impl<T: Scalar, O, M: LinearMap<T>> Composed<T, O, M> {
    pub(super) fn new(objective: O, map: M) -> Self {
        let scratch = Mutex::new([(); 3].map(|()| vec![T::zero(); map.n_outputs()]));
        Self { objective, map, scratch }
    }

    /// `β = A θ`.
    ///
    /// # Errors
    /// If `inner` has the wrong length.
    pub fn outer(&self, inner: &[T]) -> Result<Vec<T>, Error> {
        Error::check_length("the coefficients", self.map.n_inputs(), inner.len())?;
        let mut outer = vec![T::zero(); self.map.n_outputs()];
        self.map.apply(inner, &mut outer);
        Ok(outer)
    }
}

impl<T: Scalar, O: Objective<T>, M: LinearMap<T>> Objective<T> for Composed<T, O, M> {
    fn value_and_gradient(&self, coefficients: &[T], gradient: &mut [T]) -> Result<T, Error> {
        Error::check_length("the coefficients", self.map.n_inputs(), coefficients.len())?;
        let mut scratch = self.scratch.lock().unwrap_or_else(PoisonError::into_inner);
        let [outer, outer_gradient, _] = &mut *scratch;
        self.map.apply(coefficients, outer);
        let value = self.objective.value_and_gradient(outer, outer_gradient)?;
        self.map.apply_transpose(outer_gradient, gradient);
        Ok(value)
    }

    fn hessian_product(
        &self,
        coefficients: &[T],
        direction: &[T],
        out: &mut [T],
    ) -> Result<(), Error> {
        Error::check_length("the coefficients", self.map.n_inputs(), coefficients.len())?;
        let mut scratch = self.scratch.lock().unwrap_or_else(PoisonError::into_inner);
        let [outer, product, outer_direction] = &mut *scratch;
        self.map.apply(coefficients, outer);
        self.map.apply(direction, outer_direction);
        self.objective.hessian_product(outer, outer_direction, product)?;
        self.map.apply_transpose(product, out);
        Ok(())
    }
}
