//! From factors to plain parameters with exact zeros.

use crate::factors::{read, sites};
use crate::tensors::replace;
use crate::zeros::Zeros;
use crate::{Error, Granularity};
use burn::module::Module;
use burn::tensor::TensorData;
use std::collections::BTreeMap;
use std::fmt;

/// A model without factors, and what was done to it.
#[derive(Debug, Clone)]
pub struct Collapsed<M> {
    /// The model: plain parameters, with exact zeros.
    pub model: M,
    /// A line for each parameter that had factors, in the order of the model.
    pub layers: Vec<CollapsedLayer>,
    /// The loss of the model with factors.
    pub loss_before: f64,
    /// The loss of the collapsed model.
    pub loss_after: f64,
}

/// What was set to zero in one parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct CollapsedLayer {
    /// The parameter's path.
    pub path: String,
    /// Its units.
    pub granularity: Granularity,
    /// Units that are not zero.
    pub live_units: usize,
    /// All units.
    pub units: usize,
    /// Which units are not zero, by their positions: the input features that are used, for instance.
    /// Empty for the rank.
    pub live: Vec<usize>,
    /// The size of the largest unit that was set to zero; 0 if none was. Sizes are Euclidean norms,
    /// singular values for the rank, moduli of weights where zeros are within groups.
    pub largest_zero: f64,
    /// The size of the smallest unit that was kept; `None` if all are zero.
    pub smallest_kept: Option<f64>,
}

/// Multiplies the factors out, sets the units that `zeros` tells to exactly 0, and removes the factors.
///
/// `loss` is evaluated before and after, to show that nothing changed that matters: give it the
/// training or validation loss of a model, without the penalty.
///
/// # Errors
/// If the model has no factors, one is not finite, or a threshold is out of range.
pub fn collapse<M: Module>(
    model: &M,
    zeros: Zeros,
    loss: impl Fn(&M) -> f64,
) -> Result<Collapsed<M>, Error> {
    zeros.check()?;
    let sites = sites(model);
    if sites.is_empty() {
        return Err(Error::NotFactorized);
    }
    let loss_before = loss(model);
    let mut snapped = BTreeMap::new();
    let mut layers = Vec::with_capacity(sites.len());
    for site in &sites {
        let scheme = &site.factors.scheme;
        let values = read(scheme.apply(site.base.clone(), &site.factors.values()));
        if !values.iter().all(|value| value.is_finite()) {
            return Err(Error::NotFinite { path: site.path.clone() });
        }
        let decision = zeros.decide(scheme, &values);
        let (live, units, _) = scheme.live(&decision.zero);
        if decision.zero.contains(&true) {
            let values = scheme.snap(values, &decision.zero);
            snapped.insert(site.path.clone(), TensorData::new(values, scheme.shape.clone()));
        }
        layers.push(CollapsedLayer {
            path: site.path.clone(),
            granularity: scheme.granularity,
            live_units: live.len(),
            units,
            live: if scheme.layout.is_some() { live } else { Vec::new() },
            largest_zero: decision.largest_zero,
            smallest_kept: decision.smallest_kept,
        });
    }
    let model = replace(model.clone().materialize(), snapped);
    let loss_after = loss(&model);
    Ok(Collapsed { model, layers, loss_before, loss_after })
}

impl<M> fmt::Display for Collapsed<M> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.layers.iter().map(|layer| layer.path.len()).max().unwrap_or(0).max(9);
        writeln!(
            formatter,
            "{:width$}  {:>24}  {:>12}  {:>13}",
            "parameter", "live units", "largest zero", "smallest kept"
        )?;
        for layer in &self.layers {
            let of = format!("{}/{} {}", layer.live_units, layer.units, layer.granularity.unit());
            let kept = layer.smallest_kept.map_or("–".to_owned(), |size| format!("{size:.2e}"));
            let zero = layer.largest_zero;
            writeln!(formatter, "{:width$}  {of:>24}  {zero:12.2e}  {kept:>13}", layer.path)?;
        }
        write!(formatter, "loss {:.6} before, {:.6} after", self.loss_before, self.loss_after)
    }
}
