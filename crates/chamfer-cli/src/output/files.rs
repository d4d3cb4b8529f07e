//! Output files: all of them whole, or none.

use super::print;
use crate::error::CliError;
use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// A folder that files are going to be written to.
///
/// It is made, and tried, before the work begins, so that a long run does not end at a folder
/// that cannot be written. Folders made for nothing are removed again.
#[derive(Debug)]
pub struct OutputFolder {
    path: PathBuf,
    /// The folders that did not exist, the innermost first.
    created: Vec<PathBuf>,
}

impl OutputFolder {
    pub fn prepare(path: &Path) -> Result<Self, CliError> {
        let missing = path.ancestors().take_while(|folder| {
            // The last ancestor of a relative path is empty: the working folder.
            !folder.as_os_str().is_empty() && !folder.exists()
        });
        let folder = Self { path: path.to_owned(), created: missing.map(Path::to_owned).collect() };
        fs::create_dir_all(path).map_err(|error| CliError::write(path, &error))?;
        NamedTempFile::new_in(path).map_err(|error| CliError::write(path, &error))?;
        Ok(folder)
    }

    /// Writes all files under temporary names, then renames them into place.
    pub fn write(mut self, files: &[(&str, &[u8])]) -> Result<Vec<PathBuf>, CliError> {
        let staged = files
            .iter()
            .map(|(name, contents)| {
                let path = self.path.join(name);
                stage(&path, contents).map(|file| (file, path))
            })
            .collect::<Result<Vec<_>, _>>()?;
        let mut written = Vec::new();
        for (file, path) in staged {
            persist(file, &path)?;
            written.push(path);
        }
        self.created.clear();
        Ok(written)
    }
}

impl Drop for OutputFolder {
    fn drop(&mut self) {
        for folder in &self.created {
            // Only an empty folder can be removed, so this cannot take anything away.
            let _ = fs::remove_dir(folder);
        }
    }
}

/// Where a result goes part by part: a file, which is there when it is whole, or the standard output.
pub enum Output {
    File { path: PathBuf, file: BufWriter<NamedTempFile> },
    Standard,
}

impl Output {
    /// Writes to the file at `path`, or prints.
    pub fn create(path: Option<&Path>) -> Result<Self, CliError> {
        let Some(path) = path else { return Ok(Self::Standard) };
        let file = temporary(path).map_err(|error| CliError::write(path, &error))?;
        Ok(Self::File { path: path.to_owned(), file: BufWriter::new(file) })
    }

    /// Writes some lines.
    pub fn write(&mut self, lines: &str) -> Result<(), CliError> {
        match self {
            Self::File { path, file } => {
                file.write_all(lines.as_bytes()).map_err(|error| CliError::write(&*path, &error))
            }
            Self::Standard => print(lines.trim_end()),
        }
    }

    /// Puts a file into its place.
    pub fn finish(self) -> Result<(), CliError> {
        let Self::File { path, file } = self else { return Ok(()) };
        let failed = |error: &io::Error| CliError::write(&path, error);
        let file = file.into_inner().map_err(|failure| failed(failure.error()))?;
        file.as_file().sync_all().map_err(|error| failed(&error))?;
        persist(file, &path)
    }
}

/// The contents under a temporary name beside `path`, on the disk.
fn stage(path: &Path, contents: &[u8]) -> Result<NamedTempFile, CliError> {
    let write = || -> io::Result<NamedTempFile> {
        let mut file = temporary(path)?;
        file.write_all(contents)?;
        file.as_file().sync_all()?;
        Ok(file)
    };
    write().map_err(|error| CliError::write(path, &error))
}

/// An empty file with a temporary name beside `path`.
fn temporary(path: &Path) -> io::Result<NamedTempFile> {
    if path.is_dir() {
        // Found out before any file is in place, not while renaming.
        return Err(io::ErrorKind::IsADirectory.into());
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    {
        // As for any file that a program makes; temporary files are private by default.
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder.unwrap_or(Path::new(".")))
}

fn persist(file: NamedTempFile, path: &Path) -> Result<(), CliError> {
    file.persist(path).map(drop).map_err(|failed| CliError::write(path, &failed.error))
}
