//! Coding a table as another one was.

use std::collections::HashMap;
use std::sync::Arc;

use super::encoding::{Encoding, Predictors, SourceColumn};
use super::frame::{Frame, Matrix};
use super::responses::{Response, Responses};
use super::rows::{Uncoded, usable};
use super::sparse::Sparse;
use super::streamed::Streamed;
use super::{SPARSE_TARGET, classes, sparse_name};
use crate::input::error::{ColumnProblem, InputError, Role, ValueProblem};
use crate::input::sparse::SparseMatrix;
use crate::input::stream::Stream;
use crate::input::table::{Column, Source, SparseTable, Table, TableData};

/// What a table is needed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// For predicting: the predictors, and the offset if the model has one. The table need not have target
    /// and weights, and they are not looked at.
    Predictors,
    /// For comparing with the truth: the predictors, the target, and the weights if the model was
    /// fitted with some.
    Everything,
}

impl Encoding {
    /// Codes `table` as the training data was coded. Columns the model does not use are ignored,
    /// and the order of the columns does not matter.
    ///
    /// # Errors
    ///
    /// If a column is not there or of another type than in training, if a text column has a label
    /// that training did not have, or if values cannot be used (see [`fit_encoding`]).
    ///
    /// [`fit_encoding`]: super::fit_encoding
    pub fn apply(&self, table: Table, need: Need) -> Result<Frame, InputError> {
        const NAMED: &str = "a table with named columns";
        const SPARSE: &str = "an svmlight file";
        let Table { source, n_rows, data } = table;
        if !self.is_complete() {
            return Err(ColumnProblem::LacksMeans.at(source.place()));
        }
        let (trained, found) = match (&self.predictors, data) {
            (Predictors::Table { columns: codings }, TableData::Columns(columns)) => {
                return self.apply_columns(codings, columns, n_rows, &source, need);
            }
            (Predictors::Sparse { n_cols, indices, means }, TableData::Sparse(table)) => {
                check_width(&table.matrix, *n_cols, &source)?;
                let columns = match indices {
                    Some(indices) => indices.iter().map(|index| index.saturating_sub(1)).collect(),
                    None => (0..*n_cols).collect(),
                };
                return self.apply_sparse(columns, means.as_deref(), table, &source, need);
            }
            (Predictors::Table { columns: codings }, TableData::Stream(stream)) => {
                return self.apply_stream(codings, &stream, &source, need);
            }
            (Predictors::Table { .. }, TableData::Sparse(_)) => (NAMED, SPARSE),
            (Predictors::Sparse { .. }, TableData::Columns(_) | TableData::Stream(_)) => {
                (SPARSE, NAMED)
            }
        };
        Err(ColumnProblem::OtherKind { trained, found }.at(source.place()))
    }

    fn apply_columns(
        &self,
        codings: &[SourceColumn],
        columns: Vec<Column>,
        n_rows: usize,
        source: &Source,
        need: Need,
    ) -> Result<Frame, InputError> {
        let mut columns: HashMap<String, Column> =
            columns.into_iter().map(|column| (column.name.clone(), column)).collect();
        let roles = self.roles(need);
        check_presence(codings, &roles, |name| columns.contains_key(name), source)?;
        let mut responses = Responses::default();
        for (name, role) in roles {
            if let Some(column) = columns.remove(name) {
                let has_classes = self.classes.is_some();
                responses.0.push(Response::of_column(column, role, has_classes, source)?);
            }
        }
        let predictors: Vec<Column> = codings
            .iter()
            .map(SourceColumn::name)
            .map(|name| columns.remove(name).ok_or_else(|| lacks(&[name]).at(source.place())))
            .collect::<Result<_, _>>()?;
        drop(columns);
        self.apply_named(codings, predictors, responses, n_rows, source)
    }

