//! What the folded concave penalties share: they are the lasso minus something smooth and convex.

use super::Elementwise;
use crate::penalty::FoldedConcave;
use crate::{Hpp, Penalty, Scalar};
use rand::RngCore;

/// A Hadamard product for a penalty `p_λ(|b|) = λ|b| − h_λ(b)` with a convex `h` of class C^{1,1}.
pub(super) trait LassoMinusConvex {
    type Penalty: FoldedConcave;

    fn penalty(&self) -> &Self::Penalty;
}

impl<T: Scalar, R: LassoMinusConvex> Elementwise<T, 2> for R {
    #[inline]
    fn value(&self, x: [T; 2], p: [T; 2]) -> T {
        Hpp.value(x, p)
    }

    #[inline]
    fn slopes(&self, x: [T; 2], p: [T; 2]) -> [T; 2] {
        Hpp.slopes(x, p)
    }

    #[inline]
    fn curvature(&self, x: [T; 2], d: [T; 2]) -> [T; 2] {
        Hpp.curvature(x, d)
    }

    #[inline]
    fn ridge(&self) -> [T; 2] {
        Hpp.ridge()
    }

    #[inline]
    fn concave_part(&self, b: T, lambda: T) -> [T; 3] {
        let (penalty, r) = (self.penalty(), b.abs());
        [
            lambda * r - FoldedConcave::value(penalty, r, lambda),
            b.signum() * (lambda - penalty.slope(r, lambda)),
            -penalty.curvature(r, lambda),
        ]
    }

    fn lift(&self, b: T) -> [T; 2] {
        Hpp.lift(b)
    }

    fn start(&self, b: T) -> [T; 2] {
        Hpp.start(b)
    }

    fn random(&self, standard_deviation: T, rng: &mut dyn RngCore) -> [T; 2] {
        Elementwise::random(&Hpp, standard_deviation, rng)
    }

    fn imbalance(&self, x: [T; 2]) -> T {
        Elementwise::imbalance(&Hpp, x)
    }

    fn induced(&self) -> &dyn Penalty<T> {
        self.penalty()
    }
}
