//! Refits of the nonzero coefficients of each λ.

use super::solved::support;
use crate::error::CliError;
use crate::interrupt::Interrupt;
use crate::model::{FitRecord, Fitted, Model};
use crate::output::{Progress, count, say, significant};
use crate::relaxed::RelaxedRecord;
use chamfer_glm::{Error as GlmError, Regression, RegressionPoint};
use std::collections::HashMap;
use std::path::Path;

/// Above this fraction of the deviance explained, a refit has taken all there is.
const ALL: f64 = 1.0 - 1e-9;

/// Adds the refits of `points` to their `records`, for these names of columns and outputs; returns whether Ctrl-C
/// left some out.
pub fn refit(
    regression: &Regression,
    points: &[RegressionPoint],
    records: &mut [FitRecord],
    (columns, outputs): (&[String], &[String]),
    tolerance: f64,
    interrupt: &Interrupt,
) -> Result<bool, GlmError> {
    let progress = Progress::of_lambdas(points.len(), 0);
    let of_point = |point: &RegressionPoint| {
        if interrupt.pressed() {
            return Ok(None);
        }
        let refit = regression.relax(point)?;
        let (relative_stationarity, deviance_explained) = regression.certify_refit(&refit)?;
        progress.advance(support(&refit).len());
        Ok(Some(RelaxedRecord {
            deviance_explained,
            relative_stationarity,
            converged: relative_stationarity <= tolerance,
            fitted: Fitted::of(&refit, columns, outputs),
        }))
    };
    let refits = regression.map_fits(points.len(), |k| of_point(&points[k]))?;
    drop(progress);
    let interrupted = refits.iter().any(Option::is_none);
    for (record, refit) in records.iter_mut().zip(refits) {
        record.relaxed = refit;
    }
    Ok(interrupted)
}

/// Says which refits of a model are no optima.
pub fn warn(model: &Model) {
    let refits = || model.path.iter().filter_map(|fit| Some((fit, fit.relaxed.as_ref()?)));
    let missed = refits().filter(|(_, refit)| !refit.converged).count();
    if missed > 0 {
        say(&format!(
            "warning: {} missed the tolerance of {:e}",
            refits_of(missed),
            model.tolerance
        ));
    }
    let mut perfect = refits().filter(|(_, refit)| refit.deviance_explained > ALL);
    if let Some((first, _)) = perfect.next() {
        say(&format!(
            "warning: {} explain everything, from lambda {} down: with so many columns, the refit has no finite or no \
             unique optimum",
            refits_of(1 + perfect.count()),
            significant(first.lambda)
        ));
    }
}

fn refits_of(n: usize) -> String {
    count(n, "refit")
}

/// The refit of `fit` with its certificate from the data of `regression`; `positions` are those of its columns,
/// and the model is the file at `path`.
pub fn certified(
    fit: &FitRecord,
    regression: &Regression,
    outputs: &[String],
    positions: &HashMap<&str, usize>,
    tolerance: f64,
    path: &Path,
) -> Result<Option<Result<RelaxedRecord, GlmError>>, CliError> {
    let Some(refit) = &fit.relaxed else { return Ok(None) };
    let coefficients = fit.blended(0.0, path)?.coefficients_for(outputs, positions, path)?;
    Ok(Some(regression.certify_refit(&coefficients).map(|(stationarity, explained)| {
        RelaxedRecord {
            deviance_explained: explained,
            relative_stationarity: stationarity,
            converged: stationarity <= tolerance,
            ..refit.clone()
        }
    })))
}
