//! The short way from an objective to a certified sparse point.

mod descent;
mod polish;
mod settle;
mod start;
mod stochastic;

pub use descent::{Optimizer, OptimizerVector};
pub use polish::polish;
pub use start::Start;
pub use stochastic::{
    BatchObjective, Schedule, StochasticOptimizer, StochasticSettings, minimize_stochastic,
};

use crate::{Blocks, Certificate, Error, Lifted, Objective, Scalar};

/// Settings of [`minimize`].
///
/// | name | default | purpose | range |
/// |---|---|---|---|
/// | `optimizer` | [`Optimizer::default`] | what descends on the smooth problem | any |
/// | `max_iterations` | 10,000 | bound on the iterations of one descent | any |
/// | `tolerance` | `√ε` | stop when the Euclidean norm of `∇Q` is below | ≥ 0 |
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings<T> {
    /// What descends on the smooth problem.
    pub optimizer: Optimizer,
    /// Bound on the iterations of one descent; there are two or a few.
    pub max_iterations: u64,
    /// Stop when the Euclidean norm of `∇Q` is below.
    pub tolerance: T,
}

impl<T: Scalar> Default for Settings<T> {
    fn default() -> Self {
        let tolerance = num_traits::Float::sqrt(T::epsilon());
        Self { optimizer: Optimizer::default(), max_iterations: 10_000, tolerance }
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
    /// Number of calls of the objective for its gradient.
    pub evaluations: usize,
    /// Terms of a balanced start that were raised out of the dead zone; see [`Start::Balanced`].
    pub raised: usize,
}

/// Minimizes `L(β) + λR(β)` from `start` by a smooth optimizer on the lifted problem.
///
/// What the optimality conditions want at zero is then set to exactly 0 and the rest is polished by
/// Newton's method ([`polish`]), each only if the certificate does not get worse. For another
/// optimizer, hand [`Lifted`] to argmin yourself, and then call [`polish`].
///
/// # Errors
/// If `start` has the wrong length, is not finite or leaves a coefficient where no gradient can move
/// it, or the objective fails or is not finite at a point that the optimizer visits. The error then
/// holds the best point before.
pub fn minimize<'s, T, O>(
    objective: &O,
    blocks: &Blocks<T>,
    start: impl Into<Start<'s, T>>,
    settings: &Settings<T>,
) -> Result<Fit<T>, Error>
where
    T: Scalar,
    Vec<T>: OptimizerVector<T>,
    O: Objective<T>,
{
    let (mut factors, raised) = start.into().factors(objective, blocks)?;
    let mut best = descend(objective, blocks, &factors, settings)?;
    // A zero that the loss pulls away from is a saddle of the lifted problem, which a first-order
    // method may approach. Starting anew from the same coefficients with open gates leaves it; when
    // that gains nothing, no such zero is left.
    while best.certificate.stationarity > settings.tolerance {
        start::reopen(objective, blocks, &best.coefficients, &mut factors)?;
        let next = descend(objective, blocks, &factors, settings)?;
        let gain = best.certificate.objective - next.certificate.objective;
        let evaluations = best.evaluations + next.evaluations;
        if settle::improves(&next.certificate, &best.certificate) {
            best = next;
        }
        best.evaluations = evaluations;
        let rounding = T::epsilon() * num_traits::Float::abs(best.certificate.objective);
        if gain <= rounding || gain.is_nan() {
            break;
        }
    }
    best.raised = raised;
    Ok(best)
}

/// Descends from `start`, sets zeros and polishes.
fn descend<T, O>(
    objective: &O,
    blocks: &Blocks<T>,
    start: &[T],
    settings: &Settings<T>,
) -> Result<Fit<T>, Error>
where
    T: Scalar,
    Vec<T>: OptimizerVector<T>,
    O: Objective<T>,
{
    let lifted = Lifted::new(objective, blocks);
    let factors = descent::descend(&lifted, start, settings)?;
    let (coefficients, certificate) = settle::settle(objective, blocks, &factors)?;
    let (coefficients, polished) = polish(objective, blocks, &coefficients)?;
    let certificate = if polished == certificate.of_base() { certificate } else { polished };
    let evaluations = lifted.evaluations();
    Ok(Fit { coefficients, certificate, evaluations, raised: 0 })
}
