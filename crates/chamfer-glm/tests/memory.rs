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

/// A field of the status of this process, in bytes: `VmRSS`, its memory now, or `VmHWM`, the most since the last
/// [`reset`].
fn memory(field: &str) -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with(field))?;
    let kibibytes: usize = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kibibytes * 1024)
}

/// Counts the peak from now on (Linux; elsewhere, and where it is not permitted, nothing happens).
fn reset() {
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

#[test]
fn a_million_rows_are_not_copied() {
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
    let gaussian = Separable::new(Gaussian, eta, None).unwrap();
    let binomial = Separable::new(Binomial, yes, None).unwrap();
    let groups = || (0..p / 5).map(|g| (5 * g..5 * g + 5).collect()).collect();
    let cases: [(&str, &dyn Family, Regularizer); 4] = [
        ("gaussian lasso", &gaussian, Regularizer::l1()),
        ("binomial lasso", &binomial, Regularizer::l1()),
        ("gaussian group lasso", &gaussian, Regularizer::group(groups())),
        ("binomial group lasso", &binomial, Regularizer::group(groups())),
    ];
    let of_design = size_of_val(x.as_slice());
    for (what, family, penalty) in cases {
        reset();
        let before = memory("VmRSS");
        let settings = RegressionSettings::default();
        let regression = Regression::new(&design, family, penalty, &settings).unwrap();
        let lambdas = lambda_grid(regression.lambda_max().unwrap(), 4, 0.1).unwrap();
        for point in regression.path(&lambdas, 1e-6, &|| false).unwrap() {
            assert!(point.unwrap().converged, "{what}");
        }
        if let (Some(before), Some(peak)) = (before, memory("VmHWM")) {
            let beyond = peak.saturating_sub(before);
            let times = |bytes: usize| bytes as f64 / of_design as f64;
            println!(
                "{what}: peak {:.2} times the design, {:.2} for the fit",
                times(peak),
                times(beyond)
            );
            assert!(beyond < of_design / 2, "{what}: {before} bytes, then {peak}");
        }
    }
}
