//! Factors through the life of a model: training to solutions with a closed form, records,
//! validation, and the collapse to exact zeros.

use crate::common::*;
use burn::module::Module;
use burn::nn::{Linear, LinearConfig, Relu};
use burn::optim::momentum::MomentumConfig;
use burn::optim::{GradientsParams, SgdConfig};
use burn::tensor::{DType, Device, Tensor, TensorData};
use chamfer_burn::{
    Collapsed, Form, Granularity, Init, Rule, Zeros, collapse, factorize, penalty, report,
};

const SHAPE: [usize; 2] = [3, 4];

/// Minimizes `½‖W − Z‖² + penalty`, whose solutions are known.
fn denoised(target: &[f64], rule: Rule, steps: usize) -> Collapsed<One<2>> {
    let device = Device::default().autodiff();
    let mut model = factorize(one(&numbers(12, 1.0), SHAPE, &device), &[rule]).unwrap();
    let target = tensor(target, SHAPE, &device);
    let loss =
        |model: &One<2>| (model.weight.val() - target.clone()).powi_scalar(2).sum().mul_scalar(0.5);
    let momentum = MomentumConfig { momentum: 0.9, dampening: 0.0, nesterov: false };
    let mut optimizer = SgdConfig::new().with_momentum(Some(momentum)).init();
    for _ in 0..steps {
        let objective = loss(&model) + penalty(&model).unwrap();
        let gradients = GradientsParams::from_grads(objective.backward(), &model);
        model = optimizer.step(0.05, model, gradients);
    }
    let at_end = report(&model, Zeros::Gap).unwrap();
    assert!(at_end.misalignment() < 1e-6 && at_end.imbalance() < 1e-6, "{at_end}");
    let collapsed = collapse(&model, Zeros::Gap, |model| read(loss(model))[0]).unwrap();
    assert!((collapsed.loss_before - collapsed.loss_after).abs() < 1e-6, "{collapsed}");
    collapsed
}

fn assert_close(collapsed: &Collapsed<One<2>>, expected: &[f64]) {
    let found = read(collapsed.model.weight.val());
    for (a, b) in found.iter().zip(expected) {
        assert!((a - b).abs() < 1e-5, "{found:?} and {expected:?}\n{collapsed}");
        assert_eq!(*a == 0.0, *b == 0.0, "zeros are exact, and nothing else is zero: {found:?}");
    }
}

/// `(1 − λ/‖z‖)₊`.
fn shrink(norm: f64, lambda: f64) -> f64 {
    if norm > lambda { 1.0 - lambda / norm } else { 0.0 }
}

const TARGET: [f64; 12] = [1.5, -0.2, 0.8, 0.1, -0.9, 0.3, 0.1, -0.2, 0.05, -0.1, -1.2, 0.15];

#[test]
fn weights_are_soft_thresholded() {
    let rule = Rule::new("weight", Granularity::Weight).lambda(0.5);
    let expected: Vec<f64> = TARGET.iter().map(|z| z * shrink(z.abs(), 0.5)).collect();
    assert_close(&denoised(&TARGET, rule.clone(), 1000), &expected);
    let fresh = rule.init(Init::Fresh { seed: 3 });
    assert_close(&denoised(&TARGET, fresh, 1000), &expected);
}

#[test]
fn groups_are_shrunk_together() {
    for (granularity, same) in [
        (
            Granularity::InputFeature,
            (|i: usize, j: usize| i / 4 == j / 4) as fn(usize, usize) -> bool,
        ),
        (Granularity::Neuron, |i, j| i % 4 == j % 4),
        (Granularity::HeadOutputs { heads: 2 }, |i, j| i % 4 / 2 == j % 4 / 2),
    ] {
        let norm = |i: usize| {
            let squares = (0..12).filter(|j| same(i, *j)).map(|j| TARGET[j] * TARGET[j]);
            squares.sum::<f64>().sqrt()
        };
        let size = |i: usize| (0..12).filter(|j| same(i, *j)).count() as f64;
        let expected: Vec<f64> =
            (0..12).map(|i| TARGET[i] * shrink(norm(i), 0.65 * size(i).sqrt())).collect();
        let rule = Rule::new("weight", granularity).lambda(0.65);
        assert_close(&denoised(&TARGET, rule, 1000), &expected);
    }
}

#[test]
fn singular_values_are_soft_thresholded() {
    // U diag(2, 1.2, 0.3) Vᵀ with V part of the identity and U a rotation.
    let (c, s) = (0.8, 0.6);
    let product = |values: [f64; 3]| {
        let [a, b, d] = values;
        vec![c * a, -s * b, 0.0, 0.0, s * a, c * b, 0.0, 0.0, 0.0, 0.0, d, 0.0]
    };
    let rule = Rule::new("weight", Granularity::Rank).lambda(0.5);
    let collapsed = denoised(&product([2.0, 1.2, 0.3]), rule, 1000);
    assert_eq!((collapsed.layers[0].live_units, collapsed.layers[0].units), (2, 3));
    let found = read(collapsed.model.weight.val());
    for (a, b) in found.iter().zip(product([1.5, 0.7, 0.0])) {
        assert!((a - b).abs() < 1e-5, "{found:?}");
    }
}

