//! The way down: solving on a few terms, looking at all, adding those that want to leave zero.
//!
//! Data flows one way: a [`Position`] has a working set of terms and a look at all of them; `members` solves
//! on the working set; a look at all terms, for several λs in one pass over the data, certifies or finds what
//! is missing. Nothing here knows the family or the penalty.

use super::certify::Look;
use super::solver::{BETWEEN, LAST_TOLERANCE, Position};
use super::working_set::WorkingSet;
use super::{Optimality, Regression, RegressionPoint};
use crate::Error;
use std::sync::Arc;

/// Members are many of which more than one in so many was added last: then they are solved for to [`LOOSE`].
const MANY_ADDED: usize = 10;
/// A tolerance for members to which others will be added.
const LOOSE: f64 = 1e-2;
/// What is in use: what may enter at this share of the λ at which members are added.
const DROPPED: f64 = 0.9;
/// A look takes the time of about this many operations of a Cholesky factor for each entry of a dense design.
const LOOK: usize = 64;

/// How far to descend.
pub(super) struct Descent<'a> {
    pub(super) regression: &'a Regression<'a>,
    pub(super) tolerance: f64,
    /// Newton steps at one λ.
    pub(super) max_steps: usize,
    /// Whether certificates are for others to see: then they get a second dual point, which makes the gap tight, and
    /// the smallest eigenvalue.
    pub(super) is_published: bool,
    pub(super) stop: &'a (dyn Fn() -> bool + Sync),
}

impl<'a> Descent<'a> {
    pub(super) fn new(
        regression: &'a Regression<'a>,
        tolerance: f64,
        stop: &'a (dyn Fn() -> bool + Sync),
    ) -> Self {
        Self { regression, tolerance, max_steps: regression.max_steps, is_published: true, stop }
    }

    /// The local minimum below a start, where `steps` were taken before.
    pub(super) fn descend_once(
        &self,
        mut start: Position,
        before: f64,
        lambda: f64,
        steps: usize,
    ) -> Result<(Position, RegressionPoint), Error> {
        let mut points = Vec::new();
        self.descend(&mut start, before, &[lambda], steps, &mut points)?;
        points.pop().map(|point| (start, point)).ok_or(Error::Interrupted)
    }

