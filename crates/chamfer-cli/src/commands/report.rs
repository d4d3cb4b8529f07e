//! What is printed after a fit.

use super::solved::Solved;
use super::to_json;
use crate::error::CliError;
use crate::input::Frame;
use crate::model::{CvRecord, DataFacts, FitRecord, Model};
use crate::output::{PathTable, count, print, say, significant, top_coefficients, with_commas};
use chamfer_glm::{Regression, RegressionPoint};

/// Coefficients shown after a fit.
const SHOWN_COEFFICIENTS: usize = 10;

/// Prints the fits as a table or as JSON, and says what fell short.
pub fn report(
    model: &Model,
    regression: &Regression,
    solved: &Solved,
    frame: &Frame,
    files: &[String],
    json: bool,
) -> Result<(), CliError> {
    let table = PathTable::of(model, &model.path, model.tolerance);
    if json {
        #[derive(serde::Serialize)]
        struct Report<'a> {
            objective: &'a str,
            data: &'a DataFacts,
            target: &'a str,
            tolerance: f64,
            missed_tolerance: usize,
            interrupted: bool,
            #[serde(skip_serializing_if = "Option::is_none")]
            cv: Option<&'a CvRecord>,
            path: &'a [FitRecord],
            files: &'a [String],
        }
        print(&to_json(&Report {
            objective: &model.objective,
            data: &model.data,
            target: model.encoding.target(),
            tolerance: model.tolerance,
            missed_tolerance: table.n_missed(),
            interrupted: model.interrupted,
            cv: model.cv.as_ref(),
            path: &model.path,
            files,
        })?)?;
    } else {
        let DataFacts { file, rows, columns } = &model.data;
        print(&format!(
            "{file}: {} × {}, target \"{}\"\nminimizing {}\n",
            count(*rows, "row"),
            count(*columns, "column"),
            model.encoding.target(),
            model.objective
        ))?;
        print(&table.text())?;
        if let Some(cv) = &model.cv {
            print(&cv.summary(model))?;
        }
        if let Some(shown) = shown(model, solved) {
            print(&top(shown, regression, frame, model.standardize))?;
        }
        if !files.is_empty() {
            print(&format!("wrote {}", files.join(", ")))?;
        }
    }
    if table.n_missed() > 0 {
        let missed = count(table.n_missed(), "lambda");
        say(&format!("warning: {missed} missed the tolerance of {:e}", model.tolerance));
    }
    if solved.interrupted {
        let kept =
            if files.is_empty() { "nothing was written (no --out)" } else { "they were written" };
        say(&format!(
            "interrupted: {} of {} are done; {kept}",
            with_commas(solved.points.len()),
            count(solved.asked, "lambda")
        ));
    }
    Ok(())
}

/// The fit whose coefficients are shown: that of the best λ if there is one, else the last.
fn shown<'a>(model: &Model, solved: &'a Solved) -> Option<&'a RegressionPoint> {
    let best = model.cv.as_ref().map(|cv| cv.lambda_best);
    let chosen = solved.points.iter().find(|point| Some(point.lambda) == best);
    chosen.or(solved.points.last())
}

/// The largest coefficients of a fit, by the scale on which they can be compared.
fn top(
    point: &RegressionPoint,
    regression: &Regression,
    frame: &Frame,
    standardized: bool,
) -> String {
    let coefficients = &point.coefficients[0];
    let values = &coefficients.values;
    if values.is_empty() {
        return format!("at lambda {}, every coefficient is 0", significant(point.lambda));
    }
    let mut rows: Vec<(&str, f64, f64)> = values
        .iter()
        .map(|&(j, value)| (frame.names[j].as_str(), value, value * regression.scale(j)))
        .collect();
    rows.sort_by(|a, b| b.2.abs().total_cmp(&a.2.abs()));
    let n = rows.len();
    rows.truncate(SHOWN_COEFFICIENTS);
    let which = if n > rows.len() {
        format!("the {} largest of {n}", rows.len())
    } else {
        format!("all {n}")
    };
    format!(
        "at lambda {}, intercept {}, {which} nonzero coefficients:\n{}",
        significant(point.lambda),
        significant(coefficients.intercept),
        top_coefficients(&rows, standardized)
    )
}
