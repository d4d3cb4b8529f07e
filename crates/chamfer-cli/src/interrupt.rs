//! Ctrl-C: the first one asks the run to end, the second one ends it.

use crate::error::CliError;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Exit status after Ctrl-C, as shells have it: 128 + SIGINT.
pub const STATUS: u8 = 130;

/// Says whether Ctrl-C was pressed.
#[derive(Debug, Clone)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Starts to listen. To be called once.
    pub fn listen() -> Result<Self, CliError> {
        let pressed = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&pressed);
        ctrlc::set_handler(move || {
            if flag.swap(true, Ordering::SeqCst) {
                std::process::exit(i32::from(STATUS));
            }
        })
        .map_err(|error| CliError::Setup(error.to_string()))?;
        Ok(Self(pressed))
    }

    pub fn pressed(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}
