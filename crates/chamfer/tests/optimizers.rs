//! Any objective, any optimizer: what `minimize` and its kin promise.

mod common;

use argmin::core::{CostFunction, Executor, Gradient, State};
use argmin::solver::gradientdescent::SteepestDescent;
use argmin::solver::linesearch::MoreThuenteLineSearch;
use chamfer::{
    BatchObjective, Block, Blocks, Certificate, Convexity, CumulativeSum, DenseMap, Error, Hdp,
    Hpp, L1, Lifted, LinearMap, NoPenalty, Objective, Optimizer, Penalty, Schedule, Settings,
    Start, StochasticOptimizer, StochasticSettings, Strength, Unpenalized, certified_zeros,
    minimize, minimize_stochastic, polish, second_order, value_and_gradient,
};
use common::{D, Distance, Regression, rows, uniform, wavy};
use rand::SeedableRng;
use rand::rngs::StdRng;

fn mixed_blocks(lambda: f64) -> Blocks<f64> {
    let weighted = Block::new(Hdp, 3, lambda).unwrap().with_weights(vec![1.0, 2.0, 0.5]).unwrap();
    Blocks::new(vec![
        Block::new(Hpp, 4, lambda).unwrap(),
        weighted,
        Block::new(Unpenalized, 2, 0.0).unwrap(),
    ])
    .unwrap()
}

const OPTIMIZERS: [Optimizer; 5] = [
    Optimizer::Lbfgs { memory: 10 },
    Optimizer::TrustRegion,
    Optimizer::NewtonCg,
    Optimizer::NonlinearCg,
    Optimizer::GradientDescent,
];

#[test]
fn all_optimizers_reach_the_same_certified_minimum() {
    let mut rng = StdRng::seed_from_u64(21);
    let loss = Regression::random(&mut rng, 40, 9);
    let blocks = mixed_blocks(0.2);
    let objectives = OPTIMIZERS.map(|optimizer| {
        let settings = Settings { optimizer, ..Settings::default() };
        let fit = minimize(&loss, &blocks, &[0.0; 9], &settings).unwrap();
        assert!(fit.certificate.stationarity < 1e-9, "{optimizer:?} {:?}", fit.certificate);
        fit.certificate.objective
    });
    for objective in objectives {
        assert!((objective - objectives[0]).abs() < 1e-12, "{objectives:?}");
    }
}

#[test]
fn all_optimizers_take_every_row() {
    let mut rng = StdRng::seed_from_u64(22);
    for row in rows::<f64>() {
        let loss = Distance(uniform(&mut rng, D));
        let blocks = row.blocks(0.1);
        for optimizer in OPTIMIZERS {
            let settings = Settings { optimizer, ..Settings::default() };
            let start = Start::Random { standard_deviation: 1.0, seed: 3 };
            let fit = minimize(&loss, &blocks, start, &settings).unwrap();
            let certificate = fit.certificate;
            assert!(certificate.stationarity < 1e-6, "{} {optimizer:?} {fit:?}", row.label);
        }
    }
}

#[test]
fn a_point_is_evaluated_once() {
    let loss = Distance(vec![1.0; 9]);
    let blocks = mixed_blocks(0.1);
    let lifted = Lifted::new(&loss, &blocks);
    let factors = vec![0.5; blocks.n_factors()];
    (&lifted).cost(&factors).unwrap();
    (&lifted).gradient(&factors).unwrap();
    assert_eq!(lifted.evaluations(), 1);
}

#[test]
fn any_argmin_solver_takes_the_lifted_problem() {
    let loss = Distance(vec![3.0, -0.2, 0.1, -2.0, 1.0, 0.05, 0.0, 1.5, -1.0]);
    let blocks = mixed_blocks(0.3);
    let mut start = vec![0.0; blocks.n_factors()];
    blocks.start(&[0.0; 9], &mut start).unwrap();
    let search: MoreThuenteLineSearch<Vec<f64>, Vec<f64>, f64> = MoreThuenteLineSearch::new();
    let lifted = Lifted::new(&loss, &blocks);
    let run = Executor::new(&lifted, SteepestDescent::new(search))
        .configure(|state| state.param(start).max_iters(5_000))
        .run()
        .unwrap();
    let factors = run.state().get_best_param().unwrap();
    let by_descent = Certificate::of_factors(&loss, &blocks, factors).unwrap();
    let fit = minimize(&loss, &blocks, &[0.0; 9], &Settings::default()).unwrap();
    assert!(
        (by_descent.objective - fit.certificate.objective).abs() < 1e-6,
        "{by_descent:?} {fit:?}"
    );
}

