//! The outer loop: solve on a few columns, look at all, add those that violate optimality.

use super::cholesky::Cholesky;
use super::newton::RestrictedLasso;
use crate::{Error, Problem};
use chamfer::{DualityGap, L1, Penalty, Strength};
use faer::Mat;

/// Least number of columns that are added at a time.
const LEAST_ADDED: usize = 20;
/// Accuracy of a solve on the working set, relative to λ, beside the tolerance of the whole.
const INNER_TOLERANCE: f64 = 1e-10;

/// Where the solver stands: a working set of columns, the coefficients on it, and the residual.
///
/// It is kept from one λ of a path to the next, so that each starts from its neighbour.
pub(crate) struct WorkingSet<'p> {
    problem: &'p Problem<'p>,
    columns: Vec<usize>,
    is_member: Vec<bool>,
    /// Gram matrix of the working set, in the order of `columns`.
    gram: Mat<f64>,
    factor: Cholesky,
    /// Coefficients of standardized columns, in the order of `columns`.
    coefficients: Vec<f64>,
    residual: Vec<f64>,
    /// `ρ` of all columns at `residual`.
    correlations: Vec<f64>,
    last_lambda: f64,
}

/// A certified solution at one λ.
#[derive(Debug, Clone)]
pub(crate) struct Solution {
    /// Column and coefficient of the standardized column, where it is not 0, by column.
    pub(crate) coefficients: Vec<(usize, f64)>,
    pub(crate) gap: DualityGap<f64>,
    /// The largest violation of first-order optimality.
    pub(crate) stationarity: f64,
    pub(crate) r_squared: f64,
    pub(crate) newton_steps: usize,
}

impl<'p> WorkingSet<'p> {
    /// Starts at coefficients of standardized columns, zeros left out; nothing else is in its state.
    pub(crate) fn new(problem: &'p Problem<'p>, columns: &[usize], coefficients: &[f64]) -> Self {
        let n_cols = problem.design().n_cols();
        let residual = problem.residual(columns, coefficients);
        let mut correlations = vec![0.0; n_cols];
        problem.design().correlations(&residual, &mut correlations);
        // At a solution, this is its λ.
        let last_lambda = correlations.iter().fold(0.0, |max: f64, rho| max.max(rho.abs()));
        let mut set = Self {
            problem,
            columns: Vec::new(),
            is_member: vec![false; n_cols],
            gram: Mat::new(),
            factor: Cholesky::default(),
            coefficients: Vec::new(),
            residual,
            correlations,
            last_lambda,
        };
        set.append(columns);
        set.coefficients.copy_from_slice(coefficients);
        set
    }

    /// Solves at `lambda` to a relative duality gap of `tolerance`, or as near as the arithmetic
    /// allows: the caller compares the gap.
    ///
    /// # Errors
    /// [`Error::Interrupted`] if `stop` says so between two passes over the data.
    pub(crate) fn solve(
        &mut self,
        lambda: f64,
        tolerance: f64,
        stop: &dyn Fn() -> bool,
    ) -> Result<Solution, Error> {
        // The strong rule (Tibshirani et al. 2012) guesses what enters; the certificate checks.
        // Far below the last λ it would guess everything, so the guess is bounded.
        let threshold = (2.0 * lambda - self.last_lambda).max(0.5 * lambda);
        self.add_columns(threshold, self.growth());
        self.last_lambda = lambda;
        let inner_tolerance = INNER_TOLERANCE.min(1e-2 * tolerance);
        let (mut newton_steps, mut least_gap, mut stalls) = (0, f64::INFINITY, 0);
        loop {
            if stop() {
                return Err(Error::Interrupted);
            }
            newton_steps += self.solve_members(lambda, inner_tolerance);
            let gap = self.look_at_all_columns(lambda);
            let violators = self.add_columns(lambda, self.growth());
            stalls = if gap.relative() < 0.5 * least_gap { 0 } else { stalls + 1 };
            least_gap = least_gap.min(gap.relative());
            if gap.relative() <= tolerance || (violators == 0 && stalls > 1) {
                return Ok(self.solution(gap, lambda, newton_steps));
            }
        }
    }

    fn solve_members(&mut self, lambda: f64, tolerance: f64) -> usize {
        let mut correlations: Vec<f64> =
            self.columns.iter().map(|&j| self.correlations[j]).collect();
        let lambda = vec![lambda; self.columns.len()];
        let mut restricted = RestrictedLasso {
            gram: &self.gram,
            lambda: &lambda,
            coefficients: &mut self.coefficients,
            correlations: &mut correlations,
        };
        restricted.solve(&mut self.factor, tolerance)
    }

    /// Recomputes residual and correlations from the data, and the gap from them.
    fn look_at_all_columns(&mut self, lambda: f64) -> DualityGap<f64> {
        self.residual = self.problem.residual(&self.columns, &self.coefficients);
        self.problem.design().correlations(&self.residual, &mut self.correlations);
        self.problem.duality_gap(&self.residual, &self.correlations, &self.coefficients, lambda)
    }

    /// Adds those of the other columns whose `|ρ_j|` is above `threshold`, at most `limit`, the
    /// largest first; returns their number.
    fn add_columns(&mut self, threshold: f64, limit: usize) -> usize {
        let strength = |j: &usize| self.correlations[*j].abs();
        let outside = |j: &usize| !self.is_member[*j] && strength(j) > threshold;
        let mut added: Vec<usize> = (0..self.is_member.len()).filter(outside).collect();
        if added.len() > limit {
            added.sort_by(|a, b| strength(b).total_cmp(&strength(a)));
            added.truncate(limit);
        }
        self.append(&added);
        added.len()
    }

    /// Adds columns at zero coefficients.
    fn append(&mut self, added: &[usize]) {
        if added.is_empty() {
            return;
        }
        let old = self.columns.len();
        for &j in added {
            self.is_member[j] = true;
        }
        self.columns.extend(added);
        self.coefficients.resize(self.columns.len(), 0.0);
        let size = self.columns.len();
        let mut block = Mat::zeros(size, added.len());
        self.problem.design().gram(&self.columns, added, block.as_mut());
        self.gram.resize_with(size, size, |i, j| {
            if j >= old { block[(i, j - old)] } else { block[(j, i - old)] }
        });
    }

    /// How many columns may be added at a time: as many as are in use, so that a large support is
    /// found in few passes.
    fn growth(&self) -> usize {
        LEAST_ADDED.max(self.coefficients.iter().filter(|b| **b != 0.0).count())
    }

    fn solution(&self, gap: DualityGap<f64>, lambda: f64, newton_steps: usize) -> Solution {
        let pairs = self.columns.iter().copied().zip(self.coefficients.iter().copied());
        let mut coefficients: Vec<(usize, f64)> = pairs.filter(|(_, b)| *b != 0.0).collect();
        coefficients.sort_by_key(|(column, _)| *column);
        let r_squared = self.problem.r_squared(&self.residual);
        let mut dense = vec![0.0; self.correlations.len()];
        for &(j, b) in &coefficients {
            dense[j] = b;
        }
        let gradient: Vec<f64> = self.correlations.iter().map(|rho| -rho).collect();
        let stationarity = L1.stationarity(&dense, &gradient, Strength::uniform(lambda));
        Solution { coefficients, gap, stationarity, r_squared, newton_steps }
    }
}
