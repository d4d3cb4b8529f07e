//! argmin's optimizers on the lifted problem.

use super::Settings;
use crate::{Error, Lifted, Objective, Scalar};
use argmin::core::{
    CostFunction, Executor, Gradient, IterState, KV, Problem, Solver, State, TerminationReason,
    TerminationStatus,
};
use argmin::solver::conjugategradient::NonlinearConjugateGradient;
use argmin::solver::conjugategradient::beta::PolakRibiere;
use argmin::solver::gradientdescent::SteepestDescent;
use argmin::solver::linesearch::MoreThuenteLineSearch;
use argmin::solver::newton::NewtonCG;
use argmin::solver::quasinewton::LBFGS;
use argmin::solver::trustregion::{Steihaug, TrustRegion};
use argmin_math::{
    ArgminAdd, ArgminConj, ArgminDot, ArgminL1Norm, ArgminL2Norm, ArgminMinMax, ArgminMul,
    ArgminScaledAdd, ArgminSignum, ArgminSub, ArgminZeroLike,
};

/// What descends on the smooth problem; all are argmin's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Optimizer {
    /// L-BFGS with a Moré–Thuente line search: the default, from gradients alone.
    Lbfgs {
        /// Pairs of vectors that it keeps, at least 1.
        memory: usize,
    },
    /// Steihaug's trust region method, from products with the Hessian. Leaves saddles.
    TrustRegion,
    /// Newton's method with conjugate gradients and a line search.
    NewtonCg,
    /// Polak and Ribière's nonlinear conjugate gradients.
    NonlinearCg,
    /// Steepest descent: slow at small λ, there to compare with.
    GradientDescent,
}

impl Default for Optimizer {
    fn default() -> Self {
        Self::Lbfgs { memory: 10 }
    }
}

/// The vector operations that argmin's methods need of `Vec<T>`; `f32` and `f64` have them.
pub trait OptimizerVector<T>:
    Clone
    + ArgminAdd<Self, Self>
    + ArgminAdd<T, Self>
    + ArgminConj
    + ArgminSub<Self, Self>
    + ArgminSub<T, Self>
    + ArgminMul<Self, Self>
    + ArgminMul<T, Self>
    + ArgminScaledAdd<Self, T, Self>
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
        + ArgminConj
        + ArgminSub<Self, Self>
        + ArgminSub<T, Self>
        + ArgminMul<Self, Self>
        + ArgminMul<T, Self>
        + ArgminScaledAdd<Self, T, Self>
        + ArgminDot<Self, T>
        + ArgminL1Norm<T>
        + ArgminL2Norm<T>
        + ArgminSignum
        + ArgminMinMax
        + ArgminZeroLike
{
}

/// Runs the optimizer from `start` until the gradient is small or the arithmetic is exhausted;
/// returns the best factors.
pub(super) fn descend<T, O>(
    lifted: &Lifted<'_, T, O>,
    start: &[T],
    settings: &Settings<T>,
) -> Result<Vec<T>, Error>
where
    T: Scalar,
    Vec<T>: OptimizerVector<T>,
    O: Objective<T>,
{
    let mut factors = start.to_vec();
    let mut gradient = vec![T::zero(); factors.len()];
    let mut value = lifted.value_and_gradient(&factors, &mut gradient)?;
    let mut iterations_left = settings.max_iterations;
    // A line search can stall on old curvature pairs, or a step on a saddle; a restart forgets them.
    while lifted.best_gradient_norm() >= settings.tolerance && iterations_left > 0 {
        let used = run_optimizer(lifted, &factors, settings, iterations_left)?;
        factors = lifted.best().unwrap_or(factors);
        let before = value;
        value = lifted.value_and_gradient(&factors, &mut gradient)?;
        iterations_left = iterations_left.saturating_sub(used.max(1));
        if before - value <= T::epsilon() * num_traits::Float::abs(value) {
            break;
        }
    }
    Ok(factors)
}

