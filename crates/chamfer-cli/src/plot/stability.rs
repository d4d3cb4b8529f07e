//! The picture of a stability selection: shares along the path, and the threshold.

use plotters::style::{RGBColor, WHITE};

use super::canvas::{self, Align, Canvas, Font, Stroke};
use super::frame::{FAINT, Frame, HEIGHT, LAMBDA_TITLE, MARGIN, WIDTH};
use super::path::{draw_background, draw_named, draw_names, named_room, split};
use super::raster::Ruler;
use super::ticks::grouped;
use super::{Axes, PlotError, StabilityPlot};

const THRESHOLD: Stroke = Stroke::new(RGBColor(0xD5, 0x5E, 0x00), 1.2);
const DASH: f64 = 5.0;
const NOTE: Font = Font { color: FAINT, size: 11.0 };

/// Draws a stability selection that has been checked.
pub fn draw(plot: &StabilityPlot<'_>) -> Result<String, PlotError> {
    let ruler = Ruler::new();
    let (named, others) = split(plot.curves.iter(), &ruler)?;
    // A mean of 3.7 columns counts as 4.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts")]
    let sizes: Vec<usize> = plot.mean_selected.iter().map(|mean| mean.round() as usize).collect();
    let axes = Axes {
        title: plot.title,
        lambdas: plot.lambdas,
        support_sizes: &sizes,
        support_label: "Selected on a half, on average",
        label: "Share of halves on which it is selected",
        range: (0.0, 1.0),
    };
    let frame = Frame::new(&axes, named_room(&named, plot.lambdas), &ruler)?;
    canvas::paint(WIDTH, HEIGHT, |canvas| {
        canvas.fill(WHITE)?;
        frame.draw_grid(canvas)?;
        draw_background(canvas, &frame, plot.lambdas, &others)?;
        dashed(canvas, &frame, frame.y(plot.threshold))?;
        draw_named(canvas, &frame, plot.lambdas, &named)?;
        frame.draw_axes(canvas, &axes, &ruler)?;
        draw_names(canvas, &frame, plot.lambdas, &named)?;
        // At the right, most curves are well above or below.
        let at = (frame.right - 6.0, frame.y(plot.threshold) - 5.0);
        canvas.text(&format!("threshold {}", plot.threshold), at, NOTE, Align::End)?;
        let note = match others.len() {
            0 => return Ok(()),
            1 => "1 other in grey".to_owned(),
            n => format!("{} others in grey", grouped(n)),
        };
        canvas.text(&note, (f64::from(WIDTH) - MARGIN, LAMBDA_TITLE), NOTE, Align::End)
    })
}

/// A dashed horizontal line.
fn dashed(canvas: &Canvas<'_>, frame: &Frame, y: f64) -> Result<(), PlotError> {
    let mut x = frame.left;
    while x < frame.right {
        canvas.line(&[(x, y), ((x + DASH).min(frame.right), y)], THRESHOLD)?;
        x += 2.0 * DASH;
    }
    Ok(())
}
