//! Penalties on the coefficients of a regression.

use crate::Error;
use chamfer::{
    Block, GroupPower, GroupProduct, Groups, HdpK, Hpp, HppK, Mcp, Scad, SharedProduct,
    SparseGroup, Square,
};

/// The penalty `λ(α R(β) + ½(1 − α)‖β‖²)` of a regression: a row of the catalogue for `R`, on columns
/// or groups of columns with their weights, and the elastic net's mixture `α`.
///
/// | constructor | `R` | terms |
/// |---|---|---|
/// | [`l1`](Self::l1) | `Σ w_j abs(β_j)` | columns |
/// | [`lq`](Self::lq) | `Σ w_j abs(β_j)^q` | columns |
/// | [`mcp`](Self::mcp), [`scad`](Self::scad) | of Zhang 2010, Fan & Li 2001 | columns |
/// | [`non_negative`](Self::non_negative) | `Σ w_j β_j`, `β ≥ 0` | columns |
/// | [`group`](Self::group), [`group_lq`](Self::group_lq) | `Σ w_g ‖β_g‖₂^q` | groups |
/// | [`nested`](Self::nested) | `Σ w_g (Σ_j abs(β_gj)^p)^{q/p}` | groups |
/// | [`sparse_group`](Self::sparse_group) | `Σ w_g (a‖β_g‖₁ + (1−a)√n_g ‖β_g‖₂)` | groups |
///
/// Weights are 1 for columns and `√n_g` for groups unless others are given; sparse groups have their
/// `√n_g` inside. With several outputs (classes, responses), a group has the coefficients of its
/// columns for all outputs (`n_g` counts them), and a column's are terms of their own unless
/// [`across_outputs`](Self::across_outputs) ties them.
#[derive(Debug, Clone, PartialEq)]
pub struct Regularizer {
    shape: Shape,
    groups: Option<Vec<Vec<usize>>>,
    weights: Option<Vec<f64>>,
    /// What each term's weight is multiplied by.
    factors: Option<Vec<f64>>,
    unpenalized: Vec<usize>,
    l1_ratio: f64,
    /// Lower and upper bound of each column's coefficients.
    bounds: Option<Vec<(f64, f64)>>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Shape {
    Lq(f64),
    Mcp(f64),
    Scad(f64),
    NonNegative,
    Group(f64),
    Nested { within: usize, gates: usize },
    SparseGroup(f64),
}

impl Regularizer {
    fn new(shape: Shape, groups: Option<Vec<Vec<usize>>>) -> Self {
        let unpenalized = Vec::new();
        let (weights, factors, bounds) = (None, None, None);
        Self { shape, groups, weights, factors, unpenalized, l1_ratio: 1.0, bounds }
    }

    /// The lasso.
    #[must_use]
    pub fn l1() -> Self {
        Self::new(Shape::Lq(1.0), None)
    }

    /// `ℓ_q`, `0 < q ≤ 1`.
    #[must_use]
    pub fn lq(q: f64) -> Self {
        Self::new(Shape::Lq(q), None)
    }

    /// The minimax concave penalty with shape `gamma`, above 1.
    #[must_use]
    pub fn mcp(gamma: f64) -> Self {
        Self::new(Shape::Mcp(gamma), None)
    }

    /// The smoothly clipped absolute deviation with shape `a`, above 2.
    #[must_use]
    pub fn scad(a: f64) -> Self {
        Self::new(Shape::Scad(a), None)
    }

    /// The lasso with coefficients that may not be negative.
    #[must_use]
    pub fn non_negative() -> Self {
        Self::new(Shape::NonNegative, None)
    }

    /// The group lasso; `groups` has the columns of each group. Groups that share columns give the
    /// latent group lasso: a column's coefficient is the sum of what its groups give it.
    #[must_use]
    pub fn group(groups: Vec<Vec<usize>>) -> Self {
        Self::group_lq(groups, 1.0)
    }

    /// `Σ w_g ‖β_g‖₂^q` with `q = 1`, or `2/q` an integer, or `q ≤ 2/3`.
    #[must_use]
    pub fn group_lq(groups: Vec<Vec<usize>>, q: f64) -> Self {
        Self::new(Shape::Group(q), Some(groups))
    }

    /// `ℓ_{p,q}` with `p = 2/within` and `q = 2/(within + gates)`.
    #[must_use]
    pub fn nested(groups: Vec<Vec<usize>>, within: usize, gates: usize) -> Self {
        Self::new(Shape::Nested { within, gates }, Some(groups))
    }

