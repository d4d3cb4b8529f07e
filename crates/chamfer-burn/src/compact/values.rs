//! The values of attention, of which every head can lose as many dimensions.

use super::slices::Slice;
use super::trace::Trace;
use crate::graph::{Graph, dims};
use burn::backend::ir::{
    BaseOperationIr as Base, FloatOperationIr as Float, ModuleOperationIr as Layer, OperationIr,
    ShapeOpIr, TensorIr,
};
use burn::tensor::TensorId;
use std::collections::BTreeSet;

/// Features that are split into heads, summed over places and merged again. No two of them meet in
/// between, so that each may go, if the heads stay of one size.
#[derive(Clone, Copy)]
pub(super) struct Values<'a> {
    split: &'a ShapeOpIr,
    merge: &'a ShapeOpIr,
}

/// All values in a graph.
pub(super) fn find(graph: &Graph) -> Vec<Values<'_>> {
    let operations = graph.operations.iter();
    let merges = operations.filter_map(|operation| match operation {
        OperationIr::BaseFloat(Base::Reshape(op)) if splits(dims(&op.out), dims(&op.input)) => {
            Some(op)
        }
        _ => None,
    });
    merges.filter_map(|merge| Values::before(merge, graph)).collect()
}

/// Whether the last axis of one shape is two axes of the other.
fn splits(whole: &[usize], parts: &[usize]) -> bool {
    match (whole, parts) {
        ([rest @ .., whole], [same @ .., heads, size]) => rest == same && *whole == heads * size,
        _ => false,
    }
}

impl<'a> Values<'a> {
    /// Goes back from where heads are merged to where they were split, if nothing else reads them on
    /// the way.
    fn before(merge: &'a ShapeOpIr, graph: &'a Graph) -> Option<Self> {
        let last = dims(&merge.input).len() - 1;
        let (mut tensor, mut head, mut place) = (&merge.input, last - 1, last);
        loop {
            match only_read_once(graph, tensor.id)? {
                OperationIr::BaseFloat(Base::SwapDims(op)) => {
                    let before = |axis| match axis {
                        axis if axis == op.dim1 => op.dim2,
                        axis if axis == op.dim2 => op.dim1,
                        axis => axis,
                    };
                    (tensor, head, place) = (&op.input, before(head), before(place));
                }
                OperationIr::BaseFloat(Base::Permute(op)) => {
                    (tensor, head, place) = (&op.input, op.axes[head], op.axes[place]);
                }
                OperationIr::Float(_, Float::Matmul(op))
                    if place == last
                        && head < last - 1
                        && dims(&op.rhs)[head] == dims(&op.out)[head] =>
                {
                    tensor = &op.rhs;
                }
                OperationIr::Module(Layer::Attention(op)) if (head, place) == (1, 3) => {
                    tensor = &op.value;
                }
                OperationIr::BaseFloat(Base::Reshape(split))
                    if (head, place) == (last - 1, last)
                        && splits(dims(&split.input), dims(&split.out)) =>
                {
                    return Some(Self { split, merge });
                }
                _ => return None,
            }
        }
    }
}

/// The operation that makes a tensor, if it is read once alone.
fn only_read_once(graph: &Graph, id: TensorId) -> Option<&OperationIr> {
    let operations = || graph.operations.iter();
    let reads = operations().flat_map(OperationIr::inputs).filter(|tensor| tensor.id == id).count();
    if reads != 1 || id == graph.output {
        return None;
    }
    operations().find(|operation| operation.outputs().any(|tensor| tensor.id == id))
}

impl Trace<'_> {
    /// Follows a reshape that splits or merges values, if it is one: their features keep to themselves.
    pub(super) fn reshape_values(&mut self, out: &TensorIr) -> bool {
        const REASON: &str = "heads stay as many, and of the same size";
        let is = |op: &ShapeOpIr| op.out.id == out.id;
        let found = self.values.iter().find(|values| is(values.split) || is(values.merge));
        let Some(&Values { split, merge }) = found else { return false };
        if is(split) {
            self.slices.pin_all(out, REASON);
            return true;
        }
        let (from, to) = (dims(&split.input).len() - 1, dims(&merge.out).len() - 1);
        (0..to).for_each(|axis| self.slices.pin_axis(out, axis, REASON));
        self.couple(&split.input, from, out, to);
        self.map_constants(&split.input, from, out, to, |value| (value == 0.0).then_some(value));
        true
    }

    /// Takes from classes that could go those by which some head would become smaller than another,
    /// or vanish.
    pub(super) fn balance(&self, dead: &mut BTreeSet<Slice>) {
        loop {
            let before = dead.len();
            for Values { split, merge } in &self.values {
                let Some(&size @ 1..) = dims(&split.out).last() else { continue };
                let features = dims(&merge.out).len() - 1;
                let class =
                    |index| self.slices.class(self.slices.at(merge.out.id, features, index));
                let slices: Vec<Slice> = (0..dims(&merge.out)[features]).map(class).collect();
                let dead_of = |head: &[Slice]| -> Vec<Slice> {
                    head.iter().copied().filter(|class| dead.contains(class)).collect()
                };
                let heads: Vec<Vec<Slice>> = slices.chunks(size).map(dead_of).collect();
                let fewest = heads.iter().map(Vec::len).min().unwrap_or(0).min(size - 1);
                for class in heads.iter().flat_map(|head| &head[fewest..]) {
                    dead.remove(class);
                }
            }
            if dead.len() == before {
                return;
            }
        }
    }
}
