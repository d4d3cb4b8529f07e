//! Newton's method for a lasso whose loss is quadratic, in the lifted variables.
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
//! exact minimum of a face. At such a minimum, the violators `h = ρ − λs` enter; as
//! `hᵀC⁻¹h > 0`, at least one of them moves away from zero in the direction of its sign, so the
//! next minimum is strictly lower. No face is met twice, and there are finitely many.

use super::cholesky::Cholesky;
use crate::design::vectors::{dot, vectorized};
use faer::Mat;

/// The lasso on a working set: minimize `½δᵀCδ − ρᵀδ + Σ_j λ_j|β_j + δ_j|` over `δ`.
#[derive(Debug)]
pub(crate) struct RestrictedLasso<'a> {
    /// `C`, the Gram matrix of the working set.
    pub(crate) gram: &'a Mat<f64>,
    /// `λ_j`.
    pub(crate) lambda: &'a [f64],
    /// `β`, moved to the solution.
    pub(crate) coefficients: &'a mut [f64],
    /// `ρ = −∇L` at `β`, kept in step with `β`.
    pub(crate) correlations: &'a mut [f64],
}

/// What a descent to the minimum of a face did.
#[derive(Debug, Clone, Copy)]
struct FacePass {
    steps: usize,
    /// How much lower the objective is.
    decrease: f64,
}

