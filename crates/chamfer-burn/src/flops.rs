//! How many operations a forward pass takes.

use crate::Error;
use crate::graph::{Example, Graph, dims};
use burn::backend::ir::{FloatOperationIr, ModuleOperationIr, OperationIr, TensorIr};
use burn::module::Module;
use burn::tensor::Tensor;

/// Multiplications and additions of a layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerFlops {
    /// The path of its weight; empty for a product of two activations.
    pub path: String,
    /// Two for each weight that meets a number of the input; biases, activations, normalizations and
    /// pooling are not counted.
    pub flops: u64,
}

/// Counts the multiplications and additions that linear layers, convolutions and matrix products of
/// `forward` take for an input like `example`, in the order in which they are run. Nothing is computed.
///
/// # Errors
/// If a parameter has factors still, or the forward pass fails.
pub fn flops<M: Module, E: Example, const D: usize>(
    model: &M,
    example: &E,
    forward: impl Fn(&M, E) -> Tensor<D>,
) -> Result<Vec<LayerFlops>, Error> {
    Graph::capture(model, example, &forward).map(|graph| flops_of(&graph))
}

pub(crate) fn flops_of(graph: &Graph) -> Vec<LayerFlops> {
    let size = |tensor: &TensorIr| dims(tensor).iter().product::<usize>() as u64;
    // Each output is a sum over the weights of one of its slices; in a transposed convolution, each
    // input is multiplied by those of its own.
    let layer = |weight: &TensorIr, numbers: &TensorIr, slices: usize| LayerFlops {
        path: graph.path_of(weight.id).unwrap_or_default().to_owned(),
        flops: 2 * size(numbers) * size(weight) / slices.max(1) as u64,
    };
    let count = |operation: &OperationIr| match operation {
        OperationIr::Module(ModuleOperationIr::Linear(op)) => {
            Some(layer(&op.weight, &op.out, dims(&op.weight)[1]))
        }
        OperationIr::Module(ModuleOperationIr::Conv1d(op)) => {
            Some(layer(&op.weight, &op.out, dims(&op.weight)[0]))
        }
        OperationIr::Module(ModuleOperationIr::Conv2d(op)) => {
            Some(layer(&op.weight, &op.out, dims(&op.weight)[0]))
        }
        OperationIr::Module(ModuleOperationIr::Conv3d(op)) => {
            Some(layer(&op.weight, &op.out, dims(&op.weight)[0]))
        }
        OperationIr::Module(ModuleOperationIr::ConvTranspose1d(op)) => {
            Some(layer(&op.weight, &op.x, dims(&op.weight)[0]))
        }
        OperationIr::Module(ModuleOperationIr::ConvTranspose2d(op)) => {
            Some(layer(&op.weight, &op.x, dims(&op.weight)[0]))
        }
        OperationIr::Module(ModuleOperationIr::ConvTranspose3d(op)) => {
            Some(layer(&op.weight, &op.x, dims(&op.weight)[0]))
        }
        OperationIr::Float(_, FloatOperationIr::Matmul(op)) => Some(LayerFlops {
            path: graph.path_of(op.rhs.id).unwrap_or_default().to_owned(),
            flops: 2 * size(&op.out) * dims(&op.lhs).last().copied().unwrap_or(1) as u64,
        }),
        _ => None,
    };
    graph.operations.iter().filter_map(count).collect()
}
