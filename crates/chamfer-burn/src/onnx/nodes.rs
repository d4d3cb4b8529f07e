//! Operations of Burn as operators of ONNX.

use super::proto::Message;
use crate::graph::dims;
use burn::backend::ir::{
    ActivationOperationIr as Activation, BaseOperationIr as Base, BinaryOpIr,
    FloatOperationIr as Float, ModuleOperationIr as Layer, NumericOperationIr as Numeric,
    OperationIr, ScalarIr, TensorIr, UnaryOpIr,
};
use burn::tensor::{DType, TensorData};

/// A `NodeProto`.
pub(super) struct Node<'a> {
    pub(super) operator: &'static str,
    pub(super) inputs: Vec<&'a TensorIr>,
    /// Read after the inputs.
    pub(super) constants: Vec<TensorData>,
    pub(super) out: &'a TensorIr,
    pub(super) attributes: Vec<Message>,
}

impl<'a> Node<'a> {
    fn new(operator: &'static str, inputs: Vec<&'a TensorIr>, out: &'a TensorIr) -> Self {
        Self { operator, inputs, constants: Vec::new(), out, attributes: Vec::new() }
    }

    fn unary(operator: &'static str, op: &'a UnaryOpIr) -> Self {
        Self::new(operator, vec![&op.input], &op.out)
    }

    fn binary(operator: &'static str, op: &'a BinaryOpIr) -> Self {
        Self::new(operator, vec![&op.lhs, &op.rhs], &op.out)
    }

    /// An operator that reads a number after its input.
    fn scalar(
        operator: &'static str,
        input: &'a TensorIr,
        number: ScalarIr,
        out: &'a TensorIr,
    ) -> Self {
        let number: f64 = number.elem();
        let data = TensorData::new(vec![number], [0usize; 0]).convert_dtype(input.dtype);
        Self { constants: vec![data], ..Self::new(operator, vec![input], out) }
    }

    /// An operator over one axis, which is kept with length 1.
    fn reduce(operator: &'static str, input: &'a TensorIr, axis: usize, out: &'a TensorIr) -> Self {
        let node = Self::new(operator, vec![input], out).int("keepdims", 1);
        Self { constants: vec![vector(whole(&[axis]))], ..node }
    }

    /// An attribute that is a number.
    fn int(mut self, name: &str, value: usize) -> Self {
        self.attributes.push(attribute(name, 2).size(3, value));
        self
    }

    fn float(mut self, name: &str, value: f64) -> Self {
        #[allow(clippy::cast_possible_truncation, reason = "attributes have 32 bits")]
        self.attributes.push(attribute(name, 1).float(2, value as f32));
        self
    }

    fn ints(mut self, name: &str, values: &[usize]) -> Self {
        let message = attribute(name, 7);
        let message = values.iter().fold(message, |message, value| message.size(8, *value));
        self.attributes.push(message);
        self
    }

    /// A kernel that moves over an input; `padding` is before and after along each axis.
    fn moving(
        self,
        stride: &[usize],
        padding: &[(usize, usize)],
        dilation: Option<&[usize]>,
    ) -> Self {
        let before = padding.iter().map(|(before, _)| *before);
        let pads: Vec<usize> = before.chain(padding.iter().map(|(_, after)| *after)).collect();
        let node = self.ints("strides", stride).ints("pads", &pads);
        match dilation {
            Some(dilation) => node.ints("dilations", dilation),
            None => node,
        }
    }

    /// What an operation is; `None` if there is no operator for it. `any` says that the first axis may
    /// have any length.
    pub(super) fn of(operation: &'a OperationIr, any: bool) -> Option<Self> {
        match operation {
            OperationIr::BaseFloat(base) => Self::of_base(base, any),
            OperationIr::NumericFloat(_, numeric) => Self::of_numeric(numeric),
            OperationIr::Float(_, float) => Self::of_float(float),
            OperationIr::Activation(activation) => Self::of_activation(activation),
            OperationIr::Module(layer) => Self::of_layer(layer),
            _ => None,
        }
    }

