//! What is printed after a fit.

use super::solved::{Solved, support};
use super::to_json;
use crate::error::CliError;
use crate::input::Frame;
use crate::model::{CvRecord, DataFacts, FitRecord, Model};
use crate::output::{
    PathTable, count, list, print, say, significant, top_coefficients, top_of_outputs, with_commas,
};
use crate::select::CriterionName;
use chamfer_glm::{Coefficients, Regression, RegressionPoint};

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
    criterion: Option<CriterionName>,
) -> Result<(), CliError> {
    let table = PathTable::of(model, &model.path, model.tolerance);
    let chosen = criterion.and_then(|name| Some((name, model.cheapest(name).ok()?)));
    if json {
        #[derive(serde::Serialize)]
        struct Least {
            criterion: CriterionName,
            lambda: f64,
        }
        #[derive(serde::Serialize)]
        struct Report<'a> {
            objective: &'a str,
            data: &'a DataFacts,
            targets: &'a [String],
            #[serde(skip_serializing_if = "Option::is_none")]
            classes: Option<&'a [String]>,
            tolerance: f64,
            missed_tolerance: usize,
            interrupted: bool,
            #[serde(skip_serializing_if = "Option::is_none")]
            cv: Option<&'a CvRecord>,
            #[serde(skip_serializing_if = "Option::is_none")]
            least: Option<Least>,
            path: &'a [FitRecord],
            files: &'a [String],
        }
        print(&to_json(&Report {
            objective: &model.objective,
            data: &model.data,
            targets: model.encoding.targets(),
            classes: model.encoding.classes(),
            tolerance: model.tolerance,
            missed_tolerance: table.n_missed(),
            interrupted: model.interrupted,
            cv: model.cv.as_ref(),
            least: chosen.map(|(criterion, fit)| Least { criterion, lambda: fit.lambda }),
            path: &model.path,
            files,
        })?)?;
    } else {
        let DataFacts { file, rows, columns } = &model.data;
        print(&format!(
            "{file}: {} × {}, {}\nminimizing {}\n",
            count(*rows, "row"),
            count(*columns, "column"),
            target(model),
            model.objective
        ))?;
        print(&table.text())?;
        if let Some(cv) = &model.cv {
            print(&cv.summary(model))?;
        }
        if let Some((name, fit)) = chosen {
            print(&name.choice(fit))?;
        }
        let chosen = chosen.map(|(_, fit)| fit.lambda);
        if let Some(shown) = shown(model, solved, chosen) {
            print(&top(shown, regression, frame, model.outputs(), model.standardize))?;
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

/// What is predicted, for people.
fn target(model: &Model) -> String {
    const SHOWN: usize = 5;
    let quoted = |names: &[String]| -> Vec<String> {
        names.iter().take(SHOWN).map(|name| format!("\"{name}\"")).collect()
    };
    let encoding = &model.encoding;
    let (targets, n) =
        (list(&quoted(encoding.targets()), encoding.targets().len()), encoding.targets().len());
    let targets =
        if n == 1 { format!("target {targets}") } else { format!("{n} targets: {targets}") };
    match encoding.classes() {
        Some([other, positive]) if model.outputs().len() == 1 => {
            format!("{targets}: \"{positive}\" against \"{other}\"")
        }
        Some(classes) => {
            let labels = list(&quoted(classes), classes.len());
            format!("{targets}: {} classes, {labels}", classes.len())
        }
        None => targets,
    }
}

/// The fit whose coefficients are shown: that of the best λ, or the one `chosen`, if there is one, else the last.
fn shown<'a>(
    model: &Model,
    solved: &'a Solved,
    chosen: Option<f64>,
) -> Option<&'a RegressionPoint> {
    let best = chosen.or(model.cv.as_ref().map(|cv| cv.lambda_best));
    let chosen = solved.points.iter().find(|point| Some(point.lambda) == best);
    chosen.or(solved.points.last())
}

/// The largest coefficients of a fit, by the scale on which they can be compared.
fn top(
    point: &RegressionPoint,
    regression: &Regression,
    frame: &Frame,
    outputs: &[String],
    standardized: bool,
) -> String {
    let support = support(&point.coefficients);
    if support.is_empty() {
        return format!("at lambda {}, every coefficient is 0", significant(point.lambda));
    }
    let [coefficients] = point.coefficients.as_slice() else {
        return top_rows(point, &support, regression, frame, outputs);
    };
    let values = &coefficients.values;
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

/// The columns with the largest coefficients of a fit with several outputs, by their norms.
fn top_rows(
    point: &RegressionPoint,
    support: &[usize],
    regression: &Regression,
    frame: &Frame,
    outputs: &[String],
) -> String {
    let value = |of_output: &Coefficients, j: usize| {
        let found = of_output.values.binary_search_by_key(&j, |(column, _)| *column);
        found.map_or(0.0, |at| of_output.values[at].1)
    };
    let norm = |j: usize| {
        let squares = point.coefficients.iter().map(|of_output| value(of_output, j).powi(2));
        squares.sum::<f64>().sqrt() * regression.scale(j)
    };
    let mut rows: Vec<(usize, f64)> = support.iter().map(|&j| (j, norm(j))).collect();
    rows.sort_by(|a, b| b.1.total_cmp(&a.1));
    let n = rows.len();
    rows.truncate(SHOWN_COEFFICIENTS);
    let which = if n > rows.len() {
        format!("the {} columns of {n} with the largest coefficients", rows.len())
    } else {
        format!("all columns with coefficients ({n})")
    };
    let intercepts = point.coefficients.iter().map(|of_output| of_output.intercept).collect();
    let mut table = vec![("(intercept)", intercepts)];
    table.extend(rows.iter().map(|&(j, _)| {
        let values = point.coefficients.iter().map(|of_output| value(of_output, j)).collect();
        (frame.names[j].as_str(), values)
    }));
    format!(
        "at lambda {}, {which}:\n{}",
        significant(point.lambda),
        top_of_outputs(&table, outputs)
    )
}
