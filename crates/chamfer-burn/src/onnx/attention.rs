//! Attention by scaled products, operator by operator: the version of operators that is written has
//! none for it.

use super::nodes::{Node, Steps, Value};
use super::tensors::{list, number};
use crate::graph::dims;
use burn::backend::ir::{AttentionOpIr, ScalarIr};
use burn::tensor::TensorData;

/// In the order that Burn has: scale, cap, mask, causal mask, bias, softmax.
pub(super) fn steps(op: &AttentionOpIr) -> Option<Steps<'_>> {
    let [_, heads, queries, size] = *dims(&op.query) else { return None };
    let [_, key_heads, keys, _] = *dims(&op.key) else { return None };
    // Heads that share keys can do so by broadcasting if all of them do.
    if key_heads != heads && key_heads != 1 {
        return None;
    }
    let dtype = op.query.dtype;
    let constant = |value: f64| number(ScalarIr::Float(value), dtype);
    let scale = op.options.scale.map_or(1.0 / (size as f64).sqrt(), ScalarIr::elem);

    let mut steps = Steps::default();
    let transposed = steps.add(Node::new("Transpose").read(&op.key).ints("perm", &[0, 1, 3, 2]));
    let scores = steps.add(Node::new("MatMul").read(&op.query).read(transposed));
    let mut scores = steps.add(Node::new("Mul").read(scores).read(constant(scale)?));
    if let Some(cap) = op.options.softcap.map(ScalarIr::elem::<f64>) {
        if cap.is_nan() || cap <= 0.0 {
            return None;
        }
        let share = steps.add(Node::new("Div").read(scores).read(constant(cap)?));
        let share = steps.add(Node::new("Tanh").read(share));
        scores = steps.add(Node::new("Mul").read(share).read(constant(cap)?));
    }
    if let Some(mask) = &op.mask {
        let never = constant(f64::NEG_INFINITY)?;
        scores = steps.add(Node::new("Where").read(mask).read(never).read(scores));
    }
    if op.options.is_causal {
        let never = constant(f64::NEG_INFINITY)?;
        let later = later(queries, keys);
        scores = steps.add(Node::new("Where").read(later).read(never).read(scores));
    }
    if let Some(bias) = &op.attn_bias {
        scores = steps.add(Node::new("Add").read(scores).read(bias));
    }
    let blind =
        op.mask.is_some() || op.attn_bias.is_some() || op.options.is_causal && queries > keys;
    let weights = if blind {
        let finite = dtype.finfo()?;
        softmax_or_zero(&mut steps, scores, constant(finite.min)?, constant(finite.min_positive)?)
    } else {
        steps.add(Node::new("Softmax").read(scores).int("axis", 3))
    };
    steps.add(Node::new("MatMul").read(weights).read(&op.value));
    Some(steps)
}

/// Where a key is later than a query, if the last of both are of one time.
fn later(queries: usize, keys: usize) -> TensorData {
    let places = (0..queries).flat_map(|query| (0..keys).map(move |key| (query, key)));
    let later = places.map(|(query, key)| key + queries > query + keys).collect();
    TensorData::new::<bool, _>(later, [queries, keys])
}

/// The softmax over the last of four axes, which is 0 where all scores are −∞: neither may −∞ be
/// taken from itself, nor 0 be divided by 0.
fn softmax_or_zero<'a>(
    steps: &mut Steps<'a>,
    scores: Value<'a>,
    lowest: TensorData,
    least: TensorData,
) -> Value<'a> {
    let over =
        |operator, x: Value<'a>| Node::new(operator).read(x).read(list(vec![3])).int("keepdims", 1);
    let top = steps.add(over("ReduceMax", scores.clone()));
    let top = steps.add(Node::new("Max").read(top).read(lowest));
    let below = steps.add(Node::new("Sub").read(scores).read(top));
    let weights = steps.add(Node::new("Exp").read(below));
    let sum = steps.add(over("ReduceSum", weights.clone()));
    let sum = steps.add(Node::new("Max").read(sum).read(least));
    steps.add(Node::new("Div").read(weights).read(sum))
}
