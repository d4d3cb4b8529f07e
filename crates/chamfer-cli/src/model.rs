//! `model.json`: what a fit leaves for `predict`, `check` and other programs.

use crate::args::LambdaChoice;
use crate::error::CliError;
use crate::input::Encoding;
use crate::output::{count, list, significant};
use crate::relaxed::{RelaxedCv, RelaxedRecord};
use crate::select::Criteria;
use crate::spec::{FamilyName, FamilySpec, MetricName, PenaltySpec, StartName};
use chamfer_glm::{Coefficients, Optimality};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

/// Marks a file as a model of this program.
const SCHEMA: &str = "chamfer-model";
/// Version of the format; it changes when an older program would misread the file.
const VERSION: u64 = 4;

/// A fitted model: how the data was coded, and the fit at each λ.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Model {
    #[serde(flatten)]
    pub head: Head,
    pub family: FamilySpec,
    pub penalty: PenaltySpec,
    /// The formula, for people.
    pub objective: String,
    pub data: DataFacts,
    pub intercept: bool,
    pub standardize: bool,
    /// Relative duality gap asked for, or relative stationarity where the penalty is not convex.
    pub tolerance: f64,
    /// Where the solver started at each λ, where the penalty is not convex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<StartName>,
    pub seed: u64,
    /// Whether Ctrl-C ended the path early.
    pub interrupted: bool,
    /// How well paths on some of the rows predict the others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cv: Option<CvRecord>,
    /// The fits, largest λ first.
    pub path: Vec<FitRecord>,
    pub encoding: Encoding,
}

/// The part of the file that says what it is, whatever its version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Head {
    schema: String,
    version: u64,
    /// Version of the program that wrote the file.
    chamfer: String,
}

impl Default for Head {
    fn default() -> Self {
        let chamfer = env!("CARGO_PKG_VERSION").to_owned();
        Self { schema: SCHEMA.to_owned(), version: VERSION, chamfer }
    }
}

/// The training data in a few words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DataFacts {
    /// Name of the file, without its folder.
    pub file: String,
    pub rows: usize,
    /// Number of coded columns.
    pub columns: usize,
}

/// A cross-validation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CvRecord {
    pub metric: MetricName,
    /// Number of folds on which the metric is defined.
    pub folds: usize,
    /// The mean over the folds at each λ.
    pub mean: Vec<f64>,
    /// Its standard error at each λ.
    pub standard_error: Vec<f64>,
    /// The λ with the best mean.
    pub lambda_best: f64,
    /// The largest λ whose mean is within one standard error of it.
    pub lambda_1se: f64,
    /// The same for blends with refits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relaxed: Option<RelaxedCv>,
}

/// The fit at one λ.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FitRecord {
    pub lambda: f64,
    /// Number of columns with a coefficient that is not 0.
    pub nonzero: usize,
    /// Fraction of the null deviance explained; R² for the gaussian family.
    pub deviance_explained: f64,
    /// Value of the objective, less the least that the loss can be.
    pub objective: f64,
    /// Proved lower bound of the objective, where the penalty is convex.
    pub dual: Option<f64>,
    /// `(objective − dual) / objective`
    pub relative_gap: Option<f64>,
    /// The largest violation of first-order optimality, relative to λ.
    pub relative_stationarity: f64,
    /// The smallest eigenvalue of the Hessian on the support, where the penalty is not convex.
    pub smallest_eigenvalue: Option<f64>,
    /// Whether the certificate met the tolerance.
    pub converged: bool,
    pub newton_steps: usize,
    pub seconds: f64,
    /// Information criteria, where they are defined.
    #[serde(flatten)]
    pub criteria: Option<Criteria>,
    /// The refit without the penalty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relaxed: Option<RelaxedRecord>,
    #[serde(flatten)]
    pub fitted: Fitted,
}

/// The coefficients of a fit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(
    untagged,
    expecting = "a fit lacks an intercept or coefficients, or has some that are no numbers"
)]
pub enum Fitted {
    One(Predictor),
    /// Of each class or target, by its name.
    Several {
        outputs: BTreeMap<String, Predictor>,
    },
}

