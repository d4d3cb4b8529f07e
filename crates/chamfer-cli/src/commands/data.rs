//! Reading data for a command.

use crate::args::{DataArgs, FileArgs};
use crate::error::{CliError, DataNames};
use crate::input::{
    self, Encoding, Frame, InputError, Matrix, MixedMatrix, Need, Note, ReadOptions, Role,
    Selection, Stream, Table,
};
use crate::machine;
use crate::model::Model;
use crate::output::{Progress, say, with_commas};
use crate::spec::{FamilyName, FamilySpec, Observed};
use chamfer_glm::{ChunkedDesign, DenseDesign, Design, Factor, Family, MixedDesign, SparseDesign};
use std::collections::HashMap;
use std::path::Path;

/// Reads the training data of a fit of a family.
pub fn training(
    args: &DataArgs,
    family: FamilyName,
    folds: Option<(Role, String)>,
) -> Result<(Encoding, Frame, Vec<Note>), CliError> {
    let options = ReadOptions { categorical: args.categorical.clone(), ..options(&args.file) };
    let table = read(&args.file, &options)?;
    let _spinner = spinner(&args.file);
    let selection = Selection {
        target: args.target.clone(),
        several_targets: family == FamilyName::Gaussian,
        kind: family.target_kind(args.positive.clone()),
        weights: args.weights.clone(),
        offset: args.offset.clone(),
        event: args.event.clone(),
        strata: args.strata.clone(),
        folds,
        include: args.include.clone(),
        exclude: args.exclude.clone(),
        missing: args.missing,
    };
    Ok(input::fit_encoding(table, &selection)?)
}

/// Reads data for a model and codes it as the training data was.
pub fn for_model(args: &FileArgs, model: &Model, need: Need) -> Result<Frame, CliError> {
    let table = read(args, &options_for_model(args, model))?;
    let _spinner = spinner(args);
    Ok(model.encoding.apply(table, need).map_err(InputError::for_model)?)
}

/// The file that a model is applied to, if it is streamed.
pub fn stream_for_model(args: &FileArgs, model: &Model) -> Result<Option<Stream>, CliError> {
    stream(args, &options_for_model(args, model))
}

fn options_for_model(args: &FileArgs, model: &Model) -> ReadOptions {
    let categorical_if_present = model.encoding.text_columns();
    ReadOptions { categorical_if_present, ..options(args) }
}

/// Reads a file, or opens it for streaming.
fn read(args: &FileArgs, options: &ReadOptions) -> Result<Table, CliError> {
    if let Some(stream) = stream(args, options)? {
        return Ok(stream.into_table());
    }
    let _spinner = spinner(args);
    Ok(input::read(&args.file, options)?)
}

/// For work that reads a file.
pub fn spinner(args: &FileArgs) -> Progress {
    Progress::spinner(format!("reading {}", file_name(&args.file)))
}

/// Opens a file for streaming, if that is asked for or it is too large for memory.
fn stream(args: &FileArgs, options: &ReadOptions) -> Result<Option<Stream>, CliError> {
    /// Where the system does not say how much memory there is.
    const SAFE: usize = 1 << 30;
    let is_asked_for = args.stream || args.memory.is_some();
    let half = machine::memory().map(|memory| memory / 2);
    let memory = args.memory.or(half).unwrap_or(SAFE);
    let stream = match Stream::open(&args.file, options, memory) {
        Ok(stream) => stream,
        Err(error) if is_asked_for => return Err(error.into()),
        // Reading it whole says what is wrong, if something is.
        Err(_) => return Ok(None),
    };
    let bytes = stream.decoded_bytes();
    let is_too_large = (is_asked_for || half.is_some()) && bytes > memory as u64;
    if is_too_large && !args.stream {
        say(&format!(
            "note: {} would take {} MB of memory, more than the {} MB for it, so that it is read anew \
             for each pass over the data (change with --memory)",
            file_name(&args.file),
            with_commas(usize::try_from(bytes / 1_000_000).unwrap_or(usize::MAX)),
            with_commas(memory / 1_000_000)
        ));
    }
    Ok((args.stream || is_too_large).then_some(stream))
}

fn options(args: &FileArgs) -> ReadOptions {
    ReadOptions { format: args.format, delimiter: args.delimiter, ..ReadOptions::default() }
}

/// The design matrix of a frame, on the frame's own memory.
pub fn design(frame: &Frame) -> Result<Box<dyn Design + '_>, chamfer_glm::Error> {
    Ok(match &frame.matrix {
        Matrix::Mixed(MixedMatrix { n_rows, numbers, factors, columns }) => {
            let n_numeric = numbers.len() / (*n_rows).max(1);
            let numeric = (n_numeric > 0)
                .then(|| DenseDesign::new(*n_rows, n_numeric, numbers))
                .transpose()?;
            match numeric {
                Some(numeric) if factors.is_empty() => Box::new(numeric),
                numeric => {
                    let factors = factors.iter().map(|(codes, n)| Factor::new(codes, *n));
                    let factors = factors.collect::<Result<_, _>>()?;
                    Box::new(MixedDesign::new(numeric, factors, columns.clone())?)
                }
            }
        }
        Matrix::Sparse(sparse) => Box::new(SparseDesign::new(
            sparse.n_rows,
            &sparse.column_starts,
            &sparse.row_indices,
            &sparse.values,
        )?),
        Matrix::Stream(stream) => Box::new(ChunkedDesign::new(stream, stream.memory_to_keep())?),
    })
}

/// The family for the responses of a frame.
pub fn family(
    spec: &FamilySpec,
    frame: &Frame,
    encoding: &Encoding,
) -> Result<Box<dyn Family>, chamfer_glm::Error> {
    spec.make(Observed {
        target: frame.target.as_deref().unwrap_or_default(),
        n_targets: encoding.targets().len(),
        n_classes: encoding.classes().map_or(0, <[String]>::len),
        event: frame.event.as_deref(),
        strata: frame.strata.as_deref(),
        weights: frame.weights.as_deref(),
    })
}

/// What the rows and columns of a frame are called, for a model that is applied to it.
pub fn names<'a>(file: &'a Path, frame: &'a Frame, encoding: &'a Encoding) -> DataNames<'a> {
    let (columns, rows) = (frame.names.as_slice(), frame.rows.as_slice());
    DataNames {
        file,
        targets: encoding.targets(),
        classes: encoding.classes().unwrap_or_default(),
        columns,
        rows,
        fitting: false,
    }
}

/// Position of each coded column.
pub fn positions(frame: &Frame) -> HashMap<&str, usize> {
    frame.names.iter().enumerate().map(|(position, name)| (name.as_str(), position)).collect()
}

/// The name of a file without its folder.
pub fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}