    /// The sparse group lasso; `share` is the ℓ₁ part, between 0 and 1.
    #[must_use]
    pub fn sparse_group(groups: Vec<Vec<usize>>, share: f64) -> Self {
        Self::new(Shape::SparseGroup(share), Some(groups))
    }

    /// Ties the coefficients of each column over the outputs of the family to a group: a column is in
    /// for all classes or responses, or for none. Its weight stays 1, as in glmnet's grouped families and
    /// scikit-learn's `MultiTaskLasso`.
    #[must_use]
    pub fn across_outputs(mut self) -> Self {
        if let Shape::Lq(q) = self.shape {
            self.shape = Shape::Group(q);
        }
        self
    }

    /// Gives term `t` (a column or a group) the weight `weights[t]` instead of 1 or `√n_g`; 0 is no penalty.
    #[must_use]
    pub fn with_weights(mut self, weights: Vec<f64>) -> Self {
        self.weights = Some(weights);
        self
    }

    /// Multiplies the weight of term `t`, whatever it is, by `factors[t]` (glmnet's penalty factors, which are
    /// not rescaled here); 0 is no penalty, and an infinite factor keeps the term out. Several calls multiply,
    /// and a 0 stays.
    #[must_use]
    pub fn with_factors(mut self, factors: Vec<f64>) -> Self {
        let times = |(a, b): (&f64, f64)| if *a == 0.0 || b == 0.0 { 0.0 } else { a * b };
        self.factors = Some(match &self.factors {
            // A wrong number of factors is refused with the data.
            Some(before) if before.len() == factors.len() => {
                before.iter().zip(factors).map(times).collect()
            }
            _ => factors,
        });
        self
    }

    /// The adaptive lasso (Zou 2006) and group lasso (Wei & Huang 2010): factors `(max_s ‖b_s‖ / ‖b_t‖)^γ` of
    /// the terms `t` from a first fit `b`, one number for each column, on the scale on which coefficients are
    /// penalized. A term that is 0 there is kept out.
    ///
    /// Dividing by the largest makes λ independent of the target's scale. [`Regression::adaptive`] has the
    /// first fit, too.
    ///
    /// [`Regression::adaptive`]: crate::Regression::adaptive
    #[must_use]
    pub fn adaptive(self, first_fit: &[f64], gamma: f64) -> Self {
        let factors = self.adaptive_factors(first_fit, gamma);
        self.with_factors(factors)
    }

    /// The factors of [`adaptive`](Self::adaptive), without those that the penalty has already.
    pub(crate) fn adaptive_factors(&self, first_fit: &[f64], gamma: f64) -> Vec<f64> {
        let mut values = first_fit.to_vec();
        for &column in &self.unpenalized {
            if let Some(b) = values.get_mut(column) {
                *b = 0.0;
            }
        }
        let square = |j: &usize| values.get(*j).map_or(0.0, |b| b * b);
        let size = |columns: &[usize]| columns.iter().map(square).sum::<f64>().sqrt();
        let mut sizes: Vec<f64> = match &self.groups {
            Some(groups) => groups.iter().map(|columns| size(columns)).collect(),
            None => values.iter().map(|b| b.abs()).collect(),
        };
        for of_terms in [&self.weights, &self.factors].into_iter().flatten() {
            for (size, _) in sizes.iter_mut().zip(of_terms).filter(|(_, value)| **value == 0.0) {
                *size = 0.0;
            }
        }
        let largest = sizes.iter().copied().fold(0.0, f64::max);
        let factor =
            |size: f64| if size > 0.0 { (largest / size).powf(gamma) } else { f64::INFINITY };
        sizes.into_iter().map(factor).collect()
    }

    /// Leaves these columns out of the penalty.
    #[must_use]
    pub fn with_unpenalized(mut self, columns: Vec<usize>) -> Self {
        self.unpenalized = columns;
        self
    }

    /// The elastic net's `α`, above 0; 1 is no ridge.
    #[must_use]
    pub fn with_l1_ratio(mut self, l1_ratio: f64) -> Self {
        self.l1_ratio = l1_ratio;
        self
    }

