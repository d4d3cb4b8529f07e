//! `chamfer path` and `chamfer fit`.

use super::{Status, columns, data, picture, report, solved, to_json};
use crate::args::{DataArgs, FitArgs, ModelArgs, PathArgs};
use crate::error::{CliError, DataNames};
use crate::interrupt::Interrupt;
use crate::model::{DataFacts, Family, Head, Model, PenaltyName};
use crate::output::{OutputFolder, PathTable, say};
use crate::plot::rasterize;
use chamfer_glm::{Error as GlmError, Problem, ProblemSettings, lambda_grid};

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
    let settings = ProblemSettings {
        intercept: !args.no_intercept,
        standardize: !args.no_standardize,
        weights: frame.weights.as_deref(),
    };
    let target = frame.target.as_deref().unwrap_or_default();
    let problem = Problem::new(design.as_ref(), target, &settings).map_err(regression_error)?;
    let lambdas = match lambdas {
        Lambdas::Given(lambdas) => lambdas,
        Lambdas::Grid { n_lambdas, min_ratio } => {
            let wide = frame.matrix.n_rows() < frame.matrix.n_cols();
            let ratio = min_ratio.unwrap_or(if wide { 1e-2 } else { 1e-4 });
            lambda_grid(problem.lambda_max(), n_lambdas, ratio).map_err(regression_error)?
        }
    };

    let solved =
        solved::solve(&problem, &lambdas, args.tol, &interrupt).map_err(regression_error)?;
    if solved.points.is_empty() {
        return Err(CliError::InterruptedEarly);
    }
    let model = Model {
        head: Head::default(),
        family: Family::Gaussian,
        penalty: PenaltyName::Lasso,
        objective: objective(&settings).to_owned(),
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
                with_plots.then(|| picture::draw(&problem, &solved.points, &model, &frame));
            write(folder, &model, picture.transpose()?.as_deref())?
        }
        None => Vec::new(),
    };
    report::report(&model, &problem, &solved, &frame, &files, args.json)?;
    Ok(solved.status())
}

fn objective(settings: &ProblemSettings) -> &'static str {
    match (settings.weights.is_some(), settings.standardize) {
        (false, true) => "1/(2n) ‖y − Xβ − b‖² + λ Σ_j s_j |β_j|, s_j = standard deviation of x_j",
        (false, false) => "1/(2n) ‖y − Xβ − b‖² + λ ‖β‖₁",
        (true, true) => {
            "½ Σ_i w_i (y_i − x_iβ − b)² / Σ_i w_i + λ Σ_j s_j |β_j|, s_j = weighted standard \
             deviation of x_j"
        }
        (true, false) => "½ Σ_i w_i (y_i − x_iβ − b)² / Σ_i w_i + λ ‖β‖₁",
    }
}

/// Writes the files of a fit; says where they are.
fn write(folder: OutputFolder, model: &Model, svg: Option<&str>) -> Result<Vec<String>, CliError> {
    let table = PathTable { fits: &model.path, tolerance: model.tolerance }.csv();
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
