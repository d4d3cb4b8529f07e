//! Dual points of coefficients, and the gaps that they prove.
//!
//! Whatever leads to a dual point, it is made feasible here, with gradients from the data: one that is poor proves
//! little, but nothing that is wrong.

use super::Regression;
use super::certify::Look;
use super::systems::solve_damped;
use chamfer::DualityGap;
use faer::Mat;
use std::borrow::Cow;

/// Gradients in the predictor that differ by less than this share of their size differ by rounding.
const SAME: f64 = 1e-13;
/// What rounding may add to a bound on how far a gradient has moved, as a share of it.
const MARGIN: f64 = 1e-6;

/// Coefficients at which all columns were looked at.
#[derive(Clone, Copy)]
pub(super) struct Primal<'p> {
    pub(super) look: &'p Look,
    /// The terms that have coefficients.
    pub(super) members: &'p [usize],
    /// Those without a penalty, then those of the members.
    pub(super) coefficients: &'p [f64],
    pub(super) lambda: f64,
    pub(super) objective: f64,
}

/// A predictor where the gradient of the loss serves as a dual point.
#[derive(Clone, Copy)]
pub(super) struct DualPoint<'p> {
    pub(super) predictor: &'p [f64],
    pub(super) of_predictor: &'p [f64],
    /// The gradient in intercepts and the coefficients of unpenalized columns.
    pub(super) free_gradient: &'p [f64],
}

impl<'p> DualPoint<'p> {
    /// The coefficients' own.
    pub(super) fn of(look: &'p Look) -> Self {
        let Look { predictor, of_predictor, free_gradient, .. } = look;
        Self { predictor, of_predictor, free_gradient }
    }
}

