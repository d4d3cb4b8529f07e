//! The smoothly clipped absolute deviation.

use super::folded_concave::LassoMinusConvex;
use super::{Elementwise, elementwise};
use crate::{Convexity, Error, Facts, ScadPenalty};

/// Hadamard product `β = u ∘ v` with `R_ξ = Σ ½λ(u_j² + v_j²) − h_λ(u_j v_j)`, which induces the
/// smoothly clipped absolute deviation of shape `a` (Fan & Li 2001).
///
/// Factors: `ξ = [u, v]`, length `2d`. K is polynomial, `R_ξ` is C^{1,1}. Balanced: `|u_j| = |v_j|`.
///
/// Exact for the same reason as [`Mcp`](crate::Mcp), with all guarantees of [`Hpp`](crate::Hpp): SCAD is
/// `λ|b| − h_λ(b)` with the convex C^{1,1} function `h_λ(b) = 0` for `|b| ≤ λ`,
/// `(|b| − λ)²/(2(a − 1))` up to `aλ`, and `λ|b| − (a + 1)λ²/2` beyond. It has a form with a gate
/// `z ∈ [0, 1]` too, `min_z λz|b| + λ²((a + 1)/2 − az + (a − 1)z²/2)`, but there the bound
/// `z ≤ 1` is needed, so that no plain square is a gate.
///
/// ```
/// use chamfer::{Parametrization, Scad, Strength};
///
/// let scad = Scad::new(3.7)?;
/// let mut factors = [0.0f64; 2];
/// scad.lift(&[9.0], &mut factors);
/// let surrogate = scad.surrogate(&factors, Strength::uniform(1.0));
/// assert!((surrogate - 4.7 / 2.0).abs() < 1e-12); // beyond aλ: (a + 1)λ²/2
/// # Ok::<(), chamfer::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scad {
    penalty: ScadPenalty,
}

impl Scad {
    pub(crate) const FACTS: Facts = Facts {
        name: "SCAD",
        type_name: "Scad",
        map: "u ∘ v",
        surrogate: "½λ(‖u‖² + ‖v‖²) − Σ h_λ(u_j v_j)",
        penalty: "SCAD of shape a",
        convex: Convexity::Never,
        extra_factors: "d",
        smoothness: "K polynomial, R_ξ C^{1,1}",
        source: "Fan & Li 2001; lasso minus convex",
    };

    /// The parametrization of the penalty with shape `a`, beyond `aλ` constant; 3.7 is usual.
    ///
    /// # Errors
    /// If `a` is not finite and above 2.
    pub fn new(a: f64) -> Result<Self, Error> {
        Ok(Self { penalty: ScadPenalty::new(a)? })
    }
}

impl LassoMinusConvex for Scad {
    type Penalty = ScadPenalty;

    fn penalty(&self) -> &ScadPenalty {
        &self.penalty
    }
}

elementwise!(Scad, 2);
