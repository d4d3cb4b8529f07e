//! What each operation of a forward pass couples, contracts and keeps constant.

use super::convolution::Convolution;
use super::slices::{Slice, Slices};
use super::values::Values;
use crate::graph::{Graph, dims, name};
use burn::backend::ir::{
    ActivationOperationIr as Activation, BaseOperationIr as Base, BinaryOpIr,
    FloatOperationIr as Float, ModuleOperationIr as Layer, NumericOperationIr as Numeric,
    OperationIr, ScalarIr, TensorIr,
};
use burn::tensor::TensorId;
use std::collections::HashMap;
use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI};

/// A slice that is summed over: the class of `input` can go only if what it adds is nothing, or the
/// same for every input.
pub(crate) struct Contraction {
    /// The slice of the layer's input.
    pub(crate) input: Slice,
    /// The slice of the weights, or of the other operand, that it meets.
    pub(crate) weight: Slice,
    /// Its tensor.
    pub(crate) weight_id: TensorId,
    /// What an input of 1 adds to each output, for constant inputs other than 0; `None` if that differs
    /// within an output.
    pub(crate) sums: Option<Vec<f64>>,
    /// Where a constant can go.
    pub(crate) bias: Bias,
}

/// A place for constants that are added to each output of a layer.
#[derive(Clone, Copy)]
pub(crate) enum Bias {
    /// A bias, to which they are added.
    Added(TensorId),
    /// The mean of a batch normalization that follows, from which they are subtracted.
    Subtracted(TensorId),
    /// None.
    None,
}

/// What is known of a forward pass.
pub(crate) struct Trace<'a> {
    pub(crate) graph: &'a Graph,
    pub(crate) slices: Slices,
    pub(crate) contractions: Vec<Contraction>,
    /// Numbers of tensors that do not depend on the input.
    pub(crate) known: HashMap<TensorId, Vec<f64>>,
    /// How many operations read each tensor.
    pub(super) uses: HashMap<TensorId, usize>,
    /// Values of attention that may lose dimensions; those of others lose whole heads.
    pub(super) values: Vec<Values<'a>>,
    /// Names of operations that are not understood.
    pub(crate) unknown: Vec<String>,
}

const INPUT: &str = "it is of the size of the model's input";
pub(super) const LAST: &str = "it is the last of its axis, and a layer cannot be empty";
pub(super) const SPACE: &str = "it is a place in an image or sequence";
pub(super) const FEATURES: &str = "all of its axis are combined by an operation that is not linear";

impl<'a> Trace<'a> {
    pub(super) fn new(graph: &'a Graph, values: Vec<Values<'a>>) -> Self {
        let mut trace = Self {
            graph,
            slices: Slices::default(),
            contractions: Vec::new(),
            known: HashMap::new(),
            uses: HashMap::new(),
            values,
            unknown: Vec::new(),
        };
        for operation in &graph.operations {
            for tensor in operation.inputs() {
                *trace.uses.entry(tensor.id).or_default() += 1;
            }
        }
        for operation in &graph.operations {
            operation.inputs().for_each(|tensor| trace.enter(tensor));
            operation.outputs().for_each(|tensor| trace.slices.add(tensor));
            trace.follow(operation);
        }
        let ends: Vec<TensorIr> = graph
            .operations
            .iter()
            .flat_map(OperationIr::outputs)
            .filter(|tensor| tensor.id == graph.output)
            .cloned()
            .collect();
        for tensor in ends {
            trace.slices.pin_all(&tensor, "it is of the size of the model's output");
        }
        trace
    }

    /// Adds a tensor that is read, with its values if it has any before the forward pass.
    fn enter(&mut self, tensor: &TensorIr) {
        self.slices.add(tensor);
        if self.known.contains_key(&tensor.id) {
            return;
        }
        if tensor.id == self.graph.input {
            self.slices.pin_all(tensor, INPUT);
        } else if let Some(data) = self.graph.values.get(&tensor.id) {
            if !self.graph.paths.contains_key(&tensor.id) {
                self.slices.pin_all(tensor, "it meets a constant that is no parameter");
            }
            if data.dtype().is_float() {
                self.know(tensor, data.iter::<f64>().collect());
            }
        }
    }

    /// Notes the numbers of a tensor, and which of its slices are constant.
    pub(super) fn know(&mut self, tensor: &TensorIr, values: Vec<f64>) {
        let dims = dims(tensor);
        for (axis, &length) in dims.iter().enumerate() {
            let after: usize = dims[axis + 1..].iter().product();
            let mut constants: Vec<Option<Option<f64>>> = vec![None; length];
            for (at, &value) in values.iter().enumerate() {
                let constant = &mut constants[at / after % length];
                *constant = match *constant {
                    None => Some(Some(value)),
                    Some(Some(same)) if same == value => Some(Some(value)),
                    _ => Some(None),
                };
            }
            for (index, constant) in constants.into_iter().enumerate() {
                let slice = self.slices.at(tensor.id, axis, index);
                self.slices.set_constant(slice, constant.flatten());
            }
        }
        self.known.insert(tensor.id, values);
    }

