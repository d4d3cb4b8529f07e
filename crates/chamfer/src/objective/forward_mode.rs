//! Objectives that are differentiated automatically.

use super::Objective;
use crate::Error;
use num_dual::{Dual64, DualNum, HyperDual64};

/// A function written for any number that carries derivatives; see [`ForwardMode`].
pub trait DualFunction {
    /// `L(β)`.
    fn value<D: DualNum<Primitive = f64> + Copy>(&self, coefficients: &[D]) -> D;
}

/// An [`Objective`] whose derivatives are exact and come from its values alone, by forward-mode
/// automatic differentiation with [`num_dual`].
///
/// A gradient costs one evaluation of the function in dual numbers for each coefficient, and so does
/// a product with the Hessian: for models of up to some dozens of coefficients, or to check gradients
/// written by hand.
///
/// ```
/// use chamfer::{Block, Blocks, DualFunction, ForwardMode, Hpp, Settings, minimize};
/// use num_dual::DualNum;
///
/// /// Σ log cosh of the residuals of an exponential decay with a constant.
/// struct Decay;
/// impl DualFunction for Decay {
///     fn value<D: DualNum<Primitive = f64> + Copy>(&self, beta: &[D]) -> D {
///         let data = [(0.0, 2.0), (1.0, 1.21), (2.0, 0.74), (3.0, 0.45)];
///         data.iter().fold(D::from(0.0), |sum, &(time, y)| {
///             let residual = (beta[0] * -time).exp() * 2.0 + beta[1] - y;
///             sum + residual.cosh().ln()
///         })
///     }
/// }
///
/// let blocks = Blocks::new(vec![Block::new(Hpp, 2, 0.02)?])?;
/// let fit = minimize(&ForwardMode(Decay), &blocks, &[0.1, 0.1], &Settings::default())?;
/// assert!((fit.coefficients[0] - 0.5).abs() < 0.05 && fit.coefficients[1] == 0.0);
/// assert!(fit.certificate.stationarity < 1e-10);
/// # Ok::<(), chamfer::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct ForwardMode<F>(pub F);

impl<F: DualFunction> Objective<f64> for ForwardMode<F> {
    fn value_and_gradient(&self, coefficients: &[f64], gradient: &mut [f64]) -> Result<f64, Error> {
        let mut point: Vec<Dual64> = coefficients.iter().map(|&b| Dual64::from(b)).collect();
        for (j, g) in gradient.iter_mut().enumerate() {
            point[j].eps = 1.0;
            *g = self.0.value(&point).eps;
            point[j].eps = 0.0;
        }
        Ok(self.0.value(coefficients))
    }

    fn hessian_product(
        &self,
        coefficients: &[f64],
        direction: &[f64],
        out: &mut [f64],
    ) -> Result<(), Error> {
        let with_direction = |(&b, &d): (&f64, &f64)| HyperDual64::new(b, 0.0, d, 0.0);
        let mut point: Vec<HyperDual64> =
            coefficients.iter().zip(direction).map(with_direction).collect();
        for (j, out) in out.iter_mut().enumerate() {
            point[j].eps1 = 1.0;
            *out = self.0.value(&point).eps1eps2;
            point[j].eps1 = 0.0;
        }
        Ok(())
    }
}
