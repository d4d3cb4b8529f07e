//! `chamfer path` and `chamfer fit`.

use super::{Status, data};
use crate::args::{DataArgs, FitArgs, ModelArgs, PathArgs};
use crate::error::CliError;
use crate::input::Frame;
use crate::interrupt::Interrupt;
use crate::model::{DataFacts, FitRecord, Model, ModelParts};
use crate::output::{self, OutputFolder, PathTable, Progress, count, print, say};
use crate::plot::{Curve, PathPlot, path_svg, rasterize};
use chamfer_glm::{
    Error as GlmError, PathPoint, Problem, ProblemSettings, inspect_columns, lambda_grid,
};
use std::time::Instant;

/// Names shown in a warning about many columns.
const SHOWN_NAMES: usize = 5;
/// Coefficients shown after a fit.
const SHOWN_COEFFICIENTS: usize = 10;

/// Which λs to fit.
enum Lambdas {
    Given(Vec<f64>),
    Grid {
        n_lambdas: usize,
        min_ratio: Option<f64>,
    },
}

pub fn path(args: &PathArgs) -> Result<Status, CliError> {
    let lambdas = if args.lambdas.is_empty() {
        Lambdas::Grid {
            n_lambdas: args.n_lambdas as usize,
            min_ratio: args.lambda_min_ratio,
        }
    } else {
        let mut given = args.lambdas.clone();
        given.sort_by(|a, b| b.total_cmp(a));
        Lambdas::Given(given)
    };
    run(&args.data, &args.model, lambdas, true)
}

pub fn fit(args: &FitArgs) -> Result<Status, CliError> {
    run(
        &args.data,
        &args.model,
        Lambdas::Given(vec![args.lambda]),
        false,
    )
}

fn run(
    data_args: &DataArgs,
    args: &ModelArgs,
    lambdas: Lambdas,
    with_plots: bool,
) -> Result<Status, CliError> {
    if let Some(threads) = args.threads {
        rayon::ThreadPoolBuilder::new()
            .num_threads(usize::from(threads))
            .build_global()
            .map_err(|error| CliError::Setup(error.to_string()))?;
    }
    let folder = args.out.as_deref().map(OutputFolder::prepare).transpose()?;
    let interrupt = Interrupt::listen()?;
    let (encoding, frame, notes) = data::training(data_args)?;
    for note in &notes {
        say(&format!("note: {note}"));
    }

    let regression_error = |error: GlmError| {
        CliError::regression(&error, encoding.target(), &frame.names, &frame.rows)
    };
    let design = data::design(&frame).map_err(regression_error)?;
    warn_of_columns(design.as_ref(), &frame.names);
    let settings = ProblemSettings {
        intercept: !args.no_intercept,
        standardize: !args.no_standardize,
        weights: frame.weights.as_deref(),
    };
    let target = frame.target.as_deref().unwrap_or_default();
    let problem = Problem::new(design.as_ref(), target, &settings).map_err(regression_error)?;
    let lambdas = match lambdas {
        Lambdas::Given(lambdas) => lambdas,
        Lambdas::Grid {
            n_lambdas,
            min_ratio,
        } => {
            let wide = frame.matrix.n_rows() < frame.matrix.n_cols();
            let ratio = min_ratio.unwrap_or(if wide { 1e-2 } else { 1e-4 });
            lambda_grid(problem.lambda_max(), n_lambdas, ratio).map_err(regression_error)?
        }
    };

    let solved = solve(&problem, &lambdas, args.tol, &interrupt).map_err(regression_error)?;
    if solved.points.is_empty() {
        return Err(CliError::InterruptedEarly);
    }
    let fits: Vec<FitRecord> = solved.records(&frame.names);
    let model = Model::new(ModelParts {
        objective: objective(&settings).to_owned(),
        data: DataFacts {
            file: data::file_name(&data_args.file.file),
            rows: frame.matrix.n_rows(),
            columns: frame.matrix.n_cols(),
        },
        intercept: settings.intercept,
        standardize: settings.standardize,
        tolerance: args.tol,
        seed: args.seed,
        interrupted: solved.interrupted,
        path: fits,
        encoding: encoding.clone(),
    });
    let files = match folder {
        Some(folder) => {
            let picture = with_plots.then(|| plot(&problem, &solved.points, &model, &frame));
            write(folder, &model, picture.transpose()?.as_deref())?
        }
        None => Vec::new(),
    };
    report(&model, &problem, &solved, &frame, &files, args.json)?;
    Ok(solved.status())
}

/// The points of a path that were reached, with the seconds that each took.
struct Solved {
    points: Vec<PathPoint>,
    seconds: Vec<f64>,
    interrupted: bool,
    asked: usize,
}

