//! Products with the Hessian of the loss on some coefficients, for iterations.

use super::restricted::{OfCoefficients, Restricted};
use super::single::RoundedColumns;
use crate::Error;

/// What `∇²L` does to directions in some coefficients, with columns in single precision where these are at hand.
pub(super) struct Bend<'a> {
    restricted: &'a Restricted<'a>,
    coefficients: &'a [usize],
    own: OfCoefficients<'a>,
    rounded: Option<&'a RoundedColumns>,
    curvature: Rows<'a>,
}

/// The Hessian of the loss in the predictor.
#[derive(Clone, Copy)]
pub(super) enum Rows<'a> {
    /// The curvature of each row.
    Apart(&'a [f64]),
    /// That at this predictor; rows have something with each other.
    Coupled(&'a [f64]),
}

impl<'a> Rows<'a> {
    /// That at a predictor, where the rows have these curvatures, if each has one.
    pub(super) fn new(predictor: &'a [f64], curvatures: Option<&'a [f64]>) -> Self {
        curvatures.map_or(Self::Coupled(predictor), Self::Apart)
    }
}

impl<'a> Bend<'a> {
    /// On some coefficients, all of which `rounded` has, if it is given.
    pub(super) fn new(
        restricted: &'a Restricted<'a>,
        coefficients: &'a [usize],
        rounded: Option<&'a RoundedColumns>,
        curvature: Rows<'a>,
    ) -> Self {
        let own = restricted.of_coefficients(coefficients);
        Self { restricted, coefficients, own, rounded, curvature }
    }

    /// The product with a direction.
    ///
    /// # Errors
    /// If a pass is interrupted.
    pub(super) fn of(&self, direction: &[f64]) -> Result<Vec<f64>, Error> {
        self.restricted.check_stop()?;
        let mut along = match self.rounded {
            Some(rounded) => rounded.product(self.coefficients, direction),
            None => self.own.product(direction),
        };
        match self.curvature {
            Rows::Apart(curvatures) => {
                for (along, w) in along.iter_mut().zip(curvatures) {
                    *along *= w;
                }
            }
            Rows::Coupled(predictor) => along = self.restricted.curved(predictor, &along)?,
        }
        Ok(match self.rounded {
            Some(rounded) => rounded.pull(self.coefficients, &along),
            None => self.own.pull(&along),
        })
    }
}
