//! Every kind of design against the same matrix in memory, column after column.

use chamfer_glm::{
    Binomial, Centred, ChunkedDesign, Coefficients, DenseDesign, Design, Error, Factor, Folds,
    Metric, MixedColumn, MixedDesign, Regression, RegressionPoint, RegressionSettings, Regularizer,
    RowChunks, RowMajorDesign, Separable, SparseDesign, SparseRowDesign, lambda_grid,
};
use faer::Mat;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;
use std::sync::atomic::{AtomicUsize, Ordering};

const N: usize = 700;
/// Three numeric columns, one of them constant, and factors with four and three levels.
const P: usize = 10;

struct Data {
    columns: Vec<f64>,
    codes: [Vec<u32>; 2],
    y: Vec<f64>,
    weights: Vec<f64>,
}

fn data() -> Data {
    let mut rng = StdRng::seed_from_u64(4);
    let codes = [4, 3].map(|n| (0..N).map(|_| rng.random_range(0..n)).collect::<Vec<u32>>());
    let mut normal = || -> f64 { StandardNormal.sample(&mut rng) };
    let mut columns: Vec<f64> = (0..2 * N).map(|_| (10.0 * normal()).round() / 4.0).collect();
    columns.extend(vec![2.5; N]);
    for (codes, n) in codes.iter().zip([4, 3]) {
        for level in 0..n {
            columns.extend(codes.iter().map(|&code| f64::from(code == level)));
        }
    }
    let eta = |i: usize| 0.3 * columns[i] + f64::from(codes[0][i] == 1) - 0.5;
    let y = (0..N).map(|i| f64::from(eta(i) + normal() > 0.0)).collect();
    let weights = (0..N).map(|i| f64::from(u8::try_from(i % 4).unwrap())).collect();
    Data { columns, codes, y, weights }
}

/// The matrix row after row.
fn by_rows(columns: &[f64]) -> Vec<f64> {
    (0..N).flat_map(|i| (0..P).map(move |j| columns[j * N + i])).collect()
}

/// Starts, indices and values of what is not 0 in a matrix given line after line.
fn compressed(lines: &[f64], length: usize) -> (Vec<usize>, Vec<usize>, Vec<f64>) {
    let (mut starts, mut indices, mut values) = (vec![0], Vec::new(), Vec::new());
    for line in lines.chunks_exact(length) {
        for (at, &x) in line.iter().enumerate().filter(|(_, x)| **x != 0.0) {
            indices.push(at);
            values.push(x);
        }
        starts.push(values.len());
    }
    (starts, indices, values)
}

/// Chunks of 64 rows of a matrix in memory, which counts how often it is read and can fail.
struct Chunks<'a> {
    columns: &'a [f64],
    reads: &'a AtomicUsize,
    fails_at: usize,
    columns_at_a_time: usize,
}

impl RowChunks for Chunks<'_> {
    fn n_rows(&self) -> usize {
        N
    }

    fn n_cols(&self) -> usize {
        P
    }

    fn at_a_time(&self, _: &[usize]) -> usize {
        self.columns_at_a_time
    }

    fn read(
        &self,
        columns: &[usize],
        visit: &mut dyn FnMut(usize, &dyn Design),
    ) -> Result<(), String> {
        if self.reads.fetch_add(1, Ordering::SeqCst) == self.fails_at {
            return Err("the disk went away".to_owned());
        }
        for first in (0..N).step_by(64) {
            let n = (N - first).min(64);
            let column = |&j: &usize| &self.columns[j * N + first..j * N + first + n];
            let chunk: Vec<f64> = columns.iter().flat_map(column).copied().collect();
            visit(first, &DenseDesign::new(n, columns.len(), &chunk).unwrap());
        }
        Ok(())
    }
}

