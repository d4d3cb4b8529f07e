//! Newton's steps in the sizes of the terms.

use super::super::newton::next_forcing;
use super::super::systems::{Iterations, conjugate_gradients};
use super::super::working_set::Here;
use super::{Eliminated, LeastSquares};
use std::convert::Infallible;
use std::ops::Range;

/// Steps of one solve.
const MOST_STEPS: usize = 50;
/// Halvings of one step.
const MAX_HALVINGS: usize = 20;
/// Share of its right-hand side to which a system is solved at least: a product costs a small part of a step.
const MOST_FORCING: f64 = 0.02;
/// Share of the tolerance that a system may leave of the violation.
const OF_TOLERANCE: f64 = 0.3;
/// Products of one step at most.
const MOST_PRODUCTS: usize = 60;
/// Systems of one step: after each of them what leads below 0 is held there for the next.
const MOST_FACES: usize = 4;
/// How exactly the scale of a diagonal is found.
const OF_SCALE: f64 = 0.01;

/// Norms of terms of a least-squares problem.
pub(super) struct Sizes<'a, L> {
    pub(super) squares: &'a L,
    /// The columns of each term.
    pub(super) terms: &'a [Range<usize>],
    /// `λ_t`.
    pub(super) slopes: &'a [f64],
    /// `ε`.
    pub(super) ridge: f64,
    pub(super) stop: &'a (dyn Fn() -> bool + Sync),
}

/// A point, with its coefficients eliminated.
pub(super) struct Point<E> {
    pub(super) thetas: Vec<f64>,
    pub(super) eliminated: E,
    /// `‖C_t‖`.
    norms: Vec<f64>,
    objective: f64,
    /// The largest entry of the steepest descent in the coefficients.
    violation: f64,
}

/// Where a solve ends.
pub(super) struct End<E> {
    pub(super) point: Point<E>,
    steps: usize,
}

/// What it leaves to a working set.
pub(super) struct Left {
    pub(super) coefficients: Vec<f64>,
    pub(super) here: Here,
    pub(super) steps: usize,
    pub(super) violation: f64,
}

