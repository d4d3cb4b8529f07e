//! Which classes of slices can go, and what becomes of the parameters.

use super::Kept;
use super::slices::Slice;
use super::trace::{Bias, Contraction, LAST, Trace};
use burn::tensor::{TensorData, TensorId};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// What changes.
pub(crate) struct Plan {
    /// New values of parameters and running statistics, by path.
    pub(crate) data: BTreeMap<String, TensorData>,
    /// Zero slices of parameters that stay.
    pub(crate) kept: Vec<Kept>,
}

impl Trace<'_> {
    pub(crate) fn plan(&self) -> Plan {
        let mut of_class: HashMap<Slice, Vec<&Contraction>> = HashMap::new();
        for contraction in &self.contractions {
            let class = self.slices.class(contraction.input);
            of_class.entry(class).or_default().push(contraction);
        }
        let mut dead: BTreeSet<Slice> = BTreeSet::new();
        let mut reasons: HashMap<Slice, String> = HashMap::new();
        for (&class, contractions) in &of_class {
            let verdict = match self.slices.pinned(class) {
                Some(reason) => Err(reason.to_owned()),
                None => contractions
                    .iter()
                    .try_for_each(|contraction| self.adds_nothing_or_a_constant(contraction)),
            };
            match verdict {
                Ok(()) => drop(dead.insert(class)),
                Err(reason) => drop(reasons.insert(class, reason)),
            }
        }
        self.balance(&mut dead);
        let mut left = self.lengths();
        let mut removed: HashSet<Slice> = HashSet::new();
        for class in dead {
            match take(&mut left, class) {
                Ok(()) => drop(removed.insert(class)),
                Err(reason) => drop(reasons.insert(class, reason)),
            }
        }
        let shifts = self.shifts(&of_class, &removed);
        Plan { data: self.cut(&removed, &shifts), kept: self.kept(&removed, &reasons) }
    }

    /// How many slices each axis of each tensor has, and which classes are on it how often.
    fn lengths(&self) -> Left {
        let mut left = Left::default();
        for (id, dims) in self.slices.tensors() {
            for (axis, &length) in dims.iter().enumerate() {
                left.lengths.insert((id, axis), length);
                for index in 0..length {
                    let class = self.slices.class(self.slices.at(id, axis, index));
                    *left.of_class.entry(class).or_default().entry((id, axis)).or_default() += 1;
                }
            }
        }
        left
    }

    fn adds_nothing_or_a_constant(&self, contraction: &Contraction) -> Result<(), String> {
        let input = self.slices.constant(contraction.input);
        if self.slices.constant(contraction.weight) == Some(0.0) || input == Some(0.0) {
            return Ok(());
        }
        let reader = self.graph.path_of(contraction.weight_id);
        let reader = reader.unwrap_or("a product of two activations");
        let reason = match (input, &contraction.sums, contraction.bias) {
            (None, ..) => {
                "reads it, and it is alive: its own weights or what is added to it are not zero"
            }
            (_, None, _) => {
                "reads its constant, which adds less in some places: at a padded border, or where a \
                 transposed convolution does"
            }
            (_, _, Bias::None) => "reads its constant, and has no bias of its own to take it",
            _ => return Ok(()),
        };
        Err(format!("{reader} {reason}"))
    }

    /// What the constants of removed inputs add to biases, and take from means.
    fn shifts(
        &self,
        of_class: &HashMap<Slice, Vec<&Contraction>>,
        removed: &HashSet<Slice>,
    ) -> HashMap<TensorId, Vec<f64>> {
        let mut shifts: HashMap<TensorId, Vec<f64>> = HashMap::new();
        let mut classes: Vec<&Slice> = removed.iter().collect();
        classes.sort_unstable();
        for contraction in classes.into_iter().flat_map(|class| &of_class[class]) {
            let constant = self.slices.constant(contraction.input).unwrap_or(0.0);
            let (Some(sums), true) = (&contraction.sums, constant != 0.0) else { continue };
            let (id, sign) = match contraction.bias {
                Bias::Added(id) => (id, 1.0),
                Bias::Subtracted(id) => (id, -1.0),
                Bias::None => continue,
            };
            let shift = shifts.entry(id).or_insert_with(|| vec![0.0; sums.len()]);
            shift.iter_mut().zip(sums).for_each(|(shift, sum)| *shift += sign * constant * sum);
        }
        shifts
    }

    /// The parameters without the removed slices, and with the shifts.
    fn cut(
        &self,
        removed: &HashSet<Slice>,
        shifts: &HashMap<TensorId, Vec<f64>>,
    ) -> BTreeMap<String, TensorData> {
        let mut data = BTreeMap::new();
        for (id, dims) in self.slices.tensors() {
            let (Some(path), Some(values)) = (self.graph.paths.get(&id), self.known.get(&id))
            else {
                continue;
            };
            let kept: Vec<Vec<usize>> = (0..dims.len())
                .map(|axis| {
                    let class = |index: &usize| self.slices.class(self.slices.at(id, axis, *index));
                    (0..dims[axis]).filter(|index| !removed.contains(&class(index))).collect()
                })
                .collect();
            let shape: Vec<usize> = kept.iter().map(Vec::len).collect();
            if shape == dims && !shifts.contains_key(&id) {
                continue;
            }
            let mut values = values.clone();
            if let Some(shift) = shifts.get(&id) {
                values.iter_mut().zip(shift).for_each(|(value, shift)| *value += shift);
            }
            data.insert(path.clone(), TensorData::new(gather(&values, dims, &kept), shape));
        }
        data
    }

    /// Slices of weights that are zero and stay, with the reasons.
    fn kept(&self, removed: &HashSet<Slice>, reasons: &HashMap<Slice, String>) -> Vec<Kept> {
        let mut kept: BTreeMap<(String, usize, String), usize> = BTreeMap::new();
        for (id, dims) in self.slices.tensors().filter(|(_, dims)| dims.len() > 1) {
            let Some(path) = self.graph.paths.get(&id) else { continue };
            for (axis, &length) in dims.iter().enumerate() {
                // By class: how many slices of the axis, and how many of them are zero.
                let mut together: HashMap<Slice, (usize, usize)> = HashMap::new();
                for slice in (0..length).map(|index| self.slices.at(id, axis, index)) {
                    let (all, zero) = together.entry(self.slices.class(slice)).or_default();
                    *all += 1;
                    *zero += usize::from(self.slices.constant(slice) == Some(0.0));
                }
                for (class, (all, zero)) in together {
                    if zero == 0 || removed.contains(&class) {
                        continue;
                    }
                    let reason = match (self.slices.pinned(class), reasons.get(&class)) {
                        (Some(pinned), _) => pinned.to_owned(),
                        (None, _) if zero < all => {
                            format!(
                                "only all {all} of a head, block or group can go together, or of \
                                 the values of attention as many in every head"
                            )
                        }
                        (None, Some(reason)) => reason.clone(),
                        (None, None) => "nothing reads it".to_owned(),
                    };
                    *kept.entry((path.clone(), axis, reason)).or_default() += zero;
                }
            }
        }
        let line = |((path, axis, reason), count)| Kept { path, axis, count, reason };
        kept.into_iter().map(line).collect()
    }
}

