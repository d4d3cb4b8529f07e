//! A network for handwritten digits, and how good it is; nothing in it knows of sparsity.

use burn::module::Module;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::loss::CrossEntropyLossConfig;
use burn::nn::{BatchNorm, BatchNormConfig, Linear, LinearConfig, Relu};
use burn::tensor::{Device, Int, Tensor};
use chamfer_burn::data::Images;
use rand::seq::SliceRandom;
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};

/// Two convolutions and two linear layers.
#[derive(Module, Debug)]
pub struct Network {
    conv1: Conv2d,
    norm1: BatchNorm,
    conv2: Conv2d,
    norm2: BatchNorm,
    fc1: Linear,
    fc2: Linear,
}

impl Network {
    /// New weights.
    pub fn new(device: &Device) -> Self {
        let conv = |channels| Conv2dConfig::new(channels, [3, 3]).with_bias(false).init(device);
        Self {
            conv1: conv([1, 16]),
            norm1: BatchNormConfig::new(16).init(device),
            conv2: conv([16, 32]),
            norm2: BatchNormConfig::new(32).init(device),
            fc1: LinearConfig::new(32 * 4 * 4, 64).init(device),
            fc2: LinearConfig::new(64, 10).init(device),
        }
    }

    /// A score for each class, `[batch, 10]`, of images `[batch, 1, 8, 8]`.
    pub fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        let relu = Relu::new();
        let x = relu.forward(self.norm1.forward(self.conv1.forward(images)));
        let x = relu.forward(self.norm2.forward(self.conv2.forward(x)));
        let x = relu.forward(self.fc1.forward(x.flatten(1, 3)));
        self.fc2.forward(x)
    }
}

fn cross_entropy(scores: Tensor<2>, labels: Tensor<1, Int>) -> Tensor<1> {
    CrossEntropyLossConfig::new().init(&scores.device()).forward(scores, labels)
}

/// Images to train on, and others.
pub struct Task {
    /// All images.
    pub images: Images,
    /// Positions of those to train on.
    pub training: Vec<usize>,
    /// Positions of every fifth image, for the test.
    pub test: Vec<usize>,
}

/// Images in a batch.
const BATCH: usize = 64;

impl Task {
    /// Keeps every fifth image for the test.
    pub fn new(images: Images) -> Self {
        let (training, test) = (0..images.len()).partition(|i| i % 5 != 0);
        Self { images, training, test }
    }

    /// The loss of the batch of a step: each epoch has an order of its own.
    pub fn loss(&self, model: &Network, step: usize) -> Tensor<1> {
        let batches = self.training.len() / BATCH;
        let mut order = self.training.clone();
        order.shuffle(&mut ChaCha8Rng::seed_from_u64((step / batches) as u64));
        let batch = &order[step % batches * BATCH..][..BATCH];
        let (x, labels) = self.images.batch(batch, &Device::default().autodiff());
        cross_entropy(model.forward(x), labels)
    }

    /// Mean loss and share of right answers on some images.
    pub fn evaluate(&self, model: &Network, positions: &[usize]) -> (f64, f64) {
        let (x, labels) = self.images.batch(positions, &Device::default());
        let scores = model.valid().forward(x);
        let right = scores.clone().argmax(1).flatten::<1>(0, 1).equal(labels.clone());
        let share: f64 = right.int().sum().into_scalar::<i64>() as f64 / positions.len() as f64;
        (cross_entropy(scores, labels).into_scalar::<f64>(), share)
    }
}
