//! Training: to a sparse solution, on from a checkpoint to the same numbers, and stopped in time.

use burn::module::Module;
use burn::nn::{BatchNorm, BatchNormConfig, Linear, LinearConfig};
use burn::tensor::{Device, Tensor, TensorData};
use chamfer_burn::train::{End, Optimizer, Schedule, Training, path, train, train_validated};
use chamfer_burn::{
    Error, Granularity, Init, Rule, Zeros, collapse, decay_budget, factorize, report,
};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::fs;
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

/// Whatever a process that was killed while it saved has left, the next one goes on.
#[test]
fn a_checkpoint_survives_a_kill_at_any_moment() {
    let folder = tempfile::tempdir().unwrap();
    let [run, next, old] = ["run", "run.next", "run.old"].map(|name| folder.path().join(name));
    let training = Training { look: 10, checkpoints: Some(run.clone()), ..Training::new(60, 0.1) };
    let until = |end: usize| {
        let mut first = None;
        train(network(), &training, loss, |_, step, _| {
            first.get_or_insert(step);
            if step == end { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
        .unwrap();
        assert!(run.join("training.json").exists() && !next.exists() && !old.exists());
        first
    };
    assert_eq!(until(20), Some(10));
    let copy = folder.path().join("copy");
    fs::rename(&run, &copy).unwrap();
    assert_eq!(until(10), Some(10));

    // The next one is whole, the one before still in place.
    fs::rename(&copy, &next).unwrap();
    assert_eq!(until(30), Some(30));
    // It has been moved away, and what was there before it is not yet removed.
    fs::rename(&run, &next).unwrap();
    fs::create_dir(&old).unwrap();
    assert_eq!(until(40), Some(40));
    // The next one is not whole.
    fs::create_dir(&next).unwrap();
    fs::write(next.join("model.bpk"), "half").unwrap();
    assert_eq!(until(50), Some(50));
    // Only the one before is left.
    fs::rename(&run, &old).unwrap();
    assert_eq!(until(60), Some(60));
}

#[test]
fn a_training_ends_where_the_validation_loss_no_longer_falls() {
    let folder = tempfile::tempdir().unwrap();
    let training = Training { look: 10, ..Training::new(100, 0.1) };
    let looks = std::cell::Cell::new(0);
    // The least loss is that of the third look.
    let validate = |_: &Network| {
        looks.set(looks.get() + 1);
        [5.0, 4.0, 3.0, 3.0, f64::NAN][looks.get().min(5) - 1]
    };
    let model = network();
    let new = || model.valid().train();
    let mut third = Vec::new();
    train(new(), &training, loss, |model, step, _| {
        if step == 30 {
            third = weights(model);
        }
        ControlFlow::Continue(())
    })
    .unwrap();
    let trained = train_validated(new(), &training, 2, loss, validate).unwrap();
    assert_eq!((trained.end, trained.validation), (End::Stopped { step: 50 }, Some(3.0)));
    assert_eq!(weights(&trained.model), third);

    // A checkpoint knows the best model.
    let kept = Training { checkpoints: Some(folder.path().join("run")), ..training };
    looks.set(0);
    train_validated(new(), &kept, 2, loss, validate).unwrap();
    let again = train_validated(network(), &kept, 2, loss, |_| panic!("it has ended")).unwrap();
    assert_eq!((again.end, again.validation), (End::Stopped { step: 50 }, Some(3.0)));
    assert_eq!(weights(&again.model), third);
    let error = train_validated(network(), &kept, 0, loss, validate).unwrap_err();
    assert!(matches!(error, Error::Setting { .. }), "{error}");
}

/// The loss on data that no step sees, on a model of `valid()`.
fn validation(model: &Network) -> f64 {
    let x = Tensor::<2>::from_data(noise([64, 6], 1_000_000), &Device::default());
    let y = x.clone().slice([0..64, 0..2]);
    let error = model.fc.forward(model.norm.forward(x)) - y;
    error.powi_scalar(2).mean().into_data().iter::<f64>().next().unwrap()
}

#[test]
fn a_path_goes_from_dense_to_sparse() {
    let folder = tempfile::tempdir().unwrap();
    let training =
        Training { checkpoints: Some(folder.path().join("path")), ..Training::new(400, 0.1) };
    let scales = [0.1, 1.0, 200.0];
    let points: Result<Vec<_>, Error> =
        path(network(), &training, &scales, loss, validation).unwrap().collect();
    let points = points.unwrap();
    assert_eq!(points.iter().map(|point| point.scale).collect::<Vec<_>>(), scales);
    let live: Vec<usize> = points.iter().map(|point| point.report.live_weights()).collect();
    assert!(live.is_sorted_by(|a, b| a >= b) && live[1] == 4 && live[2] == 0, "{live:?}");
    assert!(points[1].collapsed.loss_after < points[2].collapsed.loss_after);
    assert_eq!(points[1].collapsed.layers[0].live, [0, 1]);

    // It goes on where it was; another path does not take its checkpoints.
    let never = |_: &Network, _| panic!("all is done");
    let again = path(network(), &training, &scales, never, validation).unwrap();
    for (point, again) in points.iter().zip(again) {
        assert_eq!(point.report, again.unwrap().report);
    }
    let mut other = path(network(), &training, &scales[1..], loss, validation).unwrap();
    assert!(matches!(other.next(), Some(Err(Error::Data { .. }))));
    assert!(other.next().is_none());
    for scales in [[1.0, 1.0], [2.0, 1.0], [-1.0, 1.0]] {
        assert!(path(network(), &training, &scales, loss, validation).is_err());
    }
}

#[test]
fn a_path_ends_where_the_loss_is_not_finite() {
    let loss = |model: &Network, step| {
        let dead = report(model, Zeros::Gap).is_ok_and(|report| report.live_weights() == 0);
        loss(model, step).mul_scalar(if dead { f64::NAN } else { 1.0 })
    };
    let training = Training::new(400, 0.1);
    let points = path(network(), &training, &[1.0, 200.0, 300.0], loss, validation).unwrap();
    let ends: Vec<End> = points.map(|point| point.unwrap().trained.end).collect();
    assert_eq!(ends.len(), 2);
    assert!(matches!(ends[1], End::Diverged { .. }));
}

#[test]
fn rates_rise_and_then_follow_their_schedule() {
    for (schedule, whole) in
        [(Schedule::Cosine, 0.5), (Schedule::Linear, 0.5), (Schedule::Constant, 1.0)]
    {
        let training = Training {
            schedule,
            optimizer: Optimizer::Sgd { momentum: 0.0 },
            ..Training::new(2000, 0.3)
        };
        // Nothing but the sum of the rates, which is half of the most in the first twentieth.
        let exponent = training.budget(&network()).unwrap().layers[0].exponent;
        let one = decay_budget(&network(), 1.0).unwrap().layers[0].exponent;
        let sum = 0.3 * 2000.0 * (0.025 + 0.95 * whole);
        assert!((exponent / one / sum - 1.0).abs() < 1e-3, "{schedule:?}");
    }
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
