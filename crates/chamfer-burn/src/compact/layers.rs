//! Layers that sum over inputs, and what goes with them.

use super::slices::Slice;
use super::trace::{Bias, Contraction, FEATURES, SPACE, Trace, number};
use crate::graph::dims;
use burn::backend::ir::{
    AttentionOpIr, BaseOperationIr as Base, BatchNormOpIr, MatmulOpIr, ModuleOperationIr as Layer,
    NumericOperationIr as Numeric, OperationIr, TensorIr,
};
use burn::tensor::TensorId;

/// What matters of a convolution's options.
#[derive(Clone, Copy)]
pub(super) struct Convolution {
    /// Whether zeros surround the input.
    pub(super) padded: bool,
    /// Into how many groups the channels fall.
    pub(super) groups: usize,
}

/// The weights of a layer.
struct Weights<'a> {
    tensor: &'a TensorIr,
    /// The axis of the inputs.
    inputs: usize,
    /// The axis of the outputs.
    outputs: usize,
    /// What is between each input and each output, where it is known.
    terms: Option<Vec<Vec<Term>>>,
    /// Whether an input adds the same in every place.
    even: bool,
}

/// What an input adds to an output.
struct Term {
    /// If it is 1 everywhere.
    sum: f64,
    /// Whether it is not 0 whatever the input.
    live: bool,
}

