//! The system of a Newton step in the sizes of the terms: made, factored, or solved by products.

use super::super::Regression;
use super::super::bend::{Bend, Rows};
use super::super::solver::LITTLE;
use super::super::systems::{conjugate_gradients, factor};
use super::super::working_set::WorkingSet;
use super::{Size, Tightening, dot};
use crate::Error;
use faer::linalg::matmul::matmul;
use faer::linalg::triangular_solve::{
    solve_lower_triangular_in_place, solve_upper_triangular_in_place,
};
use faer::{Accum, Mat, MatMut, Par};

/// Conjugate gradients: to which share of the right-hand side, and in how many products at most.
const FORCING: f64 = 1e-6;
const MOST_PRODUCTS: usize = 50;
/// What is added to a diagonal, relative to it: duplicate columns have flat directions, which rounding would
/// take for a large decrease. Further corrections make up for it.
const DAMPING: f64 = 1e-8;
/// A system is made from one column for each size, unless these take more than this share of the design's bytes.
const MOST_MEMORY: usize = 16;
/// Where nothing is known from solving, the system may take as many operations for each entry of the design, and
/// some however small that is.
const MOST_READS: usize = 256;
/// The same for solutions on a path, which take little themselves.
const MOST_READS_OF_SOLVER: usize = 64;

/// The system for a step in the sizes.
pub(super) enum Sizes<'s> {
    /// The lower Cholesky factor of it.
    Factor(Mat<f64>),
    /// Products, and the factor of a Hessian nearby, or its diagonal.
    Products(&'s WorkingSet, Vec<f64>),
}

