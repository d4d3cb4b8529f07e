//! How optimal a point is in the original, non-smooth problem.

use crate::{Blocks, Error, Objective, Scalar};

/// What can be certified of a point β in the base problem `P(β) = L(β) + λR(β)` from one
/// evaluation of `L` and its gradient, whatever optimizer produced the point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Certificate<T> {
    /// `P(β)`.
    pub objective: T,
    /// `dist_∞(−∇L(β), λ∂R(β))`: 0 at a stationary point, in units of the gradient.
    pub stationarity: T,
    /// For the factors that β came from, `λR_ξ(ξ) − λR(K(ξ)) ≥ 0`: how far the smooth objective
    /// is above the non-smooth one. 0 means that they agree.
    pub misalignment: T,
    /// For the factors that β came from, the largest departure from balance over all terms; 0 at
    /// every stationary point of the smooth problem.
    pub imbalance: T,
}

impl<T: Scalar> Certificate<T> {
    /// Certifies the point that `factors` collapse to.
    ///
    /// # Errors
    /// If `factors` has the wrong length or the objective is not finite there.
    pub fn of_factors(
        objective: &impl Objective<T>,
        blocks: &Blocks<T>,
        factors: &[T],
    ) -> Result<Self, Error> {
        let mut coefficients = vec![T::zero(); blocks.n_coefficients()];
        blocks.collapse(factors, &mut coefficients)?;
        let base = Self::of_coefficients(objective, blocks, &coefficients)?;
        let imbalances =
            blocks.placed().map(|at| at.block.parametrization().imbalance(&factors[at.factors]));
        Ok(Self {
            misalignment: blocks.surrogate(factors)? - blocks.penalty(&coefficients)?,
            imbalance: imbalances.fold(T::zero(), T::max),
            ..base
        })
    }

    /// Certifies a point of the base problem, whose balanced lift has no misalignment or imbalance.
    ///
    /// # Errors
    /// If `coefficients` has the wrong length or the objective is not finite there.
    pub fn of_coefficients(
        objective: &impl Objective<T>,
        blocks: &Blocks<T>,
        coefficients: &[T],
    ) -> Result<Self, Error> {
        blocks.check_coefficients(coefficients)?;
        let mut gradient = vec![T::zero(); coefficients.len()];
        let value = objective.value_and_gradient(coefficients, &mut gradient);
        check_finite(1, value, &gradient)?;
        let residuals = blocks.placed().map(|at| {
            at.block.parametrization().penalty().stationarity(
                &coefficients[at.coefficients.clone()],
                &gradient[at.coefficients],
                at.block.strength(),
            )
        });
        Ok(Self {
            stationarity: residuals.fold(T::zero(), T::max),
            objective: value + blocks.penalty(coefficients)?,
            misalignment: T::zero(),
            imbalance: T::zero(),
        })
    }
}

/// Refuses NaN and infinities in what an objective returned at its `evaluation`-th call.
pub(crate) fn check_finite<T: Scalar>(
    evaluation: usize,
    value: T,
    gradient: &[T],
) -> Result<(), Error> {
    if value.is_finite() && gradient.iter().all(|g| g.is_finite()) {
        return Ok(());
    }
    let value = value.to_f64().unwrap_or(f64::NAN);
    Err(Error::NonFiniteObjective { evaluation, value })
}

/// A primal and a dual value of a convex base problem, which bracket its optimum.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DualityGap<T> {
    /// `P(β)`, at least the optimum.
    pub primal: T,
    /// The dual objective of a feasible dual point, at most the optimum.
    pub dual: T,
}

impl<T: Scalar> DualityGap<T> {
    /// `primal − dual`: `P(β)` is within this of the optimum.
    #[must_use]
    pub fn absolute(&self) -> T {
        // Rounding may leave a hair below zero at machine precision.
        (self.primal - self.dual).max(T::zero())
    }

    /// [`absolute`](Self::absolute) as a fraction of `P(β)`; 0 if both are 0.
    ///
    /// As `P(β) ≤ P(0)` for every point worth certifying, this is at least as strict as the gap
    /// relative to the value of the null model.
    #[must_use]
    pub fn relative(&self) -> T {
        let gap = self.absolute();
        if gap == T::zero() { gap } else { gap / self.primal.abs() }
    }
}
