//! Which rows are used.

use super::encoding::SourceColumn;
use super::frame::Matrix;
use super::responses::Responses;
use super::selection::Missing;
use crate::input::error::{InputError, ValueProblem};
use crate::input::table::Source;

/// The predictors of a table before they are coded.
pub(super) trait Values {
    /// Name of the column at position `column`.
    fn name(&self, column: usize) -> String;

    /// Calls `visit` with column and row of every value that has the `flaw`, the rows of a column in order.
    fn visit(&self, flaw: Flaw, visit: impl FnMut(usize, usize)) -> Result<(), InputError>;
}

/// Predictors with names, as they are before they are coded.
pub(super) trait Uncoded: Values + Sized {
    /// For each column the number of its labels, if it is a text column.
    fn n_labels(&self) -> Vec<Option<usize>>;

    /// The columns that are to be kept and the names of the others.
    fn split(self, keep: &[bool]) -> (Self, Vec<String>);

    /// How each column is coded, going by the given `rows`.
    fn codings(&self, rows: &[usize], missing: Missing) -> Result<Vec<SourceColumn>, InputError>;

    /// The given `rows`, coded as `codings` say, one for each column.
    fn matrix(
        self,
        codings: &[SourceColumn],
        rows: &[usize],
        source: &Source,
    ) -> Result<Matrix, InputError>;
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
        values.visit(Flaw::Missing, |_, row| keep[row] = false)?;
    } else {
        responses.refuse_missing(source)?;
    }
    if missing == Missing::Refuse {
        let (first, total) = found(values, Flaw::Missing, &keep)?;
        if let Some((column, row)) = first {
            let place = source.row(row).column(&values.name(column));
            return Err(ValueProblem::Missing { total }.at(place));
        }
    }
    let rows: Vec<usize> = (0..n_rows).filter(|&row| keep[row]).collect();
    if rows.is_empty() {
        return Err(ValueProblem::NoRowsLeft { rows: n_rows }.at(source.place()));
    }
    if let (Some((column, row)), _) = found(values, Flaw::Infinite, &keep)? {
        let name = values.name(column);
        let place = source.row(row).column(&name);
        return Err(ValueProblem::Infinite { name }.at(place));
    }
    responses.check(&rows, source)?;
    Ok(rows)
}

/// The first value with the `flaw` in the rows to `keep`, column by column, and how many there are.
fn found(
    values: &impl Values,
    flaw: Flaw,
    keep: &[bool],
) -> Result<(Option<(usize, usize)>, usize), InputError> {
    let (mut first, mut total) = (None, 0);
    values.visit(flaw, |column, row| {
        if keep[row] {
            first = Some(first.map_or((column, row), |first| (column, row).min(first)));
            total += 1;
        }
    })?;
    Ok((first, total))
}
