//! Stability selection.

use super::Folds;
use crate::{Error, Regression};

/// How often each column is selected on random halves of the rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Stability {
    /// For each λ, the share of halves on which each column has a coefficient at it or at a larger λ.
    pub shares: Vec<Vec<f64>>,
    /// For each λ, the mean number of penalized columns, or groups of columns, so selected, over the halves.
    pub mean_selected: Vec<f64>,
    /// For each column, its largest share: that at the smallest λ.
    pub of_columns: Vec<f64>,
    /// Number of penalized columns, or groups.
    pub n_terms: usize,
}

impl Regression<'_> {
    /// Fits paths at `lambdas` (largest first) on `n_pairs` random pairs of complementary halves of the rows,
    /// and counts how often each column is selected: stability selection (Meinshausen & Bühlmann 2010) with
    /// complementary pairs (Shah & Samworth 2013). Pairs run in parallel, on one shared design; results
    /// depend on `seed` alone.
    ///
    /// # Errors
    /// As [`Regression::path`] on each half; if `n_pairs` is 0, or there are fewer than two rows.
    pub fn stability(
        &self,
        lambdas: &[f64],
        tolerance: f64,
        n_pairs: usize,
        seed: u64,
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Result<Stability, Error> {
        Error::check_positive("the number of pairs of halves", n_pairs as f64)?;
        let rows = vec![(); self.family.n_rows()];
        let halves: Vec<(Folds, usize)> = Folds::halves(&rows, n_pairs, seed)?
            .into_iter()
            .flat_map(|folds| [(folds.clone(), 0), (folds, 1)])
            .collect();
        let of_half = |(folds, half): &(Folds, usize)| {
            self.select_on_half(folds, *half, lambdas, tolerance, stop)
        };
        let selected = self.map_fits(halves.len(), |k| of_half(&halves[k]))?;
        Ok(self.stability_of(&selected, lambdas.len()))
    }

    /// A part of [`stability`](Self::stability): the path on the rows of one half, which are those outside of the
    /// fold `half`; for each column the index of the λ at which it first has a coefficient, or the number of
    /// λs where it has none.
    ///
    /// # Errors
    /// As [`Regression::path`] on the half.
    pub fn select_on_half(
        &self,
        halves: &Folds,
        half: usize,
        lambdas: &[f64],
        tolerance: f64,
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Result<Vec<usize>, Error> {
        Error::check_length("the halves", self.family.n_rows(), halves.of_rows().len())?;
        let mut first = vec![lambdas.len(); self.data.n_cols()];
        self.without_fold(halves, half, |regression| {
            for (k, point) in regression.path(lambdas, tolerance, stop)?.enumerate() {
                for of_output in point?.coefficients {
                    for (column, _) in of_output.values {
                        first[column] = first[column].min(k);
                    }
                }
            }
            Ok(())
        })?;
        Ok(first)
    }

    /// Counts what [`select_on_half`](Self::select_on_half) found on some halves, at least one, with `n_lambdas`
    /// λs.
    ///
    /// # Panics
    /// If a half does not have one number for each column.
    #[must_use]
    pub fn stability_of(&self, selected: &[Vec<usize>], n_lambdas: usize) -> Stability {
        let n = selected.len() as f64;
        let share = |k: usize, column: usize| {
            selected.iter().filter(|first| first[column] <= k).count() as f64 / n
        };
        let shares = |k: usize| (0..self.data.n_cols()).map(|column| share(k, column)).collect();
        let shares: Vec<Vec<f64>> = (0..n_lambdas).map(shares).collect();
        let n_terms = self.terms.len();
        let mut counts = vec![0.0; n_lambdas];
        for first in selected {
            for t in 0..n_terms {
                let of_term = self.terms.of(t).iter().map(|&column| first[column]).min();
                for count in counts.iter_mut().skip(of_term.unwrap_or(n_lambdas)) {
                    *count += 1.0;
                }
            }
        }
        let mean_selected = counts.into_iter().map(|count| count / n).collect();
        let of_columns = shares.last().cloned().unwrap_or_default();
        Stability { shares, mean_selected, of_columns, n_terms }
    }
}

impl Stability {
    /// The columns selected on at least the share `threshold` of the halves.
    #[must_use]
    pub fn selected(&self, threshold: f64) -> Vec<usize> {
        (0..self.of_columns.len()).filter(|&j| self.of_columns[j] >= threshold).collect()
    }

    /// A bound on the expected number of columns (or groups) selected at `threshold`, above ½, that are noise:
    /// `q²/((2 threshold − 1)p)` for the mean number `q` selected on a half out of `p` (Meinshausen & Bühlmann
    /// 2010, theorem 1, under its assumption that noise columns are exchangeable).
    #[must_use]
    pub fn false_selections(&self, threshold: f64) -> Option<f64> {
        let q = self.mean_selected.last()?;
        (threshold > 0.5).then(|| q * q / ((2.0 * threshold - 1.0) * self.n_terms as f64))
    }

    /// The same for the first `n_lambdas` λs only.
    #[must_use]
    pub fn up_to(mut self, n_lambdas: usize) -> Self {
        self.shares.truncate(n_lambdas);
        self.mean_selected.truncate(n_lambdas);
        self.of_columns = self.shares.last().cloned().unwrap_or_default();
        self
    }

    /// The same for as many λs as keep [`false_selections`](Self::false_selections) at `threshold` at `most`; at
    /// least the first λ.
    #[must_use]
    pub fn with_false_selections(self, threshold: f64, most: f64) -> Self {
        let q = (most * (2.0 * threshold - 1.0) * self.n_terms as f64).max(0.0).sqrt();
        let n_lambdas = self.mean_selected.partition_point(|selected| *selected <= q);
        self.up_to(n_lambdas.max(1))
    }
}
