//! Sparse minimization of an objective that Python evaluates.

use crate::errors::{of_input, of_optimization, of_panic};
use crate::parametrization::Parametrization;
use chamfer::{
    Blocks, Certificate, Error, Fit, Objective, Optimizer, SecondOrder, Settings, second_order,
};
use numpy::{IntoPyArray, PyArray1, PyReadonlyArray1};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};

/// Functions of Python that return `(value, gradient)` and `∇²L(β) d`.
struct Function {
    value_and_gradient: Py<PyAny>,
    hessian_product: Option<Py<PyAny>>,
    /// The first exception that was raised.
    raised: Mutex<Option<PyErr>>,
}

impl Function {
    /// Calls Python; keeps what it raises for the end.
    fn call<T>(&self, call: impl FnOnce(Python<'_>) -> PyResult<T>) -> Result<T, Error> {
        Python::attach(call).map_err(|error| {
            let message = error.to_string();
            let mut raised = self.raised.lock().unwrap_or_else(PoisonError::into_inner);
            raised.get_or_insert(error);
            Error::Objective { message }
        })
    }
}

/// Copies an array of the length of `out`, which the Python side guarantees.
fn copy(values: &Bound<'_, PyAny>, out: &mut [f64]) -> PyResult<()> {
    let values: PyReadonlyArray1<'_, f64> = values.extract()?;
    out.copy_from_slice(values.as_slice()?);
    Ok(())
}

impl Objective<f64> for Function {
    fn value_and_gradient(&self, beta: &[f64], gradient: &mut [f64]) -> Result<f64, Error> {
        self.call(|py| {
            let result = self.value_and_gradient.call1(py, (PyArray1::from_slice(py, beta),))?;
            let (value, slope): (f64, Bound<'_, PyAny>) = result.extract(py)?;
            copy(&slope, gradient)?;
            Ok(value)
        })
    }

    fn hessian_product(
        &self,
        beta: &[f64],
        direction: &[f64],
        out: &mut [f64],
    ) -> Result<(), Error> {
        let Some(function) = &self.hessian_product else {
            return ByDifferences(self).hessian_product(beta, direction, out);
        };
        self.call(|py| {
            let (beta, direction) =
                (PyArray1::from_slice(py, beta), PyArray1::from_slice(py, direction));
            let product = function.call1(py, (beta, direction))?;
            copy(product.bind(py), out)
        })
    }
}

/// The same function, with the products that the library makes of gradients.
struct ByDifferences<'a>(&'a Function);

impl Objective<f64> for ByDifferences<'_> {
    fn value_and_gradient(&self, beta: &[f64], gradient: &mut [f64]) -> Result<f64, Error> {
        self.0.value_and_gradient(beta, gradient)
    }
}

/// Which coefficients get which parametrization: how many, α and weights.
type BlockSpec<'py> = (PyRef<'py, Parametrization>, usize, f64, Option<Vec<f64>>);

fn optimizer(method: &str, memory: usize) -> PyResult<Optimizer> {
    Ok(match method {
        "lbfgs" => Optimizer::Lbfgs { memory },
        "trust-region" => Optimizer::TrustRegion,
        "newton-cg" => Optimizer::NewtonCg,
        "nonlinear-cg" => Optimizer::NonlinearCg,
        "gradient-descent" => Optimizer::GradientDescent,
        _ => return Err(of_input(&format!("there is no method {method}"))),
    })
}

/// Minimizes over coefficients in blocks; a dictionary.
#[pyfunction]
#[allow(clippy::too_many_arguments, clippy::needless_pass_by_value, reason = "called from Python")]
pub fn minimize<'py>(
    py: Python<'py>,
    value_and_gradient: Py<PyAny>,
    hessian_product: Option<Py<PyAny>>,
    start: PyReadonlyArray1<'py, f64>,
    blocks: Vec<BlockSpec<'py>>,
    method: &str,
    memory: usize,
    tolerance: f64,
    max_iterations: u64,
    with_second_order: bool,
) -> PyResult<Bound<'py, PyDict>> {
    let of_library = |error| of_optimization(&error);
    let blocks = blocks
        .into_iter()
        .map(|(row, n, alpha, weights)| row.block(n, alpha, weights))
        .collect::<Result<Vec<_>, Error>>()
        .and_then(Blocks::new)
        .map_err(of_library)?;
    let settings = Settings { optimizer: optimizer(method, memory)?, max_iterations, tolerance };
    let start = start.as_slice()?;
    let function = Function { value_and_gradient, hessian_product, raised: Mutex::new(None) };
    let solve = || -> Result<(Fit<f64>, Option<SecondOrder>), Error> {
        let fit = chamfer::minimize(&function, &blocks, start, &settings)?;
        let second = if with_second_order {
            second_order(&function, &blocks, &fit.coefficients)?
        } else {
            None
        };
        Ok((fit, second))
    };
    let outcome = py.detach(|| catch_unwind(AssertUnwindSafe(solve)));
    let outcome = outcome.map_err(|payload| of_panic(payload.as_ref()))?;
    if let Some(error) = function.raised.into_inner().unwrap_or_else(PoisonError::into_inner) {
        return Err(error);
    }
    let (fit, second) = outcome.map_err(of_library)?;
    let Certificate { objective, stationarity, misalignment, imbalance, gap: _ } = fit.certificate;
    let dict = PyDict::new(py);
    dict.set_item("x", fit.coefficients.into_pyarray(py))?;
    dict.set_item("fun", objective)?;
    dict.set_item("stationarity", stationarity)?;
    dict.set_item("misalignment", misalignment)?;
    dict.set_item("imbalance", imbalance)?;
    dict.set_item("smallest_eigenvalue", second.map(|second| second.smallest_eigenvalue))?;
    dict.set_item("nfev", fit.evaluations)?;
    Ok(dict)
}
