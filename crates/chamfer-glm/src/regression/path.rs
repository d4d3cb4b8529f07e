//! Paths, and where they begin.

use super::solver::Solver;
use super::{Null, Regression, RegressionPoint};
use crate::held::Held;
use crate::path::{check_path, check_start};
use crate::{Coefficients, Error};
use std::collections::BTreeMap;

/// Where the solver starts at each λ of a path with a penalty that is not convex, and so into which of its
/// local minima it descends.
///
/// | start | finds | cost |
/// |---|---|---|
/// | [`Best`](Self::Best) | the lower of two local minima at each λ | two descents for each λ, and one of the convex problem |
/// | [`Previous`](Self::Previous) | one curve of minima, as long as it lasts, from sparse to dense | one descent |
/// | [`Convex`](Self::Convex) | a minimum near that of the convex penalty, whatever the other λs are | one descent, and one of the convex problem |
/// | [`DenseToSparse`](Self::DenseToSparse) | one curve of minima, from dense to sparse: what has entered stays as long as it can | one descent, from larger working sets |
///
/// Choose `Best` for the lowest objective; `Previous` or `DenseToSparse` where time matters, or to see how one
/// model grows or shrinks with λ; `Convex` where the fit at a λ must not depend on which others are in the
/// path, as when it is compared with a single fit.
///
/// Whatever the start, a point is certified as a local minimum. The `ℓ_q` penalties, for which every zero
/// is one, also move from there to where opening or closing a term lowers the objective.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PathStart {
    /// Both at the point before and at the solution of the convex penalty on the same terms; the lower of
    /// the two ends is kept.
    #[default]
    Best,
    /// At the point before.
    Previous,
    /// At the solution of the convex penalty.
    Convex,
    /// At the convex solution for the least λ, then from each λ to the next larger one.
    DenseToSparse,
}

/// Points in the order in which their λs are asked for, whatever the order in which they are solved.
struct Points<'p, S> {
    lambdas: &'p [f64],
    /// Indices of the λs in the order in which they are solved.
    order: Vec<usize>,
    n_solved: usize,
    /// Solves at the first of some λs, and at as many of the others as suits it.
    solve: S,
    /// Points that wait for their turn.
    solved: BTreeMap<usize, RegressionPoint>,
    n_yielded: usize,
    error: Option<Error>,
}

impl<S: FnMut(&[f64], &mut Vec<RegressionPoint>) -> Result<(), Error>> Iterator for Points<'_, S> {
    type Item = Result<RegressionPoint, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.solved.contains_key(&self.n_yielded)
            && self.error.is_none()
            && self.n_solved < self.order.len()
        {
            let waiting = &self.order[self.n_solved..];
            let lambdas: Vec<f64> = waiting.iter().map(|&k| self.lambdas[k]).collect();
            let mut points = Vec::new();
            self.error = (self.solve)(&lambdas, &mut points).err();
            self.n_solved += points.len();
            self.solved.extend(waiting.iter().copied().zip(points));
        }
        // After an error, what was solved before it.
        match self.solved.pop_first() {
            Some((_, point)) => {
                self.n_yielded += 1;
                Some(Ok(point))
            }
            None => self.error.take().map(|error| {
                self.n_solved = self.order.len();
                Err(error)
            }),
        }
    }
}

