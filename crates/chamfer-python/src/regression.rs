//! Paths and their cross-validation.

use crate::design::Matrix;
use crate::errors;
use crate::family::FamilySpec;
use crate::penalty::PenaltySpec;
use crate::points::to_dict;
use crate::supervise::{Watch, supervise};
use chamfer::DualityGap;
use chamfer_glm::{
    Coefficients, Cox, Design, Error, Family, Metric, Optimality, PathStart, Regression,
    RegressionPoint, RegressionSettings, Regularizer, Ties, lambda_grid,
};
use numpy::ndarray::ArrayView1;
use numpy::{IntoPyArray, PyArray1, PyReadonlyArray1, PyReadonlyArray2, PyUntypedArrayMethods};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use rayon::prelude::*;

/// A regression and how to run it.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct Problem<'py> {
    design: Matrix<'py>,
    family: FamilySpec<'py>,
    penalty: PenaltySpec,
    weights: Option<PyReadonlyArray1<'py, f64>>,
    offset: Option<PyReadonlyArray1<'py, f64>>,
    intercept: bool,
    standardize: bool,
    /// λs, or how many there are to be and the least relative to the largest.
    alphas: Grid,
    tolerance: f64,
    /// Where paths of penalties that are not convex descend from.
    start: String,
    /// Coefficients, output by output, and intercepts that the first λ starts from.
    warm_start: Option<(PyReadonlyArray2<'py, f64>, PyReadonlyArray1<'py, f64>)>,
    /// Newton steps at each λ at most.
    max_iter: Option<usize>,
    threads: Option<usize>,
    /// Called with the number of fits that are done.
    progress: Option<Py<PyAny>>,
}

#[derive(FromPyObject)]
enum Grid {
    Ratio(usize, f64),
    Given(Vec<f64>),
}

impl Grid {
    fn alphas(&self, regression: &Regression<'_>) -> Result<Vec<f64>, Error> {
        match self {
            Self::Given(alphas) => Ok(alphas.clone()),
            Self::Ratio(n, ratio) => lambda_grid(regression.lambda_max()?, *n, *ratio),
        }
    }
}

/// What [`path`] does without Python.
struct Task<'a> {
    design: &'a dyn Design,
    family: &'a dyn Family,
    penalty: &'a Regularizer,
    settings: RegressionSettings<'a>,
    warm_start: Option<Vec<Coefficients>>,
    tolerance: f64,
}

impl Task<'_> {
    fn regression<'s>(&'s self, family: &'s dyn Family) -> Result<Regression<'s>, Error> {
        Regression::new(self.design, family, self.penalty.clone(), &self.settings)
    }

    /// The points up to where the watch stops it.
    fn path(
        &self,
        regression: &Result<Regression<'_>, Error>,
        grid: &Grid,
        watch: &Watch,
    ) -> Result<Vec<RegressionPoint>, Error> {
        let mut points = Vec::new();
        let warm_start = self.warm_start.as_deref();
        let visited = self.visit(regression, warm_start, grid, watch, |point| {
            points.push(point);
            watch.advance();
        });
        match visited {
            Ok(()) | Err(Error::Interrupted) => Ok(points),
            Err(error) => Err(error),
        }
    }

    fn visit(
        &self,
        regression: &Result<Regression<'_>, Error>,
        warm_start: Option<&[Coefficients]>,
        grid: &Grid,
        watch: &Watch,
        mut visit: impl FnMut(RegressionPoint),
    ) -> Result<(), Error> {
        let regression = match (regression, grid) {
            // Nothing to explain is no error where λ is given: the answer is known.
            (Err(Error::ConstantTarget { value }), Grid::Given(alphas)) => {
                for &lambda in alphas {
                    visit(constant(lambda, *value));
                }
                return Ok(());
            }
            (regression, _) => regression.as_ref().map_err(Clone::clone)?,
        };
        let stop = || watch.is_stopped();
        let alphas = grid.alphas(regression)?;
        if let Some(warm_start) = warm_start {
            // Where nothing can start there, as where predictions overflow, the path starts as any other; what
            // else is wrong is wrong again.
            if let Ok(points) = regression.path_from(warm_start, &alphas, self.tolerance, &stop) {
                return visit_all(points, visit);
            }
        }
        visit_all(regression.path(&alphas, self.tolerance, &stop)?, visit)
    }

    /// The measure at each λ of a path with the `train` weights, for the rows that `test` counts, where `whole` is the
    /// regression on all rows.
    fn validate(
        &self,
        whole: &Result<Regression<'_>, Error>,
        alphas: &[f64],
        [train, test]: [&[f64]; 2],
        metric: Metric,
        watch: &Watch,
    ) -> Result<Vec<f64>, Error> {
        if let (Ok(whole), Some(times)) = (whole, metric.of_squares(self.family)) {
            let stop = || watch.is_stopped();
            let squares = whole.validate_condensed(alphas, self.tolerance, [train, test], &stop)?;
            if let Some(squares) = squares {
                for _ in alphas {
                    watch.advance();
                }
                return Ok(squares.iter().map(|square| times * square).collect());
            }
        }
        let family = self.family.with_weights(train)?;
        let mut measures = Vec::with_capacity(alphas.len());
        let regression = self.regression(family.as_ref());
        self.visit(&regression, None, &Grid::Given(alphas.to_vec()), watch, |point| {
            let predictor = point.predict(self.design, self.settings.offset);
            measures.push(metric.evaluate(self.family, &predictor, test).unwrap_or(f64::NAN));
            watch.advance();
        })?;
        Ok(measures)
    }
}

