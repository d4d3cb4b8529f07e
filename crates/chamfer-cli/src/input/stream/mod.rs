//! Files that are read a few rows at a time, anew for each pass over the data.

mod arrow;
mod file;
mod parquet;

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use arrow_array::ArrayRef;
use arrow_schema::{ArrowError, SchemaRef};

use self::arrow::ArrowFile;
use self::file::SteadyFile;
use self::parquet::ParquetFile;
use super::error::{FileProblem, InputError, Place};
use super::names;
use super::read::arrays::{Kind, Values};
use super::read::{Format, ReadOptions, open};
use super::table::{Column, Source, Table, TableData};

/// Most rows of a window: its columns stay in cache, and are worth a task each.
const WINDOW: usize = 1 << 15;

/// What is done with the first row of a window and its columns.
type Visit<'a, E> = &'a mut dyn FnMut(usize, &[ArrayRef]) -> Result<(), E>;

/// A Parquet or Arrow file that is not kept in memory.
///
/// A pass reads and decodes the columns that it needs, in parallel, and hands them on in windows of rows, in
/// order. The file has to stay as it is: each pass looks whether it did.
pub struct Stream {
    source: Source,
    file: Arc<SteadyFile>,
    decoder: Decoder,
    names: Vec<String>,
    kinds: Vec<Kind>,
    n_rows: usize,
    /// Bytes for columns that are kept in memory, and for reading.
    memory: usize,
}

enum Decoder {
    Parquet(ParquetFile),
    Arrow(ArrowFile),
}

impl Decoder {
    fn schema(&self) -> &SchemaRef {
        match self {
            Self::Parquet(file) => file.schema(),
            Self::Arrow(file) => file.schema(),
        }
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream").field("source", &self.source).finish_non_exhaustive()
    }
}

impl PartialEq for Stream {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.file, &other.file) && self.kinds == other.kinds
    }
}

impl Stream {
    /// Opens the file at `path`; passes take about `memory` bytes.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, has a format that cannot be read in parts, or is not what its format asks
    /// for; if it has no rows, or a column to be read as labels does not exist.
    pub fn open(path: &Path, options: &ReadOptions, memory: usize) -> Result<Self, InputError> {
        let failed = |error| FileProblem::Io { error }.at(Place::file(path));
        let file = open(path).map_err(failed)?;
        let format = options.format_of(path)?;
        let file = Arc::new(SteadyFile::new(path, file).map_err(failed)?);
        let decoder = match format {
            Format::Parquet | Format::Arrow if file.length() == 0 => {
                return Err(FileProblem::Empty.at(Place::file(path)));
            }
            Format::Parquet => Decoder::Parquet(ParquetFile::open(Arc::clone(&file))?),
            Format::Arrow => Decoder::Arrow(ArrowFile::open(&file)?),
            Format::Csv | Format::Tsv | Format::Svmlight => {
                let path = path.to_owned();
                let place = Place::file(&path);
                return Err(FileProblem::NotStreamable { format, path }.at(place));
            }
        };
        let fields = decoder.schema().fields();
        let names: Vec<String> = fields.iter().map(|field| field.name().clone()).collect();
        if names.is_empty() {
            return Err(FileProblem::NoColumns.at(Place::file(path)));
        }
        names::check(&names, path)?;
        let as_labels = options.as_labels(&names, path)?;
        let kinds = fields.iter().zip(as_labels);
        let kinds = kinds.map(|(field, as_labels)| Kind::new(field.data_type(), as_labels));
        let kinds = kinds.collect();
        let n_rows = match &decoder {
            Decoder::Parquet(file) => file.n_rows(),
            Decoder::Arrow(file) => file.n_rows(),
        };
        if n_rows == 0 {
            return Err(FileProblem::NoRows.at(Place::file(path)));
        }
        let source = Source::new(path, None);
        Ok(Self { source, file, decoder, names, kinds, n_rows, memory })
    }

    /// The whole file as a table, whose values stay where they are.
    #[must_use]
    pub fn into_table(self) -> Table {
        let (source, n_rows) = (self.source.clone(), self.n_rows);
        Table { source, n_rows, data: TableData::Stream(Arc::new(self)) }
    }

