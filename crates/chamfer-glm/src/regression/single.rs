//! Columns in single precision, and products with them, whose sums are so as well: half of the memory and twice the
//! numbers in a register. They lead the iterations for a Newton step, and never certify.
#![allow(clippy::inline_always, reason = "vector instructions reach only what is inlined")]

use super::restricted::Restricted;
use crate::design::vectors::vectorized;
use pulp::{Simd, WithSimd};
use rayon::prelude::*;

/// Columns for each time that a vector of the rows goes through the registers.
const TOGETHER: usize = 4;
/// Columns of one task.
const TASK_COLUMNS: usize = 256;

/// Rounded columns of coefficients of a working set, kept for the next step.
#[derive(Debug, Clone, Default)]
pub(super) struct RoundedColumns {
    n_rows: usize,
    /// Where the column of each coefficient is; [`NOWHERE`] if it is not there.
    places: Vec<usize>,
    values: Vec<f32>,
}

const NOWHERE: usize = usize::MAX;

impl RoundedColumns {
    /// Adds the columns of some coefficients, of a family with one output, that are not there.
    pub(super) fn extend(&mut self, restricted: &Restricted<'_>, coefficients: &[usize]) {
        self.n_rows = restricted.n_rows();
        self.places.resize(self.places.len().max(restricted.n_coefficients()), NOWHERE);
        let mut column = vec![0.0; self.n_rows];
        for &j in coefficients {
            if self.places[j] == NOWHERE {
                let first = self.values.len();
                self.places[j] = first;
                self.values.resize(first + self.n_rows, 0.0);
                restricted.copy_column(j, &mut column);
                round(&column, &mut self.values[first..]);
            }
        }
    }

    /// Numbers the coefficients anew, of which only `kept` are left, which rise.
    pub(super) fn keep(&mut self, kept: &[usize]) {
        let n = self.n_rows;
        let mut left = Self { n_rows: n, ..Self::default() };
        for &j in kept {
            let place = self.places.get(j).copied().unwrap_or(NOWHERE);
            left.places.push(if place == NOWHERE { NOWHERE } else { left.values.len() });
            if place != NOWHERE {
                left.values.extend_from_slice(&self.values[place..place + n]);
            }
        }
        *self = left;
    }

    /// What a direction in some coefficients adds to the predictor.
    pub(super) fn product(&self, coefficients: &[usize], direction: &[f64]) -> Vec<f64> {
        let of_task = |(coefficients, direction): (&[usize], &[f64])| {
            let mut sum = vec![0.0; self.n_rows];
            add_columns(coefficients.iter().map(|&j| self.column(j)), direction, &mut sum);
            sum
        };
        let tasks = coefficients.par_chunks(TASK_COLUMNS).zip(direction.par_chunks(TASK_COLUMNS));
        let sums: Vec<Vec<f32>> = tasks.map(of_task).collect();
        let mut total = vec![0.0; self.n_rows];
        for sum in sums {
            for (total, sum) in total.iter_mut().zip(sum) {
                *total += f64::from(sum);
            }
        }
        total
    }

    /// From a gradient in the predictor to one in some coefficients.
    pub(super) fn pull(&self, coefficients: &[usize], of_predictor: &[f64]) -> Vec<f64> {
        let v = rounded(of_predictor);
        let of_task =
            |coefficients: &[usize]| products(coefficients.iter().map(|&j| self.column(j)), &v);
        let parts: Vec<Vec<f64>> = coefficients.par_chunks(TASK_COLUMNS).map(of_task).collect();
        parts.concat()
    }

    fn column(&self, coefficient: usize) -> &[f32] {
        let first = self.places[coefficient];
        &self.values[first..first + self.n_rows]
    }
}

/// Rounds a vector.
#[allow(clippy::cast_possible_truncation, reason = "that is what it is for")]
pub(super) fn round(x: &[f64], out: &mut [f32]) {
    vectorized(
        #[inline(always)]
        || {
            for (out, x) in out.iter_mut().zip(x) {
                *out = *x as f32;
            }
        },
    );
}

/// A vector, rounded.
pub(super) fn rounded(x: &[f64]) -> Vec<f32> {
    let mut out = vec![0.0; x.len()];
    round(x, &mut out);
    out
}

/// The products of columns with a vector.
pub(super) fn products<'a>(columns: impl Iterator<Item = &'a [f32]>, v: &[f32]) -> Vec<f64> {
    struct Products<'a> {
        columns: &'a [&'a [f32]],
        v: &'a [f32],
    }
    impl WithSimd for Products<'_> {
        type Output = Vec<f64>;
        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) -> Vec<f64> {
            let (fours, rest) = self.columns.as_chunks::<TOGETHER>();
            let mut out = Vec::with_capacity(self.columns.len());
            for x in fours {
                out.extend(dots(simd, *x, self.v));
            }
            for x in rest {
                out.extend(dots(simd, [x], self.v));
            }
            out
        }
    }
    let columns: Vec<&[f32]> = columns.collect();
    pulp::Arch::new().dispatch(Products { columns: &columns, v })
}

