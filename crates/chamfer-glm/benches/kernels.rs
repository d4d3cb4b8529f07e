//! The loops in which fits spend their time, with what they read or compute in a second.
//!
//! `cargo bench -p chamfer-glm --bench kernels`; set `RAYON_NUM_THREADS=1` for one thread.

use chamfer_glm::{Centred, DenseDesign, Design, SparseDesign};
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};

const ROWS: usize = 2_000;
const COLUMNS: usize = 2_000;
/// Vectors of a look at several λs.
const VECTORS: usize = 16;
/// Columns of a working set.
const MEMBERS: usize = 256;

fn all(n_cols: usize) -> Vec<Centred> {
    (0..n_cols).map(|column| Centred { column, centre: 0.1 }).collect()
}

/// The products with `design`, which stores `bytes`.
fn products(group: &mut BenchmarkGroup<'_, WallTime>, design: &dyn Design, bytes: u64) {
    let columns = all(COLUMNS);
    let row = |k: usize| -> Vec<f64> { (0..ROWS).map(|i| ((i + k) as f64).sin()).collect() };
    let rows: Vec<Vec<f64>> = (0..VECTORS).map(row).collect();
    let rows: Vec<&[f64]> = rows.iter().map(Vec::as_slice).collect();
    let slopes: Vec<f64> = (0..COLUMNS).map(|j| (j as f64).cos()).collect();
    group.throughput(Throughput::Bytes(bytes));
    group.bench_function("transpose product", |bencher| {
        let mut out = vec![0.0; COLUMNS];
        bencher.iter(|| design.transpose_product(&columns, rows[0], &mut out));
    });
    group.bench_function("transpose product with 16 vectors", |bencher| {
        let mut out = vec![0.0; COLUMNS * VECTORS];
        bencher.iter(|| design.transpose_products(&columns, &rows, &mut out));
    });
    group.bench_function("product", |bencher| {
        let mut out = vec![0.0; ROWS];
        bencher.iter(|| design.add_product(&columns, &slopes, &mut out));
    });
}

/// A Gram matrix of `MEMBERS` columns, in operations of a dense one.
fn gram(group: &mut BenchmarkGroup<'_, WallTime>, design: &dyn Design) {
    let columns = all(MEMBERS);
    let weights = vec![1.0 / ROWS as f64; ROWS];
    let mut out = faer::Mat::zeros(MEMBERS, MEMBERS);
    group.throughput(Throughput::Elements((2 * ROWS * MEMBERS * MEMBERS) as u64));
    group.bench_function("gram", |bencher| {
        bencher.iter(|| design.gram(&columns, &columns, &weights, out.as_mut()));
    });
}

fn dense(criterion: &mut Criterion) {
    let x: Vec<f64> = (0..ROWS * COLUMNS).map(|i| (i as f64).sin()).collect();
    let design = DenseDesign::new(ROWS, COLUMNS, &x).expect("shape");
    let mut group = criterion.benchmark_group("dense 2,000 x 2,000");
    products(&mut group, &design, (8 * ROWS * COLUMNS) as u64);
    gram(&mut group, &design);
    group.finish();
}

fn sparse(criterion: &mut Criterion) {
    // Each column has an entry in every fiftieth row or so.
    let (mut starts, mut indices, mut values) = (vec![0], Vec::new(), Vec::new());
    for j in 0..COLUMNS {
        for i in (j % 47..ROWS).step_by(43 + j % 13) {
            indices.push(i);
            values.push(((i * j) as f64).sin());
        }
        starts.push(values.len());
    }
    let design = SparseDesign::new(ROWS, &starts, &indices, &values).expect("shape");
    let mut group = criterion.benchmark_group("sparse 2,000 x 2,000, 2 % stored");
    products(&mut group, &design, (16 * values.len()) as u64);
    gram(&mut group, &design);
    group.finish();
}

criterion_group!(benches, dense, sparse);
criterion_main!(benches);
