//! One training of one method: from dense to sparse, with a network to be measured at each size on the way.

use crate::Failure;
use crate::data::{Part, Task};
use crate::methods::Method;
use crate::models::Network;
use crate::results::Row;
use crate::training::{Descent, evaluate};
use crate::units::{Support, Units, all_sizes, keep_largest};
use burn::tensor::Device;
use chamfer_burn::{Compacted, compact, save_safetensors};
use std::f64::consts::PI;
use std::time::Instant;

/// An experiment, whatever its network and task are.
pub trait Trial {
    /// What is compared.
    fn methods(&self) -> &[Method];

    /// How long a network is trained.
    fn length(&self) -> Length;

    /// Trains a network by a method and measures it at each share; if it is a try, on validation data
    /// alone.
    fn run(
        &self,
        method: Method,
        seed: u64,
        attempt: Option<&Attempt>,
    ) -> Result<Vec<Row>, Failure>;
}

/// Other settings than those of the experiment, to choose by.
pub struct Attempt {
    /// How the method is trained.
    pub settings: Settings,
    /// How long.
    pub length: Length,
    /// Which shares are measured; all, if there is none.
    pub shares: Vec<f64>,
}

/// A network, its task, and the sizes that are asked for.
pub struct Experiment<N, T> {
    /// Its name in the results.
    pub name: &'static str,
    /// What is learned.
    pub task: T,
    /// A new network.
    pub new: Box<dyn Fn(&Device) -> N>,
    /// What becomes zero.
    pub units: Vec<Units>,
    /// What is compared.
    pub methods: &'static [Method],
    /// Which shares of the units may live, falling.
    pub shares: &'static [f64],
    /// Units of at most this size count as zero on the way. All methods are cut to the same number of
    /// units then; this only says when.
    pub small: f32,
    /// How long to train.
    pub length: Length,
    /// How each method is trained.
    pub settings: fn(Method) -> Settings,
}

/// How long a network is trained: the same for all methods.
#[derive(Debug, Clone, Copy)]
pub struct Length {
    /// Samples in a batch.
    pub batch: usize,
    /// Epochs on the way from dense to the smallest share.
    pub path: usize,
    /// Epochs in which what is left at a share is trained alone.
    pub polish: usize,
    /// The weight decay then.
    pub decay: f32,
}

/// How a method is trained, chosen on validation data.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// The learning rate on the way.
    pub rate: f64,
    /// The strength of the penalty in the first epoch and in the last; in between, it rises by the
    /// same factor from epoch to epoch.
    pub strengths: (f64, f64),
}

/// Above what [`all_sizes`] says of a unit of zeros.
const LEAST: f32 = 2e-6;

/// The rate at which what is left is trained begins here and falls along half a cosine.
const POLISH_RATE: f64 = 0.1;

