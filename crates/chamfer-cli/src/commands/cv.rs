//! Cross-validating a path.

use super::checkpoint::{Checkpoint, FoldPart, Restored};
use super::segments::Segments;
use super::solved::warn_if_not_kept;
use crate::args::CvArgs;
use crate::error::CliError;
use crate::input::{Encoding, Frame, Role};
use crate::model::{CvRecord, Model};
use crate::output::{Progress, list, say, significant};
use crate::plot::{CvPlot, cv_svg};
use crate::spec::{FamilyName, FamilySpec, MetricName, numbered};
use chamfer_glm::{CrossValidation, Error as GlmError, Folds, Regression, RegressionPoint};
use std::fmt::Write;
use std::sync::{Mutex, PoisonError};

/// Folds unless another number is asked for.
const DEFAULT_FOLDS: u32 = 10;

/// The column that makes the folds, if one does.
pub fn fold_column(args: &CvArgs) -> Option<(Role, String)> {
    let given = args.fold_column.clone().map(|name| (Role::Fold, name));
    given.or_else(|| args.fold_groups.clone().map(|name| (Role::FoldGroups, name)))
}

/// The fold of each row, as the options of `cv` have it.
pub fn folds(args: &CvArgs, family: &FamilySpec, frame: &Frame) -> Result<Folds, GlmError> {
    let seed = args.model.seed;
    let n_folds = args.folds.unwrap_or(DEFAULT_FOLDS) as usize;
    match &frame.folds {
        Some(of_row) if args.fold_column.is_some() => Folds::given(numbered(of_row)),
        Some(groups) => Folds::grouped(&numbered(groups), n_folds, seed),
        None => drawn(n_folds, seed, family, frame),
    }
}

/// Folds where there are no options for them.
pub fn default_folds(seed: u64, family: &FamilySpec, frame: &Frame) -> Result<Folds, GlmError> {
    drawn((DEFAULT_FOLDS as usize).min(frame.matrix.n_rows()), seed, family, frame)
}

/// Random folds with as many of each class, or of events, in all.
fn drawn(n_folds: usize, seed: u64, family: &FamilySpec, frame: &Frame) -> Result<Folds, GlmError> {
    Folds::stratified(&strata(family, frame), n_folds, seed)
}

/// What folds should have the same share of, as a label of each row: classes or events.
pub fn strata(family: &FamilySpec, frame: &Frame) -> Vec<usize> {
    match (family.name, &frame.target, &frame.event) {
        (
            FamilyName::Binomial | FamilyName::SquaredHinge | FamilyName::Multinomial,
            Some(target),
            _,
        ) => numbered(target),
        (FamilyName::Cox, _, Some(event)) => numbered(event),
        _ => vec![0; frame.matrix.n_rows()],
    }
}

/// How predictions are measured.
pub fn metric(given: Option<MetricName>, family: &FamilySpec) -> MetricName {
    let default = match family.name {
        FamilyName::Cox => MetricName::Concordance,
        _ => MetricName::Deviance,
    };
    given.unwrap_or(default)
}

/// Refuses folds with all rows of a class in one of them, as the fit without it would not know the class;
/// warns of classes that some folds lack.
pub fn check_classes(folds: &Folds, frame: &Frame, encoding: &Encoding) -> Result<(), CliError> {
    let classes = encoding.classes().unwrap_or_default();
    let target = numbered(frame.target.as_deref().unwrap_or_default());
    let mut lacking = Vec::new();
    for (class, label) in classes.iter().enumerate() {
        let counts = |row: usize| {
            target[row] == class && frame.weights.as_ref().is_none_or(|weights| weights[row] > 0.0)
        };
        let rows: Vec<usize> = (0..target.len()).filter(|&row| counts(row)).collect();
        let mut of_class: Vec<usize> = rows.iter().map(|&row| folds.of_rows()[row]).collect();
        of_class.sort_unstable();
        of_class.dedup();
        match (rows.len(), of_class.len()) {
            (0, _) => {}
            (1, _) => {
                return Err(CliError::Options(format!(
                    "the class \"{label}\" has one row, so that the fit without its fold cannot know it: \
                     leave that row out, put the class together with another, or use `chamfer path`"
                )));
            }
            (n, 1) => {
                return Err(CliError::Options(format!(
                    "all {n} rows of the class \"{label}\" are in one fold, so that the fit without it cannot \
                     know the class: make other folds"
                )));
            }
            (_, n) if n < folds.len() => lacking.push(format!("\"{label}\" is in {n}")),
            _ => {}
        }
    }
    if !lacking.is_empty() {
        let lacking = list(&lacking[..lacking.len().min(5)], lacking.len());
        say(&format!(
            "warning: not every one of the {} folds has each class: {lacking}",
            folds.len()
        ));
    }
    Ok(())
}

