//! Certified sparse regression by smooth optimization.
//!
//! The lasso is solved here through its smooth lift (see the [`chamfer`] crate): Newton's method
//! on the Hadamard-product problem, on a working set of columns, with no proximal step, no
//! soft-thresholding and no coordinate descent. Every solution comes with a duality gap that is
//! computed from the data.
//!
//! | concept | where |
//! |---|---|
//! | data | [`Design`]: [`DenseDesign`], [`SparseDesign`]; [`Standardized`] centres and scales by algebra |
//! | loss | [`Loss`]: [`SquaredLoss`] |
//! | what is to be solved | [`Problem`], checked when made |
//! | solutions | [`path()`], [`PathPoint`], [`Coefficients`] |
//! | proof | [`Problem::certify`], [`RegressionCertificate`] |

mod cv;
mod design;
mod error;
mod family;
mod loss;
mod path;
mod problem;
mod regression;
mod regularizer;
mod solver;

pub use cv::{CrossValidation, Folds, Metric, Target};
pub use design::{
    Centred, ColumnReport, DenseDesign, Design, Moments, SparseDesign, Standardized,
    inspect_columns,
};
pub use error::Error;
pub use family::{
    Binomial, Cox, Family, Gamma, Gaussian, Huber, MultiGaussian, Multinomial, NegativeBinomial,
    Poisson, RowLoss, Separable, SquaredHinge, Ties, Tweedie,
};
pub use loss::{Loss, SquaredLoss};
pub use path::{Coefficients, PathPoint, lambda_grid, path};
pub use problem::{Problem, ProblemSettings, RegressionCertificate};
pub use regression::{Optimality, Regression, RegressionPoint, RegressionSettings};
pub use regularizer::Regularizer;
