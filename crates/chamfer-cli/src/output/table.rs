//! Results as text tables and CSV.

use crate::model::{FitRecord, Model};
use crate::select::Criteria;
use crate::spec::FamilyName;
use std::fmt::Write;

/// Marks a λ that missed the tolerance.
const MISSED: &str = " *";

/// The fits of a path, a row each.
pub struct PathTable<'a> {
    fits: &'a [FitRecord],
    tolerance: f64,
    /// What the fraction of deviance explained is called.
    explained: &'static str,
    convex: bool,
    /// Whether there are several outputs.
    several: bool,
}

impl<'a> PathTable<'a> {
    /// Fits of a model, or new certificates of them.
    pub fn of(model: &Model, fits: &'a [FitRecord], tolerance: f64) -> Self {
        let explained = if model.family.name == FamilyName::Gaussian { "R²" } else { "D²" };
        let (convex, several) = (model.penalty.is_convex(), model.outputs().len() > 1);
        Self { fits, tolerance, explained, convex, several }
    }

    /// For people.
    pub fn text(&self) -> String {
        let proof = if self.convex { "relative gap" } else { "stationarity" };
        // Of several outputs, coefficients and columns that have some are not the same.
        let nonzero = if self.several { "columns" } else { "nonzero" };
        let header = ["lambda", nonzero, self.explained, proof, "seconds"];
        let mut header = header.map(str::to_owned).to_vec();
        if self.has_refits() {
            header.push(format!("{} of refit", self.explained));
        }
        let rows = self.fits.iter().map(|fit| {
            let mut row = vec![
                significant(fit.lambda),
                fit.nonzero.to_string(),
                format!("{:.4}", fit.deviance_explained),
                gap(fit.relative_gap.unwrap_or(fit.relative_stationarity)),
                format!("{:.4}", fit.seconds),
            ];
            if self.has_refits() {
                let refit = fit.relaxed.as_ref();
                row.push(
                    refit.map_or_else(String::new, |r| format!("{:.4}", r.deviance_explained)),
                );
            }
            row
        });
        let lines = aligned(std::iter::once(header).chain(rows));
        let mut text = String::new();
        for (i, line) in lines.iter().enumerate() {
            let missed = i > 0 && !self.fits[i - 1].converged;
            let _ = writeln!(text, "{line}{}", if missed { MISSED } else { "" });
        }
        if self.n_missed() > 0 {
            let meaning = if self.convex {
                "the objective is only proved to be within this gap of its minimum"
            } else {
                "the fit is no certified local minimum"
            };
            let _ =
                writeln!(text, "{MISSED} missed the tolerance of {:e}: {meaning}", self.tolerance);
        }
        text
    }

    fn has_refits(&self) -> bool {
        self.fits.iter().any(|fit| fit.relaxed.is_some())
    }

    pub fn n_missed(&self) -> usize {
        self.fits.iter().filter(|fit| !fit.converged).count()
    }

    /// `path.csv`: a row for each λ.
    pub fn csv(&self) -> String {
        let mut text = String::from(
            "lambda,nonzero,deviance_explained,objective,dual,relative_gap,relative_stationarity,\
             smallest_eigenvalue,converged,newton_steps,aic,bic,ebic",
        );
        if self.has_refits() {
            text += ",refit_deviance_explained,refit_relative_stationarity";
        }
        // What differs from run to run comes last.
        text += ",seconds\n";
        for fit in self.fits {
            let number = |value: Option<f64>| value.map_or_else(String::new, |x| format!("{x:e}"));
            let FitRecord { lambda, nonzero, deviance_explained, objective, .. } = fit;
            let FitRecord { relative_stationarity, converged, newton_steps, seconds, .. } = fit;
            let (dual, gap) = (number(fit.dual), number(fit.relative_gap));
            let least = number(fit.smallest_eigenvalue);
            let _ = write!(
                text,
                "{lambda},{nonzero},{deviance_explained},{objective},{dual},{gap},\
                 {relative_stationarity:e},{least},{converged},{newton_steps}"
            );
            let price = |of: fn(Criteria) -> f64| {
                fit.criteria.map_or_else(String::new, |all| of(all).to_string())
            };
            for price in [price(|all| all.aic), price(|all| all.bic), price(|all| all.ebic)] {
                let _ = write!(text, ",{price}");
            }
            if self.has_refits() {
                let refit = fit.relaxed.as_ref();
                let explained =
                    refit.map_or_else(String::new, |r| r.deviance_explained.to_string());
                let slope = number(refit.map(|r| r.relative_stationarity));
                let _ = write!(text, ",{explained},{slope}");
            }
            let _ = writeln!(text, ",{seconds}");
        }
        text
    }
}

