//! The picture of a path with several outputs: a panel for each, with the same colours.

use std::collections::HashMap;

use plotters::style::{RGBColor, WHITE};

use super::canvas::{self, Align, Canvas, Font, Stroke};
use super::frame::{AXIS_TITLE, FAINT, Frame, INK, MARGIN, TITLE, WIDTH};
use super::path::{COLORS, CURVE_WIDTH, HALO, NAME, NAME_GAP, NOTE, draw_curve, end, grey_for};
use super::raster::{Fitted, Ruler};
use super::ticks::grouped;
use super::{Axes, Curve, Panel, PanelsPlot, PlotError};

const TOP: f64 = 48.0;
/// The space between panels side by side, and for the name above each.
const GAP: f64 = 16.0;
const HEADING: f64 = 30.0;
/// The space below the last panels, for marks, title and note.
const FOOT: f64 = 64.0;
/// About how many marks the vertical axis of a panel gets.
const VERTICAL_TICKS: f64 = 4.0;
/// The widest that a name in the legend may be, and the line in front of it.
const NAME_ROOM: f64 = 150.0;
const SWATCH: f64 = 22.0;
/// No more panels than this are drawn.
pub const MOST_PANELS: usize = 24;

const PANEL: Font = Font { color: INK, size: 12.5 };
const NOTICE: Font = Font { color: FAINT, size: 14.0 };

/// Columns that have colours and names: those with the largest coefficients.
struct Legend<'a> {
    names: Vec<Fitted>,
    color_of: HashMap<&'a str, RGBColor>,
    /// Number of other columns.
    others: usize,
}

/// Draws panels that have been checked.
pub fn draw(plot: &PanelsPlot<'_>) -> Result<String, PlotError> {
    let ruler = Ruler::new();
    let legend = Legend::of(plot, &ruler)?;
    let panels = &plot.panels[..plot.panels.len().min(MOST_PANELS)];
    let axes = |panels: &[Panel<'_>]| {
        let values = panels.iter().flat_map(|panel| &panel.curves).flat_map(|curve| &curve.values);
        Axes {
            title: plot.title,
            lambdas: plot.lambdas,
            support_sizes: &[],
            support_label: "",
            label: plot.coefficient_label,
            range: values.fold((0.0f64, 0.0f64), |(low, high), &v| (low.min(v), high.max(v))),
        }
    };
    let axes: Vec<Axes<'_>> = if plot.common_scale {
        vec![axes(panels); panels.len()]
    } else {
        panels.iter().map(|panel| axes(std::slice::from_ref(panel))).collect()
    };
    let n_columns = match panels.len() {
        0..=3 => panels.len().max(1),
        4 => 2,
        5..=9 => 3,
        _ => 4,
    };
    let n_rows = panels.len().div_ceil(n_columns).max(1);
    let panel_height = [360.0, 220.0, 175.0][n_rows.min(3) - 1];
    let height = TOP + n_rows as f64 * (HEADING + panel_height) + FOOT;

    let widest = legend.names.iter().fold(0.0, |widest: f64, name| widest.max(name.width));
    let mut left = MARGIN;
    for axes in &axes {
        left = left.max(Frame::left_edge(axes, VERTICAL_TICKS, &ruler)?);
    }
    // Panels with scales of their own need room for their marks.
    let gap = if plot.common_scale { GAP } else { GAP + left - Frame::title_edge() };
    let right = f64::from(WIDTH) - MARGIN - widest - SWATCH - 20.0;
    let width = (right - left - (n_columns - 1) as f64 * gap) / n_columns as f64;
    let frame = |index: usize| {
        let (row, column) = ((index / n_columns) as f64, (index % n_columns) as f64);
        let x = left + column * (width + gap);
        let y = TOP + row * (HEADING + panel_height) + HEADING;
        Frame::within(&axes[index], VERTICAL_TICKS, (x, x + width), (y, y + panel_height))
    };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few thousand")]
    let pixels = height.ceil() as u32;
    canvas::paint(WIDTH, pixels, |canvas| {
        canvas.fill(WHITE)?;
        for (index, panel) in panels.iter().enumerate() {
            let frame = frame(index);
            frame.draw_grid(canvas)?;
            legend.draw_curves(canvas, &frame, plot.lambdas, &panel.curves)?;
            let has_values = !plot.common_scale || index % n_columns == 0;
            let is_lowest = index + n_columns >= panels.len();
            frame.draw_panel_axes(canvas, &ruler, has_values, is_lowest)?;
            let name = ruler.fit(panel.name, PANEL.size, width)?;
            canvas.text(&name.text, (frame.left, frame.top - 7.0), PANEL, Align::Start)?;
        }
        let title = ruler.fit(plot.title, TITLE.size, f64::from(WIDTH) - left - MARGIN)?;
        canvas.text(&title.text, (left, 34.0), TITLE, Align::Start)?;
        let foot = height - 20.0;
        let center = f64::midpoint(left, right);
        canvas.text("λ (log scale)", (center, foot), AXIS_TITLE, Align::Middle)?;
        let middle = f64::midpoint(TOP + HEADING, height - FOOT);
        let label = ruler.fit(plot.coefficient_label, AXIS_TITLE.size, height - FOOT - TOP)?;
        canvas.text_upwards(&label.text, (MARGIN + AXIS_TITLE.size, middle), AXIS_TITLE)?;
        legend.draw(canvas, right + 20.0, TOP + HEADING)?;
        draw_note(canvas, legend.others, plot.panels.len() - panels.len(), foot)?;
        if legend.names.is_empty() && !panels.is_empty() {
            let first = frame(0);
            let at = (center, first.y(0.0) - 12.0);
            canvas.text("all coefficients are zero", at, NOTICE, Align::Middle)?;
        }
        Ok(())
    })
}

