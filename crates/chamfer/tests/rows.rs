//! What must hold of every parametrization by itself: the variational form and the derivatives.

mod common;

use chamfer::{Facts, Lifted, Scalar, Strength, catalogue};
use common::{D, Row, close, rows, uniform, wavy};
use num_traits::Float;
use rand::SeedableRng;
use rand::rngs::StdRng;

fn lift_collapses_back_and_attains_the_penalty<T: Scalar>() {
    let mut rng = StdRng::seed_from_u64(1);
    // An SVD in between costs more digits than a root.
    let ulps = |row: &Row<T>| if row.label.starts_with("matrix") { 4096.0 } else { 128.0 };
    for row in rows::<T>() {
        for trial in 0..50 {
            let beta = row.coefficients(&mut rng, trial % 2 == 0);
            let weights = row.weights(&mut rng);
            let strength = Strength::weighted(T::of(0.7), &weights);
            let mut factors = vec![T::nan(); row.parametrization.n_factors(D)];
            let mut back = vec![T::nan(); D];
            let (label, ulps) = (&row.label, ulps(&row));

            row.parametrization.lift(&beta, &mut factors);
            row.parametrization.collapse(&factors, &mut back);
            let same = |a: T, b: T| close(a, b, ulps);
            assert!(beta.iter().zip(&back).all(|(&a, &b)| same(a, b)), "{label}");
            let base = row.parametrization.penalty().value(&beta, strength);
            let surrogate = row.parametrization.surrogate(&factors, strength);
            assert!(same(surrogate, base), "{label}: {surrogate} {base}");
            assert!(
                row.parametrization.imbalance(&factors) <= T::of(ulps) * <T as Float>::epsilon(),
                "{label}"
            );

            row.parametrization.start(&beta, &mut factors);
            row.parametrization.collapse(&factors, &mut back);
            let opened = |a: T, b: T| same(a, b) || (row.is_square() && a < T::of(0.01));
            assert!(beta.iter().zip(&back).all(|(&a, &b)| opened(a, b)), "{label} start");
            let without_gates = label.starts_with("HPowP") && trial % 2 == 0;
            assert!(
                without_gates || row.parametrization.frozen(&factors).is_none(),
                "{label} start"
            );
        }
    }
}

#[test]
fn lift_collapses_back_and_attains_the_penalty_in_f64_and_f32() {
    lift_collapses_back_and_attains_the_penalty::<f64>();
    lift_collapses_back_and_attains_the_penalty::<f32>();
}

#[test]
fn the_lift_of_all_zeros_is_all_zeros_and_frozen() {
    for row in rows::<f64>() {
        let mut factors = vec![f64::NAN; row.parametrization.n_factors(D)];
        row.parametrization.lift(&[0.0; D], &mut factors);
        assert!(factors.iter().all(|factor| *factor == 0.0), "{}", row.label);
        let frozen = row.parametrization.frozen(&factors);
        assert_eq!(frozen.is_none(), row.label == "unpenalized", "{}", row.label);
    }
}

#[test]
fn no_fiber_goes_below_the_base_penalty() {
    let mut rng = StdRng::seed_from_u64(2);
    for row in rows::<f64>() {
        for _ in 0..500 {
            let factors: Vec<f64> = uniform(&mut rng, row.parametrization.n_factors(D));
            let mut beta = vec![0.0; D];
            row.parametrization.collapse(&factors, &mut beta);
            let weights = row.weights(&mut rng);
            let strength = Strength::weighted(1.3, &weights);
            let surrogate = row.parametrization.surrogate(&factors, strength);
            let excess = surrogate - row.parametrization.penalty().value(&beta, strength);
            assert!(excess >= -1e-13 * (1.0 + surrogate.abs()), "{}: {excess}", row.label);
        }
    }
}

/// Random factors, of which `zeros` are exactly 0.
fn factors_with_zeros(rng: &mut StdRng, n: usize, zeros: usize) -> Vec<f64> {
    let mut factors: Vec<f64> = uniform(rng, n);
    for k in 0..zeros {
        factors[k * 7 % n] = 0.0;
    }
    factors
}

/// Whether the second derivatives jump where a factor is 0, so that differences across it are off by
/// their step: the rows with powers, and the folded concave penalties at the seams of theirs.
fn is_smooth(row: &Row<f64>) -> bool {
    let kinked = ["HDP_k", "HPowP", "shared", "GHPowP", "MCP", "SCAD"];
    !kinked.iter().any(|name| row.label.starts_with(name))
}

