//! Solving on a few terms, looking at all, adding those that want to leave zero.
//!
//! Data flows one way: a [`Position`] has a working set of terms and a look at all of them; `members` solves
//! on the working set; a look at all terms, for several λs in one pass over the data, certifies or finds what
//! is missing. Nothing here knows the family or the penalty.

use super::certify::Look;
use super::cholesky::Cholesky;
use super::curvature::Curvature;
use super::newton::Newton;
use super::wide::WideInverse;
use super::{Null, PathStart, Regression, RegressionPoint};
use crate::{Coefficients, Error};
use std::sync::Arc;

/// Least number of terms that are added at a time.
const LEAST_ADDED: usize = 20;
/// Tolerance of the convex problem that guides one that is not.
const GUIDE: f64 = 1e-4;
/// Jumps between local minima at one λ.
const MAX_JUMPS: usize = 100;
/// Below this, rounding decides.
pub(super) const LAST_TOLERANCE: f64 = 1e-12;
/// A longer way down than to about this share of the last λ is made in several strides.
const STRIDE: f64 = 0.1;
/// Tolerance between strides.
const BETWEEN: f64 = 0.1;
/// Members are many of which more than one in so many was added last: then they are solved for to [`LOOSE`].
const MANY_ADDED: usize = 10;
/// A tolerance for members to which others will be added.
const LOOSE: f64 = 1e-2;
/// Members are dropped when fewer than this share of them are in use.
const MOST_IN_USE: f64 = 0.7;
/// What is in use: what may enter at this share of the λ at which members are added.
const DROPPED: f64 = 0.9;
/// A look takes the time of about this many operations of a Cholesky factor for each entry of a dense design.
const LOOK: usize = 64;
/// λs that are solved before the first look, where that is done exactly.
const FIRST_AHEAD: usize = 4;
/// λs that are solved before a look at most.
const MOST_AHEAD: usize = 16;

/// Solves along a path, each λ from the solution of the one before.
pub(super) struct Solver<'a> {
    regression: &'a Regression<'a>,
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
struct Position {
    set: WorkingSet,
    look: Arc<Look>,
}

#[derive(Clone)]
pub(super) struct WorkingSet {
    /// Terms.
    pub(super) members: Vec<usize>,
    is_member: Vec<bool>,
    /// Intercepts, coefficients of unpenalized columns, coefficients of the members.
    pub(super) coefficients: Vec<f64>,
    /// The Hessian of the loss on them, as far as it was needed; shared, because starts are clones.
    pub(super) curvature: Arc<Curvature>,
    /// Its factor, with the ridge of the last λ.
    pub(super) factor: Cholesky,
    pub(super) ridge: f64,
    /// The inverse of a Newton system on some of them that was solved last.
    pub(super) inverse: Option<WideInverse>,
}

/// What is known on the way, between two looks.
pub(super) struct Here {
    pub(super) predictor: Vec<f64>,
    pub(super) loss: f64,
    /// The gradient of the loss in the coefficients of the working set.
    pub(super) gradient: Vec<f64>,
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
        newton.solve(&mut coefficients, LAST_TOLERANCE, usize::MAX)?;
        let look = self.look(&[], &coefficients, &|| false)?;
        Ok(Null { coefficients, look: Arc::new(look) })
    }
}

impl<'a> Solver<'a> {
    /// Starts at the null model.
    pub(super) fn new(regression: &'a Regression<'a>) -> Self {
        let guide = match regression.start {
            PathStart::Previous => None,
            _ => regression.convex.as_deref(),
        };
        let guide = guide.map(|convex| Box::new(Solver::new(convex)));
        let Null { coefficients, look } = regression.null.clone();
        let set = WorkingSet::new(regression, Vec::new(), coefficients, &look);
        let lambda = regression.lambda_max().unwrap_or(f64::INFINITY);
        let ahead = if regression.is_exact() { FIRST_AHEAD } else { 1 };
        Self { regression, position: Position { set, look }, lambda, guide, ahead }
    }

