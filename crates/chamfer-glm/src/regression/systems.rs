//! Symmetric systems that are solved once.

use crate::design::vectors::{dot, vectorized};
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::cholesky::llt::factor::{
    LltRegularization, cholesky_in_place, cholesky_in_place_scratch,
};
use faer::linalg::cholesky::llt::inverse::{
    inverse as llt_inverse, inverse_scratch as llt_inverse_scratch,
};
use faer::linalg::matmul::matmul;
use faer::linalg::triangular_solve::{
    solve_lower_triangular_in_place, solve_upper_triangular_in_place,
};
use faer::{Accum, Col, Mat, Par, Spec};

/// Pivots of a system with a unit diagonal up to which it counts as indefinite.
const LEAST_PIVOT: f64 = 1e-10;
/// Columns of a bent factor at a time.
const PANEL: usize = 32;

/// The solution of a symmetric system, with as much damping as a Cholesky decomposition needs; `None` if
/// it is far from positive definite.
pub(super) fn solve_damped(mut system: Mat<f64>, right: &[f64]) -> Option<Vec<f64>> {
    let n = right.len();
    let scale = scale_to_unit_diagonal(&mut system);
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

/// The solution of a symmetric system, bent to one that is positive definite if it is not, and whether it was bent
/// (Gill & Murray 1974). `None` if rounding spoils it.
pub(super) fn solve_bent(mut system: Mat<f64>, right: &[f64]) -> Option<(Vec<f64>, bool)> {
    let n = right.len();
    let scale = scale_to_unit_diagonal(&mut system);
    let is_bent = factor_bent(&mut system);
    let mut solution = Col::from_fn(n, |a| right[a] * scale[a]);
    let mut x = solution.as_mut().as_mat_mut();
    solve_lower_triangular_in_place(system.as_ref(), x.as_mut(), Par::Seq);
    solve_upper_triangular_in_place(system.transpose(), x, Par::Seq);
    let solution: Vec<f64> = (0..n).map(|a| solution[a] * scale[a]).collect();
    solution.iter().all(|x| x.is_finite()).then_some((solution, is_bent))
}

/// Replaces the lower triangle of a symmetric matrix with a unit diagonal by a Cholesky factor in which pivots that are
/// not above 0 become as large as the diagonal or larger, so that steps against a negative curvature are short, and
/// all are as large as keeps the entries of the factor below 1; those of a positive definite matrix are. Says whether
/// a pivot was another one than that of the matrix.
fn factor_bent(matrix: &mut Mat<f64>) -> bool {
    let n = matrix.nrows();
    let mut is_bent = false;
    let mut column = vec![0.0; n];
    for first in (0..n).step_by(PANEL) {
        let end = n.min(first + PANEL);
        let below = matrix.as_mut().submatrix_mut(first, 0, n - first, end);
        let (left, panel) = below.split_at_col_mut(first);
        let across = left.as_ref().subrows(0, end - first).transpose();
        matmul(panel, Accum::Add, left.as_ref(), across, -1.0, Par::Seq);
        for j in first..end {
            let column = &mut column[j..];
            column.copy_from_slice(&matrix.col_as_slice(j)[j..]);
            vectorized(
                #[inline(always)]
                || {
                    for k in first..j {
                        let other = &matrix.col_as_slice(k)[j..];
                        let share = other[0];
                        for (c, o) in column.iter_mut().zip(other) {
                            *c -= share * o;
                        }
                    }
                },
            );
            let most = column[1..].iter().fold(0.0, |most: f64, c| most.max(c.abs()));
            let own = if column[0] > LEAST_PIVOT { column[0] } else { column[0].abs().max(1.0) };
            let pivot = own.max(most * most);
            is_bent |= pivot > (1.0 + 1e-6) * column[0];
            column[0] = pivot;
            let root = pivot.sqrt().recip();
            for (to, c) in matrix.col_as_slice_mut(j)[j..].iter_mut().zip(column) {
                *to = *c * root;
            }
        }
    }
    is_bent
}

/// Scales a symmetric system to a unit diagonal, so that what is added there is fair to columns of any scale; returns
/// what its rows and columns were multiplied by.
fn scale_to_unit_diagonal(system: &mut Mat<f64>) -> Vec<f64> {
    let n = system.nrows();
    let largest = (0..n).fold(0.0, |most: f64, a| most.max(system[(a, a)].abs()));
    let scale: Vec<f64> = (0..n)
        .map(|a| system[(a, a)].abs().max(1e-14 * largest).max(f64::MIN_POSITIVE).sqrt().recip())
        .collect();
    for b in 0..n {
        for a in 0..n {
            system[(a, b)] *= scale[a] * scale[b];
        }
    }
    scale
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

/// How conjugate gradients ended.
pub(super) struct Iterations {
    /// Number of products with the matrix.
    pub(super) products: usize,
    /// Whether the matrix was found to be flat or concave along a direction.
    pub(super) is_flat: bool,
}

/// Moves `x` towards the solution of a symmetric system, of which `residual` is left there, by conjugate gradients
/// (Hestenes & Stiefel 1952), until `is_enough` says so of the square of the residual in the norm of the
/// preconditioner, and of the residual; or for `most` products.
///
/// # Errors
/// Those of `multiply`.
pub(super) fn conjugate_gradients<E>(
    x: &mut [f64],
    residual: &mut [f64],
    mut multiply: impl FnMut(&[f64]) -> Result<Vec<f64>, E>,
    mut precondition: impl FnMut(&[f64]) -> Vec<f64>,
    mut is_enough: impl FnMut(f64, &[f64]) -> bool,
    most: usize,
) -> Result<Iterations, E> {
    let inner = |a: &[f64], b: &[f64]| {
        vectorized(
            #[inline(always)]
            || dot(a, b),
        )
    };
    let mut along = vec![0.0; x.len()];
    let mut before = f64::INFINITY;
    for products in 0..most {
        let preconditioned = precondition(residual);
        let size = inner(residual, &preconditioned);
        if is_enough(size, residual) {
            return Ok(Iterations { products, is_flat: false });
        }
        for (d, z) in along.iter_mut().zip(preconditioned) {
            *d = z + size / before * *d;
        }
        before = size;
        let curved = multiply(&along)?;
        let curvature = inner(&along, &curved);
        if curvature.is_nan() || curvature <= 0.0 {
            return Ok(Iterations { products: products + 1, is_flat: true });
        }
        let length = size / curvature;
        for (((x, d), r), c) in x.iter_mut().zip(&along).zip(residual.iter_mut()).zip(&curved) {
            *x += length * d;
            *r -= length * c;
        }
    }
    Ok(Iterations { products: most, is_flat: false })
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

#[cfg(test)]
mod tests {
    use super::*;

    /// `I + B` with `B` of rank 8 and no sign, times a scale for each variable.
    fn system(n: usize, size: f64) -> Mat<f64> {
        let x = Mat::from_fn(n, 8, |i, j| ((i * 31 + j * 17 + i * j * 7) as f64).sin());
        let signs = |j: usize| if j.is_multiple_of(2) { size } else { -size };
        Mat::from_fn(n, n, |i, j| {
            let product: f64 = (0..8).map(|k| signs(k) * x[(i, k)] * x[(j, k)]).sum();
            let scale = |i: usize| 1.0 + (i % 5) as f64;
            scale(i) * scale(j) * (product + f64::from(i == j))
        })
    }

    /// In as many products as there are different eigenvalues: those of rank 8, and one.
    #[test]
    fn conjugate_gradients_end_after_as_many_products_as_eigenvalues() {
        let n = 60;
        let matrix = system(n, 0.01);
        let scale: Vec<f64> = (0..n).map(|i| 1.0 + (i % 5) as f64).collect();
        let multiply = |x: &[f64]| -> Result<Vec<f64>, ()> {
            Ok((0..n).map(|i| (0..n).map(|j| matrix[(i, j)] * x[j]).sum()).collect())
        };
        let precondition = |r: &[f64]| r.iter().zip(&scale).map(|(r, s)| r / (s * s)).collect();
        let right: Vec<f64> = (0..n).map(|i| (i as f64).cos()).collect();
        let (mut x, mut residual) = (vec![0.0; n], right.clone());
        let enough = |size: f64, _: &[f64]| size <= 1e-20;
        let Iterations { products, is_flat } =
            conjugate_gradients(&mut x, &mut residual, multiply, precondition, enough, n).unwrap();
        assert!(products <= 10 && !is_flat, "{products}");
        for (r, b) in multiply(&x).unwrap().iter().zip(&right) {
            assert!((r - b).abs() < 1e-8);
        }
        let concave = |x: &[f64]| -> Result<Vec<f64>, ()> { Ok(x.iter().map(|x| -x).collect()) };
        let (mut x, mut residual) = (vec![0.0; n], right.clone());
        let ended =
            conjugate_gradients(&mut x, &mut residual, concave, precondition, enough, n).unwrap();
        assert!(ended.is_flat && ended.products == 1 && x == vec![0.0; n]);
    }

    #[test]
    fn what_is_positive_definite_is_not_bent() {
        // More variables than two panels have.
        let n = 2 * PANEL + 7;
        let right: Vec<f64> = (0..n).map(|i| (i as f64).cos()).collect();
        let expected = solve_damped(system(n, 0.01), &right).unwrap();
        let (solution, is_bent) = solve_bent(system(n, 0.01), &right).unwrap();
        assert!(!is_bent);
        for (a, b) in solution.iter().zip(&expected) {
            assert!((a - b).abs() < 1e-9, "{a} is not {b}");
        }
    }

    #[test]
    fn what_is_indefinite_is_bent_and_its_solution_ascends() {
        let n = 4 * PANEL + 5;
        for size in [0.1, 1.0, 10.0, 1e4] {
            assert!(solve_damped(system(n, size), &vec![1.0; n]).is_none());
            let mut scaled = system(n, size);
            scale_to_unit_diagonal(&mut scaled);
            assert!(factor_bent(&mut scaled));
            // A factor whose pivots were made positive and no more may grow without bound.
            let most = (0..n).flat_map(|j| (j + 1..n).map(move |i| (i, j)));
            let most = most.map(|at| scaled[at].abs()).fold(0.0, f64::max);
            assert!(most <= 1.0 + 1e-12, "{most}");
            let right: Vec<f64> = (0..n).map(|i| (i as f64).cos()).collect();
            let (solution, is_bent) = solve_bent(system(n, size), &right).unwrap();
            let along: f64 = solution.iter().zip(&right).map(|(a, b)| a * b).sum();
            assert!(is_bent && along > 0.0, "{along}");
        }
    }
}