fn visit_all(
    points: impl Iterator<Item = Result<RegressionPoint, Error>>,
    mut visit: impl FnMut(RegressionPoint),
) -> Result<(), Error> {
    for point in points {
        visit(point?);
    }
    Ok(())
}

/// The solution for a target with one value.
fn constant(lambda: f64, value: f64) -> RegressionPoint {
    let certificate = Optimality {
        objective: 0.0,
        gap: Some(DualityGap { primal: 0.0, dual: 0.0 }),
        relative_stationarity: 0.0,
        smallest_eigenvalue: None,
    };
    RegressionPoint {
        lambda,
        coefficients: vec![Coefficients { intercept: value, values: Vec::new() }],
        certificate,
        deviance_explained: 0.0,
        converged: true,
        newton_steps: 0,
    }
}

/// Runs `work` on the problem, supervised.
fn run<'py, T: Send>(
    py: Python<'py>,
    problem: Problem<'py>,
    work: impl FnOnce(&Task<'_>, &Grid, &Watch) -> T + Send,
) -> PyResult<(T, Option<PyErr>)> {
    let weights = problem.weights.as_ref().map(|weights| weights.as_slice()).transpose()?;
    let offset = problem.offset.as_ref().map(|offset| offset.as_slice()).transpose()?;
    let (design, family) = (problem.design.design()?, problem.family.family(weights)?);
    let penalty = problem.penalty.regularizer()?;
    let settings = RegressionSettings {
        intercept: problem.intercept,
        standardize: problem.standardize,
        offset,
        start: path_start(&problem.start)?,
        max_steps: problem.max_iter.unwrap_or(usize::MAX),
    };
    let warm_start = problem.warm_start.as_ref().map(|(coefficients, intercepts)| {
        let (coefficients, intercepts) = (coefficients.as_array(), intercepts.as_array());
        let of_output = |(row, &intercept): (ArrayView1<'_, f64>, &f64)| Coefficients {
            intercept,
            values: row.iter().copied().enumerate().filter(|(_, b)| *b != 0.0).collect(),
        };
        coefficients.outer_iter().zip(intercepts).map(of_output).collect()
    });
    let task = Task {
        design: design.as_ref(),
        family: family.as_ref(),
        penalty: &penalty,
        settings,
        warm_start,
        tolerance: problem.tolerance,
    };
    let (grid, progress) = (&problem.alphas, problem.progress.as_ref());
    supervise(py, problem.threads, progress, |watch| work(&task, grid, watch))
}

/// Solves at each λ; a dictionary of arrays.
#[pyfunction]
pub fn path<'py>(py: Python<'py>, problem: Problem<'py>) -> PyResult<Bound<'py, PyDict>> {
    #[allow(clippy::redundant_closure_for_method_calls, reason = "the method has fewer lifetimes")]
    let (points, stopped_by) = run(py, problem, |task, grid, watch| {
        task.path(&task.regression(task.family), grid, watch)
    })?;
    let points = points.map_err(|error| errors::of_regression(&error))?;
    let done = to_dict(py, &points)?;
    match stopped_by {
        None => Ok(done),
        Some(error) => Err(errors::stopped(py, error, done)),
    }
}

