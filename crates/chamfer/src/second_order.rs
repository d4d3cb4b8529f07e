//! The second-order condition on the support.

use crate::{Blocks, Error, Objective, Scalar};
use faer::diag::Diag;
use faer::dyn_stack::{MemBuffer, MemStack, StackReq};
use faer::linalg::evd::{ComputeEigenvectors, self_adjoint_evd, self_adjoint_evd_scratch};
use faer::matrix_free::LinOp;
use faer::matrix_free::eigen::{
    PartialEigenParams, partial_self_adjoint_eigen, partial_self_adjoint_eigen_scratch,
};
use faer::{Col, Mat, MatMut, MatRef, Par, Spec};
use std::fmt;

/// What the Hessian of `P` says on the support of a point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SecondOrder {
    /// The smallest eigenvalue of `∇²L(β) + λ∇²R(β)` restricted to the support; infinite if the
    /// support is empty. Above 0 at a stationary point, the point is a strict local minimum among
    /// those with its zeros.
    pub smallest_eigenvalue: f64,
    /// Number of coefficients in the support: those in whose directions `R` is smooth.
    pub support_size: usize,
}

/// Supports up to this size get their Hessian written out; beyond, Lanczos iterations.
const DENSE: usize = 256;

/// Computes the second-order condition at β, from products of the objective's Hessian, in f64.
///
/// `None` where the support is no set of coordinates (matrix penalties). Costs a product for each
/// coefficient of a support of up to 256, else some hundred products.
///
/// # Errors
/// If `coefficients` has the wrong length, the objective fails, or the eigenvalues do not converge.
pub fn second_order<T: Scalar, O: Objective<T> + Sync>(
    objective: &O,
    blocks: &Blocks<T>,
    coefficients: &[T],
) -> Result<Option<SecondOrder>, Error> {
    blocks.check_coefficients(coefficients)?;
    let mut support = vec![false; coefficients.len()];
    for at in blocks.placed() {
        let penalty = at.block.parametrization().penalty();
        let support = &mut support[at.coefficients.clone()];
        penalty.support(&coefficients[at.coefficients], support);
    }
    let support: Vec<usize> = (0..support.len()).filter(|&j| support[j]).collect();
    let hessian = Restricted { objective, blocks, coefficients, support };
    let n = hessian.support.len();
    if n == 0 {
        return Ok(Some(SecondOrder { smallest_eigenvalue: f64::INFINITY, support_size: 0 }));
    }
    // Also tells whether the penalties have Hessians, and whether the objective works.
    let mut first = vec![0.0; n];
    first[0] = 1.0;
    if hessian.product(&first)?.is_none() {
        return Ok(None);
    }
    let smallest_eigenvalue = if n <= DENSE { hessian.dense()? } else { hessian.lanczos()? };
    Ok(Some(SecondOrder { smallest_eigenvalue, support_size: n }))
}

/// The Hessian of the base problem on the support.
struct Restricted<'a, T: Scalar, O> {
    objective: &'a O,
    blocks: &'a Blocks<T>,
    coefficients: &'a [T],
    support: Vec<usize>,
}

