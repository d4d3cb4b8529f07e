//! The networks; nothing in them knows of sparsity.

use crate::data::WINDOW;
use burn::module::Module;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::pool::{AdaptiveAvgPool2d, AdaptiveAvgPool2dConfig, MaxPool2d, MaxPool2dConfig};
use burn::nn::{
    BatchNorm, BatchNormConfig, Embedding, EmbeddingConfig, LayerNorm, LayerNormConfig, Linear,
    LinearConfig, PaddingConfig2d,
};
use burn::tensor::activation::{gelu, relu};
use burn::tensor::{Bool, Device, Int, Tensor};
use chamfer_burn::{Example, MultiHeadAttention, MultiHeadAttentionConfig};

/// A network that scores the answers to a question.
pub trait Network: Module {
    /// What it is given.
    type Input: Example;

    /// A score for each answer, `[questions, answers]`.
    fn scores(&self, input: Self::Input) -> Tensor<2>;
}

/// 784, 300, 100 and 10 numbers (the network that has been pruned most).
#[derive(Module, Debug)]
pub struct Lenet300 {
    fc1: Linear,
    fc2: Linear,
    fc3: Linear,
}

impl Lenet300 {
    /// New weights.
    pub fn new(device: &Device) -> Self {
        let linear = |from, to| LinearConfig::new(from, to).init(device);
        Self { fc1: linear(784, 300), fc2: linear(300, 100), fc3: linear(100, 10) }
    }
}

impl Network for Lenet300 {
    type Input = Tensor<4>;

    fn scores(&self, images: Tensor<4>) -> Tensor<2> {
        let x = relu(self.fc1.forward(images.flatten(1, 3)));
        self.fc3.forward(relu(self.fc2.forward(x)))
    }
}

/// Two convolutions and two linear layers, in the widths in which it is usually pruned.
#[derive(Module, Debug)]
pub struct Lenet5 {
    conv1: Conv2d,
    conv2: Conv2d,
    pool: MaxPool2d,
    fc1: Linear,
    fc2: Linear,
}

impl Lenet5 {
    /// New weights.
    pub fn new(device: &Device) -> Self {
        let conv = |from, to| Conv2dConfig::new([from, to], [5, 5]).init(device);
        Self {
            conv1: conv(1, 20),
            conv2: conv(20, 50),
            pool: MaxPool2dConfig::new([2, 2]).with_strides([2, 2]).init(),
            fc1: LinearConfig::new(800, 500).init(device),
            fc2: LinearConfig::new(500, 10).init(device),
        }
    }
}

impl Network for Lenet5 {
    type Input = Tensor<4>;

    fn scores(&self, images: Tensor<4>) -> Tensor<2> {
        let x = self.pool.forward(relu(self.conv1.forward(images)));
        let x = self.pool.forward(relu(self.conv2.forward(x)));
        self.fc2.forward(relu(self.fc1.forward(x.flatten(1, 3))))
    }
}

/// A small residual network with batch normalization: a stem, three blocks, a mean over the
/// picture.
#[derive(Module, Debug)]
pub struct Resnet {
    stem: Conv2d,
    norm: BatchNorm,
    blocks: Vec<Block>,
    pool: AdaptiveAvgPool2d,
    fc: Linear,
}

/// Two convolutions and what goes past them.
#[derive(Module, Debug)]
pub struct Block {
    conv1: Conv2d,
    norm1: BatchNorm,
    conv2: Conv2d,
    norm2: BatchNorm,
    /// Where the number of channels changes.
    past: Option<Conv2d>,
}

impl Resnet {
    /// New weights.
    pub fn new(device: &Device) -> Self {
        Self {
            stem: conv3([1, 16], 2, device),
            norm: BatchNormConfig::new(16).init(device),
            blocks: vec![
                Block::new(16, 16, 1, device),
                Block::new(16, 32, 2, device),
                Block::new(32, 32, 1, device),
            ],
            pool: AdaptiveAvgPool2dConfig::new([1, 1]).init(),
            fc: LinearConfig::new(32, 10).init(device),
        }
    }
}

