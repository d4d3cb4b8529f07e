//! What the tests of the theory share.
#![allow(dead_code, missing_docs)] // each test file uses a part of it

use chamfer::{
    Block, Blocks, Error, GroupPower, GroupProduct, Groups, Hdp, HdpK, Hpp, HppK, MatrixProduct,
    Mcp, Objective, Parametrization, Power, Scad, Scalar, SharedProduct, SparseGroup, Square,
    Unpenalized, value_and_gradient,
};
use rand::Rng;
use rand::rngs::StdRng;
use std::sync::Arc;

/// A parametrization of six coefficients, and how to make a block of it.
pub struct Row<T: Scalar> {
    pub label: String,
    pub parametrization: Arc<dyn Parametrization<T>>,
    pub block: Box<dyn Fn(f64) -> Block<T>>,
}

/// Number of coefficients in each row of [`rows`].
pub const D: usize = 6;

/// Interleaved groups of sizes 2, 3 and 1.
pub fn groups() -> Groups {
    Groups::from_labels(&["a", "b", "a", "b", "c", "b"]).unwrap()
}

/// All parametrizations, at several depths, for [`D`] coefficients.
pub fn rows<T: Scalar>() -> Vec<Row<T>> {
    let mut rows = Vec::new();
    let mut add = |parametrization: Arc<dyn Fn() -> Made<T>>, detail: String| {
        let name = parametrization().0.facts().name;
        rows.push(Row {
            label: format!("{name}{detail}"),
            parametrization: parametrization().0,
            block: Box::new(move |lambda| parametrization().1(lambda)),
        });
    };
    macro_rules! row {
        ($make:expr, $($detail:tt)*) => {
            add(Arc::new(move || make($make)), format!($($detail)*))
        };
    }
    row!(Hpp, "");
    row!(Hdp, "");
    row!(Square, "");
    row!(Unpenalized, "");
    row!(Mcp::new(3.0).unwrap(), "");
    row!(Scad::new(3.7).unwrap(), "");
    row!(GroupProduct::new(groups()), "");
    row!(SparseGroup::new(groups(), 0.4).unwrap(), "");
    for depth in [2, 3, 4, 7] {
        row!(HppK::new(depth).unwrap(), " k={depth}");
        row!(GroupProduct::deep(groups(), depth).unwrap(), " k={depth}");
    }
    for depth in [2.0, 2.5, 3.0, 4.0, 5.5] {
        row!(HdpK::new(depth).unwrap(), " k={depth}");
        row!(Power::new(depth).unwrap(), " k={depth}");
    }
    for depth in [3.0, 3.5, 5.0] {
        row!(SharedProduct::new(depth).unwrap(), " k={depth}");
        row!(GroupPower::new(groups(), depth).unwrap(), " k={depth}");
    }
    for (within, gates) in [(1, 1), (2, 1), (2, 2), (3, 1)] {
        row!(GroupProduct::nested(groups(), within, gates).unwrap(), " {within},{gates}");
    }
    for depth in [2, 3, 4] {
        row!(MatrixProduct::new(2, 3, depth).unwrap(), " 2×3 k={depth}");
        row!(MatrixProduct::new(3, 2, depth).unwrap(), " 3×2 k={depth}");
    }
    rows
}

type Made<T> = (Arc<dyn Parametrization<T>>, Box<dyn Fn(f64) -> Block<T>>);

fn make<T: Scalar, P: Parametrization<T> + Clone + 'static>(row: P) -> Made<T> {
    let block = row.clone();
    let block = move |lambda: f64| Block::new(block.clone(), D, T::of(lambda)).unwrap();
    (Arc::new(row), Box::new(block))
}

impl<T: Scalar> Row<T> {
    /// Whether K reaches only coefficients that are not negative.
    pub fn is_square(&self) -> bool {
        self.parametrization.facts().name == "square"
    }

    /// Random coefficients that K reaches, some exactly 0 if asked.
    pub fn coefficients(&self, rng: &mut StdRng, with_zero: bool) -> Vec<T> {
        let mut beta: Vec<T> = uniform(rng, D);
        if self.is_square() {
            for b in &mut beta {
                *b = num_traits::Float::abs(*b);
            }
        }
        if with_zero {
            beta[rng.random_range(0..D)] = T::zero();
            beta[4] = T::zero(); // a group of its own
        }
        beta
    }

    /// Random weights for its terms.
    pub fn weights(&self, rng: &mut StdRng) -> Vec<T> {
        (0..self.parametrization.n_terms(D)).map(|_| T::of(rng.random_range(0.1..3.0))).collect()
    }

