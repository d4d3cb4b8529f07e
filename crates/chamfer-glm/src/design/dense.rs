//! Column-major dense matrices.

use super::cross_products::{cross_products, gather};
use super::vectors::{TILE, add_scaled, products, reduce, reduce_columns, vectorized};
use super::{Centred, Design, Moments};
use crate::Error;
use crate::held::Held;
use faer::linalg::matmul::matmul;
use faer::{Accum, ColMut, Mat, MatMut, MatRef, Par};
use rayon::prelude::*;
use std::ops::Range;

/// Rows that are gathered at a time for a Gram block: a block of columns stays in cache.
const GRAM_ROWS: usize = 512;
/// Columns of one Gram task.
const GRAM_COLUMNS: usize = 128;
/// Rows that products with several vectors read at a time.
const PRODUCT_ROWS: usize = 2048;
/// Columns of one task of these.
const PRODUCT_COLUMNS: usize = 64;
/// Least run of entries of one column that a product reads at a time.
const LEAST_RUN: usize = 1024;
/// Rows from which on columns are read four at a time: what is summed in lanes is added up four times as often.
const LONG: usize = 4096;
/// Entries that one task should handle at least, so that small problems stay on one thread.
const TASK_ENTRIES: usize = 1 << 15;

/// A dense matrix in memory, column after column; one that is borrowed is never copied.
///
/// `T` is `f64` or `f32`; sums are in `f64` either way.
#[derive(Debug, Clone)]
pub struct DenseDesign<'a, T> {
    n_rows: usize,
    n_cols: usize,
    values: Held<'a, [T]>,
}

impl<'a, T: Copy + Into<f64> + Send + Sync> DenseDesign<'a, T> {
    /// A matrix of `n_rows × n_cols` whose entry `(i, j)` is `values[j * n_rows + i]`.
    ///
    /// # Errors
    /// If `values` does not have `n_rows * n_cols` entries, or there are none.
    pub fn new(n_rows: usize, n_cols: usize, values: &'a [T]) -> Result<Self, Error> {
        if n_rows == 0 || n_cols == 0 {
            return Err(Error::EmptyDesign { n_rows, n_cols });
        }
        if n_rows.checked_mul(n_cols) != Some(values.len()) {
            let expected = n_rows.saturating_mul(n_cols);
            return Err(Error::LengthMismatch {
                what: "the design",
                expected,
                found: values.len(),
            });
        }
        Ok(Self { n_rows, n_cols, values: Held::Borrowed(values) })
    }

    /// The same of values that nobody else has.
    pub(crate) fn of_own(n_rows: usize, n_cols: usize, values: Vec<T>) -> Result<Self, Error> {
        DenseDesign::new(n_rows, n_cols, &values)?;
        Ok(Self { n_rows, n_cols, values: Held::Shared(values.into()) })
    }

    /// Writes the centred entries of a column in some rows, which rise.
    pub(super) fn copy_rows(&self, at: &Centred, rows: &[usize], out: &mut [f64]) {
        gather((self.by_column().column)(at.column), at.centre, rows, out);
    }

    fn by_column<'s>(&'s self) -> ByColumn<impl Fn(usize) -> &'s [T] + Send + Sync> {
        let (n_rows, n_cols, values) = (self.n_rows, self.n_cols, &*self.values);
        ByColumn { n_rows, n_cols, column: move |j| &values[j * n_rows..(j + 1) * n_rows] }
    }
}

/// Columns in memory, wherever each of them is.
pub(super) struct ByColumn<F> {
    pub(super) n_rows: usize,
    pub(super) n_cols: usize,
    pub(super) column: F,
}

impl<F> ByColumn<F> {
    /// Writes the centred entries of a column in some rows.
    fn copy_centred<'a, T: Copy + Into<f64> + 'a>(
        &self,
        at: &Centred,
        rows: Range<usize>,
        out: &mut [f64],
    ) where
        F: Fn(usize) -> &'a [T],
    {
        vectorized(
            #[inline(always)]
            || {
                for (out, &x) in out.iter_mut().zip(&(self.column)(at.column)[rows]) {
                    *out = x.into() - at.centre;
                }
            },
        );
    }

    /// Columns for one parallel task.
    fn columns_per_task(&self) -> usize {
        (TASK_ENTRIES / self.n_rows).max(1)
    }
}

