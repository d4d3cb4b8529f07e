//! What the integration tests share: a folder, the command run in it, and small data.

#![allow(dead_code, reason = "every test file uses a part of it")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

/// The command under test.
pub const CHAMFER: &str = env!("CARGO_BIN_EXE_chamfer");

/// A folder that is removed after the test.
pub struct Folder(TempDir);

/// What a run of the command left.
#[derive(Debug)]
pub struct Run {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// The files below a folder with their contents; none for a folder.
pub type Snapshot = BTreeMap<PathBuf, Option<Vec<u8>>>;

impl Folder {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// A folder with one file in it.
    pub fn with(name: &str, contents: impl AsRef<[u8]>) -> Self {
        let folder = Self::new();
        folder.write(name, contents);
        folder
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn write(&self, name: &str, contents: impl AsRef<[u8]>) {
        fs::write(self.path().join(name), contents).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path().join(name)).unwrap()
    }

    pub fn bytes(&self, name: &str) -> Vec<u8> {
        fs::read(self.path().join(name)).unwrap()
    }

    pub fn json(&self, name: &str) -> Value {
        serde_json::from_str(&self.read(name)).unwrap()
    }

    pub fn exists(&self, name: &str) -> bool {
        self.path().join(name).exists()
    }

    /// Runs the command here with the words of `line` as arguments.
    pub fn run(&self, line: &str) -> Run {
        self.run_with(&line.split_whitespace().collect::<Vec<_>>())
    }

    /// Runs the command here.
    pub fn run_with(&self, args: &[&str]) -> Run {
        let output = Command::new(CHAMFER).args(args).current_dir(self.path()).output().unwrap();
        Run::new(&output)
    }

    /// Runs the command here, which must succeed.
    pub fn succeeds(&self, line: &str) -> Run {
        self.run(line).ends_with_code(0)
    }

    /// Runs the command here, which must fail with `code`, say one message with all of `parts`,
    /// and leave the folder as it was.
    pub fn refuses(&self, code: i32, line: &str, parts: &[&str]) {
        let before = self.snapshot();
        self.run(line).is_refusal(code, parts);
        assert!(self.snapshot() == before, "`{line}` changed the folder: {:?}", self.names());
    }

    pub fn snapshot(&self) -> Snapshot {
        fn visit(folder: &Path, found: &mut Snapshot) {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    visit(&path, found);
                    found.insert(path, None);
                } else {
                    let contents = fs::read(&path).unwrap();
                    found.insert(path, Some(contents));
                }
            }
        }
        let mut found = Snapshot::new();
        visit(self.path(), &mut found);
        found
    }

    /// The files and folders in here.
    pub fn names(&self) -> Vec<PathBuf> {
        let relative = |path: PathBuf| path.strip_prefix(self.path()).unwrap().to_owned();
        self.snapshot().into_keys().map(relative).collect()
    }
}

impl Run {
    pub fn new(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
        assert_no_panic(&stderr);
        Self { code: output.status.code(), stdout, stderr }
    }

    #[track_caller]
    pub fn ends_with_code(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        self
    }

    /// The run failed with `code` and one message that has all of `parts`.
    #[track_caller]
    pub fn is_refusal(&self, code: i32, parts: &[&str]) {
        assert_eq!(self.code, Some(code), "{self:#?}");
        assert_eq!(self.stdout, "", "a refusal prints no result");
        let messages: Vec<&str> =
            self.stderr.lines().filter(|line| line.starts_with("error: ")).collect();
        assert_eq!(messages.len(), 1, "{self:#?}");
        if code == 1 {
            assert_eq!(self.stderr.lines().last(), Some(messages[0]), "{self:#?}");
        }
        for part in parts {
            assert!(messages[0].contains(part), "{:?} lacks {part:?}", messages[0]);
        }
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap()
    }

    /// The printed CSV as a header and rows of numbers.
    pub fn csv(&self) -> (Vec<String>, Vec<Vec<f64>>) {
        csv_numbers(&self.stdout)
    }
}

fn assert_no_panic(stderr: &str) {
    assert!(!stderr.contains("panicked") && !stderr.contains("RUST_BACKTRACE"), "{stderr}");
}

/// CSV text without quotes, as a header and rows of numbers.
pub fn csv_numbers(text: &str) -> (Vec<String>, Vec<Vec<f64>>) {
    let mut lines = text.lines();
    let header = lines.next().unwrap().split(',').map(str::to_owned).collect();
    let row = |line: &str| line.split(',').map(|cell| cell.parse().unwrap()).collect();
    (header, lines.map(row).collect())
}

/// A file of the repository.
pub fn repository(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(name).canonicalize().unwrap()
}

/// The numbers in `array`, or in the member `name` of each of its elements.
pub fn numbers(array: &Value, name: &str) -> Vec<f64> {
    array.as_array().unwrap().iter().map(|element| element[name].as_f64().unwrap()).collect()
}

/// The coefficients of one fit of a model.
pub fn coefficients(fit: &Value) -> BTreeMap<String, f64> {
    let members = fit["coefficients"].as_object().unwrap();
    members.iter().map(|(name, value)| (name.clone(), value.as_f64().unwrap())).collect()
}

#[track_caller]
pub fn assert_close(a: f64, b: f64, tolerance: f64) {
    assert!((a - b).abs() <= tolerance * a.abs().max(b.abs()).max(1e-300), "{a} is not {b}");
}

/// A small table of numbers.
#[derive(Clone)]
pub struct Data {
    pub names: Vec<String>,
    pub rows: Vec<Vec<f64>>,
}

impl Data {
    /// Columns `x1`, `x2`, … and `target`, which depends on the first three of them.
    pub fn new(n_rows: usize, n_predictors: usize) -> Self {
        let mut noise = Noise(n_rows as u64 * 1000 + n_predictors as u64);
        let mut names: Vec<String> = (1..=n_predictors).map(|j| format!("x{j}")).collect();
        names.push("target".to_owned());
        let row = |_| {
            let mut row: Vec<f64> = (0..n_predictors).map(|_| noise.next()).collect();
            let effects = row.iter().zip([2.0, -1.5, 1.0]).map(|(x, beta)| x * beta);
            row.push(4.0 + effects.sum::<f64>() + 0.5 * noise.next());
            row
        };
        let rows = (0..n_rows).map(row).collect();
        Self { names, rows }
    }

    /// The values of the column at position `column`.
    pub fn column(&self, column: usize) -> Vec<f64> {
        self.rows.iter().map(|row| row[column]).collect()
    }

    /// Adds a column.
    pub fn with(mut self, name: &str, value: impl Fn(usize, &[f64]) -> f64) -> Self {
        self.names.push(name.to_owned());
        for (i, row) in self.rows.iter_mut().enumerate() {
            row.push(value(i, row));
        }
        self
    }

    /// As text with `delimiter` between the fields.
    pub fn text(&self, delimiter: &str) -> String {
        let mut text = self.names.join(delimiter) + "\n";
        for row in &self.rows {
            let cells: Vec<String> = row.iter().map(f64::to_string).collect();
            text += &(cells.join(delimiter) + "\n");
        }
        text
    }

    pub fn csv(&self) -> String {
        self.text(",")
    }
}

/// Reproducible numbers from −2 to 2 of three decimals.
pub struct Noise(pub u64);

impl Noise {
    pub fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        ((self.0 >> 33) % 4001) as f64 / 1000.0 - 2.0
    }
}
