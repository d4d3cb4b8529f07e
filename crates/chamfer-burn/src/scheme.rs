//! How one parameter is made of factors: its row of `chamfer`'s catalogue, and the order of the factors.

use crate::granularity::Layout;
use crate::{Error, Form, Granularity, Init, Rule};
use chamfer::{
    GroupPower, GroupProduct, Groups, HppK, MatrixProduct, Parametrization, Penalty, Power,
    Strength,
};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

/// The parametrization `β = K(ξ)` of one parameter.
///
/// `ξ` is a sequence of factors. One of them, the *base*, has the parameter's own shape and takes its
/// place in the model; the others, the *gates*, are vectors beside it. Constants, lifts and penalties
/// are those of the row of `chamfer`'s catalogue; only `K` is written again, for devices.
#[derive(Debug)]
pub(crate) struct Scheme {
    pub(crate) granularity: Granularity,
    pub(crate) form: Form,
    pub(crate) lambda: f64,
    /// Weights of the penalty's terms; `None` stands for ones.
    pub(crate) weights: Option<Vec<f64>>,
    pub(crate) layout: Option<Layout>,
    /// The weight of all terms, where it is the same.
    pub(crate) one_weight: Option<f64>,
    pub(crate) shape: Vec<usize>,
    row: Box<dyn Parametrization<f64>>,
    /// Lengths of the factors, in the order of `ξ`.
    lengths: Vec<usize>,
    /// Which of them is the base.
    pub(crate) base: usize,
    /// What the squares of each of them count in `R_ξ`.
    pub(crate) constants: Vec<f64>,
    /// The size of the largest unit when the factors were made: what "small" is relative to.
    pub(crate) reference: f64,
}

impl Scheme {
    pub(crate) fn new(
        rule: &Rule,
        path: &str,
        shape: &[usize],
        transposed: bool,
    ) -> Result<Self, Error> {
        let granularity = rule.granularity;
        let layout = granularity.layout(shape, transposed).map_err(|reason| {
            let (path, shape) = (path.to_owned(), shape.to_vec());
            Error::Granularity { path, shape, granularity: granularity.to_string(), reason }
        })?;
        let (row, lengths, base) = match layout {
            Some(layout) => by_unit(rule, path, shape, layout)?,
            None => by_rank(rule, path, shape)?,
        };
        let size = shape.iter().product();
        let terms = row.n_terms(size);
        if let Some(weights) = &rule.weights
            && weights.len() != terms
        {
            return Err(Error::Weights {
                pattern: rule.pattern.clone(),
                path: path.to_owned(),
                unit: granularity.unit(),
                expected: terms,
                found: weights.len(),
            });
        }
        let weights = rule.weights.clone().or_else(|| row.default_weights());
        Ok(Self {
            granularity,
            form: rule.form,
            lambda: rule.lambda,
            one_weight: weights.as_ref().map_or(Some(1.0), |weights| one(weights)),
            weights,
            layout,
            shape: shape.to_vec(),
            constants: constants(row.as_ref(), &lengths, terms),
            row,
            lengths,
            base,
            reference: 0.0,
        })
    }

    /// The base and the gates to start from, given the parameter's values; sets the reference.
    pub(crate) fn start(
        &mut self,
        values: &[f64],
        init: Init,
        path: &str,
        stream: u64,
    ) -> Result<(Vec<f64>, Vec<Vec<f64>>), Error> {
        let mut factors = vec![0.0; self.row.n_factors(values.len())];
        match init {
            Init::Open if matches!(self.form, Form::Power { .. }) && self.lengths.len() == 1 => {
                self.row.lift(values, &mut factors);
            }
            Init::Open => self.open(values, &mut factors),
            Init::Balanced => {
                self.row.lift(values, &mut factors);
                if let Some(index) = self.row.frozen(&factors) {
                    return Err(Error::FrozenStart { path: path.to_owned(), index });
                }
            }
            Init::Fresh { seed } => {
                let squares: f64 = values.iter().map(|b| b * b).sum();
                let deviation = (squares / values.len() as f64).sqrt();
                let mut rng = ChaCha8Rng::seed_from_u64(seed);
                rng.set_stream(stream);
                self.row.random(deviation, &mut rng, &mut factors);
            }
        }
        let coefficients = self.collapse(&factors);
        self.reference = self.sizes(&coefficients).into_iter().fold(0.0, f64::max);
        let mut parts = self.split(&factors);
        let base = parts.remove(self.base);
        Ok((base, parts))
    }

