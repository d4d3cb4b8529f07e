//! Coding the columns of a file that is not in memory.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use arrow_array::{Array, ArrayRef};
use arrow_schema::ArrowError;
use rayon::prelude::*;

use super::chunks::StreamMatrix;
use super::encoding::SourceColumn;
use super::frame::Matrix;
use super::rows::{Flaw, Uncoded, Values};
use super::selection::Missing;
use crate::input::error::{ColumnProblem, InputError, ValueProblem};
use crate::input::read::arrays::{Kind, LabelArray, write_numbers};
use crate::input::stream::Stream;
use crate::input::table::Source;

/// After so many rows, each with a label of its own, a column is an identifier: to go on would fill memory.
const MOST_LABELS: usize = 1 << 20;

/// Predictors in a file that is read anew for each pass.
pub(super) struct Streamed {
    stream: Arc<Stream>,
    /// Their positions in the file.
    columns: Vec<usize>,
    /// The labels of text columns, with the number of rows that have each.
    labels: Vec<Option<BTreeMap<String, usize>>>,
    /// Flaws that no value has, as far as that is known.
    absent: Mutex<Vec<Flaw>>,
}

impl Streamed {
    /// The columns at the given positions. Reads text columns, for their labels.
    pub(super) fn new(stream: Arc<Stream>, columns: Vec<usize>) -> Result<Self, InputError> {
        let (labels, absent) = (vec![None; columns.len()], Mutex::default());
        let mut streamed = Self { stream, columns, labels, absent };
        streamed.labels = streamed.count_labels(None)?;
        Ok(streamed)
    }

    fn kind(&self, at: usize) -> &Kind {
        self.stream.kind(self.columns[at])
    }

    /// Those of the columns that are of some `kind`.
    fn of_kind(&self, kind: &Kind) -> Vec<usize> {
        (0..self.columns.len()).filter(|&at| self.kind(at) == kind).collect()
    }

    /// Reads some of the columns, not all at a time: calls `visit` with their places among the columns, the
    /// first row of a window, and its values.
    fn read(
        &self,
        places: &[usize],
        mut visit: impl FnMut(&[usize], usize, &[ArrayRef]) -> Result<(), ArrowError>,
    ) -> Result<(), InputError> {
        for places in places.chunks(self.stream.columns_at_a_time()) {
            let columns: Vec<usize> = places.iter().map(|&at| self.columns[at]).collect();
            self.stream.read(&columns, &mut |first, arrays| {
                visit(places, first, arrays).map_err(|error| self.stream.undecodable(&error))
            })?;
        }
        Ok(())
    }

    /// Counts the labels of text columns in all rows, or those to `keep`.
    fn count_labels(
        &self,
        keep: Option<&[bool]>,
    ) -> Result<Vec<Option<BTreeMap<String, usize>>>, InputError> {
        let mut all = vec![None; self.columns.len()];
        for at in self.of_kind(&Kind::Labels) {
            let mut counts: HashMap<String, usize> = HashMap::new();
            let mut identifier = false;
            self.stream.read(&[self.columns[at]], &mut |first, arrays| {
                let seen = counts.len();
                let array =
                    LabelArray::new(&arrays[0]).map_err(|error| self.stream.undecodable(&error))?;
                let mut of_key = vec![0; array.labels.len()];
                for (row, key) in array.keys.iter().enumerate() {
                    let is_kept = keep.is_none_or(|keep| keep[first + row]);
                    if let (Some(key), true) = (key, is_kept) {
                        of_key[*key] += 1;
                    }
                }
                for (label, n) in array.labels.iter().zip(of_key).filter(|(_, n)| *n > 0) {
                    let label = label.unwrap_or_default();
                    match counts.get_mut(label) {
                        Some(count) => *count += n,
                        None => drop(counts.insert(label.to_owned(), n)),
                    }
                }
                identifier = seen == first && first >= MOST_LABELS;
                if identifier {
                    let name = self.name(at);
                    let place = self.stream.source().place().column(&name);
                    return Err(ValueProblem::Identifier { name, rows: first }.at(place));
                }
                Ok(())
            })?;
            all[at] = Some(counts.into_iter().collect());
        }
        Ok(all)
    }

