//! How near each parametrization comes to the memory's speed, at 10⁶ coefficients on one thread.
//!
//! `cargo bench -p chamfer` times `collapse` and `pullback` (which gives the surrogate penalty too):
//! an evaluation of the lifted problem without its objective. The least that it must move is: factors
//! in, coefficients out; factors and the gradient in, the gradient in the factors out. Beside it, a
//! plain copy that moves as many bytes. The table at the end has the ratio of both, each the least of
//! several runs, taken in turns.
#![allow(missing_docs)]

use chamfer::{
    GroupPower, GroupProduct, Groups, Hdp, HdpK, Hpp, HppK, MatrixProduct, Mcp, Parametrization,
    Power, Scad, SharedProduct, SparseGroup, Square, Strength,
};
use std::hint::black_box;
use std::time::{Duration, Instant};

/// A square, for the matrix.
const D: usize = 1_000_000;
const RUNS: usize = 25;

type Row = (&'static str, Box<dyn Parametrization<f64>>);

fn rows() -> Result<Vec<Row>, chamfer::Error> {
    let groups = || Groups::from_sizes(&vec![10; D / 10]);
    Ok(vec![
        ("HPP", Box::new(Hpp)),
        ("HDP", Box::new(Hdp)),
        ("square", Box::new(Square)),
        ("MCP", Box::new(Mcp::new(3.0)?)),
        ("SCAD", Box::new(Scad::new(3.7)?)),
        ("HPP_k, k = 3", Box::new(HppK::new(3)?)),
        ("HPP_k, k = 4", Box::new(HppK::new(4)?)),
        ("HDP_k, k = 3", Box::new(HdpK::new(3.0)?)),
        ("HDP_k, k = 4", Box::new(HdpK::new(4.0)?)),
        ("HDP_k, k = 2.5", Box::new(HdpK::new(2.5)?)),
        ("HDP_k, k = 2.7", Box::new(HdpK::new(2.7)?)),
        ("HPowP, k = 3", Box::new(Power::new(3.0)?)),
        ("HPowP, k = 2.5", Box::new(Power::new(2.5)?)),
        ("HPowP, k = 2.7", Box::new(Power::new(2.7)?)),
        ("shared product, k = 3", Box::new(SharedProduct::new(3.0)?)),
        ("shared product, k = 4", Box::new(SharedProduct::new(4.0)?)),
        ("shared product, k = 3.5", Box::new(SharedProduct::new(3.5)?)),
        ("shared product, k = 3.7", Box::new(SharedProduct::new(3.7)?)),
        ("GHPP, groups of 10", Box::new(GroupProduct::new(groups()?))),
        ("GHPP_k, k = 3", Box::new(GroupProduct::deep(groups()?, 3)?)),
        ("nested (2, 1)", Box::new(GroupProduct::nested(groups()?, 2, 1)?)),
        ("GHPowP, k = 3.7", Box::new(GroupPower::new(groups()?, 3.7)?)),
        ("sparse group", Box::new(SparseGroup::new(groups()?, 0.5)?)),
        ("matrix product, rank 8", Box::new(MatrixProduct::new(1000, 1000, 2)?.with_rank(8)?)),
    ])
}

/// Numbers between 0.5 and 1.5, of both signs.
fn numbers(n: usize) -> Vec<f64> {
    let mut state = 1u64;
    let mut next = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let unit = (state >> 11) as f64 / (1u64 << 53) as f64;
        if state & 1024 == 0 { 0.5 + unit } else { -0.5 - unit }
    };
    (0..n).map(|_| next()).collect()
}

fn timed(least: &mut Duration, work: impl FnOnce()) {
    let start = Instant::now();
    work();
    *least = start.elapsed().min(*least);
}

fn main() -> Result<(), chamfer::Error> {
    let gradient = numbers(D);
    let mut coefficients = vec![0.0; D];
    println!("{:26}{:>8}{:>10}{:>10}{:>8}", "row", "MB", "ms", "copy ms", "ratio");
    for (name, row) in rows()? {
        let m = row.n_factors(D);
        let factors = numbers(m);
        let mut out = vec![0.0; m];
        let numbers_moved = (m + D) + (m + D + m);
        let source = vec![1.0; numbers_moved / 2];
        let mut target = vec![0.0; numbers_moved / 2];
        let (mut evaluation, mut copy) = (Duration::MAX, Duration::MAX);
        for _ in 0..RUNS {
            timed(&mut copy, || black_box(&mut target).copy_from_slice(black_box(&source)));
            timed(&mut evaluation, || {
                row.collapse(black_box(&factors), &mut coefficients);
                black_box(&mut coefficients);
                let strength = Strength::uniform(black_box(0.1));
                black_box(row.pullback(&factors, black_box(&gradient), strength, &mut out));
                black_box(&mut out);
            });
        }
        let milliseconds = |time: Duration| 1e3 * time.as_secs_f64();
        let megabytes = 8e-6 * numbers_moved as f64;
        let (evaluation, copy) = (milliseconds(evaluation), milliseconds(copy));
        let ratio = evaluation / copy;
        println!("{name:26}{megabytes:8.0}{evaluation:10.2}{copy:10.2}{ratio:8.2}");
    }
    Ok(())
}
