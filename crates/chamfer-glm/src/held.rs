//! What is borrowed from the caller, or was made here and is shared.

use std::ops::Deref;
use std::sync::Arc;

/// A reference that lives as long as it must.
#[derive(Debug)]
pub(crate) enum Held<'a, T: ?Sized> {
    /// From the caller.
    Borrowed(&'a T),
    /// Made here.
    Shared(Arc<T>),
}

impl<T: ?Sized> Deref for Held<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        match self {
            Self::Borrowed(held) => held,
            Self::Shared(held) => held,
        }
    }
}

impl<T: ?Sized> Clone for Held<'_, T> {
    fn clone(&self) -> Self {
        match self {
            Self::Borrowed(held) => Self::Borrowed(held),
            Self::Shared(held) => Self::Shared(held.clone()),
        }
    }
}
