//! Least squares with far more rows than columns is solved on the products of its columns: the same solutions, certified
//! on the rows.

mod common;

use chamfer_glm::{
    DenseDesign, Design, Factor, Folds, Gaussian, Metric, MixedColumn, MixedDesign, MultiGaussian,
    Regression, RegressionSettings, Regularizer, RowMajorDesign, Separable, lambda_grid,
};
use common::{Simulated, correlated};

const N: usize = 700;
const P: usize = 24;

/// Columns that correlate, have means and scales, one that is constant and one that another one is the double of.
fn columns() -> (Vec<f64>, Vec<f64>) {
    let Simulated { n, p, mut x, y } = correlated(N, P, 0.6, 4, 7);
    assert_eq!((n, p), (N, P));
    for j in 0..P {
        let scale = 0.2 + j as f64;
        for x in &mut x[j * N..(j + 1) * N] {
            *x = scale * *x + 3.0 * (j as f64).sin();
        }
    }
    x[2 * N..3 * N].fill(1.5);
    let (first, rest) = x.split_at_mut(5 * N);
    for (double, x) in rest[..N].iter_mut().zip(&first[4 * N..]) {
        *double = 2.0 * x;
    }
    (x, y)
}

fn weights() -> Vec<f64> {
    (0..N).map(|i| if i % 11 == 0 { 0.0 } else { 0.5 + (i as f64).cos().abs() }).collect()
}

/// A path of many λs is condensed, the same λs one by one are not: coefficients agree, and are certified on the rows.
#[test]
fn paths_are_those_of_the_rows() {
    let (x, y) = columns();
    let (weights, offset) = (weights(), y.iter().map(|y| 0.1 * y.sin()).collect::<Vec<_>>());
    let design = DenseDesign::new(N, P, &x).unwrap();
    let groups = || (0..P / 3).map(|g| vec![3 * g, 3 * g + 1, 3 * g + 2]).collect();
    let penalties = [
        Regularizer::l1(),
        Regularizer::l1().with_l1_ratio(0.7),
        Regularizer::group(groups()),
        Regularizer::l1().with_unpenalized(vec![1, 7]),
        Regularizer::l1().with_bounds(&[-0.05; P], &[0.1; P]),
        Regularizer::mcp(3.0),
    ];
    let family = Separable::new(Gaussian, y, Some(&weights)).unwrap();
    for penalty in penalties {
        for (intercept, standardize) in [(true, true), (true, false), (false, false)] {
            let settings = RegressionSettings {
                intercept,
                standardize,
                offset: Some(&offset),
                ..RegressionSettings::default()
            };
            let made = || Regression::new(&design, &family, penalty.clone(), &settings).unwrap();
            let regression = made();
            let lambdas = lambda_grid(regression.lambda_max().unwrap(), 20, 0.02).unwrap();
            let points: Vec<_> =
                regression.path(&lambdas, 1e-9, &|| false).unwrap().map(Result::unwrap).collect();
            assert!(points[0].coefficients[0].values.iter().all(|(j, _)| [1, 7].contains(j)));
            for point in &points {
                assert!(point.converged, "{penalty:?}");
                let (certified, explained) =
                    regression.certify(&point.coefficients, point.lambda).unwrap();
                assert!(certified.meets(1e-8), "{penalty:?} at {}: {certified:?}", point.lambda);
                let objective = point.certificate.objective;
                assert!((certified.objective - objective).abs() < 1e-11 * objective);
                assert!((explained - point.deviance_explained).abs() < 1e-11);
            }
            for k in [3, 12, 19] {
                let few = made();
                let alone = few.path(&lambdas[k..=k], 1e-10, &|| false).unwrap().next();
                let alone = alone.unwrap().unwrap();
                let (a, b) = (alone.certificate.objective, points[k].certificate.objective);
                assert!((a - b).abs() < 2e-9 * a, "{penalty:?}: {a} and {b}");
            }
        }
    }
}

