//! Data that break solvers: a certified answer or a typed error, and never a NaN.

use chamfer_glm::{
    Binomial, Cox, DenseDesign, Design, Error, Family, Gaussian, Huber, MultiGaussian, Multinomial,
    Poisson, Regression, RegressionPoint, RegressionSettings, Regularizer, Separable, Ties,
    lambda_grid,
};
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand_distr::{Distribution, StandardNormal};

fn never() -> bool {
    false
}

fn normals(n: usize, seed: u64) -> Vec<f64> {
    let mut rng = StdRng::seed_from_u64(seed);
    (0..n).map(|_| StandardNormal.sample(&mut rng)).collect()
}

fn gaussian(y: Vec<f64>) -> Separable<Gaussian> {
    Separable::new(Gaussian, y, None).unwrap()
}

/// The points of a path, of which none may have a NaN and all must meet the tolerance.
fn certified_path(
    design: &dyn Design,
    family: &dyn Family,
    penalty: &Regularizer,
    n_lambdas: usize,
    ratio: f64,
) -> Vec<RegressionPoint> {
    let settings = RegressionSettings::default();
    let regression = Regression::new(design, family, penalty.clone(), &settings).unwrap();
    let lambdas = lambda_grid(regression.lambda_max().unwrap(), n_lambdas, ratio).unwrap();
    let points = regression.path(&lambdas, 1e-6, &never).unwrap();
    points
        .map(|point| {
            let point = point.unwrap();
            assert!(point.converged, "{} {:?}", point.lambda, point.certificate);
            for coefficients in &point.coefficients {
                assert!(coefficients.intercept.is_finite());
                assert!(coefficients.values.iter().all(|(_, b)| b.is_finite()));
            }
            point
        })
        .collect()
}

#[test]
fn many_more_columns_than_rows() {
    let (n, p) = (100, 20_000);
    let x = normals(n * p, 1);
    let noise = normals(n, 2);
    let eta: Vec<f64> = (0..n).map(|i| 2.0 * x[i] - x[n + i] + 0.5 * noise[i]).collect();
    let yes = eta.iter().map(|e| f64::from(u8::from(*e > 0.0))).collect();
    let design = DenseDesign::new(n, p, &x).unwrap();
    certified_path(&design, &gaussian(eta), &Regularizer::mcp(3.0), 5, 0.2);
    let family = Separable::new(Binomial, yes, None).unwrap();
    certified_path(&design, &family, &Regularizer::l1(), 5, 0.2);
    let groups = (0..p / 10).map(|g| (10 * g..10 * g + 10).collect()).collect();
    certified_path(&design, &family, &Regularizer::group(groups), 5, 0.3);
}

#[test]
fn several_outputs_with_more_columns_in_use_than_rows() {
    let (n, p, outputs) = (40, 200, 8);
    let mut x = normals(n * p, 30);
    // A column that is there twice.
    x.copy_within(..n, n);
    let design = DenseDesign::new(n, p, &x).unwrap();
    let family = MultiGaussian::new(normals(n * outputs, 31), outputs, None).unwrap();
    let groups = (0..p / 2).map(|g| vec![2 * g, 2 * g + 1]).collect();
    let columns = Regularizer::l1().across_outputs();
    let penalties = [
        columns.clone(),
        columns.clone().with_l1_ratio(0.5).with_unpenalized(vec![4, 5]),
        // Columns without a penalty that depend on each other.
        columns.with_unpenalized(vec![0, 1]),
        Regularizer::group(groups),
    ];
    for penalty in penalties {
        let points = certified_path(&design, &family, &penalty, 8, 1e-3);
        assert!(points[7].coefficients[0].values.len() > n, "{penalty:?}");
    }
}

#[test]
fn duplicate_and_nearly_duplicate_columns() {
    let (n, p) = (60, 20);
    let mut x = normals(n * p, 3);
    let noise = normals(n, 4);
    for j in 0..10 {
        for i in 0..n {
            // The second half repeats the first: five exactly, five up to a correlation of 0.999.
            let near = if j < 5 { 0.0 } else { 0.045 };
            x[(10 + j) * n + i] = x[j * n + i] + near * x[(10 + j) * n + i];
        }
    }
    let y: Vec<f64> = (0..n).map(|i| x[i] - x[6 * n + i] + 0.3 * noise[i]).collect();
    let counts = y.iter().map(|e| e.exp().round()).collect();
    let design = DenseDesign::new(n, p, &x).unwrap();
    let halves = vec![(0..10).collect(), (10..20).collect()];
    for penalty in [Regularizer::l1(), Regularizer::scad(3.7), Regularizer::group(halves)] {
        certified_path(&design, &gaussian(y.clone()), &penalty, 8, 1e-3);
    }
    let family = Separable::new(Poisson, counts, None).unwrap();
    certified_path(&design, &family, &Regularizer::l1(), 8, 1e-3);
}

