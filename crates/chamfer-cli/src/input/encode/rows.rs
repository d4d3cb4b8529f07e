//! Which rows are used.

use super::responses::Responses;
use super::selection::Missing;
use crate::input::error::{InputError, ValueProblem};
use crate::input::table::Source;

/// The predictors of a table before they are coded.
pub(super) trait Values {
    /// Name of the column at position `column`.
    fn name(&self, column: usize) -> String;

    /// Calls `visit` with column and row of every value that has the `flaw`, column by column.
    fn visit(&self, flaw: Flaw, visit: impl FnMut(usize, usize));
}

/// What can be wrong with a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flaw {
    Missing,
    Infinite,
}

impl Flaw {
    /// Whether `value` has this flaw.
    pub(super) fn is_of(self, value: f64) -> bool {
        match self {
            Self::Missing => value.is_nan(),
            Self::Infinite => value.is_infinite(),
        }
    }
}

/// The positions of the rows that are used, of `n_rows`, after a check of all values in them.
pub(super) fn usable(
    values: &impl Values,
    responses: &Responses,
    n_rows: usize,
    missing: Missing,
    source: &Source,
) -> Result<Vec<usize>, InputError> {
    let mut keep = vec![true; n_rows];
    if missing == Missing::Drop {
        responses.drop_missing(&mut keep);
        values.visit(Flaw::Missing, |_, row| keep[row] = false);
    } else {
        responses.refuse_missing(source)?;
    }
    if missing == Missing::Refuse {
        let (first, total) = found(values, Flaw::Missing, &keep);
        if let Some((column, row)) = first {
            let place = source.row(row).column(&values.name(column));
            return Err(ValueProblem::Missing { total }.at(place));
        }
    }
    let rows: Vec<usize> = (0..n_rows).filter(|&row| keep[row]).collect();
    if rows.is_empty() {
        return Err(ValueProblem::NoRowsLeft { rows: n_rows }.at(source.place()));
    }
    if let (Some((column, row)), _) = found(values, Flaw::Infinite, &keep) {
        let name = values.name(column);
        let place = source.row(row).column(&name);
        return Err(ValueProblem::Infinite { name }.at(place));
    }
    responses.check(&rows, source)?;
    Ok(rows)
}

/// The first value with the `flaw` in the rows to `keep`, and how many there are.
fn found(values: &impl Values, flaw: Flaw, keep: &[bool]) -> (Option<(usize, usize)>, usize) {
    let (mut first, mut total) = (None, 0);
    values.visit(flaw, |column, row| {
        if keep[row] {
            first = first.or(Some((column, row)));
            total += 1;
        }
    });
    (first, total)
}
