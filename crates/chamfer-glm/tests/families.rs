//! Every family by itself: derivatives, duals, folds, bad input.

use chamfer_glm::{
    Binomial, Cox, Error, Family, Gamma, Gaussian, Huber, MultiGaussian, Multinomial,
    NegativeBinomial, Poisson, RowLoss, Separable, SquaredHinge, Ties, Tweedie,
};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

const N: usize = 12;

fn numbers(rng: &mut StdRng, n: usize, scale: f64) -> Vec<f64> {
    (0..n).map(|_| scale * (2.0 * rng.random::<f64>() - 1.0)).collect()
}

fn separable<R: RowLoss>(loss: R, target: Vec<f64>, weights: &[f64]) -> Box<dyn Family> {
    Box::new(Separable::new(loss, target, Some(weights)).unwrap())
}

/// Families with random targets and weights, of which one is 0.
fn families(rng: &mut StdRng) -> Vec<Box<dyn Family>> {
    let mut weights: Vec<f64> = (0..N).map(|_| 0.2 + rng.random::<f64>()).collect();
    weights[7] = 0.0;
    let w = &weights;
    let real = numbers(rng, N, 2.0);
    let yes: Vec<f64> = (0..N).map(|i| f64::from(u8::from(i % 3 == 0))).collect();
    let counts: Vec<f64> = (0..N).map(|_| (4.0 * rng.random::<f64>()).floor()).collect();
    let amounts: Vec<f64> = (0..N).map(|_| 0.1 + rng.random::<f64>()).collect();
    let classes = (0..N).map(|i| i % 3).collect();
    // Heavy ties.
    let times: Vec<f64> = (0..N).map(|_| (4.0 * rng.random::<f64>()).floor()).collect();
    let events: Vec<bool> = (0..N).map(|i| i % 4 != 1).collect();
    let strata: Vec<usize> = (0..N).map(|i| i / 8).collect();
    let cox = |strata, ties| -> Box<dyn Family> {
        Box::new(Cox::new(times.clone(), events.clone(), strata, Some(w), ties).unwrap())
    };
    vec![
        separable(Gaussian, real.clone(), w),
        separable(Binomial, yes.clone(), w),
        separable(Poisson, counts.clone(), w),
        separable(Gamma, amounts.clone(), w),
        separable(NegativeBinomial::new(1.7).unwrap(), counts.clone(), w),
        separable(Tweedie::new(1.4).unwrap(), counts.clone(), w),
        separable(Huber::new(0.8).unwrap(), real.clone(), w),
        separable(SquaredHinge, yes, w),
        Box::new(MultiGaussian::new(numbers(rng, 2 * N, 2.0), 2, Some(w)).unwrap()),
        Box::new(Multinomial::new(classes, 3, Some(w)).unwrap()),
        cox(None, Ties::Breslow),
        cox(Some(strata.clone()), Ties::Breslow),
        cox(None, Ties::Efron),
        cox(Some(strata), Ties::Efron),
    ]
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn close(a: f64, b: f64, tolerance: f64) -> bool {
    (a - b).abs() <= tolerance * (1.0 + a.abs().max(b.abs()))
}

#[test]
fn derivatives_match_finite_differences() {
    let mut rng = StdRng::seed_from_u64(1);
    for family in families(&mut rng) {
        let m = N * family.n_outputs();
        let eta = numbers(&mut rng, m, 1.5);
        let direction = numbers(&mut rng, m, 1.0);
        let at = |step: f64| {
            let moved: Vec<f64> = eta.iter().zip(&direction).map(|(e, d)| e + step * d).collect();
            let mut gradient = vec![0.0; m];
            let value = family.value_and_gradient(&moved, &mut gradient);
            (value, gradient)
        };
        let step = 1e-5;
        let (_, gradient) = at(0.0);
        let ((above, up), (below, down)) = (at(step), at(-step));
        let slope = (above - below) / (2.0 * step);
        assert!(close(dot(&gradient, &direction), slope, 1e-7), "{}", family.name());
        let mut product = vec![0.0; m];
        family.hessian_product(&eta, &direction, &mut product);
        for i in 0..m {
            let bend = (up[i] - down[i]) / (2.0 * step);
            assert!(close(product[i], bend, 1e-6), "{} {i}: {} {bend}", family.name(), product[i]);
        }
        let mut rows = vec![0.0; N];
        let mut sums = vec![0.0; m];
        let outputs = family.n_outputs();
        let mut separable = true;
        for k in 0..outputs {
            for l in 0..outputs {
                separable &= family.curvature(&eta, k, l, &mut rows);
                for i in 0..N {
                    sums[k * N + i] += rows[i] * direction[l * N + i];
                }
            }
        }
        assert_eq!(separable, family.name() != "cox");
        if separable {
            assert!(sums.iter().zip(&product).all(|(a, b)| close(*a, *b, 1e-12)));
        }
    }
}

#[test]
fn duals_are_tight_at_the_gradient_and_bounds_elsewhere() {
    let mut rng = StdRng::seed_from_u64(2);
    for family in families(&mut rng) {
        let m = N * family.n_outputs();
        for _ in 0..20 {
            let eta = numbers(&mut rng, m, 1.5);
            let mut gradient = vec![0.0; m];
            let value = family.value_and_gradient(&eta, &mut gradient);
            let dual = family.dual(&eta, &gradient, 1.0).unwrap();
            let tight = value - dot(&gradient, &eta);
            assert!(close(dual, tight, 1e-9), "{}: {dual} {tight}", family.name());
            // −L*(θ) ≤ L(η') − θᵀη' for every η'.
            for shrink in [1.0, 0.9, 0.3, 1e-3] {
                let dual = family.dual(&eta, &gradient, shrink).unwrap();
                let other = numbers(&mut rng, m, 4.0);
                let above = family.value_and_gradient(&other, &mut vec![0.0; m])
                    - shrink * dot(&gradient, &other);
                assert!(dual <= above + 1e-9, "{} {shrink}: {dual} {above}", family.name());
            }
            assert!(family.saturated() <= value + 1e-12, "{}", family.name());
        }
    }
}

#[test]
fn rows_without_weight_do_not_count() {
    let mut rng = StdRng::seed_from_u64(3);
    for family in families(&mut rng) {
        let m = N * family.n_outputs();
        let mut weights = vec![1.0; N];
        weights[2] = 0.0;
        let family = family.with_weights(&weights).unwrap();
        assert!(close(family.weights().iter().sum(), 1.0, 1e-14));
        let mut eta = numbers(&mut rng, m, 1.0);
        let mut gradient = vec![0.0; m];
        let value = family.value_and_gradient(&eta, &mut gradient);
        for k in 0..family.n_outputs() {
            assert_eq!(gradient[k * N + 2], 0.0, "{}", family.name());
            eta[k * N + 2] += 3.0;
        }
        let moved = family.value_and_gradient(&eta, &mut gradient);
        assert!(close(value, moved, 1e-13), "{}", family.name());
    }
}

/// By the definition, with a double loop.
fn partial_likelihood(times: &[f64], events: &[bool], eta: &[f64], ties: Ties) -> f64 {
    let n = times.len();
    let mut sum = 0.0;
    for i in (0..n).filter(|&i| events[i]) {
        let tied: Vec<usize> = (0..n).filter(|&j| events[j] && times[j] == times[i]).collect();
        let rank = tied.iter().position(|&j| j == i).unwrap();
        let fraction = match ties {
            Ties::Breslow => 0.0,
            Ties::Efron => rank as f64 / tied.len() as f64,
        };
        let risk: f64 = (0..n).filter(|&j| times[j] >= times[i]).map(|j| eta[j].exp()).sum();
        let dying: f64 = tied.iter().map(|&j| eta[j].exp()).sum();
        sum += (risk - fraction * dying).ln() - eta[i];
    }
    sum / n as f64
}

#[test]
fn cox_is_the_partial_likelihood() {
    let mut rng = StdRng::seed_from_u64(4);
    for ties in [Ties::Breslow, Ties::Efron] {
        let times: Vec<f64> = (0..40).map(|_| (12.0 * rng.random::<f64>()).floor()).collect();
        let events: Vec<bool> = (0..40).map(|_| rng.random::<f64>() < 0.7).collect();
        let family = Cox::new(times.clone(), events.clone(), None, None, ties).unwrap();
        let eta = numbers(&mut rng, 40, 2.0);
        let value = family.value_and_gradient(&eta, &mut [0.0; 40]);
        assert!(close(value, partial_likelihood(&times, &events, &eta, ties), 1e-12));
        // Two strata add up.
        let strata: Vec<usize> = (0..40).map(|i| i % 2).collect();
        let both = Cox::new(times.clone(), events.clone(), Some(strata), None, ties).unwrap();
        let half = |s: usize| {
            let pick = |i: &usize| i % 2 == s;
            let rows: Vec<usize> = (0..40).filter(pick).collect();
            let times: Vec<f64> = rows.iter().map(|&i| times[i]).collect();
            let events: Vec<bool> = rows.iter().map(|&i| events[i]).collect();
            let eta: Vec<f64> = rows.iter().map(|&i| eta[i]).collect();
            0.5 * partial_likelihood(&times, &events, &eta, ties)
        };
        let value = both.value_and_gradient(&eta, &mut [0.0; 40]);
        assert!(close(value, half(0) + half(1), 1e-12));
    }
}

#[test]
fn huge_predictors_give_no_nan() {
    let mut rng = StdRng::seed_from_u64(5);
    for family in families(&mut rng) {
        let m = N * family.n_outputs();
        for scale in [1e2, 2e3, 1e5] {
            let eta = numbers(&mut rng, m, scale);
            let mut gradient = vec![0.0; m];
            let value = family.value_and_gradient(&eta, &mut gradient);
            assert!(!value.is_nan(), "{} {scale}", family.name());
            if value.is_finite() {
                assert!(gradient.iter().all(|g| !g.is_nan()), "{} {scale}", family.name());
            }
        }
    }
}

#[test]
fn bad_targets_are_refused_with_their_row() {
    let row = |error: Error| match error {
        Error::InvalidTarget { row, .. } | Error::InvalidTime { row, .. } => row,
        other => panic!("{other}"),
    };
    assert_eq!(row(Separable::new(Binomial, vec![0.0, 1.0, 2.0], None).unwrap_err()), 2);
    assert_eq!(row(Separable::new(Poisson, vec![1.0, -1.0], None).unwrap_err()), 1);
    assert_eq!(row(Separable::new(Gamma, vec![0.0, 1.0], None).unwrap_err()), 0);
    assert_eq!(row(Separable::new(Gaussian, vec![1.0, f64::NAN], None).unwrap_err()), 1);
    let events = vec![true, false];
    let negative = Cox::new(vec![1.0, -2.0], events.clone(), None, None, Ties::Efron);
    assert_eq!(row(negative.unwrap_err()), 1);
    let none = Cox::new(vec![1.0, 2.0], vec![false; 2], None, None, Ties::Efron);
    assert_eq!(none.unwrap_err(), Error::NoEvents);
    let short = Cox::new(vec![1.0, 2.0], vec![true], None, None, Ties::Efron);
    assert!(matches!(short.unwrap_err(), Error::LengthMismatch { .. }));
    assert!(matches!(Tweedie::new(2.0).unwrap_err(), Error::InvalidPower { .. }));
    assert!(matches!(Huber::new(0.0).unwrap_err(), Error::InvalidParameter { .. }));
    let class = Multinomial::new(vec![0, 3], 3, None).unwrap_err();
    assert_eq!(class, Error::InvalidClass { row: 1, class: 3, n_classes: 3 });
    let empty = Multinomial::new(vec![0, 2], 3, None).unwrap_err();
    assert_eq!(empty, Error::EmptyClass { class: 1 });
}
