//! Where an optimization begins.

use crate::certificate::evaluate;
use crate::{Blocks, Error, Objective, Scalar};

/// Where an optimization begins, in β or in ξ.
///
/// A slice or an array of coefficients becomes [`Coefficients`](Self::Coefficients).
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Start<'a, T> {
    /// Factors that collapse to these coefficients, with gates of at least 1, so that zeros are free
    /// to move: see [`Parametrization::start`](crate::Parametrization::start).
    Coefficients(&'a [T]),
    /// The balanced lift of these coefficients, none of which may be 0, for warm starts near a
    /// solution.
    ///
    /// At depths above 2, a balanced coefficient with a modulus below
    /// `t = (2λ/(kG))^{k/(k−2)}`, `G` the largest gradient, is drawn into zero whatever the loss
    /// says. Those are raised to `2t`; [`Fit::raised`](crate::Fit::raised) counts them.
    Balanced(&'a [T]),
    /// Random factors such that each coefficient has this standard deviation, away from zero: see
    /// [`Blocks::random`].
    Random {
        /// Of each coefficient, above 0.
        standard_deviation: T,
        /// Equal seeds give equal factors.
        seed: u64,
    },
    /// These factors.
    Factors(&'a [T]),
}

impl<'a, T> From<&'a [T]> for Start<'a, T> {
    fn from(coefficients: &'a [T]) -> Self {
        Self::Coefficients(coefficients)
    }
}

impl<'a, T> From<&'a Vec<T>> for Start<'a, T> {
    fn from(coefficients: &'a Vec<T>) -> Self {
        Self::Coefficients(coefficients)
    }
}

impl<'a, T, const N: usize> From<&'a [T; N]> for Start<'a, T> {
    fn from(coefficients: &'a [T; N]) -> Self {
        Self::Coefficients(coefficients)
    }
}

impl<T: Scalar> Start<'_, T> {
    /// The factors to begin with, and how many terms were raised out of the dead zone.
    pub(super) fn factors(
        self,
        objective: &impl Objective<T>,
        blocks: &Blocks<T>,
    ) -> Result<(Vec<T>, usize), Error> {
        let mut factors = vec![T::zero(); blocks.n_factors()];
        let mut raised = 0;
        match self {
            Self::Coefficients(coefficients) => {
                check_finite(coefficients)?;
                blocks.start(coefficients, &mut factors)?;
            }
            Self::Balanced(coefficients) => {
                check_finite(coefficients)?;
                let (_, gradient) = evaluate(objective, blocks, coefficients)?;
                let mut coefficients = coefficients.to_vec();
                for at in blocks.placed() {
                    raised += at.block.parametrization().penalty().raise(
                        &mut coefficients[at.coefficients.clone()],
                        &gradient[at.coefficients],
                        at.block.strength(),
                    );
                }
                blocks.lift(&coefficients, &mut factors)?;
            }
            Self::Random { standard_deviation, seed } => {
                blocks.random(standard_deviation, seed, &mut factors)?;
            }
            Self::Factors(given) => {
                check_finite(given)?;
                blocks.check_factors(given)?;
                factors.copy_from_slice(given);
            }
        }
        for at in blocks.placed() {
            let parametrization = at.block.parametrization();
            if let Some(frozen) = parametrization.frozen(&factors[at.factors]) {
                let index = at.coefficients.start + frozen;
                let parametrization = parametrization.facts().name;
                return Err(Error::FrozenStart { index, parametrization });
            }
        }
        Ok((factors, raised))
    }
}

/// Factors near coefficients where a descent has ended, from which it can go on: what is 0 or nearly
/// so is moved a little against the gradient, to where it needs no gates to go on.
pub(super) fn reopen<T: Scalar>(
    objective: &impl Objective<T>,
    blocks: &Blocks<T>,
    coefficients: &[T],
    factors: &mut [T],
) -> Result<(), Error> {
    let (_, gradient) = evaluate(objective, blocks, coefficients)?;
    let nudged = |(&b, &g): (&T, &T)| {
        let stuck = b.abs() < T::of(NUDGE) && g != T::zero();
        if stuck { -T::of(NUDGE) * g.signum() } else { b }
    };
    let moved: Vec<T> = coefficients.iter().zip(&gradient).map(nudged).collect();
    blocks.start(&moved, factors)
}

/// Far above rounding, and no matter for what the descent then finds.
const NUDGE: f64 = 1e-3;

fn check_finite<T: Scalar>(start: &[T]) -> Result<(), Error> {
    match start.iter().position(|b| !b.is_finite()) {
        Some(index) => {
            let value = start[index].to_f64().unwrap_or(f64::NAN);
            Err(Error::InvalidStart { index, value })
        }
        None => Ok(()),
    }
}
