//! The progress bar of a path.

use chamfer_glm::PathPoint;
use indicatif::{ProgressBar, ProgressStyle};
use std::time::Duration;

/// A bar on the standard error stream; nothing where that is not a terminal.
pub struct Progress(ProgressBar);

impl Progress {
    pub fn start(n_lambdas: usize) -> Self {
        let bar = ProgressBar::new(n_lambdas as u64);
        let template = "{bar:32} {pos}/{len} λ  {elapsed} elapsed, {eta} left  {msg}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("█▉▊▋▌▍▎▏ "));
        }
        bar.enable_steady_tick(Duration::from_millis(200));
        Self(bar)
    }

    pub fn advance(&self, point: &PathPoint) {
        self.0.set_message(format!("{} nonzero", point.coefficients.values.len()));
        self.0.inc(1);
    }

    pub fn finish(self) {
        self.0.finish_and_clear();
    }
}
