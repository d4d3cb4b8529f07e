//! The product of a group's coefficients with a power of one gate.

use super::depth::Depth;
use super::lanes::{TILE, tiles};
use super::powers::powers;
use super::{Curvature, Parametrization, away_from_zero};
use crate::{Convexity, Error, Facts, GroupPenalty, Groups, Penalty, Scalar, Strength};
use rand::RngCore;

/// Group power `β_g = u_g |ν_g|^{k−1}`, `R_ξ = (1/k) Σ_g w_g (‖u_g‖² + (k−1) ν_g²)`, which induces
/// `R = Σ_g w_g ‖β_g‖₂^{2/k}`, for every real depth `k ≥ 3` (`GHPowP`, Kolb et al. 2023):
/// [`GroupProduct::deep`](crate::GroupProduct::deep) with `k − 1` equal gates stored once.
///
/// Factors: `ξ = [u, ν]`, length `d + G`. K is C^{1,1} or smoother. Balanced: `‖u_g‖ = |ν_g|`. The
/// weights are `√|g|` unless others are given.
///
/// ```
/// use chamfer::{GroupPower, Groups, Parametrization};
///
/// let row = GroupPower::new(Groups::from_sizes(&[2])?, 3.0)?;
/// let mut beta = [0.0; 2];
/// row.collapse(&[1.0, -1.0, 2.0], &mut beta);
/// assert_eq!(beta, [4.0, -4.0]);
/// # Ok::<(), chamfer::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct GroupPower {
    depth: Depth,
    penalty: GroupPenalty,
}

impl GroupPower {
    pub(crate) const FACTS: Facts = Facts {
        name: "GHPowP",
        type_name: "GroupPower",
        map: "u_g |ν_g|^{k−1}",
        surrogate: "(1/k) Σ_g (‖u_g‖² + (k−1)ν_g²)",
        penalty: "Σ_g ‖β_g‖₂^{2/k}",
        convex: Convexity::Never,
        extra_factors: "G",
        smoothness: "C^{1,1}, real k ≥ 3",
        source: "Kolb et al. 2023",
    };

    /// The group power of depth `depth`.
    ///
    /// # Errors
    /// If `depth` is below 3 or above 65,536.
    pub fn new(groups: Groups, depth: f64) -> Result<Self, Error> {
        let depth = Depth::new(depth, 3.0)?;
        Ok(Self { depth, penalty: GroupPenalty::new(groups, 2.0, 2.0 / depth.k()) })
    }

    fn groups(&self) -> &Groups {
        self.penalty.groups()
    }

    fn write_lift<T: Scalar>(&self, coefficients: &[T], open: T, factors: &mut [T]) {
        let (u, gates) = factors.split_at_mut(coefficients.len());
        for (group, gate) in gates.iter_mut().enumerate() {
            let norm = self.penalty.inner_sum(group, coefficients).sqrt();
            *gate = self.depth.root(norm).max(open);
            let power = self.depth.power(*gate, 1.0);
            for j in self.groups().indices(group) {
                u[j] = if power == T::zero() { power } else { coefficients[j] / power };
            }
        }
    }
}