impl Block {
    fn new(from: usize, to: usize, stride: usize, device: &Device) -> Self {
        let past = Conv2dConfig::new([from, to], [1, 1]).with_stride([stride; 2]).with_bias(false);
        Self {
            conv1: conv3([from, to], stride, device),
            norm1: BatchNormConfig::new(to).init(device),
            conv2: conv3([to, to], 1, device),
            norm2: BatchNormConfig::new(to).init(device),
            past: (from != to).then(|| past.init(device)),
        }
    }

    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let past = self.past.as_ref().map_or_else(|| x.clone(), |conv| conv.forward(x.clone()));
        let x = relu(self.norm1.forward(self.conv1.forward(x)));
        relu(self.norm2.forward(self.conv2.forward(x)) + past)
    }
}

fn conv3(channels: [usize; 2], stride: usize, device: &Device) -> Conv2d {
    Conv2dConfig::new(channels, [3, 3])
        .with_stride([stride; 2])
        .with_padding(PaddingConfig2d::Explicit(1, 1, 1, 1))
        .with_bias(false)
        .init(device)
}

impl Network for Resnet {
    type Input = Tensor<4>;

    fn scores(&self, images: Tensor<4>) -> Tensor<2> {
        let x = relu(self.norm.forward(self.stem.forward(images)));
        let x = self.blocks.iter().fold(x, |x, block| block.forward(x));
        self.fc.forward(self.pool.forward(x).flatten(1, 3))
    }
}

/// The number of heads in each layer of [`Transformer`].
pub const HEADS: usize = 8;

const WIDTH: usize = 64;

/// A small transformer that tells the next character of a text.
#[derive(Module, Debug)]
pub struct Transformer {
    characters: Embedding,
    positions: Embedding,
    layers: Vec<Layer>,
    norm: LayerNorm,
    fc: Linear,
}

/// Attention to what came before, and two linear layers.
#[derive(Module, Debug)]
pub struct Layer {
    norm1: LayerNorm,
    attention: MultiHeadAttention,
    norm2: LayerNorm,
    fc1: Linear,
    fc2: Linear,
}

impl Transformer {
    /// New weights, for a text of so many kinds of characters.
    pub fn new(kinds: usize, device: &Device) -> Self {
        let layer = || Layer {
            norm1: LayerNormConfig::new(WIDTH).init(device),
            attention: MultiHeadAttentionConfig::new(WIDTH, HEADS).with_dropout(0.0).init(device),
            norm2: LayerNormConfig::new(WIDTH).init(device),
            fc1: LinearConfig::new(WIDTH, 4 * WIDTH).init(device),
            fc2: LinearConfig::new(4 * WIDTH, WIDTH).init(device),
        };
        Self {
            characters: EmbeddingConfig::new(kinds, WIDTH).init(device),
            positions: EmbeddingConfig::new(WINDOW, WIDTH).init(device),
            layers: vec![layer(), layer()],
            norm: LayerNormConfig::new(WIDTH).init(device),
            fc: LinearConfig::new(WIDTH, kinds).init(device),
        }
    }
}

impl Layer {
    fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        let y = self.norm1.forward(x.clone());
        let [batch, n, _] = y.dims();
        let later = Tensor::<3, Bool>::tril_mask([batch, n, n], 0, &y.device());
        let x = x + self.attention.forward(y.clone(), y.clone(), y, Some(later));
        let y = self.norm2.forward(x.clone());
        x + self.fc2.forward(gelu(self.fc1.forward(y)))
    }
}

impl Network for Transformer {
    type Input = Tensor<2, Int>;

    fn scores(&self, text: Tensor<2, Int>) -> Tensor<2> {
        let [_, n] = text.dims();
        #[allow(clippy::cast_possible_wrap)] // A window is short.
        let positions = Tensor::<1, Int>::arange(0..n as i64, &text.device()).reshape([1, n]);
        let x = self.characters.forward(text) + self.positions.forward(positions);
        let x = self.layers.iter().fold(x, |x, layer| layer.forward(x));
        self.fc.forward(self.norm.forward(x)).flatten(0, 1)
    }
}
