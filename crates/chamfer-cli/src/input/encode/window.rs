//! The coded columns of a few rows of a file.

use arrow_array::{Array, ArrayRef};
use arrow_schema::ArrowError;
use rayon::prelude::*;

use super::chunks::{Coding, StreamMatrix};
use crate::input::error::InputError;
use crate::input::read::arrays::write_numbers;
use chamfer_glm::MixedColumn;

/// What is read for some coded columns.
pub(super) struct Wanted {
    /// The sources, and the labels of each that are asked for.
    sources: Vec<(usize, Vec<u32>)>,
    /// Their positions in the file.
    pub(super) in_file: Vec<usize>,
}

impl Wanted {
    pub(super) fn new(matrix: &StreamMatrix, columns: &[usize]) -> Self {
        let mut sources: Vec<(usize, Vec<u32>)> = Vec::new();
        for &column in columns {
            let (source, level) = matrix.coded[column];
            match sources.last_mut() {
                Some((last, levels)) if *last == source => levels.extend(level),
                _ => sources.push((source, level.into_iter().collect())),
            }
        }
        let in_file = sources.iter().map(|(source, _)| matrix.sources[*source].column).collect();
        Self { sources, in_file }
    }
}

/// The coded columns of a few rows.
#[derive(Default)]
pub(super) struct Window {
    /// Numbers, column after column.
    pub(super) numbers: Vec<f64>,
    /// For each column of labels the code of each row, and the number of labels.
    pub(super) factors: Vec<(Vec<u32>, usize)>,
    pub(super) columns: Vec<MixedColumn>,
}

impl Window {
    /// Codes the rows to `keep`, which are `n`, of a window that starts at row `first` of the file.
    pub(super) fn fill(
        &mut self,
        matrix: &StreamMatrix,
        wanted: &Wanted,
        arrays: &[ArrayRef],
        keep: Option<&[bool]>,
        n: usize,
        first: usize,
    ) -> Result<(), InputError> {
        let codes = |(&(source, _), array): (&(usize, Vec<u32>), &ArrayRef)| {
            matrix.codes(source, array, keep, first)
        };
        let sources = wanted.sources.par_iter();
        let codes: Vec<Option<Vec<Option<u32>>>> =
            sources.zip(arrays).map(codes).collect::<Result<_, _>>()?;
        self.factors.clear();
        self.columns.clear();
        // What goes into each column of numbers: values of an array, or an indicator with its share.
        let mut numeric = Vec::new();
        let parts = wanted.sources.iter().zip(arrays).zip(&codes);
        for ((&(source, ref levels), array), codes) in parts {
            match (&matrix.sources[source].coding, codes) {
                (Coding::Labels { codes: all, .. }, Some(codes))
                    if codes.iter().all(Option::is_some) =>
                {
                    let factor = self.factors.len();
                    let levels = levels.iter().map(|&level| MixedColumn::Level { factor, level });
                    self.columns.extend(levels);
                    self.factors.push((codes.iter().copied().flatten().collect(), all.len()));
                }
                (Coding::Labels { means, .. }, Some(codes)) => {
                    for &level in levels {
                        let mean = means.as_ref().and_then(|means| means.get(level as usize));
                        self.columns.push(MixedColumn::Numeric(numeric.len()));
                        numeric.push(Column::Indicator(codes, level, mean.copied()));
                    }
                }
                (Coding::Numbers(mean), _) => {
                    self.columns.push(MixedColumn::Numeric(numeric.len()));
                    numeric.push(Column::Numbers(array, *mean));
                }
                (Coding::Labels { .. }, None) => {}
            }
        }
        self.numbers.resize(numeric.len() * n, 0.0);
        let write = |(out, column): (&mut [f64], &Column<'_>)| column.write(keep, out);
        let written = self.numbers.par_chunks_exact_mut(n).zip(&numeric).try_for_each(write);
        written.map_err(|error| matrix.stream.undecodable(&error))
    }
}

/// What a column of numbers is made of.
enum Column<'a> {
    /// The values of an array, and what stands for missing ones.
    Numbers(&'a ArrayRef, Option<f64>),
    /// 1 where the code is this one, else 0, and what stands for missing ones.
    Indicator(&'a [Option<u32>], u32, Option<f64>),
}

impl Column<'_> {
    /// Writes the rows to `keep`.
    fn write(&self, keep: Option<&[bool]>, out: &mut [f64]) -> Result<(), ArrowError> {
        match *self {
            Column::Numbers(array, mean) => {
                match keep {
                    None => write_numbers(array, out)?,
                    Some(keep) => {
                        let mut all = vec![0.0; array.len()];
                        write_numbers(array, &mut all)?;
                        let kept = all.iter().zip(keep).filter(|(_, keep)| **keep);
                        for (out, (number, _)) in out.iter_mut().zip(kept) {
                            *out = *number;
                        }
                    }
                }
                if let Some(mean) = mean {
                    for number in out.iter_mut().filter(|number| number.is_nan()) {
                        *number = mean;
                    }
                }
            }
            Column::Indicator(codes, level, share) => {
                for (out, code) in out.iter_mut().zip(codes) {
                    *out = match code {
                        Some(code) => f64::from(u8::from(*code == level)),
                        // Only where there are shares is a label allowed to be missing.
                        None => share.unwrap_or(f64::NAN),
                    };
                }
            }
        }
        Ok(())
    }
}
