//! Conjugate gradients that the inverse of a system nearby preconditions, with one pass over the data for each
//! product.
//!
//! Let `x = H̄⁻¹r` be that inverse's answer to a residual, with `z` and `a = Ūᵀx` of
//!
//! ```text
//! M̄z − Z̄a = K̄D̄⁻¹r       z = K̄x       x = D̄⁻¹(r + Ūa − K̄ᵀz).
//! ```
//!
//! So `Xx = W̄^{−½}z` is known before `x` is, and one pass over the columns of a term gives its `K̄ᵀz`, from that
//! its `x`, its part of `Hx = XᵀWXx + Px`, and what that adds to `K̄D̄⁻¹Hx`, which by the recurrences of conjugate
//! gradients leads to the next `K̄D̄⁻¹r`. Terms that only one of the two systems has are few, and take passes of
//! their own.
//!
//! Passes read the columns in single precision, which is half of the memory and twice the numbers in a register:
//! a step that is to a share of 10⁻⁴ of its right-hand side needs no more.

use super::super::single::{add_columns, products, round, rounded};
use super::{Factored, WideInverse, WideSystem, typical_curvature};
use crate::Error;
use crate::design::vectors::{dot, vectorized};
use rayon::prelude::*;
use std::slice::ChunksExact;

/// Products after which they are given up.
const MOST_PRODUCTS: usize = 40;
/// Pieces of one task.
const TASK_PIECES: usize = 32;

/// The solution, up to a share `forcing` of the right-hand side in the norm of the preconditioner, and how many
/// products it took; `None` if that is too many.
///
/// # Errors
/// If a pass is interrupted.
pub(super) fn solve(
    system: &WideSystem<'_>,
    inverse: &WideInverse,
    right: &[f64],
    forcing: f64,
) -> Result<Option<(Vec<f64>, usize)>, Error> {
    // What an inverse does not weigh it does not know.
    if inverse.roots.iter().zip(system.weights).any(|(root, w)| *root == 0.0 && *w != 0.0) {
        return Ok(None);
    }
    let pass = Nearby::new(system, inverse);
    let mut residual = right.to_vec();
    let mut across = pass.across(&residual);
    let mut solution = vec![0.0; right.len()];
    let mut along: Option<Direction> = None;
    let (mut size, mut enough) = (0.0, 0.0);
    for products in 0..=MOST_PRODUCTS {
        system.restricted.check_stop()?;
        let mut next = pass.direction(&residual, &across);
        let next_size = inner(&residual, &next.solution);
        if let Some(along) = &along {
            if next_size <= enough {
                return Ok(Some((solution, products)));
            }
            next.add(next_size / size, along);
        } else {
            enough = forcing * forcing * next_size;
        }
        size = next_size;
        let bend = inner(&next.solution, &next.product);
        if bend.is_nan() || bend <= 0.0 {
            return Ok(None);
        }
        let length = size / bend;
        add(length, &next.solution, &mut solution);
        add(-length, &next.product, &mut residual);
        add(-length, &next.across, &mut across);
        along = Some(next);
    }
    Ok(None)
}

/// A residual as the inverse sees it.
struct Direction {
    /// `x = H̄⁻¹r`.
    solution: Vec<f64>,
    /// `Hx`.
    product: Vec<f64>,
    /// `K̄D̄⁻¹Hx`.
    across: Vec<f64>,
}

impl Direction {
    fn add(&mut self, share: f64, other: &Self) {
        add(share, &other.solution, &mut self.solution);
        add(share, &other.product, &mut self.product);
        add(share, &other.across, &mut self.across);
    }
}

/// A piece that an inverse does not know.
struct New {
    /// Which of the system.
    piece: usize,
    /// An inverse of its own, if it has one.
    alone: Option<Factored>,
    /// `X` on it, rounded.
    columns: Vec<f32>,
}

/// A system beside the inverse of one nearby.
struct Nearby<'a> {
    system: &'a WideSystem<'a>,
    inverse: &'a WideInverse,
    /// Pieces that both have: which of the system, which of the inverse.
    shared: Vec<(usize, usize)>,
    /// Pieces that only the system has.
    new: Vec<New>,
    /// Pieces that only the inverse has.
    dropped: Vec<usize>,
}

impl<'a> Nearby<'a> {
    fn new(system: &'a WideSystem<'a>, inverse: &'a WideInverse) -> Self {
        let (mut shared, mut new, mut dropped) = (Vec::new(), Vec::new(), Vec::new());
        let curvature = typical_curvature(system.restricted, &inverse.roots, system.free);
        let mut others = inverse.pieces.iter().enumerate().peekable();
        for (k, piece) in system.pieces.iter().enumerate() {
            let first = system.free[piece.at.start];
            let is_before = |(_, other): &(usize, &Factored)| inverse.free[other.at.start] < first;
            while let Some((other, _)) = others.next_if(is_before) {
                dropped.push(other);
            }
            let is_same = |(_, other): &(usize, &Factored)| {
                system.free[piece.at.clone()] == inverse.free[other.at.clone()]
            };
            if let Some((other, _)) = others.next_if(is_same) {
                shared.push((k, other));
                continue;
            }
            let n = inverse.roots.len();
            let mut column = vec![0.0; n];
            let mut columns = vec![0.0; n * piece.at.len()];
            for (a, out) in piece.at.clone().zip(columns.chunks_exact_mut(n)) {
                system.restricted.copy_column(system.free[a], &mut column);
                round(&column, out);
            }
            new.push(New { piece: k, alone: piece.alone(curvature), columns });
        }
        dropped.extend(others.map(|(other, _)| other));
        Self { system, inverse, shared, new, dropped }
    }

