//! Newton's method for a quadratic loss with kinks at zero, in the lifted variables.
//!
//! # The smooth problem
//!
//! The Hadamard product `β = u ∘ v` with `½λ(‖u‖² + ‖v‖²)` reads, in the coordinates `β` and
//! `η = v ∘ v`,
//!
//! ```text
//! J(β, η) = L(β) + ½ Σ_j λ_j (β_j² / η_j + η_j),     η ≥ 0,
//! ```
//!
//! which is smooth where `η > 0` and jointly convex. The balanced lift is `η = |β|`, where `J`
//! equals the lasso objective `P(β)`. Newton's step for `J` at a balanced point needs the blocks
//!
//! ```text
//! ∂J/∂β = ∇L + λβ/η = ∇L + λs        ∂J/∂η = ½λ(1 − β²/η²) = 0        s = β/η = ±1
//! ∂²J/∂β² = C + λ/η     ∂²J/∂β∂η = −λs/η     ∂²J/∂η² = λ/η
//! ```
//!
//! and eliminating `η` takes the terms `λ/η` out again: `C Δβ = −(∇L + λs)`, `Δη = s Δβ`. One
//! solve with the Gram matrix of the support, which does not depend on `η`, so its Cholesky factor
//! is kept and updated. The step keeps the balance: afterwards `η = sβ`, which the bound `η ≥ 0`
//! clips at 0. A clipped coefficient is exactly zero.
//!
//! A zero coefficient is let in by its multiplier: at the minimum over `β`, `∂J/∂η_j` at
//! `η_j = 0` is `½(λ_j − ρ_j²/λ_j)` with `ρ = −∇L` (variable projection; Poon & Peyré 2021), so
//! `|ρ_j| > λ_j` says that `η_j` wants to grow, with the sign of `ρ_j`. In these coordinates the
//! saddle of the product at 0 is gone.
//!
//! # Why it ends
//!
//! Between two full steps the set of free coefficients only shrinks, and a full step lands on the
//! exact minimum of a face. At such a minimum, the worst violators `h = ρ − λs` enter; as
//! `hᵀC⁻¹h > 0`, at least one of them moves away from zero in the direction of its sign, so the
//! next minimum is strictly lower. No face is met twice, and there are finitely many.

use super::cholesky::{Cholesky, System};
use super::products::Products;
use crate::design::vectors::{dot, vectorized};

/// Few leave a bound where those that may move are so many times as many.
const FEW_LEAVING: usize = 10;
/// Of many, those leave whose violation is at least this share of the worst.
const LEAST_EXCESS: f64 = 0.2;

/// A quadratic problem with kinks: minimize `½δᵀCδ − dᵀδ + Σ_j λ_j|β_j + δ_j|` over `δ`.
pub(super) struct Faces<'a> {
    /// `C`, the Hessian of the loss with the ridge.
    pub(super) hessian: Hessian<'a>,
    /// `λ_j`; 0 for a coefficient without a kink.
    pub(super) slopes: &'a [f64],
    /// Whether coefficients with a kink must not be negative.
    pub(super) non_negative: bool,
    /// `β`, moved to the solution.
    pub(super) coefficients: &'a mut [f64],
    /// `d`, minus the gradient of the smooth part at `β`, kept in step with `β`.
    pub(super) descent: &'a mut [f64],
    /// The most by which the objective can fall. A model of a loss without curvature in some direction may
    /// fall for ever; then the search ends on the way.
    pub(super) most: f64,
    /// Newton steps at most.
    pub(super) max_steps: usize,
}

/// A Hessian with what solves its systems.
pub(super) enum Hessian<'a> {
    /// Its entries and the Cholesky factor left by the last call with the same ones, or one whose variables have
    /// kept their places.
    Factored(System<'a>, &'a mut Cholesky),
    /// Products with it; its entries only where the factor needs them.
    Sparse(Products<'a>, &'a mut Cholesky),
    /// Products alone.
    Products(Products<'a>),
}

impl Hessian<'_> {
    /// Writes the product with a vector.
    fn multiply(&mut self, x: &[f64], out: &mut [f64]) {
        match self {
            Self::Factored(system, _) => system.multiply(x, out),
            Self::Sparse(products, _) | Self::Products(products) => products.multiply(x, out),
        }
    }

    /// Writes `C_FF⁻¹ b_F` on the open set `F`, by products from `out` and the most of it, and 0 elsewhere.
    fn solve(&mut self, open: &[bool], b: impl Fn(usize) -> f64, out: &mut [f64]) {
        let factor = match self {
            Self::Products(products) => return products.solve(open, b, out),
            Self::Factored(system, factor) => {
                factor.set_variables(system, open);
                factor
            }
            Self::Sparse(products, factor) => {
                factor.set_variables(products, open);
                factor
            }
        };
        let mut solution: Vec<f64> = factor.variables().iter().map(|&j| b(j)).collect();
        factor.solve(&mut solution);
        out.fill(0.0);
        for (&j, x) in factor.variables().iter().zip(solution) {
            out[j] = x;
        }
    }

    /// Whether it had better be factored.
    fn is_spent(&self) -> bool {
        matches!(self, Self::Products(products) if products.is_spent())
    }
}

