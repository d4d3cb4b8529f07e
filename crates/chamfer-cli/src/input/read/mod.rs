//! Reading files into tables.

pub(super) mod arrays;
pub(super) mod arrow;
mod csv;
mod format;
pub(super) mod guard;
mod infer;
mod labels;
mod svmlight;
mod text;

use std::collections::HashSet;
use std::fs::File;
use std::io;
use std::path::Path;

pub use format::Format;

use super::error::{FileProblem, InputError, Place, Role};
use super::names;
use super::table::Table;

/// How to read a file. The default finds out everything from the file.
#[derive(Debug, Clone, Default)]
pub struct ReadOptions {
    /// The format; without it, the name of the file tells.
    pub format: Option<Format>,
    /// What separates the fields of CSV and TSV files; without it, a comma or a tab.
    pub delimiter: Option<u8>,
    /// Columns to be read as labels even if they look like numbers: names, or patterns with `*`
    /// and `?`. Each must mean at least one column.
    pub categorical: Vec<String>,
    /// Names of more such columns that need not be in the file: those a model was fitted with
    /// (see [`Encoding::text_columns`](super::Encoding::text_columns)).
    pub categorical_if_present: Vec<String>,
}

impl ReadOptions {
    /// The format of the file at `path`.
    ///
    /// # Errors
    ///
    /// If neither the options nor the name of the file tell.
    pub fn format_of(&self, path: &Path) -> Result<Format, InputError> {
        let format = self.format.or_else(|| Format::of_name(path));
        format.ok_or_else(|| FileProblem::UnknownFormat.at(Place::file(path)))
    }

    /// For each of the columns called `names` of the file at `path`, whether it is to be read as
    /// labels.
    pub(super) fn as_labels<S: AsRef<str>>(
        &self,
        names: &[S],
        path: &Path,
    ) -> Result<Vec<bool>, InputError> {
        let (mut chosen, _) = names::matching(&self.categorical, names, Role::Categorical)
            .map_err(|problem| problem.at(Place::file(path)))?;
        let known: HashSet<&str> = self.categorical_if_present.iter().map(String::as_str).collect();
        for (chosen, name) in chosen.iter_mut().zip(names) {
            *chosen |= known.contains(name.as_ref());
        }
        Ok(chosen)
    }
}

/// Reads the table in the file at `path`.
///
/// CSV and TSV files need a line of column names. Their text is UTF-8, and the file may be
/// compressed with gzip. A column is numeric if every cell of it is a number or missing, and text
/// if none is a number; a mixture is an error. A cell is missing if it is empty or one of `NA`,
/// `N/A`, `NaN`, `null`, `NULL`, `None`, `?` and `.`.
///
/// In Parquet and Arrow files all numbers and truth values are numeric, all strings are text, and
/// nulls are missing. Lines of svmlight files are a label and `index:value` pairs with indices
/// from 1.
///
/// # Errors
///
/// If the file cannot be read or is not what its format asks for, or if a column to be read as
/// labels does not exist.
pub fn read(path: &Path, options: &ReadOptions) -> Result<Table, InputError> {
    let failed = |error| FileProblem::Io { error }.at(Place::file(path));
    // Opened before the format is looked for: that there is no such file is the better message.
    let file = open(path).map_err(failed)?;
    let format = options.format_of(path)?;
    match format {
        Format::Csv | Format::Tsv => {
            let usual = if format == Format::Csv { b',' } else { b'\t' };
            let text = text::decompressed(file).map_err(failed)?;
            csv::read(path, text, options.delimiter.unwrap_or(usual), options)
        }
        Format::Svmlight => {
            svmlight::read(path, text::decompressed(file).map_err(failed)?, options)
        }
        Format::Parquet => decode(arrow::read_parquet, path, file, options, format),
        Format::Arrow => decode(arrow::read_arrow, path, file, options, format),
    }
}

/// Runs `decoder`, with a panic of it as an error.
fn decode(
    decoder: fn(&Path, File, &ReadOptions) -> Result<Table, InputError>,
    path: &Path,
    file: File,
    options: &ReadOptions,
    format: Format,
) -> Result<Table, InputError> {
    if file.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.len() == 0) {
        return Err(FileProblem::Empty.at(Place::file(path)));
    }
    guard::catch_panic(|| decoder(path, file, options)).unwrap_or_else(|message| {
        Err(FileProblem::Damaged { format, message }.at(Place::file(path)))
    })
}

/// Opens the file at `path`. A folder can be opened too on some systems, and is refused here.
pub(super) fn open(path: &Path) -> io::Result<File> {
    let file = File::open(path)?;
    if file.metadata()?.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    Ok(file)
}
