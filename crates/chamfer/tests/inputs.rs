//! Bad input is a typed error that says what is wrong, where, and what to do.

mod common;

use chamfer::{
    Block, Blocks, CumulativeSum, DenseMap, Error, GroupPower, GroupProduct, Groups, HdpK, Hpp,
    HppK, MatrixProduct, Mcp, Objective, Power, Scad, Settings, SharedProduct, SparseGroup,
    Unpenalized, minimize, value_and_gradient,
};
use common::{Distance, groups};

#[test]
fn lambdas_weights_and_lengths() {
    for lambda in [-1.0, f64::NAN, f64::INFINITY] {
        assert!(matches!(Block::new(Hpp, 2, lambda), Err(Error::InvalidLambda { .. })));
    }
    let block = || Block::new(Hpp, 2, 1.0).unwrap();
    for weight in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let weighted = block().with_weights(vec![1.0, weight]);
        assert!(matches!(weighted, Err(Error::InvalidWeight { index: 1, .. })));
    }
    assert!(matches!(block().with_weights(vec![1.0]), Err(Error::LengthMismatch { .. })));
    // Groups have a weight each, not one for each coefficient.
    let grouped = || Block::new(GroupProduct::new(groups()), 6, 1.0).unwrap();
    assert!(grouped().with_weights(vec![1.0; 3]).is_ok());
    let weights = grouped().with_weights(vec![1.0; 6]);
    assert!(matches!(weights, Err(Error::LengthMismatch { expected: 3, found: 6, .. })));
    assert_eq!(Blocks::<f64>::new(vec![]).err(), Some(Error::Empty));
    assert_eq!(Block::new(Hpp, 0, 1.0).err(), Some(Error::Empty));
}

#[test]
fn depths_and_shapes() {
    let depth = |result: Result<(), Error>| matches!(result, Err(Error::InvalidDepth { .. }));
    assert!(depth(HppK::new(1).map(drop)));
    for k in [1.9, -3.0, f64::NAN, f64::INFINITY] {
        assert!(depth(Power::new(k).map(drop)) && depth(HdpK::new(k).map(drop)));
        assert!(depth(SharedProduct::new(k).map(drop)));
        assert!(depth(GroupPower::new(groups(), k).map(drop)));
    }
    assert!(depth(SharedProduct::new(2.0).map(drop)));
    assert!(depth(GroupProduct::deep(groups(), 1).map(drop)));
    assert!(depth(GroupProduct::nested(groups(), 0, 2).map(drop)));
    assert!(depth(GroupProduct::nested(groups(), 2, 0).map(drop)));
    assert!(depth(MatrixProduct::new(2, 2, 1).map(drop)));
    assert!(matches!(MatrixProduct::new(0, 2, 2), Err(Error::Empty)));
    let rank = MatrixProduct::new(3, 2, 2).unwrap().with_rank(3);
    assert!(matches!(rank, Err(Error::InvalidRank { rank: 3, most: 2 })));
    for gamma in [1.0, 0.0, f64::NAN] {
        assert!(matches!(Mcp::new(gamma), Err(Error::InvalidShape { .. })));
    }
    assert!(matches!(Scad::new(2.0), Err(Error::InvalidShape { .. })));
    for alpha in [0.0, 1.0, -0.1, f64::NAN] {
        assert!(matches!(SparseGroup::new(groups(), alpha), Err(Error::InvalidAlpha { .. })));
    }
    assert!(matches!(CumulativeSum::new(3, 3), Err(Error::InvalidOrder { .. })));
    let matrix = DenseMap::new(vec![1.0, f64::NAN, 0.0, 0.0], 2, 2);
    assert!(matches!(matrix, Err(Error::InvalidMatrix { row: 1, column: 0, .. })));
    let ridge = Distance(vec![1.0]).with_ridge(-1.0, ..).map(drop);
    assert!(matches!(ridge, Err(Error::InvalidSetting { .. })));
}

