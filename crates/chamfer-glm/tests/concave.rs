//! How low the minima of concave penalties are.

mod common;

use chamfer_glm::{
    DenseDesign, Gaussian, PathStart, Regression, RegressionPoint, RegressionSettings, Regularizer,
    Separable, lambda_grid,
};
use common::{Simulated, correlated};

fn never() -> bool {
    false
}

/// The points at shares of the largest λ, without an intercept and with columns as they are.
fn solve(
    data: &Simulated,
    penalty: &Regularizer,
    start: PathStart,
    shares: &[f64],
) -> Vec<RegressionPoint> {
    let design = DenseDesign::new(data.n, data.p, &data.x).unwrap();
    let family = Separable::new(Gaussian, data.y.clone(), None).unwrap();
    let settings = RegressionSettings {
        intercept: false,
        standardize: false,
        start,
        ..RegressionSettings::default()
    };
    let regression = Regression::new(&design, &family, penalty.clone(), &settings).unwrap();
    let largest = regression.lambda_max().unwrap();
    let lambdas: Vec<f64> = shares.iter().map(|share| share * largest).collect();
    let points = regression.path(&lambdas, 1e-7, &never).unwrap();
    points.map(Result::unwrap).inspect(|point| assert!(point.converged, "{point:?}")).collect()
}

/// With the square loss, opening one zero or closing one coefficient changes the objective by what two
/// one-dimensional formulas say; `ℓ_½` leaves nothing that would lower it.
#[test]
fn nothing_pays_to_open_or_to_close() {
    for (n, p, seed) in [(60, 300, 1), (100, 40, 2), (80, 500, 3)] {
        let data = correlated(n, p, 0.6, 8, seed);
        for start in [PathStart::Best, PathStart::Previous] {
            for shares in [vec![0.5, 0.3, 0.2, 0.1, 0.05], vec![0.05], vec![0.01]] {
                for point in solve(&data, &Regularizer::lq(0.5), start, &shares) {
                    let lambda = point.lambda;
                    let mut beta = vec![0.0; p];
                    for &(j, b) in &point.coefficients[0].values {
                        beta[j] = b;
                    }
                    let column = |j: usize| &data.x[j * n..(j + 1) * n];
                    let mut residual = data.y.clone();
                    for (j, b) in beta.iter().enumerate() {
                        for (r, x) in residual.iter_mut().zip(column(j)) {
                            *r -= b * x;
                        }
                    }
                    for (j, b) in beta.iter().enumerate() {
                        let pairs = column(j).iter().zip(&residual);
                        let pull = pairs.map(|(x, r)| x * r).sum::<f64>() / n as f64;
                        let h = column(j).iter().map(|x| x * x).sum::<f64>() / n as f64;
                        if *b == 0.0 {
                            // min ½hr² − |pull| r + λ√r is below 0 beyond 3/2 · (λ²h)^⅓.
                            let most = 1.5 * (lambda * lambda * h).cbrt();
                            assert!(pull.abs() <= most * (1.0 + 1e-6), "{start:?} opens {j}");
                        } else {
                            let change = pull * b + 0.5 * h * b * b - lambda * b.abs().sqrt();
                            assert!(change >= -1e-9, "{start:?} closes {j}: {change}");
                        }
                    }
                }
            }
        }
    }
}

/// A single λ far below the largest ends about as low as the same λ at the end of a path: lower here, higher there.
#[test]
fn a_far_lambda_ends_as_low_as_a_path_to_it() {
    let mut ratios = Vec::new();
    for (n, p, rho, seed) in [(100, 500, 0.5, 1), (120, 600, 0.8, 2), (150, 400, 0.3, 3)] {
        let data = correlated(n, p, rho, 20, seed);
        for penalty in [Regularizer::mcp(3.0), Regularizer::scad(3.7)] {
            let shares = lambda_grid(1.0, 40, 0.02).unwrap();
            let path = solve(&data, &penalty, PathStart::Previous, &shares);
            let alone = solve(&data, &penalty, PathStart::Previous, &shares[39..]);
            ratios.push(alone[0].certificate.objective / path[39].certificate.objective);
        }
    }
    let mean = ratios.iter().map(|ratio| ratio.ln()).sum::<f64>() / ratios.len() as f64;
    assert!(mean < 0.03, "{mean}: {ratios:?}");
    assert!(ratios.iter().all(|ratio| *ratio < 1.2), "{ratios:?}");
}