    fn follow(&mut self, operation: &OperationIr) {
        match operation {
            OperationIr::BaseFloat(Base::Reshape(op)) => self.reshape(&op.input, &op.out),
            OperationIr::BaseFloat(Base::SwapDims(op)) => {
                let mut axes: Vec<usize> = (0..dims(&op.input).len()).collect();
                axes.swap(op.dim1, op.dim2);
                self.permute(&op.input, &op.out, &axes);
            }
            OperationIr::BaseFloat(Base::Permute(op)) => {
                self.permute(&op.input, &op.out, &op.axes);
            }
            OperationIr::BaseFloat(Base::Cast(op)) => {
                self.elementwise(&op.input, &op.out, Some);
            }
            OperationIr::BaseFloat(Base::MaskFill(op)) => {
                self.elementwise(&op.tensor, &op.out, |_| None);
                // Booleans have no slices of a layer; where they are as long, they hold it fixed.
                self.broadcast_pin(&op.mask, &op.out);
            }
            OperationIr::BaseFloat(Base::Slice(op)) => {
                let forward = op.ranges.iter().all(|range| range.step == 1);
                self.part(&op.tensor, &op.out, forward);
            }
            OperationIr::BaseFloat(Base::Cat(op)) => self.concatenate(&op.tensors, op.dim, &op.out),
            OperationIr::NumericFloat(_, numeric) => self.numeric(numeric, operation),
            OperationIr::Float(_, float) => self.float(float, operation),
            OperationIr::Activation(activation) => self.activation(activation, operation),
            OperationIr::Module(layer) => self.layer(layer, operation),
            OperationIr::Init(_) | OperationIr::Drop(_) => {}
            // Indices and masks: nothing of a layer's size is made of them alone.
            OperationIr::BaseInt(_)
            | OperationIr::BaseBool(_)
            | OperationIr::NumericInt(..)
            | OperationIr::Int(_)
            | OperationIr::Bool(_) => {
                operation.outputs().for_each(|tensor| self.slices.pin_all(tensor, SPACE));
            }
            _ => self.not_understood(operation),
        }
    }

    fn numeric(&mut self, numeric: &Numeric, operation: &OperationIr) {
        match numeric {
            Numeric::Add(op) => self.binary(op, |a, b| Some(a? + b?)),
            Numeric::Sub(op) => self.binary(op, |a, b| Some(a? - b?)),
            Numeric::Div(op) => self.binary(op, |a, b| Some(a? / b?)),
            Numeric::Mul(op) => self.binary(op, |a, b| match (a, b) {
                (Some(0.0), _) | (_, Some(0.0)) => Some(0.0),
                (a, b) => Some(a? * b?),
            }),
            Numeric::AddScalar(op) => {
                let b = number(op.rhs);
                self.elementwise(&op.lhs, &op.out, |a| Some(a + b));
            }
            Numeric::SubScalar(op) => {
                let b = number(op.rhs);
                self.elementwise(&op.lhs, &op.out, |a| Some(a - b));
            }
            Numeric::MulScalar(op) => {
                let b = number(op.rhs);
                self.elementwise(&op.lhs, &op.out, |a| Some(a * b));
            }
            Numeric::DivScalar(op) => {
                let b = number(op.rhs);
                self.elementwise(&op.lhs, &op.out, |a| Some(a / b));
            }
            Numeric::ClampMin(op) => {
                let b = number(op.rhs);
                self.elementwise(&op.lhs, &op.out, |a| Some(a.max(b)));
            }
            Numeric::ClampMax(op) => {
                let b = number(op.rhs);
                self.elementwise(&op.lhs, &op.out, |a| Some(a.min(b)));
            }
            Numeric::Clamp(op) => {
                let (least, most) = (number(op.min), number(op.max));
                self.elementwise(&op.tensor, &op.out, |a| Some(a.max(least).min(most)));
            }
            Numeric::Abs(op) => self.elementwise(&op.input, &op.out, |a| Some(a.abs())),
            Numeric::Neg(op) => self.elementwise(&op.input, &op.out, |a| Some(-a)),
            Numeric::MeanDim(op) => self.reduce(&op.input, &op.out, op.axis, |a, _| a),
            Numeric::SumDim(op) => self.reduce(&op.input, &op.out, op.axis, |a, n| a * n),
            Numeric::MaxDim(op) => self.reduce(&op.input, &op.out, op.axis, |a, _| a),
            _ => self.not_understood(operation),
        }
    }