#[test]
fn gradients_match_finite_differences_also_at_zero_factors() {
    let mut rng = StdRng::seed_from_u64(3);
    for row in rows::<f64>() {
        let blocks = row.blocks(0.3);
        for trial in 0..8 {
            let loss = wavy(uniform(&mut rng, D));
            let lifted = Lifted::new(&loss, &blocks);
            let factors = factors_with_zeros(&mut rng, blocks.n_factors(), trial);
            let mut gradient = vec![f64::NAN; factors.len()];
            let value = lifted.value_and_gradient(&factors, &mut gradient).unwrap();
            let surrogate = blocks.surrogate(&factors).unwrap();
            let mut beta = vec![0.0; D];
            blocks.collapse(&factors, &mut beta).unwrap();
            let of_loss = chamfer::Objective::value_and_gradient(&loss, &beta, &mut [0.0; D]);
            assert!(close(value, of_loss.unwrap() + surrogate, 64.0), "{}", row.label);
            let mut scratch = vec![0.0; factors.len()];
            let step = 1e-5;
            for k in 0..factors.len() {
                let mut at = |shift: f64| {
                    let mut moved = factors.clone();
                    moved[k] += shift;
                    lifted.value_and_gradient(&moved, &mut scratch).unwrap()
                };
                let numeric = (at(step) - at(-step)) / (2.0 * step);
                let scale = 1.0 + gradient[k].abs();
                let tolerance = if is_smooth(&row) { 1e-6 } else { 10.0 * step };
                assert!(
                    (numeric - gradient[k]).abs() < tolerance * scale,
                    "{} factor {k}: {numeric}, not {}",
                    row.label,
                    gradient[k]
                );
            }
        }
    }
}

#[test]
fn hessian_products_match_differences_of_gradients_and_are_symmetric() {
    let mut rng = StdRng::seed_from_u64(4);
    for row in rows::<f64>() {
        let blocks = row.blocks(0.3);
        let m = blocks.n_factors();
        for trial in 0..8 {
            let loss = wavy(uniform(&mut rng, D));
            let lifted = Lifted::new(&loss, &blocks);
            let zeros = if is_smooth(&row) { trial } else { 0 };
            let factors = factors_with_zeros(&mut rng, m, zeros);
            let (d, e): (Vec<f64>, Vec<f64>) = (uniform(&mut rng, m), uniform(&mut rng, m));
            let (mut product, mut other) = (vec![f64::NAN; m], vec![f64::NAN; m]);
            lifted.hessian_product(&factors, &d, &mut product).unwrap();
            lifted.hessian_product(&factors, &e, &mut other).unwrap();
            let (ed, de) = (common::dot(&e, &product), common::dot(&d, &other));
            assert!(close(ed, de, 4096.0), "{}: {ed} {de}", row.label);
            let step = 1e-6;
            let at = |shift: f64| {
                let moved: Vec<f64> = factors.iter().zip(&d).map(|(x, d)| x + shift * d).collect();
                let mut gradient = vec![0.0; m];
                lifted.value_and_gradient(&moved, &mut gradient).unwrap();
                gradient
            };
            let size = 1.0 + product.iter().fold(0.0, |most: f64, p| most.max(p.abs()));
            let differs = at(step)
                .iter()
                .zip(at(-step))
                .zip(&product)
                .any(|((a, b), p)| ((a - b) / (2.0 * step) - p).abs() > 2e-5 * size);
            assert!(!differs, "{} zeros {zeros}", row.label);
        }
    }
}

#[test]
fn penalties_have_the_gradients_and_hessians_that_they_say() {
    // On the support, stationarity at the gradient −λ∇R is 0, and the Hessian is its derivative.
    let mut rng = StdRng::seed_from_u64(5);
    for row in rows::<f64>() {
        let penalty = row.parametrization.penalty();
        let weights = row.weights(&mut rng);
        let strength = Strength::weighted(0.6, &weights);
        for trial in 0..20 {
            let beta = row.coefficients(&mut rng, trial % 2 == 0);
            let mut support = vec![false; D];
            penalty.support(&beta, &mut support);
            let numeric = |beta: &[f64], j: usize| {
                let at = |shift: f64| {
                    let mut moved = beta.to_vec();
                    moved[j] += shift;
                    penalty.value(&moved, strength)
                };
                (at(1e-6) - at(-1e-6)) / 2e-6
            };
            let slope = |beta: &[f64]| -> Vec<f64> {
                let at = |j| if support[j] { -numeric(beta, j) } else { 0.0 };
                (0..D).map(at).collect()
            };
            let residual = penalty.stationarity(&beta, &slope(&beta), strength);
            assert!(residual < 1e-4, "{}: {residual}", row.label);

            let direction: Vec<f64> = uniform::<f64>(&mut rng, D)
                .iter()
                .zip(&support)
                .map(|(d, live)| if *live { *d } else { 0.0 })
                .collect();
            let mut product = vec![f64::NAN; D];
            if !penalty.hessian_product(&beta, strength, &direction, &mut product) {
                assert!(row.label.starts_with("matrix"));
                continue;
            }
            let moved = |shift: f64| -> Vec<f64> {
                let moved: Vec<f64> =
                    beta.iter().zip(&direction).map(|(b, d)| b + shift * d).collect();
                slope(&moved).iter().map(|s| -s).collect()
            };
            let (after, before) = (moved(1e-4), moved(-1e-4));
            for j in 0..D {
                let numeric = (after[j] - before[j]) / 2e-4;
                let far = beta.iter().zip(&support).all(|(b, s)| !s || b.abs() > 0.05);
                let tolerance = 1e-2 * (1.0 + product[j].abs());
                assert!(
                    !far || (numeric - product[j]).abs() < tolerance,
                    "{} {j}: {numeric} {}",
                    row.label,
                    product[j]
                );
            }
        }
    }
}

