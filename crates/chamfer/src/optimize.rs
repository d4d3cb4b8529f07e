//! The short way from an objective to a certified sparse point: argmin's L-BFGS on the lift.

use crate::{Blocks, Certificate, Error, Lifted, Objective, Scalar};
use argmin::core::{CostFunction, Executor, Gradient};
use argmin::solver::linesearch::MoreThuenteLineSearch;
use argmin::solver::quasinewton::LBFGS;
use argmin_math::{
    ArgminAdd, ArgminDot, ArgminL1Norm, ArgminL2Norm, ArgminMinMax, ArgminMul, ArgminSignum,
    ArgminSub, ArgminZeroLike,
};

/// The vector operations that argmin's quasi-Newton methods need of `Vec<T>`; `f32` and `f64`
/// have them.
pub trait OptimizerVector<T>:
    Clone
    + ArgminAdd<Self, Self>
    + ArgminAdd<T, Self>
    + ArgminSub<Self, Self>
    + ArgminSub<T, Self>
    + ArgminMul<Self, Self>
    + ArgminMul<T, Self>
    + ArgminDot<Self, T>
    + ArgminL1Norm<T>
    + ArgminL2Norm<T>
    + ArgminSignum
    + ArgminMinMax
    + ArgminZeroLike
{
}

impl<T, V> OptimizerVector<T> for V where
    V: Clone
        + ArgminAdd<Self, Self>
        + ArgminAdd<T, Self>
        + ArgminSub<Self, Self>
        + ArgminSub<T, Self>
        + ArgminMul<Self, Self>
        + ArgminMul<T, Self>
        + ArgminDot<Self, T>
        + ArgminL1Norm<T>
        + ArgminL2Norm<T>
        + ArgminSignum
        + ArgminMinMax
        + ArgminZeroLike
{
}

/// Settings of [`minimize`].
///
/// | name | default | purpose | range |
/// |---|---|---|---|
/// | `memory` | 10 | pairs of vectors that L-BFGS keeps | ≥ 1 |
/// | `max_iterations` | 10,000 | bound on L-BFGS iterations | any |
/// | `tolerance` | `ε^(3/4)` | stop when the Euclidean norm of `∇Q` is below | ≥ 0 |
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LbfgsSettings<T> {
    /// Pairs of vectors that L-BFGS keeps.
    pub memory: usize,
    /// Bound on L-BFGS iterations.
    pub max_iterations: u64,
    /// Stop when the Euclidean norm of `∇Q(ξ)` is below this.
    pub tolerance: T,
}

impl<T: Scalar> Default for LbfgsSettings<T> {
    fn default() -> Self {
        let tolerance = T::epsilon().powf(T::of(0.75));
        Self { memory: 10, max_iterations: 10_000, tolerance }
    }
}

/// What [`minimize`] found.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit<T> {
    /// β, with exact zeros where the optimality conditions allow them.
    pub coefficients: Vec<T>,
    /// How optimal `coefficients` are in the base problem.
    pub certificate: Certificate<T>,
    /// Number of calls of the objective.
    pub evaluations: usize,
    /// Whether `∇Q` became smaller than the tolerance. Judge the result by its certificate.
    pub converged: bool,
}

