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
    /// The arrays of a matrix in compressed rows do not fit together.
    #[error(
        "row {row} of the sparse design is malformed: its columns must be strictly increasing and inside \
         the matrix, and row starts must rise from 0 to the number of values"
    )]
    InvalidSparseRow {
        /// The row.
        row: usize,
    },
    /// A code of a categorical column is not one of its levels.
    #[error(
        "row {row} of a categorical column has the code {code}, but the column has {n_levels} levels"
    )]
    InvalidCode {
        /// The row.
        row: usize,
        /// The code.
        code: u32,
        /// Number of levels.
        n_levels: usize,
    },
    /// The rows of a design that is read in chunks could not be read.
    #[error("{message}")]
    Unreadable {
        /// What is wrong, and where.
        message: String,
    },
    /// An entry of the design is NaN or infinite.
    #[error("entry ({row}, {column}) of the design is not finite: impute or drop it first")]
    NonFiniteDesign {
        /// The row.
        row: usize,
        /// The column.
        column: usize,
    },
    /// A target that the family cannot have.
    #[error("target value {row} is {value}: the {family} family needs {needed}")]
    InvalidTarget {
        /// The row.
        row: usize,
        /// The value.
        value: f64,
        /// The family's name.
        family: &'static str,
        /// What a target must be.
        needed: &'static str,
    },
    /// A survival time is negative, NaN or infinite.
    #[error("the time of row {row} is {value}: times must be finite and at least 0")]
    InvalidTime {
        /// The row.
        row: usize,
        /// The value.
        value: f64,
    },
    /// No event happened.
    #[error("no row (with a weight above 0) has an event: there is nothing to learn from")]
    NoEvents,
    /// The variance power of the Tweedie family is out of its range.
    #[error(
        "the variance power is {power}: it must be above 1 and below 2 (at 1 use the poisson family, \
         at 2 the gamma family)"
    )]
    InvalidPower {
        /// The value given.
        power: f64,
    },
    /// A class number is too large.
    #[error("row {row} has class {class}, but there are {n_classes} classes, counted from 0")]
    InvalidClass {
        /// The row.
        row: usize,
        /// Its class.
        class: usize,
        /// Number of classes.
        n_classes: usize,
    },
    /// A class without a row.
    #[error("class {class} has no row (with a weight above 0): leave it out")]
    EmptyClass {
        /// The class.
        class: usize,
    },
    /// A parameter of a family must be above 0.
    #[error("{what} is {value}: it must be finite and above 0")]
    InvalidParameter {
        /// The parameter.
        what: &'static str,
        /// The value given.
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
    /// The elastic net's mixture is not in (0, 1].
    #[error("the l1 ratio is {value}: it must be above 0 and at most 1")]
    InvalidL1Ratio {
        /// The value given.
        value: f64,
    },
    /// A penalty weight is negative, NaN or infinite.
    #[error("penalty weight {term} is {value}: weights must be finite and at least 0")]
    InvalidPenaltyWeight {
        /// The column or group.
        term: usize,
        /// The value.
        value: f64,
    },
    /// Bounds are NaN, or 0 is not between them.
    #[error(
        "column {column} has the bounds {lower} and {upper}: the lower one must be at most 0 and the upper \
         one at least 0"
    )]
    InvalidBounds {
        /// The column.
        column: usize,
        /// Its lower bound.
        lower: f64,
        /// Its upper bound.
        upper: f64,
    },
    /// Bounds go with penalties on columns.
    #[error("bounds on coefficients go with penalties on columns, not with groups")]
    BoundsOnGroups,
    /// A coefficient to certify is outside its bounds.
    #[error("the coefficient of column {column} is {value}, outside its bounds")]
    OutsideBounds {
        /// The column.
        column: usize,
        /// The coefficient.
        value: f64,
    },
    /// A coefficient to certify is of a column that the penalty keeps out.
    #[error(
        "column {column} has the coefficient {value}, but an infinite penalty factor keeps it out"
    )]
    KeptOut {
        /// The column.
        column: usize,
        /// The coefficient.
        value: f64,
    },
    /// A path is to start at a coefficient or an intercept that is NaN or infinite.
    #[error("the start has a coefficient that is {value}: start at the coefficients of a fit")]
    NonFiniteStart {
        /// The coefficient.
        value: f64,
    },
    /// A group, a list of unpenalized columns or a coefficient names a column that is not there.
    #[error("column {column} is not in the design, which has {n_cols} columns (counted from 0)")]
    NoSuchColumn {
        /// The column.
        column: usize,
        /// Number of columns.
        n_cols: usize,
    },
    /// A column is neither in a group nor unpenalized.
    #[error("column {column} is in no group: give it one of its own, or leave it unpenalized")]
    UngroupedColumn {
        /// The column.
        column: usize,
    },
    /// Coefficients of overlapping groups cannot be certified.
    #[error(
        "column {column} is in several groups: its coefficient does not tell what each of them gave, so \
         it cannot be certified"
    )]
    OverlappingGroups {
        /// The column.
        column: usize,
    },
    /// An offset is NaN or infinite.
    #[error("the offset of row {row} is {value}: offsets must be finite")]
    NonFiniteOffset {
        /// The row.
        row: usize,
        /// The value.
        value: f64,
    },
    /// The loss overflows at a point that the solver visits.
    #[error("the loss is {value} at a point that the solver visits: rescale target or columns")]
    NonFiniteLoss {
        /// The loss.
        value: f64,
    },
    /// The smooth optimizer failed.
    #[error(transparent)]
    Optimization(#[from] chamfer::Error),
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
    /// The number of folds is not between 2 and the number of rows or groups.
    #[error("{n_folds} folds are not possible: there must be at least 2, and at most {most} here")]
    InvalidFolds {
        /// Number of folds asked for.
        n_folds: usize,
        /// The most that there can be.
        most: usize,
    },
    /// A fold without a row.
    #[error("fold {fold} has no row: number the folds from 0 without gaps")]
    EmptyFold {
        /// The fold.
        fold: usize,
    },
    /// The metric is defined on fewer than two folds.
    #[error(
        "the metric is defined on fewer than two folds of the {family} family: choose another metric, or \
         fewer folds that each have what it compares"
    )]
    NoMeasure {
        /// The family's name.
        family: &'static str,
    },
    /// The caller asked to stop.
    #[error("interrupted")]
    Interrupted,
}

impl Error {
    pub(crate) fn check_length(
        what: &'static str,
        expected: usize,
        found: usize,
    ) -> Result<(), Self> {
        if expected == found { Ok(()) } else { Err(Self::LengthMismatch { what, expected, found }) }
    }

    pub(crate) fn check_positive(what: &'static str, value: f64) -> Result<(), Self> {
        if value.is_finite() && value > 0.0 {
            Ok(())
        } else {
            Err(Self::InvalidParameter { what, value })
        }
    }
}