    /// Gates at 1, or at the identity for matrices.
    fn open(&self, values: &[f64], factors: &mut [f64]) {
        let mut at = 0;
        for (block, &length) in self.lengths.iter().enumerate() {
            let factor = &mut factors[at..at + length];
            if block == self.base {
                factor.copy_from_slice(values);
            } else if self.layout.is_some() {
                factor.fill(1.0);
            } else {
                factor.iter_mut().step_by(length.isqrt() + 1).for_each(|entry| *entry = 1.0);
            }
            at += length;
        }
    }

    fn split(&self, factors: &[f64]) -> Vec<Vec<f64>> {
        let mut rest = factors;
        let take = |&length: &usize| {
            let (head, tail) = rest.split_at(length);
            rest = tail;
            head.to_vec()
        };
        self.lengths.iter().map(take).collect()
    }

    /// `ξ` of a base and gates.
    pub(crate) fn join(&self, base: &[f64], gates: &[Vec<f64>]) -> Vec<f64> {
        let mut factors = Vec::with_capacity(self.lengths.iter().sum());
        let (before, after) = gates.split_at(self.base);
        factors.extend(before.iter().flatten());
        factors.extend_from_slice(base);
        factors.extend(after.iter().flatten());
        factors
    }

    /// `β = K(ξ)`.
    pub(crate) fn collapse(&self, factors: &[f64]) -> Vec<f64> {
        let mut coefficients = vec![0.0; self.shape.iter().product()];
        self.row.collapse(factors, &mut coefficients);
        coefficients
    }

    /// `λR_ξ(ξ)`.
    pub(crate) fn surrogate(&self, factors: &[f64]) -> f64 {
        self.row.surrogate(factors, self.strength())
    }

    /// The penalty `λR(β)` that the factors induce.
    pub(crate) fn induced(&self, coefficients: &[f64]) -> f64 {
        let penalty: &dyn Penalty<f64> = self.row.penalty();
        penalty.value(coefficients, self.strength())
    }

    pub(crate) fn imbalance(&self, factors: &[f64]) -> f64 {
        self.row.imbalance(factors)
    }

