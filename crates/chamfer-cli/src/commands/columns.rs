//! What is odd about the columns of the data, said once.

use crate::output::{count, say};
use chamfer_glm::{Design, inspect_columns};

/// Names shown in a warning about many columns.
const SHOWN_NAMES: usize = 5;

/// Says once which columns cannot be used or told apart.
pub fn warn_of_columns(design: &dyn Design, names: &[String]) {
    let report = inspect_columns(design);
    let list = |shown: Vec<String>, n: usize| {
        let more =
            if n > shown.len() { format!(" and {} more", n - shown.len()) } else { String::new() };
        shown.join(", ") + &more
    };
    if !report.constant.is_empty() {
        let shown = report.constant.iter().take(SHOWN_NAMES).map(|&j| format!("\"{}\"", names[j]));
        let columns = list(shown.collect(), report.constant.len());
        say(&format!(
            "warning: {} without variation, which explains nothing and gets \
             coefficient 0 (leave out with --exclude): {columns}",
            count(report.constant.len(), "column")
        ));
    }
    if !report.duplicates.is_empty() {
        let pair = |&(later, first): &(usize, usize)| {
            format!("\"{}\" = \"{}\"", names[later], names[first])
        };
        let shown = report.duplicates.iter().take(SHOWN_NAMES).map(pair).collect();
        let columns = list(shown, report.duplicates.len());
        say(&format!(
            "warning: {} equal to another in every row: {columns}; the fit is certified, but which \
             of equal columns gets the weight is arbitrary (leave one out with --exclude)",
            count(report.duplicates.len(), "column")
        ));
    }
}
