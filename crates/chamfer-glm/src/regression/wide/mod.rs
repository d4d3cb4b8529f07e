//! Newton systems with more coefficients than rows.
//!
//! On a support of `m` coefficients the system is `H = KᵀK + P`, with `K = W^{½}X` for the curvatures `W` of
//! the `n` rows and the Hessian `P` of the penalty, a block for each term. A Cholesky factor of `H` costs
//! `m³/3`; where `n < m`, what the rows have in common is smaller.
//!
//! `P` has no inverse: a norm has no curvature along its own term, `u = β/‖β‖`. So `D = P + κuuᵀ` in each
//! block, and `H = B − UUᵀ` with `B = KᵀK + D` and the columns `√κ u` of `U`. Twice Woodbury's identity:
//!
//! ```text
//! B⁻¹ = D⁻¹ − D⁻¹Kᵀ M⁻¹ K D⁻¹          M = I + K D⁻¹ Kᵀ               n × n
//! H⁻¹ = B⁻¹ + B⁻¹U S⁻¹ UᵀB⁻¹           S = I − UᵀB⁻¹U                 a row for each term
//!                                         = (I − UᵀD⁻¹U) + ZᵀM⁻¹Z,     Z = K D⁻¹U
//! ```
//!
//! where `I − UᵀD⁻¹U` is diagonal, and 0 without a ridge. In the lifted problem, `M` is what is left of the
//! coefficients when the sizes `η` of the terms are held, and `S` is the Hessian in these sizes (variable
//! projection; Poon & Peyré 2021).
//!
//! Forming `M` costs far more than products with `X`, and a little further down the path it is nearly the
//! same. So `H⁻¹` of one point is kept, and leads to the solutions of the systems that follow (nearby.rs); with it
//! a copy of the columns, both in single precision.

mod nearby;

use super::restricted::{OfCoefficients, Restricted};
use super::single::round;
use super::systems::factor;
use crate::Error;
use crate::design::cross_products::add_square;
use crate::design::vectors::{add_columns, vectorized};
use faer::linalg::matmul::triangular::{BlockStructure, matmul as triangular_matmul};
use faer::linalg::triangular_solve::{
    solve_lower_triangular_in_place, solve_upper_triangular_in_place,
};
use faer::traits::RealField;
use faer::{Accum, Mat, MatMut, MatRef, Par};
use rayon::prelude::*;
use std::ops::Range;
use std::slice::ChunksExact;
use std::sync::Arc;

/// Columns of `K` that are in memory at a time.
const CHUNK: usize = 256;
/// Products after which `H⁻¹` is formed anew for the next system.
const MANY_PRODUCTS: usize = 18;

/// One term, or one coefficient without a penalty.
pub(super) struct Piece {
    /// Its coefficients among those of the system.
    pub(super) at: Range<usize>,
    /// `P` on them.
    pub(super) penalty: Mat<f64>,
    /// `β` on them.
    pub(super) beta: Vec<f64>,
}

/// A Newton system `H d = b` on some coefficients.
pub(super) struct WideSystem<'a> {
    pub(super) restricted: &'a Restricted<'a>,
    /// The curvatures of the rows.
    pub(super) weights: &'a [f64],
    /// The coefficients, which rise.
    pub(super) free: &'a [usize],
    /// Their penalty, in their order.
    pub(super) pieces: &'a [Piece],
}

/// `H⁻¹` of one system, as a product of factors; rounded where it is kept, as what it leads to is corrected.
#[derive(Debug, Clone)]
pub(super) struct WideInverse<T = f32> {
    /// The coefficients, which rise.
    free: Vec<usize>,
    pieces: Vec<Factored>,
    /// `X` on them, rounded, column after column; shared, because starts are clones.
    columns: Arc<[f32]>,
    roots: Vec<f64>,
    factors: Factors<T>,
}

/// Those that the rows and the terms have in common.
#[derive(Debug, Clone)]
struct Factors<T> {
    /// The lower Cholesky factor of `M`.
    rows: Mat<T>,
    /// It, solved for `Z`.
    radial: Mat<T>,
    /// The lower Cholesky factor of `S`.
    sizes: Mat<T>,
}