    fn strength(&self) -> Strength<'_, f64> {
        match &self.weights {
            Some(weights) => Strength::weighted(self.lambda, weights),
            None => Strength::uniform(self.lambda),
        }
    }

    /// How fast a unit decays per unit of learning rate if nothing but the penalty moves it: the sum over
    /// the factors of a weight of `2λwc` times the power in which they stand.
    pub(crate) fn decay(&self) -> f64 {
        let weights = self.weights.as_deref().unwrap_or(&[1.0]);
        let weight = weights.iter().copied().fold(f64::INFINITY, f64::min);
        let powers: f64 = match self.form {
            Form::Power { depth } if self.lengths.len() == 1 => depth * self.constants[0],
            Form::Power { depth } => self.constants[0] + (depth - 1.0) * self.constants[1],
            Form::Product { .. } | Form::Nested { .. } => self.constants.iter().sum(),
        };
        2.0 * self.lambda * weight * powers
    }

    /// Whether zeros are those of single weights, also where weights are in groups.
    pub(crate) fn zeros_by_weight(&self) -> bool {
        matches!(self.form, Form::Nested { weights, .. } if weights > 1)
    }

    /// The units at which zeros are decided, with how many weights each has.
    pub(crate) fn zero_units(&self) -> Option<Layout> {
        match self.layout {
            Some(layout) if self.zeros_by_weight() => {
                let groups = layout.groups * layout.group_size();
                Some(Layout { before: 1, groups, after: 1 })
            }
            layout => layout,
        }
    }

    /// The sizes of the units at which zeros are decided: Euclidean norms, or singular values.
    pub(crate) fn sizes(&self, coefficients: &[f64]) -> Vec<f64> {
        let Some(layout) = self.zero_units() else { return self.singular_values(coefficients) };
        let mut squares = vec![0.0; layout.groups];
        for (index, b) in coefficients.iter().enumerate() {
            squares[layout.group_of(index)] += b * b;
        }
        squares.into_iter().map(f64::sqrt).collect()
    }

    /// The balanced lift puts `σ_i^{1/k}` into the norms of the rows of its first factor.
    fn singular_values(&self, coefficients: &[f64]) -> Vec<f64> {
        let mut factors = vec![0.0; self.row.n_factors(coefficients.len())];
        self.row.lift(coefficients, &mut factors);
        let (rank, depth) = (self.rank(), self.lengths.len());
        let first = &factors[..self.lengths[0]];
        // Stored column by column: as many columns as the rank.
        let columns = first.chunks_exact(self.lengths[0] / rank);
        let norm = |column: &[f64]| column.iter().map(|x| x * x).sum::<f64>().sqrt();
        let power = i32::try_from(depth).unwrap_or(i32::MAX);
        columns.map(|column| norm(column).powi(power)).collect()
    }

    fn rank(&self) -> usize {
        let [rows, columns] = sides(&self.shape);
        rows.min(columns)
    }

    /// Which units live, how many there are, and how many weights live, given which units at which
    /// zeros are decided are zero.
    pub(crate) fn live(&self, zero: &[bool]) -> (Vec<usize>, usize, usize) {
        let live: Vec<usize> = (0..zero.len()).filter(|unit| !zero[*unit]).collect();
        let Some(layout) = self.layout else {
            let [rows, columns] = sides(&self.shape);
            let weights = (live.len() * (rows + columns)).min(rows * columns);
            return (live, zero.len(), weights);
        };
        if self.zeros_by_weight() {
            let mut units = vec![false; layout.groups];
            for weight in &live {
                units[layout.group_of(*weight)] = true;
            }
            let of_units = (0..layout.groups).filter(|unit| units[*unit]).collect();
            return (of_units, layout.groups, live.len());
        }
        let weights = live.len() * layout.group_size();
        (live, layout.groups, weights)
    }

    /// The coefficients with the marked units at exactly 0; by rank, at the rank of what is left.
    pub(crate) fn snap(&self, mut coefficients: Vec<f64>, zero: &[bool]) -> Vec<f64> {
        let Some(units) = self.zero_units() else {
            let rank = zero.iter().filter(|zero| !**zero).count();
            return self.truncate(&coefficients, rank);
        };
        for (index, b) in coefficients.iter_mut().enumerate() {
            if zero[units.group_of(index)] {
                *b = 0.0;
            }
        }
        coefficients
    }

    /// The nearest matrix of this rank.
    fn truncate(&self, coefficients: &[f64], rank: usize) -> Vec<f64> {
        let [rows, columns] = sides(&self.shape);
        let mut truncated = vec![0.0; coefficients.len()];
        let product = MatrixProduct::new(columns, rows, 2).and_then(|row| row.with_rank(rank));
        // No product has rank 0.
        if let Ok(product) = product {
            let row: &dyn Parametrization<f64> = &product;
            let mut factors = vec![0.0; row.n_factors(coefficients.len())];
            row.lift(coefficients, &mut factors);
            row.collapse(&factors, &mut truncated);
        }
        truncated
    }
}

/// The weight that all terms have.
fn one(weights: &[f64]) -> Option<f64> {
    let first = weights.first()?;
    weights.iter().all(|weight| weight == first).then_some(*first)
}

