//! The steps of a training.

use super::Training;
use super::checkpoint::Checkpoint;
use crate::Error;
use crate::penalty::{add_gradient, penalty};
use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::Tensor;
use std::ops::ControlFlow;

/// A model after training.
#[derive(Debug, Clone)]
pub struct Trained<M> {
    /// The model; where the loss was not finite, that of the last look at which it was.
    pub model: M,
    /// How it ended.
    pub end: End,
    /// The loss with the penalty at the last look.
    pub objective: f64,
    /// The validation loss of the model, if the training looked at one.
    pub validation: Option<f64>,
}

/// How a training ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum End {
    /// After all steps.
    Finished,
    /// At a look after so many steps, because the caller said so, or the validation loss no longer fell.
    Stopped {
        /// The number of steps done.
        step: usize,
    },
    /// Because the loss was not finite at a look.
    Diverged {
        /// The number of steps done.
        step: usize,
    },
}

/// Trains a model.
///
/// `loss` gives the loss of the batch of a step, shape `[1]`, on a model that is on an autodiff device;
/// for a training to go on from a checkpoint to the same numbers, it must depend on nothing but the
/// model and the number of the step. `look` sees the model, the number of steps done and the loss with
/// the penalty, at every look, and may end the training: there, a validation loss is measured, a report
/// printed, or the training stopped early.
///
/// ```
/// use burn::nn::{Linear, LinearConfig};
/// use burn::tensor::{Device, Tensor};
/// use chamfer_burn::train::{End, Training, train};
/// use chamfer_burn::{Granularity, Rule, factorize};
/// use std::ops::ControlFlow;
///
/// let device = Device::default().autodiff();
/// let model = LinearConfig::new(3, 1).init(&device);
/// let model = factorize(model, &[Rule::new("weight", Granularity::InputFeature)])?;
/// let x = Tensor::<2>::from_floats([[1.0, 0.0, 2.0], [0.5, -1.0, 1.0]], &device);
/// let loss = |model: &Linear, _| (model.forward(x.clone()) - 1.0).powi_scalar(2).mean();
/// let training = Training::new(100, 0.01).for_factors(&model);
/// let trained = train(model, &training, loss, |_, step, objective| {
///     println!("{step}: {objective}");
///     ControlFlow::Continue(())
/// })?;
/// assert_eq!(trained.end, End::Finished);
/// # Ok::<(), chamfer_burn::Error>(())
/// ```
///
/// # Errors
/// If a setting is out of range, a checkpoint cannot be written, or there is one of another training.
pub fn train<M: Module>(
    model: M,
    training: &Training,
    loss: impl FnMut(&M, usize) -> Tensor<1>,
    look: impl FnMut(&M, usize, f64) -> ControlFlow<()>,
) -> Result<Trained<M>, Error> {
    run(model, training, "", None, loss, look)
}

/// Trains until a loss on other data no longer falls, and gives the model at which it was least.
///
/// `validate` is asked at every look for the validation loss of `model.valid()`, or an error rate: the
/// less the better. After `patience` looks in a row without a smaller one, the training ends. The model
/// so far is part of the checkpoint. Zeros come late in a training, as the rate falls: where they are
/// what matters, give them time.
///
/// # Errors
/// Those of [`train`], and a patience of 0.
pub fn train_validated<M: Module>(
    model: M,
    training: &Training,
    patience: usize,
    loss: impl FnMut(&M, usize) -> Tensor<1>,
    mut validate: impl FnMut(&M) -> f64,
) -> Result<Trained<M>, Error> {
    if patience == 0 {
        return Err(Error::Setting { what: "the patience", value: 0.0 });
    }
    let what = format!(", patience {patience}");
    let validation = Validation { patience, loss: &mut validate };
    let go_on = |_: &M, _, _| ControlFlow::Continue(());
    run(model, training, &what, Some(validation), loss, go_on)
}

/// A look at other data.
pub(super) struct Validation<'a, M> {
    /// How many looks in a row may bring nothing.
    patience: usize,
    loss: &'a mut dyn FnMut(&M) -> f64,
}

/// The model with the least validation loss.
pub(super) struct Best<M> {
    pub(super) model: M,
    pub(super) loss: f64,
    /// After how many steps it was found.
    pub(super) step: usize,
}

/// `what` is what checkpoints must agree on besides the settings.
pub(super) fn run<M: Module>(
    model: M,
    training: &Training,
    what: &str,
    mut validation: Option<Validation<'_, M>>,
    mut loss: impl FnMut(&M, usize) -> Tensor<1>,
    mut look: impl FnMut(&M, usize, f64) -> ControlFlow<()>,
) -> Result<Trained<M>, Error> {
    training.check()?;
    let mut model = model;
    let mut optimizer = training.make_optimizer();
    let folder = training.checkpoints.as_ref();
    let checkpoint = folder.map(|folder| Checkpoint::new(folder, training, what));
    let (mut first, mut objective) = (0, f64::NAN);
    let mut best: Option<Best<M>> = None;
    if let Some(checkpoint) = &checkpoint
        && let Some(position) = checkpoint.position()?
    {
        best = checkpoint.load_best(model.valid(), position)?;
        (model, optimizer) = checkpoint.load(model, optimizer)?;
        (first, objective) = (position.step, position.objective);
    }
    let mut end = End::Finished;
    // Running statistics are shared between clones; those of `valid()` are its own.
    let mut sound = model.valid();
    for step in first..training.steps {
        if let (Some(validation), Some(best)) = (&validation, &best)
            && step - best.step >= validation.patience * training.look
        {
            end = End::Stopped { step };
            break;
        }
        let value = loss(&model, step);
        let done = step + 1;
        let looks = done % training.look == 0 || done == training.steps;
        let read = looks.then(|| value.clone().inner());
        let mut gradients = GradientsParams::from_grads(value.backward(), &model);
        let mut of_model = None;
        if training.penalty_scale > 0.0 {
            add_gradient(&model, training.penalty_scale, &mut gradients);
            // A model without factors has none.
            of_model = looks.then(|| penalty(&model).ok()).flatten();
        }
        let read = read.map(|value| match of_model {
            Some(of_model) => value + of_model.inner() * training.penalty_scale,
            None => value,
        });
        model = optimizer.step(training.rate_at(step), model, gradients);
        let Some(read) = read else { continue };
        let found = read.into_data().iter::<f64>().next().unwrap_or(f64::NAN);
        if !found.is_finite() {
            model = sound.train();
            end = End::Diverged { step: done };
            break;
        }
        objective = found;
        sound = model.valid();
        if let Some(validation) = &mut validation {
            let found = (validation.loss)(&sound);
            if found.is_finite() && best.as_ref().is_none_or(|best| found < best.loss) {
                best = Some(Best { model: model.valid(), loss: found, step: done });
            }
        }
        if let Some(checkpoint) = &checkpoint {
            checkpoint.save(&sound, &optimizer, best.as_ref(), (done, objective))?;
        }
        if look(&model, done, objective).is_break() {
            end = End::Stopped { step: done };
            break;
        }
    }
    let validation = best.as_ref().map(|best| best.loss);
    let model = best.map_or(model, |best| best.model.train());
    Ok(Trained { model, end, objective, validation })
}
