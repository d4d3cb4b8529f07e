//! The terms that are solved for: which they are, and what is kept of them.

use super::Regression;
use super::certify::Look;
use super::cholesky::Cholesky;
use super::curvature::Curvature;
use super::single::RoundedColumns;
use super::sizes::KeptRows;
use super::wide::WideInverse;
use std::sync::Arc;

/// Least number of terms that are added at a time.
const LEAST_ADDED: usize = 20;
/// Operations for an entry of a Gram matrix at least.
const LEAST_OF_PAIR: usize = 200;
/// Members are dropped when fewer than this share of them are in use.
const MOST_IN_USE: f64 = 0.7;

/// A λ that was solved before is far above this many times another.
const FAR: f64 = 2.0;

#[derive(Clone)]
pub(super) struct WorkingSet {
    /// Terms.
    pub(super) members: Vec<usize>,
    is_member: Vec<bool>,
    /// Intercepts, coefficients of unpenalized columns, coefficients of the members.
    pub(super) coefficients: Vec<f64>,
    /// The Hessian of the loss on them, as far as it was needed; shared, because starts are clones.
    pub(super) curvature: Arc<Curvature>,
    /// Its factor, with the ridge of the last λ.
    pub(super) factor: Cholesky,
    pub(super) ridge: f64,
    /// The columns of those that are refined.
    pub(super) rounded: RoundedColumns,
    /// The inverse of a Newton system on some of them that was solved last.
    pub(super) inverse: Option<WideInverse>,
    /// The rows on their columns, where the problem is solved in the sizes of terms.
    pub(super) rows: Option<KeptRows>,
    /// The λs that were solved last, the last one first, with their coefficients.
    solved: Vec<(f64, Vec<f64>)>,
}

/// What is known on the way, between two looks.
pub(super) struct Here {
    pub(super) predictor: Vec<f64>,
    pub(super) loss: f64,
    /// The gradient of the loss in the coefficients of the working set.
    pub(super) gradient: Vec<f64>,
}

impl Regression<'_> {
    /// Adds the terms outside whose zeros the gradient would not hold at `lambda`, the steepest first, at most
    /// as many as are in use; returns their number.
    pub(super) fn add_terms(&self, set: &mut WorkingSet, look: &Look, lambda: f64) -> usize {
        let held = self.held_zeros(&look.gradient, lambda);
        let outside =
            |&t: &usize| !set.is_member[t] && !self.terms.range(t).all(|index| held[index]);
        let steepness = |t: usize| -> f64 {
            let range = self.terms.range(t);
            look.gradient[range.clone()].iter().map(|g| g * g).sum::<f64>() / range.len() as f64
        };
        let mut added: Vec<usize> = (0..self.terms.len()).filter(outside).collect();
        let limit = self.most_added(set);
        if added.len() > limit {
            let mut steepest: Vec<_> = added.iter().map(|&t| (steepness(t), t)).collect();
            steepest.select_nth_unstable_by(limit, |a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
            added = steepest[..limit].iter().map(|(_, t)| *t).collect();
            added.sort_unstable();
        }
        for &t in &added {
            set.add(t, self.terms.range(t).len());
        }
        added.len()
    }

    /// How many terms are added at most.
    pub(super) fn most_added(&self, set: &WorkingSet) -> usize {
        let mut first = self.n_free();
        let is_in_use = |&&t: &&usize| {
            let own = first..first + self.terms.range(t).len();
            first = own.end;
            set.coefficients[own].iter().any(|b| *b != 0.0)
        };
        self.least_added().max(set.members.iter().filter(is_in_use).count())
    }

    /// More where that is little: a part of the rows, and a Gram matrix that takes no longer than a look, which reads
    /// the whole design.
    fn least_added(&self) -> usize {
        let (n, p) = (self.design.n_rows(), self.design.n_cols());
        let outputs = self.family.n_outputs();
        let entries = self.design.n_bytes() / size_of::<f64>();
        // What two sparse columns share is little; then what is done with the entry of the matrix counts.
        let of_pair = (entries / p * (entries / p) / n).max(LEAST_OF_PAIR);
        let coefficients = (5 * entries * outputs / of_pair).isqrt().min(n / 5);
        let all = self.terms.columns().len() * outputs;
        LEAST_ADDED.max(coefficients * self.terms.len() / all.max(1))
    }

    /// Drops the members whose zeros the gradient holds even at `lambda`, if they are many.
    pub(super) fn drop_terms(&self, set: &mut WorkingSet, look: &Look, lambda: f64) {
        if set.members.len() <= 4 * self.least_added() {
            return;
        }
        let held = self.held_zeros(&look.gradient, lambda);
        let mut kept: Vec<usize> = (0..self.n_free()).collect();
        let mut members = Vec::new();
        let mut first = kept.len();
        for &t in &set.members {
            let range = self.terms.range(t);
            let own = first..first + range.len();
            first = own.end;
            if set.coefficients[own.clone()].iter().any(|b| *b != 0.0)
                || !range.clone().all(|j| held[j])
            {
                members.push(t);
                kept.extend(own);
            }
        }
        if (members.len() as f64) < MOST_IN_USE * set.members.len() as f64 {
            set.keep(members, &kept);
        }
    }

    /// The Hessian at a predictor, on no coefficients yet.
    pub(super) fn curvature_at(&self, predictor: &[f64]) -> Curvature {
        // Where a quadratic loss is does not matter, and it does not couple its outputs.
        if self.family.is_quadratic() {
            Curvature::at(&[], self.family.n_outputs())
        } else {
            Curvature::at(predictor, 1)
        }
    }
}

