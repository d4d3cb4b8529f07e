//! Finding out how to code a table.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use super::encoding::{Encoding, Predictors, SourceColumn};
use super::frame::{Frame, Matrix};
use super::note::Note;
use super::responses::{Response, Responses};
use super::rows::{Flaw, Uncoded, Values, usable};
use super::selection::{Missing, Selection, TargetKind};
use super::sparse::Sparse;
use super::streamed::Streamed;
use super::{SPARSE_TARGET, classes};
use crate::input::error::{ColumnProblem, InputError, Role, ValueProblem};
use crate::input::stream::Stream;
use crate::input::table::{Column, Source, SparseTable, Table, TableData};

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
        TableData::Stream(stream) => fitting.stream(stream, selection),
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
        self,
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
        let responses = Responses(found.into_iter().map(|(_, response)| response).collect());
        self.named(predictors, responses, selection)
    }

    /// Fits an encoding to the columns of a file that is not in memory.
    fn stream(
        self,
        stream: Arc<Stream>,
        selection: &Selection,
    ) -> Result<(Encoding, Frame, Vec<Note>), InputError> {
        let names: Vec<&str> = stream.names().iter().map(String::as_str).collect();
        let positions =
            selection.positions(&names).map_err(|problem| problem.at(self.source.place()))?;
        let has_classes = selection.kind != TargetKind::Numbers;
        let responses =
            Responses::of_stream(&stream, &positions.responses, has_classes, &self.source)?;
        let predictors = Streamed::new(stream, positions.predictors)?;
        self.named(predictors, responses, selection)
    }

    /// Fits an encoding to predictors with names.
    fn named(
        mut self,
        predictors: impl Uncoded,
        mut responses: Responses,
        selection: &Selection,
    ) -> Result<(Encoding, Frame, Vec<Note>), InputError> {
        self.refuse_identifiers(&predictors)?;
        let predictors = self.without_constants(predictors)?;
        let rows = self.rows(&predictors, &responses)?;

        let codings = predictors.codings(&rows, self.missing)?;
        self.note_text(&codings);
        let matrix = predictors.matrix(&codings, &rows, &self.source)?;
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
    fn refuse_identifiers(&self, predictors: &impl Uncoded) -> Result<(), InputError> {
        let rows = self.n_rows;
        let is_identifier = |n_labels: &Option<usize>| *n_labels == Some(rows);
        match predictors.n_labels().iter().position(is_identifier) {
            Some(column) if rows > MOST_DISTINCT => {
                let name = predictors.name(column);
                let place = self.source.place().column(&name);
                Err(ValueProblem::Identifier { name, rows }.at(place))
            }
            _ => Ok(()),
        }
    }

    /// The `predictors` without text columns of one label.
    ///
    /// This is decided on all rows, before any are dropped: otherwise a column left out would
    /// have had its say in which rows are dropped, and applying the encoding would keep others.
    fn without_constants<P: Uncoded>(&mut self, predictors: P) -> Result<P, InputError> {
        let varies = |n_labels: Option<usize>| n_labels != Some(1);
        let varying: Vec<bool> = predictors.n_labels().into_iter().map(varies).collect();
        if !varying.contains(&true) {
            return Err(ColumnProblem::NoPredictors.at(self.source.place()));
        }
        let (predictors, constant) = predictors.split(&varying);
        if !constant.is_empty() {
            self.notes.push(Note::Constant { columns: constant });
        }
        Ok(predictors)
    }

    /// The rows to fit on, with notes of what is missing.
    fn rows(
        &mut self,
        predictors: &impl Values,
        responses: &Responses,
    ) -> Result<Vec<usize>, InputError> {
        let mut missing: BTreeMap<usize, usize> = BTreeMap::new();
        predictors.visit(Flaw::Missing, |column, _| *missing.entry(column).or_default() += 1)?;
        if let Some((&column, _)) = missing.iter().find(|&(_, &n)| n == self.n_rows) {
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
