//! Newton systems of a quadratic loss with several outputs.
//!
//! The outputs have the same Hessian `C` and nothing with each other, so that of the loss is `C ⊗ I`, and on `s`
//! columns with `q` outputs a factor of the whole costs `(sq)³/3`. But a penalty on all outputs of a term
//! depends on the norm `r = ‖β_t‖` alone, and its Hessian is
//!
//! ```text
//! ρ'(r)/r (I − uuᵀ) + ρ''(r) uuᵀ = a_t I − c_t uuᵀ,      u = β_t/r,      c_t = a_t − ρ''(r).
//! ```
//!
//! So the system is `H = G ⊗ I − UUᵀ`, `G = C + diag(a)`, with a column `√c_t u` of `U` for each term, and by
//! Woodbury's identity
//!
//! ```text
//! H⁻¹ = (G⁻¹ ⊗ I) + (G⁻¹ ⊗ I) U S⁻¹ Uᵀ (G⁻¹ ⊗ I),      S = I − Uᵀ(G⁻¹ ⊗ I)U,
//! S_tv = δ_tv − √(c_t c_v) Σ_{j ∈ t, l ∈ v} (G⁻¹)_jl ⟨u_j, u_l⟩
//! ```
//!
//! with the outputs `u_j` of column `j`: two factors of the size of the columns, `O(s³ + s²q)` in all. `S` is the
//! Hessian in the sizes of the terms, as in wide.rs.

use super::systems::{factor, inverse};
use faer::linalg::triangular_solve::{
    solve_lower_triangular_in_place, solve_upper_triangular_in_place,
};
use faer::{Mat, MatRef, Par};
use std::ops::Range;

/// How far, relative to its largest entry, a block may be from one that depends on the norm alone.
const ROUNDING: f64 = 1e-8;

/// A term, and the Hessian `aI − cuuᵀ` of its penalty.
pub(super) struct RadialTerm {
    /// Its columns among those of the system.
    columns: Range<usize>,
    a: f64,
    /// `√c u`, column by column, output by output.
    radial: Vec<f64>,
}

/// The terms of a system on the coefficients `free` with values `beta`, where the penalty has `blocks`; `None` if
/// a column is there with some of its outputs only, or a block depends on more than a norm.
pub(super) fn radial_terms(
    free: &[usize],
    beta: &[f64],
    blocks: &[(Range<usize>, Mat<f64>)],
    outputs: usize,
) -> Option<Vec<RadialTerm>> {
    let (columns, rest) = (free.chunks_exact(outputs), free.len() % outputs);
    let is_whole = |column: &[usize]| {
        column[0].is_multiple_of(outputs) && column[outputs - 1] == column[0] + outputs - 1
    };
    if rest != 0 || !columns.into_iter().all(is_whole) {
        return None;
    }
    blocks
        .iter()
        .map(|(at, block)| {
            let beta = &beta[at.clone()];
            let norm = beta.iter().map(|b| b * b).sum::<f64>().sqrt();
            let u: Vec<f64> = beta.iter().map(|b| b / norm).collect();
            let n = u.len();
            if n < 2 || !at.start.is_multiple_of(outputs) || !n.is_multiple_of(outputs) {
                return None;
            }
            let trace: f64 = (0..n).map(|i| block[(i, i)]).sum();
            let along: f64 =
                (0..n).map(|j| u[j] * (0..n).map(|i| block[(i, j)] * u[i]).sum::<f64>()).sum();
            let a = (trace - along) / (n - 1) as f64;
            let c = a - along;
            let expected = |i: usize, j: usize| {
                if i == j { a - c * u[i] * u[j] } else { -c * u[i] * u[j] }
            };
            let far =
                |i: usize, j: usize| (block[(i, j)] - expected(i, j)).abs() > ROUNDING * a.abs();
            if c < 0.0 || (0..n).any(|j| (0..n).any(|i| far(i, j))) {
                return None;
            }
            let radial = u.iter().map(|u| c.sqrt() * u).collect();
            Some(RadialTerm { columns: at.start / outputs..at.end / outputs, a, radial })
        })
        .collect()
}