    fn float(&mut self, float: &Float, operation: &OperationIr) {
        match float {
            Float::Exp(op) => self.elementwise(&op.input, &op.out, |a| Some(a.exp())),
            Float::Log(op) => self.elementwise(&op.input, &op.out, |a| Some(a.ln())),
            Float::Log1p(op) => self.elementwise(&op.input, &op.out, |a| Some(a.ln_1p())),
            Float::Sqrt(op) => self.elementwise(&op.input, &op.out, |a| Some(a.sqrt())),
            Float::Tanh(op) => self.elementwise(&op.input, &op.out, |a| Some(a.tanh())),
            Float::Recip(op) => self.elementwise(&op.input, &op.out, |a| Some(1.0 / a)),
            Float::Erf(op) => self.elementwise(&op.input, &op.out, |a| Some(erf(a))),
            Float::PowfScalar(op) => {
                let power = number(op.rhs);
                self.elementwise(&op.lhs, &op.out, |a| Some(a.powf(power)));
            }
            Float::IntoInt(op) => self.slices.pin_all(&op.out, SPACE),
            Float::Matmul(op) => self.matmul(op),
            _ => self.not_understood(operation),
        }
    }

    fn activation(&mut self, activation: &Activation, operation: &OperationIr) {
        match activation {
            Activation::Relu(op) => self.elementwise(&op.input, &op.out, |a| Some(a.max(0.0))),
            Activation::LeakyRelu(op) => {
                let slope = number(op.rhs);
                let leaky = |a: f64| Some(if a < 0.0 { slope * a } else { a });
                self.elementwise(&op.lhs, &op.out, leaky);
            }
            Activation::Gelu(op) => {
                let gelu = |a: f64| Some(0.5 * a * (1.0 + erf(a * FRAC_1_SQRT_2)));
                self.elementwise(&op.input, &op.out, gelu);
            }
            Activation::Sigmoid(op) => {
                self.elementwise(&op.input, &op.out, |a| Some(1.0 / (1.0 + (-a).exp())));
            }
            Activation::LogSigmoid(op) => {
                self.elementwise(&op.input, &op.out, |a| Some(-(-a).exp().ln_1p()));
            }
            Activation::Softmax(op) | Activation::LogSoftmax(op) | Activation::Softmin(op) => {
                self.elementwise(&op.input, &op.out, |_| None);
                self.slices.pin_axis(&op.input, op.axis, FEATURES);
            }
            _ => self.not_understood(operation),
        }
    }

    fn layer(&mut self, layer: &Layer, operation: &OperationIr) {
        if let Some(convolution) = Convolution::of(layer) {
            return self.convolution(&convolution);
        }
        match layer {
            Layer::Linear(op) => self.linear(&op.x, &op.weight, op.bias.as_ref(), &op.out),
            Layer::BatchNorm(op) => self.batch_norm(op),
            Layer::LayerNorm(op) => {
                let last = dims(&op.input).len() - 1;
                self.elementwise(&op.input, &op.out, |_| None);
                self.slices.pin_axis(&op.input, last, FEATURES);
                self.slices.pin_all(&op.gamma, FEATURES);
                if let Some(beta) = &op.beta {
                    self.slices.pin_all(beta, FEATURES);
                }
            }
            Layer::MaxPool2d(op) => self.pool(&op.x, &op.out, Some),
            Layer::AvgPool2d(op) => {
                let even = op.padding == [0, 0] || !op.count_include_pad;
                self.pool(&op.x, &op.out, |a| (even || a == 0.0).then_some(a));
            }
            Layer::AvgPool1d(op) => {
                let even = op.padding == 0 || !op.count_include_pad;
                self.pool(&op.x, &op.out, |a| (even || a == 0.0).then_some(a));
            }
            Layer::AdaptiveAvgPool2d(op) => self.pool(&op.x, &op.out, Some),
            Layer::MaxPool1d(op) => self.pool(&op.x, &op.out, Some),
            Layer::AdaptiveAvgPool1d(op) => self.pool(&op.x, &op.out, Some),
            Layer::Embedding(op) => {
                let last = dims(&op.out).len() - 1;
                (0..last).for_each(|axis| self.slices.pin_axis(&op.out, axis, SPACE));
                self.slices.pin_axis(&op.weights, 0, "it is a row of an embedding");
                self.couple(&op.weights, 1, &op.out, last);
            }
            Layer::Attention(op) => self.attention(op),
            _ => self.not_understood(operation),
        }
    }

    /// Couples all slices of two axes of the same length.
    pub(super) fn couple(&mut self, a: &TensorIr, of_a: usize, b: &TensorIr, of_b: usize) {
        for index in 0..dims(a)[of_a] {
            let (a, b) = (self.slices.at(a.id, of_a, index), self.slices.at(b.id, of_b, index));
            self.slices.join(a, b);
        }
    }

