//! Newton's direction, by whichever form of the system is the smallest.

use super::super::restricted::Restricted;
use super::super::shared;
use super::super::systems::{solve_bent, solve_damped};
use super::super::wide::{Piece, WideSystem};
use super::{Newton, State};
use crate::Error;
use faer::Mat;
use std::ops::Range;
use std::sync::Arc;

/// Where a step leads.
pub(super) struct Direction {
    pub(super) step: Vec<f64>,
    /// Whether the objective is concave somewhere on the support, so that this is not Newton's step.
    pub(super) is_bent: bool,
}

impl Newton<'_> {
    /// The Newton direction on the support, with `damping` times the largest curvature added to each; `None`
    /// if there is nothing to gain or to solve.
    pub(super) fn direction(
        &self,
        state: &State,
        damping: f64,
    ) -> Result<Option<Direction>, Error> {
        let support = self.support(&state.beta);
        let free: Vec<usize> = (0..support.len()).filter(|&j| support[j]).collect();
        if free.iter().all(|&j| state.descent[j] == 0.0) {
            return Ok(None);
        }
        let blocks = self.penalty_blocks(state, &free);
        let mut direction = None;
        if damping == 0.0 {
            direction = self.shared_direction(state, &free, &blocks)?;
            if direction.is_none() {
                direction = self.wide_direction(state, &free, &blocks)?;
            }
        }
        let mut direction = direction.map(|step| Direction { step, is_bent: false });
        if direction.is_none() {
            direction = self.dense_direction(state, &free, &blocks, damping)?;
        }
        if let Some(direction) = &mut direction
            && self.restricted.family.is_shift_invariant()
        {
            // Rounding may send the common part of the intercepts anywhere.
            let intercepts = &mut direction.step[..self.restricted.n_intercepts()];
            let mean = intercepts.iter().sum::<f64>() / intercepts.len().max(1) as f64;
            for d in intercepts {
                *d -= mean;
            }
        }
        Ok(direction)
    }

    /// The direction by a Cholesky factor of the Hessian, which is bent where a concave penalty makes it indefinite.
    fn dense_direction(
        &self,
        state: &State,
        free: &[usize],
        blocks: &[(Range<usize>, Mat<f64>)],
        damping: f64,
    ) -> Result<Option<Direction>, Error> {
        let mut system = self.hessian(state, free)?;
        let largest = (0..free.len()).fold(0.0, |most: f64, a| most.max(system[(a, a)]));
        for a in 0..free.len() {
            system[(a, a)] += damping * largest;
        }
        let mut is_concave = false;
        for (at, block) in blocks {
            let mut along = 0.0;
            for (j, b) in at.clone().enumerate() {
                for (i, a) in at.clone().enumerate() {
                    system[(a, b)] += block[(i, j)];
                    along += state.beta[free[a]] * block[(i, j)] * state.beta[free[b]];
                }
            }
            is_concave |= along < 0.0;
        }
        let right: Vec<f64> = free.iter().map(|&j| state.descent[j]).collect();
        let solved = if is_concave {
            solve_bent(system, &right)
        } else {
            solve_damped(system, &right).map(|solution| (solution, false))
        };
        Ok(solved.map(|(solution, is_bent)| {
            let step = spread(free, &solution, state.beta.len());
            Direction { step, is_bent }
        }))
    }

    /// The direction by a Cholesky factor of what the outputs of a quadratic loss have in common; `None` if there
    /// is one output, or the system has not that form.
    fn shared_direction(
        &self,
        state: &State,
        free: &[usize],
        blocks: &[(Range<usize>, Mat<f64>)],
    ) -> Result<Option<Vec<f64>>, Error> {
        let outputs = self.restricted.family.n_outputs();
        if outputs == 1 || !self.restricted.family.is_quadratic() {
            return Ok(None);
        }
        let beta: Vec<f64> = free.iter().map(|&j| state.beta[j]).collect();
        let Some(terms) = shared::radial_terms(free, &beta, blocks, outputs) else {
            return Ok(None);
        };
        let of_one: Vec<usize> = free.iter().copied().step_by(outputs).collect();
        let hessian = self.hessian(state, &of_one)?;
        let right: Vec<f64> = free.iter().map(|&j| state.descent[j]).collect();
        Ok(shared::solve(hessian, outputs, &terms, &right)
            .map(|solution| spread(free, &solution, state.beta.len())))
    }

    /// The direction by a Cholesky factor of what the rows have in common; `None` if there are no fewer rows
    /// than coefficients, or if the rows do not lie at hand one by one.
    fn wide_direction(
        &self,
        state: &State,
        free: &[usize],
        blocks: &[(Range<usize>, Mat<f64>)],
    ) -> Result<Option<Vec<f64>>, Error> {
        let Restricted { design, family, .. } = self.restricted;
        let applies = self.quadratic.is_none()
            && family.n_outputs() == 1
            && self.bounds.is_none()
            && free.len() > design.n_rows()
            && design.has_columns();
        if !applies {
            return Ok(None);
        }
        let mut weights = design.weights().to_vec();
        if !family.is_quadratic() && !family.curvature(&state.predictor, 0, 0, &mut weights) {
            return Ok(None);
        }
        let mut pieces = Vec::new();
        let mut blocks = blocks.iter().peekable();
        let mut next = 0;
        while next < free.len() {
            let (at, mut penalty) = match blocks.next_if(|(at, _)| at.start == next) {
                Some((at, block)) => (at.clone(), block.clone()),
                None => (next..next + 1, Mat::zeros(1, 1)),
            };
            for (i, _) in at.clone().enumerate().filter(|(_, a)| free[*a] >= self.n_free) {
                penalty[(i, i)] += self.ridge;
            }
            let beta = at.clone().map(|a| state.beta[free[a]]).collect();
            next = at.end;
            pieces.push(Piece { at, penalty, beta });
        }
        let right: Vec<f64> = free.iter().map(|&j| state.descent[j]).collect();
        let system =
            WideSystem { restricted: self.restricted, weights: &weights, free, pieces: &pieces };
        let solution = system.solve(&right, state.forcing, &mut self.inverse.borrow_mut())?;
        Ok(solution.map(|solution| spread(free, &solution, state.beta.len())))
    }

    /// `∇²L` with the ridge on the coefficients `free`.
    fn hessian(&self, state: &State, free: &[usize]) -> Result<Mat<f64>, Error> {
        let mut hessian = if let Some(quadratic) = &self.quadratic {
            quadratic.system.on(free)
        } else if let Some(gram) = &self.gram {
            let outputs = self.restricted.family.n_outputs();
            let is_in_use = |column: usize| {
                let next = free.partition_point(|j| *j < column * outputs);
                free.get(next).is_some_and(|j| *j < (column + 1) * outputs)
            };
            let mut gram = gram.borrow_mut();
            Arc::make_mut(&mut gram).extend(self.restricted, is_in_use)?;
            gram.system(0.0, 0).on(free)
        } else {
            let mut hessian = Mat::zeros(free.len(), free.len());
            self.restricted.write_hessian(&state.predictor, free, 0, hessian.as_mut())?;
            hessian
        };
        for (a, &j) in free.iter().enumerate() {
            if j >= self.n_free {
                hessian[(a, a)] += self.ridge;
            }
        }
        Ok(hessian)
    }

    /// `λ∇²R` on the coefficients `free`, which is block diagonal over the terms: where in `free` each block is
    /// that is not 0.
    fn penalty_blocks(&self, state: &State, free: &[usize]) -> Vec<(Range<usize>, Mat<f64>)> {
        let Some((penalty, strength)) = self.penalty() else { return Vec::new() };
        let beta = &state.beta[self.n_free..];
        let mut blocks = Vec::new();
        let mut first = free.partition_point(|j| *j < self.n_free);
        // A term and, one after the other, its coefficients on the support.
        let mut members = Vec::new();
        for range in &self.terms {
            let end = range.end + self.n_free;
            let after = first + free[first..].partition_point(|j| *j < end);
            if after > first {
                members.push((range.clone(), first..after));
            }
            first = after;
        }
        for (_, at) in &members {
            blocks.push((at.clone(), Mat::zeros(at.len(), at.len())));
        }
        let widest = blocks.iter().map(|(at, _)| at.len()).max().unwrap_or(0);
        let (mut unit, mut product) = (vec![0.0; beta.len()], vec![0.0; beta.len()]);
        // One coefficient of each term at a time.
        for offset in 0..widest {
            unit.fill(0.0);
            for (_, at) in members.iter().filter(|(_, at)| offset < at.len()) {
                unit[free[at.start + offset] - self.n_free] = 1.0;
            }
            penalty.hessian_product(beta, strength, &unit, &mut product);
            for (at, block) in blocks.iter_mut().filter(|(at, _)| offset < at.len()) {
                for (i, a) in at.clone().enumerate() {
                    block[(i, offset)] = product[free[a] - self.n_free];
                }
            }
        }
        blocks.retain(|(_, block)| block.col_iter().any(|col| col.iter().any(|h| *h != 0.0)));
        blocks
    }
}

/// `values` at the places `free` of a vector of zeros.
fn spread(free: &[usize], values: &[f64], len: usize) -> Vec<f64> {
    let mut all = vec![0.0; len];
    for (&j, value) in free.iter().zip(values) {
        all[j] = *value;
    }
    all
}
