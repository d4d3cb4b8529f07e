//! Time of whole certified lasso paths: 100 λs to `λ_max`/100, every relative gap at most 1e-6.
//!
//! `cargo bench -p chamfer-glm`; set `RAYON_NUM_THREADS=1` for one thread.

#[path = "../tests/common/mod.rs"]
mod common;

use chamfer_glm::{
    DenseDesign, Gaussian, Regression, RegressionSettings, Regularizer, Separable, lambda_grid,
};
use common::correlated;
use criterion::{Criterion, criterion_group, criterion_main};

fn lasso_paths(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("lasso_path");
    group.sample_size(10);
    let shapes = [
        ("500 x 5,000, rho 0.5", 500, 5_000, 0.5, 20),
        ("500 x 5,000, rho 0.9", 500, 5_000, 0.9, 20),
        ("20,000 x 500", 20_000, 500, 0.5, 50),
        ("200 x 20,000", 200, 20_000, 0.0, 20),
    ];
    for (name, n, p, rho, n_true) in shapes {
        let data = correlated(n, p, rho, n_true, 1);
        let design = DenseDesign::new(data.n, data.p, &data.x).expect("shape");
        let family = Separable::new(Gaussian, data.y, None).expect("finite");
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let settings = RegressionSettings::default();
                let regression =
                    Regression::new(&design, &family, Regularizer::l1(), &settings).expect("valid");
                let lambda_max = regression.lambda_max().expect("signal");
                let lambdas = lambda_grid(lambda_max, 100, 1e-2).expect("valid");
                let points = regression.path(&lambdas, 1e-6, &|| false).expect("valid");
                for point in points {
                    assert!(point.expect("not stopped").converged);
                }
            });
        });
    }
    group.finish();
}

criterion_group!(benches, lasso_paths);
criterion_main!(benches);
