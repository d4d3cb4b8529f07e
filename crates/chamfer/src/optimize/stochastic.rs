//! Adam and SGD on the lifted problem, for objectives that are means over samples.

use super::{Fit, Start, polish, settle};
use crate::{Blocks, Error, Objective, Scalar};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

/// An objective that is a mean over samples, of which mini-batches give unbiased estimates.
pub trait BatchObjective<T: Scalar>: Objective<T> {
    /// Number of samples.
    fn n_samples(&self) -> usize;

    /// Like [`value_and_gradient`](Objective::value_and_gradient), of the mean over these samples.
    ///
    /// # Errors
    /// If it cannot be evaluated there.
    fn batch_value_and_gradient(
        &self,
        samples: &[usize],
        coefficients: &[T],
        gradient: &mut [T],
    ) -> Result<T, Error>;
}

/// A stochastic optimizer. Its decay is the surrogate's gradient, coupled, as the theory wants it;
/// a decoupled decay (`AdamW`) would be another penalty.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum StochasticOptimizer {
    /// Stochastic gradient descent.
    Sgd {
        /// The share of the last step that is taken again, in `[0, 1)`; 0.9 is usual.
        momentum: f64,
    },
    /// Adam (Kingma & Ba 2015).
    Adam {
        /// Decay of the mean of the gradients, in `[0, 1)`; 0.9 is usual.
        beta1: f64,
        /// Decay of the mean of their squares, in `[0, 1)`; 0.999 is usual.
        beta2: f64,
    },
}

/// How the learning rate changes from the first step to the last, as a factor of its peak.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Schedule {
    /// 1 throughout.
    Constant,
    /// A linear rise over a first share of the steps, then half a cosine down to 0.
    Cosine {
        /// The share of the steps that rise, in `[0, 1]`.
        warmup: f64,
    },
    /// Multiplied by `factor` after every `epochs` epochs.
    Step {
        /// At least 1.
        epochs: usize,
        /// In `(0, 1]`.
        factor: f64,
    },
}

impl Schedule {
    /// The factor at step `step` of `n_steps`, with `per_epoch` steps to an epoch.
    fn factor(self, step: usize, n_steps: usize, per_epoch: usize) -> f64 {
        match self {
            Self::Constant => 1.0,
            Self::Cosine { warmup } => {
                let done = (step as f64 + 0.5) / n_steps as f64;
                if done < warmup {
                    done / warmup
                } else {
                    let falling = (done - warmup) / (1.0 - warmup);
                    0.5 * (1.0 + (std::f64::consts::PI * falling).cos())
                }
            }
            Self::Step { epochs, factor } => {
                let drops = step / per_epoch.saturating_mul(epochs.max(1)).max(1);
                factor.powf(drops as f64)
            }
        }
    }
}

/// Settings of [`minimize_stochastic`].
///
/// | name | default | purpose | range |
/// |---|---|---|---|
/// | `optimizer` | Adam (0.9, 0.999) | what steps | |
/// | `learning_rate` | 0.01 | the peak of the schedule | > 0 |
/// | `schedule` | cosine, 5 % warm-up | the rate over time | |
/// | `batch_size` | 32 | samples in a step | ≥ 1 |
/// | `epochs` | 100 | passes over the samples | ≥ 1 |
/// | `seed` | 0 | order of the samples | |
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StochasticSettings {
    /// What steps.
    pub optimizer: StochasticOptimizer,
    /// The peak of the schedule.
    pub learning_rate: f64,
    /// The rate over time.
    pub schedule: Schedule,
    /// Samples in a step.
    pub batch_size: usize,
    /// Passes over the samples.
    pub epochs: usize,
    /// Order of the samples: equal seeds give equal fits.
    pub seed: u64,
}

