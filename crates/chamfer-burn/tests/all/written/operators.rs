//! One file for each operation that is written to ONNX, as far as networks do not have it.

use super::{fresh, write};
use crate::models::{device, random, words};
use burn::module::Module;
use burn::nn::conv::{
    Conv1d, Conv1dConfig, Conv2d, Conv2dConfig, ConvTranspose1d, ConvTranspose1dConfig,
    ConvTranspose2d, ConvTranspose2dConfig,
};
use burn::nn::pool::{
    AdaptiveAvgPool1d, AdaptiveAvgPool1dConfig, AdaptiveAvgPool2d, AdaptiveAvgPool2dConfig,
    AvgPool1d, AvgPool1dConfig, AvgPool2d, AvgPool2dConfig, MaxPool1d, MaxPool1dConfig, MaxPool2d,
    MaxPool2dConfig,
};
use burn::nn::{
    BatchNorm, BatchNormConfig, GroupNorm, GroupNormConfig, InstanceNorm, InstanceNormConfig,
    LayerNorm, LayerNormConfig, Linear, LinearConfig, PReluConfig, PaddingConfig1d,
    PaddingConfig2d, Relu, RmsNorm, RmsNormConfig, SwiGluConfig,
};
use burn::tensor::activation::*;
use burn::tensor::ops::PadMode;
use burn::tensor::{DType, Int, Tensor, s};
use std::path::Path;

/// Writes what a function does to `[batch, 6]`, exported for another length of the batch.
fn rows(folder: &Path, name: &str, forward: fn(Tensor<2>) -> Tensor<2>) {
    let inputs = (&(random([3, 6]) * 4.0), &(random([7, 6]) * 4.0));
    write(folder, name, &Relu::new(), inputs, |_, x| forward(x));
}

/// Writes a layer of sequences, `[batch, 4, 9]`.
fn sequences<M: Module>(
    folder: &Path,
    name: &str,
    model: &M,
    forward: fn(&M, Tensor<3>) -> Tensor<3>,
) {
    write(folder, name, model, (&random([2, 4, 9]), &random([5, 4, 9])), forward);
}

/// Writes a layer of images, `[batch, 4, 8, 9]`.
fn images<M: Module>(
    folder: &Path,
    name: &str,
    model: &M,
    forward: fn(&M, Tensor<4>) -> Tensor<4>,
) {
    write(folder, name, model, (&random([2, 4, 8, 9]), &random([5, 4, 8, 9])), forward);
}

#[test]
fn activations() {
    let folder = &fresh("activations");
    rows(folder, "leaky_relu", |x| leaky_relu(x, 0.07));
    rows(folder, "gelu_approximate", gelu_approximate);
    rows(folder, "hard_sigmoid", |x| hard_sigmoid(x, 0.3, 0.4));
    rows(folder, "hard_swish", hard_swish);
    rows(folder, "hardtanh", |x| hardtanh(x, -1.5, 0.5));
    rows(folder, "relu6", relu6);
    rows(folder, "log_sigmoid", log_sigmoid);
    rows(folder, "log_softmax", |x| log_softmax(x, 1));
    rows(folder, "softmin", |x| softmin(x, 1));
    rows(folder, "quiet_softmax", |x| quiet_softmax(x, 1));
    rows(folder, "softplus", |x| softplus(x, 1.5));
    rows(folder, "mish", mish);
    rows(folder, "silu", silu);
    rows(folder, "elu", |x| elu(x, 0.8));
    rows(folder, "celu", |x| celu(x, 0.8));
    rows(folder, "selu", selu);
    rows(folder, "glu", |x| glu(x, 1));
    rows(folder, "softsign", softsign);
    rows(folder, "tanhshrink", tanhshrink);
    rows(folder, "shrink", |x| shrink(x, 1.0, 0.5));
    rows(folder, "thresholded_relu", |x| thresholded_relu(x, 1.0));
    let inputs = (&random([3, 6]), &random([7, 6]));
    let model = PReluConfig::new().with_num_parameters(6).init(&device());
    write(folder, "prelu", &model, inputs, |model, x: Tensor<2>| model.forward(x));
    let model = SwiGluConfig::new(6, 5).init(&device());
    write(folder, "swiglu", &model, inputs, |model, x: Tensor<2>| model.forward(x));
}