    /// Starts at coefficients on the original scale. Nothing else is in its state, nor in that of the guide.
    ///
    /// # Errors
    /// If the loss is not finite there.
    pub(super) fn starting_at(
        regression: &'a Regression<'a>,
        start: &[Coefficients],
    ) -> Result<Self, Error> {
        let guide = match regression.start {
            PathStart::Previous | PathStart::DenseToSparse => None,
            _ => regression.convex.as_deref(),
        };
        let guide = guide.map(|convex| Solver::starting_at(convex, start)).transpose()?;
        let (members, coefficients) = regression.on_standardized_scale(start);
        let look = regression.look(&members, &coefficients, &|| false)?;
        let set = WorkingSet::new(regression, members, coefficients, &look);
        let position = Position { set, look: Arc::new(look) };
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
            let mut steps = 0;
            let way = lambdas[0] / self.lambda;
            let strides =
                if way > 0.0 && way < 1.0 { (way.ln() / STRIDE.ln()).round() } else { 0.0 };
            let stride = way.powf(strides.max(1.0).recip());
            let mut strode = 1.0;
            while strode < strides {
                strode += 1.0;
                let before = self.lambda;
                self.lambda *= stride;
                let (between, mut reached) = ([self.lambda], Vec::new());
                Self::descend(
                    self.regression,
                    &mut self.position,
                    before,
                    &between,
                    BETWEEN,
                    steps,
                    stop,
                    &mut reached,
                )?;
                steps = reached.pop().map_or(steps, |point| point.newton_steps);
            }
            let first = points.len();
            let rounds = Self::descend(
                self.regression,
                &mut self.position,
                self.lambda,
                lambdas,
                tolerance,
                steps,
                stop,
                points,
            )?;
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
        let (mut best, mut point) = self.descend_once(start, lambda, tolerance, steps, stop)?;
        let mut steps = point.newton_steps;
        if let Some(start) = other {
            let (position, other) = self.descend_once(start, lambda, tolerance, steps, stop)?;
            steps = other.newton_steps;
            if other.certificate.objective < point.certificate.objective {
                (best, point) = (position, other);
            }
        }
        if self.regression.penalty.exponent() < 1.0 {
            for _ in 0..MAX_JUMPS {
                if steps >= self.regression.max_steps {
                    break;
                }
                let Some(jumped) = self.jump(&best, lambda, stop)? else { break };
                let (position, next) = self.descend_once(jumped, lambda, tolerance, steps, stop)?;
                steps = next.newton_steps;
                if next.certificate.objective >= point.certificate.objective {
                    break;
                }
                (best, point) = (position, next);
            }
        }
        point.newton_steps = steps;
        points.push(point);
        self.position = best;
        self.lambda = lambda;
        Ok(())
    }

    /// How many λs may be solved before a look, so that looks take no more than a sixteenth of the memory of the
    /// design.
    fn most_ahead(&self) -> usize {
        let Regression { design, family, .. } = self.regression;
        let of_look = (design.n_cols() + 2 * design.n_rows()) * family.n_outputs();
        (design.n_bytes() / 16 / (of_look * size_of::<f64>())).max(1)
    }

