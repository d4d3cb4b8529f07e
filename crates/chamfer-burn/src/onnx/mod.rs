//! Models as ONNX files, which other runtimes run.

mod nodes;
mod proto;

use crate::Error;
use crate::files::write_whole;
use crate::graph::{Example, Graph, dims};
use burn::backend::ir::{
    ActivationOperationIr as Activation, BaseOperationIr as Base, NumericOperationIr as Numeric,
    OperationIr, TensorIr,
};
use burn::module::Module;
use burn::tensor::{DType, Tensor, TensorData, TensorId};
use nodes::Node;
use proto::Message;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

/// The version of ONNX's operators that are written.
const OPSET: i64 = 20;

/// Writes the forward pass of `model.valid()` to an ONNX file (operators of version 20), with one
/// input, `input`, and one output, `output`, of the shapes that `forward` has for `example`. The first
/// axis may have any length (and is called `batch`) if the example has more than one sample and no
/// operation moves or combines them. Weights have their paths as names. The file appears whole or not at all.
///
/// Known are linear layers, matrix products, convolutions, batch and layer normalization, pooling,
/// activations, arithmetic, means, sums and maxima over an axis, and changes of shape.
///
/// # Errors
/// If a parameter has factors still, the forward pass fails, has an operation that is not known (it is
/// named), or numbers of other types than 32 or 64 bits, or the file cannot be
/// written.
pub fn export_onnx<M: Module, E: Example, const D: usize>(
    model: &M,
    example: &E,
    forward: impl Fn(&M, E) -> Tensor<D>,
    path: impl AsRef<Path>,
) -> Result<(), Error> {
    let graph = Graph::capture(model, example, &forward)?;
    write_whole(path.as_ref(), &Writer::new(&graph).model()?)
}

/// The graph in the terms of ONNX.
struct Writer<'a> {
    graph: &'a Graph,
    nodes: Vec<Message>,
    constants: BTreeMap<String, Message>,
    tensors: HashMap<TensorId, TensorIr>,
}

impl<'a> Writer<'a> {
    fn new(graph: &'a Graph) -> Self {
        let mut tensors = HashMap::new();
        for operation in &graph.operations {
            for tensor in operation.inputs().chain(operation.outputs()) {
                tensors.insert(tensor.id, tensor.clone());
            }
        }
        Self { graph, nodes: Vec::new(), constants: BTreeMap::new(), tensors }
    }

    fn model(mut self) -> Result<Vec<u8>, Error> {
        let missing =
            || Error::Forward { what: "its output does not depend on the input".to_owned() };
        let input = self.tensors.get(&self.graph.input).cloned().ok_or_else(missing)?;
        let output = self.tensors.get(&self.graph.output).cloned().ok_or_else(missing)?;
        let samples = self.samples(&input);
        let open = samples.is_some();
        for operation in &self.graph.operations {
            if matches!(operation, OperationIr::Init(_) | OperationIr::Drop(_)) {
                continue;
            }
            let any = samples.as_ref().is_some_and(|samples| {
                operation.inputs().any(|tensor| samples.contains(&tensor.id))
            });
            let node = Node::of(operation, any)
                .ok_or_else(|| Error::Operation { name: crate::graph::name(operation) })?;
            self.write(node)?;
        }
        let rows = if first(&output) == first(&input) { "batch" } else { "rows" };
        let graph = Message::default()
            .messages(1, &self.nodes)
            .text(2, "chamfer")
            .messages(5, &self.constants.into_values().collect::<Vec<_>>())
            .message(11, &value("input", &input, open.then_some("batch"))?)
            .message(12, &value("output", &output, open.then_some(rows))?);
        let opset = Message::default().text(1, "").int(2, OPSET);
        let model = Message::default()
            .int(1, 9)
            .text(2, "chamfer-burn")
            .message(7, &graph)
            .message(8, &opset);
        Ok(model.into_bytes())
    }

    /// The tensors that depend on the input, if the length of its first axis, the samples, is of no
    /// consequence to any operation on them.
    fn samples(&self, input: &TensorIr) -> Option<HashSet<TensorId>> {
        let batch = first(input);
        let mut depends = HashSet::from([self.graph.input]);
        for operation in &self.graph.operations {
            if operation.inputs().any(|tensor| depends.contains(&tensor.id)) {
                if !keeps_samples(operation, batch) {
                    return None;
                }
                depends.extend(operation.outputs().map(|tensor| tensor.id));
            }
        }
        (batch > 1).then_some(depends)
    }

