//! Newton's method on a working set, for any family and any penalty with coordinates.
//!
//! In the coordinates `(β, η)` of the lift, `η_t` the size of term `t`, the smooth problem is balanced at
//! `η = η(β)`, and eliminating `η` from Newton's system leaves the Hessian of `P = L + λR` on the support
//! (faces.rs derives it for the lasso). The step in `β` carries `η` along; where that would bring
//! `η_t` to 0 or below, its bound clips it, and the term is exactly zero. A zero is let in by its
//! multiplier: the direction of steepest descent is not 0 there.

mod direction;

use super::bounds::Bounds;
use super::cholesky::System;
use super::curvature::Curvature;
use super::restricted::Restricted;
use super::wide::WideInverse;
use super::working_set::Here;
use crate::Error;
use chamfer::{Block, Strength};
use direction::Direction;
use std::cell::RefCell;
use std::ops::Range;
use std::sync::Arc;

/// Steps of one solve.
const MAX_STEPS: usize = 200;
/// Curvature that is added where the step without it fails, as shares of the largest.
const DAMPINGS: [f64; 4] = [1e-6, 1e-4, 1e-2, 1.0];
/// Newton systems that are solved by iteration are solved to a share of their right-hand side between these.
const LEAST_FORCING: f64 = 1e-4;
pub(super) const MOST_FORCING: f64 = 0.1;
/// Zeros wait for a step on the support where its violation is more than this many times theirs.
const FURTHER: f64 = 10.0;
/// Halvings of one step.
const MAX_HALVINGS: usize = 40;

/// The problem on a working set: intercepts and coefficients without a penalty first, then those of the
/// terms.
pub(super) struct Newton<'a> {
    pub(super) restricted: &'a Restricted<'a>,
    pub(super) block: Option<&'a Block<f64>>,
    /// Where the coefficients of each term are among the penalized ones.
    pub(super) terms: Vec<Range<usize>>,
    /// Number of coefficients without a penalty.
    pub(super) n_free: usize,
    pub(super) ridge: f64,
    pub(super) bounds: Option<Bounds>,
    /// The loss itself, where it is quadratic: then the data need not be touched.
    pub(super) quadratic: Option<Quadratic<'a>>,
    /// The Hessian of another quadratic loss, on what was in use so far.
    pub(super) gram: Option<RefCell<Arc<Curvature>>>,
    /// An inverse of a Newton system nearby.
    pub(super) inverse: RefCell<Option<WideInverse>>,
}

/// A quadratic loss around a point: `L(β₀) + gᵀδ + ½δᵀCδ`, `δ = β − β₀`.
pub(super) struct Quadratic<'a> {
    pub(super) coefficients: Vec<f64>,
    pub(super) loss: f64,
    pub(super) gradient: Vec<f64>,
    /// `C`, without a ridge.
    pub(super) system: System<'a>,
}

/// Value and first-order information at a point.
struct State {
    beta: Vec<f64>,
    predictor: Vec<f64>,
    loss: f64,
    /// Of the loss.
    gradient: Vec<f64>,
    objective: f64,
    /// Minus the shortest vector in the subdifferential of `P`.
    descent: Vec<f64>,
    /// The largest entry of `descent`.
    violation: f64,
    /// Below this, a change of the objective is rounding, and only the violation can tell.
    rounding: f64,
    /// To which share of its right-hand side the next Newton system is solved.
    forcing: f64,
}

/// What rounding may do to an objective: that of its terms, and that of the predictor as far as the loss
/// follows it.
pub(super) fn rounding(objective: f64, predictor: &[f64], of_predictor: &[f64]) -> f64 {
    let moved: f64 = predictor.iter().zip(of_predictor).map(|(eta, g)| (eta * g).abs()).sum();
    8.0 * f64::EPSILON * (objective.abs() + moved)
}

impl<'a> Newton<'a> {
    /// The problem without a penalty.
    pub(super) fn smooth(
        restricted: &'a Restricted<'a>,
        n_free: usize,
        bounds: Option<Bounds>,
    ) -> Self {
        let (block, terms, ridge, quadratic, gram) = (None, Vec::new(), 0.0, None, None);
        let inverse = RefCell::new(None);
        Self { restricted, block, terms, n_free, ridge, bounds, quadratic, gram, inverse }
    }
}

