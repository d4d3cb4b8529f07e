//! Solving on a few terms, looking at all, adding those that want to leave zero.
//!
//! Data flows one way: a [`Position`] has a working set of terms and a look at all of them; `members` solves
//! on the working set; a look at all terms, for several λs in one pass over the data, certifies or finds what
//! is missing. Nothing here knows the family or the penalty.

use super::certify::Look;
use super::newton::Newton;
use super::working_set::WorkingSet;
use super::{Null, Optimality, PathStart, Regression, RegressionPoint};
use crate::held::Held;
use crate::{Coefficients, Error};
use std::sync::Arc;

/// Tolerance of the convex problem that guides one that is not.
const GUIDE: f64 = 1e-4;
/// Below this, rounding decides.
pub(super) const LAST_TOLERANCE: f64 = 1e-12;
/// A longer way down than to about this share of the last λ is made in several strides.
const STRIDE: f64 = 0.1;
/// Tolerance between strides.
const BETWEEN: f64 = 0.1;
/// A descent whose objective is above another one's by so many times what it fell by since the last look will
/// hardly end below it.
const HOPELESS: f64 = 3.0;
/// A stride that takes more steps is made in two, unless it is this short.
const MOST_STEPS_OF_STRIDE: usize = 100;
/// The same where the penalty is concave, as minima are the lower the shorter the strides are.
const MOST_STEPS_OF_CONCAVE_STRIDE: usize = 20;
const SHORTEST_STRIDE: f64 = 0.8;
/// Members are many of which more than one in so many was added last: then they are solved for to [`LOOSE`].
const MANY_ADDED: usize = 10;
/// A tolerance for members to which others will be added.
const LOOSE: f64 = 1e-2;
/// What is in use: what may enter at this share of the λ at which members are added.
const DROPPED: f64 = 0.9;
/// A look takes the time of about this many operations of a Cholesky factor for each entry of a dense design.
const LOOK: usize = 64;
/// λs that are solved before the first look, where that is done exactly.
const FIRST_AHEAD: usize = 4;
/// λs that are solved before a look at most.
const MOST_AHEAD: usize = 16;
/// Bytes that looks may take, however small the design is.
pub(super) const LITTLE: usize = 8 << 20;

/// Solves along a path, each λ from the solution of the one before.
pub(super) struct Solver<'a> {
    regression: Held<'a, Regression<'a>>,
    position: Position,
    /// The λ of the position.
    lambda: f64,
    /// Where the penalty is not convex: the convex problem with the same terms, whose solutions are
    /// second starts.
    guide: Option<Box<Self>>,
    /// λs to solve before a look: as many as working sets were found to last for.
    ahead: usize,
}

/// A working set with its coefficients, and a look at all terms there.
#[derive(Clone)]
pub(super) struct Position {
    pub(super) set: WorkingSet,
    pub(super) look: Arc<Look>,
    /// How many times as large as violations, relative to λ, relative gaps have been.
    pub(super) slack: f64,
}

impl Position {
    pub(super) fn new(set: WorkingSet, look: Arc<Look>) -> Self {
        Self { set, look, slack: 1.0 }
    }
}

impl Regression<'_> {
    pub(super) fn null_model(&self) -> Result<Null, Error> {
        let restricted = self.restricted(&[], &|| false);
        let n_free = self.n_free();
        let mut coefficients = vec![0.0; n_free];
        if self.intercept {
            let of_output = |k: usize| -> f64 {
                let weights = self.design.weights();
                let rows = self.offset.chunks_exact(weights.len()).nth(k).unwrap_or_default();
                rows.iter().zip(weights).map(|(o, w)| o * w).sum()
            };
            for (k, (start, link)) in coefficients.iter_mut().zip(self.family.start()).enumerate() {
                *start = link - of_output(k);
            }
        }
        let bounds = self.bounds(restricted.n_intercepts(), &restricted.columns);
        let newton = Newton::smooth(&restricted, n_free, bounds);
        newton.solve(&mut coefficients, None, LAST_TOLERANCE, usize::MAX)?;
        let look = self.look(&[], &coefficients, &|| false)?;
        Ok(Null { coefficients, look: Arc::new(look) })
    }
}

