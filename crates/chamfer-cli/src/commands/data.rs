//! Reading data for a command.

use crate::args::{DataArgs, FileArgs};
use crate::error::{CliError, DataNames};
use crate::input::{
    self, Encoding, Frame, InputError, Matrix, MixedMatrix, Need, Note, ReadOptions, Role,
    Selection, Table,
};
use crate::model::Model;
use crate::output::Progress;
use crate::spec::{FamilyName, FamilySpec, Observed};
use chamfer_glm::{DenseDesign, Design, Factor, Family, MixedDesign, SparseDesign};
use std::collections::HashMap;
use std::path::Path;

/// Reads the training data of a fit of a family.
pub fn training(
    args: &DataArgs,
    family: FamilyName,
    folds: Option<(Role, String)>,
) -> Result<(Encoding, Frame, Vec<Note>), CliError> {
    let options = ReadOptions { categorical: args.categorical.clone(), ..options(&args.file) };
    let table = read(&args.file.file, &options)?;
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
    let categorical_if_present = model.encoding.text_columns();
    let options = ReadOptions { categorical_if_present, ..options(args) };
    let table = read(&args.file, &options)?;
    Ok(model.encoding.apply(table, need).map_err(InputError::for_model)?)
}

/// Reads a file, with a spinner.
fn read(path: &Path, options: &ReadOptions) -> Result<Table, InputError> {
    let _spinner = Progress::spinner(format!("reading {}", file_name(path)));
    input::read(path, options)
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
