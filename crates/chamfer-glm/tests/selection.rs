//! Penalty factors, adaptive penalties, refits and stability selection.

use chamfer_glm::{
    Coefficients, DenseDesign, Error, Family, FirstFit, Folds, Gaussian, Metric, Plan, Regression,
    RegressionPoint, RegressionSettings, Regularizer, Separable, lambda_grid,
};
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand_distr::{Distribution, StandardNormal};

const N: usize = 60;
const P: usize = 12;

fn never() -> bool {
    false
}

/// A design whose columns have other scales, and a target of the first, the sixth and the seventh.
fn data(seed: u64) -> (Vec<f64>, Vec<f64>) {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut normal = || -> f64 { StandardNormal.sample(&mut rng) };
    let x: Vec<f64> = (0..N * P).map(|i| normal() * (1.0 + (i / N) as f64)).collect();
    let y =
        (0..N).map(|i| x[i] + 0.2 * x[5 * N + i] - 0.1 * x[6 * N + i] + 1.0 + normal()).collect();
    (x, y)
}

fn groups() -> Vec<Vec<usize>> {
    vec![vec![0, 1, 2, 3], vec![4], vec![5, 6], vec![7, 8, 9], vec![10, 11]]
}

fn regression<'a>(
    design: &'a DenseDesign<'a, f64>,
    family: &'a dyn Family,
    penalty: Regularizer,
) -> Regression<'a> {
    Regression::new(design, family, penalty, &RegressionSettings::default()).unwrap()
}

fn at(regression: &Regression, lambda: f64) -> RegressionPoint {
    regression.path(&[lambda], 1e-9, &never).unwrap().next().unwrap().unwrap()
}

fn dense(point: &RegressionPoint) -> Vec<f64> {
    let mut all = vec![0.0; P];
    for &(j, b) in &point.coefficients[0].values {
        all[j] = b;
    }
    all
}

#[test]
fn factors_multiply_the_weights_that_are_there() {
    let (x, y) = data(1);
    let design = DenseDesign::new(N, P, &x).unwrap();
    let family = Separable::new(Gaussian, y, None).unwrap();
    let factors = [1.0, 3.0, 0.5, 2.0, 1.5];
    let sizes = groups().iter().map(|group| (group.len() as f64).sqrt()).collect::<Vec<_>>();
    let product = sizes.iter().zip(factors).map(|(size, factor)| size * factor).collect();
    let penalty = Regularizer::group(groups());
    let by_weights = at(&regression(&design, &family, penalty.clone().with_weights(product)), 0.1);
    let halves = factors.iter().map(|factor| factor / 2.0).collect();
    let by_factors = penalty.with_factors(halves).with_factors(vec![2.0; 5]);
    let by_factors = at(&regression(&design, &family, by_factors), 0.1);
    assert!(by_factors.converged);
    assert_eq!(dense(&by_weights), dense(&by_factors));
}

#[test]
fn a_factor_of_zero_frees_and_an_infinite_one_keeps_out() {
    let (x, y) = data(2);
    let design = DenseDesign::new(N, P, &x).unwrap();
    let family = Separable::new(Gaussian, y, None).unwrap();
    let mut factors = vec![1.0; P];
    (factors[0], factors[5]) = (f64::INFINITY, 0.0);
    let penalty = Regularizer::l1().with_factors(factors);
    let fitted = regression(&design, &family, penalty);
    let point = at(&fitted, 0.05);
    assert!(point.converged);
    let columns: Vec<f64> =
        x[N..5 * N].iter().chain(&x[6 * N..]).chain(&x[5 * N..6 * N]).copied().collect();
    let without = DenseDesign::new(N, P - 1, &columns).unwrap();
    let free = Regularizer::l1().with_unpenalized(vec![P - 2]);
    let peer = at(&regression(&without, &family, free), 0.05);
    let gap = point.certificate.objective - peer.certificate.objective;
    assert!(gap.abs() < 1e-9 * peer.certificate.objective, "{gap}");
    assert!(dense(&point)[0] == 0.0 && dense(&point)[5] != 0.0);
    let edited = Coefficients { intercept: 0.0, values: vec![(0, 0.5)] };
    assert_eq!(fitted.certify(&[edited], 0.05), Err(Error::KeptOut { column: 0, value: 0.5 }));
    let wrong = |factors| {
        let penalty = Regularizer::l1().with_factors(factors);
        Regression::new(&design, &family, penalty, &RegressionSettings::default()).err()
    };
    assert!(matches!(wrong(vec![1.0]), Some(Error::LengthMismatch { .. })));
    assert!(matches!(wrong(vec![-1.0; P]), Some(Error::InvalidPenaltyWeight { term: 0, .. })));
    assert!(matches!(wrong(vec![f64::NAN; P]), Some(Error::InvalidPenaltyWeight { term: 0, .. })));
}

