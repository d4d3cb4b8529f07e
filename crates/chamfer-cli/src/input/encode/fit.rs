//! Finding out how to code a table.

use std::collections::HashSet;

use super::encoding::{Encoding, Predictors, SourceColumn};
use super::frame::{Frame, Matrix};
use super::note::Note;
use super::responses::{Response, Responses};
use super::rows::{Flaw, Values, usable};
use super::selection::{Missing, Selection, TargetKind};
use super::sparse::Sparse;
use super::{SPARSE_TARGET, classes, mixed};
use crate::input::error::{ColumnProblem, InputError, Role, ValueProblem};
use crate::input::table::{Column, ColumnData, Source, SparseTable, Table, TableData};

/// How many rows must have a text of their own for a column to look like an identifier. In fewer
/// it may well be chance.
const MOST_DISTINCT: usize = 20;

/// Finds out how to code `table` as `selection` asks, and does so. Returns the encoding, the coded
/// table, and what the user should know.
///
/// Text columns become one indicator column for every label (see [`Encoding`]), except that a
/// column with one label only is left out.
///
/// # Errors
///
/// If the columns asked for are not there or cannot be used as asked, if values are missing and
/// that is refused, if values are infinite, or if there are fewer than two rows.
pub fn fit_encoding(
    table: Table,
    selection: &Selection,
) -> Result<(Encoding, Frame, Vec<Note>), InputError> {
    let Table { source, n_rows, data } = table;
    let fitting = Fitting { source, n_rows, missing: selection.missing, notes: Vec::new() };
    fitting.check_size(n_rows)?;
    match data {
        TableData::Columns(columns) => fitting.columns(columns, selection),
        TableData::Sparse(table) => fitting.sparse(table, selection),
    }
}

/// An encoding that is being fitted.
struct Fitting {
    source: Source,
    n_rows: usize,
    missing: Missing,
    notes: Vec<Note>,
}

impl Fitting {
    /// Fits an encoding to named `columns`.
    fn columns(
        mut self,
        columns: Vec<Column>,
        selection: &Selection,
    ) -> Result<(Encoding, Frame, Vec<Note>), InputError> {
        let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
        let positions =
            selection.positions(&names).map_err(|problem| problem.at(self.source.place()))?;
        let has_classes = selection.kind != TargetKind::Numbers;
        let (mut found, mut predictors) = (Vec::new(), Vec::new());
        for (position, column) in columns.into_iter().enumerate() {
            let rank = positions.responses.iter().position(|(other, _)| *other == position);
            if let Some(rank) = rank {
                let (_, role) = positions.responses[rank];
                let response = Response::of_column(column, role, has_classes, &self.source)?;
                found.push((rank, response));
            } else if positions.predictors.binary_search(&position).is_ok() {
                predictors.push(column);
            }
        }
        // The targets in the order in which they were named.
        found.sort_by_key(|(rank, _)| *rank);
        let mut responses = Responses(found.into_iter().map(|(_, response)| response).collect());
        self.refuse_identifiers(&predictors)?;
        let predictors = self.without_constants(predictors)?;
        let rows = self.rows(&predictors, &responses)?;

        let codings: Vec<SourceColumn> =
            predictors.iter().map(|column| code(column, &rows, self.missing)).collect();
        self.note_text(&codings);
        let matrix = mixed::matrix(predictors, &codings, &rows, &self.source)?;
        let (targets, classes) = self.targets(&mut responses, selection, &rows)?;
        let encoding = Encoding {
            targets,
            classes,
            weights: selection.weights.clone(),
            offset: selection.offset.clone(),
            event: selection.event.clone(),
            strata: selection.strata.clone(),
            missing: self.missing,
            predictors: Predictors::Table { columns: codings },
        };
        let frame = Frame::new(&encoding.predictors, matrix, responses, rows, self.n_rows);
        self.check_names(&frame.names)?;
        Ok((encoding, frame, self.notes))
    }

    /// Fits an encoding to an svmlight file.
    fn sparse(
        mut self,
        table: SparseTable,
        selection: &Selection,
    ) -> Result<(Encoding, Frame, Vec<Note>), InputError> {
        let SparseTable { matrix, target } = table;
        let n_cols = matrix.n_cols;
        let chosen = selection
            .sparse_positions(n_cols)
            .map_err(|problem| problem.at(self.source.place()))?;
        let indices = chosen.as_ref().map(|chosen| chosen.iter().map(|at| at + 1).collect());
        let columns = chosen.unwrap_or_else(|| (0..n_cols).collect());
        let predictors = Sparse { matrix, columns };
        let mut responses = Responses(vec![Response::new(SPARSE_TARGET, Role::Target, target)]);
        let rows = self.rows(&predictors, &responses)?;
        let (targets, classes) = self.targets(&mut responses, selection, &rows)?;

        let means = (self.missing == Missing::Mean).then(|| predictors.means());
        let matrix = Matrix::Sparse(predictors.matrix(&rows, means.as_deref()));
        let encoding = Encoding {
            targets,
            classes,
            weights: None,
            offset: None,
            event: None,
            strata: None,
            missing: self.missing,
            predictors: Predictors::Sparse { n_cols, indices, means },
        };
        let frame = Frame::new(&encoding.predictors, matrix, responses, rows, self.n_rows);
        Ok((encoding, frame, self.notes))
    }

