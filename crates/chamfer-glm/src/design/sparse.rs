//! Compressed sparse columns, never made dense.

use super::vectors::vectorized;
use super::{Centred, Design, Index, Moments};
use crate::Error;
use faer::{MatMut, MatRef};
use rayon::prelude::*;

/// Columns that one parallel task should handle at least.
const TASK_COLUMNS: usize = 256;
/// Vectors that entries are multiplied with at a time: a row of them fills a line of the cache.
const WIDTH: usize = 8;

/// A sparse matrix in compressed column form, borrowed and never copied.
///
/// `I` is `usize`, `i64` or `i32`, and `T` is `f64` or `f32`; sums are in `f64`.
/// Centring is done by algebra on the sums, so it costs nothing per zero.
#[derive(Debug, Clone, Copy)]
pub struct SparseDesign<'a, I = usize, T = f64> {
    n_rows: usize,
    column_starts: &'a [I],
    row_indices: &'a [I],
    values: &'a [T],
}

impl<'a, I: Index, T: Copy + Into<f64> + Send + Sync> SparseDesign<'a, I, T> {
    /// A matrix with `n_rows` rows; the entries of column `j` stand at
    /// `column_starts[j]..column_starts[j + 1]` of `row_indices` and `values`.
    ///
    /// # Errors
    /// If the matrix is empty, the starts do not rise from 0 to the number of values, or the rows
    /// of a column are not strictly increasing and below `n_rows`.
    pub fn new(
        n_rows: usize,
        column_starts: &'a [I],
        row_indices: &'a [I],
        values: &'a [T],
    ) -> Result<Self, Error> {
        if n_rows == 0 || column_starts.len() < 2 {
            let n_cols = column_starts.len().saturating_sub(1);
            return Err(Error::EmptyDesign { n_rows, n_cols });
        }
        Error::check_length("row_indices", values.len(), row_indices.len())?;
        super::compressed::check_compressed(column_starts, row_indices, n_rows)
            .map_err(|column| Error::InvalidSparseColumn { column })?;
        Ok(Self { n_rows, column_starts, row_indices, values })
    }

    /// Rows and values of the entries of column `j`.
    fn entries(&self, j: usize) -> impl Iterator<Item = (usize, f64)> + '_ {
        let range = self.column_starts[j].index()..self.column_starts[j + 1].index();
        let rows = self.row_indices[range.clone()].iter().map(|i| i.index());
        rows.zip(self.values[range].iter().map(|&x| x.into()))
    }

    fn dot(&self, j: usize, v: &[f64]) -> f64 {
        self.entries(j).map(|(i, x)| x * v[i]).sum()
    }

    /// [`transpose_product`](Design::transpose_product) of up to `N` vectors, which are read row by row.
    fn transpose_few<const N: usize>(&self, columns: &[Centred], v: &[&[f64]], out: &mut [f64]) {
        let row = |i: usize| std::array::from_fn(|k| v.get(k).map_or(0.0, |v| v[i]));
        let rows: Vec<[f64; N]> = (0..self.n_rows).map(row).collect();
        let mut totals = [0.0; N];
        for (total, v) in totals.iter_mut().zip(v) {
            *total = v.iter().sum();
        }
        // Some columns, and where their products with each vector go.
        let some = columns.chunks(TASK_COLUMNS);
        let mut tasks: Vec<_> = some.map(|columns| (columns, Vec::with_capacity(N))).collect();
        for out in out.chunks_exact_mut(columns.len().max(1)) {
            for (task, out) in tasks.iter_mut().zip(out.chunks_mut(TASK_COLUMNS)) {
                task.1.push(out);
            }
        }
        tasks.into_par_iter().for_each(|(columns, mut out)| {
            vectorized(
                #[inline(always)]
                || {
                    for (c, at) in columns.iter().enumerate() {
                        let mut sums = [0.0; N];
                        for (i, x) in self.entries(at.column) {
                            for (sum, v) in sums.iter_mut().zip(&rows[i]) {
                                *sum += x * v;
                            }
                        }
                        for ((out, sum), total) in out.iter_mut().zip(sums).zip(totals) {
                            out[c] = sum - at.centre * total;
                        }
                    }
                },
            );
        });
    }
}

