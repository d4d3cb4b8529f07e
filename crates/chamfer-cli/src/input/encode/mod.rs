//! From a table to a matrix of numbers, in a way that can be repeated.
//!
//! Fitting and applying share their last steps, from the choice of rows to the matrix, so that
//! applying an encoding to the table it was fitted on gives the same [`Frame`].

mod apply;
mod chunks;
mod classes;
mod encoding;
mod fit;
mod frame;
mod mixed;
mod note;
mod parts;
mod responses;
mod rows;
mod selection;
mod sparse;
mod streamed;
mod window;

pub use apply::Need;
pub use encoding::Encoding;
pub use fit::fit_encoding;
pub use frame::{Frame, Matrix, MixedMatrix};
pub use note::Note;
pub use selection::{Missing, Selection, TargetKind};

/// What the label of an svmlight line is called.
const SPARSE_TARGET: &str = "target";

/// The name of the column at position `column` (from 0) of an svmlight file.
fn sparse_name(column: usize) -> String {
    format!("x{}", column + 1)
}
