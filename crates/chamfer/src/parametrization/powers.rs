//! Powers of many numbers at once, in code that compilers turn into vector instructions.
#![allow(clippy::inline_always, reason = "vector instructions reach only what is inlined")]

use super::lanes::vectorized;
use crate::Scalar;
use pulp::NullaryFnOnce;
use std::f64::consts::{LN_2, SQRT_2};

/// Writes `|x|^p` for every `x`, 0 to the 0 being 1: by multiplications and roots for the small powers
/// that depths mostly are.
pub(super) fn powers<T: Scalar>(x: &[T], p: f64, out: &mut [T]) {
    vectorized(Powers { x, p, out });
}

struct Powers<'a, T> {
    x: &'a [T],
    p: f64,
    out: &'a mut [T],
}

impl<T: Scalar> NullaryFnOnce for Powers<'_, T> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self { x, p, out } = self;
        let double = 2.0 * p;
        if p == 0.0 {
            out.fill(T::one());
        } else if p == 1.0 {
            each(x, out, |x| x);
        } else if p == 2.0 {
            each(x, out, |x| x * x);
        } else if p == 3.0 {
            each(x, out, |x| x * x * x);
        } else if p == 4.0 {
            each(x, out, |x| (x * x) * (x * x));
        } else if double == 1.0 {
            each(x, out, T::sqrt);
        } else if double == 3.0 {
            each(x, out, |x| x * x.sqrt());
        } else if double == 5.0 {
            each(x, out, |x| x * x * x.sqrt());
        } else {
            // A closure would not always be compiled into the loop.
            for (out, x) in out.iter_mut().zip(x) {
                *out = T::of(power(x.abs().to_f64().unwrap_or(f64::NAN), p));
            }
        }
    }
}

#[inline(always)]
fn each<T: Scalar>(x: &[T], out: &mut [T], of: impl Fn(T) -> T) {
    for (out, x) in out.iter_mut().zip(x) {
        *out = of(x.abs());
    }
}

/// `1/n!`.
const INVERSE_FACTORIALS: [f64; 14] = {
    let mut terms = [1.0; 14];
    let mut n = 1;
    while n < terms.len() {
        terms[n] = terms[n - 1] / n as f64;
        n += 1;
    }
    terms
};

/// `1/(2n + 1)`.
const ODD_RECIPROCALS: [f64; 10] = {
    let mut terms = [1.0; 10];
    let mut n = 1;
    while n < terms.len() {
        terms[n] = 1.0 / (2 * n + 1) as f64;
        n += 1;
    }
    terms
};

/// `Σ c_n x^n` of 10 or 14 terms, in pairs, pairs of pairs and so on (Estrin's
/// scheme): additions wait for few others.
#[inline(always)]
fn polynomial<const N: usize>(x: f64, c: &[f64; N]) -> f64 {
    let x2 = x * x;
    let x4 = x2 * x2;
    let pair = |n: usize| c[n + 1].mul_add(x, c[n]);
    let four = |n: usize| pair(n + 2).mul_add(x2, pair(n));
    let last = if N == 14 { pair(12).mul_add(x4, four(8)) } else { pair(8) };
    last.mul_add(x4 * x4, four(4).mul_add(x4, four(0)))
}

/// `x^p` for `x ≥ 0` and `p > 0`, as `2^{p log₂ x}`, without branches.
///
/// The relative error is at most about `(2 + |p ln x|) · 2⁻⁵²`. Subnormal `x` and results are taken
/// for 0, and results beyond 2¹⁰²³ for infinity.
#[inline(always)]
fn power(x: f64, p: f64) -> f64 {
    /// 1.5 · 2⁵²: adding it to a small number rounds that to an integer, which is then in the low bits.
    const ROUND: f64 = 6_755_399_441_055_744.0;
    const MANTISSA: u32 = 52;
    // x = 2^e m with m in [√½, √2), by whole steps of the exponent from the bits of √½.
    let base = (0.5 * SQRT_2).to_bits();
    let steps = x.to_bits().wrapping_sub(base);
    let exponent = steps >> MANTISSA; // modulo 2¹²
    let m = f64::from_bits(x.to_bits().wrapping_sub(exponent << MANTISSA));
    // The twelve bits with their sign, as a number: XOR moves them to 0..4096, the mantissa of 2⁵².
    let biased = (exponent ^ 0x800) | (1u64 << MANTISSA).wrapping_mul(0x433);
    let e = f64::from_bits(biased) - (4_503_599_627_370_496.0 + 2048.0);
    // ln m = 2 artanh s, where s² < 0.0295: ten terms reach 2⁻⁵⁵.
    let s = (m - 1.0) / (m + 1.0);
    let s2 = s * s;
    let ln_m = 2.0 * s * polynomial(s2, &ODD_RECIPROCALS);
    // The powers of 2 apart from the rest, where e is exact.
    let t = p * e;
    let whole = (t + ROUND) - ROUND;
    let rest = (t - whole).mul_add(LN_2, p * ln_m);
    let more = (rest * (1.0 / LN_2) + ROUND) - ROUND;
    let r = more.mul_add(-LN_2, rest);
    // e^r for |r| ≤ ½ ln 2: fourteen terms reach 2⁻⁵⁷.
    let exp = polynomial(r, &INVERSE_FACTORIALS);
    let n = whole + more;
    let clamped = n.clamp(-1022.0, 1023.0);
    let scale = f64::from_bits((clamped + (ROUND + 1023.0)).to_bits() << MANTISSA);
    let result = if n > 1023.0 { f64::INFINITY } else { exp * scale };
    let result = if x < f64::MIN_POSITIVE || n < -1022.0 { 0.0 } else { result };
    // NaN and infinity as they are.
    if x < f64::INFINITY { result } else { x }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(x: f64, p: f64) -> f64 {
        let mut out = [f64::NAN];
        powers(&[x], p, &mut out);
        out[0]
    }

    #[test]
    fn powers_are_those_of_the_standard_library() {
        let mut x = 1e-300;
        while x < 1e300 {
            for p in [0.0, 0.5, 0.7, 1.0, 1.5, 1.7, 2.0, 2.5, 2.9, 3.0, 4.0, 7.3] {
                let expected = f64::powf(x, p);
                if expected.is_normal() && expected < 1e300 {
                    let bound = (2.0 + (p * x.ln()).abs()) * f64::EPSILON;
                    let error = (of(-x, p) - expected).abs() / expected;
                    assert!(error <= bound, "{x}^{p}: {error} of at most {bound}");
                }
            }
            x *= 1.37;
        }
    }

    #[test]
    fn powers_at_the_ends() {
        for p in [0.7, 1.7, 4.3] {
            assert_eq!(of(0.0, p), 0.0);
            assert_eq!(of(-0.0, p), 0.0);
            assert_eq!(of(f64::INFINITY, p), f64::INFINITY);
            assert!(of(f64::NAN, p).is_nan());
            assert_eq!(of(1.0, p), 1.0);
        }
        assert_eq!(of(1e200, 3.1), f64::INFINITY);
        assert_eq!(of(1e-200, 3.1), 0.0);
        assert_eq!(of(0.0, 0.0), 1.0);
    }

    #[test]
    fn powers_of_single_precision() {
        let mut out = [0.0f32; 2];
        powers(&[2.0f32, -9.0], 1.7, &mut out);
        assert_eq!(out, [2.0f64, 9.0].map(|x| f32::of(x.powf(1.7))));
    }
}
