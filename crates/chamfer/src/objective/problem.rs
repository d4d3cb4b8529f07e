//! Objectives that are argmin problems.

use super::Objective;
use crate::{Error, Scalar};
use argmin::core::{CostFunction, Gradient};

/// An [`Objective`] made of an argmin problem over `Vec<T>`.
///
/// argmin's problems return vectors, so that an evaluation allocates.
///
/// ```
/// use argmin::core::{CostFunction, Error as ArgminError, Gradient};
/// use chamfer::{ArgminProblem, Block, Blocks, Hpp, Settings, minimize};
///
/// struct Distance;
/// impl CostFunction for Distance {
///     type Param = Vec<f64>;
///     type Output = f64;
///     fn cost(&self, beta: &Vec<f64>) -> Result<f64, ArgminError> {
///         Ok(0.5 * ((beta[0] - 3.0).powi(2) + (beta[1] - 0.5).powi(2)))
///     }
/// }
/// impl Gradient for Distance {
///     type Param = Vec<f64>;
///     type Gradient = Vec<f64>;
///     fn gradient(&self, beta: &Vec<f64>) -> Result<Vec<f64>, ArgminError> {
///         Ok(vec![beta[0] - 3.0, beta[1] - 0.5])
///     }
/// }
///
/// let blocks = Blocks::new(vec![Block::new(Hpp, 2, 1.0)?])?;
/// let fit = minimize(&ArgminProblem(Distance), &blocks, &[0.0; 2], &Settings::default())?;
/// assert!((fit.coefficients[0] - 2.0).abs() < 1e-6 && fit.coefficients[1] == 0.0);
/// # Ok::<(), chamfer::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct ArgminProblem<P>(pub P);

impl<T, P> Objective<T> for ArgminProblem<P>
where
    T: Scalar,
    P: CostFunction<Param = Vec<T>, Output = T> + Gradient<Param = Vec<T>, Gradient = Vec<T>>,
{
    fn value_and_gradient(&self, coefficients: &[T], gradient: &mut [T]) -> Result<T, Error> {
        let failed = |error: argmin::core::Error| Error::Objective { message: error.to_string() };
        let coefficients = coefficients.to_vec();
        let of_problem = self.0.gradient(&coefficients).map_err(failed)?;
        Error::check_length("the problem's gradient", gradient.len(), of_problem.len())?;
        gradient.copy_from_slice(&of_problem);
        self.0.cost(&coefficients).map_err(failed)
    }
}
