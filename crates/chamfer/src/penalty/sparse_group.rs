//! The sparse-group lasso penalty.

use super::Penalty;
use crate::{Error, Groups, Scalar, Strength};

/// `R(β) = Σ_g w_g (α‖β_g‖₁ + (1−α)√|g| ‖β_g‖₂)` (Simon et al. 2013).
///
/// Induced by [`SparseGroup`](crate::SparseGroup).
#[derive(Debug, Clone, PartialEq)]
pub struct SparseGroupPenalty {
    groups: Groups,
    alpha: f64,
    group_weights: Vec<f64>,
}

impl SparseGroupPenalty {
    pub(crate) fn new(groups: Groups, alpha: f64) -> Result<Self, Error> {
        // Nearer to an end than rounding, the balanced factors of one norm overflow.
        if !(alpha > f64::EPSILON && alpha < 1.0 - f64::EPSILON) {
            return Err(Error::InvalidAlpha { alpha });
        }
        let group_weights = groups.root_sizes().map(|root| (1.0 - alpha) * root).collect();
        Ok(Self { groups, alpha, group_weights })
    }

    /// The groups.
    #[must_use]
    pub fn groups(&self) -> &Groups {
        &self.groups
    }

    /// The share of the lasso.
    #[must_use]
    pub fn alpha(&self) -> f64 {
        self.alpha
    }

    /// `(1−α)√|g|`.
    #[inline]
    pub(crate) fn group_weight<T: Scalar>(&self, group: usize) -> T {
        T::of(self.group_weights[group])
    }

    /// `‖z_g‖₂`.
    pub(crate) fn norm<T: Scalar>(&self, group: usize, z: &[T]) -> T {
        self.groups.indices(group).map(|j| z[j] * z[j]).sum::<T>().sqrt()
    }

    /// `‖(|z_g| − threshold)₊‖₂`: what is left of a gradient after the lasso's share.
    fn norm_beyond<T: Scalar>(&self, group: usize, z: &[T], threshold: T) -> T {
        let beyond = |j: usize| (z[j].abs() - threshold).max(T::zero());
        self.groups.indices(group).map(|j| beyond(j).powi(2)).sum::<T>().sqrt()
    }

    /// Whether `z_g` is inside `c·λ∂R(0)`.
    fn holds<T: Scalar>(&self, group: usize, z: &[T], c: T) -> bool {
        let beyond = self.norm_beyond(group, z, c * T::of(self.alpha));
        beyond < c * self.group_weight::<T>(group)
    }
}

/// The direction of steepest descent of `gb + l1 |b| + ½ l2 b²` in a coefficient of a live group, where
/// `l2` is divided by the norm of the group.
fn descent<T: Scalar>(b: T, g: T, l1: T, l2: T) -> T {
    if b == T::zero() {
        -g.signum() * (g.abs() - l1).max(T::zero())
    } else {
        -(g + l1 * b.signum() + l2 * b)
    }
}

impl<T: Scalar> Penalty<T> for SparseGroupPenalty {
    fn value(&self, coefficients: &[T], strength: Strength<'_, T>) -> T {
        let term = |group: usize| {
            let l1: T = self.groups.indices(group).map(|j| coefficients[j].abs()).sum();
            let l2 = self.norm(group, coefficients);
            strength.at(group) * (T::of(self.alpha) * l1 + self.group_weight::<T>(group) * l2)
        };
        (0..self.groups.len()).map(term).sum()
    }

    fn stationarity(&self, coefficients: &[T], gradient: &[T], strength: Strength<'_, T>) -> T {
        let of_group = |group: usize| {
            let lambda = strength.at(group);
            let (l1, l2) = (lambda * T::of(self.alpha), lambda * self.group_weight::<T>(group));
            let norm = self.norm(group, coefficients);
            if norm == T::zero() {
                return (self.norm_beyond(group, gradient, l1) - l2).max(T::zero());
            }
            let residual = |j: usize| descent(coefficients[j], gradient[j], l1, l2 / norm);
            self.groups.indices(group).map(|j| residual(j).powi(2)).sum::<T>().sqrt()
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
            let lambda = strength.at(group);
            let (l1, l2) = (lambda * T::of(self.alpha), lambda * self.group_weight::<T>(group));
            let norm = self.norm(group, coefficients);
            let beyond = self.norm_beyond(group, gradient, l1);
            for j in self.groups.indices(group) {
                out[j] = if norm > T::zero() {
                    descent(coefficients[j], gradient[j], l1, l2 / norm)
                } else if beyond > l2 {
                    descent(T::zero(), gradient[j], l1, T::zero()) * (T::one() - l2 / beyond)
                } else {
                    T::zero()
                };
            }
        }
        true
    }

    /// Found by bisection to the last bit: `‖(|z_g| − cα)₊‖₂ = c(1−α)√|g|` has one root `c`.
    fn dual_norm(&self, z: &[T], strength: Strength<'_, T>) -> Option<T> {
        let of_group = |group: usize| {
            let (mut low, mut high) = (T::zero(), T::one());
            let bound = self.norm(group, z) / self.group_weight::<T>(group);
            high = high.max(bound + T::one());
            loop {
                let middle = T::of(0.5) * (low + high);
                if middle <= low || middle >= high {
                    return high / strength.at(group);
                }
                if self.holds(group, z, middle) {
                    high = middle;
                } else {
                    low = middle;
                }
            }
        };
        Some((0..self.groups.len()).map(of_group).fold(T::zero(), T::max))
    }

    fn snap_zeros(
        &self,
        coefficients: &mut [T],
        gradient: &[T],
        strength: Strength<'_, T>,
        slack: T,
    ) {
        for group in 0..self.groups.len() {
            let lambda = strength.at(group) * (T::one() - slack);
            let dies = self.holds(group, gradient, lambda);
            for j in self.groups.indices(group) {
                if dies || gradient[j].abs() < lambda * T::of(self.alpha) {
                    coefficients[j] = T::zero();
                }
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
            let lambda = strength.at(group) * (T::one() - slack);
            let zero_group = self.norm(group, coefficients) == T::zero();
            let held = zero_group && self.holds(group, gradient, lambda);
            for j in self.groups.indices(group) {
                let within = !zero_group
                    && coefficients[j] == T::zero()
                    && gradient[j].abs() < lambda * T::of(self.alpha);
                certified[j] |= held || within;
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
        for group in 0..self.groups.len() {
            let norm = self.norm(group, coefficients);
            let indices = self.groups.indices(group);
            let along: T = indices.map(|j| coefficients[j] * direction[j]).sum();
            let weight = strength.at(group) * self.group_weight::<T>(group);
            for j in self.groups.indices(group) {
                let b = coefficients[j];
                out[j] = if b == T::zero() {
                    b
                } else {
                    weight * (direction[j] / norm - b * along / norm.powi(3))
                };
            }
        }
        true
    }
}