#[test]
fn steepest_descent_descends_as_fast_as_it_is_long() {
    let mut rng = StdRng::seed_from_u64(8);
    for row in rows::<f64>() {
        for trial in 0..40 {
            let mut beta = row.coefficients(&mut rng, trial % 2 == 0);
            if trial % 4 == 3 {
                beta.fill(0.0);
            }
            let gradient: Vec<f64> = uniform(&mut rng, D).iter().map(|g: &f64| 4.0 * g).collect();
            let weights = row.weights(&mut rng);
            let strength = Strength::weighted(0.7, &weights);
            let penalty = row.parametrization.penalty();
            let mut direction = vec![f64::NAN; D];
            if !penalty.steepest_descent(&beta, &gradient, strength, &mut direction) {
                assert!(row.label.starts_with("matrix"), "{}", row.label);
                continue;
            }
            // Along d, P changes by −‖d‖² to first order.
            let step = 1e-7;
            let moved: Vec<f64> = beta.iter().zip(&direction).map(|(b, d)| b + step * d).collect();
            let of_loss: f64 = gradient.iter().zip(&direction).map(|(g, d)| g * d).sum();
            let rise = penalty.value(&moved, strength) - penalty.value(&beta, strength);
            let squares: f64 = direction.iter().map(|d| d * d).sum();
            let slope = of_loss + rise / step;
            assert!(
                (slope + squares).abs() <= 1e-3 * (1.0 + squares),
                "{} {slope} {squares}",
                row.label
            );
            let stationarity = penalty.stationarity(&beta, &gradient, strength);
            assert!(stationarity <= squares.sqrt() * (1.0 + 1e-9), "{}", row.label);
            assert!(squares.sqrt() <= stationarity * (D as f64).sqrt() + 1e-12, "{}", row.label);
        }
    }
}

#[test]
fn random_factors_have_the_variance_asked_for_and_stay_away_from_zero() {
    for row in rows::<f64>().iter().filter(|row| !row.is_square()) {
        let blocks = row.blocks(0.1);
        let (n, std) = (8_000, 0.3);
        let mut sums = [0.0; 2];
        let mut factors = vec![0.0; blocks.n_factors()];
        let mut beta = vec![0.0; D];
        for seed in 0..n {
            blocks.random(std, seed, &mut factors).unwrap();
            blocks.collapse(&factors, &mut beta).unwrap();
            for b in &beta {
                sums[0] += b;
                sums[1] += b * b;
            }
            assert!(factors.iter().all(|factor| factor.abs() > 1e-3), "{}", row.label);
        }
        let count = (D as f64) * n as f64;
        let deviation = (sums[1] / count).sqrt();
        assert!((deviation / std - 1.0).abs() < 0.02, "{}: {deviation}", row.label);
        assert!((sums[0] / count).abs() < 0.02 * std, "{}", row.label);
    }
}

#[test]
fn every_row_is_in_the_catalogue() {
    let listed = catalogue();
    for row in rows::<f64>() {
        assert!(listed.contains(&row.parametrization.facts()), "{}", row.label);
    }
    let names: Vec<&str> =
        rows::<f64>().iter().map(|row| row.parametrization.facts().name).collect();
    assert!(listed.iter().all(|facts: &&Facts| names.contains(&facts.name)));
}

#[test]
fn mcp_is_the_minimum_over_a_gate_and_that_form_has_plateaus() {
    // min over s of λs²|b| + (γλ²/2)(1 − s²)², by search, is the penalty.
    let (lambda, gamma) = (0.8, 3.0);
    let row = chamfer::Mcp::new(gamma).unwrap();
    let penalty: &dyn chamfer::Penalty<f64> = chamfer::Parametrization::penalty(&row);
    let gated = |b: f64, s: f64| {
        lambda * s * s * b.abs() + 0.5 * gamma * lambda * lambda * (1.0 - s * s).powi(2)
    };
    for b in [-4.0, -2.4, -1.0, 0.0, 0.3, 2.0, 3.0] {
        let least = (0..=20_000).map(|i| gated(b, f64::from(i) * 1e-4)).fold(f64::MAX, f64::min);
        let value = penalty.value(&[b], Strength::uniform(lambda));
        assert!((least - value).abs() < 1e-7, "{b}: {least} {value}");
    }
    // At s = 0 with unbalanced u and v, every small change that keeps uv raises the gated form, or
    // leaves it, although it is above the penalty: a minimizer that is none of the base problem.
    let form = |u: f64, v: f64, s: f64| {
        lambda * s * s * 0.5 * (u * u + v * v)
            + 0.5 * gamma * lambda * lambda * (1.0 - s * s).powi(2)
    };
    let (u, v) = (4.0, 0.25);
    let here = form(u, v, 0.0);
    assert!(here > penalty.value(&[u * v], Strength::uniform(lambda)) + 0.1);
    for s in [-1e-2, 0.0, 1e-2] {
        for stretch in [0.99, 1.0, 1.01] {
            assert!(form(u * stretch, v / stretch, s) >= here);
        }
    }
}