fn assert_same(what: &str, dense: &dyn Design, other: &dyn Design, weights: &[f64]) {
    assert_eq!((other.n_rows(), other.n_cols()), (N, P), "{what}");
    let close = |a: f64, b: f64| (a - b).abs() <= 1e-9 * (1.0 + a.abs());
    let total: f64 = weights.iter().sum();
    let shares: Vec<f64> = weights.iter().map(|w| w / total).collect();
    let moments = (dense.moments(&shares), other.moments(&shares));
    for (a, b) in moments.0.iter().zip(&moments.1) {
        assert!(close(a.mean, b.mean) && close(a.variance, b.variance), "{what}: {a:?} {b:?}");
        assert_eq!(a.variance == 0.0, b.variance == 0.0, "{what}");
    }
    let whole: Vec<usize> = (0..P).collect();
    for selection in [whole, vec![7, 1, 4, 4, 0, 2], vec![5]] {
        let centred = |&column: &usize| Centred { column, centre: moments.0[column].mean };
        let columns: Vec<Centred> = selection.iter().map(centred).collect();
        let v: Vec<f64> = (0..N).map(|i| (i as f64).sin()).collect();
        let products = |design: &dyn Design| {
            let mut out = vec![0.0; columns.len()];
            design.transpose_product(&columns, &v, &mut out);
            let (mut several, w) = (vec![f64::NAN; 2 * columns.len()], weights);
            design.transpose_products(&columns, &[&v, w], &mut several);
            out.extend(several);
            let mut squares = vec![f64::NAN; columns.len()];
            design.squares(&columns, &v, &mut squares);
            out.extend(squares);
            let b: Vec<f64> = (0..columns.len()).map(|k| k as f64 - 1.5).collect();
            let mut sum = v.clone();
            design.add_product(&columns, &b, &mut sum);
            let mut gram = Mat::from_fn(3.min(columns.len()), columns.len(), |_, _| f64::NAN);
            design.gram(&columns[..3.min(columns.len())], &columns, &v, gram.as_mut());
            out.extend(sum);
            out.extend(
                gram.col_iter().flat_map(|column| column.iter().copied().collect::<Vec<_>>()),
            );
            let mut copy = vec![f64::NAN; N];
            design.copy_column(selection[0], &mut copy);
            out.extend(copy);
            out
        };
        for (at, (a, b)) in products(dense).into_iter().zip(products(other)).enumerate() {
            assert!(close(a, b), "{what}, number {at} of columns {selection:?}: {a} {b}");
        }
    }
    assert_eq!(dense.find_non_finite(), other.find_non_finite(), "{what}");
}

fn fit(design: &dyn Design, data: &Data) -> Vec<RegressionPoint> {
    let family = Separable::new(Binomial, data.y.clone(), Some(&data.weights)).unwrap();
    let settings = RegressionSettings::default();
    let regression = Regression::new(design, &family, Regularizer::l1(), &settings).unwrap();
    let lambdas = lambda_grid(regression.lambda_max().unwrap(), 8, 0.01).unwrap();
    regression.path(&lambdas, 1e-9, &|| false).unwrap().map(Result::unwrap).collect()
}

#[test]
fn all_designs_are_the_same_matrix() {
    let data = data();
    let rows = by_rows(&data.columns);
    let by_column = compressed(&data.columns, N);
    let by_row = compressed(&rows, P);
    let factors = || {
        let factor = |codes, n| Factor::new(codes, n).unwrap();
        vec![factor(&data.codes[0], 4), factor(&data.codes[1], 3)]
    };
    let level = |factor, level| MixedColumn::Level { factor, level };
    let mut mixed: Vec<MixedColumn> = (0..3).map(MixedColumn::Numeric).collect();
    mixed.extend((0..4).map(|k| level(0, k)).chain((0..3).map(|k| level(1, k))));
    let reads = [const { AtomicUsize::new(0) }; 3];
    let chunks = |k: usize, columns_at_a_time| {
        let (columns, reads) = (&data.columns, &reads[k]);
        Chunks { columns, reads, fails_at: usize::MAX, columns_at_a_time }
    };
    let numeric = DenseDesign::new(N, 3, &data.columns[..3 * N]).unwrap();
    let short = |indices: &[usize]| -> Vec<i32> {
        indices.iter().map(|&index| i32::try_from(index).unwrap()).collect()
    };
    let (column_starts, row_indices) = (short(&by_column.0), short(&by_column.1));
    let (row_starts, column_indices) = (short(&by_row.0), short(&by_row.1));
    let designs: [(&str, Box<dyn Design>); 9] = [
        ("rows", Box::new(RowMajorDesign::new(N, P, &rows).unwrap())),
        (
            "sparse columns",
            Box::new(SparseDesign::new(N, &by_column.0, &by_column.1, &by_column.2).unwrap()),
        ),
        (
            "sparse rows",
            Box::new(SparseRowDesign::new(P, &by_row.0, &by_row.1, &by_row.2).unwrap()),
        ),
        (
            "sparse columns, short indices",
            Box::new(SparseDesign::new(N, &column_starts, &row_indices, &by_column.2).unwrap()),
        ),
        (
            "sparse rows, short indices",
            Box::new(SparseRowDesign::new(P, &row_starts, &column_indices, &by_row.2).unwrap()),
        ),
        ("mixed", Box::new(MixedDesign::new(Some(numeric), factors(), mixed).unwrap())),
        ("chunks, nothing kept", Box::new(ChunkedDesign::new(chunks(0, 100), 0).unwrap())),
        ("chunks, columns kept", Box::new(ChunkedDesign::new(chunks(1, 100), 8 * N * 8).unwrap())),
        ("chunks of columns", Box::new(ChunkedDesign::new(chunks(2, 3), 4 * N * 8).unwrap())),
    ];
    let dense = DenseDesign::new(N, P, &data.columns).unwrap();
    let reference = fit(&dense, &data);
    for (what, design) in &designs {
        assert_same(what, &dense, design.as_ref(), &data.weights);
        for (a, b) in reference.iter().zip(fit(design.as_ref(), &data)) {
            assert!(b.converged, "{what}");
            let ratio = a.certificate.objective / b.certificate.objective;
            assert!((ratio - 1.0).abs() < 1e-9, "{what}: {ratio}");
        }
    }
    let [nothing, some, _] = reads.each_ref().map(|reads| reads.load(Ordering::SeqCst));
    assert!(some < nothing / 2, "{some} reads with columns kept, {nothing} without");
    let mut columns = data.columns.clone();
    columns[N + 17] = f64::NAN;
    let rows = by_rows(&columns);
    let found = RowMajorDesign::new(N, P, &rows).unwrap().find_non_finite();
    assert_eq!(found, Some((17, 1)));
}