    /// Adds a node, and the constants that it reads.
    fn write(&mut self, node: Node<'_>) -> Result<(), Error> {
        let mut message = Message::default();
        for tensor in &node.inputs {
            message = message.text(1, &self.name_of(tensor.id)?);
        }
        let out = self.name_of(node.out.id)?;
        for (at, constant) in node.constants.into_iter().enumerate() {
            let name = format!("{out}.{at}");
            self.constants.insert(name.clone(), tensor_message(&name, &constant)?);
            message = message.text(1, &name);
        }
        message = message.text(2, &out).text(4, node.operator).messages(5, &node.attributes);
        self.nodes.push(message);
        Ok(())
    }

    /// What a tensor is called; parameters and constants are added to the file.
    fn name_of(&mut self, id: TensorId) -> Result<String, Error> {
        if id == self.graph.input {
            return Ok("input".to_owned());
        }
        if id == self.graph.output {
            return Ok("output".to_owned());
        }
        let Some(data) = self.graph.values.get(&id) else { return Ok(format!("t{}", id.value())) };
        let path = self.graph.paths.get(&id);
        let name = match path.map(String::as_str) {
            Some(taken @ ("input" | "output")) => format!("{taken}.values"),
            Some(path) => path.to_owned(),
            None => format!("constant{}", id.value()),
        };
        if !self.constants.contains_key(&name) {
            self.constants.insert(name.clone(), tensor_message(&name, data)?);
        }
        Ok(name)
    }
}

/// Whether an operation leaves samples along the first axis apart, whatever their number; what comes
/// of a sample may take several places there.
fn keeps_samples(operation: &OperationIr, batch: usize) -> bool {
    match operation {
        OperationIr::BaseFloat(Base::Reshape(op)) => {
            first(&op.input).is_multiple_of(batch) && first(&op.out).is_multiple_of(batch)
        }
        OperationIr::BaseFloat(Base::SwapDims(op)) => op.dim1 != 0 && op.dim2 != 0,
        OperationIr::BaseFloat(Base::Permute(op)) => op.axes.first() == Some(&0),
        OperationIr::BaseFloat(Base::Cat(op)) => op.dim != 0,
        OperationIr::BaseFloat(Base::Slice(op)) => first(&op.tensor) == first(&op.out),
        OperationIr::NumericFloat(
            _,
            Numeric::MeanDim(op) | Numeric::SumDim(op) | Numeric::MaxDim(op),
        ) => op.axis != 0,
        OperationIr::Activation(Activation::Softmax(op) | Activation::LogSoftmax(op)) => {
            op.axis != 0
        }
        _ => true,
    }
}

/// The length of the first axis.
fn first(tensor: &TensorIr) -> usize {
    dims(tensor).first().copied().unwrap_or(0)
}

/// ONNX's number of a type.
fn type_of(dtype: DType, name: &str) -> Result<i64, Error> {
    match dtype {
        DType::F32 | DType::Flex32 => Ok(1),
        DType::I32 => Ok(6),
        DType::I64 => Ok(7),
        DType::F64 => Ok(11),
        other => {
            let what = format!("numbers of type {other:?} are not written to ONNX");
            Err(Error::Tensor { path: name.to_owned(), what })
        }
    }
}

/// A `TensorProto`.
fn tensor_message(name: &str, data: &TensorData) -> Result<Message, Error> {
    let sizes = data.shape().as_slice().iter();
    let message = sizes.fold(Message::default(), |message, size| message.size(1, *size));
    let message = message.int(2, type_of(data.dtype(), name)?);
    Ok(message.text(8, name).bytes(9, data.as_bytes()))
}

/// A `ValueInfoProto`; the first axis has a name where its length is open.
fn value(name: &str, tensor: &TensorIr, first: Option<&str>) -> Result<Message, Error> {
    let mut shape = Message::default();
    for (axis, size) in dims(tensor).iter().enumerate() {
        let dimension = match first {
            Some(first) if axis == 0 => Message::default().text(2, first),
            _ => Message::default().size(1, *size),
        };
        shape = shape.message(1, &dimension);
    }
    let kind = Message::default().int(1, type_of(tensor.dtype, name)?).message(2, &shape);
    let kind = Message::default().message(1, &kind);
    Ok(Message::default().text(1, name).message(2, &kind))
}
