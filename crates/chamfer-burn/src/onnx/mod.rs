//! Models as ONNX files, which other runtimes run.

mod activations;
mod arithmetic;
mod attention;
mod layers;
mod nodes;
mod pooling;
mod proto;
mod samples;
mod shapes;
mod tensors;

use crate::Error;
use crate::files::write_whole;
use crate::graph::{Example, Graph, name};
use burn::backend::ir::{OperationIr, TensorIr};
use burn::module::Module;
use burn::tensor::{Tensor, TensorId};
use nodes::{Steps, Value};
use proto::Message;
use samples::samples;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use tensors::{first, tensor_message, value};

/// The version of ONNX's operators that are written.
const OPSET: i64 = 20;

/// Writes the forward pass of `model.valid()` to an ONNX file (operators of version 20), with one
/// input, `input`, and one output, `output`, of the shapes that `forward` has for `example`. Weights
/// have their paths as names. The file appears whole or not at all.
///
/// The first axis may have any length (and is called `batch`) if the example has more than one sample,
/// no operation moves or combines samples, and nothing that is made for their number, such as a
/// state of zeros for each, is put beside them.
///
/// Known are
///
/// - linear layers, matrix products, embeddings, convolutions of one and two dimensions and transposed
///   ones, normalizations,
/// - maximal and average pooling of one and two dimensions; adaptive pooling to sizes that divide the
///   input's; average pooling with padding that counts and a last window past the end is not known,
/// - scaled dot-product attention with masks, bias, scale and cap; of heads that share keys, only all
///   with one,
/// - all activations of Burn, softmax and its kin,
/// - arithmetic, powers, exponentials, `tanh`, `sin`, `cos`, `erf`, rounding up and down, clamping,
///   comparisons, logic, and sums, products, means, maxima and minima over axes,
/// - changes of shape, expansion, repetition, slices forwards, flips, concatenation, padding,
///   selection and gathering by indices, masks, changes of type, tensors of one number.
///
/// # Errors
/// If a parameter has factors still, the forward pass fails, has an operation that is not known (it is
/// named), or numbers of other types than floats and integers of 32 or 64 bits and truth values, or the
/// file cannot be written.
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
        let samples = samples(self.graph, &input);
        let batch = samples.is_some().then_some("batch");
        for operation in &self.graph.operations {
            if matches!(operation, OperationIr::Init(_) | OperationIr::Drop(_)) {
                continue;
            }
            let any = samples.as_ref().is_some_and(|samples| {
                operation.inputs().any(|tensor| samples.contains(&tensor.id))
            });
            let mut outputs = operation.outputs();
            let (Some(out), None, Some(steps)) =
                (outputs.next(), outputs.next(), steps_of(operation, any))
            else {
                return Err(Error::Operation { name: name(operation) });
            };
            self.write(steps, out)?;
        }
        let rows = if first(&output) == first(&input) { "batch" } else { "rows" };
        let rows = samples.filter(|samples| samples.contains(&output.id)).map(|_| rows);
        let graph = Message::default()
            .messages(1, &self.nodes)
            .text(2, "chamfer")
            .messages(5, &self.constants.into_values().collect::<Vec<_>>())
            .message(11, &value("input", &input, batch)?)
            .message(12, &value("output", &output, rows)?);
        let opset = Message::default().text(1, "").int(2, OPSET);
        let model = Message::default()
            .int(1, 9)
            .text(2, "chamfer-burn")
            .message(7, &graph)
            .message(8, &opset);
        Ok(model.into_bytes())
    }

    /// Adds the operators of an operation, and the constants that they read.
    fn write(&mut self, steps: Steps<'_>, out: &TensorIr) -> Result<(), Error> {
        let out = self.name_of(out.id)?;
        let last = steps.0.len().saturating_sub(1);
        let made = |step: usize| if step == last { out.clone() } else { format!("{out}/{step}") };
        for (step, node) in steps.0.into_iter().enumerate() {
            let mut message = Message::default();
            for (place, input) in node.inputs.into_iter().enumerate() {
                let name = match input {
                    Value::Tensor(tensor) => self.name_of(tensor.id)?,
                    Value::Step(step) => made(step),
                    Value::Constant(data) => {
                        let name = format!("{out}/{step}/{place}");
                        self.constants.insert(name.clone(), tensor_message(&name, &data)?);
                        name
                    }
                };
                message = message.text(1, &name);
            }
            message = message.text(2, &made(step)).text(4, node.operator);
            self.nodes.push(message.messages(5, &node.attributes));
        }
        Ok(())
    }

    /// What a tensor is called; parameters and constants are added to the file. No path of a parameter
    /// has a slash.
    fn name_of(&mut self, id: TensorId) -> Result<String, Error> {
        if id == self.graph.input {
            return Ok("input".to_owned());
        }
        if id == self.graph.output {
            return Ok("output".to_owned());
        }
        let Some(data) = self.graph.values.get(&id) else {
            return Ok(format!("tensor/{}", id.value()));
        };
        let path = self.graph.paths.get(&id);
        let name = match path.map(String::as_str) {
            Some(taken @ ("input" | "output")) => format!("{taken}.values"),
            Some(path) => path.to_owned(),
            None => format!("constant/{}", id.value()),
        };
        if !self.constants.contains_key(&name) {
            self.constants.insert(name.clone(), tensor_message(&name, data)?);
        }
        Ok(name)
    }
}

/// The operators for an operation; `None` if there are none. `any` says that the first axis may have
/// any length.
fn steps_of(operation: &OperationIr, any: bool) -> Option<Steps<'_>> {
    match operation {
        OperationIr::BaseFloat(base) | OperationIr::BaseInt(base) | OperationIr::BaseBool(base) => {
            shapes::steps(base, any)
        }
        OperationIr::NumericFloat(_, numeric) | OperationIr::NumericInt(_, numeric) => {
            arithmetic::numeric(numeric).map(Steps::from)
        }
        OperationIr::Float(_, float) => arithmetic::float(float),
        OperationIr::Int(int) => arithmetic::int(int).map(Steps::from),
        OperationIr::Bool(logic) => arithmetic::logic(logic).map(Steps::from),
        OperationIr::Activation(activation) => activations::steps(activation),
        OperationIr::Module(layer) => layers::steps(layer),
        _ => None,
    }
}
