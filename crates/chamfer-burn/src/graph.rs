//! The operations of a model's forward pass, recorded without being run.

use crate::Error;
use crate::factors::sites;
use burn::backend::Capture;
use burn::backend::ir::{BaseOperationIr, OperationIr, TensorIr};
use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{CapturedGraph, DType, Device, Int, Tensor, TensorData, TensorId};
use std::any::Any;
use std::collections::{BTreeMap, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A forward pass as a graph.
pub(crate) struct Graph {
    /// In the order of execution.
    pub(crate) operations: Vec<OperationIr>,
    /// Tensors that are known before the forward pass: parameters and constants.
    pub(crate) values: BTreeMap<TensorId, TensorData>,
    /// The paths of parameters and running statistics.
    pub(crate) paths: HashMap<TensorId, String>,
    pub(crate) input: TensorId,
    pub(crate) output: TensorId,
}

impl Graph {
    /// Records what `forward` does to an input like `example`.
    pub(crate) fn capture<M: Module, E: Example, const D: usize>(
        model: &M,
        example: &E,
        forward: &impl Fn(&M, E) -> Tensor<D>,
    ) -> Result<Self, Error> {
        if let Some(site) = sites(model).first() {
            return Err(Error::HasFactors { path: site.path.clone() });
        }
        let model = model.valid();
        let example = example.clone().plain();
        let device = Device::capture();
        let mut paths = Paths::default();
        let mut ends = None;
        let captured = guarded(|| {
            device.capture_scope(|scope| {
                let model = model.to_device(&device);
                let example = example.moved(&device);
                model.visit(&mut paths);
                let input = example.id();
                let output = id(&forward(&model, example));
                ends = input.zip(output);
                scope.complete(input, output)
            })
        })?;
        let CapturedGraph { graph, values } =
            captured.map_err(|error| Error::Forward { what: error.to_string() })?;
        let (input, output) = ends.ok_or_else(|| Error::Forward {
            what: "its result is no tensor of the captured graph".to_owned(),
        })?;
        Ok(Self { operations: graph.operations, values, paths: paths.found, input, output })
    }
}

impl Graph {
    /// Whether the forward pass takes its type from its input and parameters alone, so that it can be
    /// run in another: it makes no floating-point tensors of its own.
    pub(crate) fn has_any_type(&self) -> bool {
        let made = self.values.iter().any(|(id, data)| {
            data.dtype().is_float() && *id != self.input && !self.paths.contains_key(id)
        });
        let makes = |operation: &OperationIr| {
            use burn::backend::ir::{
                BaseOperationIr as Base, BoolOperationIr as Bool, FloatOperationIr as Float,
                IntOperationIr as Int, NumericOperationIr as Numeric,
            };
            matches!(
                operation,
                OperationIr::BaseFloat(
                    Base::Cast(_) | Base::Empty(_) | Base::Ones(_) | Base::Zeros(_)
                ) | OperationIr::NumericFloat(_, Numeric::Full(_))
                    | OperationIr::Float(_, Float::Random(_))
                    | OperationIr::Int(Int::IntoFloat(_))
                    | OperationIr::Bool(Bool::IntoFloat(_))
                    | OperationIr::Custom(_)
            )
        };
        !made && !self.operations.iter().any(makes)
    }

    /// The path of a parameter, or of the one that a tensor is with another shape.
    pub(crate) fn path_of(&self, id: TensorId) -> Option<&str> {
        let reshaped = self.operations.iter().find_map(|operation| match operation {
            OperationIr::BaseFloat(BaseOperationIr::Reshape(op)) if op.out.id == id => {
                Some(op.input.id)
            }
            _ => None,
        });
        self.paths.get(&reshaped.unwrap_or(id)).map(String::as_str)
    }
}

/// What a model's forward pass takes: a tensor of numbers or of indices.
pub trait Example: Clone + sealed::Sealed {
    /// Without autodiff.
    #[doc(hidden)]
    #[must_use]
    fn plain(self) -> Self;
    /// On another device.
    #[doc(hidden)]
    #[must_use]
    fn moved(self, device: &Device) -> Self;
    /// With numbers of 64 bits.
    #[doc(hidden)]
    #[must_use]
    fn wide(self) -> Self;
    /// Its number in a graph.
    #[doc(hidden)]
    fn id(&self) -> Option<TensorId>;
}

mod sealed {
    use burn::tensor::{Int, Tensor};

    pub trait Sealed {}
    impl<const D: usize> Sealed for Tensor<D> {}
    impl<const D: usize> Sealed for Tensor<D, Int> {}
}

impl<const D: usize> Example for Tensor<D> {
    fn plain(self) -> Self {
        self.without_autodiff().detach()
    }

    fn moved(self, device: &Device) -> Self {
        self.to_device(device)
    }

    fn wide(self) -> Self {
        self.cast(DType::F64)
    }

    fn id(&self) -> Option<TensorId> {
        id(self)
    }
}

impl<const D: usize> Example for Tensor<D, Int> {
    fn plain(self) -> Self {
        self.without_autodiff()
    }

    fn moved(self, device: &Device) -> Self {
        self.to_device(device)
    }

    fn wide(self) -> Self {
        self
    }

    fn id(&self) -> Option<TensorId> {
        self.clone().try_into_primitive::<Capture>().ok().map(|primitive| primitive.id())
    }
}

/// Runs a model's code, whose panics become errors.
pub(crate) fn guarded<T>(run: impl FnOnce() -> T) -> Result<T, Error> {
    catch_unwind(AssertUnwindSafe(run))
        .map_err(|payload| Error::Forward { what: message(&*payload) })
}

fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
    text.unwrap_or("it panicked").to_owned()
}

fn id<const D: usize>(tensor: &Tensor<D>) -> Option<TensorId> {
    tensor.clone().try_into_primitive::<Capture>().ok().map(|primitive| primitive.id())
}

/// The name of an operation, as in `Sin`: the last word before its description.
pub(crate) fn name(operation: &OperationIr) -> String {
    let text = format!("{operation:?}");
    let before = text.split(" {").next().unwrap_or_default();
    let words = before.split(|letter: char| !letter.is_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    // The last one is the type of the description.
    words.iter().rev().nth(1).or(words.last()).copied().unwrap_or("?").to_owned()
}

/// The shape of a tensor in a graph.
pub(crate) fn dims(tensor: &TensorIr) -> &[usize] {
    tensor.shape.as_slice()
}

#[derive(Default)]
struct Paths {
    path: Vec<String>,
    found: HashMap<TensorId, String>,
}

impl ModuleVisitor for Paths {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(id) = id(&param.base()) {
            self.found.insert(id, self.path.join("."));
        }
    }
}