/// A linear predictor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Predictor {
    pub intercept: f64,
    /// Coefficients on the original scale that are not 0, by column name.
    pub coefficients: BTreeMap<String, f64>,
}

impl Model {
    /// Reads a model file, refusing what is none, is cut off or has another version.
    pub fn read(path: &Path) -> Result<Self, CliError> {
        let failed = |error| CliError::Read { path: path.to_owned(), error };
        let bytes = std::fs::read(path).map_err(failed)?;
        let not_a_model = |reason: String| CliError::NotAModel { path: path.to_owned(), reason };
        let text =
            String::from_utf8(bytes).map_err(|_| not_a_model("it is not text".to_owned()))?;
        let head: Head =
            serde_json::from_str(&text).map_err(|error| not_a_model(error.to_string()))?;
        if head.schema != SCHEMA {
            return Err(not_a_model(format!("its schema is '{}'", head.schema)));
        }
        if head.version != VERSION {
            let (found, known) = (head.version, VERSION);
            return Err(CliError::ModelVersion { path: path.to_owned(), found, known });
        }
        let model: Self =
            serde_json::from_str(&text).map_err(|error| not_a_model(error.to_string()))?;
        model.check().map_err(not_a_model)?;
        Ok(model)
    }

    /// Refuses numbers that no fit writes. A model file may have been edited.
    fn check(&self) -> Result<(), String> {
        if self.path.is_empty() {
            return Err("it has no fit".to_owned());
        }
        if !(self.tolerance > 0.0 && self.tolerance < 1.0) {
            return Err(format!("its tolerance is {}", self.tolerance));
        }
        match self.path.iter().find(|fit| !(fit.lambda.is_finite() && fit.lambda > 0.0)) {
            Some(fit) => Err(format!("it has a fit at lambda {}", fit.lambda)),
            None => Ok(()),
        }
    }

    /// What there are coefficients for: the classes of a multinomial target, else the targets.
    pub fn outputs(&self) -> &[String] {
        output_names(&self.family, &self.encoding)
    }

    /// What is predicted, in a few words: the targets, and which of two classes if they are not 0 and 1.
    pub fn target_title(&self) -> String {
        target_title(&self.family, &self.encoding)
    }

    /// What the number of nonzero coefficients counts, for the axis of a picture.
    pub fn support_label(&self) -> &'static str {
        match self.outputs().len() {
            1 => "Nonzero coefficients",
            _ => "Columns with coefficients",
        }
    }

    /// The fit that is chosen. The model is the file at `path`.
    pub fn chosen(&self, choice: LambdaChoice, path: &Path) -> Result<&FitRecord, CliError> {
        let validated = || {
            self.cv.as_ref().ok_or_else(|| {
                let message = "no lambda of this model is best, because it was not cross-validated: use \
                               `chamfer cv`, or give --lambda a number";
                CliError::Options(message.to_owned())
            })
        };
        let lambda = match choice {
            LambdaChoice::Given(lambda) => lambda,
            LambdaChoice::Best => validated()?.lambda_best,
            LambdaChoice::OneStandardError => validated()?.lambda_1se,
            LambdaChoice::Criterion(name) => return self.cheapest(name),
        };
        self.fit_at(lambda, path)
    }

    /// The fit at `lambda`, to within rounding. The model is the file at `path`.
    pub fn fit_at(&self, lambda: f64, path: &Path) -> Result<&FitRecord, CliError> {
        let distance = |fit: &FitRecord| (fit.lambda - lambda).abs();
        let nearest = self.path.iter().min_by(|a, b| distance(a).total_cmp(&distance(b)));
        match nearest {
            Some(fit) if distance(fit) <= 1e-9 * lambda => Ok(fit),
            _ => {
                let ends = self.path.first().zip(self.path.last());
                let (most, least) = ends.map_or((0.0, 0.0), |(a, b)| (a.lambda, b.lambda));
                let available = format!(
                    "{} from {} down to {}",
                    count(self.path.len(), "lambda"),
                    significant(most),
                    significant(least)
                );
                let nearest = nearest.map_or(f64::NAN, |fit| fit.lambda);
                Err(CliError::UnknownLambda { path: path.to_owned(), lambda, available, nearest })
            }
        }
    }
}

