//! Products of matrices, for low rank.

use super::depth::check_depth;
use super::{Curvature, Parametrization, away_from_zero};
use crate::penalty::Schatten;
use crate::{Convexity, Error, Facts, Penalty, Scalar, Strength};
use faer::linalg::matmul::matmul;
use faer::reborrow::ReborrowMut;
use faer::{Accum, Mat, MatMut, MatRef, Par};
use rand::RngCore;

/// Matrix product `W = A₁ A₂ ⋯ A_k`, `R_ξ = (1/k) Σ_l ‖A_l‖_F²`, which induces `R = Σ_i σ_i(W)^{2/k}`:
/// the nuclear norm for `k = 2` (`W = U Vᵀ`, Srebro et al. 2004), Schatten-2/k beyond
/// (Shang et al. 2016).
///
/// Coefficients: W, `rows × columns`, column by column. Factors: `A₁` (`rows × r`), `A₂ … A_{k−1}`
/// (`r × r`), `A_k` (`r × columns`), each column by column; `r` is the smaller side of W unless a
/// smaller rank is asked for, which then bounds the rank of W. K is polynomial. Balanced:
/// `A_lᵀ A_l = A_{l+1} A_{l+1}ᵀ`. The penalty is one term, with one weight.
///
/// Evaluations cost matrix products, and scratch memory for them.
///
/// ```
/// use chamfer::{MatrixProduct, Parametrization, Strength};
///
/// let row = MatrixProduct::new(2, 2, 2)?;
/// let mut factors = [0.0; 8];
/// row.lift(&[3.0, 0.0, 0.0, -4.0], &mut factors);
/// assert!((row.surrogate(&factors, Strength::uniform(1.0)) - 7.0f64).abs() < 1e-12);
/// # Ok::<(), chamfer::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MatrixProduct {
    rows: usize,
    columns: usize,
    rank: usize,
    k: usize,
    penalty: Schatten,
}

impl MatrixProduct {
    pub(crate) const FACTS: Facts = Facts {
        name: "matrix product",
        type_name: "MatrixProduct",
        map: "A₁ A₂ ⋯ A_k",
        surrogate: "(1/k) Σ_l ‖A_l‖_F²",
        penalty: "Σ_i σ_i(W)^{2/k}; nuclear norm at k = 2",
        convex: Convexity::AtDepthTwo,
        extra_factors: "r(m+n) + (k−2)r² − mn",
        smoothness: "polynomial, integer k ≥ 2",
        source: "Srebro et al. 2004; Shang et al. 2016",
    };

    /// A product of `depth` matrices for a matrix of the given shape.
    ///
    /// # Errors
    /// If a side is 0 or `depth` is below 2 or above 65,536.
    pub fn new(rows: usize, columns: usize, depth: usize) -> Result<Self, Error> {
        check_depth(depth as f64, 2.0)?;
        if rows == 0 || columns == 0 {
            return Err(Error::Empty);
        }
        let penalty = Schatten::new(rows, columns, 2.0 / depth as f64);
        Ok(Self { rows, columns, rank: rows.min(columns), k: depth, penalty })
    }

    /// Bounds the rank of W by `rank`, which saves factors.
    ///
    /// K then reaches only matrices of this rank, and the theory holds among those: the result is
    /// optimal among all if its rank is smaller than the bound. A lift keeps the largest singular
    /// values.
    ///
    /// # Errors
    /// If `rank` is 0 or above the smaller side.
    pub fn with_rank(mut self, rank: usize) -> Result<Self, Error> {
        let most = self.rows.min(self.columns);
        if rank == 0 || rank > most {
            return Err(Error::InvalidRank { rank, most });
        }
        self.rank = rank;
        Ok(self)
    }

    /// Shape of `A_{l+1}`.
    fn shape(&self, l: usize) -> (usize, usize) {
        let rows = if l == 0 { self.rows } else { self.rank };
        (rows, if l + 1 == self.k { self.columns } else { self.rank })
    }

