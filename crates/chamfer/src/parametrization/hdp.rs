//! The Hadamard difference parametrization.

use super::Parametrization;
use crate::{L1, Penalty, Scalar, Strength};

/// Hadamard difference `β = u∘u − v∘v`, `R_ξ = Σ w_j (u_j² + v_j²)`, which induces the lasso
/// `R = Σ w_j |β_j|` (Kolb et al. 2023).
///
/// Factors: `ξ = [u, v]`, length `2d`. K is polynomial. Balanced: `u_j v_j = 0`. It is [`Hpp`]
/// rotated by 45°: `u∘u − v∘v = (u + v) ∘ (u − v)`.
///
/// [`Hpp`]: crate::Hpp
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Hdp;

impl<T: Scalar> Parametrization<T> for Hdp {
    fn name(&self) -> &'static str {
        "HDP"
    }

    fn n_factors(&self, n_coefficients: usize) -> usize {
        2 * n_coefficients
    }

    fn collapse(&self, factors: &[T], coefficients: &mut [T]) {
        let (u, v) = factors.split_at(coefficients.len());
        for ((b, &u), &v) in coefficients.iter_mut().zip(u).zip(v) {
            // (u + v)(u − v) keeps the digits that u² − v² would cancel.
            *b = (u + v) * (u - v);
        }
    }

    fn pullback(&self, factors: &[T], gradient: &[T], out: &mut [T]) {
        let two = T::of(2.0);
        let (u, v) = factors.split_at(gradient.len());
        let (du, dv) = out.split_at_mut(gradient.len());
        for (j, &g) in gradient.iter().enumerate() {
            du[j] = two * g * u[j];
            dv[j] = -two * g * v[j];
        }
    }

    fn surrogate(&self, factors: &[T], strength: Strength<'_, T>) -> T {
        let (u, v) = factors.split_at(factors.len() / 2);
        let terms = u.iter().zip(v).enumerate();
        terms.map(|(j, (&u, &v))| strength.at(j) * (u * u + v * v)).sum()
    }

    fn add_surrogate_gradient(&self, factors: &[T], strength: Strength<'_, T>, out: &mut [T]) {
        let d = factors.len() / 2;
        let (u, v) = factors.split_at(d);
        let (du, dv) = out.split_at_mut(d);
        for j in 0..d {
            let slope = T::of(2.0) * strength.at(j);
            du[j] += slope * u[j];
            dv[j] += slope * v[j];
        }
    }

    fn lift(&self, coefficients: &[T], factors: &mut [T]) {
        let (u, v) = factors.split_at_mut(coefficients.len());
        for (j, &b) in coefficients.iter().enumerate() {
            u[j] = b.max(T::zero()).sqrt();
            v[j] = (-b).max(T::zero()).sqrt();
        }
    }

    fn start(&self, coefficients: &[T], factors: &mut [T]) {
        self.lift(coefficients, factors);
        // Adding the same amount to both squares leaves β as it is. Half of it for each of the
        // two factors is what the gate 1 of the product form amounts to.
        let half = T::of(0.5);
        let (u, v) = factors.split_at_mut(coefficients.len());
        for (u, v) in u.iter_mut().zip(v) {
            *u = (*u * *u + half).sqrt();
            *v = (*v * *v + half).sqrt();
        }
    }

    fn imbalance(&self, factors: &[T]) -> T {
        let (u, v) = factors.split_at(factors.len() / 2);
        let two = T::of(2.0);
        u.iter().zip(v).fold(T::zero(), |worst, (&u, &v)| worst.max(two * (u * v).abs()))
    }

    fn penalty(&self) -> &dyn Penalty<T> {
        &L1
    }
}
