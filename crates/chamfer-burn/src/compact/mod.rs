//! From zeros to a smaller model with the same function.

mod axes;
mod convolution;
mod inputs;
mod layers;
mod plan;
mod slices;
mod trace;
mod values;

use crate::flops::flops_of;
use crate::graph::{Example, Graph, guarded};
use crate::tensors::{Shapes, can_widen, replace, shapes, widen};
use crate::{Error, factors::read};
use burn::module::Module;
use burn::tensor::{Tensor, TensorData};
use std::collections::BTreeMap;
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
    /// Features of the model's input that the small model does not use, as positions within a sample,
    /// row by row: for an input `[batch, features]` the columns, for one `[batch, 1, height, width]` the
    /// pixels. The input keeps its size; but data can leave these features out, if the first layer's
    /// weight is made without their rows. Found where nothing but linear layers reads the input,
    /// flattened or scaled by numbers before; empty elsewhere.
    pub unused_inputs: Vec<usize>,
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

/// By which share of the largest output those of the two models may differ: in f64, where nothing but
/// rounding in f64 is between them; and in the model's own type, where the rounding of either may be
/// large.
const IN_F64: f64 = 1e-9;
const IN_OWN_TYPE: f64 = 1e-3;

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
/// in it, the smaller model would not run, and an error says so.
///
/// What is a number of a module and no tensor stays as it is:
///
/// - The number of groups of a convolution. All groups must keep the same size, so channels go where
///   those at the same place in every group can; those of depthwise convolutions stay.
/// - The size of heads, on which the scale of attention depends, too. Heads go as a whole; of their
///   values, as many dimensions go as are dead in every head, if the forward pass takes their number
///   from tensors, as that of [`MultiHeadAttention`](crate::MultiHeadAttention) does.
/// - The size of the input; but [`Compacted::unused_inputs`] are features that need not be measured.
///
/// Outputs on the example are compared before and after; give it more than one sample. Where the device
/// has f64 and the forward pass makes no tensors of its own, everything is done in f64 and must agree
/// to 10⁻⁹ of the largest output; in the model's own type, the outputs must agree to 10⁻³, and
/// [`Compacted::difference`] is what they do.
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
    // Running statistics are shared between clones of a model; those of `valid()` are its own.
    let plain = model.valid();
    let graph = Graph::capture(&plain, &example, &forward)?;
    let flops_before = flops_of(&graph).into_iter().map(|layer| layer.flops).sum();
    let (small, kept, unknown) = if graph.has_any_type() && can_widen(&plain) {
        let (wide, example) = (widen(model.valid()), example.clone().wide());
        let cut = cut(wide.valid(), &example, &forward)?;
        difference(&wide, &cut.model, &example, &forward, IN_F64)?;
        (replace(model.valid(), cut.data), cut.kept, cut.unknown)
    } else {
        let cut = cut(model.valid(), &example, &forward)?;
        (cut.model, cut.kept, cut.unknown)
    };
    let difference = difference(&plain, &small, &example, &forward, IN_OWN_TYPE)?;
    let graph = Graph::capture(&small, &example, &forward)?;
    let unused_inputs = inputs::unused(&graph);
    let old = shapes(model);
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
        unused_inputs,
        unknown,
        difference,
        flops_before,
        flops_after: flops_of(&graph).into_iter().map(|layer| layer.flops).sum(),
        model: small,
        shapes: new,
    })
}

/// A model from which nothing more can go.
struct Smallest<M> {
    model: M,
    /// What was changed, by path.
    data: BTreeMap<String, TensorData>,
    kept: Vec<Kept>,
    unknown: Vec<String>,
}

/// Cuts until nothing more can go: what feeds only what was cut can go, too.
fn cut<M: Module, E: Example, const D: usize>(
    mut model: M,
    example: &E,
    forward: &impl Fn(&M, E) -> Tensor<D>,
) -> Result<Smallest<M>, Error> {
    let mut data = BTreeMap::new();
    loop {
        let graph = Graph::capture(&model, example, forward)?;
        let trace = Trace::new(&graph, Vec::new());
        let plan = trace.plan();
        let (small, changed) = if !plan.data.is_empty() {
            (replace(model, plan.data.clone()), plan.data)
        } else if let Some(smaller) = with_smaller_values(&model, &graph, example, forward) {
            smaller
        } else {
            return Ok(Smallest { model, data, kept: plan.kept, unknown: trace.unknown });
        };
        data.extend(changed);
        model = small;
    }
}

/// A model without dimensions of the values of attention that are dead, as many in every head, and what
/// changed; `None` if there are none, or if the forward pass has their number written in it.
fn with_smaller_values<M: Module, E: Example, const D: usize>(
    model: &M,
    graph: &Graph,
    example: &E,
    forward: &impl Fn(&M, E) -> Tensor<D>,
) -> Option<(M, BTreeMap<String, TensorData>)> {
    let plan = Trace::new(graph, values::find(graph)).plan();
    if plan.data.is_empty() {
        return None;
    }
    let small = replace(model.valid(), plan.data.clone());
    Graph::capture(&small, example, forward).is_ok().then_some((small, plan.data))
}

/// The largest difference between the outputs of two models, if it is within a share of the largest.
fn difference<M: Module, E: Example, const D: usize>(
    before: &M,
    after: &M,
    example: &E,
    forward: &impl Fn(&M, E) -> Tensor<D>,
    share: f64,
) -> Result<f64, Error> {
    let run = |model: &M| guarded(|| read(forward(&model.valid(), example.clone())));
    let (before, after) = (run(before)?, run(after)?);
    let finite = before.iter().filter(|y| y.is_finite());
    let scale = finite.fold(0.0, |largest: f64, y| largest.max(y.abs()));
    let difference = before.iter().zip(&after).map(|(a, b)| apart(*a, *b)).fold(0.0, f64::max);
    if before.len() == after.len() && difference <= share * (1.0 + scale) {
        Ok(difference)
    } else {
        Err(Error::Changed { difference, scale })
    }
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
        if !self.unused_inputs.is_empty() {
            writeln!(formatter, "{} features of the input are not used", self.unused_inputs.len())?;
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
