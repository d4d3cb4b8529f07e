//! What can be wrong with a problem.

use thiserror::Error;

/// An error of this crate. Every message says what is wrong, where, and what to do.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum Error {
    /// λ is negative or not a finite number.
    #[error("lambda of block {block} is {lambda}: it must be finite and at least 0")]
    InvalidLambda {
        /// Position of the block.
        block: usize,
        /// The value given.
        lambda: f64,
    },
    /// A weight is zero, negative or not finite.
    #[error(
        "weight {index} of block {block} is {weight}: weights must be finite and above 0 \
         (put a coefficient that is not to be penalized in a block of its own with `Unpenalized`)"
    )]
    InvalidWeight {
        /// Position of the block.
        block: usize,
        /// Position of the weight in the block.
        index: usize,
        /// The value given.
        weight: f64,
    },
    /// A depth that gives no sparsity, or none that is smooth.
    #[error(
        "depth {depth} is not possible here: it must be at least {least}, as smaller ones give no \
         sparse penalty or no smooth map, and at most {most}"
    )]
    InvalidDepth {
        /// The depth given.
        depth: f64,
        /// The least possible.
        least: f64,
        /// The largest possible.
        most: f64,
    },
    /// A shape parameter of a penalty is out of range.
    #[error("{what} is {value}: it must be finite and above {least}")]
    InvalidShape {
        /// Which parameter.
        what: &'static str,
        /// The value given.
        value: f64,
        /// What it must exceed.
        least: f64,
    },
    /// The share of the lasso in the sparse-group lasso is not between 0 and 1.
    #[error(
        "alpha is {alpha}: it must be strictly between 0 (use `GroupProduct`) and 1 (use `Hpp`)"
    )]
    InvalidAlpha {
        /// The value given.
        alpha: f64,
    },
    /// The rank of a matrix product is out of range.
    #[error("rank {rank} is not possible: it must be between 1 and {most}, the smaller side")]
    InvalidRank {
        /// The rank given.
        rank: usize,
        /// The largest possible.
        most: usize,
    },
    /// Too many or no cumulative sums.
    #[error(
        "order {order} is not possible for {len} numbers: it must be at least 1 and below {len}"
    )]
    InvalidOrder {
        /// The order given.
        order: usize,
        /// How many numbers there are.
        len: usize,
    },
    /// A matrix has an entry that is not finite.
    #[error("the matrix has {value} in row {row}, column {column}: all entries must be finite")]
    InvalidMatrix {
        /// The row, from 0.
        row: usize,
        /// The column, from 0.
        column: usize,
        /// The value found.
        value: f64,
    },
    /// A ridge strength or another setting is negative or not finite.
    #[error("{what} is {value}: it must be finite and at least 0")]
    InvalidSetting {
        /// Which setting.
        what: &'static str,
        /// The value given.
        value: f64,
    },
    /// A share is out of range.
    #[error("{what} is {value}: it must be at least 0 and at most 1, and a decay below 1")]
    InvalidShare {
        /// Which share.
        what: &'static str,
        /// The value given.
        value: f64,
    },
    /// A group has no coefficients.
    #[error("group {group} is empty: leave it out, or give it coefficients")]
    EmptyGroup {
        /// Position of the group.
        group: usize,
    },
    /// A group names a coefficient that does not exist.
    #[error(
        "group {group} names coefficient {index}, but there are only {n_coefficients} (0 to {})",
        n_coefficients.saturating_sub(1)
    )]
    GroupIndex {
        /// Position of the group.
        group: usize,
        /// The coefficient named.
        index: usize,
        /// How many there are.
        n_coefficients: usize,
    },
    /// A coefficient is in two groups, or twice in one.
    #[error(
        "coefficient {index} is in group {first} and again in group {second}: name it once, or use \
         `Groups::overlapping` if groups are to share coefficients"
    )]
    GroupOverlap {
        /// The coefficient.
        index: usize,
        /// The group that named it first.
        first: usize,
        /// The group that named it again.
        second: usize,
    },
    /// A coefficient is in no group.
    #[error(
        "coefficient {index} is in no group: add it to one, if need be one of its own; what is not \
         to be penalized belongs in a block with `Unpenalized`"
    )]
    Ungrouped {
        /// The coefficient.
        index: usize,
    },
    /// The sizes add up to more than memory can address.
    #[error("there are too many coefficients: the sizes add up to more than memory can address")]
    TooManyCoefficients,
    /// A singular value decomposition failed.
    #[error(
        "the singular values of the matrix could not be computed: check it for NaN or overflow"
    )]
    NoSvd,
    /// The eigenvalues of a Hessian could not be computed.
    #[error(
        "the smallest eigenvalue of the Hessian could not be computed: check the Hessian products \
         for NaN and symmetry"
    )]
    NoEigenvalues,
    /// A coefficient starts where no gradient can move it.
    #[error(
        "coefficient {index} starts where no gradient can move it (factors at 0 in the \
         {parametrization} parametrization): start from another value, or with open gates \
         (`Start::Coefficients`) where the parametrization has gates"
    )]
    FrozenStart {
        /// Position of the coefficient.
        index: usize,
        /// Name of the parametrization.
        parametrization: &'static str,
    },
    /// A slice has the wrong length.
    #[error("{what} has length {found}, but {expected} is needed")]
    LengthMismatch {
        /// What was passed.
        what: &'static str,
        /// The length needed.
        expected: usize,
        /// The length found.
        found: usize,
    },
    /// There is nothing to optimize.
    #[error("there are no coefficients: give at least one block with at least one coefficient")]
    Empty,
    /// The start has a coefficient that is not finite.
    #[error("start value {index} is {value}: all start values must be finite")]
    InvalidStart {
        /// Position of the coefficient.
        index: usize,
        /// The value given.
        value: f64,
    },
    /// The objective returned NaN or an infinity, or a gradient with one.
    #[error(
        "the objective is not finite in iteration {iteration}, at its evaluation {evaluation} (value \
         {value}): check the data for NaN or infinities, and the objective for overflow"
    )]
    NonFiniteObjective {
        /// Number of the optimizer's iteration, from 1; 0 before the first.
        iteration: u64,
        /// Number of the evaluation, from 1.
        evaluation: usize,
        /// The value returned.
        value: f64,
        /// The coefficients with the least finite value before; empty if there were none.
        last: Vec<f64>,
    },
    /// The objective could not be evaluated.
    #[error("the objective failed: {message}")]
    Objective {
        /// The objective's own words.
        message: String,
    },
    /// The optimizer gave up.
    #[error("the optimizer stopped with an error: {message}")]
    Optimizer {
        /// The optimizer's own words.
        message: String,
    },
}

impl Error {
    /// Checks that a shape parameter is finite and above `least`.
    pub(crate) fn check_shape(what: &'static str, value: f64, least: f64) -> Result<(), Self> {
        let sound = value.is_finite() && value > least;
        if sound { Ok(()) } else { Err(Self::InvalidShape { what, value, least }) }
    }

    /// Checks that `found` is the length `expected` of `what`.
    pub(crate) fn check_length(
        what: &'static str,
        expected: usize,
        found: usize,
    ) -> Result<(), Self> {
        if expected == found { Ok(()) } else { Err(Self::LengthMismatch { what, expected, found }) }
    }
}