    pub fn blocks(&self, lambda: f64) -> Blocks<T> {
        Blocks::new(vec![(self.block)(lambda)]).unwrap()
    }
}

pub fn uniform<T: Scalar>(rng: &mut StdRng, n: usize) -> Vec<T> {
    (0..n).map(|_| T::of(rng.random_range(-2.0..2.0))).collect()
}

/// `a` and `b` agree to `ulps` units in the last place, relative to `1 + |a|`.
pub fn close<T: Scalar>(a: T, b: T, ulps: f64) -> bool {
    use num_traits::Float;
    let size = Float::abs(a).max(Float::abs(b));
    Float::abs(a - b) <= <T as Float>::epsilon() * T::of(ulps) * (T::one() + size)
}

/// A smooth function that is not convex, with its exact Hessian: `Σ ½(β_j − z_j)² + ½c(Σβ)² +
/// ¼ Σ sin(2β_j)`.
pub fn wavy(z: Vec<f64>) -> impl Objective<f64> + Sync {
    let targets = z.clone();
    value_and_gradient(move |beta: &[f64], gradient: &mut [f64]| {
        let sum: f64 = beta.iter().sum();
        let mut value = 0.05 * sum * sum;
        for ((g, b), z) in gradient.iter_mut().zip(beta).zip(&z) {
            *g = b - z + 0.1 * sum + 0.5 * (2.0 * b).cos();
            value += 0.5 * (b - z).powi(2) + 0.25 * (2.0 * b).sin();
        }
        value
    })
    .with_hessian_product(move |beta: &[f64], direction: &[f64], out: &mut [f64]| {
        assert_eq!(beta.len(), targets.len());
        let sum: f64 = direction.iter().sum();
        for ((out, b), d) in out.iter_mut().zip(beta).zip(direction) {
            *out = d * (1.0 - (2.0 * b).sin()) + 0.1 * sum;
        }
    })
}

/// `½‖β − z‖²`, with its conjugate `½‖θ‖² + θᵀz`.
pub struct Distance(pub Vec<f64>);

impl Objective<f64> for Distance {
    fn value_and_gradient(&self, beta: &[f64], gradient: &mut [f64]) -> Result<f64, Error> {
        for ((g, b), z) in gradient.iter_mut().zip(beta).zip(&self.0) {
            *g = b - z;
        }
        Ok(gradient.iter().map(|g| 0.5 * g * g).sum())
    }

    fn hessian_product(&self, _: &[f64], d: &[f64], out: &mut [f64]) -> Result<(), Error> {
        out.copy_from_slice(d);
        Ok(())
    }

    fn conjugate(&self, dual: &[f64]) -> Option<f64> {
        Some(dual.iter().zip(&self.0).map(|(t, z)| 0.5 * t * t + t * z).sum())
    }
}

/// Least squares `‖y − Xβ‖²/(2n)` on random data with some true zeros.
pub struct Regression {
    pub x: Vec<Vec<f64>>,
    pub y: Vec<f64>,
}

impl Regression {
    pub fn random(rng: &mut StdRng, n: usize, d: usize) -> Self {
        let x: Vec<Vec<f64>> = (0..n).map(|_| uniform(rng, d)).collect();
        let truth: Vec<f64> =
            (0..d).map(|j| if j % 2 == 0 { 0.0 } else { rng.random_range(0.5..2.0) }).collect();
        let noise: Vec<f64> = uniform(rng, n);
        let y = x.iter().zip(noise).map(|(row, e)| dot(row, &truth) + 0.5 * e).collect();
        Self { x, y }
    }
}

impl Objective<f64> for Regression {
    fn value_and_gradient(&self, beta: &[f64], gradient: &mut [f64]) -> Result<f64, Error> {
        let n = self.y.len() as f64;
        gradient.fill(0.0);
        let mut value = 0.0;
        for (row, y) in self.x.iter().zip(&self.y) {
            let residual = dot(row, beta) - y;
            value += 0.5 * residual * residual / n;
            for (g, x) in gradient.iter_mut().zip(row) {
                *g += residual * x / n;
            }
        }
        Ok(value)
    }

    fn hessian_product(&self, _: &[f64], d: &[f64], out: &mut [f64]) -> Result<(), Error> {
        let n = self.y.len() as f64;
        out.fill(0.0);
        for row in &self.x {
            let along = dot(row, d) / n;
            for (out, x) in out.iter_mut().zip(row) {
                *out += along * x;
            }
        }
        Ok(())
    }
}

pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
