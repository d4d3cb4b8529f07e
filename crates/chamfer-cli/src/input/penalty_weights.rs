//! What the penalty of a column, or of a group, is multiplied by.

use super::error::{ColumnProblem, Role, quote, quote_some};
use super::names::matching;
use crate::error::CliError;
use std::collections::BTreeMap;
use std::path::Path;

/// Groups that a message names.
const SHOWN: usize = 3;

/// The weights that are `given`, by the name of their term: `NAME=NUMBER`, or the path of a CSV file with a name and
/// a number in each row. Terms are columns, or groups of them.
///
/// The name of a text column means all its labels.
///
/// # Errors
/// If a file cannot be read, a name means no term, or a weight is no number of 0 or more.
pub fn penalty_weights(
    given: &[String],
    terms: &[&str],
    are_groups: bool,
) -> Result<BTreeMap<String, f64>, CliError> {
    let mut weights = BTreeMap::new();
    let mut set = |name: &str, number: &str| -> Result<(), String> {
        let weight = number.trim().parse().ok().filter(|w: &f64| w.is_finite() && *w >= 0.0);
        let weight = weight.ok_or_else(|| {
            format!("the penalty weight of {} is {number}, not a number of 0 or more", quote(name))
        })?;
        for term in meant(name, terms, are_groups)? {
            weights.insert(term.to_owned(), weight);
        }
        Ok(())
    };
    for text in given {
        if Path::new(text).is_file() {
            for (line, name, number) in rows(Path::new(text))? {
                set(&name, &number).map_err(|reason| {
                    CliError::Options(format!("{text}, line {line}: {reason}"))
                })?;
            }
            continue;
        }
        let Some((name, number)) = text.rsplit_once('=') else {
            return Err(CliError::Options(format!(
                "--penalty-weights needs COLUMN=NUMBER or a file, and there is no file {}",
                quote(text)
            )));
        };
        set(name.trim(), number)
            .map_err(|reason| CliError::Options(format!("--penalty-weights: {reason}")))?;
    }
    Ok(weights)
}

/// The terms that a name means.
fn meant<'a>(name: &str, terms: &[&'a str], are_groups: bool) -> Result<Vec<&'a str>, String> {
    let labels = format!("{name}=");
    let of_text: Vec<&str> =
        terms.iter().copied().filter(|term| term.starts_with(&labels)).collect();
    if !of_text.is_empty() && !terms.contains(&name) {
        return Ok(of_text);
    }
    match matching(&[name.to_owned()], terms, Role::PenaltyWeights) {
        Ok((chosen, _)) => Ok(terms
            .iter()
            .zip(chosen)
            .filter(|(_, chosen)| *chosen)
            .map(|(term, _)| *term)
            .collect()),
        Err(_) if are_groups => {
            let first: Vec<String> =
                terms.iter().take(SHOWN).map(|term| (*term).to_owned()).collect();
            let groups = quote_some(&first, terms.len());
            Err(format!("there is no group {}; the groups are {groups}", quote(name)))
        }
        Err(ColumnProblem::Unknown { hint, .. } | ColumnProblem::NoMatch { hint, .. }) => {
            Err(format!("there is no penalized column {}; {hint}", quote(name)))
        }
        Err(problem) => Err(problem.to_string()),
    }
}

/// The rows of a file: line, name and number.
fn rows(path: &Path) -> Result<Vec<(usize, String, String)>, CliError> {
    let failed = |reason: String| CliError::Options(format!("{}: {reason}", path.display()));
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .from_path(path)
        .map_err(|error| failed(error.to_string()))?;
    let row = |(index, record): (usize, Result<csv::StringRecord, csv::Error>)| {
        let record = record.map_err(|error| failed(error.to_string()))?;
        let line = index + 1;
        match (record.get(0), record.get(1), record.len()) {
            (Some(name), Some(number), 2) if !name.is_empty() => {
                Ok((line, name.to_owned(), number.to_owned()))
            }
            _ => Err(failed(format!("line {line} must have a column and its penalty weight"))),
        }
    };
    reader.records().enumerate().map(row).collect()
}
