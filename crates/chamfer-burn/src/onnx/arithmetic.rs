//! Arithmetic, comparisons, logic and reductions.

use super::nodes::{Node, Steps};
use super::shapes::{cast, full};
use super::tensors::{list, number, whole};
use burn::backend::ir::{
    BinaryOpIr, BoolOperationIr as Bool, FloatOperationIr as Float, IntOperationIr as Int,
    NumericOperationIr as Numeric, PadModeIr, PadOpIr, ReduceDimOpIr, ScalarIr, ScalarOpIr,
    UnaryOpIr,
};

pub(super) fn unary<'a>(operator: &'static str, op: &'a UnaryOpIr) -> Node<'a> {
    Node::new(operator).read(&op.input)
}

fn binary<'a>(operator: &'static str, op: &'a BinaryOpIr) -> Node<'a> {
    Node::new(operator).read_all([&op.lhs, &op.rhs])
}

fn scalar<'a>(operator: &'static str, op: &'a ScalarOpIr) -> Option<Node<'a>> {
    Some(Node::new(operator).read(&op.lhs).read(number(op.rhs, op.lhs.dtype)?))
}

/// Over one axis, which is kept with length 1.
fn reduce<'a>(operator: &'static str, op: &'a ReduceDimOpIr) -> Node<'a> {
    Node::new(operator).read(&op.input).read(list(whole(&[op.axis]))).int("keepdims", 1)
}

pub(super) fn numeric(numeric: &Numeric) -> Option<Node<'_>> {
    Some(match numeric {
        Numeric::Add(op) => binary("Add", op),
        Numeric::Sub(op) => binary("Sub", op),
        Numeric::Mul(op) => binary("Mul", op),
        Numeric::Div(op) => binary("Div", op),
        Numeric::AddScalar(op) => scalar("Add", op)?,
        Numeric::SubScalar(op) => scalar("Sub", op)?,
        Numeric::MulScalar(op) => scalar("Mul", op)?,
        Numeric::DivScalar(op) => scalar("Div", op)?,
        Numeric::PowiScalar(op) => scalar("Pow", op)?,
        Numeric::ClampMin(op) => scalar("Max", op)?,
        Numeric::ClampMax(op) => scalar("Min", op)?,
        Numeric::Clamp(op) => {
            let [min, max] = [op.min, op.max].map(|bound| number(bound, op.tensor.dtype));
            Node::new("Clip").read(&op.tensor).read(min?).read(max?)
        }
        Numeric::Abs(op) => unary("Abs", op),
        Numeric::Neg(op) => unary("Neg", op),
        Numeric::Sign(op) => unary("Sign", op),
        Numeric::Greater(op) => binary("Greater", op),
        Numeric::GreaterEqual(op) => binary("GreaterOrEqual", op),
        Numeric::Lower(op) => binary("Less", op),
        Numeric::LowerEqual(op) => binary("LessOrEqual", op),
        Numeric::GreaterElem(op) => scalar("Greater", op)?,
        Numeric::GreaterEqualElem(op) => scalar("GreaterOrEqual", op)?,
        Numeric::LowerElem(op) => scalar("Less", op)?,
        Numeric::LowerEqualElem(op) => scalar("LessOrEqual", op)?,
        // Of whole numbers, the mean is rounded.
        Numeric::MeanDim(op) if op.out.dtype.is_float() => reduce("ReduceMean", op),
        Numeric::SumDim(op) => reduce("ReduceSum", op),
        Numeric::ProdDim(op) => reduce("ReduceProd", op),
        Numeric::MaxDim(op) => reduce("ReduceMax", op),
        Numeric::MinDim(op) => reduce("ReduceMin", op),
        Numeric::SumDims(op) => {
            Node::new("ReduceSum").read(&op.input).read(list(whole(&op.axes))).int("keepdims", 1)
        }
        Numeric::Full(op) => full(&op.out, op.value)?,
        Numeric::Pad(op) => pad(op)?,
        _ => return None,
    })
}

fn pad(op: &PadOpIr) -> Option<Node<'_>> {
    let before = op.padding.iter().map(|(before, _)| *before);
    let pads: Vec<usize> = before.chain(op.padding.iter().map(|(_, after)| *after)).collect();
    let node = Node::new("Pad").read(&op.input).read(list(whole(&pads)));
    Some(match op.mode {
        PadModeIr::Constant(value) => node.read(number(value, op.input.dtype)?),
        PadModeIr::Reflect => node.text("mode", "reflect"),
        PadModeIr::Edge => node.text("mode", "edge"),
    })
}

pub(super) fn float(float: &Float) -> Option<Steps<'_>> {
    let node = match float {
        Float::Exp(op) => unary("Exp", op),
        Float::Log(op) => unary("Log", op),
        Float::Log1p(op) => {
            let one = number(ScalarIr::Int(1), op.input.dtype)?;
            return Some(
                Steps::from(unary("Add", op).read(one)).then(|sum| Node::new("Log").read(sum)),
            );
        }
        Float::Sqrt(op) => unary("Sqrt", op),
        Float::Sin(op) => unary("Sin", op),
        Float::Cos(op) => unary("Cos", op),
        Float::Tanh(op) => unary("Tanh", op),
        Float::Erf(op) => unary("Erf", op),
        Float::Recip(op) => unary("Reciprocal", op),
        Float::Floor(op) => unary("Floor", op),
        Float::Ceil(op) => unary("Ceil", op),
        Float::Powf(op) => binary("Pow", op),
        Float::PowfScalar(op) => scalar("Pow", op)?,
        Float::Matmul(op) => Node::new("MatMul").read_all([&op.lhs, &op.rhs]),
        Float::IntoInt(op) => cast(op)?,
        _ => return None,
    };
    Some(node.into())
}

pub(super) fn int(int: &Int) -> Option<Node<'_>> {
    match int {
        Int::IntoFloat(op) => cast(op),
        _ => None,
    }
}

pub(super) fn logic(logic: &Bool) -> Option<Node<'_>> {
    Some(match logic {
        Bool::IntoFloat(op) | Bool::IntoInt(op) => cast(op)?,
        Bool::Not(op) => unary("Not", op),
        Bool::And(op) => binary("And", op),
        Bool::Or(op) => binary("Or", op),
        Bool::Xor(op) => binary("Xor", op),
    })
}
