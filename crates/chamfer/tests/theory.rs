//! The theory as executable checks, on every parametrization in f64 and f32.

use chamfer::{
    Block, Blocks, Certificate, Error, Hdp, Hpp, L1, LbfgsSettings, Lifted, NoPenalty, Objective,
    Parametrization, Penalty, Scalar, Strength, Unpenalized, minimize, value_and_gradient,
};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// The parametrizations with their names in messages.
fn catalogue<T: Scalar>() -> Vec<Box<dyn Parametrization<T>>> {
    vec![Box::new(Hpp), Box::new(Hdp), Box::new(Unpenalized)]
}

fn uniform<T: Scalar>(rng: &mut StdRng, n: usize) -> Vec<T> {
    (0..n).map(|_| T::of(rng.random_range(-2.0..2.0))).collect()
}

fn close<T: Scalar>(a: T, b: T, ulps: f64) -> bool {
    (a - b).abs() <= T::epsilon() * T::of(ulps) * (T::one() + a.abs().max(b.abs()))
}

fn lift_collapses_back_and_attains_the_penalty<T: Scalar>() {
    let mut rng = StdRng::seed_from_u64(1);
    for row in catalogue::<T>() {
        for _ in 0..50 {
            let mut beta: Vec<T> = uniform(&mut rng, 6);
            beta[rng.random_range(0..6)] = T::zero();
            let weights: Vec<T> = (0..6).map(|_| T::of(rng.random_range(0.1..3.0))).collect();
            let strength = Strength::weighted(T::of(0.7), &weights);
            let mut factors = vec![T::nan(); row.n_factors(6)];
            let mut back = vec![T::nan(); 6];

            row.lift(&beta, &mut factors);
            row.collapse(&factors, &mut back);
            let name = row.name();
            assert!(beta.iter().zip(&back).all(|(&a, &b)| close(a, b, 4.0)), "{name}");
            let base = row.penalty().value(&beta, strength);
            assert!(close(row.surrogate(&factors, strength), base, 16.0), "{name}");
            assert!(row.imbalance(&factors) <= T::epsilon() * T::of(8.0), "{name}");

            row.start(&beta, &mut factors);
            row.collapse(&factors, &mut back);
            assert!(beta.iter().zip(&back).all(|(&a, &b)| close(a, b, 8.0)), "{name} start");
        }
    }
}

#[test]
fn lift_collapses_back_and_attains_the_penalty_in_f64_and_f32() {
    lift_collapses_back_and_attains_the_penalty::<f64>();
    lift_collapses_back_and_attains_the_penalty::<f32>();
}

#[test]
fn no_fiber_goes_below_the_base_penalty() {
    let mut rng = StdRng::seed_from_u64(2);
    for row in catalogue::<f64>() {
        for _ in 0..500 {
            let factors: Vec<f64> = uniform(&mut rng, row.n_factors(4));
            let mut beta = vec![0.0; 4];
            row.collapse(&factors, &mut beta);
            let weights: Vec<f64> = (0..4).map(|_| rng.random_range(0.1..3.0)).collect();
            let strength = Strength::weighted(1.3, &weights);
            let excess = row.surrogate(&factors, strength) - row.penalty().value(&beta, strength);
            assert!(excess >= -1e-14, "{}: {excess}", row.name());
        }
    }
}

/// `½‖β − z‖²` with a coupling, so that its gradient is not trivial.
fn quadratic(z: &[f64]) -> impl Objective<f64> + '_ {
    value_and_gradient(move |beta: &[f64], gradient: &mut [f64]| {
        let sum: f64 = beta.iter().sum();
        for (j, g) in gradient.iter_mut().enumerate() {
            *g = beta[j] - z[j] + 0.1 * sum;
        }
        beta.iter().zip(z).map(|(b, z)| 0.5 * (b - z).powi(2)).sum::<f64>() + 0.05 * sum * sum
    })
}

