//! The dual point of a Newton step in the sizes of the terms.
//!
//! At coefficients with a violation `ε` the gradient `∇L` is outside of what the dual norm admits by about `ε`,
//! and the gap of what it is shrunk to is of that order, while the suboptimality is of the order of `ε²`. Where
//! a Newton step leads, it is outside by the order of `ε²` only. The step is one in the sizes `‖β_t‖` of the
//! terms that are not zero and in what has no penalty: that makes the dual norm of each term its weight, which is
//! all that a gap asks for, and its system is as small as there are terms.

mod system;

use super::Regression;
use super::certify::Look;
use super::dual::{DualPoint, Primal};
use super::restricted::{OfCoefficients, Restricted};
use super::working_set::WorkingSet;
use super::{DualityGap, Optimality};
use crate::Error;
use chamfer::Block;
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
