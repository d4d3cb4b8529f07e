//! Least squares with the lasso against its optimality conditions, the generic smooth route and hard data.
#![allow(clippy::cast_possible_truncation)] // f32 data on purpose

mod common;

use chamfer::{Block, Blocks, Hpp, Settings, Unpenalized, minimize, value_and_gradient};
use chamfer_glm::{
    Coefficients, DenseDesign, Design, Error, Gaussian, Regression, RegressionPoint,
    RegressionSettings, Regularizer, Separable, SparseDesign, lambda_grid,
};
use common::{Simulated, correlated};
use std::sync::atomic::{AtomicUsize, Ordering};

fn never() -> bool {
    false
}

fn gaussian(y: &[f64]) -> Separable<Gaussian> {
    Separable::new(Gaussian, y.to_vec(), None).unwrap()
}

fn lasso<'a>(
    design: &'a dyn Design,
    family: &'a Separable<Gaussian>,
    standardize: bool,
) -> Regression<'a> {
    let settings = RegressionSettings { standardize, ..Default::default() };
    Regression::new(design, family, Regularizer::l1(), &settings).unwrap()
}

fn solve_path(regression: &Regression, ratio: f64, tolerance: f64) -> Vec<RegressionPoint> {
    let lambdas = lambda_grid(regression.lambda_max().unwrap(), 30, ratio).unwrap();
    regression.path(&lambdas, tolerance, &never).unwrap().collect::<Result<_, _>>().unwrap()
}

/// Objective, duality gap and largest optimality violation by textbook loops over the raw data.
fn by_hand(
    data: &Simulated,
    point: &RegressionPoint,
    weights: &[f64],
    standardize: bool,
) -> [f64; 3] {
    let fit = &point.coefficients[0];
    let Simulated { n, p, x, y } = data;
    let total: f64 = weights.iter().sum();
    let mean = |v: &dyn Fn(usize) -> f64| (0..*n).map(|i| weights[i] / total * v(i)).sum::<f64>();
    let mut beta = vec![0.0; *p];
    for &(j, b) in &fit.values {
        beta[j] = b;
    }
    let r: Vec<f64> = (0..*n)
        .map(|i| y[i] - fit.intercept - (0..*p).map(|j| beta[j] * x[j * n + i]).sum::<f64>())
        .collect();
    let y_mean = mean(&|i| y[i]);
    let mut primal = 0.5 * mean(&|i| r[i] * r[i]);
    let (mut dual_norm, mut violation): (f64, f64) = (0.0, 0.0);
    for j in 0..*p {
        let m = mean(&|i| x[j * n + i]);
        let variance = mean(&|i| (x[j * n + i] - m).powi(2));
        let scale = if standardize && variance > 0.0 { variance.sqrt() } else { 1.0 };
        let rho = mean(&|i| (x[j * n + i] - m) * r[i]) / scale;
        dual_norm = dual_norm.max(rho.abs() / point.lambda);
        primal += point.lambda * scale * beta[j].abs();
        violation = violation.max(if beta[j] == 0.0 {
            rho.abs() / point.lambda - 1.0
        } else {
            (rho / point.lambda - beta[j].signum()).abs()
        });
    }
    let c = 1.0 / dual_norm.max(1.0);
    let dual = mean(&|i| c * (y[i] - y_mean) * r[i] - 0.5 * c * c * r[i] * r[i]);
    [primal, primal - dual, violation]
}

