//! The optimization transfer: from a smooth loss on coefficients to one on factors.

use crate::certificate::is_finite;
use crate::{Blocks, Curvature, Error, Objective, Scalar};
use argmin::core::{CostFunction, Error as ArgminError, Gradient, Hessian};
use argmin_math::ArgminDot;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The smooth surrogate problem `Q(ξ) = L(K(ξ)) + λR_ξ(ξ)`.
///
/// A reference to it is an argmin problem ([`CostFunction`], [`Gradient`] and [`Hessian`] over
/// `Vec<T>`), so every gradient-based argmin solver takes it; other optimizers call
/// [`value_and_gradient`](Self::value_and_gradient) and
/// [`hessian_product`](Self::hessian_product). An evaluation allocates nothing but what the objective
/// does, and calls the objective once: argmin asks for cost and gradient of a point separately, so
/// the last evaluation is remembered.
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
    /// A direction in β, and its product with the Hessian of `L`.
    tangent: [Vec<T>; 2],
    factors: Vec<T>,
    gradient: Vec<T>,
    value: T,
    evaluations: usize,
    iterations: u64,
    failure: Option<Error>,
    best_factors: Vec<T>,
    best_value: T,
    best_gradient_norm: T,
}

impl<'a, T: Scalar, O: Objective<T>> Lifted<'a, T, O> {
    /// Lifts `objective` to the factors of `blocks`.
    #[must_use]
    pub fn new(objective: &'a O, blocks: &'a Blocks<T>) -> Self {
        let (d, m) = (blocks.n_coefficients(), blocks.n_factors());
        let memory = Mutex::new(Memory {
            coefficients: vec![T::zero(); d],
            coefficient_gradient: vec![T::zero(); d],
            tangent: [vec![T::zero(); d], vec![T::zero(); d]],
            factors: vec![T::nan(); m], // equal to no point, so that the first is evaluated
            gradient: vec![T::zero(); m],
            value: T::nan(),
            evaluations: 0,
            iterations: 0,
            failure: None,
            best_factors: vec![T::nan(); m],
            best_value: T::infinity(),
            best_gradient_norm: T::infinity(),
        });
        Self { objective, blocks, memory }
    }

    /// Returns `Q(ξ)` and writes `∇Q(ξ)` to `gradient`.
    ///
    /// # Errors
    /// If a slice has the wrong length or the objective fails or is not finite at `K(ξ)`.
    pub fn value_and_gradient(&self, factors: &[T], gradient: &mut [T]) -> Result<T, Error> {
        Error::check_length("the gradient", self.blocks.n_factors(), gradient.len())?;
        let memory = self.evaluate(factors)?;
        gradient.copy_from_slice(&memory.gradient);
        Ok(memory.value)
    }

    /// Writes `∇²Q(ξ) d` to `out`, from one product with the Hessian of `L`.
    ///
    /// # Errors
    /// If a slice has the wrong length or the objective fails or is not finite at `K(ξ)`.
    pub fn hessian_product(
        &self,
        factors: &[T],
        direction: &[T],
        out: &mut [T],
    ) -> Result<(), Error> {
        let m = self.blocks.n_factors();
        Error::check_length("the direction", m, direction.len())?;
        Error::check_length("the product", m, out.len())?;
        let mut guard = self.evaluate(factors)?;
        let Memory { coefficients, coefficient_gradient, tangent, .. } = &mut *guard;
        let [tangent, product] = tangent;
        for at in self.blocks.placed() {
            at.block.parametrization().pushforward(
                &factors[at.factors.clone()],
                &direction[at.factors],
                &mut tangent[at.coefficients],
            );
        }
        self.objective.hessian_product(coefficients, tangent, product)?;
        for at in self.blocks.placed() {
            let curvature = Curvature {
                gradient: &coefficient_gradient[at.coefficients.clone()],
                product: &product[at.coefficients],
            };
            at.block.parametrization().hessian_product(
                &factors[at.factors.clone()],
                curvature,
                at.block.strength(),
                &direction[at.factors.clone()],
                &mut out[at.factors],
            );
        }
        Ok(())
    }

    /// The factors with the least value so far, if any were evaluated.
    #[must_use]
    pub fn best(&self) -> Option<Vec<T>> {
        let memory = self.lock();
        memory.best_value.is_finite().then(|| memory.best_factors.clone())
    }

    /// Number of times that the objective was called for its gradient.
    #[must_use]
    pub fn evaluations(&self) -> usize {
        self.lock().evaluations
    }

    /// The Euclidean norm of `∇Q` at the best point so far.
    pub(crate) fn best_gradient_norm(&self) -> T {
        self.lock().best_gradient_norm
    }

