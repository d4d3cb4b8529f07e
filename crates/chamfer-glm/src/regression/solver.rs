//! Solving on a few terms, looking at all, adding those that want to leave zero.
//!
//! On the working set, Newton's method descends on the lifted problem; nothing here knows the family or the
//! penalty.

use super::certify::Look;
use super::newton::Newton;
use super::{Null, Optimality, PathStart, Regression, RegressionPoint};
use crate::{Coefficients, Error};
use faer::Mat;
use std::sync::Arc;

/// Least number of terms that are added at a time.
const LEAST_ADDED: usize = 20;
/// Tolerance of the first descent on the working set, relative to λ, in units of the gradient.
const FIRST_TOLERANCE: f64 = 1e-6;
/// Tolerance of the convex problem that guides one that is not.
const GUIDE: f64 = 1e-4;
/// Jumps between local minima at one λ.
const MAX_JUMPS: usize = 100;
/// Below this, rounding decides.
pub(super) const LAST_TOLERANCE: f64 = 1e-12;

/// A working set with its coefficients, kept along a path.
pub(super) struct Solver<'a> {
    regression: &'a Regression<'a>,
    set: WorkingSet,
    /// Where the penalty is not convex: the convex problem with the same terms, whose solutions are
    /// second starts.
    guide: Option<Box<Self>>,
}

#[derive(Clone)]
struct WorkingSet {
    /// Terms.
    members: Vec<usize>,
    is_member: Vec<bool>,
    /// Intercepts, coefficients of unpenalized columns, coefficients of the members.
    coefficients: Vec<f64>,
    /// The Gram matrix of the unpenalized columns and those of the members, as far as it was needed;
    /// shared, because starts are clones.
    gram: Arc<Mat<f64>>,
}

/// A working set solved to the end.
struct Solved {
    set: WorkingSet,
    look: Look,
    optimality: Optimality,
    /// Newton steps.
    steps: usize,
}

impl Regression<'_> {
    pub(super) fn null_model(&self) -> Result<Null, Error> {
        let restricted = self.restricted(&[], &|| false);
        let n_free = self.n_free();
        let mut start = vec![0.0; n_free];
        if self.intercept {
            let of_output = |k: usize| -> f64 {
                let weights = self.design.weights();
                let rows = self.offset.chunks_exact(weights.len()).nth(k).unwrap_or_default();
                rows.iter().zip(weights).map(|(o, w)| o * w).sum()
            };
            for (k, (start, link)) in start.iter_mut().zip(self.family.start()).enumerate() {
                *start = link - of_output(k);
            }
        }
        let mut coefficients = start;
        let bounds = self.bounds(restricted.n_intercepts(), &restricted.columns);
        let newton = Newton::smooth(&restricted, n_free, bounds);
        newton.solve(&mut coefficients, LAST_TOLERANCE)?;
        let look = self.look(&[], &coefficients, &|| false)?;
        Ok(Null { coefficients, loss: look.loss, gradient: look.gradient })
    }
}

