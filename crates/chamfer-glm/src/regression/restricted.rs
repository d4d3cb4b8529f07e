//! The loss as a function of the coefficients of some columns.

use crate::design::Standardized;
use crate::{Error, Family};
use chamfer::Objective;
use faer::{Mat, MatMut};

/// Columns of one block of a Hessian; a block's mirror image is not computed.
const BLOCK: usize = 128;
/// Columns whose products with a Hessian that couples rows are in memory at a time.
const COUPLED: usize = 16;

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
    pub(super) stop: &'a (dyn Fn() -> bool + Sync + 'a),
}

impl Restricted<'_> {
    /// Number of intercepts.
    pub(super) fn n_intercepts(&self) -> usize {
        if self.intercept { self.family.n_outputs() } else { 0 }
    }

    /// Number of coefficients.
    pub(super) fn n_coefficients(&self) -> usize {
        self.n_intercepts() + self.columns.len() * self.family.n_outputs()
    }

    /// The predictor without the offset.
    pub(super) fn product(&self, coefficients: &[f64]) -> Vec<f64> {
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

    /// Predictor, gradient in it and loss at each of some sets of coefficients, which may be of the first few
    /// columns only.
    pub(super) fn losses(
        &self,
        coefficients: &[Vec<f64>],
    ) -> impl Iterator<Item = (Vec<f64>, Vec<f64>, f64)> {
        self.predictors(coefficients).into_iter().map(|predictor| {
            let mut of_predictor = vec![0.0; predictor.len()];
            let loss = self.family.value_and_gradient(&predictor, &mut of_predictor);
            (predictor, of_predictor, loss)
        })
    }

    /// `η` at each of some sets of coefficients, in one pass over the columns that one of them uses.
    fn predictors(&self, coefficients: &[Vec<f64>]) -> Vec<Vec<f64>> {
        let (n, outputs) = (self.design.n_rows(), self.family.n_outputs());
        let intercepts = self.n_intercepts();
        let at = |set: &[f64], place: usize, k: usize| {
            set.get(intercepts + place * outputs + k).copied().unwrap_or(0.0)
        };
        let is_used = |&place: &usize| {
            coefficients.iter().any(|set| (0..outputs).any(|k| at(set, place, k) != 0.0))
        };
        let places: Vec<usize> = (0..self.columns.len()).filter(is_used).collect();
        let columns: Vec<usize> = places.iter().map(|&place| self.columns[place]).collect();
        let (mut slopes, mut predictors) = (Vec::new(), Vec::new());
        for set in coefficients {
            let mut predictor = self.offset.to_vec();
            predictor.resize(n * outputs, 0.0);
            for (k, eta) in predictor.chunks_exact_mut(n).enumerate() {
                if let Some(intercept) = set[..intercepts].get(k) {
                    for eta in eta.iter_mut() {
                        *eta += intercept;
                    }
                }
                slopes.push(places.iter().map(|&place| at(set, place, k)).collect());
            }
            predictors.push(predictor);
        }
        let mut out: Vec<&mut [f64]> =
            predictors.iter_mut().flat_map(|predictor| predictor.chunks_exact_mut(n)).collect();
        self.design.add_products(&columns, &slopes, &mut out);
        predictors
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

    /// Whether the Hessian is the same everywhere.
    pub(super) fn is_quadratic(&self) -> bool {
        self.family.is_quadratic()
    }

    /// Number of rows.
    pub(super) fn n_rows(&self) -> usize {
        self.design.n_rows()
    }

    /// Whether there is one output, and the columns are at hand: either all of their entries, or those that are not 0.
    pub(super) fn can_be_rounded(&self) -> bool {
        let all = self.design.n_rows() * self.columns.len();
        let is_dense = || self.design.n_entries(&self.columns) >= all;
        let is_sparse =
            || self.columns.first().is_some_and(|&j| self.design.for_each_entry(j, &mut |_, _| {}));
        self.family.n_outputs() == 1 && self.design.has_columns() && (is_dense() || is_sparse())
    }

    /// Number of entries that a product reads.
    pub(super) fn n_entries(&self) -> usize {
        self.design.n_rows() + self.design.n_entries(&self.columns)
    }

    /// The curvature of the loss in each row, where the Hessian is `XᵀWX` with these on the diagonal of `W`.
    pub(super) fn row_curvature(&self, predictor: &[f64]) -> Option<Vec<f64>> {
        let mut weights = self.design.weights().to_vec();
        let is_one = self.family.n_outputs() == 1;
        let applies = is_one
            && (self.family.is_quadratic() || self.family.curvature(predictor, 0, 0, &mut weights));
        applies.then_some(weights)
    }

    /// The diagonal of `XᵀWX`, of a family with one output.
    pub(super) fn diagonal(&self, weights: &[f64]) -> Vec<f64> {
        let mut diagonal = vec![weights.iter().sum(); self.n_coefficients()];
        let slopes = &mut diagonal[self.n_intercepts()..];
        self.design.weighted_squares(&self.columns, weights, slopes);
        diagonal
    }

    /// The rows of some coefficients of `XᵀWX`, on the columns of others, of a family with one output.
    pub(super) fn curved_between(
        &self,
        weights: &[f64],
        rows: &[usize],
        columns: &[usize],
    ) -> Mat<f64> {
        let mut out = Mat::zeros(rows.len(), columns.len());
        let (left, right) = (self.part(rows, 0), self.part(columns, 0));
        self.write_part(&left, &right, weights, &mut out.as_mut());
        out
    }

    /// Writes the column of the predictor that belongs to a coefficient, of a family with one output.
    pub(super) fn copy_column(&self, coefficient: usize, out: &mut [f64]) {
        match coefficient.checked_sub(self.n_intercepts()) {
            None => out.fill(1.0),
            Some(slope) => self.design.copy_column(self.columns[slope], out),
        }
    }

    /// Calls `each` with the row and value of every entry of such a column that is in memory, and returns what is to be
    /// subtracted from all entries; `None` where zeros are in memory as well.
    pub(super) fn for_each_entry(
        &self,
        coefficient: usize,
        each: &mut dyn FnMut(usize, f64),
    ) -> Option<f64> {
        let j = self.columns[coefficient.checked_sub(self.n_intercepts())?];
        let (centre, scale) = (self.design.centre(j), self.design.scale(j));
        self.design.for_each_entry(j, each).then_some(centre / scale)
    }

    /// Writes `∇²L` on `coefficients`, except what the first `known` of them have with each other.
    ///
    /// # Errors
    /// If a pass is interrupted.
    pub(super) fn write_hessian(
        &self,
        predictor: &[f64],
        coefficients: &[usize],
        known: usize,
        mut out: MatMut<'_, f64>,
    ) -> Result<(), Error> {
        let size = coefficients.len();
        for first in (known..size).step_by(BLOCK) {
            let end = size.min(first + BLOCK);
            let block = out.as_mut().submatrix_mut(0, first, end, end - first);
            self.write_block(predictor, &coefficients[..end], &coefficients[first..end], block)?;
        }
        for j in 0..size {
            for i in known.max(j + 1)..size {
                out[(i, j)] = out[(j, i)];
            }
        }
        Ok(())
    }

    /// Writes the block of `∇²L` for coefficients `rows` and `columns`.
    fn write_block(
        &self,
        predictor: &[f64],
        rows: &[usize],
        columns: &[usize],
        mut out: MatMut<'_, f64>,
    ) -> Result<(), Error> {
        self.check_stop()?;
        out.fill(0.0);
        let outputs = self.family.n_outputs();
        let quadratic = self.family.is_quadratic();
        let mut weights = self.design.weights().to_vec();
        for l in 0..outputs {
            let right = self.part(columns, l);
            if right.is_empty() {
                continue;
            }
            // A quadratic family does not couple its outputs.
            for k in if quadratic { l..l + 1 } else { 0..outputs } {
                let left = self.part(rows, k);
                if !quadratic && !self.family.curvature(predictor, k, l, &mut weights) {
                    return self.write_coupled_hessian(predictor, rows, columns, out);
                }
                self.write_part(&left, &right, &weights, &mut out);
            }
        }
        Ok(())
    }

    /// The coefficients of one output among some.
    fn part(&self, coefficients: &[usize], output: usize) -> Part {
        let (outputs, intercepts) = (self.family.n_outputs(), self.n_intercepts());
        let mut part = Part::default();
        for (place, &j) in coefficients.iter().enumerate() {
            match j.checked_sub(intercepts) {
                None if j == output => part.intercept = Some(place),
                Some(slope) if slope % outputs == output => {
                    part.places.push(place);
                    part.columns.push(self.columns[slope / outputs]);
                }
                _ => {}
            }
        }
        part
    }

    /// Writes what two outputs have with each other, for the curvature `weights` of the rows.
    fn write_part(&self, left: &Part, right: &Part, weights: &[f64], out: &mut MatMut<'_, f64>) {
        let mut block = Mat::zeros(left.columns.len(), right.columns.len());
        self.design.weighted_gram(&left.columns, &right.columns, weights, block.as_mut());
        for (b, &column) in right.places.iter().enumerate() {
            for (a, &row) in left.places.iter().enumerate() {
                out[(row, column)] = block[(a, b)];
            }
        }
        let border = |columns: &[usize]| {
            let mut products = vec![0.0; columns.len()];
            self.design.transpose_product(columns, weights, &mut products);
            products
        };
        if let Some(row) = left.intercept {
            for (&column, product) in right.places.iter().zip(border(&right.columns)) {
                out[(row, column)] = product;
            }
        }
        if let Some(column) = right.intercept {
            for (&row, product) in left.places.iter().zip(border(&left.columns)) {
                out[(row, column)] = product;
            }
        }
        if let (Some(row), Some(column)) = (left.intercept, right.intercept) {
            out[(row, column)] = weights.iter().sum();
        }
    }

    /// The same where the Hessian couples rows: one product for each column, some of them at a time.
    fn write_coupled_hessian(
        &self,
        predictor: &[f64],
        rows: &[usize],
        columns: &[usize],
        mut out: MatMut<'_, f64>,
    ) -> Result<(), Error> {
        let n = self.design.n_rows();
        let parts: Vec<Part> = (0..self.family.n_outputs()).map(|k| self.part(rows, k)).collect();
        for (first, columns) in (0..).step_by(COUPLED).zip(columns.chunks(COUPLED)) {
            self.check_stop()?;
            let curved = |&j: &usize| {
                let along = self.of_coefficients(&[j]).product(&[1.0]);
                let mut curved = vec![0.0; along.len()];
                self.family.hessian_product(predictor, &along, &mut curved);
                curved
            };
            let curved: Vec<Vec<f64>> = columns.iter().map(curved).collect();
            for (k, part) in parts.iter().enumerate() {
                let of_output: Vec<&[f64]> =
                    curved.iter().map(|curved| &curved[k * n..(k + 1) * n]).collect();
                let size = part.columns.len();
                let mut products = vec![0.0; size * columns.len()];
                self.design.transpose_products(&part.columns, &of_output, &mut products);
                for (b, curved) in of_output.iter().enumerate() {
                    for (&row, product) in part.places.iter().zip(&products[b * size..]) {
                        out[(row, first + b)] = *product;
                    }
                    if let Some(row) = part.intercept {
                        out[(row, first + b)] = curved.iter().sum();
                    }
                }
            }
        }
        Ok(())
    }

    /// The Hessian in the predictor times a change of it.
    ///
    /// # Errors
    /// If the pass is interrupted.
    pub(super) fn curved(&self, predictor: &[f64], along: &[f64]) -> Result<Vec<f64>, Error> {
        self.check_stop()?;
        let mut curved = vec![0.0; along.len()];
        self.family.hessian_product(predictor, along, &mut curved);
        Ok(curved)
    }

    /// `∇²L d` at a predictor.
    ///
    /// # Errors
    /// If the pass is interrupted.
    pub(super) fn multiply_hessian(
        &self,
        predictor: &[f64],
        direction: &[f64],
        out: &mut [f64],
    ) -> Result<(), Error> {
        let curved = self.curved(predictor, &self.product(direction))?;
        self.pull(&curved, out);
        Ok(())
    }

    /// `dᵀ∇²L d` at a predictor, which touches the columns of `d` alone.
    ///
    /// # Errors
    /// If the pass is interrupted.
    pub(super) fn curvature(&self, predictor: &[f64], direction: &[f64]) -> Result<f64, Error> {
        let along = self.product(direction);
        Ok(along.iter().zip(&self.curved(predictor, &along)?).map(|(a, p)| a * p).sum())
    }

    /// The Hessian on some of the coefficients, which touches no other columns.
    pub(super) fn of_coefficients(&self, coefficients: &[usize]) -> OfCoefficients<'_> {
        let (outputs, intercepts) = (self.family.n_outputs(), self.n_intercepts());
        let of = |j: &usize| j.checked_sub(intercepts).map(|slope| slope / outputs);
        let mut used: Vec<usize> = coefficients.iter().filter_map(of).collect();
        used.sort_unstable();
        used.dedup();
        let place = |&j: &usize| match of(&j) {
            None => j,
            Some(column) => {
                let column = used.binary_search(&column).unwrap_or_default();
                intercepts + column * outputs + (j - intercepts) % outputs
            }
        };
        let places = coefficients.iter().map(place).collect();
        let columns = used.iter().map(|&column| self.columns[column]).collect();
        OfCoefficients { restricted: Restricted { columns, ..*self }, places }
    }

    pub(super) fn check_stop(&self) -> Result<(), Error> {
        if (self.stop)() { Err(Error::Interrupted) } else { Ok(()) }
    }
}