    /// The last failure of the objective, which is then forgotten.
    pub(crate) fn take_failure(&self) -> Option<Error> {
        self.lock().failure.take()
    }

    /// Counts an iteration of an optimizer, for messages.
    pub(crate) fn count_iteration(&self) {
        self.lock().iterations += 1;
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
        let (coefficients, slope) = (&memory.coefficients, &mut memory.coefficient_gradient);
        let loss = match self.objective.value_and_gradient(coefficients, slope) {
            Ok(loss) if is_finite(loss, slope) => loss,
            Ok(loss) => {
                let error = self.not_finite(memory, loss);
                memory.failure = Some(error.clone());
                return Err(error);
            }
            Err(error) => {
                memory.failure = Some(error.clone());
                return Err(error);
            }
        };
        let mut value = loss;
        let mut squared_norm = T::zero();
        for at in self.blocks.placed() {
            let gradient = &mut memory.gradient[at.factors.clone()];
            value += at.block.parametrization().pullback(
                &factors[at.factors],
                &slope[at.coefficients],
                at.block.strength(),
                gradient,
            );
            squared_norm += gradient.iter().map(|&g| g * g).sum::<T>();
        }
        memory.value = value;
        memory.factors.copy_from_slice(factors);
        // Near a solution the value has no digits left to tell two points apart, the gradient has.
        let norm = squared_norm.sqrt();
        let rounding = T::epsilon() * value.abs();
        let as_good = value <= memory.best_value + rounding && norm < memory.best_gradient_norm;
        if value < memory.best_value - rounding || as_good {
            memory.best_value = value;
            memory.best_gradient_norm = norm;
            memory.best_factors.copy_from_slice(factors);
        }
        Ok(guard)
    }

    /// The error for a value or gradient that is not finite, with the best point before it.
    fn not_finite(&self, memory: &mut Memory<T>, value: T) -> Error {
        let as_f64 = |value: &T| value.to_f64().unwrap_or(f64::NAN);
        let mut last = Vec::new();
        if memory.best_value.is_finite()
            && self.blocks.collapse(&memory.best_factors, &mut memory.coefficients).is_ok()
        {
            last = memory.coefficients.iter().map(as_f64).collect();
        }
        let (iteration, evaluation) = (memory.iterations, memory.evaluations);
        Error::NonFiniteObjective { iteration, evaluation, value: as_f64(&value), last }
    }
}

impl<T: Scalar, O: Objective<T>> CostFunction for &Lifted<'_, T, O> {
    type Param = Vec<T>;
    type Output = T;

    fn cost(&self, factors: &Vec<T>) -> Result<T, ArgminError> {
        Ok(self.evaluate(factors)?.value)
    }
}

impl<T: Scalar, O: Objective<T>> Gradient for &Lifted<'_, T, O> {
    type Param = Vec<T>;
    type Gradient = Vec<T>;

    fn gradient(&self, factors: &Vec<T>) -> Result<Vec<T>, ArgminError> {
        Ok(self.evaluate(factors)?.gradient.clone())
    }
}

impl<'b, 'a, T: Scalar, O: Objective<T>> Hessian for &'b Lifted<'a, T, O> {
    type Param = Vec<T>;
    type Hessian = LiftedHessian<'b, 'a, T, O>;

    fn hessian(&self, factors: &Vec<T>) -> Result<Self::Hessian, ArgminError> {
        Ok(LiftedHessian { lifted: self, factors: factors.clone() })
    }
}

/// The Hessian of a [`Lifted`] at a point, as an operator: argmin's second-order methods multiply it
/// with vectors ([`ArgminDot`]) and never see its entries.
#[derive(Debug)]
pub struct LiftedHessian<'b, 'a, T: Scalar, O> {
    lifted: &'b Lifted<'a, T, O>,
    factors: Vec<T>,
}

impl<T: Scalar, O> Clone for LiftedHessian<'_, '_, T, O> {
    fn clone(&self) -> Self {
        Self { lifted: self.lifted, factors: self.factors.clone() }
    }
}

/// NaN where the objective fails, as the trait knows no errors; the optimizer's next evaluation then
/// reports it.
impl<T: Scalar, O: Objective<T>> ArgminDot<Vec<T>, Vec<T>> for LiftedHessian<'_, '_, T, O> {
    fn dot(&self, direction: &Vec<T>) -> Vec<T> {
        let mut product = vec![T::zero(); direction.len()];
        if self.lifted.hessian_product(&self.factors, direction, &mut product).is_err() {
            product.fill(T::nan());
        }
        product
    }
}