#[test]
fn every_point_of_a_path_is_certified_and_the_certificate_is_true() {
    let shapes = [(60, 20, 0.0, 5), (40, 200, 0.5, 8), (100, 100, 0.9, 10), (30, 500, 0.3, 5)];
    for (case, (n, p, rho, n_true)) in shapes.into_iter().enumerate() {
        for standardize in [true, false] {
            let data = correlated(n, p, rho, n_true, case as u64);
            let design = DenseDesign::new(n, p, &data.x).unwrap();
            let weights: Vec<f64> = (0..n).map(|i| 0.5 + (i % 3) as f64).collect();
            let family = Separable::new(Gaussian, data.y.clone(), Some(&weights)).unwrap();
            let regression = lasso(&design, &family, standardize);
            for point in solve_path(&regression, 1e-3, 1e-10) {
                let certified = point.certificate.gap.unwrap();
                let [primal, gap, violation] = by_hand(&data, &point, &weights, standardize);
                let relative = certified.relative();
                assert!(point.converged, "case {case}, lambda {}: {relative:e}", point.lambda);
                assert!(relative <= 1e-10);
                assert_eq!(point.certificate.objective, certified.primal);
                assert!((primal - certified.primal).abs() <= 1e-12 * primal);
                assert!(gap <= 2e-10 * primal, "gap {gap:e}");
                assert!(violation <= 1e-6, "violation {violation:e}");
                let (again, explained) =
                    regression.certify(&point.coefficients, point.lambda).unwrap();
                assert!(again.gap.unwrap().relative() <= 2e-10);
                assert!((explained - point.deviance_explained).abs() < 1e-9);
                assert!(point.coefficients[0].values.iter().all(|(_, b)| *b != 0.0));
            }
        }
    }
}

/// The same objective through the core: L-BFGS on the lifted problem, which knows nothing of
/// Gram matrices and working sets.
#[test]
fn newton_agrees_with_the_generic_smooth_route() {
    let data = correlated(50, 12, 0.6, 3, 7);
    let Simulated { n, p, x, y } = &data;
    let design = DenseDesign::new(*n, *p, x).unwrap();
    let family = gaussian(y);
    let regression = lasso(&design, &family, false);
    let loss = value_and_gradient(|beta: &[f64], gradient: &mut [f64]| {
        gradient.fill(0.0);
        let mut value = 0.0;
        for i in 0..*n {
            let fit: f64 = beta[*p] + (0..*p).map(|j| beta[j] * x[j * n + i]).sum::<f64>();
            let r = (fit - y[i]) / *n as f64;
            value += 0.5 * r * (fit - y[i]);
            gradient[*p] += r;
            for j in 0..*p {
                gradient[j] += r * x[j * n + i];
            }
        }
        value
    });
    for point in solve_path(&regression, 1e-2, 1e-12) {
        let objective = point.certificate.objective;
        let blocks = Blocks::new(vec![
            Block::new(Hpp, *p, point.lambda).unwrap(),
            Block::new(Unpenalized, 1, 0.0).unwrap(),
        ])
        .unwrap();
        let fit = minimize(&loss, &blocks, &vec![0.0; p + 1], &Settings::default()).unwrap();
        let difference = fit.certificate.objective - objective;
        assert!(difference.abs() <= 1e-10 * objective, "{difference:e}");
        assert!(fit.certificate.stationarity < 1e-6);
        let nonzero = fit.coefficients[..*p].iter().filter(|b| **b != 0.0).count();
        assert_eq!(nonzero, point.coefficients[0].values.len());
    }
}

#[test]
fn sparse_and_dense_and_f32_designs_agree() {
    let data = correlated(80, 40, 0.2, 6, 3);
    let x: Vec<f64> =
        data.x.iter().map(|&x| if x < 0.8 { 0.0 } else { f64::from(x as f32) }).collect();
    let narrow: Vec<f32> = x.iter().map(|&x| x as f32).collect();
    let (mut starts, mut rows, mut values) = (vec![0], Vec::new(), Vec::new());
    for column in x.chunks(data.n) {
        for (i, &x) in column.iter().enumerate().filter(|(_, x)| **x != 0.0) {
            rows.push(i);
            values.push(x);
        }
        starts.push(rows.len());
    }
    let dense = DenseDesign::new(data.n, data.p, &x).unwrap();
    let single = DenseDesign::new(data.n, data.p, &narrow).unwrap();
    let sparse = SparseDesign::new(data.n, &starts, &rows, &values).unwrap();
    let family = gaussian(&data.y);
    let designs: [&dyn Design; 3] = [&dense, &single, &sparse];
    let [first, others @ ..] =
        designs.map(|design| solve_path(&lasso(design, &family, true), 1e-3, 1e-10));
    for other in &others {
        for (a, b) in first.iter().zip(other) {
            let difference = a.certificate.objective - b.certificate.objective;
            assert!(difference.abs() <= 1e-10 * a.certificate.objective);
            assert_eq!(a.coefficients[0].values.len(), b.coefficients[0].values.len());
        }
    }
}

