//! Tables and pictures of what was measured.

use crate::Failure;
use crate::experiments::EXPERIMENTS;
use crate::plots::{Curve, Words, draw};
use crate::results::{Results, Row, mean_and_deviation};
use std::fmt::Write;
use std::fs;
use std::path::Path;

/// Writes `tables.md`, and a picture for each experiment that was run.
pub fn write(folder: &Path) -> Result<(), Failure> {
    let mut text = String::new();
    for name in EXPERIMENTS {
        let rows = Results::of(folder, name).read()?;
        if rows.is_empty() {
            continue;
        }
        let networks = groups(&rows);
        table(&mut text, name, &networks)?;
        picture(folder, name, &networks)?;
    }
    fs::write(folder.join("tables.md"), text)?;
    println!("written to {}", folder.display());
    Ok(())
}

/// The networks of one method and share, one for each seed.
type Networks<'a> = Vec<&'a Row>;

/// Networks by method and share, in the order of the file.
fn groups(rows: &[Row]) -> Vec<Networks<'_>> {
    let mut groups: Vec<Networks> = Vec::new();
    for row in rows {
        let same =
            |group: &&mut Networks| group[0].method == row.method && group[0].share == row.share;
        match groups.iter_mut().find(same) {
            Some(group) => group.push(row),
            None => groups.push(vec![row]),
        }
    }
    groups
}

/// Over the seeds.
fn over(networks: &Networks<'_>, of: impl Fn(&Row) -> f64) -> (f64, f64) {
    mean_and_deviation(&networks.iter().map(|row| of(row)).collect::<Vec<_>>())
}

fn table(text: &mut String, name: &str, networks: &[Networks<'_>]) -> Result<(), Failure> {
    writeln!(text, "## {name}\n")?;
    writeln!(
        text,
        "| method | share | seeds | test error % | test loss | numbers | operations | file, kB | ms | \
         difference |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|"
    )?;
    for group in networks {
        let (error, deviation) = over(group, |row| 100.0 * row.test_error);
        // One seed says nothing of deviations.
        let error = match group.len() {
            1 => format!("{error:.2}"),
            _ => format!("{error:.2} ± {deviation:.2}"),
        };
        let (loss, _) = over(group, |row| row.test_loss);
        let (numbers, _) = over(group, |row| row.numbers as f64);
        let (flops, _) = over(group, |row| row.flops as f64);
        let (bytes, _) = over(group, |row| row.bytes as f64 / 1000.0);
        let (time, _) = over(group, |row| row.milliseconds);
        let difference = group.iter().map(|row| row.difference).fold(0.0, f64::max);
        writeln!(
            text,
            "| {} | {} | {} | {error} | {loss:.3} | {numbers:.0} | {flops:.0} | \
             {bytes:.0} | {time:.2} | {difference:.0e} |",
            group[0].method,
            group[0].share,
            group.len(),
        )?;
    }
    Ok(writeln!(text)?)
}

/// In the order in which pictures list them, each with the same colour in all.
const METHODS: [&str; 8] = [
    "product of 2",
    "subgradient",
    "dense",
    "one-shot pruning",
    "soft threshold",
    "gradual pruning",
    "product of 3",
    "product of 4",
];

/// Errors against compression where weights go, and against operations where more does.
fn picture(folder: &Path, name: &str, networks: &[Networks<'_>]) -> Result<(), Failure> {
    let by_weight = name.ends_with("weights");
    let of_text = name.starts_with("text");
    let x = |group: &Networks<'_>| {
        if by_weight { 1.0 / group[0].share } else { over(group, |row| row.flops as f64).0 }
    };
    let y = |row: &Row| if of_text { row.test_loss } else { 100.0 * row.test_error };
    let mut curves: Vec<Curve> = Vec::new();
    for group in networks {
        let (mean, deviation) = over(group, y);
        let (name, point) = (&group[0].method, (x(group), mean, deviation));
        if let Some(curve) = curves.iter_mut().find(|curve| curve.name == *name) {
            curve.points.push(point);
            continue;
        }
        let color = METHODS.iter().position(|known| known == name).unwrap_or(METHODS.len());
        curves.push(Curve { name: name.clone(), color, points: vec![point] });
    }
    curves.sort_by_key(|curve| curve.color);
    let words = Words {
        title: name,
        x: if by_weight { "all weights over those left" } else { "operations for a sample" },
        y: if of_text { "test loss" } else { "test error, %" },
    };
    draw(&folder.join(format!("{name}.svg")), &words, &curves)
}

#[cfg(test)]
mod tests {
    use super::write;
    use crate::results::{Results, Row};

    #[test]
    fn seeds_are_put_together() {
        let folder = tempfile::tempdir().unwrap();
        let row = |seed, share, test_error| {
            let method = "product of 3".to_owned();
            Row { method, seed, share, test_error, flops: 1000, ..Row::default() }
        };
        let rows = [row(1, 0.05, 0.01), row(1, 0.01, 0.02), row(2, 0.05, 0.03)];
        Results::of(folder.path(), "mnist-weights").add(&rows).unwrap();
        write(folder.path()).unwrap();
        let text = std::fs::read_to_string(folder.path().join("tables.md")).unwrap();
        assert!(text.contains("| product of 3 | 0.05 | 2 | 2.00 ± 1.41 |"), "{text}");
        assert!(folder.path().join("mnist-weights.svg").exists());
    }
}
