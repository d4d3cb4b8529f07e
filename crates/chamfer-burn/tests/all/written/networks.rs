//! Networks before and after `compact`, as ONNX and safetensors.

use super::{Numbers, fresh, write};
use crate::models::*;
use burn::module::Module;
use burn::tensor::Tensor;
use chamfer_burn::{compact, save_safetensors, shapes};
use std::path::Path;

/// Writes a network and the smaller one, exported for samples like `example`, with what they make of
/// `input`.
fn both<M: Module, E: Numbers, const D: usize>(
    folder: &Path,
    name: &str,
    model: &M,
    (example, input): (&E, &E),
    forward: fn(&M, E) -> Tensor<D>,
) {
    let small = compact(model, example, forward).unwrap();
    assert!(!small.cuts.is_empty(), "{small}");
    for (name, model) in [(name.to_owned(), model), (format!("{name}_small"), &small.model)] {
        write(folder, &name, model, (example, input), forward);
        let shapes = serde_json::to_string(&shapes(model)).unwrap();
        let metadata = [("name", name.clone()), ("shapes", shapes)];
        let metadata = metadata.map(|(key, value)| (key.to_owned(), value));
        save_safetensors(model, folder.join(format!("{name}.safetensors")), metadata).unwrap();
    }
}

#[test]
fn networks() {
    let folder = fresh("networks");

    let edit = Edit::default().zero("first.weight", 1, &[0, 3]).zero("second.weight", 0, &[5]);
    let model = Mlp::new().map(&mut { edit });
    both(&folder, "mlp", &model, (&random([4, 6]), &random([9, 6])), Mlp::forward);

    // With channels that become constants, and one that lives on in both sides of the addition.
    let edit = Edit::default()
        .zero("conv1.weight", 0, &[0, 3])
        .zero("conv2.weight", 0, &[0, 3])
        .set("norm1.beta", 0, -1.0)
        .set("norm1.gamma", 3, 0.0)
        .zero("conv3.weight", 0, &[1]);
    let model = Residual::new().map(&mut { edit });
    both(&folder, "residual", &model, (&images(3), &images(5)), Residual::forward);

    let edit = Edit::default().zero("left.weight", 0, &[1]).zero("squeeze.weight", 1, &[2]);
    let model = Branches::new().map(&mut { edit });
    let inputs = (&random([3, 2, 9]), &random([5, 2, 9]));
    both(&folder, "branches", &model, inputs, Branches::forward);

    let edit = Edit::default().zero("attention.output.weight", 0, &[0, 1, 4, 5]).zero(
        "up.weight",
        1,
        &[3, 7],
    );
    let model = Transformer::new().map(&mut { edit });
    both(&folder, "transformer", &model, (&words(3, 6), &words(5, 6)), Transformer::forward);
}
