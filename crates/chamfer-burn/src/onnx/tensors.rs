//! Types, constants and shapes of tensors in ONNX.

use super::proto::Message;
use crate::Error;
use crate::graph::dims;
use burn::backend::ir::{ScalarIr, TensorIr};
use burn::tensor::{BoolStore, DType, TensorData};

/// ONNX's number of a type; `None` if it is not written.
pub(super) fn type_of(dtype: DType) -> Option<usize> {
    match dtype {
        DType::F32 | DType::Flex32 => Some(1),
        DType::I32 => Some(6),
        DType::I64 => Some(7),
        DType::Bool(BoolStore::Native | BoolStore::U8) => Some(9),
        DType::F64 => Some(11),
        _ => None,
    }
}

fn type_or_error(dtype: DType, name: &str) -> Result<usize, Error> {
    type_of(dtype).ok_or_else(|| {
        let what = format!("numbers of type {dtype:?} are not written to ONNX");
        Error::Tensor { path: name.to_owned(), what }
    })
}

/// A number as a tensor without axes.
pub(super) fn number(value: ScalarIr, dtype: DType) -> Option<TensorData> {
    type_of(dtype).map(|_| TensorData::full_dtype([0usize; 0], value, dtype))
}

/// A list of numbers, as operators read shapes and axes.
pub(super) fn list(numbers: Vec<i64>) -> TensorData {
    let length = numbers.len();
    TensorData::new(numbers, [length])
}

pub(super) fn whole(numbers: &[usize]) -> Vec<i64> {
    numbers.iter().map(|number| i64::try_from(*number).unwrap_or(i64::MAX)).collect()
}

/// The length of the first axis.
pub(super) fn first(tensor: &TensorIr) -> usize {
    dims(tensor).first().copied().unwrap_or(0)
}

/// A `TensorProto`.
pub(super) fn tensor_message(name: &str, data: &TensorData) -> Result<Message, Error> {
    let sizes = data.shape().as_slice().iter();
    let message = sizes.fold(Message::default(), |message, size| message.size(1, *size));
    let message = message.size(2, type_or_error(data.dtype(), name)?);
    Ok(message.text(8, name).bytes(9, data.as_bytes()))
}

/// A `ValueInfoProto`; the first axis has a name where its length is open.
pub(super) fn value(name: &str, tensor: &TensorIr, first: Option<&str>) -> Result<Message, Error> {
    let mut shape = Message::default();
    for (axis, size) in dims(tensor).iter().enumerate() {
        let dimension = match first {
            Some(first) if axis == 0 => Message::default().text(2, first),
            _ => Message::default().size(1, *size),
        };
        shape = shape.message(1, &dimension);
    }
    let kind = Message::default().size(1, type_or_error(tensor.dtype, name)?).message(2, &shape);
    let kind = Message::default().message(1, &kind);
    Ok(Message::default().text(1, name).message(2, &kind))
}
