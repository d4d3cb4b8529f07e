//! Regression with any family and any penalty.

mod bend;
mod bounds;
mod certify;
mod cholesky;
mod condensed;
mod curvature;
mod descent;
mod dual;
mod faces;
mod jump;
mod members;
mod newton;
mod path;
mod products;
mod refine;
mod restricted;
mod shared;
mod single;
mod sizes;
mod solver;
mod systems;
mod tight;
mod wide;
mod working_set;

use crate::design::{Design, Standardized};
use crate::held::Held;
use crate::regularizer::Terms;
use crate::{Coefficients, Error, Family, Regularizer};
use certify::Look;
use chamfer::{Block, DualityGap, Penalty, Strength};
use condensed::{Products, Rows};
pub use path::PathStart;
pub use refine::Criterion;
use restricted::Restricted;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

/// Settings of a [`Regression`].
///
/// | name | default | purpose |
/// |---|---|---|
/// | `intercept` | `true` | fit an intercept for each output, never penalized |
/// | `standardize` | `true` | penalize the coefficients of columns scaled to variance 1 |
/// | `offset` | none | what is added to the linear predictor, output by output |
/// | `start` | `Best` | where paths of penalties that are not convex descend from |
/// | `max_steps` | no limit | Newton steps at each λ, after which its point is left as it is |
#[derive(Debug, Clone, Copy)]
pub struct RegressionSettings<'a> {
    /// Fit an intercept for each output, never penalized. Families without one ignore it.
    pub intercept: bool,
    /// Penalize the coefficients of columns scaled to variance 1; results are on the original scale
    /// either way.
    pub standardize: bool,
    /// A known part of the linear predictor: row by row, and output by output if there are several.
    pub offset: Option<&'a [f64]>,
    /// Where paths of penalties that are not convex descend from; others ignore it.
    pub start: PathStart,
    /// Newton steps at each λ at most, those on the way to it and of all descents there together. Where they
    /// do not suffice, the point is marked as not converged, and its certificate says how near it came. With
    /// 0, what is certified is the start.
    pub max_steps: usize,
}

impl Default for RegressionSettings<'_> {
    fn default() -> Self {
        Self {
            intercept: true,
            standardize: true,
            offset: None,
            start: PathStart::Best,
            max_steps: usize::MAX,
        }
    }
}

/// Penalized regression of any family, checked when it is made:
///
/// ```text
/// P(b, β) = L(offset + b + Xβ) + λ(α R(β) + ½(1 − α)‖β‖²),
/// ```
///
/// with the mean loss `L` of the [`Family`] and the penalty of the [`Regularizer`], on columns that are
/// scaled to variance 1 if they are standardized.
pub struct Regression<'a> {
    pub(crate) data: Held<'a, dyn Design + 'a>,
    pub(crate) family: Held<'a, dyn Family + 'a>,
    pub(crate) penalty: Regularizer,
    design: Standardized<'a>,
    pub(crate) terms: Terms,
    /// The penalty of all terms at `λ = 1`; none without terms.
    whole: Option<Arc<Block<f64>>>,
    intercept: bool,
    standardize: bool,
    offset: Vec<f64>,
    start: PathStart,
    max_steps: usize,
    /// The least loss that any predictor has.
    saturated: f64,
    null: Null,
    /// `√(Σ_i w_i x_ij²)` of the columns of all terms, when it is needed first.
    norms: OnceLock<Vec<f64>>,
    /// The problem with the convex penalty on the same terms, where the penalty is not convex.
    convex: Option<Arc<Self>>,
    /// Products of the rows, where they were needed.
    products: OnceLock<Products>,
    /// What this one stands for, if it is condensed.
    rows: Option<Rows>,
}

/// The best fit without penalized coefficients.
#[derive(Clone, Default)]
struct Null {
    /// Intercepts and the coefficients of unpenalized columns.
    coefficients: Vec<f64>,
    look: Arc<Look>,
}

