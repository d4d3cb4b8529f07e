//! The subcommands: `fit` (with what it needs: `columns`, `responses`, `problem`, `adaptive`, `segments`, `checkpoint`,
//! `solved`, `relax`, `cv`, `refined`, `picture`, `report`), `stability`, `predict`, `check` and `catalogue`; `data` reads
//! for all of them but the last.

mod adaptive;
mod catalogue;
mod check;
mod checkpoint;
mod columns;
mod cv;
mod data;
mod fit;
mod picture;
mod predict;
mod problem;
mod refined;
mod relax;
mod report;
mod responses;
mod segments;
mod solved;
mod stability;

use crate::args::{Command, GivenOptions};
use crate::error::CliError;
use crate::interrupt;
use std::process::ExitCode;

/// How a command that did its work ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// All is well.
    Certified,
    /// Some λ missed the tolerance.
    ToleranceMissed,
    /// Ctrl-C; what was done is written.
    Interrupted,
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        match status {
            Status::Certified => ExitCode::SUCCESS,
            Status::ToleranceMissed => ExitCode::from(3),
            Status::Interrupted => ExitCode::from(interrupt::STATUS),
        }
    }
}

pub fn run(command: Command, options: &GivenOptions) -> Result<Status, CliError> {
    match command {
        Command::Path(args) => fit::path(&args, options),
        Command::Cv(args) => fit::cv(&args, options),
        Command::Fit(args) => fit::fit(&args, options),
        Command::Stability(args) => fit::stability(&args, options),
        Command::Predict(args) => predict::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Catalogue(args) => catalogue::run(&args),
    }
}

/// Results for other programs.
fn to_json(value: &impl serde::Serialize) -> Result<String, CliError> {
    serde_json::to_string_pretty(value).map_err(|error| CliError::Setup(error.to_string()))
}
