//! Running a path, with progress, interruption and checkpoints.

use super::Status;
use super::checkpoint::{Checkpoint, Restored};
use super::segments::Segments;
use crate::error::CliError;
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

/// Solves a path until all λs are done or Ctrl-C is pressed, from where `restored` ends.
pub fn solve(
    regression: &Regression,
    segments: &Segments<'_>,
    checkpoint: &mut Option<Checkpoint>,
    restored: &mut Restored,
) -> Result<Solved, GlmError> {
    let mut points = std::mem::take(&mut restored.points);
    let mut seconds = std::mem::take(&mut restored.seconds);
    let mut interrupted = false;
    let asked = segments.lambdas().len();
    let progress = Progress::of_lambdas(asked, points.len());
    let stop = || segments.stop();
    for lambdas in segments.after(points.len()) {
        let first = points.len();
        let mut started = Instant::now();
        let start = points.last().map(|point: &RegressionPoint| point.coefficients.clone());
        for point in segments.solve(regression, start.as_deref(), lambdas, &stop)? {
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
        if interrupted {
            break;
        }
        if let Some(checkpoint) = checkpoint {
            let kept = checkpoint.keep_points(&points[first..], &seconds[first..]);
            warn_if_not_kept(kept, &progress);
        }
    }
    drop(progress);
    let (points, seconds) = (segments.reorder(points), segments.reorder(seconds));
    Ok(Solved { points, seconds, interrupted, asked })
}

/// A checkpoint that cannot be written does not end the run.
pub fn warn_if_not_kept(kept: Result<(), CliError>, progress: &Progress) {
    if let Err(error) = kept {
        progress.say(&format!(
            "warning: what is done cannot be kept for --resume: {error}; the run goes on"
        ));
    }
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
                criteria: None,
                relaxed: None,
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
