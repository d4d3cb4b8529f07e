//! Which columns and which λ: factors of the penalty's terms, given or adaptive, and information criteria.

use crate::error::CliError;
use crate::model::{FitRecord, Model};
use crate::output::significant;
use crate::spec::{FamilySpec, PenaltyName, PenaltySpec};
use chamfer_glm::{Adaptive, Criterion, Regression, RegressionPoint};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Factors of the penalty from a first fit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AdaptiveSpec {
    /// The exponent.
    pub gamma: f64,
    /// The λ of the first fit.
    pub lambda: f64,
    /// `(max ‖b‖ / ‖b_t‖)^γ` for the coefficients `b` of the first fit, by column or group; the others are
    /// kept out.
    pub factors: BTreeMap<String, f64>,
}

impl AdaptiveSpec {
    /// Refuses penalties for which no adaptive form is meant, and too few folds to validate it in: the first fit
    /// outside of a fold is chosen by the other folds.
    pub fn check(
        penalty: &PenaltySpec,
        is_validated: bool,
        n_folds: usize,
    ) -> Result<(), CliError> {
        let fits = match penalty.name {
            PenaltyName::Lasso | PenaltyName::NonNegative => true,
            PenaltyName::Group => penalty.is_convex(),
            _ => false,
        };
        if is_validated && n_folds < 3 {
            let message = "--adaptive needs at least 3 folds: the first fit without a fold is chosen by the others";
            return Err(CliError::Options(message.to_owned()));
        }
        if fits {
            return Ok(());
        }
        let message = "--adaptive goes with --penalty lasso, non-negative, and group at --q 1; lq, mcp and \
                       scad shrink large coefficients less without it";
        Err(CliError::Options(message.to_owned()))
    }

    /// From a first fit for `penalty` on columns called `names`.
    ///
    /// # Errors
    /// If the fit has no coefficient to weigh.
    pub fn of(
        gamma: f64,
        found: &Adaptive,
        penalty: &PenaltySpec,
        names: &[String],
    ) -> Result<Self, CliError> {
        let all: Vec<&str> = if penalty.has_groups() {
            penalty.terms(names)?
        } else {
            names.iter().map(String::as_str).collect()
        };
        let named = all.into_iter().zip(&found.factors).filter(|(_, factor)| factor.is_finite());
        let factors: BTreeMap<String, f64> =
            named.map(|(term, factor)| (term.to_owned(), *factor)).collect();
        if factors.is_empty() {
            let message = "the first fit of --adaptive has no penalized coefficient: by cross-validation, nothing \
                           predicts the target";
            return Err(CliError::Options(message.to_owned()));
        }
        Ok(Self { gamma, lambda: found.first.lambda, factors })
    }
}

impl PenaltySpec {
    /// The terms of the penalty on columns called `names`, by name: columns, or groups in the order of their
    /// names.
    ///
    /// # Errors
    /// If a column has no group.
    pub fn terms<'a>(&'a self, names: &'a [String]) -> Result<Vec<&'a str>, CliError> {
        if self.has_groups() {
            return Ok(self.members(names)?.into_keys().collect());
        }
        let free: BTreeSet<&str> = self.unpenalized.iter().map(String::as_str).collect();
        Ok(names.iter().map(String::as_str).filter(|name| !free.contains(name)).collect())
    }

    /// The factor of each term: for all columns called `names`, or for the groups in the order of their names;
    /// `None` if all are 1.
    ///
    /// # Errors
    /// If a column has no group.
    pub fn factors(&self, names: &[String]) -> Result<Option<Vec<f64>>, CliError> {
        if self.weights.is_empty() && self.adaptive.is_none() {
            return Ok(None);
        }
        let of = |term: &str| {
            let given = self.weights.get(term).copied().unwrap_or(1.0);
            let adaptive = self.adaptive.as_ref().map_or(1.0, |adaptive| {
                adaptive.factors.get(term).copied().unwrap_or(f64::INFINITY)
            });
            if given == 0.0 { 0.0 } else { given * adaptive }
        };
        Ok(Some(if self.has_groups() {
            self.terms(names)?.into_iter().map(of).collect()
        } else {
            // Also for columns without a penalty, whose factors are not used.
            names.iter().map(|name| of(name)).collect()
        }))
    }

