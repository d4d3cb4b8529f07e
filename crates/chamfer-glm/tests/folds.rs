//! Folds and cross-validation.

use chamfer_glm::{
    Cox, DenseDesign, Error, Folds, Gaussian, Metric, Multinomial, Regression, RegressionSettings,
    Regularizer, Separable, Ties, lambda_grid,
};
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand_distr::{Distribution, StandardNormal};

fn sizes(folds: &Folds) -> Vec<usize> {
    (0..folds.len()).map(|k| folds.of_rows().iter().filter(|f| **f == k).count()).collect()
}

#[test]
fn random_folds_are_even_and_depend_on_the_seed() {
    let folds = Folds::random(23, 5, 1).unwrap();
    assert_eq!(sizes(&folds), [5, 5, 5, 4, 4]);
    assert_eq!(folds, Folds::random(23, 5, 1).unwrap());
    assert_ne!(folds, Folds::random(23, 5, 2).unwrap());
}

#[test]
fn stratified_folds_share_the_labels() {
    let labels: Vec<bool> = (0..40).map(|i| i % 4 == 0).collect();
    let folds = Folds::stratified(&labels, 5, 3).unwrap();
    for fold in 0..5 {
        let of = |row: &usize| folds.of_rows()[*row] == fold && labels[*row];
        assert_eq!((0..40).filter(of).count(), 2);
    }
    assert_eq!(sizes(&folds), [8; 5]);
}

#[test]
fn grouped_folds_keep_labels_together() {
    let labels: Vec<usize> = (0..30).map(|i| i / 4).collect();
    let folds = Folds::grouped(&labels, 3, 3).unwrap();
    for (a, b) in (0..30).flat_map(|a| (0..30).map(move |b| (a, b))) {
        assert!(labels[a] != labels[b] || folds.of_rows()[a] == folds.of_rows()[b]);
    }
    assert!(sizes(&folds).iter().all(|size| (8..=12).contains(size)));
}

#[test]
fn impossible_folds_are_refused() {
    assert_eq!(Folds::random(3, 4, 0), Err(Error::InvalidFolds { n_folds: 4, most: 3 }));
    assert_eq!(Folds::random(3, 1, 0), Err(Error::InvalidFolds { n_folds: 1, most: 3 }));
    let labels = [1, 1, 2];
    assert_eq!(Folds::grouped(&labels, 3, 0), Err(Error::InvalidFolds { n_folds: 3, most: 2 }));
    assert_eq!(Folds::given(vec![0, 2, 2]), Err(Error::EmptyFold { fold: 1 }));
}

#[test]
fn every_thread_count_gives_the_same() {
    let n = 60;
    let x: Vec<f64> = (0..n * 4).map(|i| ((i * 37 % 101) as f64 / 50.0 - 1.0).powi(3)).collect();
    let times = (0..n).map(|i| (-x[i]).exp() * ((i * 7 % 11) as f64 + 1.0)).collect();
    let events = (0..n).map(|i| i % 4 != 0).collect();
    let design = DenseDesign::new(n, 4, &x).unwrap();
    let cox = Cox::new(times, events, None, None, Ties::Efron).unwrap();
    let settings = RegressionSettings::default();
    let regression = Regression::new(&design, &cox, Regularizer::l1(), &settings).unwrap();
    let lambdas = lambda_grid(regression.lambda_max().unwrap(), 10, 0.01).unwrap();
    let folds = Folds::random(n, 5, 7).unwrap();
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let metric = Metric::Concordance;
        pool.install(|| regression.cross_validate(&lambdas, 1e-8, &folds, metric, &|| false))
    };
    let one = run(1).unwrap();
    assert_eq!(one, run(64).unwrap());
    assert!(one.mean[one.best] > 0.6, "{:?}", one.mean);
    // Rows of Cox's model have no deviance of their own.
    let metric = Metric::Deviance;
    let error = regression.cross_validate(&lambdas, 1e-8, &folds, metric, &|| false);
    assert!(matches!(error, Err(Error::NoMeasure { .. })));
    let stopped = regression.cross_validate(&lambdas, 1e-8, &folds, metric, &|| true);
    assert_eq!(stopped, Err(Error::Interrupted));
}

