//! What a long run leaves in its output folder as it goes, so that another can continue it.
//!
//! A file of lines that only grows: first what the run is ([`fingerprint`]), then what was solved, part by
//! part ([`record`]), each in JSON after its hash. A line that is cut off or damaged ends the file. Parts are written at most once a second,
//! at the cost of what is new; a write that fails is tried again with the next part, and the run goes on.

mod fingerprint;
mod record;

pub use fingerprint::Fingerprint;
pub use record::{FoldPart, Restored};

use super::segments::Segments;
use crate::error::CliError;
use crate::output::{count, say, with_commas};
use chamfer_glm::RegressionPoint;
use record::Line;
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::{self, ErrorKind, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use twox_hash::XxHash64;

const NAME: &str = "checkpoint";
const SCHEMA: &str = "chamfer-checkpoint";
/// Changes with the format, and with where the parts of a path end.
const VERSION: u64 = 1;
/// Time between two writes.
const INTERVAL: Duration = Duration::from_secs(1);

/// The checkpoint of a run.
pub struct Checkpoint {
    path: PathBuf,
    run: Fingerprint,
    file: Option<File>,
    /// Length of the whole lines in the file.
    length: u64,
    /// Lines that are not in the file yet.
    pending: Vec<u8>,
    /// Whether the first line is in the file or pending.
    begun: bool,
    last_write: Instant,
    /// Whether a write has failed.
    failed: bool,
}

/// The part of the first line that says what the file is, whatever its version.
#[derive(Serialize, Deserialize)]
struct Head {
    schema: String,
    version: u64,
}

#[derive(Serialize, Deserialize)]
struct First {
    #[serde(flatten)]
    head: Head,
    run: Fingerprint,
}

impl Checkpoint {
    /// The checkpoint of a run from the beginning; nothing is written yet.
    pub fn begin(folder: &Path, run: Fingerprint) -> (Option<Self>, Restored) {
        let checkpoint = Self::new(folder, run);
        if checkpoint.path.exists() {
            say(&format!(
                "note: {} is of a run that did not end; this one begins anew and takes its place (--resume \
                 would go on from it)",
                checkpoint.path.display()
            ));
        }
        (Some(checkpoint), Restored::default())
    }

    /// The checkpoint of `run`, and what earlier runs over `segments` and `n_folds` folds have solved, for
    /// this one to go on with; says so if they left nothing.
    ///
    /// # Errors
    /// If the checkpoint is that of another run, or the file is none.
    pub fn resume(
        folder: &Path,
        run: Fingerprint,
        segments: &Segments<'_>,
        n_folds: usize,
    ) -> Result<(Option<Self>, Restored), CliError> {
        let mut checkpoint = Self::new(folder, run);
        let Some(restored) = checkpoint.restore(segments, n_folds)? else {
            say(&format!("note: {} has no checkpoint: beginning anew", folder.display()));
            return Ok((Some(checkpoint), Restored::default()));
        };
        let asked = count(segments.lambdas().len(), "lambda");
        say(&format!("note: going on after {} of {asked}", with_commas(restored.points.len())));
        Ok((Some(checkpoint), restored))
    }

    fn new(folder: &Path, run: Fingerprint) -> Self {
        Self {
            path: folder.join(NAME),
            run,
            file: None,
            length: 0,
            pending: Vec::new(),
            begun: false,
            last_write: Instant::now(),
            failed: false,
        }
    }

    fn restore(
        &mut self,
        segments: &Segments<'_>,
        n_folds: usize,
    ) -> Result<Option<Restored>, CliError> {
        let refused = |reason| CliError::Checkpoint { path: self.path.clone(), reason };
        let bytes = match fs::read(&self.path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            bytes => bytes.map_err(|error| refused(format!("it cannot be read ({error})")))?,
        };
        let mut lines =
            bytes.split_inclusive(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\n"));
        let Some(first) = lines.next() else { return Ok(None) };
        let length_of_first = first.len();
        let first = contents(first).unwrap_or_default();
        let head: Option<Head> = serde_json::from_slice(first).ok();
        if !head.is_some_and(|head| head.schema == SCHEMA && head.version == VERSION) {
            return Err(refused("it is no checkpoint of this version of chamfer".to_owned()));
        }
        let damaged = |error: &serde_json::Error| refused(format!("it is damaged ({error})"));
        let made: First = serde_json::from_slice(first).map_err(|error| damaged(&error))?;
        self.run.read_data()?;
        let differences = self.run.differences(&made.run);
        if !differences.is_empty() {
            let reason = format!("it is of another run: {}", differences.join("; "));
            return Err(refused(reason));
        }
        let mut restored = Restored::default();
        let mut length = length_of_first;
        for line in lines {
            let Some(part) = contents(line) else { break };
            restored.add(serde_json::from_slice(part).map_err(|error| damaged(&error))?);
            length += line.len();
        }
        if !restored.fits(segments, n_folds) {
            let reason = "its lambdas or folds are others: it was edited, or made on another kind of machine";
            return Err(refused(reason.to_owned()));
        }
        let file = File::options().write(true).open(&self.path);
        self.file = Some(file.map_err(|error| CliError::write(&self.path, &error))?);
        (self.length, self.begun) = (length as u64, true);
        Ok(Some(restored))
    }

    /// Keeps the next part of the path.
    ///
    /// # Errors
    /// If it could not be written; only the first time, for the run goes on.
    pub fn keep_points(
        &mut self,
        points: &[RegressionPoint],
        seconds: &[f64],
    ) -> Result<(), CliError> {
        self.keep(&Line::of_points(points, seconds))
    }

    /// Keeps the next part of the path of a fold.
    ///
    /// # Errors
    /// As [`keep_points`](Self::keep_points).
    pub fn keep_fold(&mut self, fold: usize, part: &FoldPart) -> Result<(), CliError> {
        self.keep(&Line::of_fold(fold, part))
    }

    fn keep(&mut self, part: &Line) -> Result<(), CliError> {
        self.pending.extend(line(part)?);
        if self.last_write.elapsed() < INTERVAL { Ok(()) } else { self.flush() }
    }

    /// Writes what is not in the file yet.
    ///
    /// # Errors
    /// As [`keep_points`](Self::keep_points).
    pub fn flush(&mut self) -> Result<(), CliError> {
        let written = self.write();
        // A slow disk should not take all the time.
        self.last_write = Instant::now();
        match written {
            Err(_) if self.failed => Ok(()),
            written => {
                self.failed |= written.is_err();
                written
            }
        }
    }

    fn write(&mut self) -> Result<(), CliError> {
        if self.pending.is_empty() {
            return Ok(());
        }
        if !self.begun {
            self.run.read_data()?;
            let head = Head { schema: SCHEMA.to_owned(), version: VERSION };
            let first = line(&First { head, run: self.run.clone() })?;
            self.pending.splice(..0, first);
            self.begun = true;
        }
        self.append().map_err(|error| CliError::write(&self.path, &error))
    }

    fn append(&mut self) -> io::Result<()> {
        let file = match self.file.take() {
            Some(file) => file,
            None => File::create(&self.path)?,
        };
        let file = self.file.insert(file);
        // Over what a write that failed has left.
        file.set_len(self.length)?;
        file.seek(SeekFrom::Start(self.length))?;
        file.write_all(&self.pending)?;
        file.sync_data()?;
        self.length += self.pending.len() as u64;
        self.pending.clear();
        Ok(())
    }

    /// The run has ended and its results are written: there is nothing to continue.
    pub fn remove(mut self) {
        (self.file, self.length) = (None, 0);
        // If it stays, a run that continues it has nothing left to do.
        let _ = fs::remove_file(&self.path);
    }
}

/// Whatever ended the run, the checkpoint is complete and said to be there.
impl Drop for Checkpoint {
    fn drop(&mut self) {
        if self.length > 0 {
            let _ = self.flush();
            say("what is done is kept: the same command with --resume goes on from it");
        }
    }
}

/// A line: the hash of a value in JSON, and that.
fn line(value: &impl Serialize) -> Result<Vec<u8>, CliError> {
    let json = serde_json::to_string(value).map_err(|error| CliError::Setup(error.to_string()))?;
    let hash = XxHash64::oneshot(0, json.as_bytes());
    Ok(format!("{hash:016x} {json}\n").into_bytes())
}

/// The JSON in a line; `None` if it is not what was written.
fn contents(line: &[u8]) -> Option<&[u8]> {
    let (hash, json) = line.trim_ascii_end().split_at_checked(17)?;
    let hash = u64::from_str_radix(std::str::from_utf8(hash).ok()?.trim_end(), 16).ok()?;
    (hash == XxHash64::oneshot(0, json)).then_some(json)
}
