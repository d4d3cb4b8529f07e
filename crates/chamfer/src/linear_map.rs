//! Fixed linear maps `β = A θ`, for penalties on differences, trends and overlapping groups.

use crate::{Error, Scalar};
use std::fmt::Debug;

/// A fixed linear map `β = A θ`.
///
/// Composed with an objective ([`Objective::compose`](crate::Objective::compose)) it moves the
/// penalty from β to θ.
pub trait LinearMap<T: Scalar>: Debug + Send + Sync {
    /// Length of θ.
    fn n_inputs(&self) -> usize;

    /// Length of β.
    fn n_outputs(&self) -> usize;

    /// `β = A θ`, written to `output`.
    fn apply(&self, input: &[T], output: &mut [T]);

    /// `Aᵀ g`, written to `input`.
    fn apply_transpose(&self, output: &[T], input: &mut [T]);
}

/// Repeated cumulative sums, `A = C^order`, with `(Cθ)_i = θ_0 + … + θ_i`.
///
/// `θ` are the differences of β of that order, but the first `order` entries, which carry the
/// polynomial of degree `order − 1`: leave those [`Unpenalized`](crate::Unpenalized). Order 1 with the
/// lasso on the rest is the fused lasso (Tibshirani et al. 2005) or total variation; order `k + 1`
/// is trend filtering of degree `k` (Kim et al. 2009).
///
/// ```
/// use chamfer::{CumulativeSum, LinearMap};
///
/// let mut steps = [0.0; 4];
/// CumulativeSum::new(4, 1)?.apply(&[1.0, 0.0, 2.0, 0.0], &mut steps);
/// assert_eq!(steps, [1.0, 1.0, 3.0, 3.0]);
/// # Ok::<(), chamfer::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CumulativeSum {
    len: usize,
    order: usize,
}

impl CumulativeSum {
    /// Sums of `len` numbers, `order` times.
    ///
    /// # Errors
    /// If `order` is 0 or not below `len`.
    pub fn new(len: usize, order: usize) -> Result<Self, Error> {
        if order == 0 || order >= len {
            return Err(Error::InvalidOrder { order, len });
        }
        Ok(Self { len, order })
    }
}

impl<T: Scalar> LinearMap<T> for CumulativeSum {
    fn n_inputs(&self) -> usize {
        self.len
    }

    fn n_outputs(&self) -> usize {
        self.len
    }

    fn apply(&self, input: &[T], output: &mut [T]) {
        output.copy_from_slice(input);
        for _ in 0..self.order {
            let mut sum = T::zero();
            for value in output.iter_mut() {
                sum += *value;
                *value = sum;
            }
        }
    }

    fn apply_transpose(&self, output: &[T], input: &mut [T]) {
        input.copy_from_slice(output);
        for _ in 0..self.order {
            let mut sum = T::zero();
            for value in input.iter_mut().rev() {
                sum += *value;
                *value = sum;
            }
        }
    }
}

/// Sums of copies: `β_j = Σ_{i : source_i = j} θ_i`, from
/// [`Groups::overlapping`](crate::Groups::overlapping).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Duplication {
    sources: Vec<usize>,
    n_coefficients: usize,
}

impl Duplication {
    /// `sources[i]`, less than `n_coefficients`, is the coefficient of which `θ_i` is a copy.
    pub(crate) fn new(sources: Vec<usize>, n_coefficients: usize) -> Self {
        Self { sources, n_coefficients }
    }

    /// The coefficient of which each `θ_i` is a copy.
    #[must_use]
    pub fn sources(&self) -> &[usize] {
        &self.sources
    }
}

impl<T: Scalar> LinearMap<T> for Duplication {
    fn n_inputs(&self) -> usize {
        self.sources.len()
    }

    fn n_outputs(&self) -> usize {
        self.n_coefficients
    }

    fn apply(&self, input: &[T], output: &mut [T]) {
        output.fill(T::zero());
        for (&source, &value) in self.sources.iter().zip(input) {
            output[source] += value;
        }
    }

    fn apply_transpose(&self, output: &[T], input: &mut [T]) {
        for (&source, value) in self.sources.iter().zip(input) {
            *value = output[source];
        }
    }
}

/// A dense matrix, column by column.
#[derive(Debug, Clone, PartialEq)]
pub struct DenseMap<T> {
    columns: Vec<T>,
    n_outputs: usize,
    n_inputs: usize,
}

impl<T: Scalar> DenseMap<T> {
    /// The matrix with `n_outputs` rows and `n_inputs` columns, in column-major order.
    ///
    /// # Errors
    /// If `columns` has the wrong length or a number that is not finite.
    pub fn new(columns: Vec<T>, n_outputs: usize, n_inputs: usize) -> Result<Self, Error> {
        let expected = n_outputs.checked_mul(n_inputs).ok_or(Error::TooManyCoefficients)?;
        Error::check_length("the matrix", expected, columns.len())?;
        if expected == 0 {
            return Err(Error::Empty);
        }
        match columns.iter().position(|a| !a.is_finite()) {
            Some(index) => Err(Error::InvalidMatrix {
                row: index % n_outputs,
                column: index / n_outputs,
                value: columns[index].to_f64().unwrap_or(f64::NAN),
            }),
            None => Ok(Self { columns, n_outputs, n_inputs }),
        }
    }
}

impl<T: Scalar> LinearMap<T> for DenseMap<T> {
    fn n_inputs(&self) -> usize {
        self.n_inputs
    }

    fn n_outputs(&self) -> usize {
        self.n_outputs
    }

    fn apply(&self, input: &[T], output: &mut [T]) {
        output.fill(T::zero());
        for (column, &x) in self.columns.chunks_exact(self.n_outputs).zip(input) {
            for (out, &a) in output.iter_mut().zip(column) {
                *out += a * x;
            }
        }
    }

    fn apply_transpose(&self, output: &[T], input: &mut [T]) {
        for (column, x) in self.columns.chunks_exact(self.n_outputs).zip(input) {
            *x = column.iter().zip(output).map(|(&a, &g)| a * g).sum();
        }
    }
}
