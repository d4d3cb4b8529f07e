//! Designs that are read in chunks of rows, anew for each pass.

use super::{Centred, DenseDesign, Design, Moments};
use crate::Error;
use faer::{Mat, MatMut};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// A source of rows that can be read again and again: a file, or another machine.
pub trait RowChunks: Send + Sync {
    /// Number of rows.
    fn n_rows(&self) -> usize;

    /// Number of columns.
    fn n_cols(&self) -> usize;

    /// Reads the rows once, in their order: calls `visit` with the first row of each chunk, the number of
    /// its rows, and its entries in `columns` (which rise), column after column.
    ///
    /// # Errors
    /// A message that says what is wrong and where, if reading fails.
    fn read(
        &self,
        columns: &[usize],
        visit: &mut dyn FnMut(usize, usize, &[f64]),
    ) -> Result<(), String>;
}

/// A design larger than memory: each pass over all columns streams the rows.
///
/// The columns that a solver works on are few; they are kept in memory, up to a budget, so that only the
/// looks at all columns read the source. Results are the same with any budget, up to rounding.
pub struct ChunkedDesign<S> {
    source: S,
    /// Most entries to keep.
    budget: usize,
    kept: Mutex<Kept>,
    failure: Mutex<Option<String>>,
}

/// Columns in memory, one after the other.
#[derive(Default)]
struct Kept {
    place: HashMap<usize, usize>,
    values: Vec<f64>,
}

impl<S: RowChunks> ChunkedDesign<S> {
    /// Keeps at most `budget` bytes of columns in memory.
    ///
    /// # Errors
    /// If the source has no rows or no columns.
    pub fn new(source: S, budget: usize) -> Result<Self, Error> {
        let (n_rows, n_cols) = (source.n_rows(), source.n_cols());
        if n_rows == 0 || n_cols == 0 {
            return Err(Error::EmptyDesign { n_rows, n_cols });
        }
        let budget = budget / size_of::<f64>();
        Ok(Self { source, budget, kept: Mutex::default(), failure: Mutex::default() })
    }

    /// Reads the rows once; remembers a failure, and returns false.
    fn pass(&self, columns: &[usize], visit: &mut dyn FnMut(usize, usize, &[f64])) -> bool {
        let done = self.source.read(columns, visit);
        if let Err(message) = done {
            self.failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(message);
            return false;
        }
        true
    }

    /// Calls `visit` with chunks of rows as designs of the distinct `columns`, with the columns as they are
    /// numbered there; returns false if reading failed.
    fn for_chunks(
        &self,
        columns: &[Centred],
        mut visit: impl FnMut(usize, &DenseDesign<'_, f64>, &[Centred]),
    ) -> bool {
        let mut distinct: Vec<usize> = columns.iter().map(|at| at.column).collect();
        distinct.sort_unstable();
        distinct.dedup();
        let place = |at: &Centred| distinct.binary_search(&at.column).unwrap_or_default();
        let renumbered = |place: &dyn Fn(&Centred) -> usize| -> Vec<Centred> {
            columns.iter().map(|at| Centred { column: place(at), centre: at.centre }).collect()
        };
        let n_rows = self.source.n_rows();
        if distinct.len() < self.source.n_cols() && distinct.len() * n_rows <= self.budget {
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            if !self.keep(&mut kept, &distinct) {
                return false;
            }
            let columns = renumbered(&|at| kept.place[&at.column]);
            if let Ok(all) = DenseDesign::new(n_rows, kept.place.len(), &kept.values) {
                visit(0, &all, &columns);
            }
            return true;
        }
        let columns = renumbered(&place);
        self.pass(&distinct, &mut |first, n, values| {
            if let Ok(chunk) = DenseDesign::new(n, distinct.len(), values) {
                visit(first, &chunk, &columns);
            }
        })
    }

    /// Reads those of `columns` that are not there; forgets the others if there is no room.
    fn keep(&self, kept: &mut Kept, columns: &[usize]) -> bool {
        let n_rows = self.source.n_rows();
        let absent = |kept: &Kept| -> Vec<usize> {
            columns.iter().copied().filter(|column| !kept.place.contains_key(column)).collect()
        };
        let mut missing = absent(kept);
        if missing.is_empty() {
            return true;
        }
        if (kept.place.len() + missing.len()) * n_rows > self.budget {
            *kept = Kept::default();
            missing = absent(kept);
        }
        let start = kept.values.len();
        kept.values.reserve_exact(missing.len() * n_rows);
        kept.values.resize(start + missing.len() * n_rows, 0.0);
        let values = &mut kept.values[start..];
        let done = self.pass(&missing, &mut |first, n, chunk| {
            for (k, column) in chunk.chunks_exact(n).enumerate() {
                values[k * n_rows + first..k * n_rows + first + n].copy_from_slice(column);
            }
        });
        if done {
            for column in missing {
                let place = kept.place.len();
                kept.place.insert(column, place);
            }
        } else {
            kept.values.truncate(start);
        }
        done
    }

    fn all(&self) -> Vec<Centred> {
        (0..self.source.n_cols()).map(|column| Centred { column, centre: 0.0 }).collect()
    }
}

impl<S: RowChunks> Design for ChunkedDesign<S> {
    fn n_rows(&self) -> usize {
        self.source.n_rows()
    }

