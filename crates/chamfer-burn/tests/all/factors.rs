//! The map and the penalty on devices agree with the mathematics crate, and their gradients with
//! finite differences.

use crate::common::*;
use burn::tensor::{Device, Tensor};
use chamfer::{
    GroupPower, GroupProduct, Groups, HppK, MatrixProduct, Parametrization, Power, Strength,
};
use chamfer_burn::{Form, Granularity, Init, Rule, Zeros, factorize, penalty, report};

/// A smooth loss of the weights that treats each of them differently.
fn loss<const D: usize>(model: &One<D>) -> Tensor<1> {
    let weight: Tensor<1> = model.weight.val().reshape([-1]);
    let scale = tensor(&numbers(weight.dims()[0], 2.0), weight.dims(), &weight.device());
    (weight.clone().sin() * scale + weight.powi_scalar(2)).sum()
}

fn gradients_match<const D: usize>(shape: [usize; D], rules: Vec<Rule>) {
    let device = Device::default().autodiff();
    for rule in rules {
        let name = format!("{rule:?}");
        let model = moved(shape, rule.lambda(0.3), &device);
        let objective = |model: &One<D>| loss(model) + penalty(model).unwrap();
        let found = gradients(&model, &objective(&model).backward());
        let step = 1e-5;
        for (factor, gradient) in found.iter().enumerate() {
            for (at, slope) in gradient.iter().enumerate() {
                let value = |by: f64| {
                    let shift = |f, i, x| if (f, i) == (factor, at) { x + by } else { x };
                    read(objective(&change(model.clone(), shift)))[0]
                };
                let difference = (value(step) - value(-step)) / (2.0 * step);
                let error = (slope - difference).abs() / (1.0 + slope.abs());
                assert!(error < 1e-7, "{name}: factor {factor}[{at}]: {slope} and {difference}");
            }
        }
    }
}

#[test]
fn gradients_match_finite_differences() {
    gradients_match([6, 4], matrix_rules());
    gradients_match([4, 6], vec![Rule::new("weight", Granularity::Rank).depth(3)]);
    gradients_match([3, 2, 2, 2], convolution_rules());
    gradients_match([5], vec![Rule::new("weight", Granularity::Weight)]);
}

#[test]
fn weights_of_their_own_have_the_right_gradients() {
    let weights = |n: usize| (1..=n).map(|i| 0.5 * i as f64).collect();
    let rules = [
        Rule::new("weight", Granularity::Weight).weights(weights(24)),
        Rule::new("weight", Granularity::Neuron).depth(3).weights(weights(4)),
        Rule::new("weight", Granularity::HeadOutputs { heads: 2 }).weights(weights(2)),
        Rule::new("weight", Granularity::Rank).weights(weights(1)),
    ];
    gradients_match([6, 4], rules.into());
}

/// Zero is a point like any other to the gradients: nothing is divided by a factor.
#[test]
fn gradients_are_finite_at_zero() {
    let device = Device::default().autodiff();
    for rule in matrix_rules() {
        let name = format!("{rule:?}");
        let model = change(moved([6, 4], rule, &device), |_, _, _| 0.0);
        let objective = loss(&model) + penalty(&model).unwrap();
        let found = gradients(&model, &objective.backward());
        assert!(found.iter().flatten().all(|g| *g == 0.0), "{name}: {found:?}");
    }
}

/// The group of each weight of a `[6, 4]` matrix, by its row and column.
fn labels(of: impl Fn(usize, usize) -> usize) -> Vec<usize> {
    (0..24).map(|index| of(index / 4, index % 4)).collect()
}

/// What `chamfer` has for a rule, made here without the layouts of this crate.
fn row(granularity: Granularity, form: Form) -> Box<dyn Parametrization<f64>> {
    let labels = match granularity {
        Granularity::Weight => {
            return match form {
                Form::Product { depth } => Box::new(HppK::new(depth).unwrap()),
                Form::Power { depth } => Box::new(Power::new(depth).unwrap()),
                _ => unreachable!(),
            };
        }
        Granularity::Rank => {
            let Form::Product { depth } = form else { unreachable!() };
            return Box::new(MatrixProduct::new(4, 6, depth).unwrap());
        }
        Granularity::InputFeature | Granularity::EmbeddingRow => labels(|row, _| row),
        Granularity::Neuron | Granularity::Axis(1) => labels(|_, column| column),
        Granularity::HeadOutputs { heads: 2 } => labels(|_, column| column / 2),
        Granularity::HeadInputs { heads: 3 } => labels(|row, _| row / 2),
        Granularity::Blocks { axis: 0, count: 2 } => labels(|row, _| row / 3),
        Granularity::Layer => labels(|_, _| 0),
        _ => unreachable!(),
    };
    let groups = Groups::from_labels(&labels).unwrap();
    match form {
        Form::Product { depth } => Box::new(GroupProduct::deep(groups, depth).unwrap()),
        Form::Power { depth } => Box::new(GroupPower::new(groups, depth).unwrap()),
        Form::Nested { weights, gates } => {
            Box::new(GroupProduct::nested(groups, weights, gates).unwrap())
        }
        _ => unreachable!(),
    }
}