    /// Where `A_{l+1}` begins in the factors.
    fn offset(&self, l: usize) -> usize {
        (0..l).map(|l| self.shape(l)).map(|(rows, columns)| rows * columns).sum()
    }

    fn factor<'a, T: Scalar>(&self, factors: &'a [T], l: usize) -> MatRef<'a, T> {
        let (rows, columns) = self.shape(l);
        MatRef::from_column_major_slice(&factors[self.offset(l)..][..rows * columns], rows, columns)
    }

    fn factor_mut<'a, T: Scalar>(&self, factors: &'a mut [T], l: usize) -> MatMut<'a, T> {
        let (rows, columns) = self.shape(l);
        let factor = &mut factors[self.offset(l)..][..rows * columns];
        MatMut::from_column_major_slice_mut(factor, rows, columns)
    }

    fn whole<'a, T: Scalar>(&self, coefficients: &'a [T]) -> MatRef<'a, T> {
        MatRef::from_column_major_slice(coefficients, self.rows, self.columns)
    }

    /// `A₁ ⋯ A_l` for `l = 1, …, k − 1`.
    fn prefixes<T: Scalar>(&self, factors: &[T]) -> Vec<Mat<T>> {
        let mut products = vec![self.factor(factors, 0).to_owned()];
        for l in 1..self.k - 1 {
            products.push(&products[l - 1] * self.factor(factors, l));
        }
        products
    }

    /// `A_{l+1} ⋯ A_k` for `l = 1, …, k − 1`.
    fn suffixes<T: Scalar>(&self, factors: &[T]) -> Vec<Mat<T>> {
        let mut products = vec![self.factor(factors, self.k - 1).to_owned()];
        for l in (1..self.k - 1).rev() {
            let product = self.factor(factors, l) * products.last().expect("begun with one");
            products.push(product);
        }
        products.reverse();
        products
    }

    /// The changes of the prefixes when the factors change by `direction`.
    fn prefix_changes<T: Scalar>(
        &self,
        prefixes: &[Mat<T>],
        factors: &[T],
        direction: &[T],
    ) -> Vec<Mat<T>> {
        let mut changes = vec![self.factor(direction, 0).to_owned()];
        for l in 1..self.k - 1 {
            changes.push(
                &changes[l - 1] * self.factor(factors, l)
                    + &prefixes[l - 1] * self.factor(direction, l),
            );
        }
        changes
    }

    /// The changes of the suffixes.
    fn suffix_changes<T: Scalar>(
        &self,
        suffixes: &[Mat<T>],
        factors: &[T],
        direction: &[T],
    ) -> Vec<Mat<T>> {
        let mut changes = vec![self.factor(direction, self.k - 1).to_owned()];
        for l in (1..self.k - 1).rev() {
            let change = self.factor(factors, l) * changes.last().expect("begun with one")
                + self.factor(direction, l) * &suffixes[l];
            changes.push(change);
        }
        changes.reverse();
        changes
    }
}

/// Adds `prefixᵀ middle suffixᵀ` to `out`; at an end of the chain there is no prefix or suffix.
fn add_between<T: Scalar>(
    out: MatMut<'_, T>,
    prefix: Option<&Mat<T>>,
    middle: MatRef<'_, T>,
    suffix: Option<&Mat<T>>,
) {
    let add = |out, left: MatRef<'_, T>, right: MatRef<'_, T>| {
        matmul(out, Accum::Add, left, right, T::one(), Par::Seq);
    };
    match (prefix, suffix) {
        (None, None) => unreachable!("a product has two factors at least"),
        (None, Some(suffix)) => add(out, middle, suffix.transpose()),
        (Some(prefix), None) => add(out, prefix.transpose(), middle),
        (Some(prefix), Some(suffix)) => {
            let left: Mat<T> = prefix.transpose() * middle;
            add(out, left.as_ref(), suffix.transpose());
        }
    }
}