/// A path, and the measure at each of its λs for each fold, one fold after the other.
///
/// Folds are rows of observation weights: those to train with, and those to test with.
#[pyfunction]
#[allow(clippy::needless_pass_by_value, reason = "what pyo3 hands over")]
pub fn cross_validate<'py>(
    py: Python<'py>,
    problem: Problem<'py>,
    train: PyReadonlyArray2<'py, f64>,
    test: PyReadonlyArray2<'py, f64>,
    metric: &str,
) -> PyResult<(Bound<'py, PyDict>, Bound<'py, PyArray1<f64>>)> {
    let metric = measure(metric)?;
    let n = train.shape()[1];
    let (train, test) = (train.as_slice()?, test.as_slice()?);
    let folds: Vec<[&[f64]; 2]> = train
        .chunks_exact(n)
        .zip(test.chunks_exact(n))
        .map(|(train, test)| [train, test])
        .collect();
    let (outcome, stopped_by) = run(py, problem, |task, grid, watch| {
        let whole = task.regression(task.family);
        if let Ok(whole) = &whole {
            let n_alphas = match grid {
                Grid::Ratio(n, _) => *n,
                Grid::Given(alphas) => alphas.len(),
            };
            let rows = |[_, test]: &[&[f64]; 2]| (0..n).filter(|&i| test[i] > 0.0).collect();
            let held_out: Vec<Vec<usize>> = folds.iter().map(rows).collect();
            whole.prepare(n_alphas, &held_out, &|| watch.is_stopped());
        }
        let path = task.path(&whole, grid, watch)?;
        let alphas: Vec<f64> = path.iter().map(|point| point.lambda).collect();
        let of_fold = |fold: &[&[f64]; 2]| task.validate(&whole, &alphas, *fold, metric, watch);
        let of_folds = folds.par_iter().map(of_fold).collect::<Result<Vec<_>, Error>>()?;
        Ok((path, of_folds))
    })?;
    if let Some(error) = stopped_by {
        return Err(error);
    }
    let (path, of_folds) = outcome.map_err(|error: Error| errors::of_regression(&error))?;
    Ok((to_dict(py, &path)?, of_folds.concat().into_pyarray(py)))
}

/// Harrell's concordance of risks with survival times.
#[pyfunction]
#[allow(clippy::needless_pass_by_value, reason = "what pyo3 hands over")]
pub fn concordance(
    risk: PyReadonlyArray1<'_, f64>,
    times: PyReadonlyArray1<'_, f64>,
    events: PyReadonlyArray1<'_, bool>,
    weights: PyReadonlyArray1<'_, f64>,
) -> PyResult<f64> {
    let (times, events, weights) = (times.as_slice()?, events.as_slice()?, weights.as_slice()?);
    let family = Cox::new(times.to_vec(), events.to_vec(), None, Some(weights), Ties::default());
    let family = family.map_err(|error| errors::of_regression(&error))?;
    Ok(Metric::Concordance.evaluate(&family, risk.as_slice()?, weights).unwrap_or(f64::NAN))
}

fn path_start(name: &str) -> PyResult<PathStart> {
    Ok(match name {
        "best" => PathStart::Best,
        "previous" => PathStart::Previous,
        "convex" => PathStart::Convex,
        "dense-to-sparse" => PathStart::DenseToSparse,
        _ => {
            return Err(errors::of_input(&format!(
                "start is {name:?}: it must be 'best', 'previous', 'convex' or 'dense-to-sparse'"
            )));
        }
    })
}

fn measure(name: &str) -> PyResult<Metric> {
    Ok(match name {
        "deviance" => Metric::Deviance,
        "mse" => Metric::MeanSquaredError,
        "mae" => Metric::MeanAbsoluteError,
        "accuracy" => Metric::Accuracy,
        "auc" => Metric::Auc,
        "concordance" => Metric::Concordance,
        _ => return Err(errors::of_input(&format!("there is no metric {name}"))),
    })
}