#[test]
fn the_mathematics_crate_agrees() {
    let device = Device::default();
    for rule in matrix_rules() {
        let name = format!("{rule:?}");
        let model = moved([6, 4], rule.lambda(0.3), &device);
        let layer = report(&model, Zeros::UpTo(0.0)).unwrap().layers.remove(0);
        let row = row(layer.granularity, layer.form);
        // The matrix is tall, so that the base is the last of the matrices.
        let mut factors = factors(&model);
        if layer.granularity == Granularity::Rank {
            factors.rotate_left(1);
        }
        let factors = factors.concat();
        let weights = row.default_weights();
        let strength = match &weights {
            Some(weights) => Strength::weighted(0.3, weights),
            None => Strength::uniform(0.3),
        };
        let close = |a: f64, b: f64| (a - b).abs() <= 1e-12 * (1.0 + b.abs());
        let mut coefficients = vec![0.0; 24];
        row.collapse(&factors, &mut coefficients);
        let same = read(model.weight.val()).iter().zip(&coefficients).all(|(a, b)| close(*a, *b));
        assert!(same, "{name}: the map");
        let surrogate = row.surrogate(&factors, strength);
        assert!(close(read(penalty(&model).unwrap())[0], surrogate), "{name}: the penalty");
        assert!(close(layer.penalty, surrogate), "{name}: the reported penalty");
        assert!(close(layer.induced, row.penalty().value(&coefficients, strength)), "{name}");
        assert!(close(layer.imbalance, row.imbalance(&factors)), "{name}: imbalance");
        let balanced = matches!(layer.form, Form::Power { .. }) && factors.len() == 24;
        assert!(balanced || layer.misalignment() > 1e-3, "{name}: factors off balance cost more");
    }
}

#[test]
fn attaching_keeps_the_values() {
    let device = Device::default();
    let values = numbers(24, 0.0);
    for rule in matrix_rules() {
        let name = format!("{rule:?}");
        let open = factorize(one(&values, [6, 4], &device), std::slice::from_ref(&rule)).unwrap();
        let rounding = if name.contains("Weight, form: Power") { 1e-14 } else { 0.0 };
        let close = |a: &One<2>, most: f64| {
            read(a.weight.val()).iter().zip(&values).all(|(a, b)| (a - b).abs() <= most)
        };
        assert!(close(&open, rounding), "{name}");

        let rule = rule.init(Init::Balanced);
        let balanced = factorize(one(&values, [6, 4], &device), &[rule]).unwrap();
        assert!(close(&balanced, 1e-13), "{name}, balanced");
        let report = report(&balanced, Zeros::UpTo(0.0)).unwrap();
        assert!(report.misalignment().abs() < 1e-12 && report.imbalance() < 1e-12, "{report}");
    }
}

#[test]
fn fresh_weights_have_the_same_spread_and_follow_the_seed() {
    let device = Device::default();
    let values: Vec<f64> = numbers(4096, 0.0).iter().map(|x| 0.1 * x).collect();
    let deviation =
        |values: &[f64]| (values.iter().map(|x| x * x).sum::<f64>() / values.len() as f64).sqrt();
    for depth in [2, 3, 4] {
        let fresh = |seed| {
            let rule =
                Rule::new("weight", Granularity::Weight).depth(depth).init(Init::Fresh { seed });
            factorize(one(&values, [64, 64], &device), &[rule]).unwrap()
        };
        let weights = read(fresh(1).weight.val());
        assert!((deviation(&weights) / deviation(&values) - 1.0).abs() < 0.1);
        assert_eq!(weights, read(fresh(1).weight.val()));
        assert_ne!(weights, read(fresh(2).weight.val()));
    }
}
