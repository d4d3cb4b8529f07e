//! Models as safetensors files.

use burn::module::Module;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{BatchNorm, BatchNormConfig, Linear, LinearConfig};
use burn::tensor::{Device, Tensor};
use chamfer_burn::{
    Error, Granularity, Rule, factorize, load_safetensors, resize, safetensors_shapes,
    save_safetensors, shapes,
};
use std::fs;

#[derive(Module, Debug)]
struct Network {
    conv: Conv2d,
    norm: BatchNorm,
    fc: Linear,
}

impl Network {
    fn new(channels: usize) -> Self {
        let device = Device::default();
        Self {
            conv: Conv2dConfig::new([1, channels], [2, 2]).init(&device),
            norm: BatchNormConfig::new(channels).init(&device),
            fc: LinearConfig::new(channels, 2).init(&device),
        }
    }

    fn forward(&self, x: Tensor<4>) -> Tensor<2> {
        let x = self.norm.forward(self.conv.forward(x));
        self.fc.forward(x.flatten(1, 3))
    }
}

fn input() -> Tensor<4> {
    Tensor::<1>::from_floats([0.3, -1.0, 2.0, 0.7], &Device::default()).reshape([1, 1, 2, 2])
}

#[test]
fn a_model_comes_back_from_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    let model = Network::new(3);
    save_safetensors(&model, &path, [("accuracy".to_owned(), "0.9".to_owned())]).unwrap();
    let loaded = load_safetensors(Network::new(3), &path).unwrap();
    assert_eq!(model.forward(input()).into_data(), loaded.forward(input()).into_data());
    assert_eq!(safetensors_shapes(&path).unwrap(), shapes(&model));

    // The format: the length of a header, the header as JSON, the numbers.
    let bytes = fs::read(&path).unwrap();
    let length = usize::try_from(u64::from_le_bytes(bytes[..8].try_into().unwrap())).unwrap();
    let header: serde_json::Value = serde_json::from_slice(&bytes[8..8 + length]).unwrap();
    assert_eq!(header["__metadata__"]["accuracy"], "0.9");
    assert_eq!(header["conv.weight"]["shape"], serde_json::json!([3, 1, 2, 2]));
    assert_eq!(header["norm.running_var"]["dtype"], "F32");
    let offset = header["fc.bias"]["data_offsets"][0].as_u64().unwrap();
    let offset = 8 + length + usize::try_from(offset).unwrap();
    let first = f32::from_le_bytes(bytes[offset..offset + 4].try_into().unwrap());
    assert_eq!(first, model.fc.bias.unwrap().val().into_data().iter::<f32>().next().unwrap());
}

#[test]
fn a_smaller_model_fits_after_a_change_of_shapes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    let small = Network::new(2);
    save_safetensors(&small, &path, []).unwrap();
    let large = Network::new(3);
    let error = load_safetensors(large.clone(), &path).unwrap_err();
    assert!(matches!(&error, Error::Tensor { .. }), "{error}");
    let resized = resize(large, &safetensors_shapes(&path).unwrap()).unwrap();
    let loaded = load_safetensors(resized, &path).unwrap();
    assert_eq!(small.forward(input()).into_data(), loaded.forward(input()).into_data());
}

#[test]
fn files_and_shapes_that_do_not_fit_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    let absent = load_safetensors(Network::new(3), &path).unwrap_err();
    assert!(absent.to_string().contains("model.safetensors"), "{absent}");

    save_safetensors(&Network::new(3), &path, []).unwrap();
    let bytes = fs::read(&path).unwrap();
    for length in [0, 4, 40, bytes.len() - 1] {
        fs::write(&path, &bytes[..length]).unwrap();
        let error = load_safetensors(Network::new(3), &path).unwrap_err();
        assert!(matches!(error, Error::Data { .. }), "{error}");
    }

    // A model with factors has more tensors, and one without fewer.
    let rules = [Rule::new("fc.weight", Granularity::Neuron)];
    let factorized = factorize(Network::new(3), &rules).unwrap();
    fs::write(&path, &bytes).unwrap();
    let error = load_safetensors(factorized.clone(), &path).unwrap_err();
    assert!(
        matches!(&error, Error::Tensor { path, .. } if path == "fc.weight.factors.0"),
        "{error}"
    );
    save_safetensors(&factorized, &path, []).unwrap();
    assert!(matches!(load_safetensors(Network::new(3), &path), Err(Error::Tensor { .. })));

    let mut other = shapes(&Network::new(3));
    other.insert("fc.weight".into(), vec![3]);
    assert!(matches!(resize(Network::new(3), &other), Err(Error::Tensor { .. })));
    other.insert("fc2.weight".into(), vec![3, 2]);
    assert!(matches!(resize(Network::new(3), &other), Err(Error::Tensor { .. })));
}
