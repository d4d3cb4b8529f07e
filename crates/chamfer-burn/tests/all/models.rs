//! Networks of many kinds, and changes to their tensors.

use burn::module::{Module, ModuleMapper, Param};
use burn::nn::conv::{
    Conv1d, Conv1dConfig, Conv2d, Conv2dConfig, ConvTranspose1d, ConvTranspose1dConfig,
    ConvTranspose2d, ConvTranspose2dConfig,
};
use burn::nn::pool::{MaxPool2d, MaxPool2dConfig};
use burn::nn::{
    BatchNorm, BatchNormConfig, Embedding, EmbeddingConfig, LayerNorm, LayerNormConfig, Linear,
    LinearConfig, PaddingConfig2d, Relu,
};
use burn::tensor::activation::{gelu, relu, sigmoid, tanh};
use burn::tensor::{Device, Distribution, Int, Tensor, TensorData};
use chamfer_burn::{Compacted, Example, MultiHeadAttention, MultiHeadAttentionConfig};
use std::collections::HashMap;

/// What a number of a tensor becomes, given its position along each axis and its value.
pub type Change = Box<dyn Fn(&[usize], f32) -> f32>;

/// Changes tensors by their paths.
#[derive(Default)]
pub struct Edit {
    pub path: Vec<String>,
    pub changes: HashMap<String, Vec<Change>>,
}

impl Edit {
    pub fn with(mut self, path: &str, change: impl Fn(&[usize], f32) -> f32 + 'static) -> Self {
        self.changes.entry(path.to_owned()).or_default().push(Box::new(change));
        self
    }

    /// Sets slices of an axis to zero.
    pub fn zero(self, path: &str, axis: usize, indices: &'static [usize]) -> Self {
        self.with(path, move |at, x| if indices.contains(&at[axis]) { 0.0 } else { x })
    }

