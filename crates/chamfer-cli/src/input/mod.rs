//! From a file to the numbers the solver works on, in two steps.
//!
//! 1. [`read()`] turns a file (CSV, TSV, Parquet, Arrow or svmlight) into a table: columns as
//!    the file has them, with the place of every row kept for messages.
//! 2. [`fit_encoding`] chooses the target and the predictors of a table, decides how each column
//!    becomes numbers, and returns the coded [`Frame`] along with the [`Encoding`], which is kept
//!    with the model so that [`Encoding::apply`] does the same to any later table.
//!
//! A Parquet or Arrow file that is too large for memory is a [`Stream`] in place of columns: both steps read
//! it a window of rows at a time, and the frame holds how to do so again.
//!
//! Whatever is wrong on the way is an [`InputError`] that says where, what, and what to do.

mod encode;
mod error;
mod groups;
mod names;
mod penalty_weights;
mod read;
mod sparse;
mod stream;
mod table;

pub use encode::{
    Encoding, Frame, Matrix, Missing, MixedMatrix, Need, Note, Selection, TargetKind, fit_encoding,
};
pub use error::{InputError, Role};
pub use groups::{groups, matching_columns};
pub use penalty_weights::penalty_weights;
pub use read::{Format, ReadOptions, read};
pub use stream::Stream;
pub use table::Table;

#[cfg(test)]
mod tests;