impl<'a> Legend<'a> {
    /// Names what has the largest coefficients at the smallest λ, over all panels, or else ever.
    fn of(plot: &PanelsPlot<'a>, ruler: &Ruler) -> Result<Self, PlotError> {
        let mut size_of: HashMap<&str, (f64, f64)> = HashMap::new();
        let mut names: Vec<&str> = Vec::new();
        let largest = |curve: &Curve<'_>| {
            curve.values.iter().fold(0.0, |most: f64, value| most.max(value.abs()))
        };
        for panel in plot.panels {
            // What cannot be compared between panels is taken relative to each.
            let of_panel = panel.curves.iter().map(largest).fold(0.0, f64::max);
            let unit = if plot.common_scale { 1.0 } else { of_panel };
            for curve in panel.curves.iter().filter(|curve| largest(curve) > 0.0) {
                let (at_end, ever) = size_of.entry(curve.name).or_insert_with(|| {
                    names.push(curve.name);
                    (0.0, 0.0)
                });
                // The norm over all panels, without overflow.
                *at_end = at_end.hypot(end(curve) / unit);
                *ever = ever.max(largest(curve) / unit);
            }
        }
        names.sort_by(|a, b| {
            let (a, b) = (size_of[a], size_of[b]);
            b.0.total_cmp(&a.0).then(b.1.total_cmp(&a.1))
        });
        let others = names.len().saturating_sub(COLORS.len());
        names.truncate(COLORS.len());
        let fit = |name: &&str| {
            let name = if name.trim().is_empty() { "(no name)" } else { name };
            ruler.fit(name, NAME.size, NAME_ROOM)
        };
        let fitted = names.iter().map(fit).collect::<Result<_, _>>()?;
        Ok(Self { names: fitted, color_of: names.into_iter().zip(COLORS).collect(), others })
    }

    /// Draws the curves of a panel: those without a name first, those with the largest coefficients last.
    fn draw_curves(
        &self,
        canvas: &Canvas<'_>,
        frame: &Frame,
        lambdas: &[f64],
        curves: &[Curve<'_>],
    ) -> Result<(), PlotError> {
        let color = |curve: &&Curve<'_>| self.color_of.get(curve.name).copied();
        let (named, others): (Vec<&Curve<'_>>, Vec<&Curve<'_>>) =
            curves.iter().partition(|curve| color(curve).is_some());
        let grey = grey_for(others.len());
        for curve in others {
            draw_curve(canvas, frame, lambdas, curve, grey)?;
        }
        for curve in &named {
            draw_curve(canvas, frame, lambdas, curve, HALO)?;
        }
        frame.draw_zero_line(canvas)?;
        for curve in named {
            let stroke = Stroke::new(color(&curve).unwrap_or(INK), CURVE_WIDTH);
            draw_curve(canvas, frame, lambdas, curve, stroke)?;
        }
        Ok(())
    }

    /// Writes the names below each other, each beside a line in its colour.
    fn draw(&self, canvas: &Canvas<'_>, x: f64, top: f64) -> Result<(), PlotError> {
        for (rank, (name, color)) in self.names.iter().zip(COLORS).enumerate() {
            let y = top + 6.0 + rank as f64 * (NAME_GAP + 3.0);
            canvas.line(&[(x, y), (x + SWATCH - 7.0, y)], Stroke::new(color, 2.0 * CURVE_WIDTH))?;
            let at = (x + SWATCH, y + 0.34 * NAME.size);
            canvas.text(&name.text, at, NAME, Align::Start)?;
        }
        Ok(())
    }
}

/// Says how many curves have no name, and how many panels were left out.
fn draw_note(canvas: &Canvas<'_>, others: usize, left_out: usize, y: f64) -> Result<(), PlotError> {
    let mut notes = Vec::new();
    match others {
        0 => {}
        1 => notes.push("1 other column in grey".to_owned()),
        _ => notes.push(format!("{} other columns in grey", grouped(others))),
    }
    if left_out > 0 {
        notes.push(format!("{} more panels not shown", grouped(left_out)));
    }
    canvas.text(&notes.join("; "), (f64::from(WIDTH) - MARGIN, y), NOTE, Align::End)
}