impl FitRecord {
    /// The same fit with what another look at data found.
    pub fn certified(
        self,
        optimality: &Optimality,
        deviance_explained: f64,
        tolerance: f64,
    ) -> Self {
        Self {
            deviance_explained,
            objective: optimality.objective,
            dual: optimality.gap.map(|gap| gap.dual.min(gap.primal)),
            relative_gap: optimality.gap.map(|gap| gap.relative()),
            relative_stationarity: optimality.relative_stationarity,
            smallest_eigenvalue: optimality.smallest_eigenvalue,
            converged: optimality.meets(tolerance),
            ..self
        }
    }

    /// The coefficients by position, for each of the model's `outputs`.
    ///
    /// An output or a column that is not there is an error: the file was edited.
    pub fn coefficients_for(
        &self,
        outputs: &[String],
        positions: &HashMap<&str, usize>,
        path: &Path,
    ) -> Result<Vec<Coefficients>, CliError> {
        let lacks = |name: &String| CliError::NotAModel {
            path: path.to_owned(),
            reason: format!("it has no coefficients for \"{name}\""),
        };
        let predictor = |name: &String| match &self.fitted {
            Fitted::One(predictor) if outputs.len() == 1 => Ok(predictor),
            Fitted::One(_) => Err(lacks(name)),
            Fitted::Several { outputs } => outputs.get(name).ok_or_else(|| lacks(name)),
        };
        outputs.iter().map(|name| predictor(name)?.by_position(positions, path)).collect()
    }
}

/// What is predicted, in a few words: the targets, and which of two classes if they are not 0 and 1.
pub fn target_title(family: &FamilySpec, encoding: &Encoding) -> String {
    const SHOWN: usize = 3;
    let targets = encoding.targets();
    let title = list(&targets[..targets.len().min(SHOWN)], targets.len());
    match encoding.classes() {
        Some([other, positive]) if output_names(family, encoding).len() == 1 => {
            if (other.as_str(), positive.as_str()) == ("0", "1") {
                return title;
            }
            format!("{title} = {positive}")
        }
        _ => title,
    }
}

/// What a family has coefficients for, for data with this encoding.
pub fn output_names<'a>(family: &FamilySpec, encoding: &'a Encoding) -> &'a [String] {
    match (family.name, encoding.classes()) {
        (FamilyName::Multinomial, Some(classes)) => classes,
        _ => encoding.targets(),
    }
}

impl Fitted {
    /// Coefficients with the names of their columns, and of their `outputs` if there are several.
    pub fn of(coefficients: &[Coefficients], columns: &[String], outputs: &[String]) -> Self {
        let predictor = |Coefficients { intercept, values }: &Coefficients| Predictor {
            intercept: *intercept,
            coefficients: values.iter().map(|&(j, value)| (columns[j].clone(), value)).collect(),
        };
        match coefficients {
            [one] => Self::One(predictor(one)),
            several => {
                let named = outputs.iter().cloned().zip(several.iter().map(predictor));
                Self::Several { outputs: named.collect() }
            }
        }
    }
}

impl Predictor {
    /// The coefficients by position.
    fn by_position(
        &self,
        positions: &HashMap<&str, usize>,
        path: &Path,
    ) -> Result<Coefficients, CliError> {
        let place = |(name, &value): (&String, &f64)| match positions.get(name.as_str()) {
            Some(&position) => Ok((position, value)),
            None => Err(CliError::NotAModel {
                path: path.to_owned(),
                reason: format!(
                    "it has a coefficient for \"{name}\", which is none of its columns"
                ),
            }),
        };
        let mut values = self.coefficients.iter().map(place).collect::<Result<Vec<_>, _>>()?;
        values.sort_by_key(|(position, _)| *position);
        Ok(Coefficients { intercept: self.intercept, values })
    }
}
