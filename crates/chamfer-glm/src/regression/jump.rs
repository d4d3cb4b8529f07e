//! Jumps between local minima.

use super::Regression;
use super::solver::Position;
use super::working_set::{Here, WorkingSet};
use crate::Error;
use std::sync::Arc;

/// Jumps on one working set.
const MAX_JUMPS: usize = 100;

/// How near to the end of a jump, relative to its length, is near enough: Newton's steps do the rest.
const ENOUGH: f64 = 1e-3;

/// A term that had better be elsewhere.
struct Jump {
    to: Vec<f64>,
    /// By how much the objective changes, where the loss has its largest curvature in the term.
    change: f64,
}

impl Regression<'_> {
    /// Moves a solution to where the objective is lower though it is a local minimum: zero is one in every term of
    /// a penalty with infinite slope there, so zeros are opened, if that pays along their gradient, or terms are
    /// closed, the best first, and the others follow. Terms outside of the working set that pay join it. Returns
    /// the number of Newton steps; `None` if it stays.
    pub(super) fn jump(
        &self,
        solved: &Position,
        lambda: f64,
        tolerance: f64,
        most: usize,
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Result<Option<(Position, usize)>, Error> {
        let curvatures = self.term_curvatures(&solved.look.predictor);
        let outside = self.paying_outside(solved, &curvatures, lambda)?;
        let now = solved.set.here(self, &solved.look);
        let mut best = self.best_jump(&solved.set, &now, &curvatures, lambda)?;
        if outside.is_empty() && best.is_none() {
            return Ok(None);
        }
        let mut set = solved.set.clone();
        for &t in &outside {
            set.add(t, self.terms.range(t).len());
        }
        let mut here = set.here(self, &solved.look);
        if !outside.is_empty() {
            best = self.best_jump(&set, &here, &curvatures, lambda)?;
        }
        let mut objective = self.objective(&set, &here, lambda)?;
        let (mut steps, mut jumped) = (0, false);
        for _ in 0..MAX_JUMPS {
            let Some((first, jump)) = best.take_if(|_| steps < most) else { break };
            let before = set.coefficients.clone();
            set.coefficients[first..first + jump.to.len()].copy_from_slice(&jump.to);
            here = self.here_at(&set, stop);
            steps +=
                self.solve_members(&mut set, &mut here, lambda, tolerance, most - steps, stop)?;
            let next = self.objective(&set, &here, lambda)?;
            if next.is_nan() || next >= objective {
                set.coefficients = before;
                break;
            }
            (objective, jumped) = (next, true);
            best = self.best_jump(&set, &here, &curvatures, lambda)?;
        }
        if !jumped {
            return Ok(None);
        }
        let look = self.look(&set.members, &set.coefficients, stop)?;
        Ok(Some((Position::new(set, Arc::new(look)), steps)))
    }

    /// The terms outside of the working set that had better be opened, of many the steepest.
    fn paying_outside(
        &self,
        solved: &Position,
        curvatures: &[f64],
        lambda: f64,
    ) -> Result<Vec<usize>, Error> {
        let Position { set, look, .. } = solved;
        let gradient = |t: usize| &look.gradient[self.terms.range(t)];
        let steepness =
            |t: usize| -> f64 { gradient(t).iter().map(|g| g * g).sum::<f64>() / curvatures[t] };
        let may_pay = |&t: &usize| {
            let strength = lambda * self.terms.weight(t);
            let threshold = self.penalty.threshold(curvatures[t], strength);
            !set.has(t) && steepness(t) * curvatures[t] > threshold * threshold
        };
        let mut steepest: Vec<_> =
            (0..self.terms.len()).filter(may_pay).map(|t| (steepness(t), t)).collect();
        steepest.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let (mut paying, most) = (Vec::new(), self.most_added(set));
        for (_, t) in steepest {
            if paying.len() >= most {
                break;
            }
            let zeros = vec![0.0; gradient(t).len()];
            if self.jump_of(t, &zeros, gradient(t), curvatures[t], lambda)?.is_some() {
                paying.push(t);
            }
        }
        Ok(paying)
    }

    /// The members with their coefficients.
    fn members_of<'s>(&self, set: &'s WorkingSet) -> impl Iterator<Item = (usize, &'s [f64])> {
        let mut first = self.n_free();
        set.members.iter().map(move |&t| {
            let own = first..first + self.terms.range(t).len();
            first = own.end;
            (t, &set.coefficients[own])
        })
    }

    /// The best jump of a member, and where its coefficients are.
    fn best_jump(
        &self,
        set: &WorkingSet,
        here: &Here,
        curvatures: &[f64],
        lambda: f64,
    ) -> Result<Option<(usize, Jump)>, Error> {
        let mut best: Option<(usize, Jump)> = None;
        let mut first = self.n_free();
        for (t, now) in self.members_of(set) {
            let gradient = &here.gradient[first..first + now.len()];
            if let Some(jump) = self.jump_of(t, now, gradient, curvatures[t], lambda)?
                && best.as_ref().is_none_or(|(_, best)| jump.change < best.change)
            {
                best = Some((first, jump));
            }
            first += now.len();
        }
        Ok(best)
    }

    /// Where a term had better be than where it is `now`: at zero, or, if it is there, somewhere along its gradient.
    fn jump_of(
        &self,
        term: usize,
        now: &[f64],
        gradient: &[f64],
        curvature: f64,
        lambda: f64,
    ) -> Result<Option<Jump>, Error> {
        let is_live = now.iter().any(|b| *b != 0.0);
        let norm_of = |g: &[f64]| g.iter().map(|g| g * g).sum::<f64>().sqrt();
        let strength = lambda * self.terms.weight(term);
        if !is_live && norm_of(gradient) <= self.penalty.threshold(curvature, strength) {
            return Ok(None);
        }
        let (sizes, weights) = self.terms.sizes(&[term]);
        let block = self.penalty.block(&sizes, &weights, lambda)?;
        let value = |b: &[f64]| block.parametrization().penalty().value(b, block.strength());
        let (change, to) = if is_live {
            let along: f64 = gradient.iter().zip(now).map(|(g, b)| g * b).sum();
            let square: f64 = now.iter().map(|b| b * b).sum();
            (0.5 * curvature * square - along - value(now), vec![0.0; now.len()])
        } else {
            let bounds = self.bounds(0, self.terms.of(term));
            let mut descent: Vec<f64> = gradient.iter().map(|g| -g).collect();
            if let Some(bounds) = &bounds {
                bounds.project(&vec![0.0; descent.len()], &mut descent);
            }
            let norm = norm_of(&descent);
            // r = (‖g‖ − p'(r))/h by iteration from above, for the modulus along −g.
            let along = |r: f64| -> Vec<f64> { descent.iter().map(|d| r * d / norm).collect() };
            let mut r = norm / curvature;
            for _ in 0..20 {
                let slope = (value(&along(1.000_01 * r)) - value(&along(r))) / (0.000_01 * r);
                let last = r;
                r = ((norm - slope) / curvature).max(0.0);
                if last - r <= ENOUGH * r {
                    break;
                }
            }
            if let Some(bounds) = &bounds {
                let length = |(j, d): (usize, &f64)| bounds.length_to(j, 0.0, d / norm);
                r = descent.iter().enumerate().filter_map(length).fold(r, f64::min);
            }
            if !(r > 0.0 && r.is_finite()) {
                return Ok(None);
            }
            let to = along(r);
            (0.5 * curvature * r * r - norm * r + value(&to), to)
        };
        Ok((change < 0.0).then_some(Jump { to, change }))
    }

    /// Loss and gradient at the coefficients of the working set.
    fn here_at(&self, set: &WorkingSet, stop: &(dyn Fn() -> bool + Sync)) -> Here {
        let restricted = self.restricted(&set.members, stop);
        let predictor = restricted.predictor(&set.coefficients);
        let mut of_predictor = vec![0.0; predictor.len()];
        let loss = self.family.value_and_gradient(&predictor, &mut of_predictor);
        let mut gradient = vec![0.0; set.coefficients.len()];
        restricted.pull(&of_predictor, &mut gradient);
        Here { predictor, loss, gradient }
    }

    fn objective(&self, set: &WorkingSet, here: &Here, lambda: f64) -> Result<f64, Error> {
        let penalized = &set.coefficients[self.n_free()..];
        let squares: f64 = penalized.iter().map(|b| b * b).sum();
        let ridge = lambda * (1.0 - self.penalty.l1_ratio());
        let (sizes, weights) = self.terms.sizes(&set.members);
        let mut objective = here.loss + 0.5 * ridge * squares;
        if !sizes.is_empty() {
            let block = self.penalty.block(&sizes, &weights, lambda)?;
            objective += block.parametrization().penalty().value(penalized, block.strength());
        }
        Ok(objective)
    }
}
