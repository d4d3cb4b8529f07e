//! `chamfer stability`: which columns are selected on most random halves of the rows.

use super::{Status, cv, data, to_json};
use crate::args::StabilityArgs;
use crate::error::CliError;
use crate::input::Frame;
use crate::interrupt::Interrupt;
use crate::output::{
    OutputFolder, Progress, aligned_left, count, print, say, significant, with_commas,
};
use crate::plot::{Curve, StabilityPlot, rasterize, stability_svg};
use crate::spec::{FamilySpec, PenaltyName, PenaltySpec};
use chamfer_glm::{Error as GlmError, Folds, Regression, Stability};
use std::fmt::Write;

/// Columns shown in the table.
const SHOWN: usize = 30;

/// What was found on the halves.
pub struct Found {
    stability: Stability,
    /// Those that the bound on false selections allows.
    lambdas: Vec<f64>,
    /// Pairs of halves that are done.
    pairs: usize,
    interrupted: bool,
}

/// A column, or a group of them, and its shares at each λ.
struct Term<'a> {
    name: &'a str,
    shares: Vec<f64>,
}

impl Term<'_> {
    fn share(&self) -> f64 {
        self.shares.last().copied().unwrap_or(0.0)
    }
}

/// Pairs of halves of the rows, each with as many of every class, or events, as the other.
pub fn halves(
    args: &StabilityArgs,
    family: &FamilySpec,
    frame: &Frame,
) -> Result<Vec<Folds>, GlmError> {
    Folds::halves(&cv::strata(family, frame), args.pairs as usize, args.model.seed)
}

/// Fits paths on all halves; `None` if Ctrl-C was pressed before a pair was done.
pub fn select(
    regression: &Regression,
    lambdas: &[f64],
    args: &StabilityArgs,
    pairs: &[Folds],
    interrupt: &Interrupt,
) -> Result<Option<Found>, GlmError> {
    let progress = Progress::of_pairs(pairs.len());
    let stop = || interrupt.pressed();
    let of_pair = |halves: &Folds| {
        let half =
            |half: usize| regression.select_on_half(halves, half, lambdas, args.model.tol, &stop);
        let selected = half(0).and_then(|first| Ok([first, half(1)?]));
        progress.advance_fold();
        match selected {
            Err(_) if stop() => Ok(None),
            selected => selected.map(Some),
        }
    };
    let done = regression.map_fits(pairs.len(), |k| of_pair(&pairs[k]))?;
    drop(progress);
    let selected: Vec<Vec<usize>> = done.into_iter().flatten().flatten().collect();
    if selected.is_empty() {
        return Ok(None);
    }
    let stability = regression
        .stability_of(&selected, lambdas.len())
        .with_false_selections(args.threshold, args.false_selections);
    Ok(Some(Found {
        lambdas: lambdas[..stability.shares.len()].to_vec(),
        pairs: selected.len() / 2,
        interrupted: selected.len() < 2 * pairs.len(),
        stability,
    }))
}

/// Prints what was found for `target`, and writes it to `folder`.
pub fn report(
    found: &Found,
    args: &StabilityArgs,
    penalty: &PenaltySpec,
    frame: &Frame,
    target: &str,
    folder: Option<OutputFolder>,
) -> Result<Status, CliError> {
    let terms = terms(found, penalty, frame)?;
    let files = match folder {
        Some(folder) => write(found, args, &terms, target, folder)?,
        None => Vec::new(),
    };
    if args.model.json {
        print(&json(found, args, &terms, &files)?)?;
    } else {
        print(&text(found, args, &terms, penalty, frame))?;
        if !files.is_empty() {
            print(&format!("wrote {}", files.join(", ")))?;
        }
    }
    if found.interrupted {
        let (done, asked) = (with_commas(found.pairs), count(args.pairs as usize, "pair"));
        say(&format!(
            "interrupted: {done} of {asked} of halves are done; the shares are those on them"
        ));
        return Ok(Status::Interrupted);
    }
    Ok(Status::Certified)
}

/// Refuses penalties whose selections are neither columns nor whole groups.
pub fn check(penalty: &PenaltySpec) -> Result<(), CliError> {
    if penalty.name != PenaltyName::SparseGroup {
        return Ok(());
    }
    let message =
        "stability selection counts columns or whole groups: use --penalty lasso or group";
    Err(CliError::Options(message.to_owned()))
}

/// The terms with a penalty, the most often selected first.
fn terms<'a>(
    found: &Found,
    penalty: &'a PenaltySpec,
    frame: &'a Frame,
) -> Result<Vec<Term<'a>>, CliError> {
    let positions = data::positions(frame);
    let groups = if penalty.has_groups() { Some(penalty.members(&frame.names)?) } else { None };
    let term = |name: &'a str| {
        // The columns of a group are selected together.
        let column = match &groups {
            Some(groups) => groups.get(name).and_then(|columns| columns.first()).copied(),
            None => positions.get(name).copied(),
        };
        let shares = found.stability.shares.iter().map(|shares| column.map_or(0.0, |j| shares[j]));
        Term { name, shares: shares.collect() }
    };
    let is_penalized = |name: &&str| penalty.weights.get(*name) != Some(&0.0);
    let names = penalty.terms(&frame.names)?.into_iter().filter(is_penalized);
    let mut terms: Vec<Term> = names.map(term).collect();
    terms.sort_by(|a, b| b.share().total_cmp(&a.share()));
    Ok(terms)
}

