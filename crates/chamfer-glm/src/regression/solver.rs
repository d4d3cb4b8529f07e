//! Where descents begin along a path, and which of their ends is kept.

use super::certify::Look;
use super::descent::Descent;
use super::newton::Newton;
use super::working_set::WorkingSet;
use super::{Null, PathStart, Regression, RegressionPoint};
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
pub(super) const BETWEEN: f64 = 0.1;
/// A stride that takes more steps is made in two, unless it is this short.
const MOST_STEPS_OF_STRIDE: usize = 100;
const SHORTEST_STRIDE: f64 = 0.8;
/// Steps of a stride where the penalty is concave, as minima are the lower the shorter the strides are.
const MOST_STEPS_OF_CONCAVE_STRIDE: usize = 20;
/// λs that are solved before the first look, where that is done exactly.
const FIRST_AHEAD: usize = 4;
/// λs that are solved before a look at most.
const MOST_AHEAD: usize = 16;
/// λs below this share of the first of them wait for a look: working sets do not last that far.
const FAR_AHEAD: f64 = 0.7;
/// The same where solving in vain is cheap, as a problem is solved exactly by a factor that is kept.
const FAR_AHEAD_EXACT: f64 = 0.45;
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
            let share = if self.regression.is_exact() { FAR_AHEAD_EXACT } else { FAR_AHEAD };
            let far = share * lambdas[0];
            let n_near = lambdas.iter().take_while(|lambda| **lambda >= far).count();
            let ahead = self.ahead.min(self.most_ahead()).min(n_near);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Binomial, DenseDesign, Family, Gaussian, RegressionSettings, Regularizer, Separable,
    };

    /// What is known after a solve is known of where it ended: the next λ starts there without a look.
    #[test]
    fn solves_leave_loss_and_gradient_of_where_they_end() {
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
                    let off = (here.loss - there.loss).abs();
                    assert!(off < 1e-12, "{} with {penalty:?}: {off:e}", family.name());
                }
            }
        }
    }
}