/// A table of coefficients `(name, original scale, standardized)`, in the order given; the
/// standardized ones are left out if they are not `standardized`.
pub fn top_coefficients(coefficients: &[(&str, f64, f64)], standardized: bool) -> String {
    let cells = |name: &str, original: String, scaled: String| {
        let mut row = vec![name.to_owned(), original];
        if standardized {
            row.push(scaled);
        }
        row
    };
    let header = cells("column", "coefficient".to_owned(), "standardized".to_owned());
    let rows = coefficients
        .iter()
        .map(|&(name, original, scaled)| cells(name, significant(original), significant(scaled)));
    let rows: Vec<Vec<String>> = std::iter::once(header).chain(rows).collect();
    named(rows)
}

/// A table of coefficients for several outputs, a row `(name, one for each output)` for each column; the
/// first few outputs if they are many.
pub fn top_of_outputs(coefficients: &[(&str, Vec<f64>)], outputs: &[String]) -> String {
    const SHOWN: usize = 8;
    /// Longer names of outputs are cut.
    const LONGEST: usize = 14;
    let short = |name: &String| match name.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &name[..end]),
        None => name.clone(),
    };
    let header = std::iter::once("column".to_owned()).chain(outputs.iter().take(SHOWN).map(short));
    let row = |(name, values): &(&str, Vec<f64>)| -> Vec<String> {
        let values = values.iter().take(SHOWN).map(|&value| significant(value));
        std::iter::once((*name).to_owned()).chain(values).collect()
    };
    let rows = std::iter::once(header.collect()).chain(coefficients.iter().map(row));
    let mut text = named(rows.collect());
    if outputs.len() > SHOWN {
        let _ = writeln!(text, "and {} more, not shown", outputs.len() - SHOWN);
    }
    text
}

/// Rows with their names at the left, and numbers at the right.
fn named(rows: Vec<Vec<String>>) -> String {
    let width = rows.iter().map(|row| row[0].chars().count()).max().unwrap_or(0);
    let padded = rows.into_iter().map(|mut row| {
        let missing = width - row[0].chars().count();
        row[0].push_str(&" ".repeat(missing));
        row
    });
    let mut lines = aligned(padded).join("\n");
    lines.push('\n');
    lines
}

/// Four significant digits, in the shorter of the two notations.
pub fn significant(value: f64) -> String {
    let magnitude = value.abs();
    if value == 0.0 {
        "0".to_owned()
    } else if (1e-3..1e5).contains(&magnitude) {
        let power = [1e4, 1e3, 1e2, 1e1, 1.0, 1e-1, 1e-2].iter().position(|p| magnitude >= *p);
        let decimals = power.unwrap_or(7).saturating_sub(1);
        format!("{value:.decimals$}")
    } else {
        format!("{value:.3e}")
    }
}

/// A gap in one digit after the point; it may be exactly 0.
fn gap(value: f64) -> String {
    if value == 0.0 { "0".to_owned() } else { format!("{value:.1e}") }
}

/// Lines with their cells aligned at the right.
fn aligned(rows: impl Iterator<Item = Vec<String>>) -> Vec<String> {
    padded(rows, |cell, padding| format!("{padding}{cell}"))
}

/// Lines with their cells aligned at the left.
pub fn aligned_left(rows: impl Iterator<Item = Vec<String>>) -> Vec<String> {
    padded(rows, |cell, padding| format!("{cell}{padding}"))
}

fn padded(
    rows: impl Iterator<Item = Vec<String>>,
    pad: impl Fn(&str, &str) -> String,
) -> Vec<String> {
    let rows: Vec<Vec<String>> = rows.collect();
    let n_columns = rows.first().map_or(0, Vec::len);
    let width = |c: usize| rows.iter().map(|row| row[c].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..n_columns).map(width).collect();
    let line = |row: &Vec<String>| {
        let missing = |cell: &str, width: usize| " ".repeat(width - cell.chars().count());
        let cells = row.iter().zip(&widths).map(|(cell, &w)| pad(cell, &missing(cell, w)));
        cells.collect::<Vec<_>>().join("  ")
    };
    rows.iter().map(line).collect()
}
