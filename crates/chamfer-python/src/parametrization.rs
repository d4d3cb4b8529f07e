//! The catalogue of parametrizations, on numpy arrays.

use crate::errors::of_optimization;
use chamfer::{
    Block, Blocks, GroupPower, GroupProduct, Groups, Hdp, HdpK, Hpp, HppK, MatrixProduct, Mcp,
    Power, Scad, SharedProduct, SparseGroup, Square, Unpenalized,
};
use numpy::{IntoPyArray, PyArray1, PyReadonlyArray1};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::sync::Arc;

/// One row of the catalogue: a smooth map from factors to coefficients with a smooth penalty on the factors.
#[pyclass(frozen, module = "chamfer._core")]
pub struct Parametrization {
    row: Arc<dyn chamfer::Parametrization<f64>>,
}

impl<P: chamfer::Parametrization<f64> + 'static> From<P> for Parametrization {
    fn from(row: P) -> Self {
        Self { row: Arc::new(row) }
    }
}

/// A row, or why there is none.
fn checked<P: Into<Parametrization>>(row: Result<P, chamfer::Error>) -> PyResult<Parametrization> {
    row.map(Into::into).map_err(|error| of_optimization(&error))
}

fn groups(lists: &[Vec<usize>]) -> Result<Groups, chamfer::Error> {
    let n = lists.iter().flatten().max().map_or(0, |most| most + 1);
    Groups::from_indices(lists, n)
}

impl Parametrization {
    /// A block of `n` coefficients with strength `alpha` and the weights of its terms.
    pub fn block(
        &self,
        n: usize,
        alpha: f64,
        weights: Option<Vec<f64>>,
    ) -> Result<Block<f64>, chamfer::Error> {
        let block = Block::shared(self.row.clone(), n, alpha)?;
        match weights {
            Some(weights) => block.with_weights(weights),
            None => Ok(block),
        }
    }

    fn blocks(&self, n: usize, alpha: f64, weights: Option<Vec<f64>>) -> PyResult<Blocks<f64>> {
        let blocks = self.block(n, alpha, weights).and_then(|block| Blocks::new(vec![block]));
        blocks.map_err(|error| of_optimization(&error))
    }
}

#[pymethods]
#[allow(clippy::needless_pass_by_value, reason = "what pyo3 hands over")]
impl Parametrization {
    #[staticmethod]
    fn hpp() -> Self {
        Hpp.into()
    }

    #[staticmethod]
    fn hdp() -> Self {
        Hdp.into()
    }

    #[staticmethod]
    fn square() -> Self {
        Square.into()
    }

    #[staticmethod]
    fn hpp_k(depth: usize) -> PyResult<Self> {
        checked(HppK::new(depth))
    }

    #[staticmethod]
    fn hdp_k(depth: f64) -> PyResult<Self> {
        checked(HdpK::new(depth))
    }

    #[staticmethod]
    fn power(depth: f64) -> PyResult<Self> {
        checked(Power::new(depth))
    }

    #[staticmethod]
    fn shared_product(depth: f64) -> PyResult<Self> {
        checked(SharedProduct::new(depth))
    }

    #[staticmethod]
    fn mcp(gamma: f64) -> PyResult<Self> {
        checked(Mcp::new(gamma))
    }

    #[staticmethod]
    fn scad(a: f64) -> PyResult<Self> {
        checked(Scad::new(a))
    }

    #[staticmethod]
    fn group_product(lists: Vec<Vec<usize>>, depth: usize) -> PyResult<Self> {
        checked(groups(&lists).and_then(|groups| GroupProduct::deep(groups, depth)))
    }

    #[staticmethod]
    fn nested(lists: Vec<Vec<usize>>, within: usize, gates: usize) -> PyResult<Self> {
        checked(groups(&lists).and_then(|groups| GroupProduct::nested(groups, within, gates)))
    }

    #[staticmethod]
    fn group_power(lists: Vec<Vec<usize>>, depth: f64) -> PyResult<Self> {
        checked(groups(&lists).and_then(|groups| GroupPower::new(groups, depth)))
    }

    #[staticmethod]
    fn sparse_group(lists: Vec<Vec<usize>>, l1_share: f64) -> PyResult<Self> {
        checked(groups(&lists).and_then(|groups| SparseGroup::new(groups, l1_share)))
    }

    #[staticmethod]
    fn matrix_product(
        rows: usize,
        columns: usize,
        depth: usize,
        rank: Option<usize>,
    ) -> PyResult<Self> {
        let row = MatrixProduct::new(rows, columns, depth);
        checked(row.and_then(|row| match rank {
            Some(rank) => row.with_rank(rank),
            None => Ok(row),
        }))
    }

    #[staticmethod]
    fn unpenalized() -> Self {
        Unpenalized.into()
    }

