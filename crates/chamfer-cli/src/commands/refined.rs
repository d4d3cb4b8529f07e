//! Cross-validating adaptive and relaxed fits.

use crate::interrupt::Interrupt;
use crate::model::CvRecord;
use crate::output::Progress;
use crate::relaxed::RelaxedCv;
use crate::spec::{FamilySpec, MetricName};
use chamfer_glm::{CrossValidation, Error as GlmError, Folds, Plan, Regression};

/// Validates the folds of `plan`; `None` if Ctrl-C was pressed.
///
/// `regression` has the penalty without adaptive factors: each fold makes the first fit of the plan anew.
pub fn validate(
    regression: &Regression,
    plan: &Plan<'_>,
    folds: &Folds,
    name: MetricName,
    family: &FamilySpec,
    interrupt: &Interrupt,
) -> Result<Option<CvRecord>, GlmError> {
    let metric = name.metric();
    let progress = Progress::of_folds(folds.len());
    let stop = || interrupt.pressed();
    let of_fold = |fold: usize| {
        let measures = regression.validate_plan(fold, plan, folds, metric, &stop);
        progress.advance_fold();
        measures
    };
    let of_folds = regression.map_fits(folds.len(), of_fold);
    drop(progress);
    let of_folds = match of_folds {
        Err(_) if stop() => return Ok(None),
        other => other?,
    };
    let of_blend = |blend: usize| {
        let measures = of_folds.iter().map(|fold| fold.as_ref().map(|fold| fold[blend].clone()));
        CrossValidation::new(Vec::new(), measures.collect(), metric)
            .ok_or(GlmError::NoMeasure { family: family.name.title() })
    };
    let blends = (0..plan.blends.len()).map(of_blend).collect::<Result<Vec<_>, _>>()?;
    let relaxed = (blends.len() > 1).then(|| RelaxedCv::of(plan, &blends, metric));
    // The first is the penalized fit alone.
    let penalized = &blends[0];
    Ok(Some(CvRecord {
        metric: name,
        folds: penalized.of_folds.len(),
        lambda_best: plan.lambdas[penalized.best],
        lambda_1se: plan.lambdas[penalized.one_standard_error],
        mean: penalized.mean.clone(),
        standard_error: penalized.standard_error.clone(),
        relaxed,
    }))
}