    /// The mean of each column of numbers over the given rows that have a value.
    fn means(&self) -> Result<Vec<f64>, InputError> {
        let mut sums = vec![(0.0, 0_usize); self.columns.len()];
        self.read(&self.of_kind(&Kind::Numbers), |places, _, arrays| {
            let add = |(place, array): (&usize, &ArrayRef)| {
                let mut numbers = vec![0.0; array.len()];
                write_numbers(array, &mut numbers)?;
                let (sum, n) = sums[*place];
                let present = numbers.iter().filter(|number| !number.is_nan());
                let added = present.fold((sum, n), |(sum, n), number| (sum + number, n + 1));
                Ok((*place, added))
            };
            let added: Vec<_> =
                places.par_iter().zip(arrays).map(add).collect::<Result<_, ArrowError>>()?;
            for (place, added) in added {
                sums[place] = added;
            }
            Ok(())
        })?;
        Ok(sums.into_iter().map(|(sum, n)| sum / n as f64).collect())
    }

    /// Refuses columns that are not what `codings` take them for, and labels that they do not have.
    fn check(
        &self,
        codings: &[SourceColumn],
        keep: Option<&[bool]>,
        source: &Source,
    ) -> Result<(), InputError> {
        for (at, coding) in codings.iter().enumerate() {
            let name = self.name(at);
            let place = source.place().column(&name);
            let (trained, found) = match (coding, self.kind(at)) {
                (_, Kind::Unsupported(type_name)) => {
                    let type_name = type_name.clone();
                    return Err(ColumnProblem::Unsupported { name, type_name }.at(place));
                }
                (SourceColumn::Numeric { .. }, Kind::Labels) => ("numbers", "text"),
                (SourceColumn::OneHot { .. }, Kind::Numbers) => ("text", "numbers"),
                (SourceColumn::Numeric { .. }, Kind::Numbers) => continue,
                (SourceColumn::OneHot { levels, .. }, Kind::Labels) => {
                    self.check_labels(at, levels, keep, source)?;
                    continue;
                }
            };
            return Err(ColumnProblem::TypeChanged { trained, found }.at(place));
        }
        Ok(())
    }

    fn check_labels(
        &self,
        at: usize,
        levels: &[String],
        keep: Option<&[bool]>,
        source: &Source,
    ) -> Result<(), InputError> {
        let known: HashSet<&str> = levels.iter().map(String::as_str).collect();
        let is_known = |label: &String| known.contains(label.as_str());
        if self.labels[at].iter().flat_map(BTreeMap::keys).all(is_known) {
            return Ok(());
        }
        self.stream.read(&[self.columns[at]], &mut |first, arrays| {
            let array =
                LabelArray::new(&arrays[0]).map_err(|error| self.stream.undecodable(&error))?;
            for (row, key) in array.keys.iter().enumerate() {
                let Some(key) = key else { continue };
                let row = first + row;
                let level = array.labels.value(*key);
                if keep.is_none_or(|keep| keep[row]) && !known.contains(level) {
                    let place = source.row(row).column(&self.name(at));
                    return Err(ValueProblem::UnseenLevel { level: level.to_owned() }.at(place));
                }
            }
            Ok(())
        })
    }

    /// Whether each row of the file is one of `rows`; `None` if all are.
    fn keep(&self, rows: &[usize]) -> Option<Vec<bool>> {
        let n_rows = self.stream.n_rows();
        (rows.len() < n_rows).then(|| {
            let mut keep = vec![false; n_rows];
            for &row in rows {
                keep[row] = true;
            }
            keep
        })
    }
}

