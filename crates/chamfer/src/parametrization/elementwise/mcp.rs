//! The minimax concave penalty.

use super::folded_concave::LassoMinusConvex;
use super::{Elementwise, elementwise};
use crate::{Convexity, Error, Facts, McpPenalty};

/// Hadamard product `β = u ∘ v` with `R_ξ = Σ ½λ(u_j² + v_j²) − h_λ(u_j v_j)`, which induces the
/// minimax concave penalty of shape `γ` (Zhang 2010).
///
/// Factors: `ξ = [u, v]`, length `2d`. K is polynomial, `R_ξ` is C^{1,1}. Balanced: `|u_j| = |v_j|`.
///
/// # Why it is exact
///
/// MCP is the lasso minus a convex function with a Lipschitz gradient, a Huber function:
/// `p_λ(b) = λ|b| − h_λ(b)` with `h_λ(b) = b²/(2γ)` for `|b| ≤ γλ` and `λ|b| − γλ²/2` beyond. As `h`
/// depends on β only, `L + p_λ = (L − h) + λ|·|` is a lasso problem with the smooth loss `L − h`, and
/// [`Hpp`](crate::Hpp)'s transfer applies word by word: equal global minima, and local minima that match in
/// *both* directions.
///
/// The other smooth form, `p_λ(b) = min_s λs²|b| + (γλ²/2)(1 − s²)²` (the minimum over `z = s² ≥ 0`
/// is at `z = (1 − |b|/(γλ))₊`), gives `λs²·½(u² + v²) + (γλ²/2)(1 − s²)²`, a polynomial in three
/// factors. Its global minima agree, and base minima lift to its minima, but not conversely: at
/// `s = 0` with `½(u² + v²) ≥ γλ` the penalty is flat, which makes plateaus of minimizers on a fiber
/// whose value is above `p_λ(uv)`. This type uses the form without them, and fewer factors.
///
/// ```
/// use chamfer::{Mcp, Parametrization, Strength};
///
/// let mcp = Mcp::new(3.0)?;
/// let mut factors = [0.0f64; 4];
/// mcp.lift(&[1.0, 16.0], &mut factors);
/// // λ = 2: 2·1 − 1/6 for the first, the constant γλ²/2 = 6 for the second.
/// let surrogate = mcp.surrogate(&factors, Strength::uniform(2.0));
/// assert!((surrogate - (2.0 - 1.0 / 6.0 + 6.0)).abs() < 1e-12);
/// # Ok::<(), chamfer::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mcp {
    penalty: McpPenalty,
}

impl Mcp {
    pub(crate) const FACTS: Facts = Facts {
        name: "MCP",
        type_name: "Mcp",
        map: "u ∘ v",
        surrogate: "½λ(‖u‖² + ‖v‖²) − Σ h_λ(u_j v_j)",
        penalty: "MCP of shape γ",
        convex: Convexity::Never,
        extra_factors: "d",
        smoothness: "K polynomial, R_ξ C^{1,1}",
        source: "Zhang 2010; lasso minus convex",
    };

    /// The parametrization of the penalty with shape `gamma`, beyond `γλ` constant; 3 is usual.
    ///
    /// # Errors
    /// If `gamma` is not finite and above 1.
    pub fn new(gamma: f64) -> Result<Self, Error> {
        Ok(Self { penalty: McpPenalty::new(gamma)? })
    }
}

impl LassoMinusConvex for Mcp {
    type Penalty = McpPenalty;

    fn penalty(&self) -> &McpPenalty {
        &self.penalty
    }
}

elementwise!(Mcp, 2);