#[test]
fn groups_that_miss_repeat_or_invent_coefficients() {
    let missing = Groups::from_indices(&[vec![0, 1], vec![3]], 4);
    assert_eq!(missing, Err(Error::Ungrouped { index: 2 }));
    let repeated = Groups::from_indices(&[vec![0, 1], vec![1, 2]], 3);
    assert_eq!(repeated, Err(Error::GroupOverlap { index: 1, first: 0, second: 1 }));
    assert!(repeated.unwrap_err().to_string().contains("Groups::overlapping"));
    let twice = Groups::from_indices(&[vec![0, 1, 0]], 2);
    assert_eq!(twice, Err(Error::GroupOverlap { index: 0, first: 0, second: 0 }));
    let invented = Groups::from_indices(&[vec![0, 5]], 2);
    assert_eq!(invented, Err(Error::GroupIndex { group: 0, index: 5, n_coefficients: 2 }));
    let empty = Groups::from_indices(&[vec![0], vec![]], 1);
    assert_eq!(empty, Err(Error::EmptyGroup { group: 1 }));
    assert_eq!(Groups::from_sizes(&[2, 0]), Err(Error::EmptyGroup { group: 1 }));
    assert_eq!(Groups::from_sizes(&[usize::MAX, 2]), Err(Error::TooManyCoefficients));
    assert_eq!(Groups::from_labels::<u8>(&[]), Err(Error::Empty));
    let overlap = Groups::from_ranges(&[0..3, 2..4], 4);
    assert_eq!(overlap, Err(Error::GroupOverlap { index: 2, first: 0, second: 1 }));
    #[allow(clippy::reversed_empty_ranges)]
    let reversed = Groups::from_ranges(&[0..2, 3..2], 3);
    assert_eq!(reversed, Err(Error::EmptyGroup { group: 1 }));

    let last = Groups::from_indices(&[vec![0, usize::MAX, usize::MAX]], 1);
    assert!(matches!(last, Err(Error::GroupIndex { index: usize::MAX, .. })));
    // Memory is taken for what is given, not for what is claimed.
    let absurd = Groups::from_indices(&[vec![0]], usize::MAX);
    assert_eq!(absurd, Err(Error::Ungrouped { index: 1 }));
    assert_eq!(Groups::from_sizes(&[usize::MAX]).unwrap().size(0), usize::MAX);

    let missing = Groups::overlapping(&[vec![0, 1], vec![1]], 3);
    assert_eq!(missing.err(), Some(Error::Ungrouped { index: 2 }));
    let twice = Groups::overlapping(&[vec![0, 0], vec![1]], 2);
    assert!(matches!(twice, Err(Error::GroupOverlap { .. })));

    // A block with another number of coefficients than its groups.
    let block = Block::new(GroupProduct::new(groups()), 5, 1.0);
    assert!(matches!(block, Err(Error::LengthMismatch { expected: 6, found: 5, .. })));
    let block = Block::new(MatrixProduct::new(2, 3, 2).unwrap(), 5, 1.0);
    assert!(matches!(block, Err(Error::LengthMismatch { expected: 6, found: 5, .. })));
}

#[test]
fn starts_that_are_no_starts() {
    let blocks = Blocks::new(vec![Block::new(Hpp, 2, 1.0).unwrap()]).unwrap();
    let loss = Distance(vec![1.0, 1.0]);
    let settings = Settings::default();
    let length = minimize(&loss, &blocks, &[0.0], &settings);
    assert!(matches!(length, Err(Error::LengthMismatch { expected: 2, found: 1, .. })));
    let start = minimize(&loss, &blocks, &[0.0, f64::NAN], &settings);
    assert!(matches!(start, Err(Error::InvalidStart { index: 1, .. })));
    let power = Block::new(Power::new(3.0).unwrap(), 2, 0.1).unwrap();
    let blocks = Blocks::new(vec![Block::new(Unpenalized, 1, 0.0).unwrap(), power]).unwrap();
    let loss = Distance(vec![1.0; 3]);
    let frozen = minimize(&loss, &blocks, &[0.0, 1.0, 0.0], &settings);
    assert!(matches!(frozen, Err(Error::FrozenStart { index: 2, .. })));
}

#[test]
fn an_objective_that_is_not_finite_names_the_iteration_and_keeps_the_last_point() {
    let blocks = Blocks::new(vec![Block::new(Hpp, 2, 0.1).unwrap()]).unwrap();
    // The minimum is at 10, where it is not a number.
    let cliff = value_and_gradient(|b: &[f64], g: &mut [f64]| {
        (g[0], g[1]) = (b[0] - 10.0, b[1]);
        let value = 0.5 * (g[0] * g[0] + g[1] * g[1]);
        if b.iter().any(|b| b.abs() > 5.0) { f64::NAN } else { value }
    });
    let settings = Settings::default();
    let at_once = minimize(&cliff, &blocks, &[-6.0, 0.0], &settings);
    let Err(Error::NonFiniteObjective { iteration: 0, evaluation: 1, last, .. }) = at_once else {
        panic!("{at_once:?}");
    };
    assert!(last.is_empty());
    let later = minimize(&cliff, &blocks, &[1.0, 0.0], &settings);
    let Err(Error::NonFiniteObjective { iteration, evaluation, last, .. }) = later else {
        panic!("{later:?}");
    };
    assert!(iteration >= 1 && evaluation > 1);
    assert!(last.len() == 2 && (1.0..=5.0).contains(&last[0]), "{last:?}");
}

#[test]
fn an_objective_that_fails_is_heard() {
    struct Fails;
    impl Objective<f64> for Fails {
        fn value_and_gradient(&self, _: &[f64], _: &mut [f64]) -> Result<f64, Error> {
            Err(Error::Objective { message: "the simulator is down".to_owned() })
        }
    }
    let blocks = Blocks::new(vec![Block::new(Hpp, 1, 0.1).unwrap()]).unwrap();
    let fit = minimize(&Fails, &blocks, &[1.0], &Settings::default());
    assert!(fit.unwrap_err().to_string().contains("the simulator is down"));
}
