//! Rows on the columns of a working set, kept with what was last known of them.

use super::super::restricted::Restricted;
use super::rows::{OfRows, Rows};
use std::sync::Arc;

/// Sizes that differ by no more than this share are those that a point is known of.
const SAME: f64 = 1e-6;

/// Rows, and the coefficients eliminated for some sizes of the terms; shared, because starts are clones.
#[derive(Clone)]
pub(in super::super) struct KeptRows {
    rows: Arc<Rows>,
    last: Option<(Vec<f64>, OfRows)>,
}

impl KeptRows {
    pub(super) fn new(restricted: &Restricted<'_>, n_free: usize) -> Self {
        Self { rows: Arc::new(Rows::new(restricted, n_free)), last: None }
    }

    /// The rows with the coefficients eliminated for `θ` of each term.
    pub(super) fn at(rows: Arc<Rows>, thetas: Vec<f64>, eliminated: OfRows) -> Self {
        Self { rows, last: Some((thetas, eliminated)) }
    }

    /// On all columns of a working set, of which it has the first few; with what is known of `θ` of each term, if
    /// that is where it was.
    pub(super) fn on(
        self,
        restricted: &Restricted<'_>,
        thetas: &[f64],
    ) -> (Arc<Rows>, Option<(Vec<f64>, OfRows)>) {
        let Self { mut rows, last } = self;
        if !rows.has_all(restricted) {
            Arc::make_mut(&mut rows).extend(restricted);
        }
        let known = last.and_then(|(mut at, mut eliminated)| {
            at.resize(thetas.len(), 0.0);
            let is_same = |(a, b): (&f64, &f64)| (a - b).abs() <= SAME * b;
            at.iter().zip(thetas).all(is_same).then(|| {
                // M does not depend on columns that are not in use.
                eliminated.look(&rows);
                (at, eliminated)
            })
        });
        (rows, known)
    }

    /// On these of the terms and coefficients of a working set only, which rise; none that is left out is in use.
    pub(in super::super) fn keep(&self, terms: &[usize], coefficients: &[usize]) -> Self {
        let rows = Arc::new(self.rows.keep(coefficients));
        let last = self.last.as_ref().map(|(thetas, eliminated)| {
            let at = |t: &usize| thetas.get(*t).copied().unwrap_or(0.0);
            let mut eliminated = eliminated.clone();
            eliminated.look(&rows);
            (terms.iter().map(at).collect(), eliminated)
        });
        Self { rows, last }
    }
}
