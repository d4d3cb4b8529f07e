//! The dual point of a Newton step in the sizes of the terms.
//!
//! At coefficients with a violation `ε` the gradient `∇L` is outside of what the dual norm admits by about `ε`,
//! and the gap of what it is shrunk to is of that order, while the suboptimality is of the order of `ε²`. Where
//! a Newton step leads, it is outside by the order of `ε²` only. The step is one in the sizes `‖β_t‖` of the
//! terms that are not zero and in what has no penalty: that makes the dual norm of each term its weight, which is
//! all that a gap asks for, and its system is as small as there are terms.

use super::Regression;
use super::certify::Look;
use super::dual::{DualPoint, Primal};
use super::restricted::{OfCoefficients, Restricted};
use super::solver::LITTLE;
use super::systems::factor;
use super::working_set::WorkingSet;
use super::{DualityGap, Optimality};
use crate::Error;
use chamfer::Block;
use faer::linalg::matmul::matmul;
use faer::linalg::triangular_solve::{
    solve_lower_triangular_in_place, solve_upper_triangular_in_place,
};
use faer::{Accum, Mat, MatMut, Par};
use std::ops::Range;

/// Relative gaps that are rounding.
const ROUNDING: f64 = 1e-12;
/// Relative gaps above this are far from where a Newton step proves more.
const FAR: f64 = 0.5;
/// Corrections of a dual point at most.
const MOST_CORRECTIONS: usize = 5;
/// A gap may be above the decrease that a Newton step promises by about this many times as much.
const SHARE: f64 = 5.0;
/// The share of what may be left that a linear system leaves.
const LINEAR: f64 = 0.7;
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

/// A term that is not zero or wants to leave it, or a coefficient without a penalty.
struct Size {
    /// Its coefficients among those in use.
    at: Range<usize>,
    /// The direction in which it grows.
    unit: Vec<f64>,
    /// The slope of the penalty in that direction.
    slope: f64,
    /// Its penalty, if it has one.
    block: Option<Block<f64>>,
}

/// The system for a step in the sizes.
enum Sizes<'s> {
    /// The lower Cholesky factor of it.
    Factor(Mat<f64>),
    /// Products, and the factor of a Hessian nearby.
    Products(&'s WorkingSet),
}

/// Where a correction leads.
struct Corrected {
    /// The coefficients in use.
    beta: Vec<f64>,
    predictor: Vec<f64>,
    of_predictor: Vec<f64>,
    /// The gradient in the coefficients in use.
    gradient: Vec<f64>,
    /// What is left to correct in each size.
    residual: Vec<f64>,
    /// The largest of it, relative to slopes.
    worst: f64,
}

/// A search for a dual point.
struct Tightening<'a> {
    regression: &'a Regression<'a>,
    restricted: &'a Restricted<'a>,
    look: &'a Look,
    ridge: f64,
    /// The coefficients in use, which rise.
    used: Vec<usize>,
    own: OfCoefficients<'a>,
    sizes: Vec<Size>,
    /// The gradient of the loss in the coefficients in use.
    gradient: Vec<f64>,
}

