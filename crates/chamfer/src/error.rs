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
        "the objective is not finite at evaluation {evaluation} (value {value}): check the data \
         for NaN or infinities, and the objective for overflow"
    )]
    NonFiniteObjective {
        /// Number of the evaluation, from 1.
        evaluation: usize,
        /// The value returned.
        value: f64,
    },
    /// The optimizer gave up.
    #[error("the optimizer stopped with an error: {message}")]
    Optimizer {
        /// The optimizer's own words.
        message: String,
    },
}

impl Error {
    /// Checks that `found` is the length `expected` of `what`.
    pub(crate) fn check_length(
        what: &'static str,
        expected: usize,
        found: usize,
    ) -> Result<(), Self> {
        if expected == found { Ok(()) } else { Err(Self::LengthMismatch { what, expected, found }) }
    }
}
