//! The optimization transfer: from a smooth loss on coefficients to one on factors.

use crate::certificate::check_finite;
use crate::{Blocks, Error, Objective, Scalar};
use argmin::core::{CostFunction, Error as ArgminError, Gradient};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The smooth surrogate problem `Q(ξ) = L(K(ξ)) + λR_ξ(ξ)`.
///
/// It is an argmin problem ([`CostFunction`] and [`Gradient`] over `Vec<T>`), so every
/// gradient-based argmin solver takes it; other optimizers call
/// [`value_and_gradient`](Self::value_and_gradient). An evaluation allocates nothing and calls
/// the objective once: argmin asks for cost and gradient of a point separately, so the last
/// evaluation is remembered.
#[derive(Debug)]
pub struct Lifted<'a, T: Scalar, O> {
    objective: &'a O,
    blocks: &'a Blocks<T>,
    memory: Mutex<Memory<T>>,
}

/// Buffers, the last evaluation and the best point so far.
#[derive(Debug)]
struct Memory<T> {
    coefficients: Vec<T>,
    coefficient_gradient: Vec<T>,
    factors: Vec<T>,
    gradient: Vec<T>,
    value: T,
    evaluations: usize,
    best_factors: Vec<T>,
    best_value: T,
}

impl<'a, T: Scalar, O: Objective<T>> Lifted<'a, T, O> {
    /// Lifts `objective` to the factors of `blocks`.
    #[must_use]
    pub fn new(objective: &'a O, blocks: &'a Blocks<T>) -> Self {
        let (d, m) = (blocks.n_coefficients(), blocks.n_factors());
        let memory = Mutex::new(Memory {
            coefficients: vec![T::zero(); d],
            coefficient_gradient: vec![T::zero(); d],
            factors: vec![T::nan(); m], // equal to no point, so that the first is evaluated
            gradient: vec![T::zero(); m],
            value: T::nan(),
            evaluations: 0,
            best_factors: vec![T::nan(); m],
            best_value: T::infinity(),
        });
        Self { objective, blocks, memory }
    }

    /// Returns `Q(ξ)` and writes `∇Q(ξ)` to `gradient`.
    ///
    /// # Errors
    /// If a slice has the wrong length or the objective is not finite at `K(ξ)`.
    pub fn value_and_gradient(&self, factors: &[T], gradient: &mut [T]) -> Result<T, Error> {
        Error::check_length("the gradient", self.blocks.n_factors(), gradient.len())?;
        let memory = self.evaluate(factors)?;
        gradient.copy_from_slice(&memory.gradient);
        Ok(memory.value)
    }

    /// The factors with the least value so far, if any were evaluated.
    #[must_use]
    pub fn best(&self) -> Option<Vec<T>> {
        let memory = self.lock();
        memory.best_value.is_finite().then(|| memory.best_factors.clone())
    }

    /// Number of times that the objective was called.
    #[must_use]
    pub fn evaluations(&self) -> usize {
        self.lock().evaluations
    }

    fn lock(&self) -> MutexGuard<'_, Memory<T>> {
        // The buffers are rewritten before they are read, so a panic of the user's objective in
        // another thread leaves nothing to distrust.
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn evaluate(&self, factors: &[T]) -> Result<MutexGuard<'_, Memory<T>>, Error> {
        self.blocks.check_factors(factors)?;
        let mut guard = self.lock();
        let memory = &mut *guard;
        if memory.factors == factors {
            return Ok(guard);
        }
        // No point equals NaN: a failed evaluation must not be remembered as done.
        memory.factors.fill(T::nan());
        self.blocks.collapse(factors, &mut memory.coefficients)?;
        memory.evaluations += 1;
        let loss = self
            .objective
            .value_and_gradient(&memory.coefficients, &mut memory.coefficient_gradient);
        check_finite(memory.evaluations, loss, &memory.coefficient_gradient)?;
        for at in self.blocks.placed() {
            let parametrization = at.block.parametrization();
            let factors = &factors[at.factors.clone()];
            let gradient = &mut memory.gradient[at.factors];
            let slope = &memory.coefficient_gradient[at.coefficients];
            parametrization.pullback(factors, slope, gradient);
            parametrization.add_surrogate_gradient(factors, at.block.strength(), gradient);
        }
        memory.value = loss + self.blocks.surrogate(factors)?;
        memory.factors.copy_from_slice(factors);
        if memory.value < memory.best_value {
            memory.best_value = memory.value;
            memory.best_factors.copy_from_slice(factors);
        }
        Ok(guard)
    }
}

impl<T: Scalar, O: Objective<T>> CostFunction for Lifted<'_, T, O> {
    type Param = Vec<T>;
    type Output = T;

    fn cost(&self, factors: &Vec<T>) -> Result<T, ArgminError> {
        Ok(self.evaluate(factors)?.value)
    }
}

impl<T: Scalar, O: Objective<T>> Gradient for Lifted<'_, T, O> {
    type Param = Vec<T>;
    type Gradient = Vec<T>;

    fn gradient(&self, factors: &Vec<T>) -> Result<Vec<T>, ArgminError> {
        Ok(self.evaluate(factors)?.gradient.clone())
    }
}
