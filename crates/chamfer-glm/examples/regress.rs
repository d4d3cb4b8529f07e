//! Solves a small regression, given as JSON on standard input, at each λ of a path; prints the
//! solutions with their certificates.
//!
//! ```text
//! echo '{"x": [[1, 0], [0, 1], [1, 1]], "y": [3, 0.1, 2], "family": "gaussian", "penalty": "l1",
//!        "lambdas": [0.2]}' | cargo run -q -p chamfer-glm --example regress
//! ```

use chamfer_glm::{
    Binomial, Cox, Criterion, DenseDesign, Error, Family, Folds, Gamma, Gaussian, Huber, Metric,
    MultiGaussian, Multinomial, NegativeBinomial, Poisson, Regression, RegressionPoint,
    RegressionSettings, Regularizer, Separable, SquaredHinge, Ties, Tweedie, lambda_grid,
};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[serde(default)]
#[allow(clippy::struct_excessive_bools, reason = "a flat file of options")]
struct Request {
    /// Rows of the design.
    x: Vec<Vec<f64>>,
    /// Targets, or several for each row one output after the other, or class numbers, or times.
    y: Vec<f64>,
    events: Vec<bool>,
    strata: Option<Vec<usize>>,
    efron: bool,
    family: String,
    /// Of the family, if it has one: theta, variance power, delta, number of outputs or classes.
    parameter: f64,
    weights: Option<Vec<f64>>,
    offset: Option<Vec<f64>>,
    penalty: String,
    /// q of the penalty, γ of MCP, a of SCAD, share of the sparse group lasso.
    shape: f64,
    groups: Vec<Vec<usize>>,
    penalty_weights: Option<Vec<f64>>,
    unpenalized: Vec<usize>,
    /// Bounds of each column's coefficients; null for none.
    lower: Option<Vec<Option<f64>>>,
    upper: Option<Vec<Option<f64>>>,
    l1_ratio: f64,
    across_outputs: bool,
    standardize: bool,
    intercept: bool,
    /// Given λs, or the number of a grid.
    lambdas: Vec<f64>,
    n_lambdas: usize,
    /// The fold of each row, to cross-validate; then the means over the folds are printed.
    folds: Option<Vec<usize>>,
    metric: String,
    /// Refit the support without the penalty: then the coefficients are those.
    relax: bool,
    min_ratio: f64,
    tolerance: f64,
}

impl Default for Request {
    fn default() -> Self {
        Self {
            x: Vec::new(),
            y: Vec::new(),
            events: Vec::new(),
            strata: None,
            efron: false,
            family: "gaussian".to_owned(),
            parameter: 1.0,
            weights: None,
            offset: None,
            penalty: "l1".to_owned(),
            shape: 1.0,
            groups: Vec::new(),
            penalty_weights: None,
            unpenalized: Vec::new(),
            lower: None,
            upper: None,
            l1_ratio: 1.0,
            across_outputs: false,
            standardize: false,
            intercept: true,
            lambdas: Vec::new(),
            n_lambdas: 5,
            folds: None,
            metric: "deviance".to_owned(),
            relax: false,
            min_ratio: 0.05,
            tolerance: 1e-9,
        }
    }
}

#[derive(Serialize)]
struct Answer {
    lambda: f64,
    /// For each output.
    intercepts: Vec<f64>,
    coefficients: Vec<Vec<f64>>,
    objective: f64,
    relative_gap: Option<f64>,
    relative_stationarity: f64,
    smallest_eigenvalue: Option<f64>,
    deviance_explained: f64,
    converged: bool,
    /// AIC and BIC of the penalized fit.
    criteria: [Option<f64>; 2],
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let request: Request = serde_json::from_reader(std::io::stdin())?;
    let (n, p) = (request.x.len(), request.x.first().map_or(0, Vec::len));
    let columns: Vec<f64> = (0..p).flat_map(|j| request.x.iter().map(move |row| row[j])).collect();
    let design = DenseDesign::new(n, p, &columns)?;
    let family = family(&request)?;
    let settings = RegressionSettings {
        intercept: request.intercept,
        standardize: request.standardize,
        offset: request.offset.as_deref(),
        ..RegressionSettings::default()
    };
    let penalty = penalty(&request)?;
    let regression = Regression::new(&design, family.as_ref(), penalty, &settings)?;
    let lambdas = if request.lambdas.is_empty() {
        lambda_grid(regression.lambda_max()?, request.n_lambdas, request.min_ratio)?
    } else {
        request.lambdas.clone()
    };
    if let Some(folds) = request.folds {
        let metric = match request.metric.as_str() {
            "mse" => Metric::MeanSquaredError,
            "auc" => Metric::Auc,
            "accuracy" => Metric::Accuracy,
            "concordance" => Metric::Concordance,
            _ => Metric::Deviance,
        };
        let folds = Folds::given(folds)?;
        let validated =
            regression.cross_validate(&lambdas, request.tolerance, &folds, metric, &|| false)?;
        let measures = (&validated.of_folds, &validated.mean, validated.best);
        println!("{}", serde_json::to_string(&(measures, validated.one_standard_error))?);
        return Ok(());
    }
    let answers = regression
        .path(&lambdas, request.tolerance, &|| false)?
        .map(|point| {
            let mut point = point?;
            let price = |criterion| regression.criterion(&point, criterion);
            let criteria = [price(Criterion::Aic), price(Criterion::Bic)];
            if request.relax {
                point.coefficients = regression.relax(&point)?;
            }
            Ok(Answer { criteria, ..answer(&point, p) })
        })
        .collect::<Result<Vec<Answer>, Error>>()?;
    println!("{}", serde_json::to_string(&answers)?);
    Ok(())
}

