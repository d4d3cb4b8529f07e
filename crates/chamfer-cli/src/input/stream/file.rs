//! A file that is read again and again, and has to stay as it is.

use std::fs::{File, Metadata};
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use parquet::errors::{ParquetError, Result as ParquetResult};
use parquet::file::reader::{ChunkReader, Length};

use crate::input::error::{FileProblem, InputError, Place};
use crate::input::read::Format;

/// Bytes that are read at once where the length of what is needed is not known: a header.
const HEADER: usize = 512;

/// An open file, read at any place by many threads; what it was like when it was opened.
#[derive(Debug)]
pub(super) struct SteadyFile {
    path: PathBuf,
    file: File,
    state: State,
}

/// What changes when a file is written to, cut short or replaced.
#[derive(Debug, PartialEq, Eq)]
struct State {
    length: u64,
    modified: Option<SystemTime>,
    /// Device and number of the file, where there is such a thing.
    identity: Option<(u64, u64)>,
}

impl State {
    fn of(metadata: &Metadata) -> Self {
        #[cfg(unix)]
        let identity = {
            use std::os::unix::fs::MetadataExt;
            Some((metadata.dev(), metadata.ino()))
        };
        #[cfg(not(unix))]
        let identity = None;
        Self { length: metadata.len(), modified: metadata.modified().ok(), identity }
    }
}

impl SteadyFile {
    pub(super) fn new(path: &Path, file: File) -> io::Result<Self> {
        let state = State::of(&file.metadata()?);
        Ok(Self { path: path.to_owned(), file, state })
    }

    /// The error that this file is not what `format` asks for.
    pub(super) fn damaged(&self, format: Format, message: String) -> InputError {
        FileProblem::Damaged { format, message }.at(Place::file(&self.path))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn length(&self) -> u64 {
        self.state.length
    }

    /// Whether the path still leads to this file, and nobody wrote to it.
    pub(super) fn is_unchanged(&self) -> bool {
        self.path.metadata().is_ok_and(|now| State::of(&now) == self.state)
    }

    /// Fills `out` with the bytes from `offset` on.
    pub(super) fn read_exact_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let mut done = 0;
        while done < out.len() {
            match self.read_at(offset + done as u64, &mut out[done..]) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(n) => done += n,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Reads without a position that threads would share.
    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<usize> {
        #[cfg(unix)]
        return std::os::unix::fs::FileExt::read_at(&self.file, out, offset);
        #[cfg(windows)]
        return std::os::windows::fs::FileExt::seek_read(&self.file, out, offset);
    }
}

/// A file as the Parquet decoder reads it.
#[derive(Debug, Clone)]
pub(super) struct Shared(pub(super) Arc<SteadyFile>);

/// The rest of a file.
#[derive(Debug)]
pub(super) struct Rest {
    file: Arc<SteadyFile>,
    offset: u64,
}

impl Read for Rest {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.file.read_at(self.offset, out)?;
        self.offset += n as u64;
        Ok(n)
    }
}

impl Length for Shared {
    fn len(&self) -> u64 {
        self.0.length()
    }
}

impl ChunkReader for Shared {
    type T = BufReader<Rest>;

    fn get_read(&self, start: u64) -> ParquetResult<Self::T> {
        let rest = Rest { file: Arc::clone(&self.0), offset: start };
        Ok(BufReader::with_capacity(HEADER, rest))
    }

    fn get_bytes(&self, start: u64, length: usize) -> ParquetResult<Bytes> {
        // Never more than there is: the length may be that of a damaged header.
        if start.checked_add(length as u64).is_none_or(|end| end > self.0.length()) {
            return Err(ParquetError::EOF("a page reaches beyond the file".to_owned()));
        }
        let mut bytes = vec![0; length];
        self.0.read_exact_at(start, &mut bytes)?;
        Ok(bytes.into())
    }
}
