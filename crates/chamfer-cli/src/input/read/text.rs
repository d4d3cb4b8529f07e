//! Opening text files, compressed or not.

use std::fs::File;
use std::io::{self, BufRead, BufReader};

use flate2::bufread::MultiGzDecoder;

/// The first bytes of a gzip file.
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Size of the buffers: large enough that the calls for more do not show.
const BUFFER: usize = 1 << 16;

/// The text in `file`, decompressed if it starts like a gzip file, whatever its name.
pub(super) fn decompressed(file: File) -> io::Result<Box<dyn BufRead>> {
    let mut file = BufReader::with_capacity(BUFFER, file);
    if file.fill_buf()?.starts_with(&GZIP_MAGIC) {
        Ok(Box::new(BufReader::with_capacity(BUFFER, MultiGzDecoder::new(file))))
    } else {
        Ok(Box::new(file))
    }
}
