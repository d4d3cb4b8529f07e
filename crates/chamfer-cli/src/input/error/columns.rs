//! Problems of the choice of columns.

use std::fmt;

use thiserror::Error;

use super::{quote, quote_some};
use crate::input::names::NameHint;

/// The option of the command line that names a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The column to be predicted.
    Target,
    /// The column of observation weights.
    Weights,
    /// The column that is added to the linear predictor.
    Offset,
    /// The column that says whether a time is that of an event.
    Event,
    /// The column with labels of the rows that are compared with each other.
    Strata,
    /// The column with the fold of each row.
    Fold,
    /// The column whose labels stay in one fold.
    FoldGroups,
    /// Columns to be used as predictors.
    Include,
    /// Columns not to be used as predictors.
    Exclude,
    /// Columns to be read as labels.
    Categorical,
    /// Columns without a penalty.
    Unpenalized,
    /// Columns whose coefficients have bounds.
    Bounds,
    /// Columns whose penalty has a weight.
    PenaltyWeights,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Target => "--target",
            Self::Weights => "--weights",
            Self::Offset => "--offset",
            Self::Event => "--event",
            Self::Strata => "--strata",
            Self::Fold => "--fold-column",
            Self::FoldGroups => "--fold-groups",
            Self::Include => "--include",
            Self::Exclude => "--exclude",
            Self::Categorical => "--categorical",
            Self::Unpenalized => "--unpenalized",
            Self::Bounds => "--lower and --upper",
            Self::PenaltyWeights => "--penalty-weights",
        })
    }
}

/// What is wrong with the choice of columns.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum ColumnProblem {
    /// No target was named.
    #[error("no column to predict is named; name it with --target ({hint})")]
    NoTarget {
        /// The columns there are.
        hint: NameHint,
    },
    /// A name that no column has.
    #[error("there is no column {}, which {role} asks for; {hint}", quote(.name))]
    Unknown {
        /// The option that names it.
        role: Role,
        /// The name.
        name: String,
        /// Which names there are.
        hint: NameHint,
    },
    /// A pattern that no column matches.
    #[error("no column matches {}, which {role} asks for; {hint}", quote(.pattern))]
    NoMatch {
        /// The option that gives it.
        role: Role,
        /// The pattern.
        pattern: String,
        /// Which names there are.
        hint: NameHint,
    },
    /// A column is to be a predictor and something else as well.
    #[error("{} is named by both --include and {role}; take it out of one", quote(.name))]
    Included {
        /// The other option.
        role: Role,
        /// The name.
        name: String,
    },
    /// One column has two roles.
    #[error("{} is named by both {first} and {second}; use two columns", quote(.name))]
    TwoRoles {
        /// The name.
        name: String,
        /// An option that names it.
        first: Role,
        /// Another one.
        second: Role,
    },
    /// A column is named twice as a target.
    #[error("{} is named twice by --target; name it once", quote(.name))]
    TargetTwice {
        /// The name.
        name: String,
    },
    /// Several targets, which are to be classes.
    #[error("--target names several columns, which goes with --family gaussian only")]
    SeveralTargets,
    /// The target is text, and numbers are predicted.
    #[error(
        "the target must be numbers, but this column is text; name another one with --target, or predict \
         its labels with --family binomial (two) or multinomial"
    )]
    TextTarget,
    /// The weights or the like are text.
    #[error("{role} needs a column of numbers, but this one is text; name another one")]
    NotNumeric {
        /// The option that names it.
        role: Role,
    },
    /// A column that is used has a type without a meaning as number or label.
    #[error(
        "values of the type {type_name} cannot be used; leave the column out with --exclude {}, \
         or write it as numbers or text",
        quote(.name)
    )]
    Unsupported {
        /// Name of the column.
        name: String,
        /// What the file calls its type.
        type_name: String,
    },
    /// No predictor is left.
    #[error(
        "no column is left to predict with (one with the same text in every row does not count); \
         relax --include or --exclude"
    )]
    NoPredictors,
    /// A name was given to the target of an svmlight file.
    #[error(
        "there is no column {} to predict: in an svmlight file that is the label each line starts \
         with; leave --target out",
        quote(.name)
    )]
    SparseTarget {
        /// The name given.
        name: String,
    },
    /// Weights, an offset or an event were asked for with an svmlight file.
    #[error(
        "an svmlight file has no column for it; leave {role} out, or use a table in CSV, Parquet or Arrow"
    )]
    SparseRole {
        /// The option.
        role: Role,
    },
    /// Two coded columns would have the same name.
    #[error("the coded column {} would occur twice; rename one of its columns", quote(.name))]
    CodedTwice {
        /// The name.
        name: String,
    },
    /// Columns the model was fitted on are not in the table.
    #[error(
        "the model was fitted with columns that are not in this file: {}; add them",
        quote_some(.first, *.total)
    )]
    Lacking {
        /// The first few of them.
        first: Vec<String>,
        /// How many there are.
        total: usize,
    },
    /// A column had numbers in training, and has text now, or the other way round.
    #[error(
        "the model was fitted with {trained} in this column, but here it has {found}; correct \
         the column, or fit again"
    )]
    TypeChanged {
        /// What it had.
        trained: &'static str,
        /// What it has.
        found: &'static str,
    },
    /// A table with named columns for a model of an svmlight file, or the other way round.
    #[error("the model was fitted on {trained}, but this is {found}; use the same kind of file")]
    OtherKind {
        /// What the model was fitted on.
        trained: &'static str,
        /// What the file is.
        found: &'static str,
    },
    /// The encoding lacks the training means, or has too few.
    #[error("the model file is incomplete: it lacks training means; fit again")]
    LacksMeans,
}
