//! Bounds on coefficients.
//!
//! In the coordinates of the lift a bound clips a step as zero does: a coefficient that would pass it stays
//! on it, and leaves it when its multiplier, the direction of steepest descent, points inwards.

use super::Regression;
use crate::design::Standardized;

/// Bounds on a list of coefficients, those of standardized columns: `lower ≤ 0 ≤ upper`.
pub(super) struct Bounds {
    lower: Vec<f64>,
    upper: Vec<f64>,
}

impl Bounds {
    /// For `free` coefficients without bounds, and then `outputs` coefficients for each of `columns`.
    fn new(
        limits: &[(f64, f64)],
        design: &Standardized<'_>,
        free: usize,
        columns: &[usize],
        outputs: usize,
    ) -> Self {
        let limit = |&j: &usize| {
            let (lower, upper) = limits[j];
            std::iter::repeat_n((lower * design.scale(j), upper * design.scale(j)), outputs)
        };
        let infinite = std::iter::repeat_n((f64::NEG_INFINITY, f64::INFINITY), free);
        let (lower, upper) = infinite.chain(columns.iter().flat_map(limit)).unzip();
        Self { lower, upper }
    }

    /// Whether coefficient `j` is on a bound.
    pub(super) fn holds(&self, j: usize, b: f64) -> bool {
        b <= self.lower[j] || b >= self.upper[j]
    }

    /// Whether a direction leads coefficient `j` out.
    pub(super) fn pushes(&self, j: usize, b: f64, direction: f64) -> bool {
        (direction < 0.0 && b <= self.lower[j]) || (direction > 0.0 && b >= self.upper[j])
    }

    /// Takes from a direction what leads out.
    pub(super) fn project(&self, beta: &[f64], direction: &mut [f64]) {
        for (j, (b, d)) in beta.iter().zip(direction).enumerate() {
            if self.pushes(j, *b, *d) {
                *d = 0.0;
            }
        }
    }

    /// Moves coefficients to the nearest that are allowed.
    pub(super) fn clamp(&self, beta: &mut [f64]) {
        for (j, b) in beta.iter_mut().enumerate() {
            *b = b.max(self.lower[j]).min(self.upper[j]);
        }
    }

    /// The multiple of `direction` at which coefficient `j` gets from `b` to a bound.
    pub(super) fn length_to(&self, j: usize, b: f64, direction: f64) -> Option<f64> {
        let room = if direction > 0.0 { self.upper[j] - b } else { self.lower[j] - b };
        let length = room / direction;
        (length > 0.0 && length.is_finite()).then_some(length)
    }

    /// `z` without what pushes against a finite bound, which a dual point need not balance.
    pub(super) fn unbounded(&self, z: &[f64]) -> Vec<f64> {
        let finite = |j: usize, z: f64| {
            let bound = if z > 0.0 { self.upper[j] } else { self.lower[j] };
            if bound.is_finite() { 0.0 } else { z }
        };
        z.iter().enumerate().map(|(j, &z)| finite(j, z)).collect()
    }

    /// `max zb − w|b| − ½μb²` over what is allowed for coefficient `j`: the convex conjugate of a bounded
    /// elastic net.
    pub(super) fn conjugate(&self, j: usize, z: f64, weight: f64, ridge: f64) -> f64 {
        let slope = z.abs() - weight;
        if slope <= 0.0 {
            return 0.0;
        }
        let most = if z > 0.0 { self.upper[j] } else { -self.lower[j] };
        let b = (slope / ridge).min(most);
        if ridge > 0.0 { slope * b - 0.5 * ridge * b * b } else { slope * b }
    }
}

impl Regression<'_> {
    /// The bounds of `free` coefficients without any and of those of `columns`; `None` if there are none.
    pub(super) fn bounds(&self, free: usize, columns: &[usize]) -> Option<Bounds> {
        let limits = self.penalty.bounds()?;
        Some(Bounds::new(limits, &self.design, free, columns, self.family.n_outputs()))
    }

    /// The same for a refit, in which the non-negative lasso's coefficients keep their sign.
    pub(super) fn refit_bounds(&self, free: usize, columns: &[usize]) -> Option<Bounds> {
        let limits = self.penalty.refit_bounds(self.design.n_cols())?;
        Some(Bounds::new(&limits, &self.design, free, columns, self.family.n_outputs()))
    }

    /// The gradient in the coefficients of all terms, without what would pull zeros out of their bounds.
    pub(super) fn allowed(&self, gradient: &[f64]) -> Vec<f64> {
        let mut descent: Vec<f64> = gradient.iter().map(|g| -g).collect();
        if let Some(bounds) = self.bounds(0, self.terms.columns()) {
            bounds.project(&vec![0.0; gradient.len()], &mut descent);
        }
        descent.iter().map(|d| -d).collect()
    }
}
