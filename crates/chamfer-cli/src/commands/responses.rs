//! What a family needs of the options for the data, and of the responses.

use crate::args::DataArgs;
use crate::error::{CliError, DataNames};
use crate::input::Frame;
use crate::spec::{FamilyName, Outputs};
use chamfer_glm::Error as GlmError;

/// Refuses options that the family has no use for.
pub fn check_options(args: &DataArgs, family: FamilyName) -> Result<(), CliError> {
    let refuse = |message: &str| Err(CliError::Options(message.to_owned()));
    if family != FamilyName::Cox && args.event.is_some() {
        return refuse("--event needs --family cox");
    }
    if family != FamilyName::Cox && args.strata.is_some() {
        return refuse("--strata needs --family cox");
    }
    if !matches!(family, FamilyName::Binomial | FamilyName::SquaredHinge) && args.positive.is_some()
    {
        return refuse(
            "--positive needs --family binomial or squared-hinge, which have two classes",
        );
    }
    Ok(())
}

/// Refuses an offset for several outputs, and targets that do not vary where the family would not say so: one
/// of several, or that of two classes.
pub fn check(outputs: Outputs, frame: &Frame, names: DataNames<'_>) -> Result<(), CliError> {
    if outputs != Outputs::One && frame.offset.is_some() {
        let message = "--offset goes with one predictor, not with several classes or targets";
        return Err(CliError::Options(message.to_owned()));
    }
    let is_pair = outputs == Outputs::One && !names.classes.is_empty();
    if !(is_pair || outputs == Outputs::Targets) {
        return Ok(());
    }
    let target = frame.target.as_deref().unwrap_or_default();
    for (name, values) in names.targets.iter().zip(target.chunks_exact(frame.rows.len())) {
        if let Some(value) = constant(values, frame.weights.as_deref()) {
            let names = DataNames { targets: std::slice::from_ref(name), ..names };
            return Err(CliError::regression(&GlmError::ConstantTarget { value }, names));
        }
    }
    Ok(())
}

/// The value of all rows with a weight, if they have the same.
fn constant(values: &[f64], weights: Option<&[f64]>) -> Option<f64> {
    let counts = |row: usize| weights.is_none_or(|weights| weights[row] > 0.0);
    let mut counted = values.iter().enumerate().filter(|(row, _)| counts(*row)).map(|(_, y)| *y);
    let first = counted.next()?;
    counted.all(|value| value == first).then_some(first)
}