#[test]
fn arithmetic() {
    let folder = &fresh("arithmetic");
    rows(folder, "powers", |x| {
        let positive = x.clone().abs() + 0.1;
        positive.clone().powf_scalar(1.7) + x.clone().powi_scalar(3) + positive.powf(x.sin())
    });
    rows(folder, "logarithms", |x| (x.clone().abs() + 1.0).log() - x.abs().log1p() * 2.0);
    rows(folder, "functions", |x| x.clone().cos() + x.clone().erf() * x.exp());
    rows(folder, "quotients", |x| (x.clone().abs() + 1.0).recip() / (x.square() + 2.0).sqrt());
    rows(folder, "rounding", |x| x.clone().floor() * 3.0 - x.ceil() + 0.5);
    rows(folder, "signs", |x| x.clone().sign() - x.neg());
    rows(folder, "bounds", |x| {
        x.clone().clamp_min(-1.0) + x.clone().clamp_max(2.0).clamp(0.5, 1.5)
    });
    rows(folder, "pairs", |x| {
        let y = x.clone() * -0.5 + 1.0;
        x.clone().max_pair(y.clone()) - x.min_pair(y) * 2.0
    });
    rows(folder, "reductions", |x| {
        let positive = x.clone().abs();
        x.clone().sum_dim(1) + positive.prod_dim(1).log() + x.clone().max_dim(1)
            - x.min_dim(1) * 2.0
    });
    rows(folder, "several_axes", |x| x.reshape([-1, 2, 3]).sum_dims(&[1, 2]).reshape([-1, 1]));
    rows(folder, "types", |x| x.cast(DType::F64).tanh().cast(DType::F32));
    rows(folder, "comparisons", |x| {
        let y = x.clone().flip([1]);
        let [a, b] = [x.clone().greater(y.clone()), x.clone().lower_equal_elem(1.0)];
        let [c, d] = [x.clone().lower(y.clone()), x.clone().greater_equal(y.clone())];
        let [e, f] = [x.clone().lower_elem(-1.0), x.greater_equal_elem(2.0)];
        let [first, second] = [a.bool_and(b.clone()), c.bool_or(e.clone()).bool_xor(d)];
        first.float()
            + second.float() * 2.0
            + f.bool_not().float() * 4.0
            + b.int().float() * e.float()
    });
    rows(folder, "equality", |x| {
        let (up, down) = (x.clone().ceil(), x.clone().floor() + 1.0);
        let equal = up.clone().equal(down.clone()).float();
        let unequal = up.clone().not_equal(down).float() * 2.0;
        equal + unequal + up.clone().equal_elem(2.0).float() + up.not_equal_elem(1.0).float() * 3.0
    });
    rows(folder, "integers", |x| {
        let x = x.int();
        let bounded = (x.clone() * 3 - 1).clamp(-4, 7);
        (bounded + x.clone().abs() - x.max_dim(1)).float()
    });
}

#[test]
fn shapes() {
    let folder = &fresh("shapes");
    rows(folder, "expansion", |x| {
        let [samples, length] = x.dims();
        x.clone().sum_dim(1).expand([samples, length]) * x
    });
    rows(folder, "repetition", |x| x.repeat_dim(1, 3));
    rows(folder, "slices", |x| x.slice(s![.., 1..6;2]));
    sequences(folder, "flip", &Relu::new(), |_, x| x.flip([2, 1]));
    rows(folder, "reshaped_flip", |x| x.reshape([-1, 2, 3]).flip([1, 2]).reshape([-1, 6]));
    rows(folder, "concatenation", |x| {
        Tensor::cat(vec![x.clone().narrow(1, 2, 3), x.clone() * 2.0, x.narrow(1, 0, 1)], 1)
    });
    rows(folder, "constant_padding", |x| x.pad([(0, 0), (2, 1)], PadMode::Constant(0.5)));
    rows(folder, "reflected_padding", |x| x.pad([(0, 0), (2, 1)], PadMode::Reflect));
    rows(folder, "repeated_padding", |x| x.pad([(0, 0), (2, 1)], PadMode::Edge));
    rows(folder, "selection", |x| {
        let columns = Tensor::<1, Int>::from_ints([4, 0, 0, 5], &x.device());
        x.select(1, columns)
    });
    rows(folder, "masks", |x| {
        let mask = x.clone().lower_elem(0.5);
        let filled = x.clone().mask_fill(mask.clone(), 0.25);
        filled - (x.clone() * 0.1).mask_where(mask, x)
    });
    // What is made for one number of samples.
    let x = random([3, 6]);
    write(folder, "gathering", &Relu::new(), (&x, &x), |_, x: Tensor<2>| {
        let places = [[1, 1], [0, 5], [3, 2]];
        x.clone().gather(1, Tensor::from_ints(places, &x.device()))
    });
    write(folder, "state", &Relu::new(), (&x, &x), |_, x: Tensor<2>| {
        let (zeros, ones) = (Tensor::zeros([3, 2], &x.device()), Tensor::ones([3, 1], &x.device()));
        Tensor::cat(vec![zeros, x.clone(), ones, Tensor::full([3, 1], 0.7, &x.device())], 1)
    });
    write(folder, "transposition", &Relu::new(), (&x, &x), |_, x: Tensor<2>| {
        x.clone().transpose().matmul(x)
    });
    let words = (&words(3, 6), &words(7, 6));
    write(folder, "words", &Relu::new(), words, |_, x: Tensor<2, Int>| {
        let mask = x.clone().equal_elem(3);
        (x.clone() + 1).mask_fill(mask, -2).float() + x.lower_elem(5).float()
    });
}

