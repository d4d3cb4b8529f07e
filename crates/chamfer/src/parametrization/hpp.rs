//! The Hadamard product parametrization.

use super::Parametrization;
use crate::{L1, Penalty, Scalar, Strength};

/// Hadamard product `β = u ∘ v`, `R_ξ = ½ Σ w_j (u_j² + v_j²)`, which induces the lasso
/// `R = Σ w_j |β_j|` (Hoff 2017; Kolb et al. 2023).
///
/// Factors: `ξ = [u, v]`, length `2d`. K is polynomial. Balanced: `|u_j| = |v_j|`. A zero that the
/// loss pulls away from (`|∂_j L| > λ`) is a strict saddle, with Hessian block `[[λ, g], [g, λ]]`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Hpp;

impl<T: Scalar> Parametrization<T> for Hpp {
    fn name(&self) -> &'static str {
        "HPP"
    }

    fn n_factors(&self, n_coefficients: usize) -> usize {
        2 * n_coefficients
    }

    fn collapse(&self, factors: &[T], coefficients: &mut [T]) {
        let (u, v) = factors.split_at(coefficients.len());
        for ((b, &u), &v) in coefficients.iter_mut().zip(u).zip(v) {
            *b = u * v;
        }
    }

    fn pullback(&self, factors: &[T], gradient: &[T], out: &mut [T]) {
        let (u, v) = factors.split_at(gradient.len());
        let (du, dv) = out.split_at_mut(gradient.len());
        for (j, &g) in gradient.iter().enumerate() {
            du[j] = g * v[j];
            dv[j] = g * u[j];
        }
    }

    fn surrogate(&self, factors: &[T], strength: Strength<'_, T>) -> T {
        let (u, v) = factors.split_at(factors.len() / 2);
        let terms = u.iter().zip(v).enumerate();
        T::of(0.5) * terms.map(|(j, (&u, &v))| strength.at(j) * (u * u + v * v)).sum::<T>()
    }

    fn add_surrogate_gradient(&self, factors: &[T], strength: Strength<'_, T>, out: &mut [T]) {
        let d = factors.len() / 2;
        let (u, v) = factors.split_at(d);
        let (du, dv) = out.split_at_mut(d);
        for j in 0..d {
            let lambda = strength.at(j);
            du[j] += lambda * u[j];
            dv[j] += lambda * v[j];
        }
    }

    fn lift(&self, coefficients: &[T], factors: &mut [T]) {
        let (u, v) = factors.split_at_mut(coefficients.len());
        for (j, &b) in coefficients.iter().enumerate() {
            v[j] = b.abs().sqrt();
            u[j] = if b == T::zero() { b } else { b / v[j] };
        }
    }

    fn start(&self, coefficients: &[T], factors: &mut [T]) {
        let (u, v) = factors.split_at_mut(coefficients.len());
        for (j, &b) in coefficients.iter().enumerate() {
            v[j] = b.abs().sqrt().max(T::one());
            u[j] = b / v[j];
        }
    }

    fn imbalance(&self, factors: &[T]) -> T {
        let (u, v) = factors.split_at(factors.len() / 2);
        u.iter().zip(v).fold(T::zero(), |worst, (&u, &v)| worst.max((u * u - v * v).abs()))
    }

    fn penalty(&self) -> &dyn Penalty<T> {
        &L1
    }
}
