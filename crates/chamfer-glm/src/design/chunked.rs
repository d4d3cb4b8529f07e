//! Designs that are read in chunks of rows, anew for each pass.

use super::dense::ByColumn;
use super::{Centred, Design, Moments};
use crate::Error;
use faer::{Mat, MatMut};
use rayon::prelude::*;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A source of rows that can be read again and again: a file, or another machine.
pub trait RowChunks: Send + Sync {
    /// Number of rows.
    fn n_rows(&self) -> usize;

    /// Number of columns.
    fn n_cols(&self) -> usize;

    /// How many of the first of `columns` to read at a time where a pass can take them in turn: all, unless
    /// the source stores its columns apart and needs memory for each that it reads.
    fn at_a_time(&self, columns: &[usize]) -> usize {
        columns.len()
    }

    /// Reads the rows once, in their order: calls `visit` with the first row of each chunk and the chunk, a
    /// design of `columns` (which rise) alone. Chunks have the same rows in every read.
    ///
    /// # Errors
    /// A message that says what is wrong and where, if reading fails.
    fn read(
        &self,
        columns: &[usize],
        visit: &mut dyn FnMut(usize, &dyn Design),
    ) -> Result<(), String>;
}

impl<S: RowChunks + ?Sized> RowChunks for &S {
    fn n_rows(&self) -> usize {
        (**self).n_rows()
    }

    fn n_cols(&self) -> usize {
        (**self).n_cols()
    }

    fn at_a_time(&self, columns: &[usize]) -> usize {
        (**self).at_a_time(columns)
    }

    fn read(
        &self,
        columns: &[usize],
        visit: &mut dyn FnMut(usize, &dyn Design),
    ) -> Result<(), String> {
        (**self).read(columns, visit)
    }
}

/// A design larger than memory: each pass over all columns streams the rows.
///
/// The columns that a solver works on are few; they are kept in memory, up to a budget, so that only the
/// looks at all columns read the source. Results are the same with any budget, up to rounding, and the same
/// bits for any number of threads.
///
/// On top of the budget come the chunk that is read and what the source needs for the columns that it
/// reads [at a time](RowChunks::at_a_time); a Gram matrix of columns that do not fit into the budget is summed
/// in one read of all of them.
pub struct ChunkedDesign<S> {
    source: S,
    /// Most entries to keep.
    budget: usize,
    kept: Mutex<Kept>,
    failure: Mutex<Option<String>>,
    /// Whether entries that are not finite were looked for, and there are none.
    is_finite: AtomicBool,
    /// The last weights, and what came of them: those of a fit are asked for several times.
    moments: Mutex<Option<(Vec<f64>, Vec<Moments>)>>,
}

/// Columns in memory. They are shared, so that no lock is held during parallel work, in which a thread may
/// come upon the same lock.
#[derive(Default)]
struct Kept {
    columns: HashMap<usize, Column>,
    /// The first row of each chunk, then the number of rows: sums over kept columns have the order of
    /// those over chunks.
    ends: Arc<[usize]>,
}

