//! Loops that compilers turn into vector instructions.
#![allow(clippy::inline_always, reason = "vector instructions reach only what is inlined")]

use crate::Scalar;
use pulp::NullaryFnOnce;
use std::ops::Range;

/// Runs `op` compiled for the widest vectors that the machine has. Results do not depend on them:
/// no operation is fused or reordered that is not written so.
///
/// Only what is inlined into `op` gets those vectors: its `call` and what that calls must be
/// `#[inline(always)]` or small, which a closure need not be.
#[inline]
pub(super) fn vectorized<Op: NullaryFnOnce>(op: Op) -> Op::Output {
    pulp::Arch::new().dispatch(op)
}

/// Numbers that are worked on at a time, on the stack.
pub(super) const TILE: usize = 64;

/// The indices of tile after tile of `d` numbers.
#[inline(always)]
pub(super) fn tiles(d: usize) -> impl Iterator<Item = Range<usize>> {
    (0..d).step_by(TILE).map(move |first| first..first + TILE.min(d - first))
}

/// A sum in eight lanes, whose additions need not wait for each other.
pub(super) struct LaneSum<T> {
    lanes: [T; LANES],
}

const LANES: usize = 8;

impl<T: Scalar> LaneSum<T> {
    #[inline(always)]
    pub(super) fn new() -> Self {
        Self { lanes: [T::zero(); LANES] }
    }

    /// Adds all terms, of which there are whole lanes.
    #[inline(always)]
    pub(super) fn add(&mut self, terms: &[T]) {
        for terms in terms.chunks_exact(LANES) {
            for (lane, &term) in self.lanes.iter_mut().zip(terms) {
                *lane += term;
            }
        }
    }

    #[inline(always)]
    pub(super) fn total(self) -> T {
        self.lanes.into_iter().sum()
    }
}