fn text(
    found: &Found,
    args: &StabilityArgs,
    terms: &[Term<'_>],
    penalty: &PenaltySpec,
    frame: &Frame,
) -> String {
    let what = if penalty.has_groups() { "group" } else { "column" };
    let ends = found.lambdas.first().zip(found.lambdas.last());
    let (most, least) = ends.map_or((0.0, 0.0), |(a, b)| (*a, *b));
    let selected = found.stability.mean_selected.last().copied().unwrap_or(0.0);
    let mut text = format!(
        "{} × {}, {} of halves\nλ from {} down to {}, where a half selects {} of {} on average\n",
        count(frame.matrix.n_rows(), "row"),
        count(frame.matrix.n_cols(), "column"),
        count(found.pairs, "pair"),
        significant(most),
        significant(least),
        significant(selected),
        count(terms.len(), what),
    );
    let stable = terms.iter().take_while(|term| term.share() >= args.threshold).count();
    let noise = found.stability.false_selections(args.threshold).unwrap_or(f64::NAN);
    let _ = writeln!(
        text,
        "{} selected on at least {} of the halves, of which at most {} are expected to be noise",
        count(stable, what),
        args.threshold,
        significant(noise),
    );
    // With the best of the others, which show how clear the choice is.
    let ever = terms.iter().take_while(|term| term.share() > 0.0).count();
    let shown = (stable + 5).min(ever).min(SHOWN);
    let header = vec![what.to_owned(), "share".to_owned(), String::new()];
    let row = |term: &Term<'_>| {
        let mark = if term.share() >= args.threshold { "stable" } else { "" };
        vec![term.name.to_owned(), format!("{:.2}", term.share()), mark.to_owned()]
    };
    let rows = std::iter::once(header).chain(terms[..shown].iter().map(row));
    for line in aligned_left(rows) {
        text += line.trim_end();
        text.push('\n');
    }
    if stable > shown {
        let _ = write!(text, "and {} more", with_commas(stable - shown));
    }
    text.trim_end().to_owned()
}

fn json(
    found: &Found,
    args: &StabilityArgs,
    terms: &[Term<'_>],
    files: &[String],
) -> Result<String, CliError> {
    #[derive(serde::Serialize)]
    struct Selected<'a> {
        name: &'a str,
        share: f64,
        stable: bool,
    }
    #[derive(serde::Serialize)]
    struct Report<'a> {
        pairs: usize,
        interrupted: bool,
        threshold: f64,
        /// Bound on the expected number of stable terms that are noise.
        false_selections: Option<f64>,
        lambdas: &'a [f64],
        mean_selected: &'a [f64],
        selected: Vec<Selected<'a>>,
        files: &'a [String],
    }
    let selected = terms.iter().filter(|term| term.share() > 0.0).map(|term| Selected {
        name: term.name,
        share: term.share(),
        stable: term.share() >= args.threshold,
    });
    to_json(&Report {
        pairs: found.pairs,
        interrupted: found.interrupted,
        threshold: args.threshold,
        false_selections: found.stability.false_selections(args.threshold),
        lambdas: &found.lambdas,
        mean_selected: &found.stability.mean_selected,
        selected: selected.collect(),
        files,
    })
}

/// Writes table and picture; says where they are.
fn write(
    found: &Found,
    args: &StabilityArgs,
    terms: &[Term<'_>],
    target: &str,
    folder: OutputFolder,
) -> Result<Vec<String>, CliError> {
    let file = data::file_name(&args.data.file.file);
    let pairs = count(found.pairs, "pair");
    let title = format!("Stability selection, {pairs} of halves: {target} ({file})");
    let curves: Vec<Curve> = terms
        .iter()
        .filter(|term| term.share() > 0.0)
        .map(|term| Curve { name: term.name, values: term.shares.clone() })
        .collect();
    let svg = stability_svg(&StabilityPlot {
        title: &title,
        lambdas: &found.lambdas,
        mean_selected: &found.stability.mean_selected,
        curves: &curves,
        threshold: args.threshold,
    })?;
    let failed = |error: csv::Error| CliError::Setup(error.to_string());
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record(["name", "share", "stable"]).map_err(failed)?;
    for term in terms {
        let stable = (term.share() >= args.threshold).to_string();
        table.write_record([term.name, &term.share().to_string(), &stable]).map_err(failed)?;
    }
    let table = table.into_inner().map_err(|error| CliError::Setup(error.to_string()))?;
    let png = rasterize(&svg)?;
    let written = folder.write(&[
        ("stability.csv", table.as_slice()),
        ("stability.svg", svg.as_bytes()),
        ("stability.png", &png),
    ])?;
    Ok(written.iter().map(|path| path.display().to_string()).collect())
}
