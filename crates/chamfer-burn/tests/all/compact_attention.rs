//! Heads of attention, and their values, in smaller models.

use super::compact::kept;
use crate::models::*;
use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::Tensor;
use burn::tensor::activation::softmax;
use burn::tensor::ops::AttentionModuleOptions;
use chamfer_burn::{MultiHeadAttention, compact};

#[test]
fn heads_are_cut_out_of_all_four_matrices() {
    // Head 1 is not read; head 2 has no values.
    let edit = Edit::default()
        .zero("attention.output.weight", 0, &[4, 5, 6, 7])
        .zero("attention.value.weight", 1, &[8, 9, 10, 11])
        .zero("attention.value.bias", 0, &[8, 9, 10, 11]);
    let model = Attending::new(3).map(&mut { edit });
    let small = compact(&model, &random([2, 5, 4]), Attending::forward).unwrap();
    assert_same(&model, &small, random([6, 7, 4]), Attending::forward);
    let attention = &small.model.attention;
    for linear in [&attention.query, &attention.key, &attention.value] {
        assert_eq!((linear.weight.dims(), linear.bias.as_ref().unwrap().dims()), ([12, 4], [4]));
    }
    assert_eq!(attention.output.weight.dims(), [4, 12]);
}

#[test]
fn a_part_of_a_head_stays() {
    const OUTPUT: &str = "attention.output.weight";
    const QUERY: &str = "attention.query.weight";
    let together = "only all 4 of a head";
    let number = "size is a number of the module";
    for (heads, path, axis, indices, reason) in [
        (3, OUTPUT, 0, [4, 5, 6].as_slice(), together),
        (3, QUERY, 1, &[1, 5, 9], together),
        (1, QUERY, 1, &[2], number),
    ] {
        let edit = Edit::default().zero(path, axis, indices);
        let model = Attending::new(heads).map(&mut { edit });
        let small = compact(&model, &random([2, 5, 4]), Attending::forward).unwrap();
        assert!(small.cuts.is_empty(), "{small}");
        let (count, found) = kept(&small, path, axis);
        assert!(count == indices.len() && found.contains(reason), "{small}");
    }
}

#[test]
fn values_lose_as_many_dimensions_in_every_head() {
    // Two of head 0, two others of head 1, of which one is no value, and three of head 2.
    let edit = Edit::default()
        .zero("attention.output.weight", 0, &[0, 1, 5, 8, 9, 11])
        .zero("attention.value.weight", 1, &[7])
        .zero("attention.value.bias", 0, &[7]);
    let model = Attending::new(3).map(&mut { edit });
    let small = compact(&model, &random([2, 5, 4]), Attending::forward).unwrap();
    assert_same(&model, &small, random([6, 7, 4]), Attending::forward);
    let attention = &small.model.attention;
    assert_eq!(attention.query.weight.dims(), [12, 12], "{small}");
    assert_eq!(attention.value.weight.dims(), [12, 6]);
    assert_eq!(attention.value.bias.as_ref().unwrap().dims(), [6]);
    assert_eq!(attention.output.weight.dims(), [6, 12]);
    assert!(small.flops_after < small.flops_before);
    let (count, reason) = kept(&small, "attention.output.weight", 0);
    assert!(count == 1 && reason.contains("as many in every head"), "{small}");

    // The only head.
    let edit = Edit::default().zero("attention.output.weight", 0, &[4, 5, 6, 7]);
    let model = Attending::new(1).map(&mut { edit });
    let small = compact(&model, &random([2, 5, 4]), Attending::forward).unwrap();
    assert_same(&model, &small, random([6, 7, 4]), Attending::forward);
    assert_eq!(small.model.attention.value.weight.dims(), [12, 8], "{small}");
}

