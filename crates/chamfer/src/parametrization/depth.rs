//! Depths of the deep parametrizations, and the penalties that they induce.

use crate::{Error, L1, Lq, Penalty, Scalar};

/// A depth `k ≥ 2`, real or integer, with the base penalty of exponent `q = 2/k` that it induces.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Depth {
    k: f64,
    lq: Lq,
}

impl Depth {
    /// # Errors
    /// As [`check_depth`].
    pub(super) fn new(k: f64, least: f64) -> Result<Self, Error> {
        check_depth(k, least).map(|()| Self { k, lq: Lq::of_depth(k) })
    }

    pub(super) fn k(self) -> f64 {
        self.k
    }

    /// `|x|^{1/k}`, the balanced factor of a product of modulus `|x|`.
    pub(super) fn root<T: Scalar>(self, x: T) -> T {
        if self.k == 2.0 { x.abs().sqrt() } else { x.abs().powf(T::of(1.0 / self.k)) }
    }

    /// `|x|^{k − below}`, 0 to the 0 being 1.
    #[inline]
    pub(super) fn power<T: Scalar>(self, x: T, below: f64) -> T {
        power(x.abs(), self.k - below)
    }

    /// The lasso at depth 2, `ℓ_q` beyond.
    pub(super) fn penalty<T: Scalar>(&self) -> &dyn Penalty<T> {
        if self.k == 2.0 { &L1 } else { &self.lq }
    }
}

/// Far beyond use, and small enough that no count of factors overflows.
const MOST: f64 = 65_536.0;

/// # Errors
/// If `depth` is below `least` (2 where not sparse, 3 where not smooth below) or absurdly large.
pub(super) fn check_depth(depth: f64, least: f64) -> Result<(), Error> {
    let sound = (least..=MOST).contains(&depth);
    if sound { Ok(()) } else { Err(Error::InvalidDepth { depth, least, most: MOST }) }
}

/// `x^p` for `x ≥ 0`: by multiplications and roots for the small powers that depths mostly are.
#[inline]
fn power<T: Scalar>(x: T, p: f64) -> T {
    if p == 0.0 {
        T::one()
    } else if p == 1.0 {
        x
    } else if p == 2.0 {
        x * x
    } else if p == 3.0 {
        x * x * x
    } else if p == 4.0 {
        (x * x) * (x * x)
    } else if p == 0.5 {
        x.sqrt()
    } else if p == 1.5 {
        x * x.sqrt()
    } else if p == 2.5 {
        x * x * x.sqrt()
    } else {
        x.powf(T::of(p))
    }
}
