//! Penalties on groups.

use super::Penalty;
use crate::{Groups, Scalar, Strength};

/// `R(β) = Σ_g w_g (Σ_j |β_gj|^p)^{q/p}`: the group lasso (`p = 2`, `q = 1`; Yuan & Lin 2006) and its
/// non-convex kin.
///
/// Induced by [`GroupProduct`](crate::GroupProduct) and [`GroupPower`](crate::GroupPower).
#[derive(Debug, Clone, PartialEq)]
pub struct GroupPenalty {
    groups: Groups,
    p: f64,
    q: f64,
}

impl GroupPenalty {
    /// `0 < q ≤ 1`; `p` is 2 or at most 1.
    pub(crate) fn new(groups: Groups, p: f64, q: f64) -> Self {
        Self { groups, p, q }
    }

    /// The groups.
    #[must_use]
    pub fn groups(&self) -> &Groups {
        &self.groups
    }

    /// The exponent within groups.
    #[must_use]
    pub fn p(&self) -> f64 {
        self.p
    }

    /// The exponent between groups.
    #[must_use]
    pub fn q(&self) -> f64 {
        self.q
    }

    /// `A_g = Σ_j |β_gj|^p`.
    pub(crate) fn inner_sum<T: Scalar>(&self, group: usize, coefficients: &[T]) -> T {
        self.sum(group, |j| {
            let b = coefficients[j].abs();
            if self.p == 2.0 {
                b * b
            } else if self.p == 1.0 {
                b
            } else {
                b.powf(T::of(self.p))
            }
        })
    }

    fn sum<T: Scalar>(&self, group: usize, of: impl FnMut(usize) -> T) -> T {
        self.groups.indices(group).map(of).sum()
    }

    fn norm<T: Scalar>(&self, group: usize, of: &[T]) -> T {
        self.sum(group, |j| of[j] * of[j]).sqrt()
    }

    /// `q A^{q/p−1}`, what the slopes in all coefficients of a group have in common.
    fn outer<T: Scalar>(&self, sum: T) -> T {
        T::of(self.q) * sum.powf(T::of(self.q / self.p - 1.0))
    }

    /// `∂_j A^{q/p} = q A^{q/p−1} |β_j|^{p−1} sign β_j` for `A > 0`; the slope to the right where
    /// `β_j = 0`.
    fn slope<T: Scalar>(&self, outer: T, b: T) -> T {
        if self.p == 2.0 {
            outer * b
        } else {
            outer * b.signum() * b.abs().powf(T::of(self.p - 1.0))
        }
    }

    /// How far the zero group is from optimal, when its gradient has this norm.
    fn excess_at_zero<T: Scalar>(&self, norm: T, lambda: T) -> T {
        if self.q < 1.0 { T::zero() } else { (norm - lambda).max(T::zero()) }
    }

    /// The direction of steepest descent in a coefficient of a group that is not zero.
    fn descent<T: Scalar>(&self, outer: T, b: T, g: T, lambda: T) -> T {
        let slope = lambda * self.slope(outer, b);
        if b == T::zero() && self.p < 2.0 {
            -g.signum() * (g.abs() - slope.abs()).max(T::zero())
        } else {
            -(g + slope)
        }
    }
}

impl<T: Scalar> Penalty<T> for GroupPenalty {
    fn value(&self, coefficients: &[T], strength: Strength<'_, T>) -> T {
        let power = T::of(self.q / self.p);
        let term = |g: usize| strength.at(g) * self.inner_sum(g, coefficients).powf(power);
        (0..self.groups.len()).map(term).sum()
    }

    fn stationarity(&self, coefficients: &[T], gradient: &[T], strength: Strength<'_, T>) -> T {
        let of_group = |group: usize| {
            let (sum, lambda) = (self.inner_sum(group, coefficients), strength.at(group));
            if sum == T::zero() {
                return self.excess_at_zero(self.norm(group, gradient), lambda);
            }
            let outer = self.outer(sum);
            let within = |j| self.descent(outer, coefficients[j], gradient[j], lambda).powi(2);
            self.sum(group, within).sqrt()
        };
        (0..self.groups.len()).map(of_group).fold(T::zero(), T::max)
    }

    fn steepest_descent(
        &self,
        coefficients: &[T],
        gradient: &[T],
        strength: Strength<'_, T>,
        out: &mut [T],
    ) -> bool {
        for group in 0..self.groups.len() {
            let (sum, lambda) = (self.inner_sum(group, coefficients), strength.at(group));
            let norm = self.norm(group, gradient);
            let excess = self.excess_at_zero(norm, lambda);
            let outer = self.outer(sum);
            for j in self.groups.indices(group) {
                out[j] = if sum > T::zero() {
                    self.descent(outer, coefficients[j], gradient[j], lambda)
                } else if excess > T::zero() {
                    -gradient[j] * (excess / norm)
                } else {
                    T::zero()
                };
            }
        }
        true
    }

    fn dual_norm(&self, z: &[T], strength: Strength<'_, T>) -> Option<T> {
        let ratios = (0..self.groups.len()).map(|g| self.norm(g, z) / strength.at(g));
        (self.q == 1.0).then(|| ratios.fold(T::zero(), T::max))
    }

