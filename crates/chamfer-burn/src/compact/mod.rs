//! From zeros to a smaller model with the same function.

mod axes;
mod layers;
mod plan;
mod slices;
mod trace;

use crate::flops::flops_of;
use crate::graph::{Example, Graph, guarded};
use crate::tensors::{Shapes, replace, shapes};
use crate::{Error, factors::read};
use burn::module::Module;
use burn::tensor::Tensor;
use std::fmt;
use trace::Trace;

/// A smaller model, and how it came about.
#[derive(Debug, Clone)]
pub struct Compacted<M> {
    /// The model, of the same type, with smaller tensors.
    pub model: M,
    /// The shapes of all of its tensors: with [`resize`](crate::resize), a model of the original
    /// configuration takes them and can load a record of this one.
    pub shapes: Shapes,
    /// The tensors that became smaller.
    pub cuts: Vec<Cut>,
    /// Zero slices that stay, and why.
    pub kept: Vec<Kept>,
    /// Operations of the forward pass that are not understood; what they touch stays whole.
    pub unknown: Vec<String>,
    /// The largest difference between the outputs before and after on the example.
    pub difference: f64,
    /// Multiplications and additions of the forward pass on the example, before.
    pub flops_before: u64,
    /// The same, after.
    pub flops_after: u64,
}

/// A tensor that became smaller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut {
    /// Its path.
    pub path: String,
    /// Its shape before.
    pub before: Vec<usize>,
    /// Its shape now.
    pub after: Vec<usize>,
}

/// Slices of a weight that are zero and stay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The weight's path.
    pub path: String,
    /// The axis across which they are slices.
    pub axis: usize,
    /// How many they are.
    pub count: usize,
    /// Why they stay.
    pub reason: String,
}

/// Outputs may differ by rounding: by this share of the largest.
const ROUNDING: f64 = 1e-5;

/// Removes from a collapsed model whatever its zeros make superfluous, without changing its function.
///
/// `forward` is run on `example` on a device that records operations and computes nothing. From the
/// record follows which indices of which axes belong together (an addition ties the channels of both
/// sides, flattening ties a channel to a block of columns, a normalization follows its channel, a head
/// ties four matrices); such a class is removed if every layer that sums over it gets nothing from it
/// (its weights are zero, or what it reads is), or a constant that its bias, or the mean of the
/// normalization after it, can take. This is repeated until nothing more can go. Everything else
/// stays, and [`Compacted::kept`] says why; what an operation that is not understood touches stays, too.
///
/// The forward pass is that of `model.valid()`, and so is the smaller model (`train()` makes it one to
/// be trained on). It must take the sizes of layers from its tensors, as
/// Burn's linear layers, convolutions and normalizations do; where code of its own has a size written
/// in it, the smaller model would not run, and an error says so. Convolutions in groups stay.
///
/// Outputs on the example are compared before and after; give it more than one sample.
///
/// ```
/// use burn::module::Param;
/// use burn::nn::{Linear, LinearConfig};
/// use burn::tensor::{Device, Tensor, activation::relu};
/// use chamfer_burn::compact;
///
/// let device = Device::default();
/// let mut layers = vec![LinearConfig::new(2, 3).init(&device), LinearConfig::new(3, 1).init(&device)];
/// // The second neuron does not read its inputs.
/// let weight = Tensor::<2>::from_floats([[1.0, 0.0, -1.0], [2.0, 0.0, 0.5]], &device);
/// layers[0].weight = Param::from_tensor(weight);
/// let forward = |layers: &Vec<Linear>, x| layers[1].forward(relu(layers[0].forward(x)));
/// let x = Tensor::<2>::from_floats([[1.0, -1.0], [0.5, 2.0]], &device);
/// let small = compact(&layers, &x, forward)?;
/// assert_eq!(small.model[0].weight.dims(), [2, 2]);
/// # Ok::<(), chamfer_burn::Error>(())
/// ```
///
/// # Errors
/// If a parameter has factors still, the forward pass fails on the example before or after, or the
/// outputs differ by more than rounding.
pub fn compact<M: Module, E: Example, const D: usize>(
    model: &M,
    example: &E,
    forward: impl Fn(&M, E) -> Tensor<D>,
) -> Result<Compacted<M>, Error> {
    let example = example.clone().plain();
    let run = |model: &M| guarded(|| read(forward(&model.valid(), example.clone())));
    let before = run(model)?;
    let old = shapes(model);
    // Running statistics are shared between clones of a model; those of `valid()` are its own.
    let mut small = model.valid();
    let graph = Graph::capture(&small, &example, &forward)?;
    let flops_before = flops_of(&graph).into_iter().map(|layer| layer.flops).sum();
    let mut graph = graph;
    let (kept, unknown) = loop {
        let trace = Trace::new(&graph);
        let plan = trace.plan();
        let unknown = trace.unknown.clone();
        if plan.data.is_empty() {
            break (plan.kept, unknown);
        }
        small = replace(small, plan.data);
        graph = Graph::capture(&small, &example, &forward)?;
    };
    let after = run(&small)?;
    let scale =
        before.iter().filter(|y| y.is_finite()).fold(0.0, |largest: f64, y| largest.max(y.abs()));
    let difference = before.iter().zip(&after).map(|(a, b)| apart(*a, *b)).fold(0.0, f64::max);
    if before.len() != after.len() || difference > ROUNDING * (1.0 + scale) {
        return Err(Error::Changed { difference, scale });
    }
    let new = shapes(&small);
    let changed = old.iter().filter(|(path, shape)| new.get(*path) != Some(shape));
    let cuts = changed.map(|(path, before)| Cut {
        path: path.clone(),
        before: before.clone(),
        after: new.get(path).cloned().unwrap_or_default(),
    });
    Ok(Compacted {
        cuts: cuts.collect(),
        kept,
        unknown,
        difference,
        flops_before,
        flops_after: flops_of(&graph).into_iter().map(|layer| layer.flops).sum(),
        model: small,
        shapes: new,
    })
}

/// The distance of two outputs; infinite where one of them alone is finite.
fn apart(a: f64, b: f64) -> f64 {
    if a == b || a.is_nan() && b.is_nan() {
        return 0.0;
    }
    let distance = (a - b).abs();
    if distance.is_finite() { distance } else { f64::INFINITY }
}

impl<M> fmt::Display for Compacted<M> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.cuts.iter().map(|cut| cut.path.len()).max().unwrap_or(0);
        for Cut { path, before, after } in &self.cuts {
            writeln!(formatter, "{path:width$}  {before:?} → {after:?}")?;
        }
        for Kept { path, axis, count, reason } in &self.kept {
            writeln!(formatter, "{path}: {count} zero slices of axis {axis} stay: {reason}")?;
        }
        if !self.unknown.is_empty() {
            writeln!(formatter, "not understood: {}", self.unknown.join(", "))?;
        }
        write!(
            formatter,
            "{} → {} operations; outputs differ by {:.1e} at most",
            self.flops_before, self.flops_after, self.difference
        )
    }
}
