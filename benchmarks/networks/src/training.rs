//! Stochastic gradient descent, the same for all methods.

use crate::data::{Part, Task};
use crate::models::Network;
use burn::grad_clipping::GradientClippingConfig;
use burn::nn::loss::CrossEntropyLossConfig;
use burn::optim::decay::WeightDecayConfig;
use burn::optim::momentum::MomentumConfig;
use burn::optim::{GradientsParams, ModuleOptimizer, SgdConfig};
use burn::tensor::{Device, Tensor};
use rand::seq::SliceRandom;
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};

/// A network in training.
pub struct Descent<'a, N, T> {
    /// As it is now.
    pub model: N,
    task: &'a T,
    batch: usize,
    optimizer: ModuleOptimizer,
    random: ChaCha8Rng,
}

impl<'a, N: Network, T: Task<Input = N::Input>> Descent<'a, N, T> {
    /// Begins with `model`, with a weight decay; the seed orders the samples.
    pub fn new(model: N, task: &'a T, batch: usize, decay: f32, seed: u64) -> Self {
        let momentum = MomentumConfig::new().with_momentum(0.9).with_dampening(0.0);
        let clip = Some(GradientClippingConfig::Norm(1.0));
        let sgd = SgdConfig::new().with_momentum(Some(momentum)).with_gradient_clipping(clip);
        let sgd = sgd.with_weight_decay((decay > 0.0).then(|| WeightDecayConfig::new(decay)));
        let random = ChaCha8Rng::seed_from_u64(seed);
        Self { model, task, batch, optimizer: sgd.init(), random }
    }

    /// One look at every sample: a step along the gradient of the loss and what is `added` to it for
    /// each batch, with a rate that depends on the share of the epoch that is done, and `after` it a
    /// change of the model.
    pub fn epoch(
        &mut self,
        rate: impl Fn(f64) -> f64,
        added: impl Fn(&N) -> Option<Tensor<1>>,
        mut after: impl FnMut(N, f64) -> N,
    ) {
        let mut order: Vec<usize> = (0..self.task.len(Part::Training)).collect();
        order.shuffle(&mut self.random);
        let device = Device::default().autodiff();
        let steps = order.len() / self.batch;
        for (step, at) in order.chunks_exact(self.batch).enumerate() {
            let (input, answers) = self.task.batch(Part::Training, at, &device);
            let scores = self.model.scores(input);
            let mut loss = CrossEntropyLossConfig::new().init(&device).forward(scores, answers);
            if let Some(added) = added(&self.model) {
                loss = loss + added;
            }
            let gradients = GradientsParams::from_grads(loss.backward(), &self.model);
            let rate = rate(step as f64 / steps as f64);
            let model = self.optimizer.step(rate, self.model.clone(), gradients);
            self.model = after(model, rate);
        }
    }
}

/// Mean loss and share of wrong answers.
pub fn evaluate<N: Network, T: Task<Input = N::Input>>(
    model: &N,
    task: &T,
    part: Part,
) -> (f64, f64) {
    let model = model.valid();
    let device = Device::default();
    let (mut loss, mut wrong, mut asked) = (0.0, 0.0, 0.0);
    let positions: Vec<usize> = (0..task.len(part)).collect();
    for at in positions.chunks(500) {
        let (input, answers) = task.batch(part, at, &device);
        let scores = model.scores(input);
        let count = answers.dims()[0] as f64;
        let right = scores.clone().argmax(1).flatten::<1>(0, 1).equal(answers.clone());
        wrong += count - right.int().sum().into_scalar::<i64>() as f64;
        let mean = CrossEntropyLossConfig::new().init(&device).forward(scores, answers);
        loss += count * mean.into_scalar::<f64>();
        asked += count;
    }
    (loss / asked, wrong / asked)
}