    /// Where to descend from, a second such place, and the number of Newton steps to find it.
    fn starts(
        &mut self,
        lambda: f64,
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Result<(Position, Option<Position>, usize), Error> {
        let Some(guide) = &mut self.guide else { return Ok((self.position.clone(), None, 0)) };
        // As far below the λ at which the convex penalty lets the first term in.
        let share = guide.regression.lambda_max()? / self.regression.lambda_max()?;
        let mut guides = Vec::new();
        guide.solve(&[lambda * share], GUIDE, stop, &mut guides)?;
        let (convex, steps) =
            (guide.position.clone(), guides.pop().map_or(0, |point| point.newton_steps));
        Ok(match self.regression.start {
            PathStart::Best | PathStart::Previous => (self.position.clone(), Some(convex), steps),
            PathStart::Convex => (convex, None, steps),
            PathStart::DenseToSparse => {
                self.guide = None;
                (convex, None, steps)
            }
        })
    }

    /// The local minimum below a start, where `steps` were taken before.
    fn descend_once(
        &self,
        start: Position,
        lambda: f64,
        tolerance: f64,
        steps: usize,
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Result<(Position, RegressionPoint), Error> {
        let (mut position, mut points) = (start, Vec::new());
        let lambdas = [lambda];
        Self::descend(
            self.regression,
            &mut position,
            self.lambda,
            &lambdas,
            tolerance,
            steps,
            stop,
            &mut points,
        )?;
        points.pop().map(|point| (position, point)).ok_or(Error::Interrupted)
    }

    /// Solves at each of `lambdas` on the working set, looks at all terms for all of them at once, and again
    /// from the first that lacks something, with what it and the later ones lack. `steps` were taken for the
    /// first before. Leaves the last few out if they had better wait for a look. Returns the number of looks.
    #[allow(
        clippy::too_many_arguments,
        reason = "the state is split, so that it can be lent in parts"
    )]
    fn descend(
        regression: &Regression<'_>,
        position: &mut Position,
        before: f64,
        lambdas: &[f64],
        tolerance: f64,
        mut steps: usize,
        stop: &(dyn Fn() -> bool + Sync),
        points: &mut Vec<RegressionPoint>,
    ) -> Result<usize, Error> {
        let Position { set, look } = position;
        let first_tolerance = regression.first_tolerance(tolerance);
        // Coefficients that are far from where they end need not be exact.
        let loosened = |added: usize, set: &WorkingSet| {
            let is_far = added > set.members.len() / MANY_ADDED;
            let helps = lambdas.len() == 1 && !regression.is_exact();
            if is_far && helps { first_tolerance.max(LOOSE) } else { first_tolerance }
        };
        let mut rounds = 0;
        // The strong rule (Tibshirani et al. 2012) guesses what enters; the certificate checks.
        // Far below the last λ it would guess everything, so the guess is bounded.
        let last = lambdas[lambdas.len() - 1];
        let floor = if regression.family.is_quadratic() { 0.5 } else { 0.8 };
        let guess = (2.0 * last - before).max(floor * last).min(lambdas[0]);
        regression.drop_terms(set, look, DROPPED * guess);
        let added = regression.add_terms(set, look, guess);
        let mut inner = loosened(added, set);
        let mut rest = lambdas;
        while !rest.is_empty() {
            if stop() {
                return Err(Error::Interrupted);
            }
            rounds += 1;
            let mut here = set.here(regression, look);
            let (mut solutions, mut steps_of) = (Vec::new(), Vec::new());
            let mut work = 0;
            for (k, &lambda) in rest.iter().enumerate() {
                // Solving in vain, on a set that lacks something, should cost no more than looking.
                if work > LOOK * regression.design.n_rows() * regression.design.n_cols() {
                    rest = &rest[..k];
                    break;
                }
                let taken = if k == 0 { steps } else { 0 };
                let most = regression.max_steps.saturating_sub(taken);
                let steps_here =
                    regression.solve_members(set, &mut here, lambda, inner, most, stop)?;
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
            let looks = regression.looks(&set.members, &solutions, stop)?;
            let members = set.members.len();
            let mut failed = false;
            let solved = rest.iter().zip(solutions).zip(steps_of).zip(looks);
            for (((&lambda, coefficients), steps_here), at) in solved {
                if failed {
                    regression.add_terms(set, &at, lambda);
                    continue;
                }
                steps += steps_here;
                let mut optimality =
                    regression.first_order(&set.members, &coefficients, &at, lambda);
                set.coefficients = coefficients;
                *look = Arc::new(at);
                if !optimality.meets(tolerance) && steps < regression.max_steps {
                    let added = regression.add_terms(set, look, lambda);
                    failed = added > 0 || inner > LAST_TOLERANCE;
                    if added > 0 || inner > first_tolerance {
                        inner = loosened(added, set);
                    } else {
                        inner = (inner * 1e-2).max(LAST_TOLERANCE);
                    }
                    if failed {
                        continue;
                    }
                }
                let members = &set.members[..members];
                optimality.smallest_eigenvalue = regression.smallest_eigenvalue(
                    members,
                    &set.coefficients,
                    look,
                    lambda,
                    stop,
                )?;
                let restricted = regression.restricted(members, stop);
                points.push(RegressionPoint {
                    lambda,
                    coefficients: regression.on_original_scale(&restricted, &set.coefficients),
                    certificate: optimality,
                    deviance_explained: regression.deviance_explained(look.loss),
                    converged: optimality.meets(tolerance),
                    newton_steps: steps,
                });
                (rest, steps, inner) = (&rest[1..], 0, first_tolerance);
            }
        }
        Ok(rounds)
    }

    /// A term moved to where the objective is lower though it is a local minimum: zero is one in every
    /// term of a penalty with infinite slope there, so the best zero is opened, if that pays along its
    /// gradient, or a term is closed.
    fn jump(
        &self,
        solved: &Position,
        lambda: f64,
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Result<Option<Position>, Error> {
        let regression = self.regression;
        let terms = &regression.terms;
        let mut best: Option<(f64, usize, Vec<f64>)> = None;
        let mut first = regression.n_free();
        let mut now = vec![None; terms.len()];
        for &t in &solved.set.members {
            let size = terms.range(t).len();
            now[t] = Some(&solved.set.coefficients[first..first + size]);
            first += size;
        }
        let curvature = regression.term_curvatures(&solved.look);
        let allowed = regression.allowed(&solved.look.gradient);
        let bounds = regression.bounds(0, terms.columns());
        for t in 0..terms.len() {
            let range = terms.range(t);
            let live = now[t].filter(|b| b.iter().any(|b| *b != 0.0));
            let gradient = &allowed[range.clone()];
            let norm = gradient.iter().map(|g| g * g).sum::<f64>().sqrt();
            let strength = lambda * terms.weight(t);
            if live.is_none() && norm <= regression.penalty.threshold(curvature[t], strength) {
                continue;
            }
            let (sizes, weights) = terms.sizes(&[t]);
            let block = regression.penalty.block(&sizes, &weights, lambda)?;
            let value = |b: &[f64]| block.parametrization().penalty().value(b, block.strength());
            let (change, to) = if let Some(b) = live {
                let gradient = &solved.look.gradient[range];
                let along: f64 = gradient.iter().zip(b).map(|(g, b)| g * b).sum();
                let square: f64 = b.iter().map(|b| b * b).sum();
                (0.5 * curvature[t] * square - along - value(b), vec![0.0; b.len()])
            } else {
                let gradient = &allowed[range.clone()];
                let norm = gradient.iter().map(|g| g * g).sum::<f64>().sqrt();
                // r = (‖g‖ − p'(r))/h by iteration from above, for the modulus along −g.
                let along =
                    |r: f64| -> Vec<f64> { gradient.iter().map(|g| -r * g / norm).collect() };
                let mut r = norm / curvature[t];
                for _ in 0..20 {
                    let slope = (value(&along(1.000_01 * r)) - value(&along(r))) / (0.000_01 * r);
                    r = ((norm - slope) / curvature[t]).max(0.0);
                }
                if let Some(bounds) = &bounds {
                    let length = |(j, g): (usize, &f64)| bounds.length_to(j, 0.0, -g / norm);
                    r = range.zip(gradient).filter_map(length).fold(r, f64::min);
                }
                if !(r > 0.0 && r.is_finite()) {
                    continue;
                }
                let to = along(r);
                (0.5 * curvature[t] * r * r - norm * r + value(&to), to)
            };
            if change < best.as_ref().map_or(0.0, |best| best.0) {
                best = Some((change, t, to));
            }
        }
        best.map(|(_, t, to)| {
            let mut set = solved.set.clone();
            if !set.is_member[t] {
                set.add(t, to.len());
            }
            let before = set.members.iter().take_while(|member| **member != t);
            let first = before.map(|&t| terms.range(t).len()).sum::<usize>() + regression.n_free();
            set.coefficients[first..first + to.len()].copy_from_slice(&to);
            let look = regression.look(&set.members, &set.coefficients, stop)?;
            Ok(Position { set, look: Arc::new(look) })
        })
        .transpose()
    }
}

impl Regression<'_> {
    /// Adds the terms outside whose zeros the gradient would not hold at `lambda`, the steepest first, at most
    /// as many as are in use; returns their number.
    fn add_terms(&self, set: &mut WorkingSet, look: &Look, lambda: f64) -> usize {
        let held = self.held_zeros(&look.gradient, lambda);
        let outside =
            |&t: &usize| !set.is_member[t] && !self.terms.range(t).all(|index| held[index]);
        let steepness = |t: usize| -> f64 {
            let range = self.terms.range(t);
            look.gradient[range.clone()].iter().map(|g| g * g).sum::<f64>() / range.len() as f64
        };
        let mut added: Vec<usize> = (0..self.terms.len()).filter(outside).collect();
        let mut first = self.n_free();
        let is_in_use = |&&t: &&usize| {
            let own = first..first + self.terms.range(t).len();
            first = own.end;
            set.coefficients[own].iter().any(|b| *b != 0.0)
        };
        let limit = self.least_added().max(set.members.iter().filter(is_in_use).count());
        if added.len() > limit {
            added.sort_by(|&a, &b| steepness(b).total_cmp(&steepness(a)));
            added.truncate(limit);
        }
        for &t in &added {
            set.add(t, self.terms.range(t).len());
        }
        added.len()
    }
}

impl Regression<'_> {
    /// More where that is little: a small part of the rows, and a Gram matrix that takes no longer than a look.
    fn least_added(&self) -> usize {
        LEAST_ADDED.max((5 * self.terms.len()).isqrt().min(self.design.n_rows() / 50))
    }

