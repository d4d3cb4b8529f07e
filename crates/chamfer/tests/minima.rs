//! The transfer: minima of the lifted problem are minima of the base problem, and conversely.

mod common;

use chamfer::{
    Block, Blocks, Certificate, Convexity, GroupPower, GroupProduct, Hdp, HdpK, Hpp, HppK, Lifted,
    Mcp, Objective, Power, Scad, Settings, SharedProduct, SparseGroup, Square, Start, minimize,
    polish, second_order,
};
use common::{D, Distance, Regression, Row, groups, rows, uniform, wavy};
use faer::{Mat, Side};
use rand::SeedableRng;
use rand::rngs::StdRng;

/// `min ½(b − z)² + λ|b|^q`, `q < 1`: the zero, or the larger root of `b − z + λq b^{q−1}`.
fn univariate_minimum(z: f64, lambda: f64, q: f64) -> f64 {
    let least = (2.0 * lambda * (1.0 - q)).powf(1.0 / (2.0 - q));
    let threshold = (2.0 - q) / (2.0 * (1.0 - q)) * least;
    if z.abs() <= threshold {
        return 0.0;
    }
    let mut b = z.abs();
    for _ in 0..200 {
        b = z.abs() - lambda * q * b.powf(q - 1.0);
    }
    z.signum() * b
}

#[test]
fn the_lasso_reaches_its_closed_form_from_random_starts() {
    // min ½(β − z)² + λ|β| is sign(z) max(|z| − λ, 0).
    let z = [3.0, -0.4, 0.0, -2.0, 0.999, 1.001];
    let loss = Distance(z.to_vec());
    for seed in 0..20 {
        for block in [Block::new(Hpp, 6, 1.0), Block::new(Hdp, 6, 1.0)] {
            let blocks = Blocks::new(vec![block.unwrap()]).unwrap();
            let start = Start::Random { standard_deviation: 1.0, seed };
            let fit = minimize(&loss, &blocks, start, &Settings::default()).unwrap();
            for (b, z) in fit.coefficients.iter().zip(z) {
                let expected = z.signum() * (z.abs() - 1.0).max(0.0);
                assert!((b - expected).abs() < 1e-10, "seed {seed}: {b} for {z}");
                assert!(expected != 0.0 || *b == 0.0, "an exact zero for {z}");
            }
            let certificate = fit.certificate;
            assert!(certificate.stationarity < 1e-12, "{certificate:?}");
            assert!(certificate.gap.unwrap().relative() < 1e-14, "{certificate:?}");
        }
    }
}

#[test]
fn deep_rows_reach_the_univariate_closed_form_from_above() {
    // Started at the unpenalized minimum, the descent stops at the first local minimum below it,
    // which is the global one wherever it is not zero.
    let z = [3.0, -2.0, 1.6, 0.3, -0.2];
    let loss = Distance(z.to_vec());
    for depth in [3.0, 4.0] {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let whole = depth as usize;
        let singletons = chamfer::Groups::from_sizes(&[1; 5]).unwrap();
        let rows = [
            Block::new(HppK::new(whole).unwrap(), 5, 0.5),
            Block::new(HdpK::new(depth).unwrap(), 5, 0.5),
            Block::new(SharedProduct::new(depth).unwrap(), 5, 0.5),
            Block::new(Power::new(depth).unwrap(), 5, 0.5),
            Block::new(GroupProduct::deep(singletons.clone(), whole).unwrap(), 5, 0.5),
            Block::new(GroupPower::new(singletons, depth).unwrap(), 5, 0.5),
        ];
        for row in rows {
            let blocks = Blocks::new(vec![row.unwrap()]).unwrap();
            let fit = minimize(&loss, &blocks, &z, &Settings::default()).unwrap();
            for (b, z) in fit.coefficients.iter().zip(z) {
                let expected = univariate_minimum(z, 0.5, 2.0 / depth);
                assert!((b - expected).abs() < 1e-8, "{blocks:?}: {b}, not {expected}, for {z}");
            }
        }
    }
}

