//! Which units are zero: factors in floating point come close to 0 and seldom reach it.

use crate::Error;
use crate::granularity::Layout;
use crate::scheme::Scheme;

/// How units that are to be zero are told from those that are not, in each parameter by itself.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
pub enum Zeros {
    /// Below the widest gap between the sizes of units, if there is one: dying units shrink
    /// exponentially, so that they end far below the others.
    ///
    /// The sizes are Euclidean norms, or singular values. A gap counts if the size above is at least
    /// 10 times that below, the size below is at most 1 % of the largest size (now or at
    /// [`factorize`](crate::factorize), whichever is larger), and it is not there by chance: where
    /// the density near zero is smooth, `m` units of `p` weights each end a factor `r` below all
    /// others with probability `r^{−mp}`, which must be at most 1/1000. Without such a gap, only
    /// what is below the rounding of f32, 10⁻⁷ of the largest size, is zero.
    #[default]
    Gap,
    /// At most this size; finite and at least 0.
    UpTo(f64),
}

const LEAST_RATIO: f64 = 10.0;
const LARGEST_SHARE: f64 = 0.01;
const CHANCE: f64 = 1e-3;
const ROUNDING: f64 = 1e-7;

/// The decision for one parameter.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Decision {
    /// For each unit, whether it is zero.
    pub(crate) zero: Vec<bool>,
    /// The size of the largest unit that is set to zero.
    pub(crate) largest_zero: f64,
    /// The size of the smallest unit that is not; `None` if there is none.
    pub(crate) smallest_kept: Option<f64>,
}

impl Zeros {
    pub(crate) fn check(self) -> Result<(), Error> {
        match self {
            Self::UpTo(value) if !(value.is_finite() && value >= 0.0) => {
                Err(Error::Threshold { value })
            }
            _ => Ok(()),
        }
    }

    pub(crate) fn decide(self, scheme: &Scheme, coefficients: &[f64]) -> Decision {
        let sizes = scheme.sizes(coefficients);
        let threshold = match self {
            Self::UpTo(threshold) => threshold,
            Self::Gap => {
                let unit = scheme.zero_units().map_or(1, Layout::group_size);
                gap(&sizes, scheme.reference, unit)
            }
        };
        let zero: Vec<bool> = sizes.iter().map(|size| *size <= threshold).collect();
        let kept = sizes.iter().copied().filter(|size| *size > threshold);
        Decision {
            largest_zero: sizes
                .iter()
                .copied()
                .filter(|size| *size <= threshold)
                .fold(0.0, f64::max),
            smallest_kept: kept.reduce(f64::min),
            zero,
        }
    }
}

/// The size of the largest unit below the widest gap, at least that of rounding.
fn gap(sizes: &[f64], reference: f64, unit: usize) -> f64 {
    let top = sizes.iter().copied().fold(reference, f64::max);
    let rounding = ROUNDING * top;
    // Dying units are orders of magnitude apart, too; below rounding that means nothing.
    let mut sorted: Vec<f64> = sizes.iter().map(|size| size.max(rounding)).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let chance = |below: usize, ratio: f64| -((below * unit) as f64) * ratio.ln();
    let (mut widest, mut threshold) = (LEAST_RATIO, rounding);
    for (at, size) in sorted.iter().enumerate() {
        // Where all units are dying, they are compared with what the layer once was.
        let above = sorted.get(at + 1).copied().unwrap_or(top);
        let ratio = above / size;
        let small = *size <= LARGEST_SHARE * top;
        if small && ratio >= widest && chance(at + 1, ratio) <= CHANCE.ln() {
            (widest, threshold) = (ratio, *size);
        }
    }
    threshold
}

#[cfg(test)]
mod tests {
    use super::gap;

    #[test]
    fn two_clusters_are_told_apart() {
        assert_eq!(gap(&[1.0, 0.3, 2e-6, 1e-6, 0.5], 1.0, 1), 2e-6);
        assert_eq!(gap(&[1.0, 0.3, 0.05, 0.5], 1.0, 1), 1e-7);
    }

    #[test]
    fn the_widest_gap_counts() {
        // 0.004 is small but alive: the gap below it is wider than that above.
        assert_eq!(gap(&[1.0, 0.05, 0.004, 1e-6, 2e-6, 3e-6], 1.0, 1), 3e-6);
    }

    #[test]
    fn gaps_below_rounding_mean_nothing() {
        assert_eq!(gap(&[1.0, 0.9, 1e-13, 1e-30, 1e-29], 1.0, 4), 1e-7);
    }

    #[test]
    fn a_single_small_weight_may_be_there_by_chance() {
        assert_eq!(gap(&[1.0, 0.3, 0.1, 0.03, 3e-4], 1.0, 1), 1e-7);
        assert_eq!(gap(&[1.0, 0.3, 0.1, 0.03, 3e-4], 1.0, 8), 3e-4);
    }

    #[test]
    fn a_dying_layer_is_compared_with_what_it_was() {
        assert_eq!(gap(&[1e-6, 2e-6], 1.0, 4), 2e-6);
        assert_eq!(gap(&[0.6, 0.5], 1.0, 4), 1e-7);
    }

    #[test]
    fn exact_zeros_are_below_everything() {
        assert_eq!(gap(&[0.0, 0.0, 1.0, 0.9], 1.0, 4), 1e-7);
        assert_eq!(gap(&[0.0; 3], 0.0, 4), 0.0);
    }
}
