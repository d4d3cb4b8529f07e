//! The classes of a target, and their numbers.

use super::responses::Response;
use super::selection::TargetKind;
use crate::input::error::{InputError, ValueProblem, quote_some};
use crate::input::table::Source;
use std::collections::HashMap;

/// More classes than this are only believed if they have two rows each, on average.
const MOST_SPARSE: usize = 20;
/// How many labels a message shows.
const SHOWN: usize = 3;

/// Finds the classes of a `target` in the given `rows`, and puts their numbers in place of its values; none
/// if they are shares between 0 and 1, where that is allowed.
///
/// Classes are in the order of their labels, or of their numbers, but a positive class is the last.
pub(super) fn find(
    target: &mut Response,
    kind: &TargetKind,
    rows: &[usize],
    source: &Source,
) -> Result<Option<Vec<String>>, InputError> {
    let (positive, shares) = match kind {
        TargetKind::Numbers => return Ok(None),
        TargetKind::Pair { positive, shares } => (positive.as_deref(), *shares),
        TargetKind::Classes => (None, false),
    };
    let mut values: Vec<f64> = rows.iter().map(|&row| target.values[row]).collect();
    if shares && target.levels.is_none() && positive.is_none() && are_shares(&values) {
        return Ok(None);
    }
    values.sort_by(f64::total_cmp);
    values.dedup();
    let mut classes: Vec<String> = values.iter().map(|&value| target.label(value)).collect();
    let n = classes.len();
    let first: Vec<String> = classes.iter().take(SHOWN).cloned().collect();
    let problem = match kind {
        _ if n == 1 => Some(ValueProblem::OneClass { label: classes[0].clone() }),
        TargetKind::Pair { .. } if n > 2 => Some(ValueProblem::NotTwoClasses { first, total: n }),
        TargetKind::Classes if n > MOST_SPARSE && 2 * n > rows.len() => {
            Some(ValueProblem::TooManyClasses { total: n, rows: rows.len() })
        }
        _ => None,
    };
    if let Some(problem) = problem {
        return Err(problem.at(source.place().column(&target.name)));
    }
    if let Some(positive) = positive {
        let Some(at) = position(&classes, positive) else {
            let known = quote_some(&classes, n);
            let problem = ValueProblem::UnknownPositive { label: positive.to_owned(), known };
            return Err(problem.at(source.place().column(&target.name)));
        };
        let label = classes.remove(at);
        classes.push(label);
    }
    number(target, &classes, rows, source)?;
    Ok(Some(classes))
}

/// Puts the numbers of `classes` in place of the values of a `target` in the given `rows`.
pub(super) fn number(
    target: &mut Response,
    classes: &[String],
    rows: &[usize],
    source: &Source,
) -> Result<(), InputError> {
    let mut class_of: HashMap<u64, usize> = HashMap::new();
    for &row in rows {
        let value = target.values[row];
        let class = if let Some(&class) = class_of.get(&value.to_bits()) {
            class
        } else {
            let label = target.label(value);
            let Some(class) = position(classes, &label) else {
                let known = quote_some(&classes[..classes.len().min(SHOWN)], classes.len());
                let problem = ValueProblem::UnknownClass { label, known };
                return Err(problem.at(source.row(row).column(&target.name)));
            };
            class_of.insert(value.to_bits(), class);
            class
        };
        target.values[row] = class as f64;
    }
    target.levels = None;
    Ok(())
}

/// The class called `label`, or else the one that is the same number.
fn position(classes: &[String], label: &str) -> Option<usize> {
    let exact = classes.iter().position(|class| class == label);
    exact.or_else(|| {
        let number: f64 = label.trim().parse().ok()?;
        classes.iter().position(|class| class.parse() == Ok(number))
    })
}

/// Whether these are numbers from 0 to 1, and not only 0 and 1.
fn are_shares(values: &[f64]) -> bool {
    values.iter().all(|value| (0.0..=1.0).contains(value))
        && values.iter().any(|value| *value > 0.0 && *value < 1.0)
}