#[test]
fn minimize_works_in_single_precision() {
    let loss = value_and_gradient(|beta: &[f32], gradient: &mut [f32]| {
        let z = [2.0, 0.3];
        for (j, g) in gradient.iter_mut().enumerate() {
            *g = beta[j] - z[j];
        }
        gradient.iter().map(|g| 0.5 * g * g).sum()
    });
    let blocks = Blocks::new(vec![Block::new(Hpp, 2, 0.5f32).unwrap()]).unwrap();
    for optimizer in OPTIMIZERS {
        let settings = Settings { optimizer, ..Settings::default() };
        let fit = minimize(&loss, &blocks, &[0.0, 0.0], &settings).unwrap();
        assert!((fit.coefficients[0] - 1.5).abs() < 1e-3, "{optimizer:?} {fit:?}");
        assert_eq!(fit.coefficients[1], 0.0);
    }
}

#[test]
fn equal_seeds_give_equal_fits() {
    let mut rng = StdRng::seed_from_u64(23);
    let loss = Regression::random(&mut rng, 40, 9);
    let blocks = mixed_blocks(0.2);
    let fit = |seed| {
        let start = Start::Random { standard_deviation: 1.0, seed };
        minimize(&loss, &blocks, start, &Settings::default()).unwrap()
    };
    assert_eq!(fit(7), fit(7));
}

impl BatchObjective<f64> for Regression {
    fn n_samples(&self) -> usize {
        self.y.len()
    }

    fn batch_value_and_gradient(
        &self,
        samples: &[usize],
        beta: &[f64],
        gradient: &mut [f64],
    ) -> Result<f64, Error> {
        let of = |i: &usize| (self.x[*i].clone(), self.y[*i]);
        let (x, y) = samples.iter().map(of).unzip();
        Regression { x, y }.value_and_gradient(beta, gradient)
    }
}

#[test]
fn adam_and_sgd_end_at_the_same_point_as_the_others() {
    let mut rng = StdRng::seed_from_u64(24);
    let loss = Regression::random(&mut rng, 200, 9);
    let blocks = mixed_blocks(0.2);
    let exact = minimize(&loss, &blocks, &[0.0; 9], &Settings::default()).unwrap();
    let adam = StochasticOptimizer::Adam { beta1: 0.9, beta2: 0.999 };
    let sgd = StochasticOptimizer::Sgd { momentum: 0.9 };
    for (optimizer, schedule) in [
        (adam, Schedule::Cosine { warmup: 0.1 }),
        (sgd, Schedule::Cosine { warmup: 0.1 }),
        (sgd, Schedule::Step { epochs: 50, factor: 0.3 }),
        (sgd, Schedule::Constant),
    ] {
        let settings =
            StochasticSettings { optimizer, schedule, epochs: 200, ..Default::default() };
        let fit = minimize_stochastic(&loss, &blocks, &[0.0; 9], &settings).unwrap();
        let worse = fit.certificate.objective - exact.certificate.objective;
        // At a constant rate the noise never dies down, and may leave a zero undecided.
        let tolerance = if schedule == Schedule::Constant { 1e-2 } else { 1e-9 };
        assert!(worse < tolerance, "{optimizer:?} {schedule:?}: {worse} {:?}", fit.certificate);
        let again = minimize_stochastic(&loss, &blocks, &[0.0; 9], &settings).unwrap();
        assert_eq!(fit, again, "the seed decides");
    }
}

#[test]
fn polish_ends_at_machine_precision_and_never_makes_it_worse() {
    let mut rng = StdRng::seed_from_u64(25);
    for row in rows::<f64>() {
        let loss = wavy(uniform(&mut rng, D));
        let blocks = row.blocks(0.2);
        let start = Start::Random { standard_deviation: 1.0, seed: 1 };
        // A loose fit has the right zeros and few digits.
        let loose = Settings { tolerance: 1e-5, ..Settings::default() };
        let fit = minimize(&loss, &blocks, start, &loose).unwrap();
        let (beta, certificate) = polish(&loss, &blocks, &fit.coefficients).unwrap();
        assert!(certificate.stationarity <= fit.certificate.stationarity, "{}", row.label);
        assert!(certificate.stationarity < 1e-10, "{} {certificate:?}", row.label);
        for (before, after) in fit.coefficients.iter().zip(&beta) {
            assert!(*before != 0.0 || *after == 0.0, "{}: zeros stay", row.label);
        }
        // From anywhere, it gives back a point that is no worse.
        let anywhere = row.coefficients(&mut rng, true);
        let before = Certificate::of_coefficients(&loss, &blocks, &anywhere).unwrap();
        let (_, after) = polish(&loss, &blocks, &anywhere).unwrap();
        assert!(after.stationarity <= before.stationarity, "{}", row.label);
    }
}

