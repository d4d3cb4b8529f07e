//! `chamfer predict`.

use super::{Status, data};
use crate::args::PredictArgs;
use crate::error::CliError;
use crate::input::{Frame, Need};
use crate::model::{FitRecord, Model};
use crate::output::{Output, count, say};
use crate::spec::FamilyName;

pub fn run(args: &PredictArgs) -> Result<Status, CliError> {
    let model = Model::read(&args.model)?;
    let choice = match args.relaxed {
        Some(_) => args.lambda.map(|choice| model.relaxed_choice(choice)),
        None => args.lambda,
    };
    let fits: Vec<&FitRecord> = match choice {
        Some(choice) => vec![model.chosen(choice, &args.model)?],
        None => model.path.iter().collect(),
    };
    let classes = model.encoding.classes();
    if args.class && classes.is_none() {
        let message = "--class needs a model of classes: of --family binomial or squared-hinge with two \
                       labels, or multinomial";
        return Err(CliError::Options(message.to_owned()));
    }
    let mut output = Output::create(args.out.as_deref())?;
    let (mut header, mut n_predicted) = (Some(header(&model, &fits, args)), 0);
    let mut predict = |frame: &Frame| {
        n_predicted += frame.rows.len();
        let columns = predictions(&model, &fits, args, frame)?;
        let classes = classes.unwrap_or_default();
        output.write(&csv(header.take().as_deref(), &frame.rows, &columns, classes)?)
    };
    let n_read = match data::stream_for_model(&args.file, &model)? {
        None => {
            let frame = data::for_model(&args.file, &model, Need::Predictors)?;
            predict(&frame)?;
            frame.rows_read
        }
        Some(stream) => {
            let _spinner = args.out.is_some().then(|| data::spinner(&args.file));
            model.encoding.apply_in_parts(&stream, predict)?;
            stream.n_rows()
        }
    };
    if n_predicted < n_read {
        let dropped = count(n_read - n_predicted, "row");
        say(&format!("note: {dropped} with missing values left out"));
    }
    output.finish()?;
    Ok(Status::Certified)
}

/// The predictions for the rows of a frame.
fn predictions(
    model: &Model,
    fits: &[&FitRecord],
    args: &PredictArgs,
    frame: &Frame,
) -> Result<Vec<Column>, CliError> {
    let names = data::names(&args.file.file, frame, &model.encoding);
    let design = data::design(frame).map_err(|error| CliError::regression(&error, names))?;
    let positions = data::positions(frame);
    let (outputs, n_rows) = (model.outputs(), frame.rows.len());
    let mut columns: Vec<Column> = Vec::new();
    let share = args.relaxed.map(|blend| model.share(blend));
    for fit in fits {
        let blended = share.map(|share| fit.blended(share, &args.model)).transpose()?;
        let fit = blended.as_ref().unwrap_or(fit);
        let coefficients = fit.coefficients_for(outputs, &positions, &args.model)?;
        let mut predictor: Vec<f64> =
            coefficients.iter().flat_map(|of_output| of_output.predict(design.as_ref())).collect();
        for (eta, offset) in predictor.iter_mut().zip(frame.offset.iter().flatten()) {
            *eta += offset;
        }
        if args.class {
            let class = |row: usize| most_probable(&predictor, n_rows, row);
            columns.push(Column::Classes((0..n_rows).map(class).collect()));
            continue;
        }
        if !args.link {
            model.family.respond(&mut predictor, outputs.len());
        }
        columns.extend(
            predictor.chunks_exact(n_rows).map(|of_rows| Column::Numbers(of_rows.to_vec())),
        );
    }
    Ok(columns)
}

/// What is predicted, for each row.
enum Column {
    Numbers(Vec<f64>),
    Classes(Vec<usize>),
}

/// The predictions as CSV, with the numbers of the rows before them; the header where there is one.
fn csv(
    header: Option<&[String]>,
    rows: &[usize],
    columns: &[Column],
    classes: &[String],
) -> Result<String, CliError> {
    let failed = |error: csv::Error| CliError::Setup(error.to_string());
    let mut writer = csv::Writer::from_writer(Vec::new());
    if let Some(header) = header {
        writer.write_record(header).map_err(failed)?;
    }
    for (i, row) in rows.iter().enumerate() {
        writer.write_field(row.to_string()).map_err(failed)?;
        for column in columns {
            match column {
                Column::Numbers(values) => writer.write_field(values[i].to_string()),
                Column::Classes(numbers) => writer.write_field(&classes[numbers[i]]),
            }
            .map_err(failed)?;
        }
        writer.write_record(None::<&[u8]>).map_err(failed)?;
    }
    let bytes = writer.into_inner().map_err(|error| CliError::Setup(error.to_string()))?;
    String::from_utf8(bytes).map_err(|error| CliError::Setup(error.to_string()))
}

/// The class whose predictor is largest, the first of equal ones; of two classes with one predictor, the
/// second where it is above 0.
fn most_probable(predictor: &[f64], n_rows: usize, row: usize) -> usize {
    if predictor.len() == n_rows {
        return usize::from(predictor[row] > 0.0);
    }
    let of_row = predictor.iter().skip(row).step_by(n_rows).enumerate();
    of_row
        .fold((0, f64::NEG_INFINITY), |best, (k, &eta)| if eta > best.1 { (k, eta) } else { best })
        .0
}

/// Names of the columns: what is predicted, and λ where there are several.
fn header(model: &Model, fits: &[&FitRecord], args: &PredictArgs) -> Vec<String> {
    let classes = model.encoding.classes();
    let predicted: Vec<String> = match classes {
        _ if args.class => vec!["class".to_owned()],
        Some(classes) => {
            let what = match model.family.name {
                _ if args.link => "link",
                FamilyName::SquaredHinge => "score",
                _ => "P",
            };
            // Of two classes with one predictor, it is that of the positive one.
            let shown = if model.outputs().len() == 1 { &classes[1..] } else { classes };
            shown.iter().map(|class| format!("{what}({class})")).collect()
        }
        None if model.outputs().len() > 1 => model.outputs().to_vec(),
        None => vec!["prediction".to_owned()],
    };
    let mut names = vec!["row".to_owned()];
    for fit in fits {
        let lambda = format!("lambda={}", fit.lambda);
        names.extend(predicted.iter().map(|name| match (fits.len(), predicted.len()) {
            (1, _) => name.clone(),
            (_, 1) => lambda.clone(),
            _ => format!("{name} {lambda}"),
        }));
    }
    names
}
