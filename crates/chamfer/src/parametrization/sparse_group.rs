//! The sparse-group lasso.

use super::{Curvature, Parametrization, away_from_zero};
use crate::{Convexity, Error, Facts, Groups, Penalty, Scalar, SparseGroupPenalty, Strength};
use rand::RngCore;

/// `β_gj = y_gj v_gj ν_g` with
/// `R_ξ = ½ Σ_g w_g (Σ_j (y_gj² (v_gj² + ν_g²) + α² v_gj²) + (1−α)² |g| ν_g²)`, which induces the
/// sparse-group lasso `R = Σ_g w_g (α‖β_g‖₁ + (1−α)√|g| ‖β_g‖₂)` (Simon et al. 2013).
///
/// Factors: `ξ = [y, v, ν]`, length `2d + G`. K and `R_ξ` are polynomial. Balanced:
/// `α|v_gj| = |y_gj ν_g|` and `(1−α)√|g| ν_g² = ‖y_g ∘ v_g‖ |ν_g|`.
///
/// # Derivation
///
/// A sum of two norms is no product row: each needs a variational weight of its own. The quadratic
/// forms of both terms (Bach et al. 2012, section 5) add up to
/// `½ Σ_j β_j² (1/v_j² + 1/ν²) + ½(α² Σ_j v_j² + (1−α)²|g| ν²)`, whose minimum over `v_j²` is
/// `α|β_j|` and over `ν²` is `(1−α)√|g| ‖β_g‖₂`. Scaling `β_j = y_j v_j ν` turns the quotients into
/// `y_j²(v_j² + ν²)`, so that everything is polynomial, also at 0. On the fiber of a `β_j ≠ 0` the
/// surrogate is strictly convex in `(log v, log ν)`, so that it has no minimizer besides the balanced
/// one; with a `β_j = 0`, every point of the fiber descends to the balanced one. Where `v = ν = 0`, `y`
/// does not matter, so zeros have many lifts; [`lift`](crate::Parametrization::lift) takes `y = 0`.
///
/// ```
/// use chamfer::{Groups, Parametrization, SparseGroup, Strength};
///
/// let row = SparseGroup::new(Groups::from_sizes(&[4])?, 0.5)?;
/// let mut factors = [0.0f64; 9];
/// row.lift(&[3.0, 4.0, 0.0, 0.0], &mut factors);
/// // ½·(3 + 4) + ½·√4·5
/// assert!((row.surrogate(&factors, Strength::uniform(1.0)) - 8.5).abs() < 1e-12);
/// # Ok::<(), chamfer::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct SparseGroup {
    penalty: SparseGroupPenalty,
}

impl SparseGroup {
    pub(crate) const FACTS: Facts = Facts {
        name: "sparse group",
        type_name: "SparseGroup",
        map: "y_gj v_gj ν_g",
        surrogate: "½ Σ_g (Σ_j (y_gj²(v_gj² + ν_g²) + α²v_gj²) + (1−α)²|g|ν_g²)",
        penalty: "Σ_g (α‖β_g‖₁ + (1−α)√|g| ‖β_g‖₂)",
        convex: Convexity::Always,
        extra_factors: "d + G",
        smoothness: "polynomial",
        source: "Simon et al. 2013; Bach et al. 2012",
    };

    /// The lasso with share `alpha`, the group lasso with the rest.
    ///
    /// # Errors
    /// If `alpha` is not strictly between 0 and 1, by more than rounding: at the ends, use
    /// [`GroupProduct`](crate::GroupProduct) and [`Hpp`](crate::Hpp).
    pub fn new(groups: Groups, alpha: f64) -> Result<Self, Error> {
        Ok(Self { penalty: SparseGroupPenalty::new(groups, alpha)? })
    }

    fn groups(&self) -> &Groups {
        self.penalty.groups()
    }

    /// `[y, v, ν]`.
    fn split<'a, T>(&self, factors: &'a [T]) -> [&'a [T]; 3] {
        let d = self.groups().n_coefficients();
        [&factors[..d], &factors[d..2 * d], &factors[2 * d..]]
    }

    fn split_mut<'a, T>(&self, factors: &'a mut [T]) -> [&'a mut [T]; 3] {
        let d = self.groups().n_coefficients();
        let (y, rest) = factors.split_at_mut(d);
        let (v, gates) = rest.split_at_mut(d);
        [y, v, gates]
    }
}

