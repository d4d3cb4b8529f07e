//! Quadratic models by products with the columns, where these are many and sparse.
//!
//! A product costs the entries of the columns; their Hessian, and all the more its Cholesky factor, is dense. So
//! conjugate gradients solve a model with as many operations as it has entries, times some dozens, and no matrix of
//! the size of the columns is made. For a loss that is not quadratic, the model has the Hessian of the point that it
//! is made at, which a factor would have to be made anew for. The factor of least squares is kept, so that it serves
//! longer; but there, too, products are better than the entries of a large Hessian.

use super::bend::{Bend, Rows};
use super::cholesky::Entries;
use super::restricted::Restricted;
use super::single::RoundedColumns;
use super::systems::{Iterations, conjugate_gradients};
use crate::Error;
use faer::Mat;

/// A face is minimized on, at a time, to this share of what it was from the minimum,
const FORCING: f64 = 0.1;
/// and to this one where the model is the loss itself.
const FORCING_EXACT: f64 = 1e-2;
/// Products that a model should not take, unless a factor of its Hessian takes longer.
const MOST_PRODUCTS: usize = 300;
/// An entry of a product takes the time of about so many operations of a factor,
const ENTRY: usize = 20;
/// and of so many entries of a Hessian, with what forming it takes.
const READ: usize = 4;
/// Products of one model, about.
const OF_MODEL: usize = 12;
/// A factor that is kept from model to model is worth so many times as much.
const KEPT: usize = 330;

/// The Hessian `C` of a quadratic model on the coefficients of a working set, by products with its columns.
pub(super) struct Products<'a> {
    restricted: &'a Restricted<'a>,
    /// The columns, rounded, by which systems are solved.
    rounded: &'a mut RoundedColumns,
    /// The curvature of the loss in each row.
    weights: Vec<f64>,
    ridge: f64,
    /// Number of coefficients without a ridge, which come first.
    n_free: usize,
    /// The diagonal of `C`, once it was needed.
    diagonal: Vec<f64>,
    /// What may be left of a system.
    enough: f64,
    /// In how many products a factor is made, about.
    of_factor: usize,
    /// Products that it may still take.
    left: usize,
}

impl<'a> Products<'a> {
    /// At a predictor, for systems of about `size` coefficients, of which `enough` may be left; `None` if rows do not
    /// each have a curvature of their own.
    pub(super) fn new(
        restricted: &'a Restricted<'a>,
        rounded: &'a mut RoundedColumns,
        predictor: &[f64],
        (ridge, n_free): (f64, usize),
        (size, enough): (usize, f64),
    ) -> Option<Self> {
        let weights = restricted.row_curvature(predictor)?;
        let of_factor = size.saturating_pow(3) / 3 / (ENTRY * restricted.n_entries());
        let (diagonal, left) = (Vec::new(), MOST_PRODUCTS.max(of_factor));
        Some(Self {
            restricted,
            rounded,
            weights,
            ridge,
            n_free,
            diagonal,
            enough,
            of_factor,
            left,
        })
    }

    /// Whether they solve a model faster than a factor does.
    pub(super) fn beat_a_factor(&self) -> bool {
        let kept = if self.restricted.is_quadratic() { KEPT } else { 1 };
        self.of_factor >= kept * OF_MODEL
    }

    /// Whether they are faster than those of entries that are at hand.
    pub(super) fn beat_entries(&self) -> bool {
        let size = self.restricted.n_coefficients();
        READ * self.restricted.n_entries() <= size * size
    }

    /// Whether a factor would have been cheaper.
    pub(super) fn is_spent(&self) -> bool {
        self.left == 0
    }

    /// Writes the product with a vector.
    pub(super) fn multiply(&self, x: &[f64], out: &mut [f64]) {
        let mut along = self.restricted.product(x);
        for (along, w) in along.iter_mut().zip(&self.weights) {
            *along *= w;
        }
        self.restricted.pull(&along, out);
        for (out, x) in out.iter_mut().zip(x).skip(self.n_free) {
            *out += self.ridge * x;
        }
    }

    /// Solves on the open set by conjugate gradients from `out`, to a share of the right-hand side.
    pub(super) fn solve(&mut self, open: &[bool], b: impl Fn(usize) -> f64, out: &mut [f64]) {
        if self.diagonal.is_empty() {
            self.diagonal = self.restricted.diagonal(&self.weights);
            for d in &mut self.diagonal[self.n_free..] {
                *d += self.ridge;
            }
        }
        let face: Vec<usize> = (0..open.len()).filter(|&j| open[j]).collect();
        let mut x: Vec<f64> = face.iter().map(|&j| out[j]).collect();
        let residual = face.iter().map(|&j| b(j)).collect();
        // One that is interrupted has no use for more.
        self.left = match self.iterate(&face, &mut x, residual) {
            Ok(Iterations { products, is_flat: false }) => self.left.saturating_sub(products),
            Ok(_) | Err(_) => 0,
        };
        out.fill(0.0);
        for (&j, x) in face.iter().zip(x) {
            out[j] = x;
        }
    }

