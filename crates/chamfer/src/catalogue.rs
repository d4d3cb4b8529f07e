//! What is known of each parametrization, as data: one source for the tables in the documentation
//! and on the command line.

use crate::{
    GroupPower, GroupProduct, Hdp, HdpK, Hpp, HppK, MatrixProduct, Mcp, Power, Scad, SharedProduct,
    SparseGroup, Square, Unpenalized,
};
use std::fmt;

/// One row of the catalogue.
///
/// `d` is the number of coefficients, `G` of groups, `k` the depth; `∘` multiplies elementwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// The usual name.
    pub name: &'static str,
    /// The type in this crate.
    pub type_name: &'static str,
    /// `β = K(ξ)`.
    pub map: &'static str,
    /// The surrogate penalty `R_ξ(ξ)`.
    pub surrogate: &'static str,
    /// The induced base penalty `R(β)`.
    pub penalty: &'static str,
    /// Whether the base penalty is convex.
    pub convex: Convexity,
    /// Number of factors beyond the `d` coefficients.
    pub extra_factors: &'static str,
    /// How smooth `K` and `R_ξ` are at the least, and which depths there are.
    pub smoothness: &'static str,
    /// Where it comes from.
    pub source: &'static str,
}

/// Whether a base penalty is convex.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Convexity {
    /// It is.
    Always,
    /// At depth 2, the least; for nested groups that is a factor and a gate.
    AtDepthTwo,
    /// It is not.
    Never,
}

impl fmt::Display for Convexity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Always => "yes",
            Self::AtDepthTwo => "at k = 2",
            Self::Never => "no",
        })
    }
}

/// All rows, from the elementwise ones to groups and matrices.
///
#[doc = include_str!("../docs/catalogue.md")]
///
#[doc = include_str!("../docs/univariate.svg")]
///
/// # Example
///
/// ```
/// let rows = chamfer::catalogue();
/// assert!(rows.iter().any(|row| row.type_name == "Hpp" && row.penalty == "Σ |β_j|"));
/// ```
#[must_use]
#[allow(clippy::doc_markdown, reason = "the table has mathematics, not code")]
pub fn catalogue() -> [&'static Facts; 16] {
    [
        &Hpp::FACTS,
        &Hdp::FACTS,
        &Square::FACTS,
        &HppK::FACTS,
        &HdpK::FACTS,
        &Power::FACTS,
        &SharedProduct::FACTS,
        &Mcp::FACTS,
        &Scad::FACTS,
        &GroupProduct::GHPP,
        &GroupProduct::GHPP_K,
        &GroupPower::FACTS,
        &GroupProduct::NESTED,
        &SparseGroup::FACTS,
        &MatrixProduct::FACTS,
        &Unpenalized::FACTS,
    ]
}
