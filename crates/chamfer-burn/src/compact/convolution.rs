//! Convolutions, transposed ones among them.

use super::layers::Weights;
use super::trace::{SPACE, Trace};
use crate::graph::dims;
use burn::backend::ir::{ModuleOperationIr as Layer, TensorIr};

const ALONE: &str = "it is alone in its group of a convolution, and `groups` is a number of the \
                     module that a mapper cannot change";

/// What matters of a convolution.
pub(super) struct Convolution<'a> {
    x: &'a TensorIr,
    weight: &'a TensorIr,
    bias: Option<&'a TensorIr>,
    out: &'a TensorIr,
    /// Into how many groups the channels fall.
    groups: usize,
    kind: Kind,
}

#[derive(Clone, Copy)]
enum Kind {
    /// Each place of the output sums over places of the input, some of which may be `padded` zeros.
    Plain { padded: bool },
    /// Each place of the input is spread over places of the output.
    Transposed,
}

impl<'a> Convolution<'a> {
    /// A layer as a convolution, if it is one.
    pub(super) fn of(layer: &'a Layer) -> Option<Self> {
        // The descriptions have the same fields, but not the same type.
        macro_rules! convolution {
            ($op:ident, $kind:expr) => {
                Self {
                    x: &$op.x,
                    weight: &$op.weight,
                    bias: $op.bias.as_ref(),
                    out: &$op.out,
                    groups: $op.options.groups,
                    kind: $kind,
                }
            };
        }
        Some(match layer {
            Layer::Conv1d(op) => {
                let padded = op.options.padding != [(0, 0); 1];
                convolution!(op, Kind::Plain { padded })
            }
            Layer::Conv2d(op) => {
                let padded = op.options.padding != [(0, 0); 2];
                convolution!(op, Kind::Plain { padded })
            }
            Layer::Conv3d(op) => {
                let padded = op.options.padding != [0; 3];
                convolution!(op, Kind::Plain { padded })
            }
            Layer::ConvTranspose1d(op) => convolution!(op, Kind::Transposed),
            Layer::ConvTranspose2d(op) => convolution!(op, Kind::Transposed),
            Layer::ConvTranspose3d(op) => convolution!(op, Kind::Transposed),
            _ => return None,
        })
    }
}

impl Trace<'_> {
    pub(super) fn convolution(&mut self, convolution: &Convolution<'_>) {
        let Convolution { x, weight, bias, out, groups, kind } = *convolution;
        self.couple(x, 0, out, 0);
        for axis in 2..dims(x).len() {
            self.slices.pin_axis(x, axis, SPACE);
            self.slices.pin_axis(out, axis, SPACE);
            self.slices.pin_axis(weight, axis, SPACE);
        }
        if groups > 1 {
            for tensor in [x, out].into_iter().filter(|tensor| dims(tensor)[1] == groups) {
                self.slices.pin_axis(tensor, 1, ALONE);
            }
        }
        let weights = match kind {
            // At a padded border, what a constant adds is less.
            Kind::Plain { padded } => {
                Weights { tensor: weight, inputs: 1, outputs: 0, groups, even: !padded }
            }
            // Borders and strides are reached by a part of the kernel alone.
            Kind::Transposed => {
                Weights { tensor: weight, inputs: 0, outputs: 1, groups, even: false }
            }
        };
        self.contract((x, 1), &weights, bias, (out, 1));
    }
}
