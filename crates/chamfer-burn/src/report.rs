//! What is sparse in a model with factors, and how far its factors are from balance.

use crate::factors::sites;
use crate::zeros::Zeros;
use crate::{Error, Form, Granularity};
use burn::module::Module;
use std::fmt;

/// What a model with factors looks like now.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// A line for each parameter with factors, in the order of the model.
    pub layers: Vec<LayerReport>,
}

/// What one parameter with factors looks like.
#[derive(Debug, Clone, PartialEq)]
pub struct LayerReport {
    /// The parameter's path.
    pub path: String,
    /// Its units.
    pub granularity: Granularity,
    /// How it is made of factors.
    pub form: Form,
    /// Units that are not zero.
    pub live_units: usize,
    /// All units.
    pub units: usize,
    /// Weights in them that are not zero; by rank, of a factorization `r (rows + columns)` at the
    /// live rank, if that is fewer than all weights.
    pub live_weights: usize,
    /// All weights.
    pub weights: usize,
    /// The penalty on the factors, `λR_ξ(ξ)`.
    pub penalty: f64,
    /// The penalty on the weights that it induces, `λR(β)`; never above `penalty`.
    pub induced: f64,
    /// The largest departure from balance over the units, in squares of factors.
    pub imbalance: f64,
}

impl LayerReport {
    /// `λR_ξ(ξ) − λR(β)`: by how much the objective on the factors exceeds that of the sparse
    /// problem. At 0, what solves the one solves the other.
    #[must_use]
    pub fn misalignment(&self) -> f64 {
        self.penalty - self.induced
    }
}

impl Report {
    fn sum<T: std::iter::Sum>(&self, of: impl Fn(&LayerReport) -> T) -> T {
        self.layers.iter().map(of).sum()
    }

    /// Weights with factors that are not zero.
    #[must_use]
    pub fn live_weights(&self) -> usize {
        self.sum(|layer| layer.live_weights)
    }

    /// All weights with factors.
    #[must_use]
    pub fn weights(&self) -> usize {
        self.sum(|layer| layer.weights)
    }

    /// The penalty on all factors.
    #[must_use]
    pub fn penalty(&self) -> f64 {
        self.sum(|layer| layer.penalty)
    }

    /// The sum of the misalignments.
    #[must_use]
    pub fn misalignment(&self) -> f64 {
        self.sum(LayerReport::misalignment)
    }

    /// The largest imbalance.
    #[must_use]
    pub fn imbalance(&self) -> f64 {
        self.layers.iter().map(|layer| layer.imbalance).fold(0.0, f64::max)
    }
}

/// Counts what is live, by the rule with which [`collapse`](crate::collapse()) would set zeros, and
/// measures the factors. Reads all of them from the device and computes in f64.
///
/// # Errors
/// If the model has no factors, one is not finite, or a threshold is out of range.
pub fn report<M: Module>(model: &M, zeros: Zeros) -> Result<Report, Error> {
    zeros.check()?;
    let sites = sites(model);
    if sites.is_empty() {
        return Err(Error::NotFactorized);
    }
    let layer = |site: &crate::factors::Site| {
        let scheme = &site.factors.scheme;
        let factors = site.read();
        if !factors.iter().all(|factor| factor.is_finite()) {
            return Err(Error::NotFinite { path: site.path.clone() });
        }
        let coefficients = scheme.collapse(&factors);
        let decision = zeros.decide(scheme, &coefficients);
        let (live, units, live_weights) = scheme.live(&decision.zero);
        Ok(LayerReport {
            path: site.path.clone(),
            granularity: scheme.granularity,
            form: scheme.form,
            live_units: live.len(),
            units,
            live_weights,
            weights: coefficients.len(),
            penalty: scheme.surrogate(&factors),
            induced: scheme.induced(&coefficients),
            imbalance: scheme.imbalance(&factors),
        })
    };
    sites.iter().map(layer).collect::<Result<_, _>>().map(|layers| Report { layers })
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.layers.iter().map(|layer| layer.path.len()).max().unwrap_or(0).max(9);
        writeln!(
            formatter,
            "{:width$}  {:>24}  {:>19}  {:>9}  {:>12}  {:>9}",
            "parameter", "live units", "live weights", "penalty", "misalignment", "imbalance"
        )?;
        for layer in &self.layers {
            let of = format!("{}/{} {}", layer.live_units, layer.units, layer.granularity.unit());
            writeln!(
                formatter,
                "{:width$}  {of:>24}  {:>19}  {:9.3e}  {:12.3e}  {:9.2e}",
                layer.path,
                format!("{}/{}", layer.live_weights, layer.weights),
                layer.penalty,
                layer.misalignment(),
                layer.imbalance,
            )?;
        }
        write!(
            formatter,
            "{:width$}  {:>24}  {:>19}  {:9.3e}  {:12.3e}  {:9.2e}",
            "total",
            "",
            format!("{}/{}", self.live_weights(), self.weights()),
            self.penalty(),
            self.misalignment(),
            self.imbalance(),
        )
    }
}
