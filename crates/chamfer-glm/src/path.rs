//! What a path has: its λs and coefficients.

use crate::Error;
use crate::design::{Centred, Design};

/// Coefficients on the original scale of the data.
#[derive(Debug, Clone, PartialEq)]
pub struct Coefficients {
    /// The intercept; 0 if none was fitted.
    pub intercept: f64,
    /// Column and coefficient, for those that are not exactly 0, by column.
    pub values: Vec<(usize, f64)>,
}

impl Coefficients {
    /// `b + Xβ` for every row of `design`.
    ///
    /// # Panics
    /// If a coefficient has no column in `design`.
    #[must_use]
    pub fn predict(&self, design: &dyn Design) -> Vec<f64> {
        let (columns, values): (Vec<Centred>, Vec<f64>) =
            self.values.iter().map(|&(column, b)| (Centred { column, centre: 0.0 }, b)).unzip();
        let mut predictions = vec![self.intercept; design.n_rows()];
        design.add_product(&columns, &values, &mut predictions);
        predictions
    }
}

/// `n_lambdas` values from `lambda_max` down to `ratio · lambda_max`, equally spaced in log λ.
///
/// # Errors
/// If `lambda_max` is not above 0, `n_lambdas` is 0, or `ratio` is not between 0 and 1.
pub fn lambda_grid(lambda_max: f64, n_lambdas: usize, ratio: f64) -> Result<Vec<f64>, Error> {
    if lambda_max == 0.0 {
        return Err(Error::NoSignal);
    }
    check_lambda(lambda_max)?;
    if n_lambdas == 0 || !(ratio > 0.0 && ratio < 1.0) {
        return Err(Error::InvalidGrid { n_lambdas, ratio });
    }
    let steps = (n_lambdas - 1).max(1) as f64;
    Ok((0..n_lambdas).map(|k| lambda_max * ratio.powf(k as f64 / steps)).collect())
}

pub(crate) fn check_lambda(lambda: f64) -> Result<(), Error> {
    if lambda.is_finite() && lambda > 0.0 {
        Ok(())
    } else {
        Err(Error::InvalidLambda { value: lambda })
    }
}

pub(crate) fn check_path(lambdas: &[f64], tolerance: f64) -> Result<(), Error> {
    if lambdas.is_empty() {
        return Err(Error::InvalidGrid { n_lambdas: 0, ratio: 1.0 });
    }
    lambdas.iter().try_for_each(|&lambda| check_lambda(lambda))?;
    if tolerance > 0.0 && tolerance < 1.0 {
        Ok(())
    } else {
        Err(Error::InvalidTolerance { value: tolerance })
    }
}

/// Refuses coefficients that no solver can start from.
pub(crate) fn check_start(start: &Coefficients, n_cols: usize) -> Result<(), Error> {
    for &(column, value) in &start.values {
        if column >= n_cols {
            return Err(Error::NoSuchColumn { column, n_cols });
        }
        if !value.is_finite() {
            return Err(Error::NonFiniteStart { value });
        }
    }
    let value = start.intercept;
    if value.is_finite() { Ok(()) } else { Err(Error::NonFiniteStart { value }) }
}
