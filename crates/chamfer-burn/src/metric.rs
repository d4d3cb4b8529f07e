//! Sparsity on the dashboard of `burn-train`.

use crate::Report;
use burn::tensor::TensorReadError;
use burn::train::metric::state::{FormatOptions, NumericMetricState};
use burn::train::metric::{
    Metric, MetricAttributes, MetricMetadata, MetricName, Numeric, NumericAttributes, NumericEntry,
    SerializedEntry,
};
use std::sync::Arc;

/// What a [`Report`] says, as a metric of `burn-train`: numbers in its tables and logs, curves on its
/// dashboard.
///
/// The output of a step carries the report of the model that made the step:
///
/// ```
/// use burn::train::metric::Adaptor;
/// use chamfer_burn::Report;
///
/// struct Output {
///     sparsity: Report,
/// }
///
/// impl Adaptor<Report> for Output {
///     fn adapt(&self) -> Report {
///         self.sparsity.clone()
///     }
/// }
/// ```
///
/// A report reads all factors, so that one belongs to a step of validation rather than to each of
/// training; the example `dashboard` shows it.
#[derive(Clone)]
pub struct SparsityMetric {
    name: MetricName,
    unit: Option<&'static str>,
    value: fn(&Report) -> f64,
    state: NumericMetricState,
}

impl SparsityMetric {
    /// Weights that are not zero, in % of those with factors.
    #[must_use]
    pub fn live_weights() -> Self {
        let share =
            |report: &Report| 100.0 * report.live_weights() as f64 / report.weights() as f64;
        Self::new("Live weights", Some("%"), share)
    }

    /// [`Report::misalignment`]: at 0, what solves the problem on the factors solves the sparse one.
    #[must_use]
    pub fn misalignment() -> Self {
        Self::new("Misalignment", None, Report::misalignment)
    }

    fn new(name: &str, unit: Option<&'static str>, value: fn(&Report) -> f64) -> Self {
        Self { name: Arc::new(name.to_owned()), unit, value, state: NumericMetricState::new() }
    }

    fn format(&self) -> FormatOptions {
        let format = FormatOptions::new(self.name()).precision(3);
        match self.unit {
            Some(unit) => format.unit(unit),
            None => format,
        }
    }
}

impl Metric for SparsityMetric {
    type Input = Report;

    fn name(&self) -> MetricName {
        self.name.clone()
    }

    fn attributes(&self) -> MetricAttributes {
        NumericAttributes { unit: self.unit.map(str::to_owned), higher_is_better: false }.into()
    }

    fn update(
        &mut self,
        report: &Report,
        _: &MetricMetadata,
    ) -> Result<SerializedEntry, TensorReadError> {
        // What is live now, and not the mean over an epoch, is what a model looks like.
        self.state.reset();
        self.state.update((self.value)(report), 1);
        Ok(self.state.compute_update(self.format()))
    }

    fn compute(&mut self) -> Result<SerializedEntry, TensorReadError> {
        Ok(self.state.compute_final(self.format()))
    }

    fn clear(&mut self) {
        self.state.reset();
    }
}

impl Numeric for SparsityMetric {
    fn value(&self) -> Option<NumericEntry> {
        Some(self.state.current_value())
    }

    fn running_value(&self) -> Option<NumericEntry> {
        Some(self.state.running_value())
    }

    fn final_value(&self) -> NumericEntry {
        self.state.final_value()
    }
}
