//! Rows of the catalogue in which each coefficient has factors of its own, one or two.
//!
//! A row says how *one* coefficient depends on its factors ([`Elementwise`]); the loops over all
//! coefficients are here, once.

mod folded_concave;
mod hdp;
mod hdp_k;
mod hpp;
mod mcp;
mod power;
mod scad;
mod shared_product;
mod square;

pub use hdp::Hdp;
pub use hdp_k::HdpK;
pub use hpp::Hpp;
pub use mcp::Mcp;
pub use power::Power;
pub use scad::Scad;
pub use shared_product::SharedProduct;
pub use square::Square;

use super::Curvature;
use crate::{Penalty, Scalar, Strength};
use rand::RngCore;
use std::array;

/// One coefficient as a function of its `M` factors `x`.
///
/// The surrogate penalty is `λ Σ_l a_l x_l² − h_λ(K(x))`, with `h = 0` but for the folded concave
/// penalties.
trait Elementwise<T: Scalar, const M: usize> {
    /// `K(x)`.
    fn value(&self, x: [T; M]) -> T;

    /// `∇K(x)`.
    fn slopes(&self, x: [T; M]) -> [T; M];

    /// `∇²K(x) d`.
    fn curvature(&self, x: [T; M], d: [T; M]) -> [T; M];

    /// The weights `a` of the squares in the surrogate penalty.
    fn ridge(&self) -> [T; M];

    /// `h_λ(b)` with its first two derivatives.
    #[inline]
    fn concave_part(&self, _b: T, _lambda: T) -> [T; 3] {
        [T::zero(); 3]
    }

    fn lift(&self, b: T) -> [T; M];

    fn start(&self, b: T) -> [T; M];

    fn random(&self, standard_deviation: T, rng: &mut dyn RngCore) -> [T; M];

    fn imbalance(&self, x: [T; M]) -> T;

    fn induced(&self) -> &dyn Penalty<T>;
}

/// The factors of all coefficients, as one slice of length `d` for each of the `M`.
#[inline]
fn split<T, const M: usize>(factors: &[T]) -> [&[T]; M] {
    let d = factors.len() / M;
    array::from_fn(|l| &factors[l * d..][..d])
}

#[inline]
fn split_mut<T, const M: usize>(mut factors: &mut [T]) -> [&mut [T]; M] {
    let d = factors.len() / M;
    array::from_fn(|_| factors.split_off_mut(..d).expect("M slices of length d"))
}

fn collapse<T: Scalar, const M: usize>(
    row: &impl Elementwise<T, M>,
    factors: &[T],
    coefficients: &mut [T],
) {
    let x = split(factors);
    for (j, b) in coefficients.iter_mut().enumerate() {
        *b = row.value(x.map(|x| x[j]));
    }
}

fn pushforward<T: Scalar, const M: usize>(
    row: &impl Elementwise<T, M>,
    factors: &[T],
    direction: &[T],
    out: &mut [T],
) {
    let (x, d) = (split(factors), split(direction));
    for (j, out) in out.iter_mut().enumerate() {
        *out = dot(row.slopes(x.map(|x| x[j])), d.map(|d| d[j]));
    }
}

fn pullback<T: Scalar, const M: usize>(
    row: &impl Elementwise<T, M>,
    factors: &[T],
    gradient: &[T],
    strength: Strength<'_, T>,
    out: &mut [T],
) -> T {
    let (x, out) = (split(factors), split_mut::<T, M>(out));
    let ridge = row.ridge();
    let mut surrogate = T::zero();
    for (j, &g) in gradient.iter().enumerate() {
        let (x, lambda): ([T; M], T) = (x.map(|x| x[j]), strength.at(j));
        let [h, slope, _] = row.concave_part(row.value(x), lambda);
        let slopes = row.slopes(x);
        surrogate -= h;
        for l in 0..M {
            let pull = lambda * ridge[l] * x[l];
            surrogate += pull * x[l];
            out[l][j] = (g - slope) * slopes[l] + pull + pull;
        }
    }
    surrogate
}

fn hessian_product<T: Scalar, const M: usize>(
    row: &impl Elementwise<T, M>,
    factors: &[T],
    of_loss: Curvature<'_, T>,
    strength: Strength<'_, T>,
    direction: &[T],
    out: &mut [T],
) {
    let (x, d, out) = (split(factors), split(direction), split_mut::<T, M>(out));
    let ridge = row.ridge();
    for (j, (&g, &product)) in of_loss.gradient.iter().zip(of_loss.product).enumerate() {
        let (x, d): ([T; M], [T; M]) = (x.map(|x| x[j]), d.map(|d| d[j]));
        let lambda = strength.at(j);
        let [_, slope, bend] = row.concave_part(row.value(x), lambda);
        let (slopes, curvature) = (row.slopes(x), row.curvature(x, d));
        let product = product - bend * dot(slopes, d);
        for l in 0..M {
            let of_ridge = T::of(2.0) * lambda * ridge[l] * d[l];
            out[l][j] = product * slopes[l] + (g - slope) * curvature[l] + of_ridge;
        }
    }
}

