//! ONNX files: what is in them, by a reader of its own.

use burn::module::Module;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::pool::{MaxPool2d, MaxPool2dConfig};
use burn::nn::{BatchNorm, BatchNormConfig, Gelu, Linear, LinearConfig};
use burn::tensor::{Device, Tensor};
use chamfer_burn::{Error, export_onnx};
use std::collections::BTreeMap;
use std::fs;

#[derive(Module, Debug)]
struct Network {
    conv: Conv2d,
    norm: BatchNorm,
    pool: MaxPool2d,
    fc: Linear,
}

impl Network {
    fn new() -> Self {
        let device = Device::default();
        Self {
            conv: Conv2dConfig::new([2, 3], [3, 2]).with_stride([1, 2]).init(&device),
            norm: BatchNormConfig::new(3).init(&device),
            pool: MaxPool2dConfig::new([2, 2]).with_strides([2, 2]).init(),
            fc: LinearConfig::new(6, 4).init(&device),
        }
    }

    fn forward(&self, x: Tensor<4>) -> Tensor<2> {
        let x = Gelu::new().forward(self.norm.forward(self.conv.forward(x)));
        self.fc.forward(self.pool.forward(x).flatten(1, 3))
    }
}

fn example() -> Tensor<4> {
    Tensor::ones([5, 2, 6, 4], &Device::default())
}

/// The fields of a message: numbers, and bytes with their length.
#[derive(Debug)]
enum Field {
    Number(u64),
    Bytes(Vec<u8>),
}

impl Field {
    fn message(&self) -> BTreeMap<u32, Vec<Field>> {
        let Field::Bytes(bytes) = self else { panic!("{self:?} is no message") };
        read(bytes)
    }

    fn text(&self) -> String {
        let Field::Bytes(bytes) = self else { panic!("{self:?} is no text") };
        String::from_utf8(bytes.clone()).unwrap()
    }

    fn number(&self) -> u64 {
        let Field::Number(number) = self else { panic!("{self:?} is no number") };
        *number
    }
}

fn read(mut bytes: &[u8]) -> BTreeMap<u32, Vec<Field>> {
    fn varint(bytes: &mut &[u8]) -> u64 {
        let (mut value, mut shift) = (0, 0);
        loop {
            let byte = bytes[0];
            *bytes = &bytes[1..];
            value |= u64::from(byte & 0x7f) << shift;
            shift += 7;
            if byte < 0x80 {
                return value;
            }
        }
    }
    let mut fields: BTreeMap<u32, Vec<Field>> = BTreeMap::new();
    while !bytes.is_empty() {
        let key = varint(&mut bytes);
        let field = match key & 7 {
            0 => Field::Number(varint(&mut bytes)),
            2 => {
                let length = usize::try_from(varint(&mut bytes)).unwrap();
                let (head, tail) = bytes.split_at(length);
                bytes = tail;
                Field::Bytes(head.to_vec())
            }
            5 => {
                let (head, tail) = bytes.split_at(4);
                bytes = tail;
                Field::Bytes(head.to_vec())
            }
            other => panic!("wire type {other}"),
        };
        fields.entry(u32::try_from(key >> 3).unwrap()).or_default().push(field);
    }
    fields
}

#[test]
fn a_network_is_written_operator_by_operator() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.onnx");
    let network = Network::new();
    export_onnx(&network, &example(), Network::forward, &path).unwrap();
    let model = read(&fs::read(&path).unwrap());
    assert_eq!(model[&8][0].message()[&2][0].number(), 20);
    let graph = model[&7][0].message();

    let nodes: Vec<_> = graph[&1].iter().map(Field::message).collect();
    let operators: Vec<String> = nodes.iter().map(|node| node[&4][0].text()).collect();
    assert_eq!(
        operators,
        ["Conv", "BatchNormalization", "Gelu", "MaxPool", "Reshape", "MatMul", "Reshape", "Add"]
    );
    // Each node reads what is there before it.
    let constants: BTreeMap<String, _> =
        graph[&5].iter().map(|tensor| (tensor.message()[&8][0].text(), tensor.message())).collect();
    let mut known: Vec<String> = constants.keys().cloned().collect();
    known.push("input".to_owned());
    for node in &nodes {
        assert!(node[&1].iter().all(|input| known.contains(&input.text())), "{known:?}");
        known.push(node[&2][0].text());
    }
    assert_eq!(known.last().unwrap(), "output");

    let weight = &constants["conv.weight"];
    let sizes: Vec<u64> = weight[&1].iter().map(Field::number).collect();
    assert_eq!(sizes, [3, 2, 3, 2]);
    let Field::Bytes(bytes) = &weight[&9][0] else { panic!("raw data") };
    let numbers: Vec<f32> =
        bytes.chunks_exact(4).map(|four| f32::from_le_bytes(four.try_into().unwrap())).collect();
    assert_eq!(numbers, network.conv.weight.val().into_data().iter::<f32>().collect::<Vec<_>>());

    let attributes: BTreeMap<String, Vec<u64>> = nodes[0][&5]
        .iter()
        .map(Field::message)
        .filter(|attribute| attribute.contains_key(&8))
        .map(|attribute| {
            (attribute[&1][0].text(), attribute[&8].iter().map(Field::number).collect())
        })
        .collect();
    assert_eq!((&attributes["strides"][..], &attributes["pads"][..]), (&[1, 2][..], &[0; 4][..]));

    // The batch may have any length, the rest not.
    let input = graph[&11][0].message();
    let shape = input[&2][0].message()[&1][0].message()[&2][0].message();
    let first = shape[&1][0].message();
    assert_eq!(first[&2][0].text(), "batch");
    assert_eq!(shape[&1][1].message()[&1][0].number(), 2);
}

#[test]
fn what_onnx_does_not_have_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.onnx");
    let forward = |network: &Network, x: Tensor<4>| network.forward(x).cumsum(1);
    let error = export_onnx(&Network::new(), &example(), forward, &path).unwrap_err();
    assert!(matches!(&error, Error::Operation { name } if name == "CumSum"), "{error}");
    assert!(!path.exists());
    let nowhere = folder.path().join("absent").join("model.onnx");
    let error = export_onnx(&Network::new(), &example(), Network::forward, nowhere).unwrap_err();
    assert!(matches!(error, Error::Data { .. }), "{error}");
}
