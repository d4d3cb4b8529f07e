//! Smaller models have the same outputs; what cannot be proved to leave them alone stays.

use burn::module::{Module, ModuleMapper, Param};
use burn::nn::conv::{Conv1d, Conv1dConfig, Conv2d, Conv2dConfig};
use burn::nn::pool::{MaxPool2d, MaxPool2dConfig};
use burn::nn::{
    BatchNorm, BatchNormConfig, Embedding, EmbeddingConfig, LayerNorm, LayerNormConfig, Linear,
    LinearConfig, PaddingConfig2d, Relu,
};
use burn::tensor::activation::{gelu, relu, sigmoid, tanh};
use burn::tensor::{Device, Distribution, Int, Tensor, TensorData};
use chamfer_burn::{
    Compacted, Error, Example, Granularity, MultiHeadAttention, MultiHeadAttentionConfig, Rule,
    Zeros, collapse, compact, factorize, flops, load_safetensors, resize, save_safetensors,
};
use std::collections::HashMap;

/// What a number of a tensor becomes, given its position along each axis and its value.
type Change = Box<dyn Fn(&[usize], f32) -> f32>;

/// Changes tensors by their paths.
#[derive(Default)]
struct Edit {
    path: Vec<String>,
    changes: HashMap<String, Vec<Change>>,
}

impl Edit {
    fn with(mut self, path: &str, change: impl Fn(&[usize], f32) -> f32 + 'static) -> Self {
        self.changes.entry(path.to_owned()).or_default().push(Box::new(change));
        self
    }

    /// Sets slices of an axis to zero.
    fn zero(self, path: &str, axis: usize, indices: &'static [usize]) -> Self {
        self.with(path, move |at, x| if indices.contains(&at[axis]) { 0.0 } else { x })
    }

    /// Sets one number of a vector.
    fn set(self, path: &str, index: usize, value: f32) -> Self {
        self.with(path, move |at, x| if at[0] == index { value } else { x })
    }
}

impl ModuleMapper for Edit {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Some(changes) = self.changes.remove(&self.path.join(".")) else { return param };
        param.map(|tensor| {
            let dims = tensor.dims();
            let mut values: Vec<f32> = tensor.to_data().iter::<f32>().collect();
            for (position, value) in values.iter_mut().enumerate() {
                let mut at = [0; D];
                let mut rest = position;
                for axis in (0..D).rev() {
                    at[axis] = rest % dims[axis];
                    rest /= dims[axis];
                }
                *value = changes.iter().fold(*value, |value, change| change(&at, value));
            }
            Tensor::from_data(TensorData::new(values, dims), &tensor.device())
        })
    }
}

fn device() -> Device {
    let device = Device::default();
    device.seed(7);
    device
}

fn random<const D: usize>(shape: [usize; D]) -> Tensor<D> {
    Tensor::random(shape, Distribution::Normal(0.0, 1.0), &Device::default())
}

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

/// Compares the outputs on samples that `compact` has not seen.
fn assert_same<M: Module, E: Example, const D: usize>(
    before: &M,
    after: &Compacted<M>,
    input: E,
    forward: impl Fn(&M, E) -> Tensor<D>,
) {
    let (a, b) = (values(forward(before, input.clone())), values(forward(&after.model, input)));
    assert_eq!(a.len(), b.len());
    let largest = a.iter().fold(0.0f32, |largest, y| largest.max(y.abs()));
    for (a, b) in a.iter().zip(&b) {
        assert!((a - b).abs() <= 2e-6 * (1.0 + largest), "{a} and {b}\n{after}");
    }
}

fn kept<M>(compacted: &Compacted<M>, path: &str, axis: usize) -> (usize, String) {
    let lines = compacted.kept.iter().filter(|kept| kept.path == path && kept.axis == axis);
    lines.fold((0, String::new()), |(count, text), kept| (count + kept.count, text + &kept.reason))
}

#[derive(Module, Debug)]
struct Mlp {
    first: Linear,
    second: Linear,
    third: Linear,
}

impl Mlp {
    fn new() -> Self {
        let device = device();
        Self {
            first: LinearConfig::new(6, 8).init(&device),
            second: LinearConfig::new(8, 5).init(&device),
            third: LinearConfig::new(5, 3).init(&device),
        }
    }

    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let relu = Relu::new();
        let x = relu.forward(self.first.forward(x));
        self.third.forward(relu.forward(self.second.forward(x)))
    }
}

