//! Pictures of a path, of its cross-validation and of a stability selection: an SVG, and the same picture as a PNG.
//!
//! The SVG is drawn with plotters; the PNG is that very SVG rasterized by resvg with an embedded
//! font, so that the two never differ and a machine without fonts gives the same picture.

mod canvas;
mod cv;
mod frame;
mod labels;
mod panels;
mod path;
mod raster;
mod stability;
mod ticks;

use plotters::drawing::DrawingAreaErrorKind;
use resvg::usvg;

pub use raster::rasterize;

/// Magnitudes beyond `LARGEST`, and λ below its reciprocal, are refused: differences and powers
/// of ten computed for the axes would overflow. No real path comes near.
const LARGEST: f64 = 1e300;

/// One coefficient path: what `path.svg` and `path.png` show.
#[derive(Debug, Clone, Copy)]
pub struct PathPlot<'a> {
    /// The heading, such as `Lasso path: aml (leukemia.parquet, 38 × 5,000)`.
    pub title: &'a str,
    /// The grid of penalties: positive and decreasing, at least one.
    pub lambdas: &'a [f64],
    /// How many coefficients are nonzero at each λ.
    pub support_sizes: &'a [usize],
    /// The coefficients that are ever nonzero.
    pub curves: &'a [Curve<'a>],
    /// What the vertical axis shows, such as `Coefficient (standardized)`.
    pub coefficient_label: &'a str,
}

/// The coefficient paths of several outputs: what `path.svg` and `path.png` show of them.
#[derive(Debug, Clone, Copy)]
pub struct PanelsPlot<'a> {
    /// The heading.
    pub title: &'a str,
    /// The grid of penalties: positive and decreasing, at least one.
    pub lambdas: &'a [f64],
    /// The outputs.
    pub panels: &'a [Panel<'a>],
    /// Whether the vertical axes are the same, for coefficients that can be compared.
    pub common_scale: bool,
    /// What the vertical axis shows.
    pub coefficient_label: &'a str,
}

/// One output: a class or a target.
#[derive(Debug, Clone)]
pub struct Panel<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its coefficients; curves of one name have one colour in all panels.
    pub curves: Vec<Curve<'a>>,
}

/// How well paths predict: what `cv.svg` and `cv.png` show.
#[derive(Debug, Clone, Copy)]
pub struct CvPlot<'a> {
    /// The heading.
    pub title: &'a str,
    /// The grid of penalties: positive and decreasing, at least one.
    pub lambdas: &'a [f64],
    /// How many coefficients are nonzero at each λ, or columns have some.
    pub support_sizes: &'a [usize],
    /// Which of both.
    pub support_label: &'a str,
    /// What the vertical axis shows, such as `Mean deviance`.
    pub measure: &'a str,
    /// The mean over the folds at each λ.
    pub mean: &'a [f64],
    /// Its standard error at each λ.
    pub standard_error: &'a [f64],
    /// Index of the best λ.
    pub best: usize,
    /// Index of the largest λ within one standard error of it.
    pub one_standard_error: usize,
}

/// How often columns are selected: what `stability.svg` and `stability.png` show.
#[derive(Debug, Clone, Copy)]
pub struct StabilityPlot<'a> {
    /// The heading.
    pub title: &'a str,
    /// The grid of penalties: positive and decreasing, at least one.
    pub lambdas: &'a [f64],
    /// How many columns are selected on a half, on average, at each λ.
    pub mean_selected: &'a [f64],
    /// The share of the halves that select a column, at each λ; for those that are ever selected.
    pub curves: &'a [Curve<'a>],
    /// The share from which on a column counts as stable.
    pub threshold: f64,
}

/// What the frame of a picture shows.
#[derive(Debug, Clone, Copy)]
struct Axes<'a> {
    title: &'a str,
    lambdas: &'a [f64],
    support_sizes: &'a [usize],
    support_label: &'a str,
    label: &'a str,
    /// Least and largest value.
    range: (f64, f64),
}

/// One coefficient along the path.
#[derive(Debug, Clone)]
pub struct Curve<'a> {
    /// The name of the coefficient's column, or of its group; any text. Curves of one name have one colour.
    pub name: &'a str,
    /// The coefficient at each λ.
    pub values: Vec<f64>,
}

