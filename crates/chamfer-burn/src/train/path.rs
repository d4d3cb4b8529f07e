//! A path of penalties, from dense to sparse.

use super::run::run;
use super::{End, Trained, Training};
use crate::{Collapsed, Error, Report, Zeros, collapse, report};
use burn::module::Module;
use burn::tensor::Tensor;
use std::ops::ControlFlow;

/// A model on a path.
#[derive(Debug, Clone)]
pub struct Point<M> {
    /// By what the penalty was multiplied.
    pub scale: f64,
    /// The model with its factors, as the next one starts.
    pub trained: Trained<M>,
    /// What is live in it.
    pub report: Report,
    /// The model without factors, with exact zeros, and its validation loss: the `loss_after`.
    pub collapsed: Collapsed<M>,
}

/// Trains a model with factors at each of several penalties, from the weakest on; each training starts
/// from the factors of the one before. The penalty of the rules is multiplied by each of `scales` in
/// turn, which must rise; `training` is that of each point, but for its `penalty_scale`.
///
/// `loss` is as for [`train`](super::train), and `validate` the loss of a `model.valid()` on other data
/// (or its error rate: the less the better). Zeros are those of [`Zeros::Gap`]. Points come as they are
/// trained, so that one may take as many as are good enough. A training whose loss was not finite is the last.
/// Below the folder for checkpoints, each point has its own: a path that was interrupted goes on.
///
/// ```
/// use burn::nn::{Linear, LinearConfig};
/// use burn::tensor::{Device, Tensor};
/// use chamfer_burn::train::{Training, path};
/// use chamfer_burn::{Granularity, Rule, factorize};
///
/// let device = Device::default();
/// let x = Tensor::<2>::from_floats([[1., 1., 0.], [-1., 1., 1.], [2., -1., 1.]], &device);
/// let y = Tensor::<2>::from_floats([[1.], [-1.], [2.]], &device);
/// let loss = |model: &Linear, device: &Device| {
///     let (x, y) = (x.clone().to_device(device), y.clone().to_device(device));
///     (model.forward(x) - y).powi_scalar(2).mean()
/// };
/// let model = LinearConfig::new(3, 1).init(&device.clone().autodiff());
/// let model = factorize(model, &[Rule::new("weight", Granularity::Weight).lambda(0.01)])?;
/// let training = Training::new(200, 0.01).for_factors(&model);
/// let steps = |model: &Linear, _| loss(model, &device.clone().autodiff());
/// let validate = |model: &Linear| loss(model, &device).into_scalar();
/// for point in path(model, &training, &[1.0, 10.0, 100.0], steps, validate)? {
///     let point = point?;
///     println!("{} live weights, loss {}", point.report.live_weights(), point.collapsed.loss_after);
/// }
/// # Ok::<(), chamfer_burn::Error>(())
/// ```
///
/// # Errors
/// If a setting is out of range, or the scales do not rise; points, as [`train`](super::train) and
/// [`collapse`](crate::collapse()) do.
pub fn path<M: Module>(
    model: M,
    training: &Training,
    scales: &[f64],
    mut loss: impl FnMut(&M, usize) -> Tensor<1>,
    validate: impl Fn(&M) -> f64,
) -> Result<impl Iterator<Item = Result<Point<M>, Error>>, Error> {
    if let Some(pair) = scales.windows(2).find(|pair| pair[0] >= pair[1]) {
        return Err(Error::Setting {
            what: "a scale of the path after a larger one",
            value: pair[1],
        });
    }
    let at = |position: usize| {
        let scale = scales[position];
        let folder = training.checkpoints.as_ref();
        let checkpoints = folder.map(|folder| folder.join(format!("{scale}")));
        let before = format!(", after {:?}", &scales[..position]);
        (Training { penalty_scale: scale, checkpoints, ..training.clone() }, before)
    };
    let trainings: Vec<(Training, String)> = (0..scales.len()).map(at).collect();
    trainings.iter().try_for_each(|(training, _)| training.check())?;
    let mut point = move |model: M, training: &Training, before: &str| {
        let go_on = |_: &M, _, _| ControlFlow::Continue(());
        let trained = run(model, training, before, None, &mut loss, go_on)?;
        let plain = trained.model.valid();
        let report = report(&plain, Zeros::Gap)?;
        let collapsed = collapse(&plain, Zeros::Gap, &validate)?;
        Ok(Point { scale: training.penalty_scale, trained, report, collapsed })
    };
    let mut next = Some(model);
    Ok(trainings.into_iter().map_while(move |(training, before)| {
        let found = point(next.take()?, &training, &before);
        if let Ok(Point { trained: Trained { model, end: End::Finished, .. }, .. }) = &found {
            // With running statistics of its own.
            next = Some(model.valid().train());
        }
        Some(found)
    }))
}
