//! Pictures: a curve for each method.

use crate::Failure;
use plotters::prelude::*;
use std::path::Path;

/// A method's curve: `x`, and mean and standard deviation of `y`.
pub struct Curve {
    /// The method.
    pub name: String,
    /// Its place among the colours.
    pub color: usize,
    /// From left to right.
    pub points: Vec<(f64, f64, f64)>,
}

/// What a picture says beside its curves.
pub struct Words<'a> {
    /// Above it.
    pub title: &'a str,
    /// Below it.
    pub x: &'a str,
    /// To the left.
    pub y: &'a str,
}

/// Draws curves with both axes logarithmic; a thin line spans a standard deviation up and down.
pub fn draw(path: &Path, words: &Words<'_>, curves: &[Curve]) -> Result<(), Failure> {
    let points = || curves.iter().flat_map(|curve| &curve.points);
    let ends = |values: &dyn Fn() -> Vec<f64>| {
        let values = values();
        (
            values.iter().copied().fold(f64::INFINITY, f64::min),
            values.into_iter().fold(0.0, f64::max),
        )
    };
    let (left, right) = ends(&|| points().map(|point| point.0).collect());
    let (bottom, top) = ends(&|| points().map(|point| point.1).collect());
    let root = SVGBackend::new(path, (860, 480)).into_drawing_area();
    root.fill(&WHITE)?;
    let (area, key) = root.split_horizontally(680);
    let mut chart = ChartBuilder::on(&area)
        .caption(words.title, ("sans-serif", 20))
        .margin(14)
        .x_label_area_size(48)
        .y_label_area_size(64)
        .build_cartesian_2d(
            (left / 1.1..right * 1.1).log_scale().with_key_points(round(left, right)),
            (bottom / 1.15..top * 1.15).log_scale().with_key_points(round(bottom, top)),
        )?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(RGBColor(225, 225, 225))
        .x_desc(words.x)
        .y_desc(words.y)
        .x_label_formatter(&short)
        .y_label_formatter(&short)
        .label_style(("sans-serif", 14))
        .axis_desc_style(("sans-serif", 16))
        .draw()?;
    for (curve, y) in curves.iter().zip((60..).step_by(26)) {
        let color = COLORS[curve.color % COLORS.len()];
        let line = curve.points.iter().map(|point| (point.0, point.1));
        chart.draw_series([PathElement::new(
            line.clone().collect::<Vec<_>>(),
            color.stroke_width(2),
        )])?;
        chart.draw_series(line.map(|point| Circle::new(point, 3, color.filled())))?;
        chart.draw_series(curve.points.iter().map(|(x, y, deviation)| {
            let span = vec![(*x, (y - deviation).max(bottom / 1.15)), (*x, y + deviation)];
            PathElement::new(span, color)
        }))?;
        key.draw(&PathElement::new([(4, y), (28, y)], color.stroke_width(3)))?;
        let style = TextStyle::from(("sans-serif", 15)).pos(text_anchor());
        key.draw(&Text::new(curve.name.as_str(), (36, y), style))?;
    }
    Ok(root.present()?)
}

/// Round numbers between the ends: 1, 2, 5, 10 and so on; where these are few, all multiples of one of them.
fn round(least: f64, most: f64) -> Vec<f64> {
    let powers = (-4..9).map(|power| 10f64.powi(power));
    let all = powers.flat_map(|power| [1.0, 2.0, 5.0].map(|digit| digit * power));
    let (least, most) = (least / 1.1, most * 1.1);
    if most > 12.0 * least {
        return all.filter(|value| (least..most).contains(value)).collect();
    }
    let step = all.into_iter().find(|step| most - least <= 8.0 * step).unwrap_or(1e9);
    let multiples = (1..).map(|times| step * f64::from(times));
    multiples.skip_while(|value| *value < least).take_while(|value| *value < most).collect()
}

fn text_anchor() -> plotters::style::text_anchor::Pos {
    use plotters::style::text_anchor::{HPos, Pos, VPos};
    Pos::new(HPos::Left, VPos::Center)
}

#[allow(clippy::trivially_copy_pass_by_ref)] // As plotters asks for it.
fn short(value: &f64) -> String {
    let (value, unit) = match *value {
        large if large >= 1e6 => (large / 1e6, "M"),
        large if large >= 1e3 => (large / 1e3, "k"),
        small => (small, ""),
    };
    let digits = format!("{value:.3}");
    format!("{}{unit}", digits.trim_end_matches('0').trim_end_matches('.'))
}

/// Okabe and Ito's colours, which most people can tell apart.
const COLORS: [RGBColor; 8] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(120, 120, 120),
    RGBColor(0, 0, 0),
];

#[cfg(test)]
mod tests {
    use super::{round, short};

    #[test]
    fn axes_have_enough_round_labels() {
        assert_eq!(round(1.8, 80.0), [2.0, 5.0, 10.0, 20.0, 50.0]);
        assert_eq!(round(1.8, 3.7), [2.0, 2.5, 3.0, 3.5, 4.0]);
        assert_eq!([2500.0, 1e6, 0.05].map(|value| short(&value)), ["2.5k", "1M", "0.05"]);
    }
}