#[derive(Default)]
struct Left {
    lengths: HashMap<(TensorId, usize), usize>,
    of_class: HashMap<Slice, HashMap<(TensorId, usize), usize>>,
}

/// Takes a class away, unless an axis would have no slice left.
fn take(left: &mut Left, class: Slice) -> Result<(), String> {
    let counts = &left.of_class[&class];
    if counts.iter().any(|(axis, count)| left.lengths[axis] <= *count) {
        return Err(LAST.to_owned());
    }
    for (axis, count) in counts {
        if let Some(length) = left.lengths.get_mut(axis) {
            *length -= count;
        }
    }
    Ok(())
}

/// The numbers at the kept indices of each axis.
fn gather(values: &[f64], dims: &[usize], kept: &[Vec<usize>]) -> Vec<f64> {
    let mut positions = vec![0];
    for (indices, length) in kept.iter().zip(dims) {
        let along = |position: &usize| {
            let start = position * length;
            indices.iter().map(move |index| start + index).collect::<Vec<usize>>()
        };
        positions = positions.iter().flat_map(along).collect();
    }
    positions.into_iter().map(|position| values[position]).collect()
}

#[cfg(test)]
mod tests {
    use super::gather;

    #[test]
    fn a_submatrix_is_gathered() {
        let values = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        assert_eq!(gather(&values, &[2, 3], &[vec![1], vec![0, 2]]), [4.0, 6.0]);
        assert_eq!(gather(&[7.0], &[], &[]), [7.0]);
    }
}