#[test]
fn scales_apart_by_twelve_powers_of_ten_and_columns_of_zeros() {
    let (n, p) = (50, 8);
    let mut x = normals(n * p, 5);
    for (j, column) in x.chunks_exact_mut(n).enumerate() {
        let scale = if j == 7 { 0.0 } else { 10f64.powi(2 * i32::try_from(j).unwrap() - 6) };
        for x in column {
            *x *= scale;
        }
    }
    let y: Vec<f64> = (0..n).map(|i| x[i] * 1e6 + x[6 * n + i] * 1e-6).collect();
    let yes = y.iter().map(|e| f64::from(u8::from(*e > 0.3))).collect();
    let design = DenseDesign::new(n, p, &x).unwrap();
    certified_path(&design, &gaussian(y), &Regularizer::l1(), 8, 1e-4);
    let family = Separable::new(Binomial, yes, None).unwrap();
    let points = certified_path(&design, &family, &Regularizer::l1(), 8, 1e-3);
    assert!(points.iter().all(|point| point.coefficients[0].values.iter().all(|(j, _)| *j != 7)));
}

#[test]
fn separable_classes_and_a_class_with_one_member() {
    let n = 40;
    let x: Vec<f64> = normals(n * 5, 6);
    let yes = (0..n).map(|i| f64::from(u8::from(x[i] > 0.0))).collect();
    let design = DenseDesign::new(n, 5, &x).unwrap();
    let family = Separable::new(Binomial, yes, None).unwrap();
    let points = certified_path(&design, &family, &Regularizer::l1(), 10, 1e-4);
    assert!(points[9].deviance_explained > 0.99);
    let classes = (0..n).map(|i| if i == 7 { 2 } else { i % 2 }).collect();
    let family = Multinomial::new(classes, 3, None).unwrap();
    certified_path(&design, &family, &Regularizer::l1(), 8, 1e-3);
    certified_path(&design, &family, &Regularizer::l1().across_outputs(), 8, 1e-3);
}

#[test]
fn counts_with_huge_means() {
    let n = 50;
    let x = normals(n * 6, 7);
    let counts = (0..n).map(|i| (14.0 + 2.0 * x[i] - x[2 * n + i]).exp().round()).collect();
    let design = DenseDesign::new(n, 6, &x).unwrap();
    let family = Separable::new(Poisson, counts, None).unwrap();
    certified_path(&design, &family, &Regularizer::l1(), 8, 1e-3);
}

#[test]
fn heavy_ties_and_strata_in_survival_times() {
    let n = 120;
    let x = normals(n * 10, 8);
    let times: Vec<f64> = (0..n).map(|i| (3.0 * (-0.5 * x[i]).exp()).ceil().min(3.0)).collect();
    let events: Vec<bool> = (0..n).map(|i| i % 5 != 0).collect();
    let strata = (0..n).map(|i| i % 3).collect();
    let design = DenseDesign::new(n, 10, &x).unwrap();
    for ties in [Ties::Breslow, Ties::Efron] {
        for strata in [None, Some(&strata)] {
            let strata: Option<Vec<usize>> = strata.cloned();
            let family = Cox::new(times.clone(), events.clone(), strata, None, ties).unwrap();
            certified_path(&design, &family, &Regularizer::l1(), 6, 1e-2);
        }
    }
}

#[test]
fn saturated_fits_far_below_the_largest_lambda() {
    let (n, p) = (30, 60);
    let x = normals(n * p, 9);
    let y = normals(n, 10);
    let design = DenseDesign::new(n, p, &x).unwrap();
    let points = certified_path(&design, &gaussian(y.clone()), &Regularizer::l1(), 10, 1e-5);
    assert!(points[9].deviance_explained > 0.999);
    let one = vec![(0..p).collect()];
    certified_path(&design, &gaussian(y.clone()), &Regularizer::group(one), 6, 1e-2);
    let singles = (0..p).map(|j| vec![j]).collect();
    certified_path(&design, &gaussian(y), &Regularizer::group(singles), 6, 1e-2);
}