/// A piece with what its block of `D` needs.
#[derive(Debug, Clone)]
struct Factored {
    at: Range<usize>,
    /// The lower Cholesky factor of `D`.
    lower: Mat<f64>,
    /// `√κ u`.
    radial: Vec<f64>,
}

impl WideSystem<'_> {
    /// The solution for a right-hand side, up to a share `forcing` of it; `None` if `H` is not positive definite
    /// up to rounding. `kept` is an inverse of a system nearby, if there is one, and is replaced when it serves no
    /// more.
    ///
    /// # Errors
    /// If a pass is interrupted.
    pub(super) fn solve(
        &self,
        right: &[f64],
        forcing: f64,
        kept: &mut Option<WideInverse>,
    ) -> Result<Option<Vec<f64>>, Error> {
        if let Some(inverse) = kept
            && let Some((solution, products)) = nearby::solve(self, inverse, right, forcing)?
        {
            if products > MANY_PRODUCTS {
                *kept = None;
            }
            return Ok(Some(solution));
        }
        self.restricted.check_stop()?;
        let inverse = self.invert();
        let on_free = self.restricted.of_coefficients(self.free);
        let solution = inverse.as_ref().map(|inverse| inverse.apply(&on_free, right));
        *kept = inverse.map(WideInverse::rounded);
        Ok(solution)
    }

    /// `H⁻¹`; `None` if `H` is not positive definite up to rounding.
    ///
    /// Costs `n²m + n³/3` operations, and the memory of `n` numbers for each term and `n` rounded ones for each
    /// coefficient.
    fn invert(&self) -> Option<WideInverse<f64>> {
        let n = self.weights.len();
        let roots: Vec<f64> = self.weights.iter().map(|w| w.max(0.0).sqrt()).collect();
        let curvature = typical_curvature(self.restricted, &roots, self.free);
        let pieces: Vec<Factored> =
            self.pieces.iter().map(|piece| piece.factored(curvature)).collect::<Option<_>>()?;
        let mut rows = Mat::<f64>::identity(n, n);
        let mut radial = Mat::zeros(n, pieces.len());
        let mut rounded = vec![0.0; n * self.free.len()];
        let mut left = &mut rounded[..];
        let mut first = 0;
        while first < pieces.len() {
            let (mut end, mut size) = (first, 0);
            while end < pieces.len() && (end == first || size + pieces[end].at.len() <= CHUNK) {
                size += pieces[end].at.len();
                end += 1;
            }
            let (own, after) = left.split_at_mut(n * size);
            left = after;
            let columns = spread(self.restricted, &roots, self.free, &pieces[first..end], own);
            let all = MatRef::from_column_major_slice(&columns, n, size);
            add_square(&mut rows, all.transpose());
            let mut rest = &columns[..];
            for (k, piece) in pieces[first..end].iter().enumerate() {
                let (own, after) = rest.split_at(n * piece.at.len());
                rest = after;
                let halved = piece.halved(&piece.radial);
                add_columns(own, &halved, radial.col_as_slice_mut(first + k));
            }
            first = end;
        }
        factor(&mut rows)?;
        solve_lower_triangular_in_place(rows.as_ref(), radial.as_mut(), Par::Seq);
        let mut sizes = Mat::zeros(pieces.len(), pieces.len());
        let whole = BlockStructure::Rectangular;
        triangular_matmul(
            sizes.as_mut(),
            BlockStructure::TriangularLower,
            Accum::Replace,
            radial.transpose(),
            whole,
            &radial,
            whole,
            1.0,
            Par::Seq,
        );
        for (k, piece) in pieces.iter().enumerate() {
            let own: f64 = piece.halved(&piece.radial).iter().map(|x: &f64| x * x).sum();
            sizes[(k, k)] = (sizes[(k, k)] + (1.0 - own).max(0.0)) * (1.0 + 1e-13);
        }
        factor(&mut sizes)?;
        let (free, columns) = (self.free.to_vec(), rounded.into());
        Some(WideInverse { free, pieces, columns, roots, factors: Factors { rows, radial, sizes } })
    }
}

