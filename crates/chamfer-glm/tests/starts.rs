//! Where paths begin: at given coefficients, and at each λ of penalties that are not convex.

mod common;

use chamfer_glm::{
    Binomial, Coefficients, Cox, DenseDesign, Error, Family, Gaussian, Multinomial, PathStart,
    Poisson, Regression, RegressionPoint, RegressionSettings, Regularizer, Separable, Ties,
    lambda_grid,
};
use common::{Simulated, correlated};

fn never() -> bool {
    false
}

fn simulated() -> Simulated {
    correlated(60, 24, 0.8, 4, 11)
}

fn families(y: &[f64]) -> Vec<Box<dyn Family>> {
    let yes: Vec<f64> = y.iter().map(|y| f64::from(*y > 0.0)).collect();
    let counts: Vec<f64> = y.iter().map(|y| y.abs().round()).collect();
    let classes = y.iter().map(|y| usize::from(*y > -0.5) + usize::from(*y > 1.0)).collect();
    let times = y.iter().map(|y| (0.5 * y).exp()).collect();
    let events = (0..y.len()).map(|i| i % 4 > 0).collect();
    vec![
        Box::new(Separable::new(Gaussian, y.to_vec(), None).unwrap()),
        Box::new(Separable::new(Binomial, yes, None).unwrap()),
        Box::new(Separable::new(Poisson, counts, None).unwrap()),
        Box::new(Multinomial::new(classes, 3, None).unwrap()),
        Box::new(Cox::new(times, events, None, None, Ties::Efron).unwrap()),
    ]
}

fn groups(p: usize) -> Vec<Vec<usize>> {
    (0..p / 4).map(|g| (4 * g..4 * g + 4).collect()).collect()
}

fn penalties(p: usize) -> Vec<Regularizer> {
    vec![
        Regularizer::l1(),
        Regularizer::l1().with_l1_ratio(0.6).with_unpenalized(vec![7]),
        Regularizer::l1().with_bounds(&vec![-0.2; p], &vec![0.3; p]),
        Regularizer::non_negative(),
        Regularizer::group(groups(p)),
        Regularizer::sparse_group(groups(p), 0.5),
        Regularizer::mcp(3.0),
        Regularizer::lq(0.5),
    ]
}

/// A path in parts of `n` λs, each from what the one before it published.
fn in_parts(regression: &Regression<'_>, lambdas: &[f64], n: usize) -> Vec<RegressionPoint> {
    let mut points: Vec<RegressionPoint> = Vec::new();
    for part in lambdas.chunks(n) {
        let part = match points.last() {
            None => regression.path(part, 1e-7, &never).unwrap().collect::<Result<Vec<_>, _>>(),
            Some(last) => {
                regression.path_from(&last.coefficients, part, 1e-7, &never).unwrap().collect()
            }
        };
        points.extend(part.unwrap());
    }
    points
}

#[test]
fn parts_are_the_same_bits_whoever_solves_them() {
    let Simulated { n, p, x, y } = simulated();
    let design = DenseDesign::new(n, p, &x).unwrap();
    let settings = RegressionSettings::default();
    let pool = |n| rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap();
    let (one, four) = (pool(1), pool(4));
    for family in families(&y) {
        for penalty in penalties(p) {
            let what = format!("{} with {penalty:?}", family.name());
            let make =
                || Regression::new(&design, family.as_ref(), penalty.clone(), &settings).unwrap();
            let lambdas = lambda_grid(make().lambda_max().unwrap(), 6, 0.1).unwrap();
            let whole = four.install(|| in_parts(&make(), &lambdas, 2));
            // Another process has nothing but the last point of the first four.
            let end = &whole[3].coefficients;
            let rest: Vec<_> = one.install(|| {
                let regression = make();
                let points = regression.path_from(end, &lambdas[4..], 1e-7, &never).unwrap();
                points.map(Result::unwrap).collect()
            });
            assert_eq!(whole[4..], rest, "{what}");
            for point in &whole {
                assert!(point.converged, "{what} at {}: {:?}", point.lambda, point.certificate);
            }
        }
    }
}

