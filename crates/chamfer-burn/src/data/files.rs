//! Readers of the binary formats of MNIST and CIFAR-10.

use super::Images;
use crate::Error;
use flate2::read::GzDecoder;
use std::fs;
use std::io::Read;
use std::path::Path;

/// Reads images and labels in the idx format of MNIST and its kin, plain or compressed with gzip
/// (`train-images-idx3-ubyte`, `train-labels-idx1-ubyte.gz`).
///
/// # Errors
/// If a file cannot be read, is not in this format, is longer or shorter than its header says, or the
/// numbers of images and labels differ.
pub fn idx(images: impl AsRef<Path>, labels: impl AsRef<Path>) -> Result<Images, Error> {
    let (images, labels) = (images.as_ref(), labels.as_ref());
    let (sizes, pixels) = idx_bytes(images, 3)?;
    let (counts, classes) = idx_bytes(labels, 1)?;
    if sizes[0] != counts[0] {
        let what = format!("it has {} labels, but there are {} images", counts[0], sizes[0]);
        return Err(wrong(labels, what));
    }
    let n_classes = classes.iter().max().map_or(0, |largest| usize::from(*largest) + 1);
    Ok(Images {
        shape: [1, sizes[1], sizes[2]],
        n_classes,
        pixels: pixels.into_iter().map(share).collect(),
        labels: classes,
    })
}

/// Reads batches of CIFAR-10 in its binary format (`data_batch_1.bin`, …), plain or compressed with
/// gzip.
///
/// # Errors
/// If a file cannot be read, is no whole number of images, or has a label above 9.
pub fn cifar10<P: AsRef<Path>>(batches: &[P]) -> Result<Images, Error> {
    const SIZE: usize = 3 * 32 * 32;
    let (mut pixels, mut labels) = (Vec::new(), Vec::new());
    for path in batches {
        let path = path.as_ref();
        let bytes = read(path)?;
        if bytes.is_empty() || bytes.len() % (SIZE + 1) != 0 {
            let what = format!(
                "it has {} bytes, which is no whole number of images of {} bytes each: it may be cut \
                 off",
                bytes.len(),
                SIZE + 1
            );
            return Err(wrong(path, what));
        }
        for (at, record) in bytes.chunks_exact(SIZE + 1).enumerate() {
            if record[0] > 9 {
                let what =
                    format!("the label of image {at} is {}, but there are 10 classes", record[0]);
                return Err(wrong(path, what));
            }
            labels.push(record[0]);
            pixels.extend(record[1..].iter().copied().map(share));
        }
    }
    Ok(Images { shape: [3, 32, 32], n_classes: 10, pixels, labels })
}

fn share(byte: u8) -> f32 {
    f32::from(byte) / 255.0
}

fn wrong(path: &Path, what: String) -> Error {
    Error::Data { file: path.display().to_string(), what }
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    let failed = |error: std::io::Error| wrong(path, error.to_string());
    let bytes = fs::read(path).map_err(failed)?;
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return Ok(bytes);
    }
    let mut unpacked = Vec::new();
    GzDecoder::new(bytes.as_slice()).read_to_end(&mut unpacked).map_err(failed)?;
    Ok(unpacked)
}

/// The sizes along each axis and the bytes of an idx file of `rank` axes: two zeros, the type (8 for
/// bytes), the rank, the sizes as 32-bit numbers with the highest byte first, the bytes.
fn idx_bytes(path: &Path, rank: u8) -> Result<(Vec<usize>, Vec<u8>), Error> {
    let bytes = read(path)?;
    let begin = 4 + 4 * usize::from(rank);
    if bytes.len() < begin {
        return Err(wrong(path, "it is too short for a header of the idx format".to_owned()));
    }
    if bytes[..4] != [0, 0, 8, rank] {
        let what = format!("it is no idx file of bytes with {rank} axes");
        return Err(wrong(path, what));
    }
    let size = |four: &[u8]| four.iter().fold(0usize, |size, byte| size << 8 | usize::from(*byte));
    let sizes: Vec<usize> = bytes[4..begin].chunks_exact(4).map(size).collect();
    let expected = sizes.iter().try_fold(1usize, |all, size| all.checked_mul(*size));
    let found = bytes.len() - begin;
    if expected != Some(found) {
        let what =
            format!("its header says {sizes:?}, but {found} bytes follow: it may be cut off");
        return Err(wrong(path, what));
    }
    Ok((sizes, bytes[begin..].to_vec()))
}