/// The solution at one λ, with its certificate.
#[derive(Debug, Clone, PartialEq)]
pub struct RegressionPoint {
    /// The λ asked for.
    pub lambda: f64,
    /// The solution, for each output.
    pub coefficients: Vec<Coefficients>,
    /// How optimal it is.
    pub certificate: Optimality,
    /// `1 − (L − L_saturated)/(L_null − L_saturated)`, the fraction of the null deviance explained.
    pub deviance_explained: f64,
    /// Whether the certificate meets the tolerance.
    pub converged: bool,
    /// Newton steps taken, those on the way to this λ and of all descents there together.
    pub newton_steps: usize,
}

/// Below this, the smallest eigenvalue of a Hessian on columns of variance 1 is taken for that of a flat
/// direction: duplicate columns, or the common part of the classes' intercepts.
const FLAT: f64 = 1e-9;

/// How optimal coefficients are, recomputed from the data alone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Optimality {
    /// `P − L_saturated`, which is at least 0.
    pub objective: f64,
    /// The bracket around the least objective, where the penalty is convex and the family's dual is
    /// known; both sides less `L_saturated`.
    pub gap: Option<DualityGap<f64>>,
    /// The largest violation of first-order optimality over the terms, relative to λ.
    pub relative_stationarity: f64,
    /// The smallest eigenvalue of the Hessian on the support, where the penalty is not convex: above 0
    /// at a strict local minimum.
    pub smallest_eigenvalue: Option<f64>,
}

impl Optimality {
    /// Whether it is optimal to `tolerance`: by the relative gap where there is one, else by first and
    /// second order.
    #[must_use]
    pub fn meets(&self, tolerance: f64) -> bool {
        match self.gap {
            Some(gap) => gap.relative() <= tolerance,
            None => {
                self.relative_stationarity <= tolerance
                    && self.smallest_eigenvalue.is_none_or(|least| least > -FLAT)
            }
        }
    }
}

impl RegressionPoint {
    /// The linear predictor `offset + b + Xβ` for every row of `design`, output by output;
    /// [`Family::respond`] turns it into means or probabilities.
    ///
    /// # Panics
    /// If a coefficient has no column in `design`.
    #[must_use]
    pub fn predict(&self, design: &dyn Design, offset: Option<&[f64]>) -> Vec<f64> {
        let mut predictor: Vec<f64> = self
            .coefficients
            .iter()
            .flat_map(|coefficients| coefficients.predict(design))
            .collect();
        for (eta, offset) in predictor.iter_mut().zip(offset.unwrap_or_default()) {
            *eta += offset;
        }
        predictor
    }
}

impl<'a> Regression<'a> {
    /// Checks the data, takes the moments of the columns and fits the null model.
    ///
    /// # Errors
    /// If lengths do not fit, something is not finite, or a parameter of the penalty is out of its
    /// range; if the null model has no finite optimum.
    pub fn new(
        design: &'a dyn Design,
        family: &'a dyn Family,
        penalty: Regularizer,
        settings: &RegressionSettings<'_>,
    ) -> Result<Self, Error> {
        let made = Self::checked(design, family, penalty, settings);
        // Rows that could not be read look like data that is wrong.
        design.failure().map_or(made, Err)
    }

