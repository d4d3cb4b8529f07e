//! Penalties that add up a function of each coefficient's modulus.

use super::Penalty;
use crate::{Scalar, Strength};
use std::fmt::Debug;

/// `R(β) = Σ_j p_{λ_j}(|β_j|)` with `p` rising, concave and 0 at 0: the folded concave penalties
/// (Fan & Li 2001), of which the lasso is the limit.
pub(crate) trait FoldedConcave: Debug + Send + Sync {
    /// `p_λ(r)` for `r ≥ 0`.
    fn value<T: Scalar>(&self, r: T, lambda: T) -> T;

    /// `p'_λ(r)`; at 0 the slope to the right, which may be infinite.
    fn slope<T: Scalar>(&self, r: T, lambda: T) -> T;

    /// `p''_λ(r)` for `r > 0`.
    fn curvature<T: Scalar>(&self, r: T, lambda: T) -> T;

    /// Whether the penalty is a norm, with slope λ.
    fn is_norm(&self) -> bool {
        false
    }

    /// The slack below which [`Penalty::snap_zeros`] must not go. Where other points than zero may be
    /// stationary together with zero, a certificate does not tell a term that is dying, where the
    /// slope exceeds the gradient by far, from a solution, where they are equal up to the tolerance.
    fn least_slack(&self) -> f64 {
        1e-4
    }

    /// The direction of steepest descent of `gb + p_λ(|b|)`.
    fn descent<T: Scalar>(&self, b: T, g: T, lambda: T) -> T {
        let slope = self.slope(b.abs(), lambda);
        if b == T::zero() {
            -g.signum() * (g.abs() - slope).max(T::zero())
        } else {
            -(g + slope * b.signum())
        }
    }

    /// See [`Penalty::dead_zone`].
    fn dead_zone<T: Scalar>(&self, _lambda: T, _gradient_bound: T) -> T {
        T::zero()
    }
}

impl<T: Scalar, P: FoldedConcave> Penalty<T> for P {
    fn value(&self, coefficients: &[T], strength: Strength<'_, T>) -> T {
        let terms = coefficients.iter().enumerate();
        terms.map(|(j, b)| FoldedConcave::value(self, b.abs(), strength.at(j))).sum()
    }

    fn stationarity(&self, coefficients: &[T], gradient: &[T], strength: Strength<'_, T>) -> T {
        let terms = coefficients.iter().zip(gradient).enumerate();
        terms.fold(T::zero(), |worst, (j, (&b, &g))| {
            worst.max(self.descent(b, g, strength.at(j)).abs())
        })
    }

    fn steepest_descent(
        &self,
        coefficients: &[T],
        gradient: &[T],
        strength: Strength<'_, T>,
        out: &mut [T],
    ) -> bool {
        for (j, out) in out.iter_mut().enumerate() {
            *out = self.descent(coefficients[j], gradient[j], strength.at(j));
        }
        true
    }

    fn dual_norm(&self, z: &[T], strength: Strength<'_, T>) -> Option<T> {
        let ratios = z.iter().enumerate().map(|(j, z)| z.abs() / strength.at(j));
        // 0/0 (an unpenalized coefficient with no pull) is harmless and is passed over by `max`.
        self.is_norm().then(|| ratios.fold(T::zero(), T::max))
    }

    fn snap_zeros(
        &self,
        coefficients: &mut [T],
        gradient: &[T],
        strength: Strength<'_, T>,
        slack: T,
    ) {
        // At a solution a coefficient that is not 0 has |g| equal to the penalty's slope. Where the
        // slope is larger, the coefficient is on its way to zero, and the slope can only grow.
        let share = T::one() - slack.max(T::of(self.least_slack()));
        for (j, (b, &g)) in coefficients.iter_mut().zip(gradient).enumerate() {
            if g.abs() < self.slope(b.abs(), strength.at(j)) * share {
                *b = T::zero();
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
        for (j, (&b, &g)) in coefficients.iter().zip(gradient).enumerate() {
            let slope = self.slope(T::zero(), strength.at(j));
            if b == T::zero() && g.abs() < slope * (T::one() - slack) {
                certified[j] = true;
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
        for (j, (out, &b)) in out.iter_mut().zip(coefficients).enumerate() {
            let smooth = b != T::zero();
            let curvature = if smooth { self.curvature(b.abs(), strength.at(j)) } else { b };
            *out = curvature * direction[j];
        }
        true
    }

    fn dead_zone(&self, lambda: T, gradient_bound: T) -> T {
        FoldedConcave::dead_zone(self, lambda, gradient_bound)
    }

    fn raise(&self, coefficients: &mut [T], gradient: &[T], strength: Strength<'_, T>) -> usize {
        let bound = gradient.iter().fold(T::zero(), |most, g| most.max(g.abs()));
        if bound == T::zero() {
            return 0; // nothing pulls away from zero
        }
        let mut raised = 0;
        for (j, b) in coefficients.iter_mut().enumerate() {
            let zone = FoldedConcave::dead_zone(self, strength.at(j), bound);
            if *b != T::zero() && b.abs() < zone {
                *b = (zone + zone) * b.signum();
                raised += 1;
            }
        }
        raised
    }
}
