//! Least squares with far more rows than columns, on as many rows as there are columns.
//!
//! The squared error knows the rows only through the products of the columns `X` and the targets `Y`. With the Cholesky
//! factor
//!
//! ```text
//! [X Y]ᵀ W [X Y] = RᵀR
//! ```
//!
//! of weighted, centred columns, `Σ w (y − Xβ)²` is `‖R(−β, 1)‖²` for every `β`: the triangle `R` is a design and
//! targets for the same regression. The products cost `np²` operations once; from then on a look at all columns costs
//! `p²` instead of `np`. Products of some rows are those of all less those of the others, so the folds of a
//! cross-validation need theirs once as well.
//!
//! What is lost is rounding: sums of squares have it relative to the whole, not to the residuals.
//! [`Regression::is_condensed_enough`] compares that with the tolerance.

mod products;

pub(super) use self::products::Products;
use self::products::{CrossProducts, Origin};
use super::systems::factor;
use super::{Null, Regression, RegressionPoint};
use crate::design::{DenseDesign, Standardized};
use crate::held::Held;
use crate::{Coefficients, Design, Error, Family, Gaussian, MultiGaussian, Separable, Target};
use faer::{Mat, Side};
use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

/// Rows for each column at least: products take little memory beside the design then.
const LEAST_ROWS: usize = 20;
/// λs of a path for this many columns at least. A product of two columns takes about as long as a look at eight λs.
const COLUMNS_PER_LAMBDA: usize = 8;
/// Rows for each part and column at least, for the same reason.
const LEAST_ROWS_OF_PART: usize = 4;
/// The part of the tolerance that rounding may take.
const ROUNDING: f64 = 0.1;

/// What a condensed regression has to know of the rows that it stands for.
pub(super) struct Rows {
    /// Means of columns and targets, with an intercept; else zeros.
    pub(super) means: Origin,
    /// Standard deviations of the columns and then the targets.
    spreads: Vec<f64>,
}

/// Whether two weights are the same but for rounding.
fn is_near(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-12 * b
}

/// `RᵀR` is the matrix whose lower triangle is given: the transposed Cholesky factor, or what eigenvectors give where
/// columns depend on each other.
fn root(matrix: &Mat<f64>) -> Option<Mat<f64>> {
    let size = matrix.nrows();
    let constant: Vec<bool> = (0..size).map(|j| matrix[(j, j)] == 0.0).collect();
    let mut lower = matrix.clone();
    for j in (0..size).filter(|&j| constant[j]) {
        lower[(j, j)] = 1.0;
    }
    if factor(&mut lower).is_some() {
        let entry = |i: usize, j: usize| if i > j || constant[j] { 0.0 } else { lower[(j, i)] };
        return Some(Mat::from_fn(size, size, entry));
    }
    let eigen = matrix.self_adjoint_eigen(Side::Lower).ok()?;
    let (values, vectors) = (eigen.S(), eigen.U());
    Some(Mat::from_fn(size, size, |i, j| values[i].max(0.0).sqrt() * vectors[(j, i)]))
}