impl<T: Scalar> Parametrization<T> for GroupPower {
    fn facts(&self) -> &'static Facts {
        &Self::FACTS
    }

    fn check(&self, n_coefficients: usize) -> Result<(), Error> {
        let grouped = self.groups().n_coefficients();
        Error::check_length("a block with groups", grouped, n_coefficients)
    }

    fn n_factors(&self, n_coefficients: usize) -> usize {
        n_coefficients + self.groups().len()
    }

    fn n_terms(&self, _: usize) -> usize {
        self.groups().len()
    }

    fn default_weights(&self) -> Option<Vec<T>> {
        Some(self.groups().root_sizes().map(T::of).collect())
    }

    fn collapse(&self, factors: &[T], coefficients: &mut [T]) {
        let (u, gates) = factors.split_at(coefficients.len());
        let mut tile = [T::zero(); TILE];
        for groups in tiles(gates.len()) {
            powers(&gates[groups.clone()], self.depth.k() - 1.0, &mut tile[..groups.len()]);
            for (group, &power) in groups.zip(&tile) {
                for run in self.groups().runs(group) {
                    for (b, &u) in coefficients[run.clone()].iter_mut().zip(&u[run.clone()]) {
                        *b = power * u;
                    }
                }
            }
        }
    }

    fn pushforward(&self, factors: &[T], direction: &[T], out: &mut [T]) {
        let (u, gates) = factors.split_at(out.len());
        let (du, d_gates) = direction.split_at(out.len());
        for (group, (&gate, &d_gate)) in gates.iter().zip(d_gates).enumerate() {
            let power = self.depth.power(gate, 1.0);
            let change = self.slope(gate) * d_gate;
            for j in self.groups().indices(group) {
                out[j] = power * du[j] + change * u[j];
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
        let (u, gates) = factors.split_at(gradient.len());
        let (of_u, of_gates) = out.split_at_mut(gradient.len());
        let (scale, others) = (T::of(1.0 / self.depth.k()), T::of(self.depth.k() - 1.0));
        let (mut surrogate, mut tile) = (T::zero(), [T::zero(); TILE]);
        for groups in tiles(gates.len()) {
            powers(&gates[groups.clone()], self.depth.k() - 2.0, &mut tile[..groups.len()]);
            for (group, &power) in groups.zip(&tile) {
                let gate = gates[group];
                let weight = scale * strength.at(group);
                let (mut pull, mut squares) = (T::zero(), others * gate * gate);
                let open = power * gate.abs();
                for run in self.groups().runs(group) {
                    let parts = of_u[run.clone()].iter_mut().zip(&u[run.clone()]);
                    for ((out, &u), &g) in parts.zip(&gradient[run.clone()]) {
                        pull += g * u;
                        squares += u * u;
                        *out = open * g + (weight + weight) * u;
                    }
                }
                let slope = others * gate.signum() * power;
                of_gates[group] = slope * pull + (weight + weight) * others * gate;
                surrogate += weight * squares;
            }
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
        let d = curvature.gradient.len();
        let (u, gates) = factors.split_at(d);
        let (du, d_gates) = direction.split_at(d);
        let (of_u, of_gates) = out.split_at_mut(d);
        let k = self.depth.k();
        for (group, (&gate, &d_gate)) in gates.iter().zip(d_gates).enumerate() {
            let (power, slope) = (self.depth.power(gate, 1.0), self.slope(gate));
            let bend = T::of((k - 1.0) * (k - 2.0)) * self.depth.power(gate, 3.0);
            let weight = T::of(2.0 / k) * strength.at(group);
            let (mut pull, mut d_pull) = (T::zero(), T::zero());
            for j in self.groups().indices(group) {
                let (g, h) = (curvature.gradient[j], curvature.product[j]);
                pull += g * u[j];
                d_pull += h * u[j] + g * du[j];
                of_u[j] = power * h + slope * d_gate * g + weight * du[j];
            }
            of_gates[group] =
                slope * d_pull + bend * d_gate * pull + weight * T::of(k - 1.0) * d_gate;
        }
    }

    fn surrogate(&self, factors: &[T], strength: Strength<'_, T>) -> T {
        let (u, gates) = factors.split_at(self.groups().n_coefficients());
        let others = T::of(self.depth.k() - 1.0);
        let term = |(group, &gate): (usize, &T)| {
            let squares: T = self.groups().indices(group).map(|j| u[j] * u[j]).sum();
            strength.at(group) * (squares + others * gate * gate)
        };
        T::of(1.0 / self.depth.k()) * gates.iter().enumerate().map(term).sum::<T>()
    }

    fn lift(&self, coefficients: &[T], factors: &mut [T]) {
        self.write_lift(coefficients, T::zero(), factors);
    }

    fn start(&self, coefficients: &[T], factors: &mut [T]) {
        self.write_lift(coefficients, T::one(), factors);
    }

    fn random(&self, standard_deviation: T, rng: &mut dyn RngCore, factors: &mut [T]) {
        // Only u varies: |ν|^{k−1} would have heavy tails.
        let scale = self.depth.root(standard_deviation);
        let (u, gates) = factors.split_at_mut(self.groups().n_coefficients());
        u.fill_with(|| away_from_zero(scale, rng));
        gates.fill(scale);
    }

    fn frozen(&self, factors: &[T]) -> Option<usize> {
        let gates = &factors[self.groups().n_coefficients()..];
        let closed = gates.iter().position(|gate| *gate == T::zero())?;
        self.groups().indices(closed).next()
    }

    fn imbalance(&self, factors: &[T]) -> T {
        let (u, gates) = factors.split_at(self.groups().n_coefficients());
        let term = |(group, &gate): (usize, &T)| {
            let squares: T = self.groups().indices(group).map(|j| u[j] * u[j]).sum();
            (squares - gate * gate).abs()
        };
        gates.iter().enumerate().map(term).fold(T::zero(), T::max)
    }

    fn penalty(&self) -> &dyn Penalty<T> {
        &self.penalty
    }
}

impl GroupPower {
    /// The derivative of `|ν|^{k−1}`.
    #[inline]
    fn slope<T: Scalar>(&self, gate: T) -> T {
        T::of(self.depth.k() - 1.0) * gate.signum() * self.depth.power(gate, 2.0)
    }
}