/// The weighted Gram block of dense columns, packed a few rows at a time; `copy` writes the centred entries
/// of a column in some rows.
pub(super) fn packed_gram(
    n_rows: usize,
    rows: &[Centred],
    columns: &[Centred],
    w: &[f64],
    mut out: MatMut<'_, f64>,
    copy: impl Fn(&Centred, Range<usize>, &mut [f64]) + Sync,
) {
    out.fill(0.0);
    let mut packed = Mat::zeros(GRAM_ROWS.min(n_rows), rows.len() + columns.len());
    for first in (0..n_rows).step_by(GRAM_ROWS) {
        let chunk = first..n_rows.min(first + GRAM_ROWS);
        let n = chunk.len();
        let pack = |(k, column): (usize, ColMut<'_, f64>)| {
            let Some(column) = column.try_as_col_major_mut() else { return };
            let column = &mut column.as_slice_mut()[..n];
            if let Some(at) = columns.get(k) {
                copy(at, chunk.clone(), column);
                return;
            }
            copy(&rows[k - columns.len()], chunk.clone(), column);
            for (x, w) in column.iter_mut().zip(&w[chunk.clone()]) {
                *x *= w;
            }
        };
        let task = (TASK_ENTRIES / n).max(1);
        packed.as_mut().par_col_iter_mut().enumerate().with_min_len(task).for_each(pack);
        let (right, left) = packed.subrows(0, n).split_at_col(columns.len());
        let mut tasks = Vec::new();
        let mut rest = out.as_mut();
        while rest.nrows() > 0 {
            let row = rows.len() - rest.nrows();
            let (block, below) = rest.split_at_row_mut(GRAM_COLUMNS.min(rows.len() - row));
            tasks.push((left.subcols(row, block.nrows()), block));
            rest = below;
        }
        tasks.into_par_iter().for_each(|(left, block)| {
            matmul(block, Accum::Add, left.transpose(), right, 1.0, Par::Seq);
        });
    }
}

/// Products of dense columns with some vectors, in `out` vector by vector; a few rows at a time, so that the
/// vectors stay in cache.
fn tiled_products(
    n_rows: usize,
    columns: &[Centred],
    v: &[&[f64]],
    out: &mut [f64],
    copy: impl Fn(&Centred, Range<usize>, &mut [f64]) + Sync,
) {
    let of_task = |columns: &[Centred]| {
        let mut sums = vec![0.0; columns.len() * v.len()];
        let mut tile = [(); TILE].map(|()| vec![0.0; PRODUCT_ROWS]);
        for first in (0..n_rows).step_by(PRODUCT_ROWS) {
            let rows = first..n_rows.min(first + PRODUCT_ROWS);
            for (columns, sums) in columns.chunks(TILE).zip(sums.chunks_mut(TILE * v.len())) {
                for (at, x) in columns.iter().zip(&mut tile) {
                    copy(at, rows.clone(), &mut x[..rows.len()]);
                }
                let x = tile.each_ref().map(|x| &x[..rows.len()]);
                for first in (0..v.len()).step_by(TILE) {
                    let nth = |k: usize| &v[(first + k).min(v.len() - 1)][rows.clone()];
                    let products = products(x, std::array::from_fn(nth));
                    for (sums, products) in sums.chunks_exact_mut(v.len()).zip(products) {
                        for (sum, product) in sums[first..].iter_mut().zip(products) {
                            *sum += product;
                        }
                    }
                }
            }
        }
        sums
    };
    let sums: Vec<Vec<f64>> = columns.par_chunks(PRODUCT_COLUMNS).map(of_task).collect();
    for (k, out) in out.chunks_exact_mut(columns.len().max(1)).enumerate() {
        for (out, sums) in out.iter_mut().zip(sums.iter().flat_map(|s| s.chunks_exact(v.len()))) {
            *out = sums[k];
        }
    }
}

