//! `chamfer predict`.

use super::{Status, data};
use crate::args::PredictArgs;
use crate::error::CliError;
use crate::input::Need;
use crate::model::{FitRecord, Model};
use crate::output::{count, print, say, write_file};
use std::fmt::Write;

pub fn run(args: &PredictArgs) -> Result<Status, CliError> {
    let model = Model::read(&args.model)?;
    let fits: Vec<&FitRecord> = match args.lambda {
        Some(choice) => vec![model.chosen(choice, &args.model)?],
        None => model.path.iter().collect(),
    };
    let frame = data::for_model(&args.file, &model, Need::Predictors)?;
    let names = data::names(&args.file.file, &frame, &model.encoding);
    let design = data::design(&frame).map_err(|error| CliError::regression(&error, names))?;
    let positions = data::positions(&frame);
    let predictions = fits
        .iter()
        .map(|fit| {
            let coefficients = fit.coefficients_for(&positions, &args.model)?;
            let mut predictions = coefficients.predict(design.as_ref());
            for (prediction, offset) in predictions.iter_mut().zip(frame.offset.iter().flatten()) {
                *prediction += offset;
            }
            if !args.link {
                model.family.respond(&mut predictions);
            }
            Ok(predictions)
        })
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
        None => print(text.trim_end())?,
    }
    Ok(Status::Certified)
}