    /// What is said of the factors after the penalty's formula.
    pub fn factors_formula(&self) -> String {
        let term = if self.has_groups() { "g" } else { "j" };
        let given = if self.weights.is_empty() {
            String::new()
        } else {
            format!(", term {term} times its penalty weight")
        };
        let adaptive = self.adaptive.as_ref().map_or_else(String::new, |adaptive| {
            let AdaptiveSpec { gamma, lambda, .. } = adaptive;
            let lambda = significant(*lambda);
            format!(
                ", term {term} times (max‖b‖/‖b_{term}‖)^{gamma}, b the fit without these factors at \
                 λ = {lambda}"
            )
        });
        given + &adaptive
    }
}

/// A price for the size of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum CriterionName {
    /// Akaike's: each coefficient costs 2
    Aic,
    /// Schwarz's: each coefficient costs ln n
    Bic,
    /// The extended BIC of Chen & Chen (2008), for many columns: with γ = 1 − ln n / (2 ln p), or 0
    Ebic,
}

impl CriterionName {
    /// As the command line has it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Aic => "aic",
            Self::Bic => "bic",
            Self::Ebic => "ebic",
        }
    }
}

impl CriterionName {
    /// The fit that it chooses, for people.
    pub fn choice(self, fit: &FitRecord) -> String {
        let price = fit.criteria.map_or(f64::NAN, |all| all.get(self));
        let (name, lambda) = (self.title(), significant(fit.lambda));
        format!(
            "least {name}: lambda {lambda}, {} nonzero, {name} {}\n",
            fit.nonzero,
            significant(price)
        )
    }

    /// The error of models without criteria.
    pub fn is_not_defined(self, family: &FamilySpec) -> CliError {
        CliError::Options(format!(
            "{} is not defined for this model: its family is {}, and the criteria need a likelihood whose dispersion is \
             known, and fits that do not explain everything; use `chamfer cv`",
            self.title(),
            family.name.title()
        ))
    }
}

/// Information criteria of a fit: `−2 ln L` and the price of its size, up to a constant.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Criteria {
    pub aic: f64,
    pub bic: f64,
    pub ebic: f64,
}

impl Criteria {
    /// Those of a fit on `n_rows` rows with `n_columns` columns; `None` where the loss is no likelihood, or the fit
    /// leaves nothing to explain.
    pub fn of(
        regression: &Regression,
        point: &RegressionPoint,
        n_rows: usize,
        n_columns: usize,
    ) -> Option<Self> {
        // Chen & Chen (2008, section 2): p = n^κ columns need γ > 1 − 1/(2κ).
        let kappa = (n_columns as f64).ln() / (n_rows as f64).ln();
        let gamma = (1.0 - 0.5 / kappa).max(0.0);
        let of = |criterion| regression.criterion(point, criterion).filter(|x| x.is_finite());
        Some(Self {
            aic: of(Criterion::Aic)?,
            bic: of(Criterion::Bic)?,
            ebic: of(Criterion::Ebic(gamma))?,
        })
    }

    pub fn get(&self, name: CriterionName) -> f64 {
        match name {
            CriterionName::Aic => self.aic,
            CriterionName::Bic => self.bic,
            CriterionName::Ebic => self.ebic,
        }
    }
}

impl Model {
    /// The fit with the least of a criterion; the largest λ of several.
    ///
    /// # Errors
    /// If the fits have none.
    pub fn cheapest(&self, name: CriterionName) -> Result<&FitRecord, CliError> {
        let price = |fit: &FitRecord| fit.criteria.map_or(f64::INFINITY, |all| all.get(name));
        self.path
            .iter()
            .filter(|fit| fit.criteria.is_some())
            .min_by(|a, b| price(a).total_cmp(&price(b)))
            .ok_or_else(|| name.is_not_defined(&self.family))
    }
}
