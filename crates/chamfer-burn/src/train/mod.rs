//! Training a model with factors: rates, a look at the loss, checkpoints.

mod checkpoint;

use crate::factors::sites;
use crate::guard::{Budget, decay_budget};
use crate::{Error, Form, penalty};
use burn::grad_clipping::GradientClippingConfig;
use burn::module::Module;
use burn::optim::momentum::MomentumConfig;
use burn::optim::{AdamConfig, GradientsParams, ModuleOptimizer, SgdConfig};
use burn::tensor::Tensor;
use checkpoint::Checkpoint;
use std::ops::ControlFlow;
use std::path::PathBuf;

/// How a model is trained: the loss plus [`penalty()`](crate::penalty()), by gradient steps.
#[derive(Debug, Clone, PartialEq)]
pub struct Training {
    /// The number of steps.
    pub steps: usize,
    /// The largest learning rate; finite and above 0. It rises over the first twentieth of the steps
    /// and falls to 0 along half a cosine.
    pub rate: f64,
    /// The optimizer.
    pub optimizer: Optimizer,
    /// The largest norm of the gradient of one factor; longer ones are shortened. `None` for no limit.
    pub clip: Option<f32>,
    /// By what the penalty is multiplied: steps along a path of penalties. At least 0.
    pub penalty_scale: f64,
    /// Every how many steps the loss is read and a look is taken.
    pub look: usize,
    /// A folder for checkpoints, one at every look: if it has one of the same training, that one goes
    /// on, to the same numbers.
    pub checkpoints: Option<PathBuf>,
}

/// A gradient method, with Burn's defaults for what is not said.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Optimizer {
    /// Stochastic gradient descent.
    Sgd {
        /// The share of the last step that is taken again, in `[0, 1)`.
        momentum: f64,
    },
    /// Adam.
    Adam,
}

impl Training {
    /// Stochastic gradient descent with momentum 0.9, gradients of norm 1 at most, and a look at every
    /// 50th step. The rate is for a plain model; see [`for_factors`](Self::for_factors).
    #[must_use]
    pub fn new(steps: usize, rate: f64) -> Self {
        Self {
            steps,
            rate,
            optimizer: Optimizer::Sgd { momentum: 0.9 },
            clip: Some(1.0),
            penalty_scale: 1.0,
            look: 50,
            checkpoints: None,
        }
    }

    /// A larger rate for a model with factors, each step of which moves products of small numbers: 5
    /// times that of the plain model at depth 2, 7.5 times at depth 3, 10 times beyond, by the deepest
    /// parameter. A start to try from, not a rule.
    #[must_use]
    pub fn for_factors<M: Module>(mut self, model: &M) -> Self {
        let depth = |form: Form| match form {
            Form::Product { depth } => depth as f64,
            Form::Power { depth } => depth,
            Form::Nested { weights, gates } => (weights + gates) as f64,
        };
        let depths = sites(model).into_iter().map(|site| depth(site.factors.scheme.form));
        if let Some(deepest) = depths.reduce(f64::max) {
            self.rate *= (2.5 * deepest).clamp(5.0, 10.0);
        }
        self
    }

    /// What becomes of units that are to be zero in this training; see
    /// [`decay_budget`]. For Adam, which has no such law, that of plain gradient descent.
    ///
    /// # Errors
    /// [`Error::NotFactorized`] if there are no factors.
    pub fn budget<M: Module>(&self, model: &M) -> Result<Budget, Error> {
        let sum: f64 = (0..self.steps).map(|step| self.rate_at(step)).sum();
        let momentum = match self.optimizer {
            Optimizer::Sgd { momentum } => momentum,
            Optimizer::Adam => 0.0,
        };
        decay_budget(model, self.penalty_scale * sum / (1.0 - momentum))
    }

    /// The learning rate of a step, counted from 0.
    fn rate_at(&self, step: usize) -> f64 {
        const WARMUP: f64 = 0.05;
        let done = (step as f64 + 0.5) / self.steps as f64;
        if done < WARMUP {
            return self.rate * done / WARMUP;
        }
        let falling = (done - WARMUP) / (1.0 - WARMUP);
        self.rate * 0.5 * (1.0 + (std::f64::consts::PI * falling).cos())
    }

