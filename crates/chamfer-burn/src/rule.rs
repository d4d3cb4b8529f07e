//! What a user asks for: which parameters become sparse, in which units, how strongly.

use crate::Granularity;
use std::fmt;

/// Which parameters get factors, and which ones.
///
/// A rule selects parameters by their path in the model, as Burn names it (`conv1.weight`,
/// `blocks.0.fc.weight`); in a pattern, `*` stands for any run of characters. Every rule must match
/// a parameter, and no parameter may match two.
///
/// ```
/// use chamfer_burn::{Form, Granularity, Rule};
///
/// let filters = Rule::new("conv*.weight", Granularity::Filter).lambda(1e-3);
/// let weights = Rule::new("fc.weight", Granularity::Weight)
///     .lambda(1e-4)
///     .form(Form::Product { depth: 3 }); // λ Σ |w|^{2/3}
/// # let _ = (filters, weights);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    pub(crate) pattern: String,
    pub(crate) granularity: Granularity,
    pub(crate) form: Form,
    pub(crate) lambda: f64,
    pub(crate) weights: Option<Vec<f64>>,
    pub(crate) init: Init,
}

impl Rule {
    /// Selects the parameters whose path matches `pattern`, to be sparse in units of `granularity`:
    /// a product of depth 2 (the lasso or group lasso) with `λ = 10⁻³`, from the values that the
    /// model has.
    #[must_use]
    pub fn new(pattern: impl Into<String>, granularity: Granularity) -> Self {
        Self {
            pattern: pattern.into(),
            granularity,
            form: Form::Product { depth: 2 },
            lambda: 1e-3,
            weights: None,
            init: Init::Open,
        }
    }

    /// The strength λ of the induced penalty `λ R(β)`; finite and above 0.
    #[must_use]
    pub fn lambda(mut self, lambda: f64) -> Self {
        self.lambda = lambda;
        self
    }

    /// How a coefficient is made of factors.
    #[must_use]
    pub fn form(mut self, form: Form) -> Self {
        self.form = form;
        self
    }

    /// Shorthand for [`Form::Product`].
    #[must_use]
    pub fn depth(self, depth: usize) -> Self {
        self.form(Form::Product { depth })
    }

    /// A weight for each unit, finite and above 0, in place of `√(weights in the unit)`; for
    /// [`Granularity::Weight`] in place of ones, in the order of the parameter's data.
    #[must_use]
    pub fn weights(mut self, weights: Vec<f64>) -> Self {
        self.weights = Some(weights);
        self
    }

    /// Where the factors start.
    #[must_use]
    pub fn init(mut self, init: Init) -> Self {
        self.init = init;
        self
    }
}

/// How a coefficient is made of factors; `q = 2/depth` is the exponent of the induced penalty.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Form {
    /// `depth` factors: by weight `β = u₁ ∘ … ∘ u_k` (deep weight factorization), by group
    /// `β_g = u_g ν_{g,1} ⋯ ν_{g,k−1}` (D-gating), by rank `W = A₁ ⋯ A_k`. Induces
    /// `Σ w |β|^q`, `Σ w_g ‖β_g‖₂^q` and `Σ σ_i(W)^q`. `depth` is at least 2.
    Product {
        /// The number of factors k.
        depth: usize,
    },
    /// The same penalties with less memory, at every real depth: by weight `β = v |v|^{k−1}` (no
    /// more numbers than the weights; `depth ≥ 2`), by group `β_g = u_g |ν_g|^{k−1}` (one gate;
    /// `depth ≥ 3`).
    Power {
        /// The depth k.
        depth: f64,
    },
    /// Sparse between and within groups: `weights` factors for each weight (k₁ ≥ 1), `gates` for
    /// each group (k₂ ≥ 1). Induces `Σ_g w_g (Σ_j |β_gj|^p)^{q/p}`, `p = 2/k₁`, `q = 2/(k₁+k₂)`.
    Nested {
        /// Factors of each weight, k₁.
        weights: usize,
        /// Gates of each group, k₂.
        gates: usize,
    },
}

impl fmt::Display for Form {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Product { depth } => write!(formatter, "product of depth {depth}"),
            Self::Power { depth } => write!(formatter, "power of depth {depth}"),
            Self::Nested { weights, gates } => write!(formatter, "nested ({weights}, {gates})"),
        }
    }
}

/// Where the factors of a parameter start.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
pub enum Init {
    /// All gates at 1, and the parameter's own values as the remaining factor: the function of the
    /// model is the same to the bit, and zeros stay open. ([`Form::Power`] by weight has no gates:
    /// the same up to rounding, and a weight that is 0 stays 0.)
    ///
    /// Scales of a normalization that start from 1 may find no order: if a convolution and another normalization
    /// follow, these undo what all scales of a layer have in common, so decay shrinks them alike. [`Fresh`](Self::Fresh)
    /// gives some a lead.
    #[default]
    Open,
    /// The balanced factors, at which the surrogate penalty equals the induced one: the function
    /// is the same up to rounding. From there, small weights of deep forms die early; good for a
    /// start from trained weights.
    Balanced,
    /// New random weights of the same standard deviation as the parameter has (as its initializer
    /// made it), with no factor near 0.
    Fresh {
        /// The seed; each parameter has a stream of its own.
        seed: u64,
    },
}
