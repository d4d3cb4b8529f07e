//! The units in which a parameter can be sparse.

use std::fmt;

/// The unit that is zero altogether or not at all.
///
/// Shapes are Burn's: a linear layer's weight is `[inputs, outputs]`, a convolution's
/// `[out_channels, in_channels / groups, kernel…]`, a transposed convolution's
/// `[in_channels, out_channels / groups, kernel…]`, an embedding's `[rows, size]`. For weights of
/// your own modules, with another order, there are [`Axis`](Self::Axis) and
/// [`Blocks`](Self::Blocks). Where a convolution has groups, an axis that is divided by their number
/// is over places in a group: one of its slices belongs to a channel of each group, and these are what
/// [`compact`](crate::compact()) can remove together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Granularity {
    /// Every weight by itself; any shape, also that of a scale of batch normalization.
    Weight,
    /// An input of a linear layer: a row of its weight.
    InputFeature,
    /// A neuron of a linear layer: a column of its weight.
    Neuron,
    /// A filter of a convolution, which makes one output channel. Before a batch normalization, which
    /// makes up for the size of a filter, a penalty on it says nothing: there, put
    /// [`Weight`](Self::Weight) on the normalization's scale `gamma`, one number for each channel.
    Filter,
    /// An input channel of a convolution.
    Channel,
    /// The kernel between an input and an output channel.
    Kernel,
    /// A head of an attention projection whose outputs are heads (query, key, value): columns of
    /// its weight. The number of heads must divide the outputs.
    HeadOutputs {
        /// The number of heads.
        heads: usize,
    },
    /// A head of an attention projection whose inputs are heads (the output projection): rows of
    /// its weight. A head whose rows are zero does nothing, whatever its query, key and value are.
    HeadInputs {
        /// The number of heads.
        heads: usize,
    },
    /// A row of an embedding.
    EmbeddingRow,
    /// The whole parameter.
    Layer,
    /// The rank of a matrix, or of the matrix `[first axis, all others]`.
    Rank,
    /// Slices across an axis, counted from 0.
    Axis(usize),
    /// Blocks of consecutive slices across an axis, `count` of them, all of the same size.
    Blocks {
        /// The axis, from 0.
        axis: usize,
        /// The number of blocks.
        count: usize,
    },
}

impl Granularity {
    /// What there are many of, for tables and messages.
    #[must_use]
    pub fn unit(self) -> &'static str {
        match self {
            Self::Weight => "weights",
            Self::InputFeature => "input features",
            Self::Neuron => "neurons",
            Self::Filter => "filters",
            Self::Channel => "channels",
            Self::Kernel => "kernels",
            Self::HeadOutputs { .. } | Self::HeadInputs { .. } => "heads",
            Self::EmbeddingRow => "embedding rows",
            Self::Layer => "layers",
            Self::Rank => "singular values",
            Self::Axis(_) => "slices",
            Self::Blocks { .. } => "blocks",
        }
    }

    /// How the units lie in a parameter of this shape; `None` for the rank, which has none.
    ///
    /// `transposed` says that the parameter is that of a transposed convolution.
    pub(crate) fn layout(
        self,
        shape: &[usize],
        transposed: bool,
    ) -> Result<Option<Layout>, String> {
        let size: usize = shape.iter().product();
        if size == 0 {
            return Err("it is empty".to_owned());
        }
        match self {
            Self::Weight => Ok(Some(Layout { before: 1, groups: size, after: 1 })),
            Self::Layer => Ok(Some(Layout { before: 1, groups: 1, after: size })),
            Self::Rank if shape.len() < 2 => Err("only a matrix has a rank".to_owned()),
            Self::Rank => Ok(None),
            Self::InputFeature | Self::EmbeddingRow => {
                matrix(shape)?;
                along(shape, 0, None).map(Some)
            }
            Self::Neuron => {
                matrix(shape)?;
                along(shape, 1, None).map(Some)
            }
            Self::Filter => {
                convolution(shape)?;
                along(shape, usize::from(transposed), None).map(Some)
            }
            Self::Channel => {
                convolution(shape)?;
                along(shape, usize::from(!transposed), None).map(Some)
            }
            Self::Kernel => {
                convolution(shape)?;
                let groups = shape[0] * shape[1];
                Ok(Some(Layout { before: 1, groups, after: size / groups }))
            }
            Self::HeadOutputs { heads } => {
                matrix(shape)?;
                along(shape, 1, Some(heads)).map(Some)
            }
            Self::HeadInputs { heads } => {
                matrix(shape)?;
                along(shape, 0, Some(heads)).map(Some)
            }
            Self::Axis(axis) => along(shape, axis, None).map(Some),
            Self::Blocks { axis, count } => along(shape, axis, Some(count)).map(Some),
        }
    }
}

