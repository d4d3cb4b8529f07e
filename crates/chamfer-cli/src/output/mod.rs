//! What a person, or the next program, gets.

mod files;
mod progress;
mod table;

pub use files::{Output, OutputFolder};
pub use progress::Progress;
pub use table::{PathTable, aligned_left, significant, top_coefficients, top_of_outputs};

use crate::error::CliError;
use std::io::{ErrorKind, Write};

/// Says something on the standard error stream. Nobody may be listening, which is no error.
pub fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Prints a result on the standard output. A closed pipe (`| head`) is no error.
pub fn print(text: &str) -> Result<(), CliError> {
    let mut stdout = std::io::stdout().lock();
    match writeln!(stdout, "{text}").and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(CliError::Print(error)),
        _ => Ok(()),
    }
}

/// `38`, `5,000`.
pub fn with_commas(n: usize) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `shown` as a list, and how many more there are of `total`.
pub fn list(shown: &[String], total: usize) -> String {
    let listed = shown.join(", ");
    match total.saturating_sub(shown.len()) {
        0 => listed,
        more => format!("{listed} and {more} more"),
    }
}

/// `1 lambda`, `2 lambdas`.
pub fn count(n: usize, thing: &str) -> String {
    let plural = if n == 1 { "" } else { "s" };
    format!("{} {thing}{plural}", with_commas(n))
}
