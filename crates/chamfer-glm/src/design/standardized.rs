//! Centring, scaling and observation weights, by algebra instead of a copy.

use super::vectors::vectorized;
use super::{Centred, Design, Moments};
use crate::Error;
use crate::held::Held;
use faer::{Mat, MatMut};

/// The design `x̃_j = (x_j − centre_j) / scale_j` with observation weights `w`, `Σ w_i = 1`.
///
/// Centres are the weighted means when there is an intercept, which that eliminates; scales are
/// the weighted standard deviations when columns are standardized, else 1.
#[derive(Clone)]
pub struct Standardized<'a> {
    design: Held<'a, dyn Design + 'a>,
    weights: Vec<f64>,
    columns: Vec<Centred>,
    scales: Vec<f64>,
}

impl<'a> Standardized<'a> {
    /// `weights` are at least 0 and sum to 1, one for each row.
    ///
    /// # Errors
    /// If the moments of a column overflow.
    pub(crate) fn new(
        design: Held<'a, dyn Design + 'a>,
        weights: Vec<f64>,
        centre: bool,
        standardize: bool,
    ) -> Result<Self, Error> {
        if !(centre || standardize) {
            let columns = (0..design.n_cols()).map(|column| Centred { column, centre: 0.0 });
            let (columns, scales) = (columns.collect(), vec![1.0; design.n_cols()]);
            return Ok(Self { design, weights, columns, scales });
        }
        let moments = design.moments(&weights);
        let overflows = |m: &Moments| !(m.mean.is_finite() && m.variance.is_finite());
        if let Some(column) = moments.iter().position(overflows) {
            return Err(Error::Overflow { column });
        }
        let centred = |(column, m): (usize, &Moments)| {
            let centre = if centre { m.mean } else { 0.0 };
            Centred { column, centre }
        };
        let scale = |m: &Moments| {
            // A constant column has nothing to scale; centred, it is zero and stays out.
            if standardize && m.variance > 0.0 { m.variance.sqrt() } else { 1.0 }
        };
        let columns = moments.iter().enumerate().map(centred).collect();
        let scales = moments.iter().map(scale).collect();
        Ok(Self { design, weights, columns, scales })
    }

    /// A design whose columns are centred and have these scales, none of them 0.
    pub(crate) fn scaled(
        design: Held<'a, dyn Design + 'a>,
        weights: Vec<f64>,
        scales: Vec<f64>,
    ) -> Self {
        let columns = (0..design.n_cols()).map(|column| Centred { column, centre: 0.0 }).collect();
        Self { design, weights, columns, scales }
    }

    /// Number of rows.
    #[must_use]
    pub fn n_rows(&self) -> usize {
        self.design.n_rows()
    }

    /// Number of columns.
    #[must_use]
    pub fn n_cols(&self) -> usize {
        self.columns.len()
    }

    /// How many bytes the design takes, about.
    pub(crate) fn n_bytes(&self) -> usize {
        self.design.n_bytes()
    }

    /// Number of entries that a product with some columns reads.
    pub(crate) fn n_entries(&self, columns: &[usize]) -> usize {
        self.design.n_entries(&self.select(columns))
    }

    /// Observation weights, summing to 1.
    #[must_use]
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// What is subtracted from column `j`.
    #[must_use]
    pub fn centre(&self, j: usize) -> f64 {
        self.columns[j].centre
    }

    /// What column `j` is divided by.
    #[must_use]
    pub fn scale(&self, j: usize) -> f64 {
        self.scales[j]
    }

    /// `out[a] = Σ_i x̃_ia v_i` for some columns, without weights.
    pub(crate) fn transpose_product(&self, columns: &[usize], v: &[f64], out: &mut [f64]) {
        self.design.transpose_product(&self.select(columns), v, out);
        for (out, &column) in out.iter_mut().zip(columns) {
            *out /= self.scales[column];
        }
    }