impl<T: Scalar, O: Objective<T> + Sync> Restricted<'_, T, O> {
    fn product(&self, direction: &[f64]) -> Result<Option<Vec<f64>>, Error> {
        let d = self.coefficients.len();
        let mut whole = vec![T::zero(); d];
        for (&j, &x) in self.support.iter().zip(direction) {
            whole[j] = T::of(x);
        }
        let (mut of_loss, mut of_penalty) = (vec![T::zero(); d], vec![T::zero(); d]);
        self.objective.hessian_product(self.coefficients, &whole, &mut of_loss)?;
        for at in self.blocks.placed() {
            let known = at.block.parametrization().penalty().hessian_product(
                &self.coefficients[at.coefficients.clone()],
                at.block.strength(),
                &whole[at.coefficients.clone()],
                &mut of_penalty[at.coefficients],
            );
            if !known {
                return Ok(None);
            }
        }
        let entry = |&j: &usize| (of_loss[j] + of_penalty[j]).to_f64().unwrap_or(f64::NAN);
        Ok(Some(self.support.iter().map(entry).collect()))
    }

    fn dense(&self) -> Result<f64, Error> {
        let n = self.support.len();
        let mut hessian = Mat::<f64>::zeros(n, n);
        for column in 0..n {
            let mut unit = vec![0.0; n];
            unit[column] = 1.0;
            let product = self.product(&unit)?.ok_or(Error::NoEigenvalues)?;
            for (row, value) in product.into_iter().enumerate() {
                // Differences of gradients are symmetric up to their error only.
                hessian[(row, column)] += 0.5 * value;
                hessian[(column, row)] += 0.5 * value;
            }
        }
        let mut values = Diag::<f64>::zeros(n);
        let scratch =
            self_adjoint_evd_scratch::<f64>(n, ComputeEigenvectors::No, Par::Seq, Spec::default());
        self_adjoint_evd(
            hessian.as_ref(),
            values.as_mut(),
            None,
            Par::Seq,
            MemStack::new(&mut MemBuffer::new(scratch)),
            Spec::default(),
        )
        .map_err(|_| Error::NoEigenvalues)?;
        Ok(values.column_vector()[0])
    }

    fn lanczos(&self) -> Result<f64, Error> {
        // Lanczos iterations find the eigenvalue of largest modulus. If it is negative, it is the
        // smallest; else the smallest is what lies farthest below it.
        let largest = extreme_eigenvalue(&Shifted { hessian: self, shift: 0.0 })?;
        if largest < 0.0 {
            return Ok(largest);
        }
        Ok(largest + extreme_eigenvalue(&Shifted { hessian: self, shift: largest })?)
    }
}

/// `H − shift·I` as faer's operator. Its applications cannot fail, so that failures give NaN.
struct Shifted<'a, 'b, T: Scalar, O> {
    hessian: &'a Restricted<'b, T, O>,
    shift: f64,
}

// faer asks for it; the objective may have none.
impl<T: Scalar, O> fmt::Debug for Shifted<'_, '_, T, O> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Shifted").field("shift", &self.shift).finish_non_exhaustive()
    }
}

impl<T: Scalar, O: Objective<T> + Sync> LinOp<f64> for Shifted<'_, '_, T, O> {
    fn apply_scratch(&self, _: usize, _: Par) -> StackReq {
        StackReq::EMPTY
    }

    fn nrows(&self) -> usize {
        self.hessian.support.len()
    }

    fn ncols(&self) -> usize {
        self.hessian.support.len()
    }

    fn apply(&self, mut out: MatMut<'_, f64>, rhs: MatRef<'_, f64>, _: Par, _: &mut MemStack) {
        for column in 0..rhs.ncols() {
            let direction: Vec<f64> = rhs.col(column).iter().copied().collect();
            let product = self.hessian.product(&direction).ok().flatten();
            for (row, d) in direction.iter().enumerate() {
                let value = product.as_ref().map_or(f64::NAN, |product| product[row]);
                out[(row, column)] = value - self.shift * d;
            }
        }
    }

    fn conj_apply(&self, out: MatMut<'_, f64>, rhs: MatRef<'_, f64>, par: Par, s: &mut MemStack) {
        self.apply(out, rhs, par, s);
    }
}

/// The eigenvalue of largest modulus.
fn extreme_eigenvalue(operator: &dyn LinOp<f64>) -> Result<f64, Error> {
    let n = operator.nrows();
    let params = PartialEigenParams::default();
    let mut vectors = Mat::zeros(n, 1);
    let mut values = [0.0];
    // Any start that is not orthogonal to the eigenvector will do.
    let start = Col::from_fn(n, |i| (1.0 + (i as f64 * 0.7548).fract()) / (n as f64).sqrt());
    let scratch = partial_self_adjoint_eigen_scratch(operator, 1, Par::Seq, params);
    let info = partial_self_adjoint_eigen(
        vectors.as_mut(),
        &mut values,
        operator,
        start.as_ref(),
        1e-8,
        Par::Seq,
        MemStack::new(&mut MemBuffer::new(scratch)),
        params,
    );
    let converged = info.n_converged_eigen == 1 && values[0].is_finite();
    if converged { Ok(values[0]) } else { Err(Error::NoEigenvalues) }
}
