//! Training: to a sparse solution, on from a checkpoint to the same numbers, and stopped in time.

use burn::module::Module;
use burn::nn::{BatchNorm, BatchNormConfig, Linear, LinearConfig};
use burn::tensor::{Device, Tensor, TensorData};
use chamfer_burn::train::{End, Optimizer, Training, train};
use chamfer_burn::{Error, Granularity, Init, Rule, Zeros, collapse, factorize, report};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::ops::ControlFlow;

#[derive(Module, Debug)]
struct Network {
    norm: BatchNorm,
    fc: Linear,
}

fn rule() -> Rule {
    Rule::new("fc.weight", Granularity::InputFeature).lambda(0.05).init(Init::Fresh { seed: 1 })
}

fn network() -> Network {
    let device = Device::default().autodiff();
    let fc = LinearConfig::new(6, 2).init(&device);
    let network = Network { norm: BatchNormConfig::new(6).init(&device), fc };
    factorize(network, &[rule()]).unwrap()
}

/// Independent numbers of mean 0 and variance 1, the same at every call.
fn noise(shape: [usize; 2], step: usize) -> TensorData {
    let mut rng = ChaCha8Rng::seed_from_u64(step as u64);
    let bound = 3f32.sqrt();
    let numbers = (0..shape[0] * shape[1]).map(|_| rng.random_range(-bound..bound));
    TensorData::new(numbers.collect(), shape)
}

/// Two targets that depend on the first two of six inputs; a batch for each step.
fn loss(model: &Network, step: usize) -> Tensor<1> {
    let device = Device::default().autodiff();
    let x = Tensor::<2>::from_data(noise([16, 6], step), &device);
    let y = x.clone().slice([0..16, 0..2]);
    (model.fc.forward(model.norm.forward(x)) - y).powi_scalar(2).mean()
}

fn go_on(_: &Network, _: usize, _: f64) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn weights(model: &Network) -> Vec<f32> {
    let model = model.valid();
    let norm = model.norm.running_mean.value().into_data();
    let weights = model.fc.weight.val().into_data();
    weights.iter::<f32>().chain(norm.iter::<f32>()).collect()
}

#[test]
fn inputs_without_a_part_in_the_target_die() {
    for (optimizer, rate) in [(Optimizer::Sgd { momentum: 0.9 }, 0.02), (Optimizer::Adam, 0.004)] {
        let model = network();
        let training = Training { optimizer, ..Training::new(800, rate) }.for_factors(&model);
        assert!((training.rate / rate - 5.0).abs() < 1e-12);
        if matches!(optimizer, Optimizer::Sgd { .. }) {
            let budget = training.budget(&model).unwrap();
            assert_eq!(budget.too_small().count(), 0, "{budget}");
        }
        let trained = train(model, &training, loss, go_on).unwrap();
        assert_eq!(trained.end, End::Finished);
        let collapsed = collapse(&trained.model, Zeros::Gap, |model| {
            loss(model, 3).into_data().iter::<f64>().next().unwrap()
        })
        .unwrap();
        assert_eq!(collapsed.layers[0].live_units, 2, "{optimizer:?}: {collapsed}");
        assert!((collapsed.loss_before - collapsed.loss_after).abs() < 1e-5, "{collapsed}");
    }
}

#[test]
fn a_training_goes_on_from_its_checkpoint_to_the_same_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let training = Training { look: 10, ..Training::new(60, 0.1) };
    let kept = Training { checkpoints: Some(folder.path().join("run")), ..training.clone() };
    let model = network();
    let whole = train(model.clone().valid().train(), &training, loss, go_on).unwrap();
    let stop = |_: &Network, step, _| {
        if step == 30 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let part = train(model, &kept, loss, stop).unwrap();
    assert_eq!(part.end, End::Stopped { step: 30 });
    let mut steps = Vec::new();
    let rest = train(network(), &kept, loss, |_, step, _| {
        steps.push(step);
        ControlFlow::Continue(())
    });
    let rest = rest.unwrap();
    assert_eq!(steps, [40, 50, 60]);
    assert_eq!((rest.end, rest.objective), (End::Finished, whole.objective));
    assert_eq!(weights(&rest.model), weights(&whole.model));
    let done = train(network(), &kept, loss, |_, _, _| panic!("there is nothing left to do"));
    let done = done.unwrap();
    assert_eq!((done.end, done.objective), (End::Finished, whole.objective));
    assert_eq!(weights(&done.model), weights(&whole.model));

    // Another training does not take it, nor one with other factors.
    let other = Training { rate: 0.2, ..kept.clone() };
    let error = train(network(), &other, loss, go_on).unwrap_err();
    assert!(error.to_string().contains("another training"), "{error}");
    let device = Device::default().autodiff();
    let fc = LinearConfig::new(6, 2).init(&device);
    let plain = Network { norm: BatchNormConfig::new(6).init(&device), fc };
    assert!(matches!(train(plain, &kept, loss, go_on), Err(Error::Data { .. })));
}

#[test]
fn a_loss_that_is_not_finite_ends_with_the_last_sound_model() {
    let training = Training { look: 5, ..Training::new(50, 0.1) };
    let mut last = Vec::new();
    let trained = train(
        network(),
        &training,
        |model, step| {
            let factor = if step == 22 { f64::NAN } else { 1.0 };
            loss(model, step).mul_scalar(factor)
        },
        |model, step, objective| {
            assert!(objective.is_finite());
            if step == 20 {
                last = weights(model);
            }
            ControlFlow::Continue(())
        },
    );
    let trained = trained.unwrap();
    assert_eq!(trained.end, End::Diverged { step: 25 });
    assert!(trained.objective.is_finite());
    assert_eq!(weights(&trained.model), last);
    assert!(report(&trained.model, Zeros::Gap).is_ok());
}

#[test]
fn the_scale_of_the_penalty_counts() {
    let training = Training { penalty_scale: 20.0, ..Training::new(400, 0.1) };
    let trained = train(network(), &training, loss, go_on).unwrap();
    let report = report(&trained.model, Zeros::Gap).unwrap();
    assert_eq!(report.live_weights(), 0, "{report}");
}

#[test]
fn settings_out_of_range_are_refused() {
    let base = Training::new(10, 0.1);
    for training in [
        Training { steps: 0, ..base.clone() },
        Training { rate: f64::NAN, ..base.clone() },
        Training { rate: 0.0, ..base.clone() },
        Training { look: 0, ..base.clone() },
        Training { penalty_scale: -1.0, ..base.clone() },
        Training { clip: Some(0.0), ..base.clone() },
        Training { optimizer: Optimizer::Sgd { momentum: 1.0 }, ..base.clone() },
    ] {
        let error = train(network(), &training, loss, go_on).unwrap_err();
        assert!(matches!(error, Error::Setting { .. }), "{error}");
    }
}
