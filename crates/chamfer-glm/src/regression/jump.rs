//! Jumps between local minima.

use super::Regression;
use super::solver::Position;
use crate::Error;
use std::sync::Arc;

impl Regression<'_> {
    /// A term moved to where the objective is lower though it is a local minimum: zero is one in every
    /// term of a penalty with infinite slope there, so the best zero is opened, if that pays along its
    /// gradient, or a term is closed.
    pub(super) fn jump(
        &self,
        solved: &Position,
        lambda: f64,
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Result<Option<Position>, Error> {
        let terms = &self.terms;
        let mut best: Option<(f64, usize, Vec<f64>)> = None;
        let mut first = self.n_free();
        let mut now = vec![None; terms.len()];
        for &t in &solved.set.members {
            let size = terms.range(t).len();
            now[t] = Some(&solved.set.coefficients[first..first + size]);
            first += size;
        }
        let curvature = self.term_curvatures(&solved.look);
        let allowed = self.allowed(&solved.look.gradient);
        let bounds = self.bounds(0, terms.columns());
        for t in 0..terms.len() {
            let range = terms.range(t);
            let live = now[t].filter(|b| b.iter().any(|b| *b != 0.0));
            let gradient = &allowed[range.clone()];
            let norm = gradient.iter().map(|g| g * g).sum::<f64>().sqrt();
            let strength = lambda * terms.weight(t);
            if live.is_none() && norm <= self.penalty.threshold(curvature[t], strength) {
                continue;
            }
            let (sizes, weights) = terms.sizes(&[t]);
            let block = self.penalty.block(&sizes, &weights, lambda)?;
            let value = |b: &[f64]| block.parametrization().penalty().value(b, block.strength());
            let (change, to) = if let Some(b) = live {
                let gradient = &solved.look.gradient[range];
                let along: f64 = gradient.iter().zip(b).map(|(g, b)| g * b).sum();
                let square: f64 = b.iter().map(|b| b * b).sum();
                (0.5 * curvature[t] * square - along - value(b), vec![0.0; b.len()])
            } else {
                let gradient = &allowed[range.clone()];
                let norm = gradient.iter().map(|g| g * g).sum::<f64>().sqrt();
                // r = (‖g‖ − p'(r))/h by iteration from above, for the modulus along −g.
                let along =
                    |r: f64| -> Vec<f64> { gradient.iter().map(|g| -r * g / norm).collect() };
                let mut r = norm / curvature[t];
                for _ in 0..20 {
                    let slope = (value(&along(1.000_01 * r)) - value(&along(r))) / (0.000_01 * r);
                    r = ((norm - slope) / curvature[t]).max(0.0);
                }
                if let Some(bounds) = &bounds {
                    let length = |(j, g): (usize, &f64)| bounds.length_to(j, 0.0, -g / norm);
                    r = range.zip(gradient).filter_map(length).fold(r, f64::min);
                }
                if !(r > 0.0 && r.is_finite()) {
                    continue;
                }
                let to = along(r);
                (0.5 * curvature[t] * r * r - norm * r + value(&to), to)
            };
            if change < best.as_ref().map_or(0.0, |best| best.0) {
                best = Some((change, t, to));
            }
        }
        best.map(|(_, t, to)| {
            let mut set = solved.set.clone();
            if now[t].is_none() {
                set.add(t, to.len());
            }
            let before = set.members.iter().take_while(|member| **member != t);
            let first = before.map(|&t| terms.range(t).len()).sum::<usize>() + self.n_free();
            set.coefficients[first..first + to.len()].copy_from_slice(&to);
            let look = self.look(&set.members, &set.coefficients, stop)?;
            Ok(Position::new(set, Arc::new(look)))
        })
        .transpose()
    }
}