    fn checked(
        design: &'a dyn Design,
        family: &'a dyn Family,
        penalty: Regularizer,
        settings: &RegressionSettings<'_>,
    ) -> Result<Self, Error> {
        let (n, outputs) = (design.n_rows(), family.n_outputs());
        Error::check_length("the target", n, family.n_rows())?;
        let offset = settings.offset.unwrap_or_default();
        if settings.offset.is_some() {
            Error::check_length("the offset", n * outputs, offset.len())?;
        }
        if let Some(index) = offset.iter().position(|o| !o.is_finite()) {
            return Err(Error::NonFiniteOffset { row: index % n, value: offset[index] });
        }
        let terms = penalty.terms(design.n_cols(), outputs)?;
        let intercept = settings.intercept && family.has_intercept();
        // Without an intercept, centres would change the model, except where no constant matters.
        let centre = intercept || !family.has_intercept();
        let weights = family.weights().to_vec();
        let (data, standardize) = (design, settings.standardize);
        // What is not finite shows in every sum over it, so it is looked for when one is not.
        let non_finite =
            || data.find_non_finite().map(|(row, column)| Error::NonFiniteDesign { row, column });
        let design = Standardized::new(Held::Borrowed(data), weights, centre, standardize)
            .map_err(|error| non_finite().unwrap_or(error))?;
        let null = Null::default();
        let offset = offset.to_vec();
        let whole = whole(&penalty, &terms)?;
        let mut regression = Self {
            data: Held::Borrowed(data),
            family: Held::Borrowed(family),
            penalty,
            design,
            terms,
            whole,
            intercept,
            standardize,
            offset,
            start: settings.start,
            max_steps: settings.max_steps,
            saturated: family.saturated(),
            null,
            norms: OnceLock::new(),
            convex: None,
            products: OnceLock::new(),
            rows: None,
        };
        regression.check_signal()?;
        let is_least_squares = regression.family.least_squares().is_some();
        let null = regression.null_model();
        let all_seen = regression.terms.columns().len() + regression.terms.unpenalized().len()
            >= data.n_cols();
        let is_finite = |null: &Null| null.look.gradient.iter().all(|g| g.is_finite());
        if !(all_seen && null.as_ref().is_ok_and(is_finite))
            && let Some(error) = non_finite()
        {
            return Err(error);
        }
        regression.null = match null {
            Ok(null) if !is_least_squares || null.look.loss.is_normal() => null,
            Ok(_) | Err(Error::NonFiniteLoss { .. }) if is_least_squares => {
                return Err(Error::UnscaledTarget);
            }
            other => other?,
        };
        if !regression.penalty.is_convex() {
            regression.convex = Some(Arc::new(regression.with_convex_penalty()?));
        }
        Ok(regression)
    }

    /// Refuses targets of least squares that leave nothing to explain.
    fn check_signal(&self) -> Result<(), Error> {
        let Some(target) = self.family.least_squares() else { return Ok(()) };
        let weights = self.family.weights();
        let offsets = self.offset.iter().copied().chain(std::iter::repeat(0.0));
        let mut left = target
            .iter()
            .zip(weights)
            .zip(offsets)
            .filter(|((_, w), _)| **w > 0.0)
            .map(|((y, _), offset)| y - offset);
        let first = left.next().unwrap_or(0.0);
        if left.all(|y| y == first) && (self.intercept || first == 0.0) {
            return Err(Error::ConstantTarget { value: first });
        }
        Ok(())
    }

    /// The least λ at which zeros are optimal: globally for convex penalties and in one dimension for
    /// `ℓ_q`; for MCP and SCAD it is that of the lasso.
    ///
    /// # Errors
    /// If no λ is: nothing is correlated with the target, or has a penalty.
    pub fn lambda_max(&self) -> Result<f64, Error> {
        if self.terms.len() == 0 {
            return Err(Error::NoSignal);
        }
        let negative: Vec<f64> =
            self.allowed(&self.null.look.gradient).iter().map(|g| -g).collect();
        let convex = self.convex.as_deref().unwrap_or(self);
        let norm =
            convex.penalty_at(1.0).and_then(|(penalty, one)| penalty.dual_norm(&negative, one));
        let slope = norm.unwrap_or(f64::INFINITY);
        let q = self.penalty.exponent();
        let lambda = if q < 1.0 {
            // min ½(b − z)² + λ|b|^q is 0 up to z = (2−q)/(2(1−q)) · (2λ(1−q))^{1/(2−q)}.
            (slope * 2.0 * (1.0 - q) / (2.0 - q)).powf(2.0 - q) / (2.0 * (1.0 - q))
        } else {
            slope
        };
        if lambda > 0.0 && lambda.is_finite() { Ok(lambda) } else { Err(Error::NoSignal) }
    }