#[test]
fn dead_neurons_go_and_their_constants_stay() {
    let edit = Edit::default()
        .zero("first.weight", 1, &[0, 3])
        .set("first.bias", 0, 0.7) // a constant that the next layer reads
        .set("first.bias", 3, -0.4) // nothing after the activation
        .zero("second.weight", 0, &[5]); // read by nobody
    let model = Mlp::new().map(&mut { edit });
    let small = compact(&model, &random([4, 6]), Mlp::forward).unwrap();
    assert_same(&model, &small, random([50, 6]), Mlp::forward);
    let [first, second, third] =
        [&small.model.first, &small.model.second, &small.model.third].map(|l| l.weight.dims());
    assert_eq!((first, second, third), ([6, 5], [5, 5], [5, 3]));
    assert_eq!(small.model.first.bias.as_ref().unwrap().dims(), [5]);
    assert!(small.kept.is_empty() && small.unknown.is_empty(), "{small}");
    // Four samples, two operations for each weight.
    assert_eq!((small.flops_before, small.flops_after), (8 * (48 + 40 + 15), 8 * (30 + 25 + 15)));
}

#[test]
fn what_feeds_only_dead_neurons_goes_too() {
    // Neuron 2 of the first layer feeds neurons 1 and 4 of the second alone, which nobody reads.
    let edit = Edit::default()
        .with("second.weight", |at, x| if at[0] == 2 && ![1, 4].contains(&at[1]) { 0.0 } else { x })
        .zero("third.weight", 0, &[1, 4]);
    let model = Mlp::new().map(&mut { edit });
    let small = compact(&model, &random([4, 6]), Mlp::forward).unwrap();
    assert_same(&model, &small, random([50, 6]), Mlp::forward);
    assert_eq!(small.model.first.weight.dims(), [6, 7]);
    assert_eq!(small.model.second.weight.dims(), [7, 3]);
}

#[test]
fn inputs_outputs_and_last_neurons_stay() {
    let edit = Edit::default()
        .zero("first.weight", 0, &[1])
        .zero("first.weight", 1, &[0, 1, 2, 3, 4, 5, 6, 7])
        .zero("third.weight", 1, &[2]);
    let model = Mlp::new().map(&mut { edit });
    let small = compact(&model, &random([4, 6]), Mlp::forward).unwrap();
    assert_same(&model, &small, random([10, 6]), Mlp::forward);
    assert_eq!(small.model.first.weight.dims(), [6, 1]);
    assert_eq!(small.model.third.weight.dims()[1], 3);
    assert!(kept(&small, "first.weight", 0).1.contains("input"), "{small}");
    assert!(kept(&small, "third.weight", 1).1.contains("output"), "{small}");
    assert!(kept(&small, "first.weight", 1).1.contains("last"), "{small}");
}

/// A stem, a residual block, a third convolution and a linear layer.
#[derive(Module, Debug)]
struct Residual {
    conv1: Conv2d,
    norm1: BatchNorm,
    conv2: Conv2d,
    norm2: BatchNorm,
    conv3: Conv2d,
    norm3: BatchNorm,
    pool: MaxPool2d,
    fc: Linear,
}

impl Residual {
    fn new() -> Self {
        let device = device();
        let conv = |channels| Conv2dConfig::new(channels, [3, 3]).with_bias(false);
        let norm = |channels| BatchNormConfig::new(channels).init(&device);
        let same = PaddingConfig2d::Explicit(1, 1, 1, 1);
        let model = Self {
            conv1: conv([2, 6]).init(&device),
            norm1: norm(6),
            conv2: conv([6, 6]).with_padding(same).init(&device),
            norm2: norm(6),
            conv3: conv([6, 5]).init(&device),
            norm3: norm(5),
            pool: MaxPool2dConfig::new([2, 2]).with_strides([2, 2]).init(),
            fc: LinearConfig::new(20, 3).init(&device),
        };
        // Statistics and scales that are not those of a new model.
        let vector = |scale: f32, shift: f32| {
            move |at: &[usize], _: f32| shift + scale * (1.3 + at[0] as f32).sin()
        };
        let mut edit = Edit::default();
        for norm in ["norm1", "norm2", "norm3"] {
            edit = edit
                .with(&format!("{norm}.gamma"), vector(0.3, 1.0))
                .with(&format!("{norm}.beta"), vector(0.5, 0.1))
                .with(&format!("{norm}.running_mean"), vector(0.2, 0.1))
                .with(&format!("{norm}.running_var"), vector(0.4, 0.9));
        }
        model.map(&mut edit)
    }

