//! Every family with every penalty: certified solutions on small random data.

use chamfer_glm::{
    Binomial, Criterion, DenseDesign, Family, Gamma, Gaussian, Huber, MultiGaussian, Multinomial,
    NegativeBinomial, Poisson, Regression, RegressionSettings, Regularizer, Separable,
    SquaredHinge, Tweedie, lambda_grid,
};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use rand_distr::{Distribution, StandardNormal};

const N: usize = 60;
const P: usize = 24;

fn never() -> bool {
    false
}

/// Columns, and a predictor that some of them make.
fn data(seed: u64) -> (Vec<f64>, Vec<f64>) {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut normal = || -> f64 { StandardNormal.sample(&mut rng) };
    let x: Vec<f64> = (0..N * P).map(|_| normal()).collect();
    let eta = (0..N)
        .map(|i| 0.8 * x[i] - 0.6 * x[3 * N + i] + 0.5 * x[4 * N + i] + 0.3 * normal())
        .collect();
    (x, eta)
}

fn groups() -> Vec<Vec<usize>> {
    (0..P / 3).map(|g| vec![3 * g, 3 * g + 1, 3 * g + 2]).collect()
}

fn convex_penalties() -> Vec<Regularizer> {
    vec![
        Regularizer::l1(),
        Regularizer::l1().with_l1_ratio(0.5),
        Regularizer::l1()
            .with_unpenalized(vec![5])
            .with_weights((0..P).map(|j| 0.5 + j as f64 / P as f64).collect()),
        Regularizer::l1().across_outputs(),
        Regularizer::non_negative(),
        Regularizer::l1().with_bounds(&[-0.1; P], &[0.2; P]),
        Regularizer::l1().with_unpenalized(vec![0]).with_bounds(&[f64::NEG_INFINITY; P], &[0.1; P]),
        Regularizer::group(groups()),
        Regularizer::group(groups()).with_l1_ratio(0.7),
        Regularizer::sparse_group(groups(), 0.4),
    ]
}

fn families(eta: &[f64]) -> Vec<Box<dyn Family>> {
    let mut rng = StdRng::seed_from_u64(9);
    let mut uniform = || rng.random::<f64>();
    let yes: Vec<f64> =
        eta.iter().map(|e| f64::from(uniform() < 1.0 / (1.0 + (-e).exp()))).collect();
    let counts: Vec<f64> = eta.iter().map(|e| (e.exp() * 2.0 * uniform()).round()).collect();
    let amounts: Vec<f64> = eta.iter().map(|e| e.exp() * (0.2 + uniform())).collect();
    let classes: Vec<usize> =
        eta.iter().map(|e| usize::from(e + uniform() > 0.6) + usize::from(*e > 1.0)).collect();
    let two: Vec<f64> = eta.iter().copied().chain(eta.iter().map(|e| 0.5 - e * 0.3)).collect();
    vec![
        Box::new(Separable::new(Gaussian, eta.to_vec(), None).unwrap()),
        Box::new(Separable::new(Binomial, yes.clone(), None).unwrap()),
        Box::new(Separable::new(Poisson, counts.clone(), None).unwrap()),
        Box::new(Separable::new(Gamma, amounts.clone(), None).unwrap()),
        Box::new(
            Separable::new(NegativeBinomial::new(2.0).unwrap(), counts.clone(), None).unwrap(),
        ),
        Box::new(Separable::new(Tweedie::new(1.5).unwrap(), counts, None).unwrap()),
        Box::new(Separable::new(Huber::new(0.5).unwrap(), eta.to_vec(), None).unwrap()),
        Box::new(Separable::new(SquaredHinge, yes, None).unwrap()),
        Box::new(MultiGaussian::new(two, 2, None).unwrap()),
        Box::new(Multinomial::new(classes, 3, None).unwrap()),
    ]
}

#[test]
fn convex_paths_are_certified_for_every_family() {
    let (x, eta) = data(1);
    let design = DenseDesign::new(N, P, &x).unwrap();
    for family in families(&eta) {
        for penalty in convex_penalties() {
            let what = format!("{} with {penalty:?}", family.name());
            let settings = RegressionSettings::default();
            let regression =
                Regression::new(&design, family.as_ref(), penalty, &settings).expect(&what);
            let lambda_max = regression.lambda_max().expect(&what);
            let lambdas = lambda_grid(lambda_max, 6, 0.02).unwrap();
            let points: Vec<_> = regression
                .path(&lambdas, 1e-6, &never)
                .unwrap()
                .map(|point| point.expect(&what))
                .collect();
            for point in &points {
                assert!(point.converged, "{what} at {}: {:?}", point.lambda, point.certificate);
            }
            assert!(points[5].deviance_explained > points[1].deviance_explained, "{what}");
        }
    }
}

