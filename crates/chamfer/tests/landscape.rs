//! The landscape of the lifted problem: saddles, dead zones, balance.

mod common;

use chamfer::{
    Block, Blocks, Error, GroupProduct, Groups, Hdp, Hpp, HppK, Lifted, Objective, Penalty, Power,
    Settings, SharedProduct, Start, minimize, value_and_gradient,
};
use common::{D, Distance, rows};

/// `L(β) = −gβ`, whose gradient is the same everywhere.
fn slope(g: f64) -> impl Objective<f64> {
    value_and_gradient(move |beta: &[f64], gradient: &mut [f64]| {
        gradient.fill(-g);
        -g * beta.iter().sum::<f64>()
    })
}

/// Gradient descent from `factors`, until `done` says so of β.
fn descend(
    lifted: &Lifted<'_, f64, impl Objective<f64>>,
    blocks: &Blocks<f64>,
    factors: &mut [f64],
    rate: f64,
    mut done: impl FnMut(usize, &[f64], &[f64]) -> bool,
) {
    let mut gradient = vec![0.0; factors.len()];
    let mut beta = vec![0.0; blocks.n_coefficients()];
    for step in 0..1_000_000 {
        blocks.collapse(factors, &mut beta).unwrap();
        if done(step, factors, &beta) {
            return;
        }
        lifted.value_and_gradient(factors, &mut gradient).unwrap();
        for (x, g) in factors.iter_mut().zip(&gradient) {
            *x -= rate * g;
        }
    }
    panic!("gradient descent came to no end");
}

#[test]
fn a_wrong_zero_is_a_saddle_and_a_right_one_a_minimum() {
    // Q(u, v) = −g u v + λ/2 (u² + v²): its value along u = ±v is (λ ∓ g) t².
    let value = |g: f64, u: f64, v: f64| {
        let loss = slope(g);
        let blocks = Blocks::new(vec![Block::new(Hpp, 1, 1.0).unwrap()]).unwrap();
        Lifted::new(&loss, &blocks).value_and_gradient(&[u, v], &mut [0.0; 2]).unwrap()
    };
    assert!(value(1.5, 1e-3, 1e-3) < 0.0, "|g| > λ: a direction of descent");
    assert!(value(0.5, 1e-3, -1e-3) > 0.0 && value(0.5, 1e-3, 1e-3) > 0.0);
    assert!((value(1.5, 1e-3, 1e-3) - (1.0 - 1.5) * 1e-6).abs() < 1e-15);
}

#[test]
fn a_balanced_start_below_the_dead_zone_dies_and_one_above_lives() {
    let (g, lambda) = (1.3, 0.4);
    let loss = slope(g);
    for k in [3usize, 4, 5] {
        let depth = k as f64;
        let group = Groups::from_sizes(&[1]).unwrap();
        let rows = [
            Block::new(HppK::new(k).unwrap(), 1, lambda).unwrap(),
            Block::new(SharedProduct::new(depth).unwrap(), 1, lambda).unwrap(),
            Block::new(Power::new(depth).unwrap(), 1, lambda).unwrap(),
            Block::new(GroupProduct::deep(group, k).unwrap(), 1, lambda).unwrap(),
        ];
        for block in rows {
            let t = (2.0 * lambda / (depth * g)).powf(depth / (depth - 2.0));
            let penalty: &dyn Penalty<f64> = block.parametrization().penalty();
            assert!((penalty.dead_zone(lambda, g) - t).abs() < 1e-12);
            let blocks = Blocks::new(vec![block.clone()]).unwrap();
            let lifted = Lifted::new(&loss, &blocks);
            let mut factors = vec![0.0; blocks.n_factors()];
            let mut ends = |start: f64| {
                blocks.lift(&[start], &mut factors).unwrap();
                let mut end = f64::NAN;
                descend(&lifted, &blocks, &mut factors, 0.01, |_, _, beta| {
                    end = beta[0];
                    end < 0.1 * t || end > 3.0 * t
                });
                end
            };
            let name = block.parametrization().facts().name;
            assert!(ends(0.97 * t) < t, "{name} {k}: below t it dies");
            assert!(ends(1.03 * t) > t, "{name} {k}: above t it lives");
        }
    }
}

#[test]
fn a_start_with_unit_gates_survives_from_far_below_the_dead_zone() {
    let (g, lambda, k) = (1.3, 0.4, 4usize);
    let t = (2.0 * lambda / (k as f64 * g)).powf(2.0);
    let loss = slope(g);
    let row = HppK::new(k).unwrap();
    let blocks = Blocks::new(vec![Block::new(row, 1, lambda).unwrap()]).unwrap();
    let lifted = Lifted::new(&loss, &blocks);
    let mut factors = vec![0.0; k];
    blocks.start(&[1e-3 * t], &mut factors).unwrap();
    let mut end = f64::NAN;
    descend(&lifted, &blocks, &mut factors, 0.01, |_, _, beta| {
        end = beta[0];
        end > 2.0 * t
    });
    assert!(end > 2.0 * t);
}

