//! Running a path, with progress and interruption.

use super::Status;
use crate::interrupt::Interrupt;
use crate::model::FitRecord;
use crate::output::Progress;
use chamfer_glm::{Error as GlmError, Regression, RegressionPoint};
use std::time::Instant;

/// The points of a path that were reached, with the seconds that each took.
pub struct Solved {
    pub points: Vec<RegressionPoint>,
    seconds: Vec<f64>,
    pub interrupted: bool,
    /// Number of λs asked for.
    pub asked: usize,
}

/// Solves at each of `lambdas` until all are done or Ctrl-C is pressed.
pub fn solve(
    regression: &Regression,
    lambdas: &[f64],
    tolerance: f64,
    interrupt: &Interrupt,
) -> Result<Solved, GlmError> {
    let (mut points, mut seconds) = (Vec::new(), Vec::new());
    let mut interrupted = false;
    let progress = Progress::of_lambdas(lambdas.len());
    let stop = || interrupt.pressed();
    let mut started = Instant::now();
    for point in regression.path(lambdas, tolerance, &stop)? {
        match point {
            Ok(point) => {
                progress.advance(point.coefficients[0].values.len());
                points.push(point);
                seconds.push(started.elapsed().as_secs_f64());
                started = Instant::now();
            }
            Err(GlmError::Interrupted) => interrupted = true,
            Err(error) => return Err(error),
        }
    }
    drop(progress);
    Ok(Solved { points, seconds, interrupted, asked: lambdas.len() })
}

impl Solved {
    /// The points as they are kept in a model, for columns called `names`.
    pub fn records(&self, names: &[String]) -> Vec<FitRecord> {
        let record = |(point, &seconds): (&RegressionPoint, &f64)| {
            // One output, so far.
            let coefficients = &point.coefficients[0];
            let optimality = &point.certificate;
            FitRecord {
                lambda: point.lambda,
                nonzero: coefficients.values.len(),
                deviance_explained: point.deviance_explained,
                objective: optimality.objective,
                dual: optimality.gap.map(|gap| gap.dual.min(gap.primal)),
                relative_gap: optimality.gap.map(|gap| gap.relative()),
                relative_stationarity: optimality.relative_stationarity,
                smallest_eigenvalue: optimality.smallest_eigenvalue,
                converged: point.converged,
                newton_steps: point.newton_steps,
                seconds,
                intercept: coefficients.intercept,
                coefficients: coefficients
                    .values
                    .iter()
                    .map(|&(column, value)| (names[column].clone(), value))
                    .collect(),
            }
        };
        self.points.iter().zip(&self.seconds).map(record).collect()
    }

    pub fn status(&self) -> Status {
        if self.interrupted {
            Status::Interrupted
        } else if self.points.iter().all(|point| point.converged) {
            Status::Certified
        } else {
            Status::ToleranceMissed
        }
    }
}