impl<N, T> Trial for Experiment<N, T>
where
    N: Network,
    T: Task<Input = N::Input>,
{
    fn methods(&self) -> &[Method] {
        self.methods
    }

    fn length(&self) -> Length {
        self.length
    }

    fn run(
        &self,
        method: Method,
        seed: u64,
        attempt: Option<&Attempt>,
    ) -> Result<Vec<Row>, Failure> {
        let device = Device::default().autodiff();
        device.seed(seed);
        let Settings { rate, strengths } =
            attempt.map_or_else(|| (self.settings)(method), |attempt| attempt.settings);
        let length = attempt.map_or(self.length, |attempt| attempt.length);
        let Length { batch, path, .. } = length;
        let asked = |share: f64| {
            attempt
                .is_none_or(|attempt| attempt.shares.is_empty() || attempt.shares.contains(&share))
        };
        let model = method.begin((self.new)(&device), &self.units, seed)?;
        let total = all_sizes(&model.clone().materialize(), &self.units).len() as f64;
        let mut descent = Descent::new(model, &self.task, batch, 0.0, seed);
        let mut support = None;
        let mut shares = self.shares.iter().peekable();
        let mut rows = Vec::new();
        for epoch in 0..path {
            let done = epoch as f64 / (path - 1).max(1) as f64;
            let strength = strengths.0 * (strengths.1 / strengths.0).powf(done);
            let warm = |of_epoch: f64| if epoch == 0 { rate * (of_epoch + 0.01) } else { rate };
            descent.epoch(
                warm,
                |model| method.added(model, &self.units, strength),
                |model, rate| match &support {
                    Some(support) => Support::restrict(support, model),
                    None => method.after(model, &self.units, rate * strength),
                },
            );
            let last = epoch + 1 == path;
            let mut live = total;
            // Before this epoch's cut, which may go below a share: all are measured at the same number.
            let plain = descent.model.clone().materialize();
            if method == Method::Gradual {
                let least = self.shares.last().copied().unwrap_or(1.0);
                live = (total * least.powf((epoch + 1) as f64 / path as f64)).ceil();
                descent.model = keep_largest(descent.model, &self.units, count(live));
                support = Some(Support::of(&descent.model, &self.units));
            }
            if method.has_strength() {
                let sizes = all_sizes(&plain, &self.units);
                live = sizes.iter().filter(|size| **size > self.small).count() as f64;
            }
            if attempt.is_some() {
                let (loss, error) = evaluate(&plain, &self.task, Part::Validation);
                println!("after {:2}: {live:6} live, error {error:.4}, loss {loss:.4}", epoch + 1);
            }
            let mut row = |share: f64, method: String| -> Result<(), Failure> {
                let sparse = keep_largest(plain.clone(), &self.units, count(share * total));
                let row = self.measure(&sparse, length, seed, attempt.is_none())?;
                let strength = if strengths.0 == strengths.1 { 0.0 } else { strength };
                rows.push(Row { method, seed, share, strength, epoch: epoch + 1, ..row });
                Ok(())
            };
            if method == Method::OneShot && last && asked(1.0) {
                row(1.0, "dense".to_owned())?;
            }
            while let Some(share) = shares.next_if(|share| last || live <= **share * total) {
                if asked(*share) {
                    row(*share, method.to_string())?;
                }
            }
            if !shares.clone().any(|share| asked(*share)) {
                break;
            }
        }
        Ok(rows)
    }
}

impl<N, T> Experiment<N, T>
where
    N: Network,
    T: Task<Input = N::Input>,
{
    /// Makes what is zero go, trains what is left, and measures it.
    fn measure(&self, model: &N, length: Length, seed: u64, test: bool) -> Result<Row, Failure> {
        let device = Device::default();
        let positions: Vec<usize> = (0..32).collect();
        let (example, _) = self.task.batch(Part::Training, &positions, &device);
        let Compacted { model, difference, flops_after, .. } = compact(model, &example, N::scores)?;
        let model = model.train();
        let support = Support::of(&model, &self.units);
        let Length { batch, polish: epochs, decay, .. } = length;
        let mut descent = Descent::new(model, &self.task, batch, decay, seed + 1000);
        for epoch in 0..epochs {
            let rate = |of_epoch: f64| {
                let done = (epoch as f64 + of_epoch) / epochs as f64;
                POLISH_RATE * 0.5 * (1.0 + (PI * done).cos())
            };
            descent.epoch(rate, |_| None, |model, _| support.restrict(model));
        }
        let model = descent.model.valid();
        let (validation_loss, validation_error) = evaluate(&model, &self.task, Part::Validation);
        let (test_loss, test_error) =
            if test { evaluate(&model, &self.task, Part::Test) } else { (f64::NAN, f64::NAN) };
        let file = std::env::temp_dir().join(format!("chamfer-{}.safetensors", std::process::id()));
        save_safetensors(&model, &file, [])?;
        let bytes = std::fs::metadata(&file)?.len();
        std::fs::remove_file(&file)?;
        Ok(Row {
            experiment: self.name.to_owned(),
            live: all_sizes(&model, &self.units).iter().filter(|size| **size > LEAST).count(),
            numbers: model.num_params(),
            flops: flops_after / 32,
            bytes,
            milliseconds: milliseconds(&model, &example),
            difference,
            validation_loss,
            validation_error,
            test_loss,
            test_error,
            ..Row::default()
        })
    }
}

/// A number of units.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
pub fn count(units: f64) -> usize {
    units as usize
}

/// How long scores for an example take: the shortest of many runs, which the machine disturbs least.
fn milliseconds<N: Network>(model: &N, example: &N::Input) -> f64 {
    let run = || {
        let start = Instant::now();
        let _ = model.scores(example.clone()).into_data();
        1e3 * start.elapsed().as_secs_f64()
    };
    (0..50).map(|_| run()).fold(f64::INFINITY, f64::min)
}
