//! Solving on the working set.
//!
//! Penalties that are kinks of each coefficient, like the lasso, are solved by [`Faces`] in a quadratic model
//! of the loss: for least squares that is the loss itself; for others the model's Hessian is one that was
//! formed nearby and is kept as long as steps with it make good progress. Norms of terms of least squares are
//! solved in the sizes of the terms where that is cheaper (sizes/mod.rs). All other penalties are left to
//! [`Newton`].

use super::Regression;
use super::bend::{Bend, Rows};
use super::faces::{Faces, Hessian, violation};
use super::newton::{MOST_FORCING, Newton, Quadratic, next_forcing, rounding};
use super::products::Products;
use super::restricted::Restricted;
use super::solver::LAST_TOLERANCE;
use super::systems::{Iterations, conjugate_gradients};
use super::working_set::{Here, WorkingSet};
use crate::Error;
use chamfer::Block;
use std::cell::RefCell;
use std::sync::Arc;

/// Steps in quadratic models of one solve.
const MAX_MODELS: usize = 200;
/// Tangents of a concave penalty that are tried.
const MAX_TANGENTS: usize = 30;
/// Tolerance of the solution for one tangent, relative to λ.
const TANGENT_TOLERANCE: f64 = 1e-4;
/// Halvings of one step.
const MAX_HALVINGS: usize = 40;
/// Products with the Hessian for one step at most.
const MOST_PRODUCTS: usize = 50;
/// A new Hessian on `m` coefficients takes the time of about this many products with it, and some for each
/// coefficient; a step that needs more gets a new one.
const LEAST_PRODUCTS: f64 = 4.0;
const PRODUCTS_PER_COEFFICIENT: f64 = 1.0 / 130.0;

/// What rounding may leave of violations, relative to λ, where the coefficients are eliminated.
const ROUNDING: f64 = 1e-10;

/// The kinks of a penalty that has nothing else: `Σ_j slope_j |β_j|`.
pub(super) struct Kinks {
    /// For each coefficient of the working set; 0 for those without a penalty.
    slopes: Vec<f64>,
    non_negative: bool,
    ridge: f64,
}

impl Kinks {
    /// How hard a descent pulls a zero away from it.
    fn pull(&self, descent: f64) -> f64 {
        if self.non_negative { descent } else { descent.abs() }
    }

    fn value(&self, coefficients: &[f64], n_free: usize) -> f64 {
        let kinks: f64 = coefficients.iter().zip(&self.slopes).map(|(b, s)| s * b.abs()).sum();
        let squares: f64 = coefficients[n_free..].iter().map(|b| b * b).sum();
        kinks + 0.5 * self.ridge * squares
    }
}

