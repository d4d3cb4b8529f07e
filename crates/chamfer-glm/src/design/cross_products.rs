//! Products of all columns with each other: what least squares needs to know of the rows.

use super::Centred;
use super::vectors::vectorized;
use faer::linalg::matmul::matmul;
use faer::linalg::matmul::triangular::{self, BlockStructure};
use faer::{Accum, ColMut, Mat, MatRef, Par};
use rayon::prelude::*;

/// Rows that are gathered at a time: all columns of them stay in cache.
const ROWS: usize = 512;
/// Rows whose parts come one after the other, so that a column's entries are read from memory once for all parts.
const ROWS_OF_PARTS: usize = 4096;
/// Columns that are gathered in one task at least.
const COLUMNS_OF_TASK: usize = 16;
/// Columns of the result in one task.
const COLUMNS: usize = 256;

/// See [`Design::cross_products`](super::Design::cross_products); `copy` writes the centred entries of a column in some
/// rows, which rise.
pub(super) fn cross_products(
    columns: &[Centred],
    more: &[&[f64]],
    w: &[f64],
    parts: &[Vec<usize>],
    stop: &(dyn Fn() -> bool + Sync),
    copy: impl Fn(&Centred, &[usize], &mut [f64]) + Sync,
) -> Option<Vec<Mat<f64>>> {
    let size = columns.len() + more.len();
    let mut sums = vec![Mat::zeros(size, size); parts.len()];
    let mut packed = Mat::zeros(ROWS, size);
    for first in (0..w.len()).step_by(ROWS_OF_PARTS) {
        for (part, sums) in parts.iter().zip(&mut sums) {
            let from = part.partition_point(|&i| i < first);
            let end = part.partition_point(|&i| i < first + ROWS_OF_PARTS);
            for rows in part[from..end].chunks(ROWS) {
                if stop() {
                    return None;
                }
                let roots: Vec<f64> = rows.iter().map(|&i| w[i].sqrt()).collect();
                let pack = |(j, column): (usize, ColMut<'_, f64>)| {
                    let Some(column) = column.try_as_col_major_mut() else { return };
                    let column = &mut column.as_slice_mut()[..rows.len()];
                    match columns.get(j) {
                        Some(at) => copy(at, rows, column),
                        None => gather(more[j - columns.len()], 0.0, rows, column),
                    }
                    for (x, root) in column.iter_mut().zip(&roots) {
                        *x *= root;
                    }
                };
                let columns = packed.as_mut().par_col_iter_mut().enumerate();
                columns.with_min_len(COLUMNS_OF_TASK).for_each(pack);
                add_square(sums, packed.subrows(0, rows.len()));
            }
        }
    }
    Some(sums)
}

/// Adds the lower triangle of `xᵀx`, block by block in parallel.
pub(crate) fn add_square(sums: &mut Mat<f64>, x: MatRef<'_, f64>) {
    let mut blocks = Vec::new();
    let mut rest = sums.as_mut();
    while rest.ncols() > 0 {
        let first = x.ncols() - rest.ncols();
        let size = COLUMNS.min(rest.ncols());
        let (strip, right) = rest.split_at_col_mut(size);
        let columns = x.subcols(first, size);
        let (_, mut strip) = strip.split_at_row_mut(first);
        while strip.nrows() > 0 {
            let row = x.ncols() - strip.nrows();
            let (block, below) = strip.split_at_row_mut(COLUMNS.min(x.ncols() - row));
            blocks.push((x.subcols(row, block.nrows()), columns, row == first, block));
            strip = below;
        }
        rest = right;
    }
    blocks.into_par_iter().for_each(|(rows, columns, is_square, block)| {
        let (rows, par) = (rows.transpose(), Par::Seq);
        if is_square {
            let (lower, whole) = (BlockStructure::TriangularLower, BlockStructure::Rectangular);
            triangular::matmul(block, lower, Accum::Add, rows, whole, columns, whole, 1.0, par);
        } else {
            matmul(block, Accum::Add, rows, columns, 1.0, par);
        }
    });
}

/// Writes the centred entries of a column in some rows, which rise.
pub(super) fn gather<T: Copy + Into<f64>>(
    column: &[T],
    centre: f64,
    rows: &[usize],
    out: &mut [f64],
) {
    if let (Some(&first), Some(&last)) = (rows.first(), rows.last())
        && last + 1 - first == rows.len()
    {
        let run = &column[first..=last];
        vectorized(
            #[inline(always)]
            || {
                for (out, &x) in out.iter_mut().zip(run) {
                    *out = x.into() - centre;
                }
            },
        );
        return;
    }
    for (out, &i) in out.iter_mut().zip(rows) {
        *out = column[i].into() - centre;
    }
}