fn surrogate<T: Scalar, const M: usize>(
    row: &impl Elementwise<T, M>,
    factors: &[T],
    strength: Strength<'_, T>,
) -> T {
    let x = split(factors);
    let ridge = row.ridge();
    let term = |j: usize| {
        let (x, lambda): ([T; M], T) = (x.map(|x| x[j]), strength.at(j));
        let [h, _, _] = row.concave_part(row.value(x), lambda);
        (0..M).map(|l| lambda * ridge[l] * x[l] * x[l]).sum::<T>() - h
    };
    (0..factors.len() / M).map(term).sum()
}

/// Writes the factors that `of` makes for each coefficient `j`.
fn fill<T: Scalar, const M: usize>(factors: &mut [T], mut of: impl FnMut(usize) -> [T; M]) {
    let d = factors.len() / M;
    let mut x = split_mut::<T, M>(factors);
    for j in 0..d {
        for (slice, value) in x.iter_mut().zip(of(j)) {
            slice[j] = value;
        }
    }
}

fn frozen<T: Scalar, const M: usize>(row: &impl Elementwise<T, M>, factors: &[T]) -> Option<usize> {
    let x = split(factors);
    (0..factors.len() / M).find(|&j| row.slopes(x.map(|x| x[j])).iter().all(|s| *s == T::zero()))
}

fn imbalance<T: Scalar, const M: usize>(row: &impl Elementwise<T, M>, factors: &[T]) -> T {
    let x = split(factors);
    let terms = (0..factors.len() / M).map(|j| row.imbalance(x.map(|x| x[j])));
    terms.fold(T::zero(), T::max)
}

#[inline]
fn dot<T: Scalar, const M: usize>(a: [T; M], b: [T; M]) -> T {
    a.into_iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Implements [`Parametrization`](super::Parametrization) for a row with `$m` factors per
/// coefficient.
macro_rules! elementwise {
    ($row:ty, $m:literal) => {
        impl<T: $crate::Scalar> $crate::Parametrization<T> for $row {
            fn facts(&self) -> &'static $crate::Facts {
                &Self::FACTS
            }

            fn n_factors(&self, n_coefficients: usize) -> usize {
                $m * n_coefficients
            }

            fn collapse(&self, factors: &[T], coefficients: &mut [T]) {
                super::collapse::<T, $m>(self, factors, coefficients);
            }

            fn pushforward(&self, factors: &[T], direction: &[T], out: &mut [T]) {
                super::pushforward::<T, $m>(self, factors, direction, out);
            }

            fn pullback(
                &self,
                factors: &[T],
                gradient: &[T],
                strength: $crate::Strength<'_, T>,
                out: &mut [T],
            ) -> T {
                super::pullback::<T, $m>(self, factors, gradient, strength, out)
            }

            fn hessian_product(
                &self,
                factors: &[T],
                curvature: $crate::Curvature<'_, T>,
                strength: $crate::Strength<'_, T>,
                direction: &[T],
                out: &mut [T],
            ) {
                super::hessian_product::<T, $m>(self, factors, curvature, strength, direction, out);
            }

            fn surrogate(&self, factors: &[T], strength: $crate::Strength<'_, T>) -> T {
                super::surrogate::<T, $m>(self, factors, strength)
            }

            fn lift(&self, coefficients: &[T], factors: &mut [T]) {
                super::fill::<T, $m>(factors, |j| self::Elementwise::lift(self, coefficients[j]));
            }

            fn start(&self, coefficients: &[T], factors: &mut [T]) {
                super::fill::<T, $m>(factors, |j| self::Elementwise::start(self, coefficients[j]));
            }

            fn random(&self, std: T, rng: &mut dyn rand::RngCore, factors: &mut [T]) {
                super::fill::<T, $m>(factors, |_| self::Elementwise::random(self, std, rng));
            }

            fn frozen(&self, factors: &[T]) -> Option<usize> {
                super::frozen::<T, $m>(self, factors)
            }

            fn imbalance(&self, factors: &[T]) -> T {
                super::imbalance::<T, $m>(self, factors)
            }

            fn penalty(&self) -> &dyn $crate::Penalty<T> {
                self.induced()
            }
        }
    };
}
use elementwise;