impl fmt::Display for Granularity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Weight => formatter.write_str("weight"),
            Self::InputFeature => formatter.write_str("input feature"),
            Self::Neuron => formatter.write_str("neuron"),
            Self::Filter => formatter.write_str("filter"),
            Self::Channel => formatter.write_str("channel"),
            Self::Kernel => formatter.write_str("kernel"),
            Self::HeadOutputs { heads } => write!(formatter, "the outputs of {heads} heads"),
            Self::HeadInputs { heads } => write!(formatter, "the inputs from {heads} heads"),
            Self::EmbeddingRow => formatter.write_str("embedding row"),
            Self::Layer => formatter.write_str("layer"),
            Self::Rank => formatter.write_str("rank"),
            Self::Axis(axis) => write!(formatter, "axis {axis}"),
            Self::Blocks { axis, count } => write!(formatter, "{count} blocks of axis {axis}"),
        }
    }
}

/// A parameter seen as `[before, groups, after]`, row by row, in which a unit is what one index of
/// the middle axis selects. Blocks of an axis lie together with all axes after it, so that every
/// granularity has this form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) before: usize,
    pub(crate) groups: usize,
    pub(crate) after: usize,
}

impl Layout {
    pub(crate) fn group_size(self) -> usize {
        self.before * self.after
    }

    /// The unit of the number at `index`.
    pub(crate) fn group_of(self, index: usize) -> usize {
        index / self.after % self.groups
    }

    pub(crate) fn shape(self) -> [usize; 3] {
        [self.before, self.groups, self.after]
    }
}

/// Blocks along an axis; each slice is one unless their number is given.
fn along(shape: &[usize], axis: usize, count: Option<usize>) -> Result<Layout, String> {
    let Some(&length) = shape.get(axis) else {
        return Err(format!("it has no axis {axis}; axes count from 0"));
    };
    let groups = count.unwrap_or(length);
    if groups == 0 || length % groups != 0 {
        return Err(format!("{groups} does not divide the {length} slices of axis {axis}"));
    }
    let before = shape[..axis].iter().product();
    let after = shape[axis + 1..].iter().product::<usize>() * (length / groups);
    Ok(Layout { before, groups, after })
}

fn matrix(shape: &[usize]) -> Result<(), String> {
    if shape.len() == 2 { Ok(()) } else { Err("that needs a matrix".to_owned()) }
}

fn convolution(shape: &[usize]) -> Result<(), String> {
    let fits = shape.len() >= 3;
    if fits { Ok(()) } else { Err("that needs the weight of a convolution".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::{Granularity, Layout};

    #[test]
    fn every_granularity_is_a_middle_axis() {
        let layout = |g: Granularity, shape: &[usize]| g.layout(shape, false).unwrap().unwrap();
        let is = |before, groups, after| Layout { before, groups, after };
        assert_eq!(layout(Granularity::Neuron, &[3, 4]), is(3, 4, 1));
        assert_eq!(layout(Granularity::InputFeature, &[3, 4]), is(1, 3, 4));
        assert_eq!(layout(Granularity::Filter, &[8, 4, 3, 3]), is(1, 8, 36));
        assert_eq!(layout(Granularity::Channel, &[8, 4, 3, 3]), is(8, 4, 9));
        assert_eq!(layout(Granularity::Kernel, &[8, 4, 3, 3]), is(1, 32, 9));
        assert_eq!(layout(Granularity::HeadOutputs { heads: 2 }, &[6, 4]), is(6, 2, 2));
        assert_eq!(layout(Granularity::HeadInputs { heads: 2 }, &[6, 4]), is(1, 2, 12));
        let transposed = Granularity::Filter.layout(&[8, 4, 3, 3], true);
        assert_eq!(transposed, Ok(Some(is(8, 4, 9))));
    }

    #[test]
    fn blocks_know_their_members() {
        // [2, 4] in two blocks of axis 1.
        let layout = Layout { before: 2, groups: 2, after: 2 };
        let groups: Vec<usize> = (0..8).map(|index| layout.group_of(index)).collect();
        assert_eq!(groups, [0, 0, 1, 1, 0, 0, 1, 1]);
    }
}
