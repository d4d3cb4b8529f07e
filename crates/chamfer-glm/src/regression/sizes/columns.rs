//! Coefficients eliminated through the columns in use: a factor of as many.

use super::super::cholesky::System;
use super::super::systems::factor;
use super::super::working_set::Here;
use super::{DEPENDENT, Eliminated, LeastSquares};
use faer::linalg::triangular_solve::{
    solve_lower_triangular_in_place, solve_upper_triangular_in_place,
};
use faer::{Mat, MatRef, Par};

/// `L₀ − ⟨R, β⟩ + ½⟨β, βG⟩` with the Gram matrix `G` of all columns, the first of which have no penalty.
pub(super) struct Columns<'a> {
    gram: MatRef<'a, f64>,
    n_free: usize,
    n_rows: usize,
    /// `R`.
    right: Mat<f64>,
    /// `L₀`.
    at_zero: f64,
}

/// The system of the columns in use with a unit penalty: `½‖β‖²` where they are scaled by `√θ`.
pub(super) struct OfColumns {
    /// Columns without a penalty, then those in use.
    open: Vec<usize>,
    /// `√θ` of them.
    scale: Vec<f64>,
    /// The lower Cholesky factor of the system.
    lower: Mat<f64>,
    free: Mat<f64>,
    descent: Mat<f64>,
    loss: f64,
}

impl<'a> Columns<'a> {
    /// The problem around some coefficients, with what is known there.
    pub(super) fn new(
        system: System<'a>,
        n_rows: usize,
        coefficients: &[f64],
        here: &Here,
    ) -> Self {
        let outputs = system.outputs;
        let size = coefficients.len() / outputs;
        let gram = system.hessian.as_ref().submatrix(0, 0, size, size);
        let coefficients = MatRef::from_column_major_slice(coefficients, outputs, size);
        let gradient = MatRef::from_column_major_slice(&here.gradient, outputs, size);
        let bent = coefficients * gram;
        let right = &bent - gradient;
        let at_zero = here.loss + inner(right.as_ref(), coefficients)
            - 0.5 * inner(bent.as_ref(), coefficients);
        Self { gram, n_free: system.n_free / outputs, n_rows, right, at_zero }
    }

    /// A matrix on the columns in use, spread over all.
    fn spread(&self, of: &OfColumns, scaled: &Mat<f64>) -> Mat<f64> {
        let mut all = Mat::zeros(scaled.ncols(), self.gram.nrows());
        for (k, &j) in of.open.iter().enumerate() {
            for output in 0..scaled.ncols() {
                all[(output, j)] = of.scale[k] * scaled[(k, output)];
            }
        }
        all
    }
}

impl LeastSquares for Columns<'_> {
    type Eliminated = OfColumns;

    fn eliminate(&self, thetas: &[f64]) -> Option<OfColumns> {
        let n_free = self.n_free;
        let in_use = (0..thetas.len()).filter(|&j| thetas[j] > 0.0);
        let open: Vec<usize> = (0..n_free).chain(in_use.clone().map(|j| n_free + j)).collect();
        let scale: Vec<f64> =
            std::iter::repeat_n(1.0, n_free).chain(in_use.map(|j| thetas[j].sqrt())).collect();
        let mut lower = Mat::zeros(open.len(), open.len());
        for (b, &j) in open.iter().enumerate() {
            let (to, column) = (lower.col_as_slice_mut(b), self.gram.col(j));
            for (a, &i) in open.iter().enumerate() {
                to[a] = scale[a] * scale[b] * column[i];
            }
            if j >= n_free {
                to[b] += 1.0;
            }
        }
        let squares: Vec<f64> = (0..n_free).map(|j| lower[(j, j)]).collect();
        factor(&mut lower)?;
        let is_lost = |(j, square): (usize, &f64)| lower[(j, j)].powi(2) <= DEPENDENT * square;
        if squares.iter().enumerate().any(is_lost) {
            return None;
        }
        let (free, descent) = (Mat::new(), Mat::new());
        let mut made = OfColumns { open, scale, lower, free, descent, loss: 0.0 };
        let mut solution = made.seen(self.right.as_ref());
        made.solve(&mut solution);
        // ½‖β‖² of the scaled ones is what the penalty takes of the loss.
        let scaled = solution.subrows(n_free, solution.nrows() - n_free);
        let all = self.spread(&made, &solution);
        made.loss = self.at_zero
            - 0.5 * (inner(self.right.as_ref(), all.as_ref()) + scaled.squared_norm_l2());
        made.free = all.subcols(0, n_free).to_owned();
        let penalized = thetas.len();
        let mut descent =
            self.right.subcols(n_free, penalized) - &all * self.gram.subcols(n_free, penalized);
        for (k, &j) in made.open.iter().enumerate().skip(n_free) {
            for output in 0..descent.nrows() {
                descent[(output, j - n_free)] = solution[(k, output)] / made.scale[k];
            }
        }
        made.descent = descent;
        Some(made)
    }

    fn multiply(&self, eliminated: &OfColumns, v: MatRef<'_, f64>) -> Mat<f64> {
        let n_free = self.n_free;
        let mut all = Mat::zeros(v.nrows(), self.gram.nrows());
        all.subcols_mut(n_free, v.ncols()).copy_from(v);
        let along = &all * self.gram;
        let mut left = eliminated.seen(along.as_ref());
        eliminated.solve(&mut left);
        let back = self.spread(eliminated, &left) * self.gram.subcols(n_free, v.ncols());
        along.subcols(n_free, v.ncols()) - back
    }

    fn n_rows(&self) -> usize {
        self.n_rows
    }

    fn squares(&self) -> Vec<f64> {
        (self.n_free..self.gram.nrows()).map(|j| self.gram[(j, j)]).collect()
    }
}

impl OfColumns {
    /// The rows of a matrix as the columns in use see them, scaled: one column for each output.
    fn seen(&self, rows: MatRef<'_, f64>) -> Mat<f64> {
        Mat::from_fn(self.open.len(), rows.nrows(), |k, output| {
            self.scale[k] * rows[(output, self.open[k])]
        })
    }

    fn solve(&self, right: &mut Mat<f64>) {
        solve_lower_triangular_in_place(self.lower.as_ref(), right.as_mut(), Par::Seq);
        solve_upper_triangular_in_place(self.lower.transpose(), right.as_mut(), Par::Seq);
    }
}

impl Eliminated for OfColumns {
    fn descent(&self) -> MatRef<'_, f64> {
        self.descent.as_ref()
    }

    fn loss(&self) -> f64 {
        self.loss
    }

    fn free(&self) -> Vec<f64> {
        self.free.col_iter().flat_map(|column| column.iter().copied()).collect()
    }
}

/// `Σ a_ij b_ij`.
fn inner(a: MatRef<'_, f64>, b: MatRef<'_, f64>) -> f64 {
    let of_column =
        |j: usize| -> f64 { a.col(j).iter().zip(b.col(j).iter()).map(|(a, b)| a * b).sum() };
    (0..a.ncols()).map(of_column).sum()
}
