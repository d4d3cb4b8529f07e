//! A million rows: certified, with no second copy of the design. Alone in its file, because memory is counted
//! for the whole process.
//!
//! ```text
//! cargo test --release -p chamfer-glm --test memory -- --nocapture
//! ```

use chamfer_glm::{
    Binomial, DenseDesign, Family, Gaussian, Regression, RegressionSettings, Regularizer,
    Separable, lambda_grid,
};
use std::process::Command;

/// Most memory that this process has had, in bytes.
#[cfg(target_os = "linux")]
fn peak() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM"))?;
    let kibibytes: usize = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kibibytes * 1024)
}

#[cfg(not(target_os = "linux"))]
fn peak() -> Option<usize> {
    None
}

/// Says to a process which of the cases it is for.
const CASE: &str = "CHAMFER_MEMORY_CASE";
const CASES: [&str; 4] =
    ["gaussian lasso", "binomial lasso", "gaussian group lasso", "binomial group lasso"];

#[test]
fn a_million_rows_are_not_copied() {
    if let Ok(case) = std::env::var(CASE) {
        return fit(&case);
    }
    // Each in a process of its own: what one has freed would hide what the next one takes.
    for case in CASES {
        let mut test = Command::new(std::env::current_exe().unwrap());
        test.args(["--exact", "a_million_rows_are_not_copied", "--nocapture"]).env(CASE, case);
        assert!(test.status().unwrap().success(), "{case}");
    }
}

fn fit(case: &str) {
    let (n, p) = (1_000_000, 50);
    let mut state = 1_u64;
    let x: Vec<f64> = (0..n * p)
        .map(|_| {
            // Knuth's generator; its upper bits are good enough here.
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 40) as f64 / (1_u64 << 23) as f64 - 1.0
        })
        .collect();
    let eta: Vec<f64> = (0..n).map(|i| x[i] - x[7 * n + i] + 0.5 * x[9 * n + i]).collect();
    let yes = eta.iter().zip(&x[n..]).map(|(e, u)| f64::from(u8::from(e + u > 0.0))).collect();
    let design = DenseDesign::new(n, p, &x).unwrap();
    let family: Box<dyn Family> = if case.starts_with("gaussian") {
        Box::new(Separable::new(Gaussian, eta, None).unwrap())
    } else {
        Box::new(Separable::new(Binomial, yes, None).unwrap())
    };
    let penalty = if case.ends_with("group lasso") {
        Regularizer::group((0..p / 5).map(|g| (5 * g..5 * g + 5).collect()).collect())
    } else {
        Regularizer::l1()
    };
    let before = peak();
    let settings = RegressionSettings::default();
    let regression = Regression::new(&design, family.as_ref(), penalty, &settings).unwrap();
    let lambdas = lambda_grid(regression.lambda_max().unwrap(), 4, 0.1).unwrap();
    for point in regression.path(&lambdas, 1e-6, &|| false).unwrap() {
        assert!(point.unwrap().converged, "{case}");
    }
    if let (Some(before), Some(after)) = (before, peak()) {
        let of_design = size_of_val(x.as_slice());
        println!(
            "{case}: {:.2} times the design beyond it",
            (after - before) as f64 / of_design as f64
        );
        assert!(after - before < of_design / 2, "{case}: {before} bytes, then {after}");
    }
}