impl WorkingSet {
    /// Keeps only these members and their coefficients.
    fn keep(&mut self, members: Vec<usize>, kept: &[usize]) {
        for &t in &self.members {
            self.is_member[t] = false;
        }
        let mut left = members.iter().peekable();
        let mut places = Vec::new();
        for (place, t) in self.members.iter().enumerate() {
            if left.next_if_eq(&t).is_some() {
                places.push(place);
            }
        }
        for &t in &members {
            self.is_member[t] = true;
        }
        self.members = members;
        let solved = self.solved.iter_mut().map(|(_, coefficients)| coefficients);
        for coefficients in solved.chain([&mut self.coefficients]) {
            *coefficients = kept.iter().map(|&j| coefficients[j]).collect();
        }
        self.curvature = Arc::new(self.curvature.keep(kept));
        self.factor.keep(kept);
        self.rounded.keep(kept);
        self.inverse = self.inverse.take().and_then(|inverse| inverse.keep(kept));
        self.rows = self.rows.take().map(|rows| rows.keep(&places, kept));
    }

    pub(super) fn new(
        regression: &Regression<'_>,
        members: Vec<usize>,
        coefficients: Vec<f64>,
        look: &Look,
    ) -> Self {
        let mut is_member = vec![false; regression.terms.len()];
        for &t in &members {
            is_member[t] = true;
        }
        let curvature = Arc::new(regression.curvature_at(&look.predictor));
        let (factor, ridge, inverse, solved) = (Cholesky::default(), 0.0, None, Vec::new());
        let (rounded, rows) = (RoundedColumns::default(), None);
        Self {
            members,
            is_member,
            coefficients,
            curvature,
            factor,
            ridge,
            rounded,
            inverse,
            rows,
            solved,
        }
    }

    pub(super) fn has(&self, term: usize) -> bool {
        self.is_member[term]
    }

    /// Adds a term with `size` coefficients at zero.
    pub(super) fn add(&mut self, term: usize, size: usize) {
        self.is_member[term] = true;
        self.members.push(term);
        let solved = self.solved.iter_mut().map(|(_, coefficients)| coefficients);
        for coefficients in solved.chain([&mut self.coefficients]) {
            coefficients.resize(coefficients.len() + size, 0.0);
        }
    }

    /// Keeps in mind that the coefficients are the solution at `lambda`.
    pub(super) fn remember(&mut self, lambda: f64) {
        self.solved.retain(|(other, _)| *other > lambda);
        self.solved.insert(0, (lambda, self.coefficients.clone()));
        self.solved.truncate(3);
    }

    /// Whether nothing was solved near `lambda` before it.
    pub(super) fn is_far(&self, lambda: f64) -> bool {
        self.solved
            .iter()
            .find(|(other, _)| *other > lambda)
            .is_none_or(|(other, _)| *other > FAR * lambda)
    }

    /// Where the coefficients are at `lambda` if they go on as they did between the last λs, on a parabola, or on
    /// a line if they were not there yet; `None` if that is too far to tell.
    pub(super) fn predicted(&self, lambda: f64) -> Option<Vec<f64>> {
        let [(last, b), (second, b1), rest @ ..] = self.solved.as_slice() else { return None };
        let (ahead, behind) = (lambda - last, last - second);
        if ahead == 0.0 || !(0.0..2.0).contains(&(ahead / behind)) {
            return None;
        }
        let predict = |(j, (b, b1)): (usize, (&f64, &f64))| {
            let slope = (b - b1) / behind;
            let bend = match rest {
                [(third, b2), ..] if b2[j] != 0.0 => {
                    (slope - (b1 - b2[j]) / (second - third)) / (last - third)
                }
                _ => 0.0,
            };
            b + ahead * (slope + bend * (lambda - second))
        };
        Some(b.iter().zip(b1).enumerate().map(predict).collect())
    }

    /// What a look at all terms says of the members.
    pub(super) fn here(&self, regression: &Regression<'_>, look: &Look) -> Here {
        let mut gradient = look.free_gradient.clone();
        for &t in &self.members {
            gradient.extend(&look.gradient[regression.terms.range(t)]);
        }
        // A quadratic loss needs none.
        let is_quadratic = regression.family.is_quadratic();
        let predictor = if is_quadratic { Vec::new() } else { look.predictor.clone() };
        Here { predictor, loss: look.loss, gradient }
    }
}
