//! Coding named columns: numbers as they are, labels as codes.

use std::collections::HashMap;

use super::encoding::SourceColumn;
use super::frame::{Matrix, MixedMatrix};
use super::rows::{Flaw, Uncoded, Values};
use super::selection::Missing;
use crate::input::error::{ColumnProblem, InputError, ValueProblem};
use crate::input::table::{Column, ColumnData, Source};
use chamfer_glm::MixedColumn;

impl Values for Vec<Column> {
    fn name(&self, column: usize) -> String {
        self[column].name.clone()
    }

    fn visit(&self, flaw: Flaw, mut visit: impl FnMut(usize, usize)) -> Result<(), InputError> {
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
        Ok(())
    }
}

impl Uncoded for Vec<Column> {
    fn n_labels(&self) -> Vec<Option<usize>> {
        let n_labels = |column: &Column| match &column.data {
            ColumnData::Text { levels, .. } => Some(levels.len()),
            ColumnData::Numeric(_) | ColumnData::Unsupported(_) => None,
        };
        self.iter().map(n_labels).collect()
    }

    fn split(self, keep: &[bool]) -> (Self, Vec<String>) {
        let mut keep = keep.iter();
        let (kept, others): (Self, Self) =
            self.into_iter().partition(|_| keep.next().is_none_or(|keep| *keep));
        (kept, others.into_iter().map(|column| column.name).collect())
    }

    fn codings(&self, rows: &[usize], missing: Missing) -> Result<Vec<SourceColumn>, InputError> {
        Ok(self.iter().map(|column| code(column, rows, missing)).collect())
    }

    fn matrix(
        self,
        codings: &[SourceColumn],
        rows: &[usize],
        source: &Source,
    ) -> Result<Matrix, InputError> {
        matrix(self, codings, rows, source)
    }
}

/// How `column` is coded, going by the given `rows`.
fn code(column: &Column, rows: &[usize], missing: Missing) -> SourceColumn {
    let impute = missing == Missing::Mean;
    let name = column.name.clone();
    match &column.data {
        ColumnData::Text { levels, codes } => {
            let mut counts = vec![0_usize; levels.len()];
            rows.iter().filter_map(|&row| codes[row]).for_each(|code| counts[code as usize] += 1);
            SourceColumn::one_hot(name, levels.iter().zip(counts), impute)
        }
        ColumnData::Numeric(numbers) => {
            let present = || rows.iter().map(|&row| numbers[row]).filter(|n| !n.is_nan());
            let mean = || present().sum::<f64>() / present().count() as f64;
            SourceColumn::Numeric { name, mean: impute.then(mean) }
        }
        // Refused when the matrix is made, whatever the coding.
        ColumnData::Unsupported(_) => SourceColumn::Numeric { name, mean: None },
    }
}

