//! What is found before it costs a training, and the penalty as weight decay.

use crate::common::*;
use burn::module::Module;
use burn::optim::decay::WeightDecayConfig;
use burn::optim::{GradientsParams, SgdConfig};
use burn::tensor::{Device, Tensor};
use chamfer_burn::{
    Error, Form, Granularity, Rule, check_reads, decay_budget, decay_groups, factorize, penalty,
};

fn loss(model: &One<2>) -> Tensor<1> {
    model.weight.val().sin().sum()
}

#[test]
fn decay_groups_are_the_penalty() {
    let device = Device::default().autodiff();
    let mut rules = matrix_rules();
    rules.push(Rule::new("weight", Granularity::Neuron).weights(vec![2.0; 4]));
    for rule in rules {
        let name = format!("{rule:?}");
        let model = moved([6, 4], rule.lambda(0.3), &device);
        let step = |objective: Tensor<1>, mut optimizer: burn::optim::ModuleOptimizer| {
            let gradients = GradientsParams::from_grads(objective.backward(), &model);
            factors(&optimizer.step(0.1, model.clone(), gradients)).concat()
        };
        let plain = step(loss(&model) + penalty(&model).unwrap(), SgdConfig::new().init());
        let mut optimizer = SgdConfig::new().init();
        for group in decay_groups(&model).unwrap() {
            #[allow(clippy::cast_possible_truncation)]
            let decay = Some(WeightDecayConfig::new(group.decay as f32));
            let sgd = SgdConfig::new().with_weight_decay(decay).build();
            optimizer = optimizer.with_group(group.group, sgd, None);
        }
        let decayed = step(loss(&model), optimizer);
        // The optimizer keeps its decay in f32.
        assert!(plain.iter().zip(&decayed).all(|(a, b)| (a - b).abs() < 1e-7), "{name}");
    }
    let rule = Rule::new("weight", Granularity::Layer).weights(vec![2.0]);
    assert!(decay_groups(&moved([2, 2], rule, &device)).is_ok());
    let rule = Rule::new("weight", Granularity::Neuron).weights(vec![1.0, 2.0]);
    let error = decay_groups(&moved([2, 2], rule, &device)).unwrap_err();
    assert!(matches!(error, Error::OneDecay { .. }));
}

/// Descent on the penalty alone shrinks the weights by as much as the budget says.
#[test]
fn the_budget_is_what_the_penalty_does() {
    let device = Device::default().autodiff();
    for rule in matrix_rules() {
        let name = format!("{rule:?}");
        let mut model = moved([6, 4], rule.lambda(0.5), &device);
        let before = read(model.weight.val());
        let (rate, steps) = (1e-3, 100);
        let mut optimizer = SgdConfig::new().init();
        for _ in 0..steps {
            let gradients = penalty(&model).unwrap().backward();
            let gradients = GradientsParams::from_grads(gradients, &model);
            model = optimizer.step(rate, model, gradients);
        }
        let budget = decay_budget(&model, rate * f64::from(steps)).unwrap();
        for (before, after) in before.iter().zip(read(model.weight.val())) {
            let exponent = (before / after).ln();
            let error = (exponent / budget.layers[0].exponent - 1.0).abs();
            assert!(error < 0.02, "{name}: {exponent} and {budget}");
        }
    }
}

#[test]
fn a_small_budget_is_a_warning() {
    let model =
        moved([2, 2], Rule::new("weight", Granularity::Weight).lambda(0.01), &Device::default());
    let small = decay_budget(&model, 100.0).unwrap();
    assert_eq!(small.too_small().count(), 1);
    assert!(small.to_string().contains("too little"), "{small}");
    let large = decay_budget(&model, 1000.0).unwrap();
    assert_eq!(large.too_small().count(), 0);
}

#[test]
fn code_that_reads_the_base_is_found() {
    let device = Device::default();
    let forms = [Form::Product { depth: 2 }, Form::Power { depth: 3.0 }];
    for form in forms {
        let rule = Rule::new("weight", Granularity::Weight).form(form);
        let model = factorize(one(&numbers(4, 0.0), [2, 2], &device), &[rule]).unwrap();
        let right = |model: &One<2>| read(model.weight.val().sin().sum())[0];
        let wrong = |model: &One<2>| read((*model.weight).clone().sin().sum())[0];
        assert_eq!(check_reads(&model, right), Ok(()));
        let error = check_reads(&model, wrong).unwrap_err();
        assert!(matches!(&error, Error::ReadsBase { path, .. } if path == "weight"), "{error}");
        assert!(check_reads(&model.materialize(), wrong).is_ok(), "nothing has factors");
    }
}