#[test]
fn squares_stay_non_negative() {
    let loss = Distance(vec![2.0, -1.0, 0.4]);
    let blocks = Blocks::new(vec![Block::new(Square, 3, 0.1).unwrap()]).unwrap();
    let fit = minimize(&loss, &blocks, &[0.0; 3], &Settings::default()).unwrap();
    assert!((fit.coefficients[0] - 1.9).abs() < 1e-12 && fit.coefficients[1] == 0.0);
    assert!(fit.certificate.stationarity < 1e-12);
}

/// The least change of `P` over random moves of several sizes: in all coordinates, and in single
/// ones, where kinks are felt.
fn least_change(
    loss: &impl Objective<f64>,
    blocks: &Blocks<f64>,
    beta: &[f64],
    rng: &mut StdRng,
    row: &Row<f64>,
) -> f64 {
    let value = |beta: &[f64]| {
        let mut gradient = vec![0.0; beta.len()];
        loss.value_and_gradient(beta, &mut gradient).unwrap() + blocks.penalty(beta).unwrap()
    };
    let here = value(beta);
    let mut least = f64::INFINITY;
    // For q < 1, zero is a minimum in a neighbourhood as small as the dead zone only.
    let sizes = if row.parametrization.facts().convex == Convexity::Always {
        [1e-6, 1e-4, 1e-3]
    } else {
        [1e-9, 1e-8, 1e-7]
    };
    for size in sizes {
        for trial in 0..200 {
            let mut moved = beta.to_vec();
            let step: Vec<f64> = uniform(rng, beta.len());
            for (j, (b, s)) in moved.iter_mut().zip(step).enumerate() {
                if trial % 2 == 0 || trial / 2 % beta.len() == j {
                    *b += size * s;
                }
                if row.is_square() {
                    *b = b.max(0.0);
                }
            }
            least = least.min(value(&moved) - here);
        }
    }
    least
}

#[test]
fn minimizers_of_the_lifted_problem_are_local_minimizers_of_the_base_problem() {
    let mut rng = StdRng::seed_from_u64(11);
    for row in rows::<f64>() {
        for seed in 0..10 {
            let loss = wavy(uniform(&mut rng, D));
            let blocks = row.blocks(0.2);
            let start = Start::Random { standard_deviation: 0.7, seed };
            let fit = minimize(&loss, &blocks, start, &Settings::default()).unwrap();
            let certificate = fit.certificate;
            assert!(certificate.stationarity < 1e-6, "{} {certificate:?}", row.label);
            let second = second_order(&loss, &blocks, &fit.coefficients).unwrap();
            let smallest = second.map_or(1.0, |second| second.smallest_eigenvalue);
            assert!(smallest > -1e-6, "{} {smallest}", row.label);
            let least = least_change(&loss, &blocks, &fit.coefficients, &mut rng, &row);
            assert!(least > -1e-12, "{} seed {seed}: {least} {fit:?}", row.label);
        }
    }
}

/// Rows in which each coefficient decides by itself whether it is zero, so that supports can be
/// enumerated; one depth of each.
const ELEMENTWISE: [&str; 8] =
    ["HPP", "HDP", "square", "MCP", "SCAD", "HPP_k k=3", "HPowP k=3", "shared product k=3.5"];