    /// Solves at each of `lambdas` on the working set, looks at all terms for all of them at once, and again
    /// from the first that lacks something, with what it and the later ones lack. `steps` were taken for the
    /// first before. Leaves the last few out if they had better wait for a look. Returns the number of looks.
    pub(super) fn descend(
        &self,
        position: &mut Position,
        before: f64,
        lambdas: &[f64],
        mut steps: usize,
        points: &mut Vec<RegressionPoint>,
    ) -> Result<usize, Error> {
        let Self { regression, tolerance, max_steps, stop, .. } = *self;
        let Position { set, look, slack } = position;
        // Coefficients that are far from where they end need not be exact, and sizes find there from anywhere.
        let in_sizes = regression.is_in_sizes(set, lambdas[0]);
        let loose = if in_sizes { BETWEEN } else { LOOSE };
        let loosened = |added: usize, set: &WorkingSet, slack: f64| {
            let is_far = added > set.members.len() / MANY_ADDED;
            let helps = lambdas.len() == 1 && !regression.is_exact();
            let first = regression.first_tolerance(tolerance, slack);
            if is_far && helps { first.max(loose) } else { first }
        };
        let mut rounds = 0;
        // The strong rule (Tibshirani et al. 2012) guesses what enters; the certificate checks.
        // Far below the last λ it would guess everything, so the guess is bounded.
        let last = lambdas[lambdas.len() - 1];
        let floor = if regression.family.is_quadratic() { 0.5 } else { 0.8 };
        let guess = (2.0 * last - before).max(floor * last).min(lambdas[0]);
        regression.drop_terms(set, look, DROPPED * guess);
        let added = regression.add_terms(set, look, guess);
        let mut inner = loosened(added, set, *slack);
        let mut rest = lambdas;
        while !rest.is_empty() {
            if stop() {
                return Err(Error::Interrupted);
            }
            rounds += 1;
            let mut here = set.here(regression, look);
            let start = set.coefficients.clone();
            let (mut solutions, mut steps_of) = (Vec::new(), Vec::new());
            let mut work = 0;
            for (k, &lambda) in rest.iter().enumerate() {
                // Solving in vain, on a set that lacks something, should cost no more than looking.
                if work > LOOK * regression.design.n_rows() * regression.design.n_cols() {
                    rest = &rest[..k];
                    break;
                }
                let taken = if k == 0 { steps } else { 0 };
                let most = max_steps.saturating_sub(taken);
                let steps_here =
                    regression.solve_members(set, &mut here, lambda, inner, most, stop)?;
                set.remember(lambda);
                if !regression.is_exact() {
                    let n = regression.design.n_rows();
                    let in_use = set.coefficients.iter().filter(|b| **b != 0.0).count();
                    // A step has products, which take as long as a look at what is in use, or a factor.
                    let products = LOOK * n;
                    let factor = in_use * in_use.min(3 * n);
                    let of_step = if regression.penalty.is_kinks() { products } else { factor };
                    work += steps_here * in_use * of_step;
                }
                steps_of.push(steps_here);
                solutions.push(set.coefficients.clone());
            }
            let looks = if solutions == [start] {
                vec![Look::clone(look)]
            } else {
                regression.looks(&set.members, &solutions, stop)?
            };
            let members = set.members.len();
            let mut failed = false;
            let solved = rest.iter().zip(solutions).zip(steps_of).zip(looks);
            for (((&lambda, coefficients), steps_here), at) in solved {
                if failed {
                    regression.add_terms(set, &at, lambda);
                    continue;
                }
                steps += steps_here;
                let optimality = regression.first_order(&set.members, &coefficients, &at, lambda);
                set.coefficients = coefficients;
                *look = Arc::new(at);
                if let Some(now) = slack_of(&optimality) {
                    *slack = now.max(0.5 * *slack);
                }
                if !optimality.meets(tolerance) && steps < max_steps {
                    let added = regression.add_terms(set, look, lambda);
                    failed = added > 0 || inner > LAST_TOLERANCE;
                    let last = inner;
                    inner = loosened(added, set, *slack);
                    if added == 0 {
                        inner = inner.min(0.1 * last).max(LAST_TOLERANCE);
                    }
                    if failed {
                        continue;
                    }
                }
                points.push(self.point(set, members, look, lambda, optimality, steps)?);
                inner = regression.first_tolerance(tolerance, *slack);
                (rest, steps) = (&rest[1..], 0);
            }
        }
        Ok(rounds)
    }

    /// What is published of a solution on the first few members.
    pub(super) fn point(
        &self,
        set: &WorkingSet,
        members: usize,
        look: &Look,
        lambda: f64,
        mut certificate: Optimality,
        newton_steps: usize,
    ) -> Result<RegressionPoint, Error> {
        let Self { regression, tolerance, is_published, stop, .. } = *self;
        let (members, at) = (&set.members[..members], &set.coefficients);
        if is_published {
            regression.tighten(&mut certificate, members, at, look, lambda, Some(set));
            certificate.smallest_eigenvalue =
                regression.smallest_eigenvalue(members, at, look, lambda, stop)?;
        }
        let restricted = regression.restricted(members, stop);
        Ok(RegressionPoint {
            lambda,
            coefficients: regression.on_original_scale(&restricted, at),
            certificate,
            deviance_explained: regression.deviance_explained(look.loss),
            converged: certificate.meets(tolerance),
            newton_steps,
        })
    }
}

/// How many times as large as the violation, relative to λ, the relative gap is; `None` where that is rounding, or
/// the dual point outside of its domain.
fn slack_of(optimality: &Optimality) -> Option<f64> {
    let slack = optimality.gap?.relative() / optimality.relative_stationarity;
    (optimality.relative_stationarity > LAST_TOLERANCE && slack.is_finite()).then_some(slack)
}
