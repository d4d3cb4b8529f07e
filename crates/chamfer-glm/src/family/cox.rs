//! Cox's proportional hazards.

use super::Family;
use super::normalized_weights;
use crate::{Error, Target};
use std::ops::Range;

/// Gradients that differ by less than this share of their size differ by rounding.
const SAME: f64 = 1e-9;

/// How rows with the same event time share it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Ties {
    /// All of them are at risk in full (Breslow 1974): glmnet's default.
    #[default]
    Breslow,
    /// Those that have their event are at risk by what is left of them, on average over all orders
    /// (Efron 1977): the default of R's survival.
    Efron,
}

/// The negative partial log-likelihood of survival times,
///
/// ```text
/// L(η) = Σ_{events i} w_i (ln Σ_{j at risk at t_i} n w_j e^{η_j} − η_i),      Σ w_i = 1,
/// ```
///
/// `n` counting the rows with a weight, which without weights is the negative partial log-likelihood divided by `n`. A row is at risk at the
/// times up to its own, among the rows of its stratum. Sums over the risk sets are cumulative: an
/// evaluation costs `O(n)`.
#[derive(Debug, Clone)]
pub struct Cox {
    times: Vec<f64>,
    events: Vec<bool>,
    strata: Option<Vec<usize>>,
    ties: Ties,
    weights: Vec<f64>,
    /// Rows with a weight, stratum by stratum from the latest time to the earliest, events first.
    order: Vec<usize>,
    /// Rows of the same time, in this order.
    blocks: Vec<TimeBlock>,
}

#[derive(Debug, Clone)]
struct TimeBlock {
    /// Where the rows are in the order; the first `n_events` have their event.
    rows: Range<usize>,
    n_events: usize,
    /// `Σ w` over the events.
    event_weight: f64,
    /// Whether a new stratum begins.
    opens: bool,
}

/// Sums over the risk set of a block, in units of `e^shift`, which is the largest `e^η` in it.
#[derive(Debug, Clone, Copy, Default)]
struct Risk {
    shift: f64,
    /// `Σ ω e^η` and its change; ω = n w.
    all: [f64; 2],
    /// The same over the events of the block.
    events: [f64; 2],
    /// `Σ ω e^η η`, over all and over the events.
    with_predictor: [f64; 2],
}

impl Cox {
    /// The family for times, of which `events` says whether the event happened or the row was censored.
    ///
    /// # Errors
    /// If there are fewer than two rows, lengths differ, a time is negative or not finite, no row with a
    /// weight has an event, or the weights are wrong.
    pub fn new(
        times: Vec<f64>,
        events: Vec<bool>,
        strata: Option<Vec<usize>>,
        weights: Option<&[f64]>,
        ties: Ties,
    ) -> Result<Self, Error> {
        let n = times.len();
        if n < 2 {
            return Err(Error::OneRow);
        }
        Error::check_length("the events", n, events.len())?;
        if let Some(strata) = &strata {
            Error::check_length("the strata", n, strata.len())?;
        }
        if let Some(row) = times.iter().position(|t| !(t.is_finite() && *t >= 0.0)) {
            return Err(Error::InvalidTime { row, value: times[row] });
        }
        let weights = normalized_weights(n, weights)?;
        let mut order: Vec<usize> = (0..n).filter(|&i| weights[i] > 0.0).collect();
        if !order.iter().any(|&i| events[i]) {
            return Err(Error::NoEvents);
        }
        let stratum = |i: usize| strata.as_ref().map_or(0, |strata| strata[i]);
        order.sort_by(|&a, &b| {
            let by_time = times[b].total_cmp(&times[a]);
            stratum(a).cmp(&stratum(b)).then(by_time).then(events[b].cmp(&events[a]))
        });
        let mut blocks: Vec<TimeBlock> = Vec::new();
        for (position, &i) in order.iter().enumerate() {
            let before = position.checked_sub(1).map(|before| order[before]);
            let opens = before.is_none_or(|before| stratum(before) != stratum(i));
            if opens || before.is_some_and(|before| times[before] != times[i]) {
                let rows = position..position;
                blocks.push(TimeBlock { rows, n_events: 0, event_weight: 0.0, opens });
            }
            if let Some(block) = blocks.last_mut() {
                block.rows.end = position + 1;
                if events[i] {
                    block.n_events += 1;
                    block.event_weight += weights[i];
                }
            }
        }
        Ok(Self { times, events, strata, ties, weights, order, blocks })
    }