#[test]
fn base_minimizers_found_by_enumeration_lift_to_minimizers() {
    let mut rng = StdRng::seed_from_u64(12);
    let loss = Regression::random(&mut rng, 20, D);
    for row in rows::<f64>().iter().filter(|row| ELEMENTWISE.contains(&row.label.as_str())) {
        let blocks = row.blocks(0.15);
        let mut found = 0;
        for signs in 0..3usize.pow(6) {
            // Newton on the support from −1, 0 and 1; what is zero stays zero.
            let places = [1, 3, 9, 27, 81, 243];
            let start: Vec<f64> = places.map(|place| [0.0, 1.0, -1.0][signs / place % 3]).to_vec();
            if row.is_square() && start.contains(&-1.0) {
                continue;
            }
            let (beta, certificate) = polish(&loss, &blocks, &start).unwrap();
            let second = second_order(&loss, &blocks, &beta).unwrap().unwrap();
            if certificate.stationarity > 1e-9 || second.smallest_eigenvalue < 1e-6 {
                continue; // no minimizer has this support
            }
            found += 1;
            let lifted = Lifted::new(&loss, &blocks);
            let mut factors = vec![0.0; blocks.n_factors()];
            blocks.lift(&beta, &mut factors).unwrap();
            let mut gradient = factors.clone();
            lifted.value_and_gradient(&factors, &mut gradient).unwrap();
            let norm = common::dot(&gradient, &gradient).sqrt();
            assert!(norm < 1e-7, "{}: the optimizer would move: {norm}", row.label);
            let smallest = eigenvalues(&lifted, &factors)[0];
            assert!(smallest > -1e-8, "{}: {smallest}", row.label);
            // Nudged, it comes back to the same point.
            let nudge: Vec<f64> = uniform(&mut rng, factors.len());
            for (x, n) in factors.iter_mut().zip(nudge) {
                *x += 1e-5 * n;
            }
            let back = minimize(&loss, &blocks, Start::Factors(&factors), &Settings::default());
            let back = back.unwrap();
            let apart = beta.iter().zip(&back.coefficients).map(|(a, b)| (a - b).abs());
            assert!(apart.fold(0.0, f64::max) < 1e-6, "{}: {beta:?} {back:?}", row.label);
        }
        assert!(found > 0, "{}: there is a minimizer", row.label);
    }
}

/// The eigenvalues of the lifted Hessian, in rising order.
fn eigenvalues(lifted: &Lifted<'_, f64, impl Objective<f64>>, factors: &[f64]) -> Vec<f64> {
    let m = factors.len();
    let mut hessian = Mat::zeros(m, m);
    for column in 0..m {
        let mut unit = vec![0.0; m];
        unit[column] = 1.0;
        let mut product = vec![0.0; m];
        lifted.hessian_product(factors, &unit, &mut product).unwrap();
        for (row, value) in product.into_iter().enumerate() {
            hessian[(row, column)] = value;
        }
    }
    hessian.self_adjoint_eigenvalues(Side::Lower).unwrap()
}

#[test]
fn the_hessian_at_a_solution_and_at_zero_has_the_eigenvalues_of_the_theory() {
    // One coefficient, L = ½H(β − z)². At a solution, r = |β|^{1/k}: k − 1 eigenvalues 4λ/k and one
    // k(β²/r²)H − 2λ(1 − 2/k). At zero with slope g: λ ± g for k = 2, all 2λ/k beyond.
    let (curvature, z, lambda) = (1.7, 2.0, 0.4);
    let loss = chamfer::value_and_gradient(move |beta: &[f64], gradient: &mut [f64]| {
        gradient[0] = curvature * (beta[0] - z);
        0.5 * curvature * (beta[0] - z).powi(2)
    })
    .with_hessian_product(move |_: &[f64], d: &[f64], out: &mut [f64]| {
        out[0] = curvature * d[0];
    });
    for k in 2..=6_u8 {
        let row = HppK::new(usize::from(k)).unwrap();
        let blocks = Blocks::new(vec![Block::new(row, 1, lambda).unwrap()]).unwrap();
        let lifted = Lifted::new(&loss, &blocks);
        let fit = minimize(&loss, &blocks, &[z], &Settings::default()).unwrap();
        let beta = fit.coefficients[0];
        let depth = f64::from(k);
        let r = beta.powf(1.0 / depth);
        let mut factors = vec![0.0; usize::from(k)];
        blocks.lift(&[beta], &mut factors).unwrap();
        let mut expected = vec![4.0 * lambda / depth; usize::from(k) - 1];
        let across = depth * (beta / r).powi(2) * curvature - 2.0 * lambda * (1.0 - 2.0 / depth);
        expected.push(across);
        expected.sort_by(f64::total_cmp);
        for (found, expected) in eigenvalues(&lifted, &factors).iter().zip(expected) {
            assert!((found - expected).abs() < 1e-8, "k = {k}: {found}, not {expected}");
        }
        let at_zero = eigenvalues(&lifted, &vec![0.0; usize::from(k)]);
        let slope = curvature * z;
        let mut expected = vec![2.0 * lambda / depth; usize::from(k)];
        if k == 2 {
            expected = vec![lambda - slope, lambda + slope];
        }
        for (found, expected) in at_zero.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-12, "k = {k}: {found}, not {expected} at 0");
        }
    }
}

