//! The picture of a path: curves in a frame, and their names.

use std::cmp::Ordering;
use std::collections::HashMap;

use plotters::style::{RGBColor, WHITE};

use super::canvas::{self, Align, Canvas, Font, Point, Stroke};
use super::frame::{FAINT, Frame, HEIGHT, INK, LAMBDA_TITLE, MARGIN, WIDTH};
use super::labels;
use super::raster::{Fitted, Ruler};
use super::ticks::grouped;
use super::{Axes, Curve, PathPlot, PlotError};

/// Colours that remain distinct with colour-blind vision (after Okabe and Ito, and Tol), ordered
/// so that neighbours differ most: they are given out from the top of the picture down.
pub const COLORS: [RGBColor; 10] = [
    RGBColor(0x00, 0x72, 0xB2),
    RGBColor(0xE6, 0x9F, 0x00),
    RGBColor(0x88, 0x22, 0x55),
    RGBColor(0x56, 0xB4, 0xE9),
    RGBColor(0xD5, 0x5E, 0x00),
    RGBColor(0x00, 0x9E, 0x73),
    RGBColor(0xCC, 0x79, 0xA7),
    RGBColor(0x33, 0x22, 0x88),
    RGBColor(0x99, 0x99, 0x33),
    RGBColor(0x11, 0x77, 0x33),
];

pub const CURVE_WIDTH: f64 = 1.7;
/// White around the coloured curves, which sets them off from the grey ones.
pub const HALO: Stroke = Stroke::new(WHITE, 3.2);
const LEADER_WIDTH: f64 = 0.8;
const DOT_RADIUS: f64 = 3.2;

pub const NAME: Font = Font { color: INK, size: 11.5 };
pub const NOTE: Font = Font { color: FAINT, size: 11.0 };
const NOTICE: Font = Font { color: FAINT, size: 14.0 };

/// The distance from the end of a curve to its name, which a leader line spans.
const LEADER_LENGTH: f64 = 26.0;
/// The distance between the baselines of neighbouring names.
pub const NAME_GAP: f64 = 16.0;
/// The widest that a name may be.
const NAME_ROOM: f64 = 200.0;

/// Curves of one name, which are coloured and named.
pub struct Named<'a> {
    /// The most important one first: the name stands at its end.
    curves: Vec<&'a Curve<'a>>,
    name: Fitted,
    color: RGBColor,
}

/// Draws a path that has been checked.
pub fn draw(plot: &PathPlot<'_>) -> Result<String, PlotError> {
    let ruler = Ruler::new();
    let (named, others) = split(plot.curves.iter(), &ruler)?;
    let values = plot.curves.iter().flat_map(|curve| &curve.values);
    let axes = Axes {
        title: plot.title,
        lambdas: plot.lambdas,
        support_sizes: plot.support_sizes,
        support_label: "Nonzero coefficients",
        label: plot.coefficient_label,
        range: values.fold((0.0f64, 0.0f64), |(low, high), &v| (low.min(v), high.max(v))),
    };
    let frame = Frame::new(&axes, named_room(&named, plot.lambdas), &ruler)?;
    canvas::paint(WIDTH, HEIGHT, |canvas| {
        canvas.fill(WHITE)?;
        frame.draw_grid(canvas)?;
        draw_background(canvas, &frame, plot.lambdas, &others)?;
        draw_named(canvas, &frame, plot.lambdas, &named)?;
        frame.draw_axes(canvas, &axes, &ruler)?;
        draw_names(canvas, &frame, plot.lambdas, &named)?;
        draw_note(canvas, others.len())?;
        draw_notice(canvas, &frame, plot.curves)
    })
}