    /// Drops the members whose zeros the gradient holds even at `lambda`, if they are many.
    fn drop_terms(&self, set: &mut WorkingSet, look: &Look, lambda: f64) {
        if set.members.len() <= 4 * self.least_added() {
            return;
        }
        let held = self.held_zeros(&look.gradient, lambda);
        let mut kept: Vec<usize> = (0..self.n_free()).collect();
        let mut members = Vec::new();
        let mut first = kept.len();
        for &t in &set.members {
            let range = self.terms.range(t);
            let own = first..first + range.len();
            first = own.end;
            if set.coefficients[own.clone()].iter().any(|b| *b != 0.0)
                || !range.clone().all(|j| held[j])
            {
                members.push(t);
                kept.extend(own);
            }
        }
        if (members.len() as f64) < MOST_IN_USE * set.members.len() as f64 {
            set.keep(members, &kept);
        }
    }
}

impl Regression<'_> {
    /// The Hessian at a predictor, on no coefficients yet.
    pub(super) fn curvature_at(&self, predictor: &[f64]) -> Curvature {
        // Where a quadratic loss is does not matter, and it does not couple its outputs.
        if self.family.is_quadratic() {
            Curvature::at(&[], self.family.n_outputs())
        } else {
            Curvature::at(predictor, 1)
        }
    }
}

