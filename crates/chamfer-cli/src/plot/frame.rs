//! The frame around the curves: where a value lies, the axes and the grid.

use plotters::style::RGBColor;

use super::canvas::{Align, Canvas, Font, Point, Stroke};
use super::labels;
use super::raster::Ruler;
use super::ticks::{self, LogTicks, Tick};
use super::{Axes, PlotError};
use crate::output::significant;

/// The width of the picture in pixels.
pub const WIDTH: u32 = 900;
/// The height of the picture in pixels.
pub const HEIGHT: u32 = 600;

/// Text that should be read first.
pub const INK: RGBColor = RGBColor(0x22, 0x22, 0x22);
/// Text that accompanies it.
pub const FAINT: RGBColor = RGBColor(0x66, 0x66, 0x66);

/// The free space around the picture.
pub const MARGIN: f64 = 16.0;
/// The baseline of the title of the λ axis.
pub const LAMBDA_TITLE: f64 = 578.0;

const TOP: f64 = 92.0;
const BOTTOM: f64 = 536.0;

pub const TITLE: Font = Font { color: INK, size: 16.0 };
pub const AXIS_TITLE: Font = Font { color: INK, size: 12.5 };
const TICK_LABEL: Font = Font { color: FAINT, size: 11.0 };

const GRID: Stroke = Stroke::new(RGBColor(0xEC, 0xEC, 0xEC), 0.8);
const ZERO_LINE: Stroke = Stroke::new(RGBColor(0xA8, 0xA8, 0xA8), 1.0);
const AXIS: Stroke = Stroke::new(RGBColor(0x77, 0x77, 0x77), 1.0);
const BORDER: Stroke = Stroke::new(RGBColor(0xCC, 0xCC, 0xCC), 1.0);

const TICK_LENGTH: f64 = 5.0;
const MINOR_TICK_LENGTH: f64 = 3.0;
/// The space between neighbouring tick labels.
const LABEL_GAP: f64 = 10.0;
/// About how many labels the vertical axis gets.
const VERTICAL_TICKS: f64 = 6.0;
/// How many support sizes the axis on top shows where there is room.
const SUPPORT_SIZES: usize = 8;

/// The frame, and the marks on its axes.
pub struct Frame {
    /// The left edge in pixels.
    pub left: f64,
    /// The right edge in pixels.
    pub right: f64,
    /// The top edge in pixels.
    pub top: f64,
    /// The bottom edge in pixels.
    pub bottom: f64,
    /// The logarithms at the right and the left edge.
    logs: (f64, f64),
    /// The coefficients at the bottom and the top edge.
    values: (f64, f64),
    horizontal: LogTicks,
    vertical: Vec<Tick>,
}

impl Frame {
    /// Fits a frame around a path, with room for labels of a width to its right.
    pub fn new(plot: &Axes<'_>, label_room: f64, ruler: &Ruler) -> Result<Self, PlotError> {
        let left = Self::left_edge(plot, VERTICAL_TICKS, ruler)?;
        let right = f64::from(WIDTH) - MARGIN - label_room.max(20.0);
        Ok(Self::within(plot, VERTICAL_TICKS, (left, right), (TOP, BOTTOM)))
    }

    /// The left edge that leaves room for the marks of the vertical axis, about `n_ticks` of them.
    pub fn left_edge(plot: &Axes<'_>, n_ticks: f64, ruler: &Ruler) -> Result<f64, PlotError> {
        let (_, vertical) = vertical_axis(plot, n_ticks);
        let labels = vertical.iter().map(|tick| tick.label.as_str());
        let vertical_room = ruler.widest(labels, TICK_LABEL.size)?;
        Ok(Self::title_edge() + vertical_room + TICK_LENGTH + 4.0)
    }

    /// Where the title of the vertical axis ends and its marks may begin.
    pub fn title_edge() -> f64 {
        MARGIN + AXIS_TITLE.size + 14.0
    }