    /// `K̄D̄⁻¹r`.
    fn across(&self, residual: &[f64]) -> Vec<f64> {
        let (_, mut across) = self.pass(&self.shared, |&(k, other), sum| {
            let own = &residual[self.system.pieces[k].at.clone()];
            add_columns(self.inverse.columns(other), &self.inverse.pieces[other].invert(own), sum);
        });
        self.weigh(&mut across);
        across
    }

    fn direction(&self, residual: &[f64], across: &[f64]) -> Direction {
        let Self { system, inverse, .. } = self;
        let n = across.len();
        let mut along = vec![0.0; inverse.pieces.len()];
        for &(k, other) in &self.shared {
            let own = &residual[system.pieces[k].at.clone()];
            along[other] = inverse.pieces[other].along(own);
        }
        let mut along = rounded(&along);
        let mut moved = rounded(across);
        inverse.factors.solve(&mut moved, &mut along);
        let mut moved: Vec<f64> = moved.into_iter().map(f64::from).collect();
        let mut pulled = moved.clone();
        self.weigh(&mut pulled);
        let pulled = rounded(&pulled);
        for (moved, root) in moved.iter_mut().zip(&inverse.roots) {
            *moved = if *root > 0.0 { *moved / root } else { 0.0 };
        }
        // D̄⁻¹(r + Ūa − K̄ᵀz) for one piece.
        let solution = |other: usize, residual: Option<&[f64]>| -> Vec<f64> {
            let piece = &inverse.pieces[other];
            let mut left = products(inverse.columns(other), &pulled);
            for (j, (left, u)) in left.iter_mut().zip(&piece.radial).enumerate() {
                *left = residual.map_or(0.0, |r| r[j]) + f64::from(along[other]) * u - *left;
            }
            piece.invert(&left)
        };
        let (_, lost) = self.pass(&self.dropped, |&other, sum| {
            add_columns(inverse.columns(other), &solution(other, None), sum);
        });
        let alone = |new: &New| -> Vec<f64> {
            let own = &residual[system.pieces[new.piece].at.clone()];
            new.alone.as_ref().map_or_else(|| own.to_vec(), |alone| alone.invert(own))
        };
        let (_, gained) = self
            .pass(&self.new, |new, sum| add_columns(new.columns.chunks_exact(n), &alone(new), sum));
        // W X x.
        let mut curved = moved;
        for (((curved, lost), gained), w) in
            curved.iter_mut().zip(&lost).zip(&gained).zip(system.weights)
        {
            *curved = w * (*curved - lost + gained);
        }
        let curved = rounded(&curved);
        let product = |k: usize, x: &[f64], columns: ChunksExact<'_, f32>| -> Vec<f64> {
            let mut product = products(columns, &curved);
            system.pieces[k].add_product(x, &mut product);
            product
        };
        let (shared, mut across) = self.pass(&self.shared, |&(k, other), sum| {
            let own = &residual[system.pieces[k].at.clone()];
            let x = solution(other, Some(own));
            let product = product(k, &x, inverse.columns(other));
            add_columns(inverse.columns(other), &inverse.pieces[other].invert(&product), sum);
            (k, x, product)
        });
        self.weigh(&mut across);
        let new = self.new.iter().map(|new| {
            let x = alone(new);
            let product = product(new.piece, &x, new.columns.chunks_exact(n));
            (new.piece, x, product)
        });
        let mut direction = Direction {
            solution: vec![0.0; residual.len()],
            product: vec![0.0; residual.len()],
            across,
        };
        for (k, x, product) in shared.into_iter().chain(new) {
            let at = system.pieces[k].at.clone();
            direction.solution[at.clone()].copy_from_slice(&x);
            direction.product[at].copy_from_slice(&product);
        }
        direction
    }

    /// Multiplies by `W̄^½`.
    fn weigh(&self, rows: &mut [f64]) {
        for (x, root) in rows.iter_mut().zip(&self.inverse.roots) {
            *x *= root;
        }
    }

    /// What is made of each piece, and the sum over the rows to which each adds; in an order that does not depend
    /// on threads.
    fn pass<P: Sync, R: Send>(
        &self,
        pieces: &[P],
        make: impl Fn(&P, &mut [f32]) -> R + Sync,
    ) -> (Vec<R>, Vec<f64>) {
        let n = self.inverse.roots.len();
        let of_task = |pieces: &[P]| {
            let mut sum = vec![0.0; n];
            let made: Vec<R> = pieces.iter().map(|piece| make(piece, &mut sum)).collect();
            (made, sum)
        };
        let tasks: Vec<(Vec<R>, Vec<f32>)> = pieces.par_chunks(TASK_PIECES).map(of_task).collect();
        let (mut all, mut total) = (Vec::new(), vec![0.0; n]);
        for (made, sum) in tasks {
            all.extend(made);
            for (total, sum) in total.iter_mut().zip(sum) {
                *total += f64::from(sum);
            }
        }
        (all, total)
    }
}

/// `Σ a_i b_i`.
fn inner(a: &[f64], b: &[f64]) -> f64 {
    vectorized(
        #[inline(always)]
        || dot(a, b),
    )
}

/// `out += share · x`.
fn add(share: f64, x: &[f64], out: &mut [f64]) {
    vectorized(
        #[inline(always)]
        || {
            for (out, x) in out.iter_mut().zip(x) {
                *out += share * x;
            }
        },
    );
}