    /// The settings that it was made with.
    pub(crate) fn settings(&self) -> RegressionSettings<'_> {
        let offset = (!self.offset.is_empty()).then_some(self.offset.as_slice());
        RegressionSettings {
            intercept: self.intercept,
            standardize: self.standardize,
            offset,
            start: self.start,
            max_steps: self.max_steps,
        }
    }

    fn with_convex_penalty(&self) -> Result<Self, Error> {
        let penalty = self.penalty.convex();
        Ok(Self {
            data: self.data.clone(),
            family: self.family.clone(),
            whole: whole(&penalty, &self.terms)?,
            penalty,
            design: self.design.clone(),
            terms: self.terms.clone(),
            intercept: self.intercept,
            standardize: self.standardize,
            offset: self.offset.clone(),
            start: self.start,
            max_steps: self.max_steps,
            saturated: self.saturated,
            null: self.null.clone(),
            norms: self.norms.clone(),
            convex: None,
            products: OnceLock::new(),
            rows: None,
        })
    }

    /// The penalty of all terms, and its strength at `lambda`; `None` if there are no terms.
    fn penalty_at(&self, lambda: f64) -> Option<(&dyn Penalty<f64>, Strength<'_, f64>)> {
        let block = self.whole.as_deref()?;
        Some((
            block.parametrization().penalty(),
            block.strength_at(lambda * self.penalty.l1_ratio()),
        ))
    }

    /// The loss on the unpenalized columns and the columns of `terms`.
    fn restricted<'s>(
        &'s self,
        terms: &[usize],
        stop: &'s (dyn Fn() -> bool + Sync + 's),
    ) -> Restricted<'s> {
        let mut columns = self.terms.unpenalized().to_vec();
        columns.extend(terms.iter().flat_map(|&t| self.terms.of(t)));
        self.of_columns(columns, stop)
    }

    /// The loss on some columns.
    fn of_columns<'s>(
        &'s self,
        columns: Vec<usize>,
        stop: &'s (dyn Fn() -> bool + Sync + 's),
    ) -> Restricted<'s> {
        Restricted {
            design: &self.design,
            family: &*self.family,
            offset: &self.offset,
            intercept: self.intercept,
            columns,
            stop,
        }
    }

    /// What column `j` is divided by where columns are standardized, else 1: a coefficient times it is
    /// that of the standardized column.
    #[must_use]
    pub fn scale(&self, j: usize) -> f64 {
        self.design.scale(j)
    }

    /// Coefficients of the columns as they came, for each output.
    fn on_original_scale(
        &self,
        restricted: &Restricted<'_>,
        coefficients: &[f64],
    ) -> Vec<Coefficients> {
        let outputs = self.family.n_outputs();
        let (intercepts, slopes) = coefficients.split_at(restricted.n_intercepts());
        let of_output = |k: usize| {
            let mut values: BTreeMap<usize, f64> = BTreeMap::new();
            let slopes = slopes.iter().skip(k).step_by(outputs);
            for (&column, &b) in restricted.columns.iter().zip(slopes).filter(|(_, b)| **b != 0.0) {
                // Groups that share a column each give it something.
                *values.entry(column).or_default() += b / self.design.scale(column);
            }
            if let Some(limits) = self.penalty.bounds() {
                // Scaling back and forth may have rounded past a bound.
                for (&column, b) in &mut values {
                    *b = b.max(limits[column].0).min(limits[column].1);
                }
            }
            let centre = |j: usize| match &self.rows {
                Some(rows) => rows.means.columns[j],
                None => self.design.centre(j),
            };
            let explained: f64 = values.iter().map(|(&j, b)| b * centre(j)).sum();
            let means = self.rows.as_ref().map(|rows| &rows.means.targets);
            let constant = intercepts.get(k).or_else(|| means?.get(k));
            let intercept = constant.map_or(0.0, |b| b - explained);
            Coefficients { intercept, values: values.into_iter().collect() }
        };
        (0..outputs).map(of_output).collect()
    }

    /// Number of intercepts and coefficients of unpenalized columns.
    fn n_free(&self) -> usize {
        let outputs = self.family.n_outputs();
        let intercepts = if self.intercept { outputs } else { 0 };
        intercepts + self.terms.unpenalized().len() * outputs
    }
}

/// The penalty of all terms at `λ = 1`; `None` without terms.
fn whole(penalty: &Regularizer, terms: &Terms) -> Result<Option<Arc<Block<f64>>>, Error> {
    if terms.len() == 0 {
        return Ok(None);
    }
    let all: Vec<usize> = (0..terms.len()).collect();
    let (sizes, weights) = terms.sizes(&all);
    Ok(Some(Arc::new(penalty.block(&sizes, &weights, 1.0)?)))
}