impl Regression<'_> {
    /// Whether the problem on a working set is solved exactly, up to rounding.
    pub(super) fn is_exact(&self) -> bool {
        self.family.is_quadratic() && self.penalty.is_kinks()
    }

    /// Whether it is solved in the sizes of its terms: with one output only far from the λ before, as the inverse of
    /// a point nearby makes the steps of `Newton` cheap.
    pub(super) fn is_in_sizes(&self, set: &WorkingSet, lambda: f64) -> bool {
        let applies = self.family.is_quadratic() && self.penalty.is_norms();
        applies && (self.family.n_outputs() > 1 || set.is_far(lambda))
    }

    /// How far below λ the first descent on a working set leaves violations, relative to λ, where the relative
    /// gap is `slack` times what violations are.
    pub(super) fn first_tolerance(&self, tolerance: f64, slack: f64) -> f64 {
        if self.is_exact() {
            (0.01 * tolerance).clamp(LAST_TOLERANCE, 1e-10)
        } else {
            (0.3 * tolerance / slack).clamp(LAST_TOLERANCE, 1e-2)
        }
    }

    /// Moves the coefficients of the working set to where violations are at most `tolerance`, relative to λ,
    /// or as far as `most` Newton steps lead; returns their number.
    pub(super) fn solve_members(
        &self,
        set: &mut WorkingSet,
        here: &mut Here,
        lambda: f64,
        tolerance: f64,
        most: usize,
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Result<usize, Error> {
        let restricted = self.restricted(&set.members, stop);
        let ridge = lambda * (1.0 - self.penalty.l1_ratio());
        let (sizes, weights) = self.terms.sizes(&set.members);
        let slope = lambda * self.penalty.l1_ratio();
        let mut slopes = vec![0.0; self.n_free()];
        for (size, weight) in sizes.iter().zip(&weights) {
            slopes.resize(slopes.len() + size, slope * weight);
        }
        let mut kinks = Kinks { slopes, non_negative: self.penalty.is_non_negative(), ridge };
        let mut earlier = 0;
        if self.penalty.is_kinks() {
            let (steps, left) =
                self.descend_on_faces(&restricted, set, here, &kinks, tolerance * lambda, most)?;
            if left <= tolerance * lambda || self.family.is_quadratic() || steps >= most {
                return Ok(steps);
            }
            // No model led further down: the loss has no curvature somewhere.
            earlier = steps;
        }
        if self.is_in_sizes(set, lambda) && !sizes.is_empty() {
            let least = tolerance.max(ROUNDING) * lambda;
            let solved =
                self.descend_in_sizes(&restricted, set, here, lambda, tolerance * lambda, most)?;
            if let Some((steps, left)) = solved {
                if left <= least || steps >= most {
                    return Ok(steps);
                }
                earlier = steps;
            }
        }
        let block = if sizes.is_empty() {
            None
        } else {
            Some(self.penalty.block(&sizes, &weights, lambda)?)
        };
        let start = set.coefficients.clone();
        let (loss, gradient) = (here.loss, here.gradient.clone());
        let mut steps = earlier;
        if self.penalty.is_folded_concave()
            && let Some(block) = &block
        {
            steps += self.approach(&restricted, set, here, &mut kinks, block, lambda, most)?;
        }
        // With far more members than rows, products with the rows are the cheaper ones, unless the Gram matrix is
        // there already.
        let columns = set.coefficients.len() / self.family.n_outputs();
        let has_gram = self.family.is_quadratic()
            && (set.curvature.n_known() == columns
                || columns <= 2 * self.design.n_rows()
                || !self.design.has_columns());
        let gram = (self.family.is_quadratic() && !has_gram).then(|| {
            let nothing = Arc::new(self.curvature_at(&[]));
            RefCell::new(std::mem::replace(&mut set.curvature, nothing))
        });
        let quadratic = if has_gram {
            Arc::make_mut(&mut set.curvature).extend(&restricted, |_| true)?;
            let system = set.curvature.system(0.0, 0);
            Some(Quadratic { coefficients: start, loss, gradient, system })
        } else {
            None
        };
        let ends: Vec<usize> = sizes
            .iter()
            .scan(0, |end, size| {
                *end += size;
                Some(*end)
            })
            .collect();
        let newton = Newton {
            restricted: &restricted,
            block: block.as_ref(),
            terms: ends.iter().zip(&sizes).map(|(end, size)| end - size..*end).collect(),
            n_free: self.n_free(),
            ridge,
            bounds: self.bounds(restricted.n_intercepts(), &restricted.columns),
            quadratic,
            gram,
            inverse: RefCell::new(set.inverse.take()),
        };
        let most = most.saturating_sub(steps);
        let predicted = set.predicted(lambda).map(|predicted| (predicted, here.loss));
        let (end, taken) =
            newton.solve(&mut set.coefficients, predicted, tolerance * lambda, most)?;
        // The next λ starts here.
        *here = end;
        set.inverse = newton.inverse.into_inner();
        if let Some(gram) = newton.gram {
            set.curvature = gram.into_inner();
        }
        Ok(steps + taken)
    }

    /// Finds the support of a concave penalty: each coefficient's penalty is replaced by its tangent, a kink
    /// that lies above it, until tangents change no more in kind (local linear approximation; Zou & Li 2008).
    /// In the lift of MCP with a gate on each coefficient, that is a step in the gates, then one in the rest.
    #[allow(clippy::too_many_arguments, reason = "all of them are of the caller alone")]
    fn approach(
        &self,
        restricted: &Restricted<'_>,
        set: &mut WorkingSet,
        here: &mut Here,
        kinks: &mut Kinks,
        block: &Block<f64>,
        lambda: f64,
        most: usize,
    ) -> Result<usize, Error> {
        let n_free = self.n_free();
        let penalty = block.parametrization().penalty();
        let at_zero = if self.penalty.exponent() < 1.0 {
            // Zeros stay where the slope is infinite there.
            vec![f64::MAX; kinks.slopes.len()]
        } else {
            kinks.slopes.clone()
        };
        let zeros = vec![0.0; set.coefficients.len() - n_free];
        let mut descent = zeros.clone();
        let kind = |b: f64, slope: f64| (b != 0.0, slope == 0.0);
        let (mut steps, mut kinds) = (0, Vec::new());
        for _ in 0..MAX_TANGENTS {
            let beta = &set.coefficients[n_free..];
            penalty.steepest_descent(beta, &zeros, block.strength(), &mut descent);
            for (j, (b, d)) in beta.iter().zip(&descent).enumerate() {
                kinks.slopes[n_free + j] = if *b == 0.0 { at_zero[n_free + j] } else { d.abs() };
            }
            let now: Vec<_> =
                beta.iter().zip(&kinks.slopes[n_free..]).map(|(b, s)| kind(*b, *s)).collect();
            if now == kinds || steps >= most {
                break;
            }
            kinds = now;
            let tolerance = TANGENT_TOLERANCE * lambda;
            let left = most - steps;
            steps += self.descend_on_faces(restricted, set, here, kinks, tolerance, left)?.0;
        }
        Ok(steps)
    }

    /// Solves a problem with kinks by a sequence of quadratic models, with at most `most` steps; returns their
    /// number, and what is left of the violation.
    fn descend_on_faces(
        &self,
        restricted: &Restricted<'_>,
        set: &mut WorkingSet,
        here: &mut Here,
        kinks: &Kinks,
        tolerance: f64,
        most: usize,
    ) -> Result<(usize, f64), Error> {
        let n_free = self.n_free();
        if set.ridge != kinks.ridge {
            set.factor.clear();
            set.ridge = kinks.ridge;
        }
        let smooth_descent = |coefficients: &[f64], gradient: &[f64]| -> Vec<f64> {
            let ridge = |j: usize| if j < n_free { 0.0 } else { kinks.ridge };
            let pairs = gradient.iter().zip(coefficients).enumerate();
            pairs.map(|(j, (g, b))| -g - ridge(j) * b).collect()
        };
        let quadratic = self.family.is_quadratic();
        let mut steps = 0;
        let mut descent = smooth_descent(&set.coefficients, &here.gradient);
        let mut worst = violation(&set.coefficients, &descent, &kinks.slopes, kinks.non_negative);
        let mut is_fresh = false;
        let mut forcing = MOST_FORCING;
        let mut is_stiff = false;
        for _ in 0..MAX_MODELS {
            if worst <= tolerance || steps >= most {
                break;
            }
            let mut target = set.coefficients.clone();
            let inner = if quadratic { tolerance } else { 0.1 * tolerance.max(0.01 * worst) };
            // Where each product counts, no more exactly than the model is right.
            let rough = if quadratic { tolerance } else { inner.max(forcing * worst) };
            let leaves = |j: usize| kinks.pull(descent[j]) > kinks.slopes[j];
            let is_free = |j: usize| set.coefficients[j] != 0.0 || kinks.slopes[j] == 0.0;
            let is_wanted: Vec<bool> = (0..target.len()).map(|j| is_free(j) || leaves(j)).collect();
            let n_wanted = is_wanted.iter().filter(|wanted| **wanted).count();
            let size = (n_wanted, rough);
            let ridge = (kinks.ridge, n_free);
            let products =
                Products::new(restricted, &mut set.rounded, &here.predictor, ridge, size);
            let mut slopes = kinks.slopes.clone();
            let hessian = match products {
                Some(products) if !is_stiff && products.beat_a_factor() => {
                    Hessian::Products(products)
                }
                Some(products) if products.beat_entries() && quadratic => {
                    Hessian::Sparse(products, &mut set.factor)
                }
                _ => {
                    // That of another loss is formed often, so only on what is not zero or wants to leave.
                    let is_wanted = |j: usize| quadratic || is_wanted[j];
                    Arc::make_mut(&mut set.curvature).extend(restricted, is_wanted)?;
                    let system = set.curvature.system(kinks.ridge, n_free);
                    // The model holds the other zeros.
                    for j in (0..slopes.len()).filter(|&j| !system.has(&[j])) {
                        slopes[j] = f64::MAX;
                    }
                    Hessian::Factored(system, &mut set.factor)
                }
            };
            let by_products = matches!(hessian, Hessian::Products(_));
            let mut faces = Faces {
                hessian,
                slopes: &slopes,
                non_negative: kinks.non_negative,
                coefficients: &mut target,
                descent: &mut descent,
                most: 2.0 * (here.loss + kinks.value(&set.coefficients, n_free) - self.saturated),
                max_steps: most - steps,
            };
            steps += faces.solve(if by_products { rough } else { inner });
            is_stiff = by_products && faces.is_spent();
            restricted.check_stop()?;
            if quadratic {
                for (j, (g, d)) in here.gradient.iter_mut().zip(&descent).enumerate() {
                    let before = *g;
                    *g = -d - if j < n_free { 0.0 } else { kinks.ridge * target[j] };
                    here.loss += 0.5 * (before + *g) * (target[j] - set.coefficients[j]);
                }
                set.coefficients = target;
                if is_stiff {
                    continue;
                }
                break;
            }
            // A model of products has the Hessian of this point: its step is Newton's.
            let products = if by_products {
                0
            } else {
                self.refine(restricted, set, here, kinks, &mut target, forcing)?
            };
            let moved = self.move_towards(restricted, set, here, kinks, &target);
            descent = smooth_descent(&set.coefficients, &here.gradient);
            let left = violation(&set.coefficients, &descent, &kinks.slopes, kinks.non_negative);
            forcing = next_forcing(left / worst);
            let is_stuck = left >= worst;
            worst = left;
            if !moved && (is_fresh || by_products) {
                break;
            }
            let is_slow =
                products as f64 > LEAST_PRODUCTS + PRODUCTS_PER_COEFFICIENT * descent.len() as f64;
            is_fresh = left > tolerance && (!moved || is_slow || is_stuck);
            if is_fresh && !by_products {
                set.curvature = Arc::new(self.curvature_at(&here.predictor));
                set.factor.clear();
            }
        }
        Ok((steps, worst))
    }

    /// Turns the solution of a model with an old Hessian into Newton's step on the face that it found, by
    /// conjugate gradients that the old Hessian preconditions, up to a share `forcing` of it in the norm of the
    /// Hessian; returns the number of products with the new one.
    fn refine(
        &self,
        restricted: &Restricted<'_>,
        set: &mut WorkingSet,
        here: &Here,
        kinks: &Kinks,
        target: &mut [f64],
        forcing: f64,
    ) -> Result<usize, Error> {
        let n_free = self.n_free();
        let open: Vec<bool> =
            target.iter().zip(&kinks.slopes).map(|(b, slope)| *b != 0.0 || *slope == 0.0).collect();
        let system = set.curvature.system(kinks.ridge, n_free);
        set.factor.set_variables(&system, &open);
        let face = set.factor.variables().to_vec();
        let on_face = restricted.of_coefficients(&face);
        let mut direction: Vec<f64> =
            target.iter().zip(&set.coefficients).map(|(t, b)| t - b).collect();
        let ridge = |j: usize| if j < n_free { 0.0 } else { kinks.ridge };
        // What leaves the face moves as well, so the first product is on all coefficients.
        let bent = on_face.pull_product(&here.predictor, &restricted.product(&direction))?;
        let left = |(&j, bent): (&usize, &f64)| {
            let slope = kinks.slopes[j].copysign(target[j]);
            let b = set.coefficients[j] + direction[j];
            -here.gradient[j] - slope - bent - ridge(j) * b
        };
        let mut residual: Vec<f64> = face.iter().zip(&bent).map(left).collect();
        // In the norm of the Hessian, against the step that the model has found.
        let size_of_step: f64 = face.iter().zip(&bent).map(|(&j, bent)| direction[j] * bent).sum();
        let enough = forcing * forcing * size_of_step.abs();
        let curvatures = restricted.row_curvature(&here.predictor);
        let rows = Rows::new(&here.predictor, curvatures.as_deref());
        let bend = Bend::new(restricted, &face, set.rounded.with(restricted, &face), rows);
        let multiply = |along: &[f64]| -> Result<Vec<f64>, Error> {
            let mut curved = bend.of(along)?;
            for ((curved, d), &j) in curved.iter_mut().zip(along).zip(&face) {
                *curved += ridge(j) * d;
            }
            Ok(curved)
        };
        let precondition = |residual: &[f64]| {
            let mut preconditioned = residual.to_vec();
            set.factor.solve(&mut preconditioned);
            preconditioned
        };
        let mut refined: Vec<f64> = face.iter().map(|&j| direction[j]).collect();
        let Iterations { products, .. } = conjugate_gradients(
            &mut refined,
            &mut residual,
            multiply,
            precondition,
            |size, _| size <= enough,
            MOST_PRODUCTS,
        )?;
        for (&j, refined) in face.iter().zip(refined) {
            direction[j] = refined;
        }
        for &j in &face {
            let moved = set.coefficients[j] + direction[j];
            let crossed = kinks.slopes[j] > 0.0 && moved * target[j] <= 0.0;
            target[j] = if crossed { 0.0 } else { moved };
        }
        Ok(products + 1)
    }

    /// Moves the coefficients towards a target as far as that lowers the objective; says whether it does.
    fn move_towards(
        &self,
        restricted: &Restricted<'_>,
        set: &mut WorkingSet,
        here: &mut Here,
        kinks: &Kinks,
        target: &[f64],
    ) -> bool {
        let n_free = self.n_free();
        let mut direction: Vec<f64> =
            target.iter().zip(&set.coefficients).map(|(t, b)| t - b).collect();
        if self.family.is_shift_invariant() {
            // Rounding may send the common part of the intercepts anywhere.
            let intercepts = &mut direction[..restricted.n_intercepts()];
            let mean = intercepts.iter().sum::<f64>() / intercepts.len().max(1) as f64;
            for d in intercepts {
                *d -= mean;
            }
        }
        let along = restricted.product(&direction);
        let value = kinks.value(&set.coefficients, n_free);
        let objective = here.loss + value;
        let linear: f64 = here.gradient.iter().zip(&direction).map(|(g, d)| g * d).sum();
        let slope = linear + kinks.value(target, n_free) - value;
        let mut of_predictor = vec![0.0; along.len()];
        let mut length = 1.0;
        for _ in 0..MAX_HALVINGS {
            let predictor: Vec<f64> =
                here.predictor.iter().zip(&along).map(|(eta, d)| eta + length * d).collect();
            let mut moved: Vec<f64> =
                set.coefficients.iter().zip(&direction).map(|(b, d)| b + length * d).collect();
            if length == 1.0 {
                // Zeros of the target are exact.
                moved[n_free..].copy_from_slice(&target[n_free..]);
            }
            let loss = self.family.value_and_gradient(&predictor, &mut of_predictor);
            let gain = objective - loss - kinks.value(&moved, n_free);
            let rounding = rounding(objective, &predictor, &of_predictor);
            if gain.is_finite() && gain >= -1e-4 * length * slope - rounding {
                restricted.pull(&of_predictor, &mut here.gradient);
                (here.predictor, here.loss) = (predictor, loss);
                set.coefficients = moved;
                return true;
            }
            length *= 0.5;
        }
        false
    }
}