impl<'a> Solver<'a> {
    /// Starts at the null model.
    pub(super) fn new(regression: Held<'a, Regression<'a>>) -> Self {
        let guide = match regression.start {
            PathStart::Previous => None,
            _ => regression.convex.clone(),
        };
        let guide = guide.map(|convex| Box::new(Solver::new(Held::Shared(convex))));
        let Null { coefficients, look } = regression.null.clone();
        let set = WorkingSet::new(&regression, Vec::new(), coefficients, &look);
        let lambda = regression.lambda_max().unwrap_or(f64::INFINITY);
        let ahead = if regression.is_exact() { FIRST_AHEAD } else { 1 };
        Self { regression, position: Position::new(set, look), lambda, guide, ahead }
    }

    /// Starts at coefficients on the original scale. Nothing else is in its state, nor in that of the guide.
    ///
    /// # Errors
    /// If the loss is not finite there.
    pub(super) fn starting_at(
        regression: Held<'a, Regression<'a>>,
        start: &[Coefficients],
    ) -> Result<Self, Error> {
        let guide = match regression.start {
            PathStart::Previous | PathStart::DenseToSparse => None,
            _ => regression.convex.clone(),
        };
        let guide =
            guide.map(|convex| Solver::starting_at(Held::Shared(convex), start)).transpose()?;
        let (members, coefficients) = regression.on_standardized_scale(start);
        let look = regression.look(&members, &coefficients, &|| false)?;
        let set = WorkingSet::new(&regression, members, coefficients, &look);
        let position = Position::new(set, Arc::new(look));
        // As far down as nothing is known to be missing.
        Ok(Self { regression, position, lambda: 0.0, guide: guide.map(Box::new), ahead: 1 })
    }

    /// Solves at the first of `lambdas`, and at some that follow if that costs little more; adds the points to
    /// `points`.
    pub(super) fn solve(
        &mut self,
        lambdas: &[f64],
        tolerance: f64,
        stop: &(dyn Fn() -> bool + Sync),
        points: &mut Vec<RegressionPoint>,
    ) -> Result<(), Error> {
        if self.regression.penalty.is_convex() {
            let ahead = self.ahead.min(self.most_ahead()).min(lambdas.len());
            let lambdas = &lambdas[..ahead];
            let steps = self.stride(lambdas[0], 0, stop)?;
            let first = points.len();
            let descent = Descent::new(&self.regression, tolerance, stop);
            let rounds =
                descent.descend(&mut self.position, self.lambda, lambdas, steps, points)?;
            self.lambda = points.last().map_or(self.lambda, |point| point.lambda);
            let solved = points.len() - first;
            self.ahead = match rounds {
                _ if solved < ahead => solved,
                ..=2 => 2 * self.ahead,
                _ => ahead.div_ceil(2),
            };
            self.ahead = self.ahead.clamp(1, MOST_AHEAD);
            return Ok(());
        }
        let lambda = lambdas[0];
        let (start, other, steps) = self.starts(lambda, stop)?;
        let descent =
            Descent { is_published: false, ..Descent::new(&self.regression, tolerance, stop) };
        let (mut best, mut point) = descent.descend_once(start, self.lambda, lambda, steps)?;
        let mut steps = point.newton_steps;
        if let Some(start) = other {
            let descent = Descent { rival: Some(point.certificate.objective), ..descent };
            let (position, other) = descent.descend_once(start, self.lambda, lambda, steps)?;
            steps = other.newton_steps;
            if other.certificate.objective < point.certificate.objective {
                (best, point) = (position, other);
            }
        }
        while self.regression.penalty.exponent() < 1.0 && steps < self.regression.max_steps {
            let first = self.regression.first_tolerance(tolerance, best.slack);
            let most = self.regression.max_steps - steps;
            let jumped = self.regression.jump(&best, lambda, first, most, stop)?;
            let Some((jumped, of_jumps)) = jumped else { break };
            let (position, next) =
                descent.descend_once(jumped, lambda, lambda, steps + of_jumps)?;
            steps = next.newton_steps;
            if next.certificate.objective >= point.certificate.objective {
                break;
            }
            (best, point) = (position, next);
        }
        let Position { set, look, .. } = &best;
        let members = set.members.len();
        let optimality = self.regression.first_order(&set.members, &set.coefficients, look, lambda);
        let descent = Descent::new(&self.regression, tolerance, stop);
        points.push(descent.point(set, members, look, lambda, optimality, steps)?);
        self.position = best;
        self.lambda = lambda;
        Ok(())
    }