fn run_optimizer<T, O>(
    lifted: &Lifted<'_, T, O>,
    start: &[T],
    settings: &Settings<T>,
    max_iterations: u64,
) -> Result<u64, Error>
where
    T: Scalar,
    Vec<T>: OptimizerVector<T>,
    O: Objective<T>,
{
    let run = Run { lifted, start, tolerance: settings.tolerance, max_iterations };
    let search = || MoreThuenteLineSearch::<Vec<T>, Vec<T>, T>::new();
    match settings.optimizer {
        Optimizer::Lbfgs { memory } => run.quasi_newton(memory),
        Optimizer::TrustRegion => {
            // Steihaug's own tolerance is relative to nothing: it must be below what is asked for.
            let tolerance = settings.tolerance.min(T::of(1e-9)).max(T::min_positive_value());
            let subproblem = Steihaug::new().with_epsilon(tolerance).map_err(own_error)?;
            run.of(TrustRegion::new(subproblem))
        }
        Optimizer::NewtonCg => run.of(NewtonCG::new(search())),
        Optimizer::NonlinearCg => {
            let solver = NonlinearConjugateGradient::new(search(), PolakRibiere::new());
            run.of::<_, ()>(solver.restart_orthogonality(T::of(0.1)))
        }
        Optimizer::GradientDescent => run.of::<_, ()>(SteepestDescent::new(search())),
    }
}

/// One run of an argmin solver. What it found is [`Lifted::best`].
struct Run<'r, 'a, T: Scalar, O> {
    lifted: &'r Lifted<'a, T, O>,
    start: &'r [T],
    tolerance: T,
    max_iterations: u64,
}

impl<'r, 'a, T, O> Run<'r, 'a, T, O>
where
    T: Scalar,
    Vec<T>: OptimizerVector<T>,
    O: Objective<T>,
{
    fn quasi_newton(&self, memory: usize) -> Result<u64, Error> {
        let solver = LBFGS::new(MoreThuenteLineSearch::<Vec<T>, Vec<T>, T>::new(), memory.max(1))
            .with_tolerance_grad(self.tolerance)
            // The gradient decides; but a step that changes the value by nothing is the last.
            .and_then(|solver| solver.with_tolerance_cost(T::min_positive_value()))
            .map_err(own_error)?;
        self.of::<_, ()>(solver)
    }

    /// Runs a solver whose state keeps Hessians of type `H`; returns the number of iterations.
    fn of<S, H>(&self, solver: S) -> Result<u64, Error>
    where
        S: Solver<&'r Lifted<'a, T, O>, IterState<Vec<T>, Vec<T>, (), H, (), T>>,
        IterState<Vec<T>, Vec<T>, (), H, (), T>: State<Param = Vec<T>, Float = T>,
    {
        let solver = UntilStationary { solver, lifted: self.lifted, tolerance: self.tolerance };
        let run = Executor::new(self.lifted, solver)
            .configure(|state| state.param(self.start.to_vec()).max_iters(self.max_iterations))
            .timer(false)
            .run();
        // Some solvers make a mere reason to stop of an error in their line search.
        if let Some(failure) = self.lifted.take_failure() {
            return Err(failure);
        }
        match run.map_err(own_error) {
            Ok(result) => Ok(result.state().get_iter()),
            // A line search that finds no further descent: the certificate says how good it is.
            Err(Error::Optimizer { .. }) => Ok(1),
            Err(error) => Err(error),
        }
    }
}

fn own_error(error: argmin::core::Error) -> Error {
    let other = |error: argmin::core::Error| Error::Optimizer { message: error.to_string() };
    error.downcast::<Error>().unwrap_or_else(other)
}

/// Ends any solver when the gradient of the smooth problem is small, which most do not look at, and
/// counts its iterations.
struct UntilStationary<'r, 'a, T: Scalar, O, S> {
    solver: S,
    lifted: &'r Lifted<'a, T, O>,
    tolerance: T,
}

impl<T, O, S, P, I> Solver<P, I> for UntilStationary<'_, '_, T, O, S>
where
    T: Scalar,
    O: Objective<T>,
    P: CostFunction + Gradient,
    I: State,
    S: Solver<P, I>,
{
    fn name(&self) -> &str {
        self.solver.name()
    }

    fn init(
        &mut self,
        problem: &mut Problem<P>,
        state: I,
    ) -> Result<(I, Option<KV>), argmin::core::Error> {
        self.solver.init(problem, state)
    }

    fn next_iter(
        &mut self,
        problem: &mut Problem<P>,
        state: I,
    ) -> Result<(I, Option<KV>), argmin::core::Error> {
        self.lifted.count_iteration();
        self.solver.next_iter(problem, state)
    }

    fn terminate(&mut self, state: &I) -> TerminationStatus {
        if self.lifted.best_gradient_norm() < self.tolerance {
            return TerminationStatus::Terminated(TerminationReason::SolverConverged);
        }
        self.solver.terminate(state)
    }
}
