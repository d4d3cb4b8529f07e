//! Penalties by name.

use crate::error::CliError;
use crate::select::AdaptiveSpec;
use chamfer_glm::Regularizer;
use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap, HashSet};

/// How the coefficients of a column for several classes or targets become zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AcrossOutputs {
    /// All of them at once, as in glmnet's grouped multinomial and in mgaussian
    Grouped,
    /// One by one
    Ungrouped,
}

/// What makes coefficients zero.
#[allow(clippy::doc_markdown, reason = "the text of --help")]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum PenaltyName {
    /// Σ |β_j|; convex
    #[default]
    Lasso,
    /// Σ |β_j|^q, less shrinkage than the lasso; see --q
    Lq,
    /// The minimax concave penalty, no shrinkage of large coefficients; see --shape
    Mcp,
    /// The smoothly clipped absolute deviation; see --shape
    Scad,
    /// The lasso with coefficients of 0 or above; convex
    NonNegative,
    /// Σ √n_g ‖β_g‖₂, whole groups in or out; see --groups and --q; convex at q = 1
    Group,
    /// The lasso within the group lasso; see --groups and --l1-share; convex
    SparseGroup,
}

/// A penalty with what it needs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PenaltySpec {
    pub name: PenaltyName,
    /// q, γ, a or the share of the lasso, for the penalties that have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shape: Option<f64>,
    /// The elastic net's α.
    #[serde(default = "one")]
    pub l1_ratio: f64,
    /// Group of each coded column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groups: Option<BTreeMap<String, String>>,
    /// Coded columns without a penalty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unpenalized: Vec<String>,
    /// What the penalty of a column, or a group, is multiplied by.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub weights: BTreeMap<String, f64>,
    /// Factors from a first fit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adaptive: Option<AdaptiveSpec>,
    /// Lower and upper bound of the coded columns that have any.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub bounds: BTreeMap<String, [Option<f64>; 2]>,
    /// Whether the coefficients of a column for all outputs are zero together.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub across_outputs: bool,
}

fn one() -> f64 {
    1.0
}

impl PenaltySpec {
    /// The penalty for coded columns called `names`.
    ///
    /// # Errors
    /// If a column has no group, or one without a penalty is not there.
    pub fn make(&self, names: &[String]) -> Result<Regularizer, CliError> {
        let positions: HashMap<&str, usize> =
            names.iter().enumerate().map(|(j, name)| (name.as_str(), j)).collect();
        let place = |name: &String| {
            positions.get(name.as_str()).copied().ok_or_else(|| {
                CliError::Options(format!("there is no column \"{name}\" to leave unpenalized"))
            })
        };
        let unpenalized: Vec<usize> =
            self.unpenalized.iter().map(place).collect::<Result<_, _>>()?;
        let shape = |default: f64| self.shape.unwrap_or(default);
        let penalty = match self.name {
            PenaltyName::Lasso => Regularizer::l1(),
            PenaltyName::Lq => Regularizer::lq(shape(0.5)),
            PenaltyName::Mcp => Regularizer::mcp(shape(3.0)),
            PenaltyName::Scad => Regularizer::scad(shape(3.7)),
            PenaltyName::NonNegative => Regularizer::non_negative(),
            PenaltyName::Group => {
                Regularizer::group_lq(self.members(names)?.into_values().collect(), shape(1.0))
            }
            PenaltyName::SparseGroup => {
                Regularizer::sparse_group(self.members(names)?.into_values().collect(), shape(0.5))
            }
        };
        let penalty = if self.across_outputs { penalty.across_outputs() } else { penalty };
        let penalty = penalty.with_l1_ratio(self.l1_ratio).with_unpenalized(unpenalized);
        let penalty = match self.factors(names)? {
            Some(factors) => penalty.with_factors(factors),
            None => penalty,
        };
        if self.bounds.is_empty() {
            return Ok(penalty);
        }
        let end = |end: usize, none: f64| -> Vec<f64> {
            let of_column = |name: &String| self.bounds.get(name).and_then(|bounds| bounds[end]);
            names.iter().map(|name| of_column(name).unwrap_or(none)).collect()
        };
        Ok(penalty.with_bounds(&end(0, f64::NEG_INFINITY), &end(1, f64::INFINITY)))
    }

    /// Whether the terms of the penalty are groups.
    pub fn has_groups(&self) -> bool {
        matches!(self.name, PenaltyName::Group | PenaltyName::SparseGroup)
    }