fn solve(
    problem: &Problem,
    lambdas: &[f64],
    tolerance: f64,
    interrupt: &Interrupt,
) -> Result<Solved, GlmError> {
    let (mut points, mut seconds) = (Vec::new(), Vec::new());
    let mut interrupted = false;
    let progress = Progress::start(lambdas.len());
    let stop = || interrupt.pressed();
    let mut started = Instant::now();
    for point in chamfer_glm::path(problem, lambdas, tolerance, &stop)? {
        match point {
            Ok(point) => {
                progress.advance(&point);
                points.push(point);
                seconds.push(started.elapsed().as_secs_f64());
                started = Instant::now();
            }
            Err(GlmError::Interrupted) => interrupted = true,
            Err(error) => return Err(error),
        }
    }
    progress.finish();
    Ok(Solved {
        points,
        seconds,
        interrupted,
        asked: lambdas.len(),
    })
}

impl Solved {
    fn records(&self, names: &[String]) -> Vec<FitRecord> {
        let record = |(point, &seconds): (&PathPoint, &f64)| FitRecord {
            lambda: point.lambda,
            nonzero: point.coefficients.values.len(),
            r_squared: point.r_squared,
            objective: point.gap.primal,
            dual: point.gap.dual,
            relative_gap: point.gap.relative(),
            converged: point.converged,
            newton_steps: point.newton_steps,
            seconds,
            intercept: point.coefficients.intercept,
            coefficients: point
                .coefficients
                .values
                .iter()
                .map(|&(column, value)| (names[column].clone(), value))
                .collect(),
        };
        self.points.iter().zip(&self.seconds).map(record).collect()
    }

    fn status(&self) -> Status {
        if self.interrupted {
            Status::Interrupted
        } else if self.points.iter().all(|point| point.converged) {
            Status::Certified
        } else {
            Status::ToleranceMissed
        }
    }
}

/// Says once which columns cannot be used or told apart.
fn warn_of_columns(design: &dyn chamfer_glm::Design, names: &[String]) {
    let report = inspect_columns(design);
    let list = |shown: Vec<String>, n: usize| {
        let more = if n > shown.len() {
            format!(" and {} more", n - shown.len())
        } else {
            String::new()
        };
        shown.join(", ") + &more
    };
    if !report.constant.is_empty() {
        let shown = report
            .constant
            .iter()
            .take(SHOWN_NAMES)
            .map(|&j| format!("'{}'", names[j]));
        let columns = list(shown.collect(), report.constant.len());
        say(&format!(
            "warning: {} with one value only: {columns}; such a column explains nothing and gets \
             coefficient 0 (leave it out with --exclude)",
            count(report.constant.len(), "column")
        ));
    }
    if !report.duplicates.is_empty() {
        let pair =
            |&(later, first): &(usize, usize)| format!("'{}' = '{}'", names[later], names[first]);
        let shown = report
            .duplicates
            .iter()
            .take(SHOWN_NAMES)
            .map(pair)
            .collect();
        let columns = list(shown, report.duplicates.len());
        say(&format!(
            "warning: {} equal to another in every row: {columns}; the fit is certified, but which \
             of equal columns gets the weight is arbitrary (leave one out with --exclude)",
            count(report.duplicates.len(), "column")
        ));
    }
}

fn objective(settings: &ProblemSettings) -> &'static str {
    match (settings.weights.is_some(), settings.standardize) {
        (false, true) => "1/(2n) ‖y − Xβ − b‖² + λ Σ_j s_j |β_j|, s_j = standard deviation of x_j",
        (false, false) => "1/(2n) ‖y − Xβ − b‖² + λ ‖β‖₁",
        (true, true) => {
            "½ Σ_i w_i (y_i − x_iβ − b)² / Σ_i w_i + λ Σ_j s_j |β_j|, s_j = weighted standard \
             deviation of x_j"
        }
        (true, false) => "½ Σ_i w_i (y_i − x_iβ − b)² / Σ_i w_i + λ ‖β‖₁",
    }
}

