//! `chamfer check`: the certificate again, from the data alone.

use super::{Status, data, to_json};
use crate::args::CheckArgs;
use crate::error::CliError;
use crate::input::Need;
use crate::model::{FitRecord, Model};
use crate::output::{PathTable, Progress, count, print, say};
use chamfer_glm::{Problem, ProblemSettings};
use std::time::Instant;

pub fn run(args: &CheckArgs) -> Result<Status, CliError> {
    let model = Model::read(&args.model)?;
    let tolerance = args.tol.unwrap_or(model.tolerance);
    let frame = data::for_model(&args.file, &model, Need::Everything)?;
    let names = data::names(&args.file.file, &frame, &model.encoding);
    let regression_error = |error: chamfer_glm::Error| CliError::regression(&error, names);
    let design = data::design(&frame).map_err(regression_error)?;
    let settings = ProblemSettings {
        intercept: model.intercept,
        standardize: model.standardize,
        weights: frame.weights.as_deref(),
    };
    let target = frame.target.as_deref().unwrap_or_default();
    let problem = Problem::new(design.as_ref(), target, &settings).map_err(regression_error)?;
    let positions = data::positions(&frame);
    let progress = Progress::of_lambdas(model.path.len());
    let checked = model
        .path
        .iter()
        .map(|fit| {
            let started = Instant::now();
            let coefficients = fit.coefficients_for(&positions, &args.model)?;
            let certificate =
                problem.certify(&coefficients, fit.lambda).map_err(regression_error)?;
            progress.advance(certificate.n_nonzero);
            let relative_gap = certificate.gap.relative();
            Ok(FitRecord {
                nonzero: certificate.n_nonzero,
                r_squared: certificate.r_squared,
                objective: certificate.gap.primal,
                dual: certificate.gap.dual,
                relative_gap,
                converged: relative_gap <= tolerance,
                seconds: started.elapsed().as_secs_f64(),
                ..fit.clone()
            })
        })
        .collect::<Result<Vec<_>, CliError>>()?;

    drop(progress);

    let table = PathTable { fits: &checked, tolerance };
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
    if n_missed == 0 {
        say(&format!(
            "certified: {} within {tolerance:e} of the minimum",
            count(checked.len(), "fit")
        ));
        return Ok(Status::Certified);
    }
    say(&format!(
        "not certified: {n_missed} of {} on this data (is it what the model was fitted to?)",
        count(checked.len(), "fit")
    ));
    Ok(Status::ToleranceMissed)
}
