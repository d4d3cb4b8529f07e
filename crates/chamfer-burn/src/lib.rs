//! Sparse neural networks in [Burn](https://burn.dev) by smooth optimization.
//!
//! A sparse penalty on the weights of a network has kinks, which gradient methods do not get on with.
//! This crate puts *factors* inside the parameters of a model, `β = u ∘ v` or a group's weights times
//! a gate, with a plain sum of squares as their penalty. That problem is smooth, has the same minima
//! as the sparse one, and any of Burn's optimizers solves it: the mathematics is that of the crate
//! `chamfer`, whose catalogue gives all constants.
//!
//! | verb | does |
//! |---|---|
//! | [`factorize()`] | puts factors inside the parameters that [`Rule`]s select; the model's type and function stay |
//! | [`penalty()`] | what is added to the loss |
//! | [`report()`] | what is live, and how far the factors are from a solution of the sparse problem |
//! | [`collapse()`] | back to plain parameters, with exact zeros |
//! | [`compact()`] | a smaller model with the same outputs, from the zeros |
//!
//! Models are saved as Burn's records, as safetensors files ([`save_safetensors`]) that Python reads, or
//! as ONNX files ([`export_onnx`]) that other runtimes run.
//!
//! A model needs no change: [`Granularity`] says what becomes zero together (weights, inputs, neurons,
//! filters, channels, kernels, heads, rows of an embedding, layers, the rank of a matrix), [`Form`] how
//! a weight is made of factors and so which penalty it gets.
//!
//! # Example
//!
//! ```
//! use burn::module::Module;
//! use burn::nn::{Linear, LinearConfig};
//! use burn::optim::{GradientsParams, SgdConfig};
//! use burn::tensor::{Device, Tensor};
//! use chamfer_burn::{Granularity, Rule, Zeros, collapse, factorize, penalty};
//!
//! // y depends on the first of three inputs.
//! let device = Device::default().autodiff();
//! let x = Tensor::<2>::from_floats([[1., 1., 0.], [-1., 1., 1.], [2., -1., 1.], [0., 1., -2.]], &device);
//! let y = Tensor::<2>::from_floats([[1.], [-1.], [2.], [0.]], &device);
//! let loss = |model: &Linear| (model.forward(x.clone()) - y.clone()).powi_scalar(2).mean();
//!
//! let model = LinearConfig::new(3, 1).with_bias(false).init(&device);
//! let rule = Rule::new("weight", Granularity::InputFeature).lambda(0.1);
//! let mut model = factorize(model, &[rule])?;
//! let mut optimizer = SgdConfig::new().init();
//! for _ in 0..1000 {
//!     let gradients = (loss(&model) + penalty(&model)?).backward();
//!     let gradients = GradientsParams::from_grads(gradients, &model);
//!     model = optimizer.step(0.1, model, gradients);
//! }
//! let collapsed = collapse(&model, Zeros::Gap, |model| loss(model).into_scalar())?;
//! let weight: Vec<f32> = collapsed.model.weight.val().into_data().iter::<f32>().collect();
//! assert!(weight[0] > 0.9 && weight[1] == 0.0 && weight[2] == 0.0);
//! # Ok::<(), chamfer_burn::Error>(())
//! ```
//!
//! # Training
//!
//! Any loop of one's own will do; [`train`] has one with checkpoints and a way out when a loss is not finite,
//! and [`train::path`] goes from dense to sparse in one call.
//!
//! - Learning rates are larger than for the plain model, as each step moves a product of small numbers.
//! - A unit that is to be zero decays exponentially with λ and the sum of the learning rates:
//!   [`decay_budget()`] says whether a training has room for it.
//! - At depth 3 and above, zero absorbs: what has died stays dead.
//! - [`decay_groups()`] is the penalty as weight decay of `Sgd` or `Adam`. The decay of `AdamW` is not a
//!   penalty; use [`penalty()`] there.
//! - A penalty on weights that a trainable scale of a batch normalization follows is made up for by that
//!   scale: put it on the scale, or on both.
//! - A factor with a number for each weight takes as much memory as the parameter: for itself, its gradient
//!   and what the optimizer keeps of it, so that a product of `k` by weight takes `k` times that of the plain
//!   parameter in training, and the weights themselves once more until the backward pass. Gates take one
//!   number for each unit. Collapsed, nothing is left of either.
//! - A model must read its parameters with `val()`: [`check_reads()`] finds where it does not.
//!
//! # Devices
//!
//! Nothing here depends on a backend. `flex`, Burn's own for CPUs, is a default feature, and the one that
//! tests run on; without default features, a program brings another.

mod attention;
mod collapse;
mod compact;
pub mod data;
mod decay;
mod device;
mod error;
mod factorize;
mod factors;
mod files;
mod flops;
mod granularity;
mod graph;
mod guard;
#[cfg(feature = "dashboard")]
mod metric;
mod onnx;
mod pattern;
mod penalty;
mod report;
mod rule;
mod safetensors;
mod scheme;
mod tensors;
pub mod train;
mod zeros;

pub use attention::{MultiHeadAttention, MultiHeadAttentionConfig};
pub use collapse::{Collapsed, CollapsedLayer, collapse};
pub use compact::{Compacted, Cut, Kept, compact};
pub use decay::{DecayGroup, decay_groups};
pub use error::Error;
pub use factorize::factorize;
pub use flops::{LayerFlops, flops};
pub use granularity::Granularity;
pub use graph::Example;
pub use guard::{Budget, LayerBudget, check_reads, decay_budget};
#[cfg(feature = "dashboard")]
pub use metric::SparsityMetric;
pub use onnx::export_onnx;
pub use penalty::penalty;
pub use report::{LayerReport, Report, report};
pub use rule::{Form, Init, Rule};
pub use safetensors::{load_safetensors, safetensors_shapes, save_safetensors};
pub use tensors::{Shapes, resize, shapes};
pub use zeros::Zeros;