impl Default for StochasticSettings {
    fn default() -> Self {
        Self {
            optimizer: StochasticOptimizer::Adam { beta1: 0.9, beta2: 0.999 },
            learning_rate: 0.01,
            schedule: Schedule::Cosine { warmup: 0.05 },
            batch_size: 32,
            epochs: 100,
            seed: 0,
        }
    }
}

impl StochasticSettings {
    fn check(&self) -> Result<(), Error> {
        let share = |what, value: f64, below: f64| {
            let sound = value >= 0.0 && value <= below;
            if sound { Ok(()) } else { Err(Error::InvalidShare { what, value }) }
        };
        Error::check_shape("the learning rate", self.learning_rate, 0.0)?;
        match self.optimizer {
            StochasticOptimizer::Sgd { momentum } => {
                share("the momentum", momentum, 1.0 - f64::EPSILON)?;
            }
            StochasticOptimizer::Adam { beta1, beta2 } => {
                share("beta1 of Adam", beta1, 1.0 - f64::EPSILON)?;
                share("beta2 of Adam", beta2, 1.0 - f64::EPSILON)?;
            }
        }
        match self.schedule {
            Schedule::Constant => Ok(()),
            Schedule::Cosine { warmup } => share("the warm-up of the schedule", warmup, 1.0),
            Schedule::Step { factor, .. } => share("the factor of the schedule", factor, 1.0),
        }
    }
}

/// Minimizes `L(β) + λR(β)` by steps on mini-batches, then settles zeros and polishes on all samples.
///
/// A product at a wrong size dies at rate `2λ` (`2(λ−|g|)` at depth 2), so the learning rates must
/// add up to some multiple of `1/(2λ)` for zeros to be reached; the polish at the end does the rest
/// once the zeros can be told.
///
/// ```
/// use chamfer::{
///     BatchObjective, Block, Blocks, Error, Hpp, Objective, StochasticSettings,
///     minimize_stochastic,
/// };
///
/// /// The mean of ½(β − x)² over samples x.
/// struct Mean(Vec<f64>);
/// impl BatchObjective<f64> for Mean {
///     fn n_samples(&self) -> usize {
///         self.0.len()
///     }
///     fn batch_value_and_gradient(
///         &self,
///         samples: &[usize],
///         beta: &[f64],
///         gradient: &mut [f64],
///     ) -> Result<f64, Error> {
///         let n = samples.len() as f64;
///         gradient[0] = samples.iter().map(|&i| beta[0] - self.0[i]).sum::<f64>() / n;
///         Ok(samples.iter().map(|&i| 0.5 * (beta[0] - self.0[i]).powi(2)).sum::<f64>() / n)
///     }
/// }
/// impl Objective<f64> for Mean {
///     fn value_and_gradient(&self, beta: &[f64], gradient: &mut [f64]) -> Result<f64, Error> {
///         let all: Vec<usize> = (0..self.n_samples()).collect();
///         self.batch_value_and_gradient(&all, beta, gradient)
///     }
/// }
///
/// let loss = Mean((0..100).map(f64::from).map(|i| 2.0 + (i - 49.5) / 100.0).collect());
/// let blocks = Blocks::new(vec![Block::new(Hpp, 1, 0.5)?])?;
/// let fit = minimize_stochastic(&loss, &blocks, &[0.0], &StochasticSettings::default())?;
/// assert!((fit.coefficients[0] - 1.5).abs() < 1e-6); // the mean 2, less λ
/// # Ok::<(), chamfer::Error>(())
/// ```
///
/// # Errors
/// As [`minimize`](crate::minimize), and if a setting is out of its range or there are no samples.
pub fn minimize_stochastic<'s, T, O>(
    objective: &O,
    blocks: &Blocks<T>,
    start: impl Into<Start<'s, T>>,
    settings: &StochasticSettings,
) -> Result<Fit<T>, Error>
where
    T: Scalar,
    O: BatchObjective<T>,
{
    settings.check()?;
    let n = objective.n_samples();
    if n == 0 {
        return Err(Error::Empty);
    }
    let (mut factors, raised) = start.into().factors(objective, blocks)?;
    let mut order: Vec<usize> = (0..n).collect();
    let mut rng = ChaCha8Rng::seed_from_u64(settings.seed);
    let batch_size = settings.batch_size.clamp(1, n);
    let per_epoch = n.div_ceil(batch_size);
    let n_steps = per_epoch * settings.epochs;
    let mut stepper = Stepper::new(settings.optimizer, factors.len());
    let mut coefficients = vec![T::zero(); blocks.n_coefficients()];
    let mut slope = coefficients.clone();
    let mut gradient = factors.clone();
    let mut evaluations = 0;
    for _ in 0..settings.epochs {
        order.shuffle(&mut rng);
        for batch in order.chunks(batch_size) {
            blocks.collapse(&factors, &mut coefficients)?;
            let value = objective.batch_value_and_gradient(batch, &coefficients, &mut slope)?;
            if !crate::certificate::is_finite(value, &slope) {
                let as_f64 = |value: &T| value.to_f64().unwrap_or(f64::NAN);
                return Err(Error::NonFiniteObjective {
                    iteration: evaluations as u64 + 1,
                    evaluation: evaluations + 1,
                    value: as_f64(&value),
                    last: coefficients.iter().map(as_f64).collect(),
                });
            }
            for at in blocks.placed() {
                at.block.parametrization().pullback(
                    &factors[at.factors.clone()],
                    &slope[at.coefficients],
                    at.block.strength(),
                    &mut gradient[at.factors],
                );
            }
            let factor = settings.schedule.factor(evaluations, n_steps, per_epoch);
            stepper.step(T::of(settings.learning_rate * factor), &gradient, &mut factors);
            evaluations += 1;
        }
    }
    let (coefficients, settled) = settle::settle(objective, blocks, &factors)?;
    let (coefficients, polished) = polish(objective, blocks, &coefficients)?;
    let certificate = if polished == settled.of_base() { settled } else { polished };
    Ok(Fit { coefficients, certificate, evaluations, raised })
}