impl<L: LeastSquares> Sizes<'_, L> {
    /// Moves from `θ` of each term, or from where the coefficients are eliminated already, until violations are at
    /// most `tolerance`, or nothing descends, or `most` steps are taken, or it is stopped; `None` if coefficients cannot
    /// be eliminated.
    pub(super) fn solve(
        &self,
        thetas: Vec<f64>,
        known: Option<(Vec<f64>, L::Eliminated)>,
        tolerance: f64,
        most: usize,
    ) -> Option<End<L::Eliminated>> {
        let mut point = match known {
            Some((thetas, eliminated)) => self.point(thetas, eliminated)?,
            None => self.at(thetas)?,
        };
        let (mut steps, mut forcing) = (0, MOST_FORCING);
        let most = most.min(MOST_STEPS);
        while point.violation > tolerance && steps < most && !(self.stop)() {
            let enough = OF_TOLERANCE * tolerance / point.violation;
            let Some(next) = self.step(&point, forcing.min(MOST_FORCING).max(enough)) else {
                break;
            };
            steps += 1;
            forcing = next_forcing(next.violation / point.violation);
            point = next;
        }
        Some(End { point, steps })
    }

    /// The point at `θ`.
    fn at(&self, thetas: Vec<f64>) -> Option<Point<L::Eliminated>> {
        let eliminated = self.squares.eliminate(&self.of_columns(&thetas))?;
        self.point(thetas, eliminated)
    }

    fn point(&self, thetas: Vec<f64>, eliminated: L::Eliminated) -> Option<Point<L::Eliminated>> {
        let descent = eliminated.descent();
        let own = |t: usize| descent.subcols(self.terms[t].start, self.terms[t].len());
        let norms: Vec<f64> = (0..self.terms.len()).map(|t| own(t).norm_l2()).collect();
        let (mut objective, mut violation) = (eliminated.loss(), 0.0_f64);
        for (t, (theta, norm)) in thetas.iter().zip(&norms).enumerate() {
            let slope = self.slopes[t];
            if *theta > 0.0 {
                let eta = slope * theta / (1.0 - self.ridge * theta);
                objective += 0.5 * (theta * norm * norm + slope * eta);
            }
            let missing = self.missing(*theta, *norm, slope);
            if *norm > 0.0 && (*theta > 0.0 || missing > 0.0) {
                violation = violation.max(own(t).norm_max() * (missing / norm).abs());
            }
        }
        let finite = objective.is_finite() && violation.is_finite();
        finite.then_some(Point { thetas, eliminated, norms, objective, violation })
    }

    /// By how much a term wants to be larger: `‖C‖(1 − εθ) − λ`.
    fn missing(&self, theta: f64, norm: f64, slope: f64) -> f64 {
        norm * (1.0 - self.ridge * theta) - slope
    }

    /// The same for each column of a term.
    fn of_columns(&self, of_terms: &[f64]) -> Vec<f64> {
        let repeated = self.terms.iter().zip(of_terms);
        repeated.flat_map(|(term, value)| std::iter::repeat_n(*value, term.len())).collect()
    }

    /// A step, halved until it descends; `None` if nothing does.
    fn step(&self, point: &Point<L::Eliminated>, forcing: f64) -> Option<Point<L::Eliminated>> {
        let direction = self.direction(point, forcing);
        let rounding = 16.0 * f64::EPSILON * point.objective.abs();
        let mut length = 1.0;
        for _ in 0..MAX_HALVINGS {
            let moved = point.thetas.iter().zip(&direction).map(|(theta, d)| {
                let moved = (theta + length * d).max(0.0);
                // With a ridge no size is infinite.
                if self.ridge * moved < 1.0 { moved } else { 0.5 * (theta + self.ridge.recip()) }
            });
            let moved: Vec<f64> = moved.collect();
            let slope = self.slope(point, &moved);
            if slope >= 0.0 {
                return None;
            }
            if let Some(next) = self.at(moved) {
                let gain = point.objective - next.objective;
                let enough = gain >= -1e-4 * slope && gain > rounding;
                if enough || (gain >= -rounding && next.violation < 0.9 * point.violation) {
                    return Some(next);
                }
            }
            length *= 0.5;
        }
        None
    }

    /// The derivative of the objective from a point towards other sizes.
    fn slope(&self, point: &Point<L::Eliminated>, moved: &[f64]) -> f64 {
        let of_term = |(t, moved): (usize, &f64)| {
            let (theta, norm) = (point.thetas[t], point.norms[t]);
            let of_size = self.slopes[t] / (1.0 - self.ridge * theta);
            0.5 * (of_size * of_size - norm * norm) * (moved - theta)
        };
        moved.iter().enumerate().map(of_term).sum()
    }

    /// Newton's direction in `θ`, to a share `forcing` of its right-hand side.
    fn direction(&self, point: &Point<L::Eliminated>, forcing: f64) -> Vec<f64> {
        let system = System::new(self, point);
        let n = self.terms.len();
        let missing: Vec<f64> =
            (0..n).map(|t| self.missing(point.thetas[t], point.norms[t], self.slopes[t])).collect();
        let mut is_free: Vec<bool> =
            (0..n).map(|t| point.thetas[t] > 0.0 || missing[t] > 0.0).collect();
        let right = |t: usize| {
            let pull = point.norms[t].powi(2) / self.slopes[t] * missing[t];
            if is_free[t] { pull } else { 0.0 }
        };
        let mut residual: Vec<f64> = (0..n).map(right).collect();
        let mut direction = vec![0.0; n];
        let enough =
            forcing * forcing * inner(&residual, &system.precondition(&residual, &is_free));
        let mut products = 0;
        for _ in 0..MOST_FACES {
            products += system.descend(&is_free, enough, &mut direction, &mut residual);
            let mut held = vec![0.0; n];
            for (t, theta) in point.thetas.iter().enumerate() {
                if is_free[t] && theta + direction[t] <= 0.0 {
                    held[t] = -theta - direction[t];
                    direction[t] = -theta;
                    is_free[t] = false;
                }
            }
            if products >= MOST_PRODUCTS || held.iter().all(|d| *d == 0.0) {
                break;
            }
            add(-1.0, &system.multiply(&held), &mut residual);
            products += 1;
        }
        direction
    }

    /// About the diagonal of `KᵀM⁻¹K`. A column alone has `x/(1 + θx)` if `x` is what the others leave of its square,
    /// for random columns the same share `τ` for all, and what they take in all is what is missing of the rows.
    fn diagonal(&self, point: &Point<L::Eliminated>) -> Vec<f64> {
        let n = self.squares.n_rows() as f64;
        let (squares, thetas) = (self.squares.squares(), self.of_columns(&point.thetas));
        let taken = |share: f64| -> f64 {
            let of_column = |(square, theta): (&f64, &f64)| {
                let x = theta * share * square;
                x / (1.0 + x)
            };
            squares.iter().zip(&thetas).map(of_column).sum()
        };
        let (mut low, mut high) = (0.0, 1.0);
        while high - low > OF_SCALE * high {
            let share = 0.5 * (low + high);
            *(if taken(share) < n * (1.0 - share) { &mut low } else { &mut high }) = share;
        }
        let own = |(square, theta): (&f64, &f64)| high * square / (1.0 + theta * high * square);
        squares.iter().zip(&thetas).map(own).collect()
    }
}

