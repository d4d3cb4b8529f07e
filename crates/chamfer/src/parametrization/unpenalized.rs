//! Coefficients that are left as they are.

use super::{Curvature, Parametrization, away_from_zero};
use crate::{Convexity, Facts, NoPenalty, Penalty, Scalar, Strength};
use rand::RngCore;

/// The identity `β = ξ` without a penalty, for intercepts, biases and columns that must stay free.
///
/// ```
/// use chamfer::{Block, Blocks, Hpp, Unpenalized};
///
/// // Ten penalized coefficients and an intercept.
/// let blocks = Blocks::new(vec![Block::new(Hpp, 10, 0.1)?, Block::new(Unpenalized, 1, 0.0)?])?;
/// assert_eq!((blocks.n_coefficients(), blocks.n_factors()), (11, 21));
/// # Ok::<(), chamfer::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Unpenalized;

impl Unpenalized {
    pub(crate) const FACTS: Facts = Facts {
        name: "unpenalized",
        type_name: "Unpenalized",
        map: "ξ",
        surrogate: "0",
        penalty: "0",
        convex: Convexity::Always,
        extra_factors: "0",
        smoothness: "linear",
        source: "",
    };
}

impl<T: Scalar> Parametrization<T> for Unpenalized {
    fn facts(&self) -> &'static Facts {
        &Self::FACTS
    }

    fn n_factors(&self, n_coefficients: usize) -> usize {
        n_coefficients
    }

    fn collapse(&self, factors: &[T], coefficients: &mut [T]) {
        coefficients.copy_from_slice(factors);
    }

    fn pushforward(&self, _: &[T], direction: &[T], out: &mut [T]) {
        out.copy_from_slice(direction);
    }

    fn pullback(&self, _: &[T], gradient: &[T], _: Strength<'_, T>, out: &mut [T]) -> T {
        out.copy_from_slice(gradient);
        T::zero()
    }

    fn hessian_product(
        &self,
        _: &[T],
        curvature: Curvature<'_, T>,
        _: Strength<'_, T>,
        _: &[T],
        out: &mut [T],
    ) {
        out.copy_from_slice(curvature.product);
    }

    fn surrogate(&self, _: &[T], _: Strength<'_, T>) -> T {
        T::zero()
    }

    fn lift(&self, coefficients: &[T], factors: &mut [T]) {
        factors.copy_from_slice(coefficients);
    }

    fn start(&self, coefficients: &[T], factors: &mut [T]) {
        factors.copy_from_slice(coefficients);
    }

    fn random(&self, standard_deviation: T, rng: &mut dyn RngCore, factors: &mut [T]) {
        factors.fill_with(|| away_from_zero(standard_deviation, rng));
    }

    fn frozen(&self, _: &[T]) -> Option<usize> {
        None
    }

    fn imbalance(&self, _: &[T]) -> T {
        T::zero()
    }

    fn penalty(&self) -> &dyn Penalty<T> {
        &NoPenalty
    }
}
