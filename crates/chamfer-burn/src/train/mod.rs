//! Training a model with factors: rates, a look at the loss, checkpoints.

mod checkpoint;
mod path;
mod run;

use crate::factors::sites;
use crate::guard::{Budget, decay_budget};
use crate::{Error, Form};
use burn::grad_clipping::GradientClippingConfig;
use burn::module::Module;
use burn::optim::momentum::MomentumConfig;
use burn::optim::{AdamConfig, ModuleOptimizer, SgdConfig};
use std::path::PathBuf;

pub use path::{Point, path};
pub use run::{End, Trained, train, train_validated};

/// How a model is trained: the loss plus [`penalty()`](crate::penalty()), by gradient steps.
#[derive(Debug, Clone, PartialEq)]
pub struct Training {
    /// The number of steps.
    pub steps: usize,
    /// The largest learning rate; finite and above 0. It rises to it over the first twentieth of the
    /// steps.
    pub rate: f64,
    /// What the learning rate does then.
    pub schedule: Schedule,
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

/// A learning rate after its rise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Schedule {
    /// It falls to 0 along half a cosine.
    #[default]
    Cosine,
    /// It falls to 0 along a line.
    Linear,
    /// It stays.
    Constant,
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
    /// Stochastic gradient descent with momentum 0.9, a rate that falls along a cosine, gradients of norm 1
    /// at most, and a look at every 50th step. The rate is for a plain model; see [`for_factors`](Self::for_factors).
    #[must_use]
    pub fn new(steps: usize, rate: f64) -> Self {
        Self {
            steps,
            rate,
            schedule: Schedule::Cosine,
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
        self.rate
            * match self.schedule {
                Schedule::Cosine => 0.5 * (1.0 + (std::f64::consts::PI * falling).cos()),
                Schedule::Linear => 1.0 - falling,
                Schedule::Constant => 1.0,
            }
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
