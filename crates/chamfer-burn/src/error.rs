//! What can be wrong with rules, models and files.

use thiserror::Error;

/// An error of this crate. Every message says what is wrong, where, and what to do.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum Error {
    /// A rule selects nothing.
    #[error(
        "the rule `{pattern}` matches no parameter of the model, which has: {}",
        paths.join(", ")
    )]
    NoMatch {
        /// The rule's pattern.
        pattern: String,
        /// The paths that exist.
        paths: Vec<String>,
    },
    /// Two rules select the same parameter.
    #[error(
        "the rules `{first}` and `{second}` both match the parameter `{path}`: make one of them \
         narrower"
    )]
    TwoRules {
        /// The parameter's path.
        path: String,
        /// The pattern of the first rule.
        first: String,
        /// The pattern of the second.
        second: String,
    },
    /// A parameter's shape does not have the granularity asked for.
    #[error(
        "the parameter `{path}` of shape {shape:?} cannot be sparse by {granularity}: {reason}"
    )]
    Granularity {
        /// The parameter's path.
        path: String,
        /// Its shape.
        shape: Vec<usize>,
        /// The granularity in words.
        granularity: String,
        /// What the granularity needs.
        reason: String,
    },
    /// λ or a weight of a penalty is negative or not finite.
    #[error("{what} of the rule `{pattern}` is {value}: it must be finite and above 0")]
    Strength {
        /// The rule's pattern.
        pattern: String,
        /// Which number.
        what: &'static str,
        /// The value given.
        value: f64,
    },
    /// A rule has another number of weights than the parameter has terms.
    #[error(
        "the rule `{pattern}` has {found} weights, but the parameter `{path}` has {expected} {unit}: \
         give one weight for each"
    )]
    Weights {
        /// The rule's pattern.
        pattern: String,
        /// The parameter's path.
        path: String,
        /// What the weights are of.
        unit: &'static str,
        /// The number needed.
        expected: usize,
        /// The number given.
        found: usize,
    },
    /// A parametrization that there is not.
    #[error("the parameter `{path}`: {source}")]
    Parametrization {
        /// The parameter's path.
        path: String,
        /// What is wrong with it.
        source: chamfer::Error,
    },
    /// A form that the granularity does not have.
    #[error("the parameter `{path}` cannot have the form {form} by {granularity}: {reason}")]
    Form {
        /// The parameter's path.
        path: String,
        /// The form in words.
        form: String,
        /// The granularity in words.
        granularity: String,
        /// Why not, and what to do.
        reason: &'static str,
    },
    /// The model has factors already, perhaps of another kind.
    #[error(
        "the parameter `{path}` is reparameterized already: call `materialize()` on the model first, \
         and put everything into one list of rules"
    )]
    AlreadyFactorized {
        /// The parameter's path.
        path: String,
    },
    /// The model has factors still, where plain parameters are needed.
    #[error("the parameter `{path}` has factors still: call `collapse` first")]
    HasFactors {
        /// The parameter's path.
        path: String,
    },
    /// One parameter is in two places.
    #[error(
        "`{first}` and `{second}` are the same parameter: factors of its own for each would let them \
         drift apart, so leave it out of the rules"
    )]
    Tied {
        /// The first place.
        first: String,
        /// The second place.
        second: String,
    },
    /// A selected value is not a parameter that can be trained.
    #[error(
        "`{path}` cannot have factors: it is a running statistic or another value that is not \
         trained, so leave it out of the rules"
    )]
    NotTrained {
        /// The value's path.
        path: String,
    },
    /// A parameter holds NaN or an infinity.
    #[error("the parameter `{path}` has a value that is not finite: go back to a sound state")]
    NotFinite {
        /// The parameter's path.
        path: String,
    },
    /// A start at which some coefficients cannot move.
    #[error(
        "the balanced start of `{path}` has zeros that no gradient can move (the first is \
         coefficient {index}): use `Init::Open`, or `Init::Fresh`"
    )]
    FrozenStart {
        /// The parameter's path.
        path: String,
        /// The first coefficient that is frozen.
        index: usize,
    },
    /// The model has no factors.
    #[error("no parameter of the model has factors: call `factorize` first")]
    NotFactorized,
    /// A threshold is negative or not finite.
    #[error("the threshold {value} is not possible: it must be finite and at least 0")]
    Threshold {
        /// The value given.
        value: f64,
    },
    /// A data file is not what it should be.
    #[error("{file}: {what}")]
    Data {
        /// The file.
        file: String,
        /// What is wrong.
        what: String,
    },
    /// A tensor of a model and one of a file or list do not fit.
    #[error("tensor `{path}`: {what}")]
    Tensor {
        /// The tensor's path.
        path: String,
        /// What does not fit.
        what: String,
    },
    /// A model's forward pass cannot be recorded or run.
    #[error("the forward pass failed: {what}")]
    Forward {
        /// What it said.
        what: String,
    },
    /// A smaller model has other outputs.
    #[error(
        "the outputs of the smaller model differ by {difference:e}, where the largest is {scale:e}: \
         nothing was changed; check that the forward pass is the same at every call"
    )]
    Changed {
        /// The largest difference.
        difference: f64,
        /// The largest output before.
        scale: f64,
    },
    /// A model does not see the factors of a parameter.
    #[error(
        "the loss is {with} with the factors of `{path}`, and {without} with plain parameters of the \
         same values: the model reads the parameter without `val()` and sees the base factor alone; \
         call `val()` there, or leave the parameter out of the rules"
    )]
    ReadsBase {
        /// The parameter's path.
        path: String,
        /// The loss with factors.
        with: f64,
        /// The loss with plain parameters.
        without: f64,
    },
    /// Weights of units that one weight decay cannot express.
    #[error("the units of `{path}` have weights of their own: use `penalty` in the loss")]
    OneDecay {
        /// The parameter's path.
        path: String,
    },
    /// A setting of a training is out of range.
    #[error("{what} is {value}, which is out of range")]
    Setting {
        /// Which setting.
        what: &'static str,
        /// The value given.
        value: f64,
    },
    /// An operation that a file format does not have.
    #[error(
        "the forward pass has the operation {name}, which is not written to ONNX: leave it out of \
         `forward`, or put others in its place"
    )]
    Operation {
        /// Its name.
        name: String,
    },
}
