//! A Cholesky factor that follows a set of variables as it grows and shrinks.

use crate::design::vectors::vectorized;
use chamfer::Objective;
use faer::linalg::matmul::matmul;
use faer::linalg::matmul::triangular::{self, BlockStructure};
use faer::linalg::triangular_solve::{
    solve_lower_triangular_in_place, solve_upper_triangular_in_place,
};
use faer::reborrow::{Reborrow, ReborrowMut};
use faer::{Accum, Mat, MatMut, MatRef, Par};

/// Blocks of a factor that are made column by column.
const BLOCK: usize = 32;

/// An operation of a rotation takes the time of about this many operations in blocks.
const ROTATION: usize = 8;

/// The place of a column that a matrix is not on.
pub(super) const UNKNOWN: usize = usize::MAX;

/// Which columns a matrix is on, in its order.
#[derive(Debug, Clone, Copy)]
pub(super) struct Order<'a> {
    pub(super) known: &'a [usize],
    /// Where each column is among these, or [`UNKNOWN`], as those are that come after the last.
    pub(super) places: &'a [usize],
}

/// A symmetric matrix: a Hessian of the loss, and a ridge on the variables after the first few.
#[derive(Debug, Clone, Copy)]
pub(super) struct System<'a> {
    pub(super) hessian: &'a Mat<f64>,
    /// If it is not on all columns one after the other.
    pub(super) order: Option<Order<'a>>,
    /// Number of outputs that `hessian` is the same for: each of its variables stands for so many, one after
    /// the other, and different outputs have nothing with each other.
    pub(super) outputs: usize,
    pub(super) ridge: f64,
    /// Number of variables without a ridge, which come first.
    pub(super) n_free: usize,
}

/// The entries of a symmetric matrix, for a factor of some of its variables.
pub(super) trait Entries {
    /// The rows of some variables, on the columns of others.
    fn between(&self, rows: &[usize], columns: &[usize]) -> Mat<f64>;
}

impl System<'_> {
    /// Whether it is known on these variables.
    pub(super) fn has(&self, variables: &[usize]) -> bool {
        variables.iter().all(|&j| self.place(j) < self.hessian.nrows())
    }

    /// Where the column of a variable is.
    fn place(&self, variable: usize) -> usize {
        let column = variable / self.outputs;
        self.order.map_or(column, |order| order.places.get(column).copied().unwrap_or(UNKNOWN))
    }

    /// An entry.
    pub(super) fn at(&self, i: usize, j: usize) -> f64 {
        let ridge = if i == j && i >= self.n_free { self.ridge } else { 0.0 };
        if i % self.outputs == j % self.outputs {
            self.hessian[(self.place(i), self.place(j))] + ridge
        } else {
            0.0
        }
    }

    /// The matrix on some variables.
    pub(super) fn on(&self, variables: &[usize]) -> Mat<f64> {
        self.between(variables, variables)
    }

    /// Writes the product with a vector, for one output by the columns where it is not 0, and 0 for variables that it
    /// is not on.
    pub(super) fn multiply(&self, x: &[f64], out: &mut [f64]) {
        if self.outputs > 1 {
            let size = x.len() / self.outputs;
            let x = MatRef::from_column_major_slice(x, self.outputs, size);
            let product = MatMut::from_column_major_slice_mut(out, self.outputs, size);
            let hessian = self.hessian.submatrix(0, 0, size, size);
            matmul(product, Accum::Replace, x, hessian, 1.0, Par::Seq);
        } else {
            let mut sums = vec![0.0; self.hessian.nrows()];
            vectorized(
                #[inline(always)]
                || {
                    for (j, &x) in x.iter().enumerate().filter(|(_, x)| **x != 0.0) {
                        let column = &self.hessian.col_as_slice(self.place(j))[..sums.len()];
                        for (sum, c) in sums.iter_mut().zip(column) {
                            *sum += c * x;
                        }
                    }
                },
            );
            out.fill(0.0);
            match self.order {
                None => out.copy_from_slice(&sums[..out.len()]),
                Some(order) => {
                    for (&column, sum) in order.known.iter().zip(sums) {
                        out[column] = sum;
                    }
                }
            }
        }
        if self.ridge > 0.0 {
            for (out, x) in out.iter_mut().zip(x).skip(self.n_free) {
                *out += self.ridge * x;
            }
        }
    }
}