impl Newton<'_> {
    /// Moves `beta`, or an `other` start if the objective is lower there than at `beta`, with the loss that `beta` is
    /// known to have, until no entry of the steepest descent is above `tolerance`, or no step descends, or `most`
    /// steps are taken; returns what is known of the loss there, and the number of steps.
    pub(super) fn solve(
        &self,
        beta: &mut Vec<f64>,
        other: Option<(Vec<f64>, f64)>,
        tolerance: f64,
        most: usize,
    ) -> Result<(Here, usize), Error> {
        let lower = other.and_then(|(other, loss)| {
            let objective = self.objective(beta, loss);
            let other = self.evaluate(self.clipped(beta, other))?;
            (other.objective < objective).then_some(other)
        });
        let state = lower.or_else(|| self.evaluate(beta.clone()));
        let mut state = state.ok_or(Error::NonFiniteLoss { value: f64::NAN })?;
        let mut steps = 0;
        while steps < most.min(MAX_STEPS) {
            if state.violation <= tolerance {
                break;
            }
            let entered = self.enter(&state)?;
            let stepped = self.step(entered.as_ref().unwrap_or(&state))?;
            let Some(mut next) = stepped.or(entered) else { break };
            next.forcing = next_forcing(next.violation / state.violation);
            state = next;
            steps += 1;
        }
        let State { beta: end, predictor, loss, gradient, .. } = state;
        *beta = end;
        Ok((Here { predictor, loss, gradient }, steps))
    }

    /// The objective where the loss is known.
    fn objective(&self, beta: &[f64], loss: f64) -> f64 {
        let penalized = &beta[self.n_free..];
        let squares: f64 = penalized.iter().map(|b| b * b).sum();
        let penalty = self.penalty().map_or(0.0, |(penalty, at)| penalty.value(penalized, at));
        loss + 0.5 * self.ridge * squares + penalty
    }

    /// The state at `beta`; `None` where the objective is not finite.
    fn evaluate(&self, beta: Vec<f64>) -> Option<State> {
        let (predictor, of_predictor, loss, gradient) = self.loss(&beta);
        let objective = self.objective(&beta, loss);
        let mut smooth = gradient.clone();
        for (g, b) in smooth.iter_mut().zip(&beta).skip(self.n_free) {
            *g += self.ridge * b;
        }
        let mut descent: Vec<f64> = smooth.iter().map(|g| -g).collect();
        if let Some((penalty, strength)) = self.penalty() {
            let (b, g) = (&beta[self.n_free..], &smooth[self.n_free..]);
            penalty.steepest_descent(b, g, strength, &mut descent[self.n_free..]);
        }
        if let Some(bounds) = &self.bounds {
            bounds.project(&beta, &mut descent);
        }
        let violation = descent.iter().fold(0.0, |most: f64, d| most.max(d.abs()));
        let finite = objective.is_finite() && descent.iter().all(|d| d.is_finite());
        let rounding = rounding(objective, &predictor, &of_predictor);
        let forcing = MOST_FORCING;
        finite.then_some(State {
            beta,
            predictor,
            loss,
            gradient,
            objective,
            descent,
            violation,
            rounding,
            forcing,
        })
    }

    /// Predictor and the gradient in it (both empty if they are not needed), loss, and gradient.
    fn loss(&self, beta: &[f64]) -> (Vec<f64>, Vec<f64>, f64, Vec<f64>) {
        let mut gradient = vec![0.0; beta.len()];
        if let Some(quadratic) = &self.quadratic {
            let moved: Vec<f64> =
                beta.iter().zip(&quadratic.coefficients).map(|(b, b0)| b - b0).collect();
            quadratic.system.multiply(&moved, &mut gradient);
            let mut change = 0.0;
            for ((g, g0), d) in gradient.iter_mut().zip(&quadratic.gradient).zip(moved) {
                change += d * (g0 + 0.5 * *g);
                *g += g0;
            }
            return (Vec::new(), Vec::new(), quadratic.loss + change, gradient);
        }
        let predictor = self.restricted.predictor(beta);
        let mut of_predictor = vec![0.0; predictor.len()];
        let loss = self.restricted.family.value_and_gradient(&predictor, &mut of_predictor);
        self.restricted.pull(&of_predictor, &mut gradient);
        (predictor, of_predictor, loss, gradient)
    }

    /// `dᵀ∇²L d`, with the ridge.
    fn curvature(&self, state: &State, direction: &[f64]) -> Result<f64, Error> {
        let of_loss = match &self.quadratic {
            Some(quadratic) => {
                let mut bent = vec![0.0; direction.len()];
                quadratic.system.multiply(direction, &mut bent);
                direction.iter().zip(&bent).map(|(d, b)| d * b).sum()
            }
            None => self.restricted.curvature(&state.predictor, direction)?,
        };
        let squares: f64 = direction[self.n_free..].iter().map(|d| d * d).sum();
        Ok(of_loss + self.ridge * squares)
    }

    fn penalty(&self) -> Option<(&dyn chamfer::Penalty<f64>, Strength<'_, f64>)> {
        self.block.map(|block| (block.parametrization().penalty(), block.strength()))
    }

    /// The coefficients in whose directions `P` is smooth at `beta` and not bounded.
    fn support(&self, beta: &[f64]) -> Vec<bool> {
        let mut support = vec![true; beta.len()];
        if let Some((penalty, _)) = self.penalty() {
            penalty.support(&beta[self.n_free..], &mut support[self.n_free..]);
        }
        if let Some(bounds) = &self.bounds {
            for (j, (smooth, &b)) in support.iter_mut().zip(beta).enumerate() {
                *smooth &= !bounds.holds(j, b);
            }
        }
        support
    }

    /// Moves the zeros that want to leave along the steepest descent; `None` if there are none, or if the
    /// support is much further from its own optimum than they are: a step there may well keep them.
    fn enter(&self, state: &State) -> Result<Option<State>, Error> {
        let support = self.support(&state.beta);
        let outside = |(d, smooth): (&f64, &bool)| if *smooth { 0.0 } else { *d };
        let direction: Vec<f64> = state.descent.iter().zip(&support).map(outside).collect();
        let worst = direction.iter().fold(0.0, |most: f64, d| most.max(d.abs()));
        let on_support = state.descent.iter().zip(&support).filter(|(_, smooth)| **smooth);
        if on_support.fold(0.0, |most: f64, (d, _)| most.max(d.abs())) > FURTHER * worst {
            return Ok(None);
        }
        let slope: f64 = direction.iter().map(|d| d * d).sum();
        if slope == 0.0 {
            return Ok(None);
        }
        let curvature = self.curvature(state, &direction)?;
        let length = if curvature > 0.0 { slope / curvature } else { 1.0 };
        Ok(self.search(state, &direction, length, -slope).map(|(next, _)| next))
    }

    /// A Newton step on the support; `None` if nothing descends.
    ///
    /// Where a term that is nearly zero blocks the step, it is closed, and the step is that of the rest.
    fn step(&self, state: &State) -> Result<Option<State>, Error> {
        let mut closed: Option<State> = None;
        loop {
            let state = closed.as_ref().unwrap_or(state);
            let Some(direction) = self.direction(state, 0.0)? else { return Ok(closed) };
            if let Some(next) = self.search_along(state, &direction) {
                return Ok(Some(next));
            }
            match self.close_nearest(state, &direction.step) {
                Some(next) => closed = Some(next),
                None if closed.is_some() => return Ok(closed),
                None => break,
            }
        }
        // Where the loss has no curvature in some direction, that step leads far beyond where the model of it
        // holds; with some more curvature it does not (Levenberg 1944).
        for damping in DAMPINGS {
            let Some(direction) = self.direction(state, damping)? else { continue };
            if let Some(next) = self.search_along(state, &direction) {
                return Ok(Some(next));
            }
        }
        Ok(None)
    }

    fn search_along(&self, state: &State, direction: &Direction) -> Option<State> {
        let Direction { step, is_bent } = direction;
        let slope: f64 = -step.iter().zip(&state.descent).map(|(d, s)| d * s).sum::<f64>();
        if slope >= 0.0 {
            return None;
        }
        let (mut next, mut length) = self.search(state, step, 1.0, slope)?;
        // Away from a saddle, a bent step is a small share of the way.
        while *is_bent && length >= 1.0 {
            length *= 2.0;
            match self.moved(state, step, length) {
                Some(further) if further.objective < next.objective - next.rounding => {
                    next = further;
                }
                _ => break,
            }
        }
        Some(next)
    }

    /// Sets to zero, or to its bound, what `direction` brings there first, if that costs no more than
    /// rounding.
    fn close_nearest(&self, state: &State, direction: &[f64]) -> Option<State> {
        let held = |beta: &[f64]| {
            let bounds = self.bounds.as_ref();
            let is_held = |(j, b): &(usize, &f64)| {
                (*j >= self.n_free && **b == 0.0)
                    || bounds.is_some_and(|bounds| bounds.holds(*j, **b))
            };
            beta.iter().enumerate().filter(is_held).count()
        };
        let ratio = |range: Range<usize>| {
            let at = range.start + self.n_free..range.end + self.n_free;
            let (b, d) = (&state.beta[at.clone()], &direction[at]);
            let along: f64 = b.iter().zip(d).map(|(b, d)| b * d).sum();
            let square: f64 = b.iter().map(|b| b * b).sum();
            (along < 0.0).then_some(-square / along)
        };
        let terms = self.terms.iter().cloned();
        let coefficients = self.terms.iter().filter(|range| range.len() > 1).cloned().flatten();
        let mut lengths: Vec<f64> =
            terms.chain(coefficients.map(|j| j..j + 1)).filter_map(ratio).collect();
        if let Some(bounds) = &self.bounds {
            let moves = state.beta.iter().zip(direction).enumerate();
            lengths.extend(moves.filter_map(|(j, (&b, &d))| bounds.length_to(j, b, d)));
        }
        lengths.sort_by(f64::total_cmp);
        for length in lengths.into_iter().take_while(|length| *length < 1.0) {
            let beyond = length * (1.0 + 1e-9);
            let moved = state.beta.iter().zip(direction).map(|(b, d)| b + beyond * d).collect();
            let moved = self.clipped(&state.beta, moved);
            if held(&moved) > held(&state.beta) {
                let next = self.evaluate(moved);
                return next.filter(|next| next.objective <= state.objective + state.rounding);
            }
        }
        None
    }

    /// Halves a step until it descends; returns where it leads, and its length.
    fn search(
        &self,
        state: &State,
        direction: &[f64],
        mut length: f64,
        slope: f64,
    ) -> Option<(State, f64)> {
        let rounding = state.rounding;
        for _ in 0..MAX_HALVINGS {
            if let Some(next) = self.moved(state, direction, length) {
                let gain = state.objective - next.objective;
                let enough = gain >= -1e-4 * length * slope && gain > rounding;
                if enough || (gain >= -rounding && next.violation < 0.9 * state.violation) {
                    return Some((next, length));
                }
            }
            length *= 0.5;
        }
        None
    }

    /// The state at the end of a step, in which what crosses zero is clipped.
    fn moved(&self, state: &State, direction: &[f64], length: f64) -> Option<State> {
        let moved = state.beta.iter().zip(direction).map(|(b, d)| b + length * d).collect();
        self.evaluate(self.clipped(&state.beta, moved))
    }

    /// Sets to zero the terms that have passed through it, and the coefficients that have, where the
    /// penalty has a kink; then holds what has passed a bound.
    fn clipped(&self, beta: &[f64], moved: Vec<f64>) -> Vec<f64> {
        let mut moved = self.without_crossed(beta, moved);
        if let Some(bounds) = &self.bounds {
            bounds.clamp(&mut moved);
        }
        moved
    }

    fn without_crossed(&self, beta: &[f64], mut moved: Vec<f64>) -> Vec<f64> {
        let Some((penalty, _)) = self.penalty() else { return moved };
        let old = &beta[self.n_free..];
        let new = &mut moved[self.n_free..];
        let mut crossed = new.to_vec();
        for range in &self.terms {
            let (old, crossed) = (&old[range.clone()], &mut crossed[range.clone()]);
            let along: f64 = old.iter().zip(&*crossed).map(|(a, b)| a * b).sum();
            if along <= 0.0 && old.iter().any(|b| *b != 0.0) {
                crossed.fill(0.0);
            }
            for (a, b) in old.iter().zip(crossed) {
                if a * *b < 0.0 {
                    *b = 0.0;
                }
            }
        }
        let mut smooth = vec![false; new.len()];
        penalty.support(&crossed, &mut smooth);
        for ((new, crossed), smooth) in new.iter_mut().zip(crossed).zip(smooth) {
            if !smooth {
                *new = crossed;
            }
        }
        moved
    }
}

/// To which share the next Newton system is solved after a step that left a share of the violation: the faster
/// steps converge, the more exact they had better be (Eisenstat & Walker 1996).
pub(super) fn next_forcing(left: f64) -> f64 {
    (left * left).clamp(LEAST_FORCING, MOST_FORCING)
}