impl<I: Index, T: Copy + Into<f64> + Send + Sync> Design for SparseDesign<'_, I, T> {
    fn n_rows(&self) -> usize {
        self.n_rows
    }

    fn n_cols(&self) -> usize {
        self.column_starts.len() - 1
    }

    fn n_bytes(&self) -> usize {
        self.values.len() * (size_of::<T>() + size_of::<I>())
    }

    fn n_entries(&self, columns: &[Centred]) -> usize {
        let start = |j: usize| self.column_starts[j].index();
        columns.iter().map(|at| start(at.column + 1) - start(at.column)).sum()
    }

    fn transpose_product(&self, columns: &[Centred], v: &[f64], out: &mut [f64]) {
        let total: f64 = v.iter().sum();
        let tasks = columns.par_iter().with_min_len(TASK_COLUMNS).zip(out);
        tasks.for_each(|(at, out)| *out = self.dot(at.column, v) - at.centre * total);
    }

    fn transpose_products(&self, columns: &[Centred], v: &[&[f64]], out: &mut [f64]) {
        for (v, out) in v.chunks(WIDTH).zip(out.chunks_mut(WIDTH * columns.len().max(1))) {
            match v {
                [v] => self.transpose_product(columns, v, out),
                v if v.len() <= WIDTH / 2 => self.transpose_few::<{ WIDTH / 2 }>(columns, v, out),
                v => self.transpose_few::<WIDTH>(columns, v, out),
            }
        }
    }

    fn add_product(&self, columns: &[Centred], b: &[f64], out: &mut [f64]) {
        let mut shift = 0.0;
        for (at, &b) in columns.iter().zip(b) {
            for (i, x) in self.entries(at.column) {
                out[i] += b * x;
            }
            shift += b * at.centre;
        }
        if shift != 0.0 {
            for out in out {
                *out -= shift;
            }
        }
    }

    fn gram(&self, rows: &[Centred], columns: &[Centred], w: &[f64], mut out: MatMut<'_, f64>) {
        if columns.len() <= WIDTH {
            // Few columns of the matrix are products with vectors.
            let curved = |b: &Centred| {
                let mut column = vec![0.0; self.n_rows];
                self.copy_column(b.column, &mut column);
                for (x, w) in column.iter_mut().zip(w) {
                    *x = w * (*x - b.centre);
                }
                column
            };
            let curved: Vec<Vec<f64>> = columns.iter().map(curved).collect();
            let vectors: Vec<&[f64]> = curved.iter().map(Vec::as_slice).collect();
            let mut products = vec![0.0; rows.len() * columns.len()];
            self.transpose_products(rows, &vectors, &mut products);
            out.copy_from(MatRef::from_column_major_slice(&products, rows.len(), columns.len()));
            return;
        }
        let total: f64 = w.iter().sum();
        let row_sums: Vec<f64> = rows.iter().map(|at| self.dot(at.column, w)).collect();
        let by_row = ByRow::new(self, rows, w);
        let tasks: Vec<_> = columns.iter().zip(out.col_iter_mut()).collect();
        let scratch = || vec![0.0; rows.len()];
        tasks.into_par_iter().for_each_init(scratch, |cross, (b, mut out)| {
            let mut b_sum = 0.0;
            for (i, x) in self.entries(b.column) {
                by_row.add(i, x, cross);
                b_sum += w[i] * x;
            }
            for (k, (a, a_sum)) in rows.iter().zip(&row_sums).enumerate() {
                // Σw(x_a − c_a)(x_b − c_b), multiplied out.
                let means = a.centre * b_sum + b.centre * a_sum;
                out[k] = cross[k] - means + a.centre * b.centre * total;
            }
            cross.fill(0.0);
        });
    }

    fn squares(&self, columns: &[Centred], w: &[f64], out: &mut [f64]) {
        let total: f64 = w.iter().sum();
        let tasks = columns.par_iter().with_min_len(TASK_COLUMNS).zip(out);
        tasks.for_each(|(at, out)| {
            let (mut square, mut sum) = (0.0, 0.0);
            for (i, x) in self.entries(at.column) {
                square += w[i] * x * x;
                sum += w[i] * x;
            }
            *out = square - 2.0 * at.centre * sum + at.centre * at.centre * total;
        });
    }

    fn moments(&self, weights: &[f64]) -> Vec<Moments> {
        let n_counted = weights.iter().filter(|&&w| w > 0.0).count();
        let columns = (0..self.n_cols()).into_par_iter().with_min_len(TASK_COLUMNS);
        let moments = columns.map(|j| {
            // Those of rows that count: the first value, whether others differ, their number and mean.
            let (mut first, mut differ, mut n_stored, mut mean) = (None, false, 0, 0.0);
            for (i, x) in self.entries(j).filter(|&(i, _)| weights[i] > 0.0) {
                differ |= *first.get_or_insert(x) != x;
                n_stored += 1;
                mean += weights[i] * x;
            }
            let first = first.unwrap_or(0.0);
            if !differ && (n_stored == n_counted || first == 0.0) {
                return Moments { mean: first, variance: 0.0 };
            }
            let (mut spread, mut covered) = (0.0, 0.0);
            for (i, x) in self.entries(j) {
                spread += weights[i] * (x - mean) * (x - mean);
                covered += weights[i];
            }
            let variance = spread + (1.0 - covered).max(0.0) * mean * mean;
            Moments { mean, variance }
        });
        moments.collect()
    }

    fn find_non_finite(&self) -> Option<(usize, usize)> {
        let find = |j| self.entries(j).find(|(_, x)| !x.is_finite()).map(|(row, _)| (row, j));
        (0..self.n_cols()).find_map(find)
    }

    fn copy_column(&self, column: usize, out: &mut [f64]) {
        out.fill(0.0);
        for (i, x) in self.entries(column) {
            out[i] = x;
        }
    }

    fn for_each_entry(&self, column: usize, each: &mut dyn FnMut(usize, f64)) -> bool {
        for (i, x) in self.entries(column) {
            each(i, x);
        }
        true
    }
}