#[test]
fn an_unpenalized_term_of_a_convex_row_does_not_hinder_the_global_minimum() {
    // Every start ends at the same objective, for all convex rows together in one problem.
    let mut rng = StdRng::seed_from_u64(13);
    let loss = Regression::random(&mut rng, 60, 4 * D + 1);
    let blocks = Blocks::new(vec![
        Block::new(Hpp, D, 0.2).unwrap(),
        Block::new(Hdp, D, 0.1).unwrap().with_weights(vec![1.0, 2.0, 0.5, 1.0, 1.0, 3.0]).unwrap(),
        Block::new(chamfer::Unpenalized, 1, 0.0).unwrap(),
        Block::new(GroupProduct::new(groups()), D, 0.15).unwrap(),
        Block::new(SparseGroup::new(groups(), 0.5).unwrap(), D, 0.15).unwrap(),
    ])
    .unwrap();
    let objectives: Vec<f64> = (0..20)
        .map(|seed| {
            let start = Start::Random { standard_deviation: 1.0, seed };
            let fit = minimize(&loss, &blocks, start, &Settings::default()).unwrap();
            assert!(fit.certificate.stationarity < 1e-8, "{:?}", fit.certificate);
            fit.certificate.objective
        })
        .collect();
    let (least, most) = objectives
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(l, m), o| (l.min(*o), m.max(*o)));
    assert!(most - least < 1e-10, "{objectives:?}");
}

#[test]
fn folded_concave_rows_find_what_coordinate_search_confirms() {
    // Univariate MCP and SCAD solutions in closed form: firm and clipped thresholding.
    let lambda = 1.0;
    let firm = |z: f64, gamma: f64| {
        if z.abs() <= lambda {
            0.0
        } else if z.abs() <= gamma * lambda {
            z.signum() * (z.abs() - lambda) / (1.0 - 1.0 / gamma)
        } else {
            z
        }
    };
    let scad = |z: f64, a: f64| {
        let soft = |t: f64| z.signum() * (z.abs() - t).max(0.0);
        if z.abs() <= 2.0 * lambda {
            soft(lambda)
        } else if z.abs() <= a * lambda {
            soft(a * lambda / (a - 1.0)) / (1.0 - 1.0 / (a - 1.0))
        } else {
            z
        }
    };
    let z = vec![0.5, -1.4, 1.9, 2.6, -3.2, 6.0];
    let loss = Distance(z.clone());
    let check = |block: Block<f64>, expected: Vec<f64>| {
        let blocks = Blocks::new(vec![block]).unwrap();
        for seed in 0..20 {
            let start = Start::Random { standard_deviation: 2.0, seed };
            let fit = minimize(&loss, &blocks, start, &Settings::default()).unwrap();
            for (b, e) in fit.coefficients.iter().zip(&expected) {
                assert!((b - e).abs() < 1e-8, "seed {seed}: {:?} {expected:?}", fit.coefficients);
            }
            let again = Certificate::of_coefficients(&loss, &blocks, &fit.coefficients).unwrap();
            assert!(again.stationarity < 1e-10);
        }
    };
    let mcp = Block::new(Mcp::new(3.0).unwrap(), 6, lambda).unwrap();
    check(mcp, z.iter().map(|z| firm(*z, 3.0)).collect());
    let block = Block::new(Scad::new(3.7).unwrap(), 6, lambda).unwrap();
    check(block, z.iter().map(|z| scad(*z, 3.7)).collect());
}