/// The products of a few columns with a vector.
#[inline(always)]
fn dots<S: Simd, const N: usize>(simd: S, x: [&[f32]; N], v: &[f32]) -> [f64; N] {
    let x = x.map(|x| S::as_simd_f32s(&x[..v.len()]));
    let (v, v_rest) = S::as_simd_f32s(v);
    let full = x.map(|x| &x.0[..v.len()]);
    let mut sums = [simd.splat_f32s(0.0); N];
    for (i, v) in v.iter().enumerate() {
        for c in 0..N {
            sums[c] = simd.mul_add_f32s(full[c][i], *v, sums[c]);
        }
    }
    std::array::from_fn(|c| {
        let tail: f32 = x[c].1.iter().zip(v_rest).map(|(x, v)| x * v).sum();
        f64::from(simd.reduce_sum_f32s(sums[c]) + tail)
    })
}

/// `out += Σ_k b_k x_k`.
pub(super) fn add_columns<'a>(
    columns: impl Iterator<Item = &'a [f32]>,
    b: &[f64],
    out: &mut [f32],
) {
    let (columns, b): (Vec<&[f32]>, Vec<f32>) = (columns.collect(), rounded(b));
    let (fours, rest) = columns.as_chunks::<TOGETHER>();
    let (b_fours, b_rest) = b.as_chunks::<TOGETHER>();
    vectorized(
        #[inline(always)]
        || {
            for (x, b) in fours.iter().zip(b_fours) {
                let x = x.map(|x| &x[..out.len()]);
                for (i, out) in out.iter_mut().enumerate() {
                    *out += b[0] * x[0][i] + b[1] * x[1][i] + (b[2] * x[2][i] + b[3] * x[3][i]);
                }
            }
            for (x, b) in rest.iter().zip(b_rest) {
                for (out, x) in out.iter_mut().zip(*x) {
                    *out += b * x;
                }
            }
        },
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_those_of_double_precision_up_to_rounding() {
        let (n, p) = (150, 7);
        let x: Vec<f64> = (0..n * p).map(|i| ((i * i) as f64 * 0.37).sin()).collect();
        let b: Vec<f64> = (0..p).map(|j| j as f64 - 2.5).collect();
        let v: Vec<f64> = (0..n).map(|i| (i as f64).cos()).collect();
        let columns = rounded(&x);
        let of_columns = products(columns.chunks_exact(n), &rounded(&v));
        for (j, product) in of_columns.into_iter().enumerate() {
            let exact: f64 = x[j * n..(j + 1) * n].iter().zip(&v).map(|(x, v)| x * v).sum();
            assert!((product - exact).abs() < 1e-5, "{j}: {product} {exact}");
        }
        let mut sum = vec![1.0; n];
        add_columns(columns.chunks_exact(n), &b, &mut sum);
        for (i, sum) in sum.into_iter().enumerate() {
            let exact: f64 = 1.0 + (0..p).map(|j| b[j] * x[j * n + i]).sum::<f64>();
            assert!((f64::from(sum) - exact).abs() < 1e-5, "{i}: {sum} {exact}");
        }
    }

    /// With columns that came one after the other, and numbers that changed.
    #[test]
    fn kept_columns_keep_their_coefficients() {
        use crate::regression::Regression;
        use crate::{Binomial, DenseDesign, RegressionSettings, Regularizer, Separable};
        let (n, p) = (30, 8);
        let x: Vec<f64> = (0..n * p).map(|i| ((i * i) as f64 * 0.37).sin()).collect();
        let design = DenseDesign::new(n, p, &x).unwrap();
        let y = (0..n).map(|i| f64::from(i % 3 == 0)).collect();
        let family = Separable::new(Binomial, y, None).unwrap();
        let settings = RegressionSettings::default();
        let regression = Regression::new(&design, &family, Regularizer::l1(), &settings).unwrap();
        let members: Vec<usize> = (0..p).collect();
        let restricted = regression.restricted(&members, &|| false);
        let mut kept = RoundedColumns::default();
        kept.extend(&restricted, &[5, 0]);
        kept.extend(&restricted, &[0, 2, 5]);
        // Of these, 5 has the new number 2.
        kept.keep(&[0, 2, 5, 7]);
        let exact = restricted.of_coefficients(&[2, 5]);
        let (b, v) = ([0.3, -1.2], vec![0.7; n]);
        let near = |a: &[f64], b: &[f64]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-5);
        assert!(near(&kept.product(&[1, 2], &b), &exact.product(&b)));
        assert!(near(&kept.pull(&[1, 2], &v), &exact.pull(&v)));
    }
}
