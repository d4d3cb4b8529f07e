//! What can be proved of coefficients from the data alone.

use super::cholesky::System;
use super::dual::{DualPoint, Primal};
use super::{Optimality, Regression};
use crate::path::check_lambda;
use crate::{Coefficients, Error};
use chamfer::{Block, Blocks, Unpenalized, second_order};
use faer::Mat;

/// One look at all columns.
#[derive(Clone, Default)]
pub(super) struct Look {
    pub(super) predictor: Vec<f64>,
    pub(super) of_predictor: Vec<f64>,
    pub(super) loss: f64,
    /// The gradient of the loss in the coefficients of all terms.
    pub(super) gradient: Vec<f64>,
    /// That in intercepts and the coefficients of unpenalized columns.
    pub(super) free_gradient: Vec<f64>,
}

impl Regression<'_> {
    /// Certifies coefficients on the original scale, one set for each output, from the data alone; also
    /// returns the fraction of the null deviance that they explain.
    ///
    /// # Errors
    /// If `lambda` is not a finite number above 0, there is not one set of coefficients for each output,
    /// a coefficient has no column, or groups overlap, where coefficients do not tell their parts.
    pub fn certify(
        &self,
        coefficients: &[Coefficients],
        lambda: f64,
    ) -> Result<(Optimality, f64), Error> {
        check_lambda(lambda)?;
        let outputs = self.family.n_outputs();
        Error::check_length("the sets of coefficients", outputs, coefficients.len())?;
        let n_cols = self.design.n_cols();
        let limits = |column: usize| self.penalty.bounds().map(|limits| limits[column]);
        for &(column, value) in coefficients.iter().flat_map(|of_output| &of_output.values) {
            if column >= n_cols {
                return Err(Error::NoSuchColumn { column, n_cols });
            }
            if limits(column).is_some_and(|(lower, upper)| value < lower || value > upper) {
                return Err(Error::OutsideBounds { column, value });
            }
        }
        let mut uses = self.terms.uses(n_cols);
        if let Some(column) = uses.iter().position(|uses| *uses > 1) {
            return Err(Error::OverlappingGroups { column });
        }
        for &column in self.terms.unpenalized() {
            uses[column] += 1;
        }
        let is_out = |&&(column, b): &&(usize, f64)| uses[column] == 0 && b != 0.0;
        if let Some(&(column, value)) = coefficients.iter().flat_map(|c| &c.values).find(is_out) {
            return Err(Error::KeptOut { column, value });
        }
        let (members, all) = self.on_standardized_scale(coefficients);
        let certified = self.look(&members, &all, &|| false).and_then(|look| {
            let mut optimality = self.first_order(&members, &all, &look, lambda);
            self.tighten(&mut optimality, &members, &all, &look, lambda, None);
            optimality.smallest_eigenvalue =
                self.smallest_eigenvalue(&members, &all, &look, lambda, &|| false)?;
            Ok((optimality, self.deviance_explained(look.loss)))
        });
        // Rows that could not be read look like a loss that is not finite.
        self.data.failure().map_or(certified, Err)
    }

    pub(super) fn deviance_explained(&self, loss: f64) -> f64 {
        1.0 - (loss - self.saturated) / (self.null.look.loss - self.saturated)
    }

    /// Loss and gradient at the coefficients of some terms, the others being zeros.
    pub(super) fn look(
        &self,
        members: &[usize],
        coefficients: &[f64],
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Result<Look, Error> {
        let mut looks = self.looks(members, &[coefficients.to_vec()], stop)?;
        looks.pop().ok_or(Error::Interrupted)
    }

    /// A look for each of some sets of coefficients of the first few `members`, in one pass over the design;
    /// fewer looks, if a loss is not finite.
    ///
    /// # Errors
    /// If the first loss is not finite.
    pub(super) fn looks(
        &self,
        members: &[usize],
        coefficients: &[Vec<f64>],
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Result<Vec<Look>, Error> {
        let outputs = self.family.n_outputs();
        let restricted = self.restricted(members, stop);
        let free = self.restricted(&[], stop);
        let n_terms = self.terms.columns().len();
        let mut looks = Vec::new();
        let mut finite = true;
        for (predictor, of_predictor, loss) in restricted.losses(coefficients) {
            let mut free_gradient = vec![0.0; self.n_free()];
            free.pull(&of_predictor, &mut free_gradient);
            let gradient = vec![0.0; n_terms * outputs];
            finite &= loss.is_finite();
            if !finite && looks.is_empty() {
                return Err(Error::NonFiniteLoss { value: loss });
            }
            if !finite {
                break;
            }
            looks.push(Look { predictor, of_predictor, loss, gradient, free_gradient });
        }
        self.write_term_gradients(&mut looks);
        let is_finite = |look: &Look| look.gradient.iter().all(|g| g.is_finite());
        let n_finite = looks.iter().take_while(|look| is_finite(look)).count();
        if n_finite == 0 {
            return Err(Error::NonFiniteLoss { value: f64::NAN });
        }
        looks.truncate(n_finite);
        Ok(looks)
    }

    /// From gradients in the predictor to those in the coefficients of all terms.
    fn write_term_gradients(&self, looks: &mut [Look]) {
        let (n, outputs) = (self.design.n_rows(), self.family.n_outputs());
        let columns = self.terms.columns();
        let rows: Vec<&[f64]> =
            looks.iter().flat_map(|look| look.of_predictor.chunks_exact(n)).collect();
        let mut products = vec![0.0; columns.len() * rows.len()];
        self.design.transpose_products(columns, &rows, &mut products);
        let mut products = products.chunks_exact(columns.len().max(1));
        for look in looks {
            for k in 0..outputs {
                let product = products.next().unwrap_or_default();
                for (out, g) in look.gradient.iter_mut().skip(k).step_by(outputs).zip(product) {
                    *out = *g;
                }
            }
        }
    }

    /// Which coefficients the gradient holds at zero, if they are zeros.
    pub(super) fn held_zeros(&self, gradient: &[f64], lambda: f64) -> Vec<bool> {
        let mut held = vec![false; gradient.len()];
        if let Some((penalty, strength)) = self.penalty_at(lambda) {
            let zeros = vec![0.0; gradient.len()];
            penalty.certify_zeros(&zeros, &self.allowed(gradient), strength, 0.0, &mut held);
        }
        held
    }

    /// For each term, the largest curvature of the loss in one of its coefficients.
    pub(super) fn term_curvatures(&self, predictor: &[f64]) -> Vec<f64> {
        let outputs = self.family.n_outputs();
        let columns = self.terms.columns();
        let mut curvatures = vec![0.0; columns.len() * outputs];
        let mut rows = self.design.weights().to_vec();
        let mut squares = vec![0.0; columns.len()];
        for k in 0..outputs {
            if self.family.is_quadratic() {
                squares = self.norms().iter().map(|norm| norm * norm).collect();
            } else {
                self.family.curvature(predictor, k, k, &mut rows);
                self.design.weighted_squares(columns, &rows, &mut squares);
            }
            for (out, square) in curvatures.iter_mut().skip(k).step_by(outputs).zip(&squares) {
                *out = *square;
            }
        }
        let of_term = |t: usize| {
            let range = self.terms.range(t);
            curvatures[range].iter().fold(f64::MIN_POSITIVE, |most: f64, h| most.max(*h))
        };
        (0..self.terms.len()).map(of_term).collect()
    }

    /// The blocks of intercepts, unpenalized columns and some terms; none if there is no coefficient.
    pub(super) fn blocks(
        &self,
        members: &[usize],
        lambda: f64,
    ) -> Result<Option<Blocks<f64>>, Error> {
        let mut blocks = Vec::new();
        if self.n_free() > 0 {
            blocks.push(Block::new(Unpenalized, self.n_free(), 0.0)?);
        }
        if !members.is_empty() {
            let (sizes, weights) = self.terms.sizes(members);
            blocks.push(self.penalty.block(&sizes, &weights, lambda)?);
        }
        if blocks.is_empty() { Ok(None) } else { Ok(Some(Blocks::new(blocks)?)) }
    }

    /// The certificate of coefficients at which all columns were looked at, but for its second order.
    pub(super) fn first_order(
        &self,
        members: &[usize],
        coefficients: &[f64],
        look: &Look,
        lambda: f64,
    ) -> Optimality {
        let ridge = lambda * (1.0 - self.penalty.l1_ratio());
        let penalized = &coefficients[self.n_free()..];
        let squares: f64 = penalized.iter().map(|b| b * b).sum();
        let mut all = vec![0.0; look.gradient.len()];
        let mut first = 0;
        for &t in members {
            let range = self.terms.range(t);
            let n = range.len();
            all[range].copy_from_slice(&penalized[first..first + n]);
            first += n;
        }
        let gradient: Vec<f64> =
            look.gradient.iter().zip(&all).map(|(g, b)| g + ridge * b).collect();
        let (mut value, mut stationarity) = (0.0, 0.0);
        if let Some((penalty, strength)) = self.penalty_at(lambda) {
            value = penalty.value(&all, strength);
            stationarity = match self.bounds(0, self.terms.columns()) {
                None => penalty.stationarity(&all, &gradient, strength),
                Some(bounds) => {
                    let mut descent = vec![0.0; all.len()];
                    penalty.steepest_descent(&all, &gradient, strength, &mut descent);
                    bounds.project(&all, &mut descent);
                    descent.iter().fold(0.0, |most: f64, d| most.max(d.abs()))
                }
            };
        }
        let objective = look.loss + value + 0.5 * ridge * squares - self.saturated;
        let at = Primal { look, members, coefficients, lambda, objective };
        let gap = self.gap(&at, DualPoint::of(look));
        let relative_stationarity = stationarity / lambda;
        Optimality { objective, gap, relative_stationarity, smallest_eigenvalue: None }
    }

    /// The smallest eigenvalue of the Hessian on the support, where the penalty is not convex; coefficients on
    /// their bounds are fixed there.
    pub(super) fn smallest_eigenvalue(
        &self,
        members: &[usize],
        coefficients: &[f64],
        look: &Look,
        lambda: f64,
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Result<Option<f64>, Error> {
        if self.penalty.is_convex() {
            return Ok(None);
        }
        let n_free = self.n_free();
        let (mut live, mut of_live, mut first) =
            (Vec::new(), coefficients[..n_free].to_vec(), n_free);
        for &t in members {
            let of_term = &coefficients[first..first + self.terms.range(t).len()];
            if of_term.iter().any(|b| *b != 0.0) {
                live.push(t);
                of_live.extend(of_term);
            }
            first += of_term.len();
        }
        let restricted = self.restricted(&live, stop);
        let size = of_live.len();
        let mut hessian = Mat::zeros(size, size);
        let all: Vec<usize> = (0..size).collect();
        restricted.write_hessian(&look.predictor, &all, 0, hessian.as_mut())?;
        if let Some(bounds) = self.bounds(restricted.n_intercepts(), &restricted.columns) {
            // Bounds go with penalties on columns, which are smooth in no direction of a zero.
            for (j, b) in of_live.iter_mut().enumerate().skip(n_free) {
                if bounds.holds(j, *b) {
                    *b = 0.0;
                }
            }
        }
        let ridge = lambda * (1.0 - self.penalty.l1_ratio());
        let loss = System { hessian: &hessian, order: None, outputs: 1, ridge, n_free };
        let Some(blocks) = self.blocks(&live, lambda)? else { return Ok(None) };
        Ok(second_order(&loss, &blocks, &of_live)?.map(|order| order.smallest_eigenvalue))
    }
}