/// Adds dense columns, packed a few rows at a time, times a matrix with a column for each of `out`.
fn add_packed(
    n_rows: usize,
    columns: &[Centred],
    b: MatRef<'_, f64>,
    out: &mut [&mut [f64]],
    copy: impl Fn(&Centred, Range<usize>, &mut [f64]) + Sync,
) {
    let of_chunk = |chunk: usize| {
        let first = chunk * GRAM_ROWS;
        let n = GRAM_ROWS.min(n_rows - first);
        let mut packed = Mat::zeros(n, columns.len());
        for (k, at) in columns.iter().enumerate() {
            copy(at, first..first + n, packed.col_as_slice_mut(k));
        }
        let mut sums = Mat::zeros(n, b.ncols());
        matmul(sums.as_mut(), Accum::Replace, &packed, b, 1.0, Par::Seq);
        sums
    };
    let sums: Vec<Mat<f64>> =
        (0..n_rows.div_ceil(GRAM_ROWS)).into_par_iter().map(of_chunk).collect();
    for (k, out) in out.iter_mut().enumerate() {
        for (out, sums) in out.chunks_mut(GRAM_ROWS).zip(&sums) {
            for (out, sum) in out.iter_mut().zip(sums.col_as_slice(k)) {
                *out += sum;
            }
        }
    }
}

impl<T: Copy + Into<f64> + Send + Sync> Design for DenseDesign<'_, T> {
    fn n_rows(&self) -> usize {
        self.n_rows
    }

    fn n_cols(&self) -> usize {
        self.n_cols
    }

    fn n_bytes(&self) -> usize {
        size_of_val(&*self.values)
    }

    fn transpose_product(&self, columns: &[Centred], v: &[f64], out: &mut [f64]) {
        self.by_column().transpose_product(columns, v, out);
    }

    fn transpose_products(&self, columns: &[Centred], v: &[&[f64]], out: &mut [f64]) {
        self.by_column().transpose_products(columns, v, out);
    }

    fn add_product(&self, columns: &[Centred], b: &[f64], out: &mut [f64]) {
        self.by_column().add_product(columns, b, out);
    }

    fn add_products(&self, columns: &[Centred], b: &[&[f64]], out: &mut [&mut [f64]]) {
        self.by_column().add_products(columns, b, out);
    }

    fn gram(&self, rows: &[Centred], columns: &[Centred], w: &[f64], out: MatMut<'_, f64>) {
        self.by_column().gram(rows, columns, w, out);
    }

    fn cross_products(
        &self,
        columns: &[Centred],
        more: &[&[f64]],
        w: &[f64],
        parts: &[Vec<usize>],
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Option<Vec<Mat<f64>>> {
        cross_products(columns, more, w, parts, stop, |at, rows, out| {
            self.copy_rows(at, rows, out);
        })
    }

    fn squares(&self, columns: &[Centred], w: &[f64], out: &mut [f64]) {
        self.by_column().squares(columns, w, out);
    }

    fn moments(&self, weights: &[f64]) -> Vec<Moments> {
        self.by_column().moments(weights)
    }

    fn find_non_finite(&self) -> Option<(usize, usize)> {
        self.by_column().find_non_finite()
    }

    fn copy_column(&self, column: usize, out: &mut [f64]) {
        self.by_column().copy_column(column, out);
    }
}

