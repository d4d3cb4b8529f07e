//! `chamfer path`, `chamfer cv` and `chamfer fit`.

use super::checkpoint::{Checkpoint, Fingerprint, Restored};
use super::segments::Segments;
use super::{Status, columns, cv, data, picture, report, responses, solved, to_json};
use crate::args::{CvArgs, DataArgs, FitArgs, GivenOptions, GridArgs, ModelArgs, PathArgs};
use crate::error::{CliError, DataNames};
use crate::input::Frame;
use crate::interrupt::Interrupt;
use crate::model::{DataFacts, Head, Model, output_names};
use crate::output::{OutputFolder, PathTable, say};
use crate::plot::rasterize;
use crate::spec::{FamilyName, FamilySpec, Outputs, PenaltySpec};
use chamfer_glm::{Error as GlmError, Regression, RegressionSettings, lambda_grid};
use std::path::Path;

/// Which λs to fit.
enum Lambdas {
    Given(Vec<f64>),
    Grid { n_lambdas: usize, min_ratio: Option<f64> },
}

/// What is made of the λs.
#[derive(Clone, Copy)]
enum Work<'a> {
    Fit,
    Path(&'a PathArgs),
    Cv(&'a CvArgs),
}

pub fn path(args: &PathArgs, options: &GivenOptions) -> Result<Status, CliError> {
    run(&args.data, &args.model, options, Lambdas::of(&args.grid), Work::Path(args))
}

pub fn cv(args: &CvArgs, options: &GivenOptions) -> Result<Status, CliError> {
    run(&args.data, &args.model, options, Lambdas::of(&args.grid), Work::Cv(args))
}

pub fn fit(args: &FitArgs, options: &GivenOptions) -> Result<Status, CliError> {
    run(&args.data, &args.model, options, Lambdas::Given(vec![args.lambda]), Work::Fit)
}

impl Work<'_> {
    /// The checkpoint in the folder `out`, and what is restored from it; none for a single fit.
    fn checkpoint(
        self,
        out: Option<&Path>,
        run: Fingerprint,
        segments: &Segments<'_>,
        n_folds: usize,
    ) -> Result<(Option<Checkpoint>, Restored), CliError> {
        let resume = match self {
            Self::Fit => None,
            Self::Path(args) => Some(args.resume.resume),
            Self::Cv(args) => Some(args.resume.resume),
        };
        match (out, resume) {
            (Some(folder), Some(true)) => Checkpoint::resume(folder, run, segments, n_folds),
            (Some(folder), Some(false)) => Ok(Checkpoint::begin(folder, run)),
            _ => Ok((None, Restored::default())),
        }
    }
}

impl Lambdas {
    fn of(args: &GridArgs) -> Self {
        if args.lambdas.is_empty() {
            let min_ratio = args.lambda_min_ratio;
            return Self::Grid { n_lambdas: args.n_lambdas as usize, min_ratio };
        }
        let mut given = args.lambdas.clone();
        given.sort_by(|a, b| b.total_cmp(a));
        given.dedup();
        Self::Given(given)
    }

    /// The λs of a regression, largest first.
    fn values(self, regression: &Regression, frame: &Frame) -> Result<Vec<f64>, GlmError> {
        match self {
            Self::Given(lambdas) => Ok(lambdas),
            Self::Grid { n_lambdas, min_ratio } => {
                let wide = frame.matrix.n_rows() < frame.matrix.n_cols();
                let ratio = min_ratio.unwrap_or(if wide { 1e-2 } else { 1e-4 });
                lambda_grid(regression.lambda_max()?, n_lambdas, ratio)
            }
        }
    }
}

