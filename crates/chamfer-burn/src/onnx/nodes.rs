//! Operators of ONNX under construction.

use super::proto::Message;
use burn::backend::ir::TensorIr;
use burn::tensor::TensorData;

/// What an operator reads.
#[derive(Debug, Clone)]
pub(super) enum Value<'a> {
    /// A tensor of the forward pass.
    Tensor(&'a TensorIr),
    /// Numbers that are written to the file.
    Constant(TensorData),
    /// What one of the operators before makes, where an operation takes several.
    Step(usize),
}

impl<'a> From<&'a TensorIr> for Value<'a> {
    fn from(tensor: &'a TensorIr) -> Self {
        Self::Tensor(tensor)
    }
}

impl From<TensorData> for Value<'_> {
    fn from(data: TensorData) -> Self {
        Self::Constant(data)
    }
}

/// A `NodeProto`, without names.
#[derive(Debug)]
pub(super) struct Node<'a> {
    pub(super) operator: &'static str,
    pub(super) inputs: Vec<Value<'a>>,
    pub(super) attributes: Vec<Message>,
}

impl<'a> Node<'a> {
    pub(super) fn new(operator: &'static str) -> Self {
        Self { operator, inputs: Vec::new(), attributes: Vec::new() }
    }

    /// One more input.
    pub(super) fn read(mut self, value: impl Into<Value<'a>>) -> Self {
        self.inputs.push(value.into());
        self
    }

    /// More inputs.
    pub(super) fn read_all(self, tensors: impl IntoIterator<Item = &'a TensorIr>) -> Self {
        tensors.into_iter().fold(self, Node::read)
    }

    /// An attribute that is a whole number.
    pub(super) fn int(self, name: &str, value: usize) -> Self {
        self.with(attribute(name, 2).size(3, value))
    }

    pub(super) fn ints(self, name: &str, values: &[usize]) -> Self {
        let message = attribute(name, 7);
        self.with(values.iter().fold(message, |message, value| message.size(8, *value)))
    }

    /// Padding before and after each axis.
    pub(super) fn padding(self, padding: &[(usize, usize)]) -> Self {
        let before = padding.iter().map(|(before, _)| *before);
        let pads: Vec<usize> = before.chain(padding.iter().map(|(_, after)| *after)).collect();
        self.ints("pads", &pads)
    }

    pub(super) fn float(self, name: &str, value: f64) -> Self {
        #[allow(clippy::cast_possible_truncation, reason = "attributes have 32 bits")]
        self.with(attribute(name, 1).float(2, value as f32))
    }

    pub(super) fn text(self, name: &str, value: &str) -> Self {
        self.with(attribute(name, 3).text(4, value))
    }

    fn with(mut self, attribute: Message) -> Self {
        self.attributes.push(attribute);
        self
    }
}

/// An `AttributeProto` of a type, without its value.
fn attribute(name: &str, kind: i64) -> Message {
    Message::default().text(1, name).int(20, kind)
}

/// The operators of one operation, the last of which makes its output.
#[derive(Debug, Default)]
pub(super) struct Steps<'a>(pub(super) Vec<Node<'a>>);

impl<'a> Steps<'a> {
    /// One more operator; returns what it makes.
    pub(super) fn add(&mut self, node: Node<'a>) -> Value<'a> {
        self.0.push(node);
        Value::Step(self.0.len() - 1)
    }

    /// With one more operator, which reads what the last one makes.
    pub(super) fn then(mut self, node: impl FnOnce(Value<'a>) -> Node<'a>) -> Self {
        let last = Value::Step(self.0.len().saturating_sub(1));
        self.0.push(node(last));
        self
    }
}

impl<'a> From<Node<'a>> for Steps<'a> {
    fn from(node: Node<'a>) -> Self {
        Self(vec![node])
    }
}
