//! What can be proved of coefficients from the data alone.

use super::{Optimality, Regression};
use crate::problem::check_lambda;
use crate::{Coefficients, Error};
use chamfer::{Block, Blocks, DualityGap, Objective, Unpenalized, second_order};

/// One look at all columns.
pub(super) struct Look {
    pub(super) predictor: Vec<f64>,
    pub(super) of_predictor: Vec<f64>,
    pub(super) loss: f64,
    /// The gradient of the loss in the coefficients of all terms.
    pub(super) gradient: Vec<f64>,
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
        let mut scaled = vec![0.0; n_cols * outputs];
        let mut intercepts = Vec::new();
        for (k, of_output) in coefficients.iter().enumerate() {
            let mut intercept = of_output.intercept;
            for &(column, b) in &of_output.values {
                if column >= n_cols {
                    return Err(Error::NoSuchColumn { column, n_cols });
                }
                scaled[column * outputs + k] = b * self.design.scale(column);
                intercept += b * self.design.centre(column);
            }
            intercepts.extend(self.intercept.then_some(intercept));
        }
        let mut times = vec![0; n_cols];
        for &column in self.terms.columns() {
            times[column] += 1;
        }
        if let Some(column) = times.iter().position(|times| *times > 1) {
            return Err(Error::OverlappingGroups { column });
        }
        let of = |columns: &[usize]| -> Vec<f64> {
            columns.iter().flat_map(|j| &scaled[j * outputs..(j + 1) * outputs]).copied().collect()
        };
        let live = |t: &usize| of(self.terms.of(*t)).iter().any(|b| *b != 0.0);
        let members: Vec<usize> = (0..self.terms.len()).filter(live).collect();
        let mut all = intercepts;
        all.extend(of(self.terms.unpenalized()));
        for &t in &members {
            all.extend(of(self.terms.of(t)));
        }
        let look = self.look(&members, &all, &|| false)?;
        let optimality = self.optimality(&members, &all, &look, lambda, &|| false)?;
        Ok((optimality, self.deviance_explained(look.loss)))
    }

    pub(super) fn deviance_explained(&self, loss: f64) -> f64 {
        let saturated = self.family.saturated();
        1.0 - (loss - saturated) / (self.null.loss - saturated)
    }

    /// Loss and gradient at the coefficients of some terms, the others being zeros.
    pub(super) fn look(
        &self,
        members: &[usize],
        coefficients: &[f64],
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Result<Look, Error> {
        let (n, outputs) = (self.design.n_rows(), self.family.n_outputs());
        let predictor = self.restricted(members, stop).predictor(coefficients);
        let mut of_predictor = vec![0.0; n * outputs];
        let loss = self.family.value_and_gradient(&predictor, &mut of_predictor);
        let mut gradient = vec![0.0; self.terms.columns().len() * outputs];
        let mut product = vec![0.0; self.terms.columns().len()];
        for (k, g) in of_predictor.chunks_exact(n).enumerate() {
            self.design.transpose_product(self.terms.columns(), g, &mut product);
            for (out, g) in gradient.iter_mut().skip(k).step_by(outputs).zip(&product) {
                *out = *g;
            }
        }
        if loss.is_finite() && gradient.iter().all(|g| g.is_finite()) {
            Ok(Look { predictor, of_predictor, loss, gradient })
        } else {
            Err(Error::NonFiniteLoss { value: loss })
        }
    }

    /// Which coefficients the gradient holds at zero, if they are zeros.
    pub(super) fn held_zeros(&self, gradient: &[f64], lambda: f64) -> Result<Vec<bool>, Error> {
        let mut held = vec![false; gradient.len()];
        if !held.is_empty() {
            let block = self.whole(&self.penalty, lambda)?;
            let zeros = vec![0.0; gradient.len()];
            let penalty = block.parametrization().penalty();
            penalty.certify_zeros(&zeros, gradient, block.strength(), 0.0, &mut held);
        }
        Ok(held)
    }

    /// For each term, the largest curvature of the loss in one of its coefficients.
    pub(super) fn term_curvatures(&self, look: &Look) -> Vec<f64> {
        let outputs = self.family.n_outputs();
        let columns = self.terms.columns();
        let mut curvatures = vec![0.0; columns.len() * outputs];
        let mut rows = self.design.weights().to_vec();
        let mut squares = vec![0.0; columns.len()];
        for k in 0..outputs {
            self.family.curvature(&look.predictor, k, k, &mut rows);
            self.design.weighted_squares(columns, &rows, &mut squares);
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

    /// The certificate of coefficients at which all columns were looked at.
    pub(super) fn optimality(
        &self,
        members: &[usize],
        coefficients: &[f64],
        look: &Look,
        lambda: f64,
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Result<Optimality, Error> {
        let saturated = self.family.saturated();
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
        if !all.is_empty() {
            let block = self.whole(&self.penalty, lambda)?;
            let penalty = block.parametrization().penalty();
            value = penalty.value(&all, block.strength());
            stationarity = penalty.stationarity(&all, &gradient, block.strength());
        }
        let objective = look.loss + value + 0.5 * ridge * squares - saturated;
        let gap = self.gap(look, lambda, objective)?;
        let smallest_eigenvalue = if self.penalty.is_convex() {
            None
        } else {
            let restricted = self.restricted(members, stop).with_ridge(ridge, self.n_free()..)?;
            match self.blocks(members, lambda)? {
                Some(blocks) => second_order(&restricted, &blocks, coefficients)?
                    .map(|order| order.smallest_eigenvalue),
                None => None,
            }
        };
        let relative_stationarity = stationarity / lambda;
        Ok(Optimality { objective, gap, relative_stationarity, smallest_eigenvalue })
    }

    /// The gap of the dual point `∇L`, whose sum over rows is made 0 where there is an
    /// intercept, and which is shrunk until the penalty's dual norm admits it.
    fn gap(&self, look: &Look, lambda: f64, primal: f64) -> Result<Option<DualityGap<f64>>, Error> {
        if !self.penalty.is_convex() {
            return Ok(None);
        }
        let n = self.design.n_rows();
        let mut dual = look.of_predictor.clone();
        if self.intercept {
            // Moved along the curvature, so that no row leaves the domain of its conjugate.
            let mut h = self.design.weights().to_vec();
            for (k, of_output) in dual.chunks_exact_mut(n).enumerate() {
                self.family.curvature(&look.predictor, k, k, &mut h);
                let (sum, total): (f64, f64) = (of_output.iter().sum(), h.iter().sum());
                for (g, h) in of_output.iter_mut().zip(&h).filter(|_| total > 0.0) {
                    *g -= h / total * sum;
                }
            }
        }
        let ridge = lambda * (1.0 - self.penalty.l1_ratio());
        let (mut shrink, mut of_ridge): (f64, f64) = (1.0, 0.0);
        if !look.gradient.is_empty() {
            let negative: Vec<f64> = look.gradient.iter().map(|g| -g).collect();
            if ridge > 0.0 {
                of_ridge = self.excess(&look.gradient, lambda)? / (2.0 * ridge);
            } else {
                let block = self.whole(&self.penalty, lambda)?;
                let penalty = block.parametrization().penalty();
                let Some(norm) = penalty.dual_norm(&negative, block.strength()) else {
                    return Ok(None);
                };
                shrink = norm.max(1.0).recip();
            }
        }
        let Some(value) = self.family.dual(&look.predictor, &dual, shrink) else {
            return Ok(None);
        };
        let of_offset: f64 = self.offset.iter().zip(&dual).map(|(o, g)| o * g).sum();
        let value = value + shrink * of_offset - of_ridge - self.family.saturated();
        Ok(Some(DualityGap { primal, dual: value }))
    }

    /// `dist(−g, λα∂R(0))²`, twice the ridge times the conjugate of the elastic net.
    fn excess(&self, gradient: &[f64], lambda: f64) -> Result<f64, Error> {
        let block = self.whole(&self.penalty, lambda)?;
        let (zeros, mut rest) = (vec![0.0; gradient.len()], vec![0.0; gradient.len()]);
        let penalty = block.parametrization().penalty();
        penalty.steepest_descent(&zeros, gradient, block.strength(), &mut rest);
        Ok(rest.iter().map(|d| d * d).sum())
    }
}
