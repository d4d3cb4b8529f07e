//! Coefficients that are left as they are.

use super::Parametrization;
use crate::{NoPenalty, Penalty, Scalar, Strength};

/// The identity `β = ξ` without a penalty, for intercepts, biases and columns that must stay free.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Unpenalized;

impl<T: Scalar> Parametrization<T> for Unpenalized {
    fn name(&self) -> &'static str {
        "unpenalized"
    }

    fn n_factors(&self, n_coefficients: usize) -> usize {
        n_coefficients
    }

    fn collapse(&self, factors: &[T], coefficients: &mut [T]) {
        coefficients.copy_from_slice(factors);
    }

    fn pullback(&self, _: &[T], gradient: &[T], out: &mut [T]) {
        out.copy_from_slice(gradient);
    }

    fn surrogate(&self, _: &[T], _: Strength<'_, T>) -> T {
        T::zero()
    }

    fn add_surrogate_gradient(&self, _: &[T], _: Strength<'_, T>, _: &mut [T]) {}

    fn lift(&self, coefficients: &[T], factors: &mut [T]) {
        factors.copy_from_slice(coefficients);
    }

    fn start(&self, coefficients: &[T], factors: &mut [T]) {
        factors.copy_from_slice(coefficients);
    }

    fn imbalance(&self, _: &[T]) -> T {
        T::zero()
    }

    fn penalty(&self) -> &dyn Penalty<T> {
        &NoPenalty
    }
}