/// The adaptive factors that two explicit fits have.
fn explicit(penalty: &Regularizer, regression: &Regression, first: &FirstFit) -> (f64, Vec<f64>) {
    let validated = regression
        .cross_validate(first.lambdas, first.tolerance, first.folds, first.metric, &never)
        .unwrap();
    let point = &validated.path[validated.best];
    let scaled: Vec<f64> =
        dense(point).iter().enumerate().map(|(j, b)| b * regression.scale(j)).collect();
    let norm = |columns: &[usize]| columns.iter().map(|&j| scaled[j].powi(2)).sum::<f64>().sqrt();
    let sizes: Vec<f64> = if *penalty == Regularizer::group(groups()) {
        groups().iter().map(|columns| norm(columns)).collect()
    } else {
        (0..P).map(|j| norm(&[j])).collect()
    };
    let most = sizes.iter().copied().fold(0.0, f64::max);
    (point.lambda, sizes.iter().map(|size| (most / size).powf(first.gamma)).collect())
}

#[test]
fn an_adaptive_penalty_has_the_factors_of_a_validated_first_fit() {
    let (x, y) = data(3);
    let design = DenseDesign::new(N, P, &x).unwrap();
    let family = Separable::new(Gaussian, y, None).unwrap();
    let folds = Folds::random(N, 5, 1).unwrap();
    for penalty in [Regularizer::l1(), Regularizer::group(groups())] {
        let regression = regression(&design, &family, penalty.clone());
        let lambdas = lambda_grid(regression.lambda_max().unwrap(), 15, 0.01).unwrap();
        let metric = Metric::Deviance;
        let first =
            FirstFit { gamma: 0.7, lambdas: &lambdas, tolerance: 1e-9, folds: &folds, metric };
        let found = regression.adaptive(&first, &never).unwrap();
        let (lambda, factors) = explicit(&penalty, &regression, &first);
        assert_eq!(found.first.lambda, lambda);
        for (a, b) in found.factors.iter().zip(&factors) {
            assert!(a == b || (a - b).abs() < 1e-9 * b, "{a} is not {b}");
        }
        assert!(found.factors.contains(&1.0));
        let zero = FirstFit { gamma: 0.0, ..first };
        assert!(matches!(regression.adaptive(&zero, &never), Err(Error::InvalidParameter { .. })));
    }
}

#[test]
fn validation_makes_every_fit_outside_of_the_fold() {
    let (x, y) = data(4);
    let design = DenseDesign::new(N, P, &x).unwrap();
    let family = Separable::new(Gaussian, y.clone(), None).unwrap();
    let regression = regression(&design, &family, Regularizer::l1());
    let lambdas = lambda_grid(regression.lambda_max().unwrap(), 8, 0.02).unwrap();
    let folds = Folds::random(N, 4, 2).unwrap();
    let metric = Metric::MeanSquaredError;
    let first = FirstFit { gamma: 1.0, lambdas: &lambdas, tolerance: 1e-9, folds: &folds, metric };
    let blends = [1.0, 0.25, 0.0];
    for fold in 0..4 {
        let train: Vec<usize> = (0..N).filter(|&i| folds.of_rows()[i] != fold).collect();
        let rows = |column: &[f64]| train.iter().map(|&i| column[i]).collect::<Vec<f64>>();
        let x_train: Vec<f64> = x.chunks_exact(N).flat_map(rows).collect();
        let design_train = DenseDesign::new(train.len(), P, &x_train).unwrap();
        let family_train = Separable::new(Gaussian, rows(&y), None).unwrap();
        let settings = RegressionSettings::default();
        let new =
            |penalty| Regression::new(&design_train, &family_train, penalty, &settings).unwrap();
        let renumbered =
            train.iter().map(|&i| folds.of_rows()[i] - usize::from(folds.of_rows()[i] > fold));
        let inner = Folds::given(renumbered.collect()).unwrap();
        for first in [None, Some(first)] {
            let plan = Plan { lambdas: &lambdas, tolerance: 1e-9, first, blends: &blends };
            let measured =
                regression.validate_plan(fold, &plan, &folds, metric, &never).unwrap().unwrap();
            let mut fitted = new(Regularizer::l1());
            if let Some(first) = first {
                let first = FirstFit { folds: &inner, ..first };
                let factors = fitted.adaptive(&first, &never).unwrap().factors;
                fitted = new(Regularizer::l1().with_factors(factors));
            }
            for (k, point) in fitted.path(&lambdas, 1e-9, &never).unwrap().enumerate() {
                let point = point.unwrap();
                let refit = fitted.relax(&point).unwrap();
                let (a, b) = (point.coefficients[0].predict(&design), refit[0].predict(&design));
                for (share, measures) in blends.iter().zip(&measured) {
                    let test = || (0..N).filter(|&i| folds.of_rows()[i] == fold);
                    let error = |i: usize| (share * a[i] + (1.0 - share) * b[i] - y[i]).powi(2);
                    let mean = test().map(error).sum::<f64>() / test().count() as f64;
                    assert!((measures[k] - mean).abs() < 1e-6 * mean, "{} {mean}", measures[k]);
                }
            }
        }
    }
}