/// Why a path could not be drawn or rasterized.
#[derive(Debug, thiserror::Error)]
pub enum PlotError {
    /// There is no λ at all.
    #[error("a path plot needs at least one λ")]
    NoLambdas,
    /// A series does not have one value for each λ.
    #[error("{what}: {found} values for {expected} λ")]
    Length {
        /// The series: a curve's name, or `support sizes`.
        what: String,
        /// The number of λ.
        expected: usize,
        /// The number of values in the series.
        found: usize,
    },
    /// A λ is not a positive number that a logarithmic axis can show.
    #[error("λ number {} is {value:e}: not a positive number that can be drawn", index + 1)]
    Lambda {
        /// The position of the λ, from 0.
        index: usize,
        /// The λ.
        value: f64,
    },
    /// A λ is larger than the one before it.
    #[error("λ number {} is larger than the one before it", index + 1)]
    Increasing {
        /// The position of the larger λ, from 0.
        index: usize,
    },
    /// A coefficient is infinite, not a number, or too large to draw.
    #[error("the coefficient `{name}` is {value:e} at λ number {}: it cannot be drawn", index + 1)]
    Value {
        /// The coefficient's name.
        name: String,
        /// The position of the λ, from 0.
        index: usize,
        /// The coefficient there.
        value: f64,
    },
    /// The plotting library failed.
    #[error("drawing failed")]
    Draw(#[from] DrawingAreaErrorKind<std::io::Error>),
    /// The text to rasterize is not an SVG document.
    #[error("the SVG cannot be read")]
    Svg(#[from] usvg::Error),
    /// The SVG asks for a picture that does not fit in memory.
    #[error("the SVG is too large to rasterize")]
    TooLarge,
    /// The PNG could not be written.
    #[error("the PNG cannot be encoded: {0}")]
    Png(String),
}

/// Draws a coefficient path as an SVG document of 900 × 600 pixels.
///
/// λ decreases from left to right on a logarithmic axis; the axis on top counts the nonzero
/// coefficients. The ten coefficients, or groups, that are largest at the smallest λ are coloured and
/// named, all others are grey.
///
/// # Errors
///
/// If the lengths of the series differ, if λ are not positive and decreasing, or if a number is
/// not finite (or beyond 1e300).
pub fn path_svg(plot: &PathPlot<'_>) -> Result<String, PlotError> {
    check(plot)?;
    path::draw(plot)
}

/// Draws the coefficient paths of several outputs as an SVG document of 900 pixels in width: a panel for each.
/// The ten columns, or groups, with the largest coefficients are coloured and named.
///
/// # Errors
///
/// As [`path_svg`].
pub fn panels_svg(plot: &PanelsPlot<'_>) -> Result<String, PlotError> {
    check_lambdas(plot.lambdas)?;
    for curve in plot.panels.iter().flat_map(|panel| &panel.curves) {
        check_values(curve.name, &curve.values, plot.lambdas)?;
    }
    panels::draw(plot)
}

/// Draws a cross-validation as an SVG document of 900 × 600 pixels: means with their standard errors, the
/// best λ and the largest within one standard error of it.
///
/// # Errors
///
/// As [`path_svg`].
pub fn cv_svg(plot: &CvPlot<'_>) -> Result<String, PlotError> {
    check_lambdas(plot.lambdas)?;
    check_length("support sizes", plot.support_sizes.len(), plot.lambdas)?;
    for (name, values) in [("mean", plot.mean), ("standard error", plot.standard_error)] {
        check_values(name, values, plot.lambdas)?;
    }
    cv::draw(plot)
}

/// Draws a stability selection as an SVG document of 900 × 600 pixels: shares along the path, and the
/// threshold. The ten columns that are selected most often are coloured and named, all others are grey.
///
/// # Errors
///
/// As [`path_svg`].
pub fn stability_svg(plot: &StabilityPlot<'_>) -> Result<String, PlotError> {
    check_lambdas(plot.lambdas)?;
    check_values("mean selected", plot.mean_selected, plot.lambdas)?;
    for curve in plot.curves {
        check_values(curve.name, &curve.values, plot.lambdas)?;
    }
    stability::draw(plot)
}

/// Refuses what cannot be drawn, so that the drawing code can rely on it.
fn check(plot: &PathPlot<'_>) -> Result<(), PlotError> {
    check_lambdas(plot.lambdas)?;
    check_length("support sizes", plot.support_sizes.len(), plot.lambdas)?;
    for curve in plot.curves {
        check_values(curve.name, &curve.values, plot.lambdas)?;
    }
    Ok(())
}

fn check_lambdas(lambdas: &[f64]) -> Result<(), PlotError> {
    if lambdas.is_empty() {
        return Err(PlotError::NoLambdas);
    }
    for (index, &value) in lambdas.iter().enumerate() {
        if !(LARGEST.recip()..=LARGEST).contains(&value) {
            return Err(PlotError::Lambda { index, value });
        }
    }
    match lambdas.windows(2).position(|pair| pair[0] < pair[1]) {
        Some(index) => Err(PlotError::Increasing { index: index + 1 }),
        None => Ok(()),
    }
}

fn check_values(name: &str, values: &[f64], lambdas: &[f64]) -> Result<(), PlotError> {
    check_length(name, values.len(), lambdas)?;
    let drawable = |value: f64| value.abs() <= LARGEST;
    match values.iter().position(|&value| !drawable(value)) {
        Some(index) => Err(PlotError::Value { name: name.to_owned(), index, value: values[index] }),
        None => Ok(()),
    }
}

fn check_length(what: &str, found: usize, lambdas: &[f64]) -> Result<(), PlotError> {
    let expected = lambdas.len();
    if found == expected {
        return Ok(());
    }
    Err(PlotError::Length { what: what.to_owned(), expected, found })
}

#[cfg(test)]
mod tests;