impl Regression<'_> {
    /// Replaces the gap by that of a second dual point, if that one proves more. `kept` is what the solver has of
    /// coefficients nearby.
    pub(super) fn tighten(
        &self,
        optimality: &mut Optimality,
        members: &[usize],
        coefficients: &[f64],
        look: &Look,
        lambda: f64,
        kept: Option<&WorkingSet>,
    ) {
        let Some(gap) = optimality.gap else { return };
        if !(ROUNDING..FAR).contains(&gap.relative()) {
            return;
        }
        let objective = optimality.objective;
        let at = Primal { look, members, coefficients, lambda, objective };
        if let Ok(Some(tight)) = self.tight_gap(&at, kept)
            && tight.dual > gap.dual
        {
            optimality.gap = Some(tight);
        }
    }

    /// # Errors
    /// If a pass is interrupted.
    fn tight_gap(
        &self,
        at: &Primal<'_>,
        kept: Option<&WorkingSet>,
    ) -> Result<Option<DualityGap<f64>>, Error> {
        let (members, coefficients) = self.with_violators(at);
        let with = Primal { members: &members, coefficients: &coefficients, ..*at };
        let restricted = self.restricted(&members, &|| false);
        let Some(tightening) = Tightening::new(self, &restricted, &with)? else { return Ok(None) };
        let Some(corrected) = tightening.correct(&with, kept)? else { return Ok(None) };
        let n_free = self.n_free();
        let mut free_gradient = at.look.free_gradient.clone();
        let pairs = tightening.used.iter().zip(&corrected.gradient);
        for (&j, g) in pairs.take_while(|(j, _)| **j < n_free) {
            free_gradient[j] = *g;
        }
        let Corrected { predictor, of_predictor, .. } = &corrected;
        let point = DualPoint { predictor, of_predictor, free_gradient: &free_gradient };
        Ok(self.gap(at, point))
    }

    /// The members with the other terms whose zeros want to leave.
    fn with_violators(&self, at: &Primal<'_>) -> (Vec<usize>, Vec<f64>) {
        let (mut members, mut coefficients) = (at.members.to_vec(), at.coefficients.to_vec());
        let mut is_new = vec![true; self.terms.len()];
        for &t in at.members {
            is_new[t] = false;
        }
        let held = self.held_zeros(&at.look.gradient, at.lambda);
        let leaves = |t: &usize| is_new[*t] && !self.terms.range(*t).all(|j| held[j]);
        members.extend((0..self.terms.len()).filter(leaves));
        let added = members[at.members.len()..].iter().map(|&t| self.terms.range(t).len());
        coefficients.resize(coefficients.len() + added.sum::<usize>(), 0.0);
        (members, coefficients)
    }
}

impl<'a> Tightening<'a> {
    /// The sizes at some coefficients; `None` if there are none.
    fn new(
        regression: &'a Regression<'a>,
        restricted: &'a Restricted<'a>,
        at: &Primal<'a>,
    ) -> Result<Option<Self>, Error> {
        let &Primal { look, members, coefficients, lambda, .. } = at;
        let n_free = regression.n_free();
        let bounds = regression.bounds(restricted.n_intercepts(), &restricted.columns);
        let on_bound = |j: usize| bounds.as_ref().is_some_and(|b| b.holds(j, coefficients[j]));
        let (mut used, mut sizes, mut gradient) = (Vec::new(), Vec::new(), Vec::new());
        for j in (0..n_free).filter(|&j| !on_bound(j)) {
            let at = used.len()..used.len() + 1;
            sizes.push(Size { at, unit: vec![1.0], slope: 0.0, block: None });
            used.push(j);
            gradient.push(look.free_gradient[j]);
        }
        let mut first = n_free;
        for &t in members {
            let all = regression.terms.range(t);
            let part = if regression.penalty.is_of_coefficients() { 1 } else { all.len() };
            let block = regression.penalty.block(&[part], &[regression.terms.weight(t)], lambda)?;
            for of_part in look.gradient[all].chunks_exact(part) {
                let own = first..first + part;
                first = own.end;
                if own.clone().any(on_bound) {
                    continue;
                }
                let along = coefficients[own.clone()].to_vec();
                let at = used.len()..used.len() + part;
                if let Some(size) = Size::new(at, along, of_part, &block) {
                    sizes.push(size);
                    used.extend(own);
                    gradient.extend(of_part);
                }
            }
        }
        if used.is_empty() {
            return Ok(None);
        }
        let ridge = lambda * (1.0 - regression.penalty.l1_ratio());
        let own = restricted.of_coefficients(&used);
        Ok(Some(Self { regression, restricted, look, ridge, used, own, sizes, gradient }))
    }

