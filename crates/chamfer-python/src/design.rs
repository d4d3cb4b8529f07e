//! Design matrices from numpy and scipy, borrowed.

use crate::errors;
use chamfer_glm::{DenseDesign, Design, RowMajorDesign, SparseDesign, SparseRowDesign};
use numpy::{PyReadonlyArray1, PyReadonlyArray2, PyUntypedArrayMethods};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;

/// A numpy matrix, or the arrays of a scipy matrix in CSC or CSR format.
pub enum Matrix<'py> {
    F64(PyReadonlyArray2<'py, f64>),
    F32(PyReadonlyArray2<'py, f32>),
    Sparse(Sparse<'py>),
}

pub struct Sparse<'py> {
    shape: (usize, usize),
    by_column: bool,
    indices: Indices<'py>,
    values: Values<'py>,
}

/// Starts and indices.
enum Indices<'py> {
    I32(PyReadonlyArray1<'py, i32>, PyReadonlyArray1<'py, i32>),
    I64(PyReadonlyArray1<'py, i64>, PyReadonlyArray1<'py, i64>),
}

enum Values<'py> {
    F64(PyReadonlyArray1<'py, f64>),
    F32(PyReadonlyArray1<'py, f32>),
}

impl<'py> FromPyObject<'_, 'py> for Matrix<'py> {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        if let Ok(array) = object.extract() {
            return Ok(Self::F64(array));
        }
        if let Ok(array) = object.extract() {
            return Ok(Self::F32(array));
        }
        if object.hasattr("indptr")? {
            return Ok(Self::Sparse(Sparse::new(&object)?));
        }
        Err(PyTypeError::new_err(
            "the design must be a matrix of float64 or float32, dense or in CSC or CSR format",
        ))
    }
}

impl<'py> Sparse<'py> {
    fn new(object: &Bound<'py, PyAny>) -> PyResult<Self> {
        let (starts, indices) = (object.getattr("indptr")?, object.getattr("indices")?);
        let indices = match (starts.extract(), indices.extract()) {
            (Ok(starts), Ok(indices)) => Indices::I32(starts, indices),
            _ => Indices::I64(starts.extract()?, indices.extract()?),
        };
        let values = object.getattr("data")?;
        let values = match values.extract() {
            Ok(values) => Values::F64(values),
            Err(_) => Values::F32(values.extract()?),
        };
        let by_column = object.getattr("format")?.extract::<String>()? == "csc";
        Ok(Self { shape: object.getattr("shape")?.extract()?, by_column, indices, values })
    }

    fn design(&self) -> PyResult<Box<dyn Design + '_>> {
        match (&self.indices, &self.values) {
            (Indices::I32(a, b), Values::F64(v)) => self.typed(a, b, v),
            (Indices::I32(a, b), Values::F32(v)) => self.typed(a, b, v),
            (Indices::I64(a, b), Values::F64(v)) => self.typed(a, b, v),
            (Indices::I64(a, b), Values::F32(v)) => self.typed(a, b, v),
        }
    }

    fn typed<'a, I, T>(
        &self,
        starts: &'a PyReadonlyArray1<'py, I>,
        indices: &'a PyReadonlyArray1<'py, I>,
        values: &'a PyReadonlyArray1<'py, T>,
    ) -> PyResult<Box<dyn Design + 'a>>
    where
        I: numpy::Element + chamfer_glm::Index,
        T: numpy::Element + Copy + Into<f64> + Send + Sync,
    {
        let (starts, indices, values) =
            (starts.as_slice()?, indices.as_slice()?, values.as_slice()?);
        Ok(if self.by_column {
            let design = SparseDesign::new(self.shape.0, starts, indices, values);
            Box::new(design.map_err(|error| errors::of_regression(&error))?)
        } else {
            let design = SparseRowDesign::new(self.shape.1, starts, indices, values);
            Box::new(design.map_err(|error| errors::of_regression(&error))?)
        })
    }
}

impl Matrix<'_> {
    /// The design on the memory of Python's arrays.
    pub fn design(&self) -> PyResult<Box<dyn Design + '_>> {
        match self {
            Self::F64(array) => dense(array),
            Self::F32(array) => dense(array),
            Self::Sparse(sparse) => sparse.design(),
        }
    }
}

fn dense<'a, T>(array: &'a PyReadonlyArray2<'_, T>) -> PyResult<Box<dyn Design + 'a>>
where
    T: numpy::Element + Copy + Into<f64> + Send + Sync,
{
    let (n_rows, n_cols) = (array.shape()[0], array.shape()[1]);
    let values = array.as_slice()?;
    let of_regression = |error: chamfer_glm::Error| errors::of_regression(&error);
    Ok(if array.is_fortran_contiguous() {
        Box::new(DenseDesign::new(n_rows, n_cols, values).map_err(of_regression)?)
    } else {
        Box::new(RowMajorDesign::new(n_rows, n_cols, values).map_err(of_regression)?)
    })
}
