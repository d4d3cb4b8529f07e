//! Coding a file that is not in memory a few rows at a time.

use super::{Encoding, Frame, Need};
use crate::input::error::{InputError, Place, ValueProblem};
use crate::input::stream::Stream;

impl Encoding {
    /// Codes the rows of a file as [`apply`](Self::apply) does, for predicting: calls `visit` with the frames
    /// of a few rows at a time, in order.
    ///
    /// # Errors
    ///
    /// As [`apply`](Self::apply), though perhaps after some of the rows; if `visit` fails.
    pub fn apply_in_parts<E: From<InputError>>(
        &self,
        stream: &Stream,
        mut visit: impl FnMut(&Frame) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut refused: Option<(Place, usize)> = None;
        let mut n_left = 0;
        stream.for_tables(&self.sources(), |rows_before, table| {
            let mut frame = match self.apply(table, Need::Predictors) {
                // They are counted to the end.
                Err(InputError::Values { place, problem: ValueProblem::Missing { total } }) => {
                    refused.get_or_insert((*place, 0)).1 += total;
                    return Ok(());
                }
                Err(InputError::Values { problem: ValueProblem::NoRowsLeft { .. }, .. }) => {
                    return Ok(());
                }
                other => other.map_err(InputError::for_model)?,
            };
            frame.rows.iter_mut().for_each(|row| *row += rows_before);
            n_left += frame.rows.len();
            if refused.is_none() { visit(&frame) } else { Ok(()) }
        })?;
        if let Some((place, total)) = refused {
            return Err(ValueProblem::Missing { total }.for_model().at(place).into());
        }
        if n_left == 0 {
            let rows = stream.n_rows();
            let problem = ValueProblem::NoRowsLeft { rows }.for_model();
            return Err(problem.at(stream.source().place()).into());
        }
        Ok(())
    }
}
