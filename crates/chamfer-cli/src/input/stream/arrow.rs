//! Arrow files, a record batch at a time.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::{Array, ArrayRef};
use arrow_buffer::Buffer;
use arrow_ipc::convert::try_fb_to_schema;
use arrow_ipc::reader::{read_dictionary, read_footer_length, read_record_batch};
use arrow_ipc::{Block, MetadataVersion, root_as_footer, root_as_message};
use arrow_schema::{ArrowError, DataType, SchemaRef};
use rayon::prelude::*;

use super::file::SteadyFile;
use super::{Visit, WINDOW};
use crate::input::error::{FileProblem, InputError, Place};
use crate::input::read::Format;
use crate::input::read::arrow::FILE_MAGIC;
use crate::input::read::guard::catch_panic;

/// Bytes at the end of a file: the length of the footer, and the magic ones.
const TRAILER: usize = 10;
/// Columns that are decoded in one task: each task goes through the whole list of columns.
const TASK_COLUMNS: usize = 4;

/// Most bytes of a value of a type of fixed width.
const WIDEST: i64 = 32;
/// Most bytes of a text, on average: with more, the length of a column is taken for damaged.
const LONGEST: i64 = 1 << 16;
/// Bytes that a writer may add to a part.
const PADDING: i64 = 128;

/// An Arrow IPC file, with what its footer says.
#[derive(Debug)]
pub(super) struct ArrowFile {
    file: Arc<SteadyFile>,
    schema: SchemaRef,
    version: MetadataVersion,
    dictionaries: HashMap<i64, ArrayRef>,
    batches: Vec<Batch>,
}

/// A part of the body of a record batch.
struct Part {
    offset: usize,
    length: usize,
    /// Most bytes that it has when it is not compressed.
    most: i64,
}

/// Where a record batch is.
#[derive(Debug)]
struct Batch {
    n_rows: usize,
    /// What says where its columns are in its body.
    message: Vec<u8>,
    body: u64,
    body_length: usize,
}

impl ArrowFile {
    pub(super) fn open(file: &Arc<SteadyFile>) -> Result<Self, InputError> {
        let mut start = [0; FILE_MAGIC.len()];
        if file.read_exact_at(0, &mut start).is_ok() && start != *FILE_MAGIC {
            return Err(FileProblem::ArrowStream.at(Place::file(file.path())));
        }
        let opened = catch_panic(|| Self::of_footer(file).map_err(|error| error.to_string()));
        opened.and_then(|opened| opened).map_err(|message| file.damaged(Format::Arrow, message))
    }

    fn of_footer(file: &Arc<SteadyFile>) -> Result<Self, ArrowError> {
        let mut trailer = [0; TRAILER];
        let end = file.length().checked_sub(TRAILER as u64).ok_or_else(cut_short)?;
        file.read_exact_at(end, &mut trailer)?;
        let length = read_footer_length(trailer)?;
        let start = end.checked_sub(length as u64).ok_or_else(cut_short)?;
        let footer = read(file, start, length)?;
        let footer =
            root_as_footer(&footer).map_err(|error| ArrowError::ParseError(error.to_string()))?;
        let schema = footer.schema().ok_or_else(cut_short)?;
        if !schema.endianness().equals_to_target_endianness() {
            let message = "its bytes are in the order of another kind of machine";
            return Err(ArrowError::IpcError(message.to_owned()));
        }
        let schema = Arc::new(try_fb_to_schema(schema)?);
        let version = footer.version();
        let mut dictionaries = HashMap::new();
        for block in footer.dictionaries().iter().flatten() {
            let batch = Batch::new(file, block)?;
            let body = Buffer::from_vec(read(file, batch.body, batch.body_length)?);
            let message = message(&batch.message)?;
            let of_dictionary = message.header_as_dictionary_batch().ok_or_else(cut_short)?;
            read_dictionary(&body, of_dictionary, &schema, &mut dictionaries, &version)?;
        }
        let blocks = footer.recordBatches().ok_or_else(cut_short)?;
        let batches = blocks.iter().map(|block| Batch::new(file, block));
        let batches = batches.collect::<Result<_, _>>()?;
        Ok(Self { file: Arc::clone(file), schema, version, dictionaries, batches })
    }

    pub(super) fn n_rows(&self) -> usize {
        self.batches.iter().map(|batch| batch.n_rows).sum()
    }

    pub(super) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// About as many bytes as reading one column takes: the largest batch of it, compressed and not, and
    /// values on their way.
    pub(super) fn bytes_per_column(&self) -> usize {
        let largest = self.batches.iter().map(|batch| batch.n_rows).max().unwrap_or(0);
        (2 * largest + 2 * WINDOW.min(largest)) * size_of::<f64>()
    }

    pub(super) fn read<E: From<InputError>>(
        &self,
        columns: &[usize],
        visit: Visit<'_, E>,
    ) -> Result<(), E> {
        let mut first = 0;
        for batch in &self.batches {
            let arrays = self.arrays(batch, columns);
            let arrays =
                arrays.map_err(|error| self.file.damaged(Format::Arrow, error.to_string()))?;
            for start in (0..batch.n_rows).step_by(WINDOW) {
                let n = WINDOW.min(batch.n_rows - start);
                let window: Vec<ArrayRef> = arrays.iter().map(|a| a.slice(start, n)).collect();
                visit(first + start, &window)?;
            }
            first += batch.n_rows;
        }
        Ok(())
    }

