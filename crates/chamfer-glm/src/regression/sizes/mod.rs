//! Least squares with norms of terms, by the sizes of the terms alone.
//!
//! In the lifted problem `½‖Y − Kβ‖² + ½ Σ_t (‖β_t‖² λ_t/η_t + λ_t η_t + ε‖β_t‖²)`, `K = W^{½}X`, the coefficients
//! are those of a ridge regression where the sizes `η` are held. With `θ_t = η_t/(λ_t + εη_t)` and `Θ` that of each
//! column,
//!
//! ```text
//! β = ΘC,      C = KᵀA,      A = M⁻¹Y = Y − Kβ,      M = I + KΘKᵀ,
//! ```
//!
//! so what is left is a smooth function of one number `θ_t ≥ 0` for each term (variable projection; Poon & Peyré
//! 2021), smooth also at 0: a zero wants to leave where `‖C_t‖ > λ_t`, and need not know in which direction.
//! At a minimum, `λ_t/‖C_t‖ + εθ_t = 1` where `θ_t > 0`. A term alone gets there in one of Newton's steps for this
//! equation, wherever it starts, as `1/‖C_t‖` is linear in `θ_t`; in steps for the gradient, which has `‖C_t‖²`, far
//! terms would crawl (the same choice makes trust regions cheap; Moré & Sorensen 1983). As
//! `dC = −KᵀM⁻¹K diag(dθ) C`, the steps solve a symmetric system,
//!
//! ```text
//! (Q + ε diag(‖C_t‖³/λ_t)) dθ = ‖C_t‖²/λ_t (‖C_t‖(1 − εθ_t) − λ_t),
//! Q_tv = Σ_{j ∈ t, l ∈ v} (KᵀM⁻¹K)_jl ⟨C_j, C_l⟩.
//! ```
//!
//! A product with `Q` is one with `K` and one with `Kᵀ` for all outputs at once, and as terms share little beside
//! `M⁻¹`, conjugate gradients need few. The coefficients are eliminated through the rows, `n²s + n³/3` operations
//! for `s` columns in use, or through the columns where they are fewer (rows.rs, columns.rs).

mod columns;
mod kept;
mod newton;
mod rows;
#[cfg(test)]
mod tests;

use super::Regression;
use super::restricted::Restricted;
use super::working_set::{Here, WorkingSet};
use crate::Error;
use columns::Columns;
use faer::{Mat, MatRef};
pub(super) use kept::KeptRows;
use newton::Sizes;
use std::sync::Arc;

/// A column without a penalty of which the others leave no more than this share is taken for one that depends on
/// them.
const DEPENDENT: f64 = 1e-10;
/// Where `‖β‖/‖C‖` differs from `θ` of the size of a term by no more than this share, a point was solved at the same λ.
const NEAR: f64 = 0.3;

/// A least-squares problem of which the coefficients can be eliminated. Matrices have a row for each output and a
/// column for each column of the design that has a penalty.
trait LeastSquares {
    type Eliminated: Eliminated;

    /// The coefficients eliminated for `Θ` of each column; `None` if columns without a penalty depend on each
    /// other up to rounding.
    fn eliminate(&self, thetas: &[f64]) -> Option<Self::Eliminated>;

    /// `KᵀM⁻¹K` times the rows of a matrix.
    fn multiply(&self, eliminated: &Self::Eliminated, v: MatRef<'_, f64>) -> Mat<f64>;

    /// Number of rows of the design.
    fn n_rows(&self) -> usize;

    /// The square of each column of `K`.
    fn squares(&self) -> Vec<f64>;
}

/// What is known where the coefficients are eliminated.
trait Eliminated {
    /// `Cᵀ`.
    fn descent(&self) -> MatRef<'_, f64>;

    /// The loss.
    fn loss(&self) -> f64;

    /// The coefficients without a penalty, as they are in a working set.
    fn free(&self) -> Vec<f64>;
}

impl Regression<'_> {
    /// Solves on a working set in the sizes of its terms, until violations are at most `tolerance` or `most` steps
    /// are taken; returns the number of steps and what is left of the violation. `None` where coefficients without
    /// a penalty depend on each other.
    ///
    /// # Errors
    /// If a pass is interrupted.
    pub(super) fn descend_in_sizes(
        &self,
        restricted: &Restricted<'_>,
        set: &mut WorkingSet,
        here: &mut Here,
        lambda: f64,
        tolerance: f64,
        most: usize,
    ) -> Result<Option<(usize, f64)>, Error> {
        let (n_free, outputs) = (self.n_free(), self.family.n_outputs());
        let (sizes, weights) = self.terms.sizes(&set.members);
        let slopes = weights.iter().map(|weight| lambda * self.penalty.l1_ratio() * weight);
        let mut first = 0;
        let terms = sizes.iter().map(|size| {
            let term = first..first + size / outputs;
            first = term.end;
            term
        });
        let (terms, slopes): (Vec<_>, Vec<_>) = (terms.collect(), slopes.collect());
        let ridge = lambda * (1.0 - self.penalty.l1_ratio());
        let predicted = set.predicted(lambda);
        let theta = |t: usize| {
            let at = n_free + terms[t].start * outputs..n_free + terms[t].end * outputs;
            let square = |of: &[f64]| of[at.clone()].iter().map(|x| x * x).sum::<f64>();
            let norm = square(&set.coefficients).sqrt();
            if norm == 0.0 {
                return 0.0;
            }
            let own = &set.coefficients[at.clone()];
            let along = |other: &Vec<f64>| -> f64 {
                own.iter().zip(&other[at.clone()]).map(|(b, p)| b * p).sum::<f64>() / norm
            };
            let eta = predicted.as_ref().map_or(norm, along).max(0.0);
            let of_size = eta / (slopes[t] + ridge * eta);
            // Where it was, if that was at this λ.
            let known = norm / square(&here.gradient).sqrt();
            let is_near = (known - of_size).abs() < NEAR * of_size;
            if predicted.is_none() && is_near && ridge * known < 1.0 { known } else { of_size }
        };
        let thetas: Vec<f64> = (0..terms.len()).map(theta).collect();
        let (terms, slopes) = (&terms[..], &slopes[..]);
        let (columns, stop) = (restricted.columns.len(), restricted.stop);
        let solved = if columns <= self.design.n_rows() || !self.design.has_columns() {
            Arc::make_mut(&mut set.curvature).extend(restricted, |_| true)?;
            let system = set.curvature.system(0.0, n_free);
            let n_rows = self.design.n_rows();
            let squares = &Columns::new(system, n_rows, &set.coefficients, here);
            let sizes = Sizes { squares, terms, slopes, ridge, stop };
            sizes.solve(thetas, None, tolerance, most).map(|end| end.left(terms))
        } else {
            let kept = set.rows.take().unwrap_or_else(|| KeptRows::new(restricted, n_free));
            let (rows, known) = kept.on(restricted, &thetas);
            let sizes = Sizes { squares: &*rows, terms, slopes, ridge, stop };
            sizes.solve(thetas, known, tolerance, most).map(|end| {
                let left = end.left(terms);
                set.rows = Some(KeptRows::at(rows, end.point.thetas, end.point.eliminated));
                left
            })
        };
        restricted.check_stop()?;
        let Some(end) = solved else { return Ok(None) };
        set.coefficients = end.coefficients;
        *here = end.here;
        Ok(Some((end.steps, end.violation)))
    }
}
