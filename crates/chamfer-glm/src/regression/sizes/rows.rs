//! Coefficients eliminated through the rows: a factor of as many.

use super::super::restricted::Restricted;
use super::super::systems::factor;
use super::{DEPENDENT, Eliminated, LeastSquares};
use crate::design::cross_products::add_square;
use faer::linalg::matmul::matmul;
use faer::linalg::triangular_solve::{
    solve_lower_triangular_in_place, solve_upper_triangular_in_place,
};
use faer::{Accum, Mat, MatRef, Par};
use std::sync::Arc;

/// `½‖Y − Ff − Kβ‖²` with the rows at hand, each times the root of its weight.
#[derive(Clone)]
pub(super) struct Rows {
    roots: Vec<f64>,
    /// `F`, the intercept and the columns without a penalty.
    free: Mat<f64>,
    /// `K`, column after column.
    columns: Vec<f64>,
    /// `Y`.
    target: Mat<f64>,
}

/// `M⁻¹ − M⁻¹F(FᵀM⁻¹F)⁻¹FᵀM⁻¹`, by factors: what `M⁻¹` is beside `F`.
struct Factor {
    /// The lower Cholesky factor `L` of `M`.
    lower: Mat<f64>,
    /// `L⁻¹F`.
    halved: Mat<f64>,
    /// The lower Cholesky factor of `FᵀM⁻¹F`.
    of_free: Mat<f64>,
}

#[derive(Clone)]
pub(super) struct OfRows {
    factor: Arc<Factor>,
    free: Mat<f64>,
    /// `A`.
    residual: Mat<f64>,
    descent: Mat<f64>,
}

impl Rows {
    /// The problem without columns that have a penalty; `n_free` coefficients have none.
    pub(super) fn new(restricted: &Restricted<'_>, n_free: usize) -> Self {
        let Restricted { design, family, .. } = restricted;
        let (n, outputs) = (design.n_rows(), family.n_outputs());
        let roots: Vec<f64> = design.weights().iter().map(|w| w.max(0.0).sqrt()).collect();
        let n_free = n_free / outputs;
        let intercepts = restricted.n_intercepts() / outputs;
        let mut free = if intercepts > 0 { roots.clone() } else { Vec::new() };
        append(&mut free, &restricted.columns[..n_free - intercepts], restricted, &roots);
        let free = MatRef::from_column_major_slice(&free, n, n_free).to_owned();
        let predictor = restricted.predictor(&vec![0.0; restricted.n_coefficients()]);
        let mut of_predictor = vec![0.0; predictor.len()];
        family.value_and_gradient(&predictor, &mut of_predictor);
        // A row without a weight says nothing.
        let target = Mat::from_fn(n, outputs, |i, k| {
            if roots[i] > 0.0 { -of_predictor[k * n + i] / roots[i] } else { 0.0 }
        });
        Self { roots, free, columns: Vec::new(), target }
    }