    /// Keeps the coefficients of column `j` between `lower[j] ≤ 0` and `upper[j] ≥ 0`, which may be infinite,
    /// on the scale of the data.
    ///
    /// For penalties on columns; each output has the same bounds.
    #[must_use]
    pub fn with_bounds(mut self, lower: &[f64], upper: &[f64]) -> Self {
        let n = lower.len().max(upper.len());
        // A missing end is NaN, which the regression refuses with its column.
        let end = |ends: &[f64], j: usize| ends.get(j).copied().unwrap_or(f64::NAN);
        let least = if self.shape == Shape::NonNegative { 0.0 } else { f64::NEG_INFINITY };
        // Not f64::max, which would hide a NaN.
        let above = |lower: f64| if lower < least { least } else { lower };
        self.bounds = Some((0..n).map(|j| (above(end(lower, j)), end(upper, j))).collect());
        self
    }

    /// Lower and upper bound of each column's coefficients.
    pub(crate) fn bounds(&self) -> Option<&[(f64, f64)]> {
        self.bounds.as_deref()
    }

    /// Between what the coefficients of `column` must be.
    pub(crate) fn limits(&self, column: usize) -> (f64, f64) {
        let least = if self.shape == Shape::NonNegative { 0.0 } else { f64::NEG_INFINITY };
        self.bounds.as_ref().map_or((least, f64::INFINITY), |bounds| bounds[column])
    }

    /// The bounds that hold without the penalty, for `n_cols` columns.
    pub(crate) fn refit_bounds(&self, n_cols: usize) -> Option<Vec<(f64, f64)>> {
        let has_signs = self.shape == Shape::NonNegative && self.bounds.is_none();
        let is_free = |j: &usize| has_signs && self.unpenalized.contains(j);
        let free = (f64::NEG_INFINITY, f64::INFINITY);
        let of = |j: usize| if is_free(&j) { free } else { self.limits(j) };
        (has_signs || self.bounds.is_some()).then(|| (0..n_cols).map(of).collect())
    }

    /// The share `α` of `R`; the rest is a ridge.
    #[must_use]
    pub fn l1_ratio(&self) -> f64 {
        self.l1_ratio
    }

    /// Whether `R` is convex, so that certificates can have duality gaps.
    #[must_use]
    pub fn is_convex(&self) -> bool {
        match self.shape {
            Shape::Lq(q) | Shape::Group(q) => q == 1.0,
            Shape::NonNegative | Shape::SparseGroup(_) => true,
            Shape::Nested { within, gates } => within + gates == 2,
            Shape::Mcp(_) | Shape::Scad(_) => false,
        }
    }

    /// Whether it is a sum of kinks `w_j |β_j|`, with or without negative coefficients, and nothing else.
    pub(crate) fn is_kinks(&self) -> bool {
        (self.shape == Shape::Lq(1.0) || self.is_non_negative()) && self.bounds.is_none()
    }

    /// Whether it is a sum of norms `w_t ‖β_t‖₂`, and nothing else.
    pub(crate) fn is_norms(&self) -> bool {
        self.shape == Shape::Group(1.0)
    }

    /// Whether it adds up over coefficients, also where a term has several, one for each output.
    pub(crate) fn is_of_coefficients(&self) -> bool {
        matches!(self.shape, Shape::Lq(_) | Shape::Mcp(_) | Shape::Scad(_) | Shape::NonNegative)
    }

    /// Whether it is a concave function of each coefficient's modulus, and nothing else.
    pub(crate) fn is_folded_concave(&self) -> bool {
        let concave = match self.shape {
            Shape::Lq(q) => q < 1.0,
            Shape::Mcp(_) | Shape::Scad(_) => true,
            _ => false,
        };
        concave && self.bounds.is_none()
    }

    /// Whether it is the non-negative lasso.
    pub(crate) fn is_non_negative(&self) -> bool {
        self.shape == Shape::NonNegative
    }

    /// The convex penalty with the same terms: where a path of another one may begin.
    pub(crate) fn convex(&self) -> Self {
        let shape = match self.shape {
            Shape::Lq(_) | Shape::Mcp(_) | Shape::Scad(_) => Shape::Lq(1.0),
            Shape::Group(_) | Shape::Nested { .. } => Shape::Group(1.0),
            convex => convex,
        };
        Self { shape, ..self.clone() }
    }

    /// The exponent with which a term's penalty begins at 0: 1 where it has a slope there.
    pub(crate) fn exponent(&self) -> f64 {
        match self.shape {
            Shape::Lq(q) | Shape::Group(q) => q,
            Shape::Nested { within, gates } => 2.0 / (within + gates) as f64,
            _ => 1.0,
        }
    }

