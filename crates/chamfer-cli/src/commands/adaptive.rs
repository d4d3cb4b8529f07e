//! The first fit of an adaptive penalty.

use crate::error::{CliError, DataNames};
use crate::interrupt::Interrupt;
use crate::output::Progress;
use crate::select::AdaptiveSpec;
use crate::spec::PenaltySpec;
use chamfer_glm::{FirstFit, Folds, Metric, Regression};

/// How the first fit is found.
pub struct First {
    pub gamma: f64,
    pub lambdas: Vec<f64>,
    pub tolerance: f64,
    pub folds: Folds,
    pub metric: Metric,
}

impl First {
    /// As the engine has it.
    pub fn fit(&self) -> FirstFit<'_> {
        let Self { gamma, lambdas, tolerance, folds, metric } = self;
        FirstFit { gamma: *gamma, lambdas, tolerance: *tolerance, folds, metric: *metric }
    }

    /// The penalty with the factors that the first fit of `regression` gives.
    pub fn weigh(
        &self,
        penalty: &PenaltySpec,
        regression: &Regression,
        names: DataNames<'_>,
        interrupt: &Interrupt,
    ) -> Result<PenaltySpec, CliError> {
        let _spinner = Progress::spinner("cross-validating the first fit of the adaptive penalty");
        let found = match regression.adaptive(&self.fit(), &|| interrupt.pressed()) {
            Err(_) if interrupt.pressed() => return Err(CliError::InterruptedEarly),
            found => found.map_err(|error| CliError::regression(&error, names))?,
        };
        let adaptive = AdaptiveSpec::of(self.gamma, &found, penalty, names.columns)?;
        Ok(PenaltySpec { adaptive: Some(adaptive), ..penalty.clone() })
    }
}