type Column = Arc<Vec<f64>>;

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
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
        Ok(Self {
            source,
            budget: budget / size_of::<f64>(),
            kept: Mutex::default(),
            failure: Mutex::default(),
            is_finite: AtomicBool::new(false),
            moments: Mutex::default(),
        })
    }

    /// Reads the rows once; remembers a failure, after which nothing is read, and returns false.
    fn pass(&self, columns: &[usize], visit: &mut dyn FnMut(usize, &dyn Design)) -> bool {
        if lock(&self.failure).is_some() {
            return false;
        }
        let done = self.source.read(columns, visit);
        if let Err(message) = done {
            lock(&self.failure).get_or_insert(message);
            return false;
        }
        true
    }

    /// Calls `visit` with chunks of rows, of some of the columns, or all of them `together`: the first row,
    /// the chunk, the places in `columns` of those that it has, and these as they are numbered there.
    /// Returns false if reading failed.
    fn for_chunks(
        &self,
        columns: &[Centred],
        together: bool,
        mut visit: impl FnMut(usize, &dyn Design, &[usize], &[Centred]),
    ) -> bool {
        let mut places: Vec<usize> = (0..columns.len()).collect();
        places.sort_by_key(|&place| columns[place].column);
        let mut distinct: Vec<usize> = places.iter().map(|&place| columns[place].column).collect();
        distinct.dedup();
        if distinct.is_empty() {
            return true;
        }
        let fits = distinct.len().saturating_mul(self.source.n_rows()) <= self.budget;
        let mut rest = places.as_slice();
        self.blocks(&distinct, together || fits).into_iter().all(|block| {
            let is_in_block = |place: &usize| Some(&columns[*place].column) <= block.last();
            let (places, after) = rest.split_at(rest.partition_point(is_in_block));
            rest = after;
            let renumbered = |place: &usize| {
                let Centred { column, centre } = columns[*place];
                Centred { column: block.binary_search(&column).unwrap_or_default(), centre }
            };
            let renumbered: Vec<Centred> = places.iter().map(renumbered).collect();
            let visit = &mut |first, chunk: &dyn Design| visit(first, chunk, places, &renumbered);
            if fits { self.pass_over_kept(block, visit) } else { self.pass(block, visit) }
        })
    }

    /// The `columns`, as many at a time as the source can take, unless they have to be `together`.
    fn blocks<'c>(&self, columns: &'c [usize], together: bool) -> Vec<&'c [usize]> {
        let (mut rest, mut blocks) = (columns, Vec::new());
        while !rest.is_empty() {
            let n = if together { rest.len() } else { self.source.at_a_time(rest) };
            let (block, after) = rest.split_at(n.clamp(1, rest.len()));
            blocks.push(block);
            rest = after;
        }
        blocks
    }

    /// As [`pass`](Self::pass), with columns from memory.
    fn pass_over_kept(&self, columns: &[usize], visit: &mut dyn FnMut(usize, &dyn Design)) -> bool {
        let Some((columns, ends)) = self.keep(columns) else { return false };
        for rows in ends.windows(2) {
            let (first, end) = (rows[0], rows[1]);
            let column = |j: usize| &columns[j][first..end];
            visit(first, &ByColumn { n_rows: end - first, n_cols: columns.len(), column });
        }
        true
    }

    /// The `columns`, which fit into the budget, and the ends of the chunks. Reads those that are not there;
    /// forgets others if there is no room.
    fn keep(&self, columns: &[usize]) -> Option<(Vec<Column>, Arc<[usize]>)> {
        let n_rows = self.source.n_rows();
        let mut found: Vec<Option<Column>> = {
            let mut kept = lock(&self.kept);
            self.make_room(&mut kept, columns);
            columns.iter().map(|column| kept.columns.get(column).cloned()).collect()
        };
        let is_missing = |(_, found): &(&usize, &Option<Column>)| found.is_none();
        let missing: Vec<usize> =
            columns.iter().zip(&found).filter(is_missing).map(|(column, _)| *column).collect();
        let mut ends = Vec::new();
        for block in self.blocks(&missing, false) {
            let mut values = vec![vec![0.0; n_rows]; block.len()];
            ends.clear();
            let done = self.pass(block, &mut |first, chunk| {
                ends.push(first);
                let rows = first..first + chunk.n_rows();
                values.par_iter_mut().enumerate().for_each(|(k, column)| {
                    chunk.copy_column(k, &mut column[rows.clone()]);
                });
            });
            if !done {
                return None;
            }
            for (column, values) in block.iter().zip(values) {
                if let Ok(at) = columns.binary_search(column) {
                    found[at] = Some(Arc::new(values));
                }
            }
        }
        let found: Vec<Column> = found.into_iter().flatten().collect();
        let mut kept = lock(&self.kept);
        if !missing.is_empty() {
            ends.push(n_rows);
            kept.ends = ends.into();
            self.make_room(&mut kept, columns);
            kept.columns.extend(columns.iter().copied().zip(found.iter().cloned()));
        }
        Some((found, Arc::clone(&kept.ends)))
    }

    /// Forgets what is not in `columns` if these would not fit beside it.
    fn make_room(&self, kept: &mut Kept, columns: &[usize]) {
        let missing = columns.iter().filter(|column| !kept.columns.contains_key(column)).count();
        if (kept.columns.len() + missing) * self.source.n_rows() > self.budget {
            kept.columns.retain(|column, _| columns.binary_search(column).is_ok());
        }
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
        self.transpose_products(columns, &[v], out);
    }

    fn transpose_products(&self, columns: &[Centred], v: &[&[f64]], out: &mut [f64]) {
        out.fill(0.0);
        let n_all = columns.len();
        let mut part = vec![0.0; out.len()];
        let read = self.for_chunks(columns, false, |first, chunk, places, columns| {
            let part = &mut part[..columns.len() * v.len()];
            let v: Vec<&[f64]> = v.iter().map(|v| &v[first..first + chunk.n_rows()]).collect();
            chunk.transpose_products(columns, &v, part);
            for (part, out) in part.chunks_exact(columns.len()).zip(out.chunks_exact_mut(n_all)) {
                for (&place, part) in places.iter().zip(part) {
                    out[place] += *part;
                }
            }
        });
        if !read {
            out.fill(f64::NAN);
        }
    }

    fn squares(&self, columns: &[Centred], w: &[f64], out: &mut [f64]) {
        out.fill(0.0);
        let mut part = vec![0.0; out.len()];
        let read = self.for_chunks(columns, false, |first, chunk, places, columns| {
            let part = &mut part[..columns.len()];
            chunk.squares(columns, &w[first..first + chunk.n_rows()], part);
            for (&place, part) in places.iter().zip(part) {
                out[place] += *part;
            }
        });
        if !read {
            out.fill(f64::NAN);
        }
    }

    fn add_product(&self, columns: &[Centred], b: &[f64], out: &mut [f64]) {
        self.add_products(columns, &[b], &mut [out]);
    }

    fn add_products(&self, columns: &[Centred], b: &[&[f64]], out: &mut [&mut [f64]]) {
        let read = self.for_chunks(columns, false, |first, chunk, places, columns| {
            // One after the other, as a product of matrices would add up what is read together.
            for (b, out) in b.iter().zip(out.iter_mut()) {
                let b: Vec<f64> = places.iter().map(|&place| b[place]).collect();
                chunk.add_product(columns, &b, &mut out[first..first + chunk.n_rows()]);
            }
        });
        if !read {
            for out in out {
                out.fill(f64::NAN);
            }
        }
    }

    fn gram(&self, rows: &[Centred], columns: &[Centred], w: &[f64], mut out: MatMut<'_, f64>) {
        out.fill(0.0);
        let mut both: Vec<Centred> = rows.iter().chain(columns).copied().collect();
        let mut part = Mat::zeros(rows.len(), columns.len());
        // A product of two columns needs both in one chunk.
        let read = self.for_chunks(&both.clone(), true, |first, chunk, places, columns| {
            for (&place, &column) in places.iter().zip(columns) {
                both[place] = column;
            }
            let (rows, columns) = both.split_at(rows.len());
            chunk.gram(rows, columns, &w[first..first + chunk.n_rows()], part.as_mut());
            out += &part;
        });
        if !read {
            out.fill(f64::NAN);
        }
    }

    fn moments(&self, weights: &[f64]) -> Vec<Moments> {
        if let Some((of, moments)) = lock(&self.moments).as_ref()
            && of == weights
        {
            return moments.clone();
        }
        // Chunks have their means and variances; together they give those of all rows.
        let nothing = Moments { mean: f64::NAN, variance: 0.0 };
        let (mut total, mut all) = (0.0, vec![nothing; self.source.n_cols()]);
        let read = self.for_chunks(&self.all(), false, |first, chunk, places, _| {
            if first == 0 {
                total = 0.0;
            }
            let of_chunk = &weights[first..first + chunk.n_rows()];
            let weight: f64 = of_chunk.iter().sum();
            if weight == 0.0 {
                return;
            }
            let shares: Vec<f64> = of_chunk.iter().map(|w| w / weight).collect();
            let share = weight / (total + weight);
            for (&place, part) in places.iter().zip(chunk.moments(&shares)) {
                let all = &mut all[place];
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
        if read {
            *lock(&self.moments) = Some((weights.to_vec(), all.clone()));
        } else {
            all.fill(Moments { mean: f64::NAN, variance: f64::NAN });
        }
        all
    }

    fn find_non_finite(&self) -> Option<(usize, usize)> {
        if self.is_finite.load(Ordering::Relaxed) {
            return None;
        }
        if let Some((weights, moments)) = lock(&self.moments).as_ref()
            && weights.iter().all(|w| *w > 0.0)
            && moments.iter().all(|m| m.mean.is_finite() && m.variance.is_finite())
        {
            // An entry that is not finite would have spoilt these.
            return None;
        }
        let mut found = None;
        self.for_chunks(&self.all(), false, |first, chunk, places, _| {
            if found.is_none() {
                let in_chunk = chunk.find_non_finite();
                found = in_chunk.map(|(row, column)| (first + row, places[column]));
            }
        });
        self.is_finite.store(found.is_none(), Ordering::Relaxed);
        found
    }

    fn copy_column(&self, column: usize, out: &mut [f64]) {
        let columns = [Centred { column, centre: 0.0 }];
        let read = self.for_chunks(&columns, false, |first, chunk, _, columns| {
            chunk.copy_column(columns[0].column, &mut out[first..first + chunk.n_rows()]);
        });
        if !read {
            out.fill(f64::NAN);
        }
    }

    fn is_streamed(&self) -> bool {
        true
    }

    fn failure(&self) -> Option<Error> {
        lock(&self.failure).clone().map(|message| Error::Unreadable { message })
    }
}
