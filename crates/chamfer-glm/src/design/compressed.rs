//! The indices of compressed sparse matrices.

use super::vectors::vectorized;

/// An integer type that sparse matrices index with.
pub trait Index: Copy + Send + Sync {
    /// The index, far too large if it is negative.
    fn index(self) -> usize;
}

impl Index for usize {
    fn index(self) -> usize {
        self
    }
}

impl Index for i32 {
    fn index(self) -> usize {
        usize::try_from(self).unwrap_or(usize::MAX)
    }
}

impl Index for i64 {
    fn index(self) -> usize {
        usize::try_from(self).unwrap_or(usize::MAX)
    }
}

/// Checks a compressed sparse matrix with indices below `n`; the error is the row or column that is wrong.
pub(super) fn check_compressed<I: Index>(
    starts: &[I],
    indices: &[I],
    n: usize,
) -> Result<(), usize> {
    let ends_fit =
        starts[0].index() == 0 && starts.last().is_some_and(|last| last.index() == indices.len());
    let fits = |ends: &[I]| ends[0].index() <= ends[1].index() && ends[1].index() <= indices.len();
    if !ends_fit || !starts.windows(2).all(fits) {
        let wrong = starts.windows(2).position(|ends| !fits(ends));
        return Err(wrong.unwrap_or(0));
    }
    // Where all indices are right, they rise everywhere but from one row or column to the next.
    let mut falls = 0;
    let mut most = 0;
    vectorized(
        #[inline(always)]
        || {
            for (before, after) in indices.iter().zip(&indices[1.min(indices.len())..]) {
                falls += usize::from(before.index() >= after.index());
            }
            for index in indices {
                most = most.max(index.index());
            }
        },
    );
    let mut allowed = 0;
    let mut last = None;
    for start in starts[1..].iter().map(|start| start.index()) {
        let is_new = last != Some(start) && start > 0 && start < indices.len();
        allowed += usize::from(is_new && indices[start - 1].index() >= indices[start].index());
        last = Some(start);
    }
    if falls == allowed && (most < n || indices.is_empty()) {
        return Ok(());
    }
    let is_wrong = |ends: &[I]| {
        let entries = &indices[ends[0].index()..ends[1].index()];
        !entries.windows(2).all(|pair| pair[0].index() < pair[1].index())
            || entries.last().is_some_and(|last| last.index() >= n)
    };
    starts.windows(2).position(is_wrong).map_or(Ok(()), Err)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_found() {
        let check = |starts: &[i32], indices: &[i32]| check_compressed(starts, indices, 5);
        assert_eq!(check(&[0, 2, 2, 5], &[0, 4, 1, 2, 3]), Ok(()));
        assert_eq!(check(&[0, 0, 0], &[]), Ok(()));
        assert_eq!(check(&[0, 0, 3, 3], &[0, 1, 2]), Ok(()));
        assert_eq!(check(&[0, 1, 2], &[4, 4]), Ok(()));
        // A column falls, repeats a row, or ends above the last row; a row is negative.
        assert_eq!(check(&[0, 2, 5], &[0, 1, 1, 3, 2]), Err(1));
        assert_eq!(check(&[0, 2, 2, 5], &[3, 3, 1, 2, 3]), Err(0));
        assert_eq!(check(&[0, 1, 3], &[0, 1, 5]), Err(1));
        assert_eq!(check(&[0, 2, 3], &[-1, 1, 2]), Err(0));
        // One that falls where the next one does not.
        assert_eq!(check(&[0, 2, 4], &[2, 1, 3, 4]), Err(0));
        // Starts that fall, or do not cover the entries.
        assert_eq!(check(&[0, 3, 2, 4], &[0, 1, 2, 3]), Err(1));
        assert!(check(&[0, 1, 3], &[0, 1, 2, 3]).is_err());
        assert!(check(&[1, 2, 3], &[0, 1, 2]).is_err());
        assert!(check(&[0, 9, 3], &[0, 1, 2]).is_err());
    }
}
