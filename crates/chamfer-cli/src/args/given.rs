//! The options that were given, by name: what one run must share with another to continue it.

use super::{Cli, Command};
use clap::{ArgMatches, CommandFactory, FromArgMatches};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What changes neither the result nor where it comes from; the data have a fingerprint of their own.
const IMMATERIAL: [&str; 5] = ["file", "json", "out", "resume", "threads"];

/// A subcommand with the values of its options, defaults too, as text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GivenOptions {
    command: String,
    options: BTreeMap<String, String>,
}

/// Reads the command line; ends the program if it is wrong.
pub fn parse() -> (Command, GivenOptions) {
    let matches = Cli::command().get_matches();
    let given = GivenOptions::of(&matches);
    match Cli::from_arg_matches(&matches) {
        Ok(cli) => (cli.command, given),
        Err(error) => error.exit(),
    }
}

impl GivenOptions {
    fn of(matches: &ArgMatches) -> Self {
        let (name, matches) = matches.subcommand().unwrap_or(("", matches));
        let command = Cli::command();
        let command = command.find_subcommand(name);
        let arguments = command.into_iter().flat_map(clap::Command::get_arguments);
        let mut options = BTreeMap::new();
        for argument in
            arguments.filter(|argument| !IMMATERIAL.contains(&argument.get_id().as_str()))
        {
            let id = argument.get_id().as_str();
            let Ok(Some(values)) = matches.try_get_raw(id) else { continue };
            let values: Vec<_> = values.map(|value| value.to_string_lossy()).collect();
            options.insert(format!("--{}", argument.get_long().unwrap_or(id)), values.join(","));
        }
        Self { command: name.to_owned(), options }
    }

    /// In what a later run of `self` differs from an earlier one of `then`.
    pub fn differences(&self, then: &Self) -> Vec<String> {
        if self.command != then.command {
            return vec![format!("that of `chamfer {}`", then.command)];
        }
        let names = self
            .options
            .keys()
            .chain(then.options.keys().filter(|name| !self.options.contains_key(*name)));
        let difference = |name: &String| match (then.options.get(name), self.options.get(name)) {
            (Some(then), Some(now)) if then == now => None,
            (Some(then), Some(now)) => Some(format!("{name} was {then} and is {now} now")),
            (Some(then), None) => Some(format!("{name} was {then} and is not given now")),
            (None, _) => Some(format!("{name} was not given")),
        };
        names.filter_map(difference).collect()
    }
}
