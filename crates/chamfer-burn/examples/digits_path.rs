//! A path from dense to sparse: each λ starts from the factors of the one before.
//!
//! ```sh
//! cargo run --release -p chamfer-burn --example digits_path
//! ```
//!
//! It keeps checkpoints in `target/digits/path`, so that it can be interrupted and goes on, and draws
//! `target/digits/path.svg`.

mod network;

use burn::module::Module;
use burn::tensor::Device;
use chamfer_burn::data::digits;
use chamfer_burn::train::{End, Training, path};
use chamfer_burn::{Granularity, Rule, compact, factorize};
use network::{Network, Task};
use plotters::coord::Shift;
use plotters::coord::ranged1d::{AsRangedCoord, ValueFormatter};
use plotters::prelude::*;
use std::path::Path;

type Failure = Box<dyn std::error::Error>;

/// A network of the path.
struct Point {
    lambda: f64,
    accuracy: f64,
    numbers: usize,
}

const LAMBDA: f64 = 1e-3;

fn main() -> Result<(), Failure> {
    let device = Device::default().autodiff();
    device.seed(0);
    let task = Task::new(digits()?);
    let folder = Path::new("target/digits");
    let mut points = Vec::new();
    let (example, _) = task.images.batch(&task.training[..32], &Device::default());
    let rules = [
        Rule::new("norm*.gamma", Granularity::Weight).lambda(LAMBDA).depth(3),
        Rule::new("fc1.weight", Granularity::Neuron).lambda(0.1 * LAMBDA),
    ];
    let model = factorize(Network::new(&device), &rules)?;
    let training = Training {
        checkpoints: Some(folder.join("path")),
        ..Training::new(1000, 0.02).for_factors(&model)
    };
    let scales = [1.0, 2.0, 3.0, 5.0, 7.0, 10.0, 15.0, 20.0, 30.0, 50.0, 70.0, 100.0];
    let loss = |model: &Network, step| task.loss(model, step);
    let training_loss = |model: &Network| task.evaluate(model, &task.training).0;
    println!("{:>7}  {:>8}  {:>8}  {:>10}", "λ", "accuracy", "numbers", "operations");
    for point in path(model, &training, &scales, loss, training_loss)? {
        let point = point?;
        if let End::Diverged { step } = point.trained.end {
            println!("the loss was not finite at step {step}: use a smaller rate");
            return Ok(());
        }
        let small = compact(&point.collapsed.model, &example, Network::forward)?;
        let (_, accuracy) = task.evaluate(&small.model, &task.test);
        let lambda = LAMBDA * point.scale;
        let numbers = small.model.num_params();
        let operations = small.flops_after / 32;
        println!("{lambda:7.4}  {accuracy:8.4}  {numbers:8}  {operations:10}");
        points.push(Point { lambda, accuracy, numbers });
    }
    picture(&folder.join("path.svg"), &points)
}

/// What is left, and how good it is, against λ.
fn picture(path: &Path, points: &[Point]) -> Result<(), Failure> {
    let root = SVGBackend::new(path, (860, 340)).into_drawing_area();
    root.fill(&WHITE)?;
    let (left, right) = root.split_horizontally(430);
    let most = points.iter().map(|point| point.numbers).max().unwrap_or(1) as f64;
    let numbers = |point: &Point| (point.lambda, point.numbers as f64);
    let count = |y: &f64| format!("{y:.0}");
    panel(
        &left,
        "numbers in the network",
        points,
        (100.0..2.0 * most).log_scale(),
        numbers,
        &count,
    )?;
    let worst = points.iter().map(|point| point.accuracy).fold(1.0, f64::min);
    let accuracy = |point: &Point| (point.lambda, point.accuracy);
    let share = |y: &f64| format!("{y:.2}");
    panel(&right, "accuracy on test images", points, worst - 0.02..1.0, accuracy, &share)?;
    root.present()?;
    println!("drawn in {}", path.display());
    Ok(())
}

fn panel<Y: AsRangedCoord<Value = f64>>(
    area: &DrawingArea<SVGBackend<'_>, Shift>,
    title: &str,
    points: &[Point],
    range: Y,
    at: impl Fn(&Point) -> (f64, f64),
    label: &dyn Fn(&f64) -> String,
) -> Result<(), Failure>
where
    Y::CoordDescType: ValueFormatter<f64>,
{
    let blue = RGBColor(0, 90, 160);
    let lambdas = points.iter().map(|point| point.lambda);
    let ends = (lambdas.clone().fold(1.0, f64::min), lambdas.fold(0.0, f64::max));
    let mut chart = ChartBuilder::on(area)
        .caption(title, ("sans-serif", 18))
        .margin(12)
        .x_label_area_size(44)
        .y_label_area_size(56)
        .build_cartesian_2d((0.8 * ends.0..1.25 * ends.1).log_scale(), range)?;
    chart
        .configure_mesh()
        .disable_mesh()
        .x_desc("λ")
        .y_label_formatter(label)
        .label_style(("sans-serif", 14))
        .axis_desc_style(("sans-serif", 16))
        .draw()?;
    let line: Vec<(f64, f64)> = points.iter().map(&at).collect();
    chart.draw_series([PathElement::new(line, blue)])?;
    chart.draw_series(points.iter().map(|point| Circle::new(at(point), 4, blue.filled())))?;
    Ok(())
}