    pub(super) fn elementwise(
        &mut self,
        input: &TensorIr,
        out: &TensorIr,
        f: impl Fn(f64) -> Option<f64>,
    ) {
        for axis in 0..dims(input).len() {
            self.couple(input, axis, out, axis);
            self.map_constants(input, axis, out, axis, &f);
        }
        if let Some(values) = self.known.get(&input.id) {
            let values: Option<Vec<f64>> = values.iter().map(|value| f(*value)).collect();
            if let Some(values) = values {
                self.know(out, values);
            }
        }
    }

    pub(super) fn map_constants(
        &mut self,
        input: &TensorIr,
        axis: usize,
        out: &TensorIr,
        to: usize,
        f: impl Fn(f64) -> Option<f64>,
    ) {
        for index in 0..dims(input)[axis] {
            let constant = self.slices.constant(self.slices.at(input.id, axis, index));
            let slice = self.slices.at(out.id, to, index);
            self.slices.set_constant(slice, constant.and_then(&f));
        }
    }

    /// An operation on two tensors, of which axes of length 1 are repeated.
    fn binary(&mut self, op: &BinaryOpIr, f: impl Fn(Option<f64>, Option<f64>) -> Option<f64>) {
        for axis in 0..dims(&op.out).len() {
            let length = dims(&op.out)[axis];
            let whole = [&op.lhs, &op.rhs].map(|tensor| dims(tensor)[axis] == length);
            for (tensor, whole) in [&op.lhs, &op.rhs].into_iter().zip(whole) {
                if whole {
                    self.couple(tensor, axis, &op.out, axis);
                } else {
                    self.slices.pin_axis(tensor, axis, "it is repeated along an axis");
                }
            }
            for index in 0..length {
                let of = |tensor: &TensorIr, whole: bool| {
                    let at = if whole { index } else { 0 };
                    self.slices.constant(self.slices.at(tensor.id, axis, at))
                };
                let constant = f(of(&op.lhs, whole[0]), of(&op.rhs, whole[1]));
                let slice = self.slices.at(op.out.id, axis, index);
                self.slices.set_constant(slice, constant);
            }
        }
    }

    /// Keeps the axes of `out` along which `other` is as long.
    pub(super) fn broadcast_pin(&mut self, other: &TensorIr, out: &TensorIr) {
        for axis in 0..dims(out).len() {
            if dims(other)[axis] == dims(out)[axis] {
                self.slices.pin_axis(out, axis, "it meets a mask");
            }
        }
    }

    fn reduce(
        &mut self,
        input: &TensorIr,
        out: &TensorIr,
        over: usize,
        f: impl Fn(f64, f64) -> f64,
    ) {
        let length = dims(input)[over] as f64;
        self.slices.pin_axis(input, over, FEATURES);
        self.slices.pin_axis(out, over, FEATURES);
        for axis in (0..dims(input).len()).filter(|axis| *axis != over) {
            self.couple(input, axis, out, axis);
            self.map_constants(input, axis, out, axis, |a| Some(f(a, length)));
        }
    }

    /// Everything that an operation touches stays.
    fn not_understood(&mut self, operation: &OperationIr) {
        let name = name(operation);
        let reason = format!("it meets the operation {name}, which is not understood");
        let tensors: Vec<TensorIr> =
            operation.inputs().chain(operation.outputs()).cloned().collect();
        for tensor in &tensors {
            self.slices.pin_all(tensor, &reason);
        }
        if !self.unknown.contains(&name) {
            self.unknown.push(name);
        }
    }
}

/// The error function, by the series `2/√π e^{−x²} Σ_n 2ⁿ x^{2n+1}/(2n+1)!!`, whose terms have one
/// sign.
fn erf(x: f64) -> f64 {
    if x.abs() > 6.0 {
        return x.signum(); // to the last bit
    }
    let (mut term, mut sum, mut n) = (x, x, 0.0);
    while term.abs() > f64::EPSILON * sum.abs() {
        n += 1.0;
        term *= 2.0 * x * x / (2.0 * n + 1.0);
        sum += term;
    }
    FRAC_2_SQRT_PI * (-x * x).exp() * sum
}

pub(super) fn number(scalar: ScalarIr) -> f64 {
    scalar.elem()
}

#[cfg(test)]
mod tests {
    use super::erf;

    #[test]
    fn the_error_function_has_its_values() {
        for (x, expected) in [
            (0.0, 0.0),
            (0.5, 0.520_499_877_813_046_5),
            (1.0, 0.842_700_792_949_714_9),
            (-2.0, -0.995_322_265_018_952_7),
            (4.0, 0.999_999_984_582_742_1),
            (7.0, 1.0),
        ] {
            assert!((erf(x) - expected).abs() < 2e-15, "{x}: {}", erf(x));
        }
    }
}