impl Trace<'_> {
    pub(super) fn linear(
        &mut self,
        x: &TensorIr,
        weight: &TensorIr,
        bias: Option<&TensorIr>,
        out: &TensorIr,
    ) {
        let last = dims(x).len() - 1;
        for axis in 0..last {
            self.couple(x, axis, out, axis);
        }
        let [inputs, outputs] = [dims(weight)[0], dims(weight)[1]];
        let terms =
            self.terms(weight, inputs, outputs, 1, |input, output| input * outputs + output);
        let weight = Weights { tensor: weight, inputs: 0, outputs: 1, terms, even: true };
        self.contract((x, last), &weight, bias, (out, last));
    }

    pub(super) fn convolution(
        &mut self,
        x: &TensorIr,
        weight: &TensorIr,
        bias: Option<&TensorIr>,
        out: &TensorIr,
        shape: Convolution,
    ) {
        self.couple(x, 0, out, 0);
        for axis in 2..dims(x).len() {
            self.slices.pin_axis(x, axis, SPACE);
            self.slices.pin_axis(out, axis, SPACE);
            self.slices.pin_axis(weight, axis, SPACE);
        }
        if shape.groups > 1 {
            let reason = "the channels of a convolution in groups keep their number";
            for tensor in [Some(x), Some(weight), Some(out), bias].into_iter().flatten() {
                self.slices.pin_all(tensor, reason);
            }
            return;
        }
        let [outputs, inputs] = [dims(weight)[0], dims(weight)[1]];
        let size = dims(weight)[2..].iter().product();
        let terms =
            self.terms(weight, inputs, outputs, size, |input, output| output * inputs + input);
        // At a padded border, what a constant adds is less.
        let weight = Weights { tensor: weight, inputs: 1, outputs: 0, terms, even: !shape.padded };
        self.contract((x, 1), &weight, bias, (out, 1));
    }

    /// What each input of a layer adds to each output if it is 1 everywhere, and whether it adds
    /// anything at all; `kernel` says which of the kernels of `size` weights is between them.
    fn terms(
        &self,
        weight: &TensorIr,
        inputs: usize,
        outputs: usize,
        size: usize,
        kernel: impl Fn(usize, usize) -> usize,
    ) -> Option<Vec<Vec<Term>>> {
        let values = self.known.get(&weight.id)?;
        let term = |input, output| {
            let kernel = &values[kernel(input, output) * size..][..size];
            Term { sum: kernel.iter().sum(), live: kernel.iter().any(|weight| *weight != 0.0) }
        };
        let of_input = |input| (0..outputs).map(|output| term(input, output)).collect();
        Some((0..inputs).map(of_input).collect())
    }

    /// A sum over an axis of the input, with weights and perhaps a bias.
    fn contract(
        &mut self,
        (x, of_x): (&TensorIr, usize),
        weight: &Weights<'_>,
        bias: Option<&TensorIr>,
        (out, of_out): (&TensorIr, usize),
    ) {
        self.couple(x, of_x, weight.tensor, weight.inputs);
        self.couple(out, of_out, weight.tensor, weight.outputs);
        if let Some(bias) = bias {
            self.couple(bias, 0, out, of_out);
        }
        let inputs: Vec<Slice> =
            (0..dims(x)[of_x]).map(|input| self.slices.at(x.id, of_x, input)).collect();
        for output in 0..dims(out)[of_out] {
            let start = match bias {
                Some(bias) => self.slices.constant(self.slices.at(bias.id, 0, output)),
                None => Some(0.0),
            };
            let add = |sum: f64, (input, slice): (usize, &Slice)| {
                let value = self.slices.constant(*slice);
                match &weight.terms {
                    Some(terms) if !terms[input][output].live => Some(sum),
                    _ if value == Some(0.0) => Some(sum),
                    Some(terms) if weight.even => Some(sum + value? * terms[input][output].sum),
                    _ => None,
                }
            };
            let sum = start.and_then(|start| inputs.iter().enumerate().try_fold(start, add));
            let slice = self.slices.at(out.id, of_out, output);
            self.slices.set_constant(slice, sum);
        }
        let place = match bias {
            Some(bias) if self.is_own_parameter(bias.id) => Bias::Added(bias.id),
            Some(_) => Bias::None,
            None => self.taker_of_constants(out, of_out),
        };
        for (input, slice) in inputs.into_iter().enumerate() {
            let terms = weight.terms.as_ref().filter(|_| weight.even);
            self.contractions.push(Contraction {
                input: slice,
                weight: self.slices.at(weight.tensor.id, weight.inputs, input),
                weight_id: weight.tensor.id,
                sums: terms.map(|terms| terms[input].iter().map(|term| term.sum).collect()),
                bias: place,
            });
        }
    }

    /// Whether a tensor is a parameter that one operation alone reads.
    fn is_own_parameter(&self, id: TensorId) -> bool {
        self.uses[&id] == 1 && self.graph.paths.contains_key(&id)
    }

    /// What comes after a layer without a bias, and can take constants: a bias that is added, or the
    /// mean of a batch normalization.
    fn taker_of_constants(&self, out: &TensorIr, axis: usize) -> Bias {
        let mut readers =
            self.graph.operations.iter().filter(|op| op.inputs().any(|tensor| tensor.id == out.id));
        match (readers.next(), readers.next()) {
            (Some(OperationIr::Module(Layer::BatchNorm(op))), None)
                if op.x.id == out.id && self.is_own_parameter(op.mean.id) =>
            {
                Bias::Subtracted(op.mean.id)
            }
            (Some(OperationIr::NumericFloat(_, Numeric::Add(op))), None) => {
                let other = if op.lhs.id == out.id { &op.rhs } else { &op.lhs };
                let outputs = dims(out)[axis];
                // One number for each output, and nothing else.
                let fits = dims(other)[axis] == outputs
                    && dims(other).iter().product::<usize>() == outputs;
                match self.parameter_behind(other) {
                    Some(bias) if fits && dims(bias) == [outputs] => Bias::Added(bias.id),
                    _ => Bias::None,
                }
            }
            _ => Bias::None,
        }
    }

    /// The parameter that a tensor is, perhaps with more axes, if nothing else reads either.
    fn parameter_behind<'t>(&'t self, tensor: &'t TensorIr) -> Option<&'t TensorIr> {
        let reshaped = self.graph.operations.iter().find_map(|operation| match operation {
            OperationIr::BaseFloat(Base::Reshape(op)) if op.out.id == tensor.id => Some(&op.input),
            _ => None,
        });
        let parameter = reshaped.unwrap_or(tensor);
        let own = self.is_own_parameter(parameter.id) && self.uses[&tensor.id] == 1;
        own.then_some(parameter)
    }

    pub(super) fn batch_norm(&mut self, op: &BatchNormOpIr) {
        self.elementwise(&op.x, &op.out, |_| None);
        let vectors = [&op.gamma, &op.beta, &op.mean, &op.variance];
        for vector in vectors {
            self.couple(vector, 0, &op.out, 1);
        }
        let epsilon = number(op.epsilon);
        for channel in 0..dims(&op.x)[1] {
            let [gamma, beta, mean, variance] =
                vectors.map(|vector| self.slices.constant(self.slices.at(vector.id, 0, channel)));
            let x = self.slices.constant(self.slices.at(op.x.id, 1, channel));
            let constant = match (gamma, x) {
                (Some(0.0), _) => beta,
                (Some(gamma), Some(x)) => match (beta, mean, variance) {
                    (Some(beta), Some(mean), Some(variance)) => {
                        Some(gamma * (x - mean) / (variance + epsilon).sqrt() + beta)
                    }
                    _ => None,
                },
                _ => None,
            };
            let slice = self.slices.at(op.out.id, 1, channel);
            self.slices.set_constant(slice, constant);
        }
    }

    pub(super) fn pool(&mut self, x: &TensorIr, out: &TensorIr, f: impl Fn(f64) -> Option<f64>) {
        for axis in 2..dims(x).len() {
            self.slices.pin_axis(x, axis, SPACE);
            self.slices.pin_axis(out, axis, SPACE);
        }
        for axis in 0..2 {
            self.couple(x, axis, out, axis);
            self.map_constants(x, axis, out, axis, &f);
        }
    }

    pub(super) fn matmul(&mut self, op: &MatmulOpIr) {
        let rank = dims(&op.out).len();
        let (row, column) = (rank - 2, rank - 1);
        for axis in 0..row {
            for tensor in [&op.lhs, &op.rhs] {
                if dims(tensor)[axis] == dims(&op.out)[axis] {
                    self.couple(tensor, axis, &op.out, axis);
                    self.zeros_pass(tensor, axis, &op.out);
                } else {
                    self.slices.pin_axis(tensor, axis, "it is repeated along an axis");
                }
            }
        }
        self.couple(&op.lhs, row, &op.out, row);
        let [inputs, outputs] = [dims(&op.rhs)[row], dims(&op.rhs)[column]];
        let is_matrix = dims(&op.rhs)[..row].iter().all(|length| *length == 1);
        let terms = is_matrix.then(|| {
            self.terms(&op.rhs, inputs, outputs, 1, |input, output| input * outputs + output)
        });
        let terms = terms.flatten();
        let weight = Weights { tensor: &op.rhs, inputs: row, outputs: column, terms, even: true };
        self.contract((&op.lhs, column), &weight, None, (&op.out, column));
        self.zeros_pass(&op.lhs, row, &op.out);
        self.zeros_pass(&op.rhs, column, &op.out);
    }

    /// Slices of a product are zero where those of a factor are.
    fn zeros_pass(&mut self, factor: &TensorIr, axis: usize, out: &TensorIr) {
        for index in 0..dims(factor)[axis] {
            if self.slices.constant(self.slices.at(factor.id, axis, index)) == Some(0.0) {
                let slice = self.slices.at(out.id, axis, index);
                self.slices.set_constant(slice, Some(0.0));
            }
        }
    }

    /// `[batch, heads, places, features]` in all tensors.
    pub(super) fn attention(&mut self, op: &AttentionOpIr) {
        for axis in 0..2 {
            for tensor in [&op.query, &op.key, &op.value] {
                self.couple(tensor, axis, &op.out, axis);
            }
        }
        for tensor in [&op.query, &op.key, &op.value, &op.out] {
            self.slices.pin_axis(tensor, 2, SPACE);
        }
        self.slices.pin_axis(&op.query, 3, FEATURES);
        self.slices.pin_axis(&op.key, 3, FEATURES);
        self.couple(&op.value, 3, &op.out, 3);
        for tensor in [&op.mask, &op.attn_bias].into_iter().flatten() {
            self.broadcast_pin(tensor, &op.query);
            self.slices.pin_all(tensor, SPACE);
        }
    }
}