#[test]
fn nonconvex_paths_end_at_certified_local_minima() {
    let (x, eta) = data(2);
    let design = DenseDesign::new(N, P, &x).unwrap();
    let penalties = [
        Regularizer::lq(0.5),
        Regularizer::lq(2.0 / 3.0),
        Regularizer::lq(0.8),
        Regularizer::mcp(3.0),
        Regularizer::mcp(3.0).with_bounds(&[-0.1; P], &[0.2; P]),
        Regularizer::lq(0.5).with_bounds(&[0.0; P], &[0.2; P]),
        Regularizer::scad(3.7),
        Regularizer::group_lq(groups(), 0.5),
        Regularizer::nested(groups(), 2, 1),
    ];
    for family in families(&eta) {
        for penalty in &penalties {
            let what = format!("{} with {penalty:?}", family.name());
            let settings = RegressionSettings::default();
            let regression =
                Regression::new(&design, family.as_ref(), penalty.clone(), &settings).unwrap();
            let lambdas = lambda_grid(regression.lambda_max().unwrap(), 6, 0.05).unwrap();
            for point in regression.path(&lambdas, 1e-6, &never).unwrap() {
                let point = point.expect(&what);
                assert!(point.converged, "{what} at {}: {:?}", point.lambda, point.certificate);
            }
        }
    }
}

/// Kinks only, several outputs, groups of one and bounds that nothing reaches: other code, one problem.
#[test]
fn penalties_that_are_the_lasso_have_its_solution() {
    let (x, eta) = data(3);
    let design = DenseDesign::new(N, P, &x).unwrap();
    let one = Separable::new(Gaussian, eta.clone(), None).unwrap();
    let several = MultiGaussian::new(eta, 1, None).unwrap();
    let settings = RegressionSettings::default();
    let solve = |family: &dyn Family, penalty: Regularizer| {
        let regression = Regression::new(&design, family, penalty, &settings).unwrap();
        let lambdas = lambda_grid(regression.lambda_max().unwrap(), 8, 0.01).unwrap();
        let points = regression.path(&lambdas, 1e-10, &never).unwrap();
        points.collect::<Result<Vec<_>, _>>().unwrap()
    };
    let lasso = solve(&one, Regularizer::l1());
    let others = [
        solve(&several, Regularizer::l1()),
        solve(&one, Regularizer::group((0..P).map(|j| vec![j]).collect())),
        solve(&one, Regularizer::l1().with_bounds(&[-9.0; P], &[9.0; P])),
    ];
    for (case, other) in others.iter().enumerate() {
        for (a, b) in lasso.iter().zip(other) {
            assert!(a.converged && b.converged, "case {case} at {}", a.lambda);
            assert!((a.lambda / b.lambda - 1.0).abs() < 1e-9);
            let (of_a, of_b) = (a.certificate.objective, b.certificate.objective);
            assert!((of_a - of_b).abs() <= 1e-9 * of_a, "case {case}: {of_a} is not {of_b}");
            let (a, b) = (&a.coefficients[0], &b.coefficients[0]);
            assert_eq!(a.values.len(), b.values.len());
            assert!((a.intercept - b.intercept).abs() < 1e-4);
        }
    }
}

#[test]
fn certificates_are_recomputed_from_the_coefficients_alone() {
    let (x, eta) = data(4);
    let design = DenseDesign::new(N, P, &x).unwrap();
    for family in families(&eta) {
        let unpenalized = Regularizer::l1().with_unpenalized(vec![2]).with_l1_ratio(0.8);
        for penalty in [unpenalized, Regularizer::group(groups()), Regularizer::scad(3.7)] {
            let settings = RegressionSettings::default();
            let regression = Regression::new(&design, family.as_ref(), penalty, &settings).unwrap();
            let lambdas = [0.3 * regression.lambda_max().unwrap()];
            let point = regression.path(&lambdas, 1e-6, &never).unwrap().next().unwrap().unwrap();
            let (again, explained) = regression.certify(&point.coefficients, lambdas[0]).unwrap();
            assert!(again.meets(1e-6), "{again:?}");
            assert!((again.objective - point.certificate.objective).abs() < 1e-9);
            assert!((explained - point.deviance_explained).abs() < 1e-9);
            let mut wrong = point.coefficients.clone();
            wrong[0].values.clear();
            wrong[0].intercept += 0.1;
            assert!(!regression.certify(&wrong, lambdas[0]).unwrap().0.meets(1e-6));
        }
    }
}

