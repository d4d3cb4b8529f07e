//! Which rows are held out together.

use crate::Error;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;

/// The fold of each row, numbered from 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folds {
    of_row: Vec<usize>,
    n_folds: usize,
}

impl Folds {
    /// `n_folds` folds of nearly equal size, at random.
    ///
    /// # Errors
    /// If there are fewer than two folds or more than rows.
    pub fn random(n_rows: usize, n_folds: usize, seed: u64) -> Result<Self, Error> {
        Self::stratified(&vec![(); n_rows], n_folds, seed)
    }

    /// Folds in which each label has nearly the share that it has in all rows, at random.
    ///
    /// # Errors
    /// If there are fewer than two folds or more than rows.
    pub fn stratified<L: Ord>(labels: &[L], n_folds: usize, seed: u64) -> Result<Self, Error> {
        check(n_folds, labels.len())?;
        let mut strata: BTreeMap<&L, Vec<usize>> = BTreeMap::new();
        for (row, label) in labels.iter().enumerate() {
            strata.entry(label).or_default().push(row);
        }
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut of_row = vec![0; labels.len()];
        let mut next = 0;
        for rows in strata.values_mut() {
            rows.shuffle(&mut rng);
            for &row in &*rows {
                of_row[row] = next;
                next = (next + 1) % n_folds;
            }
        }
        Ok(Self { of_row, n_folds })
    }

    /// `n_pairs` random pairs of halves, each with the share of every label that it has in all rows.
    ///
    /// # Errors
    /// If there are fewer than two rows.
    pub fn halves<L: Ord>(labels: &[L], n_pairs: usize, seed: u64) -> Result<Vec<Self>, Error> {
        // Apart by the golden ratio, so that neighbouring seeds share no pair.
        let first = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let pair = |pair: usize| Self::stratified(labels, 2, first.wrapping_add(pair as u64));
        (0..n_pairs).map(pair).collect()
    }

    /// Folds that keep rows with the same label (a patient, a site) together, at random; the largest
    /// labels are dealt first, each to the smallest fold.
    ///
    /// # Errors
    /// If there are fewer than two folds or more than labels.
    pub fn grouped<L: Ord>(labels: &[L], n_folds: usize, seed: u64) -> Result<Self, Error> {
        let mut members: BTreeMap<&L, Vec<usize>> = BTreeMap::new();
        for (row, label) in labels.iter().enumerate() {
            members.entry(label).or_default().push(row);
        }
        check(n_folds, members.len())?;
        let mut members: Vec<Vec<usize>> = members.into_values().collect();
        members.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
        members.sort_by_key(|rows| std::cmp::Reverse(rows.len()));
        let mut sizes = vec![0; n_folds];
        let mut of_row = vec![0; labels.len()];
        for rows in members {
            let fold = (0..n_folds).min_by_key(|&fold| sizes[fold]).unwrap_or(0);
            sizes[fold] += rows.len();
            for row in rows {
                of_row[row] = fold;
            }
        }
        Ok(Self { of_row, n_folds })
    }

    /// Given folds.
    ///
    /// # Errors
    /// If there are fewer than two, or one has no row.
    pub fn given(of_row: Vec<usize>) -> Result<Self, Error> {
        let n_folds = of_row.iter().max().map_or(0, |most| most.saturating_add(1));
        check(n_folds, of_row.len())?;
        let mut seen = vec![false; n_folds];
        for &fold in &of_row {
            seen[fold] = true;
        }
        match seen.iter().position(|seen| !seen) {
            Some(fold) => Err(Error::EmptyFold { fold }),
            None => Ok(Self { of_row, n_folds }),
        }
    }

    /// Number of folds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.n_folds
    }

    /// Never: there are at least two.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        false
    }

    /// The rows of each fold.
    #[must_use]
    pub fn rows(&self) -> Vec<Vec<usize>> {
        (0..self.n_folds).map(|fold| self.rows_of(fold).collect()).collect()
    }

    /// The rows of a fold.
    pub(crate) fn rows_of(&self, fold: usize) -> impl Iterator<Item = usize> + '_ {
        (0..self.of_row.len()).filter(move |&row| self.of_row[row] == fold)
    }

    /// The fold of each row.
    #[must_use]
    pub fn of_rows(&self) -> &[usize] {
        &self.of_row
    }
}

fn check(n_folds: usize, most: usize) -> Result<(), Error> {
    if (2..=most).contains(&n_folds) { Ok(()) } else { Err(Error::InvalidFolds { n_folds, most }) }
}