    fn check(&self) -> Result<(), Error> {
        let wrong = |what, value| Err(Error::Setting { what, value });
        if !(self.rate.is_finite() && self.rate > 0.0) {
            return wrong("the learning rate", self.rate);
        }
        if !(self.penalty_scale.is_finite() && self.penalty_scale >= 0.0) {
            return wrong("the scale of the penalty", self.penalty_scale);
        }
        match (self.optimizer, self.clip) {
            (Optimizer::Sgd { momentum }, _) if !(0.0..1.0).contains(&momentum) => {
                wrong("the momentum", momentum)
            }
            (_, Some(clip)) if !(clip.is_finite() && clip > 0.0) => {
                wrong("the largest norm of a gradient", f64::from(clip))
            }
            _ if self.steps == 0 => wrong("the number of steps", 0.0),
            _ if self.look == 0 => wrong("the number of steps between looks", 0.0),
            _ => Ok(()),
        }
    }

    fn make_optimizer(&self) -> ModuleOptimizer {
        let clip = self.clip.map(GradientClippingConfig::Norm);
        match self.optimizer {
            Optimizer::Sgd { momentum } => {
                let momentum = MomentumConfig::new().with_momentum(momentum).with_dampening(0.0);
                let momentum = (momentum.momentum > 0.0).then_some(momentum);
                SgdConfig::new().with_momentum(momentum).with_gradient_clipping(clip).init()
            }
            Optimizer::Adam => AdamConfig::new().with_grad_clipping(clip).init(),
        }
    }
}

/// A model after training.
#[derive(Debug, Clone)]
pub struct Trained<M> {
    /// The model; where the loss was not finite, that of the last look at which it was.
    pub model: M,
    /// How it ended.
    pub end: End,
    /// The loss with the penalty at the last look.
    pub objective: f64,
}

/// How a training ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum End {
    /// After all steps.
    Finished,
    /// At a look after so many steps, because the caller said so.
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
    mut loss: impl FnMut(&M, usize) -> Tensor<1>,
    mut look: impl FnMut(&M, usize, f64) -> ControlFlow<()>,
) -> Result<Trained<M>, Error> {
    training.check()?;
    let mut model = model;
    let mut optimizer = training.make_optimizer();
    let checkpoint = training.checkpoints.as_ref().map(|folder| Checkpoint::new(folder, training));
    let (mut first, mut objective) = (0, f64::NAN);
    if let Some(checkpoint) = &checkpoint
        && let Some(position) = checkpoint.position()?
    {
        (model, optimizer) = checkpoint.load(model, optimizer)?;
        (first, objective) = position;
    }
    // Running statistics are shared between clones; those of `valid()` are its own.
    let mut sound = model.valid();
    for step in first..training.steps {
        let mut value = loss(&model, step);
        if training.penalty_scale > 0.0 && !sites(&model).is_empty() {
            value = value + penalty(&model)?.mul_scalar(training.penalty_scale);
        }
        let done = step + 1;
        let looks = done % training.look == 0 || done == training.steps;
        let read = looks.then(|| value.clone().detach());
        let gradients = GradientsParams::from_grads(value.backward(), &model);
        model = optimizer.step(training.rate_at(step), model, gradients);
        let Some(read) = read else { continue };
        let found = read.into_data().iter::<f64>().next().unwrap_or(f64::NAN);
        if !found.is_finite() {
            return Ok(Trained {
                model: sound.train(),
                end: End::Diverged { step: done },
                objective,
            });
        }
        objective = found;
        sound = model.valid();
        if let Some(checkpoint) = &checkpoint {
            checkpoint.save(&sound, &optimizer, (done, objective))?;
        }
        if look(&model, done, objective).is_break() {
            return Ok(Trained { model, end: End::Stopped { step: done }, objective });
        }
    }
    Ok(Trained { model, end: End::Finished, objective })
}