impl<'a, T, F> Design for ByColumn<F>
where
    T: Copy + Into<f64> + Send + Sync + 'a,
    F: Fn(usize) -> &'a [T] + Send + Sync,
{
    fn n_rows(&self) -> usize {
        self.n_rows
    }

    fn n_cols(&self) -> usize {
        self.n_cols
    }

    fn transpose_product(&self, columns: &[Centred], v: &[f64], out: &mut [f64]) {
        let task = self.columns_per_task();
        columns.par_chunks(task).zip(out.par_chunks_mut(task)).for_each(|(columns, out)| {
            vectorized(
                #[inline(always)]
                || {
                    let together = if self.n_rows < LONG { 0 } else { columns.len() / 4 * 4 };
                    let (fours, rest) = columns.split_at(together);
                    let (out_of_fours, out_of_rest) = out.split_at_mut(together);
                    let (fours, _) = fours.as_chunks::<4>();
                    let (out_of_fours, _) = out_of_fours.as_chunks_mut::<4>();
                    for (four, out) in fours.iter().zip(out_of_fours) {
                        let x = four.each_ref().map(|at| (self.column)(at.column));
                        *out = reduce_columns(x, v, |c, x, v| v * (x - four[c].centre));
                    }
                    for (at, out) in rest.iter().zip(out_of_rest) {
                        let centre = at.centre;
                        *out = reduce((self.column)(at.column), v, |x, v| v * (x - centre));
                    }
                },
            );
        });
    }

    fn transpose_products(&self, columns: &[Centred], v: &[&[f64]], out: &mut [f64]) {
        match v {
            [] => {}
            [v] => self.transpose_product(columns, v, out),
            _ => tiled_products(self.n_rows, columns, v, out, |at, rows, out| {
                self.copy_centred(at, rows, out);
            }),
        }
    }

    fn add_product(&self, columns: &[Centred], b: &[f64], out: &mut [f64]) {
        let rows = (TASK_ENTRIES / columns.len().max(1)).max(LEAST_RUN);
        out.par_chunks_mut(rows).enumerate().for_each(|(chunk, out)| {
            let first = chunk * rows;
            let range = first..first + out.len();
            let part = |at: &Centred| &(self.column)(at.column)[range.clone()];
            // Four columns for each time that the results go through the registers.
            let (fours, rest) = columns.as_chunks::<4>();
            let (b_fours, b_rest) = b.as_chunks::<4>();
            for (at, b) in fours.iter().zip(b_fours) {
                add_scaled(at.each_ref().map(part), at.map(|at| at.centre), *b, out);
            }
            for (at, b) in rest.iter().zip(b_rest) {
                add_scaled([part(at)], [at.centre], [*b], out);
            }
        });
    }

    fn add_products(&self, columns: &[Centred], b: &[&[f64]], out: &mut [&mut [f64]]) {
        if let ([b], [out]) = (b, &mut *out) {
            self.add_product(columns, b, out);
            return;
        }
        let b = Mat::from_fn(columns.len(), b.len(), |j, k| b[k][j]);
        add_packed(self.n_rows, columns, b.as_ref(), out, |at, rows, out| {
            self.copy_centred(at, rows, out);
        });
    }

    fn gram(&self, rows: &[Centred], columns: &[Centred], w: &[f64], out: MatMut<'_, f64>) {
        packed_gram(self.n_rows, rows, columns, w, out, |at, rows, out| {
            self.copy_centred(at, rows, out);
        });
    }

    fn squares(&self, columns: &[Centred], w: &[f64], out: &mut [f64]) {
        let task = self.columns_per_task();
        columns.par_chunks(task).zip(out.par_chunks_mut(task)).for_each(|(columns, out)| {
            vectorized(
                #[inline(always)]
                || {
                    for (at, out) in columns.iter().zip(out) {
                        let centre = at.centre;
                        let square = |x: f64, w: f64| w * (x - centre) * (x - centre);
                        *out = reduce((self.column)(at.column), w, square);
                    }
                },
            );
        });
    }

    fn moments(&self, weights: &[f64]) -> Vec<Moments> {
        let columns = 0..self.n_cols;
        let moments = columns.into_par_iter().with_min_len(self.columns_per_task()).map(|j| {
            let x = (self.column)(j);
            // Exactly 0, where rounding would leave a speck that later looks like signal.
            let mut counted = x.iter().zip(weights).filter(|(_, w)| **w > 0.0).map(|(&x, _)| x);
            let first = counted.next().map_or(0.0, Into::into);
            if counted.all(|x| x.into() == first) {
                return Moments { mean: first, variance: 0.0 };
            }
            // A second pass takes away the rounding error of the first.
            vectorized(
                #[inline(always)]
                || {
                    let rough = reduce(x, weights, |x, w| w * x);
                    let mean = rough + reduce(x, weights, |x, w| w * (x - rough));
                    let variance = reduce(x, weights, |x, w| w * (x - mean) * (x - mean));
                    Moments { mean, variance }
                },
            )
        });
        moments.collect()
    }

    fn find_non_finite(&self) -> Option<(usize, usize)> {
        let find = |j| {
            let x = (self.column)(j);
            // 0 · x is 0 unless x is not finite.
            if vectorized(
                #[inline(always)]
                || reduce(x, x, |x, _| 0.0 * x),
            ) == 0.0
            {
                return None;
            }
            x.iter().position(|&x| !x.into().is_finite()).map(|row| (row, j))
        };
        (0..self.n_cols).into_par_iter().find_map_first(find)
    }

    fn copy_column(&self, column: usize, out: &mut [f64]) {
        for (out, &x) in out.iter_mut().zip((self.column)(column)) {
            *out = x.into();
        }
    }
}