    /// Goes to a λ far below the last one in strides, solved roughly: shorter ones where the long ones take
    /// many steps. Returns the number of steps, with those that were taken before.
    fn stride(
        &mut self,
        lambda: f64,
        mut steps: usize,
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Result<usize, Error> {
        let way = lambda / self.lambda;
        let most_steps = if self.regression.penalty.is_convex() {
            MOST_STEPS_OF_STRIDE
        } else {
            MOST_STEPS_OF_CONCAVE_STRIDE
        };
        // Where every zero is a local minimum, jumps find others.
        let jumps = self.regression.penalty.exponent() < 1.0;
        if jumps || !(way > 0.0 && way < STRIDE.sqrt()) {
            return Ok(steps);
        }
        let n_strides = (way.ln() / STRIDE.ln()).round().max(1.0);
        let mut stride = way.powf(n_strides.recip());
        let most = self.regression.max_steps;
        let is_exact = self.regression.is_exact();
        while self.lambda > 1.01 * lambda {
            let is_last = self.lambda * stride < 1.01 * lambda;
            if is_last && is_exact {
                break;
            }
            let next = if is_last { lambda } else { self.lambda * stride };
            let is_long = stride < SHORTEST_STRIDE && !is_exact;
            let max_steps = if is_long { most.min(steps + most_steps) } else { most };
            let descent = Descent {
                max_steps,
                is_published: false,
                ..Descent::new(&self.regression, BETWEEN, stop)
            };
            let (mut position, mut reached) = (self.position.clone(), Vec::new());
            descent.descend(&mut position, self.lambda, &[next], steps, &mut reached)?;
            let Some(point) = reached.pop() else { break };
            steps = point.newton_steps;
            if is_long && !point.converged && steps < most {
                stride = stride.sqrt();
                continue;
            }
            (self.position, self.lambda) = (position, next);
        }
        Ok(steps)
    }

    /// How many λs may be solved before a look, so that looks take little memory, or no more than a sixteenth of
    /// the design's.
    fn most_ahead(&self) -> usize {
        let Regression { design, family, .. } = &*self.regression;
        let of_look = (design.n_cols() + 2 * design.n_rows()) * family.n_outputs();
        ((design.n_bytes() / 16).max(LITTLE) / (of_look * size_of::<f64>())).max(1)
    }

    /// Where to descend from, a second such place, and the number of Newton steps to find it.
    fn starts(
        &mut self,
        lambda: f64,
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Result<(Position, Option<Position>, usize), Error> {
        let Some(guide) = &mut self.guide else {
            let steps = self.stride(lambda, 0, stop)?;
            return Ok((self.position.clone(), None, steps));
        };
        // As far below the λ at which the convex penalty lets the first term in.
        let share = guide.regression.lambda_max()? / self.regression.lambda_max()?;
        let mut guides = Vec::new();
        guide.solve(&[lambda * share], GUIDE, stop, &mut guides)?;
        let (convex, steps) =
            (guide.position.clone(), guides.pop().map_or(0, |point| point.newton_steps));
        Ok(match self.regression.start {
            PathStart::Best | PathStart::Previous => {
                let steps = self.stride(lambda, steps, stop)?;
                (self.position.clone(), Some(convex), steps)
            }
            PathStart::Convex => (convex, None, steps),
            PathStart::DenseToSparse => {
                self.guide = None;
                (convex, None, steps)
            }
        })
    }
}

/// How far to descend.
struct Descent<'a> {
    regression: &'a Regression<'a>,
    tolerance: f64,
    /// Newton steps at one λ.
    max_steps: usize,
    /// Whether certificates are for others to see: then they get a second dual point, which makes the gap tight, and
    /// the smallest eigenvalue.
    is_published: bool,
    /// An objective that is to be undercut, or the descent may end above it anywhere.
    rival: Option<f64>,
    stop: &'a (dyn Fn() -> bool + Sync),
}

impl<'a> Descent<'a> {
    fn new(
        regression: &'a Regression<'a>,
        tolerance: f64,
        stop: &'a (dyn Fn() -> bool + Sync),
    ) -> Self {
        Self {
            regression,
            tolerance,
            max_steps: regression.max_steps,
            is_published: true,
            rival: None,
            stop,
        }
    }