    /// Sets one number of a vector.
    pub fn set(self, path: &str, index: usize, value: f32) -> Self {
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

pub fn device() -> Device {
    let device = Device::default();
    device.seed(7);
    device
}

pub fn random<const D: usize>(shape: [usize; D]) -> Tensor<D> {
    Tensor::random(shape, Distribution::Normal(0.0, 1.0), &Device::default())
}

pub fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

/// Compares the outputs on samples that `compact` has not seen.
pub fn assert_same<M: Module, E: Example, const D: usize>(
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

#[derive(Module, Debug)]
pub struct Mlp {
    pub first: Linear,
    pub second: Linear,
    pub third: Linear,
}

impl Mlp {
    pub fn new() -> Self {
        let device = device();
        Self {
            first: LinearConfig::new(6, 8).init(&device),
            second: LinearConfig::new(8, 5).init(&device),
            third: LinearConfig::new(5, 3).init(&device),
        }
    }

    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let relu = Relu::new();
        let x = relu.forward(self.first.forward(x));
        self.third.forward(relu.forward(self.second.forward(x)))
    }
}

/// A stem, a residual block, a third convolution and a linear layer.
#[derive(Module, Debug)]
pub struct Residual {
    pub conv1: Conv2d,
    pub norm1: BatchNorm,
    pub conv2: Conv2d,
    pub norm2: BatchNorm,
    pub conv3: Conv2d,
    pub norm3: BatchNorm,
    pub pool: MaxPool2d,
    pub fc: Linear,
}

impl Residual {
    pub fn new() -> Self {
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

    pub fn forward(&self, x: Tensor<4>) -> Tensor<2> {
        let relu = Relu::new();
        let x = relu.forward(self.norm1.forward(self.conv1.forward(x)));
        let y = self.norm2.forward(self.conv2.forward(x.clone()));
        let x = relu.forward(x + y);
        let x = self.pool.forward(relu.forward(self.norm3.forward(self.conv3.forward(x))));
        self.fc.forward(x.flatten(1, 3))
    }
}

/// Sequences through two branches that are joined, a gate on channels, and pooling.
#[derive(Module, Debug)]
pub struct Branches {
    pub left: Conv1d,
    pub right: Conv1d,
    pub squeeze: Linear,
    pub excite: Linear,
    pub last: Linear,
}

impl Branches {
    pub fn new() -> Self {
        let device = device();
        Self {
            left: Conv1dConfig::new(2, 4, 3).init(&device),
            right: Conv1dConfig::new(2, 3, 3).init(&device),
            squeeze: LinearConfig::new(7, 4).init(&device),
            excite: LinearConfig::new(4, 7).init(&device),
            last: LinearConfig::new(7, 2).init(&device),
        }
    }

    pub fn forward(&self, x: Tensor<3>) -> Tensor<2> {
        let x = Tensor::cat(vec![self.left.forward(x.clone()), self.right.forward(x)], 1);
        let x = gelu(x); // [batch, channels, places]
        let gate = relu(self.squeeze.forward(x.clone().mean_dim(2).squeeze_dim::<2>(2)));
        let gate = sigmoid(self.excite.forward(gate)).unsqueeze_dim::<3>(2);
        let x = (x * gate).permute([0, 2, 1]); // [batch, places, channels]
        self.last.forward(tanh(x).mean_dim(1).squeeze_dim::<2>(1))
    }
}

/// Images that become smaller and, by transposed convolutions, larger again.
#[derive(Module, Debug)]
pub struct Decoder {
    pub down: Conv2d,
    pub up: ConvTranspose2d,
    pub norm: BatchNorm,
    pub last: ConvTranspose2d,
}

impl Decoder {
    pub fn new() -> Self {
        let device = device();
        let up = ConvTranspose2dConfig::new([5, 6], [3, 3]).with_stride([2, 2]);
        Self {
            down: Conv2dConfig::new([2, 5], [3, 3]).with_stride([2, 2]).init(&device),
            up: up.with_padding([1, 1]).with_padding_out([1, 1]).init(&device),
            norm: BatchNormConfig::new(6).init(&device),
            last: ConvTranspose2dConfig::new([6, 2], [2, 2]).init(&device),
        }
    }

    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let x = relu(self.down.forward(x)); // 3 × 3
        let x = relu(self.norm.forward(self.up.forward(x))); // 6 × 6
        self.last.forward(x)
    }
}

/// Sequences through convolutions in two groups, a plain one and a transposed one.
#[derive(Module, Debug)]
pub struct Grouped {
    pub first: Conv1d,
    pub middle: Conv1d,
    pub transposed: ConvTranspose1d,
    pub last: Linear,
}

impl Grouped {
    pub fn new() -> Self {
        let device = device();
        let transposed = ConvTranspose1dConfig::new([8, 6], 3).with_groups(2).with_stride(2);
        Self {
            first: Conv1dConfig::new(2, 8, 3).init(&device),
            middle: Conv1dConfig::new(8, 8, 3).with_groups(2).init(&device),
            transposed: transposed.init(&device),
            last: LinearConfig::new(6, 2).init(&device),
        }
    }

    pub fn forward(&self, x: Tensor<3>) -> Tensor<2> {
        let x = relu(self.middle.forward(relu(self.first.forward(x))));
        let x = relu(self.transposed.forward(x));
        self.last.forward(x.mean_dim(2).squeeze_dim::<2>(2))
    }
}

/// Attention between a linear layer before and one after, with what a transformer has around it.
#[derive(Module, Debug)]
pub struct Attending {
    pub before: Linear,
    pub attention: MultiHeadAttention,
    pub after: Linear,
}

impl Attending {
    pub fn new(heads: usize) -> Self {
        let device = device();
        Self {
            before: LinearConfig::new(4, 12).init(&device),
            attention: MultiHeadAttentionConfig::new(12, heads).init(&device),
            after: LinearConfig::new(12, 2).init(&device),
        }
    }

    pub fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        let x = self.before.forward(x);
        let y = self.attention.forward(x.clone(), x.clone(), x.clone(), None);
        self.after.forward(x + y)
    }
}

/// A small transformer that reads indices of words.
#[derive(Module, Debug)]
pub struct Transformer {
    pub embedding: Embedding,
    pub positions: Param<Tensor<2>>,
    pub norm1: LayerNorm,
    pub attention: MultiHeadAttention,
    pub norm2: LayerNorm,
    pub up: Linear,
    pub down: Linear,
    pub out: Linear,
}

impl Transformer {
    pub fn new() -> Self {
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

    pub fn forward(&self, words: Tensor<2, Int>) -> Tensor<2> {
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

pub fn images(n: usize) -> Tensor<4> {
    random([n, 2, 8, 8])
}

pub fn words(n: usize, length: usize) -> Tensor<2, Int> {
    Tensor::random([n, length], Distribution::Uniform(0.0, 10.0), &Device::default())
}
