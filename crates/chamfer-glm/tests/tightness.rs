//! Certificates bound what is missing, and by little more than that.

mod common;

use chamfer_glm::{
    Binomial, Coefficients, Cox, DenseDesign, Family, Gaussian, MultiGaussian, Poisson, Regression,
    RegressionSettings, Regularizer, Separable, Ties, lambda_grid,
};
use common::correlated;

/// Relative gaps and distances that are rounding.
const ROUNDING: f64 = 1e-12;

fn never() -> bool {
    false
}

fn families(y: &[f64]) -> Vec<Box<dyn Family>> {
    let yes = y.iter().map(|y| f64::from(*y > 0.0)).collect();
    let counts = y.iter().map(|y| (0.7 * y).exp().round()).collect();
    let times = y.iter().map(|y| (0.5 * y).exp()).collect();
    let events = (0..y.len()).map(|i| i % 4 > 0).collect();
    let two = y.iter().copied().chain(y.iter().rev().copied()).collect();
    vec![
        Box::new(Separable::new(Gaussian, y.to_vec(), None).unwrap()),
        Box::new(Separable::new(Binomial, yes, None).unwrap()),
        Box::new(Separable::new(Poisson, counts, None).unwrap()),
        Box::new(Cox::new(times, events, None, None, Ties::Breslow).unwrap()),
        Box::new(MultiGaussian::new(two, 2, None).unwrap()),
    ]
}

fn groups(p: usize) -> Vec<Vec<usize>> {
    (0..p / 4).map(|g| (4 * g..4 * g + 4).collect()).collect()
}

fn penalties(p: usize) -> Vec<Regularizer> {
    let (lower, upper) = (vec![-0.1; p], vec![f64::INFINITY; p]);
    vec![
        Regularizer::l1(),
        Regularizer::l1().with_unpenalized(vec![7, 2]),
        Regularizer::l1().with_l1_ratio(0.9),
        Regularizer::l1().with_bounds(&lower, &upper),
        Regularizer::non_negative(),
        Regularizer::l1().across_outputs(),
        Regularizer::group(groups(p)),
        Regularizer::group(groups(p)).with_l1_ratio(0.9),
        Regularizer::sparse_group(groups(p), 0.5),
    ]
}

/// At solutions to any tolerance, and at coefficients near solutions, no least objective is below the bound.
#[test]
fn bounds_what_is_missing() {
    let data = correlated(80, 32, 0.5, 5, 3);
    let design = DenseDesign::new(data.n, data.p, &data.x).unwrap();
    for family in families(&data.y) {
        for penalty in penalties(data.p) {
            let settings = RegressionSettings::default();
            let regression =
                Regression::new(&design, family.as_ref(), penalty.clone(), &settings).unwrap();
            let lambda = 0.2 * regression.lambda_max().unwrap();
            let lambdas = [lambda];
            let solve = |tolerance| {
                let mut path = regression.path(&lambdas, tolerance, &never).unwrap();
                path.next().unwrap().unwrap()
            };
            let best = solve(1e-13).certificate.objective;
            let check = |certificate: chamfer_glm::Optimality, what: &str| {
                // Cox's model has no bound where unpenalized columns are not at their optimum.
                let Some(gap) = certificate.gap else {
                    assert_eq!(family.name(), "cox", "{what}");
                    return;
                };
                assert!(
                    gap.dual <= best * (1.0 + ROUNDING),
                    "{} with {penalty:?} {what}: {:e} above {best:e}",
                    family.name(),
                    gap.dual,
                );
            };
            for tolerance in [1e-1, 1e-3, 1e-6] {
                let point = solve(tolerance);
                check(point.certificate, "solved");
                let shrunk = |of_output: &Coefficients| Coefficients {
                    intercept: of_output.intercept,
                    values: of_output.values.iter().map(|(j, b)| (*j, 0.99 * b)).collect(),
                };
                let near: Vec<Coefficients> = point.coefficients.iter().map(shrunk).collect();
                check(regression.certify(&near, lambda).unwrap().0, "shrunk");
            }
        }
    }
}

/// Where solutions are not exact, gaps are about as large as what is missing, at any tolerance, also when all is
/// computed from the data alone.
#[test]
fn bounds_what_is_missing_by_little_more() {
    let data = correlated(200, 80, 0.5, 8, 5);
    let design = DenseDesign::new(data.n, data.p, &data.x).unwrap();
    for family in families(&data.y) {
        for penalty in [
            Regularizer::l1(),
            Regularizer::l1().with_l1_ratio(0.99),
            Regularizer::l1().across_outputs(),
            Regularizer::group(groups(data.p)),
        ] {
            let settings = RegressionSettings::default();
            let regression =
                Regression::new(&design, family.as_ref(), penalty.clone(), &settings).unwrap();
            let lambdas = lambda_grid(regression.lambda_max().unwrap(), 10, 0.02).unwrap();
            let solve = |tolerance| -> Vec<_> {
                let path = regression.path(&lambdas, tolerance, &never).unwrap();
                path.map(Result::unwrap).collect()
            };
            let best = solve(1e-12);
            for tolerance in [1e-3, 1e-6] {
                for (point, best) in solve(tolerance).iter().zip(&best) {
                    let lambda = point.lambda;
                    let again = regression.certify(&point.coefficients, lambda).unwrap().0;
                    for certificate in [point.certificate, again] {
                        let objective = certificate.objective;
                        let missing = (objective - best.certificate.objective) / objective;
                        let gap = certificate.gap.unwrap().relative();
                        assert!(
                            gap <= 10.0 * missing.max(ROUNDING),
                            "{} with {penalty:?} at {lambda:e}: {gap:e} for {missing:e}",
                            family.name(),
                        );
                    }
                }
            }
        }
    }
}

/// Where a column has some of its outputs only.
#[test]
fn outputs_with_terms_of_their_own() {
    let data = correlated(80, 32, 0.5, 5, 3);
    let design = DenseDesign::new(data.n, data.p, &data.x).unwrap();
    let two: Vec<f64> = data.y.iter().copied().chain(data.y.iter().rev().copied()).collect();
    let family = MultiGaussian::new(two, 2, None).unwrap();
    let settings = RegressionSettings::default();
    let regression = Regression::new(&design, &family, Regularizer::l1(), &settings).unwrap();
    let lambda = 0.2 * regression.lambda_max().unwrap();
    let lambdas = [lambda];
    let best = regression.path(&lambdas, 1e-12, &never).unwrap().next().unwrap().unwrap();
    let columns = |k: usize| best.coefficients[k].values.iter().map(|(j, _)| *j);
    assert!(!columns(0).eq(columns(1)));
    let near = |of_output: &Coefficients| Coefficients {
        intercept: of_output.intercept,
        values: of_output.values.iter().map(|(j, b)| (*j, b * (1.0 + 1e-3))).collect(),
    };
    let near: Vec<Coefficients> = best.coefficients.iter().map(near).collect();
    let (certificate, _) = regression.certify(&near, lambda).unwrap();
    let missing = certificate.objective - best.certificate.objective;
    let gap = certificate.gap.unwrap();
    assert!(missing > 0.0 && gap.primal - gap.dual < 10.0 * missing, "{gap:?}, {missing:e}");
}
