//! Compressed sparse rows, never made dense.

use super::{Centred, Design, Index, Moments, sum_over_rows};
use crate::Error;
use faer::{Mat, MatMut};
use rayon::prelude::*;

/// Rows that one parallel task should handle at least.
const TASK_ROWS: usize = 1024;

/// A sparse matrix in compressed row form, borrowed and never copied.
///
/// `I` is `usize`, `i64` or `i32`, and `T` is `f64` or `f32`; sums are in `f64`.
/// Centring is done by algebra on the sums. A pass over few columns reads all entries, so compressed
/// columns ([`SparseDesign`](super::SparseDesign)) are faster where there is a choice.
#[derive(Debug, Clone, Copy)]
pub struct SparseRowDesign<'a, I = usize, T = f64> {
    n_cols: usize,
    row_starts: &'a [I],
    column_indices: &'a [I],
    values: &'a [T],
}

/// Which place each column has in a list of columns.
struct Places {
    /// For each column of the design, its place among the distinct ones; `usize::MAX` if it has none.
    of_column: Vec<usize>,
    /// For each entry of the list, its place among the distinct ones.
    of_entry: Vec<usize>,
    n_distinct: usize,
}

impl Places {
    fn new(n_cols: usize, columns: &[Centred]) -> Self {
        let mut of_column = vec![usize::MAX; n_cols];
        let mut n_distinct = 0;
        let place = |at: &Centred| {
            let place = &mut of_column[at.column];
            if *place == usize::MAX {
                *place = n_distinct;
                n_distinct += 1;
            }
            *place
        };
        let of_entry = columns.iter().map(place).collect();
        Self { of_column, of_entry, n_distinct }
    }
}

impl<'a, I: Index, T: Copy + Into<f64> + Send + Sync> SparseRowDesign<'a, I, T> {
    /// A matrix with `n_cols` columns; the entries of row `i` stand at
    /// `row_starts[i]..row_starts[i + 1]` of `column_indices` and `values`.
    ///
    /// # Errors
    /// If the matrix is empty, the starts do not rise from 0 to the number of values, or the columns of
    /// a row are not strictly increasing and below `n_cols`.
    pub fn new(
        n_cols: usize,
        row_starts: &'a [I],
        column_indices: &'a [I],
        values: &'a [T],
    ) -> Result<Self, Error> {
        if n_cols == 0 || row_starts.len() < 2 {
            let n_rows = row_starts.len().saturating_sub(1);
            return Err(Error::EmptyDesign { n_rows, n_cols });
        }
        Error::check_length("column_indices", values.len(), column_indices.len())?;
        super::compressed::check_compressed(row_starts, column_indices, n_cols)
            .map_err(|row| Error::InvalidSparseRow { row })?;
        Ok(Self { n_cols, row_starts, column_indices, values })
    }

    /// Columns and values of the entries of row `i`.
    fn entries(&self, i: usize) -> impl Iterator<Item = (usize, f64)> + '_ {
        let range = self.row_starts[i].index()..self.row_starts[i + 1].index();
        let columns = self.column_indices[range.clone()].iter().map(|i| i.index());
        columns.zip(self.values[range].iter().map(|&x| x.into()))
    }

    /// `Σ_i v_i x_ij` for the distinct columns of `places`.
    fn sums(&self, places: &Places, v: &[f64]) -> Vec<f64> {
        sum_over_rows(self.n_rows(), places.n_distinct, |rows, sums| {
            for i in rows.filter(|&i| v[i] != 0.0) {
                for (j, x) in self.entries(i) {
                    if let Some(sum) = sums.get_mut(places.of_column[j]) {
                        *sum += v[i] * x;
                    }
                }
            }
        })
    }
}

