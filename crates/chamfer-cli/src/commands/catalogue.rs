//! `chamfer catalogue`: what can be made sparse, and how.

use super::Status;
use crate::args::{CatalogueArgs, CatalogueFormat};
use crate::error::CliError;
use crate::output::{aligned_left, print};
use chamfer::{Facts, catalogue};
use std::fmt::Write;

/// A column of the table: its title, and what it shows of a row.
type Column = (&'static str, fn(&Facts) -> String);

const WHAT: [Column; 4] = [
    ("name", |facts| facts.name.to_owned()),
    ("β = K(ξ)", |facts| facts.map.to_owned()),
    ("induced penalty R(β)", |facts| facts.penalty.to_owned()),
    ("convex", |facts| facts.convex.to_string()),
];

const HOW: [Column; 2] = [
    ("surrogate R_ξ(ξ)", |facts| facts.surrogate.to_owned()),
    ("extra factors", |facts| facts.extra_factors.to_owned()),
];

const WHENCE: [Column; 3] = [
    ("smoothness, depths", |facts| facts.smoothness.to_owned()),
    ("Rust type", |facts| facts.type_name.to_owned()),
    ("source", |facts| facts.source.to_owned()),
];

const NOTATION: &str = "\
β: the d coefficients. ξ: the factors that are optimized. ∘: elementwise product. g: one of G groups.
k: depth; the exponent of a penalty is 2/k, so that depth 2 is the lasso or the group lasso.
The minimum of R_ξ over all ξ with K(ξ) = β is R(β): both problems have the same solutions.";

pub fn run(args: &CatalogueArgs) -> Result<Status, CliError> {
    let table = match args.format {
        CatalogueFormat::Text => {
            // Three tables, as one would be too wide for a terminal.
            let named = |columns: &[Column]| text(&[&WHAT[..1], columns].concat());
            format!("{}\n{}\n{}\n{NOTATION}", text(&WHAT), named(&HOW), named(&WHENCE))
        }
        CatalogueFormat::Markdown => markdown(),
    };
    print(table.trim_end())?;
    Ok(Status::Certified)
}

fn cells(columns: &[Column]) -> impl Iterator<Item = Vec<String>> {
    let header = columns.iter().map(|(title, _)| (*title).to_owned()).collect();
    let row = |facts: &&Facts| columns.iter().map(|(_, cell)| cell(facts)).collect();
    let rows: Vec<Vec<String>> = catalogue().iter().map(row).collect();
    std::iter::once(header).chain(rows)
}

fn text(columns: &[Column]) -> String {
    let mut text = String::new();
    for line in aligned_left(cells(columns)) {
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}

fn markdown() -> String {
    let columns: Vec<Column> = WHAT.into_iter().chain(HOW).chain(WHENCE).collect();
    let mut text = String::new();
    for (i, row) in cells(&columns).enumerate() {
        // A bar would end the cell, even inside code.
        let row: Vec<String> = row.iter().map(|cell| cell.replace('|', "\\|")).collect();
        let _ = writeln!(text, "| {} |", row.join(" | "));
        if i == 0 {
            let _ = writeln!(text, "|{}", "---|".repeat(columns.len()));
        }
    }
    text
}