#[test]
fn a_start_changes_the_way_but_not_the_end() {
    let Simulated { n, p, x, y } = simulated();
    let design = DenseDesign::new(n, p, &x).unwrap();
    let settings = RegressionSettings::default();
    for family in families(&y) {
        for penalty in penalties(p).into_iter().filter(Regularizer::is_convex) {
            let what = format!("{} with {penalty:?}", family.name());
            let regression = Regression::new(&design, family.as_ref(), penalty, &settings).unwrap();
            let lambdas = [0.1 * regression.lambda_max().unwrap()];
            let solve = |start: &[Coefficients]| {
                regression
                    .path_from(start, &lambdas, 1e-9, &never)
                    .unwrap()
                    .next()
                    .unwrap()
                    .unwrap()
            };
            let cold = regression.path(&lambdas, 1e-9, &never).unwrap().next().unwrap().unwrap();
            let again = solve(&cold.coefficients);
            // A start that is the solution needs next to nothing.
            assert!(again.newton_steps <= 2.min(cold.newton_steps), "{what}: {again:?}");
            let far: Vec<(usize, f64)> = (0..p).map(|j| (j, (j as f64).sin())).collect();
            let far = vec![Coefficients { intercept: 1.0, values: far }; family.n_outputs()];
            for point in [again, solve(&far)] {
                assert!(point.converged, "{what}: {:?}", point.certificate);
                let (a, b) = (point.certificate.objective, cold.certificate.objective);
                assert!((a - b).abs() <= 2e-9 * b, "{what}: {a} is not {b}");
            }
        }
    }
}

#[test]
fn a_path_continues_whatever_the_order_of_its_coefficients() {
    let Simulated { n, p, x, y } = simulated();
    let design = DenseDesign::new(n, p, &x).unwrap();
    let family = Separable::new(Gaussian, y, None).unwrap();
    let settings = RegressionSettings::default();
    let regression = Regression::new(&design, &family, Regularizer::l1(), &settings).unwrap();
    let lambdas = lambda_grid(regression.lambda_max().unwrap(), 12, 0.01).unwrap();
    let whole: Vec<_> =
        regression.path(&lambdas, 1e-10, &never).unwrap().map(Result::unwrap).collect();
    let solve = |start: &Coefficients| {
        let start = std::slice::from_ref(start);
        let points = regression.path_from(start, &lambdas[6..], 1e-10, &never).unwrap();
        points.collect::<Result<Vec<_>, _>>().unwrap()
    };
    let start = &whole[5].coefficients[0];
    let rest = solve(start);
    for (a, b) in whole[6..].iter().zip(&rest) {
        assert!(b.converged);
        let (a, b) = (a.certificate.objective, b.certificate.objective);
        assert!((a - b).abs() <= 2e-10 * a);
    }
    // The order in which coefficients are given, and zeros among them, do not matter.
    let mut shuffled = start.clone();
    shuffled.values.reverse();
    shuffled.values.push((p - 1, 0.0));
    assert!(start.values.iter().all(|(j, _)| *j != p - 1));
    assert_eq!(rest, solve(&shuffled));
}

#[test]
fn overlapping_groups_continue() {
    let Simulated { n, p, x, y } = simulated();
    let design = DenseDesign::new(n, p, &x).unwrap();
    let family = Separable::new(Gaussian, y, None).unwrap();
    let overlapping = (0..p / 2 - 1).map(|g| (2 * g..2 * g + 4).collect()).collect();
    let penalty = Regularizer::group(overlapping);
    let regression =
        Regression::new(&design, &family, penalty, &RegressionSettings::default()).unwrap();
    let lambdas = lambda_grid(regression.lambda_max().unwrap(), 8, 0.05).unwrap();
    let whole: Vec<_> =
        regression.path(&lambdas, 1e-8, &never).unwrap().map(Result::unwrap).collect();
    for (a, b) in whole.iter().zip(in_parts(&regression, &lambdas, 3)) {
        assert!(b.converged);
        let (a, b) = (a.certificate.objective, b.certificate.objective);
        assert!((a - b).abs() <= 2e-8 * a, "{a} is not {b}");
    }
}