#[test]
fn a_first_fit_of_nothing_leaves_the_null_model() {
    let (x, _) = data(5);
    let design = DenseDesign::new(N, P, &x).unwrap();
    // Nothing but noise, of mean 2.
    let y: Vec<f64> = data(6).0[..N].iter().map(|noise| 2.0 + noise).collect();
    let family = Separable::new(Gaussian, y.clone(), None).unwrap();
    let kept_out = Regularizer::l1().adaptive(&[0.0; P], 1.0);
    let regression = regression(&design, &family, kept_out);
    assert_eq!(regression.lambda_max(), Err(Error::NoSignal));
    let point = at(&regression, 0.1);
    assert!(point.converged && point.coefficients[0].values.is_empty());
    let mean = y.iter().sum::<f64>() / N as f64;
    assert!((point.coefficients[0].intercept - mean).abs() < 1e-9);
}

#[test]
fn refits_keep_signs_and_have_a_certificate() {
    let (x, y) = data(7);
    let design = DenseDesign::new(N, P, &x).unwrap();
    let family = Separable::new(Gaussian, y, None).unwrap();
    let fitted = regression(&design, &family, Regularizer::non_negative());
    let point = at(&fitted, 0.001);
    let refit = fitted.relax(&point).unwrap();
    assert!(refit[0].values.iter().all(|(_, b)| *b >= 0.0));
    let (stationarity, explained) = fitted.certify_refit(&refit).unwrap();
    assert!(stationarity < 1e-9 && explained >= point.deviance_explained, "{stationarity}");
    let (of_point, same) = fitted.certify_refit(&point.coefficients).unwrap();
    assert!(of_point > 1e-5 && (same - point.deviance_explained).abs() < 1e-9, "{of_point}");
    assert!(fitted.certify_refit(&[]).is_err());
    let beyond = Coefficients { intercept: 0.0, values: vec![(P, 1.0)] };
    assert_eq!(fitted.certify_refit(&[beyond]), Err(Error::NoSuchColumn { column: P, n_cols: P }));
}

#[test]
fn stability_counts_groups_and_keeps_its_bound() {
    let (x, y) = data(8);
    let design = DenseDesign::new(N, P, &x).unwrap();
    let family = Separable::new(Gaussian, y, None).unwrap();
    let penalty = Regularizer::group(groups()).with_unpenalized(vec![4]);
    let fitted = regression(&design, &family, penalty);
    let lambdas = lambda_grid(fitted.lambda_max().unwrap(), 10, 0.01).unwrap();
    let stability = fitted.stability(&lambdas, 1e-6, 6, 3, &never).unwrap();
    assert_eq!(stability.n_terms, 4);
    // By hand, from the halves.
    let halves: Vec<Vec<usize>> = Folds::halves(&[(); N], 6, 3)
        .unwrap()
        .into_iter()
        .flat_map(|folds| {
            [0, 1].map(|half| fitted.select_on_half(&folds, half, &lambdas, 1e-6, &never).unwrap())
        })
        .collect();
    for k in 0..lambdas.len() {
        let of_half = |first: &Vec<usize>| {
            let penalized = groups().into_iter().filter(|group| group != &[4]);
            penalized.filter(|group| group.iter().any(|&j| first[j] <= k)).count()
        };
        let mean = halves.iter().map(of_half).sum::<usize>() as f64 / 12.0;
        assert!((stability.mean_selected[k] - mean).abs() < 1e-12);
        assert_eq!(stability.shares[k][4], 1.0);
    }
    let bounded = stability.clone().with_false_selections(0.75, 0.5);
    let bound = bounded.false_selections(0.75).unwrap();
    let next = stability.clone().up_to(bounded.shares.len() + 1).false_selections(0.75).unwrap();
    assert!(bound <= 0.5 && next > 0.5, "{bound} {next}");
    assert_eq!(stability.clone().with_false_selections(0.75, 1e9), stability);
}