/// The solution of `H x = right` for the Hessian `C` of one output; `None` if `H` is not positive definite up to
/// rounding.
pub(super) fn solve(
    mut hessian: Mat<f64>,
    outputs: usize,
    terms: &[RadialTerm],
    right: &[f64],
) -> Option<Vec<f64>> {
    let s = hessian.nrows();
    for term in terms {
        for j in term.columns.clone() {
            hessian[(j, j)] += term.a;
        }
    }
    for j in 0..s {
        hessian[(j, j)] *= 1.0 + 1e-13;
    }
    factor(&mut hessian)?;
    let inverse = inverse(&hessian);
    let mut radial = Mat::zeros(outputs, s);
    for term in terms {
        for (j, u) in term.columns.clone().zip(term.radial.chunks_exact(outputs)) {
            radial.col_as_slice_mut(j).copy_from_slice(u);
        }
    }
    let products = radial.transpose() * &radial;
    let mut sizes = Mat::from_fn(terms.len(), terms.len(), |t, v| {
        let of_column = |l: usize| -> f64 {
            terms[t].columns.clone().map(|j| inverse[(j, l)] * products[(j, l)]).sum()
        };
        let own = if t == v { 1.0 + 1e-13 } else { 0.0 };
        own - terms[v].columns.clone().map(of_column).sum::<f64>()
    });
    factor(&mut sizes)?;
    let mut left = MatRef::from_column_major_slice(right, outputs, s).to_owned();
    let first = &left * &inverse;
    let mut along = Mat::from_fn(terms.len(), 1, |t, _| {
        let of_column = |j: usize| -> f64 {
            first.col(j).iter().zip(radial.col(j).iter()).map(|(x, u)| x * u).sum()
        };
        terms[t].columns.clone().map(of_column).sum()
    });
    solve_lower_triangular_in_place(sizes.as_ref(), along.as_mut(), Par::Seq);
    solve_upper_triangular_in_place(sizes.transpose(), along.as_mut(), Par::Seq);
    for (t, term) in terms.iter().enumerate() {
        for j in term.columns.clone() {
            for k in 0..outputs {
                left[(k, j)] += along[(t, 0)] * radial[(k, j)];
            }
        }
    }
    let solution = &left * &inverse;
    let all: Vec<f64> = solution.col_iter().flat_map(|column| column.iter().copied()).collect();
    all.iter().all(|x| x.is_finite()).then_some(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::regression::systems::solve_damped;

    /// The whole system, made and solved as it is.
    #[test]
    fn solves_the_whole_system() {
        let (s, outputs) = (5, 3);
        let x = Mat::from_fn(9, s, |i, j| ((i * 31 + j * 17 + i * j * 7) as f64).sin());
        let hessian = x.transpose() * &x;
        let beta: Vec<f64> = (0..s * outputs).map(|i| (i as f64 + 0.5).cos()).collect();
        // A column without a penalty, one of its own, and a term of two.
        let terms = [3..6, 6..12, 12..15];
        let block = |at: &Range<usize>, curvature: f64| {
            let beta = &beta[at.clone()];
            let norm = beta.iter().map(|b| b * b).sum::<f64>().sqrt();
            Mat::from_fn(beta.len(), beta.len(), |i, j| {
                let own = if i == j { 0.7 / norm } else { 0.0 };
                own + (curvature - 0.7 / norm) * beta[i] * beta[j] / (norm * norm)
            })
        };
        for curvature in [0.0, -0.1] {
            let blocks: Vec<_> =
                terms.iter().map(|at| (at.clone(), block(at, curvature))).collect();
            let free: Vec<usize> = (0..s * outputs).collect();
            let mut whole = Mat::from_fn(s * outputs, s * outputs, |i, j| {
                if i % outputs == j % outputs { hessian[(i / outputs, j / outputs)] } else { 0.0 }
            });
            for (at, block) in &blocks {
                for (j, b) in at.clone().enumerate() {
                    for (i, a) in at.clone().enumerate() {
                        whole[(a, b)] += block[(i, j)];
                    }
                }
            }
            let right: Vec<f64> = (0..s * outputs).map(|i| (i as f64).sin()).collect();
            let expected = solve_damped(whole, &right).unwrap();
            let radial = radial_terms(&free, &beta, &blocks, outputs).unwrap();
            let found = solve(hessian.clone(), outputs, &radial, &right).unwrap();
            for (found, expected) in found.iter().zip(&expected) {
                assert!((found - expected).abs() < 1e-8, "{found} for {expected}");
            }
        }
    }

    #[test]
    fn knows_what_it_cannot_solve() {
        let (beta, free) = ([1.0, 2.0, 0.5, 1.0], [0, 1, 2, 3]);
        let uneven = Mat::from_fn(2, 2, |i, j| if i == j { 1.0 + i as f64 } else { 0.0 });
        assert!(radial_terms(&free, &beta, &[(2..4, uneven)], 2).is_none());
        assert!(radial_terms(&[0, 1, 3], &beta[..3], &[], 2).is_none());
    }
}
