//! Sparse learning by *smooth* optimization.
//!
//! A sparse penalty such as the lasso's `λ‖β‖₁` has kinks, so it is usually met with a solver
//! made for one model and one penalty. This crate takes the other road (Kolb, Müller, Bischl &
//! Rügamer, *Smoothing the Edges*, arXiv 2307.03571): write the coefficients as `β = K(ξ)`, for
//! instance `β = u ∘ v`, and put a plain ridge penalty `R_ξ` on the factors `ξ`. When
//!
//! ```text
//! R(β) = min { R_ξ(ξ) : K(ξ) = β }
//! ```
//!
//! the smooth problem `L(K(ξ)) + λ R_ξ(ξ)` has the same global minima as the non-smooth
//! `L(β) + λ R(β)`, and matching local ones, so that any gradient method solves it.
//!
//! | concept | type |
//! |---|---|
//! | `β = K(ξ)`, its derivatives, `R_ξ`, balanced lift | [`Parametrization`], one type for each row of the [`catalogue`](catalogue()) |
//! | the induced non-smooth penalty `R` | [`Penalty`] |
//! | which coefficients belong together | [`Groups`] |
//! | which coefficients get which parametrization, λ, weights | [`Block`], [`Blocks`] |
//! | the smooth loss `L` | [`Objective`]: closures, argmin problems, dual numbers; with a ridge, after a [`LinearMap`] |
//! | `L`, blocks → smooth objective on factors | [`Lifted`] (an argmin problem with Hessian products) |
//! | from there to a sparse point | [`minimize`], [`minimize_stochastic`], [`polish`] |
//! | how optimal a β is in the *original* problem | [`Certificate`], [`DualityGap`], [`second_order`], [`certified_zeros`] |
//!
//! # Example
//!
//! A robust regression with a sparse slope: no solver knows this loss, and none needs to.
//!
//! ```
//! use chamfer::{Block, Blocks, Hpp, Settings, minimize, value_and_gradient};
//!
//! // Σ log cosh(residual): smooth, so it can be made sparse.
//! let x = [[1.0, 0.2], [2.0, -0.1], [3.0, 0.3], [4.0, -0.2]];
//! let y = [2.1, 3.9, 6.2, 7.9];
//! let loss = value_and_gradient(|beta: &[f64], gradient: &mut [f64]| {
//!     gradient.fill(0.0);
//!     let mut value = 0.0;
//!     for (row, target) in x.iter().zip(y) {
//!         let residual = row[0] * beta[0] + row[1] * beta[1] - target;
//!         value += residual.cosh().ln() / 4.0;
//!         for j in 0..2 {
//!             gradient[j] += row[j] * residual.tanh() / 4.0;
//!         }
//!     }
//!     value
//! });
//! let blocks = Blocks::new(vec![Block::new(Hpp, 2, 0.1)?])?;
//! let fit = minimize(&loss, &blocks, &[0.0, 0.0], &Settings::default())?;
//! assert_eq!(fit.coefficients[1], 0.0); // an exact zero
//! assert!(fit.certificate.stationarity < 1e-6);
//! # Ok::<(), chamfer::Error>(())
//! ```

mod blocks;
mod catalogue;
mod certificate;
mod error;
mod groups;
mod linear_map;
mod objective;
mod optimize;
mod parametrization;
mod penalty;
mod scalar;
mod second_order;
mod strength;
mod transfer;

pub use blocks::{Block, Blocks};
pub use catalogue::{Convexity, Facts, catalogue};
pub use certificate::{Certificate, DualityGap, certified_zeros};
pub use error::Error;
pub use groups::Groups;
pub use linear_map::{CumulativeSum, DenseMap, Duplication, LinearMap};
pub use objective::{
    ArgminProblem, Composed, DualFunction, ForwardMode, Objective, ValueAndGradient, WithRidge,
    value_and_gradient,
};
pub use optimize::{
    BatchObjective, Fit, Optimizer, OptimizerVector, Schedule, Settings, Start,
    StochasticOptimizer, StochasticSettings, minimize, minimize_stochastic, polish,
};
pub use parametrization::{
    Curvature, GroupPower, GroupProduct, Hdp, HdpK, Hpp, HppK, MatrixProduct, Mcp, Parametrization,
    Power, Scad, SharedProduct, SparseGroup, Square, Unpenalized,
};
pub use penalty::{
    GroupPenalty, L1, Lq, McpPenalty, NoPenalty, NonNegativeL1, Penalty, ScadPenalty, Schatten,
    SparseGroupPenalty,
};
pub use scalar::Scalar;
pub use second_order::{SecondOrder, second_order};
pub use strength::Strength;
pub use transfer::{Lifted, LiftedHessian};

/// The examples of the README, as tests.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
