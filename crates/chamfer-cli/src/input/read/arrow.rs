//! Parquet and Arrow files.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{Array, RecordBatch};
use arrow_cast::cast;
use arrow_ipc::reader::{FileReader, StreamReader};
use arrow_schema::{ArrowError, DataType, Schema};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::Compression;
use parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};

use super::labels::Labels;
use super::{Format, ReadOptions};
use crate::input::error::{FileProblem, InputError, Place};
use crate::input::names;
use crate::input::table::{Column, ColumnData, Source, Table, TableData};

/// The first bytes of an Arrow IPC file; a stream has none.
const FILE_MAGIC: &[u8] = b"ARROW1";

/// Reads the Parquet file `file` at `path`.
pub(super) fn read_parquet(
    path: &Path,
    file: File,
    options: &ReadOptions,
) -> Result<Table, InputError> {
    let damaged = |message: String| {
        FileProblem::Damaged { format: Format::Parquet, message }.at(Place::file(path))
    };
    let builder = ParquetRecordBatchReaderBuilder::try_new(file)
        .map_err(|error| damaged(error.to_string()))?;
    if let Some(codec) = unknown_codec(builder.metadata()) {
        return Err(FileProblem::UnknownCodec { codec }.at(Place::file(path)));
    }
    let schema = Arc::clone(builder.schema());
    let batches = builder.build().map_err(|error| damaged(error.to_string()))?;
    collect(path, &schema, batches, options, |error| damaged(error.to_string()))
}

/// The name of a compression used in a file that cannot be undone here.
fn unknown_codec(metadata: &ParquetMetaData) -> Option<String> {
    let groups = metadata.row_groups().iter();
    let unknown = groups.flat_map(RowGroupMetaData::columns).find_map(|c| match c.compression() {
        Compression::BROTLI(_) => Some("Brotli"),
        Compression::LZO => Some("LZO"),
        _ => None,
    });
    unknown.map(str::to_owned)
}

/// Reads the Arrow file or stream `file` at `path`.
pub(super) fn read_arrow(
    path: &Path,
    file: File,
    options: &ReadOptions,
) -> Result<Table, InputError> {
    let damaged = |error: ArrowError| {
        FileProblem::Damaged { format: Format::Arrow, message: error.to_string() }
            .at(Place::file(path))
    };
    let mut file = BufReader::new(file);
    let start = file.fill_buf().map_err(|error| FileProblem::Io { error }.at(Place::file(path)))?;
    if start.starts_with(FILE_MAGIC) {
        let batches = FileReader::try_new(file, None).map_err(damaged)?;
        let schema = batches.schema();
        collect(path, &schema, batches, options, damaged)
    } else {
        let batches = StreamReader::try_new(file, None).map_err(damaged)?;
        let schema = batches.schema();
        collect(path, &schema, batches, options, damaged)
    }
}

/// Gathers the columns of `schema` from `batches`, one batch after another.
fn collect(
    path: &Path,
    schema: &Schema,
    batches: impl Iterator<Item = Result<RecordBatch, ArrowError>>,
    options: &ReadOptions,
    damaged: impl Fn(ArrowError) -> InputError,
) -> Result<Table, InputError> {
    let names: Vec<&String> = schema.fields().iter().map(|field| field.name()).collect();
    if names.is_empty() {
        return Err(FileProblem::NoColumns.at(Place::file(path)));
    }
    names::check(&names, path)?;
    let as_labels = options.as_labels(&names, path)?;
    let mut values: Vec<Values> = schema
        .fields()
        .iter()
        .zip(as_labels)
        .map(|(field, as_labels)| Values::new(field.data_type(), as_labels))
        .collect();
    let mut n_rows = 0;
    for batch in batches {
        let batch = batch.map_err(&damaged)?;
        n_rows += batch.num_rows();
        for (values, array) in values.iter_mut().zip(batch.columns()) {
            values.extend(array).map_err(&damaged)?;
        }
    }
    if n_rows == 0 {
        return Err(FileProblem::NoRows.at(Place::file(path)));
    }
    let columns = names
        .into_iter()
        .zip(values)
        .map(|(name, values)| Column { name: name.clone(), data: values.finish() })
        .collect();
    Ok(Table { source: Source::new(path, None), n_rows, data: TableData::Columns(columns) })
}

/// The values of a column so far.
enum Values {
    Numbers(Vec<f64>),
    Labels(Labels),
    Unsupported(String),
}

impl Values {
    /// No values yet of a column of type `data_type`, read as labels if `as_labels`.
    fn new(data_type: &DataType, as_labels: bool) -> Self {
        // Labels are often stored as a dictionary; what counts is the type of its entries.
        let entry = match data_type {
            DataType::Dictionary(_, entry) => entry,
            other => other,
        };
        let is_number = entry.is_numeric() || matches!(entry, DataType::Boolean | DataType::Null);
        let is_text = matches!(entry, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View);
        if is_text || (is_number && as_labels) {
            Self::Labels(Labels::default())
        } else if is_number {
            Self::Numbers(Vec::new())
        } else {
            Self::Unsupported(data_type.to_string())
        }
    }

    /// Adds the values of `array`.
    fn extend(&mut self, array: &dyn Array) -> Result<(), ArrowError> {
        match self {
            Self::Numbers(numbers) => {
                let array = cast(array, &DataType::Float64)?;
                let array = array.as_primitive::<Float64Type>();
                numbers.extend(array.iter().map(|number| number.unwrap_or(f64::NAN)));
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
    fn finish(self) -> ColumnData {
        match self {
            Self::Numbers(numbers) => ColumnData::Numeric(numbers),
            Self::Labels(labels) => labels.finish(),
            Self::Unsupported(type_name) => ColumnData::Unsupported(type_name),
        }
    }
}