    /// A frame with these left and right, and top and bottom edges.
    pub fn within(
        plot: &Axes<'_>,
        n_ticks: f64,
        (left, right): (f64, f64),
        (top, bottom): (f64, f64),
    ) -> Self {
        let smallest = plot.lambdas.last().copied().unwrap_or(1.0).log10();
        let largest = plot.lambdas.first().copied().unwrap_or(1.0).log10();
        // A single λ stands in the middle.
        let logs =
            if smallest < largest { (smallest, largest) } else { (smallest - 0.5, smallest + 0.5) };
        let (values, vertical) = vertical_axis(plot, n_ticks);
        let horizontal = ticks::logarithmic(smallest, largest);
        Self { left, right, top, bottom, logs, values, horizontal, vertical }
    }

    /// Where a λ lies, by its logarithm to base ten.
    pub fn x(&self, log: f64) -> f64 {
        let (low, high) = self.logs;
        self.left + (high - log) / (high - low) * (self.right - self.left)
    }

    /// Where a coefficient lies.
    pub fn y(&self, value: f64) -> f64 {
        let (low, high) = self.values;
        self.bottom - (value - low) / (high - low) * (self.bottom - self.top)
    }

    /// Draws what lies behind the curves.
    pub fn draw_grid(&self, canvas: &Canvas<'_>) -> Result<(), PlotError> {
        for tick in &self.horizontal.labelled {
            self.draw_vertical(canvas, self.x(tick.at), GRID)?;
        }
        for tick in &self.vertical {
            self.draw_horizontal(canvas, self.y(tick.at), GRID)?;
        }
        self.draw_horizontal(canvas, self.top, BORDER)?;
        self.draw_vertical(canvas, self.right, BORDER)
    }

    /// Draws the line on which the coefficients are zero.
    pub fn draw_zero_line(&self, canvas: &Canvas<'_>) -> Result<(), PlotError> {
        self.draw_horizontal(canvas, self.y(0.0), ZERO_LINE)
    }

    /// Draws the axes and all text outside the frame, except what names the curves.
    pub fn draw_axes(
        &self,
        canvas: &Canvas<'_>,
        plot: &Axes<'_>,
        ruler: &Ruler,
    ) -> Result<(), PlotError> {
        self.draw_horizontal(canvas, self.bottom, AXIS)?;
        self.draw_vertical(canvas, self.left, AXIS)?;
        self.draw_lambdas(canvas, ruler)?;
        self.draw_values(canvas)?;
        self.draw_support_sizes(canvas, plot, ruler)?;

        let title = ruler.fit(plot.title, TITLE.size, f64::from(WIDTH) - self.left - MARGIN)?;
        canvas.text(&title.text, (self.left, 34.0), TITLE, Align::Start)?;
        let (center, middle) =
            (f64::midpoint(self.left, self.right), f64::midpoint(self.top, self.bottom));
        canvas.text(plot.support_label, (center, 62.0), AXIS_TITLE, Align::Middle)?;
        canvas.text("λ (log scale)", (center, LAMBDA_TITLE), AXIS_TITLE, Align::Middle)?;
        let height = self.bottom - self.top;
        let label = ruler.fit(plot.label, AXIS_TITLE.size, height)?;
        canvas.text_upwards(&label.text, (MARGIN + AXIS_TITLE.size, middle), AXIS_TITLE)
    }

    /// Draws the axes of a panel; marks have labels only where no other panel has them.
    pub fn draw_panel_axes(
        &self,
        canvas: &Canvas<'_>,
        ruler: &Ruler,
        values_labelled: bool,
        lambdas_labelled: bool,
    ) -> Result<(), PlotError> {
        self.draw_horizontal(canvas, self.bottom, AXIS)?;
        self.draw_vertical(canvas, self.left, AXIS)?;
        if lambdas_labelled {
            self.draw_lambdas(canvas, ruler)?;
        }
        if values_labelled {
            self.draw_values(canvas)?;
        }
        Ok(())
    }

    fn draw_lambdas(&self, canvas: &Canvas<'_>, ruler: &Ruler) -> Result<(), PlotError> {
        for &at in &self.horizontal.minor {
            draw_tick(canvas, (self.x(at), self.bottom), (0.0, MINOR_TICK_LENGTH))?;
        }
        // λ decreases from left to right, the marks increase.
        let marks = self.horizontal.labelled.iter().rev();
        let marks: Vec<_> = marks.map(|tick| (self.x(tick.at), tick.label.clone())).collect();
        for &(x, _) in &marks {
            draw_tick(canvas, (x, self.bottom), (0.0, TICK_LENGTH))?;
        }
        draw_row(canvas, &marks, self.bottom + 19.0, ruler)
    }

