//! Scales, flat directions and interruptions that solvers get wrong: every family, every kind of penalty.

mod common;

use chamfer_glm::{
    Binomial, Cox, DenseDesign, Error, Family, Gaussian, Huber, MultiGaussian, Multinomial,
    Poisson, Regression, RegressionPoint, RegressionSettings, Regularizer, Separable, SquaredHinge,
    Ties, lambda_grid,
};
use common::{Simulated, correlated};
use std::sync::atomic::{AtomicUsize, Ordering};

fn never() -> bool {
    false
}

fn simulated() -> Simulated {
    correlated(60, 24, 0.5, 4, 11)
}

/// Families of numbers, with targets `mean + scale · y`.
fn of_numbers(y: &[f64], mean: f64, scale: f64, weights: Option<&[f64]>) -> Vec<Box<dyn Family>> {
    let y: Vec<f64> = y.iter().map(|y| mean + scale * y).collect();
    let two = y.iter().copied().chain(y.iter().rev().copied()).collect();
    let huber = Huber::new(scale).unwrap();
    vec![
        Box::new(Separable::new(Gaussian, y.clone(), weights).unwrap()),
        Box::new(Separable::new(huber, y, weights).unwrap()),
        Box::new(MultiGaussian::new(two, 2, weights).unwrap()),
    ]
}

/// Families of classes, counts and times. A plane nearly separates the classes.
fn of_others(y: &[f64], weights: Option<&[f64]>) -> Vec<Box<dyn Family>> {
    let yes: Vec<f64> = y.iter().map(|y| f64::from(*y > 0.0)).collect();
    let counts = y.iter().map(|y| (0.7 * y).exp().round()).collect();
    let classes = y.iter().map(|y| usize::from(*y > -0.5) + usize::from(*y > 1.0)).collect();
    let times = y.iter().map(|y| (0.5 * y).exp()).collect();
    let events = (0..y.len()).map(|i| i % 4 > 0).collect();
    vec![
        Box::new(Separable::new(Binomial, yes.clone(), weights).unwrap()),
        Box::new(Separable::new(SquaredHinge, yes, weights).unwrap()),
        Box::new(Separable::new(Poisson, counts, weights).unwrap()),
        Box::new(Multinomial::new(classes, 3, weights).unwrap()),
        Box::new(Cox::new(times, events, None, weights, Ties::Efron).unwrap()),
    ]
}

fn penalties(p: usize) -> Vec<Regularizer> {
    let every_fifth = (0..p).map(|j| if j % 5 == 0 { 0.0 } else { 1.0 + j as f64 }).collect();
    vec![
        Regularizer::l1(),
        Regularizer::l1().with_l1_ratio(0.6),
        Regularizer::l1().with_unpenalized(vec![7, 2]),
        Regularizer::l1().with_weights(every_fifth),
        Regularizer::non_negative(),
        Regularizer::l1().across_outputs(),
        Regularizer::group((0..p / 4).map(|g| (4 * g..4 * g + 4).collect()).collect()),
    ]
}

/// Solves at some shares of `λ_max`, and wants certified points without a NaN.
fn certify_all(
    what: &str,
    x: &[f64],
    families: &[Box<dyn Family>],
    settings: &RegressionSettings<'_>,
    shares: &[f64],
) {
    let n = families[0].n_rows();
    let design = DenseDesign::new(n, x.len() / n, x).unwrap();
    for family in families {
        for penalty in penalties(x.len() / n) {
            let what = format!("{what}: {} with {penalty:?}", family.name());
            let regression = Regression::new(&design, family.as_ref(), penalty, settings).unwrap();
            let lambda_max = regression.lambda_max().expect(&what);
            let lambdas: Vec<f64> = shares.iter().map(|share| share * lambda_max).collect();
            for point in regression.path(&lambdas, 1e-6, &never).unwrap() {
                let RegressionPoint { lambda, coefficients, certificate, converged, .. } =
                    point.expect(&what);
                assert!(converged, "{what} at {:e}: {certificate:?}", lambda / lambda_max);
                for coefficients in &coefficients {
                    assert!(coefficients.intercept.is_finite(), "{what}");
                    assert!(coefficients.values.iter().all(|(_, b)| b.is_finite()), "{what}");
                }
                let (again, _) = regression.certify(&coefficients, lambda).unwrap();
                assert!(again.meets(3e-6), "{what}: {again:?}");
            }
        }
    }
}

