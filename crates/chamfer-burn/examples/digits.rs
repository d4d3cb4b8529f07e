//! A network of one's own on handwritten digits, made sparse: fewer pixels, filters and weights.
//!
//! ```sh
//! cargo run --release -p chamfer-burn --example digits
//! ```

use burn::module::Module;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::loss::CrossEntropyLossConfig;
use burn::nn::{BatchNorm, BatchNormConfig, Linear, LinearConfig, Relu};
use burn::optim::{AdamConfig, GradientsParams};
use burn::tensor::{Device, Int, Tensor};
use chamfer_burn::data::{Images, digits};
use chamfer_burn::{Error, Granularity, Rule, Zeros, collapse, factorize, penalty, report};
use rand::seq::SliceRandom;
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
use std::time::Instant;

/// Two convolutions and two linear layers; nothing in it knows of sparsity.
#[derive(Module, Debug)]
struct Network {
    conv1: Conv2d,
    norm1: BatchNorm,
    conv2: Conv2d,
    norm2: BatchNorm,
    fc1: Linear,
    fc2: Linear,
}

impl Network {
    fn new(device: &Device) -> Self {
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

    fn forward(&self, images: Tensor<4>) -> Tensor<2> {
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

/// Mean loss and share of right answers.
fn evaluate(model: &Network, images: &Images, positions: &[usize]) -> (f64, f64) {
    let (x, labels) = images.batch(positions, &Device::default());
    let scores = model.valid().forward(x);
    let right = scores.clone().argmax(1).flatten::<1>(0, 1).equal(labels.clone());
    let share: f64 = right.int().sum().into_scalar::<i64>() as f64 / positions.len() as f64;
    (cross_entropy(scores, labels).into_scalar::<f64>(), share)
}

const EPOCHS: usize = 80;
const BATCH: usize = 64;

/// Trains with Adam and a learning rate that falls to 0; returns the model and seconds per step.
fn train(
    mut model: Network,
    images: &Images,
    positions: &[usize],
    rate: f64,
    extra: impl Fn(&Network) -> Option<Tensor<1>>,
) -> (Network, f64) {
    let device = Device::default().autodiff();
    let mut positions = positions.to_vec();
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let mut optimizer = AdamConfig::new().init();
    let steps = EPOCHS * positions.len().div_ceil(BATCH);
    let (mut step, start) = (0usize, Instant::now());
    for _ in 0..EPOCHS {
        positions.shuffle(&mut rng);
        for batch in positions.chunks(BATCH) {
            let (x, labels) = images.batch(batch, &device);
            let mut loss = cross_entropy(model.forward(x), labels);
            if let Some(penalty) = extra(&model) {
                loss = loss + penalty;
            }
            let gradients = GradientsParams::from_grads(loss.backward(), &model);
            let done = step as f64 / steps as f64;
            let rate = rate * 0.5 * (1.0 + (std::f64::consts::PI * done).cos());
            model = optimizer.step(rate, model, gradients);
            step += 1;
        }
    }
    (model, start.elapsed().as_secs_f64() / steps as f64)
}

fn main() -> Result<(), Error> {
    let device = Device::default().autodiff();
    device.seed(0);
    let images = digits()?;
    let (training, test): (Vec<usize>, Vec<usize>) = (0..images.len()).partition(|i| i % 5 != 0);

    let (dense, dense_time) = train(Network::new(&device), &images, &training, 2e-3, |_| None);
    let (_, accuracy) = evaluate(&dense, &images, &test);
    println!("dense: {} numbers, accuracy {accuracy:.4}", dense.num_params());

    // What makes it sparse:
    let rules = [
        Rule::new("conv*.weight", Granularity::Filter).lambda(1e-3),
        Rule::new("fc1.weight", Granularity::Neuron).lambda(1e-4).depth(3),
        Rule::new("fc2.weight", Granularity::Weight).lambda(1e-4).depth(3),
    ];
    let model = factorize(Network::new(&device), &rules)?;
    let with_penalty = |model: &Network| penalty(model).ok();
    let (model, time) = train(model, &images, &training, 1e-2, with_penalty);
    println!("\n{}\n", report(&model, Zeros::Gap)?);
    let loss = |model: &Network| evaluate(model, &images, &training).0;
    let collapsed = collapse(&model, Zeros::Gap, loss)?;

    println!("{collapsed}");
    let (_, accuracy) = evaluate(&collapsed.model, &images, &test);
    println!("sparse: accuracy {accuracy:.4}; a step took {:.2} times as long", time / dense_time);
    Ok(())
}
