//! Group and weight specifications of any kind: no panic, no group lost, and what is accepted has the
//! properties of the theory.

#![no_main]

use arbitrary::Arbitrary;
use chamfer::{
    Block, Blocks, CumulativeSum, Error, GroupPower, GroupProduct, Groups, LinearMap,
    MatrixProduct, Parametrization, SparseGroup,
};
use libfuzzer_sys::fuzz_target;
use std::ops::Range;

#[derive(Arbitrary, Debug)]
enum Specification {
    Labels(Vec<u8>),
    Sizes(Vec<Number>),
    Ranges(Vec<(Number, Number)>, u8),
    Indices(Vec<Vec<Number>>, u8),
    Overlapping(Vec<Vec<Number>>, u8),
}

/// Mostly small, sometimes at the end of what there is.
#[derive(Arbitrary, Debug, Clone, Copy)]
enum Number {
    Small(u8),
    Largest,
    Large(usize),
}

impl From<Number> for usize {
    fn from(number: Number) -> Self {
        match number {
            Number::Small(small) => usize::from(small % 12),
            Number::Largest => usize::MAX,
            Number::Large(large) => large,
        }
    }
}

#[derive(Arbitrary, Debug)]
enum Row {
    Product,
    Deep(u8),
    Nested(u8, u8),
    Power(f64),
    Sparse(f64),
    Matrix(u8, u8, u8, Option<u8>),
}

#[derive(Arbitrary, Debug)]
struct Input {
    specification: Specification,
    row: Row,
    lambda: f64,
    weights: Option<Vec<f64>>,
    coefficients: Vec<i8>,
    order: u8,
}

fuzz_target!(|input: Input| {
    if let Err(error) = check(&input) {
        assert!(error.to_string().len() > 20, "a message says what to do: {error}");
    }
});

fn check(input: &Input) -> Result<(), Error> {
    let groups = groups(&input.specification)?;
    let d = groups.n_coefficients();
    if d > 1 << 12 {
        return Err(Error::TooManyCoefficients); // for the memory of this check
    }
    let mut seen = vec![0; d];
    for group in 0..groups.len() {
        assert_eq!(groups.indices(group).count(), groups.size(group));
        groups.indices(group).for_each(|j| seen[j] += 1);
    }
    assert!(seen.iter().all(|times| *times == 1), "a partition: {groups:?}");
    match &input.row {
        Row::Product => block(GroupProduct::new(groups), d, input),
        Row::Deep(depth) => block(GroupProduct::deep(groups, usize::from(depth % 8))?, d, input),
        Row::Nested(within, gates) => {
            let (within, gates) = (usize::from(within % 5), usize::from(gates % 5));
            block(GroupProduct::nested(groups, within, gates)?, d, input)
        }
        Row::Power(depth) => block(GroupPower::new(groups, *depth)?, d, input),
        Row::Sparse(alpha) => block(SparseGroup::new(groups, *alpha)?, d, input),
        Row::Matrix(rows, columns, depth, rank) => {
            let (rows, columns) = (usize::from(rows % 6), usize::from(columns % 6));
            let product = MatrixProduct::new(rows, columns, usize::from(depth % 6))?;
            let n = rows * columns;
            match rank {
                // A bounded rank does not reach every matrix: only what is refused is of interest.
                Some(rank) => product.with_rank(usize::from(*rank)).map(drop),
                None => block(product, n, input),
            }
        }
    }
}

fn groups(specification: &Specification) -> Result<Groups, Error> {
    let lists = |lists: &[Vec<Number>]| -> Vec<Vec<usize>> {
        lists.iter().map(|list| list.iter().map(|&index| index.into()).collect()).collect()
    };
    match specification {
        Specification::Labels(labels) => Groups::from_labels(labels),
        Specification::Sizes(sizes) => {
            let sizes: Vec<usize> = sizes.iter().map(|&size| size.into()).collect();
            Groups::from_sizes(&sizes)
        }
        Specification::Ranges(ranges, n) => {
            let range =
                |&(start, end): &(Number, Number)| -> Range<usize> { start.into()..end.into() };
            let ranges: Vec<Range<usize>> = ranges.iter().map(range).collect();
            Groups::from_ranges(&ranges, usize::from(*n))
        }
        Specification::Indices(indices, n) => {
            Groups::from_indices(&lists(indices), usize::from(*n))
        }
        Specification::Overlapping(indices, n) => {
            let indices = lists(indices);
            let (copies, groups) = Groups::overlapping(&indices, usize::from(*n))?;
            let all: Vec<usize> = indices.concat();
            assert_eq!(copies.sources(), all);
            assert_eq!(LinearMap::<f64>::n_outputs(&copies), usize::from(*n));
            Ok(groups)
        }
    }
}

/// Makes a block of a row and checks its lift.
fn block(
    row: impl Parametrization<f64> + Clone + 'static,
    d: usize,
    input: &Input,
) -> Result<(), Error> {
    CumulativeSum::new(d, usize::from(input.order))?;
    let mut block = Block::new(row.clone(), d, input.lambda)?;
    if let Some(weights) = &input.weights {
        block = block.with_weights(weights.clone())?;
    }
    let strength = block.strength();
    let moderate = |x: f64| (1e-100..1e100).contains(&x);
    if !(0..row.n_terms(d)).all(|term| moderate(strength.at(term))) {
        return Ok(());
    }
    let blocks = Blocks::new(vec![block.clone()])?;
    let given = |j: usize| input.coefficients.get(j).map_or(0.0, |&b| f64::from(b) / 16.0);
    let beta: Vec<f64> = (0..d).map(given).collect();
    let mut factors = vec![f64::NAN; blocks.n_factors()];
    let mut back = vec![f64::NAN; d];
    blocks.lift(&beta, &mut factors)?;
    blocks.collapse(&factors, &mut back)?;
    let size = beta.iter().fold(1.0, |most: f64, b| most.max(b.abs()));
    for (b, again) in beta.iter().zip(&back) {
        assert!((b - again).abs() < 1e-9 * size, "{beta:?} came back as {back:?}");
    }
    let (penalty, surrogate) = (blocks.penalty(&beta)?, blocks.surrogate(&factors)?);
    assert!((penalty - surrogate).abs() <= 1e-6 * penalty.abs(), "{penalty} {surrogate}");
    let mut gradient = vec![f64::NAN; factors.len()];
    row.pullback(&factors, &beta, strength, &mut gradient);
    assert!(gradient.iter().all(|g| g.is_finite()), "{gradient:?}");
    Ok(())
}