/// A parameter as a matrix: its first axis, and all others.
pub(crate) fn sides(shape: &[usize]) -> [usize; 2] {
    [shape[0], shape[1..].iter().product()]
}

/// What the squares of each factor count in `R_ξ` with weights of 1: what the catalogue says of factors
/// that are 1 in one place and 0 elsewhere.
fn constants(row: &dyn Parametrization<f64>, lengths: &[usize], n_terms: usize) -> Vec<f64> {
    let mut factors = vec![0.0; lengths.iter().sum()];
    let ones = vec![1.0; n_terms];
    let mut at = 0;
    let constant = |length: &usize| {
        factors[at] = 1.0;
        let value = row.surrogate(&factors, Strength::weighted(1.0, &ones));
        factors[at] = 0.0;
        at += length;
        value
    };
    lengths.iter().map(constant).collect()
}

type Row = (Box<dyn Parametrization<f64>>, Vec<usize>, usize);

fn by_unit(rule: &Rule, path: &str, shape: &[usize], layout: Layout) -> Result<Row, Error> {
    let named = |source| Error::Parametrization { path: path.to_owned(), source };
    let size = shape.iter().product();
    let by_weight = rule.granularity == Granularity::Weight;
    let groups = || groups(layout).map_err(named);
    Ok(match rule.form {
        Form::Product { depth } if by_weight => {
            (Box::new(HppK::new(depth).map_err(named)?), vec![size; depth], 0)
        }
        Form::Product { depth } => {
            let row = GroupProduct::deep(groups()?, depth).map_err(named)?;
            let mut lengths = vec![layout.groups; depth];
            lengths[0] = size;
            (Box::new(row), lengths, 0)
        }
        Form::Power { depth } if by_weight => {
            (Box::new(Power::new(depth).map_err(named)?), vec![size], 0)
        }
        Form::Power { depth } => {
            let row = GroupPower::new(groups()?, depth).map_err(named)?;
            (Box::new(row), vec![size, layout.groups], 0)
        }
        Form::Nested { .. } if by_weight => {
            let reason = "a weight has nothing within: use `Form::Product`";
            return Err(no_form(rule, path, reason));
        }
        Form::Nested { weights, gates } => {
            let row = GroupProduct::nested(groups()?, weights, gates).map_err(named)?;
            let mut lengths = vec![size; weights];
            lengths.resize(weights + gates, layout.groups);
            (Box::new(row), lengths, 0)
        }
    })
}

/// The coefficients of `chamfer` are column by column and Burn's are row by row, so that what is `W` to
/// Burn is its transpose there.
fn by_rank(rule: &Rule, path: &str, shape: &[usize]) -> Result<Row, Error> {
    let Form::Product { depth } = rule.form else {
        let reason = "matrices are products: use `Form::Product`";
        return Err(no_form(rule, path, reason));
    };
    let [rows, columns] = sides(shape);
    let row = MatrixProduct::new(columns, rows, depth)
        .map_err(|source| Error::Parametrization { path: path.to_owned(), source })?;
    let side = rows.min(columns);
    let base = if rows <= columns { 0 } else { depth - 1 };
    let mut lengths = vec![side * side; depth];
    lengths[base] = rows * columns;
    Ok((Box::new(row), lengths, base))
}

fn no_form(rule: &Rule, path: &str, reason: &'static str) -> Error {
    Error::Form {
        path: path.to_owned(),
        form: rule.form.to_string(),
        granularity: rule.granularity.to_string(),
        reason,
    }
}

fn groups(layout: Layout) -> Result<Groups, chamfer::Error> {
    if layout.before == 1 {
        return Groups::from_sizes(&vec![layout.after; layout.groups]);
    }
    let mut members = vec![Vec::with_capacity(layout.group_size()); layout.groups];
    let size = layout.groups * layout.group_size();
    (0..size).for_each(|index| members[layout.group_of(index)].push(index));
    Groups::from_indices(&members, size)
}