#[test]
fn one_column_has_the_closed_form() {
    let x = [1.0, -1.0, 2.0, 0.0, -2.0];
    let y = [2.0, -1.0, 3.0, 1.0, -4.0];
    let design = DenseDesign::new(5, 1, &x).unwrap();
    let family = gaussian(&y);
    let regression = lasso(&design, &family, false);
    // Centred y is (1.8, -1.2, 2.8, 0.8, -4.2), xᵀy/n = 17/5, xᵀx/n = 2.
    assert!((regression.lambda_max().unwrap() - 3.4).abs() < 1e-14);
    for (lambda, expected) in [(4.0, 0.0), (3.4, 0.0), (2.0, 0.7), (0.4, 1.5)] {
        let point = regression.path(&[lambda], 1e-12, &never).unwrap().next().unwrap().unwrap();
        let b = point.coefficients[0].values.first().map_or(0.0, |(_, b)| *b);
        assert!((b - expected).abs() < 1e-12, "lambda {lambda}: {b}");
    }
}

#[test]
fn hard_designs_are_certified_too() {
    let mut duplicated = correlated(60, 50, 0.3, 5, 11);
    let copy = duplicated.x.clone();
    duplicated.x.extend(copy);
    duplicated.p = 100;

    let mut dependent = correlated(40, 30, 0.0, 5, 12);
    for j in 0..20 {
        let sum: Vec<f64> =
            (0..40).map(|i| dependent.x[j * 40 + i] + dependent.x[(j + 5) * 40 + i]).collect();
        dependent.x.extend(sum);
    }
    dependent.p = 50;

    let mut scales = correlated(50, 20, 0.2, 5, 13);
    for (j, column) in scales.x.chunks_mut(50).enumerate() {
        let factor = 10f64.powf((j % 13) as f64 - 6.0);
        for x in column {
            *x = (*x + 3.0) * factor;
        }
    }

    let mut constant = correlated(50, 20, 0.2, 5, 14);
    constant.x[..50].fill(3.7);
    constant.x[500..550].fill(0.0);

    let near = correlated(100, 60, 0.999, 6, 15);
    let saturated = correlated(20, 400, 0.5, 5, 16);
    let cases = [duplicated, dependent, scales, constant, near, saturated];
    for (case, data) in cases.iter().enumerate() {
        let design = DenseDesign::new(data.n, data.p, &data.x).unwrap();
        let family = gaussian(&data.y);
        let weights = vec![1.0; data.n];
        for point in solve_path(&lasso(&design, &family, true), 1e-4, 1e-8) {
            assert!(point.converged, "case {case} at {}: {:?}", point.lambda, point.certificate);
            let [primal, gap, _] = by_hand(data, &point, &weights, true);
            assert!(gap <= 1e-7 * primal, "case {case}: gap {:e}", gap / primal);
        }
    }
}

#[test]
fn threads_do_not_change_the_result() {
    let data = correlated(300, 900, 0.5, 10, 5);
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let design = DenseDesign::new(data.n, data.p, &data.x).unwrap();
            solve_path(&lasso(&design, &gaussian(&data.y), true), 1e-2, 1e-8)
        })
    };
    assert!(run(1) == run(3), "bit-identical for any number of threads");
}

/// Whenever it is stopped.
#[test]
fn a_stopped_path_keeps_what_it_yielded() {
    let data = correlated(50, 30, 0.2, 5, 1);
    let design = DenseDesign::new(data.n, data.p, &data.x).unwrap();
    let family = gaussian(&data.y);
    let regression = lasso(&design, &family, true);
    let lambdas = lambda_grid(regression.lambda_max().unwrap(), 10, 1e-2).unwrap();
    let stopped_after = |calls: usize| -> Vec<Result<RegressionPoint, Error>> {
        let asked = AtomicUsize::new(0);
        let stop = || asked.fetch_add(1, Ordering::Relaxed) >= calls;
        regression.path(&lambdas, 1e-6, &stop).unwrap().collect()
    };
    let whole = stopped_after(usize::MAX);
    assert!(whole.len() == 10 && whole.iter().all(Result::is_ok));
    let mut lengths = Vec::new();
    for calls in 0.. {
        let points = stopped_after(calls);
        if points == whole {
            break;
        }
        let (last, before) = points.split_last().unwrap();
        assert_eq!(last, &Err(Error::Interrupted));
        assert_eq!(before, &whole[..before.len()]);
        lengths.push(before.len());
    }
    assert!(lengths.is_sorted() && lengths[0] == 0);
    assert!(lengths.iter().any(|n| (1..10).contains(n)), "{lengths:?}");
}

