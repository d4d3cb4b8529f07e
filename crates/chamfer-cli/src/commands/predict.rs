//! `chamfer predict`.

use super::{Status, data};
use crate::args::PredictArgs;
use crate::error::CliError;
use crate::input::Need;
use crate::model::{FitRecord, Model};
use crate::output::{count, say, write_file};
use std::fmt::Write;
use std::io::Write as _;

pub fn run(args: &PredictArgs) -> Result<Status, CliError> {
    let model = Model::read(&args.model)?;
    let fits: Vec<&FitRecord> = match args.lambda {
        Some(lambda) => vec![model.fit_at(lambda)?],
        None => model.path.iter().collect(),
    };
    let frame = data::for_model(&args.file, &model, Need::Predictors)?;
    let design = data::design(&frame).map_err(|e| CliError::Regression(e.to_string()))?;
    let positions = data::positions(&frame);
    let predictions = fits
        .iter()
        .map(|fit| Ok(fit.coefficients_for(&positions, &args.model)?.predict(design.as_ref())))
        .collect::<Result<Vec<_>, CliError>>()?;

    let mut text = String::from("row");
    for fit in &fits {
        let _ = match fits.len() {
            1 => write!(text, ",prediction"),
            _ => write!(text, ",lambda={}", fit.lambda),
        };
    }
    text.push('\n');
    for (i, row) in frame.rows.iter().enumerate() {
        let _ = write!(text, "{row}");
        for prediction in &predictions {
            let _ = write!(text, ",{}", prediction[i]);
        }
        text.push('\n');
    }
    if frame.rows.len() < frame.rows_read {
        let dropped = count(frame.rows_read - frame.rows.len(), "row");
        say(&format!("note: {dropped} with missing values left out"));
    }
    match &args.out {
        Some(path) => write_file(path, text.as_bytes())?,
        // A closed pipe (`| head`) is no error.
        None => drop(std::io::stdout().write_all(text.as_bytes())),
    }
    Ok(Status::Certified)
}
