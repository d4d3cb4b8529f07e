//! Penalties from their names and parameters.

use crate::errors;
use chamfer_glm::Regularizer;
use pyo3::prelude::*;

/// A penalty as `chamfer.penalties` describes it; columns are numbers.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct PenaltySpec {
    name: String,
    /// q, γ, a, the share of ℓ₁, or the exponent of adaptive weights.
    #[pyo3(default)]
    shape: f64,
    #[pyo3(default)]
    groups: Option<Vec<Vec<usize>>>,
    #[pyo3(default)]
    within: usize,
    #[pyo3(default)]
    gates: usize,
    #[pyo3(default)]
    first_fit: Vec<f64>,
    #[pyo3(default)]
    weights: Option<Vec<f64>>,
    #[pyo3(default)]
    unpenalized: Vec<usize>,
    l1_ratio: f64,
    #[pyo3(default)]
    bounds: Option<(Vec<f64>, Vec<f64>)>,
    #[pyo3(default)]
    across_outputs: bool,
}

impl PenaltySpec {
    /// The penalty.
    pub fn regularizer(self) -> PyResult<Regularizer> {
        let groups = self.groups.unwrap_or_default();
        let mut penalty = match self.name.as_str() {
            "l1" => Regularizer::l1(),
            "lq" => Regularizer::lq(self.shape),
            "mcp" => Regularizer::mcp(self.shape),
            "scad" => Regularizer::scad(self.shape),
            "non-negative" => Regularizer::non_negative(),
            "group" => Regularizer::group_lq(groups, self.shape),
            "nested" => Regularizer::nested(groups, self.within, self.gates),
            "sparse-group" => Regularizer::sparse_group(groups, self.shape),
            "adaptive" => Regularizer::l1().adaptive(&self.first_fit, self.shape),
            name => return Err(errors::of_input(&format!("there is no penalty {name}"))),
        };
        if let Some(weights) = self.weights {
            penalty = penalty.with_weights(weights);
        }
        if self.across_outputs {
            penalty = penalty.across_outputs();
        }
        if let Some((lower, upper)) = self.bounds {
            penalty = penalty.with_bounds(&lower, &upper);
        }
        Ok(penalty.with_unpenalized(self.unpenalized).with_l1_ratio(self.l1_ratio))
    }
}
