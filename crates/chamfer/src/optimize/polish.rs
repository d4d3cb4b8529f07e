//! Newton's method on the support, to the last digit.

use super::settle::improves;
use crate::{Blocks, Certificate, Error, Lifted, Objective, Scalar};

/// Newton steps at most; a few are enough where the support is right.
const MAX_STEPS: usize = 30;

/// Improves a point whose zeros are right: keeps its zeros exactly, takes Newton steps on the rest,
/// where the problem is smooth, and returns the better of both points with its certificate.
///
/// The steps are taken in the factors of the balanced lift. There a zero stays one by itself: its
/// factors have gradient 0 and are coupled with no others in the Hessian. Costs some products with
/// the Hessian for each step.
///
/// # Errors
/// If `coefficients` has the wrong length, or the objective fails or is not finite there.
pub fn polish<T: Scalar>(
    objective: &impl Objective<T>,
    blocks: &Blocks<T>,
    coefficients: &[T],
) -> Result<(Vec<T>, Certificate<T>), Error> {
    let mut best =
        (coefficients.to_vec(), Certificate::of_coefficients(objective, blocks, coefficients)?);
    let lifted = Lifted::new(objective, blocks);
    let mut factors = vec![T::zero(); blocks.n_factors()];
    blocks.lift(coefficients, &mut factors)?;
    let mut gradient = vec![T::zero(); factors.len()];
    let mut value = lifted.value_and_gradient(&factors, &mut gradient)?;
    let mut candidate = coefficients.to_vec();
    for _ in 0..MAX_STEPS {
        let norm = dot(&gradient, &gradient).sqrt();
        let direction = newton_direction(&lifted, &factors, &gradient, norm)?;
        let Some((next, next_value, next_gradient)) =
            step(&lifted, &factors, &direction, value, &gradient)
        else {
            break;
        };
        (factors, value, gradient) = (next, next_value, next_gradient);
        blocks.collapse(&factors, &mut candidate)?;
        let certificate = Certificate::of_coefficients(objective, blocks, &candidate)?;
        if improves(&certificate, &best.1) {
            best = (candidate.clone(), certificate);
        }
    }
    Ok(best)
}

/// Solves `H d = −g` by conjugate gradients, until the residual is small against the gradient or the
/// curvature is not positive.
fn newton_direction<T: Scalar>(
    lifted: &Lifted<'_, T, impl Objective<T>>,
    factors: &[T],
    gradient: &[T],
    norm: T,
) -> Result<Vec<T>, Error> {
    let mut direction = vec![T::zero(); gradient.len()];
    let mut residual: Vec<T> = gradient.iter().map(|&g| -g).collect();
    let mut search = residual.clone();
    let mut product = vec![T::zero(); gradient.len()];
    let mut squares = dot(&residual, &residual);
    // Superlinear convergence: the smaller the gradient, the more exact the step.
    let goal = norm * T::of(0.01).min(norm);
    for _ in 0..2 * gradient.len().min(1_000) {
        if squares.sqrt() <= goal {
            break;
        }
        lifted.hessian_product(factors, &search, &mut product)?;
        let curvature = dot(&search, &product);
        if curvature <= T::zero() || curvature.is_nan() {
            break;
        }
        let length = squares / curvature;
        for (d, &s) in direction.iter_mut().zip(&search) {
            *d += length * s;
        }
        for (r, &p) in residual.iter_mut().zip(&product) {
            *r -= length * p;
        }
        let before = squares;
        squares = dot(&residual, &residual);
        for (s, &r) in search.iter_mut().zip(&residual) {
            *s = r + squares / before * *s;
        }
    }
    Ok(direction)
}

/// The longest of the steps 1, ½, ¼, … that lowers the value, or the gradient where the value has no
/// digits left; `None` when the arithmetic is exhausted.
#[allow(clippy::type_complexity)] // the point, its value, its gradient
fn step<T: Scalar>(
    lifted: &Lifted<'_, T, impl Objective<T>>,
    factors: &[T],
    direction: &[T],
    value: T,
    gradient: &[T],
) -> Option<(Vec<T>, T, Vec<T>)> {
    let slope = dot(gradient, direction);
    if slope >= T::zero() || slope.is_nan() {
        return None;
    }
    let squares = dot(gradient, gradient);
    let mut length = T::one();
    let mut next_gradient = vec![T::zero(); gradient.len()];
    for _ in 0..20 {
        let next: Vec<T> = factors.iter().zip(direction).map(|(&x, &d)| x + length * d).collect();
        // Where the objective cannot be evaluated, the step was too long.
        if let Ok(next_value) = lifted.value_and_gradient(&next, &mut next_gradient) {
            let enough = next_value <= value + T::of(1e-4) * length * slope;
            let rounding = T::of(8.0) * T::epsilon() * value.abs();
            let flat = next_value <= value + rounding
                && dot(&next_gradient, &next_gradient) < squares * T::of(0.99);
            if (enough && next_value < value) || flat {
                return Some((next, next_value, next_gradient));
            }
        }
        length *= T::of(0.5);
    }
    None
}

fn dot<T: Scalar>(a: &[T], b: &[T]) -> T {
    a.iter().zip(b).map(|(&a, &b)| a * b).sum()
}