    fn iterate(
        &mut self,
        face: &[usize],
        x: &mut [f64],
        mut residual: Vec<f64>,
    ) -> Result<Iterations, Error> {
        let rounded = self.rounded.with(self.restricted, face);
        let bend = Bend::new(self.restricted, face, rounded, Rows::Apart(&self.weights));
        let curved = |d: &[f64]| -> Result<Vec<f64>, Error> {
            let mut curved = bend.of(d)?;
            for ((curved, d), &j) in curved.iter_mut().zip(d).zip(face) {
                *curved += if j < self.n_free { 0.0 } else { self.ridge * d };
            }
            Ok(curved)
        };
        let share = if self.restricted.is_quadratic() { FORCING_EXACT } else { FORCING };
        let enough = self.enough.max(share * worst(&residual));
        let is_moved = x.iter().any(|x| *x != 0.0);
        if is_moved {
            for (r, c) in residual.iter_mut().zip(curved(x)?) {
                *r -= c;
            }
        }
        let scale = |(r, &j): (&f64, &usize)| r / self.diagonal[j].max(f64::MIN_POSITIVE);
        let Iterations { products, is_flat } = conjugate_gradients(
            x,
            &mut residual,
            curved,
            |residual| residual.iter().zip(face).map(scale).collect(),
            |_, residual| worst(residual) <= enough,
            self.left,
        )?;
        Ok(Iterations { products: products + usize::from(is_moved), is_flat })
    }
}

impl Entries for Products<'_> {
    fn between(&self, rows: &[usize], columns: &[usize]) -> Mat<f64> {
        let mut out = self.restricted.curved_between(&self.weights, rows, columns);
        let is_ridged = |j: usize| j >= self.n_free && self.ridge > 0.0;
        for (b, &j) in columns.iter().enumerate().filter(|(_, j)| is_ridged(**j)) {
            for (a, _) in rows.iter().enumerate().filter(|(_, i)| **i == j) {
                out[(a, b)] += self.ridge;
            }
        }
        out
    }
}