#[test]
fn imbalance_decays_as_under_gradient_flow() {
    // u_l² − u_m² falls as exp(−4λt/k), whatever the loss.
    let (lambda, rate) = (0.3, 1e-4);
    let loss = Distance(vec![1.5]);
    for k in [2usize, 3, 4] {
        let row = HppK::new(k).unwrap();
        let blocks = Blocks::new(vec![Block::new(row, 1, lambda).unwrap()]).unwrap();
        let lifted = Lifted::new(&loss, &blocks);
        let mut factors: Vec<f64> = (0..k).map(|l| 1.0 + 0.4 * l as f64).collect();
        let imbalance = |x: &[f64]| x[k - 1] * x[k - 1] - x[0] * x[0];
        let first = imbalance(&factors);
        let steps = 20_000_u32;
        descend(&lifted, &blocks, &mut factors, rate, |step, _, _| step == steps as usize);
        let time = rate * f64::from(steps);
        let expected = first * (-4.0 * lambda * time / k as f64).exp();
        let found = imbalance(&factors);
        assert!((found / expected - 1.0).abs() < 2e-3, "k = {k}: {found}, not {expected}");
    }
}

#[test]
fn stationary_points_are_balanced_and_aligned() {
    let loss = Distance(vec![2.0, -1.5, 0.2, 0.1, 1.0, -0.8]);
    for row in rows::<f64>() {
        let blocks = row.blocks(0.1);
        let lifted = Lifted::new(&loss, &blocks);
        let mut factors = vec![0.0; blocks.n_factors()];
        blocks.random(1.0, 5, &mut factors).unwrap();
        // Plain descent, nothing settled or polished.
        let mut gradient = vec![0.0; factors.len()];
        for _ in 0..20_000 {
            lifted.value_and_gradient(&factors, &mut gradient).unwrap();
            for (x, g) in factors.iter_mut().zip(&gradient) {
                *x -= 0.05 * g;
            }
        }
        let certificate = chamfer::Certificate::of_factors(&loss, &blocks, &factors).unwrap();
        assert!(certificate.imbalance < 1e-8, "{}: {certificate:?}", row.label);
        assert!(certificate.misalignment.abs() < 1e-8, "{}: {certificate:?}", row.label);
    }
}

#[test]
fn starts_at_zero_are_refused_and_those_in_the_dead_zone_raised() {
    let loss = Distance(vec![3.0, 3.0, -3.0]);
    let settings = Settings::default();
    let block = |row: HppK| Blocks::new(vec![Block::new(row, 3, 0.5).unwrap()]).unwrap();
    let deep = block(HppK::new(3).unwrap());

    let zero = minimize(&loss, &deep, Start::Balanced(&[1.0, 0.0, 1.0]), &settings);
    let message = zero.unwrap_err().to_string();
    assert!(message.contains("coefficient 1") && message.contains("HPP_k"), "{message}");
    let factors = [0.0; 9];
    let frozen = minimize(&loss, &deep, Start::Factors(&factors), &settings);
    assert!(matches!(frozen, Err(Error::FrozenStart { index: 0, .. })));

    // t = (2λ/(kG))^{k/(k−2)} with G about 3 is 0.0014.
    let small = minimize(&loss, &deep, Start::Balanced(&[1e-6, 0.5, -1e-6]), &settings).unwrap();
    assert_eq!(small.raised, 2);
    assert!(small.coefficients.iter().all(|b| b.abs() > 2.0), "{small:?}");

    // At depth 2 there is no dead zone, and zero is refused all the same.
    let shallow = Blocks::new(vec![Block::new(Hdp, 3, 0.5).unwrap()]).unwrap();
    let fit = minimize(&loss, &shallow, Start::Balanced(&[1e-6, 0.5, -1e-6]), &settings).unwrap();
    assert_eq!(fit.raised, 0);
    let zero = minimize(&loss, &shallow, Start::Balanced(&[1.0, 0.0, 1.0]), &settings);
    assert!(matches!(zero, Err(Error::FrozenStart { index: 1, .. })));
}

#[test]
fn every_row_refuses_a_start_at_exactly_zero() {
    let loss = Distance(vec![1.0; D]);
    for row in rows::<f64>().iter().filter(|row| row.label != "unpenalized") {
        let blocks = row.blocks(0.1);
        let zeros = vec![0.0; blocks.n_factors()];
        let fit = minimize(&loss, &blocks, Start::Factors(&zeros), &Settings::default());
        assert!(matches!(fit, Err(Error::FrozenStart { .. })), "{}", row.label);
    }
}