#[test]
fn concordance_counts_pairs_of_a_stratum_alone() {
    // By hand: in stratum 0, the pairs (0, 1) and (0, 2) are right and (1, 2) wrong; in stratum 1, (3, 4) is
    // tied. Across them, row 3 is wrong with three rows, and row 4 right with three.
    let (times, events) = (vec![1.0, 2.0, 3.0, 0.5, 9.0], vec![true, true, true, true, false]);
    let risk = [3.0, 1.0, 2.0, 0.0, 0.0];
    let measure = |strata: Option<Vec<usize>>| {
        let family = Cox::new(times.clone(), events.clone(), strata, None, Ties::Breslow).unwrap();
        Metric::Concordance.evaluate(&family, &risk, &[0.2; 5]).unwrap()
    };
    assert!((measure(Some(vec![0, 0, 0, 1, 1])) - 2.5 / 4.0).abs() < 1e-12);
    assert!((measure(None) - 5.5 / 10.0).abs() < 1e-12);
}

#[test]
fn a_class_that_a_fold_lacks_is_an_error() {
    let n = 20;
    let x: Vec<f64> = (0..n * 2).map(|i| (i * 37 % 101) as f64).collect();
    let classes = (0..n).map(|i| if i == 0 { 2 } else { i % 2 }).collect();
    let design = DenseDesign::new(n, 2, &x).unwrap();
    let family = Multinomial::new(classes, 3, None).unwrap();
    let settings = RegressionSettings::default();
    let regression = Regression::new(&design, &family, Regularizer::l1(), &settings).unwrap();
    let folds = Folds::random(n, 4, 1).unwrap();
    let result = regression.cross_validate(&[0.1], 1e-6, &folds, Metric::Deviance, &|| false);
    assert_eq!(result, Err(Error::EmptyClass { class: 2 }));
}

#[test]
fn stable_columns_are_those_that_matter() {
    let (n, p) = (80, 30);
    let mut rng = StdRng::seed_from_u64(8);
    let x: Vec<f64> = (0..n * p).map(|_| StandardNormal.sample(&mut rng)).collect();
    let y: Vec<f64> = (0..n)
        .map(|i| -> f64 {
            let noise: f64 = StandardNormal.sample(&mut rng);
            2.0 * x[3 * n + i] - 1.5 * x[17 * n + i] + noise
        })
        .collect();
    let design = DenseDesign::new(n, p, &x).unwrap();
    let family = Separable::new(Gaussian, y, None).unwrap();
    let settings = RegressionSettings::default();
    let regression = Regression::new(&design, &family, Regularizer::l1(), &settings).unwrap();
    let lambdas = lambda_grid(regression.lambda_max().unwrap(), 10, 0.2).unwrap();
    let stable = |seed| regression.stability(&lambdas, 1e-6, 15, seed, &|| false).unwrap();
    let stability = stable(1);
    assert_eq!(stability.selected(0.9), [3, 17]);
    assert_eq!(stability, stable(1));
    assert_ne!(stability, stable(2));
    for (before, after) in stability.shares.iter().zip(&stability.shares[1..]) {
        assert!(before.iter().zip(after).all(|(before, after)| before <= after));
    }
    assert!(stability.of_columns.iter().all(|share| (0.0..=1.0).contains(share)));
    let q = stability.mean_selected[9];
    assert_eq!(stability.false_selections(0.9), Some(q * q / (0.8 * 30.0)));
    assert_eq!(stability.false_selections(0.5), None);
    assert!(regression.stability(&lambdas, 1e-6, 0, 1, &|| false).is_err());
    let stopped = regression.stability(&lambdas, 1e-6, 2, 1, &|| true);
    assert!(matches!(stopped, Err(Error::Interrupted)));
}