impl Values for Streamed {
    fn name(&self, column: usize) -> String {
        self.stream.names()[self.columns[column]].clone()
    }

    fn visit(&self, flaw: Flaw, mut visit: impl FnMut(usize, usize)) -> Result<(), InputError> {
        let absent = || self.absent.lock().unwrap_or_else(PoisonError::into_inner);
        if absent().contains(&flaw) {
            return Ok(());
        }
        let mut places = self.of_kind(&Kind::Numbers);
        if flaw == Flaw::Missing {
            places.extend(self.of_kind(&Kind::Labels));
        }
        // One look is enough for data without flaws.
        let (mut any, mut any_infinite) = (false, false);
        self.read(&places, |places, first, arrays| {
            let flawed = |(place, array): (&usize, &ArrayRef)| {
                if *self.kind(*place) == Kind::Labels {
                    let keys = LabelArray::new(array)?.keys;
                    let rows = (0..keys.len()).filter(|&row| keys[row].is_none()).collect();
                    return Ok((rows, false));
                }
                let mut numbers = vec![0.0; array.len()];
                write_numbers(array, &mut numbers)?;
                let rows = (0..numbers.len()).filter(|&row| flaw.is_of(numbers[row])).collect();
                Ok((rows, numbers.iter().any(|number| number.is_infinite())))
            };
            let found: Result<Vec<(Vec<usize>, bool)>, ArrowError> =
                places.par_iter().zip(arrays).map(flawed).collect();
            for (&place, (rows, is_infinite)) in places.iter().zip(found?) {
                any |= !rows.is_empty();
                any_infinite |= is_infinite;
                for row in rows {
                    visit(place, first + row);
                }
            }
            Ok(())
        })?;
        absent().extend((!any).then_some(flaw));
        absent().extend((!any_infinite).then_some(Flaw::Infinite));
        Ok(())
    }
}

impl Uncoded for Streamed {
    fn n_labels(&self) -> Vec<Option<usize>> {
        self.labels.iter().map(|labels| labels.as_ref().map(BTreeMap::len)).collect()
    }

    fn split(self, keep: &[bool]) -> (Self, Vec<String>) {
        let others = (0..keep.len()).filter(|&at| !keep[at]).map(|at| self.name(at)).collect();
        let kept = |at: &usize| keep[*at];
        let places: Vec<usize> = (0..self.columns.len()).filter(kept).collect();
        let columns = places.iter().map(|&at| self.columns[at]).collect();
        let labels = places.iter().map(|&at| self.labels[at].clone()).collect();
        (Self { stream: self.stream, columns, labels, absent: self.absent }, others)
    }

    fn codings(&self, rows: &[usize], missing: Missing) -> Result<Vec<SourceColumn>, InputError> {
        let impute = missing == Missing::Mean;
        let means = if impute { self.means()? } else { Vec::new() };
        let fewer = self.keep(rows).map(|keep| self.count_labels(Some(&keep))).transpose()?;
        let labels = fewer.as_ref().unwrap_or(&self.labels);
        let coding = |(at, labels): (usize, &Option<BTreeMap<String, usize>>)| {
            let name = self.name(at);
            if let Some(labels) = labels {
                let labels = labels.iter().map(|(label, &n)| (label, n));
                return SourceColumn::one_hot(name, labels, impute);
            }
            let mean = means.get(at).copied().filter(|_| *self.kind(at) == Kind::Numbers);
            SourceColumn::Numeric { name, mean }
        };
        Ok(labels.iter().enumerate().map(coding).collect())
    }

    fn matrix(
        self,
        codings: &[SourceColumn],
        rows: &[usize],
        source: &Source,
    ) -> Result<Matrix, InputError> {
        let keep = self.keep(rows);
        self.check(codings, keep.as_deref(), source)?;
        let (stream, columns) = (self.stream, self.columns);
        Ok(Matrix::Stream(StreamMatrix::new(stream, columns, codings, keep, rows.len())))
    }
}
