//! Which exception an error becomes; the classes are those of `chamfer.exceptions`.

use pyo3::exceptions::PyKeyboardInterrupt;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyType};

/// The exception for an error of the regression engine.
pub fn of_regression(error: &chamfer_glm::Error) -> PyErr {
    use chamfer_glm::Error as E;
    let (mut row_at, mut column_at) = (None, None);
    let class = match error {
        E::Optimization(error) => return of_optimization(error),
        E::NonFiniteDesign { row, column } => {
            (row_at, column_at) = (Some(*row), Some(*column));
            "DesignError"
        }
        E::InvalidSparseColumn { column } | E::Overflow { column } => {
            column_at = Some(*column);
            "DesignError"
        }
        E::EmptyDesign { .. } | E::InvalidSparseRow { .. } => "DesignError",
        E::ConstantTarget { .. } => "ConstantTargetError",
        E::InvalidTarget { row, .. } | E::InvalidTime { row, .. } | E::InvalidClass { row, .. } => {
            row_at = Some(*row);
            "TargetError"
        }
        E::OneRow | E::NoEvents | E::EmptyClass { .. } | E::UnscaledTarget => "TargetError",
        E::InvalidWeight { row, .. } | E::NonFiniteOffset { row, .. } => {
            row_at = Some(*row);
            "WeightError"
        }
        E::ZeroWeights => "WeightError",
        E::NoSignal => "NoSignalError",
        E::InvalidBounds { column, .. }
        | E::OutsideBounds { column, .. }
        | E::NoSuchColumn { column, .. }
        | E::UngroupedColumn { column }
        | E::OverlappingGroups { column } => {
            column_at = Some(*column);
            "PenaltyError"
        }
        E::InvalidLambda { .. }
        | E::InvalidL1Ratio { .. }
        | E::InvalidPenaltyWeight { .. }
        | E::BoundsOnGroups => "PenaltyError",
        E::NonFiniteLoss { .. } => "OptimizationError",
        _ => "InputError",
    };
    exception(class, &error.to_string(), row_at, column_at)
}

/// The exception for an error of the optimization.
pub fn of_optimization(error: &chamfer::Error) -> PyErr {
    use chamfer::Error as E;
    let class = match error {
        E::NonFiniteObjective { .. }
        | E::Objective { .. }
        | E::Optimizer { .. }
        | E::NoEigenvalues
        | E::NoSvd => "OptimizationError",
        E::InvalidLambda { .. }
        | E::InvalidWeight { .. }
        | E::InvalidDepth { .. }
        | E::InvalidShape { .. }
        | E::InvalidAlpha { .. }
        | E::EmptyGroup { .. }
        | E::GroupIndex { .. }
        | E::GroupOverlap { .. }
        | E::Ungrouped { .. } => "PenaltyError",
        _ => "InputError",
    };
    exception(class, &error.to_string(), None, None)
}

/// The exception for bad input that this crate finds.
pub fn of_input(message: &str) -> PyErr {
    exception("InputError", message, None, None)
}

/// The exception for a panic.
pub fn of_panic(payload: &(dyn std::any::Any + Send)) -> PyErr {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
    exception("BugError", text.unwrap_or("without a message"), None, None)
}

/// The exception that stopped a path: if that was Ctrl-C, with what is done.
pub fn stopped(py: Python<'_>, error: PyErr, done: Bound<'_, PyDict>) -> PyErr {
    if !error.is_instance_of::<PyKeyboardInterrupt>(py) {
        return error;
    }
    match class(py, "Interrupted").and_then(|class| class.call1((done,))) {
        Ok(exception) => PyErr::from_value(exception),
        Err(error) => error,
    }
}

fn exception(name: &str, message: &str, row: Option<usize>, column: Option<usize>) -> PyErr {
    // What Python, as scikit-learn, calls alpha.
    let message = message.replace("lambda", "alpha");
    Python::attach(|py| {
        match class(py, name).and_then(|class| class.call1((message, row, column))) {
            Ok(exception) => PyErr::from_value(exception),
            Err(error) => error,
        }
    })
}

fn class<'py>(py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyType>> {
    Ok(py.import("chamfer.exceptions")?.getattr(name)?.cast_into()?)
}
