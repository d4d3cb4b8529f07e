//! Stability selection.

use super::Folds;
use crate::{Error, Regression};

/// How often each column is selected on random halves of the rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Stability {
    /// For each λ, the share of halves on which each column has a coefficient at it or at a larger λ.
    pub shares: Vec<Vec<f64>>,
    /// For each λ, the mean number of columns so selected, over the halves.
    pub mean_selected: Vec<f64>,
    /// For each column, its largest share: that at the smallest λ.
    pub of_columns: Vec<f64>,
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
        let n_cols = self.data.n_cols();
        Error::check_positive("the number of pairs of halves", n_pairs as f64)?;
        let halves: Vec<(Folds, usize)> = (0..n_pairs as u64)
            .map(|pair| Folds::random(self.family.n_rows(), 2, seed.wrapping_add(pair)))
            .collect::<Result<Vec<_>, _>>()?
            .into_iter()
            .flat_map(|folds| [(folds.clone(), 0), (folds, 1)])
            .collect();
        // For each half, with the other left out, the index of the λ at which each column first has a
        // coefficient.
        let first_selected = |(folds, half): &(Folds, usize)| -> Result<Vec<usize>, Error> {
            let mut first = vec![lambdas.len(); n_cols];
            self.without_fold(folds, *half, |regression| {
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
        };
        let selected: Vec<Vec<usize>> =
            self.map_fits(halves.len(), |k| first_selected(&halves[k]))?;
        let n = selected.len() as f64;
        let share = |k: usize, column: usize| {
            selected.iter().filter(|first| first[column] <= k).count() as f64 / n
        };
        let shares: Vec<Vec<f64>> = (0..lambdas.len())
            .map(|k| (0..n_cols).map(|column| share(k, column)).collect())
            .collect();
        let mean_selected = shares.iter().map(|shares: &Vec<f64>| shares.iter().sum()).collect();
        let of_columns = shares.last().cloned().unwrap_or_default();
        Ok(Stability { shares, mean_selected, of_columns })
    }
}

impl Stability {
    /// The columns selected on at least the share `threshold` of the halves.
    #[must_use]
    pub fn selected(&self, threshold: f64) -> Vec<usize> {
        (0..self.of_columns.len()).filter(|&j| self.of_columns[j] >= threshold).collect()
    }

    /// A bound on the expected number of columns selected at `threshold`, above ½, that are noise:
    /// `q²/((2 threshold − 1)p)` for the mean number `q` of columns selected on a half (Meinshausen &
    /// Bühlmann 2010, theorem 1, under its assumption that noise columns are exchangeable).
    #[must_use]
    pub fn false_selections(&self, threshold: f64) -> Option<f64> {
        let q = self.mean_selected.last()?;
        (threshold > 0.5).then(|| q * q / ((2.0 * threshold - 1.0) * self.of_columns.len() as f64))
    }
}