/// An optimizer with its memory.
struct Stepper<T> {
    optimizer: StochasticOptimizer,
    mean: Vec<T>,
    squares: Vec<T>,
    n_steps: i32,
}

impl<T: Scalar> Stepper<T> {
    fn new(optimizer: StochasticOptimizer, n: usize) -> Self {
        let squares = match optimizer {
            StochasticOptimizer::Sgd { .. } => Vec::new(),
            StochasticOptimizer::Adam { .. } => vec![T::zero(); n],
        };
        Self { optimizer, mean: vec![T::zero(); n], squares, n_steps: 0 }
    }

    fn step(&mut self, rate: T, gradient: &[T], factors: &mut [T]) {
        self.n_steps = self.n_steps.saturating_add(1);
        let parts = factors.iter_mut().zip(gradient).zip(&mut self.mean);
        match self.optimizer {
            StochasticOptimizer::Sgd { momentum } => {
                for ((x, &g), mean) in parts {
                    *mean = T::of(momentum) * *mean + g;
                    *x -= rate * *mean;
                }
            }
            StochasticOptimizer::Adam { beta1, beta2 } => {
                // The means start at 0; these undo the bias that this gives them.
                let of_mean = T::of(1.0 - beta1.powi(self.n_steps)).recip();
                let of_squares = T::of(1.0 - beta2.powi(self.n_steps)).recip();
                let (keep1, keep2) = (T::of(beta1), T::of(beta2));
                for (((x, &g), mean), square) in parts.zip(&mut self.squares) {
                    *mean = keep1 * *mean + (T::one() - keep1) * g;
                    *square = keep2 * *square + (T::one() - keep2) * g * g;
                    let scale = (*square * of_squares).sqrt() + T::of(1e-8);
                    *x -= rate * *mean * of_mean / scale;
                }
            }
        }
    }
}
