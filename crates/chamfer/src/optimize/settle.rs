//! From the factors where an optimizer stopped to exact zeros.

use crate::certificate::evaluate;
use crate::{Blocks, Certificate, Error, Objective, Scalar};

/// Whether a certificate is better than another: nearer to stationary, and at no higher objective.
///
/// The objective matters because every set of zeros is stationary for a penalty with q < 1.
pub(super) fn improves<T: Scalar>(new: &Certificate<T>, old: &Certificate<T>) -> bool {
    // An objective whose gradient is off by its stationarity is not known better than this.
    let rounding = T::of(8.0) * T::epsilon() * (T::one() + old.objective.abs());
    new.stationarity <= old.stationarity && new.objective <= old.objective + rounding
}

/// Collapses, and sets to exactly zero what the optimality conditions want there.
pub(super) fn settle<T: Scalar>(
    objective: &impl Objective<T>,
    blocks: &Blocks<T>,
    factors: &[T],
) -> Result<(Vec<T>, Certificate<T>), Error> {
    let mut coefficients = vec![T::zero(); blocks.n_coefficients()];
    blocks.collapse(factors, &mut coefficients)?;
    let reached = Certificate::of_factors(objective, blocks, factors)?;
    let (_, gradient) = evaluate(objective, blocks, &coefficients)?;
    let mut best = (coefficients.clone(), reached);
    // The right slack depends on how exact the gradient is.
    let mut slack = num_traits::Float::sqrt(T::epsilon());
    while slack < T::of(0.2) {
        let mut snapped = coefficients.clone();
        for at in blocks.placed() {
            at.block.parametrization().penalty().snap_zeros(
                &mut snapped[at.coefficients.clone()],
                &gradient[at.coefficients],
                at.block.strength(),
                slack,
            );
        }
        let with_zeros = Certificate::of_coefficients(objective, blocks, &snapped)?;
        if improves(&with_zeros, &best.1) {
            let Certificate { misalignment, imbalance, .. } = reached;
            best = (snapped, Certificate { misalignment, imbalance, ..with_zeros });
        }
        slack *= T::of(10.0);
    }
    Ok(best)
}