#[test]
fn sums_over_chunks_are_the_same_bits_with_any_budget() {
    let data = data();
    let solve = |budget: usize, columns_at_a_time, threads| {
        let reads = AtomicUsize::new(0);
        let (columns, fails_at) = (&data.columns, usize::MAX);
        let chunks = Chunks { columns, reads: &reads, fails_at, columns_at_a_time };
        let design = ChunkedDesign::new(chunks, budget * N * 8).unwrap();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let family = Separable::new(Binomial, data.y.clone(), Some(&data.weights)).unwrap();
        let settings = RegressionSettings::default();
        pool.install(|| {
            let penalty = Regularizer::l1();
            let regression = Regression::new(&design, &family, penalty, &settings).unwrap();
            let lambdas = lambda_grid(regression.lambda_max().unwrap(), 4, 0.01).unwrap();
            let folds = Folds::random(N, 3, 1).unwrap();
            // With locks held over parallel work, this would never end.
            regression.cross_validate(&lambdas, 1e-9, &folds, Metric::Deviance, &|| false).unwrap()
        })
    };
    let expected = solve(0, usize::MAX, 1);
    for (budget, columns_at_a_time, threads) in [(0, 3, 2), (3, 4, 1), (6, 1, 4), (20, 5, 2)] {
        assert_eq!(expected, solve(budget, columns_at_a_time, threads), "{budget}");
    }
}

#[test]
fn many_threads_may_use_one_design_at_a_time() {
    let data = data();
    let reads = AtomicUsize::new(0);
    let (columns, fails_at) = (&data.columns, usize::MAX);
    let chunks = Chunks { columns, reads: &reads, fails_at, columns_at_a_time: 2 };
    let design = ChunkedDesign::new(chunks, 3 * N * 8).unwrap();
    let dense = DenseDesign::new(N, P, &data.columns).unwrap();
    (0..200_usize).into_par_iter().for_each(|k| {
        let columns: Vec<Centred> =
            [k % P, (k / 7) % P].map(|column| Centred { column, centre: 0.5 }).to_vec();
        let sums = |design: &dyn Design| {
            let mut out = [0.0; 2];
            design.transpose_product(&columns, &data.y, &mut out);
            out
        };
        for (a, b) in sums(&design).into_iter().zip(sums(&dense)) {
            assert!((a - b).abs() < 1e-9, "{k}: {a} {b}");
        }
    });
}

