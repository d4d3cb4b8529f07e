//! Both ways of eliminating coefficients against the data, and what is solved with them against violations.

use super::rows::Rows;
use super::{Columns, Eliminated, KeptRows, LeastSquares};
use crate::regression::working_set::WorkingSet;
use crate::regression::{Regression, RegressionSettings};
use crate::{DenseDesign, MultiGaussian, Regularizer};
use std::sync::Arc;

const OUTPUTS: usize = 3;

fn waves(n: usize, pace: f64) -> Vec<f64> {
    (0..n).map(|i| ((i * i % 1009) as f64 * pace).sin()).collect()
}

/// Groups of two columns, with a column without a penalty or none, an intercept or none, a row without weight.
fn with_problem(n: usize, p: usize, is_plain: bool, check: impl Fn(&Regression<'_>, WorkingSet)) {
    let (x, y) = (waves(n * p, 0.37), waves(OUTPUTS * n, 0.91));
    let mut weights: Vec<f64> = (0..n).map(|i| 1.0 + 0.5 * (i as f64).cos()).collect();
    weights[1] = 0.0;
    let design = DenseDesign::new(n, p, &x).unwrap();
    let family = MultiGaussian::new(y, OUTPUTS, Some(&weights)).unwrap();
    let mut penalty = Regularizer::group((0..p / 2).map(|g| vec![2 * g, 2 * g + 1]).collect());
    if !is_plain {
        penalty = penalty.with_unpenalized(vec![3]).with_l1_ratio(0.9);
    }
    let settings = RegressionSettings { intercept: !is_plain, ..RegressionSettings::default() };
    let regression = Regression::new(&design, &family, penalty, &settings).unwrap();
    let null = &regression.null;
    let coefficients = null.coefficients.clone();
    let mut set = WorkingSet::new(&regression, Vec::new(), coefficients, &null.look);
    for t in 0..regression.terms.len() {
        set.add(t, regression.terms.range(t).len());
    }
    check(&regression, set);
}

/// The coefficients that are eliminated leave the gradient that is said, and it changes as is said.
fn check_eliminated(regression: &Regression<'_>, set: &WorkingSet, squares: &impl LeastSquares) {
    let n = set.members.iter().map(|&t| regression.terms.of(t).len()).sum();
    let thetas: Vec<f64> =
        (0..n).map(|j| if j % 4 == 1 { 0.0 } else { 1.0 + (j as f64).sin() }).collect();
    let at = squares.eliminate(&thetas).unwrap();
    let mut coefficients = at.free();
    for (j, theta) in thetas.iter().enumerate() {
        coefficients.extend(at.descent().col(j).iter().map(|c| theta * c));
    }
    let look = regression.look(&set.members, &coefficients, &|| false).unwrap();
    let descent = at.descent().col_iter().flat_map(|column| column.iter().copied());
    for (g, c) in look.gradient.iter().zip(descent) {
        assert!((g + c).abs() < 1e-10, "{g} for {c}");
    }
    assert!(look.free_gradient.iter().all(|g| g.abs() < 1e-10));
    assert!((look.loss - at.loss()).abs() < 1e-10);
    let step = 1e-6;
    let moved: Vec<f64> =
        thetas.iter().enumerate().map(|(j, t)| t + step * (j % 3) as f64).collect();
    let there = squares.eliminate(&moved).unwrap();
    let mut along = at.descent().to_owned();
    for j in 0..n {
        for k in 0..OUTPUTS {
            along[(k, j)] *= (j % 3) as f64;
        }
    }
    let bent = squares.multiply(&at, along.as_ref());
    for j in 0..n {
        for k in 0..OUTPUTS {
            let change = (there.descent()[(k, j)] - at.descent()[(k, j)]) / step;
            assert!((change + bent[(k, j)]).abs() < 1e-4, "{change} for {}", bent[(k, j)]);
        }
    }
}

#[test]
fn eliminated_coefficients_are_those_of_the_data() {
    for (n, p) in [(12, 30), (40, 16)] {
        for is_plain in [true, false] {
            with_problem(n, p, is_plain, |regression, mut set| {
                let restricted = regression.restricted(&set.members, &|| false);
                let mut rows = Rows::new(&restricted, regression.n_free());
                rows.extend(&restricted);
                check_eliminated(regression, &set, &rows);
                let here = set.here(regression, &regression.null.look);
                Arc::make_mut(&mut set.curvature).extend(&restricted, |_| true).unwrap();
                let system = set.curvature.system(0.0, regression.n_free());
                let columns = Columns::new(system, n, &set.coefficients, &here);
                check_eliminated(regression, &set, &columns);
            });
        }
    }
}

/// With more columns in use than rows and with fewer, up to rounding, also from a start that is far.
#[test]
fn sizes_alone_lead_to_the_solution() {
    for (n, p) in [(12, 60), (40, 16)] {
        for is_plain in [true, false] {
            with_problem(n, p, is_plain, |regression, mut set| {
                let mut here = set.here(regression, &regression.null.look);
                for share in [0.5, 0.01, 0.1] {
                    let lambda = share * regression.lambda_max().unwrap();
                    let restricted = regression.restricted(&set.members, &|| false);
                    let tolerance = 1e-9 * lambda;
                    let (steps, left) = regression
                        .descend_in_sizes(&restricted, &mut set, &mut here, lambda, tolerance, 50)
                        .unwrap()
                        .unwrap();
                    assert!(left <= tolerance && steps < 30, "{steps} steps, {left:e} left");
                    let look = regression.look(&set.members, &set.coefficients, &|| false).unwrap();
                    let optimality =
                        regression.first_order(&set.members, &set.coefficients, &look, lambda);
                    assert!(optimality.relative_stationarity < 1e-8, "{optimality:?}");
                }
            });
        }
    }
}

/// What is known without terms that are not in use is known with others.
#[test]
fn kept_rows_follow_the_working_set() {
    with_problem(12, 60, false, |regression, set| {
        let restricted = regression.restricted(&set.members, &|| false);
        let n_free = regression.n_free();
        let mut rows = Rows::new(&restricted, n_free);
        rows.extend(&restricted);
        let size = |t: usize| regression.terms.of(t).len();
        let of_columns = |members: &[usize], thetas: &[f64]| -> Vec<f64> {
            let pairs = members.iter().zip(thetas);
            pairs.flat_map(|(&t, theta)| vec![*theta; size(t)]).collect()
        };
        let thetas: Vec<f64> =
            (0..set.members.len()).map(|t| if t % 3 == 0 { 0.0 } else { 0.5 }).collect();
        let eliminated = rows.eliminate(&of_columns(&set.members, &thetas)).unwrap();
        let kept = KeptRows::at(Arc::new(rows), thetas, eliminated);
        let stays = |t: &usize| t % 6 != 3;
        let mut coefficients: Vec<usize> = (0..n_free).collect();
        let mut first = n_free;
        for &t in &set.members {
            let own = first..first + regression.terms.range(t).len();
            first = own.end;
            if stays(&t) {
                coefficients.extend(own);
            }
        }
        let mut members: Vec<usize> = set.members.iter().copied().filter(stays).collect();
        let kept = kept.keep(&members, &coefficients);
        members.extend(set.members.iter().filter(|t| !stays(t)));
        let restricted = regression.restricted(&members, &|| false);
        let thetas: Vec<f64> = members.iter().map(|t| if t % 3 == 0 { 0.0 } else { 0.5 }).collect();
        let (rows, known) = kept.on(&restricted, &thetas);
        let (at, known) = known.unwrap();
        assert_eq!(at, thetas);
        let anew = rows.eliminate(&of_columns(&members, &thetas)).unwrap();
        let most = (known.descent() - anew.descent()).norm_max();
        assert!(most < 1e-12, "{most:e}");
    });
}
