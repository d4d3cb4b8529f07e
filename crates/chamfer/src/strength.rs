//! How strongly each term of a penalty counts.

use crate::Scalar;

/// The strength of a block's penalty: `λ` times a weight for each term.
///
/// A *term* is what the penalty adds up: one coefficient for the lasso, one group for the group
/// lasso. Penalties receive the strength rather than being multiplied by it, because some (MCP,
/// SCAD) are not linear in λ.
#[derive(Debug, Clone, Copy)]
pub struct Strength<'a, T> {
    lambda: T,
    weights: Option<&'a [T]>,
}

impl<'a, T: Scalar> Strength<'a, T> {
    /// The same `lambda` for every term.
    pub fn uniform(lambda: T) -> Self {
        Self { lambda, weights: None }
    }

    /// `lambda * weights[i]` for term `i`.
    pub fn weighted(lambda: T, weights: &'a [T]) -> Self {
        Self { lambda, weights: Some(weights) }
    }

    /// The strength of term `i`.
    ///
    /// # Panics
    /// If there are weights and `i` is not less than their number.
    #[inline]
    #[must_use]
    pub fn at(&self, i: usize) -> T {
        self.weights.map_or(self.lambda, |weights| self.lambda * weights[i])
    }

    /// Writes the strengths of the terms from `first` on.
    #[inline]
    pub(crate) fn write(&self, first: usize, out: &mut [T]) {
        match self.weights {
            None => out.fill(self.lambda),
            Some(weights) => {
                for (out, &weight) in out.iter_mut().zip(&weights[first..]) {
                    *out = self.lambda * weight;
                }
            }
        }
    }
}