impl Entries for System<'_> {
    fn between(&self, rows: &[usize], columns: &[usize]) -> Mat<f64> {
        if self.outputs > 1 {
            return Mat::from_fn(rows.len(), columns.len(), |i, j| self.at(rows[i], columns[j]));
        }
        let places: Vec<usize> = rows.iter().map(|&i| self.place(i)).collect();
        let mut out = Mat::zeros(rows.len(), columns.len());
        for (b, &j) in columns.iter().enumerate() {
            let column = self.hessian.col_as_slice(self.place(j));
            for ((out, &i), &place) in out.col_as_slice_mut(b).iter_mut().zip(rows).zip(&places) {
                *out = if i == j { self.at(i, i) } else { column[place] };
            }
        }
        out
    }
}

/// The quadratic function `½xᵀCx`.
impl Objective<f64> for System<'_> {
    fn value_and_gradient(&self, x: &[f64], gradient: &mut [f64]) -> Result<f64, chamfer::Error> {
        self.multiply(x, gradient);
        Ok(0.5 * x.iter().zip(gradient).map(|(x, g)| x * *g).sum::<f64>())
    }

    fn hessian_product(
        &self,
        _: &[f64],
        direction: &[f64],
        out: &mut [f64],
    ) -> Result<(), chamfer::Error> {
        self.multiply(direction, out);
        Ok(())
    }
}

/// The Cholesky factor of `C_FF + δ diag(C_FF)` for a changing list `F` of the variables of a matrix.
///
/// `δ` keeps the factor positive definite when variables are linearly dependent. It bends the
/// Newton steps that are taken with it by about that much, and nothing else: the gradients that
/// decide convergence are exact.
///
/// Appending `k` variables at once costs `O(k|F|²)` in blocks, removing one `O(|F|²)`; where many are removed,
/// those after the first are appended anew.
#[derive(Debug, Clone)]
pub(super) struct Cholesky {
    variables: Vec<usize>,
    /// The factor is the lower triangle of the first `|F|` rows and columns.
    lower: Mat<f64>,
}

impl Default for Cholesky {
    fn default() -> Self {
        Self { variables: Vec::new(), lower: Mat::new() }
    }
}

impl Cholesky {
    /// `δ`, relative to the diagonal.
    const DAMPING: f64 = 1e-11;

    /// Forgets all variables: the system has changed.
    pub(super) fn clear(&mut self) {
        self.variables.clear();
    }

    /// Keeps the variables `kept`, which rise, and numbers them anew in that order.
    pub(super) fn keep(&mut self, kept: &[usize]) {
        let number = |variable: &usize| kept.binary_search(variable).ok();
        let is_lost = |&at: &usize| number(&self.variables[at]).is_none();
        let lost: Vec<usize> = (0..self.variables.len()).filter(is_lost).collect();
        self.remove(&lost);
        self.variables = self.variables.iter().filter_map(number).collect();
    }

    /// The variables in the order of [`solve`](Self::solve)'s right-hand side.
    pub(super) fn variables(&self) -> &[usize] {
        &self.variables
    }

    /// Makes `F` the set for which `wanted` is true, of the variables of `matrix`.
    pub(super) fn set_variables(&mut self, matrix: &impl Entries, wanted: &[bool]) {
        let n = self.variables.len();
        let unwanted: Vec<usize> =
            (0..n).filter(|&position| !wanted[self.variables[position]]).collect();
        if let Some(&first) = unwanted.first() {
            // Rotations after each of them, or a factor of all that follow, in blocks.
            let rotations: usize = unwanted.iter().map(|at| (n - at) * (n - at)).sum();
            let following = n - unwanted.len() - first;
            if ROTATION * rotations > following * (n * n) / 3 {
                self.variables.truncate(first);
            } else {
                self.remove(&unwanted);
            }
        }
        let mut present = vec![false; wanted.len()];
        for &variable in &self.variables {
            present[variable] = true;
        }
        let added: Vec<usize> = (0..wanted.len()).filter(|&j| wanted[j] && !present[j]).collect();
        if !added.is_empty() {
            self.append(matrix, &added);
        }
    }