    /// Columns of a batch.
    fn arrays(&self, batch: &Batch, columns: &[usize]) -> Result<Vec<ArrayRef>, ArrowError> {
        let message = message(&batch.message)?;
        let record = message.header_as_record_batch().ok_or_else(cut_short)?;
        // What is not read stays as the system hands it out: zeros that take no memory.
        let mut body = vec![0; batch.body_length];
        for Part { offset, length, most } in self.parts(record, columns) {
            let end = offset.checked_add(length).filter(|end| *end <= body.len());
            let part = &mut body[offset..end.ok_or_else(cut_short)?];
            self.file.read_exact_at(batch.body + offset as u64, part)?;
            // A compressed part starts with its length, for which memory is taken at once.
            if record.compression().is_some()
                && part.first_chunk().is_some_and(|length| i64::from_le_bytes(*length) > most)
            {
                return Err(cut_short());
            }
        }
        let body = Buffer::from_vec(body);
        let decode = |columns: &[usize]| {
            let decode = || {
                let (schema, all) = (Arc::clone(&self.schema), &self.dictionaries);
                read_record_batch(&body, record, schema, all, Some(columns), &self.version)
            };
            let decoded = catch_panic(decode).map_err(ArrowError::IpcError)??;
            if decoded.num_rows() != batch.n_rows {
                return Err(cut_short());
            }
            Ok(decoded.columns().to_vec())
        };
        let decoded: Result<Vec<Vec<ArrayRef>>, ArrowError> =
            columns.par_chunks(TASK_COLUMNS).map(decode).collect();
        Ok(decoded?.into_iter().flatten().collect())
    }

    /// What `columns` need of a body: all of it where there are nested columns before them.
    fn parts(&self, record: arrow_ipc::RecordBatch<'_>, columns: &[usize]) -> Vec<Part> {
        let n_rows = record.length().saturating_add(1);
        let part = |buffer: &arrow_ipc::Buffer, width: i64| Part {
            offset: usize::try_from(buffer.offset()).unwrap_or(usize::MAX),
            length: usize::try_from(buffer.length()).unwrap_or(usize::MAX),
            most: n_rows.saturating_mul(width).saturating_add(PADDING),
        };
        let mut buffers = record.buffers().into_iter().flatten();
        let mut variadic = record.variadicBufferCounts().into_iter().flatten();
        let mut parts = Vec::new();
        for (column, field) in self.schema.fields().iter().enumerate() {
            let (n, width) = match field.data_type() {
                DataType::Null => (0, WIDEST),
                DataType::Utf8 | DataType::LargeUtf8 | DataType::Binary | DataType::LargeBinary => {
                    (3, LONGEST)
                }
                DataType::Utf8View | DataType::BinaryView => {
                    let n = variadic.next().and_then(|n| usize::try_from(n).ok());
                    (n.unwrap_or(0).saturating_add(2), LONGEST)
                }
                other if other.is_nested() => {
                    return record
                        .buffers()
                        .into_iter()
                        .flatten()
                        .map(|b| part(b, LONGEST))
                        .collect();
                }
                _ => (2, WIDEST),
            };
            let of_column = buffers.by_ref().take(n);
            if columns.contains(&column) {
                parts.extend(of_column.map(|buffer| part(buffer, width)));
            } else {
                of_column.for_each(drop);
            }
        }
        parts
    }
}

impl Batch {
    fn new(file: &SteadyFile, block: &Block) -> Result<Self, ArrowError> {
        let size = |n: i64| usize::try_from(n).map_err(|_| cut_short());
        let (start, header) = (size(block.offset())?, size(block.metaDataLength().into())?);
        let body_length = size(block.bodyLength())?;
        let body = start.checked_add(header).ok_or_else(cut_short)? as u64;
        if body.checked_add(body_length as u64).is_none_or(|end| end > file.length()) {
            return Err(cut_short());
        }
        let message_bytes = read(file, start as u64, header)?;
        let n_rows = match message(&message_bytes)?.header_as_record_batch() {
            Some(batch) => size(batch.length())?,
            None => 0,
        };
        Ok(Self { n_rows, message: message_bytes, body, body_length })
    }
}

/// Bytes of a file.
fn read(file: &SteadyFile, offset: u64, length: usize) -> Result<Vec<u8>, ArrowError> {
    if offset.checked_add(length as u64).is_none_or(|end| end > file.length()) {
        return Err(cut_short());
    }
    let mut bytes = vec![0; length];
    file.read_exact_at(offset, &mut bytes)?;
    Ok(bytes)
}

/// The message in `bytes`, which starts with its length; since version 0.15 of the format after a mark.
fn message(bytes: &[u8]) -> Result<arrow_ipc::Message<'_>, ArrowError> {
    const MARK: [u8; 4] = [0xff; 4];
    let start = if bytes.starts_with(&MARK) { 8 } else { 4 };
    let message = bytes.get(start..).ok_or_else(cut_short)?;
    root_as_message(message).map_err(|error| ArrowError::ParseError(error.to_string()))
}

fn cut_short() -> ArrowError {
    ArrowError::IpcError("it is cut short, or its parts do not fit together".to_owned())
}
