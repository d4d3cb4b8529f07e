//! Solutions as arrays.

use chamfer_glm::RegressionPoint;
use numpy::{IntoPyArray, PyArray1};
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// A dictionary of arrays: one entry for each λ, and the coefficients as a matrix in CSR format with a row for
/// each λ and output.
pub fn to_dict<'py>(py: Python<'py>, points: &[RegressionPoint]) -> PyResult<Bound<'py, PyDict>> {
    let certificates = || points.iter().map(|point| point.certificate);
    let gaps = || certificates().map(|certificate| certificate.gap);
    let array = |values: Vec<f64>| -> Bound<'py, PyArray1<f64>> { values.into_pyarray(py) };
    let dict = PyDict::new(py);
    dict.set_item("alphas", array(points.iter().map(|point| point.lambda).collect()))?;
    let of_outputs = || points.iter().flat_map(|point| &point.coefficients);
    dict.set_item("intercepts", array(of_outputs().map(|b| b.intercept).collect()))?;
    let mut starts = vec![0];
    let (mut indices, mut values) = (Vec::new(), Vec::new());
    for coefficients in of_outputs() {
        indices.extend(coefficients.values.iter().map(|&(column, _)| column));
        values.extend(coefficients.values.iter().map(|&(_, b)| b));
        starts.push(values.len());
    }
    dict.set_item("indptr", starts.into_pyarray(py))?;
    dict.set_item("indices", indices.into_pyarray(py))?;
    dict.set_item("values", array(values))?;
    dict.set_item("objectives", array(certificates().map(|c| c.objective).collect()))?;
    let gap = |of: fn(&chamfer::DualityGap<f64>) -> f64| -> Vec<f64> {
        gaps().map(|gap| gap.as_ref().map_or(f64::NAN, of)).collect()
    };
    dict.set_item("dual_gaps", array(gap(chamfer::DualityGap::absolute)))?;
    dict.set_item("relative_gaps", array(gap(chamfer::DualityGap::relative)))?;
    let stationarity = certificates().map(|c| c.relative_stationarity).collect();
    dict.set_item("stationarity", array(stationarity))?;
    let eigenvalue = |c: chamfer_glm::Optimality| c.smallest_eigenvalue.unwrap_or(f64::NAN);
    dict.set_item("smallest_eigenvalues", array(certificates().map(eigenvalue).collect()))?;
    let explained = points.iter().map(|point| point.deviance_explained).collect();
    dict.set_item("deviance_explained", array(explained))?;
    let converged: Vec<bool> = points.iter().map(|point| point.converged).collect();
    dict.set_item("converged", converged.into_pyarray(py))?;
    let steps: Vec<usize> = points.iter().map(|point| point.newton_steps).collect();
    dict.set_item("n_iter", steps.into_pyarray(py))?;
    Ok(dict)
}
