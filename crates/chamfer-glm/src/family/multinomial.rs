//! Several classes.

use super::Family;
use super::normalized_weights;
use super::separable::x_ln_x;
use crate::{Error, Target};

/// How far from 0 the gradients of a row may add up to, relative to its weight.
const ROUNDING: f64 = 1e-9;

/// `L(η) = Σ_i w_i (ln Σ_k e^{η_ik} − η_{i,y_i})`: a target that is one of several classes, whose
/// probabilities are proportional to `e^{η_ik}` (symmetric, as in glmnet and scikit-learn: a predictor
/// for every class).
#[derive(Debug, Clone)]
pub struct Multinomial {
    classes: Vec<usize>,
    n_classes: usize,
    weights: Vec<f64>,
}

impl Multinomial {
    /// The family for these classes, numbered from 0.
    ///
    /// # Errors
    /// If there are fewer than two rows, a class is not below `n_classes` or has no row with a weight
    /// above 0, or the weights are wrong.
    pub fn new(
        classes: Vec<usize>,
        n_classes: usize,
        weights: Option<&[f64]>,
    ) -> Result<Self, Error> {
        if classes.len() < 2 {
            return Err(Error::OneRow);
        }
        let weights = normalized_weights(classes.len(), weights)?;
        let mut seen = vec![false; n_classes];
        for (row, &class) in classes.iter().enumerate() {
            match seen.get_mut(class) {
                Some(seen) => *seen |= weights[row] > 0.0,
                None => return Err(Error::InvalidClass { row, class, n_classes }),
            }
        }
        if let Some(class) = seen.iter().position(|seen| !seen) {
            return Err(Error::EmptyClass { class });
        }
        Ok(Self { classes, n_classes, weights })
    }

    /// Turns linear predictors, class by class, into probabilities.
    pub fn softmax(predictor: &mut [f64], n_classes: usize) {
        let rows = predictor.len() / n_classes.max(1);
        let mut p = vec![0.0; n_classes];
        for i in 0..rows {
            let at = |k: usize| predictor[k * rows + i];
            let most = (0..n_classes).map(at).fold(f64::NEG_INFINITY, f64::max);
            for (k, p) in p.iter_mut().enumerate() {
                *p = (at(k) - most).exp();
            }
            let sum: f64 = p.iter().sum();
            for (k, p) in p.iter().enumerate() {
                predictor[k * rows + i] = p / sum;
            }
        }
    }

    /// Probabilities of the classes of row `i`, and the logarithm of their denominator.
    fn probabilities(&self, predictor: &[f64], i: usize, out: &mut [f64]) -> f64 {
        let n = self.classes.len();
        let at = |k: usize| predictor[k * n + i];
        let most = (0..self.n_classes).map(at).fold(f64::NEG_INFINITY, f64::max);
        for (k, p) in out.iter_mut().enumerate() {
            *p = (at(k) - most).exp();
        }
        let sum: f64 = out.iter().sum();
        for p in out {
            *p /= sum;
        }
        most + sum.ln()
    }
}

impl Family for Multinomial {
    fn name(&self) -> &'static str {
        "multinomial"
    }

    fn n_rows(&self) -> usize {
        self.classes.len()
    }

    fn n_outputs(&self) -> usize {
        self.n_classes
    }

    fn weights(&self) -> &[f64] {
        &self.weights
    }

    fn with_weights(&self, weights: &[f64]) -> Result<Box<dyn Family>, Error> {
        Ok(Box::new(Self::new(self.classes.clone(), self.n_classes, Some(weights))?))
    }

    fn value_and_gradient(&self, predictor: &[f64], gradient: &mut [f64]) -> f64 {
        let n = self.classes.len();
        let mut p = vec![0.0; self.n_classes];
        let mut sum = 0.0;
        for (i, (&class, &w)) in self.classes.iter().zip(&self.weights).enumerate() {
            let log_sum = self.probabilities(predictor, i, &mut p);
            sum += w * (log_sum - predictor[class * n + i]);
            // 1 − p without cancellation, where the class is nearly certain.
            let others: f64 = (0..self.n_classes).filter(|k| *k != class).map(|k| p[k]).sum();
            for (k, p) in p.iter().enumerate() {
                gradient[k * n + i] = if k == class { -w * others } else { w * p };
            }
        }
        sum
    }

    fn hessian_product(&self, predictor: &[f64], direction: &[f64], out: &mut [f64]) {
        let n = self.classes.len();
        let mut p = vec![0.0; self.n_classes];
        for (i, &w) in self.weights.iter().enumerate() {
            self.probabilities(predictor, i, &mut p);
            let mean: f64 = p.iter().enumerate().map(|(k, p)| p * direction[k * n + i]).sum();
            for (k, p) in p.iter().enumerate() {
                out[k * n + i] = w * p * (direction[k * n + i] - mean);
            }
        }
    }

    fn is_shift_invariant(&self) -> bool {
        true
    }

    fn curvature(&self, predictor: &[f64], k: usize, l: usize, out: &mut [f64]) -> bool {
        let mut p = vec![0.0; self.n_classes];
        for (i, (out, &w)) in out.iter_mut().zip(&self.weights).enumerate() {
            self.probabilities(predictor, i, &mut p);
            let others: f64 = (0..self.n_classes).filter(|m| *m != k).map(|m| p[m]).sum();
            *out = if k == l { w * p[k] * others } else { -w * p[k] * p[l] };
        }
        true
    }

    /// The entropies of the probabilities `1{k = y_i} + θ_ik/w_i`.
    fn dual(&self, _: &[f64], gradient: &[f64], shrink: f64) -> Option<f64> {
        let n = self.classes.len();
        let mut sum = 0.0;
        for (i, (&class, &w)) in self.classes.iter().zip(&self.weights).enumerate() {
            if w == 0.0 {
                continue;
            }
            let at = |k: usize| shrink * gradient[k * n + i] / w;
            // What rounding leaves of the sum of θ over the classes is taken off that of the class.
            let rest: f64 = (0..self.n_classes).map(at).sum();
            if rest.abs() > ROUNDING {
                return Some(f64::NEG_INFINITY);
            }
            let p = |k: usize| at(k) + if k == class { 1.0 - rest } else { 0.0 };
            sum += w * (0..self.n_classes).map(p).map(x_ln_x).sum::<f64>();
        }
        Some(-sum)
    }

    fn start(&self) -> Vec<f64> {
        let mut share = vec![0.0; self.n_classes];
        for (&class, w) in self.classes.iter().zip(&self.weights) {
            share[class] += w;
        }
        let mean = share.iter().map(|p| p.ln()).sum::<f64>() / self.n_classes as f64;
        share.iter().map(|p| p.ln() - mean).collect()
    }

    fn saturated(&self) -> f64 {
        0.0
    }

    fn minus_two_log_likelihood(&self, loss: f64, n: f64) -> Option<f64> {
        Some(2.0 * n * loss)
    }

    fn target(&self) -> Target<'_> {
        Target::Classes(&self.classes)
    }

    fn deviances(&self, predictor: &[f64], out: &mut [f64]) -> bool {
        let mut p = vec![0.0; self.n_classes];
        for (i, (out, &class)) in out.iter_mut().zip(&self.classes).enumerate() {
            let log_sum = self.probabilities(predictor, i, &mut p);
            *out = 2.0 * (log_sum - predictor[class * self.classes.len() + i]);
        }
        true
    }

    fn respond(&self, predictor: &mut [f64]) {
        Self::softmax(predictor, self.n_classes);
    }
}
