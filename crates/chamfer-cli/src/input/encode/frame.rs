//! What the solver gets.

use super::chunks::StreamMatrix;
use super::encoding::Predictors;
use super::responses::Responses;
use crate::input::error::Role;
use crate::input::sparse::SparseMatrix;
use chamfer_glm::{MixedColumn, RowChunks};

/// A coded table: only finite numbers, nothing missing.
#[derive(Debug, Clone, PartialEq)]
pub struct Frame {
    /// The names of the coded columns: `age`, `city=Oslo`.
    pub names: Vec<String>,
    /// The coded predictors.
    pub matrix: Matrix,
    /// The target, if it was asked for: numbers, one target after the other, or the numbers of classes.
    pub target: Option<Vec<f64>>,
    /// The observation weights, if there are any and they were asked for.
    pub weights: Option<Vec<f64>>,
    /// What is added to the linear predictor, if the model has an offset.
    pub offset: Option<Vec<f64>>,
    /// 1 where the target is the time of an event, 0 where it is the last that is known, if asked for.
    pub event: Option<Vec<f64>>,
    /// Which rows are compared with each other, if asked for.
    pub strata: Option<Vec<f64>>,
    /// The fold of each row, or the label that it shares with others of its fold, if asked for.
    pub folds: Option<Vec<f64>>,
    /// For every row of the matrix the number of its row in the file, from 1.
    pub rows: Vec<usize>,
    /// How many rows the file has; more than `rows` if some were dropped.
    pub rows_read: usize,
}

impl Frame {
    /// The frame of `matrix`, which holds the given `rows` (from 0) of the `rows_read` of a file.
    pub(super) fn new(
        predictors: &Predictors,
        matrix: Matrix,
        mut responses: Responses,
        rows: Vec<usize>,
        rows_read: usize,
    ) -> Self {
        let target = responses.take_targets(&rows);
        let folds = responses.take(Role::Fold, &rows);
        let folds = folds.or_else(|| responses.take(Role::FoldGroups, &rows));
        let mut take = |role| responses.take(role, &rows);
        Self {
            names: predictors.coded_names(),
            matrix,
            target,
            weights: take(Role::Weights),
            offset: take(Role::Offset),
            event: take(Role::Event),
            strata: take(Role::Strata),
            folds,
            rows: rows.into_iter().map(|row| row + 1).collect(),
            rows_read,
        }
    }
}

/// The predictors of a [`Frame`].
#[derive(Debug, Clone, PartialEq)]
pub enum Matrix {
    /// Numbers and labels.
    Mixed(MixedMatrix),
    /// The values that are not zero.
    Sparse(SparseMatrix),
    /// A file that is read anew for each pass.
    Stream(StreamMatrix),
}

/// Columns of numbers, and columns of labels as codes: their indicators take no memory.
#[derive(Debug, Clone, PartialEq)]
pub struct MixedMatrix {
    /// Number of rows.
    pub n_rows: usize,
    /// The numbers, column after column.
    pub numbers: Vec<f64>,
    /// For each column of labels the code of each row, and the number of labels.
    pub factors: Vec<(Vec<u32>, usize)>,
    /// The coded columns in their order.
    pub columns: Vec<MixedColumn>,
}

impl Matrix {
    /// Number of rows.
    #[must_use]
    pub fn n_rows(&self) -> usize {
        match self {
            Self::Mixed(matrix) => matrix.n_rows,
            Self::Sparse(matrix) => matrix.n_rows,
            Self::Stream(matrix) => matrix.n_rows(),
        }
    }

    /// Number of columns.
    #[must_use]
    pub fn n_cols(&self) -> usize {
        match self {
            Self::Mixed(matrix) => matrix.columns.len(),
            Self::Sparse(matrix) => matrix.n_cols,
            Self::Stream(matrix) => matrix.n_cols(),
        }
    }
}