impl WorkingSet {
    /// Keeps only these members and their coefficients.
    fn keep(&mut self, members: Vec<usize>, kept: &[usize]) {
        for &t in &self.members {
            self.is_member[t] = false;
        }
        for &t in &members {
            self.is_member[t] = true;
        }
        self.members = members;
        self.coefficients = kept.iter().map(|&j| self.coefficients[j]).collect();
        self.curvature = Arc::new(self.curvature.keep(kept));
        self.factor.keep(kept);
        self.inverse = self.inverse.take().and_then(|inverse| inverse.keep(kept));
    }

    fn new(
        regression: &Regression<'_>,
        members: Vec<usize>,
        coefficients: Vec<f64>,
        look: &Look,
    ) -> Self {
        let mut is_member = vec![false; regression.terms.len()];
        for &t in &members {
            is_member[t] = true;
        }
        let curvature = Arc::new(regression.curvature_at(&look.predictor));
        let (factor, ridge, inverse) = (Cholesky::default(), 0.0, None);
        Self { members, is_member, coefficients, curvature, factor, ridge, inverse }
    }

    /// Adds a term with `size` coefficients at zero.
    fn add(&mut self, term: usize, size: usize) {
        self.is_member[term] = true;
        self.members.push(term);
        self.coefficients.resize(self.coefficients.len() + size, 0.0);
    }

    /// What a look at all terms says of the members.
    fn here(&self, regression: &Regression<'_>, look: &Look) -> Here {
        let mut gradient = look.free_gradient.clone();
        for &t in &self.members {
            gradient.extend(&look.gradient[regression.terms.range(t)]);
        }
        // A quadratic loss needs none.
        let is_quadratic = regression.family.is_quadratic();
        let predictor = if is_quadratic { Vec::new() } else { look.predictor.clone() };
        Here { predictor, loss: look.loss, gradient }
    }
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
                let Position { mut set, look } = Solver::new(&regression).position;
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
