//! Activations.

use super::arithmetic::unary;
use super::nodes::{Node, Steps};
use burn::backend::ir::ActivationOperationIr as Activation;

pub(super) fn steps(activation: &Activation) -> Option<Steps<'_>> {
    let node = match activation {
        Activation::Relu(op) => unary("Relu", op),
        Activation::Sigmoid(op) => unary("Sigmoid", op),
        Activation::Gelu(op) => unary("Gelu", op),
        Activation::LeakyRelu(op) => {
            Node::new("LeakyRelu").read(&op.lhs).float("alpha", op.rhs.elem())
        }
        Activation::PRelu(op) => Node::new("PRelu").read_all([&op.lhs, &op.rhs]),
        Activation::HardSigmoid(op) => Node::new("HardSigmoid")
            .read(&op.tensor)
            .float("alpha", op.alpha.elem())
            .float("beta", op.beta.elem()),
        // log σ(x) = −log(1 + exp(−x)).
        Activation::LogSigmoid(op) => {
            return Some(
                Steps::from(unary("Neg", op))
                    .then(|x| Node::new("Softplus").read(x))
                    .then(|x| Node::new("Neg").read(x)),
            );
        }
        Activation::Softmax(op) => Node::new("Softmax").read(&op.input).int("axis", op.axis),
        Activation::LogSoftmax(op) => Node::new("LogSoftmax").read(&op.input).int("axis", op.axis),
        Activation::Softmin(op) => {
            let softmax = |x| Node::new("Softmax").read(x).int("axis", op.axis);
            return Some(Steps::from(Node::new("Neg").read(&op.input)).then(softmax));
        }
        _ => return None,
    };
    Some(node.into())
}
