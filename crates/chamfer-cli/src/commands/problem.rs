//! A problem on data that was read: solving, validating and reporting it.

use super::adaptive::First;
use super::checkpoint::Fingerprint;
use super::fit::{Lambdas, Work};
use super::segments::Segments;
use super::{Status, cv, data, picture, refined, relax, report, solved, stability, to_json};
use crate::args::{CvArgs, GivenOptions, ModelArgs, RefineArgs, StabilityArgs};
use crate::error::{CliError, DataNames};
use crate::input::{Encoding, Frame};
use crate::interrupt::Interrupt;
use crate::model::{CvRecord, DataFacts, FitRecord, Head, Model, output_names, target_title};
use crate::output::{OutputFolder, PathTable};
use crate::plot::rasterize;
use crate::relaxed::SHARES;
use crate::select::{AdaptiveSpec, Criteria};
use crate::spec::{FamilyName, FamilySpec, Outputs, PenaltySpec, StartName};
use chamfer_glm::{Design, Error as GlmError, Family, Folds, Plan, Regression, RegressionSettings};

/// λs that the first fit of an adaptive penalty is chosen from, or fewer where fewer are asked for.
const FIRST_LAMBDAS: usize = 100;

/// A problem on data that was read.
pub struct Stated<'a> {
    pub args: &'a ModelArgs,
    /// With the penalty of `penalty_spec`.
    pub regression: Regression<'a>,
    pub design: &'a dyn Design,
    pub family: &'a dyn Family,
    pub family_spec: FamilySpec,
    pub penalty_spec: PenaltySpec,
    pub settings: RegressionSettings<'a>,
    /// Where the path of a penalty that is not convex starts.
    pub start: Option<StartName>,
    pub options: &'a GivenOptions,
    pub frame: &'a Frame,
    pub encoding: &'a Encoding,
    pub names: DataNames<'a>,
    pub interrupt: Interrupt,
}

