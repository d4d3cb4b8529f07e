//! A Cholesky factor that follows a set of variables as it grows and shrinks.

use crate::design::vectors::{dot, vectorized};
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::cholesky::llt::factor::{
    LltRegularization, cholesky_in_place, cholesky_in_place_scratch,
};
use faer::{Mat, Par, Spec};

/// Share of new variables from which a fresh factorization is cheaper than appending each.
const REFACTOR_SHARE: f64 = 0.2;

/// A symmetric matrix: a Hessian of the loss, and a ridge on the variables after the first few.
#[derive(Debug, Clone, Copy)]
pub(super) struct System<'a> {
    pub(super) hessian: &'a Mat<f64>,
    pub(super) ridge: f64,
    /// Number of variables without a ridge, which come first.
    pub(super) n_free: usize,
}

impl System<'_> {
    fn at(&self, i: usize, j: usize) -> f64 {
        let ridge = if i == j && i >= self.n_free { self.ridge } else { 0.0 };
        self.hessian[(i, j)] + ridge
    }

    /// Writes the product with a vector, by the columns where it is not 0.
    pub(super) fn multiply(&self, x: &[f64], out: &mut [f64]) {
        out.fill(0.0);
        vectorized(
            #[inline(always)]
            || {
                for (j, &x) in x.iter().enumerate().filter(|(_, x)| **x != 0.0) {
                    let column = &self.hessian.col_as_slice(j)[..out.len()];
                    for (out, c) in out.iter_mut().zip(column) {
                        *out += c * x;
                    }
                }
            },
        );
        if self.ridge > 0.0 {
            for (out, x) in out.iter_mut().zip(x).skip(self.n_free) {
                *out += self.ridge * x;
            }
        }
    }
}

/// The Cholesky factor of `C_FF + δ diag(C_FF)` for a changing list `F` of the variables of a [`System`].
///
/// `δ` keeps the factor positive definite when variables are linearly dependent. It bends the
/// Newton steps that are taken with it by about that much, and nothing else: the gradients that
/// decide convergence are exact.
///
/// Rows of the lower triangle are stored one after the other, so that every loop runs over
/// contiguous memory. Appending and removing a variable cost `O(|F|²)`.
#[derive(Debug, Clone, Default)]
pub(super) struct Cholesky {
    variables: Vec<usize>,
    rows: Vec<Vec<f64>>,
}

impl Cholesky {
    /// `δ`, relative to the diagonal.
    const DAMPING: f64 = 1e-11;

    /// Forgets all variables: the system has changed.
    pub(super) fn clear(&mut self) {
        self.variables.clear();
        self.rows.clear();
    }

    /// The variables in the order of [`solve`](Self::solve)'s right-hand side.
    pub(super) fn variables(&self) -> &[usize] {
        &self.variables
    }

    /// Makes `F` the set for which `wanted` is true, of the variables of `system`.
    pub(super) fn set_variables(&mut self, system: System<'_>, wanted: &[bool]) {
        let mut present = vec![false; wanted.len()];
        for position in (0..self.variables.len()).rev() {
            let variable = self.variables[position];
            if wanted[variable] {
                present[variable] = true;
            } else {
                self.remove(position);
            }
        }
        let new = |&j: &usize| wanted[j] && !present[j];
        let added: Vec<usize> = (0..wanted.len()).filter(new).collect();
        let share = added.len() as f64 / (self.variables.len() + added.len()).max(1) as f64;
        if added.len() > 8 && share > REFACTOR_SHARE {
            self.variables.extend(added);
            self.refactor(system);
        } else {
            for variable in added {
                self.append(system, variable);
            }
        }
    }

    /// Solves `(C_FF + δ diag(C_FF)) x = b` in place.
    pub(super) fn solve(&self, b: &mut [f64]) {
        self.solve_lower(b);
        vectorized(
            #[inline(always)]
            || {
                for (i, row) in self.rows.iter().enumerate().rev() {
                    b[i] /= row[i];
                    let x = b[i];
                    for (b, l) in b[..i].iter_mut().zip(row) {
                        *b -= l * x;
                    }
                }
            },
        );
    }

    fn solve_lower(&self, b: &mut [f64]) {
        vectorized(
            #[inline(always)]
            || {
                for (i, row) in self.rows.iter().enumerate() {
                    let known: f64 = dot(&row[..i], &b[..i]);
                    b[i] = (b[i] - known) / row[i];
                }
            },
        );
    }

    fn append(&mut self, system: System<'_>, variable: usize) {
        let mut row: Vec<f64> = self.variables.iter().map(|&j| system.at(variable, j)).collect();
        self.solve_lower(&mut row);
        let diagonal = system.at(variable, variable);
        let pivot = diagonal * (1.0 + Self::DAMPING) - dot(&row, &row);
        row.push(pivot.max(Self::DAMPING * diagonal).sqrt());
        self.variables.push(variable);
        self.rows.push(row);
    }

    /// Removes one variable; the rows below it take a rank-one update by rotations.
    fn remove(&mut self, position: usize) {
        self.variables.remove(position);
        self.rows.remove(position);
        let mut rotations: Vec<(f64, f64)> = Vec::new();
        for row in &mut self.rows[position..] {
            // What stood in the removed column is rotated into the columns after it.
            let mut spill = row.remove(position);
            let tail = &mut row[position..];
            for (l, (c, s)) in tail.iter_mut().zip(&rotations) {
                let old = *l;
                *l = c * old + s * spill;
                spill = c * spill - s * old;
            }
            if let Some(diagonal) = tail.get_mut(rotations.len()) {
                let length = diagonal.hypot(spill);
                rotations.push((*diagonal / length, spill / length));
                *diagonal = length;
            }
        }
    }

    /// Factors from scratch, by blocks.
    fn refactor(&mut self, system: System<'_>) {
        let n = self.variables.len();
        let damped = |i: usize, j: usize| {
            let c = system.at(self.variables[i], self.variables[j]);
            if i == j { c * (1.0 + Self::DAMPING) } else { c }
        };
        let mut lower = Mat::from_fn(n, n, damped);
        let scratch = cholesky_in_place_scratch::<f64>(n, Par::Seq, Spec::default());
        let mut memory = MemBuffer::new(scratch);
        let stack = MemStack::new(&mut memory);
        let outcome = cholesky_in_place(
            lower.as_mut(),
            LltRegularization::default(),
            Par::Seq,
            stack,
            Spec::default(),
        );
        self.rows.clear();
        if outcome.is_ok() {
            self.rows.extend((0..n).map(|i| (0..=i).map(|j| lower[(i, j)]).collect()));
        } else {
            // Dependent variables: appending one by one floors each pivot.
            for variable in std::mem::take(&mut self.variables) {
                self.append(system, variable);
            }
        }
    }
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
            factor.set_variables(System { hessian: &gram, ridge: 0.0, n_free: 0 }, &wanted);
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
        factor.set_variables(System { hessian: &twice, ridge: 0.0, n_free: 0 }, &[true; 8]);
        let mut x = [1.0; 8];
        factor.solve(&mut x);
        assert!(x.iter().all(|x| x.is_finite()));
    }
}
