//! The short way from an objective to a certified sparse point: argmin's L-BFGS on the lift.

use crate::{Blocks, Certificate, Error, Lifted, Objective, Scalar};
use argmin::core::{CostFunction, Executor, Gradient, State};
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
/// | `max_iterations` | 10,000 | bound on the iterations of one descent | any |
/// | `tolerance` | `√ε` | stop when the Euclidean norm of `∇Q` is below | ≥ 0 |
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LbfgsSettings<T> {
    /// Pairs of vectors that L-BFGS keeps.
    pub memory: usize,
    /// Bound on the iterations of one descent; there are two or a few.
    pub max_iterations: u64,
    /// Stop when the Euclidean norm of `∇Q(ξ)` is below this.
    pub tolerance: T,
}

impl<T: Scalar> Default for LbfgsSettings<T> {
    fn default() -> Self {
        let tolerance = T::epsilon().sqrt();
        Self { memory: 10, max_iterations: 10_000, tolerance }
    }
}

/// What [`minimize`] found.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit<T> {
    /// β, with exact zeros where the optimality conditions allow them.
    pub coefficients: Vec<T>,
    /// How optimal `coefficients` are in the base problem: this, not how the optimizer ended, says
    /// whether the fit is good.
    pub certificate: Certificate<T>,
    /// Number of calls of the objective.
    pub evaluations: usize,
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
    let mut best = descend(objective, blocks, &factors, settings)?;
    // A zero that the loss pulls away from is a saddle of the lifted problem, which L-BFGS may
    // approach. Starting anew from the same coefficients with open gates leaves it; when that
    // gains nothing, no such zero is left.
    while best.certificate.stationarity > settings.tolerance {
        blocks.start(&best.coefficients, &mut factors)?;
        let next = descend(objective, blocks, &factors, settings)?;
        let gain = best.certificate.objective - next.certificate.objective;
        let evaluations = best.evaluations + next.evaluations;
        if next.certificate.stationarity < best.certificate.stationarity {
            best = next;
        }
        best.evaluations = evaluations;
        if gain <= T::epsilon() * best.certificate.objective.abs() {
            break;
        }
    }
    Ok(best)
}

/// L-BFGS from `start` until it is done or the arithmetic is exhausted.
fn descend<T, O>(
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
    let lifted = Lifted::new(objective, blocks);
    let mut factors = start.to_vec();
    let mut gradient = vec![T::zero(); factors.len()];
    let mut value = lifted.value_and_gradient(&factors, &mut gradient)?;
    let mut iterations_left = settings.max_iterations;
    // The line search can stall on old curvature pairs; a restart forgets them.
    while ArgminL2Norm::<T>::l2_norm(&gradient) >= settings.tolerance && iterations_left > 0 {
        let used = run_lbfgs(&lifted, &factors, settings, iterations_left)?;
        factors = lifted.best().unwrap_or(factors);
        let before = value;
        value = lifted.value_and_gradient(&factors, &mut gradient)?;
        iterations_left = iterations_left.saturating_sub(used.max(1));
        if before - value <= T::epsilon() * value.abs() {
            break;
        }
    }
    let (coefficients, certificate) = settle(objective, blocks, &factors)?;
    Ok(Fit { coefficients, certificate, evaluations: lifted.evaluations() })
}

/// One run of argmin's L-BFGS from `start`; returns the number of iterations. What it found is
/// [`Lifted::best`].
fn run_lbfgs<T, O>(
    lifted: &Lifted<'_, T, O>,
    start: &[T],
    settings: &LbfgsSettings<T>,
    max_iterations: u64,
) -> Result<u64, Error>
where
    T: Scalar,
    Vec<T>: OptimizerVector<T>,
    O: Objective<T>,
{
    let own_error = |error: argmin::core::Error| {
        let other = |error: argmin::core::Error| Error::Optimizer { message: error.to_string() };
        error.downcast::<Error>().unwrap_or_else(other)
    };
    let solver = LBFGS::new(MoreThuenteLineSearch::new(), settings.memory.max(1))
        .with_tolerance_grad(settings.tolerance)
        // The gradient decides; but a step that changes the value by nothing at all is the last.
        .and_then(|solver| solver.with_tolerance_cost(T::min_positive_value()))
        .map_err(own_error)?;
    let run = Executor::new(Shared(lifted), solver)
        .configure(|state| state.param(start.to_vec()).max_iters(max_iterations))
        .run();
    match run.map_err(own_error) {
        Ok(result) => Ok(result.state().get_iter()),
        // A line search that finds no further descent: the certificate says how good it is.
        Err(Error::Optimizer { .. }) => Ok(1),
        Err(error) => Err(error),
    }
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
    let mut best = (coefficients.clone(), reached);
    let mut slack = T::epsilon().sqrt();
    while slack < T::of(0.2) {
        let mut snapped = coefficients.clone();
        for at in blocks.placed() {
            at.block.parametrization().penalty().snap_zeros(
                &mut snapped[at.coefficients.clone()],
                &gradient[at.coefficients],
                at.block.strength(),
                slack,
            );
        }
        let with_zeros = Certificate::of_coefficients(objective, blocks, &snapped)?;
        if with_zeros.stationarity <= best.1.stationarity {
            let Certificate { misalignment, imbalance, .. } = reached;
            best = (snapped, Certificate { misalignment, imbalance, ..with_zeros });
        }
        slack *= T::of(10.0);
    }
    Ok(best)
}
