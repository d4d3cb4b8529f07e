//! The parts in which a path is solved, so that an interrupted run can go on to the same bits.

use crate::interrupt::Interrupt;
use chamfer_glm::{Coefficients, Error as GlmError, PathStart, Regression, RegressionPoint};

/// λs in a segment.
const LENGTH: usize = 10;

/// A path in segments. Each begins at what the one before it published, and knows nothing else of it,
/// whether or not the run was interrupted between the two.
pub struct Segments<'a> {
    /// In the order in which they are solved.
    lambdas: Vec<f64>,
    start: PathStart,
    tolerance: f64,
    interrupt: &'a Interrupt,
}

impl<'a> Segments<'a> {
    /// For `lambdas` that are the largest first.
    pub fn new(
        lambdas: &[f64],
        start: PathStart,
        tolerance: f64,
        interrupt: &'a Interrupt,
    ) -> Self {
        let mut segments = Self { lambdas: Vec::new(), start, tolerance, interrupt };
        segments.lambdas = segments.reorder(lambdas.to_vec());
        segments
    }

    /// The λs in the order in which they are solved.
    pub fn lambdas(&self) -> &[f64] {
        &self.lambdas
    }

    /// From the order of the λs to that in which they are solved, or back.
    pub fn reorder<T>(&self, mut of_lambdas: Vec<T>) -> Vec<T> {
        if self.start == PathStart::DenseToSparse {
            of_lambdas.reverse();
        }
        of_lambdas
    }

    /// Whether a run can go on after `n_solved` λs.
    pub fn is_end(&self, n_solved: usize) -> bool {
        n_solved == self.lambdas.len()
            || (n_solved < self.lambdas.len() && n_solved.is_multiple_of(LENGTH))
    }

    /// The segments that follow the first `n_solved` λs.
    pub fn after(&self, n_solved: usize) -> impl Iterator<Item = &[f64]> {
        self.lambdas[n_solved..].chunks(LENGTH)
    }

    /// Solves a segment that begins at `start`, or that is the first.
    pub fn solve<'p>(
        &'p self,
        regression: &'p Regression,
        start: Option<&[Coefficients]>,
        lambdas: &'p [f64],
        stop: &'p (dyn Fn() -> bool + Sync + 'p),
    ) -> Result<Box<dyn Iterator<Item = Result<RegressionPoint, GlmError>> + 'p>, GlmError> {
        Ok(match start {
            None => Box::new(regression.path(lambdas, self.tolerance, stop)?),
            Some(start) => Box::new(regression.path_from(start, lambdas, self.tolerance, stop)?),
        })
    }

    /// Whether the run is to end.
    pub fn stop(&self) -> bool {
        self.interrupt.pressed()
    }
}
