//! Operations on tensors of any type: shapes, parts, masks.

use super::nodes::{Node, Steps};
use super::tensors::{list, number, type_of, whole};
use crate::graph::dims;
use burn::backend::ir::{
    BaseOperationIr as Base, CastOpIr, FlipOpIr, ScalarIr, SliceOpIr, TensorIr,
};

/// `any` says that the first axis may have any length.
pub(super) fn steps(base: &Base, any: bool) -> Option<Steps<'_>> {
    let node = match base {
        Base::Reshape(op) => {
            let whatever_is_left = -1;
            let shape = shape_of(&op.out, any.then_some(whatever_is_left));
            Node::new("Reshape").read(&op.input).read(list(shape))
        }
        Base::Expand(op) => {
            let as_it_is = 1;
            let shape = shape_of(&op.out, any.then_some(as_it_is));
            Node::new("Expand").read(&op.input).read(list(shape))
        }
        Base::SwapDims(op) => {
            let mut axes: Vec<usize> = (0..dims(&op.input).len()).collect();
            axes.swap(op.dim1, op.dim2);
            Node::new("Transpose").read(&op.input).ints("perm", &axes)
        }
        Base::Permute(op) => Node::new("Transpose").read(&op.input).ints("perm", &op.axes),
        Base::Flip(op) => flip(op),
        Base::RepeatDim(op) => {
            let mut times = vec![1; dims(&op.tensor).len()];
            *times.get_mut(op.dim)? = op.times;
            Node::new("Tile").read(&op.tensor).read(list(whole(&times)))
        }
        Base::Slice(op) => slice(op, any)?,
        Base::Cat(op) => Node::new("Concat").read_all(&op.tensors).int("axis", op.dim),
        Base::Select(op) => {
            Node::new("Gather").read(&op.tensor).read(&op.indices).int("axis", op.dim)
        }
        Base::Gather(op) => {
            Node::new("GatherElements").read(&op.tensor).read(&op.indices).int("axis", op.dim)
        }
        Base::MaskWhere(op) => Node::new("Where").read_all([&op.mask, &op.value, &op.tensor]),
        Base::MaskFill(op) => {
            let fill = number(op.value, op.tensor.dtype)?;
            Node::new("Where").read(&op.mask).read(fill).read(&op.tensor)
        }
        Base::Equal(op) => Node::new("Equal").read_all([&op.lhs, &op.rhs]),
        Base::EqualElem(op) => Node::new("Equal").read(&op.lhs).read(number(op.rhs, op.lhs.dtype)?),
        Base::NotEqual(op) => {
            let equal = Node::new("Equal").read_all([&op.lhs, &op.rhs]);
            return Some(Steps::from(equal).then(|equal| Node::new("Not").read(equal)));
        }
        Base::NotEqualElem(op) => {
            let equal = Node::new("Equal").read(&op.lhs).read(number(op.rhs, op.lhs.dtype)?);
            return Some(Steps::from(equal).then(|equal| Node::new("Not").read(equal)));
        }
        Base::Cast(op) => cast(op)?,
        Base::Zeros(op) => full(&op.out, ScalarIr::Int(0))?,
        Base::Ones(op) => full(&op.out, ScalarIr::Int(1))?,
        _ => return None,
    };
    Some(node.into())
}

/// The lengths of all axes, with another for the first if there is one.
fn shape_of(tensor: &TensorIr, first: Option<i64>) -> Vec<i64> {
    let mut shape = whole(dims(tensor));
    if let (Some(length), Some(first)) = (shape.first_mut(), first) {
        *length = first;
    }
    shape
}

fn slice(op: &SliceOpIr, any: bool) -> Option<Node<'_>> {
    let (mut starts, mut ends, mut steps) = (Vec::new(), Vec::new(), Vec::new());
    for (range, length) in op.ranges.iter().zip(dims(&op.out)) {
        // Those that go backwards are negative and not written.
        let step = usize::try_from(range.step).ok()?;
        let start = usize::try_from(range.start).ok()?;
        starts.push(start);
        ends.push(start + length.saturating_sub(1) * step + 1);
        steps.push(step);
    }
    let axes: Vec<usize> = (0..starts.len()).collect();
    let mut ends = whole(&ends);
    if let (Some(end), true) = (ends.first_mut(), any) {
        *end = i64::MAX;
    }
    let node = Node::new("Slice").read(&op.tensor).read(list(whole(&starts))).read(list(ends));
    Some(node.read(list(whole(&axes))).read(list(whole(&steps))))
}

/// From the last to before the first.
fn flip(op: &FlipOpIr) -> Node<'_> {
    let every = |number: i64| list(vec![number; op.axes.len()]);
    let node = Node::new("Slice").read(&op.input).read(every(-1)).read(every(-i64::MAX));
    node.read(list(whole(&op.axes))).read(every(-1))
}

/// A tensor of one number.
pub(super) fn full(out: &TensorIr, value: ScalarIr) -> Option<Node<'_>> {
    Some(Node::new("Expand").read(number(value, out.dtype)?).read(list(whole(dims(out)))))
}

/// To the type of the output.
pub(super) fn cast(op: &CastOpIr) -> Option<Node<'_>> {
    Some(Node::new("Cast").read(&op.input).int("to", type_of(op.out.dtype)?))
}