impl WideInverse {
    /// Numbers the coefficients anew, of which only `kept` are left; `None` if one is missing.
    pub(super) fn keep(&self, kept: &[usize]) -> Option<Self> {
        let number = |j: &usize| kept.binary_search(j).ok();
        let free = self.free.iter().map(number).collect::<Option<_>>()?;
        Some(Self { free, ..self.clone() })
    }

    /// The columns of `X` on a piece, rounded.
    fn columns(&self, piece: usize) -> ChunksExact<'_, f32> {
        let (n, at) = (self.roots.len(), &self.pieces[piece].at);
        self.columns[n * at.start..n * at.end].chunks_exact(n)
    }
}

impl WideInverse<f64> {
    fn rounded(self) -> WideInverse {
        let Self { free, pieces, columns, roots, factors } = self;
        let of = |matrix: Mat<f64>| {
            let mut rounded = Mat::zeros(matrix.nrows(), matrix.ncols());
            for j in 0..matrix.ncols() {
                round(matrix.col_as_slice(j), rounded.col_as_slice_mut(j));
            }
            rounded
        };
        let Factors { rows, radial, sizes } = factors;
        let factors = Factors { rows: of(rows), radial: of(radial), sizes: of(sizes) };
        WideInverse { free, pieces, columns, roots, factors }
    }

    /// `H⁻¹b`; `own` are its coefficients.
    fn apply(&self, own: &OfCoefficients<'_>, b: &[f64]) -> Vec<f64> {
        let mut inverse = vec![0.0; b.len()];
        let mut along = vec![0.0; self.pieces.len()];
        for (k, piece) in self.pieces.iter().enumerate() {
            let b = &b[piece.at.clone()];
            along[k] = piece.along(b);
            inverse[piece.at.clone()].copy_from_slice(&piece.invert(b));
        }
        let mut across = own.product(&inverse);
        for (x, root) in across.iter_mut().zip(&self.roots) {
            *x *= root;
        }
        self.factors.solve(&mut across, &mut along);
        for (x, root) in across.iter_mut().zip(&self.roots) {
            *x *= root;
        }
        let pulled = own.pull(&across);
        for (k, piece) in self.pieces.iter().enumerate() {
            let left = piece.at.clone().zip(&piece.radial);
            let left: Vec<f64> = left.map(|(a, u)| b[a] + along[k] * u - pulled[a]).collect();
            inverse[piece.at.clone()].copy_from_slice(&piece.invert(&left));
        }
        inverse
    }
}

impl<T: RealField> Factors<T> {
    /// From `KD⁻¹b` and `UᵀD⁻¹b` to `Kx` and `Uᵀx`, `x = H⁻¹b`.
    fn solve(&self, across: &mut [T], along: &mut [T]) {
        let (n, n_terms) = (across.len(), along.len());
        let mut rows = MatMut::from_column_major_slice_mut(across, n, 1);
        let mut along = MatMut::from_column_major_slice_mut(along, n_terms, 1);
        solve_lower_triangular_in_place(self.rows.as_ref(), rows.as_mut(), Par::Seq);
        along -= self.radial.transpose() * &rows;
        solve_lower_triangular_in_place(self.sizes.as_ref(), along.as_mut(), Par::Seq);
        solve_upper_triangular_in_place(self.sizes.transpose(), along.as_mut(), Par::Seq);
        rows += &self.radial * &along;
        solve_upper_triangular_in_place(self.rows.transpose(), rows.as_mut(), Par::Seq);
    }
}

impl Piece {
    /// Adds `Px`.
    fn add_product(&self, x: &[f64], out: &mut [f64]) {
        for (i, out) in out.iter_mut().enumerate() {
            *out += x.iter().enumerate().map(|(j, x)| self.penalty[(i, j)] * x).sum::<f64>();
        }
    }

    /// `κ` is the largest curvature of the penalty in the piece, or that of the loss if the penalty has none.
    fn factored(&self, curvature: f64) -> Option<Factored> {
        let n = self.at.len();
        let mut block = self.penalty.clone();
        let largest = (0..n).fold(0.0, |most: f64, j| most.max(block[(j, j)]));
        let kappa: f64 = if largest > 0.0 { largest } else { curvature };
        let norm = self.beta.iter().map(|b| b * b).sum::<f64>().sqrt();
        let radial: Vec<f64> = if n == 1 {
            vec![kappa.sqrt()]
        } else {
            self.beta.iter().map(|b| kappa.sqrt() * b / norm).collect()
        };
        for j in 0..n {
            for i in 0..n {
                block[(i, j)] += radial[i] * radial[j];
            }
            block[(j, j)] += 1e-13 * kappa;
        }
        factor(&mut block)?;
        Some(Factored { at: self.at.clone(), lower: block, radial })
    }

