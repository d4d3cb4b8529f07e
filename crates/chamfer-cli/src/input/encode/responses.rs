//! Columns with other roles than a predictor's.

use crate::input::error::{ColumnProblem, InputError, Role, ValueProblem};
use crate::input::table::{Column, ColumnData, Source};

/// The target, the weights, the offset and the event of a table, as far as they are needed.
#[derive(Debug, Default)]
pub(super) struct Responses(pub(super) Vec<Response>);

/// A column of numbers that is not a predictor.
#[derive(Debug)]
pub(super) struct Response {
    name: String,
    role: Role,
    values: Vec<f64>,
}

impl Response {
    /// The response `values`, called `name`.
    pub(super) fn new(name: &str, role: Role, values: Vec<f64>) -> Self {
        Self { name: name.to_owned(), role, values }
    }

    /// The response in `column`, which must be numeric.
    pub(super) fn of_column(
        column: Column,
        role: Role,
        source: &Source,
    ) -> Result<Self, InputError> {
        let Column { name, data } = column;
        let problem = match data {
            ColumnData::Numeric(values) => return Ok(Self { name, role, values }),
            ColumnData::Text { codes, .. } if matches!(role, Role::Fold | Role::FoldGroups) => {
                // Labels do as well as numbers.
                let number = |code: Option<u32>| code.map_or(f64::NAN, f64::from);
                return Ok(Self { name, role, values: codes.into_iter().map(number).collect() });
            }
            ColumnData::Text { .. } => ColumnProblem::NotNumeric { role },
            ColumnData::Unsupported(type_name) => {
                ColumnProblem::Unsupported { name: name.clone(), type_name }
            }
        };
        Err(problem.at(source.place().column(&name)))
    }

    /// The values of the given `rows`.
    fn take(self, rows: &[usize]) -> Vec<f64> {
        if rows.len() == self.values.len() {
            self.values
        } else {
            rows.iter().map(|&row| self.values[row]).collect()
        }
    }
}

impl Responses {
    /// Takes the rows with a missing value out of `keep`.
    pub(super) fn drop_missing(&self, keep: &mut [bool]) {
        for response in &self.0 {
            for (keep, value) in keep.iter_mut().zip(&response.values) {
                *keep &= !value.is_nan();
            }
        }
    }

    /// Refuses missing values.
    pub(super) fn refuse_missing(&self, source: &Source) -> Result<(), InputError> {
        for Response { name, role, values } in &self.0 {
            if let Some(row) = values.iter().position(|value| value.is_nan()) {
                let place = source.row(row).column(name);
                return Err(ValueProblem::MissingResponse { role: *role }.at(place));
            }
        }
        Ok(())
    }

    /// Checks the values in the given `rows`, which are not missing.
    pub(super) fn check(&self, rows: &[usize], source: &Source) -> Result<(), InputError> {
        for Response { name, values, .. } in &self.0 {
            if let Some(&row) = rows.iter().find(|&&row| values[row].is_infinite()) {
                let place = source.row(row).column(name);
                return Err(ValueProblem::Infinite { name: name.clone() }.at(place));
            }
        }
        let of = |role| self.0.iter().find(|response| response.role == role);
        if let Some(Response { name, values, .. }) = of(Role::Event)
            && let Some(&row) = rows.iter().find(|&&row| values[row] != 0.0 && values[row] != 1.0)
        {
            let place = source.row(row).column(name);
            return Err(ValueProblem::NoEventIndicator { value: values[row] }.at(place));
        }
        let Some(Response { name, values, .. }) = of(Role::Weights) else {
            return Ok(());
        };
        if let Some(&row) = rows.iter().find(|&&row| values[row] < 0.0) {
            let place = source.row(row).column(name);
            return Err(ValueProblem::NegativeWeight { value: values[row] }.at(place));
        }
        if rows.iter().all(|&row| values[row] == 0.0) {
            return Err(ValueProblem::ZeroWeights.at(source.place().column(name)));
        }
        Ok(())
    }

    /// The values that `role` has in the given `rows`.
    pub(super) fn take(&mut self, role: Role, rows: &[usize]) -> Option<Vec<f64>> {
        let at = self.0.iter().position(|response| response.role == role)?;
        Some(self.0.swap_remove(at).take(rows))
    }
}
