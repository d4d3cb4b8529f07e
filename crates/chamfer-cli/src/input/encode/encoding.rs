//! How a table was coded.

use serde::{Deserialize, Serialize};

use super::selection::Missing;
use super::sparse_name;

/// How a table is turned into numbers, found out from the training data and kept with the model.
///
/// A text column becomes one indicator column for every label, none left out as a reference:
/// under a penalty, the fit would depend on which one that is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Encoding {
    /// The columns to be predicted.
    pub(super) targets: Vec<String>,
    /// What the target is one of, in the order of their numbers; the last of two is the positive one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) classes: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) weights: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) offset: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) event: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) strata: Option<String>,
    pub(super) missing: Missing,
    pub(super) predictors: Predictors,
}

/// How the predictors of a table are coded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Predictors {
    /// Named columns.
    Table {
        /// The columns of the file, in the order of the coded ones.
        columns: Vec<SourceColumn>,
    },
    /// The columns of an svmlight file.
    Sparse {
        /// How many columns the training file has.
        n_cols: usize,
        /// The indices (from 1) of the columns used, if that is not all.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        indices: Option<Vec<usize>>,
        /// The training means of the columns used, if missing values are replaced by them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        means: Option<Vec<f64>>,
    },
}

/// How a column of the file is coded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum SourceColumn {
    /// As it is.
    Numeric {
        /// Name of the column.
        name: String,
        /// The mean in the training data, if missing values are replaced by it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        mean: Option<f64>,
    },
    /// As one indicator column for each label.
    OneHot {
        /// Name of the column.
        name: String,
        /// The labels.
        levels: Vec<String>,
        /// The share of each label in the training data, if missing values are replaced by it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        means: Option<Vec<f64>>,
    },
}

impl SourceColumn {
    /// A text column called `name`, with its labels in order and how often each occurs in the rows that
    /// are used; `impute` where missing values are replaced.
    pub(super) fn one_hot<'a>(
        name: String,
        labels: impl Iterator<Item = (&'a String, usize)>,
        impute: bool,
    ) -> Self {
        // Labels of dropped rows only are as good as unseen.
        let (levels, counts): (Vec<String>, Vec<usize>) =
            labels.filter(|(_, count)| *count > 0).map(|(level, n)| (level.clone(), n)).unzip();
        let total: usize = counts.iter().sum();
        let means = || counts.iter().map(|&count| count as f64 / total as f64).collect();
        Self::OneHot { name, means: impute.then(means), levels }
    }

    /// Name of the column in the file.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Numeric { name, .. } | Self::OneHot { name, .. } => name,
        }
    }

    /// Number of coded columns.
    pub(super) fn n_coded(&self) -> usize {
        match self {
            Self::Numeric { .. } => 1,
            Self::OneHot { levels, .. } => levels.len(),
        }
    }

    /// Names of the coded columns.
    pub(super) fn coded_names(&self) -> Vec<String> {
        match self {
            Self::Numeric { name, .. } => vec![name.clone()],
            Self::OneHot { name, levels, .. } => {
                levels.iter().map(|level| format!("{name}={level}")).collect()
            }
        }
    }
}

impl Predictors {
    /// Whether there is a mean for every coded column.
    fn has_means(&self) -> bool {
        match self {
            Self::Table { columns } => columns.iter().all(|column| match column {
                SourceColumn::Numeric { mean, .. } => mean.is_some(),
                SourceColumn::OneHot { levels, means, .. } => {
                    means.as_ref().is_some_and(|means| means.len() == levels.len())
                }
            }),
            Self::Sparse { n_cols, indices, means } => {
                let n_used = indices.as_ref().map_or(*n_cols, Vec::len);
                means.as_ref().is_some_and(|means| means.len() == n_used)
            }
        }
    }

    /// Names of the coded columns.
    pub(super) fn coded_names(&self) -> Vec<String> {
        match self {
            Self::Table { columns } => columns.iter().flat_map(SourceColumn::coded_names).collect(),
            Self::Sparse { n_cols, indices: None, .. } => (0..*n_cols).map(sparse_name).collect(),
            Self::Sparse { indices: Some(indices), .. } => {
                indices.iter().map(|index| format!("x{index}")).collect()
            }
        }
    }
}

impl Encoding {
    /// Whether everything is there that the treatment of missing values needs. A model file may
    /// have been edited.
    pub(super) fn is_complete(&self) -> bool {
        self.missing != Missing::Mean || self.predictors.has_means()
    }

    /// Names of the columns that are predicted.
    #[must_use]
    pub fn targets(&self) -> &[String] {
        &self.targets
    }

    /// What the target is one of, if it is a class; the last of two is the positive one.
    #[must_use]
    pub fn classes(&self) -> Option<&[String]> {
        self.classes.as_deref()
    }

    /// Names of the columns that predictions need.
    #[must_use]
    pub fn sources(&self) -> Vec<&str> {
        let columns = match &self.predictors {
            Predictors::Table { columns } => columns.as_slice(),
            Predictors::Sparse { .. } => &[],
        };
        columns.iter().map(SourceColumn::name).chain(self.offset.as_deref()).collect()
    }

    /// Names of the text columns. A table that the encoding is to be applied to has to be read
    /// with these as [`categorical_if_present`], because labels may look like numbers in it.
    ///
    /// [`categorical_if_present`]: crate::input::ReadOptions::categorical_if_present
    #[must_use]
    pub fn text_columns(&self) -> Vec<String> {
        let Predictors::Table { columns } = &self.predictors else {
            return Vec::new();
        };
        let texts = columns.iter().filter(|column| matches!(column, SourceColumn::OneHot { .. }));
        texts.map(|column| column.name().to_owned()).collect()
    }
}
