//! Layers that sum over inputs, and what goes with them.

use super::trace::{Bias, Contraction, SPACE, Trace, number};
use crate::graph::dims;
use burn::backend::ir::{
    AttentionOpIr, BaseOperationIr as Base, BatchNormOpIr, MatmulOpIr, ModuleOperationIr as Layer,
    NumericOperationIr as Numeric, OperationIr, TensorIr,
};
use burn::tensor::TensorId;

const SCALE: &str = "the scale of attention is by its length";

/// The weights of a layer: a kernel between each input and each output of the same group.
pub(super) struct Weights<'a> {
    pub(super) tensor: &'a TensorIr,
    /// The axis of the inputs.
    pub(super) inputs: usize,
    /// The axis of the outputs, next to it.
    pub(super) outputs: usize,
    /// Into how many groups inputs and outputs fall. The first of the two axes is as long as there are
    /// inputs or outputs, the second as there are in one group.
    pub(super) groups: usize,
    /// Whether an input adds the same in every place.
    pub(super) even: bool,
}

impl Weights<'_> {
    /// The kernel between an input and an output, of values row by row; empty if there is none. Axes
    /// before are of length 1.
    fn kernel<'v>(&self, values: &'v [f64], input: usize, output: usize) -> &'v [f64] {
        let (dims, first) = (dims(self.tensor), self.inputs.min(self.outputs));
        let (row, column) = if self.inputs == first { (input, output) } else { (output, input) };
        let columns = dims[first + 1];
        if row * self.groups / dims[first] != column / columns {
            return &[];
        }
        let size: usize = dims[first + 2..].iter().product();
        &values[(row * columns + column % columns) * size..][..size]
    }
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
        let weight = Weights { tensor: weight, inputs: 0, outputs: 1, groups: 1, even: true };
        self.contract((x, last), &weight, bias, (out, last));
    }

    /// A sum over an axis of the input, with weights and perhaps a bias.
    pub(super) fn contract(
        &mut self,
        (x, of_x): (&TensorIr, usize),
        weight: &Weights<'_>,
        bias: Option<&TensorIr>,
        (out, of_out): (&TensorIr, usize),
    ) {
        self.couple_groups(x, of_x, weight, weight.inputs);
        self.couple_groups(out, of_out, weight, weight.outputs);
        if let Some(bias) = bias {
            self.couple(bias, 0, out, of_out);
        }
        // Products with a batch of matrices have no one kernel.
        let first = weight.inputs.min(weight.outputs);
        let single = dims(weight.tensor)[..first].iter().all(|length| *length == 1);
        let values = self.known.get(&weight.tensor.id).filter(|_| single);
        let (inputs, outputs) = (dims(x)[of_x], dims(out)[of_out]);
        let constant = |input| self.slices.constant(self.slices.at(x.id, of_x, input));
        let sum = |values, input, output| weight.kernel(values, input, output).iter().sum::<f64>();
        let of_output = |output| {
            let start = match bias {
                Some(bias) => self.slices.constant(self.slices.at(bias.id, 0, output)),
                None => Some(0.0),
            };
            (0..inputs).try_fold(start?, |total, input| {
                let kernel = values.map(|values| weight.kernel(values, input, output));
                match (kernel, constant(input)) {
                    (_, Some(0.0)) => Some(total),
                    (Some(kernel), _) if kernel.iter().all(|weight| *weight == 0.0) => Some(total),
                    (Some(kernel), Some(value)) if weight.even => {
                        Some(total + value * kernel.iter().sum::<f64>())
                    }
                    _ => None,
                }
            })
        };
        let constants: Vec<Option<f64>> = (0..outputs).map(of_output).collect();
        let place = match bias {
            Some(bias) if self.is_own_parameter(bias.id) => Bias::Added(bias.id),
            Some(_) => Bias::None,
            None => self.taker_of_constants(out, of_out),
        };
        let rows = dims(weight.tensor)[weight.inputs];
        let contraction = |input| {
            // Needed for constants alone.
            let asked = weight.even && constant(input).is_some_and(|value| value != 0.0);
            let sums = values
                .filter(|_| asked)
                .map(|values| (0..outputs).map(|output| sum(values, input, output)).collect());
            Contraction {
                input: self.slices.at(x.id, of_x, input),
                weight: self.slices.at(weight.tensor.id, weight.inputs, input % rows),
                weight_id: weight.tensor.id,
                sums,
                bias: place,
            }
        };
        let contractions: Vec<Contraction> = (0..inputs).map(contraction).collect();
        self.contractions.extend(contractions);
        for (output, constant) in constants.into_iter().enumerate() {
            let slice = self.slices.at(out.id, of_out, output);
            self.slices.set_constant(slice, constant);
        }
    }

    /// Couples the inputs or outputs of a layer with its weights. All groups are of the same size, so
    /// what is at the same place in each of them goes together.
    fn couple_groups(
        &mut self,
        tensor: &TensorIr,
        axis: usize,
        weight: &Weights<'_>,
        of_weight: usize,
    ) {
        let (length, slices) = (dims(tensor)[axis], dims(weight.tensor)[of_weight]);
        let size = length / weight.groups;
        for index in 0..length {
            let slice = self.slices.at(tensor.id, axis, index);
            self.slices.join(slice, self.slices.at(tensor.id, axis, index % size));
            let of_weight = self.slices.at(weight.tensor.id, of_weight, index % slices);
            self.slices.join(slice, of_weight);
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
        let weight =
            Weights { tensor: &op.rhs, inputs: row, outputs: column, groups: 1, even: true };
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
        self.slices.pin_axis(&op.query, 3, SCALE);
        self.slices.pin_axis(&op.key, 3, SCALE);
        self.couple(&op.value, 3, &op.out, 3);
        for tensor in [&op.mask, &op.attn_bias].into_iter().flatten() {
            self.broadcast_pin(tensor, &op.query);
            self.slices.pin_all(tensor, SPACE);
        }
    }
}
