//! Rows of the catalogue in which each coefficient has factors of its own, one or two.
//!
//! A row says how *one* coefficient depends on its factors ([`Elementwise`]); the loops over all
//! coefficients are here, once.
#![allow(clippy::inline_always, reason = "vector instructions reach only what is inlined")]

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
use super::lanes::{LaneSum, TILE, tiles};
use super::powers::powers;
use crate::{Penalty, Scalar, Strength};
use pulp::NullaryFnOnce;
use rand::RngCore;
use std::array;
use std::ops::Range;

/// One coefficient as a function of its `M` factors `x`.
///
/// The surrogate penalty is `λ Σ_l a_l x_l² − h_λ(K(x))`, with `h = 0` but for the folded concave
/// penalties.
trait Elementwise<T: Scalar, const M: usize> {
    /// The exponents of the powers `p_l = |x_l|^e` that [`value`](Self::value) and
    /// [`slopes`](Self::slopes) share; none are computed where it is `None`.
    #[inline]
    fn exponents(&self) -> [Option<f64>; M] {
        [None; M]
    }

    /// `K(x)`, with the powers `p` of `x`.
    fn value(&self, x: [T; M], p: [T; M]) -> T;

    /// `∇K(x)`, with the powers `p` of `x`.
    fn slopes(&self, x: [T; M], p: [T; M]) -> [T; M];

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

/// Room for the powers of a tile's factors.
struct Tile<T, const M: usize>([[T; TILE]; M]);

impl<T: Scalar, const M: usize> Tile<T, M> {
    #[inline(always)]
    fn new() -> Self {
        Self([[T::one(); TILE]; M])
    }

    /// The factors `x` of the tile `at`, and their powers.
    #[inline(always)]
    fn at<'a>(
        &'a mut self,
        row: &impl Elementwise<T, M>,
        x: [&'a [T]; M],
        at: &Range<usize>,
    ) -> [[&'a [T]; M]; 2] {
        let len = at.end - at.start;
        let x = x.map(|x| &x[at.start..][..len]);
        for ((x, exponent), tile) in x.iter().zip(row.exponents()).zip(&mut self.0) {
            if let Some(exponent) = exponent {
                powers(x, exponent, &mut tile[..len]);
            }
        }
        [x, self.0.each_ref().map(|tile| &tile[..len])]
    }
}

/// `β = K(ξ)` for all coefficients.
struct Collapse<'a, T, const M: usize, R> {
    row: &'a R,
    factors: [&'a [T]; M],
    coefficients: &'a mut [T],
}

impl<T: Scalar, const M: usize, R: Elementwise<T, M>> NullaryFnOnce for Collapse<'_, T, M, R> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let mut tile = Tile::new();
        for at in tiles(self.coefficients.len()) {
            let [x, p] = tile.at(self.row, self.factors, &at);
            for (i, b) in self.coefficients[at].iter_mut().enumerate() {
                *b = self.row.value(x.map(|x| x[i]), p.map(|p| p[i]));
            }
        }
    }
}

/// The gradient in the factors, and the surrogate penalty.
struct Pullback<'a, T, const M: usize, R> {
    row: &'a R,
    factors: [&'a [T]; M],
    gradient: &'a [T],
    strength: Strength<'a, T>,
    out: &'a mut [T],
}

impl<T: Scalar, const M: usize, R: Elementwise<T, M>> NullaryFnOnce for Pullback<'_, T, M, R> {
    type Output = T;

    #[inline(always)]
    fn call(self) -> T {
        let Self { row, factors, gradient, strength, out } = self;
        let mut tile = Tile::new();
        let mut out = split_mut::<T, M>(out);
        let ridge = row.ridge();
        let mut surrogate = LaneSum::new();
        for at in tiles(gradient.len()) {
            let [x, p] = tile.at(row, factors, &at);
            let g = &gradient[at.clone()];
            let mut lambdas = [T::zero(); TILE];
            let lambda = &mut lambdas[..g.len()];
            strength.write(at.start, lambda);
            let out = out.each_mut().map(|out| &mut out[at.clone()]);
            let mut terms = [T::zero(); TILE];
            for i in 0..g.len() {
                let (x, p, lambda) = (x.map(|x| x[i]), p.map(|p| p[i]), lambda[i]);
                let [h, slope, _] = row.concave_part(row.value(x, p), lambda);
                let slopes = row.slopes(x, p);
                let mut term = -h;
                for l in 0..M {
                    let pull = lambda * ridge[l] * x[l];
                    term += pull * x[l];
                    out[l][i] = (g[i] - slope) * slopes[l] + pull + pull;
                }
                terms[i] = term;
            }
            surrogate.add(&terms);
        }
        surrogate.total()
    }
}

