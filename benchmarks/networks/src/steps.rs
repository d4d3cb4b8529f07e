//! What a step of training costs with factors, beside one of the plain network.

use crate::Failure;
use crate::models::{Lenet5, Lenet300, Network};
use burn::nn::loss::CrossEntropyLossConfig;
use burn::optim::decay::WeightDecayConfig;
use burn::optim::momentum::MomentumConfig;
use burn::optim::{GradientsParams, ModuleOptimizer, SgdConfig};
use burn::tensor::{Device, Distribution, Int, Tensor};
use chamfer_burn::{Form, Granularity, Rule, decay_groups, factorize, penalty};
use std::fmt::Write;
use std::path::Path;
use std::time::Instant;

/// Samples in a batch.
const BATCH: usize = 128;
/// Every network makes so many steps in turn …
const STEPS: u32 = 5;
/// … so often, and the shortest time counts, which the machine disturbs least.
const ROUNDS: usize = 12;

/// A network and how it is trained.
struct Case<N> {
    what: String,
    model: N,
    optimizer: ModuleOptimizer,
    /// Whether the penalty is in the loss; else it is weight decay.
    in_loss: bool,
    best: f64,
}

impl<N: Network> Case<N> {
    fn plain(model: N) -> Self {
        Self {
            what: "none | as decay".to_owned(),
            model,
            optimizer: sgd(Some(1e-5)).init(),
            in_loss: false,
            best: f64::INFINITY,
        }
    }

    fn new(
        model: N,
        rule: &(&'static str, Granularity, usize),
        in_loss: bool,
    ) -> Result<Self, Failure> {
        let (pattern, granularity, depth) = *rule;
        let rule = Rule::new(pattern, granularity).depth(depth).lambda(1e-5);
        let model = factorize(model, &[rule])?;
        let mut optimizer = sgd(None).init();
        if !in_loss {
            for group in decay_groups(&model)? {
                optimizer = optimizer.with_group(group.group, sgd(Some(group.decay)).build(), None);
            }
        }
        let how = if in_loss { "penalty in the loss" } else { "penalty as decay" };
        let what = format!("{} by {granularity} | {how}", Form::Product { depth });
        Ok(Self { what, model, optimizer, in_loss, best: f64::INFINITY })
    }

    fn steps(&mut self, input: &N::Input, answers: &Tensor<1, Int>) {
        let start = Instant::now();
        for _ in 0..STEPS {
            let scores = self.model.scores(input.clone());
            let device = scores.device();
            let mut loss =
                CrossEntropyLossConfig::new().init(&device).forward(scores, answers.clone());
            if self.in_loss
                && let Ok(penalty) = penalty(&self.model)
            {
                loss = loss + penalty;
            }
            let gradients = GradientsParams::from_grads(loss.backward(), &self.model);
            self.model = self.optimizer.step(1e-3, self.model.clone(), gradients);
        }
        self.best = self.best.min(start.elapsed().as_secs_f64() / f64::from(STEPS));
    }
}

fn sgd(decay: Option<f64>) -> SgdConfig {
    let momentum = MomentumConfig::new().with_momentum(0.9).with_dampening(0.0);
    #[allow(clippy::cast_possible_truncation)]
    let decay = decay.map(|decay| WeightDecayConfig::new(decay as f32));
    SgdConfig::new().with_momentum(Some(momentum)).with_weight_decay(decay)
}

/// Times all networks and writes a table.
pub fn write(folder: &Path) -> Result<(), Failure> {
    let by_weight = |depth| ("fc*.weight", Granularity::Weight, depth);
    let mlp = [
        ("fc*.weight", Granularity::InputFeature, 2),
        ("fc*.weight", Granularity::Neuron, 2),
        by_weight(2),
        by_weight(3),
        by_weight(4),
    ];
    let cnn = [("conv*.weight", Granularity::Filter, 2), ("conv*.weight", Granularity::Weight, 2)];
    let mut table =
        String::from("| network | factors | penalty | ms | over plain |\n|---|---|---|--:|--:|\n");
    of_network("LeNet-300-100", Lenet300::new, &mlp, &mut table)?;
    of_network("LeNet-5", Lenet5::new, &cnn, &mut table)?;
    print!("{table}");
    std::fs::create_dir_all(folder)?;
    Ok(std::fs::write(folder.join("steps.md"), table)?)
}

fn of_network<N: Network<Input = Tensor<4>>>(
    name: &str,
    new: impl Fn(&Device) -> N,
    rules: &[(&'static str, Granularity, usize)],
    table: &mut String,
) -> Result<(), Failure> {
    let device = Device::default().autodiff();
    let input = Tensor::random([BATCH, 1, 28, 28], Distribution::Default, &device);
    let answers = Tensor::<1, Int>::zeros([BATCH], &device);
    let mut cases = vec![Case::plain(new(&device))];
    for rule in rules {
        for in_loss in [true, false] {
            cases.push(Case::new(new(&device), rule, in_loss)?);
        }
    }
    for _ in 0..ROUNDS {
        for case in &mut cases {
            case.steps(&input, &answers);
        }
    }
    let plain = cases[0].best;
    for case in &cases {
        let (ms, ratio) = (1e3 * case.best, case.best / plain);
        writeln!(table, "| {name} | {} | {ms:.2} | {ratio:.2} |", case.what)?;
    }
    Ok(())
}
