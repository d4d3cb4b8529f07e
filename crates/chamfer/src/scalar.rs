//! The number type that everything is generic over.

use argmin::core::ArgminFloat;
use argmin_math::{ArgminL2Norm, ArgminMul};
use faer::traits::RealField;
use num_traits::NumAssign;
use std::iter::Sum;

/// `f32` or `f64`.
///
/// The bounds on vectors are those that argmin's solvers ask of the scalar; their bounds on the
/// vector are [`OptimizerVector`](crate::OptimizerVector). [`RealField`] is faer's, for matrices.
pub trait Scalar:
    ArgminFloat
    + ArgminMul<Vec<Self>, Vec<Self>>
    + ArgminL2Norm<Self>
    + RealField
    + NumAssign
    + Sum
    + Copy
    + Send
    + Sync
{
    /// The nearest value of this type to `value`, for constants in formulas.
    fn of(value: f64) -> Self;
}

impl Scalar for f32 {
    #[allow(clippy::cast_possible_truncation)] // rounding to f32 is the purpose
    fn of(value: f64) -> Self {
        value as Self
    }
}

impl Scalar for f64 {
    fn of(value: f64) -> Self {
        value
    }
}