impl<E: Eliminated> End<E> {
    /// Coefficients, and what is known of the loss there.
    pub(super) fn left(&self, terms: &[Range<usize>]) -> Left {
        let Point { thetas, eliminated, violation, .. } = &self.point;
        let mut coefficients = eliminated.free();
        let mut gradient = vec![0.0; coefficients.len()];
        let descent = eliminated.descent();
        for (term, theta) in terms.iter().zip(thetas) {
            for c in term.clone().flat_map(|j| descent.col(j).iter()) {
                coefficients.push(if *theta > 0.0 { theta * c } else { 0.0 });
                gradient.push(-c);
            }
        }
        // A quadratic loss needs no predictor.
        let here = Here { predictor: Vec::new(), loss: eliminated.loss(), gradient };
        Left { coefficients, here, steps: self.steps, violation: *violation }
    }
}

/// `Q + ε diag(‖C‖³/λ)` at a point.
struct System<'a, L: LeastSquares> {
    sizes: &'a Sizes<'a, L>,
    eliminated: &'a L::Eliminated,
    of_ridge: Vec<f64>,
    /// About the diagonal.
    scale: Vec<f64>,
}

impl<'a, L: LeastSquares> System<'a, L> {
    fn new(sizes: &'a Sizes<'a, L>, point: &'a Point<L::Eliminated>) -> Self {
        let pairs = point.norms.iter().zip(sizes.slopes);
        let of_ridge: Vec<f64> =
            pairs.map(|(norm, slope)| sizes.ridge * norm.powi(3) / slope).collect();
        let diagonal = sizes.diagonal(point);
        let descent = point.eliminated.descent();
        let of_term = |(term, of_ridge): (&Range<usize>, &f64)| {
            let own = |j: usize| diagonal[j] * descent.col(j).squared_norm_l2();
            term.clone().map(own).sum::<f64>() + of_ridge
        };
        let scale = sizes.terms.iter().zip(&of_ridge).map(of_term).collect();
        Self { sizes, eliminated: &point.eliminated, of_ridge, scale }
    }

    fn multiply(&self, x: &[f64]) -> Vec<f64> {
        let descent = self.eliminated.descent();
        let mut scaled = descent.to_owned();
        for (j, x) in self.sizes.of_columns(x).into_iter().enumerate() {
            for c in scaled.col_as_slice_mut(j) {
                *c *= x;
            }
        }
        let bent = self.sizes.squares.multiply(self.eliminated, scaled.as_ref());
        let of_term = |((term, of_ridge), x): ((&Range<usize>, &f64), &f64)| {
            let own = |j: usize| -> f64 {
                bent.col(j).iter().zip(descent.col(j).iter()).map(|(b, c)| b * c).sum()
            };
            term.clone().map(own).sum::<f64>() + of_ridge * x
        };
        self.sizes.terms.iter().zip(&self.of_ridge).zip(x).map(of_term).collect()
    }

    fn precondition(&self, residual: &[f64], is_free: &[bool]) -> Vec<f64> {
        let pairs = residual.iter().zip(&self.scale).zip(is_free);
        pairs.map(|((r, scale), free)| if *free { r / scale } else { 0.0 }).collect()
    }

    /// Conjugate gradients on the free terms, until what is left is `enough` in the norm of the preconditioner;
    /// returns the number of products.
    fn descend(
        &self,
        is_free: &[bool],
        enough: f64,
        direction: &mut [f64],
        residual: &mut [f64],
    ) -> usize {
        let Ok(Iterations { products, .. }) = conjugate_gradients::<Infallible>(
            direction,
            residual,
            |along| Ok(self.multiply(along)),
            |residual| self.precondition(residual, is_free),
            |size, _| size <= enough,
            MOST_PRODUCTS,
        );
        products
    }
}

/// `Σ a_i b_i`.
fn inner(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// `out += share · x`.
fn add(share: f64, x: &[f64], out: &mut [f64]) {
    for (out, x) in out.iter_mut().zip(x) {
        *out += share * x;
    }
}
