//! Ctrl-C and requests to terminate: the first one asks the run to end, the second one ends it.

use crate::error::CliError;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Exit status after Ctrl-C, as shells have it: 128 + SIGINT.
pub const STATUS: u8 = 130;

/// Says whether the run is to end.
#[derive(Debug, Clone)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Starts to listen. To be called once.
    pub fn listen() -> Result<Self, CliError> {
        let pressed = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            // In this order: the first signal finds the flag not set yet.
            flag::register_conditional_shutdown(signal, i32::from(STATUS), Arc::clone(&pressed))
                .and_then(|_| flag::register(signal, Arc::clone(&pressed)))
                .map_err(|error| CliError::Setup(error.to_string()))?;
        }
        Ok(Self(pressed))
    }

    pub fn pressed(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}