/// Minimizes `L(β) + λR(β)` from `start` by L-BFGS on the lifted problem.
///
/// The coefficients that the optimality conditions want at zero are then set to exactly 0, if
/// the certificate does not get worse. For another optimizer, hand [`Lifted`] to argmin yourself.
///
/// # Errors
/// If `start` has the wrong length or is not finite, or the objective is not finite at a point
/// that the optimizer visits.
pub fn minimize<T, O>(
    objective: &O,
    blocks: &Blocks<T>,
    start: &[T],
    settings: &LbfgsSettings<T>,
) -> Result<Fit<T>, Error>
where
    T: Scalar,
    Vec<T>: OptimizerVector<T>,
    O: Objective<T>,
{
    blocks.check_coefficients(start)?;
    if let Some(index) = start.iter().position(|b| !b.is_finite()) {
        let value = start[index].to_f64().unwrap_or(f64::NAN);
        return Err(Error::InvalidStart { index, value });
    }
    let mut factors = vec![T::zero(); blocks.n_factors()];
    blocks.start(start, &mut factors)?;

    let lifted = Lifted::new(objective, blocks);
    let line_search = MoreThuenteLineSearch::new();
    let optimizer_error = |error: argmin::core::Error| {
        error
            .downcast::<Error>()
            .unwrap_or_else(|other| Error::Optimizer { message: other.to_string() })
    };
    let solver = LBFGS::new(line_search, settings.memory.max(1))
        .with_tolerance_grad(settings.tolerance)
        .and_then(|solver| solver.with_tolerance_cost(T::zero()))
        .map_err(optimizer_error)?;
    let run = Executor::new(Shared(&lifted), solver)
        .configure(|state| state.param(factors).max_iters(settings.max_iterations))
        .run();
    if let Err(error) = run {
        match optimizer_error(error) {
            // A line search that finds no further descent has reached the limit of the
            // arithmetic: what it has is the answer, and the certificate says how good it is.
            Error::Optimizer { .. } if lifted.best().is_some() => {}
            error => return Err(error),
        }
    }
    let Some(factors) = lifted.best() else {
        return Err(Error::Optimizer { message: "it evaluated no point".to_owned() });
    };
    let mut gradient = vec![T::zero(); factors.len()];
    lifted.value_and_gradient(&factors, &mut gradient)?;
    let converged = ArgminL2Norm::<T>::l2_norm(&gradient) < settings.tolerance;
    let (coefficients, certificate) = settle(objective, blocks, &factors)?;
    Ok(Fit { coefficients, certificate, evaluations: lifted.evaluations(), converged })
}

/// Lends a [`Lifted`] to argmin, which wants to own its problem.
struct Shared<'a, 'b, T: Scalar, O>(&'a Lifted<'b, T, O>);

impl<T: Scalar, O: Objective<T>> CostFunction for Shared<'_, '_, T, O> {
    type Param = Vec<T>;
    type Output = T;

    fn cost(&self, factors: &Vec<T>) -> Result<T, argmin::core::Error> {
        self.0.cost(factors)
    }
}

impl<T: Scalar, O: Objective<T>> Gradient for Shared<'_, '_, T, O> {
    type Param = Vec<T>;
    type Gradient = Vec<T>;

    fn gradient(&self, factors: &Vec<T>) -> Result<Vec<T>, argmin::core::Error> {
        self.0.gradient(factors)
    }
}

/// Collapses, and sets to exactly zero what the optimality conditions want there.
fn settle<T: Scalar>(
    objective: &impl Objective<T>,
    blocks: &Blocks<T>,
    factors: &[T],
) -> Result<(Vec<T>, Certificate<T>), Error> {
    let mut coefficients = vec![T::zero(); blocks.n_coefficients()];
    blocks.collapse(factors, &mut coefficients)?;
    let reached = Certificate::of_factors(objective, blocks, factors)?;

    let mut gradient = vec![T::zero(); coefficients.len()];
    objective.value_and_gradient(&coefficients, &mut gradient);
    let mut snapped = coefficients.clone();
    for at in blocks.placed() {
        at.block.parametrization().penalty().snap_zeros(
            &mut snapped[at.coefficients.clone()],
            &gradient[at.coefficients],
            at.block.strength(),
        );
    }
    let with_zeros = Certificate::of_coefficients(objective, blocks, &snapped)?;
    if with_zeros.stationarity <= reached.stationarity {
        let misalignment = reached.misalignment;
        let imbalance = reached.imbalance;
        Ok((snapped, Certificate { misalignment, imbalance, ..with_zeros }))
    } else {
        Ok((coefficients, reached))
    }
}
