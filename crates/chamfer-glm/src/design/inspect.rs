//! What is odd about the columns of a design, for the user to know.

use super::{Design, Moments};
use std::collections::HashMap;

/// Columns that a lasso cannot use, or not tell apart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ColumnReport {
    /// Columns with one value only.
    pub constant: Vec<usize>,
    /// `(later, earlier)` pairs of columns that are equal in every row and not constant. A lasso
    /// fit may put the weight on either.
    pub duplicates: Vec<(usize, usize)>,
}

/// Finds constant and duplicate columns.
///
/// One pass over the matrix, and a second look at those columns that agree in mean and variance.
#[must_use]
pub fn inspect_columns(design: &dyn Design) -> ColumnReport {
    let n_rows = design.n_rows();
    let weights = vec![1.0 / n_rows as f64; n_rows];
    let mut report = ColumnReport::default();
    let mut seen: HashMap<[u64; 2], Vec<usize>> = HashMap::new();
    let (mut column, mut other) = (vec![0.0; n_rows], vec![0.0; n_rows]);
    let moments = design.moments(&weights);
    if design.failure().is_some() {
        // Then these are no moments; whoever uses the design gets the error.
        return report;
    }
    for (j, Moments { mean, variance }) in moments.into_iter().enumerate() {
        if variance == 0.0 {
            report.constant.push(j);
            continue;
        }
        let alike = seen.entry([mean.to_bits(), variance.to_bits()]).or_default();
        if !alike.is_empty() {
            design.copy_column(j, &mut column);
        }
        let twin = alike.iter().copied().find(|&earlier| {
            design.copy_column(earlier, &mut other);
            column == other
        });
        match twin {
            Some(earlier) => report.duplicates.push((j, earlier)),
            None => alike.push(j),
        }
    }
    report
}