#[cfg(test)]
mod tests {
    use super::{cifar10, idx};
    use burn::tensor::Device;
    use flate2::{Compression, write::GzEncoder};
    use std::fs;
    use std::io::Write;

    const IMAGES: [u8; 24] =
        [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 2, 0, 51, 102, 153, 204, 255, 0, 255];
    const LABELS: [u8; 10] = [0, 0, 8, 1, 0, 0, 0, 2, 7, 3];

    #[test]
    fn idx_files_are_read_plain_and_packed() {
        let folder = tempfile::tempdir().unwrap();
        let (images, labels) = (folder.path().join("images"), folder.path().join("labels.gz"));
        fs::write(&images, IMAGES).unwrap();
        let mut packed = GzEncoder::new(Vec::new(), Compression::default());
        packed.write_all(&LABELS).unwrap();
        fs::write(&labels, packed.finish().unwrap()).unwrap();
        let data = idx(&images, &labels).unwrap();
        assert_eq!((data.len(), data.shape, data.n_classes), (2, [1, 2, 2], 8));
        let (pixels, classes) = data.batch(&[1], &Device::default());
        assert_eq!(pixels.into_data().iter::<f32>().collect::<Vec<_>>(), [0.8, 1.0, 0.0, 1.0]);
        assert_eq!(classes.into_data().iter::<i64>().collect::<Vec<_>>(), [3]);
    }

    #[test]
    fn damaged_idx_files_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (images, labels) = (folder.path().join("images"), folder.path().join("labels"));
        fs::write(&labels, LABELS).unwrap();
        let refused = |bytes: &[u8], words: &str| {
            fs::write(&images, bytes).unwrap();
            let error = idx(&images, &labels).unwrap_err().to_string();
            assert!(error.contains(words) && error.contains("images"), "{error}");
        };
        refused(&IMAGES[..7], "too short");
        refused(&IMAGES[..23], "cut off");
        refused(&LABELS, "too short");
        refused(&[&LABELS[..], &LABELS[..]].concat(), "3 axes");
        fs::write(&images, IMAGES).unwrap();
        fs::write(&labels, [0, 0, 8, 1, 0, 0, 0, 1, 7]).unwrap();
        assert!(idx(&images, &labels).unwrap_err().to_string().contains("1 labels"));
        fs::remove_file(&images).unwrap();
        assert!(idx(&images, &labels).unwrap_err().to_string().contains("images"));
    }

    #[test]
    fn batches_of_cifar_are_joined_and_checked() {
        let folder = tempfile::tempdir().unwrap();
        let (first, second) = (folder.path().join("1.bin"), folder.path().join("2.bin"));
        let mut record = vec![255; 3073];
        record[0] = 4;
        fs::write(&first, &record).unwrap();
        fs::write(&second, [record.clone(), record.clone()].concat()).unwrap();
        let data = cifar10(&[&first, &second]).unwrap();
        assert_eq!((data.len(), data.shape), (3, [3, 32, 32]));
        fs::write(&second, &record[..3000]).unwrap();
        assert!(cifar10(&[&first, &second]).unwrap_err().to_string().contains("cut off"));
        record[0] = 10;
        fs::write(&second, &record).unwrap();
        assert!(cifar10(&[&first, &second]).unwrap_err().to_string().contains("label"));
    }
}
