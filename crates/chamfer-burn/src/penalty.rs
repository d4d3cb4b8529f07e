//! The smooth penalty on the factors of a model.

use crate::Error;
use crate::factors::sites;
use crate::scheme::Scheme;
use burn::module::{Module, ModuleVisitor, Param, ParamId};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;
use std::collections::HashMap;
use std::sync::Arc;

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

/// Adds the gradient of `scale` times the penalty to that of a loss: the same as the penalty in the loss, but in two
/// passes over each factor, where automatic differentiation makes about seven.
pub(crate) fn add_gradient<M: Module>(model: &M, scale: f64, gradients: &mut GradientsParams) {
    let mut factors = HashMap::new();
    for site in sites(model) {
        let of_site = site.constants();
        factors.extend(of_site.map(|(id, constant)| (id, (site.factors.scheme.clone(), constant))));
    }
    model.visit(&mut Add { factors, scale, gradients });
}

struct Add<'a> {
    factors: HashMap<ParamId, (Arc<Scheme>, f64)>,
    scale: f64,
    gradients: &'a mut GradientsParams,
}

impl ModuleVisitor for Add<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let Some((scheme, constant)) = self.factors.get(&param.id) else { return };
        if !param.is_require_grad() {
            return;
        }
        let factor = param.base().inner();
        let shape = factor.shape();
        let slope = scheme.slope(factor.reshape([-1]), *constant, self.scale).reshape(shape);
        let total = match self.gradients.remove::<D>(param.id) {
            Some(gradient) => gradient + slope,
            None => slope,
        };
        self.gradients.register(param.id, total);
    }
}

#[cfg(test)]
mod tests {
    use super::{add_gradient, penalty};
    use crate::factors::{read, sites};
    use crate::{Form, Granularity, Rule, factorize};
    use burn::nn::{Linear, LinearConfig};
    use burn::optim::GradientsParams;
    use burn::tensor::Device;

    #[test]
    fn the_gradient_is_that_of_automatic_differentiation() {
        let product = |depth| Form::Product { depth };
        let rule = |granularity, form| Rule::new("weight", granularity).lambda(0.3).form(form);
        let rules = [
            rule(Granularity::Weight, product(2)),
            rule(Granularity::Weight, Form::Power { depth: 3.0 }),
            rule(Granularity::Neuron, product(3)),
            rule(Granularity::Neuron, product(2)).weights(vec![0.5, 1.0, 3.0]),
            rule(Granularity::InputFeature, Form::Nested { weights: 2, gates: 1 })
                .weights(vec![2.0, 0.1, 1.0, 4.0]),
            rule(Granularity::Rank, product(2)),
        ];
        let device = Device::default().autodiff();
        for rule in rules {
            let model: Linear = LinearConfig::new(4, 3).init(&device);
            let model = factorize(model, std::slice::from_ref(&rule)).unwrap();
            let value = penalty(&model).unwrap().mul_scalar(0.7);
            let expected = GradientsParams::from_grads(value.backward(), &model);
            let mut found = GradientsParams::new();
            add_gradient(&model, 0.7, &mut found);
            for site in sites(&model) {
                let base =
                    |gradients: &GradientsParams| read(gradients.get::<2>(site.base_id).unwrap());
                close(&base(&found), &base(&expected), &rule);
                for gate in &site.factors.gates {
                    let of_gate =
                        |gradients: &GradientsParams| read(gradients.get::<1>(gate.id).unwrap());
                    close(&of_gate(&found), &of_gate(&expected), &rule);
                }
            }
        }
    }

    fn close(found: &[f64], expected: &[f64], rule: &Rule) {
        assert!(expected.iter().any(|g| *g != 0.0), "{rule:?}");
        for (a, b) in found.iter().zip(expected) {
            assert!((a - b).abs() <= 1e-6 * b.abs().max(1e-3), "{rule:?}: {a} and {b}");
        }
    }
}