#[test]
fn linear_maps_are_adjoint_and_compose() {
    let mut rng = StdRng::seed_from_u64(26);
    let overlapping = chamfer::Groups::overlapping(&[vec![0, 1, 2], vec![2, 3], vec![0, 4]], 5);
    let (duplication, groups) = overlapping.unwrap();
    assert_eq!(groups.n_coefficients(), 7);
    assert_eq!(duplication.sources(), [0, 1, 2, 2, 3, 0, 4]);
    let maps: [Box<dyn LinearMap<f64>>; 4] = [
        Box::new(duplication),
        Box::new(CumulativeSum::new(5, 1).unwrap()),
        Box::new(CumulativeSum::new(6, 3).unwrap()),
        Box::new(DenseMap::new(uniform(&mut rng, 12), 4, 3).unwrap()),
    ];
    for map in maps {
        let input: Vec<f64> = uniform(&mut rng, map.n_inputs());
        let output: Vec<f64> = uniform(&mut rng, map.n_outputs());
        let (mut forward, mut back) = (vec![0.0; output.len()], vec![0.0; input.len()]);
        map.apply(&input, &mut forward);
        map.apply_transpose(&output, &mut back);
        let (a, b) = (common::dot(&forward, &output), common::dot(&input, &back));
        assert!((a - b).abs() < 1e-12, "{map:?}");
    }
    // The composed Hessian product against differences of the composed gradient.
    let composed = wavy(vec![0.3; 5]).compose(CumulativeSum::new(5, 2).unwrap());
    let ridged = composed.with_ridge(0.7, 1..).unwrap();
    let (theta, d): (Vec<f64>, Vec<f64>) = (uniform(&mut rng, 5), uniform(&mut rng, 5));
    let mut product = vec![0.0; 5];
    ridged.hessian_product(&theta, &d, &mut product).unwrap();
    let at = |shift: f64| {
        let moved: Vec<f64> = theta.iter().zip(&d).map(|(t, d)| t + shift * d).collect();
        let mut gradient = vec![0.0; 5];
        ridged.value_and_gradient(&moved, &mut gradient).unwrap();
        gradient
    };
    for ((a, b), p) in at(1e-5).iter().zip(at(-1e-5)).zip(product) {
        assert!(((a - b) / 2e-5 - p).abs() < 1e-5, "{p}");
    }
}

#[test]
fn difference_products_are_nearly_the_exact_ones() {
    let mut rng = StdRng::seed_from_u64(27);
    let z: Vec<f64> = uniform(&mut rng, D);
    let exact = wavy(z);
    // The same objective, without its Hessian.
    let bare = value_and_gradient(|beta: &[f64], gradient: &mut [f64]| {
        exact.value_and_gradient(beta, gradient).unwrap()
    });
    let (beta, d): (Vec<f64>, Vec<f64>) = (uniform(&mut rng, D), uniform(&mut rng, D));
    let (mut by_difference, mut product) = (vec![0.0; D], vec![0.0; D]);
    bare.hessian_product(&beta, &d, &mut by_difference).unwrap();
    exact.hessian_product(&beta, &d, &mut product).unwrap();
    for (a, b) in by_difference.iter().zip(&product) {
        assert!((a - b).abs() < 1e-8, "{a} {b}");
    }
}

#[test]
fn certificates_measure_what_they_say() {
    let strength = Strength::uniform(1.0);
    assert_eq!(L1.stationarity(&[0.0, 2.0, -1.0], &[0.5, -1.0, 1.0], strength), 0.0);
    assert_eq!(L1.stationarity(&[0.0, 2.0], &[1.5, -0.75], strength), 0.5);
    assert_eq!(L1.dual_norm(&[0.5, -3.0], Strength::weighted(1.0, &[1.0, 2.0])), Some(1.5));
    assert_eq!(NoPenalty.stationarity(&[1.0], &[-0.25], strength), 0.25);
    assert_eq!(NoPenalty.dual_norm(&[0.25], strength), Some(f64::INFINITY));

    // Unbalanced factors of the same β: u = 4, v = 1/2 instead of √2, √2.
    let blocks = Blocks::new(vec![Block::new(Hpp, 1, 1.0).unwrap()]).unwrap();
    let loss = value_and_gradient(|_: &[f64], gradient: &mut [f64]| {
        gradient.fill(-1.0);
        0.0
    });
    let certificate = Certificate::of_factors(&loss, &blocks, &[4.0, 0.5]).unwrap();
    assert_eq!(certificate.objective, 2.0);
    assert_eq!(certificate.stationarity, 0.0);
    assert_eq!(certificate.misalignment, 0.5 * 16.25 - 2.0);
    assert_eq!(certificate.imbalance, 15.75);
    assert_eq!(certificate.gap, None);
}

