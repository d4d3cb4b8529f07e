//! Design matrices: all code that touches the rows of `X`.

mod dense;
mod inspect;
mod sparse;
mod standardized;

pub use dense::DenseDesign;
pub use inspect::{ColumnReport, inspect_columns};
pub use sparse::SparseDesign;
pub use standardized::Standardized;

use faer::MatMut;

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

    /// `out[k] = Σ_i v_i (x_ik − c_k)` over the columns of `columns`.
    fn transpose_product(&self, columns: &[Centred], v: &[f64], out: &mut [f64]);

    /// `out_i += Σ_k b_k (x_ik − c_k)` over the columns of `columns`.
    fn add_product(&self, columns: &[Centred], b: &[f64], out: &mut [f64]);

    /// `out[a, b] = Σ_i w_i (x_ia − c_a)(x_ib − c_b)`, a block of the weighted Gram matrix.
    fn gram(&self, rows: &[Centred], columns: &[Centred], w: &[f64], out: MatMut<'_, f64>);

    /// Mean and variance of every column; `weights` are at least 0 and sum to 1.
    fn moments(&self, weights: &[f64]) -> Vec<Moments>;

    /// Row and column of an entry that is NaN or infinite, if there is one.
    fn find_non_finite(&self) -> Option<(usize, usize)>;

    /// Writes column `column` to `out`, to compare columns with each other.
    fn copy_column(&self, column: usize, out: &mut [f64]);
}
