//! Columns with other roles than a predictor's.

use crate::input::error::{ColumnProblem, InputError, Role, ValueProblem};
use crate::input::stream::Stream;
use crate::input::table::{Column, ColumnData, Source};

/// The targets, the weights, the offset, the event and the strata of a table, as far as they are needed.
#[derive(Debug, Default)]
pub(super) struct Responses(pub(super) Vec<Response>);

/// A column that is not a predictor, as numbers.
#[derive(Debug)]
pub(super) struct Response {
    pub(super) name: String,
    role: Role,
    pub(super) values: Vec<f64>,
    /// What the values number, if the column has labels.
    pub(super) levels: Option<Vec<String>>,
}

impl Response {
    /// The response `values`, called `name`.
    pub(super) fn new(name: &str, role: Role, values: Vec<f64>) -> Self {
        Self { name: name.to_owned(), role, values, levels: None }
    }

    /// The response in `column`, which must be numeric unless labels do as well: those of folds and strata,
    /// and of a target if it `has_classes`.
    pub(super) fn of_column(
        column: Column,
        role: Role,
        has_classes: bool,
        source: &Source,
    ) -> Result<Self, InputError> {
        let Column { name, data } = column;
        let labels_do = match role {
            Role::Target => has_classes,
            role => matches!(role, Role::Fold | Role::FoldGroups | Role::Strata),
        };
        let problem = match data {
            ColumnData::Numeric(values) => return Ok(Self::new(&name, role, values)),
            ColumnData::Text { levels, codes } if labels_do => {
                let number = |code: Option<u32>| code.map_or(f64::NAN, f64::from);
                let values = codes.into_iter().map(number).collect();
                return Ok(Self { name, role, values, levels: Some(levels) });
            }
            ColumnData::Text { .. } if role == Role::Target => ColumnProblem::TextTarget,
            ColumnData::Text { .. } => ColumnProblem::NotNumeric { role },
            ColumnData::Unsupported(type_name) => {
                ColumnProblem::Unsupported { name: name.clone(), type_name }
            }
        };
        Err(problem.at(source.place().column(&name)))
    }

    /// The label that `value` stands for.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "values number the levels where there are any"
    )]
    pub(super) fn label(&self, value: f64) -> String {
        match &self.levels {
            Some(levels) => levels[value as usize].clone(),
            // Adding 0 makes −0 the same label as 0.
            None => (value + 0.0).to_string(),
        }
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
    /// The given columns of a file that is not in memory, which these are then.
    pub(super) fn of_stream(
        stream: &Stream,
        roles: &[(usize, Role)],
        has_classes: bool,
        source: &Source,
    ) -> Result<Self, InputError> {
        let positions: Vec<usize> = roles.iter().map(|(position, _)| *position).collect();
        if positions.is_empty() {
            return Ok(Self::default());
        }
        let columns = stream.columns(&positions)?.into_iter().zip(roles);
        let response =
            |(column, &(_, role))| Response::of_column(column, role, has_classes, source);
        columns.map(response).collect::<Result<_, _>>().map(Self)
    }

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
        for Response { name, role, values, .. } in &self.0 {
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

    /// The targets in their order.
    pub(super) fn targets(&mut self) -> impl Iterator<Item = &mut Response> {
        self.0.iter_mut().filter(|response| response.role == Role::Target)
    }

    /// The values that the targets have in the given `rows`, one target after the other.
    pub(super) fn take_targets(&mut self, rows: &[usize]) -> Option<Vec<f64>> {
        let (targets, others) =
            std::mem::take(&mut self.0).into_iter().partition(|other| other.role == Role::Target);
        self.0 = others;
        let targets: Vec<Response> = targets;
        let taken = targets.into_iter().map(|target| target.take(rows));
        // A single one, which is the rule, is not copied.
        taken.reduce(|mut all, next| {
            all.extend(next);
            all
        })
    }
}