#[test]
fn duality_gaps_bracket_the_optimum_of_every_norm() {
    let mut rng = StdRng::seed_from_u64(28);
    for row in rows::<f64>() {
        let loss = Distance(uniform(&mut rng, D));
        let blocks = row.blocks(0.3);
        let start = Start::Random { standard_deviation: 1.0, seed: 2 };
        let fit = minimize(&loss, &blocks, start, &Settings::default()).unwrap();
        let certificate = fit.certificate;
        let Some(gap) = certificate.gap else {
            let name = row.parametrization.facts().name;
            let convex =
                row.parametrization.facts().convex == Convexity::Always && name != "unpenalized";
            assert!(!convex, "{}: a norm has a dual", row.label);
            continue;
        };
        assert!(gap.relative() < 1e-12, "{} {gap:?}", row.label);
        // The dual value at any other point is below the optimum.
        let elsewhere = row.coefficients(&mut rng, false);
        let other = Certificate::of_coefficients(&loss, &blocks, &elsewhere).unwrap();
        let below = other.gap.is_none_or(|gap| gap.dual <= certificate.objective + 1e-12);
        assert!(below, "{}", row.label);
    }
}

#[test]
fn zeros_are_certified_where_the_conditions_hold_with_a_margin() {
    let loss = Distance(vec![3.0, 0.2, 0.9999, -0.5]);
    let blocks = Blocks::new(vec![Block::new(Hpp, 4, 1.0).unwrap()]).unwrap();
    let fit = minimize(&loss, &blocks, &[0.0; 4], &Settings::default()).unwrap();
    let certified = certified_zeros(&loss, &blocks, &fit.coefficients, 1e-2).unwrap();
    assert_eq!(certified, [false, true, false, true], "the third is a zero by a hair");
}

#[test]
fn the_second_order_check_finds_the_smallest_eigenvalue_of_large_supports_too() {
    // A diagonal Hessian of 400 entries: beyond the dense case.
    let n = 400;
    let curvature = |j: usize| if j == 137 { -0.4 } else { 1.0 + j as f64 / 50.0 };
    let loss = value_and_gradient(move |beta: &[f64], gradient: &mut [f64]| {
        for (j, g) in gradient.iter_mut().enumerate() {
            *g = curvature(j) * beta[j];
        }
        beta.iter().enumerate().map(|(j, b)| 0.5 * curvature(j) * b * b).sum()
    })
    .with_hessian_product(move |_: &[f64], d: &[f64], out: &mut [f64]| {
        for (j, out) in out.iter_mut().enumerate() {
            *out = curvature(j) * d[j];
        }
    });
    let blocks = Blocks::new(vec![Block::new(Hpp, n, 0.1).unwrap()]).unwrap();
    let found = second_order(&loss, &blocks, &vec![1.0; n]).unwrap().unwrap();
    assert_eq!(found.support_size, n);
    assert!((found.smallest_eigenvalue + 0.4).abs() < 1e-6, "{found:?}");
    let mut beta = vec![1.0; n];
    beta[137] = 0.0;
    let found = second_order(&loss, &blocks, &beta).unwrap().unwrap();
    assert!((found.smallest_eigenvalue - 1.0).abs() < 1e-6, "{found:?}");
    let none = second_order(&loss, &blocks, &vec![0.0; n]).unwrap().unwrap();
    assert_eq!((none.support_size, none.smallest_eigenvalue), (0, f64::INFINITY));
}

#[test]
fn forward_mode_derivatives_are_exact() {
    struct Waves;
    impl chamfer::DualFunction for Waves {
        fn value<D: num_dual::DualNum<Primitive = f64> + Copy>(&self, beta: &[D]) -> D {
            (beta[0] * beta[1]).sin() + beta[1].powi(3)
        }
    }
    let waves = chamfer::ForwardMode(Waves);
    let (x, y) = (0.7f64, -1.3f64);
    let mut gradient = [0.0; 2];
    let value = waves.value_and_gradient(&[x, y], &mut gradient).unwrap();
    // How a compiler multiplies out a power is its own affair.
    assert!((value - ((x * y).sin() + y.powi(3))).abs() < 1e-14);
    assert!((gradient[0] - y * (x * y).cos()).abs() < 1e-15);
    assert!((gradient[1] - (x * (x * y).cos() + 3.0 * y * y)).abs() < 1e-14);
    let mut product = [0.0; 2];
    waves.hessian_product(&[x, y], &[1.0, 0.0], &mut product).unwrap();
    assert!((product[0] + y * y * (x * y).sin()).abs() < 1e-14);
    let cross = (x * y).cos() - x * y * (x * y).sin();
    assert!((product[1] - cross).abs() < 1e-14);
}