    fn of_base(base: &'a Base, any: bool) -> Option<Self> {
        Some(match base {
            Base::Reshape(op) => {
                let mut shape = whole(dims(&op.out));
                if any {
                    shape[0] = -1; // whatever is left
                }
                let node = Self::new("Reshape", vec![&op.input], &op.out);
                Self { constants: vec![vector(shape)], ..node }
            }
            Base::SwapDims(op) => {
                let mut axes: Vec<usize> = (0..dims(&op.input).len()).collect();
                axes.swap(op.dim1, op.dim2);
                Self::new("Transpose", vec![&op.input], &op.out).ints("perm", &axes)
            }
            Base::Permute(op) => {
                Self::new("Transpose", vec![&op.input], &op.out).ints("perm", &op.axes)
            }
            Base::Slice(op) if op.ranges.iter().all(|range| range.step == 1) => {
                let starts: Vec<isize> = op.ranges.iter().map(|range| range.start).collect();
                let starts: Option<Vec<usize>> =
                    starts.into_iter().map(|start| usize::try_from(start).ok()).collect();
                let starts = starts?;
                let ends: Vec<usize> = starts
                    .iter()
                    .zip(dims(&op.out))
                    .map(|(start, length)| start + length)
                    .collect();
                let node = Self::new("Slice", vec![&op.tensor], &op.out);
                Self { constants: vec![vector(whole(&starts)), vector(whole(&ends))], ..node }
            }
            Base::Cat(op) => {
                Self::new("Concat", op.tensors.iter().collect(), &op.out).int("axis", op.dim)
            }
            _ => return None,
        })
    }

    fn of_numeric(numeric: &'a Numeric) -> Option<Self> {
        Some(match numeric {
            Numeric::Add(op) => Self::binary("Add", op),
            Numeric::Sub(op) => Self::binary("Sub", op),
            Numeric::Mul(op) => Self::binary("Mul", op),
            Numeric::Div(op) => Self::binary("Div", op),
            Numeric::AddScalar(op) => Self::scalar("Add", &op.lhs, op.rhs, &op.out),
            Numeric::SubScalar(op) => Self::scalar("Sub", &op.lhs, op.rhs, &op.out),
            Numeric::MulScalar(op) => Self::scalar("Mul", &op.lhs, op.rhs, &op.out),
            Numeric::DivScalar(op) => Self::scalar("Div", &op.lhs, op.rhs, &op.out),
            Numeric::ClampMin(op) => Self::scalar("Max", &op.lhs, op.rhs, &op.out),
            Numeric::ClampMax(op) => Self::scalar("Min", &op.lhs, op.rhs, &op.out),
            Numeric::Abs(op) => Self::unary("Abs", op),
            Numeric::Neg(op) => Self::unary("Neg", op),
            Numeric::Sign(op) => Self::unary("Sign", op),
            Numeric::MeanDim(op) => Self::reduce("ReduceMean", &op.input, op.axis, &op.out),
            Numeric::SumDim(op) => Self::reduce("ReduceSum", &op.input, op.axis, &op.out),
            Numeric::MaxDim(op) => Self::reduce("ReduceMax", &op.input, op.axis, &op.out),
            _ => return None,
        })
    }

    fn of_float(float: &'a Float) -> Option<Self> {
        Some(match float {
            Float::Exp(op) => Self::unary("Exp", op),
            Float::Log(op) => Self::unary("Log", op),
            Float::Sqrt(op) => Self::unary("Sqrt", op),
            Float::Sin(op) => Self::unary("Sin", op),
            Float::Cos(op) => Self::unary("Cos", op),
            Float::Tanh(op) => Self::unary("Tanh", op),
            Float::Erf(op) => Self::unary("Erf", op),
            Float::Recip(op) => Self::unary("Reciprocal", op),
            Float::PowfScalar(op) => Self::scalar("Pow", &op.lhs, op.rhs, &op.out),
            Float::Matmul(op) => Self::new("MatMul", vec![&op.lhs, &op.rhs], &op.out),
            _ => return None,
        })
    }

