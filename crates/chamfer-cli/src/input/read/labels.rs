//! Gathering the labels of a text column.

use std::collections::HashMap;

use crate::input::table::ColumnData;

/// The labels of a text column so far. Codes count the labels as they first occur.
#[derive(Debug, Default)]
pub(in crate::input) struct Labels {
    code_of: HashMap<String, u32>,
    codes: Vec<Option<u32>>,
}

impl Labels {
    /// Labels of a column that starts with `n` missing ones.
    pub(super) fn missing(n: usize) -> Self {
        Self { code_of: HashMap::new(), codes: vec![None; n] }
    }

    /// Adds the label of the next row; none if it is missing.
    pub(super) fn push(&mut self, label: Option<&str>) {
        let code = label.map(|label| self.code(label));
        self.codes.push(code);
    }

    /// The code of `label`.
    fn code(&mut self, label: &str) -> u32 {
        if let Some(&code) = self.code_of.get(label) {
            return code;
        }
        // Saturates only beyond four billion labels, which no memory holds.
        let code = u32::try_from(self.code_of.len()).unwrap_or(u32::MAX);
        self.code_of.insert(label.to_owned(), code);
        code
    }

    /// The first label and the position of its row.
    pub(super) fn first(&self) -> Option<(&str, usize)> {
        let row = self.codes.iter().position(Option::is_some)?;
        let (label, _) = self.code_of.iter().find(|&(_, &code)| Some(code) == self.codes[row])?;
        Some((label, row))
    }

    /// The column, with its labels in order.
    pub(super) fn finish(self) -> ColumnData {
        let mut sorted: Vec<(String, u32)> = self.code_of.into_iter().collect();
        sorted.sort_unstable();
        let mut position = vec![0; sorted.len()];
        for (new, &(_, old)) in (0..).zip(&sorted) {
            position[old as usize] = new;
        }
        let mut codes = self.codes;
        for code in codes.iter_mut().flatten() {
            *code = position[*code as usize];
        }
        ColumnData::Text { levels: sorted.into_iter().map(|(label, _)| label).collect(), codes }
    }
}