/// On which face the search is: which coefficients may move, and with which sign.
#[derive(Debug)]
struct Face {
    open: Vec<bool>,
    /// 0 for coefficients without a kink.
    signs: Vec<f64>,
}

/// What a descent to the minimum of a face did.
#[derive(Debug, Clone, Copy)]
struct FacePass {
    steps: usize,
    /// How much lower the objective is.
    decrease: f64,
}

impl Faces<'_> {
    /// Solves to `|d_j − λ_j s_j| ≤ tolerance`; returns the number of Newton steps.
    ///
    /// Ends early if rounding lets no step descend: the caller looks at the certificate; or if products with the
    /// Hessian take too many.
    pub(super) fn solve(&mut self, tolerance: f64) -> usize {
        let n = self.coefficients.len();
        let mut face = Face { open: vec![false; n], signs: vec![0.0; n] };
        let (mut steps, mut stalls, mut least) = (0, 0, f64::INFINITY);
        // A pass that lowers neither the objective nor the residual is at the limit of the
        // arithmetic; a few in a row end the search.
        let mut decrease = 0.0;
        let goes_on = |faces: &Self, steps| steps < faces.max_steps && !faces.hessian.is_spent();
        while stalls < 3 && decrease <= self.most && goes_on(self, steps) {
            let worst = self.open_face(tolerance, &mut face);
            if worst <= tolerance {
                break;
            }
            let pass = self.minimize_on_face(&mut face, self.max_steps - steps);
            let scale: f64 =
                self.coefficients.iter().zip(self.slopes).map(|(b, l)| l * b.abs()).sum();
            let progress = pass.decrease > 4.0 * f64::EPSILON * scale || worst < 0.5 * least;
            stalls = if progress { 0 } else { stalls + 1 };
            least = least.min(worst);
            steps += pass.steps;
            decrease += pass.decrease;
        }
        steps
    }

    /// Whether it ended because products with the Hessian took too many.
    pub(super) fn is_spent(&self) -> bool {
        self.hessian.is_spent()
    }

    /// Opens the coefficients that are not at a bound, and those that want to leave one, but of many the worst
    /// only: they get in each other's way, and each that has to turn back costs a step. Returns the largest
    /// `|d_j − λ_j s_j|` over all of them.
    fn open_face(&self, tolerance: f64, face: &mut Face) -> f64 {
        let excess = |j: usize| {
            let (d, slope) = (self.descent[j], self.slopes[j]);
            let is_held = self.coefficients[j] == 0.0 && slope > 0.0;
            let wants = if self.non_negative { d } else { d.abs() };
            if is_held { wants - slope } else { f64::NEG_INFINITY }
        };
        let (mut most, mut n_free, mut n_leaving) = (f64::NEG_INFINITY, 0, 0);
        for excess in (0..self.slopes.len()).map(excess) {
            most = most.max(excess);
            n_free += usize::from(excess == f64::NEG_INFINITY);
            n_leaving += usize::from(excess > tolerance);
        }
        let are_many = n_leaving > n_free / FEW_LEAVING;
        let least = if are_many { tolerance.max(LEAST_EXCESS * most) } else { tolerance };
        let mut worst = if most > tolerance { most } else { 0.0 };
        for j in 0..self.slopes.len() {
            let (b, d, slope) = (self.coefficients[j], self.descent[j], self.slopes[j]);
            let is_free = b != 0.0 || slope == 0.0;
            face.open[j] = is_free || excess(j) > least;
            face.signs[j] = match (face.open[j], slope == 0.0) {
                (false, _) | (_, true) => 0.0,
                _ if b != 0.0 => b.signum(),
                _ => d.signum(),
            };
            if is_free {
                worst = worst.max((d - slope * face.signs[j]).abs());
            }
        }
        worst
    }

    /// Newton steps until one is taken in full: then `β` minimizes over what is still open of the face. At
    /// most `most` of them, and at least one.
    fn minimize_on_face(&mut self, face: &mut Face, most: usize) -> FacePass {
        let mut pass = FacePass { steps: 0, decrease: 0.0 };
        let mut step = vec![0.0; self.slopes.len()];
        let mut curvature = vec![0.0; self.slopes.len()];
        loop {
            self.newton_step(face, &mut step);
            if self.close_bounds(face, &step) {
                continue;
            }
            pass.steps += 1;
            let first = self.first_bound(face, &step);
            if first > 1.0 {
                self.hessian.multiply(&step, &mut curvature);
                pass.decrease += self.advance(1.0, face, &step, &curvature);
                return pass;
            }
            // Clip at all bounds at once if that descends, else stop at the first one, which does.
            let mut clipped = step.clone();
            for (j, clipped) in clipped.iter_mut().enumerate() {
                if face.signs[j] != 0.0 && (self.coefficients[j] + *clipped) * face.signs[j] <= 0.0
                {
                    *clipped = -self.coefficients[j];
                }
            }
            self.hessian.multiply(&clipped, &mut curvature);
            let mut decrease = self.advance(1.0, face, &clipped, &curvature);
            if decrease == 0.0 {
                self.hessian.multiply(&step, &mut curvature);
                decrease = self.advance(first, face, &step, &curvature);
            }
            pass.decrease += decrease;
            if decrease == 0.0 || pass.steps >= most {
                return pass;
            }
            step.fill(0.0);
            for (j, b) in self.coefficients.iter().enumerate() {
                if face.signs[j] != 0.0 && *b == 0.0 {
                    face.close(j);
                }
            }
        }
    }

    /// `Δβ_F = C_FF⁻¹ (d − λs)_F` on the open set `F`, 0 elsewhere.
    fn newton_step(&mut self, face: &Face, step: &mut [f64]) {
        let residual = |j: usize| self.descent[j] - self.slopes[j] * face.signs[j];
        self.hessian.solve(&face.open, residual, step);
    }

    /// Closes those zeros whose step goes against their sign; says whether there were any.
    fn close_bounds(&self, face: &mut Face, step: &[f64]) -> bool {
        let mut closed = false;
        for (j, b) in self.coefficients.iter().enumerate() {
            if face.signs[j] != 0.0 && *b == 0.0 && step[j] * face.signs[j] <= 0.0 {
                face.close(j);
                closed = true;
            }
        }
        closed
    }

    /// The step length at which the first `η_j = s_j β_j` reaches 0; infinite if none does.
    fn first_bound(&self, face: &Face, step: &[f64]) -> f64 {
        let mut first = f64::INFINITY;
        for (j, &sign) in face.signs.iter().enumerate() {
            if sign != 0.0 && step[j] * sign < 0.0 {
                first = first.min(-self.coefficients[j] / step[j]);
            }
        }
        first
    }

    /// Moves by `length · step` if that lowers the objective; returns by how much, 0 if it stayed.
    fn advance(&mut self, length: f64, face: &Face, step: &[f64], curvature: &[f64]) -> f64 {
        // While no sign changes, |β| = sβ, so the penalty changes by λsΔβ.
        let slopes =
            (0..step.len()).map(|j| (self.descent[j] - self.slopes[j] * face.signs[j]) * step[j]);
        let bend = vectorized(
            #[inline(always)]
            || dot(step, curvature),
        );
        let decrease = length * slopes.sum::<f64>() - 0.5 * length * length * bend;
        if decrease.is_nan() || decrease <= 0.0 {
            return 0.0;
        }
        for (j, b) in self.coefficients.iter_mut().enumerate() {
            let moved = *b + length * step[j];
            // The coefficient that set the step length ends at 0, whatever the rounding.
            let arrived =
                face.signs[j] != 0.0 && moved * face.signs[j] <= 8.0 * f64::EPSILON * b.abs();
            *b = if arrived { 0.0 } else { moved };
        }
        for (d, c) in self.descent.iter_mut().zip(curvature) {
            *d -= length * c;
        }
        decrease
    }
}

/// The largest violation of first-order optimality, for [`Faces`] at some coefficients.
pub(super) fn violation(
    coefficients: &[f64],
    descent: &[f64],
    slopes: &[f64],
    non_negative: bool,
) -> f64 {
    let of = |((&b, &d), &slope): ((&f64, &f64), &f64)| {
        if b != 0.0 {
            (d - slope * b.signum()).abs()
        } else if non_negative && slope > 0.0 {
            d - slope
        } else {
            d.abs() - slope
        }
    };
    coefficients.iter().zip(descent).zip(slopes).map(of).fold(0.0, f64::max)
}

impl Face {
    fn close(&mut self, j: usize) {
        self.open[j] = false;
        self.signs[j] = 0.0;
    }
}
