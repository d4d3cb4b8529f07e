//! What least squares needs to know of rows: the products of columns and targets.

use crate::Coefficients;
use faer::Mat;
use std::sync::Arc;

/// A variance below this share of the squares that it is left of is rounding.
const CONSTANT: f64 = 1e-13;

/// Sums over rows, weighted, of products of columns with each other, with the targets and with ones.
#[derive(Debug, Clone)]
pub(super) struct CrossProducts {
    /// The lower triangle: columns, then targets without their offsets, then ones.
    pub(super) sums: Mat<f64>,
    pub(super) origin: Arc<Origin>,
}

/// The cross products of all rows, and of parts of them.
#[derive(Debug)]
pub(in crate::regression) struct Products {
    pub(super) all: CrossProducts,
    /// Rows, which rise, with their products.
    pub(super) parts: Vec<(Vec<usize>, CrossProducts)>,
}

/// What was subtracted, from each column and each target.
#[derive(Debug)]
pub(in crate::regression) struct Origin {
    pub(in crate::regression) columns: Vec<f64>,
    pub(in crate::regression) targets: Vec<f64>,
}

impl CrossProducts {
    /// Those of the rows that are not in `others`.
    pub(super) fn without(&self, others: &Self) -> Self {
        let size = self.sums.nrows();
        let mut sums = &self.sums - &others.sums;
        let is_none = |j: usize| sums[(j, j)] <= CONSTANT * self.sums[(j, j)];
        let none: Vec<bool> = (0..size).map(is_none).collect();
        for j in 0..size {
            for i in j..size {
                if none[i] || none[j] {
                    sums[(i, j)] = 0.0;
                }
            }
        }
        Self { sums, origin: self.origin.clone() }
    }

    /// The mean over rows of the squared errors of predictions, summed over outputs.
    pub(super) fn mean_square(&self, coefficients: &[Coefficients]) -> f64 {
        let Origin { columns, targets } = &*self.origin;
        let ones = self.sums.nrows() - 1;
        let of_output = |(k, of_output): (usize, &Coefficients)| -> f64 {
            let explained: f64 = of_output.values.iter().map(|(j, b)| b * columns[*j]).sum();
            let constant = targets[k] - of_output.intercept - explained;
            let slopes = of_output.values.iter().map(|&(j, b)| (j, -b));
            let error: Vec<(usize, f64)> =
                slopes.chain([(columns.len() + k, 1.0), (ones, constant)]).collect();
            let mut sum = 0.0;
            for (at, &(j, b)) in error.iter().enumerate() {
                // Indices rise.
                let below: f64 = error[at + 1..].iter().map(|&(i, a)| a * self.sums[(i, j)]).sum();
                sum += b * (b * self.sums[(j, j)] + 2.0 * below);
            }
            sum
        };
        coefficients.iter().enumerate().map(of_output).sum::<f64>() / self.sums[(ones, ones)]
    }

    /// The means over rows, if there is an intercept; else the origin, which is 0.
    pub(super) fn means(&self, has_intercept: bool) -> Origin {
        let Origin { columns, targets } = &*self.origin;
        let ones = self.sums.nrows() - 1;
        let mean = |(j, origin): (usize, &f64)| {
            let moved = if has_intercept { self.sums[(ones, j)] } else { 0.0 };
            origin + moved / self.sums[(ones, ones)]
        };
        let mut all = columns.iter().chain(targets).enumerate().map(mean);
        let columns = all.by_ref().take(columns.len()).collect();
        Origin { columns, targets: all.collect() }
    }

    /// Means over rows of the products, around the means if there is an intercept; what does not vary is exactly 0.
    pub(super) fn covariance(&self, has_intercept: bool) -> Mat<f64> {
        let ones = self.sums.nrows() - 1;
        let total = self.sums[(ones, ones)];
        let mean = |j: usize| if has_intercept { self.sums[(ones, j)] / total } else { 0.0 };
        let means: Vec<f64> = (0..ones).map(mean).collect();
        let mut covariance = Mat::zeros(ones, ones);
        for j in 0..ones {
            for i in j..ones {
                covariance[(i, j)] = self.sums[(i, j)] / total - means[i] * means[j];
            }
        }
        for j in 0..ones {
            if covariance[(j, j)] <= CONSTANT * self.sums[(j, j)] / total {
                covariance.col_mut(j).fill(0.0);
                covariance.row_mut(j).fill(0.0);
            }
        }
        covariance
    }
}