    /// The penalized columns of each group.
    pub fn members(&self, names: &[String]) -> Result<BTreeMap<&str, Vec<usize>>, CliError> {
        let Some(groups) = &self.groups else {
            return Err(CliError::Options(
                "this penalty needs groups: give --groups FILE with a column and a group in each \
                 row, or --groups SEPARATOR to group columns by their names up to it"
                    .to_owned(),
            ));
        };
        let mut members: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        let free: HashSet<&str> = self.unpenalized.iter().map(String::as_str).collect();
        for (j, name) in names.iter().enumerate().filter(|(_, name)| !free.contains(name.as_str()))
        {
            let group = groups.get(name).ok_or_else(|| {
                CliError::Options(format!(
                    "column \"{name}\" has no group: add it to the file of --groups, or leave it \
                     out with --exclude"
                ))
            })?;
            members.entry(group).or_default().push(j);
        }
        Ok(members)
    }

    /// The group of a coded column, or the column itself where there are none.
    pub fn group_of<'a>(&'a self, column: &'a str) -> &'a str {
        let group = self.groups.as_ref().and_then(|groups| groups.get(column));
        group.map_or(column, String::as_str)
    }

    /// Whether certificates have duality gaps.
    pub fn is_convex(&self) -> bool {
        match self.name {
            PenaltyName::Lasso | PenaltyName::NonNegative | PenaltyName::SparseGroup => true,
            PenaltyName::Group => self.shape.is_none_or(|q| q == 1.0),
            PenaltyName::Lq => self.shape == Some(1.0),
            PenaltyName::Mcp | PenaltyName::Scad => false,
        }
    }

    /// What the picture is called.
    pub fn title(&self) -> &'static str {
        let is_adaptive = self.adaptive.is_some();
        match self.name {
            PenaltyName::Lasso if is_adaptive && self.l1_ratio < 1.0 => "Adaptive elastic net path",
            PenaltyName::Lasso if is_adaptive => "Adaptive lasso path",
            PenaltyName::NonNegative if is_adaptive => "Adaptive non-negative lasso path",
            PenaltyName::Group if is_adaptive => "Adaptive group lasso path",
            PenaltyName::Lasso if self.l1_ratio < 1.0 => "Elastic net path",
            PenaltyName::Lasso => "Lasso path",
            PenaltyName::Lq => "ℓ_q path",
            PenaltyName::Mcp => "MCP path",
            PenaltyName::Scad => "SCAD path",
            PenaltyName::NonNegative => "Non-negative lasso path",
            PenaltyName::Group => "Group lasso path",
            PenaltyName::SparseGroup => "Sparse group lasso path",
        }
    }

    /// The penalty, for people, with `several` outputs or one.
    pub fn formula(&self, standardized: bool, weighted: bool, several: bool) -> String {
        let bounds = if self.bounds.is_empty() { "" } else { ", β within their bounds" };
        self.unbounded_formula(standardized, weighted, several) + &self.factors_formula() + bounds
    }

    fn unbounded_formula(&self, standardized: bool, weighted: bool, several: bool) -> String {
        let modulus = match (self.across_outputs, several) {
            (true, _) => "‖β_j‖₂",
            (false, true) => "Σ_k |β_jk|",
            (false, false) => "|β_j|",
        };
        if self.name == PenaltyName::Lasso && self.l1_ratio == 1.0 {
            let which = if weighted { "weighted standard deviation" } else { "standard deviation" };
            return if standardized {
                format!("λ Σ_j s_j {modulus}, s_j = {which} of x_j")
            } else if several {
                format!("λ Σ_j {modulus}")
            } else {
                "λ ‖β‖₁".to_owned()
            };
        }
        let shape = |default: f64| self.shape.unwrap_or(default);
        let penalty = match self.name {
            PenaltyName::Lasso if several => format!("Σ_j {modulus}"),
            PenaltyName::Lasso => "‖β‖₁".to_owned(),
            PenaltyName::Lq => format!("Σ_j {modulus}^{}", shape(0.5)),
            PenaltyName::Mcp => format!("MCP(β) (γ = {})", shape(3.0)),
            PenaltyName::Scad => format!("SCAD(β) (a = {})", shape(3.7)),
            PenaltyName::NonNegative => "Σ_j β_j, β ≥ 0".to_owned(),
            PenaltyName::Group if shape(1.0) == 1.0 => "Σ_g √n_g ‖β_g‖₂".to_owned(),
            PenaltyName::Group => format!("Σ_g √n_g ‖β_g‖₂^{}", shape(1.0)),
            PenaltyName::SparseGroup => {
                format!("Σ_g (a‖β_g‖₁ + (1−a)√n_g ‖β_g‖₂) (a = {})", shape(0.5))
            }
        };
        let scale = if standardized { ", β of standardized columns" } else { "" };
        if self.l1_ratio < 1.0 {
            format!("λ [α {penalty} + ½(1−α)‖β‖²] (α = {}){scale}", self.l1_ratio)
        } else {
            format!("λ {penalty}{scale}")
        }
    }
}
