//! Families from their names and targets.

use crate::errors;
use chamfer_glm::{
    Binomial, Cox, Error, Family, Gamma, Gaussian, Huber, MultiGaussian, Multinomial,
    NegativeBinomial, Poisson, Separable, SquaredHinge, Ties, Tweedie,
};
use numpy::PyReadonlyArray1;
use pyo3::prelude::*;

/// A family as `chamfer.families` describes it.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct FamilySpec<'py> {
    name: String,
    /// Numbers, one output after the other; classes counted from 0; times.
    target: PyReadonlyArray1<'py, f64>,
    #[pyo3(default)]
    events: Option<PyReadonlyArray1<'py, bool>>,
    #[pyo3(default)]
    strata: Option<PyReadonlyArray1<'py, i64>>,
    /// Of responses or classes.
    #[pyo3(default)]
    n_outputs: Option<usize>,
    /// θ, variance power or δ.
    #[pyo3(default)]
    parameter: Option<f64>,
    #[pyo3(default)]
    efron: bool,
}

impl FamilySpec<'_> {
    /// The family with its target and weights.
    pub fn family(&self, weights: Option<&[f64]>) -> PyResult<Box<dyn Family>> {
        let target = self.target.as_slice()?.to_vec();
        let events = self.events.as_ref().map(|events| events.as_slice()).transpose()?;
        let strata = self.strata.as_ref().map(|strata| strata.as_slice()).transpose()?;
        let made = self.made(target, events.unwrap_or_default(), strata, weights);
        made.map_err(|error| errors::of_regression(&error))?
            .ok_or_else(|| errors::of_input(&format!("there is no family {}", self.name)))
    }

    fn made(
        &self,
        y: Vec<f64>,
        events: &[bool],
        strata: Option<&[i64]>,
        weights: Option<&[f64]>,
    ) -> Result<Option<Box<dyn Family>>, Error> {
        let n_outputs = self.n_outputs.unwrap_or(1);
        let parameter = self.parameter.unwrap_or(f64::NAN);
        Ok(Some(match self.name.as_str() {
            "gaussian" if n_outputs == 1 => Box::new(Separable::new(Gaussian, y, weights)?),
            "gaussian" => Box::new(MultiGaussian::new(y, n_outputs, weights)?),
            "binomial" => Box::new(Separable::new(Binomial, y, weights)?),
            "poisson" => Box::new(Separable::new(Poisson, y, weights)?),
            "gamma" => Box::new(Separable::new(Gamma, y, weights)?),
            "negative-binomial" => {
                Box::new(Separable::new(NegativeBinomial::new(parameter)?, y, weights)?)
            }
            "tweedie" => Box::new(Separable::new(Tweedie::new(parameter)?, y, weights)?),
            "huber" => Box::new(Separable::new(Huber::new(parameter)?, y, weights)?),
            "squared-hinge" => Box::new(Separable::new(SquaredHinge, y, weights)?),
            "multinomial" => {
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // class numbers
                let classes = y.into_iter().map(|class| class as usize).collect();
                Box::new(Multinomial::new(classes, n_outputs, weights)?)
            }
            "cox" => {
                let ties = if self.efron { Ties::Efron } else { Ties::Breslow };
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // counted from 0
                let strata = strata.map(|strata| strata.iter().map(|&s| s as usize).collect());
                Box::new(Cox::new(y, events.to_vec(), strata, weights, ties)?)
            }
            _ => return Ok(None),
        }))
    }
}