#[test]
fn a_relaxed_fit_is_the_unpenalized_one_on_the_support() {
    let (x, eta) = data(5);
    let design = DenseDesign::new(N, P, &x).unwrap();
    for family in families(&eta) {
        // Separable classes have no unpenalized fit.
        if ["binomial", "squared hinge", "multinomial"].contains(&family.name()) {
            continue;
        }
        let settings = RegressionSettings::default();
        let regression =
            Regression::new(&design, family.as_ref(), Regularizer::l1(), &settings).unwrap();
        let lambdas = [0.4 * regression.lambda_max().unwrap()];
        let point = regression.path(&lambdas, 1e-6, &never).unwrap().next().unwrap().unwrap();
        let relaxed = regression.relax(&point).unwrap();
        let mut predictor: Vec<f64> = relaxed.iter().flat_map(|c| c.predict(&design)).collect();
        let mut gradient = vec![0.0; predictor.len()];
        family.value_and_gradient(&predictor, &mut gradient);
        for (k, of_output) in gradient.chunks_exact(N).enumerate() {
            assert!(of_output.iter().sum::<f64>().abs() < 1e-9, "{}", family.name());
            for &(j, _) in &relaxed[k].values {
                let slope: f64 =
                    x[j * N..(j + 1) * N].iter().zip(of_output).map(|(x, g)| x * g).sum();
                assert!(slope.abs() < 1e-9, "{} {j}: {slope}", family.name());
            }
        }
        assert!(relaxed[0].values.len() >= point.coefficients[0].values.len());
        predictor.clear();
    }
}

#[test]
fn criteria_price_the_size() {
    let (x, eta) = data(6);
    let design = DenseDesign::new(N, P, &x).unwrap();
    let family = Separable::new(Gaussian, eta.clone(), None).unwrap();
    let settings = RegressionSettings::default();
    let regression = Regression::new(&design, &family, Regularizer::l1(), &settings).unwrap();
    let lambdas = lambda_grid(regression.lambda_max().unwrap(), 20, 1e-3).unwrap();
    let points: Vec<_> =
        regression.path(&lambdas, 1e-6, &never).unwrap().map(Result::unwrap).collect();
    let point = &points[10];
    let residuals: Vec<f64> =
        point.predict(&design, None).iter().zip(&eta).map(|(a, b)| a - b).collect();
    let mean_square = residuals.iter().map(|r| r * r).sum::<f64>() / N as f64;
    let df = point.coefficients[0].values.len() as f64 + 1.0;
    let of = |criterion| regression.criterion(point, criterion).unwrap();
    let log = N as f64 * mean_square.ln();
    assert!((of(Criterion::Aic) - (log + 2.0 * df)).abs() < 1e-8);
    assert!((of(Criterion::Bic) - (log + df * (N as f64).ln())).abs() < 1e-8);
    assert!((of(Criterion::Ebic(0.0)) - of(Criterion::Bic)).abs() < 1e-12);
    assert!(of(Criterion::Ebic(1.0)) > of(Criterion::Bic));
    // The signal has three columns; BIC finds them among 24.
    let best = |a: &&chamfer_glm::RegressionPoint, b: &&chamfer_glm::RegressionPoint| {
        let of = |point| regression.criterion(point, Criterion::Bic).unwrap();
        of(a).total_cmp(&of(b))
    };
    let chosen = points.iter().min_by(best).unwrap();
    let support: Vec<usize> = chosen.coefficients[0].values.iter().map(|(j, _)| *j).collect();
    assert!([0, 3, 4].iter().all(|j| support.contains(j)) && support.len() < 12, "{support:?}");
}

#[test]
fn adaptive_weights_keep_zeros_and_shrink_the_large_less() {
    let (x, eta) = data(7);
    let design = DenseDesign::new(N, P, &x).unwrap();
    let family = Separable::new(Gaussian, eta, None).unwrap();
    let settings = RegressionSettings::default();
    let solve = |penalty: Regularizer| {
        let regression = Regression::new(&design, &family, penalty, &settings).unwrap();
        let lambdas = [0.05 * regression.lambda_max().unwrap()];
        let point = regression.path(&lambdas, 1e-9, &never).unwrap().next().unwrap().unwrap();
        assert!(point.converged);
        let mut dense = vec![0.0; P];
        for &(j, b) in &point.coefficients[0].values {
            dense[j] = b;
        }
        dense
    };
    let first = solve(Regularizer::l1());
    let second = solve(Regularizer::l1().adaptive(&first, 1.0));
    assert!(first.iter().zip(&second).all(|(a, b)| *a != 0.0 || *b == 0.0));
    let size = |b: &[f64]| b.iter().filter(|b| **b != 0.0).count();
    assert!(size(&second) < size(&first) && second[0].abs() > first[0].abs());
}

