//! The minimax concave penalty.

use super::FoldedConcave;
use crate::{Error, Scalar};

/// `R(β) = Σ_j p_{λ_j}(|β_j|)`, `p_λ(r) = λr − r²/(2γ)` for `r ≤ γλ` and `γλ²/2` beyond (Zhang 2010).
///
/// Induced by [`Mcp`](crate::Mcp).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct McpPenalty {
    gamma: f64,
}

impl McpPenalty {
    pub(crate) fn new(gamma: f64) -> Result<Self, Error> {
        Error::check_shape("gamma of MCP", gamma, 1.0).map(|()| Self { gamma })
    }

    /// The shape γ.
    #[must_use]
    pub fn gamma(&self) -> f64 {
        self.gamma
    }
}

impl FoldedConcave for McpPenalty {
    #[inline]
    fn value<T: Scalar>(&self, r: T, lambda: T) -> T {
        let gamma = T::of(self.gamma);
        let r = r.min(gamma * lambda);
        lambda * r - r * r / (gamma + gamma)
    }

    #[inline]
    fn slope<T: Scalar>(&self, r: T, lambda: T) -> T {
        (lambda - r / T::of(self.gamma)).max(T::zero())
    }

    #[inline]
    fn curvature<T: Scalar>(&self, r: T, lambda: T) -> T {
        let gamma = T::of(self.gamma);
        if r < gamma * lambda { -gamma.recip() } else { T::zero() }
    }
}