    fn forward(&self, x: Tensor<4>) -> Tensor<2> {
        let relu = Relu::new();
        let x = relu.forward(self.norm1.forward(self.conv1.forward(x)));
        let y = self.norm2.forward(self.conv2.forward(x.clone()));
        let x = relu.forward(x + y);
        let x = self.pool.forward(relu.forward(self.norm3.forward(self.conv3.forward(x))));
        self.fc.forward(x.flatten(1, 3))
    }
}

fn images(n: usize) -> Tensor<4> {
    random([n, 2, 8, 8])
}

#[test]
fn channels_go_through_additions_normalizations_and_flattening() {
    let edit = Edit::default()
        // Channel 0 of both sides of the addition is 0 after the activations.
        .zero("conv1.weight", 0, &[0, 3])
        .zero("conv2.weight", 0, &[0, 3])
        .set("norm1.gamma", 0, 0.0)
        .set("norm1.beta", 0, -1.0)
        .set("norm2.gamma", 0, 0.0)
        .set("norm2.beta", 0, -0.5)
        // Channel 3 is a constant that the third convolution reads; the mean after it takes it.
        .set("norm1.gamma", 3, 0.0)
        .set("norm1.beta", 3, -0.2)
        .set("norm2.gamma", 3, 0.0)
        .set("norm2.beta", 3, 0.7)
        // Filter 1 of the third convolution is a constant to the linear layer, as is a channel that
        // the normalization switches off.
        .zero("conv3.weight", 0, &[1])
        .set("norm3.gamma", 4, 0.0)
        .set("norm3.beta", 4, 0.3);
    let model = Residual::new().map(&mut { edit });
    let small = compact(&model, &images(3), Residual::forward).unwrap();
    assert_same(&model, &small, images(10), Residual::forward);
    assert_eq!(small.model.conv1.weight.dims(), [4, 2, 3, 3], "{small}");
    assert_eq!(small.model.conv2.weight.dims(), [4, 4, 3, 3]);
    assert_eq!(small.model.conv3.weight.dims(), [3, 4, 3, 3]);
    assert_eq!(small.model.norm3.gamma.dims(), [3]);
    assert_eq!(small.model.norm3.running_var.value().dims(), [3]);
    assert_eq!(small.model.fc.weight.dims(), [12, 3]);
    assert!(small.kept.is_empty(), "{small}");
}

#[test]
fn living_branches_and_padded_constants_stay() {
    let edit = Edit::default()
        .zero("conv2.weight", 0, &[1]) // what is added to it lives
        .zero("conv1.weight", 0, &[2]) // a constant that a padded convolution reads
        .zero("conv2.weight", 0, &[2])
        .set("norm1.beta", 2, 1.5)
        .set("norm1.gamma", 2, 0.0);
    let model = Residual::new().map(&mut { edit });
    let small = compact(&model, &images(3), Residual::forward).unwrap();
    assert!(small.cuts.is_empty(), "{small}");
    assert_eq!(small.difference, 0.0);
    let (count, reasons) = kept(&small, "conv2.weight", 0);
    assert_eq!(count, 2);
    assert!(reasons.contains("alive") && reasons.contains("padded"), "{small}");
}

/// Sequences through two branches that are joined, a gate on channels, and pooling.
#[derive(Module, Debug)]
struct Branches {
    left: Conv1d,
    right: Conv1d,
    squeeze: Linear,
    excite: Linear,
    last: Linear,
}

impl Branches {
    fn new() -> Self {
        let device = device();
        Self {
            left: Conv1dConfig::new(2, 4, 3).init(&device),
            right: Conv1dConfig::new(2, 3, 3).init(&device),
            squeeze: LinearConfig::new(7, 4).init(&device),
            excite: LinearConfig::new(4, 7).init(&device),
            last: LinearConfig::new(7, 2).init(&device),
        }
    }