    /// The same for several vectors `v`, one after the other in `out`.
    pub(crate) fn transpose_products(&self, columns: &[usize], v: &[&[f64]], out: &mut [f64]) {
        self.design.transpose_products(&self.select(columns), v, out);
        for out in out.chunks_exact_mut(columns.len().max(1)) {
            for (out, &column) in out.iter_mut().zip(columns) {
                *out /= self.scales[column];
            }
        }
    }

    /// `out_i += Σ_k b_k x̃_ik`.
    pub(crate) fn add_product(&self, columns: &[usize], b: &[f64], out: &mut [f64]) {
        let scaled: Vec<f64> = columns.iter().zip(b).map(|(&j, b)| b / self.scales[j]).collect();
        self.design.add_product(&self.select(columns), &scaled, out);
    }

    /// The same for several vectors `b`, each with results of its own.
    pub(crate) fn add_products(&self, columns: &[usize], b: &[Vec<f64>], out: &mut [&mut [f64]]) {
        let scaled: Vec<Vec<f64>> = b
            .iter()
            .map(|b| columns.iter().zip(b).map(|(&j, b)| b / self.scales[j]).collect())
            .collect();
        let scaled: Vec<&[f64]> = scaled.iter().map(Vec::as_slice).collect();
        self.design.add_products(&self.select(columns), &scaled, out);
    }

    /// `out[a, b] = Σ_i h_i x̃_ia x̃_ib` for weights of any sign.
    pub(crate) fn weighted_gram(
        &self,
        rows: &[usize],
        columns: &[usize],
        h: &[f64],
        mut out: MatMut<'_, f64>,
    ) {
        let (left, right) = (self.select(rows), self.select(columns));
        self.design.gram(&left, &right, h, out.as_mut());
        for (b, &column) in columns.iter().enumerate() {
            for (a, &row) in rows.iter().enumerate() {
                out[(a, b)] /= self.scales[row] * self.scales[column];
            }
        }
    }

    /// Products of all columns, not scaled, and `more` columns; see [`Design::cross_products`].
    pub(crate) fn cross_products(
        &self,
        centres: &[f64],
        more: &[&[f64]],
        w: &[f64],
        parts: &[Vec<usize>],
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Option<Vec<Mat<f64>>> {
        let centred = |(column, &centre): (usize, &f64)| Centred { column, centre };
        let columns: Vec<Centred> = centres.iter().enumerate().map(centred).collect();
        self.design.cross_products(&columns, more, w, parts, stop)
    }

    /// `out[a] = Σ_i h_i x̃_ia²`.
    pub(crate) fn weighted_squares(&self, columns: &[usize], h: &[f64], out: &mut [f64]) {
        self.design.squares(&self.select(columns), h, out);
        for (out, &column) in out.iter_mut().zip(columns) {
            *out /= self.scales[column] * self.scales[column];
        }
    }

    /// Writes column `j`.
    pub(crate) fn copy_column(&self, j: usize, out: &mut [f64]) {
        self.design.copy_column(j, out);
        let (centre, scale) = (self.columns[j].centre, self.scales[j]);
        if centre == 0.0 && scale == 1.0 {
            return;
        }
        vectorized(
            #[inline(always)]
            || {
                for x in out {
                    *x = (*x - centre) / scale;
                }
            },
        );
    }

    /// Calls `each` with the row and value of every entry of column `j` that is in memory, before it is centred; says
    /// whether most zeros are not in memory.
    pub(crate) fn for_each_entry(&self, j: usize, each: &mut dyn FnMut(usize, f64)) -> bool {
        let scale = self.scales[j];
        self.design.for_each_entry(j, &mut |i, x| each(i, x / scale))
    }

    /// Whether a column costs no more than its entries.
    pub(crate) fn has_columns(&self) -> bool {
        !self.design.is_streamed()
    }

    fn select(&self, columns: &[usize]) -> Vec<Centred> {
        columns.iter().map(|&j| self.columns[j]).collect()
    }
}