/// `½(b − z)² + λ|b|^q` is stationary at `b − z + λq b^{q−1} = 0`, or at 0.
#[test]
fn deep_forms_reach_stationary_points_of_their_penalty() {
    for (form, depth) in [(Form::Product { depth: 3 }, 3.0), (Form::Power { depth: 2.5 }, 2.5)] {
        let rule = Rule::new("weight", Granularity::Weight).lambda(0.1).form(form);
        let found = read(denoised(&TARGET, rule, 1500).model.weight.val());
        let q = 2.0 / depth;
        let zeros = found.iter().filter(|b| **b == 0.0).count();
        assert!((3..12).contains(&zeros), "{found:?}");
        for (b, z) in found.iter().zip(TARGET).filter(|(b, _)| **b != 0.0) {
            let slope = b - z + 0.1 * q * b.abs().powf(q - 1.0) * b.signum();
            assert!(slope.abs() < 1e-5, "{found:?}");
        }
    }
}

#[derive(Module, Debug)]
struct Mlp {
    first: Linear,
    second: Linear,
}

impl Mlp {
    fn new(device: &Device) -> Self {
        Self {
            first: LinearConfig::new(5, 8).init(device),
            second: LinearConfig::new(8, 3).init(device),
        }
    }

    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        self.second.forward(Relu::new().forward(self.first.forward(x)))
    }
}

fn rules() -> [Rule; 2] {
    let neurons = Rule::new("first.weight", Granularity::Neuron).lambda(0.01).depth(3);
    [neurons, Rule::new("second.weight", Granularity::Weight).lambda(0.01)]
}

fn input(device: &Device) -> Tensor<2> {
    let options = (device, DType::F32);
    Tensor::from_data(TensorData::new(numbers(20, 0.5), [4, 5]).convert_dtype(DType::F32), options)
}

#[test]
fn attaching_to_layers_of_burn_changes_no_bit() {
    let device = Device::default();
    let plain = Mlp::new(&device);
    let before = plain.forward(input(&device)).into_data();
    let model = factorize(plain, &rules()).unwrap();
    assert_eq!(before, model.forward(input(&device)).into_data());
}

#[test]
fn records_validation_and_forks_keep_the_factors() {
    let device = Device::default().autodiff();
    let mut model = factorize(Mlp::new(&device), &rules()).unwrap();
    let mut optimizer = SgdConfig::new().init();
    for _ in 0..3 {
        let loss = model.forward(input(&device)).powi_scalar(2).mean() + penalty(&model).unwrap();
        let gradients = GradientsParams::from_grads(loss.backward(), &model);
        model = optimizer.step(0.1, model, gradients);
    }
    let before = model.forward(input(&device)).into_data();
    let expected = penalty(&model).unwrap().into_data();

    let loaded =
        factorize(Mlp::new(&device), &rules()).unwrap().load_record(model.clone().into_record());
    let plain = device.clone().without_autodiff();
    let valid = model.valid();
    assert_eq!(before, valid.forward(input(&plain)).into_data());
    let forked = valid.clone().train().fork(&device);
    for model in [&loaded, &valid, &forked] {
        assert_eq!(expected, penalty(model).unwrap().into_data());
    }
    assert_eq!(before, loaded.forward(input(&device)).into_data());

    // Records of other factors are refused.
    let other = [Rule::new("first.weight", Granularity::InputFeature)];
    let other = factorize(Mlp::new(&device), &other).unwrap();
    assert!(other.try_load_record(model.into_record()).is_err());
}

#[test]
fn a_threshold_sets_zeros_and_keeps_the_rest() {
    let device = Device::default();
    let rule = Rule::new("weight", Granularity::Neuron);
    let values = [1.0, 1e-3, 2.0, 0.1, -1.0, -1e-3, 0.5, 0.2];
    let model = factorize(one(&values, [2, 4], &device), &[rule]).unwrap();
    let collapsed = collapse(&model, Zeros::UpTo(0.01), |model| read(model.weight.val().sum())[0]);
    let collapsed = collapsed.unwrap();
    assert_eq!(read(collapsed.model.weight.val()), [1.0, 0.0, 2.0, 0.1, -1.0, 0.0, 0.5, 0.2]);
    let layer = &collapsed.layers[0];
    assert_eq!((layer.live_units, layer.units), (3, 4));
    assert_eq!(layer.live, [0, 2, 3]);
    assert!((layer.largest_zero - 1e-3 * 2f64.sqrt()).abs() < 1e-12);
    assert!((layer.smallest_kept.unwrap() - 0.05f64.sqrt()).abs() < 1e-12);
    assert!(penalty(&collapsed.model).is_err(), "no factors are left");
}

#[test]
fn everything_can_be_zero() {
    let device = Device::default();
    for granularity in [Granularity::Weight, Granularity::Layer, Granularity::Rank] {
        let model =
            factorize(one(&numbers(6, 0.0), [2, 3], &device), &[Rule::new("weight", granularity)]);
        let collapsed = collapse(&model.unwrap(), Zeros::UpTo(1e9), |_| 0.0).unwrap();
        assert_eq!(read(collapsed.model.weight.val()), [0.0; 6]);
        assert_eq!(collapsed.layers[0].live_units, 0);
    }
}