#[test]
fn overlapping_groups_and_unpenalized_columns() {
    let (n, p) = (50, 9);
    let x = normals(n * p, 11);
    let y: Vec<f64> = (0..n).map(|i| x[3 * n + i] + 0.2 * x[i]).collect();
    let design = DenseDesign::new(n, p, &x).unwrap();
    let groups = vec![vec![0, 1, 2, 3], vec![3, 4, 5], vec![5, 6, 7, 8]];
    certified_path(&design, &gaussian(y.clone()), &Regularizer::group(groups), 6, 1e-2);
    let penalty = Regularizer::l1().with_unpenalized(vec![0, 8]);
    let points = certified_path(&design, &gaussian(y), &penalty, 6, 1e-2);
    for column in [0, 8] {
        assert!(points[0].coefficients[0].values.iter().any(|(j, _)| *j == column));
    }
}

#[test]
fn bad_penalties_are_typed_errors() {
    let x = normals(40, 12);
    let design = DenseDesign::new(10, 4, &x).unwrap();
    let family = gaussian(normals(10, 13));
    let error = |penalty: Regularizer| {
        let settings = RegressionSettings::default();
        let regression = Regression::new(&design, &family, penalty, &settings);
        match regression {
            Err(error) => error,
            Ok(regression) => {
                regression.path(&[0.1], 1e-6, &never).unwrap().next().unwrap().unwrap_err()
            }
        }
    };
    let missing = error(Regularizer::group(vec![vec![0, 1], vec![3]]));
    assert_eq!(missing, Error::UngroupedColumn { column: 2 });
    let beyond = error(Regularizer::group(vec![vec![0, 1, 2, 3], vec![4]]));
    assert_eq!(beyond, Error::NoSuchColumn { column: 4, n_cols: 4 });
    let weights = error(Regularizer::l1().with_weights(vec![1.0, -1.0, 1.0, 1.0]));
    assert_eq!(weights, Error::InvalidPenaltyWeight { term: 1, value: -1.0 });
    let length = error(Regularizer::l1().with_weights(vec![1.0]));
    assert!(matches!(length, Error::LengthMismatch { .. }));
    assert!(matches!(error(Regularizer::l1().with_l1_ratio(0.0)), Error::InvalidL1Ratio { .. }));
    for penalty in [Regularizer::lq(1.5), Regularizer::lq(-1.0), Regularizer::mcp(0.5)] {
        assert!(matches!(error(penalty), Error::Optimization(_)));
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let (n, p) = (400, 300);
    let x = normals(n * p, 31);
    let noise = normals(n, 32);
    let eta: Vec<f64> = (0..n).map(|i| x[i] - x[5 * n + i] + noise[i]).collect();
    let yes = eta.iter().map(|e| f64::from(u8::from(*e > 0.0))).collect();
    let design = DenseDesign::new(n, p, &x).unwrap();
    let groups = (0..p / 5).map(|g| (5 * g..5 * g + 5).collect()).collect();
    let group = Regularizer::group(groups);
    let (numbers, classes) = (gaussian(eta), Separable::new(Binomial, yes, None).unwrap());
    let paths = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let penalties = [&Regularizer::l1(), &Regularizer::mcp(3.0), &group];
            let families: [&dyn Family; 2] = [&numbers, &classes];
            let of = |penalty: &&Regularizer| {
                families.map(|family| certified_path(&design, family, penalty, 6, 0.1))
            };
            penalties.iter().map(of).collect::<Vec<_>>()
        })
    };
    let one = paths(1);
    assert_eq!(one, paths(2));
    assert_eq!(one, paths(64));
}

#[test]
fn outliers_that_pull_the_mean_away_do_not_stop_the_huber_loss() {
    let (n, p) = (200, 5);
    let x = normals(n * p, 3);
    let noise = normals(n, 4);
    let outlier = |i: usize| if i < 10 { 1000.0 } else { 0.0 };
    let y: Vec<f64> = (0..n).map(|i| x[i] + 0.1 * noise[i] + outlier(i)).collect();
    let design = DenseDesign::new(n, p, &x).unwrap();
    for delta in [0.1, 0.5, 5.0] {
        let family = Separable::new(Huber::new(delta).unwrap(), y.clone(), None).unwrap();
        let points = certified_path(&design, &family, &Regularizer::l1(), 10, 0.01);
        let slope = points[9].coefficients[0].values[0];
        assert!(slope.0 == 0 && (slope.1 - 1.0).abs() < 0.2, "{delta} {slope:?}");
    }
}
