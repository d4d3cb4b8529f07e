//! Certified sparse regression by smooth optimization.
//!
//! Any family of responses, with any penalty of the catalogue, on any design: solved through the smooth
//! lift (see the [`chamfer`] crate) by Newton's method on a working set, with no proximal step, no
//! soft-thresholding and no coordinate descent. Every solution comes with what can be proved of it from
//! the data: a duality gap for convex penalties, first- and second-order optimality for the others.
//!
//! | concept | where |
//! |---|---|
//! | data | [`Design`]: [`DenseDesign`], [`RowMajorDesign`], [`SparseDesign`], [`SparseRowDesign`], [`MixedDesign`], [`ChunkedDesign`]; [`Standardized`] centres and scales by algebra |
//! | response | [`Family`]: [`Separable`] over a [`RowLoss`], [`MultiGaussian`], [`Multinomial`], [`Cox`] |
//! | penalty | [`Regularizer`] |
//! | what is to be solved | [`Regression`], checked when made |
//! | solutions | [`Regression::path`], [`Regression::path_from`], [`PathStart`], [`RegressionPoint`], [`Coefficients`] |
//! | proof | [`Optimality`] |
//! | choice of λ | [`Regression::cross_validate`], [`Folds`], [`Metric`]; [`Regression::criterion`] |
//! | choice of columns | [`Regression::stability`] |
//! | two fits | [`Regression::relax`], [`Regression::adaptive`] |
//!
//! # Example
//!
//! Logistic regression with groups of columns, and λ by cross-validation:
//!
//! ```
//! use chamfer_glm::{
//!     Binomial, DenseDesign, Folds, Metric, Regression, RegressionSettings, Regularizer, Separable,
//!     lambda_grid,
//! };
//!
//! // Three columns of eight rows.
//! let x = [
//!     1.0, -0.5, 0.3, 2.0, -1.0, 0.7, -1.6, 0.1, //
//!     0.2, -0.9, 0.8, 1.1, -0.3, 0.4, -2.0, 0.5, //
//!     -0.7, 0.6, 1.5, -0.2, 0.9, -1.1, 0.3, -0.4,
//! ];
//! let y = vec![1.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 1.0];
//! let design = DenseDesign::new(8, 3, &x)?;
//! let family = Separable::new(Binomial, y.clone(), None)?;
//! let penalty = Regularizer::group(vec![vec![0, 1], vec![2]]);
//! let regression = Regression::new(&design, &family, penalty, &RegressionSettings::default())?;
//! let lambdas = lambda_grid(regression.lambda_max()?, 20, 0.01)?;
//! for point in regression.path(&lambdas, 1e-6, &|| false)? {
//!     let point = point?;
//!     assert!(point.converged && point.certificate.gap.unwrap().relative() <= 1e-6);
//! }
//! let is_yes: Vec<bool> = y.iter().map(|y| *y > 0.5).collect();
//! let folds = Folds::stratified(&is_yes, 4, 1)?;
//! let validated = regression.cross_validate(&lambdas, 1e-6, &folds, Metric::Deviance, &|| false)?;
//! println!("best lambda: {}", lambdas[validated.best]);
//! # Ok::<(), chamfer_glm::Error>(())
//! ```
//!
#![doc = include_str!("tested.md")]

mod cv;
mod design;
mod error;
mod family;
mod held;
mod path;
mod regression;
mod regularizer;

pub use cv::{Adaptive, CrossValidation, FirstFit, Folds, Metric, Plan, Stability, Target};
pub use design::{
    Centred, ChunkedDesign, ColumnReport, DenseDesign, Design, Factor, Index, MixedColumn,
    MixedDesign, Moments, RowChunks, RowMajorDesign, SparseDesign, SparseRowDesign, Standardized,
    inspect_columns,
};
pub use error::Error;
pub use family::{
    Binomial, Cox, Family, Gamma, Gaussian, Huber, MultiGaussian, Multinomial, NegativeBinomial,
    Poisson, RowLoss, Separable, SquaredHinge, Ties, Tweedie,
};
pub use path::{Coefficients, lambda_grid};
pub use regression::{
    Criterion, Optimality, PathStart, Regression, RegressionPoint, RegressionSettings,
};
pub use regularizer::Regularizer;