fn plot(
    problem: &Problem,
    points: &[PathPoint],
    model: &Model,
    frame: &Frame,
) -> Result<String, CliError> {
    let mut ever_nonzero: Vec<usize> = points
        .iter()
        .flat_map(|point| point.coefficients.values.iter().map(|(j, _)| *j))
        .collect();
    ever_nonzero.sort_unstable();
    ever_nonzero.dedup();
    let mut curves: Vec<Curve> = ever_nonzero
        .iter()
        .map(|&j| Curve {
            name: &frame.names[j],
            values: vec![0.0; points.len()],
        })
        .collect();
    for (k, point) in points.iter().enumerate() {
        for &(j, value) in &point.coefficients.values {
            if let Ok(position) = ever_nonzero.binary_search(&j) {
                // Without standardization the scale is 1.
                curves[position].values[k] = value * problem.design().scale(j);
            }
        }
    }
    let DataFacts {
        file,
        rows,
        columns,
    } = &model.data;
    let (rows, columns) = (output::with_commas(*rows), output::with_commas(*columns));
    let title = format!(
        "Lasso path: {} ({file}, {rows} × {columns})",
        model.encoding.target()
    );
    let lambdas: Vec<f64> = points.iter().map(|point| point.lambda).collect();
    let sizes: Vec<usize> = model.path.iter().map(|fit| fit.nonzero).collect();
    let standardized = "Coefficient (standardized columns)";
    Ok(path_svg(&PathPlot {
        title: &title,
        lambdas: &lambdas,
        support_sizes: &sizes,
        curves: &curves,
        coefficient_label: if model.standardize {
            standardized
        } else {
            "Coefficient"
        },
    })?)
}

/// Writes the files of a fit; says where they are.
fn write(folder: OutputFolder, model: &Model, svg: Option<&str>) -> Result<Vec<String>, CliError> {
    let table = PathTable {
        fits: &model.path,
        tolerance: model.tolerance,
    }
    .csv();
    let png = svg.map(rasterize).transpose()?;
    let mut json = to_json(model)?;
    json.push('\n');
    let mut files: Vec<(&str, &[u8])> = vec![
        ("model.json", json.as_bytes()),
        ("path.csv", table.as_bytes()),
    ];
    if let (Some(svg), Some(png)) = (svg, &png) {
        files.push(("path.svg", svg.as_bytes()));
        files.push(("path.png", png));
    }
    let written = folder.write(&files)?;
    Ok(written
        .iter()
        .map(|path| path.display().to_string())
        .collect())
}

fn to_json(value: &impl serde::Serialize) -> Result<String, CliError> {
    serde_json::to_string_pretty(value).map_err(|error| CliError::Setup(error.to_string()))
}

fn report(
    model: &Model,
    problem: &Problem,
    solved: &Solved,
    frame: &Frame,
    files: &[String],
    json: bool,
) -> Result<(), CliError> {
    let table = PathTable {
        fits: &model.path,
        tolerance: model.tolerance,
    };
    if json {
        #[derive(serde::Serialize)]
        struct Report<'a> {
            objective: &'a str,
            data: &'a DataFacts,
            target: &'a str,
            tolerance: f64,
            missed_tolerance: usize,
            interrupted: bool,
            path: &'a [FitRecord],
            files: &'a [String],
        }
        print(&to_json(&Report {
            objective: &model.objective,
            data: &model.data,
            target: model.encoding.target(),
            tolerance: model.tolerance,
            missed_tolerance: table.n_missed(),
            interrupted: model.interrupted,
            path: &model.path,
            files,
        })?);
    } else {
        let DataFacts {
            file,
            rows,
            columns,
        } = &model.data;
        print(&format!(
            "{file}: {} × {}, target '{}'\nminimizing {}\n",
            count(*rows, "row"),
            count(*columns, "column"),
            model.encoding.target(),
            model.objective
        ));
        print(&table.text());
        if let Some(last) = solved.points.last() {
            print(&top(last, problem, frame, model.standardize));
        }
        if !files.is_empty() {
            print(&format!("wrote {}", files.join(", ")));
        }
    }
    if table.n_missed() > 0 {
        let missed = count(table.n_missed(), "lambda");
        say(&format!(
            "warning: {missed} missed the tolerance of {:e}",
            model.tolerance
        ));
    }
    if solved.interrupted {
        let kept = if files.is_empty() {
            "nothing was written (no --out)"
        } else {
            "they were written"
        };
        say(&format!(
            "interrupted: {} of {} lambdas are done; {kept}",
            solved.points.len(),
            solved.asked
        ));
    }
    Ok(())
}

/// The largest coefficients of a fit, by the scale on which they can be compared.
fn top(point: &PathPoint, problem: &Problem, frame: &Frame, standardized: bool) -> String {
    let values = &point.coefficients.values;
    let mut rows: Vec<(&str, f64, f64)> = values
        .iter()
        .map(|&(j, value)| {
            (
                frame.names[j].as_str(),
                value,
                value * problem.design().scale(j),
            )
        })
        .collect();
    rows.sort_by(|a, b| b.2.abs().total_cmp(&a.2.abs()));
    let n = rows.len();
    rows.truncate(SHOWN_COEFFICIENTS);
    let which = if n > rows.len() {
        format!("the {} largest of {n}", rows.len())
    } else {
        format!("all {n}")
    };
    format!(
        "at lambda {:.4e}, intercept {:.4e}, {which} nonzero coefficients:\n{}",
        point.lambda,
        point.coefficients.intercept,
        output::top_coefficients(&rows, standardized)
    )
}
