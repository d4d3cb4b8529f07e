//! Files for other programs: models, inputs, and what Burn makes of them. The tests in `tests/oracle`
//! read them.

mod attention;
mod networks;
mod operators;

use burn::module::Module;
use burn::tensor::{Int, Tensor, TensorData};
use chamfer_burn::{Example, export_onnx};
use safetensors::tensor::{Dtype, TensorView, serialize_to_file};
use std::fs;
use std::path::{Path, PathBuf};

/// A folder of this name, empty.
fn fresh(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("written").join(name);
    fs::remove_dir_all(&folder).ok();
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Examples whose numbers can be read.
trait Numbers: Example {
    fn numbers(&self) -> TensorData;
}

impl<const D: usize> Numbers for Tensor<D> {
    fn numbers(&self) -> TensorData {
        self.to_data()
    }
}

impl<const D: usize> Numbers for Tensor<D, Int> {
    fn numbers(&self) -> TensorData {
        self.to_data()
    }
}

/// Writes a model, exported with an example, and an input with its output.
fn write<M: Module, E: Numbers, const D: usize>(
    folder: &Path,
    name: &str,
    model: &M,
    (example, input): (&E, &E),
    forward: impl Fn(&M, E) -> Tensor<D>,
) {
    let path = folder.join(format!("{name}.onnx"));
    export_onnx(model, example, &forward, path).unwrap_or_else(|error| panic!("{name}: {error}"));
    let (x, y) = (input.numbers(), forward(model, input.clone()).into_data());
    let file = folder.join(format!("{name}.numbers"));
    serialize_to_file([("input", view(&x)), ("output", view(&y))], None, &file).unwrap();
}

fn view(data: &TensorData) -> TensorView<'_> {
    let dtype = match data.dtype() {
        burn::tensor::DType::F32 => Dtype::F32,
        burn::tensor::DType::I64 => Dtype::I64,
        burn::tensor::DType::I32 => Dtype::I32,
        other => panic!("no numbers of type {other:?} are written"),
    };
    TensorView::new(dtype, data.shape().as_slice().to_vec(), data.as_bytes()).unwrap()
}
