//! Lines, dots and text in fractions of a pixel on plotters' SVG backend.

use plotters::backend::SVGBackend;
use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, IntoDrawingArea};
use plotters::element::{Circle, PathElement, Text};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontTransform, IntoFont, RGBColor, ShapeStyle, TextStyle};

use super::PlotError;

/// The fonts asked for. The first is the one that `raster` embeds; Verdana has the same widths.
const FONT_FAMILY: &str = "DejaVu Sans, Verdana, sans-serif";

/// plotters' backends place everything on whole pixels, which makes curves jagged and line widths
/// coarse. The canvas is therefore drawn this much larger, and the document's `viewBox` shrinks it.
const UNITS_PER_PIXEL: u32 = 10;

/// plotters divides a font's size by this before it writes the SVG.
const FONT_SIZE_RATIO: f64 = 1.24;

/// Where plotters' SVG puts the baseline below the position of a text anchored at its top, in em.
/// (The other anchors depend on the font's x-height, on which browsers and resvg disagree.)
const BASELINE: f64 = 0.76;

/// A point in pixels, from the upper left corner.
pub type Point = (f64, f64);

/// What a line looks like.
#[derive(Debug, Clone, Copy)]
pub struct Stroke {
    /// The colour.
    pub color: RGBColor,
    /// How much it hides of what lies beneath, from 0 to 1.
    pub opacity: f64,
    /// The width in pixels.
    pub width: f64,
}

impl Stroke {
    /// An opaque line.
    pub const fn new(color: RGBColor, width: f64) -> Self {
        Self { color, opacity: 1.0, width }
    }
}

/// What a text looks like.
#[derive(Debug, Clone, Copy)]
pub struct Font {
    /// The colour.
    pub color: RGBColor,
    /// The size in pixels.
    pub size: f64,
}

/// The side of a text that lies at its position.
#[derive(Debug, Clone, Copy)]
pub enum Align {
    /// The text starts at its position.
    Start,
    /// The text has its middle at its position.
    Middle,
    /// The text ends at its position.
    End,
}

/// A surface to draw on.
pub struct Canvas<'s> {
    area: DrawingArea<SVGBackend<'s>, Shift>,
}

/// Makes an SVG document of `width` × `height` pixels from what `draw` puts on the canvas.
pub fn paint(
    width: u32,
    height: u32,
    draw: impl FnOnce(&Canvas<'_>) -> Result<(), PlotError>,
) -> Result<String, PlotError> {
    let mut svg = String::new();
    let (units_x, units_y) = (width * UNITS_PER_PIXEL, height * UNITS_PER_PIXEL);
    {
        let backend = SVGBackend::with_string(&mut svg, (units_x, units_y));
        let canvas = Canvas { area: backend.into_drawing_area() };
        draw(&canvas)?;
        canvas.area.present()?;
    }
    // The first match is the root element: plotters writes it before anything else.
    let written = format!("width=\"{units_x}\" height=\"{units_y}\"");
    let wanted = format!("width=\"{width}\" height=\"{height}\" stroke-linejoin=\"round\"");
    Ok(svg.replacen(&written, &wanted, 1))
}

impl Canvas<'_> {
    /// Fills the whole canvas.
    pub fn fill(&self, color: RGBColor) -> Result<(), PlotError> {
        Ok(self.area.fill(&color)?)
    }

    /// Connects the points.
    pub fn line(&self, points: &[Point], stroke: Stroke) -> Result<(), PlotError> {
        let points: Vec<_> = points.iter().copied().map(units).collect();
        let style = ShapeStyle {
            color: stroke.color.mix(stroke.opacity),
            filled: false,
            stroke_width: length(stroke.width).unsigned_abs(),
        };
        Ok(self.area.draw(&PathElement::new(points, style))?)
    }

    /// Draws a filled circle.
    pub fn dot(&self, center: Point, radius: f64, color: RGBColor) -> Result<(), PlotError> {
        Ok(self.area.draw(&Circle::new(units(center), length(radius), color.filled()))?)
    }

    /// Writes a text whose baseline is at `at`.
    pub fn text(&self, text: &str, at: Point, font: Font, align: Align) -> Result<(), PlotError> {
        let corner = (at.0, at.1 - BASELINE * font.size);
        self.write(text, corner, font, align, FontTransform::None)
    }

    /// Writes a text that reads upwards, with its baseline to the right and its middle at `at`.
    pub fn text_upwards(&self, text: &str, at: Point, font: Font) -> Result<(), PlotError> {
        let corner = (at.0 - BASELINE * font.size, at.1);
        self.write(text, corner, font, Align::Middle, FontTransform::Rotate270)
    }

    fn write(
        &self,
        text: &str,
        corner: Point,
        font: Font,
        align: Align,
        transform: FontTransform,
    ) -> Result<(), PlotError> {
        let h_pos = match align {
            Align::Start => HPos::Left,
            Align::Middle => HPos::Center,
            Align::End => HPos::Right,
        };
        let size = font.size * f64::from(UNITS_PER_PIXEL) * FONT_SIZE_RATIO;
        let style = TextStyle::from((FONT_FAMILY, size).into_font().transform(transform))
            .color(&font.color)
            .pos(Pos::new(h_pos, VPos::Top));
        Ok(self.area.draw(&Text::new(text, units(corner), style))?)
    }
}

fn units(point: Point) -> (i32, i32) {
    (length(point.0), length(point.1))
}

#[expect(clippy::cast_possible_truncation, reason = "everything drawn is near the canvas")]
fn length(pixels: f64) -> i32 {
    (pixels * f64::from(UNITS_PER_PIXEL)).round() as i32
}
