//! Layers: linear, convolutions, normalizations, embeddings.

use super::nodes::{Node, Steps};
use super::{attention, pooling};
use crate::graph::dims;
use burn::backend::ir::{ModuleOperationIr as Layer, TensorIr};

pub(super) fn steps(layer: &Layer) -> Option<Steps<'_>> {
    // Descriptions for one and two axes have the same fields, but not the same type.
    macro_rules! convolution {
        ($operator:literal, $op:ident, $padding:expr) => {{
            let options = &$op.options;
            let moves = (&options.stride[..], &$padding[..], &options.dilation[..]);
            convolution($operator, [&$op.x, &$op.weight], $op.bias.as_ref(), moves, options.groups)
        }};
    }
    macro_rules! plain {
        ($op:ident) => {
            convolution!("Conv", $op, $op.options.padding)
        };
    }
    macro_rules! transposed {
        ($op:ident) => {{
            let padding = $op.options.padding.map(|padding| (padding, padding));
            convolution!("ConvTranspose", $op, padding)
                .ints("output_padding", &$op.options.padding_out)
        }};
    }
    let node = match layer {
        Layer::Linear(op) => {
            let product = Steps::from(Node::new("MatMul").read_all([&op.x, &op.weight]));
            return Some(match &op.bias {
                Some(bias) => product.then(|product| Node::new("Add").read(product).read(bias)),
                None => product,
            });
        }
        Layer::Conv1d(op) => plain!(op),
        Layer::Conv2d(op) => plain!(op),
        Layer::ConvTranspose1d(op) => transposed!(op),
        Layer::ConvTranspose2d(op) => transposed!(op),
        Layer::BatchNorm(op) => Node::new("BatchNormalization")
            .read_all([&op.x, &op.gamma, &op.beta, &op.mean, &op.variance])
            .float("epsilon", op.epsilon.elem()),
        Layer::LayerNorm(op) => Node::new("LayerNormalization")
            .read_all([&op.input, &op.gamma].into_iter().chain(&op.beta))
            .int("axis", dims(&op.input).len() - 1)
            .float("epsilon", op.epsilon.elem()),
        Layer::Embedding(op) => Node::new("Gather").read_all([&op.weights, &op.indices]),
        Layer::Attention(op) => return attention::steps(op),
        other => pooling::node(other)?,
    };
    Some(node.into())
}

/// Strides, padding before and after, and dilations, of each axis.
type Moves<'a> = (&'a [usize], &'a [(usize, usize)], &'a [usize]);

fn convolution<'a>(
    operator: &'static str,
    inputs: [&'a TensorIr; 2],
    bias: Option<&'a TensorIr>,
    (strides, padding, dilations): Moves<'_>,
    groups: usize,
) -> Node<'a> {
    Node::new(operator)
        .read_all(inputs.into_iter().chain(bias))
        .ints("strides", strides)
        .padding(padding)
        .ints("dilations", dilations)
        .int("group", groups)
}