/// The loss on a few columns, seen from some of their coefficients.
pub(super) struct OfCoefficients<'a> {
    restricted: Restricted<'a>,
    /// Where they are among those of the columns.
    places: Vec<usize>,
}

impl OfCoefficients<'_> {
    /// What `direction` adds to the predictor.
    pub(super) fn product(&self, direction: &[f64]) -> Vec<f64> {
        let mut all = vec![0.0; self.restricted.n_coefficients()];
        for (&place, d) in self.places.iter().zip(direction) {
            all[place] = *d;
        }
        self.restricted.product(&all)
    }

    /// From a gradient in the predictor to one in the coefficients.
    pub(super) fn pull(&self, of_predictor: &[f64]) -> Vec<f64> {
        let mut product = vec![0.0; self.restricted.n_coefficients()];
        self.restricted.pull(of_predictor, &mut product);
        self.places.iter().map(|&place| product[place]).collect()
    }

    /// The diagonal of `XᵀWX`, of a family with one output.
    pub(super) fn diagonal(&self, weights: &[f64]) -> Vec<f64> {
        let diagonal = self.restricted.diagonal(weights);
        self.places.iter().map(|&place| diagonal[place]).collect()
    }

    /// `∇²L d`, from what `d` adds to the predictor.
    ///
    /// # Errors
    /// If the pass is interrupted.
    pub(super) fn pull_product(&self, predictor: &[f64], along: &[f64]) -> Result<Vec<f64>, Error> {
        Ok(self.pull(&self.restricted.curved(predictor, along)?))
    }
}

/// The coefficients of one output among some: where its intercept and its slopes are, and the columns of
/// the latter.
#[derive(Debug, Default)]
struct Part {
    intercept: Option<usize>,
    places: Vec<usize>,
    columns: Vec<usize>,
}

impl Part {
    fn is_empty(&self) -> bool {
        self.intercept.is_none() && self.places.is_empty()
    }
}

/// An interruption, for those who know objectives but not regressions.
fn of_objective(error: &Error) -> chamfer::Error {
    chamfer::Error::Objective { message: error.to_string() }
}

impl Objective<f64> for Restricted<'_> {
    fn value_and_gradient(
        &self,
        coefficients: &[f64],
        gradient: &mut [f64],
    ) -> Result<f64, chamfer::Error> {
        self.check_stop().map_err(|error| of_objective(&error))?;
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
    ) -> Result<(), chamfer::Error> {
        let predictor = self.predictor(coefficients);
        self.multiply_hessian(&predictor, direction, out).map_err(|error| of_objective(&error))
    }
}
