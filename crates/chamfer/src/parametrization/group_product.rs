//! Products of a group's coefficients with gates that the group shares.

use super::depth::check_depth;
use super::product::{Factors, spread};
use super::{Curvature, Parametrization, away_from_zero};
use crate::{Convexity, Error, Facts, GroupPenalty, Groups, Penalty, Scalar, Strength};
use rand::RngCore;

/// Group products `β_gj = Π_{l≤k₁} u_{gj,l} · Π_{m≤k₂} ν_{g,m}` with
/// `R_ξ = (1/(k₁+k₂)) Σ_g w_g (Σ_{j,l} u_{gj,l}² + Σ_m ν_{g,m}²)`, which induce
/// `R = Σ_g w_g (Σ_j |β_gj|^p)^{q/p}` with `p = 2/k₁` and `q = 2/(k₁+k₂)`.
///
/// - [`new`](Self::new): one factor and one gate (GHPP), the group lasso `Σ w_g ‖β_g‖₂`;
/// - [`deep`](Self::deep): one factor and `k − 1` gates (`GHPP_k`, D-gating), `Σ w_g ‖β_g‖₂^{2/k}`;
/// - [`nested`](Self::nested): sparse within groups too.
///
/// Factors: `ξ = [u₁, …, u_{k₁}, ν₁, …, ν_{k₂}]`, length `k₁ d + k₂ G`. K is polynomial. Balanced:
/// within a group all `|ν_m|` are equal, all `|u_{j,l}|` of a coefficient are, and
/// `Σ_j u_{j,l}² = ν_m²`. The weights are `√|g|` unless others are given. Sources: Kolb et al. 2023
/// (GHPP, nested), Kolb et al. 2025b (D-gating).
#[derive(Debug, Clone, PartialEq)]
pub struct GroupProduct {
    facts: &'static Facts,
    within: usize,
    gates: usize,
    penalty: GroupPenalty,
}

impl GroupProduct {
    pub(crate) const GHPP: Facts = Facts {
        name: "GHPP",
        type_name: "GroupProduct::new",
        map: "ν_g u_g",
        surrogate: "½ Σ_g (‖u_g‖² + ν_g²)",
        penalty: "Σ_g ‖β_g‖₂",
        convex: Convexity::Always,
        extra_factors: "G",
        smoothness: "polynomial",
        source: "Kolb et al. 2023",
    };

    pub(crate) const GHPP_K: Facts = Facts {
        name: "GHPP_k",
        type_name: "GroupProduct::deep",
        map: "u_g Π_{l<k} ν_{g,l}",
        surrogate: "(1/k) Σ_g (‖u_g‖² + Σ_l ν_{g,l}²)",
        penalty: "Σ_g ‖β_g‖₂^{2/k}",
        convex: Convexity::AtDepthTwo,
        extra_factors: "(k−1)G",
        smoothness: "polynomial, integer k ≥ 2",
        source: "Kolb et al. 2023, 2025b (D-gating)",
    };

    pub(crate) const NESTED: Facts = Facts {
        name: "nested",
        type_name: "GroupProduct::nested",
        map: "Π_{l≤k₁} u_{gj,l} Π_{m≤k₂} ν_{g,m}",
        surrogate: "(Σ_l ‖u_l‖² + Σ_m ‖ν_m‖²)/(k₁+k₂)",
        penalty: "Σ_g (Σ_j |β_gj|^p)^{q/p}, p = 2/k₁, q = 2/(k₁+k₂)",
        convex: Convexity::AtDepthTwo,
        extra_factors: "(k₁−1)d + k₂G",
        smoothness: "polynomial, integer k₁, k₂",
        source: "Kolb et al. 2023",
    };