    /// The names of the targets and their classes, if they have any, which are numbered.
    fn targets(
        &self,
        responses: &mut Responses,
        selection: &Selection,
        rows: &[usize],
    ) -> Result<(Vec<String>, Option<Vec<String>>), InputError> {
        let (mut names, mut classes) = (Vec::new(), None);
        for target in responses.targets() {
            classes = classes::find(target, &selection.kind, rows, &self.source)?;
            names.push(target.name.clone());
        }
        Ok((names, classes))
    }

    /// Refuses text columns in which every row has a label of its own.
    fn refuse_identifiers(&self, predictors: &[Column]) -> Result<(), InputError> {
        let rows = self.n_rows;
        let is_identifier = |column: &&Column| {
            rows > MOST_DISTINCT
                && matches!(&column.data, ColumnData::Text { levels, .. } if levels.len() == rows)
        };
        match predictors.iter().find(is_identifier) {
            Some(Column { name, .. }) => {
                let problem = ValueProblem::Identifier { name: name.clone(), rows };
                Err(problem.at(self.source.place().column(name)))
            }
            None => Ok(()),
        }
    }

    /// The `predictors` without text columns of one label.
    ///
    /// This is decided on all rows, before any are dropped: otherwise a column left out would
    /// have had its say in which rows are dropped, and applying the encoding would keep others.
    fn without_constants(&mut self, predictors: Vec<Column>) -> Result<Vec<Column>, InputError> {
        let (constant, varying): (Vec<Column>, Vec<Column>) = predictors.into_iter().partition(
            |column| matches!(&column.data, ColumnData::Text { levels, .. } if levels.len() == 1),
        );
        if varying.is_empty() {
            return Err(ColumnProblem::NoPredictors.at(self.source.place()));
        }
        if !constant.is_empty() {
            let columns = constant.into_iter().map(|column| column.name).collect();
            self.notes.push(Note::Constant { columns });
        }
        Ok(varying)
    }

    /// The rows to fit on, with notes of what is missing.
    fn rows(
        &mut self,
        predictors: &impl Values,
        responses: &Responses,
    ) -> Result<Vec<usize>, InputError> {
        // Missing values come column by column.
        let mut missing: Vec<(usize, usize)> = Vec::new();
        predictors.visit(Flaw::Missing, |column, _| match missing.last_mut() {
            Some((last, n)) if *last == column => *n += 1,
            _ => missing.push((column, 1)),
        });
        if let Some(&(column, _)) = missing.iter().find(|&&(_, n)| n == self.n_rows) {
            let name = predictors.name(column);
            let place = self.source.place().column(&name);
            return Err(ValueProblem::AllMissing { name }.at(place));
        }
        let rows = usable(predictors, responses, self.n_rows, self.missing, &self.source)?;
        self.check_size(rows.len())?;
        if rows.len() < self.n_rows {
            self.notes.push(Note::Dropped { rows: self.n_rows - rows.len(), of: self.n_rows });
        }
        if self.missing == Missing::Mean && !missing.is_empty() {
            let columns = missing.into_iter().map(|(column, n)| (predictors.name(column), n));
            self.notes.push(Note::Imputed { columns: columns.collect() });
        }
        Ok(rows)
    }

    /// Checks that `n_rows` are enough for a regression.
    fn check_size(&self, n_rows: usize) -> Result<(), InputError> {
        if n_rows < 2 { Err(ValueProblem::OneRow.at(self.source.place())) } else { Ok(()) }
    }

    /// Checks that no two coded columns have the same name.
    fn check_names(&self, names: &[String]) -> Result<(), InputError> {
        let mut seen = HashSet::with_capacity(names.len());
        match names.iter().find(|&name| !seen.insert(name)) {
            Some(name) => {
                let problem = ColumnProblem::CodedTwice { name: name.clone() };
                Err(problem.at(self.source.place()))
            }
            None => Ok(()),
        }
    }

    /// Notes which columns become several.
    fn note_text(&mut self, codings: &[SourceColumn]) {
        let columns: Vec<(String, usize)> = codings
            .iter()
            .filter(|coding| matches!(coding, SourceColumn::OneHot { .. }))
            .map(|coding| (coding.name().to_owned(), coding.n_coded()))
            .collect();
        if !columns.is_empty() {
            self.notes.push(Note::OneHot { columns });
        }
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
            let total: usize = counts.iter().sum();
            // Labels of dropped rows only are as good as unseen.
            let seen = || levels.iter().zip(&counts).filter(|&(_, &count)| count > 0);
            let means = || seen().map(|(_, &count)| count as f64 / total as f64).collect();
            SourceColumn::OneHot {
                name,
                levels: seen().map(|(level, _)| level.clone()).collect(),
                means: impute.then(means),
            }
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