#[test]
fn coefficients_keep_their_bounds_and_leave_them_when_they_are_wide() {
    let (x, eta) = data(5);
    let design = DenseDesign::new(N, P, &x).unwrap();
    let family = Separable::new(Gaussian, eta, None).unwrap();
    let settings = RegressionSettings::default();
    let fit = |penalty: Regularizer| {
        let regression = Regression::new(&design, &family, penalty, &settings).unwrap();
        let point = regression.path(&[0.01], 1e-9, &never).unwrap().next().unwrap().unwrap();
        assert!(point.converged);
        let certified = regression.certify(&point.coefficients, 0.01).unwrap().0;
        assert!(certified.meets(1e-8), "{certified:?}");
        point
    };
    let tight = fit(Regularizer::l1().with_bounds(&[-0.3; P], &[0.4; P]));
    let values = &tight.coefficients[0].values;
    assert!(values.iter().all(|(_, b)| (-0.3..=0.4).contains(b)));
    assert!(values.iter().any(|(_, b)| *b == 0.4) && values.iter().any(|(_, b)| *b == -0.3));
    let wide = fit(Regularizer::l1().with_bounds(&[-9.0; P], &[9.0; P]));
    let none = fit(Regularizer::l1());
    assert!((wide.certificate.objective / none.certificate.objective - 1.0).abs() < 1e-9);
    assert!(tight.certificate.objective > none.certificate.objective);

    let refused = |lower: &[f64], upper: &[f64]| {
        let penalty = Regularizer::l1().with_bounds(lower, upper);
        Regression::new(&design, &family, penalty, &settings).err().unwrap().to_string()
    };
    assert!(refused(&[0.1; P], &[1.0; P]).contains("column 0 has the bounds 0.1 and 1"));
    assert!(refused(&[-1.0; P], &[f64::NAN; P]).contains("NaN"));
    assert!(refused(&[-1.0; 3], &[1.0; 3]).contains("the bounds"));
    let grouped = Regularizer::group(groups()).with_bounds(&[-1.0; P], &[1.0; P]);
    let error = Regression::new(&design, &family, grouped, &settings).err().unwrap();
    assert!(error.to_string().contains("groups"));
}

#[test]
fn dual_values_are_bounds_wherever_the_coefficients_are() {
    let (x, eta) = data(8);
    let design = DenseDesign::new(N, P, &x).unwrap();
    let settings = RegressionSettings::default();
    let elastic = || Regularizer::l1().with_l1_ratio(0.6);
    let penalties = [
        Regularizer::l1(),
        elastic(),
        elastic().with_unpenalized(vec![2]),
        elastic().with_bounds(&[-0.2; P], &[0.1; P]),
        Regularizer::group(groups()),
    ];
    for family in families(&eta) {
        for penalty in &penalties {
            let family = family.as_ref();
            let regression = Regression::new(&design, family, penalty.clone(), &settings).unwrap();
            let lambda = 0.2 * regression.lambda_max().unwrap();
            let best = regression.path(&[lambda], 1e-9, &never).unwrap().next().unwrap().unwrap();
            let least = best.certificate.objective;
            for far in [1e-3, 1e-2, 0.1, 0.5] {
                let mut worse = best.coefficients.clone();
                for (k, output) in worse.iter_mut().enumerate() {
                    output.intercept += far * (k as f64 - 0.3);
                    for (_, value) in &mut output.values {
                        *value *= 1.0 - far;
                    }
                }
                let (certified, _) = regression.certify(&worse, lambda).unwrap();
                let Some(gap) = certified.gap else { continue };
                let what = format!("{} with {penalty:?}, {far} off", family.name());
                assert!(gap.dual <= least * (1.0 + 1e-9), "{what}: {} above {least}", gap.dual);
            }
        }
    }
}

#[test]
fn unpenalized_columns_do_not_fool_the_certificate() {
    let (x, eta) = data(6);
    let design = DenseDesign::new(N, P, &x).unwrap();
    let family = Separable::new(Gaussian, eta, None).unwrap();
    let penalty = Regularizer::l1().with_unpenalized(vec![0]);
    let settings = RegressionSettings::default();
    let regression = Regression::new(&design, &family, penalty, &settings).unwrap();
    let best = regression.path(&[0.05], 1e-9, &never).unwrap().next().unwrap().unwrap();
    let mut worse = best.coefficients.clone();
    worse[0].values[0].1 += 0.3;
    worse[0].intercept += 0.2;
    let (certified, _) = regression.certify(&worse, 0.05).unwrap();
    let gap = certified.gap.unwrap();
    assert!(gap.dual <= best.certificate.objective, "a lower bound above the minimum");
    assert!(gap.relative() > 0.1);
}
