//! Factors inside the parameters of networks of many kinds leave their outputs as they are, to the bit,
//! and so does taking them out again.

use crate::models::*;
use burn::module::Module;
use burn::tensor::Tensor;
use chamfer_burn::{Example, Form, Granularity, Rule, Zeros, check_reads, collapse, factorize};

fn unchanged<M: Module, E: Example, const D: usize>(
    model: M,
    rules: &[Rule],
    input: &E,
    forward: impl Fn(&M, E) -> Tensor<D>,
) {
    let before = forward(&model, input.clone()).into_data();
    let factorized = factorize(model, rules).unwrap();
    assert_eq!(before, forward(&factorized, input.clone()).into_data());
    let loss = |model: &M| f64::from(values(forward(model, input.clone()).sum())[0]);
    check_reads(&factorized, loss).unwrap();
    let collapsed = collapse(&factorized, Zeros::UpTo(0.0), loss).unwrap();
    assert_eq!(before, forward(&collapsed.model, input.clone()).into_data());
    assert_eq!(collapsed.loss_before, collapsed.loss_after);
}

#[test]
fn a_perceptron() {
    let rules = [
        Rule::new("first.weight", Granularity::Neuron).depth(3),
        Rule::new("second.weight", Granularity::Rank),
        Rule::new("third.weight", Granularity::InputFeature).form(Form::Power { depth: 3.5 }),
        Rule::new("*.bias", Granularity::Weight),
    ];
    unchanged(Mlp::new(), &rules, &random([5, 6]), Mlp::forward);
}

#[test]
fn convolutions_with_normalizations_and_an_addition() {
    let rules = [
        Rule::new("conv1.weight", Granularity::Filter),
        Rule::new("conv2.weight", Granularity::Kernel).depth(4),
        Rule::new("conv3.weight", Granularity::Channel).form(Form::Nested { weights: 2, gates: 1 }),
        Rule::new("norm*.gamma", Granularity::Weight).depth(3),
        Rule::new("fc.weight", Granularity::Layer),
    ];
    unchanged(Residual::new(), &rules, &images(3), Residual::forward);
}

#[test]
fn a_transformer() {
    let rules = [
        Rule::new("embedding.weight", Granularity::EmbeddingRow),
        Rule::new("attention.*y.weight", Granularity::HeadOutputs { heads: 4 }),
        Rule::new("attention.output.weight", Granularity::HeadInputs { heads: 4 }),
        Rule::new("up.weight", Granularity::Neuron),
    ];
    unchanged(Transformer::new(), &rules, &words(3, 6), Transformer::forward);
}