impl Regression<'_> {
    /// Does once what paths of so many λs in all, and folds that hold out these rows, share, where that pays: for least
    /// squares with far more rows than columns, the products of the columns. Paths, folds and
    /// [`validate_condensed`](Self::validate_condensed) use them from then on; a path of many λs does not need this.
    pub fn prepare(
        &self,
        n_lambdas: usize,
        held_out: &[Vec<usize>],
        stop: &(dyn Fn() -> bool + Sync),
    ) {
        // What is held out is multiplied again, unless it adds up to all.
        if self.products.get().is_some()
            || !self.pays(n_lambdas * held_out.len().div_ceil(2).max(1))
        {
            return;
        }
        let n = self.design.n_rows();
        let mut rows: Vec<usize> = held_out.iter().flatten().copied().collect();
        rows.sort_unstable();
        let adds_up = rows.iter().copied().eq(0..n);
        let is_little = n >= LEAST_ROWS_OF_PART * held_out.len() * self.design.n_cols();
        let products = if adds_up && is_little {
            self.products_of_parts(held_out, stop)
        } else {
            let all = self.cross_products(&[(0..n).collect()], &self.origin(), stop);
            all.and_then(|mut all| Some(Products { all: all.pop()?, parts: Vec::new() }))
        };
        if let Some(products) = products {
            // Another thread may have been faster.
            let _ = self.products.set(products);
        }
    }

    /// Whether the products of the columns take less than they save at so many λs.
    fn pays(&self, n_lambdas: usize) -> bool {
        let (n, p) = (self.design.n_rows(), self.design.n_cols());
        let is_tall = n >= LEAST_ROWS * (p + self.family.n_outputs());
        self.family.is_quadratic() && is_tall && p <= COLUMNS_PER_LAMBDA * n_lambdas
    }

    /// The same regression on few rows, if that pays for a path of so many λs.
    pub(super) fn condensed(
        &self,
        n_lambdas: usize,
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Option<Arc<Regression<'static>>> {
        if let Some(products) = self.products.get() {
            return self.condense(&products.all).map(Arc::new);
        }
        if !self.pays(n_lambdas) {
            return None;
        }
        let rows = (0..self.design.n_rows()).collect();
        let products = self.cross_products(&[rows], &self.origin(), stop)?.pop()?;
        self.condense(&products).map(Arc::new)
    }

    /// The products of all rows of `whole` but those that are held out, if it has them, for the regression on the
    /// others.
    pub(crate) fn take_products(&self, whole: &Regression<'_>, held_out: &[usize]) {
        let products = whole.products.get().and_then(|products| {
            let held_out = whole.products_of(held_out, products, &|| false)?;
            Some(Products { all: products.all.without(&held_out), parts: Vec::new() })
        });
        if let Some(products) = products {
            let _ = self.products.set(products);
        }
    }

    /// The products of parts that add up to all rows.
    fn products_of_parts(
        &self,
        parts: &[Vec<usize>],
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Option<Products> {
        let origin = self.origin();
        let of_parts = self.cross_products(parts, &origin, stop)?;
        let size = self.design.n_cols() + self.family.n_outputs() + 1;
        let add = |sum: Mat<f64>, part: &CrossProducts| sum + &part.sums;
        let sums = of_parts.iter().fold(Mat::zeros(size, size), add);
        let parts = parts.iter().cloned().zip(of_parts).collect();
        Some(Products { all: CrossProducts { sums, origin }, parts })
    }

    /// The products of some rows, which may be there already.
    fn products_of<'p>(
        &self,
        rows: &[usize],
        products: &'p Products,
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Option<Cow<'p, CrossProducts>> {
        if let Some((_, part)) = products.parts.iter().find(|(of_part, _)| of_part == rows) {
            return Some(Cow::Borrowed(part));
        }
        let made = self.cross_products(&[rows.to_vec()], &products.all.origin, stop);
        made?.pop().map(Cow::Owned)
    }

    /// The mean squared errors, summed over outputs, of a path on the rows that `train` weighs for those that `test`
    /// weighs, from products of columns alone. `None` if this regression was not [prepared](Self::prepare), or if it
    /// does not have the weights of `train` or those of `test` in each row, up to a factor of each.
    ///
    /// Complexity: `mp²` operations for `m` rows to test that were not prepared, instead of passes over all rows
    /// at each λ.
    ///
    /// # Errors
    /// As [`path`](Self::path).
    pub fn validate_condensed(
        &self,
        lambdas: &[f64],
        tolerance: f64,
        [train, test]: [&[f64]; 2],
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Result<Option<Vec<f64>>, Error> {
        let Some(products) = self.products.get() else { return Ok(None) };
        let weights = self.family.weights();
        let rows = || weights.iter().zip(train).zip(test);
        let ratio = |(w, other): (&f64, &f64)| other / w;
        let unit = |of: &[f64]| weights.iter().zip(of).map(ratio).fold(0.0, f64::max);
        let (of_train, of_test) = (unit(train), unit(test));
        let is_split = rows().all(|((w, train), test)| {
            let held_out = *train == 0.0 && is_near(*test, w * of_test);
            held_out || (*test == 0.0 && is_near(*train, w * of_train))
        });
        if !is_split {
            return Ok(None);
        }
        let held_out: Vec<usize> = (0..train.len()).filter(|&i| train[i] == 0.0).collect();
        let Some(held_out) = self.products_of(&held_out, products, stop) else {
            return Ok(None);
        };
        let Some(others) = self.condense(&products.all.without(&held_out)) else {
            return Ok(None);
        };
        let mut errors = Vec::with_capacity(lambdas.len());
        for point in others.path(lambdas, tolerance, stop)? {
            let point = point?;
            if !others.is_condensed_enough(&point, tolerance) {
                return Ok(None);
            }
            errors.push(held_out.mean_square(&point.coefficients));
        }
        Ok(Some(errors))
    }

    /// What is subtracted from columns and targets before they are multiplied: their means, if there is an intercept.
    fn origin(&self) -> Arc<Origin> {
        let columns = (0..self.design.n_cols()).map(|j| self.design.centre(j)).collect();
        let mean = |y: &[f64]| -> f64 {
            let weighted = y.iter().zip(self.family.weights()).map(|(y, w)| y * w);
            if self.intercept { weighted.sum() } else { 0.0 }
        };
        let targets = self.targets();
        let targets = targets.chunks_exact(self.design.n_rows()).map(mean).collect();
        Arc::new(Origin { columns, targets })
    }

    /// The targets less their offsets.
    fn targets(&self) -> Vec<f64> {
        let Target::Numbers(targets) = self.family.target() else { return Vec::new() };
        let mut targets = targets.to_vec();
        for (y, offset) in targets.iter_mut().zip(&self.offset) {
            *y -= offset;
        }
        targets
    }

    /// The products of some parts of the rows.
    fn cross_products(
        &self,
        parts: &[Vec<usize>],
        origin: &Arc<Origin>,
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Option<Vec<CrossProducts>> {
        let n = self.design.n_rows();
        let mut targets = self.targets();
        for (y, mean) in targets.chunks_exact_mut(n).zip(&origin.targets) {
            for y in y {
                *y -= mean;
            }
        }
        let ones = vec![1.0; n];
        let mut more: Vec<&[f64]> = targets.chunks_exact(n).collect();
        more.push(&ones);
        let weights = self.family.weights();
        let sums = self.design.cross_products(&origin.columns, &more, weights, parts, stop)?;
        let is_finite = |sums: &Mat<f64>| (0..sums.nrows()).all(|j| sums[(j, j)].is_finite());
        let of_part = |sums| CrossProducts { sums, origin: origin.clone() };
        sums.iter().all(is_finite).then(|| sums.into_iter().map(of_part).collect())
    }

    /// Whether rounding in a condensed regression is small beside the tolerance, for a point that is on the scale of the
    /// rows: sums of squares have it relative to the squares of the parts of the predictor, not to those of the
    /// residuals.
    pub(super) fn is_condensed_enough(&self, point: &RegressionPoint, tolerance: f64) -> bool {
        let Some(Rows { spreads, .. }) = &self.rows else { return true };
        let of_output = |(coefficients, target): (&Coefficients, &f64)| -> f64 {
            let parts = coefficients.values.iter().map(|&(j, b)| b.abs() * spreads[j]);
            (parts.sum::<f64>() + target).powi(2)
        };
        let targets = &spreads[self.design.n_cols()..];
        let squares: f64 = point.coefficients.iter().zip(targets).map(of_output).sum();
        f64::EPSILON * squares <= ROUNDING * tolerance * point.certificate.objective
    }

    /// The regression on rows that have these products.
    fn condense(&self, products: &CrossProducts) -> Option<Regression<'static>> {
        let (p, outputs) = (self.design.n_cols(), self.family.n_outputs());
        let covariance = products.covariance(self.intercept);
        let rows = p + outputs;
        let root = root(&covariance)?;
        // Each row has the same weight, and they sum to 1.
        let unit = (rows as f64).sqrt();
        let column = |j: usize| root.col(j).iter().map(move |x| unit * x);
        let values = (0..p).flat_map(column).collect();
        let targets: Vec<f64> = (p..rows).flat_map(column).collect();
        let family: Arc<dyn Family> = if self.family.least_squares().is_some() {
            Arc::new(Separable::new(Gaussian, targets, None).ok()?)
        } else {
            Arc::new(MultiGaussian::new(targets, outputs, None).ok()?)
        };
        let spreads: Vec<f64> = (0..rows).map(|j| covariance[(j, j)].sqrt()).collect();
        let scale = |j: usize| if self.standardize && spreads[j] > 0.0 { spreads[j] } else { 1.0 };
        let data: Held<'static, dyn Design> =
            Held::Shared(Arc::new(DenseDesign::of_own(rows, p, values).ok()?));
        let weights = family.weights().to_vec();
        let design = Standardized::scaled(data.clone(), weights, (0..p).map(scale).collect());
        let mut condensed = Regression {
            data,
            penalty: self.penalty.clone(),
            design,
            terms: self.terms.clone(),
            whole: self.whole.clone(),
            intercept: false,
            standardize: self.standardize,
            offset: Vec::new(),
            start: self.start,
            max_steps: self.max_steps,
            saturated: family.saturated(),
            family: Held::Shared(family),
            null: Null::default(),
            convex: None,
            norms: OnceLock::new(),
            products: OnceLock::new(),
            rows: Some(Rows { means: products.means(self.intercept), spreads }),
        };
        condensed.null = condensed.null_model().ok().filter(|null| null.look.loss.is_normal())?;
        if !self.penalty.is_convex() {
            condensed.convex = Some(Arc::new(condensed.with_convex_penalty().ok()?));
        }
        Some(condensed)
    }
}
