//! Problems of reading a file.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::quote;
use crate::input::read::Format;

/// What is wrong with a file.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FileProblem {
    /// The file cannot be opened or read to its end.
    #[error("{}", explain(.error))]
    Io {
        /// What the system said.
        error: io::Error,
    },
    /// The format cannot be told from the name.
    #[error(
        "the format cannot be told from the file's name; end it in .csv, .tsv, .parquet, .arrow, \
         .feather or .svmlight (text also with .gz after it), or give the format with --format"
    )]
    UnknownFormat,
    /// There is nothing in the file.
    #[error("the file is empty; give one that has at least one row of data")]
    Empty,
    /// There are column names, but nothing below them.
    #[error("the file has column names but no rows of data; add the data below the names")]
    NoRows,
    /// A file of labelled lines has none.
    #[error("the file has no data; each line needs a label and then index:value pairs")]
    NoLines,
    /// The file has no column at all.
    #[error("the file has no columns; write it again with the data in it")]
    NoColumns,
    /// A binary file cannot be decoded.
    #[error(
        "this cannot be read as {format} ({message}); write or download the file again, or give \
         its true format with --format"
    )]
    Damaged {
        /// The format it was read as.
        format: Format,
        /// The decoder's own words.
        message: String,
    },
    /// The file is compressed in a way that is not supported.
    #[error(
        "the columns are compressed with {codec}, which is not supported; write the file again \
         with snappy, zstd, gzip or lz4 compression"
    )]
    UnknownCodec {
        /// Name of the compression.
        codec: String,
    },
    /// The file changed between two looks at it.
    #[error(
        "the file changed while it was being read: it was written to, replaced or cut short; leave it \
         as it is until the run has ended, and run again"
    )]
    Changed,
    /// A file of this format has to be read as a whole.
    #[error(
        "a {format} file cannot be streamed, because its columns cannot be read apart; write it as \
         Parquet first{}", conversion(*.format, .path)
    )]
    NotStreamable {
        /// The format of the file.
        format: Format,
        /// The file.
        path: PathBuf,
    },
    /// An Arrow stream instead of an Arrow file.
    #[error(
        "this is an Arrow stream, which does not say where its batches are, and cannot be streamed from \
         here; write it as an Arrow file (Feather) or as Parquet"
    )]
    ArrowStream,
    /// The text is not UTF-8.
    #[error("the text is not UTF-8; save the file again with the encoding UTF-8")]
    NotUtf8,
    /// Lines end with a carriage return alone.
    #[error(
        "the lines end with a carriage return alone, as on old Macs; save the file again with \
         usual line ends (LF or CRLF)"
    )]
    OldLineEnds,
    /// The header looks like one column, but has another delimiter in it.
    #[error(
        "the header is one column, {}, and seems to be separated by {}; say so with --delimiter",
        quote(.header),
        delimiter_name(*.delimiter)
    )]
    OtherDelimiter {
        /// The header's single name.
        header: String,
        /// The character that seems to separate the columns.
        delimiter: char,
    },
    /// A column has no name.
    #[error("column {position} has no name; give every column a name of its own")]
    EmptyName {
        /// Position of the column, from 1.
        position: usize,
    },
    /// Two columns have the same name.
    #[error(
        "columns {first} and {second} are both called {}; give every column a name of its own",
        quote(.name)
    )]
    DuplicateName {
        /// The name.
        name: String,
        /// Position of the first column called so, from 1.
        first: usize,
        /// Position of the second column called so, from 1.
        second: usize,
    },
    /// A row has not as many fields as the header.
    #[error(
        "this row has {found} fields, but the header has {expected}; look for a missing or \
         surplus delimiter or quotation mark"
    )]
    FieldCount {
        /// The number of columns in the header.
        expected: usize,
        /// The number of fields in the row.
        found: usize,
    },
    /// A quotation mark has no counterpart.
    #[error("a quotation mark of this row is never closed; close it, or write it as \"\"")]
    OpenQuote,
    /// A cell of a column of numbers is not a number.
    #[error(
        "{} is not a number, but the cells above it are; correct the cell, leave it empty or \
         write NA if the value is missing, or read the column as labels with --categorical {}",
        quote(.found),
        quote(.column)
    )]
    TextAmongNumbers {
        /// Name of the column.
        column: String,
        /// Text of the cell.
        found: String,
    },
    /// A cell of a column of labels is a number.
    #[error(
        "{} is a number, but row {text_row} has the text {}; correct the one that is wrong (a \
         missing value is written NA or left empty), or read all as labels with --categorical {}",
        quote(.found),
        quote(.text),
        quote(.column)
    )]
    NumberAmongText {
        /// Name of the column.
        column: String,
        /// Text of the cell.
        found: String,
        /// The first text in the column.
        text: String,
        /// The data row it is in, from 1.
        text_row: usize,
    },
    /// A line does not start with a number.
    #[error("the line starts with {}; it must start with the label, a number", quote(.found))]
    BadLabel {
        /// The first word of the line.
        found: String,
    },
    /// A word of a line is not `index:value`.
    #[error(
        "{} is not of the form index:value with a whole number and a number, such as 3:0.5",
        quote(.found)
    )]
    BadFeature {
        /// The word.
        found: String,
    },
    /// A line has the index 0.
    #[error("the index 0 is used, but indices start at 1; add 1 to every index of the file")]
    IndexZero,
    /// An index is not above the one before it.
    #[error(
        "index {index} comes after {previous}; the indices of a line must increase, each at most \
         once"
    )]
    IndexOrder {
        /// The index before.
        previous: usize,
        /// The index found.
        index: usize,
    },
    /// An index is beyond what is supported.
    #[error("index {index} is above {largest}, the largest supported; renumber the columns")]
    IndexTooLarge {
        /// The index found.
        index: u64,
        /// The largest index supported.
        largest: usize,
    },
}

/// Says what an error of the system means for the user.
fn explain(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file; check its name and folder".to_owned(),
        io::ErrorKind::PermissionDenied => {
            "the file may not be read; check its permissions".to_owned()
        }
        io::ErrorKind::IsADirectory => "this is a folder; name a file in it".to_owned(),
        // Not from the system, hence from decompression.
        _ if error.raw_os_error().is_none() => {
            "the compressed file is damaged or cut short; copy or download it again".to_owned()
        }
        _ => format!("the file cannot be read ({error}); check the disk or the connection"),
    }
}

/// How a file of text becomes one of Parquet without being in memory as a whole.
fn conversion(format: Format, path: &Path) -> String {
    let separator = match format {
        Format::Csv => "",
        Format::Tsv => ", separator='\\t'",
        Format::Parquet | Format::Arrow | Format::Svmlight => return String::new(),
    };
    let (from, to) = (path.display(), path.with_extension("parquet"));
    let to = to.display();
    format!(
        ", for example with `python -c \"import polars; \
         polars.scan_csv('{from}'{separator}).sink_parquet('{to}')\"`"
    )
}

/// How a delimiter is called in a message.
fn delimiter_name(delimiter: char) -> String {
    match delimiter {
        '\t' => "tabs".to_owned(),
        other => format!("\"{other}\""),
    }
}
