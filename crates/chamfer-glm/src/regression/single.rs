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

/// Rounded columns of coefficients of a working set, kept for the next step; of sparse ones, the entries that are not 0.
#[derive(Debug, Clone, Default)]
pub(super) struct RoundedColumns {
    n_rows: usize,
    /// Where the column of each coefficient is, if it is there.
    places: Vec<Option<Place>>,
    /// Dense columns, one after the other.
    dense: Vec<f32>,
    /// Entries of sparse columns, with their rows.
    rows: Vec<u32>,
    values: Vec<f32>,
}

/// Where a column is, and what it has besides: what is to be subtracted from all entries of a sparse one.
#[derive(Debug, Clone, Copy)]
enum Place {
    Dense { first: usize },
    Sparse { first: usize, end: usize, centre: f64 },
}

impl RoundedColumns {
    /// Adds the columns of some coefficients that are not there, if they can be rounded; then returns itself.
    pub(super) fn with(
        &mut self,
        restricted: &Restricted<'_>,
        coefficients: &[usize],
    ) -> Option<&Self> {
        restricted.can_be_rounded().then(|| {
            self.extend(restricted, coefficients);
            &*self
        })
    }

    /// Adds the columns of some coefficients, of a family with one output, that are not there.
    fn extend(&mut self, restricted: &Restricted<'_>, coefficients: &[usize]) {
        self.n_rows = restricted.n_rows();
        self.places.resize(self.places.len().max(restricted.n_coefficients()), None);
        let mut column = Vec::new();
        for &j in coefficients {
            if self.places[j].is_none() {
                self.places[j] = Some(self.add(restricted, j, &mut column));
            }
        }
    }

    fn add(&mut self, restricted: &Restricted<'_>, j: usize, column: &mut Vec<f64>) -> Place {
        let first = self.rows.len();
        if u32::try_from(self.n_rows).is_ok() {
            let centre = restricted.for_each_entry(j, &mut |i, x| {
                self.rows.push(u32::try_from(i).unwrap_or_default());
                self.values.push(single(x));
            });
            if let Some(centre) = centre {
                return Place::Sparse { first, end: self.rows.len(), centre };
            }
        }
        let first = self.dense.len();
        column.resize(self.n_rows, 0.0);
        restricted.copy_column(j, column);
        self.dense.resize(first + self.n_rows, 0.0);
        round(column, &mut self.dense[first..]);
        Place::Dense { first }
    }

    /// Numbers the coefficients anew, of which only `kept` are left, which rise.
    pub(super) fn keep(&mut self, kept: &[usize]) {
        let mut left = Self { n_rows: self.n_rows, ..Self::default() };
        for &j in kept {
            let place = self.places.get(j).copied().flatten().map(|place| match place {
                Place::Dense { .. } => {
                    let first = left.dense.len();
                    left.dense.extend_from_slice(self.dense(place));
                    Place::Dense { first }
                }
                Place::Sparse { first, end, centre } => {
                    let own = left.rows.len()..left.rows.len() + end - first;
                    left.rows.extend_from_slice(&self.rows[first..end]);
                    left.values.extend_from_slice(&self.values[first..end]);
                    Place::Sparse { first: own.start, end: own.end, centre }
                }
            });
            left.places.push(place);
        }
        *self = left;
    }

    /// Whether the columns of some coefficients are there.
    pub(super) fn has(&self, coefficients: &[usize]) -> bool {
        coefficients.iter().all(|&j| self.places.get(j).is_some_and(Option::is_some))
    }

    /// What a direction in some coefficients adds to the predictor.
    pub(super) fn product(&self, coefficients: &[usize], direction: &[f64]) -> Vec<f64> {
        let (mut dense, mut along) = (Vec::new(), Vec::new());
        let (mut sparse, mut shift) = (vec![0.0; self.n_rows], 0.0);
        for (&j, &d) in coefficients.iter().zip(direction) {
            match self.places[j] {
                Some(Place::Sparse { first, end, centre }) => {
                    let (rows, values) = (&self.rows[first..end], &self.values[first..end]);
                    let rounded = single(d);
                    for (&i, x) in rows.iter().zip(values) {
                        sparse[i as usize] += rounded * x;
                    }
                    shift += d * centre;
                }
                Some(place) => {
                    dense.push(self.dense(place));
                    along.push(d);
                }
                None => {}
            }
        }
        let of_task = |(columns, along): (&[&[f32]], &[f64])| {
            let mut sum = vec![0.0; self.n_rows];
            add_columns(columns.iter().copied(), along, &mut sum);
            sum
        };
        let tasks = dense.par_chunks(TASK_COLUMNS).zip(along.par_chunks(TASK_COLUMNS));
        let sums: Vec<Vec<f32>> = tasks.map(of_task).collect();
        let mut total: Vec<f64> = sparse.iter().map(|x| f64::from(*x) - shift).collect();
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
        let total: f64 = of_predictor.iter().sum();
        let of_task = |coefficients: &[usize]| {
            let places = || coefficients.iter().filter_map(|&j| self.places[j]);
            if places().all(|place| matches!(place, Place::Dense { .. })) {
                return products(places().map(|place| self.dense(place)), &v);
            }
            let of_place = |place| match place {
                Place::Sparse { first, end, centre } => {
                    let of_entries =
                        sparse_dot(&self.rows[first..end], &self.values[first..end], &v);
                    f64::from(of_entries) - centre * total
                }
                Place::Dense { .. } => products([self.dense(place)].into_iter(), &v)[0],
            };
            places().map(of_place).collect()
        };
        let parts: Vec<Vec<f64>> = coefficients.par_chunks(TASK_COLUMNS).map(of_task).collect();
        parts.concat()
    }

