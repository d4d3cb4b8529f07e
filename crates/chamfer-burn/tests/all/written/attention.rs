//! Attention with every option, and Burn's own layers of it.

use super::{fresh, write};
use crate::models::{device, random, words};
use burn::module::Module;
use burn::nn::attention::{MhaInput, MultiHeadAttention, MultiHeadAttentionConfig};
use burn::nn::transformer::{TransformerEncoderConfig, TransformerEncoderInput};
use burn::nn::{Embedding, EmbeddingConfig, Relu};
use burn::tensor::module::attention;
use burn::tensor::ops::AttentionModuleOptions;
use burn::tensor::{Bool, Int, Tensor, TensorData};

/// Attention within `[batch, 4 heads, 5 places, 8]`, to the first places of the first heads, with values
/// shorter than keys.
fn attend(
    x: Tensor<4>,
    (heads, keys): (usize, usize),
    mask: Option<Tensor<4, Bool>>,
    bias: Option<Tensor<4>>,
    options: AttentionModuleOptions,
) -> Tensor<4> {
    let key = x.clone().slice_dim(1, 0..heads).slice_dim(2, 0..keys) * 0.7 + 0.1;
    let value = x.clone().slice_dim(1, 0..heads).slice_dim(2, 0..keys).slice_dim(3, 0..6);
    attention(x, key, value, mask, bias, options)
}

/// One row of the mask hides all.
fn mask(device: &burn::tensor::Device) -> Tensor<4, Bool> {
    let hidden = (0..25).map(|place| place % 3 == 0 || place / 5 == 2).collect::<Vec<bool>>();
    Tensor::from_data(TensorData::new(hidden, [1, 1, 5, 5]), device)
}

fn bias(device: &burn::tensor::Device) -> Tensor<4> {
    let bias = (0..100u8).map(|place| (f32::from(place) * 0.7).sin()).collect::<Vec<f32>>();
    Tensor::from_data(TensorData::new(bias, [1, 4, 5, 5]), device)
}

#[test]
fn scaled_products() {
    let folder = fresh("attention");
    let inputs = (&random([3, 4, 5, 8]), &random([7, 4, 5, 8]));
    let plain = AttentionModuleOptions::default();
    let causal = AttentionModuleOptions { is_causal: true, ..plain };
    let capped = AttentionModuleOptions { scale: Some(0.9), softcap: Some(1.5), is_causal: true };
    let model = Relu::new();
    let write = |name: &str, forward: &dyn Fn(Tensor<4>) -> Tensor<4>| {
        write(&folder, name, &model, inputs, |_, x| forward(x));
    };
    write("plain", &|x| attend(x, (4, 5), None, None, plain));
    write("few_keys", &|x| attend(x, (4, 3), None, None, plain));
    write("one_head_of_keys", &|x| attend(x, (1, 5), None, None, plain));
    write("causal", &|x| attend(x, (4, 5), None, None, causal));
    write("causal_few_keys", &|x| attend(x, (4, 3), None, None, causal));
    write("capped", &|x| attend(x, (4, 5), None, None, capped));
    write("mask", &|x| attend(x.clone(), (4, 5), Some(mask(&x.device())), None, plain));
    write("bias", &|x| attend(x.clone(), (4, 5), None, Some(bias(&x.device())), plain));
    write("all", &|x| {
        let (mask, bias) = (mask(&x.device()), bias(&x.device()));
        attend(x, (4, 5), Some(mask), Some(bias), capped)
    });
}

/// Words of number 0 are not seen.
#[derive(Module, Debug)]
struct Padded {
    embedding: Embedding,
    attention: MultiHeadAttention,
}

impl Padded {
    fn forward(&self, words: Tensor<2, Int>) -> Tensor<3> {
        let unseen = words.clone().equal_elem(0);
        let x = self.embedding.forward(words);
        self.attention.forward(MhaInput::self_attn(x).mask_pad(unseen)).context
    }
}

#[test]
fn layers_of_burn() {
    let folder = fresh("attention_layers");
    let device = device();
    for quiet in [false, true] {
        let attention = MultiHeadAttentionConfig::new(8, 2).with_quiet_softmax(quiet);
        let model = Padded {
            embedding: EmbeddingConfig::new(10, 8).init(&device),
            attention: attention.init(&device),
        };
        let name = if quiet { "quiet" } else { "padded" };
        write(&folder, name, &model, (&words(3, 6), &words(7, 6)), Padded::forward);
    }
    let model = TransformerEncoderConfig::new(8, 16, 2, 2).init(&device);
    write(&folder, "encoder", &model, (&random([3, 5, 8]), &random([7, 5, 8])), |model, x| {
        model.forward(TransformerEncoderInput::new(x))
    });
}