#[test]
fn bad_input_is_a_typed_error() {
    let x = [1.0, 2.0, 3.0, 4.0, 5.0, 7.0];
    let design = DenseDesign::new(3, 2, &x).unwrap();
    let settings = RegressionSettings::default();
    let fails = |design: &dyn Design, y: &[f64], weights: Option<&[f64]>| {
        let family = match Separable::new(Gaussian, y.to_vec(), weights) {
            Ok(family) => family,
            Err(error) => return error,
        };
        Regression::new(design, &family, Regularizer::l1(), &settings).err().unwrap()
    };
    let y = [1.0, 2.0, 4.0];
    assert_eq!(fails(&design, &[1.0; 3], None), Error::ConstantTarget { value: 1.0 });
    let error = fails(&design, &[1.0, f64::NAN, 0.0], None);
    assert!(matches!(error, Error::InvalidTarget { row: 1, .. }));
    let error = fails(&design, &y[..2], None);
    assert!(matches!(error, Error::LengthMismatch { expected: 3, found: 2, .. }));
    let weights = [1.0, -1.0, 1.0];
    let error = fails(&design, &y, Some(&weights));
    assert_eq!(error, Error::InvalidWeight { row: 1, value: -1.0 });
    assert_eq!(fails(&design, &y, Some(&[0.0; 3])), Error::ZeroWeights);
    // Only one row counts.
    let error = fails(&design, &y, Some(&[0.0, 1.0, 0.0]));
    assert!(matches!(error, Error::ConstantTarget { .. }));
    assert_eq!(fails(&design, &[1e200, -1e200, 0.0], None), Error::UnscaledTarget);
    assert_eq!(fails(&design, &[1e-200, -1e-200, 0.0], None), Error::UnscaledTarget);

    assert!(matches!(DenseDesign::new(3, 3, &x), Err(Error::LengthMismatch { expected: 9, .. })));
    assert!(matches!(DenseDesign::<f64>::new(0, 2, &[]), Err(Error::EmptyDesign { .. })));
    let bad = [1.0, f64::INFINITY, 3.0, 4.0, 5.0, 7.0];
    let infinite = DenseDesign::new(3, 2, &bad).unwrap();
    assert_eq!(fails(&infinite, &y, None), Error::NonFiniteDesign { row: 1, column: 0 });
    let huge = [1e200, -1e200, 3e200, 4.0, 5.0, 7.0];
    let overflowing = DenseDesign::new(3, 2, &huge).unwrap();
    assert_eq!(fails(&overflowing, &y, None), Error::Overflow { column: 0 });
    assert!(SparseDesign::new(3, &[0, 2], &[1, 1], &[1.0, 2.0]).is_err());

    let family = gaussian(&y);
    let regression = lasso(&design, &family, true);
    let refused = |lambdas: &[f64], tolerance: f64| {
        regression.path(lambdas, tolerance, &never).err().unwrap()
    };
    for lambda in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(matches!(refused(&[lambda], 1e-6), Error::InvalidLambda { .. }));
    }
    assert!(matches!(refused(&[], 1e-6), Error::InvalidGrid { .. }));
    assert!(matches!(refused(&[1.0], 0.0), Error::InvalidTolerance { .. }));
    assert!(matches!(lambda_grid(0.0, 5, 0.1), Err(Error::NoSignal)));
    assert!(matches!(lambda_grid(1.0, 5, 1.5), Err(Error::InvalidGrid { .. })));
    let beyond = Coefficients { intercept: 0.0, values: vec![(2, 1.0)] };
    let error = regression.certify(&[beyond], 0.1).err().unwrap();
    assert_eq!(error, Error::NoSuchColumn { column: 2, n_cols: 2 });
}
