//! Whether a file may leave the number of samples, the length of the first axis, open.

use super::tensors::first;
use crate::graph::{Graph, dims};
use burn::backend::ir::{
    ActivationOperationIr as Activation, BaseOperationIr as Base, FloatOperationIr as Float,
    ModuleOperationIr as Layer, NumericOperationIr as Numeric, OperationIr, TensorIr,
};
use burn::tensor::TensorId;
use std::collections::HashSet;

/// The tensors that depend on the input, if no operation moves, combines or counts samples.
pub(super) fn samples(graph: &Graph, input: &TensorIr) -> Option<HashSet<TensorId>> {
    let mut samples = Samples { batch: first(input), tensors: HashSet::from([graph.input]) };
    for operation in &graph.operations {
        if operation.inputs().any(|tensor| samples.has(tensor)) {
            if !samples.stay_apart(operation) {
                return None;
            }
            samples.tensors.extend(operation.outputs().map(|tensor| tensor.id));
        }
    }
    (samples.batch > 1).then_some(samples.tensors)
}

/// Tensors that hold samples along the first axis; what comes of one may take several places there.
struct Samples {
    batch: usize,
    tensors: HashSet<TensorId>,
}

impl Samples {
    fn has(&self, tensor: &TensorIr) -> bool {
        self.tensors.contains(&tensor.id)
    }

    /// Whether an operation leaves samples apart, whatever their number.
    fn stay_apart(&self, operation: &OperationIr) -> bool {
        match operation {
            OperationIr::BaseFloat(base)
            | OperationIr::BaseInt(base)
            | OperationIr::BaseBool(base) => self.stay_apart_in(base, operation),
            OperationIr::NumericFloat(_, numeric) | OperationIr::NumericInt(_, numeric) => {
                match numeric {
                    Numeric::MeanDim(op)
                    | Numeric::SumDim(op)
                    | Numeric::ProdDim(op)
                    | Numeric::MaxDim(op)
                    | Numeric::MinDim(op) => op.axis != 0,
                    Numeric::SumDims(op) => !op.axes.contains(&0),
                    Numeric::Pad(op) => op.padding.first() == Some(&(0, 0)),
                    _ => self.side_by_side(operation),
                }
            }
            OperationIr::Activation(
                Activation::Softmax(op) | Activation::LogSoftmax(op) | Activation::Softmin(op),
            ) => op.axis != 0,
            // Of matrices, the rows of the left one are samples.
            OperationIr::Float(_, Float::Matmul(op)) if dims(&op.lhs).len() <= 2 => {
                !self.has(&op.rhs)
            }
            OperationIr::Module(Layer::Embedding(op)) => !self.has(&op.weights),
            OperationIr::Module(Layer::LayerNorm(op)) if dims(&op.input).len() == 1 => false,
            OperationIr::Module(Layer::Attention(_)) => self.side_by_side(operation),
            // Samples are the first input, weights and statistics the others.
            OperationIr::Module(_) => operation.inputs().skip(1).all(|tensor| !self.has(tensor)),
            _ => self.side_by_side(operation),
        }
    }

    fn stay_apart_in(&self, base: &Base, operation: &OperationIr) -> bool {
        match base {
            Base::Reshape(op) => {
                first(&op.input).is_multiple_of(self.batch)
                    && first(&op.out).is_multiple_of(self.batch)
            }
            Base::SwapDims(op) => op.dim1 != 0 && op.dim2 != 0,
            Base::Permute(op) => op.axes.first() == Some(&0),
            Base::Flip(op) => !op.axes.contains(&0),
            Base::Expand(op) => {
                dims(&op.input).len() == dims(&op.out).len() && first(&op.input) == first(&op.out)
            }
            Base::RepeatDim(op) => op.dim != 0,
            Base::Slice(op) => first(&op.tensor) == first(&op.out),
            Base::Cat(op) => op.dim != 0 && self.side_by_side(operation),
            Base::Select(op) if op.dim == 0 => !self.has(&op.tensor),
            Base::Select(op) => !self.has(&op.indices),
            Base::Gather(op) => op.dim != 0 && self.has(&op.tensor) && self.has(&op.indices),
            _ => self.side_by_side(operation),
        }
    }

    /// Whether all that an operation reads either holds samples or is the same for all of them: a
    /// tensor of the forward pass's own may have been made for this number.
    fn side_by_side(&self, operation: &OperationIr) -> bool {
        operation.inputs().all(|tensor| self.has(tensor) || first(tensor) == 1)
    }
}
