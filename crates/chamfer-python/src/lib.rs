//! `chamfer._core`: the Rust side of the Python package.
//!
//! Arguments arrive checked for their kind by the Python side, as arrays that are borrowed and never copied.
//! Fits run without the interpreter lock, can be stopped with Ctrl-C, and neither an error nor a panic leaves
//! here other than as an exception of `chamfer.exceptions`.

mod design;
mod errors;
mod family;
mod minimize;
mod parametrization;
mod penalty;
mod points;
mod regression;
mod supervise;

/// The compiled part of `chamfer`.
#[pyo3::pymodule]
mod _core {
    #[pymodule_export]
    use crate::minimize::minimize;
    #[pymodule_export]
    use crate::parametrization::{Parametrization, catalogue};
    #[pymodule_export]
    use crate::regression::{concordance, cross_validate, path};
    #[pymodule_export]
    use crate::supervise::panic_for_test;
}