#[test]
fn values_are_followed_through_attention_of_ones_own_if_nothing_else_reads_them() {
    use burn::tensor::module::attention;
    #[derive(Module, Debug)]
    struct Own {
        value: Linear,
        output: Linear,
    }
    let device = device();
    let edit = Edit::default().zero("output.weight", 0, &[0, 6, 11]);
    let model = Own {
        value: LinearConfig::new(6, 12).init(&device),
        output: LinearConfig::new(12, 2).init(&device),
    };
    let model = model.map(&mut { edit });
    // Two heads, whatever their size.
    let split = |x: Tensor<3>| {
        let [batch, n, features] = x.dims();
        x.reshape([batch, n, 2, features / 2]).permute([0, 2, 1, 3])
    };
    let merge = |model: &Own, x: Tensor<4>| {
        let [batch, heads, n, size] = x.dims();
        model.output.forward(x.permute([0, 2, 1, 3]).reshape([batch, n, heads * size]))
    };
    let forward = |model: &Own, x: Tensor<3>| {
        let (query, value) = (split(x.clone()), split(model.value.forward(x)));
        let options = AttentionModuleOptions::default();
        merge(model, attention(query.clone(), query, value, None, None, options))
    };
    let small = compact(&model, &random([2, 5, 6]), forward).unwrap();
    assert_same(&model, &small, random([3, 4, 6]), forward);
    assert_eq!(small.model.value.weight.dims(), [6, 10], "{small}");

    // Their largest one is read, too.
    let forward = |model: &Own, x: Tensor<3>| {
        let (query, value) = (split(x.clone()), split(model.value.forward(x)));
        let weights = softmax(query.clone().matmul(query.transpose()), 3);
        let largest = value.clone().max_dim(3).sum_dim(1).squeeze_dim::<3>(1);
        merge(model, weights.matmul(value)) + largest
    };
    let small = compact(&model, &random([2, 5, 6]), forward).unwrap();
    assert!(small.cuts.is_empty(), "{small}");
}

/// Burn's attention has the size of its heads written in it.
#[test]
fn values_stay_where_their_number_is_written_in_the_forward_pass() {
    use burn::nn::attention::{MhaInput, MultiHeadAttention, MultiHeadAttentionConfig};
    let edit = Edit::default().zero("output.weight", 0, &[1, 4, 8]);
    let config = MultiHeadAttentionConfig::new(12, 3).with_dropout(0.0);
    let model = config.init(&device()).map(&mut { edit });
    let forward = |model: &MultiHeadAttention, x| model.forward(MhaInput::self_attn(x)).context;
    let small = compact(&model, &random([2, 5, 12]), forward).unwrap();
    assert!(small.cuts.is_empty(), "{small}");
    assert_eq!(kept(&small, "output.weight", 0).0, 3);
}

#[test]
fn it_is_the_attention_of_burn() {
    use burn::nn::attention::{MhaInput, MultiHeadAttentionConfig as Burns};
    let burns = Burns::new(12, 3).with_dropout(0.0).init(&device());
    let ours = MultiHeadAttention::from(burns.clone());
    let x = random([2, 5, 12]);
    let mask = Tensor::<2>::from_floats([[0.0; 5], [0.0, 0.0, 0.0, 1.0, 1.0]], &device())
        .greater_elem(0.5);
    let seen = mask.clone().reshape([2, 1, 5]).repeat_dim(1, 5);
    let expected = burns.forward(MhaInput::self_attn(x.clone()).mask_pad(mask)).context;
    let found = ours.forward(x.clone(), x.clone(), x, Some(seen));
    for (a, b) in values(expected).iter().zip(values(found)) {
        assert!((a - b).abs() < 1e-5);
    }
}

#[test]
fn a_transformer_loses_heads_and_hidden_units() {
    let edit = Edit::default()
        .zero("attention.output.weight", 0, &[0, 1, 4, 5]) // heads 0 and 2
        .zero("up.weight", 1, &[3, 7])
        .set("up.bias", 3, 0.8) // a constant after the activation
        .set("up.bias", 7, 0.0)
        .zero("down.weight", 0, &[11]);
    let model = Transformer::new().map(&mut { edit });
    let small = compact(&model, &words(3, 6), Transformer::forward).unwrap();
    assert_same(&model, &small, words(20, 6), Transformer::forward);
    assert!(small.unknown.is_empty(), "{small}");
    assert_eq!(small.model.attention.query.weight.dims(), [8, 4], "{small}");
    assert_eq!(small.model.attention.output.weight.dims(), [4, 8]);
    assert_eq!(small.model.up.weight.dims(), [8, 9]);
    assert_eq!(small.model.down.weight.dims(), [9, 8]);
}
