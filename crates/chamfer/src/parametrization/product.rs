//! Products of many factors: the loops that the deep rows share.

use crate::Scalar;
use std::ops::Range;

/// Coefficients that are worked on at a time, on the stack.
const CHUNK: usize = 64;

/// Factors `[u_1, …, u_k]` of coefficients `j`, in slices of length `d`.
#[derive(Clone, Copy)]
pub(super) struct Factors<'a, T> {
    pub(super) all: &'a [T],
    pub(super) d: usize,
}

impl<T: Scalar> Factors<'_, T> {
    #[inline]
    fn at(self, l: usize, j: usize) -> T {
        self.all[l * self.d + j]
    }

    /// Number of factors.
    #[inline]
    pub(super) fn k(self) -> usize {
        self.all.len() / self.d
    }

    /// `Π_l u_{l,j}`.
    #[inline]
    pub(super) fn product(self, j: usize) -> T {
        (0..self.k()).fold(T::one(), |product, l| product * self.at(l, j))
    }

    /// Writes `seed(j) Π_{m≠l} u_{m,j}` for all `l` and the coefficients of `run`, without a
    /// division: the product of the factors before each, times that of the factors after it.
    #[inline]
    pub(super) fn leave_one_out(self, run: Range<usize>, seed: impl Fn(usize) -> T, out: &mut [T]) {
        let (k, d) = (self.k(), self.d);
        if k == 1 {
            for j in run {
                out[j] = seed(j);
            }
            return;
        }
        if k == 2 {
            for j in run {
                let seed = seed(j);
                (out[j], out[d + j]) = (seed * self.all[d + j], seed * self.all[j]);
            }
            return;
        }
        for first in run.clone().step_by(CHUNK) {
            let len = CHUNK.min(run.end - first);
            let at = |l: usize| l * d + first..l * d + first + len;
            let mut product = [T::one(); CHUNK];
            for l in 0..k {
                let parts = out[at(l)].iter_mut().zip(&mut product).zip(&self.all[at(l)]);
                for ((out, product), &u) in parts {
                    *out = *product;
                    *product *= u;
                }
            }
            for (offset, product) in product[..len].iter_mut().enumerate() {
                *product = seed(first + offset);
            }
            for l in (0..k).rev() {
                let parts = out[at(l)].iter_mut().zip(&mut product).zip(&self.all[at(l)]);
                for ((out, product), &u) in parts {
                    *out *= *product;
                    *product *= u;
                }
            }
        }
    }

    /// The change of `Π_{m≠l} u_{m,j}` with the factors changing by `direction`, for `l` in the
    /// factors or beyond them, where nothing is left out. Costs `k²`.
    pub(super) fn product_change(self, direction: Factors<'_, T>, j: usize, l: usize) -> T {
        let mut change = T::zero();
        let mut product = T::one();
        for m in (0..self.k()).filter(|&m| m != l) {
            change = change * self.at(m, j) + product * direction.at(m, j);
            product *= self.at(m, j);
        }
        change
    }

    /// `Π_{m≠l} u_{m,j}`.
    pub(super) fn product_without(self, j: usize, l: usize) -> T {
        let others = (0..self.k()).filter(|&m| m != l);
        others.fold(T::one(), |product, m| product * self.at(m, j))
    }

    /// Number of factors of `j` that are 0.
    pub(super) fn zeros(self, j: usize) -> usize {
        (0..self.k()).filter(|&l| self.at(l, j) == T::zero()).count()
    }

    /// The difference between the largest and the least `u_{l,j}²`.
    pub(super) fn spread(self, j: usize) -> T {
        spread((0..self.k()).map(|l| self.at(l, j).powi(2)))
    }
}

/// The difference between the largest and the least of some numbers.
pub(super) fn spread<T: Scalar>(numbers: impl Iterator<Item = T>) -> T {
    let ends = |(least, most): (T, T), x: T| (least.min(x), most.max(x));
    let (least, most) = numbers.fold((T::infinity(), T::neg_infinity()), ends);
    (most - least).max(T::zero())
}
