//! Parquet and Arrow files.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_ipc::reader::{FileReader, StreamReader};
use arrow_schema::{ArrowError, Schema};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::Compression;
use parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};

use super::arrays::{Kind, Values};
use super::{Format, ReadOptions};
use crate::input::error::{FileProblem, InputError, Place};
use crate::input::names;
use crate::input::table::{Column, Source, Table, TableData};

/// The first bytes of an Arrow IPC file; a stream has none.
pub(in crate::input) const FILE_MAGIC: &[u8] = b"ARROW1";

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
pub(in crate::input) fn unknown_codec(metadata: &ParquetMetaData) -> Option<String> {
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
        .map(|(field, as_labels)| Values::new(Kind::new(field.data_type(), as_labels)))
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