    /// The group lasso.
    ///
    /// ```
    /// use chamfer::{GroupProduct, Groups, Parametrization, Strength};
    ///
    /// let row = GroupProduct::new(Groups::from_sizes(&[2, 1])?);
    /// let mut factors = [0.0; 5]; // u, then a gate for each group
    /// row.lift(&[3.0, 4.0, 0.0], &mut factors);
    /// assert!((factors[3] - 5.0f64.sqrt()).abs() < 1e-15); // the gate √‖β_g‖
    /// assert!((row.surrogate(&factors, Strength::uniform(1.0)) - 5.0).abs() < 1e-14);
    /// # Ok::<(), chamfer::Error>(())
    /// ```
    #[must_use]
    pub fn new(groups: Groups) -> Self {
        Self::of(&Self::GHPP, groups, 1, 1)
    }

    /// The group penalty with exponent `q = 2/depth`.
    ///
    /// ```
    /// use chamfer::{GroupProduct, Groups, Parametrization};
    ///
    /// let row = GroupProduct::deep(Groups::from_sizes(&[2])?, 3)?;
    /// let mut beta = [0.0; 2];
    /// row.collapse(&[1.0, 2.0, 3.0, 0.5], &mut beta); // u, then two gates
    /// assert_eq!(beta, [1.5, 3.0]);
    /// # Ok::<(), chamfer::Error>(())
    /// ```
    ///
    /// # Errors
    /// If `depth` is below 2 or above 65,536.
    pub fn deep(groups: Groups, depth: usize) -> Result<Self, Error> {
        check_depth(depth as f64, 2.0)?;
        Ok(Self::of(&Self::GHPP_K, groups, 1, depth - 1))
    }

    /// Sparse between and within groups: `within` factors for each coefficient (k₁), `gates` for
    /// each group (k₂). With `within = 1` it is the group penalty of depth `1 + gates`.
    ///
    /// ```
    /// use chamfer::{GroupProduct, Groups, Parametrization, Strength};
    ///
    /// // p = 1, q = 2/3: Σ_g ‖β_g‖₁^{2/3}
    /// let row = GroupProduct::nested(Groups::from_sizes(&[2])?, 2, 1)?;
    /// let value = row.penalty().value(&[3.0, -5.0], Strength::uniform(1.0));
    /// assert!((value - 4.0f64).abs() < 1e-12); // (3 + 5)^{2/3}
    /// # Ok::<(), chamfer::Error>(())
    /// ```
    ///
    /// # Errors
    /// If either number is 0 or above 65,536.
    pub fn nested(groups: Groups, within: usize, gates: usize) -> Result<Self, Error> {
        check_depth(within as f64, 1.0)?;
        check_depth(gates as f64, 1.0)?;
        Ok(Self::of(&Self::NESTED, groups, within, gates))
    }

    fn of(facts: &'static Facts, groups: Groups, within: usize, gates: usize) -> Self {
        let penalty = GroupPenalty::new(groups, 2.0 / within as f64, 2.0 / (within + gates) as f64);
        Self { facts, within, gates, penalty }
    }

    fn groups(&self) -> &Groups {
        self.penalty.groups()
    }

    fn depth(&self) -> f64 {
        (self.within + self.gates) as f64
    }

    /// The factors of the coefficients and those of the groups.
    fn split<'a, T: Scalar>(&self, factors: &'a [T]) -> (Factors<'a, T>, Factors<'a, T>) {
        let (d, n_groups) = (self.groups().n_coefficients(), self.groups().len());
        let (u, gates) = factors.split_at(self.within * d);
        (Factors { all: u, d }, Factors { all: gates, d: n_groups })
    }

    /// Where the first gates begin.
    fn first_gate(&self) -> usize {
        self.within * self.groups().n_coefficients()
    }

    /// Writes factors that collapse to β: gates of modulus at least `open`, and so with the factors
    /// of each coefficient but the first, which takes what is left.
    fn write_lift<T: Scalar>(&self, coefficients: &[T], open: T, factors: &mut [T]) {
        let (k, k1) = (T::of(self.depth()), self.within);
        let d = coefficients.len();
        let (u, gates) = factors.split_at_mut(self.first_gate());
        for group in 0..self.groups().len() {
            let sum = self.penalty.inner_sum(group, coefficients);
            let gate = sum.powf(T::of(k1 as f64 * 0.5) / k).max(open);
            for m in 0..self.gates {
                gates[m * self.groups().len() + group] = gate;
            }
            let gate = (0..self.gates).fold(T::one(), |product, _| product * gate);
            for j in self.groups().indices(group) {
                // What the gates leave for the factors of the coefficient; 0 in a closed group.
                let rest = if gate == T::zero() { gate } else { coefficients[j] / gate };
                let others = rest.abs().powf(T::of(1.0 / k1 as f64)).max(open);
                let mut first = rest;
                for l in 1..k1 {
                    u[l * d + j] = others;
                    first = if first == T::zero() { first } else { first / others };
                }
                u[j] = first;
            }
        }
    }
}