impl Regression<'_> {
    /// The gap that the gradient at `point` proves of coefficients, made orthogonal to what has no penalty, and
    /// shrunk until the penalty's dual norm admits it.
    pub(super) fn gap(&self, at: &Primal<'_>, point: DualPoint<'_>) -> Option<DualityGap<f64>> {
        if !self.penalty.is_convex() {
            return None;
        }
        let &Primal { look, lambda, objective: primal, .. } = at;
        let held = self.pushing_unpenalized(look, at.coefficients);
        let dual = self.orthogonal(point, &held)?;
        let gradient = self.gradient_at(&dual, look, lambda);
        let ridge = lambda * (1.0 - self.penalty.l1_ratio());
        let bounds = self.bounds(0, self.terms.columns());
        let mut shrink: f64 = 1.0;
        if let Some((penalty, strength)) = self.penalty_at(lambda)
            && ridge == 0.0
        {
            let mut negative: Vec<f64> = gradient.iter().map(|g| -g).collect();
            if let Some(bounds) = &bounds {
                negative = bounds.unbounded(&negative);
            }
            shrink = penalty.dual_norm(&negative, strength)?.max(1.0).recip();
        }
        let of_loss = self.family.dual(point.predictor, &dual, shrink)?;
        let of_penalty = match &bounds {
            Some(bounds) => {
                let all: Vec<usize> = (0..self.terms.len()).collect();
                let (sizes, weights) = self.terms.sizes(&all);
                let repeated = sizes.iter().zip(weights).flat_map(|(&n, w)| vec![w; n]);
                let slope = lambda * self.penalty.l1_ratio();
                let of_terms: f64 = gradient
                    .iter()
                    .zip(repeated)
                    .enumerate()
                    // What was shrunk to the weight may be above it by rounding.
                    .map(|(j, (g, w))| (j, -shrink * g, slope * w * (1.0 + 4.0 * f64::EPSILON)))
                    .map(|(j, z, w)| bounds.conjugate(j, z, w, ridge))
                    .sum();
                of_terms + self.of_held(&dual, &held) * shrink
            }
            None if ridge > 0.0 => self.excess(&gradient, lambda) / (2.0 * ridge),
            None => 0.0,
        };
        let of_offset: f64 = self.offset.iter().zip(dual.iter()).map(|(o, g)| o * g).sum();
        let value = of_loss + shrink * of_offset - of_penalty - self.saturated;
        Some(DualityGap { primal, dual: value })
    }

    /// For each output, the unpenalized columns that push against a bound.
    pub(super) fn pushing_unpenalized(&self, look: &Look, coefficients: &[f64]) -> Vec<Vec<usize>> {
        let outputs = self.family.n_outputs();
        let mut held = vec![Vec::new(); outputs];
        let columns = self.terms.unpenalized();
        let Some(bounds) = self.bounds(0, columns) else { return held };
        let n_intercepts = self.n_free() - columns.len() * outputs;
        // What pushes no harder than rounding does has nothing to hold.
        let least = 1e-10 * look.gradient.iter().fold(0.0, |most: f64, g| most.max(g.abs()));
        for (k, g) in look.of_predictor.chunks_exact(self.design.n_rows()).enumerate() {
            let mut products = vec![0.0; columns.len()];
            self.design.transpose_product(columns, g, &mut products);
            for (at, (&column, product)) in columns.iter().zip(&products).enumerate() {
                let j = at * outputs + k;
                if product.abs() > least
                    && bounds.pushes(j, coefficients[n_intercepts + j], -product)
                {
                    held[k].push(column);
                }
            }
        }
        held
    }

    /// What the bounds of unpenalized columns that are `held` cost the dual.
    fn of_held(&self, dual: &[f64], held: &[Vec<usize>]) -> f64 {
        let of_output = |(g, columns): (&[f64], &Vec<usize>)| -> f64 {
            let Some(bounds) = self.bounds(0, columns) else { return 0.0 };
            let mut products = vec![0.0; columns.len()];
            self.design.transpose_product(columns, g, &mut products);
            let outputs = self.family.n_outputs();
            let products = products.iter().enumerate();
            products.map(|(at, g)| bounds.conjugate(at * outputs, -g, 0.0, 0.0)).sum()
        };
        dual.chunks_exact(self.design.n_rows()).zip(held).map(of_output).sum()
    }

    /// The gradient at a point made orthogonal to the intercept and the unpenalized columns, except those that are `held`,
    /// by moving along the curvature, so that no row leaves the domain of its conjugate: that of classes is
    /// where they add up to 0, as they do along any curvature. `None` if there is no such move.
    fn orthogonal<'p>(&self, point: DualPoint<'p>, held: &[Vec<usize>]) -> Option<Cow<'p, [f64]>> {
        let free = self.restricted(&[], &|| false);
        let (outputs, intercepts) = (self.family.n_outputs(), free.n_intercepts());
        let is_held = |j: usize| {
            j.checked_sub(intercepts)
                .is_some_and(|slope| held[slope % outputs].contains(&free.columns[slope / outputs]))
        };
        let moved: Vec<usize> = (0..self.n_free()).filter(|&j| !is_held(j)).collect();
        if moved.is_empty() {
            return Some(Cow::Borrowed(point.of_predictor));
        }
        let mut system = Mat::zeros(moved.len(), moved.len());
        free.write_hessian(point.predictor, &moved, 0, system.as_mut()).ok()?;
        let right: Vec<f64> = moved.iter().map(|&j| point.free_gradient[j]).collect();
        let mut direction = vec![0.0; self.n_free()];
        for (&j, d) in moved.iter().zip(solve_damped(system, &right)?) {
            direction[j] = d;
        }
        let mut curved = vec![0.0; point.of_predictor.len()];
        self.family.hessian_product(point.predictor, &free.product(&direction), &mut curved);
        Some(point.of_predictor.iter().zip(curved).map(|(g, curved)| g - curved).collect())
    }

    /// The gradient in the coefficients of all terms at another gradient in the predictor; that of the look if the
    /// two differ by no more than rounding, and for terms that both of them hold at zero, where it does not matter.
    fn gradient_at<'g>(&self, dual: &[f64], look: &'g Look, lambda: f64) -> Cow<'g, [f64]> {
        if *dual == look.of_predictor {
            return Cow::Borrowed(&look.gradient);
        }
        let moved: f64 = dual.iter().zip(&look.of_predictor).map(|(a, b)| (a - b).abs()).sum();
        let size: f64 = dual.iter().map(|g| g.abs()).sum();
        if moved <= SAME * size {
            return Cow::Borrowed(&look.gradient);
        }
        let outputs = self.family.n_outputs();
        let terms = self.in_reach(dual, look, lambda);
        let columns: Vec<usize> = terms.iter().flat_map(|&t| self.terms.of(t)).copied().collect();
        let mut gradient = look.gradient.clone();
        let mut product = vec![0.0; columns.len()];
        for (k, g) in dual.chunks_exact(self.design.n_rows()).enumerate() {
            self.design.transpose_product(&columns, g, &mut product);
            let of_output =
                terms.iter().flat_map(|&t| self.terms.range(t).skip(k).step_by(outputs));
            for (j, g) in of_output.zip(&product) {
                gradient[j] = *g;
            }
        }
        Cow::Owned(gradient)
    }

    /// The terms that may not be held at zero at another gradient in the predictor, by what the Cauchy–Schwarz
    /// inequality says of how far the gradients in their coefficients have moved.
    fn in_reach(&self, dual: &[f64], look: &Look, lambda: f64) -> Vec<usize> {
        let (n, outputs) = (self.design.n_rows(), self.family.n_outputs());
        let weights = self.design.weights();
        let distance = |(dual, of_predictor): (&[f64], &[f64])| -> f64 {
            let moves = dual.iter().zip(of_predictor).map(|(a, b)| (a - b) * (a - b));
            let squares = moves.zip(weights).filter(|(d, _)| *d > 0.0).map(|(d, w)| d / w);
            squares.sum::<f64>().sqrt() * (1.0 + MARGIN)
        };
        let distances: Vec<f64> =
            dual.chunks_exact(n).zip(look.of_predictor.chunks_exact(n)).map(distance).collect();
        let norms = self.norms();
        // A penalty with one sign only may have its kink on the other side.
        let held = [1.0, -1.0].map(|side: f64| {
            let far = |(j, g): (usize, &f64)| {
                let moved = norms[j / outputs] * distances[j % outputs];
                g + side * moved.copysign(*g)
            };
            let gradient: Vec<f64> = look.gradient.iter().enumerate().map(far).collect();
            self.held_zeros(&gradient, lambda)
        });
        let is_held = |t: usize| self.terms.range(t).all(|j| held.iter().all(|held| held[j]));
        (0..self.terms.len()).filter(|&t| !is_held(t)).collect()
    }

    /// The norms of the columns of all terms, their rows weighted.
    pub(super) fn norms(&self) -> &[f64] {
        self.norms.get_or_init(|| {
            let (columns, weights) = (self.terms.columns(), self.design.weights());
            let mut squares = vec![0.0; columns.len()];
            self.design.weighted_squares(columns, weights, &mut squares);
            squares.iter().map(|s| s.sqrt()).collect()
        })
    }

    /// `dist(−g, λα∂R(0))²`, twice the ridge times the conjugate of the elastic net.
    fn excess(&self, gradient: &[f64], lambda: f64) -> f64 {
        let Some((penalty, strength)) = self.penalty_at(lambda) else { return 0.0 };
        let (zeros, mut rest) = (vec![0.0; gradient.len()], vec![0.0; gradient.len()]);
        penalty.steepest_descent(&zeros, gradient, strength, &mut rest);
        rest.iter().map(|d| d * d).sum()
    }
}