    /// Solves `(C_FF + δ diag(C_FF)) x = b` in place.
    pub(super) fn solve(&self, b: &mut [f64]) {
        let mut b = MatMut::from_column_major_slice_mut(b, self.variables.len(), 1);
        solve_lower_triangular_in_place(self.factor(), b.as_mut(), Par::Seq);
        solve_upper_triangular_in_place(self.factor().transpose(), b, Par::Seq);
    }

    fn factor(&self) -> MatRef<'_, f64> {
        let n = self.variables.len();
        self.lower.as_ref().submatrix(0, 0, n, n)
    }

    /// Makes room for a factor of `n` variables; what is not used yet is not touched.
    fn reserve(&mut self, n: usize) {
        if n > self.lower.nrows() {
            if n > self.lower.col_stride().unsigned_abs() {
                self.lower.reserve(n + n / 2, n + n / 2);
            }
            self.lower.resize_with(n, n, |_, _| 0.0);
        }
    }

    /// Appends variables: their rows are `A L⁻ᵀ`, and what that leaves of their own block is factored.
    fn append(&mut self, matrix: &impl Entries, added: &[usize]) {
        let (old, k) = (self.variables.len(), added.len());
        self.reserve(old + k);
        let mut across = matrix.between(&self.variables, added);
        solve_lower_triangular_in_place(self.factor(), across.as_mut(), Par::Seq);
        let mut own = matrix.between(added, added);
        let damping: Vec<f64> = (0..k).map(|j| Self::DAMPING * own[(j, j)]).collect();
        subtract_lower(own.as_mut(), across.transpose(), across.as_ref());
        factor_damped(own.as_mut(), &damping);
        for i in 0..old {
            for j in 0..k {
                self.lower[(old + j, i)] = across[(i, j)];
            }
        }
        for j in 0..k {
            for i in j..k {
                self.lower[(old + i, old + j)] = own[(i, j)];
            }
        }
        self.variables.extend(added);
    }

    /// Removes the variables at some positions, which rise: what the column of each has below the diagonal goes
    /// into the factor of the variables after it, by rotations.
    fn remove(&mut self, positions: &[usize]) {
        let n = self.variables.len();
        let Some(&first) = positions.first() else { return };
        let mut is_removed = vec![false; n];
        for &position in positions {
            is_removed[position] = true;
        }
        // Runs of rows that stay, and where they move to.
        let starts = std::iter::once(0).chain(positions.iter().map(|at| at + 1));
        let ends = positions.iter().copied().chain([n]);
        let runs: Vec<_> = starts.zip(ends).enumerate().map(|(k, (a, b))| (a..b, a - k)).collect();
        let mut spills: Vec<Vec<f64>> = Vec::new();
        let mut column = vec![0.0; n];
        let mut next = first;
        for j in 0..n {
            let place = if j < first { j } else { next };
            column[j..n].copy_from_slice(&self.lower.col_as_slice(j)[j..n]);
            if is_removed[j] {
                spills.push(column.clone());
                continue;
            }
            for spill in &mut spills {
                rotate(&mut column[j..n], &mut spill[j..n]);
            }
            let to = self.lower.col_as_slice_mut(place);
            for (run, at) in runs.iter().filter(|(run, _)| run.end > j) {
                let start = run.start.max(j);
                let at = at + start - run.start;
                to[at..at + run.end - start].copy_from_slice(&column[start..run.end]);
            }
            next = place + 1;
        }
        let mut removed = is_removed.into_iter();
        self.variables.retain(|_| !removed.next().unwrap_or_default());
    }
}

/// Subtracts from the lower triangle the product of a matrix with its transpose.
fn subtract_lower(out: MatMut<'_, f64>, rows: MatRef<'_, f64>, columns: MatRef<'_, f64>) {
    let lower = BlockStructure::TriangularLower;
    let all = BlockStructure::Rectangular;
    triangular::matmul(out, lower, Accum::Add, rows, all, columns, all, -1.0, Par::Seq);
}