impl<T: Scalar> Parametrization<T> for GroupProduct {
    fn facts(&self) -> &'static Facts {
        self.facts
    }

    fn check(&self, n_coefficients: usize) -> Result<(), Error> {
        let grouped = self.groups().n_coefficients();
        Error::check_length("a block with groups", grouped, n_coefficients)
    }

    fn n_factors(&self, _: usize) -> usize {
        self.first_gate() + self.gates * self.groups().len()
    }

    fn n_terms(&self, _: usize) -> usize {
        self.groups().len()
    }

    fn default_weights(&self) -> Option<Vec<T>> {
        Some(self.groups().root_sizes().map(T::of).collect())
    }

    fn collapse(&self, factors: &[T], coefficients: &mut [T]) {
        let (u, gates) = self.split(factors);
        for group in 0..self.groups().len() {
            let gate = gates.product(group);
            for run in self.groups().runs(group) {
                for (b, &u) in coefficients[run.clone()].iter_mut().zip(&u.all[run.clone()]) {
                    *b = gate * u;
                }
                for l in 1..self.within {
                    let slice = &u.all[l * u.d..][run.clone()];
                    for (b, &u) in coefficients[run.clone()].iter_mut().zip(slice) {
                        *b *= u;
                    }
                }
            }
        }
    }

    fn pushforward(&self, factors: &[T], direction: &[T], out: &mut [T]) {
        let (u, gates) = self.split(factors);
        let (du, d_gates) = self.split(direction);
        for group in 0..self.groups().len() {
            let gate = gates.product(group);
            let d_gate = gates.product_change(d_gates, group, self.gates);
            for j in self.groups().indices(group) {
                out[j] = gate * u.product_change(du, j, self.within) + d_gate * u.product(j);
            }
        }
    }

    fn pullback(
        &self,
        factors: &[T],
        gradient: &[T],
        strength: Strength<'_, T>,
        out: &mut [T],
    ) -> T {
        let (u, gates) = self.split(factors);
        let (of_u, of_gates) = out.split_at_mut(self.first_gate());
        let scale = T::of(1.0 / self.depth());
        let mut surrogate = T::zero();
        for group in 0..self.groups().len() {
            let gate = gates.product(group);
            let weight = scale * strength.at(group);
            // How much the value changes with the product of the gates, and Σ u².
            let (mut slope, mut squares) = (T::zero(), T::zero());
            for run in self.groups().runs(group) {
                u.leave_one_out(run.clone(), |j| gate * gradient[j], of_u);
                for j in run.clone() {
                    slope += gradient[j] * u.product(j);
                }
                for l in 0..self.within {
                    let at = l * u.d + run.start..l * u.d + run.end;
                    for (out, &u) in of_u[at.clone()].iter_mut().zip(&u.all[at]) {
                        squares += u * u;
                        *out += (weight + weight) * u;
                    }
                }
            }
            gates.leave_one_out(group..group + 1, |_| slope, of_gates);
            for at in (group..of_gates.len()).step_by(gates.d) {
                let gate = gates.all[at];
                squares += gate * gate;
                of_gates[at] += (weight + weight) * gate;
            }
            surrogate += weight * squares;
        }
        surrogate
    }

    fn hessian_product(
        &self,
        factors: &[T],
        curvature: Curvature<'_, T>,
        strength: Strength<'_, T>,
        direction: &[T],
        out: &mut [T],
    ) {
        let (u, gates) = self.split(factors);
        let (du, d_gates) = self.split(direction);
        let (of_u, of_gates) = out.split_at_mut(self.first_gate());
        let scale = T::of(2.0 / self.depth());
        for group in 0..self.groups().len() {
            let gate = gates.product(group);
            let d_gate = gates.product_change(d_gates, group, self.gates);
            let weight = scale * strength.at(group);
            let (mut slope, mut d_slope) = (T::zero(), T::zero());
            for j in self.groups().indices(group) {
                let (g, h) = (curvature.gradient[j], curvature.product[j]);
                slope += g * u.product(j);
                d_slope += h * u.product(j) + g * u.product_change(du, j, self.within);
                for l in 0..self.within {
                    of_u[l * u.d + j] = (gate * h + d_gate * g) * u.product_without(j, l)
                        + gate * g * u.product_change(du, j, l)
                        + weight * du.all[l * u.d + j];
                }
            }
            for m in 0..self.gates {
                of_gates[m * gates.d + group] = d_slope * gates.product_without(group, m)
                    + slope * gates.product_change(d_gates, group, m)
                    + weight * d_gates.all[m * gates.d + group];
            }
        }
    }

    fn surrogate(&self, factors: &[T], strength: Strength<'_, T>) -> T {
        let (u, gates) = self.split(factors);
        let term = |group: usize| {
            let squares = |factors: Factors<'_, T>, j: usize| -> T {
                factors.all[j..].iter().step_by(factors.d).map(|&x| x * x).sum()
            };
            let of_u: T = self.groups().indices(group).map(|j| squares(u, j)).sum();
            strength.at(group) * (of_u + squares(gates, group))
        };
        T::of(1.0 / self.depth()) * (0..self.groups().len()).map(term).sum::<T>()
    }

    fn lift(&self, coefficients: &[T], factors: &mut [T]) {
        self.write_lift(coefficients, T::zero(), factors);
    }

    fn start(&self, coefficients: &[T], factors: &mut [T]) {
        self.write_lift(coefficients, T::one(), factors);
    }

    fn random(&self, standard_deviation: T, rng: &mut dyn RngCore, factors: &mut [T]) {
        let scale = standard_deviation.powf(T::of(1.0 / self.depth()));
        factors.fill_with(|| away_from_zero(scale, rng));
    }

    fn frozen(&self, factors: &[T]) -> Option<usize> {
        let (u, gates) = self.split(factors);
        (0..self.groups().len()).find_map(|group| {
            let closed = gates.zeros(group);
            // With one gate closed, a coefficient whose own factors are open will open it.
            let opens = closed == 1 && self.groups().indices(group).any(|j| u.zeros(j) == 0);
            let fixed = |j: &usize| match u.zeros(*j) {
                0 => closed >= 2,
                1 => closed >= 1 && !opens,
                _ => true,
            };
            self.groups().indices(group).find(fixed)
        })
    }

    fn imbalance(&self, factors: &[T]) -> T {
        let (u, gates) = self.split(factors);
        let of_group = |group: usize| {
            let within = self.groups().indices(group).map(|j| u.spread(j));
            let sums = (0..self.within).map(|l| {
                self.groups().indices(group).map(|j| u.all[l * u.d + j].powi(2)).sum::<T>()
            });
            let gates = (0..self.gates).map(|m| gates.all[m * gates.d + group].powi(2));
            within.fold(spread(sums.chain(gates)), T::max)
        };
        (0..self.groups().len()).map(of_group).fold(T::zero(), T::max)
    }

    fn penalty(&self) -> &dyn Penalty<T> {
        &self.penalty
    }
}
