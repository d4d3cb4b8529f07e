//! The coefficient paths of a fit as a picture.

use crate::error::CliError;
use crate::input::Frame;
use crate::model::{DataFacts, Model};
use crate::output::with_commas;
use crate::plot::{Curve, PathPlot, path_svg};
use chamfer_glm::{Regression, RegressionPoint};

/// The SVG of the paths; coefficients of standardized columns, if the fit has them.
pub fn draw(
    regression: &Regression,
    points: &[RegressionPoint],
    model: &Model,
    frame: &Frame,
) -> Result<String, CliError> {
    let mut ever_nonzero: Vec<usize> = points
        .iter()
        .flat_map(|point| point.coefficients[0].values.iter().map(|(j, _)| *j))
        .collect();
    ever_nonzero.sort_unstable();
    ever_nonzero.dedup();
    let mut curves: Vec<Curve> = ever_nonzero
        .iter()
        .map(|&j| Curve {
            name: model.penalty.group_of(&frame.names[j]),
            values: vec![0.0; points.len()],
        })
        .collect();
    for (k, point) in points.iter().enumerate() {
        for &(j, value) in &point.coefficients[0].values {
            if let Ok(position) = ever_nonzero.binary_search(&j) {
                // Without standardization the scale is 1.
                curves[position].values[k] = value * regression.scale(j);
            }
        }
    }
    let DataFacts { file, rows, columns } = &model.data;
    let (rows, columns) = (with_commas(*rows), with_commas(*columns));
    let (title, target) = (model.penalty.title(), model.encoding.target());
    let title = format!("{title}: {target} ({file}, {rows} × {columns})");
    let lambdas: Vec<f64> = points.iter().map(|point| point.lambda).collect();
    let sizes: Vec<usize> = model.path.iter().map(|fit| fit.nonzero).collect();
    let standardized = "Coefficient (standardized columns)";
    Ok(path_svg(&PathPlot {
        title: &title,
        lambdas: &lambdas,
        support_sizes: &sizes,
        curves: &curves,
        coefficient_label: if model.standardize { standardized } else { "Coefficient" },
    })?)
}
