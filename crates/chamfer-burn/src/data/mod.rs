//! Images with labels: the handwritten digits that come with this crate, and readers of files.

mod files;

pub use files::{cifar10, idx};

use crate::Error;
use burn::tensor::{Device, Int, Tensor, TensorData};
use flate2::read::GzDecoder;
use std::io::Read;

/// Images of one size, and a class for each.
#[derive(Debug, Clone, PartialEq)]
pub struct Images {
    /// Channels, height and width.
    pub shape: [usize; 3],
    /// The number of classes; labels are below it.
    pub n_classes: usize,
    /// Pixels between 0 and 1: image by image, channel by channel, row by row.
    pixels: Vec<f32>,
    labels: Vec<u8>,
}

impl Images {
    /// The number of images.
    #[must_use]
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// The images at these positions, shape `[n, channels, height, width]`, and their labels, shape
    /// `[n]`.
    ///
    /// # Panics
    /// If a position is not below [`len`](Self::len).
    #[must_use]
    pub fn batch(&self, positions: &[usize], device: &Device) -> (Tensor<4>, Tensor<1, Int>) {
        let size: usize = self.shape.iter().product();
        let mut pixels = Vec::with_capacity(positions.len() * size);
        for &position in positions {
            pixels.extend_from_slice(&self.pixels[position * size..][..size]);
        }
        let [channels, height, width] = self.shape;
        let shape = [positions.len(), channels, height, width];
        let labels: Vec<i32> = positions.iter().map(|at| i32::from(self.labels[*at])).collect();
        (
            Tensor::from_data(TensorData::new(pixels, shape), device),
            Tensor::from_data(TensorData::new(labels, [positions.len()]), device),
        )
    }
}

/// 1,797 handwritten digits, 8 × 8 pixels, of the UCI repository as distributed with scikit-learn
/// (`data/README.md` has their source and licence). They need no file.
///
/// # Errors
/// None: the images are part of the program, and a test reads them.
pub fn digits() -> Result<Images, Error> {
    let mut text = String::new();
    let packed: &[u8] = include_bytes!("../../data/digits.csv.gz");
    let broken = |what: String| Error::Data { file: "digits.csv.gz".to_owned(), what };
    GzDecoder::new(packed).read_to_string(&mut text).map_err(|error| broken(error.to_string()))?;
    let (mut pixels, mut labels) = (Vec::new(), Vec::new());
    for line in text.lines() {
        let numbers: Result<Vec<u8>, _> = line.split(',').map(str::parse).collect();
        let numbers = numbers.map_err(|error| broken(error.to_string()))?;
        let Some((label, image)) = numbers.split_last().filter(|(_, image)| image.len() == 64)
        else {
            return Err(broken("a line has not 65 numbers".to_owned()));
        };
        pixels.extend(image.iter().map(|pixel| f32::from(*pixel) / 16.0));
        labels.push(*label);
    }
    Ok(Images { shape: [1, 8, 8], n_classes: 10, pixels, labels })
}

#[cfg(test)]
mod tests {
    use super::digits;
    use burn::tensor::Device;

    #[test]
    fn the_digits_are_there() {
        let digits = digits().unwrap();
        assert_eq!((digits.len(), digits.shape, digits.n_classes), (1797, [1, 8, 8], 10));
        let (images, labels) = digits.batch(&[0, 1796], &Device::default());
        assert_eq!(images.dims(), [2, 1, 8, 8]);
        assert_eq!(labels.into_data().iter::<i64>().collect::<Vec<_>>(), [0, 8]);
        // The first line of the file begins with 0, 0, 5, 13.
        let first: Vec<f32> = images.into_data().iter::<f32>().take(4).collect();
        assert_eq!(first, [0.0, 0.0, 0.3125, 0.8125]);
    }
}
