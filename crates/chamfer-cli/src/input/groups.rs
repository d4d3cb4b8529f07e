//! Which columns belong together, and which have no penalty.

use super::InputError;
use super::error::{Place, Role};
use super::names::matching;
use crate::error::CliError;
use std::collections::BTreeMap;
use std::path::Path;

/// The coded columns among `names` that `patterns` mean; the data are the file at `path`.
///
/// # Errors
/// If a pattern means none.
pub fn matching_columns(
    patterns: &[String],
    names: &[String],
    role: Role,
    path: &Path,
) -> Result<Vec<String>, InputError> {
    let chosen = matching(patterns, names, role);
    let (chosen, _) = chosen.map_err(|problem| problem.at(Place::file(path)))?;
    Ok(names
        .iter()
        .zip(chosen)
        .filter(|(_, chosen)| *chosen)
        .map(|(name, _)| name.clone())
        .collect())
}

/// The group of each coded column: from a CSV file with a column and a group in each row, or, where
/// `given` is no file, by the names up to that separator.
///
/// A group that the file gives to a text column is that of all its labels.
///
/// # Errors
/// If the file cannot be read or a row has not two fields, or no name has the separator.
pub fn groups(given: &str, names: &[String]) -> Result<BTreeMap<String, String>, CliError> {
    if Path::new(given).is_file() {
        return from_file(Path::new(given), names);
    }
    if names.iter().all(|name| !name.contains(given)) || given.is_empty() {
        return Err(CliError::Options(format!(
            "--groups {given}: there is no such file, and no column has \"{given}\" in its name"
        )));
    }
    let of = |name: &String| name.split(given).next().unwrap_or(name).to_owned();
    Ok(names.iter().map(|name| (name.clone(), of(name))).collect())
}

fn from_file(path: &Path, names: &[String]) -> Result<BTreeMap<String, String>, CliError> {
    let failed = |reason: String| CliError::Options(format!("{}: {reason}", path.display()));
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .from_path(path)
        .map_err(|error| failed(error.to_string()))?;
    let mut listed = BTreeMap::new();
    for (row, record) in reader.records().enumerate() {
        let record = record.map_err(|error| failed(error.to_string()))?;
        let [column, group] = [record.get(0), record.get(1)].map(Option::unwrap_or_default);
        if record.len() != 2 || column.is_empty() || group.is_empty() {
            let line = row + 1;
            return Err(failed(format!("line {line} must have a column and its group")));
        }
        if listed.insert(column.to_owned(), group.to_owned()).is_some() {
            return Err(failed(format!("\"{column}\" is listed twice: a column has one group")));
        }
    }
    // The label columns of a text column are called COLUMN=LABEL.
    let of = |name: &String| {
        let source = name.split('=').next().unwrap_or(name);
        listed.get(name).or_else(|| listed.get(source)).cloned()
    };
    Ok(names.iter().filter_map(|name| Some((name.clone(), of(name)?))).collect())
}