fn worst(residual: &[f64]) -> f64 {
    residual.iter().fold(0.0, |most, r| most.max(r.abs()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::regression::Regression;
    use crate::{Binomial, RegressionSettings, Regularizer, Separable, SparseDesign};
    use rand::rngs::StdRng;
    use rand::{Rng, SeedableRng};

    const N: usize = 150;
    const P: usize = 400;

    /// Three entries in a column; the last column is the one before it again.
    fn entries(rng: &mut StdRng) -> (Vec<usize>, Vec<usize>, Vec<f64>) {
        let (mut starts, mut rows, mut values) = (vec![0], Vec::new(), Vec::new());
        for _ in 1..P {
            let first = rng.random_range(0..N / 3);
            rows.extend([first, first + N / 3, first + 2 * N / 3]);
            values.extend((0..3).map(|_| rng.random_range(-2.0..2.0)));
            starts.push(rows.len());
        }
        rows.extend_from_within(rows.len() - 3..);
        values.extend_from_within(values.len() - 3..);
        starts.push(rows.len());
        (starts, rows, values)
    }

    /// Calls `check` with the loss on all columns, and a predictor.
    fn with_loss(check: impl Fn(&Restricted<'_>, &[f64])) {
        let mut rng = StdRng::seed_from_u64(3);
        let (starts, rows, values) = entries(&mut rng);
        let design = SparseDesign::new(N, &starts, &rows, &values).unwrap();
        let weights: Vec<f64> = (0..N).map(|i| 0.5 + (i % 3) as f64).collect();
        let y = (0..N).map(|_| f64::from(rng.random_bool(0.5))).collect();
        let family = Separable::new(Binomial, y, Some(&weights)).unwrap();
        let settings = RegressionSettings::default();
        let regression = Regression::new(&design, &family, Regularizer::l1(), &settings).unwrap();
        let members: Vec<usize> = (0..P).collect();
        let predictor: Vec<f64> = (0..N).map(|i| (i as f64).sin()).collect();
        check(&regression.restricted(&members, &|| false), &predictor);
    }

    #[test]
    fn products_are_those_of_the_hessian() {
        with_loss(|restricted, predictor| {
            let mut rounded = RoundedColumns::default();
            let products =
                Products::new(restricted, &mut rounded, predictor, (0.3, 1), (P, 0.0)).unwrap();
            let x: Vec<f64> = (0..=P).map(|j| (j as f64 * 0.7).cos()).collect();
            let (mut by_products, mut expected) = (vec![0.0; P + 1], vec![0.0; P + 1]);
            products.multiply(&x, &mut by_products);
            restricted.multiply_hessian(predictor, &x, &mut expected).unwrap();
            for j in 0..=P {
                let expected = expected[j] + if j == 0 { 0.0 } else { 0.3 * x[j] };
                assert!((by_products[j] - expected).abs() < 1e-12, "{j}");
            }
        });
    }

    #[test]
    fn entries_are_those_of_the_hessian() {
        with_loss(|restricted, predictor| {
            let mut rounded = RoundedColumns::default();
            let products =
                Products::new(restricted, &mut rounded, predictor, (0.3, 1), (P, 0.0)).unwrap();
            let (rows, columns) = ([0, 7, 30, P], [P, 30, 0]);
            let between = products.between(&rows, &columns);
            let many: Vec<usize> = (0..=P).collect();
            let all = products.between(&many, &many);
            let (mut unit, mut expected) = (vec![0.0; P + 1], vec![0.0; P + 1]);
            for (b, &j) in columns.iter().enumerate() {
                unit[j] = 1.0;
                products.multiply(&unit, &mut expected);
                unit[j] = 0.0;
                for (a, &i) in rows.iter().enumerate() {
                    assert!((between[(a, b)] - expected[i]).abs() < 1e-12, "{i} {j}");
                    assert!((all[(i, j)] - expected[i]).abs() < 1e-12, "{i} {j}");
                }
            }
        });
    }

    #[test]
    fn a_face_is_solved_to_a_share_of_its_right_hand_side() {
        with_loss(|restricted, predictor| {
            let mut rounded = RoundedColumns::default();
            let mut products =
                Products::new(restricted, &mut rounded, predictor, (1e-3, 1), (P, 1e-14)).unwrap();
            let open: Vec<bool> = (0..=P).map(|j| j % 2 == 0 || j + 2 > P).collect();
            let b = |j: usize| 1.0 + (j as f64).sin();
            let mut x = vec![0.0; P + 1];
            let mut left = vec![0.0; P + 1];
            let mut shares = Vec::new();
            for _ in 0..3 {
                products.solve(&open, b, &mut x);
                products.multiply(&x, &mut left);
                let residuals = (0..=P).filter(|&j| open[j]).map(|j| (b(j) - left[j]).abs());
                shares.push(residuals.fold(0.0, f64::max) / 2.0);
                assert!((0..=P).all(|j| open[j] || x[j] == 0.0));
            }
            assert!(products.beat_a_factor() && products.beat_entries());
            assert!(shares[0] <= FORCING && !products.is_spent(), "{shares:?}");
            // It goes on from where it was: nothing is left to do.
            assert!(shares[1] == shares[0] && shares[2] == shares[0], "{shares:?}");
        });
    }

    #[test]
    fn what_has_no_solution_ends() {
        with_loss(|restricted, predictor| {
            let mut rounded = RoundedColumns::default();
            let mut products =
                Products::new(restricted, &mut rounded, predictor, (0.0, 1), (P, 1e-14)).unwrap();
            let open = vec![true; P + 1];
            // Two columns that are the same, pulled apart.
            let b = |j: usize| if j == P { 1.0 } else { 0.0 };
            let mut x = vec![0.0; P + 1];
            products.solve(&open, b, &mut x);
            assert!(products.is_spent() && x.iter().all(|x| x.is_finite()));
        });
    }

    #[test]
    fn dense_columns_are_not_for_products() {
        let x: Vec<f64> = (0..N * P).map(|i| ((i * i) as f64).sin()).collect();
        let design = crate::DenseDesign::new(N, P, &x).unwrap();
        let y = (0..N).map(|i| f64::from(i % 3 == 0)).collect();
        let family = Separable::new(Binomial, y, None).unwrap();
        let settings = RegressionSettings::default();
        let regression = Regression::new(&design, &family, Regularizer::l1(), &settings).unwrap();
        let members: Vec<usize> = (0..2 * N).collect();
        let restricted = regression.restricted(&members, &|| false);
        let mut rounded = RoundedColumns::default();
        let products =
            Products::new(&restricted, &mut rounded, &[0.0; N], (0.0, 1), (2 * N, 0.0)).unwrap();
        assert!(!products.beat_a_factor() && !products.beat_entries());
    }
}
