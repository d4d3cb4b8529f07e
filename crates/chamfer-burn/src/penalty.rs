//! The smooth penalty on the factors of a model.

use crate::Error;
use crate::factors::sites;
use burn::module::Module;
use burn::tensor::Tensor;

/// `Σ λR_ξ(ξ)` over all parameters with factors: a weighted sum of squares of the factors, shape `[1]`,
/// to be added to the loss.
///
/// Minimizing it over all factors of the same weights gives `λR(β)`, the sparse penalty of
/// [`Form`](crate::Form); so a minimum of loss + penalty is one of the sparse problem. For a path of
/// penalties, multiply it by a number.
///
/// An optimizer whose weight decay is *coupled*, that is, part of the gradient (Burn's `Sgd` and
/// `Adam`), can stand in for it where all rules have one λ and weight. Decoupled decay (`AdamW`)
/// cannot: it is not the gradient of any penalty, and its fixed points are not those of the sparse
/// problem. Use this penalty there, and a decay of 0.
///
/// # Errors
/// [`Error::NotFactorized`] if there are no factors.
pub fn penalty<M: Module>(model: &M) -> Result<Tensor<1>, Error> {
    let terms = sites(model).into_iter().map(|site| {
        let gates = site.factors.values();
        site.factors.scheme.penalty(&site.base, &gates)
    });
    terms.reduce(|total, term| total + term).ok_or(Error::NotFactorized)
}
