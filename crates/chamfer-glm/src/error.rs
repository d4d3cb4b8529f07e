//! What can be wrong with a regression problem.

use thiserror::Error;

/// An error of this crate. Rows and columns are indices from 0.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum Error {
    /// The design has no rows or no columns.
    #[error("the design has {n_rows} rows and {n_cols} columns: it needs at least one of each")]
    EmptyDesign {
        /// Number of rows.
        n_rows: usize,
        /// Number of columns.
        n_cols: usize,
    },
    /// A regression of one row.
    #[error("there is only one row: a regression needs at least two")]
    OneRow,
    /// Something has the wrong length.
    #[error("{what} has length {found}, but {expected} is needed")]
    LengthMismatch {
        /// What was passed.
        what: &'static str,
        /// The length needed.
        expected: usize,
        /// The length found.
        found: usize,
    },
    /// The arrays of a sparse matrix do not fit together.
    #[error(
        "column {column} of the sparse design is malformed: its rows must be strictly increasing \
         and inside the matrix, and column starts must rise from 0 to the number of values"
    )]
    InvalidSparseColumn {
        /// The column.
        column: usize,
    },
    /// An entry of the design is NaN or infinite.
    #[error("entry ({row}, {column}) of the design is not finite: impute or drop it first")]
    NonFiniteDesign {
        /// The row.
        row: usize,
        /// The column.
        column: usize,
    },
    /// A target value is NaN or infinite.
    #[error("target value {row} is {value}: drop the row or repair the value")]
    NonFiniteTarget {
        /// The row.
        row: usize,
        /// The value.
        value: f64,
    },
    /// A weight is negative, NaN or infinite.
    #[error("observation weight {row} is {value}: weights must be finite and at least 0")]
    InvalidWeight {
        /// The row.
        row: usize,
        /// The value.
        value: f64,
    },
    /// No observation counts.
    #[error("all observation weights are 0: give at least two rows a weight above 0")]
    ZeroWeights,
    /// The target does not vary.
    #[error(
        "the target is {value} in every row (with a weight above 0): there is nothing to explain"
    )]
    ConstantTarget {
        /// Its one value.
        value: f64,
    },
    /// λ is zero, negative, NaN or infinite.
    #[error("lambda is {value}: it must be a finite number above 0")]
    InvalidLambda {
        /// The value given.
        value: f64,
    },
    /// The tolerance is zero, negative or NaN.
    #[error("the tolerance is {value}: it must be a number above 0 and below 1")]
    InvalidTolerance {
        /// The value given.
        value: f64,
    },
    /// `λ_max` is 0, so no grid of λs can be made.
    #[error(
        "no column is correlated with the target, so every lambda gives all zeros: check that the \
         target and the columns vary"
    )]
    NoSignal,
    /// A grid with no λ, or with an end at or above its start.
    #[error(
        "a path needs at least one lambda and a ratio between 0 and 1 (got {n_lambdas} lambdas and \
         ratio {ratio})"
    )]
    InvalidGrid {
        /// Number of λs asked for.
        n_lambdas: usize,
        /// Least λ over `λ_max`.
        ratio: f64,
    },
    /// The numbers overflow even though each is finite.
    #[error(
        "the sums over the data overflow (column {column}): rescale it, its values are too large \
         for double precision"
    )]
    Overflow {
        /// The column.
        column: usize,
    },
    /// The target's squares overflow or underflow.
    #[error("the target's values are too large or too small for double precision: rescale it")]
    UnscaledTarget,
    /// The caller asked to stop.
    #[error("interrupted")]
    Interrupted,
}
