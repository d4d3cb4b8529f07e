//! Symmetric systems that are solved once.

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::cholesky::llt::factor::{
    LltRegularization, cholesky_in_place, cholesky_in_place_scratch,
};
use faer::linalg::cholesky::llt::inverse::{
    inverse as llt_inverse, inverse_scratch as llt_inverse_scratch,
};
use faer::linalg::triangular_solve::{
    solve_lower_triangular_in_place, solve_upper_triangular_in_place,
};
use faer::{Col, Mat, Par, Spec};

/// The solution of a symmetric system, with as much damping as a Cholesky decomposition needs; `None` if
/// it is far from positive definite.
pub(super) fn solve_damped(mut system: Mat<f64>, right: &[f64]) -> Option<Vec<f64>> {
    let n = right.len();
    let largest = (0..n).fold(0.0, |most: f64, a| most.max(system[(a, a)].abs()));
    // Scaled to a unit diagonal, so that damping is fair to columns of any scale.
    let scale: Vec<f64> = (0..n)
        .map(|a| system[(a, a)].abs().max(1e-14 * largest).max(f64::MIN_POSITIVE).sqrt().recip())
        .collect();
    for b in 0..n {
        for a in 0..n {
            system[(a, b)] *= scale[a] * scale[b];
        }
    }
    let right = Col::from_fn(n, |a| right[a] * scale[a]);
    let mut memory = MemBuffer::new(cholesky_in_place_scratch::<f64>(n, Par::Seq, Spec::default()));
    let diagonal: Vec<f64> = (0..n).map(|a| system[(a, a)]).collect();
    // Some damping always, or rounding would send flat directions (duplicate columns, the common part of
    // the classes' intercepts) anywhere.
    for (attempt, damping) in [1e-13, 1e-10, 1e-7].into_iter().enumerate() {
        for b in 0..n {
            system[(b, b)] = diagonal[b] + damping;
            if attempt > 0 {
                // The factor is below the diagonal, the system still above it.
                for a in b + 1..n {
                    system[(a, b)] = system[(b, a)];
                }
            }
        }
        let factored = cholesky_in_place(
            system.as_mut(),
            LltRegularization::default(),
            Par::Seq,
            MemStack::new(&mut memory),
            Spec::default(),
        );
        if factored.is_err() {
            continue;
        }
        let mut solution = right.clone();
        let mut x = solution.as_mut().as_mat_mut();
        solve_lower_triangular_in_place(system.as_ref(), x.as_mut(), Par::Seq);
        solve_upper_triangular_in_place(system.transpose(), x, Par::Seq);
        if (0..n).all(|a| solution[a].is_finite()) {
            return Some((0..n).map(|a| solution[a] * scale[a]).collect());
        }
    }
    None
}

/// Replaces the lower triangle by the Cholesky factor; `None` if it is not positive definite.
pub(super) fn factor(matrix: &mut Mat<f64>) -> Option<()> {
    let n = matrix.nrows();
    let mut memory = MemBuffer::new(cholesky_in_place_scratch::<f64>(n, Par::Seq, Spec::default()));
    let stack = MemStack::new(&mut memory);
    let regularization = LltRegularization::default();
    cholesky_in_place(matrix.as_mut(), regularization, Par::Seq, stack, Spec::default()).ok()?;
    Some(())
}

/// The inverse of a matrix whose lower Cholesky factor is given.
pub(super) fn inverse(lower: &Mat<f64>) -> Mat<f64> {
    let n = lower.nrows();
    let mut inverse = Mat::zeros(n, n);
    let mut memory = MemBuffer::new(llt_inverse_scratch::<f64>(n, Par::Seq));
    llt_inverse(inverse.as_mut(), lower.as_ref(), Par::Seq, MemStack::new(&mut memory));
    for j in 0..n {
        for i in 0..j {
            inverse[(i, j)] = inverse[(j, i)];
        }
    }
    inverse
}