/// Validates the folds of a path that was solved, from where those in `restored` end; `None` if Ctrl-C was
/// pressed.
pub fn validate(
    regression: &Regression,
    path: &[RegressionPoint],
    segments: &Segments<'_>,
    (args, folds): (&CvArgs, &Folds),
    family: &FamilySpec,
    checkpoint: &mut Option<Checkpoint>,
    restored: &Restored,
) -> Result<Option<CvRecord>, GlmError> {
    let lambdas: Vec<f64> = path.iter().map(|point| point.lambda).collect();
    let name = metric(args.metric, family);
    let metric = name.metric();
    let progress = Progress::of_folds(folds.len());
    let checkpoint = Mutex::new(checkpoint);
    let keep = |fold: usize, part: &FoldPart| {
        let mut checkpoint = checkpoint.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(checkpoint) = checkpoint.as_mut() {
            warn_if_not_kept(checkpoint.keep_fold(fold, part), &progress);
        }
    };
    let stop = || segments.stop();
    let of_fold = |fold: usize| -> Result<Option<Vec<f64>>, GlmError> {
        let FoldPart { mut measures, mut end } =
            restored.folds.get(&fold).cloned().unwrap_or_default();
        let is_over = |measures: &[Option<f64>]| {
            measures.len() == lambdas.len() || measures.last().is_some_and(Option::is_none)
        };
        if !is_over(&measures) {
            regression.without_fold(folds, fold, |others| {
                for lambdas in segments.after(measures.len()) {
                    let mut part = FoldPart::default();
                    for point in segments.solve(others, end.as_deref(), lambdas, &stop)? {
                        let point = point?;
                        part.measures.push(regression.measure(&point, folds, fold, metric));
                        part.end = Some(point.coefficients);
                        if is_over(&part.measures) {
                            break;
                        }
                    }
                    keep(fold, &part);
                    measures.extend(part.measures);
                    end = part.end;
                    if is_over(&measures) {
                        break;
                    }
                }
                Ok(())
            })?;
        }
        progress.advance_fold();
        Ok(segments.reorder(measures).into_iter().collect())
    };
    let of_folds = regression.map_fits(folds.len(), of_fold);
    drop(progress);
    let of_folds = match of_folds {
        Err(_) if stop() => return Ok(None),
        other => other?,
    };
    let validated = CrossValidation::new(path.to_vec(), of_folds, metric)
        .ok_or(GlmError::NoMeasure { family: args.model.problem.family.title() })?;
    Ok(Some(CvRecord {
        metric: name,
        folds: validated.of_folds.len(),
        lambda_best: lambdas[validated.best],
        lambda_1se: lambdas[validated.one_standard_error],
        mean: validated.mean,
        standard_error: validated.standard_error,
        relaxed: None,
    }))
}

impl CvRecord {
    /// `cv.csv`: a row for each λ.
    pub fn csv(&self, model: &Model) -> String {
        let mut text = String::from("lambda,nonzero,mean,standard_error\n");
        let rows = self.mean.iter().zip(&self.standard_error);
        for (fit, (mean, error)) in model.path.iter().zip(rows) {
            let _ = writeln!(text, "{},{},{mean},{error}", fit.lambda, fit.nonzero);
        }
        text
    }

    /// The pictures with their names.
    pub fn svgs(&self, model: &Model) -> Result<Vec<(&'static str, String)>, CliError> {
        let mut pictures = vec![("cv", self.svg(model, "")?)];
        if let Some((gamma, relaxed)) = self.relaxed_record() {
            let kind = format!(", relaxed (γ = {gamma})");
            pictures.push(("cv_relaxed", relaxed.svg(model, &kind)?));
        }
        Ok(pictures)
    }

    /// The picture; `kind` is added to what the path is called.
    fn svg(&self, model: &Model, kind: &str) -> Result<String, CliError> {
        let lambdas: Vec<f64> = model.path.iter().map(|fit| fit.lambda).collect();
        let sizes: Vec<usize> = model.path.iter().map(|fit| fit.nonzero).collect();
        let place = |lambda: f64| lambdas.iter().position(|l| *l == lambda).unwrap_or(0);
        let (path, target) = (model.penalty.title(), model.target_title());
        let title = format!("{path}{kind}, {} folds: {target} ({})", self.folds, model.data.file);
        Ok(cv_svg(&CvPlot {
            title: &title,
            lambdas: &lambdas,
            support_sizes: &sizes,
            support_label: model.support_label(),
            measure: self.metric.title(),
            mean: &self.mean,
            standard_error: &self.standard_error,
            best: place(self.lambda_best),
            one_standard_error: place(self.lambda_1se),
        })?)
    }

    /// What was chosen, for people.
    pub fn summary(&self, model: &Model) -> String {
        let line = |what: &str, lambda: f64| {
            let at = model.path.iter().position(|fit| fit.lambda == lambda).unwrap_or(0);
            format!(
                "{what}: lambda {}, {} {}, {} {} ± {}\n",
                significant(lambda),
                model.path[at].nonzero,
                if model.outputs().len() > 1 { "columns" } else { "nonzero" },
                self.metric.title().to_lowercase(),
                significant(self.mean[at]),
                significant(self.standard_error[at])
            )
        };
        let relaxed = self.relaxed_record().map_or_else(String::new, |(gamma, record)| {
            format!("relaxed, gamma {gamma} (the share of the penalized fit):\n")
                + &record.summary(model)
        });
        line("best", self.lambda_best) + &line("1 SE", self.lambda_1se) + &relaxed
    }
}