impl Tightening<'_> {
    /// The Hessian in the sizes; `None` if it takes too long or is not positive definite.
    pub(super) fn system<'s>(
        &self,
        kept: Option<&'s WorkingSet>,
    ) -> Result<Option<Sizes<'s>>, Error> {
        let Regression { family, design, penalty, .. } = self.regression;
        if let Some(set) = kept
            && penalty.is_kinks()
        {
            return Ok(Some(Sizes::Products(set, self.curvatures(set))));
        }
        let size = self.sizes.len();
        let rows = self.look.predictor.len();
        let outputs = family.n_outputs();
        // The outputs of least squares have one Hessian.
        let of_system = if family.is_quadratic() { rows / outputs } else { rows };
        let reads = if kept.is_some() { MOST_READS_OF_SOLVER } else { MOST_READS };
        if size * size * of_system > reads * design.n_rows() * design.n_cols() + LITTLE {
            return Ok(None);
        }
        let mut system = match kept.map(|set| set.curvature.system(0.0, 0)) {
            Some(known) if family.is_quadratic() && known.has(&self.used) => {
                self.of_outputs(|i, j| known.at(i * outputs, j * outputs), outputs)
            }
            _ if family.is_quadratic() && outputs > 1 => self.of_hessian(outputs)?,
            _ if 2 * size * rows * size_of::<f64>() > design.n_bytes() / MOST_MEMORY + LITTLE => {
                self.of_hessian(1)?
            }
            _ => self.squared(),
        };
        for (j, size) in self.sizes.iter().enumerate() {
            system[(j, j)] += if size.block.is_some() { self.ridge } else { 0.0 };
        }
        // Constant columns have no curvature at all.
        let largest = (0..size).fold(f64::MIN_POSITIVE, |most, j| system[(j, j)].max(most));
        for j in 0..size {
            system[(j, j)] = (system[(j, j)] * (1.0 + DAMPING)).max(DAMPING * largest);
        }
        Ok(factor(&mut system).map(|()| Sizes::Factor(system)))
    }

    /// The system from the Hessian on the coefficients in use; on their columns, where the `outputs` of a column have it
    /// alike and nothing with each other.
    fn of_hessian(&self, outputs: usize) -> Result<Mat<f64>, Error> {
        let mut columns: Vec<usize> = self.used.iter().map(|j| j / outputs).collect();
        columns.dedup();
        let mut places = vec![0; columns.last().map_or(0, |last| last + 1)];
        for (place, &column) in columns.iter().enumerate() {
            places[column] = place;
        }
        let of_one: Vec<usize> = columns.iter().map(|column| column * outputs).collect();
        let mut hessian = Mat::zeros(of_one.len(), of_one.len());
        self.restricted.write_hessian(&self.look.predictor, &of_one, 0, hessian.as_mut())?;
        Ok(self.of_outputs(|i, j| hessian[(places[i], places[j])], outputs))
    }

    /// `VᵀCV` for the directions `V` of the sizes and an entry of `C` for each two columns in use, where the `outputs`
    /// of a column have it alike and nothing with each other.
    fn of_outputs(&self, at: impl Fn(usize, usize) -> f64, outputs: usize) -> Mat<f64> {
        // A term has whole columns; a coefficient without a penalty is one output of a column.
        let parts = |size: &Size| {
            let start = self.used[size.at.start];
            let first = start % outputs;
            let n = (outputs - first).min(size.unit.len());
            (start / outputs, first, n)
        };
        let between = |a: &Size, b: &Size| -> f64 {
            let ((row, first_a, n_a), (column, first_b, n_b)) = (parts(a), parts(b));
            let (from, end) = (first_a.max(first_b), (first_a + n_a).min(first_b + n_b));
            if from >= end {
                return 0.0;
            }
            let (in_a, in_b) = (from - first_a..end - first_a, from - first_b..end - first_b);
            let mut sum = 0.0;
            for (l, of_b) in b.unit.chunks(n_b).enumerate() {
                for (j, of_a) in a.unit.chunks(n_a).enumerate() {
                    sum += dot(&of_a[in_a.clone()], &of_b[in_b.clone()]) * at(row + j, column + l);
                }
            }
            sum
        };
        let n = self.sizes.len();
        Mat::from_fn(n, n, |a, b| {
            // The factor reads the lower triangle.
            if a >= b { between(&self.sizes[a], &self.sizes[b]) } else { 0.0 }
        })
    }

    /// The same from the data.
    fn squared(&self) -> Mat<f64> {
        let (n, rows) = (self.sizes.len(), self.look.predictor.len());
        let (mut along, mut curved) = (Mat::zeros(rows, n), Mat::zeros(rows, n));
        let mut direction = vec![0.0; self.used.len()];
        for (j, size) in self.sizes.iter().enumerate() {
            direction[size.at.clone()].copy_from_slice(&size.unit);
            along.col_as_slice_mut(j).copy_from_slice(&self.own.product(&direction));
            direction[size.at.clone()].fill(0.0);
            let (along, curved) = (along.col_as_slice(j), curved.col_as_slice_mut(j));
            self.regression.family.hessian_product(&self.look.predictor, along, curved);
        }
        let mut system = Mat::zeros(n, n);
        let (left, right) = (along.transpose(), curved.as_ref());
        matmul(system.as_mut(), Accum::Replace, left, right, 1.0, Par::Seq);
        system
    }

    /// The step, until what it leaves of the residual is `enough`, relative to slopes.
    pub(super) fn step(
        &self,
        system: &Sizes<'_>,
        residual: &[f64],
        enough: f64,
    ) -> Result<Vec<f64>, Error> {
        match system {
            Sizes::Factor(_) => Ok(self.rough_step(system, residual)),
            Sizes::Products(set, alone) => self.by_products(set, alone, residual, enough),
        }
    }

    /// The step with what is at hand.
    pub(super) fn rough_step(&self, system: &Sizes<'_>, residual: &[f64]) -> Vec<f64> {
        match system {
            Sizes::Factor(lower) => {
                let mut step = residual.to_vec();
                let mut x = MatMut::from_column_major_slice_mut(&mut step, residual.len(), 1);
                solve_lower_triangular_in_place(lower.as_ref(), x.as_mut(), Par::Seq);
                solve_upper_triangular_in_place(lower.transpose(), x, Par::Seq);
                step
            }
            Sizes::Products(set, alone) => {
                let step = self.precondition(set, alone, &self.signed(residual));
                self.signed(&step)
            }
        }
    }

    /// The step by conjugate gradients, where each size is that of one coefficient.
    fn by_products(
        &self,
        set: &WorkingSet,
        alone: &[f64],
        residual: &[f64],
        enough: f64,
    ) -> Result<Vec<f64>, Error> {
        let mut left = self.signed(residual);
        let mut step = vec![0.0; left.len()];
        let predictor = &self.look.predictor;
        let curvatures = self.restricted.row_curvature(predictor);
        let rounded = set.rounded.has(&self.used).then_some(&set.rounded);
        let rows = Rows::new(predictor, curvatures.as_deref());
        let bend = Bend::new(self.restricted, &self.used, rounded, rows);
        let multiply = |along: &[f64]| -> Result<Vec<f64>, Error> {
            let mut curved = bend.of(along)?;
            for ((curved, d), size) in curved.iter_mut().zip(along).zip(&self.sizes) {
                *curved += if size.block.is_some() { self.ridge * d } else { 0.0 };
            }
            Ok(curved)
        };
        let mut first = None;
        let is_enough = |size: f64, left: &[f64]| {
            let least = FORCING * FORCING * *first.get_or_insert(size);
            size <= least || self.worst(left) <= enough
        };
        let precondition = |left: &[f64]| self.precondition(set, alone, left);
        conjugate_gradients(
            &mut step,
            &mut left,
            multiply,
            precondition,
            is_enough,
            MOST_PRODUCTS,
        )?;
        Ok(self.signed(&step))
    }

    /// From sizes to coefficients, or back, where each size is that of one coefficient.
    fn signed(&self, x: &[f64]) -> Vec<f64> {
        x.iter().zip(&self.sizes).map(|(x, size)| x * size.unit[0]).collect()
    }

    /// The curvature in each coefficient in use; 1 where that is not known.
    fn curvatures(&self, set: &WorkingSet) -> Vec<f64> {
        let known = set.curvature.system(set.ridge, self.regression.n_free());
        let of_rows = |weights: Vec<f64>| self.own.diagonal(&weights);
        let from_data = if known.has(&self.used) {
            None
        } else {
            self.restricted.row_curvature(&self.look.predictor).map(of_rows)
        };
        let of = |(at, &j): (usize, &usize)| match &from_data {
            Some(diagonal) => {
                diagonal[at] + if self.sizes[at].block.is_some() { self.ridge } else { 0.0 }
            }
            None if known.has(&[j]) => known.at(j, j),
            None => 1.0,
        };
        self.used.iter().enumerate().map(of).collect()
    }

    /// The factor of the working set, where it has the coefficients, and the curvature of each alone elsewhere.
    fn precondition(&self, set: &WorkingSet, alone: &[f64], residual: &[f64]) -> Vec<f64> {
        let variables = set.factor.variables();
        let place = |j: &usize| self.used.binary_search(j).ok();
        let mut of_factor: Vec<f64> =
            variables.iter().map(|j| place(j).map_or(0.0, |at| residual[at])).collect();
        set.factor.solve(&mut of_factor);
        let scaled = |(r, d): (&f64, &f64)| if *d > 0.0 { r / d } else { *r };
        let mut out: Vec<f64> = residual.iter().zip(alone).map(scaled).collect();
        for (j, x) in variables.iter().zip(of_factor) {
            if let Some(at) = place(j) {
                out[at] = x;
            }
        }
        out
    }
}
