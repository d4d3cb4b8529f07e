//! What goes wrong in training with factors, found before it costs anything.

use crate::Error;
use crate::factors::{read, sites};
use crate::tensors::replace;
use burn::module::Module;
use burn::tensor::TensorData;
use std::collections::BTreeMap;
use std::fmt;

/// Checks that a model reads its parameters with `val()`, as it must to see more than the base
/// factors: for each parameter with factors, its first gate is doubled, and the losses with factors
/// and with plain parameters of the same values are compared.
///
/// `loss` must be the same at every call: use one batch, and `model.valid()`.
///
/// # Errors
/// [`Error::ReadsBase`] names the first parameter at which the losses differ by more than rounding.
pub fn check_reads<M: Module>(model: &M, loss: impl Fn(&M) -> f64) -> Result<(), Error> {
    for site in sites(model) {
        let mut model = model.clone();
        if let Some(gate) = site.factors.values().into_iter().next() {
            let length = gate.dims();
            let values: Vec<f64> = read(gate).into_iter().map(|x| 2.0 * x).collect();
            let data = TensorData::new(values, length);
            model = replace(model, BTreeMap::from([(format!("{}.factors.0", site.path), data)]));
        }
        let (with, without) = (loss(&model), loss(&model.clone().materialize()));
        if (with - without).abs() > 1e-4 * (1.0 + without.abs()) {
            return Err(Error::ReadsBase { path: site.path, with, without });
        }
    }
    Ok(())
}

/// How far units that are to be zero will have decayed by the end of a training.
#[derive(Debug, Clone, PartialEq)]
pub struct Budget {
    /// A line for each parameter with factors, in the order of the model.
    pub layers: Vec<LayerBudget>,
}

/// The decay of one parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct LayerBudget {
    /// The parameter's path.
    pub path: String,
    /// A unit on which the loss does not pull shrinks by the factor `exp(−exponent)`. The smallest, if
    /// units have weights of their own.
    pub exponent: f64,
}

/// Below this exponent, what decays does not end clearly apart from what lives: `e⁻⁷ ≈ 10⁻³`.
const LEAST: f64 = 7.0;

impl Budget {
    /// The parameters whose units will not have decayed enough to be told zero.
    pub fn too_small(&self) -> impl Iterator<Item = &LayerBudget> {
        self.layers.iter().filter(|layer| layer.exponent < LEAST)
    }
}

/// What a training with stochastic gradient descent has room for: `sum_of_rates` is the sum of its
/// learning rates over all steps, divided by `1 − momentum`.
///
/// The penalty alone moves a factor `s` with constant `c` (its share of the penalty is `λ w c s²`) by
/// `−2 λ w c s` per unit of learning rate, so that a product of them decays as the exponential of the
/// sum, which is `2λw` for every product. At depth 2 the pull of the loss makes it slower still. `Adam`
/// divides gradients by their size: there, a sum of rates well above the size of the factors, about 1,
/// is what is needed, whatever λ is.
///
/// # Errors
/// [`Error::NotFactorized`] if there are no factors.
pub fn decay_budget<M: Module>(model: &M, sum_of_rates: f64) -> Result<Budget, Error> {
    let layer = |site: &crate::factors::Site| LayerBudget {
        path: site.path.clone(),
        exponent: sum_of_rates * site.factors.scheme.decay(),
    };
    let layers: Vec<LayerBudget> = sites(model).iter().map(layer).collect();
    if layers.is_empty() { Err(Error::NotFactorized) } else { Ok(Budget { layers }) }
}

impl fmt::Display for Budget {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.layers.iter().map(|layer| layer.path.len()).max().unwrap_or(0);
        for (at, LayerBudget { path, exponent }) in self.layers.iter().enumerate() {
            let end = if at + 1 < self.layers.len() { "\n" } else { "" };
            let warning = if *exponent < LEAST {
                ": too little for zeros; train longer, with larger rates, or with a larger λ"
            } else {
                ""
            };
            write!(formatter, "{path:width$}  dead units decay by e^-{exponent:.1}{warning}{end}")?;
        }
        Ok(())
    }
}
