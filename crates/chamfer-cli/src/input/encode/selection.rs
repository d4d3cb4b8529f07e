//! Which columns are used, and as what.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::SPARSE_TARGET;
use crate::input::error::{ColumnProblem, Role};
use crate::input::names::{NameHint, matching};

/// Which columns of a table are used, and what is done about missing values.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// The column to predict, or several with commas between them. Not needed for svmlight files.
    pub target: Option<String>,
    /// Whether there may be several.
    pub several_targets: bool,
    /// What the target is.
    pub kind: TargetKind,
    /// The column of observation weights.
    pub weights: Option<String>,
    /// The column that is added to the linear predictor.
    pub offset: Option<String>,
    /// The column that says whether a time is that of an event.
    pub event: Option<String>,
    /// The column with labels of the rows that are compared with each other.
    pub strata: Option<String>,
    /// The column with the fold of each row, or with labels that stay in one fold.
    pub folds: Option<(Role, String)>,
    /// The predictors: names, or patterns with `*` and `?`. If empty, all columns other than the
    /// target, the weights, the offset and the event.
    pub include: Vec<String>,
    /// Columns that are no predictors after all: names, or patterns with `*` and `?`.
    pub exclude: Vec<String>,
    /// What is done about missing values.
    pub missing: Missing,
}

/// What a target is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum TargetKind {
    /// Numbers.
    #[default]
    Numbers,
    /// One of two classes.
    Pair {
        /// The label of the positive one; else it is the later in their order.
        positive: Option<String>,
        /// Whether numbers between 0 and 1 are shares of the positive one.
        shares: bool,
    },
    /// One of any number of classes.
    Classes,
}

/// What is done about missing values.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Missing {
    /// They are an error.
    #[default]
    Refuse,
    /// In predictors they are replaced by the mean of the column in the training data. For a
    /// text column that is the share of each label.
    Mean,
    /// Rows that have one are left out.
    Drop,
}

impl Missing {
    /// The name on the command line and in model files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Refuse => "refuse",
            Self::Mean => "mean",
            Self::Drop => "drop",
        }
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Missing {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        [Self::Refuse, Self::Mean, Self::Drop]
            .into_iter()
            .find(|missing| missing.name().eq_ignore_ascii_case(name))
            .ok_or_else(|| {
                "not a treatment of missing values; give refuse, mean or drop".to_owned()
            })
    }
}

/// The positions of the columns that are used.
#[derive(Debug, PartialEq)]
pub(super) struct Positions {
    /// The columns with other roles than a predictor's, the targets first.
    pub(super) responses: Vec<(usize, Role)>,
    pub(super) predictors: Vec<usize>,
}

impl Selection {
    /// The positions of the columns that are used, where the columns are called `names`.
    pub(super) fn positions(&self, names: &[&str]) -> Result<Positions, ColumnProblem> {
        let position = |name: &str, role| {
            names.iter().position(|&other| other == name).ok_or_else(|| ColumnProblem::Unknown {
                role,
                name: name.to_owned(),
                hint: NameHint::new(name, names),
            })
        };
        let target = self
            .target
            .as_deref()
            .ok_or_else(|| ColumnProblem::NoTarget { hint: NameHint::choices(names) })?;
        // A name may have commas in it.
        let targets: Vec<&str> = if names.contains(&target) {
            vec![target]
        } else {
            target.split(',').map(str::trim).collect()
        };
        if targets.len() > 1 && !self.several_targets {
            return Err(ColumnProblem::SeveralTargets);
        }
        let targets = targets.into_iter().map(|name| (name, Role::Target));
        let mut responses: Vec<(usize, Role)> = Vec::new();
        for (name, role) in targets.chain(self.others()) {
            let at = position(name, role)?;
            if let Some(&(_, first)) = responses.iter().find(|(other, _)| *other == at) {
                let name = name.to_owned();
                return Err(match (first, role) {
                    (Role::Target, Role::Target) => ColumnProblem::TargetTwice { name },
                    _ => ColumnProblem::TwoRoles { name, first, second: role },
                });
            }
            responses.push((at, role));
        }
        let predictors = self.predictors(names, &responses)?;
        Ok(Positions { responses, predictors })
    }

    /// The columns other than the target that are no predictors.
    fn others(&self) -> impl Iterator<Item = (&str, Role)> {
        let named = [
            (&self.weights, Role::Weights),
            (&self.offset, Role::Offset),
            (&self.event, Role::Event),
            (&self.strata, Role::Strata),
        ];
        let named = named.into_iter().filter_map(|(name, role)| Some((name.as_deref()?, role)));
        named.chain(self.folds.iter().map(|(role, name)| (name.as_str(), *role)))
    }

    /// The positions of the predictors in an svmlight file of `n_cols` columns; none if they are
    /// all columns.
    pub(super) fn sparse_positions(
        &self,
        n_cols: usize,
    ) -> Result<Option<Vec<usize>>, ColumnProblem> {
        if let Some(name) = self.target.as_ref().filter(|&name| name != SPARSE_TARGET) {
            return Err(ColumnProblem::SparseTarget { name: name.clone() });
        }
        if let Some((_, role)) = self.others().next() {
            return Err(ColumnProblem::SparseRole { role });
        }
        if self.include.is_empty() && self.exclude.is_empty() {
            return if n_cols == 0 { Err(ColumnProblem::NoPredictors) } else { Ok(None) };
        }
        let names: Vec<String> = (0..n_cols).map(super::sparse_name).collect();
        self.predictors(&names, &[]).map(Some)
    }

    /// The positions that `include` and `exclude` leave of `names`. The columns of `responses`
    /// have other roles: patterns pass them over, but naming one is an error.
    fn predictors<S: AsRef<str>>(
        &self,
        names: &[S],
        responses: &[(usize, Role)],
    ) -> Result<Vec<usize>, ColumnProblem> {
        let mut chosen = vec![true; names.len()];
        if !self.include.is_empty() {
            let (included, exact) = matching(&self.include, names, Role::Include)?;
            for &(position, role) in responses {
                if exact.contains(&position) {
                    let name = names[position].as_ref().to_owned();
                    return Err(ColumnProblem::Included { role, name });
                }
            }
            chosen = included;
        }
        let (excluded, _) = matching(&self.exclude, names, Role::Exclude)?;
        for (position, _) in responses {
            chosen[*position] = false;
        }
        let predictors: Vec<usize> =
            (0..names.len()).filter(|&position| chosen[position] && !excluded[position]).collect();
        if predictors.is_empty() { Err(ColumnProblem::NoPredictors) } else { Ok(predictors) }
    }
}
