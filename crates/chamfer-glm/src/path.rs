//! A path of λs, each solved from its neighbour.

use crate::design::{Centred, Design};
use crate::problem::check_lambda;
use crate::solver::WorkingSet;
use crate::{Error, Problem};
use chamfer::DualityGap;

/// Coefficients on the original scale of the data.
#[derive(Debug, Clone, PartialEq)]
pub struct Coefficients {
    /// The intercept; 0 if none was fitted.
    pub intercept: f64,
    /// Column and coefficient, for those that are not exactly 0, by column.
    pub values: Vec<(usize, f64)>,
}

impl Coefficients {
    /// `b + Xβ` for every row of `design`.
    ///
    /// # Panics
    /// If a coefficient has no column in `design`.
    #[must_use]
    pub fn predict(&self, design: &dyn Design) -> Vec<f64> {
        let (columns, values): (Vec<Centred>, Vec<f64>) =
            self.values.iter().map(|&(column, b)| (Centred { column, centre: 0.0 }, b)).unzip();
        let mut predictions = vec![self.intercept; design.n_rows()];
        design.add_product(&columns, &values, &mut predictions);
        predictions
    }
}

/// The solution at one λ, with its certificate.
#[derive(Debug, Clone, PartialEq)]
pub struct PathPoint {
    /// The λ asked for.
    pub lambda: f64,
    /// The solution.
    pub coefficients: Coefficients,
    /// The bracket around the optimum, computed from the data.
    pub gap: DualityGap<f64>,
    /// The largest violation of `−∇L ∈ λ∂R`, relative to λ.
    pub relative_stationarity: f64,
    /// Fraction of the target's variance explained on the training data.
    pub r_squared: f64,
    /// Whether the relative gap met the tolerance.
    pub converged: bool,
    /// Newton steps taken.
    pub newton_steps: usize,
}

/// `n_lambdas` values from `lambda_max` down to `ratio · lambda_max`, equally spaced in log λ.
///
/// # Errors
/// If `lambda_max` is not above 0, `n_lambdas` is 0, or `ratio` is not between 0 and 1.
pub fn lambda_grid(lambda_max: f64, n_lambdas: usize, ratio: f64) -> Result<Vec<f64>, Error> {
    if lambda_max == 0.0 {
        return Err(Error::NoSignal);
    }
    check_lambda(lambda_max)?;
    if n_lambdas == 0 || !(ratio > 0.0 && ratio < 1.0) {
        return Err(Error::InvalidGrid { n_lambdas, ratio });
    }
    let steps = (n_lambdas - 1).max(1) as f64;
    Ok((0..n_lambdas).map(|k| lambda_max * ratio.powf(k as f64 / steps)).collect())
}

/// Solves `problem` at each of `lambdas`, in their order, as the iterator is advanced; each
/// starts from the one before it, so decreasing λs are the fastest.
///
/// Each item is a λ's solution to a relative duality gap of `tolerance`, or, marked as not
/// converged, as near as double precision allows. When `stop` returns true between two passes
/// over the data, the iterator yields [`Error::Interrupted`] and ends; what it yielded before
/// stands.
///
/// # Errors
/// If `lambdas` is empty, a λ is not a finite number above 0, or the tolerance is not in (0, 1).
///
/// # Example
///
/// ```
/// use chamfer_glm::{DenseDesign, Problem, ProblemSettings, lambda_grid, path};
///
/// let x = [1.0, 2.0, 3.0, 4.0, 0.3, -0.2, 0.1, -0.4]; // two columns of four rows
/// let y = [1.1, 1.9, 3.2, 3.8];
/// let design = DenseDesign::new(4, 2, &x)?;
/// let problem = Problem::new(&design, &y, &ProblemSettings::default())?;
/// let lambdas = lambda_grid(problem.lambda_max(), 20, 1e-2)?;
/// for point in path(&problem, &lambdas, 1e-9, &|| false)? {
///     let point = point?;
///     assert!(point.converged && point.gap.relative() <= 1e-9);
/// }
/// # Ok::<(), chamfer_glm::Error>(())
/// ```
pub fn path<'p>(
    problem: &'p Problem<'p>,
    lambdas: &'p [f64],
    tolerance: f64,
    stop: &'p (dyn Fn() -> bool + 'p),
) -> Result<impl Iterator<Item = Result<PathPoint, Error>> + 'p, Error> {
    path_from(
        problem,
        &Coefficients { intercept: 0.0, values: Vec::new() },
        lambdas,
        tolerance,
        stop,
    )
}

/// As [`path()`], but the first λ starts from coefficients on the original scale: those of a point of
/// another path, on the same data or on others like it.
///
/// The solver knows nothing but `start`, so a path that was cut into parts, each beginning at the end of
/// the one before it, is the same bits whoever solves the parts, and whenever.
///
/// # Errors
/// As [`path()`]; if a coefficient of `start` is not finite or has no column.
pub fn path_from<'p>(
    problem: &'p Problem<'p>,
    start: &Coefficients,
    lambdas: &'p [f64],
    tolerance: f64,
    stop: &'p (dyn Fn() -> bool + 'p),
) -> Result<impl Iterator<Item = Result<PathPoint, Error>> + use<'p>, Error> {
    check_path(lambdas, tolerance)?;
    let (columns, scaled) = problem.on_standardized_scale(start)?;
    let mut solver = WorkingSet::new(problem, &columns, &scaled);
    let mut interrupted = false;
    Ok(lambdas.iter().map_while(move |&lambda| {
        if interrupted {
            return None;
        }
        let point = solver.solve(lambda, tolerance, stop).map(|solution| PathPoint {
            lambda,
            coefficients: problem.on_original_scale(&solution.coefficients),
            gap: solution.gap,
            relative_stationarity: solution.stationarity / lambda,
            r_squared: solution.r_squared,
            converged: solution.gap.relative() <= tolerance,
            newton_steps: solution.newton_steps,
        });
        interrupted = point.is_err();
        Some(point)
    }))
}

pub(crate) fn check_path(lambdas: &[f64], tolerance: f64) -> Result<(), Error> {
    if lambdas.is_empty() {
        return Err(Error::InvalidGrid { n_lambdas: 0, ratio: 1.0 });
    }
    lambdas.iter().try_for_each(|&lambda| check_lambda(lambda))?;
    if tolerance > 0.0 && tolerance < 1.0 {
        Ok(())
    } else {
        Err(Error::InvalidTolerance { value: tolerance })
    }
}

/// Refuses coefficients that no solver can start from.
pub(crate) fn check_start(start: &Coefficients, n_cols: usize) -> Result<(), Error> {
    for &(column, value) in &start.values {
        if column >= n_cols {
            return Err(Error::NoSuchColumn { column, n_cols });
        }
        if !value.is_finite() {
            return Err(Error::NonFiniteStart { value });
        }
    }
    let value = start.intercept;
    if value.is_finite() { Ok(()) } else { Err(Error::NonFiniteStart { value }) }
}