    /// What the catalogue says of it.
    fn facts<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        facts(py, self.row.facts())
    }

    fn n_factors(&self, n: usize) -> PyResult<usize> {
        self.blocks(n, 1.0, None).map(|blocks| blocks.n_factors())
    }

    fn collapse<'py>(
        &self,
        py: Python<'py>,
        n: usize,
        factors: PyReadonlyArray1<'py, f64>,
    ) -> PyResult<Bound<'py, PyArray1<f64>>> {
        let mut coefficients = vec![0.0; n];
        let collapsed = self.blocks(n, 1.0, None)?.collapse(factors.as_slice()?, &mut coefficients);
        collapsed.map_err(|error| of_optimization(&error))?;
        Ok(coefficients.into_pyarray(py))
    }

    /// The balanced lift, or a start with open gates.
    fn lift<'py>(
        &self,
        py: Python<'py>,
        coefficients: PyReadonlyArray1<'py, f64>,
        open: bool,
    ) -> PyResult<Bound<'py, PyArray1<f64>>> {
        let coefficients = coefficients.as_slice()?;
        let blocks = self.blocks(coefficients.len(), 1.0, None)?;
        let mut factors = vec![0.0; blocks.n_factors()];
        let lifted = if open {
            blocks.start(coefficients, &mut factors)
        } else {
            blocks.lift(coefficients, &mut factors)
        };
        lifted.map_err(|error| of_optimization(&error))?;
        Ok(factors.into_pyarray(py))
    }

    fn surrogate(
        &self,
        n: usize,
        factors: PyReadonlyArray1<'_, f64>,
        alpha: f64,
        weights: Option<Vec<f64>>,
    ) -> PyResult<f64> {
        let value = self.blocks(n, alpha, weights)?.surrogate(factors.as_slice()?);
        value.map_err(|error| of_optimization(&error))
    }

    fn penalty(
        &self,
        coefficients: PyReadonlyArray1<'_, f64>,
        alpha: f64,
        weights: Option<Vec<f64>>,
    ) -> PyResult<f64> {
        let coefficients = coefficients.as_slice()?;
        let value = self.blocks(coefficients.len(), alpha, weights)?.penalty(coefficients);
        value.map_err(|error| of_optimization(&error))
    }

    /// `J_Kᵀ g + α∇R_ξ`.
    fn pullback<'py>(
        &self,
        py: Python<'py>,
        factors: PyReadonlyArray1<'py, f64>,
        gradient: PyReadonlyArray1<'py, f64>,
        alpha: f64,
        weights: Option<Vec<f64>>,
    ) -> PyResult<Bound<'py, PyArray1<f64>>> {
        let (factors, gradient) = (factors.as_slice()?, gradient.as_slice()?);
        let n = gradient.len();
        let blocks = self.blocks(n, alpha, weights.clone())?;
        // Checks the lengths.
        blocks.surrogate(factors).map_err(|error| of_optimization(&error))?;
        let block = self.block(n, alpha, weights).map_err(|error| of_optimization(&error))?;
        let mut out = vec![0.0; factors.len()];
        self.row.pullback(factors, gradient, block.strength(), &mut out);
        Ok(out.into_pyarray(py))
    }

    /// The largest violation of first-order optimality.
    fn stationarity(
        &self,
        coefficients: PyReadonlyArray1<'_, f64>,
        gradient: PyReadonlyArray1<'_, f64>,
        alpha: f64,
        weights: Option<Vec<f64>>,
    ) -> PyResult<f64> {
        let (coefficients, gradient) = (coefficients.as_slice()?, gradient.as_slice()?);
        if coefficients.len() != gradient.len() {
            return Err(crate::errors::of_input("coefficients and gradient differ in length"));
        }
        let block = self.block(coefficients.len(), alpha, weights);
        let block = block.map_err(|error| of_optimization(&error))?;
        Ok(self.row.penalty().stationarity(coefficients, gradient, block.strength()))
    }
}

fn facts<'py>(py: Python<'py>, facts: &chamfer::Facts) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("name", facts.name)?;
    dict.set_item("type_name", facts.type_name)?;
    dict.set_item("map", facts.map)?;
    dict.set_item("surrogate", facts.surrogate)?;
    dict.set_item("penalty", facts.penalty)?;
    dict.set_item("convex", facts.convex.to_string())?;
    dict.set_item("extra_factors", facts.extra_factors)?;
    dict.set_item("smoothness", facts.smoothness)?;
    dict.set_item("source", facts.source)?;
    Ok(dict)
}

/// All rows of the catalogue.
#[pyfunction]
pub fn catalogue(py: Python<'_>) -> PyResult<Vec<Bound<'_, PyDict>>> {
    chamfer::catalogue().into_iter().map(|row| facts(py, row)).collect()
}