/// `w_i x_ij` for some columns, row by row: a Gram matrix is then a product of sparse matrices, column by column
/// (Gustavson 1978), and two columns cost only what the rows that they share do.
struct ByRow {
    starts: Vec<usize>,
    /// Which of the columns each entry is of.
    places: Vec<u32>,
    values: Vec<f64>,
}

impl ByRow {
    fn new<I: Index, T: Copy + Into<f64> + Send + Sync>(
        design: &SparseDesign<'_, I, T>,
        columns: &[Centred],
        w: &[f64],
    ) -> Self {
        let mut starts = vec![0; design.n_rows + 1];
        for at in columns {
            for (i, _) in design.entries(at.column) {
                starts[i + 1] += 1;
            }
        }
        for i in 0..design.n_rows {
            starts[i + 1] += starts[i];
        }
        let n_entries = starts[design.n_rows];
        let (mut places, mut values) = (vec![0; n_entries], vec![0.0; n_entries]);
        let mut next = starts.clone();
        for (place, at) in (0..).zip(columns) {
            for (i, x) in design.entries(at.column) {
                places[next[i]] = place;
                values[next[i]] = w[i] * x;
                next[i] += 1;
            }
        }
        Self { starts, places, values }
    }

    /// `out += x` times row `i`.
    fn add(&self, i: usize, x: f64, out: &mut [f64]) {
        let row = self.starts[i]..self.starts[i + 1];
        for (&place, value) in self.places[row.clone()].iter().zip(&self.values[row]) {
            out[place as usize] += x * value;
        }
    }
}
