//! What makes a run the same run: the program, the options that matter, and the data.

use crate::args::GivenOptions;
use crate::error::CliError;
use crate::output::with_commas;
use crate::spec::PenaltySpec;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::hash::Hasher;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use twox_hash::XxHash64;

/// What has to agree for one run to continue another.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Fingerprint {
    /// Version of the program.
    chamfer: String,
    #[serde(flatten)]
    options: GivenOptions,
    /// A hash of groups, bounds and what else options name but other files say.
    penalty: u64,
    /// Read when it is needed: short runs do not need it.
    data: Option<Contents>,
    #[serde(skip)]
    file: PathBuf,
}

/// The contents of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Contents {
    bytes: u64,
    hash: u64,
}

impl Fingerprint {
    /// Of a run with `options`, which stand for `penalty`, on the data in `file`.
    pub fn new(
        options: &GivenOptions,
        penalty: &PenaltySpec,
        file: &Path,
    ) -> Result<Self, CliError> {
        let penalty =
            serde_json::to_vec(penalty).map_err(|error| CliError::Setup(error.to_string()))?;
        Ok(Self {
            chamfer: env!("CARGO_PKG_VERSION").to_owned(),
            options: options.clone(),
            penalty: XxHash64::oneshot(0, &penalty),
            data: None,
            file: file.to_owned(),
        })
    }

    /// Reads the data file, unless that was done.
    pub fn read_data(&mut self) -> Result<(), CliError> {
        if self.data.is_none() {
            let contents = Contents::of(&self.file);
            let failed = |error| CliError::Read { path: self.file.clone(), error };
            self.data = Some(contents.map_err(failed)?);
        }
        Ok(())
    }

    /// In what another run, whose fingerprint was kept, differs.
    pub fn differences(&self, kept: &Self) -> Vec<String> {
        let mut differences = Vec::new();
        if self.chamfer != kept.chamfer {
            let (then, now) = (&kept.chamfer, &self.chamfer);
            differences.push(format!("chamfer {then} made it, and this is {now}"));
        }
        differences.extend(self.options.differences(&kept.options));
        if differences.is_empty() && self.penalty != kept.penalty {
            differences.push("what the options of the penalty name has changed".to_owned());
        }
        if let (Some(now), Some(then)) = (self.data, kept.data)
            && now != then
        {
            let file = self.file.display();
            differences.push(if now.bytes == then.bytes {
                format!("{file} has other contents now")
            } else {
                let (then, now) = (size(then.bytes), size(now.bytes));
                format!("{file} had {then} bytes and has {now} now")
            });
        }
        differences
    }
}

impl Contents {
    /// One pass over the file.
    fn of(path: &Path) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let (mut bytes, mut hasher) = (0, XxHash64::with_seed(0));
        let mut buffer = vec![0; 1 << 20];
        loop {
            match file.read(&mut buffer)? {
                0 => return Ok(Self { bytes, hash: hasher.finish() }),
                n => {
                    bytes += n as u64;
                    hasher.write(&buffer[..n]);
                }
            }
        }
    }
}

fn size(bytes: u64) -> String {
    usize::try_from(bytes).map_or_else(|_| bytes.to_string(), with_commas)
}
