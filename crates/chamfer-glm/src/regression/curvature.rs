//! The Hessian of the loss on a working set, kept while it serves.

use super::cholesky::System;
use super::restricted::Restricted;
use crate::Error;
use faer::Mat;

/// `∇²L` at one predictor, on the coefficients of a working set, as far as they were there when it was
/// last extended.
///
/// Of a quadratic loss it is the Gram matrix, wherever it was taken. Of another one it is that of a point
/// nearby: Newton's method with such a Hessian converges linearly, at the rate by which the two differ,
/// and a step with it costs a small part of another Hessian.
#[derive(Debug, Clone)]
pub(super) struct Curvature {
    predictor: Vec<f64>,
    /// Number of outputs that have the same Hessian and nothing with each other: it is kept once.
    outputs: usize,
    matrix: Mat<f64>,
}

impl Curvature {
    /// At `predictor`, on no coefficients yet, the same for so many outputs.
    pub(super) fn at(predictor: &[f64], outputs: usize) -> Self {
        Self { predictor: predictor.to_vec(), outputs, matrix: Mat::new() }
    }

    /// On the coefficients that it is on, the first of the working set, with a ridge after the first few.
    pub(super) fn system(&self, ridge: f64, n_free: usize) -> System<'_> {
        System { hessian: &self.matrix, outputs: self.outputs, ridge, n_free }
    }

    /// The same on some of the coefficients, which rise, all outputs of a column or none; those that it is not
    /// on yet do not count.
    pub(super) fn keep(&self, kept: &[usize]) -> Self {
        let number = |j: &usize| j / self.outputs;
        let known = |j: &usize| *j < self.matrix.nrows();
        let known: Vec<usize> =
            kept.iter().step_by(self.outputs).map(number).filter(known).collect();
        let of_one = System { hessian: &self.matrix, outputs: 1, ridge: 0.0, n_free: 0 };
        let matrix = of_one.on(&known);
        Self { matrix, predictor: self.predictor.clone(), ..*self }
    }

    /// Extends it to all coefficients of `restricted`.
    pub(super) fn extend(&mut self, restricted: &Restricted<'_>) -> Result<(), Error> {
        let (old, size) = (self.matrix.nrows(), restricted.n_coefficients() / self.outputs);
        if old == size {
            return Ok(());
        }
        if size > self.matrix.col_stride().unsigned_abs() {
            // Room for more, or it would be copied each time.
            self.matrix.reserve(size + size / 2, size + size / 2);
        }
        self.matrix.resize_with(size, size, |_, _| 0.0);
        let of_one: Vec<usize> = (0..size).map(|j| j * self.outputs).collect();
        restricted.write_hessian(&self.predictor, &of_one, old, self.matrix.as_mut())?;
        Ok(())
    }
}