    fn n_cols(&self) -> usize {
        self.source.n_cols()
    }

    fn transpose_product(&self, columns: &[Centred], v: &[f64], out: &mut [f64]) {
        out.fill(0.0);
        let mut part = vec![0.0; out.len()];
        let read = self.for_chunks(columns, |first, chunk, columns| {
            chunk.transpose_product(columns, &v[first..first + chunk.n_rows()], &mut part);
            for (out, part) in out.iter_mut().zip(&part) {
                *out += part;
            }
        });
        if !read {
            out.fill(f64::NAN);
        }
    }

    fn add_product(&self, columns: &[Centred], b: &[f64], out: &mut [f64]) {
        if columns.is_empty() {
            return;
        }
        let read = self.for_chunks(columns, |first, chunk, columns| {
            chunk.add_product(columns, b, &mut out[first..first + chunk.n_rows()]);
        });
        if !read {
            out.fill(f64::NAN);
        }
    }

    fn gram(&self, rows: &[Centred], columns: &[Centred], w: &[f64], mut out: MatMut<'_, f64>) {
        out.fill(0.0);
        let both: Vec<Centred> = rows.iter().chain(columns).copied().collect();
        let mut part = Mat::zeros(rows.len(), columns.len());
        let read = self.for_chunks(&both, |first, chunk, both| {
            let (rows, columns) = both.split_at(rows.len());
            chunk.gram(rows, columns, &w[first..first + chunk.n_rows()], part.as_mut());
            out += &part;
        });
        if !read {
            out.fill(f64::NAN);
        }
    }

    fn moments(&self, weights: &[f64]) -> Vec<Moments> {
        // Chunks have their means and variances; together they give those of all rows.
        let nothing = Moments { mean: f64::NAN, variance: 0.0 };
        let (mut total, mut all) = (0.0, vec![nothing; self.source.n_cols()]);
        let read = self.for_chunks(&self.all(), |first, chunk, _| {
            let of_chunk = &weights[first..first + chunk.n_rows()];
            let weight: f64 = of_chunk.iter().sum();
            if weight == 0.0 {
                return;
            }
            let shares: Vec<f64> = of_chunk.iter().map(|w| w / weight).collect();
            let share = weight / (total + weight);
            for (all, part) in all.iter_mut().zip(chunk.moments(&shares)) {
                if total == 0.0 {
                    *all = part;
                    continue;
                }
                let apart = part.mean - all.mean;
                all.variance +=
                    share * (part.variance - all.variance) + share * (1.0 - share) * apart * apart;
                all.mean += share * apart;
            }
            total += weight;
        });
        if !read {
            all.fill(Moments { mean: f64::NAN, variance: f64::NAN });
        }
        all
    }

    fn find_non_finite(&self) -> Option<(usize, usize)> {
        let mut found = None;
        self.for_chunks(&self.all(), |first, chunk, _| {
            if found.is_none() {
                found = chunk.find_non_finite().map(|(row, column)| (first + row, column));
            }
        });
        found
    }

    fn copy_column(&self, column: usize, out: &mut [f64]) {
        self.for_chunks(&[Centred { column, centre: 0.0 }], |first, chunk, columns| {
            chunk.copy_column(columns[0].column, &mut out[first..first + chunk.n_rows()]);
        });
    }

    fn failure(&self) -> Option<Error> {
        let failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        failure.clone().map(|message| Error::Unreadable { message })
    }
}
