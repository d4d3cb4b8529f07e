//! Attention whose heads can be removed.

use burn::config::Config;
use burn::module::Module;
use burn::nn::{Dropout, DropoutConfig, Linear, LinearConfig};
use burn::tensor::{Bool, Device, Tensor, activation::softmax};

/// Configuration of [`MultiHeadAttention`].
#[derive(Config, Debug)]
pub struct MultiHeadAttentionConfig {
    /// The number of features; a multiple of the number of heads.
    pub d_model: usize,
    /// The number of heads.
    pub n_heads: usize,
    /// The share of attention weights that are dropped in training.
    #[config(default = 0.1)]
    pub dropout: f64,
}

impl MultiHeadAttentionConfig {
    /// Makes the layer.
    ///
    /// # Panics
    /// If the number of heads does not divide that of features.
    #[must_use]
    pub fn init(&self, device: &Device) -> MultiHeadAttention {
        assert!(
            self.n_heads > 0 && self.d_model.is_multiple_of(self.n_heads),
            "{} heads do not divide {} features",
            self.n_heads,
            self.d_model
        );
        let linear = || LinearConfig::new(self.d_model, self.d_model).init(device);
        MultiHeadAttention {
            query: linear(),
            key: linear(),
            value: linear(),
            output: linear(),
            dropout: DropoutConfig::new(self.dropout).init(),
            d_head: self.d_model / self.n_heads,
        }
    }
}

/// Multi-head attention (Vaswani et al. 2017) that has as many heads as its matrices have room for.
///
/// Burn's own takes the number of heads from its configuration, so that none can be cut; this one has
/// the same parameters under the same names, and [`From`] takes one over. By
/// [`Granularity::HeadInputs`](crate::Granularity::HeadInputs) of `output.weight`, heads become zero;
/// [`compact`](crate::compact()) then cuts them out of all four matrices. Values can have fewer features
/// than queries and keys: where rows of `output.weight` are zero by themselves, as many go in each head.
///
/// ```
/// use burn::tensor::{Device, Distribution, Tensor};
/// use chamfer_burn::MultiHeadAttentionConfig;
///
/// let device = Device::default();
/// let attention = MultiHeadAttentionConfig::new(8, 2).init(&device);
/// let x = Tensor::<3>::random([4, 5, 8], Distribution::Default, &device);
/// assert_eq!(attention.forward(x.clone(), x.clone(), x, None).dims(), [4, 5, 8]);
/// ```
#[derive(Module, Debug)]
pub struct MultiHeadAttention {
    /// `[features, heads · head size]`.
    pub query: Linear,
    /// `[features, heads · head size]`.
    pub key: Linear,
    /// `[features, heads · size of values]`.
    pub value: Linear,
    /// `[heads · size of values, features]`.
    pub output: Linear,
    /// Of the attention weights.
    pub dropout: Dropout,
    /// The number of features of a head's queries and keys.
    pub d_head: usize,
}

impl MultiHeadAttention {
    /// Attends from `query`, `[batch, n, features]`, to `key` and `value`, `[batch, m, features]`; the
    /// result has the shape of `query`. Where `mask`, `[batch, n, m]`, is true, nothing is seen.
    #[must_use]
    pub fn forward(
        &self,
        query: Tensor<3>,
        key: Tensor<3>,
        value: Tensor<3>,
        mask: Option<Tensor<3, Bool>>,
    ) -> Tensor<3> {
        let [batch, n, _] = query.dims();
        let query = self.query.forward(query);
        let heads = query.dims()[2] / self.d_head;
        let query = in_heads(query, heads);
        let key = in_heads(self.key.forward(key), heads);
        let value = in_heads(self.value.forward(value), heads);
        let mut scores = query.matmul(key.transpose()).div_scalar((self.d_head as f64).sqrt());
        if let Some(mask) = mask {
            let [batch, n, m] = mask.dims();
            scores = scores.mask_fill(mask.reshape([batch, 1, n, m]), f64::NEG_INFINITY);
        }
        let weights = self.dropout.forward(softmax(scores, 3));
        let context = weights.matmul(value).swap_dims(1, 2);
        let [_, _, _, size] = context.dims();
        self.output.forward(context.reshape([batch, n, heads * size]))
    }
}

/// `[batch, n, heads · size]` as `[batch, heads, n, size]`.
fn in_heads(x: Tensor<3>, heads: usize) -> Tensor<4> {
    let [batch, n, features] = x.dims();
    x.reshape([batch, n, heads, features / heads]).swap_dims(1, 2)
}

impl From<burn::nn::attention::MultiHeadAttention> for MultiHeadAttention {
    fn from(burn: burn::nn::attention::MultiHeadAttention) -> Self {
        let d_head = burn.d_k;
        let (query, key, value, output) = (burn.query, burn.key, burn.value, burn.output);
        Self { query, key, value, output, dropout: burn.dropout, d_head }
    }
}
