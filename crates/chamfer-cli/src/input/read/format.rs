//! The formats of files, and their names.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

/// A format of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Text separated by commas.
    Csv,
    /// Text separated by tabs.
    Tsv,
    /// Apache Parquet.
    Parquet,
    /// Apache Arrow IPC, as a file (also called Feather) or as a stream.
    Arrow,
    /// Sparse rows as lines of `label index:value …`.
    Svmlight,
}

impl Format {
    /// The name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Tsv => "tsv",
            Self::Parquet => "parquet",
            Self::Arrow => "arrow",
            Self::Svmlight => "svmlight",
        }
    }

    /// The format that the name of the file at `path` tells, if it tells one.
    #[must_use]
    pub fn of_name(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?.to_ascii_lowercase();
        let (name, is_compressed) = match name.strip_suffix(".gz") {
            Some(name) => (name, true),
            None => (name.as_str(), false),
        };
        match name.rsplit_once('.')?.1 {
            "csv" => Some(Self::Csv),
            "tsv" => Some(Self::Tsv),
            "svm" | "svmlight" | "libsvm" => Some(Self::Svmlight),
            "parquet" | "pq" if !is_compressed => Some(Self::Parquet),
            "arrow" | "ipc" | "feather" if !is_compressed => Some(Self::Arrow),
            _ => None,
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let formats = [Self::Csv, Self::Tsv, Self::Parquet, Self::Arrow, Self::Svmlight];
        formats
            .into_iter()
            .find(|format| format.name().eq_ignore_ascii_case(name))
            .ok_or_else(|| "not a format; give csv, tsv, parquet, arrow or svmlight".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_formats() {
        let of = |name: &str| Format::of_name(Path::new(name));
        assert_eq!(of("a/b.CSV"), Some(Format::Csv));
        assert_eq!(of("b.tsv.gz"), Some(Format::Tsv));
        assert_eq!(of("b.PQ"), Some(Format::Parquet));
        assert_eq!(of("b.feather"), Some(Format::Arrow));
        assert_eq!(of("b.libsvm.gz"), Some(Format::Svmlight));
        assert_eq!(of("b.parquet.gz"), None);
        assert_eq!(of("csv"), None);
        assert_eq!("Parquet".parse(), Ok(Format::Parquet));
        assert!("excel".parse::<Format>().is_err());
    }
}
