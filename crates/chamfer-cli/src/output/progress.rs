//! Signs of life on the standard error stream; nothing where that is not a terminal.

use indicatif::{ProgressBar, ProgressStyle};
use std::borrow::Cow;
use std::time::Duration;

const TICK: Duration = Duration::from_millis(200);

/// A bar that counts λs, or a spinner; gone when dropped.
pub struct Progress(ProgressBar);

impl Progress {
    /// A bar for work on `n_lambdas` λs, of which `n_done` are done.
    pub fn of_lambdas(n_lambdas: usize, n_done: usize) -> Self {
        let template = "{bar:32} {pos}/{len} λ  {elapsed} elapsed, {eta} left  {msg}";
        let bar = ProgressBar::new(n_lambdas as u64).with_position(n_done as u64);
        Self::start(bar, template)
    }

    /// A bar for work on `n_folds` folds.
    pub fn of_folds(n_folds: usize) -> Self {
        let template = "{bar:32} {pos}/{len} folds  {elapsed} elapsed, {eta} left";
        Self::start(ProgressBar::new(n_folds as u64), template)
    }

    /// A bar for work on `n_pairs` pairs of halves.
    pub fn of_pairs(n_pairs: usize) -> Self {
        let template = "{bar:32} {pos}/{len} pairs of halves  {elapsed} elapsed, {eta} left";
        Self::start(ProgressBar::new(n_pairs as u64), template)
    }

    /// A spinner beside `message`, for work of unknown length.
    pub fn spinner(message: impl Into<Cow<'static, str>>) -> Self {
        let progress = Self::start(ProgressBar::new_spinner(), "{spinner} {msg}  {elapsed}");
        progress.0.set_message(message);
        progress
    }

    /// One more λ is done.
    pub fn advance(&self, n_nonzero: usize) {
        self.0.set_message(format!("{n_nonzero} nonzero"));
        self.0.inc(1);
    }

    /// One more fold, or pair, is done.
    pub fn advance_fold(&self) {
        self.0.inc(1);
    }

    /// Says something above the bar.
    pub fn say(&self, text: &str) {
        self.0.suspend(|| super::say(text));
    }

    fn start(bar: ProgressBar, template: &str) -> Self {
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("█▉▊▋▌▍▎▏ "));
        }
        bar.enable_steady_tick(TICK);
        Self(bar)
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
