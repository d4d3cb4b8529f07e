//! The picture of a cross-validation: means with error bars, and the λs that they choose.

use plotters::style::{RGBColor, WHITE};

use super::canvas::{self, Align, Canvas, Font, Stroke};
use super::frame::{FAINT, Frame, HEIGHT, INK, LAMBDA_TITLE, MARGIN, WIDTH};
use super::raster::Ruler;
use super::{Axes, CvPlot, PlotError};

const MEAN: RGBColor = RGBColor(0x00, 0x72, 0xB2);
const BAR: Stroke = Stroke::new(RGBColor(0xA8, 0xA8, 0xA8), 1.0);
const CHOICE: Stroke = Stroke::new(RGBColor(0xD5, 0x5E, 0x00), 1.2);
const DOT_RADIUS: f64 = 2.6;
/// Half the width of the cap of an error bar.
const CAP: f64 = 2.5;
const DASH: f64 = 5.0;
const LABEL: Font = Font { color: INK, size: 12.0 };
const NOTE: Font = Font { color: FAINT, size: 11.0 };

/// Draws a cross-validation that has been checked.
pub fn draw(plot: &CvPlot<'_>) -> Result<String, PlotError> {
    let ends = plot.mean.iter().zip(plot.standard_error);
    let range = ends.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), (mean, error)| {
        (low.min(mean - error), high.max(mean + error))
    });
    let axes = Axes {
        title: plot.title,
        lambdas: plot.lambdas,
        support_sizes: plot.support_sizes,
        support_label: plot.support_label,
        label: plot.measure,
        range,
    };
    let ruler = Ruler::new();
    let frame = Frame::new(&axes, 0.0, &ruler)?;
    let x = |index: usize| frame.x(plot.lambdas[index].log10());
    canvas::paint(WIDTH, HEIGHT, |canvas| {
        canvas.fill(WHITE)?;
        frame.draw_grid(canvas)?;
        for (index, (mean, error)) in plot.mean.iter().zip(plot.standard_error).enumerate() {
            let (x, low, high) = (x(index), frame.y(mean - error), frame.y(mean + error));
            canvas.line(&[(x, low), (x, high)], BAR)?;
            for y in [low, high] {
                canvas.line(&[(x - CAP, y), (x + CAP, y)], BAR)?;
            }
        }
        let (best, sparse) = (x(plot.best), x(plot.one_standard_error));
        for x in [best, sparse] {
            dashed(canvas, x, frame.top, frame.bottom)?;
        }
        for (index, mean) in plot.mean.iter().enumerate() {
            canvas.dot((x(index), frame.y(*mean)), DOT_RADIUS, MEAN)?;
        }
        frame.draw_axes(canvas, &axes, &ruler)?;
        let y = frame.top + 16.0;
        if plot.best == plot.one_standard_error {
            canvas.text("best = 1 SE", (best + 6.0, y), LABEL, Align::Start)?;
        } else {
            canvas.text("1 SE", (sparse - 6.0, y), LABEL, Align::End)?;
            canvas.text("best", (best + 6.0, y), LABEL, Align::Start)?;
        }
        let note = "mean over folds ± 1 standard error";
        canvas.text(note, (f64::from(WIDTH) - MARGIN, LAMBDA_TITLE), NOTE, Align::End)
    })
}

/// A dashed vertical line.
fn dashed(canvas: &Canvas<'_>, x: f64, top: f64, bottom: f64) -> Result<(), PlotError> {
    let mut y = top;
    while y < bottom {
        canvas.line(&[(x, y), (x, (y + DASH).min(bottom))], CHOICE)?;
        y += 2.0 * DASH;
    }
    Ok(())
}