    fn forward(&self, x: Tensor<3>) -> Tensor<2> {
        let x = Tensor::cat(vec![self.left.forward(x.clone()), self.right.forward(x)], 1);
        let x = gelu(x); // [batch, channels, places]
        let gate = relu(self.squeeze.forward(x.clone().mean_dim(2).squeeze_dim::<2>(2)));
        let gate = sigmoid(self.excite.forward(gate)).unsqueeze_dim::<3>(2);
        let x = (x * gate).permute([0, 2, 1]); // [batch, places, channels]
        self.last.forward(tanh(x).mean_dim(1).squeeze_dim::<2>(1))
    }
}

#[test]
fn branches_gates_and_pooling_are_followed() {
    let edit = Edit::default()
        .zero("left.weight", 0, &[1])
        .set("left.bias", 1, 0.0)
        .zero("last.weight", 0, &[5]) // read by the gate alone
        .zero("squeeze.weight", 0, &[5])
        .zero("squeeze.weight", 1, &[2])
        .set("squeeze.bias", 2, 0.4);
    let model = Branches::new().map(&mut { edit });
    let small = compact(&model, &random([3, 2, 9]), Branches::forward).unwrap();
    assert_same(&model, &small, random([20, 2, 11]), Branches::forward);
    let small_model = &small.model;
    assert_eq!(small_model.left.weight.dims(), [3, 2, 3], "{small}");
    assert_eq!(small_model.right.weight.dims(), [2, 2, 3], "{small}");
    assert_eq!(small_model.squeeze.weight.dims(), [5, 3]);
    assert_eq!(small_model.excite.weight.dims(), [3, 5]);
    assert_eq!(small_model.last.weight.dims(), [5, 2]);
}

/// An operation that the graph pass does not know, and a normalization over features.
#[derive(Module, Debug)]
struct Odd {
    first: Linear,
    norm: LayerNorm,
    second: Linear,
    third: Linear,
}

impl Odd {
    fn new() -> Self {
        let device = device();
        let edit = Edit::default().zero("first.weight", 1, &[1]).zero("second.weight", 1, &[2]);
        let model = Self {
            first: LinearConfig::new(4, 6).init(&device),
            norm: LayerNormConfig::new(6).init(&device),
            second: LinearConfig::new(6, 5).init(&device),
            third: LinearConfig::new(5, 2).init(&device),
        };
        model.map(&mut { edit })
    }

    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let x = self.second.forward(self.norm.forward(self.first.forward(x)));
        self.third.forward(x.sin())
    }
}

#[test]
fn what_is_not_understood_stays_whole_and_is_named() {
    let model = Odd::new();
    let small = compact(&model, &random([3, 4]), Odd::forward).unwrap();
    assert!(small.cuts.is_empty(), "{small}");
    assert_eq!(small.unknown, ["Sin"]);
    assert!(kept(&small, "second.weight", 1).1.contains("Sin"), "{small}");
    assert!(kept(&small, "first.weight", 1).1.contains("combined"), "{small}");
}

#[test]
fn forward_passes_that_do_not_fit_are_errors() {
    let edit = Edit::default().zero("first.weight", 1, &[0, 3]);
    let model = Mlp::new().map(&mut { edit });
    let x = random([4, 6]);
    let written = |model: &Mlp, x: Tensor<2>| {
        let hidden = model.first.forward(x).reshape([-1, 8]);
        model.third.forward(model.second.forward(hidden))
    };
    let error = compact(&model, &x, written).unwrap_err();
    assert!(matches!(error, Error::Forward { .. }), "{error}");

    let noisy = |model: &Mlp, x: Tensor<2>| {
        let noise = random(x.dims()).to_device(&x.device());
        model.forward(x + noise)
    };
    let error = compact(&model, &x, noisy).unwrap_err();
    assert!(matches!(error, Error::Changed { .. }), "{error}");

    let factorized = factorize(Mlp::new(), &[Rule::new("first.weight", Granularity::Neuron)]);
    let error = compact(&factorized.unwrap(), &x, Mlp::forward).unwrap_err();
    assert!(matches!(error, Error::AlreadyFactorized { .. }), "{error}");
}