#[test]
fn a_start_that_is_not_allowed_is_moved_or_refused() {
    let Simulated { n, p, x, y } = simulated();
    let design = DenseDesign::new(n, p, &x).unwrap();
    let settings = RegressionSettings::default();
    let start =
        |value| vec![Coefficients { intercept: 0.0, values: vec![(0, value), (1, -value)] }];
    for family in [&families(&y)[0], &families(&y)[1]] {
        for penalty in [
            Regularizer::non_negative(),
            Regularizer::l1().with_bounds(&vec![-0.01; p], &vec![0.02; p]),
        ] {
            let regression = Regression::new(&design, family.as_ref(), penalty, &settings).unwrap();
            let lambdas = [0.3 * regression.lambda_max().unwrap()];
            let point = regression.path_from(&start(5.0), &lambdas, 1e-8, &never).unwrap();
            assert!(point.map(Result::unwrap).all(|point| point.converged));
        }
        for penalty in [Regularizer::l1(), Regularizer::mcp(3.0)] {
            let regression = Regression::new(&design, family.as_ref(), penalty, &settings).unwrap();
            let refusal = |start: &[Coefficients]| {
                regression.path_from(start, &[0.1], 1e-8, &never).map(|_| ()).unwrap_err()
            };
            assert!(matches!(refusal(&start(f64::NAN)), Error::NonFiniteStart { .. }));
            assert!(matches!(refusal(&[]), Error::LengthMismatch { .. }));
            let beyond = Coefficients { intercept: 0.0, values: vec![(p, 1.0)] };
            let expected = Error::NoSuchColumn { column: p, n_cols: p };
            assert_eq!(refusal(&[beyond]), expected);
        }
    }
}

