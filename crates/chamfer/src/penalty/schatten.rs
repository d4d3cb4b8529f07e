//! Penalties on the singular values of a matrix.

use super::Penalty;
use crate::{Error, Scalar, Strength};
use faer::{Mat, MatMut, MatRef};

/// `R(W) = Σ_i σ_i(W)^q` for a matrix whose coefficients are in column-major order: the nuclear norm
/// (`q = 1`; Fazel 2002) and the Schatten-q quasi-norms (`q < 1`), to the power q.
///
/// Induced by [`MatrixProduct`](crate::MatrixProduct). Every method costs a singular value
/// decomposition, `O(m n min(m, n))`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Schatten {
    rows: usize,
    columns: usize,
    q: f64,
}

/// A thin singular value decomposition without the singular values that are 0 up to rounding.
pub(crate) struct Svd<T> {
    pub(crate) left: Mat<T>,
    pub(crate) values: Vec<T>,
    pub(crate) right: Mat<T>,
}

impl Schatten {
    /// `0 < q ≤ 1`.
    pub(crate) fn new(rows: usize, columns: usize, q: f64) -> Self {
        Self { rows, columns, q }
    }

    /// The exponent.
    #[must_use]
    pub fn q(&self) -> f64 {
        self.q
    }

    fn view<'a, T: Scalar>(&self, matrix: &'a [T]) -> MatRef<'a, T> {
        MatRef::from_column_major_slice(matrix, self.rows, self.columns)
    }

    /// # Errors
    /// If the decomposition does not converge.
    pub(crate) fn svd<T: Scalar>(&self, matrix: &[T]) -> Result<Svd<T>, Error> {
        let svd = self.view(matrix).thin_svd().map_err(|_| Error::NoSvd)?;
        let all: Vec<T> = svd.S().column_vector().iter().copied().collect();
        let size = T::of(self.rows.max(self.columns) as f64);
        let noise = all.first().map_or(T::zero(), |largest| *largest * size * T::epsilon());
        let rank = all.iter().take_while(|sigma| **sigma > noise).count();
        Ok(Svd {
            left: svd.U().subcols(0, rank).to_owned(),
            values: all[..rank].to_vec(),
            right: svd.V().subcols(0, rank).to_owned(),
        })
    }

    /// `λq σ^{q−1}`.
    fn slope<T: Scalar>(&self, sigma: T, lambda: T) -> T {
        lambda * T::of(self.q) * sigma.powf(T::of(self.q - 1.0))
    }
}

/// `left diag(values) rightᵀ`.
fn compose<T: Scalar>(left: MatRef<'_, T>, values: &[T], right: MatRef<'_, T>) -> Mat<T> {
    let scaled = Mat::from_fn(left.nrows(), values.len(), |i, l| left[(i, l)] * values[l]);
    scaled * right.transpose()
}

/// NaN where a decomposition fails, so that no certificate can be read from it.
impl<T: Scalar> Penalty<T> for Schatten {
    fn value(&self, coefficients: &[T], strength: Strength<'_, T>) -> T {
        let Ok(svd) = self.svd(coefficients) else { return T::nan() };
        let sum: T = svd.values.iter().map(|sigma| sigma.powf(T::of(self.q))).sum();
        strength.at(0) * sum
    }

    /// The largest of: the spectral norm of what the gradient leaves in the row space and in the
    /// column space of W, and, for the nuclear norm, of what exceeds λ outside of both.
    fn stationarity(&self, coefficients: &[T], gradient: &[T], strength: Strength<'_, T>) -> T {
        let Ok(svd) = self.svd(coefficients) else { return T::nan() };
        let lambda = strength.at(0);
        let slopes: Vec<T> = svd.values.iter().map(|&sigma| self.slope(sigma, lambda)).collect();
        // E = G + P diag(slopes) Qᵀ must vanish on both spaces.
        let mut rest = compose(svd.left.as_ref(), &slopes, svd.right.as_ref());
        rest += self.view(gradient);
        let in_columns = svd.left.transpose() * &rest;
        let in_rows = &rest * &svd.right;
        let within = spectral_norm(in_columns.as_ref()).max(spectral_norm(in_rows.as_ref()));
        if self.q < 1.0 {
            return within;
        }
        let outside = &rest - &svd.left * in_columns;
        let outside = &outside - (&outside * &svd.right) * svd.right.transpose();
        within.max(spectral_norm(outside.as_ref()) - lambda)
    }

    fn steepest_descent(&self, _: &[T], _: &[T], _: Strength<'_, T>, _: &mut [T]) -> bool {
        false
    }

    fn dual_norm(&self, z: &[T], strength: Strength<'_, T>) -> Option<T> {
        (self.q == 1.0).then(|| spectral_norm(self.view(z)) / strength.at(0))
    }

    /// Cuts the singular values that are on their way to zero: the rank falls, and coefficients that
    /// are 0 only by chance stay as they are.
    fn snap_zeros(
        &self,
        coefficients: &mut [T],
        gradient: &[T],
        strength: Strength<'_, T>,
        slack: T,
    ) {
        let Ok(svd) = self.svd(coefficients) else { return };
        // As for other penalties with q < 1, only a wide margin tells what is dying from a solution.
        let slack = if self.q < 1.0 { slack.max(T::of(0.5)) } else { slack };
        // pᵢᵀ G qᵢ, the slope of the loss in each singular value.
        let pulled = self.view(gradient) * &svd.right;
        let lives = |i: &usize| {
            let pull = svd.left.col(*i).transpose() * pulled.col(*i);
            pull.abs() >= self.slope(svd.values[*i], strength.at(0)) * (T::one() - slack)
        };
        let live: Vec<usize> = (0..svd.values.len()).filter(lives).collect();
        if live.len() == svd.values.len() {
            return;
        }
        let left = Mat::from_fn(self.rows, live.len(), |r, l| svd.left[(r, live[l])]);
        let right = Mat::from_fn(self.columns, live.len(), |r, l| svd.right[(r, live[l])]);
        let values: Vec<T> = live.iter().map(|&i| svd.values[i]).collect();
        let cut = compose(left.as_ref(), &values, right.as_ref());
        MatMut::from_column_major_slice_mut(coefficients, self.rows, self.columns).copy_from(&cut);
    }

    fn support(&self, _: &[T], support: &mut [bool]) {
        support.fill(true);
    }

    /// Certifies the zero matrix only: the zeros of a matrix of low rank are not coordinates.
    fn certify_zeros(
        &self,
        coefficients: &[T],
        gradient: &[T],
        strength: Strength<'_, T>,
        slack: T,
        certified: &mut [bool],
    ) {
        let zero = coefficients.iter().all(|b| *b == T::zero());
        let norm = spectral_norm(self.view(gradient));
        if zero && (self.q < 1.0 || norm < strength.at(0) * (T::one() - slack)) {
            certified.fill(true);
        }
    }

    fn hessian_product(&self, _: &[T], _: Strength<'_, T>, _: &[T], _: &mut [T]) -> bool {
        false
    }
}

/// The largest singular value, NaN if it cannot be computed.
fn spectral_norm<T: Scalar>(matrix: MatRef<'_, T>) -> T {
    let values = matrix.singular_values();
    values.map_or(T::nan(), |values| values.first().copied().unwrap_or(T::zero()))
}