    fn draw_values(&self, canvas: &Canvas<'_>) -> Result<(), PlotError> {
        for tick in &self.vertical {
            let y = self.y(tick.at);
            draw_tick(canvas, (self.left, y), (-TICK_LENGTH, 0.0))?;
            // Digits are 0.73 em high: this centres them on the mark.
            let at = (self.left - TICK_LENGTH - 4.0, y + 0.36 * TICK_LABEL.size);
            canvas.text(&tick.label, at, TICK_LABEL, Align::End)?;
        }
        Ok(())
    }

    fn draw_support_sizes(
        &self,
        canvas: &Canvas<'_>,
        plot: &Axes<'_>,
        ruler: &Ruler,
    ) -> Result<(), PlotError> {
        let marks: Vec<_> = self
            .evenly_spaced(plot.lambdas)
            .into_iter()
            .map(|index| {
                let x = self.x(plot.lambdas[index].log10());
                (x, ticks::grouped(plot.support_sizes[index]))
            })
            .collect();
        for &(x, _) in &marks {
            draw_tick(canvas, (x, self.top), (0.0, -TICK_LENGTH))?;
        }
        draw_row(canvas, &marks, self.top - 10.0, ruler)
    }

    /// The indices of the λ closest to evenly spaced positions along the axis, without repetition.
    fn evenly_spaced(&self, lambdas: &[f64]) -> Vec<usize> {
        let logs: Vec<f64> = lambdas.iter().map(|lambda| lambda.log10()).collect();
        let (low, high) = self.logs;
        let intervals = SUPPORT_SIZES - 1;
        let mut indices: Vec<usize> = (0..=intervals)
            .map(|k| high - (high - low) * k as f64 / intervals as f64)
            .filter_map(|wanted| {
                let distance = |index: &usize| (logs[*index] - wanted).abs();
                (0..logs.len()).min_by(|a, b| distance(a).total_cmp(&distance(b)))
            })
            .collect();
        indices.dedup();
        indices
    }

    fn draw_horizontal(
        &self,
        canvas: &Canvas<'_>,
        y: f64,
        stroke: Stroke,
    ) -> Result<(), PlotError> {
        canvas.line(&[(self.left, y), (self.right, y)], stroke)
    }

    fn draw_vertical(&self, canvas: &Canvas<'_>, x: f64, stroke: Stroke) -> Result<(), PlotError> {
        canvas.line(&[(x, self.top), (x, self.bottom)], stroke)
    }
}

fn draw_tick(canvas: &Canvas<'_>, from: Point, by: Point) -> Result<(), PlotError> {
    canvas.line(&[from, (from.0 + by.0, from.1 + by.1)], AXIS)
}

/// Writes tick labels side by side, leaving out those that would touch.
fn draw_row(
    canvas: &Canvas<'_>,
    marks: &[(f64, String)],
    baseline: f64,
    ruler: &Ruler,
) -> Result<(), PlotError> {
    let spans = marks
        .iter()
        .map(|(x, label)| Ok((*x, ruler.width(label, TICK_LABEL.size)?)))
        .collect::<Result<Vec<_>, PlotError>>()?;
    let shown = labels::keep_apart(&spans, LABEL_GAP);
    for ((x, label), _) in marks.iter().zip(shown).filter(|(_, shown)| *shown) {
        canvas.text(label, (*x, baseline), TICK_LABEL, Align::Middle)?;
    }
    Ok(())
}

/// The range of what is drawn, widened a little, and its marks.
fn vertical_axis(plot: &Axes<'_>, n_ticks: f64) -> ((f64, f64), Vec<Tick>) {
    let (low, high) = plot.range;
    if high - low < super::LARGEST.recip() {
        let label = if low == 0.0 { "0".to_owned() } else { significant(low) };
        return ((low - 1.0, low + 1.0), vec![Tick { at: low, label }]);
    }
    let padding = 0.04 * (high - low);
    let range = (low - padding, high + padding);
    (range, ticks::linear(range.0, range.1, n_ticks))
}
