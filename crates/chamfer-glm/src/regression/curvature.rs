//! The Hessian of the loss on a working set, kept while it serves.

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
    matrix: Mat<f64>,
}

impl Curvature {
    /// At `predictor`, on no coefficients yet.
    pub(super) fn at(predictor: &[f64]) -> Self {
        Self { predictor: predictor.to_vec(), matrix: Mat::new() }
    }

    /// The coefficients that it is on, the first of the working set.
    pub(super) fn matrix(&self) -> &Mat<f64> {
        &self.matrix
    }

    /// The same on some of the coefficients, which rise; those that it is not on yet do not count.
    pub(super) fn keep(&self, kept: &[usize]) -> Self {
        let known: Vec<usize> = kept.iter().copied().filter(|j| *j < self.matrix.nrows()).collect();
        let n = known.len();
        let matrix = Mat::from_fn(n, n, |i, j| self.matrix[(known[i], known[j])]);
        Self { predictor: self.predictor.clone(), matrix }
    }

    /// Extends it to all coefficients of `restricted`.
    pub(super) fn extend(&mut self, restricted: &Restricted<'_>) -> Result<(), Error> {
        let (old, size) = (self.matrix.nrows(), restricted.n_coefficients());
        if old == size {
            return Ok(());
        }
        if size > self.matrix.col_stride().unsigned_abs() {
            // Room for more, or it would be copied each time.
            self.matrix.reserve(size + size / 4, size + size / 4);
        }
        self.matrix.resize_with(size, size, |_, _| 0.0);
        let all: Vec<usize> = (0..size).collect();
        restricted.write_hessian(&self.predictor, &all, old, self.matrix.as_mut())?;
        Ok(())
    }
}