impl Regression<'_> {
    /// Adds to the Gram matrix what the columns beyond its size need.
    fn extend_gram(&self, gram: &mut Arc<Mat<f64>>, columns: &[usize]) {
        let old = gram.nrows();
        if old == columns.len() {
            return;
        }
        let mut block = Mat::zeros(columns.len(), columns.len() - old);
        self.design.gram(columns, &columns[old..], block.as_mut());
        Arc::make_mut(gram).resize_with(columns.len(), columns.len(), |i, j| {
            if j >= old { block[(i, j - old)] } else { block[(j, i - old)] }
        });
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
        let coefficients = regression.null.coefficients.clone();
        Self { regression, set: WorkingSet::new(regression, Vec::new(), coefficients), guide }
    }

    /// Starts at coefficients on the original scale. Nothing else is in its state, nor in that of the guide.
    pub(super) fn starting_at(regression: &'a Regression<'a>, start: &[Coefficients]) -> Self {
        let guide = match regression.start {
            PathStart::Previous | PathStart::DenseToSparse => None,
            _ => regression.convex.as_deref(),
        };
        let guide = guide.map(|convex| Box::new(Solver::starting_at(convex, start)));
        let (members, coefficients) = regression.on_standardized_scale(start);
        Self { regression, set: WorkingSet::new(regression, members, coefficients), guide }
    }

    pub(super) fn solve(
        &mut self,
        lambda: f64,
        tolerance: f64,
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Result<RegressionPoint, Error> {
        let (start, other) = self.starts(lambda, stop)?;
        let mut best = self.descend(start, lambda, tolerance, stop)?;
        let mut steps = best.steps;
        if let Some(start) = other {
            let other = self.descend(start, lambda, tolerance, stop)?;
            steps += other.steps;
            if other.optimality.objective < best.optimality.objective {
                best = other;
            }
        }
        if self.regression.penalty.exponent() < 1.0 {
            for _ in 0..MAX_JUMPS {
                let Some(jumped) = self.jump(&best, lambda)? else { break };
                let next = self.descend(jumped, lambda, tolerance, stop)?;
                steps += next.steps;
                if next.optimality.objective >= best.optimality.objective {
                    break;
                }
                best = next;
            }
        }
        let point = RegressionPoint {
            lambda,
            coefficients: {
                let restricted = self.regression.restricted(&best.set.members, stop);
                self.regression.on_original_scale(&restricted, &best.set.coefficients)
            },
            certificate: best.optimality,
            deviance_explained: self.regression.deviance_explained(best.look.loss),
            converged: best.optimality.meets(tolerance),
            newton_steps: steps,
        };
        self.set = best.set;
        Ok(point)
    }

    /// Where to descend from, and a second such place.
    fn starts(
        &mut self,
        lambda: f64,
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Result<(WorkingSet, Option<WorkingSet>), Error> {
        let Some(guide) = &mut self.guide else { return Ok((self.set.clone(), None)) };
        // As far below the λ at which the convex penalty lets the first term in.
        let share = guide.regression.lambda_max()? / self.regression.lambda_max()?;
        guide.set = guide.descend(guide.set.clone(), lambda * share, GUIDE, stop)?.set;
        let convex = guide.set.clone();
        Ok(match self.regression.start {
            PathStart::Best | PathStart::Previous => (self.set.clone(), Some(convex)),
            PathStart::Convex => (convex, None),
            PathStart::DenseToSparse => {
                self.guide = None;
                (convex, None)
            }
        })
    }

    /// Newton's method on the working set, which grows until all zeros outside hold.
    fn descend(
        &self,
        set: WorkingSet,
        lambda: f64,
        tolerance: f64,
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Result<Solved, Error> {
        let mut set = set;
        let (mut inner, mut steps) = (FIRST_TOLERANCE, 0);
        let mut look = self.look(&set, stop)?;
        loop {
            if stop() {
                return Err(Error::Interrupted);
            }
            let added = self.add_violators(&mut set, &look, lambda)?;
            steps += self.solve_members(&mut set, lambda, inner, stop)?;
            look = self.look(&set, stop)?;
            let optimality =
                self.regression.optimality(&set.members, &set.coefficients, &look, lambda, stop)?;
            if optimality.meets(tolerance) || (added == 0 && inner <= LAST_TOLERANCE) {
                return Ok(Solved { set, look, optimality, steps });
            }
            if added == 0 {
                inner = (inner * 1e-2).max(LAST_TOLERANCE);
            }
        }
    }

    /// A term moved to where the objective is lower though it is a local minimum: zero is one in every
    /// term of a penalty with infinite slope there, so the best zero is opened, if that pays along its
    /// gradient, or a term is closed.
    fn jump(&self, solved: &Solved, lambda: f64) -> Result<Option<WorkingSet>, Error> {
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
            let (sizes, weights) = terms.sizes(&[t]);
            let block = regression.penalty.block(&sizes, &weights, lambda)?;
            let value = |b: &[f64]| block.parametrization().penalty().value(b, block.strength());
            let live = now[t].filter(|b| b.iter().any(|b| *b != 0.0));
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
        Ok(best.map(|(_, t, to)| {
            let mut set = solved.set.clone();
            if !set.is_member[t] {
                set.add(t, to.len());
            }
            let before = set.members.iter().take_while(|member| **member != t);
            let first = before.map(|&t| terms.range(t).len()).sum::<usize>() + regression.n_free();
            set.coefficients[first..first + to.len()].copy_from_slice(&to);
            set
        }))
    }

    fn look(&self, set: &WorkingSet, stop: &(dyn Fn() -> bool + Sync)) -> Result<Look, Error> {
        self.regression.look(&set.members, &set.coefficients, stop)
    }

    /// Adds the terms outside whose zeros the gradient does not hold, the steepest first, at most as many
    /// as are in use; returns their number.
    fn add_violators(
        &self,
        set: &mut WorkingSet,
        look: &Look,
        lambda: f64,
    ) -> Result<usize, Error> {
        let regression = self.regression;
        let held = regression.held_zeros(&look.gradient, lambda)?;
        let outside =
            |&t: &usize| !set.is_member[t] && !regression.terms.range(t).all(|index| held[index]);
        let steepness = |t: usize| -> f64 {
            let range = regression.terms.range(t);
            look.gradient[range.clone()].iter().map(|g| g * g).sum::<f64>() / range.len() as f64
        };
        let mut added: Vec<usize> = (0..regression.terms.len()).filter(outside).collect();
        let limit = LEAST_ADDED.max(set.members.len());
        if added.len() > limit {
            added.sort_by(|&a, &b| steepness(b).total_cmp(&steepness(a)));
            added.truncate(limit);
        }
        for &t in &added {
            set.add(t, regression.terms.range(t).len());
        }
        Ok(added.len())
    }

    fn solve_members(
        &self,
        set: &mut WorkingSet,
        lambda: f64,
        tolerance: f64,
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Result<usize, Error> {
        let regression = self.regression;
        let mut restricted = regression.restricted(&set.members, stop);
        if regression.family.is_quadratic() {
            regression.extend_gram(&mut set.gram, &restricted.columns);
            restricted.gram = Some(&set.gram);
        }
        let (sizes, weights) = regression.terms.sizes(&set.members);
        let block = if sizes.is_empty() {
            None
        } else {
            Some(regression.penalty.block(&sizes, &weights, lambda)?)
        };
        let ends: Vec<usize> = sizes
            .iter()
            .scan(0, |end, size| {
                *end += size;
                Some(*end)
            })
            .collect();
        let newton = Newton {
            restricted: &restricted,
            block: block.as_ref(),
            terms: ends.iter().zip(&sizes).map(|(end, size)| end - size..*end).collect(),
            n_free: regression.n_free(),
            ridge: lambda * (1.0 - regression.penalty.l1_ratio()),
            bounds: regression.bounds(restricted.n_intercepts(), &restricted.columns),
        };
        let interrupted = |error: Error| if stop() { Error::Interrupted } else { error };
        newton.solve(&mut set.coefficients, tolerance * lambda).map_err(interrupted)
    }
}

impl WorkingSet {
    fn new(regression: &Regression<'_>, members: Vec<usize>, coefficients: Vec<f64>) -> Self {
        let mut is_member = vec![false; regression.terms.len()];
        for &t in &members {
            is_member[t] = true;
        }
        Self { members, is_member, coefficients, gram: Arc::new(Mat::new()) }
    }

    /// Adds a term with `size` coefficients at zero.
    fn add(&mut self, term: usize, size: usize) {
        self.is_member[term] = true;
        self.members.push(term);
        self.coefficients.resize(self.coefficients.len() + size, 0.0);
    }
}