    fn of_activation(activation: &'a Activation) -> Option<Self> {
        Some(match activation {
            Activation::Relu(op) => Self::unary("Relu", op),
            Activation::Sigmoid(op) => Self::unary("Sigmoid", op),
            Activation::Gelu(op) => Self::unary("Gelu", op),
            Activation::LeakyRelu(op) => {
                Self::new("LeakyRelu", vec![&op.lhs], &op.out).float("alpha", op.rhs.elem())
            }
            Activation::Softmax(op) => {
                Self::new("Softmax", vec![&op.input], &op.out).int("axis", op.axis)
            }
            Activation::LogSoftmax(op) => {
                Self::new("LogSoftmax", vec![&op.input], &op.out).int("axis", op.axis)
            }
            _ => return None,
        })
    }

    fn of_layer(layer: &'a Layer) -> Option<Self> {
        let with = |tensors: [&'a TensorIr; 2], bias: &'a Option<TensorIr>| {
            tensors.into_iter().chain(bias.as_ref()).collect()
        };
        let both = |padding: &[usize]| padding.iter().map(|p| (*p, *p)).collect::<Vec<_>>();
        Some(match layer {
            Layer::Linear(op) if op.bias.is_none() => {
                Self::new("MatMul", vec![&op.x, &op.weight], &op.out)
            }
            Layer::Conv1d(op) => {
                let options = &op.options;
                Self::new("Conv", with([&op.x, &op.weight], &op.bias), &op.out)
                    .moving(&options.stride, &options.padding, Some(&options.dilation))
                    .int("group", options.groups)
            }
            Layer::Conv2d(op) => {
                let options = &op.options;
                Self::new("Conv", with([&op.x, &op.weight], &op.bias), &op.out)
                    .moving(&options.stride, &options.padding, Some(&options.dilation))
                    .int("group", options.groups)
            }
            Layer::BatchNorm(op) => {
                let inputs = vec![&op.x, &op.gamma, &op.beta, &op.mean, &op.variance];
                Self::new("BatchNormalization", inputs, &op.out).float("epsilon", op.epsilon.elem())
            }
            Layer::LayerNorm(op) => {
                let axis = dims(&op.input).len() - 1;
                let inputs = with([&op.input, &op.gamma], &op.beta);
                Self::new("LayerNormalization", inputs, &op.out)
                    .int("axis", axis)
                    .float("epsilon", op.epsilon.elem())
            }
            Layer::Embedding(op) => Self::new("Gather", vec![&op.weights, &op.indices], &op.out),
            Layer::MaxPool2d(op) => Self::new("MaxPool", vec![&op.x], &op.out)
                .ints("kernel_shape", &op.kernel_size)
                .moving(&op.stride, &both(&op.padding), Some(&op.dilation))
                .int("ceil_mode", usize::from(op.ceil_mode)),
            Layer::AvgPool2d(op) => Self::new("AveragePool", vec![&op.x], &op.out)
                .ints("kernel_shape", &op.kernel_size)
                .moving(&op.stride, &both(&op.padding), None)
                .int("ceil_mode", usize::from(op.ceil_mode))
                .int("count_include_pad", usize::from(op.count_include_pad)),
            Layer::AdaptiveAvgPool2d(op) if op.output_size == [1, 1] => {
                Self::new("GlobalAveragePool", vec![&op.x], &op.out)
            }
            _ => return None,
        })
    }
}

/// An `AttributeProto` of a type, without its value.
fn attribute(name: &str, kind: i64) -> Message {
    Message::default().text(1, name).int(20, kind)
}

fn whole(numbers: &[usize]) -> Vec<i64> {
    numbers.iter().map(|number| i64::try_from(*number).unwrap_or(i64::MAX)).collect()
}

fn vector(numbers: Vec<i64>) -> TensorData {
    let length = numbers.len();
    TensorData::new(numbers, [length]).convert_dtype(DType::I64)
}