    /// A column all of whose entries are there.
    fn dense(&self, place: Place) -> &[f32] {
        match place {
            Place::Dense { first } => &self.dense[first..first + self.n_rows],
            Place::Sparse { .. } => &[],
        }
    }
}

/// `Σ x_i v_i` over some entries, in several sums so that none waits for another.
fn sparse_dot(rows: &[u32], values: &[f32], v: &[f32]) -> f32 {
    let (rows, last_rows) = rows.as_chunks::<TOGETHER>();
    let (values, last_values) = values.as_chunks::<TOGETHER>();
    let mut sums = [0.0; TOGETHER];
    for (rows, values) in rows.iter().zip(values) {
        for ((sum, &i), x) in sums.iter_mut().zip(rows).zip(values) {
            *sum += x * v[i as usize];
        }
    }
    for ((sum, &i), x) in sums.iter_mut().zip(last_rows).zip(last_values) {
        *sum += x * v[i as usize];
    }
    sums.iter().sum()
}

/// Rounds a number.
#[allow(clippy::cast_possible_truncation, reason = "that is what it is for")]
fn single(x: f64) -> f32 {
    x as f32
}

/// Rounds a vector.
pub(super) fn round(x: &[f64], out: &mut [f32]) {
    vectorized(
        #[inline(always)]
        || {
            for (out, x) in out.iter_mut().zip(x) {
                *out = single(*x);
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
    use crate::regression::Regression;
    use crate::{
        Binomial, DenseDesign, Design, RegressionSettings, Regularizer, Separable, SparseDesign,
    };

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
        let (n, p) = (30, 8);
        let x: Vec<f64> = (0..n * p).map(|i| ((i * i) as f64 * 0.37).sin()).collect();
        check_kept(&DenseDesign::new(n, p, &x).unwrap());
    }

    /// Of which all entries but those in memory are 0 before they are centred.
    #[test]
    fn sparse_columns_are_kept_by_their_entries() {
        let (n, p) = (30, 8);
        let starts: Vec<usize> = (0..=p).map(|j| 6 * j).collect();
        let rows: Vec<usize> = (0..p).flat_map(|j| (0..6).map(move |k| 4 * k + j % 3)).collect();
        let values: Vec<f64> = (0..6 * p).map(|i| ((i * i) as f64 * 0.37).sin()).collect();
        let kept = check_kept(&SparseDesign::new(n, &starts, &rows, &values).unwrap());
        assert!(kept.dense.is_empty() && kept.rows.len() == 2 * 6);
    }

    /// Products with columns on which a logistic regression with an intercept is.
    fn check_kept(design: &dyn Design) -> RoundedColumns {
        let (n, p) = (design.n_rows(), design.n_cols());
        let y = (0..n).map(|i| f64::from(i % 3 == 0)).collect();
        let family = Separable::new(Binomial, y, None).unwrap();
        let settings = RegressionSettings::default();
        let regression = Regression::new(design, &family, Regularizer::l1(), &settings).unwrap();
        let members: Vec<usize> = (0..p).collect();
        let restricted = regression.restricted(&members, &|| false);
        let near = |a: &[f64], b: &[f64]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-5);
        let v: Vec<f64> = (0..n).map(|i| (i as f64).cos()).collect();
        let mut kept = RoundedColumns::default();
        let with_intercept = kept.with(&restricted, &[5, 0]).unwrap();
        assert!(with_intercept.has(&[0, 5]) && !with_intercept.has(&[2]));
        let exact = restricted.of_coefficients(&[5, 0]);
        assert!(near(&with_intercept.product(&[5, 0], &[0.3, -1.2]), &exact.product(&[0.3, -1.2])));
        assert!(near(&with_intercept.pull(&[5, 0], &v), &exact.pull(&v)));
        let mut kept = RoundedColumns::default();
        kept.extend(&restricted, &[5]);
        kept.extend(&restricted, &[2, 5]);
        // Of these, 5 has the new number 2.
        kept.keep(&[0, 2, 5, 7]);
        let exact = restricted.of_coefficients(&[2, 5]);
        let b = [0.3, -1.2];
        assert!(near(&kept.product(&[1, 2], &b), &exact.product(&b)));
        assert!(near(&kept.pull(&[1, 2], &v), &exact.pull(&v)));
        kept
    }
}