fn mixed_blocks(lambda: f64) -> Blocks<f64> {
    let weighted = Block::new(Hdp, 3, lambda).unwrap().with_weights(vec![1.0, 2.0, 0.5]).unwrap();
    Blocks::new(vec![
        Block::new(Hpp, 4, lambda).unwrap(),
        weighted,
        Block::new(Unpenalized, 2, 0.0).unwrap(),
    ])
    .unwrap()
}

#[test]
fn lifted_gradient_matches_finite_differences_also_at_zero_factors() {
    let mut rng = StdRng::seed_from_u64(3);
    let z: Vec<f64> = uniform(&mut rng, 9);
    let (loss, blocks) = (quadratic(&z), mixed_blocks(0.3));
    let lifted = Lifted::new(&loss, &blocks);
    for trial in 0..20 {
        let mut factors: Vec<f64> = uniform(&mut rng, blocks.n_factors());
        for k in 0..trial {
            factors[k * 7 % 16] = 0.0;
        }
        let mut gradient = vec![0.0; factors.len()];
        lifted.value_and_gradient(&factors, &mut gradient).unwrap();
        let mut scratch = vec![0.0; factors.len()];
        for k in 0..factors.len() {
            let mut at = |shift: f64| {
                let mut moved = factors.clone();
                moved[k] += shift;
                lifted.value_and_gradient(&moved, &mut scratch).unwrap()
            };
            let numeric = (at(1e-5) - at(-1e-5)) / 2e-5;
            assert!((numeric - gradient[k]).abs() < 1e-8, "{k}: {numeric} {}", gradient[k]);
        }
    }
}

#[test]
fn a_point_is_evaluated_once() {
    use argmin::core::{CostFunction, Gradient};
    let z = [1.0; 9];
    let (loss, blocks) = (quadratic(&z), mixed_blocks(0.1));
    let lifted = Lifted::new(&loss, &blocks);
    let factors = vec![0.5; blocks.n_factors()];
    lifted.cost(&factors).unwrap();
    lifted.gradient(&factors).unwrap();
    assert_eq!(lifted.evaluations(), 1);
}

#[test]
fn a_wrong_zero_is_a_saddle_and_a_right_one_a_minimum() {
    // Q(u, v) = g u v + λ/2 (u² + v²): its value along u = ∓v is (λ ∓ g) t².
    let value = |g: f64, u: f64, v: f64| {
        let loss = value_and_gradient(move |b: &[f64], gradient: &mut [f64]| {
            gradient[0] = g;
            g * b[0]
        });
        let blocks = Blocks::new(vec![Block::new(Hpp, 1, 1.0).unwrap()]).unwrap();
        Lifted::new(&loss, &blocks).value_and_gradient(&[u, v], &mut [0.0; 2]).unwrap()
    };
    assert!(value(1.5, 1e-3, -1e-3) < 0.0, "|g| > λ: a direction of descent");
    assert!(value(0.5, 1e-3, -1e-3) > 0.0 && value(0.5, 1e-3, 1e-3) > 0.0);
    assert!((value(1.5, 1e-3, -1e-3) - (1.0 - 1.5) * 1e-6).abs() < 1e-15);
}