#[test]
fn several_outputs_and_rows_one_after_the_other() {
    let (x, y) = columns();
    let by_row: Vec<f64> = (0..N * P).map(|k| x[(k % P) * N + k / P]).collect();
    let other = y.iter().zip(&x).map(|(y, x)| 0.3 * y - x);
    let targets: Vec<f64> = y.iter().copied().chain(other).collect();
    let family = MultiGaussian::new(targets, 2, Some(&weights())).unwrap();
    let codes: Vec<u32> = (0..N).map(|i| [0, 1, 1, 2, 0][i % 5]).collect();
    let factor = Factor::new(&codes, 3).unwrap();
    let numbers = (0..P).map(MixedColumn::Numeric);
    let levels = (0..3).map(|level| MixedColumn::Level { factor: 0, level });
    let numeric = DenseDesign::new(N, P, &x).unwrap();
    let mixed = MixedDesign::new(Some(numeric), vec![factor], numbers.chain(levels).collect());
    let designs: [Box<dyn Design>; 3] = [
        Box::new(mixed.unwrap()),
        Box::new(DenseDesign::new(N, P, &x).unwrap()),
        Box::new(RowMajorDesign::new(N, P, &by_row).unwrap()),
    ];
    for design in &designs {
        let settings = RegressionSettings::default();
        let penalty = Regularizer::l1().across_outputs();
        let regression = Regression::new(design.as_ref(), &family, penalty, &settings).unwrap();
        let lambdas = lambda_grid(regression.lambda_max().unwrap(), 20, 0.02).unwrap();
        for point in regression.path(&lambdas, 1e-8, &|| false).unwrap() {
            let point = point.unwrap();
            let (certified, _) = regression.certify(&point.coefficients, point.lambda).unwrap();
            assert!(point.converged && certified.meets(2e-8), "{certified:?}");
        }
    }
}

/// Folds are validated on cross products as on the rows, where they are predicted.
#[test]
fn folds_are_those_of_the_rows() {
    let (x, y) = columns();
    let design = DenseDesign::new(N, P, &x).unwrap();
    let family = Separable::new(Gaussian, y, Some(&weights())).unwrap();
    let settings = RegressionSettings::default();
    let regression = Regression::new(&design, &family, Regularizer::l1(), &settings).unwrap();
    let lambdas = lambda_grid(regression.lambda_max().unwrap(), 20, 0.01).unwrap();
    let folds = Folds::random(N, 5, 1).unwrap();
    let metric = Metric::MeanSquaredError;
    let found = regression.cross_validate(&lambdas, 1e-10, &folds, metric, &|| false).unwrap();
    for fold in 0..5 {
        let weights = weights();
        let test: Vec<f64> =
            (0..N).map(|i| if folds.of_rows()[i] == fold { weights[i] } else { 0.0 }).collect();
        regression
            .without_fold(&folds, fold, |others| {
                for (k, lambda) in lambdas.iter().enumerate() {
                    let point = others.path(&[*lambda], 1e-10, &|| false)?.next().unwrap()?;
                    let predicted = point.predict(&design, None);
                    let expected = metric.evaluate(&family, &predicted, &test).unwrap();
                    let error = found.of_folds[fold][k] / expected - 1.0;
                    assert!(error.abs() < 1e-6, "fold {fold} at {lambda}: {error:e}");
                }
                Ok(())
            })
            .unwrap();
    }
}

/// Where nearly everything is explained, sums of squares are too rough: the rows themselves are solved.
#[test]
fn what_rounding_would_hide_is_solved_on_the_rows() {
    let Simulated { x, .. } = correlated(N, P, 0.6, 4, 7);
    let y: Vec<f64> = (0..N).map(|i| x[i] - 2.0 * x[7 * N + i] + 1e-9 * (i as f64).sin()).collect();
    let design = DenseDesign::new(N, P, &x).unwrap();
    let family = Separable::new(Gaussian, y, None).unwrap();
    let settings = RegressionSettings::default();
    let regression = Regression::new(&design, &family, Regularizer::l1(), &settings).unwrap();
    let lambdas = lambda_grid(regression.lambda_max().unwrap(), 30, 3e-11).unwrap();
    for point in regression.path(&lambdas, 1e-6, &|| false).unwrap() {
        let point = point.unwrap();
        let (certified, _) = regression.certify(&point.coefficients, point.lambda).unwrap();
        assert!(point.converged && certified.meets(2e-6), "{}: {certified:?}", point.lambda);
    }
}