const PATH: [f64; 5] = [1.0, 0.3, 0.05, 0.01, 0.001];

#[test]
fn targets_may_have_any_unit_and_origin() {
    let Simulated { y, x, .. } = simulated();
    let settings = RegressionSettings::default();
    for (mean, scale) in [(1e6, 1.0), (0.0, 1e-8), (0.0, 1e6), (-1e12, 1e6), (0.0, 1e60)] {
        let families = of_numbers(&y, mean, scale, None);
        certify_all(&format!("{mean:e}, {scale:e}"), &x, &families, &settings, &PATH);
    }
}

#[test]
fn rows_without_weight_and_models_without_intercept() {
    let Simulated { n, y, x, .. } = simulated();
    let weights: Vec<f64> = (0..n).map(|i| [0.0, 1.0, 2.5][i % 3]).collect();
    let plain = RegressionSettings::default();
    let bare = RegressionSettings { intercept: false, standardize: false, ..plain };
    for families in [of_numbers(&y, 0.0, 1.0, Some(&weights)), of_others(&y, Some(&weights))] {
        certify_all("weights", &x, &families, &plain, &PATH);
    }
    for families in [of_numbers(&y, 0.0, 1.0, None), of_others(&y, None)] {
        certify_all("no intercept", &x, &families, &bare, &PATH);
    }
}

/// Constant and repeated columns, some of them without a penalty.
#[test]
fn flat_directions() {
    let Simulated { n, y, mut x, .. } = simulated();
    x[..n].fill(3.7);
    x[7 * n..8 * n].fill(0.1);
    x.copy_within(2 * n..3 * n, 9 * n);
    x.copy_within(5 * n..6 * n, 10 * n);
    for families in [of_numbers(&y, 0.0, 1.0, None), of_others(&y, None)] {
        certify_all("flat", &x, &families, &RegressionSettings::default(), &PATH);
    }
}

#[test]
fn a_long_way_down_and_up_again() {
    let Simulated { y, x, .. } = simulated();
    for families in [of_numbers(&y, 0.0, 1.0, None), of_others(&y, None)] {
        let settings = RegressionSettings::default();
        certify_all("far", &x, &families, &settings, &[1e-4]);
        certify_all("up", &x, &families, &settings, &[0.01, 0.5, 0.5, 2.0, 0.1, 1.0]);
    }
}

#[test]
fn whenever_a_path_is_stopped_it_keeps_what_it_has() {
    let Simulated { n, p, x, y } = simulated();
    let design = DenseDesign::new(n, p, &x).unwrap();
    let mut families = of_numbers(&y, 0.0, 1.0, None);
    families.extend(of_others(&y, None));
    for family in families {
        for penalty in [Regularizer::l1(), Regularizer::mcp(3.0), penalties(p).swap_remove(6)] {
            let what = format!("{} with {penalty:?}", family.name());
            let settings = RegressionSettings::default();
            let regression = Regression::new(&design, family.as_ref(), penalty, &settings).unwrap();
            let lambdas = lambda_grid(regression.lambda_max().unwrap(), 6, 1e-2).unwrap();
            let stopped_after = |calls: usize| -> Vec<Result<RegressionPoint, Error>> {
                let asked = AtomicUsize::new(0);
                let stop = || asked.fetch_add(1, Ordering::Relaxed) >= calls;
                regression.path(&lambdas, 1e-6, &stop).unwrap().collect()
            };
            let whole = stopped_after(usize::MAX);
            assert!(whole.len() == lambdas.len() && whole.iter().all(Result::is_ok), "{what}");
            let (mut calls, mut kept) = (0, Vec::new());
            loop {
                let points = stopped_after(calls);
                if points == whole {
                    break;
                }
                let (last, before) = points.split_last().unwrap();
                assert_eq!(last, &Err(Error::Interrupted), "{what}");
                assert_eq!(before, &whole[..before.len()], "{what}");
                kept.push(before.len());
                calls += 1 + calls / 4;
            }
            assert!(kept.is_sorted() && kept.contains(&0), "{what}: {kept:?}");
            assert!(kept.iter().any(|n| *n > 0), "{what}: {kept:?}");
        }
    }
}