    /// Bytes that the columns would take in memory.
    #[must_use]
    pub fn decoded_bytes(&self) -> u64 {
        let entries = (self.n_rows as u64).saturating_mul(self.names.len() as u64);
        entries.saturating_mul(size_of::<f64>() as u64)
    }

    pub(super) fn source(&self) -> &Source {
        &self.source
    }

    /// Number of rows; at least one.
    #[must_use]
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    pub(super) fn kind(&self, column: usize) -> &Kind {
        &self.kinds[column]
    }

    /// Bytes for columns in memory; a quarter of all is for reading.
    pub(super) fn memory_to_keep(&self) -> usize {
        self.memory - self.memory / 4
    }

    /// How many columns are read at a time, so that it takes no more memory than it may.
    pub(super) fn columns_at_a_time(&self) -> usize {
        let each = match &self.decoder {
            Decoder::Parquet(file) => file.bytes_per_column(),
            Decoder::Arrow(file) => file.bytes_per_column(),
        };
        (self.memory / 4 / each).max(1)
    }

    /// Reads `columns` once: calls `visit` with window after window.
    pub(super) fn read<E: From<InputError>>(
        &self,
        columns: &[usize],
        visit: Visit<'_, E>,
    ) -> Result<(), E> {
        self.check()?;
        let read = match &self.decoder {
            Decoder::Parquet(file) => file.read(columns, visit),
            Decoder::Arrow(file) => file.read(columns, visit),
        };
        // Whatever went wrong: if the file changed, that is why.
        self.check()?;
        read
    }

    /// Fails if the file is not what it was.
    fn check(&self) -> Result<(), InputError> {
        if self.file.is_unchanged() {
            return Ok(());
        }
        Err(FileProblem::Changed.at(self.source.place()))
    }

    /// The error that `array`s of this file cannot be decoded.
    pub(super) fn undecodable(&self, error: &ArrowError) -> InputError {
        let format = match &self.decoder {
            Decoder::Parquet(_) => Format::Parquet,
            Decoder::Arrow(_) => Format::Arrow,
        };
        self.file.damaged(format, error.to_string())
    }

    /// Some columns in memory.
    pub(super) fn columns(&self, columns: &[usize]) -> Result<Vec<Column>, InputError> {
        let mut values: Vec<Values> =
            columns.iter().map(|&column| Values::new(self.kinds[column].clone())).collect();
        self.read(columns, &mut |_, arrays| self.extend(&mut values, arrays))?;
        Ok(self.named(columns, values))
    }

    /// Reads the columns that are called one of `names` once, and calls `visit` with tables of a few rows,
    /// and the number of rows before them.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or `visit` fails.
    pub(super) fn for_tables<E: From<InputError>>(
        &self,
        names: &[&str],
        mut visit: impl FnMut(usize, Table) -> Result<(), E>,
    ) -> Result<(), E> {
        let is_named = |&column: &usize| names.contains(&self.names[column].as_str());
        let columns: Vec<usize> = (0..self.names.len()).filter(is_named).collect();
        // A file without any of them is for `visit` to refuse.
        let columns = if columns.is_empty() { vec![0] } else { columns };
        self.read(&columns, &mut |first, arrays| {
            let of = |&column: &usize| Values::new(self.kinds[column].clone());
            let mut values: Vec<Values> = columns.iter().map(of).collect();
            self.extend(&mut values, arrays)?;
            let n_rows = arrays[0].len();
            let data = TableData::Columns(self.named(&columns, values));
            visit(first, Table { source: self.source.clone().after(first), n_rows, data })
        })
    }

    fn extend(&self, values: &mut [Values], arrays: &[ArrayRef]) -> Result<(), InputError> {
        for (values, array) in values.iter_mut().zip(arrays) {
            values.extend(array).map_err(|error| self.undecodable(&error))?;
        }
        Ok(())
    }

    fn named(&self, columns: &[usize], values: Vec<Values>) -> Vec<Column> {
        let named = |(&column, values): (&usize, Values)| Column {
            name: self.names[column].clone(),
            data: values.finish(),
        };
        columns.iter().zip(values).map(named).collect()
    }
}
