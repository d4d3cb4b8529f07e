//! Accuracy of sparse networks against their size: products of factors beside pruning and plain
//! penalties. `README.md` says how it is measured and what came out.

mod data;
mod experiments;
mod methods;
mod models;
mod plots;
mod report;
mod results;
mod runs;
mod steps;
mod training;
mod units;

use clap::{Parser, Subcommand};
use experiments::EXPERIMENTS;
use results::{Results, Row};
use runs::{Attempt, Length, Settings};
use std::path::{Path, PathBuf};

type Failure = Box<dyn std::error::Error>;

/// Measures how well networks can be made smaller.
#[derive(Parser)]
struct Arguments {
    /// Where `setup.sh` put the data
    #[arg(long, default_value = "target/networks")]
    data: PathBuf,
    /// Where the results are
    #[arg(long, default_value = "benchmarks/networks/results")]
    results: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Train and measure
    Run {
        /// Which experiments; all, if none is named
        experiments: Vec<String>,
        /// How many seeds
        #[arg(long, default_value_t = 5)]
        seeds: u64,
        /// Keep what was measured before, and do only what is missing
        #[arg(long)]
        resume: bool,
    },
    /// Try settings of a method on validation data; the test data are not touched
    Tune {
        experiment: String,
        /// As in the results, such as "product of 3"
        method: String,
        /// The learning rate
        #[arg(long)]
        rate: f64,
        /// The strength of the penalty in the first epoch
        #[arg(long, default_value_t = 1.0)]
        from: f64,
        /// The strength of the penalty in the last epoch
        #[arg(long, default_value_t = 1.0)]
        to: f64,
        /// Epochs from dense to the smallest share, if not those of the experiment
        #[arg(long)]
        path: Option<usize>,
        /// Epochs in which what is left is trained alone
        #[arg(long)]
        polish: Option<usize>,
        /// The weight decay then
        #[arg(long)]
        decay: Option<f32>,
        /// Measure this share alone; may be given more than once
        #[arg(long)]
        share: Vec<f64>,
    },
    /// Time a step of training with factors beside one without
    Steps,
    /// Write tables and pictures of what was measured
    Report,
}

fn main() -> Result<(), Failure> {
    let Arguments { data, results, command } = Arguments::parse();
    match command {
        Command::Run { experiments, seeds, resume } => {
            std::fs::create_dir_all(&results)?;
            for name in named(&experiments)? {
                run(name, &data, &results, seeds, resume)?;
            }
            Ok(())
        }
        Command::Tune { experiment, method, rate, from, to, path, polish, decay, share } => {
            let trial = experiments::read(&experiment, &data)?;
            let found = trial.methods().iter().find(|known| known.to_string() == method);
            let found = found.ok_or_else(|| format!("{experiment} has no method \"{method}\""))?;
            let usual = trial.length();
            let length = Length {
                path: path.unwrap_or(usual.path),
                polish: polish.unwrap_or(usual.polish),
                decay: decay.unwrap_or(usual.decay),
                ..usual
            };
            let settings = Settings { rate, strengths: (from, to) };
            let attempt = Attempt { settings, length, shares: share };
            print(&trial.run(*found, 0, Some(&attempt))?);
            Ok(())
        }
        Command::Steps => steps::write(&results),
        Command::Report => report::write(&results),
    }
}

/// What an attempt came to.
fn print(rows: &[Row]) {
    for row in rows {
        println!(
            "epoch {:3}  strength {:.1e}  share {:.4}  live {:6}  numbers {:6}  error {:.4}  loss {:.4}",
            row.epoch,
            row.strength,
            row.share,
            row.live,
            row.numbers,
            row.validation_error,
            row.validation_loss,
        );
    }
}

/// The experiments of these names, or all.
fn named(names: &[String]) -> Result<Vec<&'static str>, Failure> {
    if names.is_empty() {
        return Ok(EXPERIMENTS.to_vec());
    }
    let find = |name: &String| EXPERIMENTS.into_iter().find(|known| known == name);
    let unknown = |name: &String| format!("no experiment {name}: there are {EXPERIMENTS:?}").into();
    names.iter().map(|name| find(name).ok_or_else(|| unknown(name))).collect()
}

/// Seed by seed, so that what was measured so far has as much of each method.
fn run(name: &str, data: &Path, folder: &Path, seeds: u64, resume: bool) -> Result<(), Failure> {
    let trial = experiments::read(name, data)?;
    let results = Results::of(folder, name);
    if !resume {
        results.clear()?;
    }
    let before = results.read()?;
    for seed in 1..=seeds {
        for method in trial.methods() {
            let name = method.to_string();
            if before.iter().any(|row| row.seed == seed && row.method == name) {
                continue;
            }
            let rows = trial.run(*method, seed, None)?;
            for row in &rows {
                println!(
                    "{} {seed} {name}: {:.4} live, test error {:.4}",
                    row.experiment, row.share, row.test_error
                );
            }
            results.add(&rows)?;
        }
    }
    Ok(())
}
