//! Draws the univariate case: the base problem `½(b − z)² + λ|b|^q`, the smooth surfaces that replace
//! it, and gradient descent on them. `cargo run -p chamfer --example univariate` writes
//! `crates/chamfer/docs/univariate.svg`, or the file that is named.

use chamfer::{
    Block, Blocks, Hpp, Lifted, Objective, Parametrization, SharedProduct, Strength,
    value_and_gradient,
};
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;

const Z: f64 = 1.6;
const LAMBDA: f64 = 0.6;

/// Colours that can be told apart without red and green.
const BLUE: RGBColor = RGBColor(0, 90, 160);
const ORANGE: RGBColor = RGBColor(213, 94, 0);
const GREY: RGBColor = RGBColor(170, 170, 170);
const BLACK: RGBColor = RGBColor(30, 30, 30);

type Failure = Box<dyn std::error::Error>;
type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;
type Chart<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

fn loss() -> impl Objective<f64> {
    value_and_gradient(|beta: &[f64], gradient: &mut [f64]| {
        gradient[0] = beta[0] - Z;
        0.5 * gradient[0] * gradient[0]
    })
}

/// One coefficient with this parametrization.
fn blocks(row: impl Parametrization<f64> + 'static) -> Result<Blocks<f64>, chamfer::Error> {
    Blocks::new(vec![Block::new(row, 1, LAMBDA)?])
}

/// The factors that gradient descent passes, from `start` until it rests.
fn descent(
    lifted: &Lifted<'_, f64, impl Objective<f64>>,
    start: (f64, f64),
) -> Result<Vec<(f64, f64)>, chamfer::Error> {
    let mut factors = [start.0, start.1];
    let mut gradient = [0.0; 2];
    let mut path = vec![start];
    for _ in 0..20_000 {
        lifted.value_and_gradient(&factors, &mut gradient)?;
        if gradient.iter().all(|g| g.abs() < 1e-6) {
            break;
        }
        for (x, g) in factors.iter_mut().zip(gradient) {
            *x -= 0.01 * g;
        }
        let last = path[path.len() - 1];
        if (factors[0] - last.0).hypot(factors[1] - last.1) > 0.01 {
            path.push((factors[0], factors[1]));
        }
    }
    path.push((factors[0], factors[1]));
    Ok(path)
}

/// The lines where `f` has the value `level`, by linear interpolation in the triangles of a grid over
/// the square `[−reach, reach]²`.
fn isolines(values: &[Vec<f64>], reach: f64, level: f64) -> Vec<Vec<(f64, f64)>> {
    let n = values.len() - 1;
    let at = |i: usize, j: usize| {
        let coordinate = |k: usize| reach * (2.0 * k as f64 / n as f64 - 1.0);
        (coordinate(i), coordinate(j), values[i][j] - level)
    };
    let mut pieces = Vec::new();
    for i in 0..n {
        for j in 0..n {
            for corners in [
                [at(i, j), at(i + 1, j), at(i + 1, j + 1)],
                [at(i, j), at(i, j + 1), at(i + 1, j + 1)],
            ] {
                let mut crossings = Vec::new();
                // Every edge from its lower corner, so that both its triangles find the same point.
                for (a, b) in [(0, 1), (1, 2), (0, 2)] {
                    let ((ax, ay, av), (bx, by, bv)) = (corners[a], corners[b]);
                    if (av < 0.0) != (bv < 0.0) {
                        let share = av / (av - bv);
                        crossings.push((ax + share * (bx - ax), ay + share * (by - ay)));
                    }
                }
                if let [from, to] = crossings[..] {
                    pieces.push([from, to]);
                }
            }
        }
    }
    joined(pieces)
}

/// Pieces that share an end, joined to lines.
fn joined(mut pieces: Vec<[(f64, f64); 2]>) -> Vec<Vec<(f64, f64)>> {
    let mut lines = Vec::new();
    while let Some([from, to]) = pieces.pop() {
        let mut line = vec![from, to];
        for _ in 0..2 {
            while let Some(next) = pieces.iter().position(|p| p.contains(&line[line.len() - 1])) {
                let [from, to] = pieces.swap_remove(next);
                line.push(if from == line[line.len() - 1] { to } else { from });
            }
            line.reverse();
        }
        lines.push(line);
    }
    lines
}

fn chart<'a, 'b>(
    area: &'a Area<'b>,
    title: &str,
    x: (std::ops::Range<f64>, &str),
    y: (std::ops::Range<f64>, &str),
) -> Result<Chart<'a, 'b>, Failure> {
    let mut chart = ChartBuilder::on(area)
        .caption(title, ("sans-serif", 19).into_font().color(&BLACK))
        .margin(12)
        .x_label_area_size(42)
        .y_label_area_size(48)
        .build_cartesian_2d(x.0, y.0)?;
    chart
        .configure_mesh()
        .disable_mesh()
        .x_desc(x.1)
        .y_desc(y.1)
        .label_style(("sans-serif", 14))
        .axis_desc_style(("sans-serif", 16))
        .x_labels(7)
        .y_labels(7)
        .draw()?;
    Ok(chart)
}

fn legend<'b: 'a, 'a>(
    chart: &mut Chart<'a, 'b>,
    position: SeriesLabelPosition,
) -> Result<(), Failure> {
    chart
        .configure_series_labels()
        .position(position)
        .background_style(WHITE.mix(0.85))
        .label_font(("sans-serif", 14))
        .draw()?;
    Ok(())
}