    /// Corrects until what is left costs the gap little beside what a Newton step gains.
    fn correct(
        &self,
        at: &Primal<'_>,
        kept: Option<&WorkingSet>,
    ) -> Result<Option<Corrected>, Error> {
        let Some(system) = self.system(kept)? else { return Ok(None) };
        let beta: Vec<f64> = self.used.iter().map(|&j| at.coefficients[j]).collect();
        let Look { predictor, of_predictor, .. } = self.look;
        let (predictor, of_predictor) = (predictor.clone(), of_predictor.clone());
        let mut now = self.corrected(beta, predictor, of_predictor, self.gradient.clone());
        let penalty: f64 = self.sizes.iter().map(|size| size.slope * size.of(&now.beta)).sum();
        let mut is_moved = false;
        let decrease = 0.5 * dot(&self.rough_step(&system, &now.residual), &now.residual);
        let least = SHARE * ROUNDING * at.objective;
        let enough = (SHARE * decrease).max(least) / penalty.max(f64::MIN_POSITIVE);
        for _ in 0..MOST_CORRECTIONS {
            if now.worst <= enough {
                break;
            }
            let step = self.step(&system, &now.residual, LINEAR * enough)?;
            let mut moved = vec![0.0; self.used.len()];
            for (size, step) in self.sizes.iter().zip(step) {
                for (moved, unit) in moved[size.at.clone()].iter_mut().zip(&size.unit) {
                    *moved = -step * unit;
                }
            }
            let along = self.own.product(&moved);
            let beta = now.beta.iter().zip(&moved).map(|(b, d)| b + d).collect();
            let predictor = now.predictor.iter().zip(along).map(|(eta, d)| eta + d).collect();
            let next = self.at(beta, predictor);
            if next.worst.is_nan() || next.worst >= now.worst {
                break;
            }
            (now, is_moved) = (next, true);
        }
        Ok(is_moved.then_some(now))
    }

    /// What is left to correct where a predictor is.
    fn at(&self, beta: Vec<f64>, predictor: Vec<f64>) -> Corrected {
        let mut of_predictor = vec![0.0; predictor.len()];
        self.regression.family.value_and_gradient(&predictor, &mut of_predictor);
        let gradient = self.own.pull(&of_predictor);
        self.corrected(beta, predictor, of_predictor, gradient)
    }

    fn corrected(
        &self,
        beta: Vec<f64>,
        predictor: Vec<f64>,
        of_predictor: Vec<f64>,
        gradient: Vec<f64>,
    ) -> Corrected {
        let mut residual = Vec::new();
        for size in &self.sizes {
            let own = size.at.clone();
            let of_size = match &size.block {
                None => gradient[own.start],
                Some(block) => {
                    let pull = gradient[own.clone()].iter().zip(&beta[own]);
                    let pull: Vec<f64> = pull.map(|(g, b)| -g - self.ridge * b).collect();
                    let norm = block.parametrization().penalty().dual_norm(&pull, block.strength());
                    size.slope * (1.0 - norm.unwrap_or(f64::NAN))
                }
            };
            residual.push(of_size);
        }
        let worst = self.worst(&residual);
        Corrected { beta, predictor, of_predictor, gradient, residual, worst }
    }

    /// The largest residual, relative to slopes; to the steepest for what has none.
    fn worst(&self, residual: &[f64]) -> f64 {
        let steepest = self.sizes.iter().fold(f64::MIN_POSITIVE, |most, size| size.slope.max(most));
        let share = |(left, size): (&f64, &Size)| {
            left.abs() / if size.slope > 0.0 { size.slope } else { steepest }
        };
        // A maximum that keeps what is not a number.
        let most = |most: f64, share: f64| if share <= most { most } else { share };
        residual.iter().zip(&self.sizes).map(share).fold(0.0, most)
    }

