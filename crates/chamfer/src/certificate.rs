//! How optimal a point is in the original, non-smooth problem.

use crate::{Blocks, Error, Objective, Scalar};

/// What can be certified of a point β in the base problem `P(β) = L(β) + λR(β)` from one
/// evaluation of `L` and its gradient, whatever optimizer produced the point.
///
/// [`second_order`](crate::second_order) adds what a Hessian tells, and
/// [`certified_zeros`] which zeros are exact.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Certificate<T> {
    /// `P(β)`.
    pub objective: T,
    /// The largest distance of a term from optimality, `dist(−∇L(β), λ∂R(β))`: 0 at a stationary
    /// point, in units of the gradient.
    pub stationarity: T,
    /// For the factors that β came from, `λR_ξ(ξ) − λR(K(ξ)) ≥ 0`: how far the smooth objective
    /// is above the non-smooth one. 0 means that they agree.
    pub misalignment: T,
    /// For the factors that β came from, the largest departure from balance over all terms; 0 at
    /// every stationary point of the smooth problem.
    pub imbalance: T,
    /// The duality gap, where the objective knows its conjugate, R is a norm in every block, and no
    /// coefficient is unpenalized.
    pub gap: Option<DualityGap<T>>,
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
        let (value, gradient) = evaluate(objective, blocks, coefficients)?;
        Self::of_gradient(objective, blocks, coefficients, value, &gradient)
    }

    /// The certificate of the coefficients alone, whatever factors they came from.
    pub(crate) fn of_base(self) -> Self {
        Self { misalignment: T::zero(), imbalance: T::zero(), ..self }
    }

    /// Certifies a point where value and gradient of the objective are known.
    pub(crate) fn of_gradient(
        objective: &impl Objective<T>,
        blocks: &Blocks<T>,
        coefficients: &[T],
        value: T,
        gradient: &[T],
    ) -> Result<Self, Error> {
        let residuals = blocks.placed().map(|at| {
            at.block.parametrization().penalty().stationarity(
                &coefficients[at.coefficients.clone()],
                &gradient[at.coefficients],
                at.block.strength(),
            )
        });
        // `max` would pass over a NaN.
        let worse = |a: T, b: T| if b > a || b.is_nan() { b } else { a };
        let primal = value + blocks.penalty(coefficients)?;
        let dual = dual(objective, blocks, gradient);
        Ok(Self {
            stationarity: residuals.fold(T::zero(), worse),
            objective: primal,
            misalignment: T::zero(),
            imbalance: T::zero(),
            gap: dual.map(|dual| DualityGap { primal, dual }),
        })
    }
}

/// The coefficients that are exactly 0 and that first-order optimality holds there with a margin: a
/// relative change of the gradient below `slack` leaves them zeros of a stationary point.
///
/// # Errors
/// If `coefficients` has the wrong length or the objective is not finite there.
pub fn certified_zeros<T: Scalar>(
    objective: &impl Objective<T>,
    blocks: &Blocks<T>,
    coefficients: &[T],
    slack: T,
) -> Result<Vec<bool>, Error> {
    let (_, gradient) = evaluate(objective, blocks, coefficients)?;
    let mut certified = vec![false; coefficients.len()];
    for at in blocks.placed() {
        at.block.parametrization().penalty().certify_zeros(
            &coefficients[at.coefficients.clone()],
            &gradient[at.coefficients.clone()],
            at.block.strength(),
            slack,
            &mut certified[at.coefficients],
        );
    }
    Ok(certified)
}

/// `L(β)` and `∇L(β)`, checked.
pub(crate) fn evaluate<T: Scalar>(
    objective: &impl Objective<T>,
    blocks: &Blocks<T>,
    coefficients: &[T],
) -> Result<(T, Vec<T>), Error> {
    blocks.check_coefficients(coefficients)?;
    let mut gradient = vec![T::zero(); coefficients.len()];
    let value = objective.value_and_gradient(coefficients, &mut gradient)?;
    if is_finite(value, &gradient) {
        return Ok((value, gradient));
    }
    let value = value.to_f64().unwrap_or(f64::NAN);
    Err(Error::NonFiniteObjective { iteration: 0, evaluation: 1, value, last: Vec::new() })
}

pub(crate) fn is_finite<T: Scalar>(value: T, gradient: &[T]) -> bool {
    value.is_finite() && gradient.iter().all(|g| g.is_finite())
}

/// The dual objective `−L*(θ)` at the gradient `θ`, scaled until `−θ` is in `λ∂R(0)`.
fn dual<T: Scalar>(objective: &impl Objective<T>, blocks: &Blocks<T>, gradient: &[T]) -> Option<T> {
    let mut dual: Vec<T> = gradient.iter().map(|&g| -g).collect();
    let mut scale = T::one();
    for at in blocks.placed() {
        let penalty = at.block.parametrization().penalty();
        scale = scale.max(penalty.dual_norm(&dual[at.coefficients], at.block.strength())?);
    }
    if !scale.is_finite() {
        return None;
    }
    for z in &mut dual {
        *z = -*z / scale;
    }
    objective.conjugate(&dual).map(|conjugate| -conjugate)
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