    /// The modulus of the gradient up to which it does not pay to open a zero, where the loss has `curvature`
    /// along the gradient: `min ½h(b − z)² + λb^q` is at 0 up to `hz = h(2−q)/(2(1−q)) · (2λ(1−q)/h)^{1/(2−q)}`.
    /// Smaller, or 0, where it is not known.
    pub(crate) fn threshold(&self, curvature: f64, lambda: f64) -> f64 {
        match self.shape {
            Shape::Lq(q) | Shape::Group(q) if q < 1.0 && self.l1_ratio == 1.0 => {
                let b = (2.0 * lambda * (1.0 - q) / curvature).powf((2.0 - q).recip());
                curvature * b * (2.0 - q) / (2.0 * (1.0 - q)) * (1.0 - 1e-9)
            }
            _ => 0.0,
        }
    }

    /// The terms for `n_cols` columns and `n_outputs` outputs.
    ///
    /// # Errors
    /// If a group names a column that is not there, columns are in no group and not unpenalized,
    /// weights have the wrong number or value, or a parameter is out of its range.
    pub(crate) fn terms(&self, n_cols: usize, n_outputs: usize) -> Result<Terms, Error> {
        if !(self.l1_ratio > 0.0 && self.l1_ratio <= 1.0) {
            return Err(Error::InvalidL1Ratio { value: self.l1_ratio });
        }
        if let Some(bounds) = &self.bounds {
            Error::check_length("the bounds", n_cols, bounds.len())?;
            let wrong = |(lower, upper): &(f64, f64)| !(*lower <= 0.0 && *upper >= 0.0);
            if let Some(column) = bounds.iter().position(wrong) {
                let (lower, upper) = bounds[column];
                return Err(Error::InvalidBounds { column, lower, upper });
            }
            if matches!(self.shape, Shape::Group(_) | Shape::Nested { .. } | Shape::SparseGroup(_))
            {
                return Err(Error::BoundsOnGroups);
            }
        }
        let mut free = vec![false; n_cols];
        for &column in &self.unpenalized {
            *free.get_mut(column).ok_or(Error::NoSuchColumn { column, n_cols })? = true;
        }
        let mut terms = Terms::default();
        let n_terms = self.groups.as_ref().map_or(n_cols, Vec::len);
        if let Some(weights) = &self.weights {
            Error::check_length("the penalty weights", n_terms, weights.len())?;
            if let Some(term) = weights.iter().position(|w| !(w.is_finite() && *w >= 0.0)) {
                return Err(Error::InvalidPenaltyWeight { term, value: weights[term] });
            }
        }
        if let Some(factors) = &self.factors {
            Error::check_length("the penalty factors", n_terms, factors.len())?;
            if let Some(term) = factors.iter().position(|f| f.is_nan() || *f < 0.0) {
                return Err(Error::InvalidPenaltyWeight { term, value: factors[term] });
            }
        }
        let mut grouped = free.clone();
        for term in 0..n_terms {
            let single = [term];
            let columns: &[usize] = self.groups.as_ref().map_or(&single, |groups| &groups[term]);
            if let Some(&column) = columns.iter().find(|column| **column >= n_cols) {
                return Err(Error::NoSuchColumn { column, n_cols });
            }
            let kept = columns.iter().copied().filter(|&column| !free[column]);
            let first = terms.columns.len();
            terms.columns.extend(kept);
            let size = terms.columns.len() - first;
            for &column in columns {
                grouped[column] = true;
            }
            let weight = self
                .weights
                .as_ref()
                .map_or_else(|| self.default_weight(size * n_outputs), |weights| weights[term]);
            let factor = self.factors.as_ref().map_or(1.0, |factors| factors[term]);
            let weight = if factor == 0.0 || weight == 0.0 { 0.0 } else { factor * weight };
            if size == 0 {
                continue;
            }
            if weight == f64::INFINITY {
                terms.columns.truncate(first);
                continue;
            }
            if weight == 0.0 {
                for column in terms.columns.drain(first..) {
                    free[column] = true;
                }
                continue;
            }
            terms.starts.push(first);
            terms.weights.push(weight);
        }
        if let Some(column) = grouped.iter().position(|grouped| !grouped) {
            return Err(Error::UngroupedColumn { column });
        }
        terms.unpenalized = (0..n_cols).filter(|&column| free[column]).collect();
        terms.starts.push(terms.columns.len());
        terms.n_outputs = n_outputs;
        Ok(terms)
    }