#[test]
fn operations_are_counted() {
    let counts = flops(&Residual::new(), &images(1), Residual::forward).unwrap();
    let counts: Vec<(&str, u64)> = counts.iter().map(|l| (l.path.as_str(), l.flops)).collect();
    let expected = [
        ("conv1.weight", 2 * 6 * 36 * 2 * 9),
        ("conv2.weight", 2 * 6 * 36 * 6 * 9),
        ("conv3.weight", 2 * 5 * 16 * 6 * 9),
        ("fc.weight", 2 * 3 * 20),
    ];
    assert_eq!(counts, expected);
}

/// From factors to a small model in a file, and back into a program.
#[test]
fn a_whole_life() {
    let edit = Edit::default().zero("conv3.weight", 0, &[0, 2]).zero("fc.weight", 0, &[0, 1, 2, 3]);
    let model = Residual::new().map(&mut { edit });
    let rules = [Rule::new("conv*.weight", Granularity::Filter)];
    let model = factorize(model, &rules).unwrap();
    let collapsed = collapse(&model, Zeros::Gap, |_| 0.0).unwrap();
    let small = compact(&collapsed.model, &images(3), Residual::forward).unwrap();
    assert_eq!(small.model.conv3.weight.dims(), [3, 6, 3, 3]);
    assert_same(
        &model,
        &Compacted { model: small.model.clone(), ..small.clone() },
        images(5),
        Residual::forward,
    );

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("small.safetensors");
    save_safetensors(&small.model, &path, []).unwrap();
    let loaded = load_safetensors(resize(Residual::new(), &small.shapes).unwrap(), &path).unwrap();
    let x = images(2);
    assert_eq!(loaded.forward(x.clone()).into_data(), small.model.forward(x.clone()).into_data());
    let record = small.model.clone().into_record();
    let loaded = resize(Residual::new(), &small.shapes).unwrap().load_record(record);
    assert_eq!(loaded.forward(x.clone()).into_data(), small.model.forward(x).into_data());
}

/// A vector that is added along the samples is no bias, though it is as long as one.
#[test]
fn what_only_looks_like_a_bias_takes_no_constants() {
    #[derive(Module, Debug)]
    struct Shifted {
        first: Linear,
        second: Linear,
        rows: Param<Tensor<1>>,
    }
    let device = device();
    let edit = Edit::default().zero("first.weight", 1, &[1]).set("first.bias", 1, 0.7);
    let model = Shifted {
        first: LinearConfig::new(4, 6).init(&device),
        second: LinearConfig::new(6, 5).with_bias(false).init(&device),
        rows: Param::from_tensor(random([5])),
    };
    let model = model.map(&mut { edit });
    let forward = |model: &Shifted, x: Tensor<2>| {
        let rows = model.rows.val().reshape([5, 1]);
        relu(model.second.forward(relu(model.first.forward(x))) + rows)
    };
    let small = compact(&model, &random([5, 4]), forward).unwrap();
    assert!(small.cuts.is_empty(), "{small}");
    assert!(kept(&small, "first.weight", 1).1.contains("no bias"), "{small}");
}

/// Attention between a linear layer before and one after, with what a transformer has around it.
#[derive(Module, Debug)]
struct Attending {
    before: Linear,
    attention: MultiHeadAttention,
    after: Linear,
}

impl Attending {
    fn new(heads: usize) -> Self {
        let device = device();
        Self {
            before: LinearConfig::new(4, 12).init(&device),
            attention: MultiHeadAttentionConfig::new(12, heads).init(&device),
            after: LinearConfig::new(12, 2).init(&device),
        }
    }

    fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        let x = self.before.forward(x);
        let y = self.attention.forward(x.clone(), x.clone(), x.clone(), None);
        self.after.forward(x + y)
    }
}

#[test]
fn heads_are_cut_out_of_all_four_matrices() {
    // Head 1 is not read; head 2 has no values.
    let edit = Edit::default()
        .zero("attention.output.weight", 0, &[4, 5, 6, 7])
        .zero("attention.value.weight", 1, &[8, 9, 10, 11])
        .zero("attention.value.bias", 0, &[8, 9, 10, 11]);
    let model = Attending::new(3).map(&mut { edit });
    let small = compact(&model, &random([2, 5, 4]), Attending::forward).unwrap();
    assert_same(&model, &small, random([6, 7, 4]), Attending::forward);
    let attention = &small.model.attention;
    for linear in [&attention.query, &attention.key, &attention.value] {
        assert_eq!((linear.weight.dims(), linear.bias.as_ref().unwrap().dims()), ([12, 4], [4]));
    }
    assert_eq!(attention.output.weight.dims(), [4, 12]);
}

