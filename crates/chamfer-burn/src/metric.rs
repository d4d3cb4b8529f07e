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

#[cfg(test)]
mod tests {
    use super::SparsityMetric;
    use crate::{Granularity, Rule, Zeros, factorize, report};
    use burn::data::dataloader::Progress;
    use burn::nn::{Linear, LinearConfig};
    use burn::tensor::{Device, Tensor};
    use burn::train::metric::{Metric, MetricMetadata, Numeric, NumericEntry};

    fn now(metric: &SparsityMetric) -> f64 {
        match metric.value() {
            Some(NumericEntry::Aggregated { aggregated_value, .. }) => aggregated_value,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_live_now_is_shown() {
        let progress = Progress { items_processed: 1, items_total: 1, unit: None };
        let metadata = MetricMetadata { progress, iteration: Some(0), lr: None };
        let device = Device::default();
        let new = |weights: [f32; 4]| {
            let mut model: Linear = LinearConfig::new(4, 1).with_bias(false).init(&device);
            let weights = Tensor::<1>::from_floats(weights, &device).reshape([4, 1]);
            model.weight = model.weight.map(|_| weights);
            let rule = Rule::new("weight", Granularity::Weight).lambda(1.0);
            let model = factorize(model, &[rule]).unwrap();
            report(&model, Zeros::UpTo(0.5)).unwrap()
        };
        let mut live = SparsityMetric::live_weights();
        let mut apart = SparsityMetric::misalignment();
        let dense = new([1.0, 2.0, -1.0, 3.0]);
        assert!(live.update(&dense, &metadata).unwrap().formatted.contains("100"));
        assert_eq!(now(&live), 100.0);
        // The mean over an epoch would be 62.5.
        let sparse = new([0.1, 2.0, 0.2, 0.3]);
        live.update(&sparse, &metadata).unwrap();
        assert_eq!(now(&live), 25.0);
        apart.update(&sparse, &metadata).unwrap();
        assert_eq!(now(&apart), sparse.misalignment());
        assert_eq!(live.name().as_str(), "Live weights");
    }
}
