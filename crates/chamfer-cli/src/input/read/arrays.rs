//! The values of Arrow arrays, as numbers and labels.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type,
    UInt32Type, UInt64Type,
};
use arrow_array::{Array, LargeStringArray};
use arrow_cast::cast;
use arrow_schema::{ArrowError, DataType};

use super::labels::Labels;
use crate::input::table::ColumnData;

/// What the values of a column are read as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::input) enum Kind {
    Numbers,
    Labels,
    /// Neither numbers nor labels; what the file calls their type.
    Unsupported(String),
}

impl Kind {
    /// That of a column of type `data_type`, read as labels if `as_labels`.
    pub(in crate::input) fn new(data_type: &DataType, as_labels: bool) -> Self {
        // Labels are often stored as a dictionary; what counts is the type of its entries.
        let entry = match data_type {
            DataType::Dictionary(_, entry) => entry,
            other => other,
        };
        let is_number = entry.is_numeric() || matches!(entry, DataType::Boolean | DataType::Null);
        let is_text = matches!(entry, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View);
        if is_text || (is_number && as_labels) {
            Self::Labels
        } else if is_number {
            Self::Numbers
        } else {
            Self::Unsupported(data_type.to_string())
        }
    }
}

/// The values of a column so far.
pub(in crate::input) enum Values {
    Numbers(Vec<f64>),
    Labels(Labels),
    Unsupported(String),
}

impl Values {
    /// No values yet of a column of some `kind`.
    pub(in crate::input) fn new(kind: Kind) -> Self {
        match kind {
            Kind::Numbers => Self::Numbers(Vec::new()),
            Kind::Labels => Self::Labels(Labels::default()),
            Kind::Unsupported(type_name) => Self::Unsupported(type_name),
        }
    }

    /// Adds the values of `array`.
    pub(in crate::input) fn extend(&mut self, array: &dyn Array) -> Result<(), ArrowError> {
        match self {
            Self::Numbers(numbers) => {
                let first = numbers.len();
                numbers.resize(first + array.len(), 0.0);
                write_numbers(array, &mut numbers[first..])?;
            }
            Self::Labels(labels) => {
                // Large, because a batch may hold more text than the offsets of the other reach.
                let array = cast(array, &DataType::LargeUtf8)?;
                array.as_string::<i64>().iter().for_each(|label| labels.push(label));
            }
            Self::Unsupported(_) => {}
        }
        Ok(())
    }

    /// The column.
    pub(in crate::input) fn finish(self) -> ColumnData {
        match self {
            Self::Numbers(numbers) => ColumnData::Numeric(numbers),
            Self::Labels(labels) => labels.finish(),
            Self::Unsupported(type_name) => ColumnData::Unsupported(type_name),
        }
    }
}

/// Writes the numbers in `array` to `out`, which is as long, and NaN where one is missing.
pub(in crate::input) fn write_numbers(
    array: &dyn Array,
    out: &mut [f64],
) -> Result<(), ArrowError> {
    fn write<T: Copy>(values: &[T], out: &mut [f64], number: impl Fn(T) -> f64) {
        for (out, &value) in out.iter_mut().zip(values) {
            *out = number(value);
        }
    }
    match array.data_type() {
        DataType::Float64 => write(array.as_primitive::<Float64Type>().values(), out, |x| x),
        DataType::Float32 => write(array.as_primitive::<Float32Type>().values(), out, f64::from),
        DataType::Int8 => write(array.as_primitive::<Int8Type>().values(), out, f64::from),
        DataType::Int16 => write(array.as_primitive::<Int16Type>().values(), out, f64::from),
        DataType::Int32 => write(array.as_primitive::<Int32Type>().values(), out, f64::from),
        DataType::Int64 => write(array.as_primitive::<Int64Type>().values(), out, |x| x as f64),
        DataType::UInt8 => write(array.as_primitive::<UInt8Type>().values(), out, f64::from),
        DataType::UInt16 => write(array.as_primitive::<UInt16Type>().values(), out, f64::from),
        DataType::UInt32 => write(array.as_primitive::<UInt32Type>().values(), out, f64::from),
        DataType::UInt64 => write(array.as_primitive::<UInt64Type>().values(), out, |x| x as f64),
        _ => return write_numbers(&cast(array, &DataType::Float64)?, out),
    }
    if let Some(nulls) = array.nulls().filter(|nulls| nulls.null_count() > 0) {
        for (out, is_valid) in out.iter_mut().zip(nulls) {
            if !is_valid {
                *out = f64::NAN;
            }
        }
    }
    Ok(())
}

/// The labels of some rows: those of a dictionary, or one for each row.
pub(in crate::input) struct LabelArray {
    /// Labels, each as often as the array has it.
    pub(in crate::input) labels: LargeStringArray,
    /// For each row the position of its label; none where it is missing.
    pub(in crate::input) keys: Vec<Option<usize>>,
}

impl LabelArray {
    /// The labels in `array`.
    pub(in crate::input) fn new(array: &dyn Array) -> Result<Self, ArrowError> {
        let text = |array: &dyn Array| -> Result<LargeStringArray, ArrowError> {
            Ok(cast(array, &DataType::LargeUtf8)?.as_string().clone())
        };
        let dictionary = array.as_any_dictionary_opt().filter(|array| !array.values().is_empty());
        let (labels, keys) = match dictionary {
            Some(dictionary) => (text(dictionary.values())?, dictionary.normalized_keys()),
            None => (text(array)?, (0..array.len()).collect()),
        };
        let key = |(row, key)| (array.is_valid(row) && labels.is_valid(key)).then_some(key);
        let keys = keys.into_iter().enumerate().map(key).collect();
        Ok(Self { labels, keys })
    }
}
