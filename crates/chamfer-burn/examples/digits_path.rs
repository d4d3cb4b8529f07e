//! A path from dense to sparse: each λ starts from the factors of the one before.
//!
//! ```sh
//! cargo run --release -p chamfer-burn --example digits_path
//! cargo run --release -p chamfer-burn --example digits_path -- FOLDER   # can be interrupted and goes on
//! ```

mod network;

use burn::module::Module;
use burn::tensor::Device;
use chamfer_burn::data::digits;
use chamfer_burn::train::{End, Training, train};
use chamfer_burn::{Error, Granularity, Rule, Zeros, collapse, compact, factorize};
use network::{Network, Task};
use std::ops::ControlFlow;
use std::path::PathBuf;

const LAMBDA: f64 = 1e-3;

fn main() -> Result<(), Error> {
    let device = Device::default().autodiff();
    device.seed(0);
    let task = Task::new(digits()?);
    let folder = std::env::args().nth(1).map(PathBuf::from);
    let (example, _) = task.images.batch(&task.training[..32], &Device::default());
    let rules = [
        Rule::new("norm*.gamma", Granularity::Weight).lambda(LAMBDA).depth(3),
        Rule::new("fc1.weight", Granularity::Neuron).lambda(0.1 * LAMBDA),
    ];
    let mut model = factorize(Network::new(&device), &rules)?;
    println!("{:>7}  {:>8}  {:>8}  {:>10}", "λ", "accuracy", "numbers", "operations");
    for scale in [1.0, 3.0, 10.0, 30.0, 100.0] {
        let training = Training {
            penalty_scale: scale,
            checkpoints: folder.as_ref().map(|folder| folder.join(format!("{scale}"))),
            ..Training::new(1000, 0.02).for_factors(&model)
        };
        let loss = |model: &Network, step| task.loss(model, step);
        let trained = train(model, &training, loss, |_, _, _| ControlFlow::Continue(()))?;
        if let End::Diverged { step } = trained.end {
            println!("the loss was not finite at step {step}: use a smaller rate");
            return Ok(());
        }
        model = trained.model;
        let loss = |model: &Network| task.evaluate(model, &task.training).0;
        let collapsed = collapse(&model, Zeros::Gap, loss)?;
        let small = compact(&collapsed.model, &example, Network::forward)?;
        let (_, accuracy) = task.evaluate(&small.model, &task.test);
        let numbers = small.model.num_params();
        let operations = small.flops_after / 32;
        println!("{:7.4}  {accuracy:8.4}  {numbers:8}  {operations:10}", LAMBDA * scale);
    }
    Ok(())
}