    fn default_weight(&self, size: usize) -> f64 {
        match self.shape {
            Shape::Group(_) | Shape::Nested { .. } if self.groups.is_some() => (size as f64).sqrt(),
            _ => 1.0,
        }
    }

    /// The block for some terms; `sizes` are their numbers of coefficients.
    ///
    /// # Errors
    /// If a parameter of the penalty is out of its range.
    pub(crate) fn block(
        &self,
        sizes: &[usize],
        weights: &[f64],
        lambda: f64,
    ) -> Result<Block<f64>, Error> {
        let n = sizes.iter().sum();
        let lambda = lambda * self.l1_ratio;
        let groups = || Groups::from_sizes(sizes);
        let mut per_coefficient = false;
        let depth = |q: f64| 2.0 / q;
        let whole = |k: f64| (2usize..64).find(|&integer| integer as f64 == k);
        let block = match self.shape {
            Shape::Lq(_) | Shape::Mcp(_) | Shape::Scad(_) | Shape::NonNegative => {
                per_coefficient = true;
                match self.shape {
                    Shape::Mcp(gamma) => Block::new(Mcp::new(gamma)?, n, lambda),
                    Shape::Scad(a) => Block::new(Scad::new(a)?, n, lambda),
                    Shape::Lq(1.0) => Block::new(Hpp, n, lambda),
                    Shape::Lq(q) => match (whole(depth(q)), depth(q)) {
                        (Some(k), _) => Block::new(HppK::new(k)?, n, lambda),
                        (None, k) if k >= 3.0 => Block::new(SharedProduct::new(k)?, n, lambda),
                        (None, k) => Block::new(HdpK::new(k)?, n, lambda),
                    },
                    _ => Block::new(Square, n, lambda),
                }
            }
            Shape::Group(1.0) => Block::new(GroupProduct::new(groups()?), n, lambda),
            Shape::Group(q) => match whole(depth(q)) {
                Some(k) => Block::new(GroupProduct::deep(groups()?, k)?, n, lambda),
                None => Block::new(GroupPower::new(groups()?, depth(q))?, n, lambda),
            },
            Shape::Nested { within, gates } => {
                Block::new(GroupProduct::nested(groups()?, within, gates)?, n, lambda)
            }
            Shape::SparseGroup(share) => Block::new(SparseGroup::new(groups()?, share)?, n, lambda),
        }?;
        let repeated = sizes.iter().zip(weights).flat_map(|(&n, &w)| std::iter::repeat_n(w, n));
        let weights = if per_coefficient { repeated.collect() } else { weights.to_vec() };
        Ok(block.with_weights(weights)?)
    }
}

/// Which columns the terms of a penalty have, one term after the other.
#[derive(Debug, Clone, Default)]
pub(crate) struct Terms {
    starts: Vec<usize>,
    columns: Vec<usize>,
    weights: Vec<f64>,
    unpenalized: Vec<usize>,
    n_outputs: usize,
}

impl Terms {
    /// Number of terms.
    pub(crate) fn len(&self) -> usize {
        self.weights.len()
    }

    /// The columns of all terms, one term after the other.
    pub(crate) fn columns(&self) -> &[usize] {
        &self.columns
    }

    /// The columns of term `t`.
    pub(crate) fn of(&self, t: usize) -> &[usize] {
        &self.columns[self.starts[t]..self.starts[t + 1]]
    }

    /// Columns without a penalty.
    pub(crate) fn unpenalized(&self) -> &[usize] {
        &self.unpenalized
    }

    /// In how many terms each of `n_cols` columns is: more than one where groups overlap.
    pub(crate) fn uses(&self, n_cols: usize) -> Vec<usize> {
        let mut uses = vec![0; n_cols];
        for &column in &self.columns {
            uses[column] += 1;
        }
        uses
    }

    /// Where the coefficients of term `t` are among those of all terms: column by column, and for
    /// each column output by output.
    pub(crate) fn range(&self, t: usize) -> std::ops::Range<usize> {
        self.starts[t] * self.n_outputs..self.starts[t + 1] * self.n_outputs
    }

    /// The weight of term `t`.
    pub(crate) fn weight(&self, t: usize) -> f64 {
        self.weights[t]
    }

    /// Number of coefficients and weight of each of `terms`.
    pub(crate) fn sizes(&self, terms: &[usize]) -> (Vec<usize>, Vec<f64>) {
        terms.iter().map(|&t| (self.range(t).len(), self.weights[t])).unzip()
    }
}
