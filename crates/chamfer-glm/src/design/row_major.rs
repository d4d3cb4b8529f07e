//! Row-major dense matrices.

use super::cross_products::cross_products;
use super::dense::packed_gram;
use super::{Centred, Design, Moments, sum_over_rows};
use crate::Error;
use faer::{Mat, MatMut};
use rayon::prelude::*;

/// Entries that one task should handle at least.
const TASK_ENTRIES: usize = 1 << 15;

/// A dense matrix in memory, row after row, borrowed and never copied.
///
/// `T` is `f64` or `f32`; sums are in `f64` either way. Passes over all columns stream the rows; passes over
/// a few columns touch a cache line for each entry, so column after column
/// ([`DenseDesign`](super::DenseDesign)) is faster where there is a choice.
#[derive(Debug, Clone, Copy)]
pub struct RowMajorDesign<'a, T> {
    n_rows: usize,
    n_cols: usize,
    values: &'a [T],
}

impl<'a, T: Copy + Into<f64> + Send + Sync> RowMajorDesign<'a, T> {
    /// A matrix of `n_rows × n_cols` whose entry `(i, j)` is `values[i * n_cols + j]`.
    ///
    /// # Errors
    /// If `values` does not have `n_rows * n_cols` entries, or there are none.
    pub fn new(n_rows: usize, n_cols: usize, values: &'a [T]) -> Result<Self, Error> {
        if n_rows == 0 || n_cols == 0 {
            return Err(Error::EmptyDesign { n_rows, n_cols });
        }
        Error::check_length("the design", n_rows.saturating_mul(n_cols), values.len())?;
        Ok(Self { n_rows, n_cols, values })
    }

    fn row(&self, i: usize) -> &'a [T] {
        &self.values[i * self.n_cols..(i + 1) * self.n_cols]
    }

    /// Calls `visit(k, x)` for the entries of row `i` in `columns`.
    #[inline]
    fn visit(&self, i: usize, columns: &[Centred], mut visit: impl FnMut(usize, f64)) {
        let row = self.row(i);
        if columns.len() == self.n_cols {
            // All columns come in their order, unless a group repeats one.
            for (k, (at, &x)) in columns.iter().zip(row).enumerate() {
                let x = if at.column == k { x } else { row[at.column] };
                visit(k, x.into() - at.centre);
            }
        } else {
            for (k, at) in columns.iter().enumerate() {
                visit(k, row[at.column].into() - at.centre);
            }
        }
    }
}

impl<T: Copy + Into<f64> + Send + Sync> Design for RowMajorDesign<'_, T> {
    fn n_rows(&self) -> usize {
        self.n_rows
    }

    fn n_cols(&self) -> usize {
        self.n_cols
    }

    fn n_bytes(&self) -> usize {
        size_of_val(self.values)
    }

    fn transpose_product(&self, columns: &[Centred], v: &[f64], out: &mut [f64]) {
        let sums = sum_over_rows(self.n_rows, columns.len(), |rows, sums| {
            for i in rows.filter(|&i| v[i] != 0.0) {
                self.visit(i, columns, |k, x| sums[k] += v[i] * x);
            }
        });
        out.copy_from_slice(&sums);
    }

    fn add_product(&self, columns: &[Centred], b: &[f64], out: &mut [f64]) {
        let rows = (TASK_ENTRIES / columns.len().max(1)).max(64);
        out.par_chunks_mut(rows).enumerate().for_each(|(chunk, out)| {
            for (i, out) in (chunk * rows..).zip(out) {
                self.visit(i, columns, |k, x| *out += b[k] * x);
            }
        });
    }

    fn gram(&self, rows: &[Centred], columns: &[Centred], w: &[f64], out: MatMut<'_, f64>) {
        packed_gram(self.n_rows, rows, columns, w, out, |at, rows, out| {
            for (out, i) in out.iter_mut().zip(rows) {
                *out = self.row(i)[at.column].into() - at.centre;
            }
        });
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
            for (out, &i) in out.iter_mut().zip(rows) {
                *out = self.row(i)[at.column].into() - at.centre;
            }
        })
    }

    fn moments(&self, weights: &[f64]) -> Vec<Moments> {
        let p = self.n_cols;
        let counted = |i: &usize| weights[*i] > 0.0;
        let Some(first) = (0..self.n_rows).find(counted) else {
            return vec![Moments { mean: 0.0, variance: 0.0 }; p];
        };
        let first: Vec<f64> = self.row(first).iter().map(|&x| x.into()).collect();
        // Around the first row: sums of the weighted differences, and of how many there are.
        let sums = sum_over_rows(self.n_rows, 2 * p, |rows, sums| {
            let (sums, differences) = sums.split_at_mut(p);
            for i in rows.filter(counted) {
                for (j, &x) in self.row(i).iter().enumerate() {
                    let difference = x.into() - first[j];
                    sums[j] += weights[i] * difference;
                    differences[j] += f64::from(difference != 0.0);
                }
            }
        });
        let rough: Vec<f64> = first.iter().zip(&sums).map(|(first, sum)| first + sum).collect();
        let spreads = sum_over_rows(self.n_rows, 2 * p, |rows, sums| {
            let (sums, squares) = sums.split_at_mut(p);
            for i in rows.filter(counted) {
                for (j, &x) in self.row(i).iter().enumerate() {
                    let difference = x.into() - rough[j];
                    sums[j] += weights[i] * difference;
                    squares[j] += weights[i] * difference * difference;
                }
            }
        });
        let of_column = |j: usize| {
            if sums[p + j] == 0.0 {
                return Moments { mean: first[j], variance: 0.0 };
            }
            let correction = spreads[j];
            let variance = spreads[p + j] - correction * correction;
            Moments { mean: rough[j] + correction, variance: variance.max(f64::MIN_POSITIVE) }
        };
        (0..p).map(of_column).collect()
    }

    fn find_non_finite(&self) -> Option<(usize, usize)> {
        let find = |i| {
            let column = self.row(i).iter().position(|&x| !x.into().is_finite());
            column.map(|column| (i, column))
        };
        (0..self.n_rows).into_par_iter().find_map_first(find)
    }

    fn copy_column(&self, column: usize, out: &mut [f64]) {
        for (i, out) in out.iter_mut().enumerate() {
            *out = self.row(i)[column].into();
        }
    }
}
