//! svmlight files, also known as libsvm files.

use std::io::BufRead;
use std::path::Path;

use super::ReadOptions;
use crate::input::error::{FileProblem, InputError, Place};
use crate::input::sparse::RowBuilder;
use crate::input::table::{LineNumbers, Source, SparseTable, Table, TableData};

/// The largest index read. A mistyped index would otherwise ask for a table of any width.
const LARGEST_INDEX: u32 = 1 << 24;

/// Reads the text of the file at `path`.
pub(super) fn read(
    path: &Path,
    mut text: impl BufRead,
    options: &ReadOptions,
) -> Result<Table, InputError> {
    // There are no named columns, so that asking for one is an error.
    options.as_labels::<&str>(&[], path)?;
    let mut rows = RowBuilder::new();
    let mut target = Vec::new();
    let mut lines = LineNumbers::default();
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        let n_read = text
            .read_until(b'\n', &mut line)
            .map_err(|error| FileProblem::Io { error }.at(Place::file(path)))?;
        if n_read == 0 {
            break;
        }
        let label = parse_line(&line, &mut rows)
            .map_err(|problem| problem.at(Place::file(path).line(number)))?;
        if let Some(label) = label {
            rows.end_row();
            target.push(label);
            lines.push(number);
        }
    }
    if target.is_empty() {
        return Err(FileProblem::NoLines.at(Place::file(path)));
    }
    Ok(Table {
        source: Source::new(path, Some(lines)),
        n_rows: target.len(),
        data: TableData::Sparse(SparseTable { matrix: rows.finish(), target }),
    })
}

/// Puts the features of `line` into the current row and returns its label; none if there is
/// nothing but a comment on the line.
fn parse_line(line: &[u8], row: &mut RowBuilder) -> Result<Option<f64>, FileProblem> {
    const BOM: &[u8] = b"\xef\xbb\xbf";
    let line = line.strip_prefix(BOM).unwrap_or(line);
    // Comments may be in any encoding.
    let line = line.split(|&byte| byte == b'#').next().unwrap_or_default();
    let line = str::from_utf8(line).map_err(|_| FileProblem::NotUtf8)?;
    let mut words = line.split_ascii_whitespace();
    let Some(first) = words.next() else {
        return Ok(None);
    };
    let label = first.parse().map_err(|_| FileProblem::BadLabel { found: first.to_owned() })?;
    let mut previous = 0;
    for word in words.filter(|word| !word.starts_with("qid:")) {
        let (index, value) = parse_feature(word)?;
        if index <= previous {
            return Err(FileProblem::IndexOrder {
                previous: previous as usize,
                index: index as usize,
            });
        }
        row.push(index - 1, value);
        previous = index;
    }
    Ok(Some(label))
}

/// The index, from 1, and the value of the feature `word`.
fn parse_feature(word: &str) -> Result<(u32, f64), FileProblem> {
    let parsed = word
        .split_once(':')
        .and_then(|(index, value)| Some((index.parse().ok()?, value.parse().ok()?)));
    let (index, value): (u64, f64) =
        parsed.ok_or_else(|| FileProblem::BadFeature { found: word.to_owned() })?;
    match u32::try_from(index) {
        Ok(0) => Err(FileProblem::IndexZero),
        Ok(index) if index <= LARGEST_INDEX => Ok((index, value)),
        _ => Err(FileProblem::IndexTooLarge { index, largest: LARGEST_INDEX as usize }),
    }
}