    /// With the same curvature of the loss in all of its directions.
    fn alone(&self, curvature: f64) -> Option<Factored> {
        let mut block = self.penalty.clone();
        for j in 0..self.at.len() {
            block[(j, j)] += curvature;
        }
        factor(&mut block)?;
        Some(Factored { at: self.at.clone(), lower: block, radial: Vec::new() })
    }
}

impl Factored {
    /// `L⁻¹x` for `D = LLᵀ`.
    fn halved(&self, x: &[f64]) -> Vec<f64> {
        let mut halved = x.to_vec();
        for i in 0..halved.len() {
            let done: f64 = (0..i).map(|l| self.lower[(i, l)] * halved[l]).sum();
            halved[i] = (halved[i] - done) / self.lower[(i, i)];
        }
        halved
    }

    /// `D⁻¹x`.
    fn invert(&self, x: &[f64]) -> Vec<f64> {
        let mut inverse = self.halved(x);
        for i in (0..x.len()).rev() {
            let done: f64 = (i + 1..x.len()).map(|l| self.lower[(l, i)] * inverse[l]).sum();
            inverse[i] = (inverse[i] - done) / self.lower[(i, i)];
        }
        inverse
    }

    /// `√κ uᵀD⁻¹x`.
    fn along(&self, x: &[f64]) -> f64 {
        let (x, radial) = (self.halved(x), self.halved(&self.radial));
        x.iter().zip(radial).map(|(x, u)| x * u).sum()
    }
}

/// The mean of `‖K_j‖²` over some coefficients.
fn typical_curvature(restricted: &Restricted<'_>, roots: &[f64], free: &[usize]) -> f64 {
    let sample = free.iter().step_by(free.len().div_ceil(16).max(1));
    let mut column = vec![0.0; roots.len()];
    let (mut sum, mut count) = (0.0, 0.0);
    for &j in sample {
        restricted.copy_column(j, &mut column);
        sum += column.iter().zip(roots).map(|(x, root)| (x * root) * (x * root)).sum::<f64>();
        count += 1.0;
    }
    if sum > 0.0 { sum / count } else { 1.0 }
}

/// `K L⁻ᵀ` on the coefficients of some pieces; leaves `X` on them, rounded.
fn spread(
    restricted: &Restricted<'_>,
    roots: &[f64],
    free: &[usize],
    pieces: &[Factored],
    rounded: &mut [f32],
) -> Vec<f64> {
    let n = roots.len();
    let mut columns = vec![0.0; rounded.len()];
    let mut parts = Vec::new();
    let (mut rest, mut rounded) = (&mut columns[..], rounded);
    for piece in pieces {
        let size = n * piece.at.len();
        let (own, after) = rest.split_at_mut(size);
        let (own_rounded, rounded_after) = rounded.split_at_mut(size);
        parts.push((piece, own, own_rounded));
        (rest, rounded) = (after, rounded_after);
    }
    parts.into_par_iter().for_each(|(piece, own, rounded)| {
        for (k, rounded) in rounded.chunks_exact_mut(n).enumerate() {
            let (done, column) = own.split_at_mut(k * n);
            let column = &mut column[..n];
            restricted.copy_column(free[piece.at.start + k], column);
            round(column, rounded);
            vectorized(
                #[inline(always)]
                || {
                    for (x, root) in column.iter_mut().zip(roots) {
                        *x *= root;
                    }
                    for (l, done) in done.chunks_exact(n).enumerate() {
                        let share = piece.lower[(k, l)];
                        for (x, done) in column.iter_mut().zip(done) {
                            *x -= share * done;
                        }
                    }
                    let scale = piece.lower[(k, k)].recip();
                    for x in column {
                        *x *= scale;
                    }
                },
            );
        }
    });
    columns
}
