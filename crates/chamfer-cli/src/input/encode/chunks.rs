//! The coded rows of a file that is not in memory, a window at a time.

use std::collections::HashMap;
use std::error::Error;
use std::sync::Arc;

use arrow_array::{Array, ArrayRef};

use super::encoding::SourceColumn;
use super::window::{Wanted, Window};
use crate::input::error::{InputError, ValueProblem};
use crate::input::read::arrays::LabelArray;
use crate::input::stream::Stream;
use chamfer_glm::{DenseDesign, Design, Factor, MixedDesign, RowChunks};

/// The coded predictors of a file that is read anew for each pass.
#[derive(Debug, Clone, PartialEq)]
pub struct StreamMatrix {
    pub(super) stream: Arc<Stream>,
    pub(super) sources: Vec<SourceOf>,
    /// For each coded column the source that it is made of, and the label that it stands for.
    pub(super) coded: Vec<(usize, Option<u32>)>,
    /// Whether each row of the file is used; none if all are.
    keep: Option<Vec<bool>>,
    n_rows: usize,
}

/// A column of the file, with how it is coded.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct SourceOf {
    /// Its position in the file.
    pub(super) column: usize,
    pub(super) coding: Coding,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Coding {
    /// With the mean of the numbers, if missing ones are replaced by it.
    Numbers(Option<f64>),
    Labels {
        codes: HashMap<String, u32>,
        /// The share of each label, if missing ones are replaced by these.
        means: Option<Vec<f64>>,
    },
}

impl StreamMatrix {
    /// The columns at positions `columns` of a file, coded as `codings` say; `n_rows` of its rows are to
    /// `keep`.
    pub(super) fn new(
        stream: Arc<Stream>,
        columns: Vec<usize>,
        codings: &[SourceColumn],
        keep: Option<Vec<bool>>,
        n_rows: usize,
    ) -> Self {
        let mut coded = Vec::new();
        let mut sources = Vec::new();
        for (at, (column, coding)) in columns.into_iter().zip(codings).enumerate() {
            let coding = match coding {
                SourceColumn::Numeric { mean, .. } => {
                    coded.push((at, None));
                    Coding::Numbers(*mean)
                }
                SourceColumn::OneHot { levels, means, .. } => {
                    let codes: HashMap<String, u32> = levels.iter().cloned().zip(0..).collect();
                    coded.extend((0..).take(levels.len()).map(|level| (at, Some(level))));
                    Coding::Labels { codes, means: means.clone() }
                }
            };
            sources.push(SourceOf { column, coding });
        }
        Self { stream, sources, coded, keep, n_rows }
    }

    /// For a source of labels, the codes of the rows to `keep`, none where the label is missing. The rows
    /// are those from `first` on in the file.
    pub(super) fn codes(
        &self,
        source: usize,
        array: &ArrayRef,
        keep: Option<&[bool]>,
        first: usize,
    ) -> Result<Option<Vec<Option<u32>>>, InputError> {
        let SourceOf { column, coding } = &self.sources[source];
        let Coding::Labels { codes, .. } = coding else { return Ok(None) };
        let array = LabelArray::new(array).map_err(|error| self.stream.undecodable(&error))?;
        let of_label: Vec<Option<u32>> =
            array.labels.iter().map(|label| codes.get(label?).copied()).collect();
        let rows = (0..array.keys.len()).filter(|&row| keep.is_none_or(|keep| keep[row]));
        let code = |row: usize| {
            let Some(key) = array.keys[row] else { return Ok(None) };
            let unseen = || {
                let place = self.stream.source().row(first + row);
                let level = array.labels.value(key).to_owned();
                let place = place.column(&self.stream.names()[*column]);
                ValueProblem::UnseenLevel { level }.at(place)
            };
            of_label[key].map(Some).ok_or_else(unseen)
        };
        rows.map(code).collect::<Result<_, _>>().map(Some)
    }

    /// Bytes of columns that may be kept in memory.
    #[must_use]
    pub fn memory_to_keep(&self) -> usize {
        self.stream.memory_to_keep()
    }
}

impl RowChunks for StreamMatrix {
    fn n_rows(&self) -> usize {
        self.n_rows
    }

    fn n_cols(&self) -> usize {
        self.coded.len()
    }

    fn at_a_time(&self, columns: &[usize]) -> usize {
        // The labels of a column come together.
        let (mut sources, mut last) = (0, None);
        let fits = |column: &&usize| {
            let source = Some(self.coded[**column].0);
            sources += usize::from(source != last);
            last = source;
            sources <= self.stream.columns_at_a_time()
        };
        columns.iter().take_while(fits).count()
    }

    fn read(
        &self,
        columns: &[usize],
        visit: &mut dyn FnMut(usize, &dyn Design),
    ) -> Result<(), String> {
        let wanted = Wanted::new(self, columns);
        let (mut window, mut done) = (Window::default(), 0);
        let mut read = |first: usize, arrays: &[ArrayRef]| -> Result<(), Box<dyn Error>> {
            let rows = first..first + arrays.first().map_or(0, Array::len);
            let keep = self.keep.as_ref().map(|keep| &keep[rows.clone()]);
            let n = keep.map_or(rows.len(), |keep| keep.iter().filter(|keep| **keep).count());
            if n == 0 {
                return Ok(());
            }
            window.fill(self, &wanted, arrays, keep, n, first)?;
            let Window { numbers, factors, columns } = &window;
            let n_numeric = numbers.len() / n;
            let numeric =
                (n_numeric > 0).then(|| DenseDesign::new(n, n_numeric, numbers)).transpose()?;
            match numeric {
                Some(numeric) if factors.is_empty() => visit(done, &numeric),
                numeric => {
                    let factors = factors.iter().map(|(codes, n)| Factor::new(codes, *n));
                    let factors = factors.collect::<Result<_, _>>()?;
                    visit(done, &MixedDesign::new(numeric, factors, columns.clone())?);
                }
            }
            done += n;
            Ok(())
        };
        let read = self.stream.read(&wanted.in_file, &mut read);
        read.map_err(|error| error.to_string())
    }
}