impl<I: Index, T: Copy + Into<f64> + Send + Sync> Design for SparseRowDesign<'_, I, T> {
    fn n_rows(&self) -> usize {
        self.row_starts.len() - 1
    }

    fn n_cols(&self) -> usize {
        self.n_cols
    }

    fn n_bytes(&self) -> usize {
        self.values.len() * (size_of::<T>() + size_of::<I>())
    }

    fn n_entries(&self, _: &[Centred]) -> usize {
        self.values.len()
    }

    fn transpose_product(&self, columns: &[Centred], v: &[f64], out: &mut [f64]) {
        let places = Places::new(self.n_cols, columns);
        let sums = self.sums(&places, v);
        let total: f64 = v.iter().sum();
        for ((out, at), &place) in out.iter_mut().zip(columns).zip(&places.of_entry) {
            *out = sums[place] - at.centre * total;
        }
    }

    fn add_product(&self, columns: &[Centred], b: &[f64], out: &mut [f64]) {
        let mut of_column = vec![0.0; self.n_cols];
        let mut shift = 0.0;
        for (at, b) in columns.iter().zip(b) {
            of_column[at.column] += b;
            shift += b * at.centre;
        }
        out.par_iter_mut().with_min_len(TASK_ROWS).enumerate().for_each(|(i, out)| {
            let sum: f64 = self.entries(i).map(|(j, x)| of_column[j] * x).sum();
            *out += sum - shift;
        });
    }

    fn gram(&self, rows: &[Centred], columns: &[Centred], w: &[f64], mut out: MatMut<'_, f64>) {
        let (left, right) = (Places::new(self.n_cols, rows), Places::new(self.n_cols, columns));
        let (left_sums, right_sums) = (self.sums(&left, w), self.sums(&right, w));
        let total: f64 = w.iter().sum();
        let height = left.n_distinct;
        // In one order: a block may be too large for partial sums.
        let mut block = Mat::<f64>::zeros(height, right.n_distinct);
        let mut of_row = Vec::new();
        for (i, w) in w.iter().enumerate().filter(|(_, w)| **w != 0.0) {
            of_row.clear();
            of_row.extend(
                self.entries(i).map(|(j, x)| (left.of_column[j], x)).filter(|(a, _)| *a < height),
            );
            for (j, x) in self.entries(i).filter(|(j, _)| right.of_column[*j] != usize::MAX) {
                let column = block.col_as_slice_mut(right.of_column[j]);
                for (a, y) in &of_row {
                    column[*a] += w * x * y;
                }
            }
        }
        for (k, b) in columns.iter().enumerate() {
            for (l, a) in rows.iter().enumerate() {
                let (place, other) = (left.of_entry[l], right.of_entry[k]);
                // Σw(x_a − c_a)(x_b − c_b), multiplied out.
                let means = a.centre * right_sums[other] + b.centre * left_sums[place];
                out[(l, k)] = block[(place, other)] - means + a.centre * b.centre * total;
            }
        }
    }

    fn moments(&self, weights: &[f64]) -> Vec<Moments> {
        let p = self.n_cols;
        let n_counted = weights.iter().filter(|w| **w > 0.0).count() as f64;
        // A counted value of each column, the first that is stored.
        let mut first = vec![None; p];
        for i in (0..self.n_rows()).filter(|&i| weights[i] > 0.0) {
            for (j, x) in self.entries(i) {
                first[j].get_or_insert(x);
            }
        }
        let sums = sum_over_rows(self.n_rows(), 3 * p, |rows, sums| {
            for i in rows.filter(|&i| weights[i] > 0.0) {
                for (j, x) in self.entries(i) {
                    sums[j] += weights[i] * x;
                    sums[p + j] += 1.0;
                    sums[2 * p + j] += f64::from(Some(x) != first[j]);
                }
            }
        });
        let spreads = sum_over_rows(self.n_rows(), 2 * p, |rows, spreads| {
            for i in rows.filter(|&i| weights[i] > 0.0) {
                for (j, x) in self.entries(i) {
                    spreads[j] += weights[i] * (x - sums[j]) * (x - sums[j]);
                    spreads[p + j] += weights[i];
                }
            }
        });
        let of_column = |j: usize| {
            let first = first[j].unwrap_or(0.0);
            let is_full = sums[p + j] == n_counted;
            if sums[2 * p + j] == 0.0 && (is_full || first == 0.0) {
                return Moments { mean: first, variance: 0.0 };
            }
            let mean = sums[j];
            let zeros = (1.0 - spreads[p + j]).max(0.0);
            Moments { mean, variance: spreads[j] + zeros * mean * mean }
        };
        (0..p).map(of_column).collect()
    }

    fn find_non_finite(&self) -> Option<(usize, usize)> {
        let find = |i| self.entries(i).find(|(_, x)| !x.is_finite()).map(|(j, _)| (i, j));
        (0..self.n_rows()).find_map(find)
    }

    fn copy_column(&self, column: usize, out: &mut [f64]) {
        for (i, out) in out.iter_mut().enumerate() {
            let entry = self.entries(i).find(|(j, _)| *j == column);
            *out = entry.map_or(0.0, |(_, x)| x);
        }
    }
}