impl<T: Scalar> Parametrization<T> for SparseGroup {
    fn facts(&self) -> &'static Facts {
        &Self::FACTS
    }

    fn check(&self, n_coefficients: usize) -> Result<(), Error> {
        let grouped = self.groups().n_coefficients();
        Error::check_length("a block with groups", grouped, n_coefficients)
    }

    fn n_factors(&self, n_coefficients: usize) -> usize {
        2 * n_coefficients + self.groups().len()
    }

    fn n_terms(&self, _: usize) -> usize {
        self.groups().len()
    }

    fn collapse(&self, factors: &[T], coefficients: &mut [T]) {
        let [y, v, gates] = self.split(factors);
        for (group, &gate) in gates.iter().enumerate() {
            for run in self.groups().runs(group) {
                for j in run.clone() {
                    coefficients[j] = y[j] * v[j] * gate;
                }
            }
        }
    }

    fn pushforward(&self, factors: &[T], direction: &[T], out: &mut [T]) {
        let [y, v, gates] = self.split(factors);
        let [dy, dv, d_gates] = self.split(direction);
        for (group, (&gate, &d_gate)) in gates.iter().zip(d_gates).enumerate() {
            for j in self.groups().indices(group) {
                out[j] = (dy[j] * v[j] + y[j] * dv[j]) * gate + y[j] * v[j] * d_gate;
            }
        }
    }

    fn pullback(
        &self,
        factors: &[T],
        gradient: &[T],
        strength: Strength<'_, T>,
        out: &mut [T],
    ) -> T {
        let [y, v, gates] = self.split(factors);
        let [of_y, of_v, of_gates] = self.split_mut(out);
        let alpha = T::of(self.penalty.alpha());
        let square = |x: T| x * x;
        let mut surrogate = T::zero();
        for (group, &gate) in gates.iter().enumerate() {
            let lambda = strength.at(group);
            let ridge = square(self.penalty.group_weight::<T>(group));
            let (mut pull, mut y_squares, mut twice) = (T::zero(), T::zero(), T::zero());
            for run in self.groups().runs(group) {
                for j in run.clone() {
                    let (y, v, g) = (y[j], v[j], gradient[j]);
                    of_y[j] = g * v * gate + lambda * y * (v * v + gate * gate);
                    of_v[j] = g * y * gate + lambda * v * (y * y + alpha * alpha);
                    pull += g * y * v;
                    y_squares += y * y;
                    twice += y * y * (v * v + gate * gate) + square(alpha * v);
                }
            }
            of_gates[group] = pull + lambda * gate * (y_squares + ridge);
            surrogate += T::of(0.5) * lambda * (twice + ridge * gate * gate);
        }
        surrogate
    }

    fn hessian_product(
        &self,
        factors: &[T],
        curvature: Curvature<'_, T>,
        strength: Strength<'_, T>,
        direction: &[T],
        out: &mut [T],
    ) {
        let [y, v, gates] = self.split(factors);
        let [dy, dv, d_gates] = self.split(direction);
        let [of_y, of_v, of_gates] = self.split_mut(out);
        let alpha = T::of(self.penalty.alpha());
        let (square, two) = (|x: T| x * x, T::of(2.0));
        for (group, (&gate, &d_gate)) in gates.iter().zip(d_gates).enumerate() {
            let lambda = strength.at(group);
            let ridge = square(self.penalty.group_weight::<T>(group));
            let mut of_gate = lambda * ridge * d_gate;
            for j in self.groups().indices(group) {
                let (g, h) = (curvature.gradient[j], curvature.product[j]);
                let (y, v, dy, dv) = (y[j], v[j], dy[j], dv[j]);
                of_y[j] = h * v * gate
                    + g * (dv * gate + v * d_gate)
                    + lambda * dy * (v * v + gate * gate)
                    + lambda * two * y * (v * dv + gate * d_gate);
                of_v[j] = h * y * gate
                    + g * (dy * gate + y * d_gate)
                    + lambda * dv * (y * y + alpha * alpha)
                    + lambda * two * v * y * dy;
                of_gate += h * y * v
                    + g * (dy * v + y * dv)
                    + lambda * (d_gate * y * y + two * gate * y * dy);
            }
            of_gates[group] = of_gate;
        }
    }

    fn surrogate(&self, factors: &[T], strength: Strength<'_, T>) -> T {
        let [y, v, gates] = self.split(factors);
        let alpha = T::of(self.penalty.alpha());
        let term = |(group, &gate): (usize, &T)| {
            let of_coefficients =
                |j: usize| (y[j] * v[j]).powi(2) + (y[j] * gate).powi(2) + (alpha * v[j]).powi(2);
            let sum: T = self.groups().indices(group).map(of_coefficients).sum();
            let of_gate = (self.penalty.group_weight::<T>(group) * gate).powi(2);
            T::of(0.5) * strength.at(group) * (sum + of_gate)
        };
        gates.iter().enumerate().map(term).sum()
    }

    fn lift(&self, coefficients: &[T], factors: &mut [T]) {
        let alpha = T::of(self.penalty.alpha());
        let [y, v, gates] = self.split_mut(factors);
        for (group, gate) in gates.iter_mut().enumerate() {
            let norm = self.penalty.norm(group, coefficients);
            *gate = (norm / self.penalty.group_weight::<T>(group)).sqrt();
            for j in self.groups().indices(group) {
                let b = coefficients[j];
                v[j] = (b.abs() / alpha).sqrt();
                y[j] = if b == T::zero() { b } else { b / (v[j] * *gate) };
            }
        }
    }

    fn start(&self, coefficients: &[T], factors: &mut [T]) {
        self.lift(coefficients, factors);
        let alpha = T::of(self.penalty.alpha());
        let [y, v, gates] = self.split_mut(factors);
        for (group, gate) in gates.iter_mut().enumerate() {
            *gate = gate.max(T::one());
            // Of all y, this one leaves a wrong zero of v and ν the fastest.
            let open = (alpha * self.penalty.group_weight::<T>(group)).sqrt();
            for j in self.groups().indices(group) {
                y[j] = y[j].abs().max(open);
                v[j] = coefficients[j] / (y[j] * *gate);
            }
        }
    }

    fn random(&self, standard_deviation: T, rng: &mut dyn RngCore, factors: &mut [T]) {
        let scale = standard_deviation.cbrt();
        factors.fill_with(|| away_from_zero(scale, rng));
    }

    fn frozen(&self, factors: &[T]) -> Option<usize> {
        let [y, v, gates] = self.split(factors);
        let zeros = |j: usize| usize::from(y[j] == T::zero()) + usize::from(v[j] == T::zero());
        (0..self.groups().len()).find_map(|group| {
            let closed = gates[group] == T::zero();
            // An open coefficient moves the gate, and then the gate moves the others.
            let opens = closed && self.groups().indices(group).any(|j| zeros(j) == 0);
            let fixed = |j: &usize| zeros(*j) == 2 || (zeros(*j) == 1 && closed && !opens);
            self.groups().indices(group).find(fixed)
        })
    }

    fn imbalance(&self, factors: &[T]) -> T {
        let [y, v, gates] = self.split(factors);
        let alpha = T::of(self.penalty.alpha());
        let of_group = |(group, &gate): (usize, &T)| {
            // Half the derivatives of the surrogate along a scaling of v or ν that keeps β.
            let of_v = |j: usize| ((alpha * v[j]).powi(2) - (y[j] * gate).powi(2)).abs();
            let y_v: T = self.groups().indices(group).map(|j| (y[j] * v[j]).powi(2)).sum();
            let of_gate = (self.penalty.group_weight::<T>(group) * gate).powi(2) - y_v;
            self.groups().indices(group).map(of_v).fold(of_gate.abs(), T::max)
        };
        gates.iter().enumerate().map(of_group).fold(T::zero(), T::max)
    }

    fn penalty(&self) -> &dyn Penalty<T> {
        &self.penalty
    }
}
