//! CSV and TSV files.

use std::io::{BufRead, Read};
use std::path::Path;

use csv::{ByteRecord, Reader, ReaderBuilder, Terminator};

use super::ReadOptions;
use super::infer::Inferred;
use crate::input::error::{FileProblem, InputError, Place};
use crate::input::names;
use crate::input::table::{Column, LineNumbers, Source, Table, TableData};

/// Reads the text of the file at `path`.
pub(super) fn read(
    path: &Path,
    text: impl BufRead,
    delimiter: u8,
    options: &ReadOptions,
) -> Result<Table, InputError> {
    let mut records = Records::new(path, text, delimiter);
    if !records.advance()? {
        return Err(FileProblem::Empty.at(Place::file(path)));
    }
    let names = header(&records, options.delimiter.is_none())?;
    let as_labels = options.as_labels(&names, path)?;
    let mut cells: Vec<Inferred> = as_labels.into_iter().map(Inferred::new).collect();
    let mut lines = LineNumbers::default();
    let mut n_rows = 0;
    while records.advance()? {
        n_rows += 1;
        let place = || Place::file(path).row(n_rows).line(records.line());
        let (expected, found) = (names.len(), records.record.len());
        if found != expected {
            return Err(FileProblem::FieldCount { expected, found }.at(place()));
        }
        for ((cells, name), cell) in cells.iter_mut().zip(&names).zip(&records.record) {
            str::from_utf8(cell)
                .map_err(|_| FileProblem::NotUtf8)
                .and_then(|cell| cells.push(cell.trim(), name))
                .map_err(|problem| problem.at(place().column(name)))?;
        }
        lines.push(records.line());
    }
    if n_rows == 0 {
        return Err(FileProblem::NoRows.at(Place::file(path)));
    }
    let columns = names
        .into_iter()
        .zip(cells)
        .map(|(name, cells)| Column { name, data: cells.finish() })
        .collect();
    let source = Source::new(path, Some(lines));
    Ok(Table { source, n_rows, data: TableData::Columns(columns) })
}

/// The column names in the first of `records`. With `guess`, a single name that has another
/// usual delimiter in it is an error.
fn header(records: &Records<'_>, guess: bool) -> Result<Vec<String>, InputError> {
    let place = || Place::file(records.path).line(records.line());
    let mut names = Vec::with_capacity(records.record.len());
    for name in &records.record {
        let name = str::from_utf8(name)
            .map_err(|_| FileProblem::NotUtf8.at(place().column(&String::from_utf8_lossy(name))))?
            .trim();
        if name.replace("\r\n", "\n").contains('\r') {
            return Err(FileProblem::OldLineEnds.at(place()));
        }
        names.push(name.to_owned());
    }
    if let [header] = &names[..]
        && guess
        && let Some(delimiter) = header.chars().find(|&c| matches!(c, ',' | ';' | '\t' | '|'))
    {
        let header = header.clone();
        return Err(FileProblem::OtherDelimiter { header, delimiter }.at(place()));
    }
    names::check(&names, records.path)?;
    Ok(names)
}

/// What is appended to every file: an end of line and a line that is no data. Where it comes out
/// as part of a record, a quotation was never closed.
const END: &[u8] = b"\n\x04\n";

/// The records of a file, one after another, with their line.
struct Records<'a> {
    path: &'a Path,
    reader: Reader<Box<dyn Read + 'a>>,
    record: ByteRecord,
    /// The line after the record.
    next_line: u64,
}

impl<'a> Records<'a> {
    /// The records of `text`, which is the file at `path`.
    ///
    /// Lines are ended by `\n` alone and not by `\r`, after which the reader would count lines
    /// wrongly; a `\r` at the end of the last field is trimmed away along with spaces.
    fn new(path: &'a Path, text: impl Read + 'a, delimiter: u8) -> Self {
        let text: Box<dyn Read + 'a> = Box::new(text.chain(END));
        let reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(delimiter)
            .terminator(Terminator::Any(b'\n'))
            .from_reader(text);
        Self { path, reader, record: ByteRecord::new(), next_line: 1 }
    }

    /// Reads the next record that is not a blank line; `false` at the end of the file.
    fn advance(&mut self) -> Result<bool, InputError> {
        loop {
            self.reader
                .read_byte_record(&mut self.record)
                .map_err(|error| FileProblem::Io { error: error.into() })
                .map_err(|problem| problem.at(Place::file(self.path)))?;
            self.next_line = self.reader.position().line();
            let bytes = self.record.as_slice();
            if bytes.ends_with(END) {
                return Err(FileProblem::OpenQuote.at(Place::file(self.path).line(self.line())));
            }
            if bytes == END.trim_ascii() {
                return Ok(false);
            }
            if self.record.len() > 1 || !bytes.trim_ascii().is_empty() {
                return Ok(true);
            }
        }
    }

    /// The line that the record starts on.
    ///
    /// The reader's own position is before any blank lines above the record, hence the line is
    /// found from the end: after a record comes one end of line, and some may be inside quotes.
    /// A quotation that is never closed has none after it, and is where the reader says.
    fn line(&self) -> u64 {
        let reached = self.record.position().map_or(1, csv::Position::line);
        if self.next_line == reached + 1 {
            return reached;
        }
        let bytes = self.record.as_slice();
        let inside = bytes.split(|&byte| byte == b'\n').count() - 1;
        reached.max(self.next_line.saturating_sub(1 + inside as u64))
    }
}
