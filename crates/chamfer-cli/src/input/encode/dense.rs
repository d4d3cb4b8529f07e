//! Coding named columns.

use std::collections::HashMap;

use super::encoding::SourceColumn;
use super::frame::Matrix;
use super::rows::{Flaw, Values};
use crate::input::error::{ColumnProblem, InputError, ValueProblem};
use crate::input::table::{Column, ColumnData, Source};

impl Values for Vec<Column> {
    fn name(&self, column: usize) -> String {
        self[column].name.clone()
    }

    fn visit(&self, flaw: Flaw, mut visit: impl FnMut(usize, usize)) {
        for (column, Column { data, .. }) in self.iter().enumerate() {
            match data {
                ColumnData::Numeric(values) => {
                    let values = values.iter().enumerate();
                    values.filter(|&(_, &v)| flaw.is_of(v)).for_each(|(row, _)| visit(column, row));
                }
                ColumnData::Text { codes, .. } if flaw == Flaw::Missing => {
                    let codes = codes.iter().enumerate();
                    codes.filter(|(_, c)| c.is_none()).for_each(|(row, _)| visit(column, row));
                }
                ColumnData::Text { .. } | ColumnData::Unsupported(_) => {}
            }
        }
    }
}

/// The given `rows` of `columns`, coded as `codings` say, one for each column. Every column is
/// freed as soon as it is coded, so that the memory needed stays near that of one table.
pub(super) fn matrix(
    columns: Vec<Column>,
    codings: &[SourceColumn],
    rows: &[usize],
    source: &Source,
) -> Result<Matrix, InputError> {
    let n_rows = rows.len();
    let n_cols = codings.iter().map(SourceColumn::n_coded).sum();
    let too_large = || ValueProblem::TooLarge { rows: n_rows, columns: n_cols }.at(source.place());
    let size = n_rows.checked_mul(n_cols).ok_or_else(too_large)?;
    let mut values = Vec::new();
    values.try_reserve_exact(size).map_err(|_| too_large())?;
    for (Column { name, data }, coding) in columns.into_iter().zip(codings) {
        let changed = |trained, found| {
            ColumnProblem::TypeChanged { trained, found }.at(source.place().column(&name))
        };
        match (coding, data) {
            (SourceColumn::Numeric { mean, .. }, ColumnData::Numeric(numbers)) => {
                // No value of these rows is missing unless there is a mean for it.
                let mean = mean.unwrap_or(f64::NAN);
                let numbers = rows.iter().map(|&row| numbers[row]);
                values.extend(numbers.map(|number| if number.is_nan() { mean } else { number }));
            }
            (
                SourceColumn::OneHot { levels, means, .. },
                ColumnData::Text { levels: found, codes },
            ) => {
                let start = values.len();
                values.resize(start + n_rows * levels.len(), 0.0);
                let coded = Indicators { levels, means: means.as_deref(), found: &found };
                coded.write(&codes, rows, &mut values[start..]).map_err(|(row, level)| {
                    ValueProblem::UnseenLevel { level }.at(source.row(row).column(&name))
                })?;
            }
            (_, ColumnData::Unsupported(type_name)) => {
                let place = source.place().column(&name);
                return Err(ColumnProblem::Unsupported { name, type_name }.at(place));
            }
            (SourceColumn::Numeric { .. }, ColumnData::Text { .. }) => {
                return Err(changed("numbers", "text"));
            }
            (SourceColumn::OneHot { .. }, ColumnData::Numeric(_)) => {
                return Err(changed("text", "numbers"));
            }
        }
    }
    Ok(Matrix::Dense { n_rows, n_cols, values })
}

/// The indicator columns of a text column.
struct Indicators<'a> {
    /// The labels there are columns for.
    levels: &'a [String],
    /// What these columns hold where the label is missing.
    means: Option<&'a [f64]>,
    /// The labels in the table, which the codes refer to.
    found: &'a [String],
}

impl Indicators<'_> {
    /// Writes the columns of the given `rows` of `codes` into `values`, which is zero. Fails with
    /// the row and the label if there is no column for it.
    fn write(
        &self,
        codes: &[Option<u32>],
        rows: &[usize],
        values: &mut [f64],
    ) -> Result<(), (usize, String)> {
        let column_of: HashMap<&String, usize> =
            self.levels.iter().enumerate().map(|(column, level)| (level, column)).collect();
        let columns: Vec<Option<usize>> =
            self.found.iter().map(|level| column_of.get(level).copied()).collect();
        for (at, &row) in rows.iter().enumerate() {
            if let Some(code) = codes[row] {
                let column = columns[code as usize]
                    .ok_or_else(|| (row, self.found[code as usize].clone()))?;
                values[column * rows.len() + at] = 1.0;
            } else {
                for (column, &mean) in self.means.unwrap_or_default().iter().enumerate() {
                    values[column * rows.len() + at] = mean;
                }
            }
        }
        Ok(())
    }
}