fn answer(point: &RegressionPoint, p: usize) -> Answer {
    let dense = |values: &[(usize, f64)]| {
        let mut all = vec![0.0; p];
        for &(j, b) in values {
            all[j] = b;
        }
        all
    };
    Answer {
        lambda: point.lambda,
        intercepts: point.coefficients.iter().map(|c| c.intercept).collect(),
        coefficients: point.coefficients.iter().map(|c| dense(&c.values)).collect(),
        objective: point.certificate.objective,
        relative_gap: point.certificate.gap.map(|gap| gap.relative()),
        relative_stationarity: point.certificate.relative_stationarity,
        smallest_eigenvalue: point.certificate.smallest_eigenvalue,
        deviance_explained: point.deviance_explained,
        converged: point.converged,
        criteria: [None; 2],
    }
}

fn family(request: &Request) -> Result<Box<dyn Family>, Error> {
    let (y, weights, parameter) =
        (request.y.clone(), request.weights.as_deref(), request.parameter);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts")]
    let count = |number: f64| number as usize;
    Ok(match request.family.as_str() {
        "binomial" => Box::new(Separable::new(Binomial, y, weights)?),
        "poisson" => Box::new(Separable::new(Poisson, y, weights)?),
        "gamma" => Box::new(Separable::new(Gamma, y, weights)?),
        "negative_binomial" => {
            Box::new(Separable::new(NegativeBinomial::new(parameter)?, y, weights)?)
        }
        "tweedie" => Box::new(Separable::new(Tweedie::new(parameter)?, y, weights)?),
        "huber" => Box::new(Separable::new(Huber::new(parameter)?, y, weights)?),
        "squared_hinge" => Box::new(Separable::new(SquaredHinge, y, weights)?),
        "multi_gaussian" => Box::new(MultiGaussian::new(y, count(parameter), weights)?),
        "multinomial" => {
            let classes = y.into_iter().map(count).collect();
            Box::new(Multinomial::new(classes, count(parameter), weights)?)
        }
        "cox" => {
            let ties = if request.efron { Ties::Efron } else { Ties::Breslow };
            let (events, strata) = (request.events.clone(), request.strata.clone());
            Box::new(Cox::new(y, events, strata, weights, ties)?)
        }
        _ => Box::new(Separable::new(Gaussian, y, weights)?),
    })
}

fn penalty(request: &Request) -> Result<Regularizer, String> {
    let (groups, shape) = (request.groups.clone(), request.shape);
    let mut penalty = match request.penalty.as_str() {
        "l1" => Regularizer::l1(),
        "lq" => Regularizer::lq(shape),
        "mcp" => Regularizer::mcp(shape),
        "scad" => Regularizer::scad(shape),
        "non_negative" => Regularizer::non_negative(),
        "group" => Regularizer::group(groups),
        "group_lq" => Regularizer::group_lq(groups, shape),
        "sparse_group" => Regularizer::sparse_group(groups, shape),
        unknown => return Err(format!("there is no penalty {unknown}")),
    };
    if request.across_outputs {
        penalty = penalty.across_outputs();
    }
    if let Some(weights) = &request.penalty_weights {
        penalty = penalty.with_weights(weights.clone());
    }
    if let (Some(lower), Some(upper)) = (&request.lower, &request.upper) {
        let ends = |bounds: &[Option<f64>], none: f64| -> Vec<f64> {
            bounds.iter().map(|bound| bound.unwrap_or(none)).collect()
        };
        penalty = penalty.with_bounds(&ends(lower, f64::NEG_INFINITY), &ends(upper, f64::INFINITY));
    }
    Ok(penalty.with_unpenalized(request.unpenalized.clone()).with_l1_ratio(request.l1_ratio))
}
