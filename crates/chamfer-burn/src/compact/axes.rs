//! Operations that move, merge and split axes.

use super::trace::{LAST, Trace};
use crate::graph::dims;
use burn::backend::ir::TensorIr;

const PLACE: &str = "it is a place within a head or block, whose size is a number of the module that \
                     a mapper cannot change";

impl Trace<'_> {
    pub(super) fn permute(&mut self, input: &TensorIr, out: &TensorIr, axes: &[usize]) {
        for (to, &from) in axes.iter().enumerate() {
            self.couple(input, from, out, to);
            self.map_constants(input, from, out, to, Some);
        }
        if let Some(values) = self.known.get(&input.id) {
            let strides = strides(dims(input));
            let strides: Vec<usize> = axes.iter().map(|axis| strides[*axis]).collect();
            let at = |position| {
                digits(position, dims(out)).zip(&strides).map(|(d, s)| d * s).sum::<usize>()
            };
            let values = (0..values.len()).map(|position| values[at(position)]).collect();
            self.know(out, values);
        }
    }

    /// A part of a tensor: axes that are whole go on, others keep their sizes.
    pub(super) fn part(&mut self, input: &TensorIr, out: &TensorIr, forward: bool) {
        const REASON: &str = "a part of fixed size is taken of its axis";
        for axis in 0..dims(input).len() {
            if forward && dims(input)[axis] == dims(out)[axis] {
                self.couple(input, axis, out, axis);
                self.map_constants(input, axis, out, axis, Some);
            } else {
                self.slices.pin_axis(input, axis, REASON);
                self.slices.pin_axis(out, axis, REASON);
            }
        }
    }

    pub(super) fn concatenate(&mut self, tensors: &[TensorIr], dim: usize, out: &TensorIr) {
        let mut offset = 0;
        for tensor in tensors {
            for axis in (0..dims(tensor).len()).filter(|axis| *axis != dim) {
                self.couple(tensor, axis, out, axis);
            }
            for index in 0..dims(tensor)[dim] {
                let from = self.slices.at(tensor.id, dim, index);
                let to = self.slices.at(out.id, dim, offset + index);
                self.slices.join(from, to);
                self.slices.set_constant(to, self.slices.constant(from));
            }
            offset += dims(tensor)[dim];
        }
    }

    /// Axes are cut into blocks that have as many numbers before and after; within a block, axes are
    /// merged or split.
    pub(super) fn reshape(&mut self, input: &TensorIr, out: &TensorIr) {
        const REASON: &str = "its axes are merged or split in a way that is not understood";
        if self.reshape_values(out) {
            return;
        }
        let (from, to) = (dims(input), dims(out));
        for (axes, of) in [(from, input), (to, out)] {
            for axis in (0..axes.len()).filter(|axis| axes[*axis] == 1) {
                self.slices.pin_axis(of, axis, LAST);
            }
        }
        for (inside, outside) in blocks(from, to) {
            match (inside.as_slice(), outside.as_slice()) {
                ([a], [b]) => {
                    let ones = |dims: &[usize], axis: usize| {
                        dims[..axis].iter().rev().take_while(|length| **length == 1).count()
                    };
                    // A single head is a split, too.
                    if ones(to, *b) > ones(from, *a) && !self.known.contains_key(&input.id) {
                        self.slices.pin_axis(out, *b, PLACE);
                    }
                    self.couple(input, *a, out, *b);
                    self.map_constants(input, *a, out, *b, Some);
                }
                (many, [merged]) => self.merge(input, many, out, *merged),
                ([split], many) => self.split(input, *split, out, many),
                (many, others) => {
                    self.slices.pin_axes(input, many, REASON);
                    self.slices.pin_axes(out, others, REASON);
                }
            }
        }
        if let Some(values) = self.known.get(&input.id).cloned() {
            self.know(out, values);
        }
    }

    /// Several axes become one. If one of them may lose slices, each of its slices is a set of
    /// positions of the merged axis.
    fn merge(&mut self, input: &TensorIr, axes: &[usize], out: &TensorIr, merged: usize) {
        let lengths: Vec<usize> = axes.iter().map(|axis| dims(input)[*axis]).collect();
        let free: Vec<usize> =
            (0..axes.len()).filter(|at| self.slices.is_free(input, axes[*at])).collect();
        if free.len() > 1 {
            let reason = "two axes that could both lose slices are merged";
            self.slices.pin_axes(input, axes, reason);
        }
        for position in 0..dims(out)[merged] {
            let to = self.slices.at(out.id, merged, position);
            let digits: Vec<usize> = digits(position, &lengths).collect();
            match free.as_slice() {
                [at] => {
                    let from = self.slices.at(input.id, axes[*at], digits[*at]);
                    self.slices.join(from, to);
                }
                _ => self.slices.pin(to, "it comes from axes that keep their sizes"),
            }
            let constants = axes.iter().zip(&digits).find_map(|(axis, digit)| {
                self.slices.constant(self.slices.at(input.id, *axis, *digit))
            });
            self.slices.set_constant(to, constants);
        }
    }

    /// One axis becomes several, of which the first takes its slices: blocks of consecutive ones.
    fn split(&mut self, input: &TensorIr, split: usize, out: &TensorIr, axes: &[usize]) {
        let (first, others) = (axes[0], &axes[1..]);
        let size: usize = others.iter().map(|axis| dims(out)[*axis]).product();
        for axis in others {
            self.slices.pin_axis(out, *axis, PLACE);
        }
        for block in 0..dims(out)[first] {
            let to = self.slices.at(out.id, first, block);
            let members = block * size..(block + 1) * size;
            let mut constants = members
                .clone()
                .map(|index| self.slices.constant(self.slices.at(input.id, split, index)));
            let one = constants.next().flatten();
            let constant = one.filter(|one| constants.all(|other| other == Some(*one)));
            self.slices.set_constant(to, constant);
            for index in members {
                let from = self.slices.at(input.id, split, index);
                self.slices.join(from, to);
            }
        }
    }
}

