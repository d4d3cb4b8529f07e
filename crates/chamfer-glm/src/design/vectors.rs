//! The loops that touch the most memory, for the widest vectors that the machine has.
#![allow(clippy::inline_always, reason = "vector instructions reach only what is inlined")]

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
    // Halves at a time, which stays in vectors.
    let mut half = LANES / 2;
    while half > 0 {
        for lane in 0..half {
            sums[lane] += sums[lane + half];
        }
        half /= 2;
    }
    sums[0] + tail
}

/// `Σ a_i b_i`.
#[inline(always)]
pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    reduce(a, b, |a, b| a * b)
}
