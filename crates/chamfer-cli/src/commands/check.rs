//! `chamfer check`: the certificate again, from the data alone.

use super::solved::support;
use super::{Status, data, relax, to_json};
use crate::args::CheckArgs;
use crate::error::CliError;
use crate::input::Need;
use crate::model::{FitRecord, Model};
use crate::output::{PathTable, Progress, count, print, say};
use chamfer_glm::{Regression, RegressionSettings};
use std::time::Instant;

pub fn run(args: &CheckArgs) -> Result<Status, CliError> {
    let model = Model::read(&args.model)?;
    let tolerance = args.tol.unwrap_or(model.tolerance);
    let frame = data::for_model(&args.file, &model, Need::Everything)?;
    let names = data::names(&args.file.file, &frame, &model.encoding);
    let regression_error = |error: chamfer_glm::Error| CliError::regression(&error, names);
    let design = data::design(&frame).map_err(regression_error)?;
    let settings = RegressionSettings {
        intercept: model.intercept,
        standardize: model.standardize,
        offset: frame.offset.as_deref(),
        ..RegressionSettings::default()
    };
    let family = data::family(&model.family, &frame, &model.encoding).map_err(regression_error)?;
    let penalty = model.penalty.make(&frame.names)?;
    let regression = Regression::new(design.as_ref(), family.as_ref(), penalty, &settings)
        .map_err(regression_error)?;
    let positions = data::positions(&frame);
    let progress = Progress::of_lambdas(model.path.len(), 0);
    let checked = model
        .path
        .iter()
        .map(|fit| {
            let started = Instant::now();
            let coefficients = fit.coefficients_for(model.outputs(), &positions, &args.model)?;
            let nonzero = support(&coefficients).len();
            let (optimality, explained) =
                regression.certify(&coefficients, fit.lambda).map_err(regression_error)?;
            progress.advance(nonzero);
            let relaxed = relax::certified(
                fit,
                &regression,
                model.outputs(),
                &positions,
                tolerance,
                &args.model,
            )?;
            let relaxed = relaxed.transpose().map_err(regression_error)?;
            let seconds = started.elapsed().as_secs_f64();
            let fit = FitRecord { nonzero, seconds, relaxed, ..fit.clone() };
            Ok(fit.certified(&optimality, explained, tolerance))
        })
        .collect::<Result<Vec<_>, CliError>>()?;

    drop(progress);

    let table = PathTable::of(&model, &checked, tolerance);
    let n_missed = table.n_missed();
    if args.json {
        #[derive(serde::Serialize)]
        struct Report<'a> {
            tolerance: f64,
            missed_tolerance: usize,
            path: &'a [FitRecord],
        }
        let report = Report { tolerance, missed_tolerance: n_missed, path: &checked };
        print(&to_json(&report)?)?;
    } else {
        print(&table.text())?;
    }
    let n_refits =
        checked.iter().filter(|fit| fit.relaxed.as_ref().is_some_and(|r| !r.converged)).count();
    if n_missed == 0 && n_refits > 0 {
        say(&format!(
            "not certified: {} missed the tolerance on this data",
            count(n_refits, "refit")
        ));
        return Ok(Status::ToleranceMissed);
    }
    if n_missed == 0 {
        let fits = count(checked.len(), "fit");
        say(&if model.penalty.is_convex() {
            format!("certified: {fits} within {tolerance:e} of the minimum")
        } else {
            format!("certified: {fits} at a local minimum, stationary to {tolerance:e}")
        });
        return Ok(Status::Certified);
    }
    say(&format!(
        "not certified: {n_missed} of {} on this data (is it what the model was fitted to?)",
        count(checked.len(), "fit")
    ));
    Ok(Status::ToleranceMissed)
}