fn pushforward<T: Scalar, const M: usize>(
    row: &impl Elementwise<T, M>,
    factors: &[T],
    direction: &[T],
    out: &mut [T],
) {
    let (all, d, mut tile) = (split(factors), split(direction), Tile::new());
    for at in tiles(out.len()) {
        let [x, p] = tile.at(row, all, &at);
        for (i, j) in at.enumerate() {
            let (x, p, d): ([T; M], [T; M], [T; M]) =
                (x.map(|x| x[i]), p.map(|p| p[i]), d.map(|d| d[j]));
            out[j] = dot(row.slopes(x, p), d);
        }
    }
}

fn hessian_product<T: Scalar, const M: usize>(
    row: &impl Elementwise<T, M>,
    factors: &[T],
    of_loss: Curvature<'_, T>,
    strength: Strength<'_, T>,
    direction: &[T],
    out: &mut [T],
) {
    let (all, d, mut tile) = (split(factors), split(direction), Tile::new());
    let out = split_mut::<T, M>(out);
    let ridge = row.ridge();
    for at in tiles(of_loss.gradient.len()) {
        let [x, p] = tile.at(row, all, &at);
        for (i, j) in at.enumerate() {
            let (g, product, lambda) = (of_loss.gradient[j], of_loss.product[j], strength.at(j));
            let (x, p, d): ([T; M], [T; M], [T; M]) =
                (x.map(|x| x[i]), p.map(|p| p[i]), d.map(|d| d[j]));
            let [_, slope, bend] = row.concave_part(row.value(x, p), lambda);
            let (slopes, curvature) = (row.slopes(x, p), row.curvature(x, d));
            let product = product - bend * dot(slopes, d);
            for l in 0..M {
                let of_ridge = T::of(2.0) * lambda * ridge[l] * d[l];
                out[l][j] = product * slopes[l] + (g - slope) * curvature[l] + of_ridge;
            }
        }
    }
}

fn surrogate<T: Scalar, const M: usize>(
    row: &impl Elementwise<T, M>,
    factors: &[T],
    strength: Strength<'_, T>,
) -> T {
    let (all, mut tile) = (split(factors), Tile::new());
    let ridge = row.ridge();
    let mut surrogate = T::zero();
    for at in tiles(factors.len() / M) {
        let [x, p] = tile.at(row, all, &at);
        for (i, j) in at.enumerate() {
            let (x, p, lambda): ([T; M], [T; M], T) =
                (x.map(|x| x[i]), p.map(|p| p[i]), strength.at(j));
            let [h, _, _] = row.concave_part(row.value(x, p), lambda);
            surrogate += (0..M).map(|l| lambda * ridge[l] * x[l] * x[l]).sum::<T>() - h;
        }
    }
    surrogate
}

/// The first coefficient that no gradient moves.
fn frozen<T: Scalar, const M: usize>(row: &impl Elementwise<T, M>, factors: &[T]) -> Option<usize> {
    let (all, mut tile) = (split(factors), Tile::new());
    tiles(factors.len() / M).find_map(|at| {
        let [x, p] = tile.at(row, all, &at);
        let slopes = |i: usize| row.slopes(x.map(|x| x[i]), p.map(|p| p[i]));
        let first = (0..at.len()).find(|&i| slopes(i).iter().all(|s| *s == T::zero()));
        first.map(|i| at.start + i)
    })
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
                $crate::parametrization::lanes::vectorized(super::Collapse::<T, $m, _> {
                    row: self,
                    factors: super::split(factors),
                    coefficients,
                });
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
                $crate::parametrization::lanes::vectorized(super::Pullback::<T, $m, _> {
                    row: self,
                    factors: super::split(factors),
                    gradient,
                    strength,
                    out,
                })
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