    /// Weight and fraction of each logarithm `ln(S − fraction · D)` of a block, `S` over the risk set
    /// and `D` over the events.
    fn rounds(&self, block: &TimeBlock) -> impl Iterator<Item = (f64, f64)> + use<> {
        let (d, weight) = (block.n_events, block.event_weight);
        let rounds = match self.ties {
            Ties::Breslow => d.min(1),
            Ties::Efron => d,
        };
        (0..rounds).map(move |r| (weight / rounds as f64, r as f64 / d as f64))
    }

    /// `ω_i = n w_i`, `n` counting the rows with a weight.
    fn multiplicity(&self, i: usize) -> f64 {
        self.order.len() as f64 * self.weights[i]
    }

    fn rows<'a>(&'a self, rows: &Range<usize>) -> impl Iterator<Item = usize> + 'a {
        self.order[rows.clone()].iter().copied()
    }

    /// The sums over the risk set of every block, and how they change with the predictor.
    fn risks(&self, predictor: &[f64], direction: Option<&[f64]>) -> Vec<Risk> {
        let mut risk = Risk { shift: f64::NEG_INFINITY, ..Risk::default() };
        let of_block = |block: &TimeBlock| {
            if block.opens {
                risk = Risk { shift: f64::NEG_INFINITY, ..Risk::default() };
            }
            let top = self.rows(&block.rows).fold(risk.shift, |top, i| top.max(predictor[i]));
            // Nothing was summed before the first row, whose shift is infinite.
            let fade = if risk.shift == top { 1.0 } else { (risk.shift - top).exp() };
            risk.shift = top;
            risk.all = risk.all.map(|sum| sum * fade);
            risk.with_predictor[0] *= fade;
            (risk.events, risk.with_predictor[1]) = ([0.0; 2], 0.0);
            for (place, i) in self.rows(&block.rows).enumerate() {
                let e = self.multiplicity(i) * (predictor[i] - top).exp();
                let moved = direction.map_or(0.0, |direction| e * direction[i]);
                let weighted = if e > 0.0 { e * predictor[i] } else { 0.0 };
                risk.all = [risk.all[0] + e, risk.all[1] + moved];
                risk.with_predictor[0] += weighted;
                if place < block.n_events {
                    risk.events = [risk.events[0] + e, risk.events[1] + moved];
                    risk.with_predictor[1] += weighted;
                }
            }
            risk
        };
        self.blocks.iter().map(of_block).collect()
    }

    /// Calls `visit` for every row with `e = ω e^η` and the sum `A` over the logarithms that it is in, of
    /// weight over argument, such that `e A` is its part of the gradient; and with the change of `A`.
    fn for_hazards(
        &self,
        predictor: &[f64],
        risks: &[Risk],
        mut visit: impl FnMut(usize, f64, [f64; 2]),
    ) {
        // From the earliest time on; A is in units of e^−shift, of the latest block so far.
        let (mut hazard, mut shift) = ([0.0; 2], f64::INFINITY);
        for (index, (block, risk)) in self.blocks.iter().zip(risks).enumerate().rev() {
            let fade = if shift.is_finite() { (risk.shift - shift).exp() } else { 0.0 };
            hazard = hazard.map(|a| a * fade);
            shift = risk.shift;
            let (mut all, mut events) = ([0.0; 2], [0.0; 2]);
            for (weight, fraction) in self.rounds(block) {
                let sum = risk.all[0] - fraction * risk.events[0];
                let change = risk.all[1] - fraction * risk.events[1];
                let slope = [weight / sum, -weight / sum * (change / sum)];
                for part in 0..2 {
                    all[part] += slope[part];
                    events[part] += (1.0 - fraction) * slope[part];
                }
            }
            for (place, i) in self.rows(&block.rows).enumerate() {
                let own = if place < block.n_events { events } else { all };
                let e = self.multiplicity(i) * (predictor[i] - risk.shift).exp();
                visit(i, e, [hazard[0] + own[0], hazard[1] + own[1]]);
            }
            hazard = [hazard[0] + all[0], hazard[1] + all[1]];
            if self.blocks[index].opens {
                (hazard, shift) = ([0.0; 2], f64::INFINITY);
            }
        }
    }
}

