//! `chamfer path`, `chamfer cv`, `chamfer fit` and `chamfer stability`: stating the problem.

use super::checkpoint::{Checkpoint, Fingerprint, Restored};
use super::problem::Stated;
use super::segments::Segments;
use super::{Status, columns, cv, data, responses};
use crate::args::{
    CvArgs, DataArgs, FitArgs, GivenOptions, GridArgs, ModelArgs, PathArgs, RefineArgs,
    StabilityArgs,
};
use crate::error::{CliError, DataNames};
use crate::input::Frame;
use crate::interrupt::Interrupt;
use crate::output::{OutputFolder, say};
use crate::select::CriterionName;
use chamfer_glm::{Error as GlmError, Regression, RegressionSettings, lambda_grid};
use std::path::Path;

/// Which λs to fit.
pub enum Lambdas {
    Given(Vec<f64>),
    Grid { n_lambdas: usize, min_ratio: Option<f64> },
}

/// What is made of the λs.
#[derive(Clone, Copy)]
pub enum Work<'a> {
    Fit,
    Path(&'a PathArgs),
    Cv(&'a CvArgs),
    Stability(&'a StabilityArgs),
}

pub fn path(args: &PathArgs, options: &GivenOptions) -> Result<Status, CliError> {
    run(&args.data, &args.model, options, &args.refine, &Lambdas::of(&args.grid), Work::Path(args))
}

pub fn cv(args: &CvArgs, options: &GivenOptions) -> Result<Status, CliError> {
    run(&args.data, &args.model, options, &args.refine, &Lambdas::of(&args.grid), Work::Cv(args))
}

pub fn fit(args: &FitArgs, options: &GivenOptions) -> Result<Status, CliError> {
    run(
        &args.data,
        &args.model,
        options,
        &args.refine,
        &Lambdas::Given(vec![args.lambda]),
        Work::Fit,
    )
}

pub fn stability(args: &StabilityArgs, options: &GivenOptions) -> Result<Status, CliError> {
    let (n_lambdas, min_ratio) = (args.n_lambdas as usize, Some(args.lambda_min_ratio));
    let lambdas = Lambdas::Grid { n_lambdas, min_ratio };
    let refine = RefineArgs::default();
    run(&args.data, &args.model, options, &refine, &lambdas, Work::Stability(args))
}

impl Work<'_> {
    /// The checkpoint in the folder `out`, and what is restored from it; none for a single fit.
    pub fn checkpoint(
        self,
        out: Option<&Path>,
        run: Fingerprint,
        segments: &Segments<'_>,
        n_folds: usize,
    ) -> Result<(Option<Checkpoint>, Restored), CliError> {
        let resume = match self {
            Self::Fit | Self::Stability(_) => None,
            Self::Path(args) => Some(args.resume.resume),
            Self::Cv(args) => Some(args.resume.resume),
        };
        match (out, resume) {
            (Some(folder), Some(true)) => Checkpoint::resume(folder, run, segments, n_folds),
            (Some(folder), Some(false)) => Ok(Checkpoint::begin(folder, run)),
            _ => Ok((None, Restored::default())),
        }
    }

    /// The criterion that chooses a λ of a path.
    pub fn criterion(self) -> Option<CriterionName> {
        if let Self::Path(args) = self { args.choice.criterion } else { None }
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
    pub fn values(&self, regression: &Regression, frame: &Frame) -> Result<Vec<f64>, GlmError> {
        match self {
            Self::Given(lambdas) => Ok(lambdas.clone()),
            Self::Grid { n_lambdas, min_ratio } => {
                let wide = frame.matrix.n_rows() < frame.matrix.n_cols();
                let ratio = min_ratio.unwrap_or(if wide { 1e-2 } else { 1e-4 });
                lambda_grid(regression.lambda_max()?, *n_lambdas, ratio)
            }
        }
    }
}

fn run(
    data_args: &DataArgs,
    args: &ModelArgs,
    options: &GivenOptions,
    refine: &RefineArgs,
    lambdas: &Lambdas,
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
    responses::check(outputs, &frame, names)?;
    let penalty_spec = args.problem.penalty(&frame.names, &data_args.file.file, outputs)?;
    let start = args.start(&penalty_spec)?;
    let settings = RegressionSettings {
        intercept: !args.no_intercept,
        standardize: !args.no_standardize,
        offset: frame.offset.as_deref(),
        start: start.unwrap_or_default().start(),
        ..RegressionSettings::default()
    };
    let family = data::family(&family_spec, &frame, &encoding).map_err(regression_error)?;
    if let Some(name) = work.criterion()
        && family.minus_two_log_likelihood(1.0, 1.0).is_none()
    {
        return Err(name.is_not_defined(&family_spec));
    }
    let penalty = penalty_spec.make(&frame.names)?;
    let regression = Regression::new(design.as_ref(), family.as_ref(), penalty, &settings)
        .map_err(regression_error)?;
    let stated = Stated {
        args,
        regression,
        design: design.as_ref(),
        family: family.as_ref(),
        family_spec,
        penalty_spec,
        settings,
        start,
        options,
        frame: &frame,
        encoding: &encoding,
        names,
        interrupt,
    };
    if let Work::Stability(args) = work {
        return stated.select(args, lambdas, folder);
    }
    stated.solve(refine, lambdas, work, folder)
}

fn use_threads(number: Option<u16>) -> Result<(), CliError> {
    let Some(number) = number else { return Ok(()) };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(usize::from(number));
    pool.build_global().map_err(|error| CliError::Setup(error.to_string()))
}
