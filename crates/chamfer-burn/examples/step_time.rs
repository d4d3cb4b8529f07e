//! How long a step of training takes with factors, compared with one without.
//!
//! ```sh
//! cargo run --release -p chamfer-burn --example step_time
//! ```

use burn::module::Module;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{Linear, LinearConfig};
use burn::optim::{GradientsParams, SgdConfig};
use burn::tensor::{Device, Distribution, Tensor};
use chamfer_burn::{Error, Form, Granularity, Rule, factorize, penalty};
use std::time::Instant;

/// Seconds of a step: the shortest of several runs, which the machine disturbs least.
fn seconds<M: Module>(
    mut model: M,
    input: &Tensor<4>,
    forward: impl Fn(&M, Tensor<4>) -> Tensor<1>,
) -> f64 {
    const STEPS: u32 = 10;
    let mut optimizer = SgdConfig::new().init();
    let mut best = f64::INFINITY;
    for _ in 0..8 {
        let start = Instant::now();
        for _ in 0..STEPS {
            let mut loss = forward(&model, input.clone());
            if let Ok(penalty) = penalty(&model) {
                loss = loss + penalty;
            }
            let gradients = GradientsParams::from_grads(loss.backward(), &model);
            model = optimizer.step(1e-4, model, gradients);
        }
        best = best.min(start.elapsed().as_secs_f64() / f64::from(STEPS));
    }
    best
}

fn table<M: Module>(
    name: &str,
    new: impl Fn() -> M,
    input: &Tensor<4>,
    forward: impl Fn(&M, Tensor<4>) -> Tensor<1> + Copy,
    rules: &[(Granularity, Form)],
) -> Result<(), Error> {
    let plain = seconds(new(), input, forward);
    println!("{name}: {:.2} ms without factors", 1e3 * plain);
    for (granularity, form) in rules {
        let model = factorize(new(), &[Rule::new("weight", *granularity).form(*form)])?;
        let ratio = seconds(model, input, forward) / plain;
        let what = format!("{form} by {granularity}");
        println!("  {what:28}  × {ratio:.2}");
    }
    Ok(())
}

fn main() -> Result<(), Error> {
    let device = Device::default().autodiff();
    let random = |shape| Tensor::<4>::random(shape, Distribution::Default, &device);
    let product = |depth| Form::Product { depth };
    let by_unit = |unit| {
        [
            (Granularity::Weight, product(2)),
            (Granularity::Weight, product(4)),
            (Granularity::Weight, Form::Power { depth: 3.0 }),
            (unit, product(2)),
            (unit, product(4)),
        ]
    };
    table(
        "a linear layer, 512 × 512, 64 samples",
        || LinearConfig::new(512, 512).init(&device),
        &random([64, 1, 1, 512]),
        |model: &Linear, x| model.forward(x).powi_scalar(2).mean(),
        &[&by_unit(Granularity::Neuron)[..], &[(Granularity::Rank, product(2))]].concat(),
    )?;
    table(
        "a convolution, 32 to 32 channels, 3 × 3, 32 images of 16 × 16",
        || Conv2dConfig::new([32, 32], [3, 3]).init(&device),
        &random([32, 32, 16, 16]),
        |model: &Conv2d, x| model.forward(x).powi_scalar(2).mean(),
        &by_unit(Granularity::Filter),
    )
}
