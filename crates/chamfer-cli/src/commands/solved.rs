//! Running a path, with progress and interruption.

use super::Status;
use crate::interrupt::Interrupt;
use crate::model::{FitRecord, Fitted};
use crate::output::Progress;
use chamfer_glm::{Coefficients, Error as GlmError, Regression, RegressionPoint};
use std::time::Instant;

/// The points of a path that were reached, with the seconds that each took.
pub struct Solved {
    pub points: Vec<RegressionPoint>,
    seconds: Vec<f64>,
    pub interrupted: bool,
    /// Number of λs asked for.
    pub asked: usize,
}

/// The columns with a coefficient that is not 0 for any output, in order.
pub fn support<'a>(coefficients: impl IntoIterator<Item = &'a Coefficients>) -> Vec<usize> {
    let values = coefficients.into_iter().flat_map(|of_output| &of_output.values);
    let mut columns: Vec<usize> = values.filter(|(_, b)| *b != 0.0).map(|(j, _)| *j).collect();
    columns.sort_unstable();
    columns.dedup();
    columns
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
                progress.advance(support(&point.coefficients).len());
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
    /// The points as they are kept in a model, for columns called `names` and these `outputs`.
    pub fn records(&self, names: &[String], outputs: &[String]) -> Vec<FitRecord> {
        let record = |(point, &seconds): (&RegressionPoint, &f64)| {
            let optimality = &point.certificate;
            FitRecord {
                lambda: point.lambda,
                nonzero: support(&point.coefficients).len(),
                deviance_explained: point.deviance_explained,
                objective: optimality.objective,
                dual: optimality.gap.map(|gap| gap.dual.min(gap.primal)),
                relative_gap: optimality.gap.map(|gap| gap.relative()),
                relative_stationarity: optimality.relative_stationarity,
                smallest_eigenvalue: optimality.smallest_eigenvalue,
                converged: point.converged,
                newton_steps: point.newton_steps,
                seconds,
                fitted: Fitted::of(&point.coefficients, names, outputs),
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