fn run(
    data_args: &DataArgs,
    args: &ModelArgs,
    options: &GivenOptions,
    lambdas: Lambdas,
    work: Work<'_>,
) -> Result<Status, CliError> {
    use_threads(args.threads)?;
    let folder = args.out.as_deref().map(OutputFolder::prepare).transpose()?;
    let interrupt = Interrupt::listen()?;
    let family_spec = args.problem.family()?;
    responses::check_options(data_args, family_spec.name)?;
    let fold_column = if let Work::Cv(args) = work { cv::fold_column(args) } else { None };
    let (encoding, frame, notes) = data::training(data_args, family_spec.name, fold_column)?;
    for note in &notes {
        say(&format!("note: {note}"));
    }

    let names = DataNames { fitting: true, ..data::names(&data_args.file.file, &frame, &encoding) };
    let regression_error = |error: GlmError| CliError::regression(&error, names);
    let design = data::design(&frame).map_err(regression_error)?;
    columns::warn_of_columns(design.as_ref(), &frame.names);
    let outputs = family_spec.outputs(encoding.targets().len());
    let several = outputs != Outputs::One;
    responses::check(outputs, &frame, names)?;
    let penalty_spec = args.problem.penalty(&frame.names, &data_args.file.file, outputs)?;
    let start = args.start(&penalty_spec)?;
    let settings = RegressionSettings {
        intercept: !args.no_intercept,
        standardize: !args.no_standardize,
        offset: frame.offset.as_deref(),
        start: start.unwrap_or_default().start(),
    };
    let family = data::family(&family_spec, &frame, &encoding).map_err(regression_error)?;
    let penalty = penalty_spec.make(&frame.names)?;
    let regression = Regression::new(design.as_ref(), family.as_ref(), penalty, &settings)
        .map_err(regression_error)?;
    let lambdas = lambdas.values(&regression, &frame).map_err(regression_error)?;

    let folds = match work {
        Work::Cv(args) => {
            let folds = cv::folds(args, &family_spec, &frame).map_err(regression_error)?;
            cv::check_classes(&folds, &frame, &encoding)?;
            Some((args, folds))
        }
        Work::Fit | Work::Path(_) => None,
    };
    let segments = Segments::new(&lambdas, settings.start, args.tol, &interrupt);
    let run = Fingerprint::new(options, &penalty_spec, &data_args.file.file)?;
    let n_folds = folds.as_ref().map_or(0, |(_, folds)| folds.len());
    let (mut checkpoint, mut restored) =
        work.checkpoint(args.out.as_deref(), run, &segments, n_folds)?;
    let mut solved = solved::solve(&regression, &segments, &mut checkpoint, &mut restored)
        .map_err(regression_error)?;
    if solved.points.is_empty() {
        return Err(CliError::InterruptedEarly);
    }
    let mut validated = None;
    if let Some((args, folds)) = &folds
        && !solved.interrupted
    {
        let (points, cv) = (&solved.points, (*args, folds));
        validated = cv::validate(&regression, points, &segments, cv, &mut checkpoint, &restored)
            .map_err(regression_error)?;
        solved.interrupted = validated.is_none();
    }
    let model = Model {
        head: Head::default(),
        objective: objective(
            &family_spec,
            &penalty_spec,
            &settings,
            frame.weights.is_some(),
            several,
        ),
        path: solved.records(&frame.names, output_names(&family_spec, &encoding)),
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
        start,
        seed: args.seed,
        interrupted: solved.interrupted,
        cv: validated,
        encoding: encoding.clone(),
    };
    let files = match folder {
        Some(folder) => {
            let drawn = !matches!(work, Work::Fit);
            let of_path = drawn.then(|| picture::draw(&regression, &solved.points, &model, &frame));
            write(folder, &model, of_path.transpose()?)?
        }
        None => Vec::new(),
    };
    if !solved.interrupted
        && let Some(checkpoint) = checkpoint.take()
    {
        checkpoint.remove();
    }
    report::report(&model, &regression, &solved, &frame, &files, args.json)?;
    Ok(solved.status())
}

fn use_threads(number: Option<u16>) -> Result<(), CliError> {
    let Some(number) = number else { return Ok(()) };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(usize::from(number));
    pool.build_global().map_err(|error| CliError::Setup(error.to_string()))
}

/// The formula, for people.
fn objective(
    family: &FamilySpec,
    penalty: &PenaltySpec,
    settings: &RegressionSettings<'_>,
    weighted: bool,
    several: bool,
) -> String {
    let penalty = penalty.formula(settings.standardize, weighted, several);
    let predictor = match (family.name, settings.offset.is_some()) {
        (FamilyName::Gaussian | FamilyName::Cox, false) => "",
        (FamilyName::Gaussian | FamilyName::Cox, true) => ", with the offset added to Xβ",
        (_, false) => ", η = Xβ + b",
        (_, true) => ", η = offset + Xβ + b",
    };
    format!("{} + {penalty}{predictor}", family.loss(weighted, several))
}

/// Writes the files of a fit; says where they are.
fn write(
    folder: OutputFolder,
    model: &Model,
    of_path: Option<String>,
) -> Result<Vec<String>, CliError> {
    let mut pictures: Vec<(&str, String)> = of_path.map(|svg| ("path", svg)).into_iter().collect();
    let mut json = to_json(model)?;
    json.push('\n');
    let table = PathTable::of(model, &model.path, model.tolerance).csv();
    let mut files: Vec<(String, Vec<u8>)> =
        vec![("model.json".to_owned(), json.into()), ("path.csv".to_owned(), table.into())];
    if let Some(cv) = &model.cv {
        files.push(("cv.csv".to_owned(), cv.csv(model).into()));
        pictures.push(("cv", cv.svg(model)?));
    }
    for (name, svg) in pictures {
        let png = rasterize(&svg)?;
        files.push((format!("{name}.svg"), svg.into()));
        files.push((format!("{name}.png"), png));
    }
    let files: Vec<(&str, &[u8])> =
        files.iter().map(|(name, contents)| (name.as_str(), contents.as_slice())).collect();
    let written = folder.write(&files)?;
    Ok(written.iter().map(|path| path.display().to_string()).collect())
}
