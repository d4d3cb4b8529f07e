//! Simulated problems that the tests share.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use rand_distr::StandardNormal;

/// A dense regression problem, column-major.
pub struct Simulated {
    pub n: usize,
    pub p: usize,
    pub x: Vec<f64>,
    pub y: Vec<f64>,
}

/// Gaussian columns of which neighbours correlate by `rho`; every `p / n_true`-th one counts.
pub fn correlated(n: usize, p: usize, rho: f64, n_true: usize, seed: u64) -> Simulated {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut normal = || rng.sample::<f64, _>(StandardNormal);
    let mut x: Vec<f64> = Vec::with_capacity(n * p);
    for j in 0..p {
        for i in 0..n {
            let noise = normal();
            let value = match j {
                0 => noise,
                _ => rho * x[(j - 1) * n + i] + (1.0 - rho * rho).sqrt() * noise,
            };
            x.push(value);
        }
    }
    let mut y: Vec<f64> = (0..n).map(|_| normal()).collect();
    for k in 0..n_true {
        let j = k * (p / n_true);
        let sign = if k % 2 == 0 { 1.0 } else { -1.0 };
        for i in 0..n {
            y[i] += sign * x[j * n + i];
        }
    }
    Simulated { n, p, x, y }
}
