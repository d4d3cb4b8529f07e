//! The tensors of a model by their paths: reading, replacing, and their shapes.

use crate::Error;
use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Bool, DType, FloatDType, Int, Shape, Tensor, TensorData};
use std::collections::BTreeMap;

/// The shapes of a model's tensors by their paths.
///
/// What a smaller model is, in a form that can be kept: [`resize`] makes a new model of the original
/// configuration take these shapes, so that a record of the smaller one can be loaded.
pub type Shapes = BTreeMap<String, Vec<usize>>;

/// The shapes of all tensors of a model, running statistics included.
#[must_use]
pub fn shapes<M: Module>(model: &M) -> Shapes {
    struct Visit(Vec<String>, Shapes);
    impl Visit {
        fn see(&mut self, shape: &Shape) {
            self.1.insert(self.0.join("."), shape.as_slice().to_vec());
        }
    }
    impl ModuleVisitor for Visit {
        fn enter_module(&mut self, name: &str, _: &str) {
            self.0.push(name.to_owned());
        }
        fn exit_module(&mut self, _: &str, _: &str) {
            self.0.pop();
        }
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.see(&param.lazy_shape());
        }
        fn visit_int<const D: usize>(&mut self, param: &Param<Tensor<D, Int>>) {
            self.see(&param.lazy_shape());
        }
        fn visit_bool<const D: usize>(&mut self, param: &Param<Tensor<D, Bool>>) {
            self.see(&param.lazy_shape());
        }
    }
    let mut visit = Visit(Vec::new(), Shapes::new());
    model.visit(&mut visit);
    visit.1
}

/// Gives the float tensors of a model other shapes; those that change are filled with zeros, to be
/// loaded from a record. Paths that `shapes` does not name stay as they are.
///
/// # Errors
/// If `shapes` names a path that the model does not have, or a shape with another number of axes.
pub fn resize<M: Module>(model: M, shapes: &Shapes) -> Result<M, Error> {
    let own = self::shapes(&model);
    for (path, shape) in shapes {
        let found = own.get(path).ok_or_else(|| Error::Tensor {
            path: path.clone(),
            what: "the model has no such tensor".to_owned(),
        })?;
        if found.len() != shape.len() {
            let what = format!("the model's has shape {found:?}, not {shape:?}");
            return Err(Error::Tensor { path: path.clone(), what });
        }
    }
    let changed = shapes.iter().filter(|(path, shape)| own[*path] != **shape);
    let data = changed.map(|(path, shape)| {
        let zeros = vec![0.0f32; shape.iter().product()];
        (path.clone(), TensorData::new(zeros, shape.clone()))
    });
    Ok(replace(model, data.collect()))
}

/// Replaces float tensors by data, which may have other shapes of as many axes; their types stay.
pub(crate) fn replace<M: Module>(model: M, data: BTreeMap<String, TensorData>) -> M {
    model.map(&mut Replace { path: Vec::new(), data })
}

/// A model with numbers of 64 bits.
pub(crate) fn widen<M: Module>(model: M) -> M {
    struct Widen;
    impl ModuleMapper for Widen {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            param.map(|tensor| tensor.cast(DType::F64))
        }
    }
    model.map(&mut Widen)
}

/// Whether the devices of a model have numbers of 64 bits.
pub(crate) fn can_widen<M: Module>(model: &M) -> bool {
    model.devices().iter().all(|device| device.supports_dtype(FloatDType::F64))
}

struct Replace {
    path: Vec<String>,
    data: BTreeMap<String, TensorData>,
}

impl ModuleMapper for Replace {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Some(data) = self.data.remove(&self.path.join(".")) else { return param };
        param.map(|tensor| {
            let dtype = tensor.dtype();
            Tensor::from_data(data.convert_dtype(dtype), (&tensor.device(), dtype))
                .set_require_grad(tensor.is_require_grad())
        })
    }
}
