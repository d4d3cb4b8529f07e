//! The Hessian of the loss on a working set, kept while it serves.

use super::cholesky::{Order, System, UNKNOWN};
use super::restricted::Restricted;
use crate::Error;
use faer::Mat;

/// `∇²L` at one predictor, on those coefficients of a working set that needed it.
///
/// Of a quadratic loss it is the Gram matrix, wherever it was taken. Of another one it is that of a point
/// nearby: Newton's method with such a Hessian converges linearly, at the rate by which the two differ,
/// and a step with it costs a small part of another Hessian.
#[derive(Debug, Clone)]
pub(super) struct Curvature {
    predictor: Vec<f64>,
    /// Number of outputs that have the same Hessian and nothing with each other: it is kept once.
    outputs: usize,
    /// The columns that it is on: the coefficients, or for several outputs as many at a time.
    known: Vec<usize>,
    /// Where each column is among these, or [`UNKNOWN`].
    places: Vec<usize>,
    matrix: Mat<f64>,
}

impl Curvature {
    /// At `predictor`, on no coefficients yet, the same for so many outputs.
    pub(super) fn at(predictor: &[f64], outputs: usize) -> Self {
        let (known, places) = (Vec::new(), Vec::new());
        Self { predictor: predictor.to_vec(), outputs, known, places, matrix: Mat::new() }
    }

    /// Number of columns that it is on.
    pub(super) fn n_known(&self) -> usize {
        self.known.len()
    }

    /// On the coefficients that it is on, with a ridge after the first few of the working set.
    pub(super) fn system(&self, ridge: f64, n_free: usize) -> System<'_> {
        let order = Order { known: &self.known, places: &self.places };
        System { hessian: &self.matrix, order: Some(order), outputs: self.outputs, ridge, n_free }
    }

    /// The same on some of the coefficients, which rise, all outputs of a column or none; those that it is not
    /// on yet do not count.
    pub(super) fn keep(&self, kept: &[usize]) -> Self {
        let of_columns = kept.iter().step_by(self.outputs).map(|j| j / self.outputs);
        let n_columns = self.places.len();
        let mut number = vec![UNKNOWN; n_columns];
        for (to, column) in of_columns.enumerate().filter(|(_, column)| *column < n_columns) {
            number[column] = to;
        }
        let stay = |place: &usize| number[self.known[*place]] != UNKNOWN;
        let places: Vec<usize> = (0..self.known.len()).filter(stay).collect();
        let of_one =
            System { hessian: &self.matrix, order: None, outputs: 1, ridge: 0.0, n_free: 0 };
        let mut curvature = Self::at(&self.predictor, self.outputs);
        curvature.matrix = of_one.on(&places);
        curvature.add(places.iter().map(|&place| number[self.known[place]]));
        curvature
    }

    /// Extends it to those columns of `restricted` that are wanted.
    pub(super) fn extend(
        &mut self,
        restricted: &Restricted<'_>,
        is_wanted: impl Fn(usize) -> bool,
    ) -> Result<(), Error> {
        let is_known = |column: &usize| self.places.get(*column).is_some_and(|at| *at != UNKNOWN);
        let columns = 0..restricted.n_coefficients() / self.outputs;
        let added: Vec<usize> =
            columns.filter(|column| !is_known(column) && is_wanted(*column)).collect();
        if added.is_empty() {
            return Ok(());
        }
        let old = self.known.len();
        self.add(added.into_iter());
        let size = self.known.len();
        if size > self.matrix.col_stride().unsigned_abs() {
            // Room for more, or it would be copied each time.
            self.matrix.reserve(size + size / 2, size + size / 2);
        }
        self.matrix.resize_with(size, size, |_, _| 0.0);
        let of_one: Vec<usize> = self.known.iter().map(|column| column * self.outputs).collect();
        let written = restricted.write_hessian(&self.predictor, &of_one, old, self.matrix.as_mut());
        if written.is_err() {
            // What was not written is not known.
            for column in self.known.drain(old..) {
                self.places[column] = UNKNOWN;
            }
            self.matrix.resize_with(old, old, |_, _| 0.0);
        }
        written
    }

    /// Numbers columns that come last.
    fn add(&mut self, columns: impl Iterator<Item = usize>) {
        for column in columns {
            self.places.resize(self.places.len().max(column + 1), UNKNOWN);
            self.places[column] = self.known.len();
            self.known.push(column);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::regression::Regression;
    use crate::{Binomial, DenseDesign, RegressionSettings, Regularizer, Separable};

    #[test]
    fn columns_come_as_they_are_wanted_and_keep_their_numbers() {
        let (n, p) = (30, 8);
        let x: Vec<f64> = (0..n * p).map(|i| ((i * i) as f64 * 0.37).sin()).collect();
        let design = DenseDesign::new(n, p, &x).unwrap();
        let y = (0..n).map(|i| f64::from(i % 3 == 0)).collect();
        let family = Separable::new(Binomial, y, None).unwrap();
        let settings = RegressionSettings::default();
        let regression = Regression::new(&design, &family, Regularizer::l1(), &settings).unwrap();
        let members: Vec<usize> = (0..p).collect();
        let restricted = regression.restricted(&members, &|| false);
        let predictor: Vec<f64> = (0..n).map(|i| (i as f64).sin()).collect();
        let mut curvature = Curvature::at(&predictor, 1);
        curvature.extend(&restricted, |j| j == 5 || j == 0).unwrap();
        curvature.extend(&restricted, |j| j % 2 == 0).unwrap();

        let mut column = vec![0.0; p + 1];
        let mut expect = |known: &[usize], kept: &[usize], system: System<'_>| {
            assert!(
                system.has(known)
                    && (0..kept.len()).all(|j| known.contains(&j) == system.has(&[j]))
            );
            for &j in known {
                let mut unit = vec![0.0; p + 1];
                unit[kept[j]] = 1.0;
                restricted.multiply_hessian(&predictor, &unit, &mut column).unwrap();
                let mut product = vec![1.0; kept.len()];
                let mut unit = vec![0.0; kept.len()];
                unit[j] = 1.0;
                system.multiply(&unit, &mut product);
                for i in 0..kept.len() {
                    let ridge = if i == j && i > 0 { 0.5 } else { 0.0 };
                    let entry = if known.contains(&i) { column[kept[i]] + ridge } else { 0.0 };
                    assert!((product[i] - entry).abs() < 1e-12, "{i} {j}");
                    assert!(!known.contains(&i) || (system.at(i, j) - entry).abs() < 1e-12);
                }
            }
        };
        let all: Vec<usize> = (0..=p).collect();
        expect(&[0, 2, 4, 5, 6, 8], &all, curvature.system(0.5, 1));
        // Of what stays, three are known, with new numbers.
        let kept = [0, 1, 4, 5, 7];
        expect(&[0, 2, 3], &kept, curvature.keep(&kept).system(0.5, 1));
    }
}
