//! The SVG as a PNG, and the widths that texts will have.

use std::sync::Arc;

use plotters::style::BLACK;
use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::fontdb::{Database, Source};
use resvg::usvg::{Options, Tree};

use super::PlotError;
use super::canvas::{self, Align, Font};
use super::labels;

/// How many pixels of the PNG, along each axis, show one pixel of the SVG.
const SCALE: f32 = 2.0;

/// Longer texts are shortened to this before they are measured, so that measuring stays quick.
const MOST_COLUMNS: usize = 240;

/// Texts are not shortened further than this, however narrow the space.
const FEWEST_COLUMNS: usize = 8;

/// Rasterizes an SVG document: the bytes of a PNG with twice its width and height.
///
/// Texts are set in the embedded font; characters that it lacks appear as boxes.
///
/// # Errors
///
/// If the text is not an SVG document, or is too large a picture.
pub fn rasterize(svg: &str) -> Result<Vec<u8>, PlotError> {
    let tree = Tree::from_str(svg, &options())?;
    let size = tree.size().to_int_size().scale_by(SCALE).ok_or(PlotError::TooLarge)?;
    let mut pixmap = Pixmap::new(size.width(), size.height()).ok_or(PlotError::TooLarge)?;
    resvg::render(&tree, Transform::from_scale(SCALE, SCALE), &mut pixmap.as_mut());
    pixmap.encode_png().map_err(|error| PlotError::Png(error.to_string()))
}

fn options() -> Options<'static> {
    let mut fonts = Database::new();
    fonts.load_font_source(Source::Binary(Arc::new(dejavu::sans::regular())));
    Options { fontdb: Arc::new(fonts), ..Options::default() }
}

/// Measures texts by laying them out as `rasterize` would.
pub struct Ruler {
    options: Options<'static>,
}

/// A text that fits its space, and the width it takes.
#[derive(Debug, Clone)]
pub struct Fitted {
    /// The text, shortened if it had to be.
    pub text: String,
    /// Its width in pixels.
    pub width: f64,
}

impl Ruler {
    /// Loads the embedded font.
    pub fn new() -> Self {
        Self { options: options() }
    }

    /// The width of a text in pixels.
    pub fn width(&self, text: &str, size: f64) -> Result<f64, PlotError> {
        let font = Font { color: BLACK, size };
        let svg = canvas::paint(1, 1, |canvas| canvas.text(text, (0.0, 0.0), font, Align::Start))?;
        let tree = Tree::from_str(&svg, &self.options)?;
        let measured = f64::from(tree.root().abs_bounding_box().width());
        // A character that the embedded font lacks is a box here, but may be an em wide in a
        // browser, which has other fonts: East Asian characters, above all.
        let wide = labels::columns(text) > text.chars().count();
        let expected = labels::columns(text) as f64 * size / 2.0;
        Ok(if wide { measured.max(expected) } else { measured })
    }

    /// The width of the widest text.
    pub fn widest<'t>(
        &self,
        texts: impl IntoIterator<Item = &'t str>,
        size: f64,
    ) -> Result<f64, PlotError> {
        texts.into_iter().try_fold(0.0, |widest: f64, text| Ok(widest.max(self.width(text, size)?)))
    }

    /// Makes a text printable, and shortens it in the middle until it is `room` wide.
    pub fn fit(&self, text: &str, size: f64, room: f64) -> Result<Fitted, PlotError> {
        let whole = labels::printable(text);
        let mut columns = labels::columns(&whole).min(MOST_COLUMNS);
        loop {
            let text = labels::shorten(&whole, columns);
            let width = self.width(&text, size)?;
            if width <= room || columns <= FEWEST_COLUMNS {
                return Ok(Fitted { text, width });
            }
            columns -= (columns / 12).max(1);
        }
    }
}