/// The steps between neighbours along each axis, row by row.
fn strides(dims: &[usize]) -> Vec<usize> {
    (0..dims.len()).map(|axis| dims[axis + 1..].iter().product()).collect()
}

/// The index along each axis of the number at a position.
fn digits(position: usize, dims: &[usize]) -> impl Iterator<Item = usize> {
    strides(dims)
        .into_iter()
        .zip(dims.to_vec())
        .map(move |(stride, length)| position / stride % length)
}

/// The smallest groups of axes, without those of length 1, that hold as many numbers on both sides.
fn blocks(from: &[usize], to: &[usize]) -> Vec<(Vec<usize>, Vec<usize>)> {
    let long = |dims: &[usize]| -> Vec<usize> {
        (0..dims.len()).filter(|axis| dims[*axis] != 1).collect()
    };
    let (mut left, mut right) = (long(from).into_iter(), long(to).into_iter());
    let mut blocks = Vec::new();
    while let (Some(a), Some(b)) = (left.next(), right.next()) {
        let (mut inside, mut outside) = (vec![a], vec![b]);
        let (mut n, mut m) = (from[a], to[b]);
        while n != m {
            if n < m {
                let Some(a) = left.next() else { return blocks };
                inside.push(a);
                n *= from[a];
            } else {
                let Some(b) = right.next() else { return blocks };
                outside.push(b);
                m *= to[b];
            }
        }
        blocks.push((inside, outside));
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::blocks;

    #[test]
    fn reshapes_fall_into_blocks() {
        assert_eq!(blocks(&[5, 3, 2, 2], &[5, 12]), [(vec![0], vec![0]), (vec![1, 2, 3], vec![1])]);
        assert_eq!(
            blocks(&[5, 7, 6], &[5, 7, 2, 3]),
            [(vec![0], vec![0]), (vec![1], vec![1]), (vec![2], vec![2, 3])]
        );
        assert_eq!(blocks(&[1, 4, 1, 1], &[1, 4]), [(vec![1], vec![1])]);
        assert_eq!(blocks(&[4, 6], &[6, 4]), [(vec![0, 1], vec![0, 1])]);
    }
}
