//! Which coefficients belong together.

use crate::{Duplication, Error};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;
use std::ops::Range;

/// A partition of the coefficients `0..d` into groups `0..G`, none empty.
///
/// A group is held as runs of consecutive coefficients, so that groups of neighbours are worked on
/// as slices and any other grouping costs no more than its pieces.
///
/// ```
/// use chamfer::Groups;
///
/// let by_label = Groups::from_labels(&["age", "city", "city", "age"])?;
/// let by_index = Groups::from_indices(&[vec![0, 3], vec![1, 2]], 4)?;
/// assert_eq!(by_label, by_index);
/// assert_eq!(by_label.size(1), 2);
/// # Ok::<(), chamfer::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Groups {
    /// Runs of the groups, one group after the other, in rising order within each.
    runs: Vec<Range<usize>>,
    /// Where the runs of each group begin, and where the last one's end.
    offsets: Vec<usize>,
    n_coefficients: usize,
}

impl Groups {
    /// Coefficients with equal labels form a group; groups are numbered as their labels appear.
    ///
    /// # Errors
    /// If there is no label.
    pub fn from_labels<L: Eq + Hash>(labels: &[L]) -> Result<Self, Error> {
        let mut numbers: HashMap<&L, usize> = HashMap::new();
        let mut members: Vec<Vec<usize>> = Vec::new();
        for (index, label) in labels.iter().enumerate() {
            match numbers.entry(label) {
                Entry::Occupied(number) => members[*number.get()].push(index),
                Entry::Vacant(number) => {
                    number.insert(members.len());
                    members.push(vec![index]);
                }
            }
        }
        Self::from_indices(&members, labels.len())
    }

    /// Groups of consecutive coefficients, of the given sizes.
    ///
    /// # Errors
    /// If there is no group, or one has size 0.
    pub fn from_sizes(sizes: &[usize]) -> Result<Self, Error> {
        let mut end = 0usize;
        let mut ranges = Vec::with_capacity(sizes.len());
        for size in sizes {
            let start = end;
            end = end.checked_add(*size).ok_or(Error::TooManyCoefficients)?;
            ranges.push(start..end);
        }
        Self::from_ranges(&ranges, end)
    }

    /// Each range is a group; together they must cover `0..n_coefficients` once.
    ///
    /// # Errors
    /// If a range is empty or reaches beyond the coefficients, or a coefficient is in no range or
    /// in several.
    pub fn from_ranges(ranges: &[Range<usize>], n_coefficients: usize) -> Result<Self, Error> {
        let groups = ranges.iter().map(|range| vec![range.clone()]).collect();
        Self::new(groups, n_coefficients)
    }

    /// Each list holds the coefficients of a group, in any order; together they must name each of
    /// `0..n_coefficients` once. For groups that overlap see [`overlapping`](Self::overlapping).
    ///
    /// # Errors
    /// If a list is empty or names a coefficient that does not exist, or a coefficient is in no list
    /// or named twice.
    pub fn from_indices<I: AsRef<[usize]>>(
        indices: &[I],
        n_coefficients: usize,
    ) -> Result<Self, Error> {
        let groups = indices.iter().map(|list| runs(list.as_ref())).collect();
        Self::new(groups, n_coefficients)
    }

    /// Groups that may share coefficients, each of which must be in one at least.
    ///
    /// Returns the linear map `β = A θ` that adds up the copies `θ` of each coefficient, one for
    /// each group that it is in, and the groups of the copies, which are a partition. A group
    /// penalty on `θ` is the latent group lasso on `β` (Jacob, Obozinski & Vert 2009), whose
    /// supports are unions of groups. Use it with [`Objective::compose`](crate::Objective::compose).
    ///
    /// # Errors
    /// If a list is empty, names a coefficient twice or one that does not exist, or a coefficient is
    /// in no list.
    pub fn overlapping<I: AsRef<[usize]>>(
        indices: &[I],
        n_coefficients: usize,
    ) -> Result<(Duplication, Self), Error> {
        let mut members = Vec::new();
        for (group, list) in indices.iter().enumerate() {
            // A list must be sound by itself; two of them may share coefficients.
            let runs = check_runs(group, runs(list.as_ref()), n_coefficients)?;
            members.extend(runs.into_iter().map(|run| (run, group)));
        }
        check_covered(members, n_coefficients, true)?;
        let sizes: Vec<usize> = indices.iter().map(|list| list.as_ref().len()).collect();
        let sources = indices.iter().flat_map(|list| list.as_ref().iter().copied()).collect();
        Ok((Duplication::new(sources, n_coefficients), Self::from_sizes(&sizes)?))
    }