impl RestrictedLasso<'_> {
    /// Solves to `|ρ_j − λ_j s_j| ≤ tolerance · λ_j`; returns the number of Newton steps.
    ///
    /// `factor` is the Cholesky factor left by the last call with the same `gram`, or one whose
    /// variables have kept their places. Ends early if rounding lets no step descend: the caller
    /// looks at the certificate.
    pub(crate) fn solve(&mut self, factor: &mut Cholesky, tolerance: f64) -> usize {
        let mut signs = vec![0.0; self.coefficients.len()];
        let (mut steps, mut stalls, mut least) = (0, 0, f64::INFINITY);
        // A pass that lowers neither the objective nor the residual is at the limit of the
        // arithmetic; a few in a row end the search.
        while stalls < 3 {
            let worst = self.free_signs(tolerance, &mut signs);
            if worst <= tolerance {
                break;
            }
            let pass = self.minimize_on_face(factor, &mut signs);
            let scale: f64 =
                self.coefficients.iter().zip(self.lambda).map(|(b, l)| l * b.abs()).sum();
            let progress = pass.decrease > 4.0 * f64::EPSILON * scale || worst < 0.5 * least;
            stalls = if progress { 0 } else { stalls + 1 };
            least = least.min(worst);
            steps += pass.steps;
        }
        steps
    }

    /// Writes the signs of the free coefficients, 0 for those at a bound where they belong, and
    /// returns the largest `|ρ_j − λ_j s_j| / λ_j` over the free ones.
    fn free_signs(&self, tolerance: f64, signs: &mut [f64]) -> f64 {
        let mut worst: f64 = 0.0;
        for (j, sign) in signs.iter_mut().enumerate() {
            let (b, rho, lambda) = (self.coefficients[j], self.correlations[j], self.lambda[j]);
            *sign = if b != 0.0 {
                b.signum()
            } else if rho.abs() > lambda * (1.0 + tolerance) {
                rho.signum()
            } else {
                0.0
            };
            if *sign != 0.0 {
                worst = worst.max((rho - lambda * *sign).abs() / lambda);
            }
        }
        worst
    }

    /// Newton steps until one is taken in full: then `β` minimizes over the face of those `signs`
    /// that are still non-zero.
    fn minimize_on_face(&mut self, factor: &mut Cholesky, signs: &mut [f64]) -> FacePass {
        let mut pass = FacePass { steps: 0, decrease: 0.0 };
        let mut step = vec![0.0; signs.len()];
        let mut curvature = vec![0.0; signs.len()];
        loop {
            self.newton_step(factor, signs, &mut step);
            if self.close_bounds(signs, &step) {
                continue;
            }
            pass.steps += 1;
            let first = self.first_bound(signs, &step);
            if first > 1.0 {
                self.apply_gram(&step, &mut curvature);
                pass.decrease += self.advance(1.0, signs, &step, &curvature);
                return pass;
            }
            // Clip at all bounds at once if that descends, else stop at the first one, which does.
            let mut clipped = step.clone();
            for (j, clipped) in clipped.iter_mut().enumerate() {
                if (self.coefficients[j] + *clipped) * signs[j] <= 0.0 {
                    *clipped = -self.coefficients[j];
                }
            }
            self.apply_gram(&clipped, &mut curvature);
            let mut decrease = self.advance(1.0, signs, &clipped, &curvature);
            if decrease == 0.0 {
                self.apply_gram(&step, &mut curvature);
                decrease = self.advance(first, signs, &step, &curvature);
            }
            if decrease == 0.0 {
                return pass;
            }
            pass.decrease += decrease;
            for (sign, b) in signs.iter_mut().zip(&*self.coefficients) {
                if *b == 0.0 {
                    *sign = 0.0;
                }
            }
        }
    }

    /// `Δβ_F = C_FF⁻¹ (ρ − λs)_F` on the free set `F = {s ≠ 0}`, 0 elsewhere.
    fn newton_step(&self, factor: &mut Cholesky, signs: &[f64], step: &mut [f64]) {
        let free: Vec<bool> = signs.iter().map(|s| *s != 0.0).collect();
        factor.set_variables(self.gram, &free);
        let residual = |&j: &usize| self.correlations[j] - self.lambda[j] * signs[j];
        let mut solution: Vec<f64> = factor.variables().iter().map(residual).collect();
        factor.solve(&mut solution);
        step.fill(0.0);
        for (&j, &x) in factor.variables().iter().zip(&solution) {
            step[j] = x;
        }
    }

    /// Takes out of the free set those zeros whose step goes against their sign; says whether
    /// there were any.
    fn close_bounds(&self, signs: &mut [f64], step: &[f64]) -> bool {
        let mut closed = false;
        for (j, sign) in signs.iter_mut().enumerate() {
            if *sign != 0.0 && self.coefficients[j] == 0.0 && step[j] * *sign <= 0.0 {
                *sign = 0.0;
                closed = true;
            }
        }
        closed
    }

    /// The step length at which the first `η_j = s_j β_j` reaches 0; infinite if none does.
    fn first_bound(&self, signs: &[f64], step: &[f64]) -> f64 {
        let mut first = f64::INFINITY;
        for (j, &sign) in signs.iter().enumerate() {
            if sign != 0.0 && step[j] * sign < 0.0 {
                first = first.min(-self.coefficients[j] / step[j]);
            }
        }
        first
    }

    /// `C · step`, by the columns where the step is not 0.
    fn apply_gram(&self, step: &[f64], out: &mut [f64]) {
        out.fill(0.0);
        vectorized(
            #[inline(always)]
            || {
                for (j, &x) in step.iter().enumerate().filter(|(_, x)| **x != 0.0) {
                    let column = &self.gram.col_as_slice(j)[..out.len()];
                    for (out, c) in out.iter_mut().zip(column) {
                        *out += c * x;
                    }
                }
            },
        );
    }

    /// Moves by `length · step` if that lowers the objective; returns by how much, 0 if it stayed.
    fn advance(&mut self, length: f64, signs: &[f64], step: &[f64], curvature: &[f64]) -> f64 {
        // While no sign changes, |β| = sβ, so the penalty changes by λsΔβ.
        let slopes =
            (0..step.len()).map(|j| (self.correlations[j] - self.lambda[j] * signs[j]) * step[j]);
        let decrease = length * slopes.sum::<f64>() - 0.5 * length * length * dot(step, curvature);
        if decrease.is_nan() || decrease <= 0.0 {
            return 0.0;
        }
        for (j, b) in self.coefficients.iter_mut().enumerate() {
            let moved = *b + length * step[j];
            // The coefficient that set the step length ends at 0, whatever the rounding.
            let arrived = moved * signs[j] <= 8.0 * f64::EPSILON * b.abs();
            *b = if arrived { 0.0 } else { moved };
        }
        for (rho, c) in self.correlations.iter_mut().zip(curvature) {
            *rho -= length * c;
        }
        decrease
    }
}