#[test]
fn rows_that_cannot_be_read_are_an_error() {
    let data = data();
    let family = Separable::new(Binomial, data.y.clone(), None).unwrap();
    // Fails when it is made, or later on the path.
    for fails_at in [0, 1, 2, 5, 9, 60] {
        let reads = AtomicUsize::new(0);
        let columns_at_a_time = usize::MAX;
        let chunks = Chunks { columns: &data.columns, reads: &reads, fails_at, columns_at_a_time };
        let design = ChunkedDesign::new(chunks, 0).unwrap();
        let settings = RegressionSettings::default();
        let solve = || -> Result<(), Error> {
            let regression = Regression::new(&design, &family, Regularizer::l1(), &settings)?;
            regression
                .path(&[0.05, 0.01], 1e-6, &|| false)?
                .try_for_each(|point| point.map(drop))?;
            let nothing = Coefficients { intercept: 0.0, values: Vec::new() };
            (0..9)
                .try_for_each(|_| regression.certify(std::slice::from_ref(&nothing), 0.1).map(drop))
        };
        let error = solve().expect_err(&format!("{fails_at} of {reads:?}"));
        assert!(error.to_string().contains("the disk went away"), "{fails_at}: {error}");
    }
}

#[test]
fn malformed_designs_are_refused() {
    assert!(RowMajorDesign::new(2, 3, &[0.0; 5]).is_err());
    assert!(SparseRowDesign::new(2, &[0, 2], &[1, 0], &[1.0, 2.0]).is_err());
    assert!(SparseRowDesign::new(2, &[0, 1], &[2], &[1.0]).is_err());
    assert!(SparseRowDesign::new(2, &[0, 1], &[-1], &[1.0]).is_err());
    assert!(SparseRowDesign::new(2, &[0, -1], &[0], &[1.0_f32]).is_err());
    assert!(Factor::new(&[0, 3], 3).unwrap_err().to_string().contains("row 1"));
    let factor = Factor::new(&[0, 1, 0], 2).unwrap();
    let level = |level| vec![MixedColumn::Level { factor: 0, level }];
    assert!(MixedDesign::<f64>::new(None, vec![factor], level(2)).is_err());
    assert!(MixedDesign::<f64>::new(None, vec![factor], vec![MixedColumn::Numeric(0)]).is_err());
    assert!(MixedDesign::<f64>::new(None, vec![factor], level(1)).is_ok());
}

#[test]
fn products_with_several_vectors_are_those_with_each() {
    // Around the numbers of rows, columns and vectors that are taken together.
    for (n, p) in [(1, 1), (7, 9), (2_048, 4), (2_049, 67)] {
        let x: Vec<f64> = (0..n * p).map(|i| (i as f64 * 0.7).sin()).collect();
        let design = DenseDesign::new(n, p, &x).unwrap();
        let columns: Vec<Centred> =
            (0..p).rev().map(|column| Centred { column, centre: 0.1 * column as f64 }).collect();
        for count in 0..7 {
            let row = |k: usize| (0..n).map(|i| ((i + 3 * k) as f64).cos()).collect();
            let rows: Vec<Vec<f64>> = (0..count).map(row).collect();
            let v: Vec<&[f64]> = rows.iter().map(Vec::as_slice).collect();
            let mut together = vec![0.0; count * p];
            design.transpose_products(&columns, &v, &mut together);
            for (v, together) in v.iter().zip(together.chunks_exact(p)) {
                let mut alone = vec![0.0; p];
                design.transpose_product(&columns, v, &mut alone);
                for (a, b) in alone.iter().zip(together) {
                    assert!((a - b).abs() < 1e-10 * n as f64, "{n} x {p}, {count}: {a} and {b}");
                }
            }
        }
    }
}

#[test]
fn sums_of_columns_are_the_same_bits_however_many_are_read_together() {
    let data = data();
    let columns: Vec<Centred> = (0..P).map(|column| Centred { column, centre: 0.1 }).collect();
    let b: Vec<Vec<f64>> =
        (0..3).map(|k| (0..P).map(|j| ((j + 5 * k) as f64).sin()).collect()).collect();
    let b: Vec<&[f64]> = b.iter().map(Vec::as_slice).collect();
    let sums = |columns_at_a_time| {
        let reads = AtomicUsize::new(0);
        let chunks = Chunks {
            columns: &data.columns,
            reads: &reads,
            fails_at: usize::MAX,
            columns_at_a_time,
        };
        let design = ChunkedDesign::new(chunks, 0).unwrap();
        let mut out = vec![vec![1.0; N]; b.len()];
        let mut parts: Vec<&mut [f64]> = out.iter_mut().map(Vec::as_mut_slice).collect();
        design.add_products(&columns, &b, &mut parts);
        out
    };
    let expected = sums(usize::MAX);
    for columns_at_a_time in [1, 3, 5] {
        assert_eq!(expected, sums(columns_at_a_time), "{columns_at_a_time}");
    }
}
