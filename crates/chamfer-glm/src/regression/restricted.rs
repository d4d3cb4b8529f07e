//! The loss as a function of the coefficients of some columns.

use crate::Family;
use crate::design::Standardized;
use chamfer::{Error, Objective};
use faer::{Mat, MatMut};

/// `β ↦ L(offset + b + X̃_C β)` for a few columns `C`.
///
/// Coefficients: one intercept for each output if there are any, then column by column, and for each
/// column output by output. A column may be there several times.
pub(super) struct Restricted<'a> {
    pub(super) design: &'a Standardized<'a>,
    pub(super) family: &'a dyn Family,
    /// `η` at zero coefficients, output by output; empty for zeros.
    pub(super) offset: &'a [f64],
    pub(super) intercept: bool,
    pub(super) columns: Vec<usize>,
    /// The Gram matrix of the columns in the observation weights, where the family is quadratic.
    pub(super) gram: Option<&'a Mat<f64>>,
    pub(super) stop: &'a (dyn Fn() -> bool + Sync + 'a),
}

impl Restricted<'_> {
    /// Number of intercepts.
    pub(super) fn n_intercepts(&self) -> usize {
        if self.intercept { self.family.n_outputs() } else { 0 }
    }

    /// The predictor without the offset.
    fn product(&self, coefficients: &[f64]) -> Vec<f64> {
        let (n, outputs) = (self.design.n_rows(), self.family.n_outputs());
        let (intercepts, slopes) = coefficients.split_at(self.n_intercepts());
        let mut predictor = vec![0.0; n * outputs];
        for (k, eta) in predictor.chunks_exact_mut(n).enumerate() {
            eta.fill(intercepts.get(k).copied().unwrap_or(0.0));
            let of_output = slopes.iter().skip(k).step_by(outputs);
            let (columns, b): (Vec<usize>, Vec<f64>) =
                self.columns.iter().zip(of_output).filter(|(_, b)| **b != 0.0).unzip();
            self.design.add_product(&columns, &b, eta);
        }
        predictor
    }

    /// `η` for all rows.
    pub(super) fn predictor(&self, coefficients: &[f64]) -> Vec<f64> {
        let mut predictor = self.product(coefficients);
        for (eta, offset) in predictor.iter_mut().zip(self.offset) {
            *eta += offset;
        }
        predictor
    }

    /// From a gradient in `η` to one in the coefficients.
    pub(super) fn pull(&self, of_predictor: &[f64], out: &mut [f64]) {
        let (n, outputs) = (self.design.n_rows(), self.family.n_outputs());
        let (intercepts, slopes) = out.split_at_mut(self.n_intercepts());
        let mut products = vec![0.0; self.columns.len()];
        for (k, g) in of_predictor.chunks_exact(n).enumerate() {
            if let Some(intercept) = intercepts.get_mut(k) {
                *intercept = g.iter().sum();
            }
            self.design.transpose_product(&self.columns, g, &mut products);
            for (out, product) in slopes.iter_mut().skip(k).step_by(outputs).zip(&products) {
                *out = *product;
            }
        }
    }

    /// Writes `∇²L` on the coefficients `free`, and returns true, if the family's Hessian couples no two
    /// rows.
    pub(super) fn write_hessian(
        &self,
        predictor: &[f64],
        free: &[usize],
        mut out: MatMut<'_, f64>,
    ) -> bool {
        let (outputs, intercepts) = (self.family.n_outputs(), self.n_intercepts());
        if let Some(gram) = self.gram {
            // Centred columns are orthogonal to the intercepts, and outputs to each other.
            let at = |j: usize| j.checked_sub(intercepts).map(|slope| slope / outputs);
            let output = |j: usize| j.checked_sub(intercepts).map_or(j, |slope| slope % outputs);
            for (b, &l) in free.iter().enumerate() {
                for (a, &j) in free.iter().enumerate() {
                    out[(a, b)] = match (at(j), at(l)) {
                        _ if output(j) != output(l) => 0.0,
                        (Some(row), Some(column)) => gram[(row, column)],
                        (None, None) => 1.0,
                        _ => 0.0,
                    };
                }
            }
            return true;
        }
        // Positions in `out` of each output's intercept and slopes, and the columns of the latter.
        let of_output = |k: usize| {
            let intercept = free.iter().position(|&j| j == k && j < intercepts);
            let is_slope =
                |(_, j): &(usize, &usize)| **j >= intercepts && (**j - intercepts) % outputs == k;
            let slopes = free.iter().enumerate().filter(is_slope);
            let (at, columns): (Vec<usize>, Vec<usize>) =
                slopes.map(|(a, &j)| (a, self.columns[(j - intercepts) / outputs])).unzip();
            (intercept, at, columns)
        };
        let mut weights = vec![0.0; self.design.n_rows()];
        for k in 0..outputs {
            let (intercept, at, columns) = of_output(k);
            for l in 0..=k {
                if !self.family.curvature(predictor, k, l, &mut weights) {
                    return false;
                }
                let (other_intercept, other_at, other_columns) = of_output(l);
                let mut block = Mat::zeros(columns.len(), other_columns.len());
                self.design.weighted_gram(&columns, &other_columns, &weights, block.as_mut());
                let mut write = |a: usize, b: usize, value: f64| {
                    out[(a, b)] = value;
                    out[(b, a)] = value;
                };
                for (b, &other) in other_at.iter().enumerate() {
                    for (a, &own) in at.iter().enumerate() {
                        write(own, other, block[(a, b)]);
                    }
                }
                let borders =
                    [(intercept, &other_at, &other_columns), (other_intercept, &at, &columns)];
                for (intercept, at, columns) in borders {
                    let Some(intercept) = intercept else { continue };
                    let mut products = vec![0.0; columns.len()];
                    self.design.transpose_product(columns, &weights, &mut products);
                    for (&a, &product) in at.iter().zip(&products) {
                        write(intercept, a, product);
                    }
                }
                if let (Some(a), Some(b)) = (intercept, other_intercept) {
                    write(a, b, weights.iter().sum());
                }
            }
        }
        true
    }

    fn check_stop(&self) -> Result<(), Error> {
        if (self.stop)() {
            return Err(Error::Objective { message: "interrupted".to_owned() });
        }
        Ok(())
    }
}

impl Objective<f64> for Restricted<'_> {
    fn value_and_gradient(&self, coefficients: &[f64], gradient: &mut [f64]) -> Result<f64, Error> {
        self.check_stop()?;
        let predictor = self.predictor(coefficients);
        let mut of_predictor = vec![0.0; predictor.len()];
        let value = self.family.value_and_gradient(&predictor, &mut of_predictor);
        self.pull(&of_predictor, gradient);
        Ok(value)
    }

    fn hessian_product(
        &self,
        coefficients: &[f64],
        direction: &[f64],
        out: &mut [f64],
    ) -> Result<(), Error> {
        self.check_stop()?;
        let predictor = self.predictor(coefficients);
        let along = self.product(direction);
        let mut product = vec![0.0; along.len()];
        self.family.hessian_product(&predictor, &along, &mut product);
        self.pull(&product, out);
        Ok(())
    }
}