    /// The Hessian in the sizes; `None` if it takes too long or is not positive definite.
    fn system<'s>(&self, kept: Option<&'s WorkingSet>) -> Result<Option<Sizes<'s>>, Error> {
        let Regression { family, design, penalty, .. } = self.regression;
        if let Some(set) = kept
            && penalty.is_kinks()
        {
            return Ok(Some(Sizes::Products(set)));
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
                let at = |i: usize, j: usize| known.at(self.used[i], self.used[j]);
                self.of_sizes(at)
            }
            _ if family.is_quadratic() && outputs > 1 => {
                let of_one: Vec<usize> = self.used.iter().copied().step_by(outputs).collect();
                let mut hessian = Mat::zeros(of_one.len(), of_one.len());
                self.restricted.write_hessian(&[], &of_one, 0, hessian.as_mut())?;
                self.of_outputs(&hessian, outputs)
            }
            _ if 2 * size * rows * size_of::<f64>() > design.n_bytes() / MOST_MEMORY + LITTLE => {
                let n = self.used.len();
                let mut hessian = Mat::zeros(n, n);
                let at = &self.look.predictor;
                self.restricted.write_hessian(at, &self.used, 0, hessian.as_mut())?;
                self.of_sizes(|i, j| hessian[(i, j)])
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

    /// `VᵀCV` for the directions `V` of the sizes and an entry of `C` for each two coefficients in use.
    fn of_sizes(&self, at: impl Fn(usize, usize) -> f64) -> Mat<f64> {
        let between = |a: &Size, b: &Size| -> f64 {
            let with = |j: usize| -> f64 {
                a.at.clone().zip(&a.unit).map(|(i, unit)| unit * at(i, j)).sum()
            };
            b.at.clone().zip(&b.unit).map(|(j, unit)| unit * with(j)).sum()
        };
        let n = self.sizes.len();
        Mat::from_fn(n, n, |a, b| {
            // The factor reads the lower triangle.
            if a >= b { between(&self.sizes[a], &self.sizes[b]) } else { 0.0 }
        })
    }

    /// The same for the Hessian of one output of least squares, which have it alike and nothing with each other.
    fn of_outputs(&self, hessian: &Mat<f64>, outputs: usize) -> Mat<f64> {
        // A term has whole columns; a coefficient without a penalty is one output of a column.
        let parts = |size: &Size| {
            let first = size.at.start % outputs;
            let n = (outputs - first).min(size.unit.len());
            (size.at.start / outputs, first, n)
        };
        let between = |a: &Size, b: &Size| -> f64 {
            let ((row, first_a, n_a), (column, first_b, n_b)) = (parts(a), parts(b));
            let (from, end) = (first_a.max(first_b), (first_a + n_a).min(first_b + n_b));
            if from >= end {
                return 0.0;
            }
            let mut sum = 0.0;
            for (l, of_b) in b.unit.chunks(n_b).enumerate() {
                for (j, of_a) in a.unit.chunks(n_a).enumerate() {
                    let (of_a, of_b) = (
                        &of_a[from - first_a..end - first_a],
                        &of_b[from - first_b..end - first_b],
                    );
                    let along: f64 = of_a.iter().zip(of_b).map(|(a, b)| a * b).sum();
                    sum += along * hessian[(row + j, column + l)];
                }
            }
            sum
        };
        let n = self.sizes.len();
        Mat::from_fn(
            n,
            n,
            |a, b| {
                if a >= b { between(&self.sizes[a], &self.sizes[b]) } else { 0.0 }
            },
        )
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
    fn step(&self, system: &Sizes<'_>, residual: &[f64], enough: f64) -> Result<Vec<f64>, Error> {
        match system {
            Sizes::Factor(_) => Ok(self.rough_step(system, residual)),
            Sizes::Products(set) => self.by_products(set, residual, enough),
        }
    }

    /// The step with what is at hand.
    fn rough_step(&self, system: &Sizes<'_>, residual: &[f64]) -> Vec<f64> {
        match system {
            Sizes::Factor(lower) => {
                let mut step = residual.to_vec();
                let mut x = MatMut::from_column_major_slice_mut(&mut step, residual.len(), 1);
                solve_lower_triangular_in_place(lower.as_ref(), x.as_mut(), Par::Seq);
                solve_upper_triangular_in_place(lower.transpose(), x, Par::Seq);
                step
            }
            Sizes::Products(set) => {
                let step = self.precondition(set, &self.signed(residual));
                self.signed(&step)
            }
        }
    }

    /// The step by conjugate gradients, where each size is that of one coefficient.
    fn by_products(
        &self,
        set: &WorkingSet,
        residual: &[f64],
        enough: f64,
    ) -> Result<Vec<f64>, Error> {
        let mut left = self.signed(residual);
        let mut step = vec![0.0; left.len()];
        let mut preconditioned = self.precondition(set, &left);
        let mut along = preconditioned.clone();
        let mut size = dot(&left, &preconditioned);
        let least = FORCING * FORCING * size;
        for _ in 0..MOST_PRODUCTS {
            if !(size > least && self.worst(&left) > enough) {
                break;
            }
            let mut curved = self.own.multiply(&self.look.predictor, &along)?;
            for ((curved, d), size) in curved.iter_mut().zip(&along).zip(&self.sizes) {
                *curved += if size.block.is_some() { self.ridge * d } else { 0.0 };
            }
            let curvature = dot(&along, &curved);
            if curvature.is_nan() || curvature <= 0.0 {
                break;
            }
            let length = size / curvature;
            for (((x, d), r), c) in step.iter_mut().zip(&along).zip(&mut left).zip(&curved) {
                *x += length * d;
                *r -= length * c;
            }
            preconditioned = self.precondition(set, &left);
            let next = dot(&left, &preconditioned);
            for (d, z) in along.iter_mut().zip(&preconditioned) {
                *d = z + next / size * *d;
            }
            size = next;
        }
        Ok(self.signed(&step))
    }

    /// From sizes to coefficients, or back, where each size is that of one coefficient.
    fn signed(&self, x: &[f64]) -> Vec<f64> {
        x.iter().zip(&self.sizes).map(|(x, size)| x * size.unit[0]).collect()
    }

    /// The factor of the working set, where it has the coefficients, and the curvature of each alone elsewhere.
    fn precondition(&self, set: &WorkingSet, residual: &[f64]) -> Vec<f64> {
        let system = set.curvature.system(set.ridge, self.regression.n_free());
        let variables = set.factor.variables();
        let place = |j: &usize| self.used.binary_search(j).ok();
        let mut of_factor: Vec<f64> =
            variables.iter().map(|j| place(j).map_or(0.0, |at| residual[at])).collect();
        set.factor.solve(&mut of_factor);
        let alone = |(&j, r): (&usize, &f64)| {
            let curvature = if system.has(&[j]) { system.at(j, j) } else { 0.0 };
            if curvature > 0.0 { r / curvature } else { *r }
        };
        let mut out: Vec<f64> = self.used.iter().zip(residual).map(alone).collect();
        for (j, x) in variables.iter().zip(of_factor) {
            if let Some(at) = place(j) {
                out[at] = x;
            }
        }
        out
    }
}

impl Size {
    /// That of coefficients with their gradient; `None` for zeros that stay.
    fn new(
        at: Range<usize>,
        mut along: Vec<f64>,
        gradient: &[f64],
        block: &Block<f64>,
    ) -> Option<Self> {
        let penalty = block.parametrization().penalty();
        if along.iter().all(|b| *b == 0.0) {
            // A zero that wants to leave grows along the steepest descent.
            along = gradient.iter().map(|g| -g).collect();
            if penalty.dual_norm(&along, block.strength())? <= 1.0 {
                return None;
            }
        }
        let norm = along.iter().map(|b| b * b).sum::<f64>().sqrt();
        let slope = penalty.value(&along, block.strength()) / norm;
        let unit = along.iter().map(|b| b / norm).collect();
        Some(Self { at, unit, slope, block: Some(block.clone()) })
    }

    /// How large it is.
    fn of(&self, beta: &[f64]) -> f64 {
        dot(&beta[self.at.clone()], &self.unit)
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
