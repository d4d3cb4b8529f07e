//! The loops that touch the most memory, for the widest vectors that the machine has.
#![allow(clippy::inline_always, reason = "vector instructions reach only what is inlined")]

use pulp::{Simd, WithSimd};

/// Independent sums of a reduction: four vectors of the widest kind, so that none waits for another.
const LANES: usize = 32;

/// Runs `op` compiled for the widest vectors. Results do not depend on them: no operation is fused or
/// reordered that is not written so. Only what is inlined into `op` gets those vectors.
#[inline]
pub(crate) fn vectorized<R>(op: impl FnOnce() -> R) -> R {
    pulp::Arch::new().dispatch(op)
}

/// `Σ f(x_i, v_i)` over two slices of one length, in an order that depends on the length alone.
#[inline(always)]
pub(crate) fn reduce<T: Copy + Into<f64>, V: Copy + Into<f64>>(
    x: &[T],
    v: &[V],
    f: impl Fn(f64, f64) -> f64,
) -> f64 {
    let mut sums = [0.0; LANES];
    let (x_chunks, v_chunks) = (x.chunks_exact(LANES), v.chunks_exact(LANES));
    let rest = x_chunks.remainder().iter().zip(v_chunks.remainder());
    let tail: f64 = rest.map(|(&x, &v)| f(x.into(), v.into())).sum();
    for (x, v) in x_chunks.zip(v_chunks) {
        for lane in 0..LANES {
            sums[lane] += f(x[lane].into(), v[lane].into());
        }
    }
    sum_of_lanes(sums) + tail
}

/// Halves at a time, which stays in vectors.
#[inline(always)]
fn sum_of_lanes(mut sums: [f64; LANES]) -> f64 {
    let mut half = LANES / 2;
    while half > 0 {
        for lane in 0..half {
            sums[lane] += sums[lane + half];
        }
        half /= 2;
    }
    sums[0]
}

/// [`reduce`] of several columns with one vector, to the same bits: memory is read faster at several places.
#[inline(always)]
pub(crate) fn reduce_columns<T: Copy + Into<f64>, const N: usize>(
    columns: [&[T]; N],
    v: &[f64],
    f: impl Fn(usize, f64, f64) -> f64,
) -> [f64; N] {
    let mut sums = [[0.0; LANES]; N];
    let whole = v.len() / LANES * LANES;
    let columns = columns.map(|x| &x[..v.len()]);
    for first in (0..whole).step_by(LANES) {
        let v = &v[first..first + LANES];
        for c in 0..N {
            let x = &columns[c][first..first + LANES];
            for lane in 0..LANES {
                sums[c][lane] += f(c, x[lane].into(), v[lane]);
            }
        }
    }
    std::array::from_fn(|c| {
        let rest = columns[c][whole..].iter().zip(&v[whole..]);
        let tail: f64 = rest.map(|(&x, &v)| f(c, x.into(), v)).sum();
        sum_of_lanes(sums[c]) + tail
    })
}

/// `Σ a_i b_i`.
#[inline(always)]
pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    reduce(a, b, |a, b| a * b)
}

/// `out += Σ_k b_k (x_k − c_k)`.
pub(crate) fn add_scaled<T: Copy + Into<f64>, const N: usize>(
    x: [&[T]; N],
    centres: [f64; N],
    b: [f64; N],
    out: &mut [f64],
) {
    vectorized(
        #[inline(always)]
        || {
            let x = x.map(|x| &x[..out.len()]);
            for (i, out) in out.iter_mut().enumerate() {
                let mut sum = *out;
                for k in 0..N {
                    sum += b[k] * (x[k][i].into() - centres[k]);
                }
                *out = sum;
            }
        },
    );
}

/// `out += Σ_k b_k x_k` for columns that are one after the other.
pub(crate) fn add_columns(columns: &[f64], b: &[f64], out: &mut [f64]) {
    let n = out.len();
    let column = |k: usize| &columns[k * n..(k + 1) * n];
    // Four columns for each time that `out` goes through the registers.
    let (fours, rest) = b.as_chunks::<4>();
    for (k, b) in fours.iter().enumerate() {
        add_scaled(std::array::from_fn(|at| column(4 * k + at)), [0.0; 4], *b, out);
    }
    for (k, b) in rest.iter().enumerate() {
        add_scaled([column(4 * fours.len() + k)], [0.0], [*b], out);
    }
}

/// Vectors on each side of [`products`].
pub(crate) const TILE: usize = 4;

/// `Σ_i x_c[i] v_k[i]` for all pairs of four columns and four vectors: sixteen sums in registers, so that what is
/// loaded is used four times.
pub(crate) fn products(x: [&[f64]; TILE], v: [&[f64]; TILE]) -> [[f64; TILE]; TILE] {
    struct Products<'a> {
        x: [&'a [f64]; TILE],
        v: [&'a [f64]; TILE],
    }
    impl WithSimd for Products<'_> {
        type Output = [[f64; TILE]; TILE];
        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) -> Self::Output {
            let n = self.x[0].len();
            let x = self.x.map(|x| S::as_simd_f64s(&x[..n]));
            let v = self.v.map(|v| S::as_simd_f64s(&v[..n]));
            let mut sums = [[simd.splat_f64s(0.0); TILE]; TILE];
            let count = x[0].0.len();
            let (x_full, v_full) = (x.map(|x| &x.0[..count]), v.map(|v| &v.0[..count]));
            for i in 0..count {
                for c in 0..TILE {
                    for k in 0..TILE {
                        sums[c][k] = simd.mul_add_f64s(x_full[c][i], v_full[k][i], sums[c][k]);
                    }
                }
            }
            let mut out = [[0.0; TILE]; TILE];
            for c in 0..TILE {
                for k in 0..TILE {
                    let tail: f64 = x[c].1.iter().zip(v[k].1).map(|(x, v)| x * v).sum();
                    out[c][k] = simd.reduce_sum_f64s(sums[c][k]) + tail;
                }
            }
            out
        }
    }
    pulp::Arch::new().dispatch(Products { x, v })
}
