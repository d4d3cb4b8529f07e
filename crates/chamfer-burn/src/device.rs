//! The map from factors to weights, and the penalty on factors, as tensor operations.

use crate::granularity::Layout;
use crate::scheme::{Scheme, sides};
use crate::{Form, Granularity};
use burn::tensor::Tensor;

impl Scheme {
    /// `K`: the parameter's values from its base and gates.
    pub(crate) fn apply<const D: usize>(&self, base: Tensor<D>, gates: &[Tensor<1>]) -> Tensor<D> {
        let shape = base.shape();
        match (self.layout, self.form) {
            (None, _) => self.matrices(base.reshape(sides(&self.shape)), gates).reshape(shape),
            (Some(_), Form::Power { depth }) if gates.is_empty() => {
                base.clone() * base.abs().powf_scalar(depth - 1.0)
            }
            (Some(layout), Form::Power { depth }) => {
                let powers = gates.iter().map(|gate| gate.clone().abs().powf_scalar(depth - 1.0));
                gated(base.reshape(layout.shape()), powers, layout).reshape(shape)
            }
            (Some(layout), Form::Product { .. } | Form::Nested { .. }) => {
                let (of_weights, of_groups) = gates.split_at(self.gates_of_weights());
                let product =
                    of_weights.iter().fold(base.reshape(layout.shape()), |product, gate| {
                        product * gate.clone().reshape(layout.shape())
                    });
                gated(product, of_groups.iter().cloned(), layout).reshape(shape)
            }
        }
    }

    /// Row by row, the stored factors are `A₁ᵀ, A₂ᵀ, …`, and `Wᵀ = A₁ A₂ ⋯ A_k`.
    fn matrices(&self, base: Tensor<2>, gates: &[Tensor<1>]) -> Tensor<2> {
        let [rows, columns] = sides(&self.shape);
        let side = rows.min(columns);
        let square = |gate: &Tensor<1>| gate.clone().reshape([side, side]);
        if self.base == 0 {
            gates.iter().fold(base, |product, gate| square(gate).matmul(product))
        } else {
            gates.iter().rev().fold(base, |product, gate| product.matmul(square(gate)))
        }
    }

    /// How many gates have one number for each weight; the others have one for each group.
    fn gates_of_weights(&self) -> usize {
        match self.form {
            Form::Nested { weights, .. } => weights - 1,
            Form::Product { depth } if self.granularity == Granularity::Weight => depth - 1,
            _ => 0,
        }
    }

    /// `λR_ξ`, which for every form is a weighted sum of the factors' squares.
    pub(crate) fn penalty(&self, base: &Tensor<1>, gates: &[Tensor<1>]) -> Tensor<1> {
        let (before, after) = gates.split_at(self.base);
        let factors = before.iter().chain([base]).chain(after);
        let total = Tensor::zeros([1], (&base.device(), base.dtype()));
        factors.zip(&self.constants).fold(total, |total, (factor, constant)| {
            total + self.squares(factor.clone()).mul_scalar(self.lambda * constant)
        })
    }

    /// The sum of a factor's squares, each with the weight of its term.
    fn squares(&self, factor: Tensor<1>) -> Tensor<1> {
        let squares = factor.powi_scalar(2);
        match self.one_weight {
            Some(weight) => squares.sum().mul_scalar(weight),
            None => self.weighted(squares).sum(),
        }
    }

    /// The gradient of `scale · λR_ξ` in a factor whose squares count `constant`.
    pub(crate) fn slope(&self, factor: Tensor<1>, constant: f64, scale: f64) -> Tensor<1> {
        let slope = 2.0 * scale * self.lambda * constant;
        match self.one_weight {
            Some(weight) => factor.mul_scalar(slope * weight),
            None => self.weighted(factor).mul_scalar(slope),
        }
    }

    /// Numbers that belong to those of a factor, times the weights of their terms.
    fn weighted(&self, values: Tensor<1>) -> Tensor<1> {
        let (Some(weights), Some(layout)) = (&self.weights, self.layout) else { return values };
        let of_weights = values.dims()[0] == self.shape.iter().product::<usize>();
        let shape = if of_weights { layout.shape() } else { [1, layout.groups, 1] };
        let options = (&values.device(), values.dtype());
        let weights = Tensor::<1>::from_data(weights.as_slice(), options);
        (values.reshape(shape) * weights.reshape([1, layout.groups, 1])).reshape([-1])
    }
}

/// Multiplies the units of a parameter by the product of their gates.
fn gated(weights: Tensor<3>, gates: impl Iterator<Item = Tensor<1>>, layout: Layout) -> Tensor<3> {
    match gates.reduce(|product, gate| product * gate) {
        Some(gate) => weights * gate.reshape([1, layout.groups, 1]),
        None => weights,
    }
}