    fn snap_zeros(
        &self,
        coefficients: &mut [T],
        gradient: &[T],
        strength: Strength<'_, T>,
        slack: T,
    ) {
        // Where zeros are always stationary, only a wide margin tells what is dying from a solution;
        // elsewhere a margin above the tolerance does.
        let at_least = |exponent: f64| slack.max(T::of(if exponent < 1.0 { 0.5 } else { 1e-4 }));
        let between = if self.q == 1.0 { slack } else { at_least(self.q) };
        let within = at_least(self.p);
        for group in 0..self.groups.len() {
            let sum = self.inner_sum(group, coefficients);
            if sum == T::zero() {
                continue;
            }
            // At a solution `−gᵀβ = λq A^{q/p}` for every live group, by Euler's identity. Where
            // the loss does not pull that much, the group is on its way to zero.
            let lambda = strength.at(group);
            let holds = T::of(self.q) * sum.powf(T::of(self.q / self.p));
            let pull = if self.p == 2.0 {
                self.norm(group, gradient) * sum.sqrt()
            } else {
                -self.sum(group, |j| gradient[j] * coefficients[j])
            };
            let outer = self.outer(sum);
            let dies = pull < lambda * holds * (T::one() - between);
            for j in self.groups.indices(group) {
                let slope = lambda * self.slope(outer, coefficients[j]).abs();
                let dies_within = gradient[j].abs() < slope * (T::one() - within);
                if dies || (self.p < 2.0 && dies_within) {
                    coefficients[j] = T::zero();
                }
            }
        }
    }

    fn support(&self, coefficients: &[T], support: &mut [bool]) {
        for group in 0..self.groups.len() {
            let live = self.inner_sum(group, coefficients) > T::zero();
            for j in self.groups.indices(group) {
                support[j] = live && (self.p == 2.0 || coefficients[j] != T::zero());
            }
        }
    }

    fn certify_zeros(
        &self,
        coefficients: &[T],
        gradient: &[T],
        strength: Strength<'_, T>,
        slack: T,
        certified: &mut [bool],
    ) {
        for group in 0..self.groups.len() {
            let sum = self.inner_sum(group, coefficients);
            let lambda = strength.at(group) * (T::one() - slack);
            let zero_group =
                sum == T::zero() && (self.q < 1.0 || self.norm(group, gradient) < lambda);
            let outer = self.outer(sum);
            for j in self.groups.indices(group) {
                let zero_within = sum > T::zero()
                    && self.p < 2.0
                    && coefficients[j] == T::zero()
                    && gradient[j].abs() < lambda * self.slope(outer, T::zero()).abs();
                certified[j] |= zero_group || zero_within;
            }
        }
    }

    fn hessian_product(
        &self,
        coefficients: &[T],
        strength: Strength<'_, T>,
        direction: &[T],
        out: &mut [T],
    ) -> bool {
        let (p, s) = (T::of(self.p), T::of(self.q / self.p));
        let (one, two) = (T::one(), T::of(2.0));
        for group in 0..self.groups.len() {
            let sum = self.inner_sum(group, coefficients);
            let lambda = strength.at(group);
            let live = |j: usize| coefficients[j] != T::zero() || self.p == 2.0;
            // The gradient of A, and the second derivative of A in each coordinate.
            let slope = |b: T| {
                if self.p == 2.0 { two * b } else { p * b.signum() * b.abs().powf(p - one) }
            };
            let bend = |b: T| {
                if self.p == 2.0 { two } else { p * (p - one) * b.abs().powf(p - two) }
            };
            if sum == T::zero() {
                for j in self.groups.indices(group) {
                    out[j] = T::zero();
                }
                continue;
            }
            let along: T = self.sum(group, |j| {
                if live(j) { slope(coefficients[j]) * direction[j] } else { T::zero() }
            });
            // The first two derivatives of A^{q/p} in A.
            let first = s * sum.powf(s - one);
            let second = (s - one) * first / sum;
            for j in self.groups.indices(group) {
                let b = coefficients[j];
                out[j] = if live(j) {
                    lambda * (second * along * slope(b) + first * bend(b) * direction[j])
                } else {
                    T::zero()
                };
            }
        }
        true
    }

    fn dead_zone(&self, lambda: T, gradient_bound: T) -> T {
        if self.q == 1.0 || self.p < 2.0 {
            return T::zero(); // for p < 2, no bound on single coefficients follows from the group's
        }
        (T::of(self.q) * lambda / gradient_bound).powf(T::of(1.0 / (1.0 - self.q)))
    }

    fn raise(&self, coefficients: &mut [T], gradient: &[T], strength: Strength<'_, T>) -> usize {
        let groups = 0..self.groups.len();
        let bound = groups.clone().map(|g| self.norm(g, gradient)).fold(T::zero(), T::max);
        if bound == T::zero() {
            return 0; // nothing pulls away from zero
        }
        let mut raised = 0;
        for group in groups {
            let zone = self.dead_zone(strength.at(group), bound);
            let norm = self.norm(group, coefficients);
            if norm > T::zero() && norm < zone {
                let scale = (zone + zone) / norm;
                for j in self.groups.indices(group) {
                    coefficients[j] *= scale;
                }
                raised += 1;
            }
        }
        raised
    }
}
