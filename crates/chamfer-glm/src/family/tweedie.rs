//! Amounts that are often exactly zero.

use super::RowLoss;
use crate::Error;

/// `ℓ(η) = e^{(2−p)η}/(2−p) − y e^{(1−p)η}/(1−p)`: a Tweedie target with mean `μ = e^η` and variance
/// proportional to `μ^p`, `1 < p < 2` (log link): a sum of a Poisson number of gamma amounts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tweedie {
    power: f64,
}

impl Tweedie {
    /// The family with variance power `power`; 1.5 is usual. [`Poisson`](super::Poisson) is the
    /// limit at 1, [`Gamma`](super::Gamma) that at 2.
    ///
    /// # Errors
    /// If `power` is not strictly between 1 and 2.
    pub fn new(power: f64) -> Result<Self, Error> {
        if power > 1.0 && power < 2.0 {
            Ok(Self { power })
        } else {
            Err(Error::InvalidPower { power })
        }
    }
}

impl RowLoss for Tweedie {
    const NAME: &'static str = "tweedie";
    const TARGET: &'static str = "an amount, 0 or above";

    fn accepts(&self, y: f64) -> bool {
        y >= 0.0
    }

    fn value(&self, y: f64, eta: f64) -> [f64; 3] {
        let (up, down) = (2.0 - self.power, self.power - 1.0);
        // 0 times infinity would be NaN.
        let falls = if y > 0.0 { y * (-down * eta).exp() } else { 0.0 };
        let grows = (up * eta).exp();
        [grows / up + falls / down, grows - falls, up * grows + down * falls]
    }

    /// By Newton's method in `η`: the supremum solves `e^{(2−p)η} − y e^{(1−p)η} = θ`, whose left side
    /// rises. Zero targets have it in closed form.
    fn conjugate(&self, y: f64, theta: f64) -> f64 {
        let up = 2.0 - self.power;
        if y == 0.0 {
            return if theta > 0.0 {
                theta / up * (theta.ln() - 1.0)
            } else if theta == 0.0 {
                0.0
            } else {
                f64::INFINITY
            };
        }
        // Between a point where the slope is below θ and one where it is above.
        let mut eta = y.ln();
        let (mut low, mut high) = (f64::NEG_INFINITY, f64::INFINITY);
        for _ in 0..200 {
            let [_, slope, bend] = self.value(y, eta);
            if slope > theta {
                high = eta;
            } else {
                low = eta;
            }
            let newton = eta - ((slope - theta) / bend).clamp(-4.0, 4.0);
            let next = if newton > low && newton < high { newton } else { 0.5 * (low + high) };
            if next == eta || !next.is_finite() {
                break;
            }
            eta = next;
        }
        theta * eta - self.value(y, eta)[0]
    }

    fn respond(&self, eta: f64) -> f64 {
        eta.exp()
    }

    fn link(&self, mean: f64) -> f64 {
        mean.ln()
    }
}