    /// The local minimum below a start, where `steps` were taken before.
    fn descend_once(
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
    fn descend(
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
        let (mut rounds, mut last_objective) = (0, f64::INFINITY);
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
                let fallen = last_objective - optimality.objective;
                last_objective = optimality.objective;
                let is_hopeless =
                    |rival: f64| optimality.objective > rival + HOPELESS * fallen.max(0.0);
                let goes_on = steps < max_steps && !self.rival.is_some_and(is_hopeless);
                if !optimality.meets(tolerance) && goes_on {
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
    fn point(
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Binomial, DenseDesign, Family, Gaussian, RegressionSettings, Regularizer, Separable,
    };

    /// What is known after a solve is known of where it ended: the next λ starts there without a look.
    #[test]
    fn solves_leave_the_gradient_of_where_they_end() {
        let (n, p) = (40, 8);
        let x: Vec<f64> = (0..n * p).map(|i| ((i * i) as f64 * 0.37).sin()).collect();
        let y: Vec<f64> = (0..n).map(|i| x[i] - x[3 * n + i] + 0.3 * (i as f64).cos()).collect();
        let yes = y.iter().map(|y| f64::from(*y > 0.0)).collect();
        let design = DenseDesign::new(n, p, &x).unwrap();
        let families: [Box<dyn Family>; 2] = [
            Box::new(Separable::new(Gaussian, y, None).unwrap()),
            Box::new(Separable::new(Binomial, yes, None).unwrap()),
        ];
        let penalties = [
            Regularizer::l1(),
            Regularizer::group((0..p / 2).map(|g| vec![2 * g, 2 * g + 1]).collect()),
            Regularizer::mcp(3.0),
        ];
        for family in &families {
            for penalty in &penalties {
                let (family, settings) = (family.as_ref(), RegressionSettings::default());
                let regression =
                    Regression::new(&design, family, penalty.clone(), &settings).unwrap();
                let Position { mut set, look, .. } =
                    Solver::new(Held::Borrowed(&regression)).position;
                for t in 0..regression.terms.len() {
                    set.add(t, regression.terms.range(t).len());
                }
                let mut here = set.here(&regression, &look);
                for share in [0.5, 0.2] {
                    let lambda = share * regression.lambda_max().unwrap();
                    regression
                        .solve_members(&mut set, &mut here, lambda, 1e-8, usize::MAX, &|| false)
                        .unwrap();
                    let look = regression.look(&set.members, &set.coefficients, &|| false).unwrap();
                    let there = set.here(&regression, &look);
                    let pairs = here.gradient.iter().zip(&there.gradient);
                    let most = pairs.fold(0.0, |most: f64, (a, b)| most.max((a - b).abs()));
                    assert!(most < 1e-10, "{} with {penalty:?}: {most:e}", family.name());
                }
            }
        }
    }
}
