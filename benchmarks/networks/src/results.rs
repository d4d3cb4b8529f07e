//! What was measured, a line for each network, in a file that grows.

use crate::Failure;
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};

/// A network that was measured.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The experiment.
    pub experiment: String,
    /// The method.
    pub method: String,
    /// The seed of weights and order.
    pub seed: u64,
    /// Which share of the units was to live.
    pub share: f64,
    /// The strength of the penalty where the units were chosen; 0 if there is none.
    pub strength: f64,
    /// The epochs until then.
    pub epoch: usize,
    /// Units that are not zero.
    pub live: usize,
    /// All numbers of the compacted network.
    pub numbers: usize,
    /// Multiplications and additions for one sample.
    pub flops: u64,
    /// The size of its file.
    pub bytes: u64,
    /// How long it takes for 32 samples.
    pub milliseconds: f64,
    /// The largest difference of outputs before and after compacting.
    pub difference: f64,
    /// Mean loss on the validation part.
    pub validation_loss: f64,
    /// Share of wrong answers on the validation part.
    pub validation_error: f64,
    /// Mean loss on the test part.
    pub test_loss: f64,
    /// Share of wrong answers on the test part.
    pub test_error: f64,
}

/// The file of an experiment.
pub struct Results {
    path: PathBuf,
}

impl Results {
    /// Of an experiment of this name.
    pub fn of(folder: &Path, experiment: &str) -> Self {
        Self { path: folder.join(format!("{experiment}.csv")) }
    }

    /// What is there; nothing, where there is no file.
    pub fn read(&self) -> Result<Vec<Row>, Failure> {
        if !self.path.exists() {
            return Ok(Vec::new());
        }
        let rows: Result<_, _> = csv::Reader::from_path(&self.path)?.deserialize().collect();
        rows.map_err(|error| format!("{}: {error}", self.path.display()).into())
    }

    /// Forgets all.
    pub fn clear(&self) -> Result<(), Failure> {
        if self.path.exists() { Ok(std::fs::remove_file(&self.path)?) } else { Ok(()) }
    }

    /// Adds the lines of a training.
    pub fn add(&self, rows: &[Row]) -> Result<(), Failure> {
        let new = !self.path.exists();
        let file: File = OpenOptions::new().create(true).append(true).open(&self.path)?;
        let mut writer = csv::WriterBuilder::new().has_headers(new).from_writer(file);
        for row in rows {
            writer.serialize(row)?;
        }
        Ok(writer.flush()?)
    }
}

/// Mean and standard deviation.
pub fn mean_and_deviation(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (mean, (squares / (n - 1.0).max(1.0)).sqrt())
}

#[cfg(test)]
mod tests {
    use super::{Results, Row, mean_and_deviation};

    #[test]
    fn lines_are_added_and_read() {
        let folder = tempfile::tempdir().unwrap();
        let results = Results::of(folder.path(), "some");
        assert_eq!(results.read().unwrap(), []);
        let row = |seed| Row { method: "dense".to_owned(), seed, share: 0.01, ..Row::default() };
        results.add(&[row(1)]).unwrap();
        results.add(&[row(2), row(3)]).unwrap();
        assert_eq!(results.read().unwrap(), [row(1), row(2), row(3)]);
    }

    #[test]
    fn deviations_are_those_of_a_sample() {
        assert_eq!(mean_and_deviation(&[1.0, 3.0]), (2.0, 2f64.sqrt()));
        assert_eq!(mean_and_deviation(&[5.0]), (5.0, 0.0));
    }
}
