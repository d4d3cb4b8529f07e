//! What is wrong with rules is said before anything is changed.

use crate::common::*;
use burn::module::{Module, Param};
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{BatchNorm, BatchNormConfig, Linear, LinearConfig};
use burn::tensor::{Device, Tensor};
use chamfer_burn::{
    Error, Form, Granularity, Init, Rule, Zeros, collapse, factorize, penalty, report,
};

#[derive(Module, Debug)]
struct Network {
    conv: Conv2d,
    norm: BatchNorm,
    fc: Linear,
}

fn network() -> Network {
    let device = Device::default();
    Network {
        conv: Conv2dConfig::new([3, 4], [2, 2]).init(&device),
        norm: BatchNormConfig::new(4).init(&device),
        fc: LinearConfig::new(6, 10).init(&device),
    }
}

fn refused(rules: &[Rule]) -> Error {
    factorize(network(), rules).expect_err("these rules are wrong")
}

#[test]
fn rules_that_match_nothing_or_twice() {
    let error = refused(&[Rule::new("fc1.weight", Granularity::Weight)]);
    assert!(matches!(&error, Error::NoMatch { paths, .. } if paths.contains(&"fc.weight".into())));
    assert!(error.to_string().contains("fc.weight"), "{error}");
    let both = [Rule::new("fc*", Granularity::Weight), Rule::new("*.weight", Granularity::Layer)];
    assert!(matches!(refused(&both), Error::TwoRules { path, .. } if path == "fc.weight"));
}

#[test]
fn granularities_that_a_shape_cannot_have() {
    for (path, granularity) in [
        ("fc.weight", Granularity::Filter),
        ("fc.weight", Granularity::Axis(2)),
        ("fc.weight", Granularity::HeadOutputs { heads: 3 }),
        ("fc.weight", Granularity::HeadInputs { heads: 0 }),
        ("fc.bias", Granularity::Neuron),
        ("fc.bias", Granularity::Rank),
        ("conv.weight", Granularity::Neuron),
    ] {
        let error = refused(&[Rule::new(path, granularity)]);
        assert!(
            matches!(&error, Error::Granularity { path: named, .. } if named == path),
            "{error}"
        );
    }
}

#[test]
fn numbers_and_forms_out_of_range() {
    let rule = |granularity| Rule::new("fc.weight", granularity);
    for lambda in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let error = refused(&[rule(Granularity::Weight).lambda(lambda)]);
        assert!(matches!(error, Error::Strength { what: "lambda", .. }));
    }
    let error = refused(&[rule(Granularity::Neuron).weights(vec![1.0; 9])]);
    assert!(matches!(error, Error::Weights { expected: 10, found: 9, .. }));
    let error = refused(&[rule(Granularity::Neuron).weights(vec![0.0; 10])]);
    assert!(matches!(error, Error::Strength { what: "a weight", .. }));
    for form in [
        Form::Product { depth: 1 },
        Form::Power { depth: 2.9 },
        Form::Nested { weights: 0, gates: 1 },
        Form::Nested { weights: 1, gates: 0 },
    ] {
        let error = refused(&[rule(Granularity::Neuron).form(form)]);
        assert!(matches!(error, Error::Parametrization { .. }), "{error}");
    }
    let nested = Form::Nested { weights: 1, gates: 1 };
    assert!(matches!(refused(&[rule(Granularity::Weight).form(nested)]), Error::Form { .. }));
    let power = Form::Power { depth: 3.0 };
    assert!(matches!(refused(&[rule(Granularity::Rank).form(power)]), Error::Form { .. }));
}

#[test]
fn what_cannot_have_factors() {
    let running = [Rule::new("norm.running_mean", Granularity::Weight)];
    assert!(matches!(refused(&running), Error::NotTrained { path } if path == "norm.running_mean"));

    let rules = [Rule::new("fc.weight", Granularity::Weight)];
    let twice = factorize(factorize(network(), &rules).unwrap(), &rules);
    assert!(matches!(twice, Err(Error::AlreadyFactorized { path }) if path == "fc.weight"));

    let device = Device::default();
    let weights =
        factorize(one(&[1.0, f64::NAN], [2], &device), &[Rule::new("*", Granularity::Weight)]);
    assert!(matches!(weights, Err(Error::NotFinite { .. })));

    let balanced = Rule::new("*", Granularity::Weight).depth(3).init(Init::Balanced);
    let zero = factorize(one(&[1.0, 0.0], [2], &device), &[balanced]);
    assert!(matches!(zero, Err(Error::FrozenStart { index: 1, .. })));
}

#[test]
fn tied_parameters() {
    #[derive(Module, Debug)]
    struct Tied {
        first: Param<Tensor<2>>,
        second: Param<Tensor<2>>,
    }
    let first = one(&numbers(4, 0.0), [2, 2], &Device::default()).weight;
    let tied = Tied { second: first.clone(), first };
    let error = factorize(tied, &[Rule::new("first", Granularity::Weight)]).unwrap_err();
    assert!(
        matches!(&error, Error::Tied { first, second } if first == "first" && second == "second")
    );
}

#[test]
fn models_without_factors() {
    let model = network();
    assert_eq!(penalty(&model).unwrap_err(), Error::NotFactorized);
    assert_eq!(report(&model, Zeros::Gap).unwrap_err(), Error::NotFactorized);
    assert_eq!(collapse(&model, Zeros::Gap, |_| 0.0).unwrap_err(), Error::NotFactorized);
    let error = report(&model, Zeros::UpTo(f64::NAN)).unwrap_err();
    assert!(matches!(error, Error::Threshold { .. }));
}