#[test]
fn a_part_of_a_head_or_the_only_head_stays() {
    for (heads, edit) in [
        (3, Edit::default().zero("attention.output.weight", 0, &[4, 5, 6])),
        (1, Edit::default().zero("attention.output.weight", 0, &[4, 5, 6, 7])),
        (1, Edit::default().zero("attention.query.weight", 1, &[2])),
    ] {
        let model = Attending::new(heads).map(&mut { edit });
        let small = compact(&model, &random([2, 5, 4]), Attending::forward).unwrap();
        assert!(small.cuts.is_empty() && !small.kept.is_empty(), "{small}");
    }
}

#[test]
fn it_is_the_attention_of_burn() {
    use burn::nn::attention::{MhaInput, MultiHeadAttentionConfig as Burns};
    let burns = Burns::new(12, 3).with_dropout(0.0).init(&device());
    let ours = MultiHeadAttention::from(burns.clone());
    let x = random([2, 5, 12]);
    let mask = Tensor::<2>::from_floats([[0.0; 5], [0.0, 0.0, 0.0, 1.0, 1.0]], &device())
        .greater_elem(0.5);
    let seen = mask.clone().reshape([2, 1, 5]).repeat_dim(1, 5);
    let expected = burns.forward(MhaInput::self_attn(x.clone()).mask_pad(mask)).context;
    let found = ours.forward(x.clone(), x.clone(), x, Some(seen));
    for (a, b) in values(expected).iter().zip(values(found)) {
        assert!((a - b).abs() < 1e-5);
    }
}

/// A small transformer that reads indices of words.
#[derive(Module, Debug)]
struct Transformer {
    embedding: Embedding,
    positions: Param<Tensor<2>>,
    norm1: LayerNorm,
    attention: MultiHeadAttention,
    norm2: LayerNorm,
    up: Linear,
    down: Linear,
    out: Linear,
}

impl Transformer {
    fn new() -> Self {
        let device = device();
        Self {
            embedding: EmbeddingConfig::new(10, 8).init(&device),
            positions: Param::from_tensor(random([7, 8])),
            norm1: LayerNormConfig::new(8).init(&device),
            attention: MultiHeadAttentionConfig::new(8, 4).init(&device),
            norm2: LayerNormConfig::new(8).init(&device),
            up: LinearConfig::new(8, 12).init(&device),
            down: LinearConfig::new(12, 8).init(&device),
            out: LinearConfig::new(8, 3).init(&device),
        }
    }

    fn forward(&self, words: Tensor<2, Int>) -> Tensor<2> {
        let [_, length] = words.dims();
        let positions = self.positions.val().narrow(0, 1, length).unsqueeze::<3>();
        let x = self.embedding.forward(words) + positions;
        let y = self.norm1.forward(x.clone());
        let x = x + self.attention.forward(y.clone(), y.clone(), y, None);
        let y = self.up.forward(self.norm2.forward(x.clone()));
        let x = x + self.down.forward(gelu(y));
        self.out.forward(x.mean_dim(1).squeeze_dim::<2>(1))
    }
}

fn words(n: usize, length: usize) -> Tensor<2, Int> {
    Tensor::random([n, length], Distribution::Uniform(0.0, 10.0), &Device::default())
}

#[test]
fn a_transformer_loses_heads_and_hidden_units() {
    let edit = Edit::default()
        .zero("attention.output.weight", 0, &[0, 1, 4, 5]) // heads 0 and 2
        .zero("up.weight", 1, &[3, 7])
        .set("up.bias", 3, 0.8) // a constant after the activation
        .set("up.bias", 7, 0.0)
        .zero("down.weight", 0, &[11]);
    let model = Transformer::new().map(&mut { edit });
    let small = compact(&model, &words(3, 6), Transformer::forward).unwrap();
    assert_same(&model, &small, words(20, 6), Transformer::forward);
    assert!(small.unknown.is_empty(), "{small}");
    assert_eq!(small.model.attention.query.weight.dims(), [8, 4], "{small}");
    assert_eq!(small.model.attention.output.weight.dims(), [4, 8]);
    assert_eq!(small.model.up.weight.dims(), [8, 9]);
    assert_eq!(small.model.down.weight.dims(), [9, 8]);
}