impl<'a> Regression<'a> {
    /// Solves at each of `lambdas`, in their order, as the iterator is advanced; each starts from the one
    /// before it, unless [`RegressionSettings::start`](super::RegressionSettings::start) says otherwise: from
    /// dense to sparse, the smallest λ is solved first, and points wait until it is their turn.
    ///
    /// Each item meets `tolerance`, or is marked as not converged: by the relative duality gap for convex
    /// penalties, by first- and second-order optimality for the others. When `stop` returns true, the
    /// iterator yields [`Error::Interrupted`] and ends.
    ///
    /// # Errors
    /// If `lambdas` is empty, a λ is not a finite number above 0, or the tolerance is not in (0, 1).
    pub fn path<'p>(
        &'p self,
        lambdas: &'p [f64],
        tolerance: f64,
        stop: &'p (dyn Fn() -> bool + Sync + 'p),
    ) -> Result<impl Iterator<Item = Result<RegressionPoint, Error>> + 'p, Error> {
        self.path_between(None, lambdas, tolerance, stop)
    }

    /// As [`path`](Self::path), but the first λ starts from coefficients on the original scale, one set for
    /// each output: those of a point of another path, on the same data or on others like it.
    ///
    /// The solver knows nothing but `start`, so a path that was cut into parts, each beginning at the end of
    /// the one before it, is the same bits whoever solves the parts, and whenever, if they
    /// [prepared](Self::prepare) it alike. What `start` has outside
    /// the bounds of the penalty is moved to them; a column that is in several groups gives each the same
    /// part of its coefficient.
    ///
    /// # Errors
    /// As [`path`](Self::path); if `start` has not one set for each output, or a coefficient that is not
    /// finite or has no column.
    pub fn path_from<'p>(
        &'p self,
        start: &[Coefficients],
        lambdas: &'p [f64],
        tolerance: f64,
        stop: &'p (dyn Fn() -> bool + Sync + 'p),
    ) -> Result<impl Iterator<Item = Result<RegressionPoint, Error>> + use<'a, 'p>, Error> {
        self.path_between(Some(start), lambdas, tolerance, stop)
    }

    fn path_between<'p>(
        &'p self,
        start: Option<&[Coefficients]>,
        lambdas: &'p [f64],
        tolerance: f64,
        stop: &'p (dyn Fn() -> bool + Sync + 'p),
    ) -> Result<impl Iterator<Item = Result<RegressionPoint, Error>> + use<'a, 'p>, Error> {
        check_path(lambdas, tolerance)?;
        let start = start.map(|start| self.allowed_start(start)).transpose()?;
        let solver_of = |regression: Held<'p, Regression<'p>>, start: Option<&[Coefficients]>| {
            start.map_or_else(
                || Ok(Solver::new(regression.clone())),
                |start| Solver::starting_at(regression.clone(), start),
            )
        };
        let mut condensed = self.condensed(lambdas.len(), stop);
        let regression = condensed.clone().map_or(Held::Borrowed(self), Held::Shared);
        let mut solver = solver_of(regression, start.as_deref())?;
        let mut order: Vec<usize> = (0..lambdas.len()).collect();
        if self.start == PathStart::DenseToSparse && !self.penalty.is_convex() {
            order.sort_by(|&a, &b| lambdas[a].total_cmp(&lambdas[b]));
        }
        let mut solve_here = move |lambdas: &[f64], points: &mut Vec<RegressionPoint>| {
            if condensed.is_some()
                && start.is_none()
                && let Some(point) = self.null_point(lambdas[0], tolerance)
            {
                points.push(point);
                return Ok(());
            }
            solver.solve(lambdas, tolerance, stop, points)?;
            if let Some(few) = &condensed
                && let Some(first) =
                    points.iter().position(|point| !few.is_condensed_enough(point, tolerance))
            {
                // From here on, all rows.
                let from = points.drain(first..).next().map(|point| point.coefficients);
                solver = Solver::starting_at(Held::Borrowed(self), &from.unwrap_or_default())?;
                condensed = None;
                if points.is_empty() {
                    solver.solve(lambdas, tolerance, stop, points)?;
                }
            }
            Ok(())
        };
        let solve = move |lambdas: &[f64], points: &mut Vec<RegressionPoint>| {
            // On a thread of the pool, where many small parallel loops start without a wait.
            let solved = rayon::scope(|_| solve_here(lambdas, points));
            // Wherever it was asked to stop.
            let solved = solved.map_err(|error| if stop() { Error::Interrupted } else { error });
            // Where rows could not be read, nothing that followed can be trusted.
            self.data.failure().map_or(solved, |failure| {
                points.clear();
                Err(failure)
            })
        };
        let (solved, n_solved, n_yielded, error) = (BTreeMap::new(), 0, 0, None);
        Ok(Points { lambdas, order, n_solved, solve, solved, n_yielded, error })
    }

    /// The point at a λ at which nothing enters; `None` if that is not known.
    fn null_point(&self, lambda: f64, tolerance: f64) -> Option<RegressionPoint> {
        let is_null = self.penalty.is_convex() && self.lambda_max().is_ok_and(|max| lambda >= max);
        let Null { coefficients, look } = &self.null;
        let certificate = is_null.then(|| self.first_order(&[], coefficients, look, lambda))?;
        let restricted = self.restricted(&[], &|| false);
        certificate.meets(tolerance).then(|| RegressionPoint {
            lambda,
            coefficients: self.on_original_scale(&restricted, coefficients),
            certificate,
            deviance_explained: self.deviance_explained(look.loss),
            converged: true,
            newton_steps: 0,
        })
    }

    /// A start that is checked, and moved to the nearest that the penalty allows.
    fn allowed_start(&self, start: &[Coefficients]) -> Result<Vec<Coefficients>, Error> {
        Error::check_length("the start", self.family.n_outputs(), start.len())?;
        let of_output = |of_output: &Coefficients| {
            check_start(of_output, self.design.n_cols())?;
            let mut allowed = of_output.clone();
            for (column, b) in &mut allowed.values {
                let (lower, upper) = self.penalty.limits(*column);
                *b = b.max(lower).min(upper);
            }
            Ok(allowed)
        };
        start.iter().map(of_output).collect()
    }

    /// Coefficients on the original scale as the solver has them: the terms in which they are not all 0, in
    /// their order; and intercepts, coefficients of unpenalized columns and of these terms, of standardized
    /// columns.
    pub(super) fn on_standardized_scale(
        &self,
        coefficients: &[Coefficients],
    ) -> (Vec<usize>, Vec<f64>) {
        let (n_cols, outputs) = (self.design.n_cols(), self.family.n_outputs());
        let uses = self.terms.uses(n_cols);
        let mut scaled = vec![0.0; n_cols * outputs];
        let mut all = Vec::new();
        for (k, of_output) in coefficients.iter().enumerate() {
            // By column, so that the order in which they are given does not show in the last bits.
            let values: BTreeMap<usize, f64> = of_output.values.iter().copied().collect();
            let mut intercept = of_output.intercept;
            for (column, b) in values {
                let parts = uses[column].max(1) as f64;
                scaled[column * outputs + k] = b * self.design.scale(column) / parts;
                intercept += b * self.design.centre(column);
            }
            all.extend(self.intercept.then_some(intercept));
        }
        let of = |column: &usize| &scaled[column * outputs..(column + 1) * outputs];
        let is_live = |t: &usize| {
            self.terms.of(*t).iter().flat_map(of).any(|coefficient| *coefficient != 0.0)
        };
        let members: Vec<usize> = (0..self.terms.len()).filter(is_live).collect();
        all.extend(self.terms.unpenalized().iter().flat_map(of));
        all.extend(members.iter().flat_map(|&t| self.terms.of(t)).flat_map(of));
        (members, all)
    }
}
