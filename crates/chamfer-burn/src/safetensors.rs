//! Models as safetensors files, which Python and others read.

use crate::Error;
use crate::files::write_whole;
use crate::tensors::{Shapes, replace, shapes};
use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Bool, DType, Int, Tensor, TensorData};
use safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize};
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;

/// Writes all tensors of a model to a safetensors file, under their paths in the model, with their
/// shapes as Burn has them (the weight of a linear layer is `[inputs, outputs]`), and `metadata` as
/// the file's. The file appears whole or not at all.
///
/// Where parameters have factors, these are written; [`collapse`](crate::collapse()) first to have
/// plain weights.
///
/// # Errors
/// If the file cannot be written, or a tensor has a type that the format does not have.
pub fn save_safetensors<M: Module>(
    model: &M,
    path: impl AsRef<Path>,
    metadata: impl IntoIterator<Item = (String, String)>,
) -> Result<(), Error> {
    let path = path.as_ref();
    let failed = |what: String| Error::Data { file: path.display().to_string(), what };
    let mut collect = Collect::default();
    model.visit(&mut collect);
    let views: Result<Vec<_>, Error> = collect.data.iter().map(view).collect();
    let metadata: HashMap<String, String> = metadata.into_iter().collect();
    let bytes = serialize(views?, Some(metadata)).map_err(|error| failed(error.to_string()))?;
    write_whole(path, &bytes)
}

/// Replaces the float tensors of a model by those of a safetensors file; the types are the model's.
///
/// The file of a model that was made smaller fits a model of the original configuration after
/// [`resize`](crate::resize) with [`safetensors_shapes`].
///
/// # Errors
/// If the file cannot be read or is damaged, lacks a tensor of the model, has another shape for it, or
/// has one that the model does not have.
pub fn load_safetensors<M: Module>(model: M, path: impl AsRef<Path>) -> Result<M, Error> {
    let bytes = read(path.as_ref())?;
    let file = parse(&bytes, path.as_ref())?;
    let own = shapes(&model);
    let wrong = |path: &str, what: String| Error::Tensor { path: path.to_owned(), what };
    let mut data = BTreeMap::new();
    for (name, view) in file.tensors() {
        let Some(shape) = own.get(&name) else {
            return Err(wrong(&name, "the model has no such tensor".to_owned()));
        };
        if shape != view.shape() {
            let what = format!("the model's has shape {shape:?}, the file's {:?}", view.shape());
            return Err(wrong(&name, what));
        }
        if let Some(dtype) = float(view.dtype()) {
            let bytes = view.data().to_vec();
            data.insert(name, TensorData::from_bytes_vec(bytes, shape.clone(), dtype));
        }
    }
    match own.keys().find(|name| file.tensor(name).is_err()) {
        Some(name) => Err(wrong(name, "the file has no such tensor".to_owned())),
        None => Ok(replace(model, data)),
    }
}

/// The shapes of the tensors in a safetensors file.
///
/// # Errors
/// If the file cannot be read or is damaged.
pub fn safetensors_shapes(path: impl AsRef<Path>) -> Result<Shapes, Error> {
    let bytes = read(path.as_ref())?;
    let file = parse(&bytes, path.as_ref())?;
    Ok(file.tensors().into_iter().map(|(name, view)| (name, view.shape().to_vec())).collect())
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    let file = path.display().to_string();
    fs::read(path).map_err(|error| Error::Data { file, what: error.to_string() })
}

fn parse<'a>(bytes: &'a [u8], path: &Path) -> Result<SafeTensors<'a>, Error> {
    SafeTensors::deserialize(bytes).map_err(|error| Error::Data {
        file: path.display().to_string(),
        what: format!("this is no whole safetensors file: {error}"),
    })
}

fn view<'a>(
    (path, data): (&'a String, &'a TensorData),
) -> Result<(&'a str, TensorView<'a>), Error> {
    let wrong = |what: String| Error::Tensor { path: path.clone(), what };
    let dtype = match data.dtype() {
        DType::F64 => Dtype::F64,
        DType::F32 | DType::Flex32 => Dtype::F32,
        DType::F16 => Dtype::F16,
        DType::BF16 => Dtype::BF16,
        DType::I64 => Dtype::I64,
        DType::I32 => Dtype::I32,
        DType::I16 => Dtype::I16,
        DType::I8 => Dtype::I8,
        DType::U64 => Dtype::U64,
        DType::U32 => Dtype::U32,
        DType::U16 => Dtype::U16,
        DType::U8 => Dtype::U8,
        DType::Bool(_) if data.as_bytes().len() == data.num_elements() => Dtype::BOOL,
        other => return Err(wrong(format!("safetensors has no type for {other:?}"))),
    };
    let view = TensorView::new(dtype, data.shape().as_slice().to_vec(), data.as_bytes());
    view.map(|view| (path.as_str(), view)).map_err(|error| wrong(error.to_string()))
}

/// The types of floats.
fn float(dtype: Dtype) -> Option<DType> {
    match dtype {
        Dtype::F64 => Some(DType::F64),
        Dtype::F32 => Some(DType::F32),
        Dtype::F16 => Some(DType::F16),
        Dtype::BF16 => Some(DType::BF16),
        _ => None,
    }
}

/// The data of all tensors.
#[derive(Default)]
struct Collect {
    path: Vec<String>,
    data: BTreeMap<String, TensorData>,
}

impl ModuleVisitor for Collect {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.data.insert(self.path.join("."), param.base().into_data());
    }

    fn visit_int<const D: usize>(&mut self, param: &Param<Tensor<D, Int>>) {
        self.data.insert(self.path.join("."), param.base().into_data());
    }

    fn visit_bool<const D: usize>(&mut self, param: &Param<Tensor<D, Bool>>) {
        self.data.insert(self.path.join("."), param.base().into_data());
    }
}
