//! Sparse designs with many columns in use, which are solved by products, against the same matrix dense, which is
//! not.

use chamfer_glm::{
    Binomial, DenseDesign, Design, Family, Gaussian, Poisson, Regression, RegressionPoint,
    RegressionSettings, Regularizer, Separable, SparseDesign, lambda_grid,
};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use rand_distr::{Distribution, StandardNormal};

const N: usize = 400;
const P: usize = 3000;

struct Text {
    starts: Vec<usize>,
    rows: Vec<usize>,
    values: Vec<f64>,
    dense: Vec<f64>,
    /// A linear predictor with noise.
    eta: Vec<f64>,
}

/// A few frequent columns and many of four entries, some of which are alike.
fn text(seed: u64) -> Text {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut dense = vec![0.0; N * P];
    for (j, column) in dense.chunks_exact_mut(N).enumerate() {
        let n_entries = if j < 10 { N / 4 } else { 4 };
        for _ in 0..n_entries {
            column[rng.random_range(0..N)] = rng.random_range(0.5..2.0);
        }
    }
    for j in (100..P).step_by(100) {
        dense.copy_within((j - 1) * N..j * N, j * N);
    }
    let (mut starts, mut rows, mut values) = (vec![0], Vec::new(), Vec::new());
    for column in dense.chunks_exact(N) {
        for (i, &x) in column.iter().enumerate().filter(|(_, x)| **x != 0.0) {
            rows.push(i);
            values.push(x);
        }
        starts.push(rows.len());
    }
    let mut eta: Vec<f64> = (0..N).map(|_| StandardNormal.sample(&mut rng)).collect();
    for j in (0..P).step_by(40) {
        for i in 0..N {
            eta[i] += if j % 80 == 0 { 1.0 } else { -1.0 } * dense[j * N + i];
        }
    }
    Text { starts, rows, values, dense, eta }
}

fn path(design: &dyn Design, family: &dyn Family, penalty: &Regularizer) -> Vec<RegressionPoint> {
    let settings = RegressionSettings { standardize: false, ..Default::default() };
    let regression = Regression::new(design, family, penalty.clone(), &settings).unwrap();
    let lambdas = lambda_grid(regression.lambda_max().unwrap(), 6, 0.02).unwrap();
    regression.path(&lambdas, 1e-8, &|| false).unwrap().map(Result::unwrap).collect()
}

fn families(eta: &[f64]) -> [Box<dyn Family>; 3] {
    let weights: Vec<f64> = (0..N).map(|i| 0.5 + (i % 3) as f64).collect();
    let yes = eta.iter().map(|eta| f64::from(*eta > 0.3)).collect();
    let counts = eta.iter().map(|eta| (0.3 * eta).exp().round()).collect();
    [
        Box::new(Separable::new(Binomial, yes, Some(&weights)).unwrap()),
        Box::new(Separable::new(Poisson, counts, None).unwrap()),
        Box::new(Separable::new(Gaussian, eta.to_vec(), Some(&weights)).unwrap()),
    ]
}

#[test]
fn products_solve_what_factors_solve() {
    let Text { starts, rows, values, dense, eta } = text(8);
    let sparse = SparseDesign::new(N, &starts, &rows, &values).unwrap();
    let dense = DenseDesign::new(N, P, &dense).unwrap();
    let penalties = [
        Regularizer::l1(),
        Regularizer::l1().with_l1_ratio(0.7),
        Regularizer::non_negative().with_unpenalized(vec![0, 1]),
    ];
    for family in families(&eta) {
        for penalty in &penalties {
            let of_sparse = path(&sparse, family.as_ref(), penalty);
            let of_dense = path(&dense, family.as_ref(), penalty);
            let most = of_sparse.iter().map(|point| point.coefficients[0].values.len()).max();
            assert!(most > Some(100), "{most:?}");
            for (a, b) in of_sparse.iter().zip(&of_dense) {
                assert!(a.converged && b.converged, "{} {penalty:?}", family.name());
                let gap = a.certificate.gap.unwrap();
                assert!(gap.relative() <= 1e-8 && b.certificate.gap.unwrap().relative() <= 1e-8);
                let (p, q) = (a.certificate.objective, b.certificate.objective);
                assert!((p - q).abs() <= 2e-8 * q, "{} {penalty:?}: {p} {q}", family.name());
            }
        }
    }
}

#[test]
fn concave_penalties_on_many_sparse_columns_are_stationary() {
    let Text { starts, rows, values, eta, .. } = text(9);
    let sparse = SparseDesign::new(N, &starts, &rows, &values).unwrap();
    for family in families(&eta) {
        for point in path(&sparse, family.as_ref(), &Regularizer::mcp(3.0)) {
            assert!(point.converged, "{} at {}", family.name(), point.lambda);
        }
    }
}

/// Products do not depend on threads, nor do their sums.
#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let Text { starts, rows, values, eta, .. } = text(10);
    let sparse = SparseDesign::new(N, &starts, &rows, &values).unwrap();
    for family in families(&eta) {
        let with = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| path(&sparse, family.as_ref(), &Regularizer::l1()))
        };
        assert_eq!(with(1), with(3));
    }
}