    fn columns(&self) -> MatRef<'_, f64> {
        let n = self.roots.len();
        MatRef::from_column_major_slice(&self.columns, n, self.columns.len() / n)
    }

    /// How many of the columns of a working set it has, the first few.
    fn known(&self, restricted: &Restricted<'_>) -> usize {
        let intercepts = usize::from(restricted.n_intercepts() > 0);
        self.free.ncols() - intercepts + self.columns().ncols()
    }

    pub(super) fn has_all(&self, restricted: &Restricted<'_>) -> bool {
        self.known(restricted) == restricted.columns.len()
    }

    /// Adds the columns of a working set that it does not have.
    pub(super) fn extend(&mut self, restricted: &Restricted<'_>) {
        let known = self.known(restricted);
        append(&mut self.columns, &restricted.columns[known..], restricted, &self.roots);
    }

    /// On the columns of these of the coefficients of a working set.
    pub(super) fn keep(&self, coefficients: &[usize]) -> Self {
        let (n, outputs) = (self.roots.len(), self.target.ncols());
        let of_one = coefficients.iter().step_by(outputs).map(|j| j / outputs);
        let columns = of_one
            .filter_map(|j| j.checked_sub(self.free.ncols()))
            .filter_map(|j| self.columns.get(j * n..(j + 1) * n))
            .flatten()
            .copied()
            .collect();
        let (roots, free) = (self.roots.clone(), self.free.clone());
        Self { roots, free, columns, target: self.target.clone() }
    }

    fn factor(&self, thetas: &[f64]) -> Option<Factor> {
        let n = self.roots.len();
        let open: Vec<usize> = (0..thetas.len()).filter(|&j| thetas[j] > 0.0).collect();
        let mut scaled = Mat::zeros(n, open.len());
        for (k, &j) in open.iter().enumerate() {
            let root = thetas[j].sqrt();
            let column = &self.columns[j * n..(j + 1) * n];
            for (scaled, x) in scaled.col_as_slice_mut(k).iter_mut().zip(column) {
                *scaled = root * x;
            }
        }
        let mut lower = Mat::identity(n, n);
        add_square(&mut lower, scaled.transpose());
        factor(&mut lower)?;
        let mut halved = self.free.clone();
        solve_lower_triangular_in_place(lower.as_ref(), halved.as_mut(), Par::Seq);
        let mut of_free = halved.transpose() * &halved;
        let squares: Vec<f64> = (0..of_free.nrows()).map(|j| of_free[(j, j)]).collect();
        factor(&mut of_free)?;
        let is_lost = |(j, square): (usize, &f64)| of_free[(j, j)].powi(2) <= DEPENDENT * square;
        let lost = squares.iter().enumerate().any(is_lost);
        (!lost).then_some(Factor { lower, halved, of_free })
    }
}

impl LeastSquares for Rows {
    type Eliminated = OfRows;

    fn eliminate(&self, thetas: &[f64]) -> Option<OfRows> {
        let factor = Arc::new(self.factor(thetas)?);
        let mut residual = self.target.clone();
        let free = factor.solve(&mut residual);
        let descent = residual.transpose() * self.columns();
        Some(OfRows { factor, free, residual, descent })
    }

    fn multiply(&self, eliminated: &OfRows, v: MatRef<'_, f64>) -> Mat<f64> {
        let mut along = self.columns() * v.transpose();
        eliminated.factor.solve(&mut along);
        along.transpose() * self.columns()
    }

    fn n_rows(&self) -> usize {
        self.roots.len()
    }

    fn squares(&self) -> Vec<f64> {
        self.columns().col_iter().map(|column| column.squared_norm_l2()).collect()
    }
}

impl Factor {
    /// `M⁻¹` beside `F`, in place; returns the coefficients of `F` that are eliminated.
    fn solve(&self, rows: &mut Mat<f64>) -> Mat<f64> {
        solve_lower_triangular_in_place(self.lower.as_ref(), rows.as_mut(), Par::Seq);
        let mut free = self.halved.transpose() * &*rows;
        solve_lower_triangular_in_place(self.of_free.as_ref(), free.as_mut(), Par::Seq);
        solve_upper_triangular_in_place(self.of_free.transpose(), free.as_mut(), Par::Seq);
        matmul(rows.as_mut(), Accum::Add, &self.halved, &free, -1.0, Par::Seq);
        solve_upper_triangular_in_place(self.lower.transpose(), rows.as_mut(), Par::Seq);
        free
    }
}

impl OfRows {
    /// Looks at other columns.
    pub(super) fn look(&mut self, rows: &Rows) {
        self.descent = self.residual.transpose() * rows.columns();
    }
}

impl Eliminated for OfRows {
    fn descent(&self) -> MatRef<'_, f64> {
        self.descent.as_ref()
    }

    fn loss(&self) -> f64 {
        0.5 * self.residual.squared_norm_l2()
    }

    fn free(&self) -> Vec<f64> {
        let of_column = |j: usize| self.free.row(j).iter().copied();
        (0..self.free.nrows()).flat_map(of_column).collect()
    }
}

/// Appends columns of the design, times the roots of the weights.
fn append(to: &mut Vec<f64>, columns: &[usize], restricted: &Restricted<'_>, roots: &[f64]) {
    let old = to.len();
    to.resize(old + columns.len() * roots.len(), 0.0);
    for (&j, column) in columns.iter().zip(to[old..].chunks_exact_mut(roots.len())) {
        restricted.design.copy_column(j, column);
        for (x, root) in column.iter_mut().zip(roots) {
            *x *= root;
        }
    }
}
