//! Pooling.

use super::nodes::Node;
use crate::graph::dims;
use burn::backend::ir::{ModuleOperationIr as Layer, TensorIr};
use std::slice::from_ref;

/// `None` if a layer is no pooling, or one that ONNX has not.
pub(super) fn node(layer: &Layer) -> Option<Node<'_>> {
    match layer {
        Layer::MaxPool1d(op) => Windows {
            kernel: from_ref(&op.kernel_size),
            stride: from_ref(&op.stride),
            padding: from_ref(&op.padding),
            dilation: Some(from_ref(&op.dilation)),
            past_the_end: op.ceil_mode,
        }
        .node("MaxPool", &op.x, &op.out),
        Layer::MaxPool2d(op) => Windows {
            kernel: &op.kernel_size,
            stride: &op.stride,
            padding: &op.padding,
            dilation: Some(&op.dilation),
            past_the_end: op.ceil_mode,
        }
        .node("MaxPool", &op.x, &op.out),
        Layer::AvgPool1d(op) => Windows {
            kernel: from_ref(&op.kernel_size),
            stride: from_ref(&op.stride),
            padding: from_ref(&op.padding),
            dilation: None,
            past_the_end: op.ceil_mode,
        }
        .average(&op.x, &op.out, op.count_include_pad),
        Layer::AvgPool2d(op) => Windows {
            kernel: &op.kernel_size,
            stride: &op.stride,
            padding: &op.padding,
            dilation: None,
            past_the_end: op.ceil_mode,
        }
        .average(&op.x, &op.out, op.count_include_pad),
        Layer::AdaptiveAvgPool1d(op) => adaptive(&op.x, &op.out),
        Layer::AdaptiveAvgPool2d(op) => adaptive(&op.x, &op.out),
        _ => None,
    }
}

/// Windows that move over the axes from the third on.
struct Windows<'a> {
    kernel: &'a [usize],
    stride: &'a [usize],
    padding: &'a [usize],
    dilation: Option<&'a [usize]>,
    /// Whether the last window may begin within the input and end outside.
    past_the_end: bool,
}

impl Windows<'_> {
    fn node<'a>(
        &self,
        operator: &'static str,
        x: &'a TensorIr,
        out: &TensorIr,
    ) -> Option<Node<'a>> {
        let node = Node::new(operator)
            .read(x)
            .ints("kernel_shape", self.kernel)
            .ints("strides", self.stride)
            .padding(&self.padding_of(x, out)?);
        Some(match self.dilation {
            Some(dilation) => node.ints("dilations", dilation),
            None => node,
        })
    }

    /// The mean of a window is over its places in the input alone, or also over those in the padding;
    /// places past the end never count, which ONNX can say of all padding only.
    fn average<'a>(&self, x: &'a TensorIr, out: &TensorIr, with_padding: bool) -> Option<Node<'a>> {
        let padded = with_padding && self.padding.iter().any(|padding| *padding > 0);
        let more = self.padding_of(x, out)?.iter().any(|(before, after)| after > before);
        if padded && more {
            return None;
        }
        let node = self.node("AveragePool", x, out)?;
        Some(node.int("count_include_pad", usize::from(padded)))
    }

    /// Before and after each axis. Where a window ends past the end, more is put there, so that the
    /// number of windows is said and not left to the runtime, as ONNX's `ceil_mode` would.
    fn padding_of(&self, x: &TensorIr, out: &TensorIr) -> Option<Vec<(usize, usize)>> {
        let mut all = Vec::new();
        for (axis, before) in self.padding.iter().enumerate() {
            let (input, windows) = (*dims(x).get(axis + 2)?, *dims(out).get(axis + 2)?);
            let stride = self.stride[axis];
            let extent = self.dilation.map_or(1, |d| d[axis]) * (self.kernel[axis] - 1) + 1;
            let end = windows.checked_sub(1)? * stride + extent;
            let after =
                if self.past_the_end { end.saturating_sub(input + before) } else { *before };
            let written = (input + before + after).checked_sub(extent)? / stride + 1;
            if written != windows {
                return None;
            }
            all.push((*before, after));
        }
        Some(all)
    }
}

/// Windows of one size that do not overlap; others are not of one size.
fn adaptive<'a>(x: &'a TensorIr, out: &TensorIr) -> Option<Node<'a>> {
    let mut kernel = Vec::new();
    for (input, windows) in dims(x).iter().zip(dims(out)).skip(2) {
        if *windows == 0 || !input.is_multiple_of(*windows) {
            return None;
        }
        kernel.push(input / windows);
    }
    let node = Node::new("AveragePool").read(x);
    Some(node.ints("kernel_shape", &kernel).ints("strides", &kernel))
}