/// The room that the names need to the right of the frame.
pub fn named_room(named: &[Named<'_>], lambdas: &[f64]) -> f64 {
    let widest = named.iter().fold(0.0, |widest: f64, named| widest.max(named.name.width));
    // A single λ stands in the middle of the frame, with the names beside it.
    if lambdas.len() == 1 { 0.0 } else { LEADER_LENGTH + 4.0 + widest }
}

/// Draws the curves without a name.
pub fn draw_background(
    canvas: &Canvas<'_>,
    frame: &Frame,
    lambdas: &[f64],
    curves: &[&Curve<'_>],
) -> Result<(), PlotError> {
    let grey = grey_for(curves.len());
    curves.iter().try_for_each(|curve| draw_curve(canvas, frame, lambdas, curve, grey))
}

/// Draws the zero line, and the curves with a name, set off from what lies beneath.
pub fn draw_named(
    canvas: &Canvas<'_>,
    frame: &Frame,
    lambdas: &[f64],
    named: &[Named<'_>],
) -> Result<(), PlotError> {
    for curve in named.iter().flat_map(|named| &named.curves) {
        draw_curve(canvas, frame, lambdas, curve, HALO)?;
    }
    frame.draw_zero_line(canvas)?;
    for named in named {
        let stroke = Stroke::new(named.color, CURVE_WIDTH);
        for curve in &named.curves {
            draw_curve(canvas, frame, lambdas, curve, stroke)?;
        }
    }
    Ok(())
}

/// Splits the curves into those that are named, from the top of the picture down, and the others.
pub fn split<'a>(
    curves: impl Iterator<Item = &'a Curve<'a>>,
    ruler: &Ruler,
) -> Result<(Vec<Named<'a>>, Vec<&'a Curve<'a>>), PlotError> {
    let mut all: Vec<&Curve<'_>> = curves.collect();
    all.sort_by(|a, b| by_importance(a, b));
    let mut place: HashMap<&str, usize> = HashMap::new();
    let mut ranked: Vec<Vec<&Curve<'_>>> = Vec::new();
    for curve in all {
        let at = *place.entry(curve.name).or_insert(ranked.len());
        if at == ranked.len() {
            ranked.push(Vec::new());
        }
        ranked[at].push(curve);
    }
    let others = ranked.split_off(COLORS.len().min(ranked.len()));
    let others = others.into_iter().flatten().collect();
    ranked.sort_by(|a, b| end(b[0]).total_cmp(&end(a[0])));
    let named = ranked
        .into_iter()
        .zip(COLORS)
        .map(|(curves, color)| {
            let name = curves[0].name;
            let name = if name.trim().is_empty() { "(no name)" } else { name };
            let name = ruler.fit(name, NAME.size, NAME_ROOM)?;
            Ok(Named { curves, name, color })
        })
        .collect::<Result<_, PlotError>>()?;
    Ok((named, others))
}

/// A line for each of `count` curves in the background: the fainter the more there are, so that
/// one still sees where they crowd.
pub fn grey_for(count: usize) -> Stroke {
    let opacity = 0.5 * (50.0 / count.max(1) as f64).powf(0.25);
    Stroke { color: RGBColor(0x84, 0x84, 0x84), opacity: opacity.clamp(0.2, 0.5), width: 0.8 }
}

/// Puts first what is larger at the smallest λ, or else what is ever larger.
fn by_importance(a: &Curve<'_>, b: &Curve<'_>) -> Ordering {
    let largest = |curve: &Curve<'_>| {
        curve.values.iter().fold(0.0, |largest: f64, value| largest.max(value.abs()))
    };
    let by_end = end(b).abs().total_cmp(&end(a).abs());
    by_end.then_with(|| largest(b).total_cmp(&largest(a)))
}

/// The coefficient at the smallest λ.
pub fn end(curve: &Curve<'_>) -> f64 {
    curve.values.last().copied().unwrap_or(0.0)
}

/// Draws one curve where it is nonzero; elsewhere there is the zero line.
pub fn draw_curve(
    canvas: &Canvas<'_>,
    frame: &Frame,
    lambdas: &[f64],
    curve: &Curve<'_>,
    stroke: Stroke,
) -> Result<(), PlotError> {
    let point = |index: usize| (frame.x(lambdas[index].log10()), frame.y(curve.values[index]));
    if lambdas.len() == 1 {
        return canvas.dot(point(0), DOT_RADIUS * stroke.width / CURVE_WIDTH, stroke.color);
    }
    let mut piece: Vec<Point> = Vec::new();
    for index in 1..lambdas.len() {
        if curve.values[index - 1] == 0.0 && curve.values[index] == 0.0 {
            if !piece.is_empty() {
                canvas.line(&piece, stroke)?;
                piece.clear();
            }
            continue;
        }
        if piece.is_empty() {
            piece.push(point(index - 1));
        }
        piece.push(point(index));
    }
    if piece.is_empty() { Ok(()) } else { canvas.line(&piece, stroke) }
}

/// Writes the names to the right of where the curves end.
pub fn draw_names(
    canvas: &Canvas<'_>,
    frame: &Frame,
    lambdas: &[f64],
    named: &[Named<'_>],
) -> Result<(), PlotError> {
    let ends: Vec<f64> = named.iter().map(|named| frame.y(end(named.curves[0]))).collect();
    let middles = labels::spread(&ends, NAME_GAP, frame.top + 4.0, frame.bottom - 4.0);
    let x = frame.x(lambdas.last().copied().unwrap_or(1.0).log10());
    for ((named, from), to) in named.iter().zip(ends).zip(middles) {
        let leader = [
            (x + 3.0, from),
            (x + 7.0, from),
            (x + LEADER_LENGTH - 7.0, to),
            (x + LEADER_LENGTH - 3.0, to),
        ];
        canvas.line(&leader, Stroke::new(named.color, LEADER_WIDTH))?;
        // A single λ has the names inside the frame, where the grid would strike them through.
        let backdrop = [(x + LEADER_LENGTH, to), (x + LEADER_LENGTH + named.name.width, to)];
        canvas.line(&backdrop, Stroke::new(WHITE, NAME.size))?;
        let at = (x + LEADER_LENGTH, to + 0.34 * NAME.size);
        canvas.text(&named.name.text, at, NAME, Align::Start)?;
    }
    Ok(())
}

/// Says how many curves have no name.
fn draw_note(canvas: &Canvas<'_>, others: usize) -> Result<(), PlotError> {
    let note = match others {
        0 => return Ok(()),
        1 => "1 other coefficient in grey".to_owned(),
        _ => format!("{} other coefficients in grey", grouped(others)),
    };
    canvas.text(&note, (f64::from(WIDTH) - MARGIN, LAMBDA_TITLE), NOTE, Align::End)
}

/// Says so if there is nothing to see.
fn draw_notice(canvas: &Canvas<'_>, frame: &Frame, curves: &[Curve<'_>]) -> Result<(), PlotError> {
    if curves.iter().any(|curve| curve.values.iter().any(|&value| value != 0.0)) {
        return Ok(());
    }
    let at = (f64::midpoint(frame.left, frame.right), frame.y(0.0) - 12.0);
    canvas.text("all coefficients are zero", at, NOTICE, Align::Middle)
}
