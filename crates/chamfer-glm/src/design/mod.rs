//! Design matrices: all code that touches the rows of `X`.

mod chunked;
mod compressed;
pub(crate) mod cross_products;
mod dense;
mod inspect;
mod mixed;
mod row_major;
mod sparse;
mod sparse_rows;
mod standardized;
pub(crate) mod vectors;

pub use chunked::{ChunkedDesign, RowChunks};
pub use compressed::Index;
pub use dense::DenseDesign;
pub use inspect::{ColumnReport, inspect_columns};
pub use mixed::{Factor, MixedColumn, MixedDesign};
pub use row_major::RowMajorDesign;
pub use sparse::SparseDesign;
pub use sparse_rows::SparseRowDesign;
pub use standardized::Standardized;

use crate::Error;
use faer::{Mat, MatMut};
use rayon::prelude::*;
use std::ops::Range;

/// Weighted mean and variance of one column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moments {
    /// `Σ_i w_i x_i`.
    pub mean: f64,
    /// `Σ_i w_i (x_i − mean)²`; exactly 0 for a constant column.
    pub variance: f64,
}

/// A column with the constant that is subtracted from each of its entries.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Centred {
    /// Index of the column.
    pub column: usize,
    /// The constant; 0 to take the column as it is.
    pub centre: f64,
}

/// A design matrix `X`, `n_rows × n_cols`.
///
/// Every operation is a sum over rows, so an implementation may hold the rows in memory, stream
/// them from a file or gather the sums from other machines. Columns are centred on the fly:
/// dense data without loss of digits, sparse data without becoming dense. Results do not depend
/// on the number of threads.
///
/// Indices and lengths are the caller's duty; [`Standardized`] guarantees them.
pub trait Design: Send + Sync {
    /// Number of rows.
    fn n_rows(&self) -> usize;

    /// Number of columns.
    fn n_cols(&self) -> usize;

    /// How many bytes the matrix takes, about: unless it says otherwise, those of a dense one of `f64`.
    fn n_bytes(&self) -> usize {
        self.n_rows() * self.n_cols() * size_of::<f64>()
    }

    /// Number of entries that a product with some columns reads.
    fn n_entries(&self, columns: &[Centred]) -> usize {
        columns.len() * self.n_rows()
    }

    /// `out[k] = Σ_i v_i (x_ik − c_k)` over the columns of `columns`.
    fn transpose_product(&self, columns: &[Centred], v: &[f64], out: &mut [f64]);

    /// The same for several vectors `v`, whose results are one after the other in `out`: in one pass over the
    /// rows, where that is faster.
    fn transpose_products(&self, columns: &[Centred], v: &[&[f64]], out: &mut [f64]) {
        for (v, out) in v.iter().zip(out.chunks_exact_mut(columns.len().max(1))) {
            self.transpose_product(columns, v, out);
        }
    }

    /// `out_i += Σ_k b_k (x_ik − c_k)` over the columns of `columns`.
    fn add_product(&self, columns: &[Centred], b: &[f64], out: &mut [f64]);

    /// The same for several vectors `b`, each with results of its own.
    fn add_products(&self, columns: &[Centred], b: &[&[f64]], out: &mut [&mut [f64]]) {
        for (b, out) in b.iter().zip(out) {
            self.add_product(columns, b, out);
        }
    }

    /// `out[a, b] = Σ_i w_i (x_ia − c_a)(x_ib − c_b)`, a block of the weighted Gram matrix.
    fn gram(&self, rows: &[Centred], columns: &[Centred], w: &[f64], out: MatMut<'_, f64>);

    /// For each of `parts`, rows that rise, the lower triangle of `Σ_i w_i u_i u_iᵀ`, where `u_i` are the centred
    /// entries of `columns` in row `i` and then those of `more` columns, for weights of at least 0; `None` if one
    /// pass over the rows is not enough for it, or it was stopped.
    fn cross_products(
        &self,
        _columns: &[Centred],
        _more: &[&[f64]],
        _w: &[f64],
        _parts: &[Vec<usize>],
        _stop: &(dyn Fn() -> bool + Sync),
    ) -> Option<Vec<Mat<f64>>> {
        None
    }

    /// `out[k] = Σ_i w_i (x_ik − c_k)²` over the columns of `columns`.
    fn squares(&self, columns: &[Centred], w: &[f64], out: &mut [f64]) {
        out.par_iter_mut().zip(columns).with_min_len(64).for_each(|(out, at)| {
            let mut square = Mat::zeros(1, 1);
            self.gram(&[*at], &[*at], w, square.as_mut());
            *out = square[(0, 0)];
        });
    }

    /// Mean and variance of every column; `weights` are at least 0 and sum to 1.
    fn moments(&self, weights: &[f64]) -> Vec<Moments>;

    /// Row and column of an entry that is NaN or infinite, if there is one.
    fn find_non_finite(&self) -> Option<(usize, usize)>;

    /// Writes column `column` to `out`, to compare columns with each other.
    fn copy_column(&self, column: usize, out: &mut [f64]);

    /// Calls `each` with the row and value of every entry of a column that is in memory, where most zeros are not;
    /// says whether that is so.
    fn for_each_entry(&self, _column: usize, _each: &mut dyn FnMut(usize, f64)) -> bool {
        false
    }

    /// Whether each pass reads the rows from elsewhere, and takes memory for that: then passes had better come
    /// one after the other.
    fn is_streamed(&self) -> bool {
        false
    }

    /// Why the rows could not be read, if a pass over them failed; then its results were NaN.
    fn failure(&self) -> Option<Error> {
        None
    }
}

/// Partial sums over rows are made of so many parts at most.
const MOST_PARTS: usize = 64;
/// Least number of rows in a part.
const LEAST_ROWS: usize = 256;

/// Sums of `len` numbers over all rows, in parallel and in an order that does not depend on threads;
/// `add` adds what some rows give.
fn sum_over_rows(
    n_rows: usize,
    len: usize,
    add: impl Fn(Range<usize>, &mut [f64]) + Sync,
) -> Vec<f64> {
    let size = n_rows.div_ceil(MOST_PARTS).max(LEAST_ROWS);
    let parts: Vec<Vec<f64>> = (0..n_rows.div_ceil(size))
        .into_par_iter()
        .map(|part| {
            let mut sums = vec![0.0; len];
            add(part * size..n_rows.min((part + 1) * size), &mut sums);
            sums
        })
        .collect();
    let mut sums = vec![0.0; len];
    for part in parts {
        for (sum, part) in sums.iter_mut().zip(part) {
            *sum += part;
        }
    }
    sums
}
