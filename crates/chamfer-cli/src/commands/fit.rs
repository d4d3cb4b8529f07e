//! `chamfer path` and `chamfer fit`.

use super::{Status, columns, data, picture, report, solved, to_json};
use crate::args::{DataArgs, FitArgs, ModelArgs, PathArgs};
use crate::error::{CliError, DataNames};
use crate::interrupt::Interrupt;
use crate::model::{DataFacts, Head, Model};
use crate::output::{OutputFolder, PathTable, say};
use crate::plot::rasterize;
use crate::spec::{FamilyName, FamilySpec, PenaltySpec};
use chamfer_glm::{Error as GlmError, Regression, RegressionSettings, lambda_grid};

/// Which λs to fit.
enum Lambdas {
    Given(Vec<f64>),
    Grid { n_lambdas: usize, min_ratio: Option<f64> },
}

pub fn path(args: &PathArgs) -> Result<Status, CliError> {
    let lambdas = if args.lambdas.is_empty() {
        Lambdas::Grid { n_lambdas: args.n_lambdas as usize, min_ratio: args.lambda_min_ratio }
    } else {
        let mut given = args.lambdas.clone();
        given.sort_by(|a, b| b.total_cmp(a));
        given.dedup();
        Lambdas::Given(given)
    };
    run(&args.data, &args.model, lambdas, true)
}

pub fn fit(args: &FitArgs) -> Result<Status, CliError> {
    run(&args.data, &args.model, Lambdas::Given(vec![args.lambda]), false)
}

fn run(
    data_args: &DataArgs,
    args: &ModelArgs,
    lambdas: Lambdas,
    with_plots: bool,
) -> Result<Status, CliError> {
    if let Some(threads) = args.threads {
        rayon::ThreadPoolBuilder::new()
            .num_threads(usize::from(threads))
            .build_global()
            .map_err(|error| CliError::Setup(error.to_string()))?;
    }
    let folder = args.out.as_deref().map(OutputFolder::prepare).transpose()?;
    let interrupt = Interrupt::listen()?;
    let (encoding, frame, notes) = data::training(data_args)?;
    for note in &notes {
        say(&format!("note: {note}"));
    }

    let names = DataNames { fitting: true, ..data::names(&data_args.file.file, &frame, &encoding) };
    let regression_error = |error: GlmError| CliError::regression(&error, names);
    let design = data::design(&frame).map_err(regression_error)?;
    columns::warn_of_columns(design.as_ref(), &frame.names);
    let settings = RegressionSettings {
        intercept: !args.no_intercept,
        standardize: !args.no_standardize,
        offset: frame.offset.as_deref(),
    };
    let family_spec = args.problem.family()?;
    if data_args.event.is_some() && family_spec.name != FamilyName::Cox {
        return Err(CliError::Options("--event needs --family cox".to_owned()));
    }
    let penalty_spec = args.problem.penalty(&frame.names, &data_args.file.file)?;
    let family = data::family(&family_spec, &frame).map_err(regression_error)?;
    let penalty = penalty_spec.make(&frame.names)?;
    let regression = Regression::new(design.as_ref(), family.as_ref(), penalty, &settings)
        .map_err(regression_error)?;
    let lambdas = match lambdas {
        Lambdas::Given(lambdas) => lambdas,
        Lambdas::Grid { n_lambdas, min_ratio } => {
            let wide = frame.matrix.n_rows() < frame.matrix.n_cols();
            let ratio = min_ratio.unwrap_or(if wide { 1e-2 } else { 1e-4 });
            let largest = regression.lambda_max().map_err(regression_error)?;
            lambda_grid(largest, n_lambdas, ratio).map_err(regression_error)?
        }
    };

    let solved =
        solved::solve(&regression, &lambdas, args.tol, &interrupt).map_err(regression_error)?;
    if solved.points.is_empty() {
        return Err(CliError::InterruptedEarly);
    }
    let model = Model {
        head: Head::default(),
        objective: objective(&family_spec, &penalty_spec, &settings, frame.weights.is_some()),
        family: family_spec,
        penalty: penalty_spec,
        data: DataFacts {
            file: data::file_name(&data_args.file.file),
            rows: frame.matrix.n_rows(),
            columns: frame.matrix.n_cols(),
        },
        intercept: settings.intercept,
        standardize: settings.standardize,
        tolerance: args.tol,
        seed: args.seed,
        interrupted: solved.interrupted,
        path: solved.records(&frame.names),
        encoding: encoding.clone(),
    };
    let files = match folder {
        Some(folder) => {
            let picture =
                with_plots.then(|| picture::draw(&regression, &solved.points, &model, &frame));
            write(folder, &model, picture.transpose()?.as_deref())?
        }
        None => Vec::new(),
    };
    report::report(&model, &regression, &solved, &frame, &files, args.json)?;
    Ok(solved.status())
}

/// The formula, for people.
fn objective(
    family: &FamilySpec,
    penalty: &PenaltySpec,
    settings: &RegressionSettings<'_>,
    weighted: bool,
) -> String {
    let penalty = penalty.formula(settings.standardize, weighted);
    let predictor = match (family.name, settings.offset.is_some()) {
        (FamilyName::Gaussian | FamilyName::Cox, false) => "",
        (FamilyName::Gaussian | FamilyName::Cox, true) => ", with the offset added to Xβ",
        (_, false) => ", η = Xβ + b",
        (_, true) => ", η = offset + Xβ + b",
    };
    format!("{} + {penalty}{predictor}", family.loss(weighted))
}

/// Writes the files of a fit; says where they are.
fn write(folder: OutputFolder, model: &Model, svg: Option<&str>) -> Result<Vec<String>, CliError> {
    let table = PathTable::of(model, &model.path, model.tolerance).csv();
    let png = svg.map(rasterize).transpose()?;
    let mut json = to_json(model)?;
    json.push('\n');
    let mut files: Vec<(&str, &[u8])> =
        vec![("model.json", json.as_bytes()), ("path.csv", table.as_bytes())];
    if let (Some(svg), Some(png)) = (svg, &png) {
        files.push(("path.svg", svg.as_bytes()));
        files.push(("path.png", png));
    }
    let written = folder.write(&files)?;
    Ok(written.iter().map(|path| path.display().to_string()).collect())
}
