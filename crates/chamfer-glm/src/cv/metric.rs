//! How good predictions are.

use crate::Family;

/// What a family predicts.
#[derive(Debug, Clone, Copy)]
pub enum Target<'a> {
    /// A number for each row, or several, one output after the other.
    Numbers(&'a [f64]),
    /// A class for each row.
    Classes(&'a [usize]),
    /// A time for each row, whether its event happened, and its stratum, if there are strata.
    Survival(&'a [f64], &'a [bool], Option<&'a [usize]>),
}

/// A measure of predictions for held-out rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    /// Mean deviance, twice the loss above that of the saturated model: for every family.
    Deviance,
    /// Mean squared error of the response, over rows and outputs.
    MeanSquaredError,
    /// Mean absolute error of the response, over rows and outputs.
    MeanAbsoluteError,
    /// Share of rows whose most probable class is theirs.
    Accuracy,
    /// Area under the ROC curve, for two classes; ties count one half.
    Auc,
    /// Share of comparable pairs of rows that the risk orders as the times do (Harrell's C); ties of
    /// the risk count one half, and pairs across strata not at all.
    Concordance,
}

impl Metric {
    /// Whether larger is better.
    #[must_use]
    pub fn is_score(self) -> bool {
        matches!(self, Self::Accuracy | Self::Auc | Self::Concordance)
    }

    /// What the sum over outputs of mean squared errors is multiplied by; `None` if that is not the measure.
    #[must_use]
    pub fn of_squares(self, family: &dyn Family) -> Option<f64> {
        match self {
            _ if !family.is_quadratic() => None,
            Self::Deviance => Some(1.0),
            Self::MeanSquaredError => Some((family.n_outputs() as f64).recip()),
            _ => None,
        }
    }

    /// The measure over the rows that `weights` counts, of predictors `η` with their offsets; `None`
    /// where it does not suit the family, or the rows (one class only, no comparable pair).
    #[must_use]
    pub fn evaluate(self, family: &dyn Family, predictor: &[f64], weights: &[f64]) -> Option<f64> {
        let n = weights.len();
        match (self, family.target()) {
            (Self::Deviance, _) => {
                let mut rows = vec![0.0; n];
                family.deviances(predictor, &mut rows).then(|| mean(&rows, weights))
            }
            (Self::MeanSquaredError, Target::Numbers(y)) => {
                Some(mean_error(family, predictor, y, weights, |error| error * error))
            }
            (Self::MeanAbsoluteError, Target::Numbers(y)) => {
                Some(mean_error(family, predictor, y, weights, f64::abs))
            }
            (Self::Accuracy, Target::Classes(classes)) => {
                let at = |i: usize, k: usize| predictor[k * n + i];
                let best = |i: usize| {
                    (0..family.n_outputs()).max_by(|&a, &b| at(i, a).total_cmp(&at(i, b)))
                };
                let right = |i: usize| f64::from(u8::from(best(i) == Some(classes[i])));
                Some(mean(&(0..n).map(right).collect::<Vec<_>>(), weights))
            }
            (Self::Accuracy, Target::Numbers(y)) if family.has_two_classes() => {
                let right = |i: usize| f64::from(u8::from((predictor[i] > 0.0) == (y[i] > 0.5)));
                Some(mean(&(0..n).map(right).collect::<Vec<_>>(), weights))
            }
            (Self::Auc, Target::Numbers(y)) if family.has_two_classes() => {
                area(predictor, y, weights)
            }
            (Self::Concordance, Target::Survival(times, events, strata)) => {
                concordance(predictor, times, events, strata, weights)
            }
            _ => None,
        }
    }
}

fn mean(values: &[f64], weights: &[f64]) -> f64 {
    let total: f64 = weights.iter().sum();
    values.iter().zip(weights).filter(|(_, w)| **w > 0.0).map(|(x, w)| x * w).sum::<f64>() / total
}

fn mean_error(
    family: &dyn Family,
    predictor: &[f64],
    y: &[f64],
    weights: &[f64],
    of: impl Fn(f64) -> f64,
) -> f64 {
    let mut response = predictor.to_vec();
    family.respond(&mut response);
    let outputs = y.len() / weights.len();
    let errors: Vec<f64> = response.iter().zip(y).map(|(a, b)| of(a - b)).collect();
    let of_output = |errors: &[f64]| mean(errors, weights);
    errors.chunks_exact(weights.len()).map(of_output).sum::<f64>() / outputs as f64
}

/// Weighted Mann–Whitney statistic, by sorting.
fn area(predictor: &[f64], y: &[f64], weights: &[f64]) -> Option<f64> {
    let mut rows: Vec<usize> = (0..y.len()).filter(|&i| weights[i] > 0.0).collect();
    rows.sort_by(|&a, &b| predictor[a].total_cmp(&predictor[b]));
    let (mut below, mut won, mut yes) = (0.0, 0.0, 0.0);
    for ties in rows.chunk_by(|&a, &b| predictor[a] == predictor[b]) {
        let of = |wanted: bool| -> f64 {
            ties.iter().filter(|&&i| (y[i] > 0.5) == wanted).map(|&i| weights[i]).sum()
        };
        let (up, down) = (of(true), of(false));
        won += up * (below + 0.5 * down);
        below += down;
        yes += up;
    }
    (yes > 0.0 && below > 0.0).then(|| won / (yes * below))
}

/// Over pairs of a stratum in which the earlier row had its event; quadratic in the rows that count.
fn concordance(
    risk: &[f64],
    times: &[f64],
    events: &[bool],
    strata: Option<&[usize]>,
    weights: &[f64],
) -> Option<f64> {
    let rows: Vec<usize> = (0..times.len()).filter(|&i| weights[i] > 0.0).collect();
    let (mut right, mut pairs) = (0.0, 0.0);
    for &i in rows.iter().filter(|&&i| events[i]) {
        for &j in &rows {
            let later = times[j] > times[i] || (times[j] == times[i] && !events[j]);
            let together = strata.is_none_or(|strata| strata[i] == strata[j]);
            if j == i || !later || !together {
                continue;
            }
            let weight = weights[i] * weights[j];
            pairs += weight;
            if risk[i] > risk[j] {
                right += weight;
            } else if risk[i] == risk[j] {
                right += 0.5 * weight;
            }
        }
    }
    (pairs > 0.0).then(|| right / pairs)
}