/// The path of a penalty that is not convex, from `start`.
fn path_with(
    start: PathStart,
    family: &dyn Family,
    penalty: &Regularizer,
    lambdas: impl Fn(&Regression<'_>) -> Vec<f64>,
) -> Vec<RegressionPoint> {
    let Simulated { n, p, x, .. } = simulated();
    let design = DenseDesign::new(n, p, &x).unwrap();
    let settings = RegressionSettings { start, ..RegressionSettings::default() };
    let regression = Regression::new(&design, family, penalty.clone(), &settings).unwrap();
    let lambdas = lambdas(&regression);
    let points = regression.path(&lambdas, 1e-6, &never).unwrap();
    let points: Vec<_> = points.map(Result::unwrap).collect();
    assert!(points.iter().zip(&lambdas).all(|(point, lambda)| point.lambda == *lambda));
    points
}

fn descending(regression: &Regression<'_>) -> Vec<f64> {
    lambda_grid(regression.lambda_max().unwrap(), 8, 0.05).unwrap()
}

fn ascending(regression: &Regression<'_>) -> Vec<f64> {
    descending(regression).into_iter().rev().collect()
}

#[test]
fn every_start_ends_at_certified_local_minima() {
    let Simulated { p, y, .. } = simulated();
    for family in &families(&y)[..3] {
        for penalty in [
            Regularizer::mcp(3.0),
            Regularizer::scad(3.7),
            Regularizer::lq(0.5),
            Regularizer::group_lq(groups(p), 0.5),
        ] {
            for start in
                [PathStart::Best, PathStart::Previous, PathStart::Convex, PathStart::DenseToSparse]
            {
                for point in path_with(start, family.as_ref(), &penalty, descending) {
                    let what = format!("{} with {penalty:?} from {start:?}", family.name());
                    let optimality = point.certificate;
                    assert!(point.converged, "{what} at {}: {optimality:?}", point.lambda);
                    let least = optimality.smallest_eigenvalue;
                    assert!(least.is_none_or(|least| least > -1e-9), "{what}: {least:?}");
                }
            }
        }
    }
}

#[test]
fn starts_find_the_minima_that_they_are_for() {
    let Simulated { y, .. } = simulated();
    let family = Separable::new(Gaussian, y, None).unwrap();
    let mut differ = false;
    for penalty in [Regularizer::mcp(1.5), Regularizer::scad(2.5)] {
        let path = |start| path_with(start, &family, &penalty, descending);
        let (best, convex) = (path(PathStart::Best), path(PathStart::Convex));
        let (sparse, dense) = (path(PathStart::Previous), path(PathStart::DenseToSparse));
        let objective = |point: &RegressionPoint| point.certificate.objective;
        for k in 0..best.len() {
            // The convex start is one of the two, and no point of it depends on the others.
            assert!(objective(&best[k]) <= objective(&convex[k]));
            differ |= (objective(&sparse[k]) - objective(&dense[k])).abs() > 1e-6;
        }
        let last = path_with(PathStart::Convex, &family, &penalty, |regression| {
            descending(regression).split_off(7)
        });
        assert!((objective(&last[0]) - objective(&convex[7])).abs() < 1e-9);
        // From dense to sparse is the same in whatever order the λs are asked for.
        let mut asked = path_with(PathStart::DenseToSparse, &family, &penalty, ascending);
        asked.reverse();
        assert_eq!(asked, dense);
    }
    assert!(differ, "the starts never mattered");
}

#[test]
fn what_was_solved_from_dense_to_sparse_survives_an_interruption() {
    let Simulated { n, p, x, y } = simulated();
    let design = DenseDesign::new(n, p, &x).unwrap();
    let family = Separable::new(Gaussian, y, None).unwrap();
    let settings =
        RegressionSettings { start: PathStart::DenseToSparse, ..RegressionSettings::default() };
    let regression = Regression::new(&design, &family, Regularizer::mcp(3.0), &settings).unwrap();
    let lambdas = descending(&regression);
    let whole: Vec<_> =
        regression.path(&lambdas, 1e-6, &never).unwrap().map(Result::unwrap).collect();
    let patience = std::sync::atomic::AtomicUsize::new(0);
    for limit in [0, 20, 60, 100] {
        patience.store(0, std::sync::atomic::Ordering::Relaxed);
        let stop = || patience.fetch_add(1, std::sync::atomic::Ordering::Relaxed) >= limit;
        let mut solved: Vec<_> = regression.path(&lambdas, 1e-6, &stop).unwrap().collect();
        if solved.len() == whole.len() && solved.iter().all(Result::is_ok) {
            continue;
        }
        assert_eq!(solved.pop(), Some(Err(Error::Interrupted)));
        let solved: Vec<_> = solved.into_iter().map(Result::unwrap).collect();
        assert_eq!(solved, whole[whole.len() - solved.len()..]);
    }
}

#[test]
fn a_limit_of_steps_leaves_a_point_that_says_how_near_it_is() {
    let Simulated { n, p, x, y } = simulated();
    let design = DenseDesign::new(n, p, &x).unwrap();
    for family in families(&y) {
        for penalty in penalties(p) {
            let what = format!("{} with {penalty:?}", family.name());
            let solve = |max_steps: usize, share: f64| {
                let settings = RegressionSettings { max_steps, ..Default::default() };
                let regression =
                    Regression::new(&design, family.as_ref(), penalty.clone(), &settings).unwrap();
                let largest = regression.lambda_max().unwrap();
                let lambdas = [0.5 * share * largest, 0.1 * share * largest];
                let points = regression.path(&lambdas, 1e-8, &never).unwrap();
                points.map(Result::unwrap).collect::<Vec<_>>()
            };
            let free = solve(usize::MAX, 1.0);
            assert!(free.iter().all(|point| point.converged), "{what}");
            let most = free.iter().map(|point| point.newton_steps).max().unwrap();
            assert_eq!(solve(most, 1.0), free, "{what}: a limit that does not bind");
            for max_steps in [0, 2] {
                for (point, best) in solve(max_steps, 1.0).iter().zip(&free) {
                    let what = format!("{what}, {max_steps} steps: {point:?}");
                    assert!(point.newton_steps <= max_steps, "{what}");
                    assert_eq!(point.converged, point.certificate.meets(1e-8), "{what}");
                    assert!(point.converged || point.newton_steps == max_steps, "{what}");
                    if let Some(gap) = point.certificate.gap {
                        let least = best.certificate.objective;
                        assert!(gap.dual <= least * (1.0 + 1e-9), "{what}");
                        assert!(point.certificate.objective >= least * (1.0 - 1e-7), "{what}");
                    }
                }
            }
            // Far from the null model, where it takes strides, the limit is for all of them together.
            for point in solve(3, 0.05) {
                assert!(point.newton_steps <= 3, "{what}: {point:?}");
            }
        }
    }
}
