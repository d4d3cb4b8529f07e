//! Parquet files, a window of rows at a time.

use std::sync::Arc;

use arrow_array::{Array, ArrayRef};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
    ParquetRecordBatchReaderBuilder,
};
use parquet::file::metadata::{ColumnChunkMetaData, RowGroupMetaData};
use rayon::prelude::*;

use super::file::{Shared, SteadyFile};
use super::{Visit, WINDOW};
use crate::input::error::{FileProblem, InputError, Place};
use crate::input::read::Format;
use crate::input::read::arrow::unknown_codec;
use crate::input::read::guard::catch_panic;

/// Most bytes of a page, as writers usually have it.
const PAGE: usize = 1 << 20;

/// A Parquet file, with what its end says.
#[derive(Debug)]
pub(super) struct ParquetFile {
    file: Shared,
    metadata: ArrowReaderMetadata,
}

impl ParquetFile {
    pub(super) fn open(file: Arc<SteadyFile>) -> Result<Self, InputError> {
        let file = Shared(file);
        let load = || ArrowReaderMetadata::load(&file, ArrowReaderOptions::new());
        let metadata = catch_panic(load)
            .and_then(|metadata| metadata.map_err(|error| error.to_string()))
            .map_err(|message| file.0.damaged(Format::Parquet, message))?;
        if let Some(codec) = unknown_codec(metadata.metadata()) {
            return Err(FileProblem::UnknownCodec { codec }.at(Place::file(file.0.path())));
        }
        let metadata = with_dictionaries(&metadata).unwrap_or(metadata);
        Ok(Self { file, metadata })
    }

    pub(super) fn n_rows(&self) -> usize {
        usize::try_from(self.metadata.metadata().file_metadata().num_rows()).unwrap_or(0)
    }

    pub(super) fn schema(&self) -> &SchemaRef {
        self.metadata.schema()
    }

    /// About as many bytes as reading one column takes: its page, and values on their way.
    pub(super) fn bytes_per_column(&self) -> usize {
        let groups = self.metadata.metadata().row_groups().iter();
        let sizes = groups.flat_map(RowGroupMetaData::columns);
        let sizes = sizes.map(ColumnChunkMetaData::uncompressed_size);
        let largest = usize::try_from(sizes.max().unwrap_or(0)).unwrap_or(0);
        largest.min(PAGE) + 3 * WINDOW.min(self.n_rows()) * size_of::<f64>()
    }

    /// Each column has a reader of its own, so that they are decoded in parallel.
    pub(super) fn read<E: From<InputError>>(
        &self,
        columns: &[usize],
        visit: Visit<'_, E>,
    ) -> Result<(), E> {
        let damaged = |message: String| self.file.0.damaged(Format::Parquet, message);
        let reader = |&column: &usize| {
            let (file, metadata) = (self.file.clone(), self.metadata.clone());
            let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata);
            let mask = ProjectionMask::roots(builder.parquet_schema(), [column]);
            let reader = builder.with_projection(mask).with_batch_size(WINDOW).build();
            reader.map_err(|error| error.to_string())
        };
        let mut readers: Vec<ParquetRecordBatchReader> =
            columns.iter().map(reader).collect::<Result<_, _>>().map_err(damaged)?;
        let (mut first, n_rows) = (0, self.n_rows());
        while first < n_rows {
            let next = |reader: &mut ParquetRecordBatchReader| match catch_panic(|| reader.next())?
            {
                Some(Ok(batch)) if batch.num_columns() == 1 => Ok(Arc::clone(batch.column(0))),
                Some(Ok(_)) | None => Err("a column ends before the others".to_owned()),
                Some(Err(error)) => Err(error.to_string()),
            };
            let arrays: Result<Vec<ArrayRef>, String> = readers.par_iter_mut().map(next).collect();
            let arrays = arrays.map_err(damaged)?;
            let n = arrays.first().map_or(0, Array::len);
            if n == 0 || first + n > n_rows || arrays.iter().any(|array| array.len() != n) {
                let message = "its columns differ in their number of rows".to_owned();
                return Err(damaged(message).into());
            }
            visit(first, &arrays)?;
            first += n;
        }
        Ok(())
    }
}

/// The same file with its text columns read as dictionaries, as they are mostly stored: then a label is
/// looked up once, not in every row.
fn with_dictionaries(metadata: &ArrowReaderMetadata) -> Option<ArrowReaderMetadata> {
    let field = |field: &Arc<Field>| match field.data_type() {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => {
            let text = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
            Arc::new(field.as_ref().clone().with_data_type(text))
        }
        _ => Arc::clone(field),
    };
    let schema = metadata.schema();
    let fields: Vec<Arc<Field>> = schema.fields().iter().map(field).collect();
    let schema = Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone()));
    let options = ArrowReaderOptions::new().with_schema(schema);
    ArrowReaderMetadata::try_new(Arc::clone(metadata.metadata()), options).ok()
}
