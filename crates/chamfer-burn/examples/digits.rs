//! A network of one's own on handwritten digits, made sparse and then small.
//!
//! ```sh
//! cargo run --release -p chamfer-burn --example digits
//! ```

mod network;

use burn::module::Module;
use burn::tensor::Device;
use chamfer_burn::data::digits;
use chamfer_burn::train::{Training, train};
use chamfer_burn::{
    Error, Granularity, Rule, Zeros, collapse, compact, export_onnx, factorize, report,
    save_safetensors,
};
use network::{Network, Task};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Instant;

fn main() -> Result<(), Error> {
    let device = Device::default().autodiff();
    device.seed(0);
    let task = Task::new(digits()?);
    let training = Training::new(1500, 0.02);
    let timed = |model: Network, training: &Training| {
        let start = Instant::now();
        let loss = |model: &Network, step| task.loss(model, step);
        let trained = train(model, training, loss, |_, _, _| ControlFlow::Continue(()));
        trained.map(|trained| (trained.model, start.elapsed().as_secs_f64()))
    };

    let (dense, dense_time) = timed(Network::new(&device), &training)?;
    let (_, accuracy) = task.evaluate(&dense, &task.test);
    println!("dense: {} numbers, accuracy {accuracy:.4}, {dense_time:.1} s\n", dense.num_params());

    // What makes it sparse:
    let rules = [
        Rule::new("norm*.gamma", Granularity::Weight).lambda(1e-2).depth(3),
        Rule::new("fc1.weight", Granularity::Neuron).lambda(1e-3),
        Rule::new("fc2.weight", Granularity::Weight).lambda(5e-3).depth(3),
    ];
    let model = factorize(Network::new(&device), &rules)?;
    let training = training.for_factors(&model);
    println!("{}\n", training.budget(&model)?);
    let (model, time) = timed(model, &training)?;
    println!("{}\n", report(&model, Zeros::Gap)?);

    // What makes it small:
    let loss = |model: &Network| task.evaluate(model, &task.training).0;
    let collapsed = collapse(&model, Zeros::Gap, loss)?;
    println!("{collapsed}\n");
    let (example, _) = task.images.batch(&task.training[..32], &Device::default());
    let small = compact(&collapsed.model, &example, Network::forward)?;
    println!("{small}\n");

    let (_, accuracy) = task.evaluate(&small.model, &task.test);
    let numbers = small.model.num_params();
    println!("small: {numbers} numbers, accuracy {accuracy:.4}");
    println!("a step of training took {:.2} times as long", time / dense_time);
    let folder = PathBuf::from("target/digits");
    std::fs::create_dir_all(&folder).ok();
    save_safetensors(&small.model, folder.join("digits.safetensors"), [])?;
    export_onnx(&small.model, &example, Network::forward, folder.join("digits.onnx"))?;
    println!("written to {}", folder.display());
    Ok(())
}
