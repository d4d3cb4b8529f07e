//! The smooth solver: Newton's method on the lifted problem, on a working set.
//!
//! Data flows one way: [`working_set`] picks columns and extends their Gram matrix, [`newton`]
//! solves the lasso on them, [`cholesky`] solves for the steps. None of them decides that a fit is
//! good: the certificate of [`Problem`](crate::Problem) does, from the data.

mod cholesky;
mod newton;
mod working_set;

pub(crate) use working_set::WorkingSet;