    fn apply_stream(
        &self,
        codings: &[SourceColumn],
        stream: &Arc<Stream>,
        source: &Source,
        need: Need,
    ) -> Result<Frame, InputError> {
        let positions: HashMap<&str, usize> =
            stream.names().iter().map(String::as_str).zip(0..).collect();
        let roles = self.roles(need);
        check_presence(codings, &roles, |name| positions.contains_key(name), source)?;
        let roles: Vec<(usize, Role)> =
            roles.iter().map(|(name, role)| (positions[name], *role)).collect();
        let responses = Responses::of_stream(stream, &roles, self.classes.is_some(), source)?;
        let columns = codings.iter().map(|coding| positions[coding.name()]).collect();
        let n_rows = stream.n_rows();
        let predictors = Streamed::new(Arc::clone(stream), columns)?;
        self.apply_named(codings, predictors, responses, n_rows, source)
    }

    fn apply_named(
        &self,
        codings: &[SourceColumn],
        predictors: impl Uncoded,
        mut responses: Responses,
        n_rows: usize,
        source: &Source,
    ) -> Result<Frame, InputError> {
        let rows = usable(&predictors, &responses, n_rows, self.missing, source)?;
        self.number_classes(&mut responses, &rows, source)?;
        let matrix = predictors.matrix(codings, &rows, source)?;
        Ok(Frame::new(&self.predictors, matrix, responses, rows, n_rows))
    }

    /// The columns that are needed beside the predictors.
    fn roles(&self, need: Need) -> Vec<(&str, Role)> {
        let offset = self.offset.as_deref().map(|name| (name, Role::Offset));
        let mut roles: Vec<(&str, Role)> = offset.into_iter().collect();
        if need == Need::Everything {
            roles.extend(self.targets.iter().map(|name| (name.as_str(), Role::Target)));
            roles.extend(self.weights.as_deref().map(|name| (name, Role::Weights)));
            roles.extend(self.event.as_deref().map(|name| (name, Role::Event)));
            roles.extend(self.strata.as_deref().map(|name| (name, Role::Strata)));
        }
        roles
    }

    fn apply_sparse(
        &self,
        columns: Vec<usize>,
        means: Option<&[f64]>,
        table: SparseTable,
        source: &Source,
        need: Need,
    ) -> Result<Frame, InputError> {
        let SparseTable { matrix, target } = table;
        let n_rows = matrix.n_rows;
        let mut responses = Responses::default();
        if need == Need::Everything {
            responses.0.push(Response::new(SPARSE_TARGET, Role::Target, target));
        }
        let predictors = Sparse { matrix, columns };
        let rows = usable(&predictors, &responses, n_rows, self.missing, source)?;
        self.number_classes(&mut responses, &rows, source)?;
        let matrix = Matrix::Sparse(predictors.matrix(&rows, means));
        Ok(Frame::new(&self.predictors, matrix, responses, rows, n_rows))
    }

    /// Numbers the classes of the target as in training, if it has any.
    fn number_classes(
        &self,
        responses: &mut Responses,
        rows: &[usize],
        source: &Source,
    ) -> Result<(), InputError> {
        let Some(classes) = &self.classes else {
            return Ok(());
        };
        responses.targets().try_for_each(|target| classes::number(target, classes, rows, source))
    }
}

/// Checks that the columns of `codings` and `roles` are there.
fn check_presence(
    codings: &[SourceColumn],
    roles: &[(&str, Role)],
    is_there: impl Fn(&str) -> bool,
    source: &Source,
) -> Result<(), InputError> {
    let names = codings.iter().map(SourceColumn::name).chain(roles.iter().map(|(name, _)| *name));
    let lacking: Vec<&str> = names.filter(|name| !is_there(name)).collect();
    if lacking.is_empty() { Ok(()) } else { Err(lacks(&lacking).at(source.place())) }
}

/// The problem that the columns called `names` are not there.
fn lacks(names: &[&str]) -> ColumnProblem {
    const SHOWN: usize = 5;
    let first = names.iter().take(SHOWN).map(|&name| name.to_owned()).collect();
    ColumnProblem::Lacking { first, total: names.len() }
}

/// Checks that an svmlight file has no values beyond the `n_cols` columns of the training file.
fn check_width(matrix: &SparseMatrix, n_cols: usize, source: &Source) -> Result<(), InputError> {
    for column in n_cols..matrix.n_cols {
        if let Some((row, _)) = matrix.column(column).next() {
            let place = source.row(row).column(&sparse_name(column));
            return Err(ValueProblem::UnknownFeature { n_cols }.at(place));
        }
    }
    Ok(())
}