impl<T: Scalar> Parametrization<T> for MatrixProduct {
    fn facts(&self) -> &'static Facts {
        &Self::FACTS
    }

    fn check(&self, n_coefficients: usize) -> Result<(), Error> {
        let expected = self.rows.checked_mul(self.columns).ok_or(Error::TooManyCoefficients)?;
        Error::check_length("a block with a matrix", expected, n_coefficients)
    }

    fn n_factors(&self, _: usize) -> usize {
        self.offset(self.k)
    }

    fn n_terms(&self, _: usize) -> usize {
        1
    }

    fn collapse(&self, factors: &[T], coefficients: &mut [T]) {
        let prefixes = self.prefixes(factors);
        let last = self.factor(factors, self.k - 1);
        let out = MatMut::from_column_major_slice_mut(coefficients, self.rows, self.columns);
        matmul(out, Accum::Replace, &prefixes[self.k - 2], last, T::one(), Par::Seq);
    }

    fn pushforward(&self, factors: &[T], direction: &[T], out: &mut [T]) {
        let prefixes = self.prefixes(factors);
        let changes = self.prefix_changes(&prefixes, factors, direction);
        let (last, d_last) = (self.factor(factors, self.k - 1), self.factor(direction, self.k - 1));
        let mut out = MatMut::from_column_major_slice_mut(out, self.rows, self.columns);
        let end = self.k - 2;
        matmul(out.rb_mut(), Accum::Replace, &changes[end], last, T::one(), Par::Seq);
        matmul(out, Accum::Add, &prefixes[end], d_last, T::one(), Par::Seq);
    }

    fn pullback(
        &self,
        factors: &[T],
        gradient: &[T],
        strength: Strength<'_, T>,
        out: &mut [T],
    ) -> T {
        let scale = T::of(2.0 / self.k as f64) * strength.at(0);
        for (out, &factor) in out.iter_mut().zip(factors) {
            *out = scale * factor;
        }
        let (prefixes, suffixes) = (self.prefixes(factors), self.suffixes(factors));
        for l in 0..self.k {
            let before = l.checked_sub(1).map(|before| &prefixes[before]);
            let out = self.factor_mut(out, l);
            add_between(out, before, self.whole(gradient), suffixes.get(l));
        }
        Parametrization::<T>::surrogate(self, factors, strength)
    }

    fn hessian_product(
        &self,
        factors: &[T],
        curvature: Curvature<'_, T>,
        strength: Strength<'_, T>,
        direction: &[T],
        out: &mut [T],
    ) {
        let scale = T::of(2.0 / self.k as f64) * strength.at(0);
        for (out, &d) in out.iter_mut().zip(direction) {
            *out = scale * d;
        }
        let (prefixes, suffixes) = (self.prefixes(factors), self.suffixes(factors));
        let d_prefixes = self.prefix_changes(&prefixes, factors, direction);
        let d_suffixes = self.suffix_changes(&suffixes, factors, direction);
        let (gradient, product) = (self.whole(curvature.gradient), self.whole(curvature.product));
        for l in 0..self.k {
            let before = l.checked_sub(1);
            let (prefix, suffix) = (before.map(|b| &prefixes[b]), suffixes.get(l));
            add_between(self.factor_mut(out, l), prefix, product, suffix);
            if let Some(before) = before {
                let change = Some(&d_prefixes[before]);
                add_between(self.factor_mut(out, l), change, gradient, suffix);
            }
            if let Some(change) = d_suffixes.get(l) {
                add_between(self.factor_mut(out, l), prefix, gradient, Some(change));
            }
        }
    }

    fn surrogate(&self, factors: &[T], strength: Strength<'_, T>) -> T {
        let squares: T = factors.iter().map(|&factor| factor * factor).sum();
        T::of(1.0 / self.k as f64) * strength.at(0) * squares
    }

    /// NaN where the singular value decomposition fails.
    fn lift(&self, coefficients: &[T], factors: &mut [T]) {
        factors.fill(T::zero());
        let Ok(svd) = self.penalty.svd(coefficients) else {
            factors.fill(T::nan());
            return;
        };
        let root = |sigma: T| sigma.powf(T::of(1.0 / self.k as f64));
        for (i, &sigma) in svd.values.iter().enumerate().take(self.rank) {
            let mut first = self.factor_mut(factors, 0);
            for row in 0..self.rows {
                first[(row, i)] = svd.left[(row, i)] * root(sigma);
            }
            for l in 1..self.k - 1 {
                self.factor_mut(factors, l)[(i, i)] = root(sigma);
            }
            let mut last = self.factor_mut(factors, self.k - 1);
            for column in 0..self.columns {
                last[(i, column)] = svd.right[(column, i)] * root(sigma);
            }
        }
    }

    /// The left factor takes what the others, orthogonal with singular values of at least 1, leave.
    fn start(&self, coefficients: &[T], factors: &mut [T]) {
        self.lift(coefficients, factors);
        let Ok(svd) = self.penalty.svd(coefficients) else { return };
        // An orthonormal completion of the right singular vectors, which stay first up to their signs.
        let mut right = Mat::<T>::zeros(self.columns, svd.right.ncols() + self.columns);
        right.subcols_mut(0, svd.right.ncols()).copy_from(&svd.right);
        for column in 0..self.columns {
            right[(column, svd.right.ncols() + column)] = T::one();
        }
        let basis = right.qr().compute_thin_Q();
        let gates: Vec<T> = (0..self.rank)
            .map(|i| {
                let sigma = svd.values.get(i).copied().unwrap_or(T::zero());
                sigma.powf(T::of(1.0 / self.k as f64)).max(T::one())
            })
            .collect();
        for l in 1..self.k {
            let is_last = l + 1 == self.k;
            let mut factor = self.factor_mut(factors, l);
            for (i, &gate) in gates.iter().enumerate() {
                if is_last {
                    for column in 0..self.columns {
                        factor[(i, column)] = gate * basis[(column, i)];
                    }
                } else {
                    factor[(i, i)] = gate;
                }
            }
        }
        // A₁ = W B diag(gate^{1−k}), B the basis: A₁ diag(gate)^{k−1} Bᵀ = W where W = W B Bᵀ.
        let projected = self.whole(coefficients) * basis.subcols(0, self.rank);
        let mut first = self.factor_mut(factors, 0);
        for (i, gate) in gates.iter().enumerate() {
            let scale = (1..self.k).fold(T::one(), |scale, _| scale / *gate);
            for row in 0..self.rows {
                first[(row, i)] = projected[(row, i)] * scale;
            }
        }
    }

    fn random(&self, standard_deviation: T, rng: &mut dyn RngCore, factors: &mut [T]) {
        // Each entry of W is a sum over k − 1 inner indices, of r products each.
        let terms = T::of((self.rank as f64).powf(0.5 * (self.k - 1) as f64));
        let scale = (standard_deviation / terms).powf(T::of(1.0 / self.k as f64));
        factors.fill_with(|| away_from_zero(scale, rng));
    }

    /// The first coefficient if two factors are 0 altogether.
    fn frozen(&self, factors: &[T]) -> Option<usize> {
        let zero = |l: &usize| {
            let (rows, columns) = self.shape(*l);
            let factor = &factors[self.offset(*l)..][..rows * columns];
            factor.iter().all(|a| *a == T::zero())
        };
        ((0..self.k).filter(zero).count() >= 2).then_some(0)
    }

    fn imbalance(&self, factors: &[T]) -> T {
        let between = |l: usize| {
            let (left, right) = (self.factor(factors, l), self.factor(factors, l + 1));
            let difference: Mat<T> = left.transpose() * left - right * right.transpose();
            difference.norm_max()
        };
        (0..self.k - 1).map(between).fold(T::zero(), T::max)
    }

    fn penalty(&self) -> &dyn Penalty<T> {
        &self.penalty
    }
}
