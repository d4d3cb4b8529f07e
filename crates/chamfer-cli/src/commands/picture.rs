//! The coefficient paths of a fit as a picture.

use super::solved::support;
use crate::error::CliError;
use crate::input::Frame;
use crate::model::{DataFacts, Model};
use crate::output::with_commas;
use crate::plot::{Curve, Panel, PanelsPlot, PathPlot, panels_svg, path_svg};
use crate::spec::FamilyName;
use chamfer_glm::{Regression, RegressionPoint};

/// The SVG of the paths, a panel for each output; coefficients of standardized columns, if the fit has them.
pub fn draw(
    regression: &Regression,
    points: &[RegressionPoint],
    model: &Model,
    frame: &Frame,
) -> Result<String, CliError> {
    let DataFacts { file, rows, columns } = &model.data;
    let (rows, columns) = (with_commas(*rows), with_commas(*columns));
    let (title, target) = (model.penalty.title(), model.target_title());
    let title = format!("{title}: {target} ({file}, {rows} × {columns})");
    let lambdas: Vec<f64> = points.iter().map(|point| point.lambda).collect();
    let standardized = "Coefficient (standardized columns)";
    let coefficient_label = if model.standardize { standardized } else { "Coefficient" };
    // Coefficients for classes are all logits; those for targets are in the units of each.
    let of_classes = model.family.name == FamilyName::Multinomial;
    let named =
        |name: &String| if of_classes { format!("{target} = {name}") } else { name.clone() };
    let names: Vec<String> = model.outputs().iter().map(named).collect();
    let panel = |(k, name)| Panel { name, curves: curves(k, regression, points, model, frame) };
    let panels: Vec<Panel> = names.iter().map(String::as_str).enumerate().map(panel).collect();
    Ok(match panels.as_slice() {
        [panel] => path_svg(&PathPlot {
            title: &title,
            lambdas: &lambdas,
            support_sizes: &model.path.iter().map(|fit| fit.nonzero).collect::<Vec<_>>(),
            curves: &panel.curves,
            coefficient_label,
        }),
        panels => {
            let (title, lambdas, common_scale) = (&title, &lambdas, of_classes);
            panels_svg(&PanelsPlot { title, lambdas, panels, common_scale, coefficient_label })
        }
    }?)
}

/// The coefficients of output `k` that are ever nonzero.
fn curves<'a>(
    k: usize,
    regression: &Regression,
    points: &[RegressionPoint],
    model: &'a Model,
    frame: &'a Frame,
) -> Vec<Curve<'a>> {
    let ever_nonzero = support(points.iter().map(|point| &point.coefficients[k]));
    let mut curves: Vec<Curve> = ever_nonzero
        .iter()
        .map(|&j| Curve {
            name: model.penalty.group_of(&frame.names[j]),
            values: vec![0.0; points.len()],
        })
        .collect();
    for (at, point) in points.iter().enumerate() {
        for &(j, value) in &point.coefficients[k].values {
            if let Ok(position) = ever_nonzero.binary_search(&j) {
                // Without standardization the scale is 1.
                curves[position].values[at] = value * regression.scale(j);
            }
        }
    }
    curves
}