#[test]
fn convolutions() {
    let folder = &fresh("convolutions");
    let device = device();
    let model = Conv1dConfig::new(4, 6, 4).with_padding(PaddingConfig1d::Same).init(&device);
    sequences(folder, "same_1d", &model, Conv1d::forward);
    let model = Conv1dConfig::new(4, 6, 3).with_groups(2).with_dilation(2).with_stride(2);
    sequences(folder, "groups_1d", &model.init(&device), Conv1d::forward);
    let model = Conv2dConfig::new([4, 6], [3, 2])
        .with_groups(2)
        .with_padding(PaddingConfig2d::Explicit(1, 0, 2, 1));
    images(folder, "groups_2d", &model.init(&device), Conv2d::forward);
    let model = ConvTranspose1dConfig::new([4, 3], 3).init(&device);
    sequences(folder, "transposed_1d", &model, ConvTranspose1d::forward);
    let model = ConvTranspose1dConfig::new([4, 6], 4)
        .with_stride(3)
        .with_padding(1)
        .with_padding_out(2)
        .with_groups(2);
    sequences(folder, "transposed_groups_1d", &model.init(&device), ConvTranspose1d::forward);
    let model = ConvTranspose2dConfig::new([4, 3], [3, 2])
        .with_stride([2, 1])
        .with_padding([1, 0])
        .with_padding_out([1, 0])
        .with_dilation([1, 2])
        .with_bias(false);
    images(folder, "transposed_2d", &model.init(&device), ConvTranspose2d::forward);
}

#[test]
fn pooling() {
    let folder = &fresh("pooling");
    let max = MaxPool1dConfig::new(3).with_stride(2).with_padding(PaddingConfig1d::Explicit(1, 1));
    sequences(folder, "max_1d", &max.init(), MaxPool1d::forward);
    let max = MaxPool1dConfig::new(3).with_stride(4).with_dilation(2).with_ceil_mode(true);
    sequences(folder, "max_past_the_end_1d", &max.init(), MaxPool1d::forward);
    let max = MaxPool2dConfig::new([3, 2]).with_strides([3, 2]).with_ceil_mode(true);
    images(folder, "max_past_the_end_2d", &max.init(), MaxPool2d::forward);
    let average = AvgPool1dConfig::new(3).with_padding(PaddingConfig1d::Explicit(1, 1));
    sequences(folder, "average_1d", &average.init(), AvgPool1d::forward);
    let average = AvgPool1dConfig::new(2).with_stride(2).with_ceil_mode(true);
    sequences(folder, "average_past_the_end_1d", &average.init(), AvgPool1d::forward);
    let average = AvgPool2dConfig::new([3, 2])
        .with_strides([2, 2])
        .with_padding(PaddingConfig2d::Explicit(1, 1, 1, 1))
        .with_count_include_pad(false);
    images(folder, "average_2d", &average.init(), AvgPool2d::forward);
    let average = average.with_strides([3, 3]).with_ceil_mode(true);
    images(folder, "average_past_the_end_2d", &average.init(), AvgPool2d::forward);
    let adaptive = AdaptiveAvgPool1dConfig::new(1).init();
    sequences(folder, "global_1d", &adaptive, AdaptiveAvgPool1d::forward);
    let adaptive = AdaptiveAvgPool1dConfig::new(3).init();
    sequences(folder, "adaptive_1d", &adaptive, AdaptiveAvgPool1d::forward);
    let adaptive = AdaptiveAvgPool2dConfig::new([4, 3]).init();
    images(folder, "adaptive_2d", &adaptive, AdaptiveAvgPool2d::forward);
}

#[test]
fn normalizations() {
    let folder = &fresh("normalizations");
    let device = device();
    let model = BatchNormConfig::new(4).init(&device);
    sequences(folder, "batch", &model, BatchNorm::forward);
    let model = GroupNormConfig::new(2, 4).init(&device);
    images(folder, "group", &model, GroupNorm::forward);
    let model = InstanceNormConfig::new(4).init(&device);
    images(folder, "instance", &model, InstanceNorm::forward);
    let model = LayerNormConfig::new(9).with_bias(false).init(&device);
    sequences(folder, "layer", &model, LayerNorm::forward);
    let model = RmsNormConfig::new(9).init(&device);
    sequences(folder, "rms", &model, RmsNorm::forward);
    let model = LinearConfig::new(9, 5).init(&device);
    sequences(folder, "linear", &model, Linear::forward);
}