fn base_problem(area: &Area<'_>) -> Result<(), Failure> {
    let title = "The base problem ½(b − z)² + λ|b|^q";
    let mut chart = chart(area, title, (-0.5..2.7, "b"), (0.6..2.4, "objective"))?;
    let rows: [(&str, Box<dyn Parametrization<f64>>, RGBColor); 2] = [
        ("q = 1 (depth 2)", Box::new(Hpp), BLUE),
        ("q = 2/3 (depth 3)", Box::new(SharedProduct::new(3.0)?), ORANGE),
    ];
    for (label, row, colour) in rows {
        let value = |b: f64| {
            let penalty = row.penalty().value(&[b], Strength::uniform(LAMBDA));
            0.5 * (b - Z).powi(2) + penalty
        };
        let points: Vec<(f64, f64)> =
            (-50..=270).map(|i| f64::from(i) * 0.01).map(|b| (b, value(b))).collect();
        let local = |w: &&[(f64, f64)]| w[1].1 < w[0].1 && w[1].1 < w[2].1;
        let points: Vec<_> = points.into_iter().filter(|point| point.1 < 2.4).collect();
        let minima: Vec<(f64, f64)> = points.windows(3).filter(local).map(|w| w[1]).collect();
        chart
            .draw_series([PathElement::new(points, colour.stroke_width(2))])?
            .label(label)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2)));
        chart.draw_series(minima.into_iter().map(|at| Circle::new(at, 5, colour.filled())))?;
    }
    chart
        .draw_series(std::iter::empty::<Circle<(f64, f64), i32>>())?
        .label("local minima")
        .legend(|(x, y)| Circle::new((x + 9, y), 4, BLACK.filled()));
    legend(&mut chart, SeriesLabelPosition::UpperMiddle)
}

/// The surface `Q(u, v)` with paths of gradient descent on it, coloured by where they end.
fn surface(
    area: &Area<'_>,
    title: &str,
    row: impl Parametrization<f64> + 'static,
    starts: &[(f64, f64)],
    saddle: bool,
) -> Result<(), Failure> {
    let (objective, blocks) = (loss(), blocks(row)?);
    let lifted = Lifted::new(&objective, &blocks);
    let reach = 1.8;
    let n = 60usize;
    let coordinate = |k: usize| reach * (2.0 * k as f64 / n as f64 - 1.0);
    let mut values = vec![vec![0.0; n + 1]; n + 1];
    for (i, column) in values.iter_mut().enumerate() {
        for (j, value) in column.iter_mut().enumerate() {
            let factors = [coordinate(i), coordinate(j)];
            *value = lifted.value_and_gradient(&factors, &mut [0.0; 2])?;
        }
    }
    let mut chart = chart(area, title, (-reach..reach, "u"), (-reach..reach, "v"))?;
    let least = values.iter().flatten().copied().fold(f64::INFINITY, f64::min);
    for k in 1..13 {
        let level = least + 0.02 * f64::from(k * k);
        let lines = isolines(&values, reach, level);
        chart.draw_series(lines.into_iter().map(|line| PathElement::new(line, GREY)))?;
    }
    let mut ends = Vec::new();
    for &start in starts {
        let path = descent(&lifted, start)?;
        let end = path[path.len() - 1];
        let dies = end.0.hypot(end.1) < 0.05;
        let colour = if dies { ORANGE } else { BLUE };
        chart.draw_series([PathElement::new(path, colour.stroke_width(2))])?;
        chart.draw_series([Circle::new(start, 3, colour.filled())])?;
        ends.push((end, colour));
    }
    let triangle =
        |&(end, colour): &((f64, f64), RGBColor)| TriangleMarker::new(end, 8, colour.filled());
    chart.draw_series(ends.iter().map(triangle))?;
    if saddle {
        chart
            .draw_series([Circle::new((0.0, 0.0), 5, BLACK.stroke_width(2))])?
            .label("saddle point")
            .legend(|(x, y)| Circle::new((x + 9, y), 4, BLACK.stroke_width(2)));
    }
    for (label, colour) in [("ends at a minimum", BLUE), ("ends at zero", ORANGE)] {
        if !ends.iter().any(|end| end.1 == colour) {
            continue;
        }
        chart
            .draw_series(std::iter::empty::<Circle<(f64, f64), i32>>())?
            .label(label)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2)));
    }
    legend(&mut chart, SeriesLabelPosition::UpperLeft)
}

fn main() -> Result<(), Failure> {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/univariate.svg");
    let file = std::env::args().nth(1).unwrap_or_else(|| default.to_owned());
    let root = SVGBackend::new(&file, (1380, 480)).into_drawing_area();
    root.fill(&WHITE)?;
    let panels = root.split_evenly((1, 3));
    base_problem(&panels[0])?;
    let starts = [(0.05, 1.5), (-1.2, 1.0), (1.6, 0.1), (-0.2, -1.6), (-1.5, 0.3), (0.2, 0.2)];
    surface(&panels[1], "Depth 2: Q(u, v), β = uv", Hpp, &starts, true)?;
    // Balanced starts around the dead zone, and open gates beside them.
    let starts = [(0.2, 0.2), (0.3, 0.3), (0.5, 0.5), (0.02, 1.2), (-0.3, -1.4), (-1.0, 0.6)];
    let row = SharedProduct::new(3.0)?;
    surface(&panels[2], "Depth 3: Q(u, v), β = uv²", row, &starts, false)?;
    root.present()?;
    Ok(())
}