    /// Checks that sorted runs form a partition.
    fn new(groups: Vec<Vec<Range<usize>>>, n_coefficients: usize) -> Result<Self, Error> {
        let mut members = Vec::new();
        let mut offsets = vec![0];
        for (group, of_group) in groups.into_iter().enumerate() {
            let runs = check_runs(group, of_group, n_coefficients)?;
            members.extend(runs.into_iter().map(|run| (run, group)));
            offsets.push(members.len());
        }
        let runs = members.iter().map(|(run, _)| run.clone()).collect();
        check_covered(members, n_coefficients, false)?;
        Ok(Self { runs, offsets, n_coefficients })
    }

    /// Number of coefficients.
    #[must_use]
    pub fn n_coefficients(&self) -> usize {
        self.n_coefficients
    }

    /// Number of groups.
    #[must_use]
    pub fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    /// False: there is always a group.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of coefficients of a group.
    ///
    /// # Panics
    /// If there is no such group.
    #[must_use]
    pub fn size(&self, group: usize) -> usize {
        self.runs(group).iter().map(ExactSizeIterator::len).sum()
    }

    /// The coefficients of a group, in rising order.
    ///
    /// # Panics
    /// If there is no such group.
    pub fn indices(&self, group: usize) -> impl Iterator<Item = usize> + Clone + '_ {
        self.runs(group).iter().cloned().flatten()
    }

    /// The runs of a group.
    #[inline]
    pub(crate) fn runs(&self, group: usize) -> &[Range<usize>] {
        &self.runs[self.offsets[group]..self.offsets[group + 1]]
    }

    /// The Euclidean norms `√|g|`: the usual weights, which make the penalty of a group grow with
    /// its size as the norm of noise does (Yuan & Lin 2006).
    pub(crate) fn root_sizes(&self) -> impl Iterator<Item = f64> + '_ {
        (0..self.len()).map(|group| (self.size(group) as f64).sqrt())
    }
}

/// Refuses a group that is empty, names a coefficient twice or one that does not exist; `runs` are
/// sorted by their starts.
fn check_runs(
    group: usize,
    runs: Vec<Range<usize>>,
    n_coefficients: usize,
) -> Result<Vec<Range<usize>>, Error> {
    if let Some(run) = runs.iter().find(|run| run.end > n_coefficients) {
        let index = run.start.max(n_coefficients);
        return Err(Error::GroupIndex { group, index, n_coefficients });
    }
    if runs.is_empty() || runs.iter().any(Range::is_empty) {
        return Err(Error::EmptyGroup { group });
    }
    if let Some(pair) = runs.windows(2).find(|pair| pair[1].start < pair[0].end) {
        return Err(Error::GroupOverlap { index: pair[1].start, first: group, second: group });
    }
    Ok(runs)
}

/// Refuses runs, with their groups, that leave out a coefficient, or share one unless they may.
///
/// A sweep over the sorted runs, so that memory grows with what was given and not with a number of
/// coefficients that may be absurd.
fn check_covered(
    mut members: Vec<(Range<usize>, usize)>,
    n_coefficients: usize,
    may_overlap: bool,
) -> Result<(), Error> {
    if n_coefficients == 0 {
        return Err(Error::Empty);
    }
    members.sort_by_key(|(run, group)| (run.start, *group));
    // Up to where all is covered, and by which group last.
    let (mut end, mut last) = (0, 0);
    for (run, group) in members {
        if run.start > end {
            return Err(Error::Ungrouped { index: end });
        }
        if run.start < end && !may_overlap {
            let (first, second) = (group.min(last), group.max(last));
            return Err(Error::GroupOverlap { index: run.start, first, second });
        }
        if run.end > end {
            (end, last) = (run.end, group);
        }
    }
    if end < n_coefficients { Err(Error::Ungrouped { index: end }) } else { Ok(()) }
}

/// The runs of consecutive numbers in a list, sorted.
fn runs(indices: &[usize]) -> Vec<Range<usize>> {
    let mut sorted = indices.to_vec();
    sorted.sort_unstable();
    let mut runs: Vec<Range<usize>> = Vec::new();
    for index in sorted {
        match runs.last_mut() {
            Some(run) if run.end == index && index < usize::MAX => run.end += 1,
            // `usize::MAX` gets an empty run, which is beyond any number of coefficients.
            _ => runs.push(index..index.saturating_add(1)),
        }
    }
    runs
}