impl Family for Cox {
    fn name(&self) -> &'static str {
        "cox"
    }

    fn n_rows(&self) -> usize {
        self.times.len()
    }

    fn has_intercept(&self) -> bool {
        false
    }

    fn weights(&self) -> &[f64] {
        &self.weights
    }

    fn with_weights(&self, weights: &[f64]) -> Result<Box<dyn Family>, Error> {
        let (times, events, strata) =
            (self.times.clone(), self.events.clone(), self.strata.clone());
        Ok(Box::new(Self::new(times, events, strata, Some(weights), self.ties)?))
    }

    fn value_and_gradient(&self, predictor: &[f64], gradient: &mut [f64]) -> f64 {
        let risks = self.risks(predictor, None);
        let mut value = 0.0;
        for (block, risk) in self.blocks.iter().zip(&risks) {
            for (weight, fraction) in self.rounds(block) {
                value += weight * ((risk.all[0] - fraction * risk.events[0]).ln() + risk.shift);
            }
            for i in self.rows(&block.rows).take(block.n_events) {
                value -= self.weights[i] * predictor[i];
            }
        }
        gradient.fill(0.0);
        self.for_hazards(predictor, &risks, |i, e, [hazard, _]| {
            gradient[i] = e * hazard - if self.events[i] { self.weights[i] } else { 0.0 };
        });
        value
    }

    fn hessian_product(&self, predictor: &[f64], direction: &[f64], out: &mut [f64]) {
        let risks = self.risks(predictor, Some(direction));
        out.fill(0.0);
        self.for_hazards(predictor, &risks, |i, e, [hazard, change]| {
            out[i] = e * (direction[i] * hazard + change);
        });
    }

    fn curvature(&self, _: &[f64], _: usize, _: usize, _: &mut [f64]) -> bool {
        false
    }

    /// Each logarithm is a log-sum-exp, whose conjugate is an entropy of the probabilities `π` in which
    /// the risk set shares it. The gradient is `Σ weight · (π − ē)` with `ē` the shares of the events, so
    /// `shrink` times it belongs to the probabilities `shrink π + (1 − shrink) ē`; that this is one way
    /// of several to write it makes the sum of the entropies a bound.
    fn dual(&self, predictor: &[f64], gradient: &[f64], shrink: f64) -> Option<f64> {
        // The probabilities are those of the predictor: of another gradient, as where unpenalized columns are not
        // yet at their optimum, they would prove nothing.
        let mut own = vec![0.0; gradient.len()];
        self.value_and_gradient(predictor, &mut own);
        let moved: f64 = own.iter().zip(gradient).map(|(a, b)| (a - b).abs()).sum();
        if moved > SAME * own.iter().map(|g| g.abs()).sum::<f64>() {
            return None;
        }
        let mut entropy = 0.0;
        for (block, risk) in self.blocks.iter().zip(&self.risks(predictor, None)) {
            for (weight, fraction) in self.rounds(block) {
                let sum = risk.all[0] - fraction * risk.events[0];
                let log_sum = sum.ln() + risk.shift;
                let others = risk.all[0] - risk.events[0];
                let predicted = risk.with_predictor[0] - risk.with_predictor[1];
                let mut of_round = shrink / sum * (predicted + others * (shrink.ln() - log_sum));
                for i in self.rows(&block.rows).take(block.n_events) {
                    let omega = self.multiplicity(i) * (1.0 - fraction);
                    let p = omega * (predictor[i] - risk.shift).exp() / sum;
                    let share = self.weights[i] / block.event_weight;
                    let p = shrink * p + (1.0 - shrink) * share;
                    of_round += if p > 0.0 { p * (p / omega).ln() } else { 0.0 };
                }
                entropy += weight * of_round;
            }
        }
        Some(-entropy)
    }

    /// All of the risk with those that have their event, and equal among them.
    fn saturated(&self) -> f64 {
        let n = self.order.len() as f64;
        let of_block = |block: &TimeBlock| -> f64 {
            let sum = n * block.event_weight;
            self.rounds(block).map(|(weight, f)| weight * (sum * (1.0 - f)).ln()).sum()
        };
        self.blocks.iter().map(of_block).sum()
    }

    fn start(&self) -> Vec<f64> {
        vec![0.0]
    }

    fn minus_two_log_likelihood(&self, loss: f64, n: f64) -> Option<f64> {
        Some(2.0 * n * loss)
    }

    fn target(&self) -> Target<'_> {
        Target::Survival(&self.times, &self.events, self.strata.as_deref())
    }

    fn deviances(&self, _: &[f64], _: &mut [f64]) -> bool {
        false
    }

    fn respond(&self, predictor: &mut [f64]) {
        for eta in predictor {
            *eta = eta.exp();
        }
    }
}
