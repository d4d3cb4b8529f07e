//! Slices of tensors, and which of them can only be removed together.

use burn::backend::ir::TensorIr;
use burn::tensor::TensorId;
use std::collections::HashMap;

/// One index of one axis of one tensor.
pub(crate) type Slice = usize;

/// All slices of all tensors of a graph, as a union-find structure of *classes*: what is removed is a
/// class, in all tensors at once.
#[derive(Default)]
pub(crate) struct Slices {
    first: HashMap<TensorId, (Slice, Vec<usize>)>,
    parent: Vec<Slice>,
    /// Why the class of a root cannot be removed.
    pinned: HashMap<Slice, String>,
    /// The value of all numbers in a slice, where it is known.
    constant: Vec<Option<f64>>,
}

impl Slices {
    /// Adds the slices of a tensor.
    pub(crate) fn add(&mut self, tensor: &TensorIr) {
        if !self.first.contains_key(&tensor.id) {
            let dims = tensor.shape.as_slice().to_vec();
            let first = self.parent.len();
            self.parent.extend(first..first + dims.iter().sum::<usize>());
            self.constant.resize(self.parent.len(), None);
            self.first.insert(tensor.id, (first, dims));
        }
    }

    /// The slice at `index` of `axis`, counted from 0, of a tensor that was added.
    pub(crate) fn at(&self, tensor: TensorId, axis: usize, index: usize) -> Slice {
        let (first, dims) = &self.first[&tensor];
        first + dims[..axis].iter().sum::<usize>() + index
    }

    /// All tensors with their shapes.
    pub(crate) fn tensors(&self) -> impl Iterator<Item = (TensorId, &[usize])> {
        self.first.iter().map(|(id, (_, dims))| (*id, dims.as_slice()))
    }

    /// The class of a slice.
    pub(crate) fn class(&self, mut slice: Slice) -> Slice {
        while self.parent[slice] != slice {
            slice = self.parent[slice];
        }
        slice
    }

    /// Couples two slices.
    pub(crate) fn join(&mut self, a: Slice, b: Slice) {
        let (a, b) = (self.class(a), self.class(b));
        if a != b {
            // The smaller number stays the root, which keeps the order of the graph.
            let (root, other) = (a.min(b), a.max(b));
            self.parent[other] = root;
            if let Some(reason) = self.pinned.remove(&other) {
                self.pinned.entry(root).or_insert(reason);
            }
        }
    }

    /// Keeps the class of a slice.
    pub(crate) fn pin(&mut self, slice: Slice, reason: &str) {
        let root = self.class(slice);
        self.pinned.entry(root).or_insert_with(|| reason.to_owned());
    }

    /// Keeps every slice of an axis.
    pub(crate) fn pin_axis(&mut self, tensor: &TensorIr, axis: usize, reason: &str) {
        for index in 0..tensor.shape.as_slice()[axis] {
            self.pin(self.at(tensor.id, axis, index), reason);
        }
    }

    /// Keeps every slice of some axes.
    pub(crate) fn pin_axes(&mut self, tensor: &TensorIr, axes: &[usize], reason: &str) {
        for axis in axes {
            self.pin_axis(tensor, *axis, reason);
        }
    }

    /// Keeps everything of a tensor.
    pub(crate) fn pin_all(&mut self, tensor: &TensorIr, reason: &str) {
        (0..tensor.shape.as_slice().len()).for_each(|axis| self.pin_axis(tensor, axis, reason));
    }

    /// Why the class of a slice is kept, if it is.
    pub(crate) fn pinned(&self, slice: Slice) -> Option<&str> {
        self.pinned.get(&self.class(slice)).map(String::as_str)
    }

    /// Whether some slice of an axis may be removed.
    pub(crate) fn is_free(&self, tensor: &TensorIr, axis: usize) -> bool {
        let length = tensor.shape.as_slice()[axis];
        (0..length).any(|index| self.pinned(self.at(tensor.id, axis, index)).is_none())
    }

    pub(crate) fn constant(&self, slice: Slice) -> Option<f64> {
        self.constant[slice]
    }

    pub(crate) fn set_constant(&mut self, slice: Slice, value: Option<f64>) {
        self.constant[slice] = value;
    }
}
