//! What was solved, as lines of a checkpoint: every number comes back as the same bits.

use crate::commands::segments::Segments;
use chamfer::DualityGap;
use chamfer_glm::{Coefficients, Optimality, RegressionPoint};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What earlier runs have solved, in the order in which they did.
#[derive(Debug, Default)]
pub struct Restored {
    pub points: Vec<RegressionPoint>,
    /// What each point took.
    pub seconds: Vec<f64>,
    pub folds: BTreeMap<usize, FoldPart>,
}

/// A part of the path of a fold, or all of it so far.
#[derive(Debug, Clone, Default)]
pub struct FoldPart {
    /// The measure at each λ, in the order in which they are solved; `None` where it is not defined.
    pub measures: Vec<Option<f64>>,
    /// The last solution.
    pub end: Option<Vec<Coefficients>>,
}

/// One part of a run.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Line {
    Path { points: Vec<Point>, seconds: Vec<f64> },
    Fold { fold: usize, measures: Vec<Option<Number>>, end: Option<Vec<OfOutput>> },
}

/// A number, which JSON may not have.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
pub enum Number {
    Finite(f64),
    Other(String),
}

/// Intercept, and coefficients by column.
#[derive(Serialize, Deserialize)]
pub struct OfOutput(f64, Vec<(usize, f64)>);

#[derive(Serialize, Deserialize)]
pub struct Point {
    lambda: f64,
    coefficients: Vec<OfOutput>,
    objective: Number,
    gap: Option<(Number, Number)>,
    relative_stationarity: Number,
    smallest_eigenvalue: Option<Number>,
    deviance_explained: Number,
    converged: bool,
    newton_steps: usize,
}

impl Line {
    pub fn of_points(points: &[RegressionPoint], seconds: &[f64]) -> Self {
        Self::Path { points: points.iter().map(Point::from).collect(), seconds: seconds.to_vec() }
    }

    pub fn of_fold(fold: usize, part: &FoldPart) -> Self {
        Self::Fold {
            fold,
            measures: part.measures.iter().map(|measure| measure.map(Number::from)).collect(),
            end: part.end.as_ref().map(|end| end.iter().map(OfOutput::from).collect()),
        }
    }
}

impl Restored {
    /// Whether a run over `segments` and `n_folds` folds can have left this.
    pub fn fits(&self, segments: &Segments<'_>, n_folds: usize) -> bool {
        let lambdas = segments.lambdas();
        let are_lambdas = self.points.len() <= lambdas.len()
            && self.points.iter().zip(lambdas).all(|(point, lambda)| point.lambda == *lambda);
        let is_part = |part: &FoldPart| {
            part.measures.last().is_some_and(Option::is_none)
                || (segments.is_end(part.measures.len()) && part.end.is_some())
        };
        let are_folds = self.folds.iter().all(|(fold, part)| *fold < n_folds && is_part(part));
        let are_points = self.points.iter().all(|point| !point.coefficients.is_empty());
        let n = self.points.len();
        segments.is_end(n) && n == self.seconds.len() && are_points && are_lambdas && are_folds
    }

    /// Adds the next part.
    pub fn add(&mut self, line: Line) {
        match line {
            Line::Path { points, seconds } => {
                self.points.extend(points.into_iter().map(RegressionPoint::from));
                self.seconds.extend(seconds);
            }
            Line::Fold { fold, measures, end } => {
                let state = self.folds.entry(fold).or_default();
                state.measures.extend(measures.into_iter().map(|measure| measure.map(f64::from)));
                state.end = end.map(|end| end.into_iter().map(Coefficients::from).collect());
            }
        }
    }
}

impl From<f64> for Number {
    fn from(value: f64) -> Self {
        if value.is_finite() { Self::Finite(value) } else { Self::Other(value.to_string()) }
    }
}

impl From<Number> for f64 {
    fn from(number: Number) -> Self {
        match number {
            Number::Finite(value) => value,
            Number::Other(text) => text.parse().unwrap_or(f64::NAN),
        }
    }
}

impl From<&Coefficients> for OfOutput {
    fn from(of_output: &Coefficients) -> Self {
        Self(of_output.intercept, of_output.values.clone())
    }
}

impl From<OfOutput> for Coefficients {
    fn from(OfOutput(intercept, values): OfOutput) -> Self {
        Self { intercept, values }
    }
}

impl From<&RegressionPoint> for Point {
    fn from(point: &RegressionPoint) -> Self {
        let optimality = &point.certificate;
        Self {
            lambda: point.lambda,
            coefficients: point.coefficients.iter().map(OfOutput::from).collect(),
            objective: optimality.objective.into(),
            gap: optimality.gap.map(|gap| (gap.primal.into(), gap.dual.into())),
            relative_stationarity: optimality.relative_stationarity.into(),
            smallest_eigenvalue: optimality.smallest_eigenvalue.map(Number::from),
            deviance_explained: point.deviance_explained.into(),
            converged: point.converged,
            newton_steps: point.newton_steps,
        }
    }
}

impl From<Point> for RegressionPoint {
    fn from(point: Point) -> Self {
        let gap = |(primal, dual): (Number, Number)| DualityGap {
            primal: primal.into(),
            dual: dual.into(),
        };
        Self {
            lambda: point.lambda,
            coefficients: point.coefficients.into_iter().map(Coefficients::from).collect(),
            certificate: Optimality {
                objective: point.objective.into(),
                gap: point.gap.map(gap),
                relative_stationarity: point.relative_stationarity.into(),
                smallest_eigenvalue: point.smallest_eigenvalue.map(f64::from),
            },
            deviance_explained: point.deviance_explained.into(),
            converged: point.converged,
            newton_steps: point.newton_steps,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_comes_back() {
        let numbers = [0.0, -0.0, 0.1 + 0.2, 5e-324, f64::MAX, f64::INFINITY, f64::NEG_INFINITY];
        let point = |value: f64| RegressionPoint {
            lambda: 0.1,
            coefficients: vec![Coefficients { intercept: -0.0, values: vec![(3, 1.0 / 3.0)] }],
            certificate: Optimality {
                objective: value,
                gap: Some(DualityGap { primal: 1.0, dual: value }),
                relative_stationarity: value,
                smallest_eigenvalue: Some(value),
            },
            deviance_explained: value,
            converged: true,
            newton_steps: 7,
        };
        let points: Vec<RegressionPoint> = numbers.into_iter().map(point).collect();
        let line = serde_json::to_string(&Line::of_points(&points, &[0.5; 7])).unwrap();
        let mut restored = Restored::default();
        restored.add(serde_json::from_str(&line).unwrap());
        // Debug tells −0 from 0.
        assert_eq!(format!("{:?}", restored.points), format!("{points:?}"));
        let measures = vec![Some(f64::NAN), None, Some(-0.0)];
        let line = Line::of_fold(2, &FoldPart { measures: measures.clone(), end: None });
        restored.add(serde_json::from_str(&serde_json::to_string(&line).unwrap()).unwrap());
        assert_eq!(format!("{:?}", restored.folds[&2].measures), format!("{measures:?}"));
    }
}
