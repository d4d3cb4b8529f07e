//! The `chamfer` command: certified sparse regression on real data.
//!
//! `input` turns a file into numbers, `commands` do one subcommand each, `model` is the file that
//! they exchange, with `relaxed` for its refits; `spec` names families and penalties, `select` says which columns
//! and which λ; `output` and `plot` are what a person sees.

mod args;
mod commands;
mod error;
mod input;
mod interrupt;
mod machine;
mod model;
mod output;
mod plot;
mod relaxed;
mod select;
mod spec;

use std::process::ExitCode;

fn main() -> ExitCode {
    let (command, options) = args::parse();
    match commands::run(command, &options) {
        Ok(status) => status.into(),
        Err(error) => {
            output::say(&format!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}