impl Stated<'_> {
    fn error(&self, error: &GlmError) -> CliError {
        CliError::regression(error, self.names)
    }

    fn lambdas(&self, lambdas: &Lambdas, regression: &Regression) -> Result<Vec<f64>, CliError> {
        lambdas.values(regression, self.frame).map_err(|error| self.error(&error))
    }

    /// Selects columns on halves of the rows.
    pub fn select(
        &self,
        args: &StabilityArgs,
        lambdas: &Lambdas,
        folder: Option<OutputFolder>,
    ) -> Result<Status, CliError> {
        stability::check(&self.penalty_spec)?;
        let lambdas = self.lambdas(lambdas, &self.regression)?;
        let halves = stability::halves(args, &self.family_spec, self.frame);
        let found = halves.and_then(|halves| {
            stability::select(&self.regression, &lambdas, args, &halves, &self.interrupt)
        });
        let found = found.map_err(|error| self.error(&error))?;
        let found = found.ok_or(CliError::StabilityInterruptedEarly)?;
        let target = target_title(&self.family_spec, self.encoding);
        stability::report(&found, args, &self.penalty_spec, self.frame, &target, folder)
    }

    /// How the first fit of an adaptive penalty is found, if there is one; in the folds of a cross-validation, if
    /// there are any.
    fn first(
        &self,
        refine: &RefineArgs,
        lambdas: &Lambdas,
        validated: Option<&(&CvArgs, Folds)>,
    ) -> Result<Option<First>, CliError> {
        let Some(gamma) = refine.adaptive else { return Ok(None) };
        let (n_lambdas, min_ratio) = match lambdas {
            Lambdas::Given(_) => (FIRST_LAMBDAS, None),
            Lambdas::Grid { n_lambdas, min_ratio } => (FIRST_LAMBDAS.min(*n_lambdas), *min_ratio),
        };
        let grid = Lambdas::Grid { n_lambdas, min_ratio };
        let lambdas = self.lambdas(&grid, &self.regression)?;
        let (folds, metric) = match validated {
            Some((args, folds)) => (Ok(folds.clone()), args.metric),
            None => (cv::default_folds(self.args.seed, &self.family_spec, self.frame), None),
        };
        let folds = folds.map_err(|error| self.error(&error))?;
        AdaptiveSpec::check(&self.penalty_spec, validated.is_some(), folds.len())?;
        let metric = cv::metric(metric, &self.family_spec).metric();
        Ok(Some(First { gamma, lambdas, tolerance: self.args.tol, folds, metric }))
    }

    /// Fits, validates if that is asked for, and reports.
    pub fn solve(
        self,
        refine: &RefineArgs,
        lambdas: &Lambdas,
        work: Work<'_>,
        folder: Option<OutputFolder>,
    ) -> Result<Status, CliError> {
        let Self { args, frame, interrupt, .. } = &self;
        let (tolerance, error) = (args.tol, |error: GlmError| self.error(&error));
        let folds = match work {
            Work::Cv(args) => {
                let folds = cv::folds(args, &self.family_spec, frame).map_err(error)?;
                cv::check_classes(&folds, frame, self.encoding)?;
                Some((args, folds))
            }
            _ => None,
        };
        let first = self.first(refine, lambdas, folds.as_ref())?;
        let mut second = None;
        if let Some(first) = &first {
            let spec = first.weigh(&self.penalty_spec, &self.regression, self.names, interrupt)?;
            let penalty = spec.make(&frame.names)?;
            let made = Regression::new(self.design, self.family, penalty, &self.settings);
            second = Some((spec, made.map_err(error)?));
        }
        let (penalty_spec, regression) = second
            .as_ref()
            .map_or((&self.penalty_spec, &self.regression), |(spec, made)| (spec, made));
        let lambdas = self.lambdas(lambdas, regression)?;
        let segments = Segments::new(&lambdas, self.settings.start, tolerance, interrupt);
        let held_out = folds.as_ref().map_or_else(Vec::new, |(_, folds)| folds.rows());
        // Whatever a checkpoint has, so that what follows has the same bits.
        regression.prepare(lambdas.len(), &held_out, &|| segments.stop());
        let run = Fingerprint::new(self.options, penalty_spec, self.names.file)?;
        let n_folds = folds.as_ref().map_or(0, |(_, folds)| folds.len());
        let (mut checkpoint, mut restored) =
            work.checkpoint(args.out.as_deref(), run, &segments, n_folds)?;
        let mut solved =
            solved::solve(regression, &segments, &mut checkpoint, &mut restored).map_err(error)?;
        if solved.points.is_empty() {
            return Err(CliError::InterruptedEarly);
        }
        let mut records =
            solved.records(&frame.names, output_names(&self.family_spec, self.encoding));
        for (record, point) in records.iter_mut().zip(&solved.points) {
            let (n_rows, n_columns) = (frame.matrix.n_rows(), frame.matrix.n_cols());
            record.criteria = Criteria::of(regression, point, n_rows, n_columns);
        }
        if refine.relax {
            let names = (frame.names.as_slice(), output_names(&self.family_spec, self.encoding));
            let points = &solved.points;
            let cut = relax::refit(regression, points, &mut records, names, tolerance, interrupt);
            solved.interrupted |= cut.map_err(error)?;
        }
        let mut validated = None;
        if let Some((args, folds)) = &folds
            && !solved.interrupted
        {
            let family = &self.family_spec;
            validated = if first.is_some() || refine.relax {
                let blends = if refine.relax { &SHARES[..] } else { &SHARES[..1] };
                let first = first.as_ref().map(First::fit);
                let plan = Plan { lambdas: &lambdas, tolerance, first, blends };
                let metric = cv::metric(args.metric, family);
                refined::validate(&self.regression, &plan, folds, metric, family, interrupt)
            } else {
                let (points, cv) = (&solved.points, (*args, folds));
                cv::validate(regression, points, &segments, cv, family, &mut checkpoint, &restored)
            }
            .map_err(error)?;
            solved.interrupted = validated.is_none();
        }
        let model = self.model(penalty_spec, &solved, records, validated);
        let files = match folder {
            Some(folder) => {
                let mut pictures = Vec::new();
                if !matches!(work, Work::Fit) {
                    let svg = picture::draw(regression, &solved.points, &model, frame)?;
                    pictures.push(("path", svg));
                }
                if let Some(cv) = &model.cv {
                    pictures.extend(cv.svgs(&model)?);
                }
                write(folder, &model, &pictures)?
            }
            None => Vec::new(),
        };
        if !solved.interrupted
            && let Some(checkpoint) = checkpoint.take()
        {
            checkpoint.remove();
        }
        let criterion = work.criterion();
        report::report(&model, regression, &solved, frame, &files, args.json, criterion)?;
        relax::warn(&model);
        Ok(solved.status())
    }

    fn model(
        &self,
        penalty: &PenaltySpec,
        solved: &solved::Solved,
        path: Vec<FitRecord>,
        cv: Option<CvRecord>,
    ) -> Model {
        let Self { family_spec, settings, frame, .. } = self;
        let several = family_spec.outputs(self.encoding.targets().len()) != Outputs::One;
        Model {
            head: Head::default(),
            objective: objective(family_spec, penalty, settings, frame.weights.is_some(), several),
            family: *family_spec,
            penalty: penalty.clone(),
            data: DataFacts {
                file: data::file_name(self.names.file),
                rows: frame.matrix.n_rows(),
                columns: frame.matrix.n_cols(),
            },
            intercept: settings.intercept,
            standardize: settings.standardize,
            tolerance: self.args.tol,
            start: self.start,
            seed: self.args.seed,
            interrupted: solved.interrupted,
            cv,
            path,
            encoding: self.encoding.clone(),
        }
    }
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
    pictures: &[(&str, String)],
) -> Result<Vec<String>, CliError> {
    let mut json = to_json(model)?;
    json.push('\n');
    let table = PathTable::of(model, &model.path, model.tolerance).csv();
    let mut files: Vec<(String, Vec<u8>)> =
        vec![("model.json".to_owned(), json.into()), ("path.csv".to_owned(), table.into())];
    if let Some(cv) = &model.cv {
        files.push(("cv.csv".to_owned(), cv.csv(model).into()));
        if let Some(relaxed) = &cv.relaxed {
            files.push(("cv_relaxed.csv".to_owned(), relaxed.csv(model).into()));
        }
    }
    for (name, svg) in pictures {
        files.push((format!("{name}.svg"), svg.clone().into()));
        files.push((format!("{name}.png"), rasterize(svg)?));
    }
    let files: Vec<(&str, &[u8])> =
        files.iter().map(|(name, contents)| (name.as_str(), contents.as_slice())).collect();
    let written = folder.write(&files)?;
    Ok(written.iter().map(|path| path.display().to_string()).collect())
}