#[test]
fn minimize_finds_the_closed_form_from_random_starts() {
    // min ½(b − z)² + λ|b| is sign(z) max(|z| − λ, 0).
    let z = [3.0, -0.4, 0.0, -2.0, 0.999, 1.001];
    let loss = value_and_gradient(|beta: &[f64], gradient: &mut [f64]| {
        for (j, g) in gradient.iter_mut().enumerate() {
            *g = beta[j] - z[j];
        }
        gradient.iter().map(|g| 0.5 * g * g).sum()
    });
    let mut rng = StdRng::seed_from_u64(4);
    for trial in 0..20 {
        let block = if trial % 2 == 0 { Block::new(Hpp, 6, 1.0) } else { Block::new(Hdp, 6, 1.0) };
        let blocks = Blocks::new(vec![block.unwrap()]).unwrap();
        let start: Vec<f64> = uniform(&mut rng, 6);
        let fit = minimize(&loss, &blocks, &start, &LbfgsSettings::default()).unwrap();
        for (b, z) in fit.coefficients.iter().zip(z) {
            let expected = z.signum() * (z.abs() - 1.0).max(0.0);
            assert!((b - expected).abs() < 1e-6, "trial {trial}: {b} for {z}");
            assert!(expected != 0.0 || *b == 0.0, "an exact zero for {z}");
        }
        assert!(fit.certificate.stationarity < 1e-6 && fit.certificate.misalignment.abs() < 1e-6);
    }
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
    let fit = minimize(&loss, &blocks, &[0.0, 0.0], &LbfgsSettings::default()).unwrap();
    assert!((fit.coefficients[0] - 1.5).abs() < 1e-3);
    assert_eq!(fit.coefficients[1], 0.0);
}

#[test]
fn any_argmin_solver_takes_the_lifted_problem() {
    use argmin::core::{Executor, State};
    use argmin::solver::gradientdescent::SteepestDescent;
    use argmin::solver::linesearch::MoreThuenteLineSearch;
    let z = [3.0, -0.2, 0.1, -2.0, 1.0, 0.05, 0.0, 1.5, -1.0];
    let (loss, blocks) = (quadratic(&z), mixed_blocks(0.3));
    let mut start = vec![0.0; blocks.n_factors()];
    blocks.start(&[0.0; 9], &mut start).unwrap();
    let search: MoreThuenteLineSearch<Vec<f64>, Vec<f64>, f64> = MoreThuenteLineSearch::new();
    let run = Executor::new(Lifted::new(&loss, &blocks), SteepestDescent::new(search))
        .configure(|state| state.param(start).max_iters(5_000))
        .run()
        .unwrap();
    let factors = run.state().get_best_param().unwrap();
    let by_descent = Certificate::of_factors(&loss, &blocks, factors).unwrap();
    let fit = minimize(&loss, &blocks, &[0.0; 9], &LbfgsSettings::default()).unwrap();
    assert!(
        (by_descent.objective - fit.certificate.objective).abs() < 1e-6,
        "{by_descent:?} {fit:?}"
    );
    assert!(fit.certificate.stationarity < 1e-6);
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
}

#[test]
fn bad_input_is_a_typed_error() {
    for lambda in [-1.0, f64::NAN, f64::INFINITY] {
        assert!(matches!(Block::new(Hpp, 2, lambda), Err(Error::InvalidLambda { .. })));
    }
    let block = || Block::new(Hpp, 2, 1.0).unwrap();
    let weight = block().with_weights(vec![1.0, 0.0]);
    assert!(matches!(weight, Err(Error::InvalidWeight { index: 1, .. })));
    assert!(matches!(block().with_weights(vec![1.0]), Err(Error::LengthMismatch { .. })));
    assert_eq!(Blocks::<f64>::new(vec![]).err(), Some(Error::Empty));

    let blocks = Blocks::new(vec![block()]).unwrap();
    let broken = value_and_gradient(|b: &[f64], g: &mut [f64]| {
        g.fill(1.0);
        if b[0] < -0.5 { f64::NAN } else { b[0] + b[1] }
    });
    let settings = LbfgsSettings::default();
    let length = minimize(&broken, &blocks, &[0.0], &settings);
    assert!(matches!(length, Err(Error::LengthMismatch { expected: 2, found: 1, .. })));
    let start = minimize(&broken, &blocks, &[0.0, f64::NAN], &settings);
    assert!(matches!(start, Err(Error::InvalidStart { index: 1, .. })));
    let nan = minimize(&broken, &blocks, &[-1.0, 0.0], &settings);
    assert!(matches!(nan, Err(Error::NonFiniteObjective { evaluation: 1, .. })));
}