/// Replaces the lower triangle of a matrix with `damping` on its diagonal by the Cholesky factor, by halves.
fn factor_damped(mut matrix: MatMut<'_, f64>, damping: &[f64]) {
    let n = damping.len();
    if n > BLOCK {
        let half = n / 2;
        let (mut first, _, mut below, mut second) = matrix.split_at_mut(half, half);
        factor_damped(first.rb_mut(), &damping[..half]);
        let rows = below.rb_mut().transpose_mut();
        solve_lower_triangular_in_place(first.rb(), rows, Par::Seq);
        subtract_lower(second.rb_mut(), below.rb(), below.rb().transpose());
        factor_damped(second, &damping[half..]);
        return;
    }
    for j in 0..n {
        // Above 0 for columns of zeros, which then do not move.
        let pivot = matrix[(j, j)] + damping[j];
        let pivot = pivot.max(damping[j]).max(f64::MIN_POSITIVE).sqrt();
        matrix[(j, j)] = pivot;
        for i in j + 1..n {
            matrix[(i, j)] /= pivot;
        }
        for c in j + 1..n {
            let (done, mut column) = matrix.rb_mut().split_at_col_mut(c);
            let factor = done[(c, j)];
            for i in c..n {
                column[(i, 0)] -= factor * done[(i, j)];
            }
        }
    }
}

/// Turns two columns in their plane until the second starts with 0.
fn rotate(column: &mut [f64], spill: &mut [f64]) {
    let length = column[0].hypot(spill[0]);
    let (c, s) = (column[0] / length, spill[0] / length);
    vectorized(
        #[inline(always)]
        || {
            for (x, y) in column.iter_mut().zip(spill) {
                (*x, *y) = (c * *x + s * *y, c * *y - s * *x);
            }
        },
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A well-conditioned Gram matrix with no structure.
    fn gram(n: usize) -> Mat<f64> {
        let x = Mat::from_fn(3 * n, n, |i, j| ((i * 31 + j * 17 + i * j * 7) as f64).sin());
        x.transpose() * &x
    }

    fn residual(factor: &Cholesky, gram: &Mat<f64>) -> f64 {
        let n = factor.variables().len();
        let b: Vec<f64> = (0..n).map(|i| (i as f64).cos()).collect();
        let mut x = b.clone();
        factor.solve(&mut x);
        let variables = factor.variables();
        let product =
            |i: usize| -> f64 { (0..n).map(|j| gram[(variables[i], variables[j])] * x[j]).sum() };
        (0..n).map(|i| (product(i) - b[i]).abs()).fold(0.0, f64::max)
    }

    #[test]
    fn solves_after_growing_and_shrinking() {
        let gram = gram(30);
        let mut factor = Cholesky::default();
        let sets: [fn(usize) -> bool; 6] =
            [|j| j < 3, |j| j < 5, |j| j % 2 == 0, |j| j != 7, |j| j % 3 != 1, |j| j == 29];
        for set in sets {
            let wanted: Vec<bool> = (0..30).map(set).collect();
            factor.set_variables(
                &System { hessian: &gram, order: None, outputs: 1, ridge: 0.0, n_free: 0 },
                &wanted,
            );
            let mut variables = factor.variables().to_vec();
            variables.sort_unstable();
            let expected: Vec<usize> = (0..30).filter(|&j| wanted[j]).collect();
            assert_eq!(variables, expected);
            assert!(residual(&factor, &gram) < 1e-8, "{}", residual(&factor, &gram));
        }
    }

    #[test]
    fn survives_duplicate_variables() {
        let one = gram(4);
        let twice = Mat::from_fn(8, 8, |i, j| one[(i % 4, j % 4)]);
        let mut factor = Cholesky::default();
        factor.set_variables(
            &System { hessian: &twice, order: None, outputs: 1, ridge: 0.0, n_free: 0 },
            &[true; 8],
        );
        let mut x = [1.0; 8];
        factor.solve(&mut x);
        assert!(x.iter().all(|x| x.is_finite()));
    }
}
