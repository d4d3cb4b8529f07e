//! Keeping panics of decoders from the user.

use std::any::Any;
use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

thread_local! {
    /// Whether this thread is decoding, so that a panic is not to be printed.
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Runs `decode`. If it panics, as the Parquet decoder does on some damaged files, nothing is
/// printed and the message of the panic is returned.
pub(in crate::input) fn catch_panic<T>(decode: impl FnOnce() -> T) -> Result<T, String> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !GUARDED.get() {
                usual(info);
            }
        }));
    });
    GUARDED.set(true);
    // What the closure leaves half done is dropped, and never looked at again.
    let result = panic::catch_unwind(AssertUnwindSafe(decode));
    GUARDED.set(false);
    result.map_err(|payload| message(payload.as_ref()))
}

/// The message of a panic.
fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("its structure makes no sense").to_owned()
}
