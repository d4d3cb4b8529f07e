//! Work on threads without the interpreter lock, while Python watches for Ctrl-C.

use crate::errors;
use pyo3::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How often Python looks whether it is to stop.
const PATIENCE: Duration = Duration::from_millis(50);

/// What the work and those who wait for it tell each other.
#[derive(Default)]
pub struct Watch {
    stop: AtomicBool,
    done: AtomicUsize,
}

impl Watch {
    /// Whether the work is to end.
    pub fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Notes that one more piece of work is done.
    pub fn advance(&self) {
        self.done.fetch_add(1, Ordering::Relaxed);
    }
}

/// Does `work` on a pool of `threads` (all, unless given); meanwhile handles signals, and calls `progress`
/// with the number of pieces done.
///
/// Returns what the work returns, and the exception that stopped it early, if one did. A panic becomes an
/// error.
pub fn supervise<T: Send>(
    py: Python<'_>,
    threads: Option<usize>,
    progress: Option<&Py<PyAny>>,
    work: impl FnOnce(&Watch) -> T + Send,
) -> PyResult<(T, Option<PyErr>)> {
    let pool = pool(threads)?;
    let watch = Watch::default();
    let (mut outcome, mut stopped_by) = (None, None);
    py.detach(|| {
        pool.in_place_scope(|scope| {
            let (finished, wait) = channel::<()>();
            let (outcome, watch) = (&mut outcome, &watch);
            scope.spawn(move |_| {
                *outcome = Some(catch_unwind(AssertUnwindSafe(|| work(watch))));
                drop(finished);
            });
            let mut shown = 0;
            while let Err(RecvTimeoutError::Timeout) = wait.recv_timeout(PATIENCE) {
                if stopped_by.is_some() {
                    continue;
                }
                let looked = Python::attach(|py| show(py, watch, progress, &mut shown));
                if let Err(error) = looked {
                    watch.stop.store(true, Ordering::Relaxed);
                    stopped_by = Some(error);
                }
            }
        });
    });
    match outcome {
        Some(Ok(value)) => Ok((value, stopped_by)),
        Some(Err(payload)) => Err(errors::of_panic(payload.as_ref())),
        None => Err(errors::of_panic(&"the work did not run")),
    }
}

fn show(
    py: Python<'_>,
    watch: &Watch,
    progress: Option<&Py<PyAny>>,
    shown: &mut usize,
) -> PyResult<()> {
    py.check_signals()?;
    let done = watch.done.load(Ordering::Relaxed);
    if let Some(progress) = progress
        && done > *shown
    {
        *shown = done;
        progress.call1(py, (done,))?;
    }
    Ok(())
}

/// Pools by their number of threads, and the process that has them.
static POOLS: Mutex<(u32, BTreeMap<usize, Arc<ThreadPool>>)> = Mutex::new((0, BTreeMap::new()));

fn pool(threads: Option<usize>) -> PyResult<Arc<ThreadPool>> {
    let threads = threads.unwrap_or_else(default_threads).max(1);
    let mut pools = POOLS.lock().unwrap_or_else(PoisonError::into_inner);
    if pools.0 != std::process::id() {
        // A forked process has none of the threads of its parent, so their pools cannot even be dropped.
        std::mem::forget(std::mem::take(&mut pools.1));
        pools.0 = std::process::id();
    }
    if let Some(pool) = pools.1.get(&threads) {
        return Ok(pool.clone());
    }
    let built = ThreadPoolBuilder::new()
        .num_threads(threads)
        .thread_name(|k| format!("chamfer-{k}"))
        .build();
    let pool = Arc::new(built.map_err(|error| errors::of_input(&error.to_string()))?);
    pools.1.insert(threads, pool.clone());
    Ok(pool)
}

/// As many as rayon's variable says, or OpenMP's, with which joblib keeps its workers apart, or as there are
/// cores.
fn default_threads() -> usize {
    let of = |name| std::env::var(name).ok()?.parse::<usize>().ok().filter(|threads| *threads > 0);
    of("RAYON_NUM_THREADS")
        .or_else(|| of("OMP_NUM_THREADS"))
        .or_else(|| std::thread::available_parallelism().ok().map(Into::into))
        .unwrap_or(1)
}

/// Panics, for the test that no panic reaches the interpreter.
#[pyfunction]
#[pyo3(name = "_panic")]
pub fn panic_for_test(py: Python<'_>) -> PyResult<()> {
    supervise(py, None, None, |_| panic!("on purpose")).map(|_: ((), _)| ())
}