/// The given `rows` of `columns`, coded as `codings` say, one for each column. Every column is
/// freed as soon as it is coded, so that the memory needed stays near that of one table.
///
/// Labels stay codes, unless some are missing: then there is a mean in each of their indicators.
fn matrix(
    columns: Vec<Column>,
    codings: &[SourceColumn],
    rows: &[usize],
    source: &Source,
) -> Result<Matrix, InputError> {
    let n_rows = rows.len();
    let is_expanded = |(coding, column): (&SourceColumn, &Column)| match (coding, &column.data) {
        (SourceColumn::OneHot { .. }, ColumnData::Text { codes, .. }) => {
            rows.iter().any(|&row| codes[row].is_none())
        }
        _ => true,
    };
    let expanded: Vec<bool> = codings.iter().zip(&columns).map(is_expanded).collect();
    let n_numeric = codings.iter().zip(&expanded).filter(|(_, expanded)| **expanded);
    let n_numeric: usize = n_numeric.map(|(coding, _)| coding.n_coded()).sum();
    let too_large =
        || ValueProblem::TooLarge { rows: n_rows, columns: n_numeric }.at(source.place());
    let size = n_rows.checked_mul(n_numeric).ok_or_else(too_large)?;
    let mut numbers = Vec::new();
    numbers.try_reserve_exact(size).map_err(|_| too_large())?;
    let mut matrix = MixedMatrix { n_rows, numbers, factors: Vec::new(), columns: Vec::new() };
    for ((Column { name, data }, coding), expanded) in
        columns.into_iter().zip(codings).zip(expanded)
    {
        let changed = |trained, found| {
            ColumnProblem::TypeChanged { trained, found }.at(source.place().column(&name))
        };
        match (coding, data) {
            (SourceColumn::Numeric { mean, .. }, ColumnData::Numeric(numbers)) => {
                // No value of these rows is missing unless there is a mean for it.
                let mean = mean.unwrap_or(f64::NAN);
                let numbers = rows.iter().map(|&row| numbers[row]);
                let numbers = numbers.map(|number| if number.is_nan() { mean } else { number });
                matrix.add_numeric(1, |values| values.extend(numbers));
            }
            (
                SourceColumn::OneHot { levels, means, .. },
                ColumnData::Text { levels: found, codes },
            ) => {
                let labels = Labels { levels, found: &found, codes: &codes, rows };
                let codes = labels.codes().map_err(|(row, level)| {
                    ValueProblem::UnseenLevel { level }.at(source.row(row).column(&name))
                })?;
                if expanded {
                    let means = means.as_deref().unwrap_or_default();
                    matrix.add_numeric(levels.len(), |values| {
                        for level in 0..levels.len() {
                            let entry = |code: &Option<u32>| match code {
                                Some(code) => f64::from(u8::from(*code as usize == level)),
                                // Only where there are means is a label allowed to be missing.
                                None => means.get(level).copied().unwrap_or(f64::NAN),
                            };
                            values.extend(codes.iter().map(entry));
                        }
                    });
                } else {
                    matrix.add_factor(codes.into_iter().flatten().collect(), levels.len());
                }
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
    Ok(Matrix::Mixed(matrix))
}

impl MixedMatrix {
    /// Adds `n` columns of numbers, which `write` puts behind those that are there.
    fn add_numeric(&mut self, n: usize, write: impl FnOnce(&mut Vec<f64>)) {
        let first = self.numbers.len() / self.n_rows.max(1);
        write(&mut self.numbers);
        self.columns.extend((first..first + n).map(MixedColumn::Numeric));
    }

    /// Adds the indicators of `n_levels` labels.
    fn add_factor(&mut self, codes: Vec<u32>, n_levels: usize) {
        let factor = self.factors.len();
        self.factors.push((codes, n_levels));
        let levels = (0..n_levels).filter_map(|level| u32::try_from(level).ok());
        self.columns.extend(levels.map(|level| MixedColumn::Level { factor, level }));
    }
}

/// A column of labels that is to be coded.
struct Labels<'a> {
    /// The labels there are columns for.
    levels: &'a [String],
    /// The labels in the table, which the codes refer to.
    found: &'a [String],
    codes: &'a [Option<u32>],
    rows: &'a [usize],
}

impl Labels<'_> {
    /// For each row the place of its label among the levels, none where it is missing. Fails with the row and
    /// the label if there is no column for it.
    fn codes(&self) -> Result<Vec<Option<u32>>, (usize, String)> {
        let places: HashMap<&String, u32> = self.levels.iter().zip(0..).collect();
        let of_found: Vec<Option<u32>> =
            self.found.iter().map(|level| places.get(level).copied()).collect();
        let code = |&row: &usize| match self.codes[row] {
            None => Ok(None),
            Some(found) => match of_found[found as usize] {
                Some(code) => Ok(Some(code)),
                None => Err((row, self.found[found as usize].clone())),
            },
        };
        self.rows.iter().map(code).collect()
    }
}
