//! The penalty as weight decay of an optimizer.

use crate::Error;
use crate::factors::sites;
use burn::module::{Module, ParamGroup, ParamId};

/// Factors that have the same decay.
#[derive(Debug, Clone)]
pub struct DecayGroup {
    /// Which parameters, for the optimizer.
    pub group: ParamGroup,
    /// Their weight decay: what is added to a gradient is `decay · factor`.
    pub decay: f64,
}

/// The penalty as weight decay on the factors, for optimizers in which decay is a part of the gradient
/// (Burn's `Sgd`, `Adam`): a step with these groups is one with [`penalty()`](crate::penalty()) in the
/// loss.
///
/// ```
/// use burn::nn::LinearConfig;
/// use burn::optim::{SgdConfig, decay::WeightDecayConfig};
/// use burn::tensor::Device;
/// use chamfer_burn::{Granularity, Rule, decay_groups, factorize};
///
/// let model = LinearConfig::new(4, 3).init(&Device::default().autodiff());
/// let model = factorize(model, &[Rule::new("weight", Granularity::Weight).lambda(0.01)])?;
/// let mut optimizer = SgdConfig::new().init();
/// for group in decay_groups(&model)? {
///     let decay = WeightDecayConfig::new(group.decay as f32);
///     let sgd = SgdConfig::new().with_weight_decay(Some(decay)).build();
///     optimizer = optimizer.with_group(group.group, sgd, None);
/// }
/// # Ok::<(), chamfer_burn::Error>(())
/// ```
///
/// Decoupled decay (`AdamW`) is not a part of the gradient; what it leads to solves no sparse problem.
/// Use the penalty there.
///
/// # Errors
/// If there are no factors, or the units of a parameter have weights of their own, which one decay for
/// all cannot express.
pub fn decay_groups<M: Module>(model: &M) -> Result<Vec<DecayGroup>, Error> {
    let mut groups: Vec<(f64, Vec<ParamId>)> = Vec::new();
    for site in sites(model) {
        let scheme = &site.factors.scheme;
        let Some(weight) = scheme.one_weight else {
            return Err(Error::OneDecay { path: site.path });
        };
        for (id, constant) in site.constants() {
            // The gradient of λ w c s².
            let decay = 2.0 * scheme.lambda * weight * constant;
            match groups.iter_mut().find(|(of_group, _)| *of_group == decay) {
                Some((_, members)) => members.push(id),
                None => groups.push((decay, vec![id])),
            }
        }
    }
    if groups.is_empty() {
        return Err(Error::NotFactorized);
    }
    let group = |(decay, ids)| DecayGroup { group: ParamGroup::from_ids(ids), decay };
    Ok(groups.into_iter().map(group).collect())
}
