//! Ways to make a network sparse: products of factors, and what they are measured against.

use crate::models::Network;
use crate::units::{Units, change, parameters, sizes};
use burn::tensor::Tensor;
use chamfer_burn::{Error, Init, factorize, penalty};
use std::fmt;

/// How units become zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Products of factors with weight decay, by `chamfer-burn`.
    Product {
        /// The number of factors.
        depth: usize,
    },
    /// The lasso's or group lasso's penalty in the loss, by its subgradient.
    Subgradient,
    /// The same penalty by soft thresholding after each step.
    SoftThreshold,
    /// The largest units of the dense network.
    OneShot,
    /// The largest units, fewer from epoch to epoch.
    Gradual,
}

impl fmt::Display for Method {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Product { depth } => write!(formatter, "product of {depth}"),
            Self::Subgradient => write!(formatter, "subgradient"),
            Self::SoftThreshold => write!(formatter, "soft threshold"),
            Self::OneShot => write!(formatter, "one-shot pruning"),
            Self::Gradual => write!(formatter, "gradual pruning"),
        }
    }
}

impl Method {
    /// Whether it has a strength.
    pub fn has_strength(self) -> bool {
        matches!(self, Self::Product { .. } | Self::Subgradient | Self::SoftThreshold)
    }

    /// A new network, ready for the method.
    pub fn begin<N: Network>(self, model: N, units: &[Units], seed: u64) -> Result<N, Error> {
        let Self::Product { depth } = self else { return Ok(model) };
        // Scales of a normalization as well: from 1, all of a layer would shrink alike.
        let rule = |units: &Units| units.rule(depth).init(Init::Fresh { seed });
        factorize(model, &units.iter().map(rule).collect::<Vec<_>>())
    }

    /// What is added to the loss.
    pub fn added<N: Network>(self, model: &N, units: &[Units], strength: f64) -> Option<Tensor<1>> {
        let total = match self {
            Self::Product { .. } => penalty(model).ok()?,
            Self::Subgradient => {
                let norms = |parameter: Tensor<3>| {
                    let [before, _, after] = parameter.dims();
                    // The group lasso has the norm times the root of the number of weights.
                    sizes(parameter).sum().mul_scalar((before * after) as f64)
                };
                let total = parameters(model, units).into_values().map(norms);
                total.reduce(|total, norms| total + norms)?
            }
            _ => return None,
        };
        Some(total.mul_scalar(strength))
    }

    /// What is done after a step of the given rate.
    pub fn after<N: Network>(self, model: N, units: &[Units], step: f64) -> N {
        if self != Self::SoftThreshold {
            return model;
        }
        change(model, units, |_, parameter| {
            let factor = sizes(parameter.clone()).recip().mul_scalar(-step).add_scalar(1.0);
            parameter * factor.clamp_min(0.0)
        })
    }
}
