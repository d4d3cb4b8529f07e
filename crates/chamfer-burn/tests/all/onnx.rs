//! ONNX files: what is in them, by a reader of its own.

use burn::module::Module;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::pool::{MaxPool2d, MaxPool2dConfig};
use burn::nn::{BatchNorm, BatchNormConfig, Gelu, Linear, LinearConfig, Relu};
use burn::tensor::module::{attention, avg_pool2d, max_pool1d};
use burn::tensor::ops::{AttentionModuleOptions, AvgPoolOptions, MaxPoolOptions};
use burn::tensor::{Bool, Device, Int, Tensor, s};
use chamfer_burn::{Error, Example, export_onnx};
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

/// The graph of what is written for a function without weights.
fn graph<E: Example, const D: usize>(
    example: &E,
    forward: impl Fn(E) -> Tensor<D>,
) -> Result<BTreeMap<u32, Vec<Field>>, Error> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.onnx");
    export_onnx(&Relu::new(), example, |_, x| forward(x), &path)?;
    Ok(read(&fs::read(&path).unwrap())[&7][0].message())
}

/// The operators, in their order.
fn operators(graph: &BTreeMap<u32, Vec<Field>>) -> Vec<String> {
    graph[&1].iter().map(|node| node.message()[&4][0].text()).collect()
}

/// The numbers of an attribute of the last node.
fn attribute(graph: &BTreeMap<u32, Vec<Field>>, name: &str) -> Vec<u64> {
    let node = graph[&1].last().unwrap().message();
    let attribute = node[&5].iter().map(Field::message).find(|a| a[&1][0].text() == name).unwrap();
    attribute[&8].iter().map(Field::number).collect()
}

/// The name of the output's first axis, if its length is open.
fn open(graph: &BTreeMap<u32, Vec<Field>>) -> Option<String> {
    let shape = graph[&12][0].message()[&2][0].message()[&1][0].message()[&2][0].message();
    shape[&1][0].message().get(&2).map(|name| name[0].text())
}

fn ones<const D: usize>(shape: [usize; D]) -> Tensor<D> {
    Tensor::ones(shape, &Device::default())
}

#[test]
fn attention_is_written_in_parts() {
    let x = ones([3, 4, 5, 8]);
    let plain = AttentionModuleOptions::default();
    let of = |options: AttentionModuleOptions, mask: bool| {
        graph(&x, |x: Tensor<4>| {
            let mask = mask.then(|| Tensor::<4, Bool>::empty([1, 1, 5, 5], &x.device()));
            attention(x.clone(), x.clone(), x, mask, None, options)
        })
    };
    let found = of(plain, false).unwrap();
    assert_eq!(operators(&found), ["Transpose", "MatMul", "Mul", "Softmax", "MatMul"]);
    assert_eq!(open(&found).unwrap(), "batch");

    // The cap comes before the mask.
    let options = AttentionModuleOptions { softcap: Some(2.0), is_causal: true, scale: Some(1.0) };
    let names = operators(&of(options, false).unwrap());
    let expected =
        ["Transpose", "MatMul", "Mul", "Div", "Tanh", "Mul", "Where", "Softmax", "MatMul"];
    assert_eq!(names, expected);

    for softcap in [0.0, -1.0, f64::NAN] {
        let options = AttentionModuleOptions { softcap: Some(softcap), ..plain };
        let error = of(options, false).unwrap_err();
        assert!(matches!(&error, Error::Operation { name } if name == "Attention"), "{error}");
    }
    let shared = graph(&x, |x: Tensor<4>| {
        let keys = x.clone().slice_dim(1, 0..2);
        attention(x, keys.clone(), keys, None, None, plain)
    });
    assert!(matches!(shared, Err(Error::Operation { name }) if name == "Attention"));
    // What Burn's `empty` holds is not known.
    assert!(matches!(of(plain, true), Err(Error::Operation { name }) if name == "Empty"));
}

#[test]
fn windows_past_the_end_are_padding() {
    let x = ones([2, 3, 8]);
    let pads = |padding: usize, past: bool| {
        let options = MaxPoolOptions::new([3]).with_padding([padding]).with_ceil_mode(past);
        attribute(&graph(&x, |x: Tensor<3>| max_pool1d(x, options.clone())).unwrap(), "pads")
    };
    assert_eq!(
        (pads(1, true), pads(0, true), pads(0, false)),
        (vec![1, 0], vec![0, 1], vec![0, 0])
    );

    // A mean over places in the padding, but not past it.
    let x = ones([2, 3, 8, 8]);
    let mean = |padded: bool| {
        let options = AvgPoolOptions::new([3, 3]).with_stride([4, 4]).with_padding([1, 1]);
        let options = options.with_count_include_pad(padded).with_ceil_mode(true);
        graph(&x, |x: Tensor<4>| avg_pool2d(x, options.clone()))
    };
    assert_eq!(attribute(&mean(false).unwrap(), "pads"), [1, 1, 2, 2]);
    assert!(matches!(mean(true), Err(Error::Operation { name }) if name == "AvgPool2d"));
}

#[test]
fn the_number_of_samples_is_open_where_it_does_not_matter() {
    let x = ones([4, 6]);
    let of = |forward: fn(Tensor<2>) -> Tensor<2>| open(&graph(&x, forward).unwrap());
    assert_eq!(of(|x| x.slice(s![.., 1..3])).unwrap(), "batch");
    assert_eq!(of(|x| x.clone().sum_dim(1).expand([4, 6]) * x).unwrap(), "batch");
    assert_eq!(of(|x| x.reshape([12, 2])).unwrap(), "rows");
    let fixed: [fn(Tensor<2>) -> Tensor<2>; 8] = [
        |x| x.sum_dim(0),
        |x| x.flip([0]),
        |x| x.repeat_dim(0, 2),
        |x| x.slice(s![1.., ..]),
        |x| x.transpose(),
        |x| Tensor::zeros([5, 4], &x.device()).matmul(x),
        |x| x.clone() + Tensor::ones([4, 6], &x.device()),
        |x| Tensor::cat(vec![Tensor::zeros([4, 1], &x.device()), x], 1),
    ];
    for forward in fixed {
        assert_eq!(of(forward), None);
    }
    // Nor is it for one sample, of which every axis might be the samples.
    assert_eq!(open(&graph(&ones([1, 6]), |x: Tensor<2>| x * 2.0).unwrap()), None);
}

#[test]
fn masks_of_words_are_written() {
    let words = Tensor::<2, Int>::ones([3, 5], &Device::default());
    let found = graph(&words, |words: Tensor<2, Int>| {
        let mask = words.clone().not_equal_elem(0);
        words.float().mask_fill(mask, f32::NEG_INFINITY)
    });
    let found = found.unwrap();
    assert_eq!(operators(&found), ["Equal", "Not", "Cast", "Where"]);
    assert_eq!(open(&found).unwrap(), "batch");
}
