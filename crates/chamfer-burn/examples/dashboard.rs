//! Training with the dashboard of `burn-train`: loss, accuracy and sparsity as they come.
//!
//! ```sh
//! cargo run --release -p chamfer-burn --features dashboard --example dashboard
//! ```

#[allow(dead_code, reason = "burn-train makes the batches")]
mod network;

use burn::data::dataloader::DataLoaderBuilder;
use burn::data::dataloader::batcher::Batcher;
use burn::data::dataset::InMemDataset;
use burn::grad_clipping::GradientClippingConfig;
use burn::lr_scheduler::cosine::CosineAnnealingLrSchedulerConfig;
use burn::nn::loss::CrossEntropyLossConfig;
use burn::optim::SgdConfig;
use burn::optim::momentum::MomentumConfig;
use burn::tensor::{Device, ExecutionError, Int, Tensor};
use burn::train::metric::{AccuracyInput, AccuracyMetric, Adaptor, LossInput, LossMetric};
use burn::train::{
    ClassificationOutput, InferenceStep, ItemLazy, Learner, SupervisedTraining, TrainOutput,
    TrainStep,
};
use chamfer_burn::data::{Images, digits};
use chamfer_burn::{
    Granularity, Report, Rule, SparsityMetric, Zeros, collapse, compact, factorize, penalty, report,
};
use network::{Network, Task};
use std::sync::Arc;

const EPOCHS: usize = 60;
const BATCH: usize = 64;
const RATE: f64 = 0.1;

type Batch = (Tensor<4>, Tensor<1, Int>);

fn classify(model: &Network, (images, labels): Batch) -> ClassificationOutput {
    let scores = model.forward(images);
    let loss = CrossEntropyLossConfig::new().init(&scores.device());
    ClassificationOutput::new(loss.forward(scores.clone(), labels.clone()), scores, labels)
}

impl TrainStep for Network {
    type Input = Batch;
    type Output = ClassificationOutput;

    fn step(&self, batch: Batch) -> TrainOutput<ClassificationOutput> {
        let output = classify(self, batch);
        let penalty = penalty(self).expect("the model was factorized");
        let gradients = (output.loss.clone() + penalty).backward();
        TrainOutput::new(self, gradients, output)
    }
}

/// What a look at images that are not trained on shows.
pub struct Look {
    classes: ClassificationOutput,
    sparsity: Report,
}

impl InferenceStep for Network {
    type Input = Batch;
    type Output = Look;

    fn step(&self, batch: Batch) -> Look {
        let sparsity = report(self, Zeros::Gap).expect("the model was factorized");
        Look { classes: classify(self, batch), sparsity }
    }
}

impl ItemLazy for Look {
    fn sync(self) -> Result<Self, ExecutionError> {
        Ok(Self { classes: self.classes.sync()?, ..self })
    }
}

impl Adaptor<Report> for Look {
    fn adapt(&self) -> Report {
        self.sparsity.clone()
    }
}

impl Adaptor<LossInput> for Look {
    fn adapt(&self) -> LossInput {
        self.classes.adapt()
    }
}

impl Adaptor<AccuracyInput> for Look {
    fn adapt(&self) -> AccuracyInput {
        self.classes.adapt()
    }
}

/// Makes batches of positions.
#[derive(Clone)]
struct Digits(Arc<Images>);

impl Batcher<usize, Batch> for Digits {
    fn batch(&self, positions: Vec<usize>, device: &Device) -> Batch {
        self.0.batch(&positions, device)
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let device = Device::default().autodiff();
    device.seed(0);
    let task = Task::new(digits()?);
    let images = Arc::new(task.images.clone());
    let loader = |positions: &[usize], batch, device| {
        let dataset = InMemDataset::new(positions.to_vec());
        let batches = DataLoaderBuilder::new(Digits(images.clone())).batch_size(batch);
        batches.shuffle(0).set_device(device).build(dataset)
    };
    let training = loader(&task.training, BATCH, device.clone());
    let test = loader(&task.test, task.test.len(), Device::default());

    let rules = [
        Rule::new("norm*.gamma", Granularity::Weight).lambda(1e-2).depth(3),
        Rule::new("fc1.weight", Granularity::Neuron).lambda(1e-3),
        Rule::new("fc2.weight", Granularity::Weight).lambda(5e-3).depth(3),
    ];
    let model = factorize(Network::new(&device), &rules)?;
    let momentum = MomentumConfig::new().with_momentum(0.9).with_dampening(0.0);
    let clip = GradientClippingConfig::Norm(1.0);
    let optimizer =
        SgdConfig::new().with_momentum(Some(momentum)).with_gradient_clipping(Some(clip)).init();
    let steps = EPOCHS * task.training.len().div_ceil(BATCH);
    let schedule = CosineAnnealingLrSchedulerConfig::new(RATE, steps).init()?;
    let trained = SupervisedTraining::new("target/digits/dashboard", training, test)
        .metric_train_numeric(LossMetric::new())
        .metric_valid_numeric(LossMetric::new())
        .metric_train_numeric(AccuracyMetric::new())
        .metric_valid_numeric(AccuracyMetric::new())
        .metric_valid_numeric(SparsityMetric::live_weights())
        .metric_valid_numeric(SparsityMetric::misalignment())
        .num_epochs(EPOCHS)
        .summary()
        .launch(Learner::new(model, optimizer, schedule));

    let loss = |model: &Network| task.evaluate(model, &task.training).0;
    let collapsed = collapse(&trained.model, Zeros::Gap, loss)?;
    let (example, _) = task.images.batch(&task.training[..32], &Device::default());
    println!("{}", compact(&collapsed.model, &example, Network::forward)?);
    Ok(())
}
