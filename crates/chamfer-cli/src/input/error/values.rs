//! Problems of the values in columns that are used.

use thiserror::Error;

use super::{Role, quote, quote_some};

/// What is wrong with a value, or with the values of a column or table.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum ValueProblem {
    /// Predictors have missing values.
    #[error(
        "the value is missing ({total} in all); fill in the means with --missing mean, or leave \
         such rows out with --missing drop"
    )]
    Missing {
        /// How many values of the predictors are missing.
        total: usize,
    },
    /// As [`Missing`](Self::Missing), where a model says what is done about them.
    #[error("the value is missing ({total} in all), and the model takes none; fill in the values")]
    MissingForModel {
        /// How many values of the predictors are missing.
        total: usize,
    },
    /// A target or a weight is missing.
    #[error(
        "the value is missing in the column that {role} names; fill it in, or leave such rows \
         out with --missing drop"
    )]
    MissingResponse {
        /// The option that names the column.
        role: Role,
    },
    /// As [`MissingResponse`](Self::MissingResponse), for data that a model is compared with.
    #[error("the value is missing; fill it in, or remove the row")]
    MissingResponseForModel,
    /// A value is infinite.
    #[error(
        "the value is infinite; correct it, write NA if it is missing, or, if it is a predictor, \
         leave the column out with --exclude {}",
        quote(.name)
    )]
    Infinite {
        /// Name of the column.
        name: String,
    },
    /// As [`Infinite`](Self::Infinite), for data that a model is applied to.
    #[error("the value is infinite; correct it, or remove the row")]
    InfiniteForModel,
    /// A column has no value at all.
    #[error("every value is missing; leave the column out with --exclude {}", quote(.name))]
    AllMissing {
        /// Name of the column.
        name: String,
    },
    /// Every row has a missing value.
    #[error(
        "each of the {rows} rows has a missing value, so that --missing drop leaves none; use \
         --missing mean, or leave columns out with --exclude"
    )]
    NoRowsLeft {
        /// How many rows there are.
        rows: usize,
    },
    /// As [`NoRowsLeft`](Self::NoRowsLeft), for data that a model is applied to.
    #[error("each of the {rows} rows has a missing value, and the model leaves such rows out")]
    NoRowsLeftForModel {
        /// How many rows there are.
        rows: usize,
    },
    /// There is one row only.
    #[error("only one row can be used, but a regression needs at least two; add rows")]
    OneRow,
    /// A weight is negative.
    #[error("the weight is {value}; weights must be 0 or more")]
    NegativeWeight {
        /// The weight.
        value: f64,
    },
    /// The event column is neither 0 nor 1.
    #[error("{value} does not say whether there was an event; write 1 for yes and 0 for no")]
    NoEventIndicator {
        /// The value.
        value: f64,
    },
    /// Every row has the same class.
    #[error(
        "every row has the class {}, so there is nothing to explain; choose another column with --target",
        quote(.label)
    )]
    OneClass {
        /// The label.
        label: String,
    },
    /// There are more than two classes where two are needed.
    #[error(
        "there are {total} different values ({}), but this family needs two classes; use --family \
         multinomial for more, or gaussian for numbers",
        quote_some(.first, *.total)
    )]
    NotTwoClasses {
        /// The first few labels.
        first: Vec<String>,
        /// How many there are.
        total: usize,
    },
    /// Nearly every row has a class of its own.
    #[error(
        "there are {total} different values in {rows} rows: too many to be classes; choose another column \
         with --target, or --family gaussian if they are numbers"
    )]
    TooManyClasses {
        /// How many there are.
        total: usize,
        /// Of how many rows.
        rows: usize,
    },
    /// No class has the label that is to be positive.
    #[error("no row has the class {}, which --positive asks for; the classes are {known}", quote(.label))]
    UnknownPositive {
        /// The label.
        label: String,
        /// The labels that there are.
        known: String,
    },
    /// A class that did not occur in training.
    #[error(
        "the model does not know the class {}, only {known}; correct it, or fit again with data that has it",
        quote(.label)
    )]
    UnknownClass {
        /// The label.
        label: String,
        /// The labels of the model.
        known: String,
    },
    /// All weights are zero.
    #[error("all weights are 0; give at least one row a weight above 0")]
    ZeroWeights,
    /// Every row has a label of its own.
    #[error(
        "each of the {rows} rows has a text of its own, so this looks like an identifier; leave \
         the column out with --exclude {}",
        quote(.name)
    )]
    Identifier {
        /// Name of the column.
        name: String,
        /// How many rows there are.
        rows: usize,
    },
    /// A label that did not occur in training.
    #[error(
        "the model was fitted without the label {}; correct it, or fit again with data that has it",
        quote(.level)
    )]
    UnseenLevel {
        /// The label.
        level: String,
    },
    /// A column of an svmlight file that the model does not know.
    #[error(
        "the value is beyond x{n_cols}, the last column the model was fitted with; remove such \
         values, or fit again with data that has them"
    )]
    UnknownFeature {
        /// How many columns the model knows.
        n_cols: usize,
    },
    /// The coded table does not fit into memory.
    #[error(
        "the coded table of {rows} rows and {columns} columns does not fit into memory; leave \
         text columns with many labels out with --exclude"
    )]
    TooLarge {
        /// Number of rows.
        rows: usize,
        /// Number of coded columns.
        columns: usize,
    },
}

impl ValueProblem {
    /// The same problem of data that a model is applied to, where the options of a fit are no
    /// remedy.
    #[must_use]
    pub fn for_model(self) -> Self {
        match self {
            Self::Missing { total } => Self::MissingForModel { total },
            Self::MissingResponse { .. } => Self::MissingResponseForModel,
            Self::Infinite { .. } => Self::InfiniteForModel,
            Self::NoRowsLeft { rows } => Self::NoRowsLeftForModel { rows },
            other => other,
        }
    }
}
