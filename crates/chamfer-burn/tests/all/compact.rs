//! Smaller models have the same outputs; what cannot be proved to leave them alone stays.

use crate::models::*;
use burn::module::{Module, ModuleMapper, Param};
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{LayerNorm, LayerNormConfig, Linear, LinearConfig};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Int, Tensor, TensorData};
use chamfer_burn::{
    Compacted, Error, Example, Granularity, Rule, Zeros, collapse, compact, factorize, flops,
    load_safetensors, resize, save_safetensors,
};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

pub fn kept<M>(compacted: &Compacted<M>, path: &str, axis: usize) -> (usize, String) {
    let lines = compacted.kept.iter().filter(|kept| kept.path == path && kept.axis == axis);
    lines.fold((0, String::new()), |(count, text), kept| (count + kept.count, text + &kept.reason))
}

#[test]
fn dead_neurons_go_and_their_constants_stay() {
    let edit = Edit::default()
        .zero("first.weight", 1, &[0, 3])
        .set("first.bias", 0, 0.7) // a constant that the next layer reads
        .set("first.bias", 3, -0.4) // nothing after the activation
        .zero("second.weight", 0, &[5]); // read by nobody
    let model = Mlp::new().map(&mut { edit });
    let small = compact(&model, &random([4, 6]), Mlp::forward).unwrap();
    assert_same(&model, &small, random([50, 6]), Mlp::forward);
    let [first, second, third] =
        [&small.model.first, &small.model.second, &small.model.third].map(|l| l.weight.dims());
    assert_eq!((first, second, third), ([6, 5], [5, 5], [5, 3]));
    assert_eq!(small.model.first.bias.as_ref().unwrap().dims(), [5]);
    assert!(small.kept.is_empty() && small.unknown.is_empty(), "{small}");
    // Four samples, two operations for each weight.
    assert_eq!((small.flops_before, small.flops_after), (8 * (48 + 40 + 15), 8 * (30 + 25 + 15)));
}

#[test]
fn what_feeds_only_dead_neurons_goes_too() {
    // Neuron 2 of the first layer feeds neurons 1 and 4 of the second alone, which nobody reads.
    let edit = Edit::default()
        .with("second.weight", |at, x| if at[0] == 2 && ![1, 4].contains(&at[1]) { 0.0 } else { x })
        .zero("third.weight", 0, &[1, 4]);
    let model = Mlp::new().map(&mut { edit });
    let small = compact(&model, &random([4, 6]), Mlp::forward).unwrap();
    assert_same(&model, &small, random([50, 6]), Mlp::forward);
    assert_eq!(small.model.first.weight.dims(), [6, 7]);
    assert_eq!(small.model.second.weight.dims(), [7, 3]);
}

#[test]
fn inputs_outputs_and_last_neurons_stay() {
    let edit = Edit::default()
        .zero("first.weight", 0, &[1])
        .zero("first.weight", 1, &[0, 1, 2, 3, 4, 5, 6, 7])
        .zero("third.weight", 1, &[2]);
    let model = Mlp::new().map(&mut { edit });
    let small = compact(&model, &random([4, 6]), Mlp::forward).unwrap();
    assert_same(&model, &small, random([10, 6]), Mlp::forward);
    assert_eq!(small.model.first.weight.dims(), [6, 1]);
    assert_eq!(small.model.third.weight.dims()[1], 3);
    assert!(kept(&small, "first.weight", 0).1.contains("input"), "{small}");
    assert!(kept(&small, "third.weight", 1).1.contains("output"), "{small}");
    assert!(kept(&small, "first.weight", 1).1.contains("last"), "{small}");
}

#[test]
fn channels_go_through_additions_normalizations_and_flattening() {
    let edit = Edit::default()
        // Channel 0 of both sides of the addition is 0 after the activations.
        .zero("conv1.weight", 0, &[0, 3])
        .zero("conv2.weight", 0, &[0, 3])
        .set("norm1.gamma", 0, 0.0)
        .set("norm1.beta", 0, -1.0)
        .set("norm2.gamma", 0, 0.0)
        .set("norm2.beta", 0, -0.5)
        // Channel 3 is a constant that the third convolution reads; the mean after it takes it.
        .set("norm1.gamma", 3, 0.0)
        .set("norm1.beta", 3, -0.2)
        .set("norm2.gamma", 3, 0.0)
        .set("norm2.beta", 3, 0.7)
        // Filter 1 of the third convolution is a constant to the linear layer, as is a channel that
        // the normalization switches off.
        .zero("conv3.weight", 0, &[1])
        .set("norm3.gamma", 4, 0.0)
        .set("norm3.beta", 4, 0.3);
    let model = Residual::new().map(&mut { edit });
    let small = compact(&model, &images(3), Residual::forward).unwrap();
    assert_same(&model, &small, images(10), Residual::forward);
    assert_eq!(small.model.conv1.weight.dims(), [4, 2, 3, 3], "{small}");
    assert_eq!(small.model.conv2.weight.dims(), [4, 4, 3, 3]);
    assert_eq!(small.model.conv3.weight.dims(), [3, 4, 3, 3]);
    assert_eq!(small.model.norm3.gamma.dims(), [3]);
    assert_eq!(small.model.norm3.running_var.value().dims(), [3]);
    assert_eq!(small.model.fc.weight.dims(), [12, 3]);
    assert!(small.kept.is_empty(), "{small}");
}

#[test]
fn living_branches_and_padded_constants_stay() {
    let edit = Edit::default()
        .zero("conv2.weight", 0, &[1]) // what is added to it lives
        .zero("conv1.weight", 0, &[2]) // a constant that a padded convolution reads
        .zero("conv2.weight", 0, &[2])
        .set("norm1.beta", 2, 1.5)
        .set("norm1.gamma", 2, 0.0);
    let model = Residual::new().map(&mut { edit });
    let small = compact(&model, &images(3), Residual::forward).unwrap();
    assert!(small.cuts.is_empty(), "{small}");
    assert_eq!(small.difference, 0.0);
    let (count, reasons) = kept(&small, "conv2.weight", 0);
    assert_eq!(count, 2);
    assert!(reasons.contains("alive") && reasons.contains("padded"), "{small}");
}

#[test]
fn branches_gates_and_pooling_are_followed() {
    let edit = Edit::default()
        .zero("left.weight", 0, &[1])
        .set("left.bias", 1, 0.0)
        .zero("last.weight", 0, &[5]) // read by the gate alone
        .zero("squeeze.weight", 0, &[5])
        .zero("squeeze.weight", 1, &[2])
        .set("squeeze.bias", 2, 0.4);
    let model = Branches::new().map(&mut { edit });
    let small = compact(&model, &random([3, 2, 9]), Branches::forward).unwrap();
    assert_same(&model, &small, random([20, 2, 11]), Branches::forward);
    let small_model = &small.model;
    assert_eq!(small_model.left.weight.dims(), [3, 2, 3], "{small}");
    assert_eq!(small_model.right.weight.dims(), [2, 2, 3], "{small}");
    assert_eq!(small_model.squeeze.weight.dims(), [5, 3]);
    assert_eq!(small_model.excite.weight.dims(), [3, 5]);
    assert_eq!(small_model.last.weight.dims(), [5, 2]);
}

#[test]
fn channels_of_transposed_convolutions_go() {
    let edit = Edit::default()
        .zero("down.weight", 0, &[1, 3])
        .set("down.bias", 1, -0.2) // nothing after the activation
        .set("down.bias", 3, 0.5) // a constant that a transposed convolution reads
        .set("norm.gamma", 2, 0.0)
        .set("norm.beta", 2, -0.3)
        .zero("last.weight", 0, &[4]); // read by nobody
    let model = Decoder::new().map(&mut { edit });
    let small = compact(&model, &images(3), Decoder::forward).unwrap();
    assert_same(&model, &small, images(10), Decoder::forward);
    assert_eq!(small.model.down.weight.dims(), [4, 2, 3, 3], "{small}");
    assert_eq!(small.model.up.weight.dims(), [4, 4, 3, 3]);
    assert_eq!(small.model.up.bias.as_ref().unwrap().dims(), [4]);
    assert_eq!(small.model.norm.gamma.dims(), [4]);
    assert_eq!(small.model.last.weight.dims(), [4, 2, 2, 2]);
    let (count, reason) = kept(&small, "down.weight", 0);
    assert!(count == 1 && reason.contains("transposed"), "{small}");
    // Three samples, two operations for each weight of an output, or an input if transposed.
    let flops = |down: u64, up: u64| 6 * (9 * down * 18 + 9 * down * up * 9 + 36 * up * 8);
    assert_eq!((small.flops_before, small.flops_after), (flops(5, 6), flops(4, 4)));
}

#[test]
fn channels_at_the_same_place_in_all_groups_go() {
    let edit = Edit::default()
        .zero("middle.weight", 1, &[1]) // channels 1 and 5 are not read
        .zero("first.weight", 0, &[2, 6])
        .set("first.bias", 2, 0.4) // constants, one in each group
        .set("first.bias", 6, 0.7)
        .zero("transposed.weight", 0, &[2, 6, 1]) // the last of one group alone
        .zero("last.weight", 0, &[0, 3]);
    let model = Grouped::new().map(&mut { edit });
    let small = compact(&model, &random([3, 2, 9]), Grouped::forward).unwrap();
    assert_same(&model, &small, random([20, 2, 11]), Grouped::forward);
    assert_eq!(small.model.first.weight.dims(), [4, 2, 3], "{small}");
    assert_eq!(small.model.middle.weight.dims(), [6, 2, 3]);
    assert_eq!(small.model.transposed.weight.dims(), [6, 2, 3]);
    assert_eq!(small.model.transposed.bias.as_ref().unwrap().dims(), [4]);
    assert_eq!(small.model.last.weight.dims(), [4, 2]);
    let (count, reason) = kept(&small, "transposed.weight", 0);
    assert!(count == 1 && reason.contains("all 2 of a head, block or group"), "{small}");
    let (before, after) = (7 * 48 + 5 * 96 + 5 * 72 + 12, 7 * 24 + 5 * 36 + 5 * 36 + 8);
    assert_eq!((small.flops_before, small.flops_after), (6 * before, 6 * after));
}

#[test]
fn channels_that_are_alone_in_their_group_stay() {
    #[derive(Module, Debug)]
    struct Separable {
        first: Conv2d,
        depthwise: Conv2d,
        last: Conv2d,
    }
    let device = device();
    let edit = Edit::default()
        .zero("first.weight", 0, &[0])
        // All second channels of the four groups; the first that are left are alone.
        .zero("last.weight", 1, &[0, 1, 3, 5, 7]);
    let model = Separable {
        first: Conv2dConfig::new([2, 4], [3, 3]).init(&device),
        depthwise: Conv2dConfig::new([4, 8], [3, 3]).with_groups(4).init(&device),
        last: Conv2dConfig::new([8, 2], [1, 1]).init(&device),
    };
    let model = model.map(&mut { edit });
    let forward = |model: &Separable, x: Tensor<4>| {
        model.last.forward(relu(model.depthwise.forward(relu(model.first.forward(x)))))
    };
    let small = compact(&model, &images(2), forward).unwrap();
    assert_same(&model, &small, images(5), forward);
    assert_eq!(small.model.first.weight.dims(), [4, 2, 3, 3], "{small}");
    assert_eq!(small.model.depthwise.weight.dims(), [4, 1, 3, 3]);
    assert!(small.flops_after < small.flops_before);
    for (path, axis) in [("first.weight", 0), ("last.weight", 1)] {
        let (count, reason) = kept(&small, path, axis);
        assert!(count == 1 && reason.contains("`groups` is a number"), "{small}");
    }
}

/// Features that only a dead neuron reads are not used, either.
#[test]
fn unused_inputs_are_named_and_can_be_left_out() {
    let edit = Edit::default()
        .zero("first.weight", 0, &[1, 4])
        .with("first.weight", |at, x| if at[0] == 2 && at[1] != 5 { 0.0 } else { x })
        .zero("second.weight", 0, &[5]);
    let model = Mlp::new().map(&mut { edit });
    let small = compact(&model, &random([4, 6]), Mlp::forward).unwrap();
    assert_eq!(small.unused_inputs, [1, 2, 4], "{small}");

    let used = Tensor::<1, Int>::from_ints([0, 3, 5], &Device::default());
    let mut less = small.model;
    less.first.weight = Param::from_tensor(less.first.weight.val().select(0, used.clone()));
    let x = random([20, 6]);
    let expected = values(model.forward(x.clone()));
    for (a, b) in expected.iter().zip(values(less.forward(x.select(1, used)))) {
        assert!((a - b).abs() < 1e-5);
    }

    let scaled = |model: &Mlp, x: Tensor<3>| model.forward(x.flatten(1, 2) / 2.0 - 0.1);
    assert_eq!(compact(&model, &random([4, 2, 3]), scaled).unwrap().unused_inputs, [1, 2, 4]);
}

#[test]
fn inputs_that_are_read_in_other_ways_may_be_used() {
    let edit = Edit::default().zero("first.weight", 0, &[1]);
    let model = Mlp::new().map(&mut { edit });
    let x = random([4, 6]);
    assert_eq!(compact(&model, &x, Mlp::forward).unwrap().unused_inputs, [1]);
    let twice = |model: &Mlp, x: Tensor<2>| model.forward(x.clone()) + x.sum_dim(1);
    assert!(compact(&model, &x, twice).unwrap().unused_inputs.is_empty());
    // Rows of features, of which a sample has two.
    let edit = Edit::default().zero("before.weight", 0, &[1]);
    let model = Attending::new(3).map(&mut { edit });
    let small = compact(&model, &random([2, 2, 4]), Attending::forward).unwrap();
    assert!(small.unused_inputs.is_empty(), "{small}");
}

/// An operation that the graph pass does not know, and a normalization over features.
#[derive(Module, Debug)]
struct Odd {
    first: Linear,
    norm: LayerNorm,
    second: Linear,
    third: Linear,
}

impl Odd {
    fn new() -> Self {
        let device = device();
        let edit = Edit::default().zero("first.weight", 1, &[1]).zero("second.weight", 1, &[2]);
        let model = Self {
            first: LinearConfig::new(4, 6).init(&device),
            norm: LayerNormConfig::new(6).init(&device),
            second: LinearConfig::new(6, 5).init(&device),
            third: LinearConfig::new(5, 2).init(&device),
        };
        model.map(&mut { edit })
    }

    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let x = self.second.forward(self.norm.forward(self.first.forward(x)));
        self.third.forward(x.sin())
    }
}

#[test]
fn what_is_not_understood_stays_whole_and_is_named() {
    let model = Odd::new();
    let small = compact(&model, &random([3, 4]), Odd::forward).unwrap();
    assert!(small.cuts.is_empty(), "{small}");
    assert_eq!(small.unknown, ["Sin"]);
    assert!(kept(&small, "second.weight", 1).1.contains("Sin"), "{small}");
    assert!(kept(&small, "first.weight", 1).1.contains("combined"), "{small}");
}

#[test]
fn forward_passes_that_do_not_fit_are_errors() {
    let edit = Edit::default().zero("first.weight", 1, &[0, 3]);
    let model = Mlp::new().map(&mut { edit });
    let x = random([4, 6]);
    let written = |model: &Mlp, x: Tensor<2>| {
        let hidden = model.first.forward(x).reshape([-1, 8]);
        model.third.forward(model.second.forward(hidden))
    };
    let error = compact(&model, &x, written).unwrap_err();
    assert!(matches!(error, Error::Forward { .. }), "{error}");

    let noisy = |model: &Mlp, x: Tensor<2>| {
        let noise = random(x.dims()).to_device(&x.device());
        model.forward(x + noise)
    };
    let error = compact(&model, &x, noisy).unwrap_err();
    assert!(matches!(error, Error::Changed { .. }), "{error}");

    let factorized = factorize(Mlp::new(), &[Rule::new("first.weight", Granularity::Neuron)]);
    let error = compact(&factorized.unwrap(), &x, Mlp::forward).unwrap_err();
    assert!(matches!(error, Error::HasFactors { .. }), "{error}");
}

#[test]
fn operations_are_counted() {
    let counts = flops(&Residual::new(), &images(1), Residual::forward).unwrap();
    let counts: Vec<(&str, u64)> = counts.iter().map(|l| (l.path.as_str(), l.flops)).collect();
    let expected = [
        ("conv1.weight", 2 * 6 * 36 * 2 * 9),
        ("conv2.weight", 2 * 6 * 36 * 6 * 9),
        ("conv3.weight", 2 * 5 * 16 * 6 * 9),
        ("fc.weight", 2 * 3 * 20),
    ];
    assert_eq!(counts, expected);
}

/// From factors to a small model in a file, and back into a program.
#[test]
fn a_whole_life() {
    let edit = Edit::default().zero("conv3.weight", 0, &[0, 2]).zero("fc.weight", 0, &[0, 1, 2, 3]);
    let model = Residual::new().map(&mut { edit });
    let rules = [Rule::new("conv*.weight", Granularity::Filter)];
    let model = factorize(model, &rules).unwrap();
    let collapsed = collapse(&model, Zeros::Gap, |_| 0.0).unwrap();
    let small = compact(&collapsed.model, &images(3), Residual::forward).unwrap();
    assert_eq!(small.model.conv3.weight.dims(), [3, 6, 3, 3]);
    assert_same(
        &model,
        &Compacted { model: small.model.clone(), ..small.clone() },
        images(5),
        Residual::forward,
    );

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("small.safetensors");
    save_safetensors(&small.model, &path, []).unwrap();
    let loaded = load_safetensors(resize(Residual::new(), &small.shapes).unwrap(), &path).unwrap();
    let x = images(2);
    assert_eq!(loaded.forward(x.clone()).into_data(), small.model.forward(x.clone()).into_data());
    let record = small.model.clone().into_record();
    let loaded = resize(Residual::new(), &small.shapes).unwrap().load_record(record);
    assert_eq!(loaded.forward(x.clone()).into_data(), small.model.forward(x).into_data());
}

/// A vector that is added along the samples is no bias, though it is as long as one.
#[test]
fn what_only_looks_like_a_bias_takes_no_constants() {
    #[derive(Module, Debug)]
    struct Shifted {
        first: Linear,
        second: Linear,
        rows: Param<Tensor<1>>,
    }
    let device = device();
    let edit = Edit::default().zero("first.weight", 1, &[1]).set("first.bias", 1, 0.7);
    let model = Shifted {
        first: LinearConfig::new(4, 6).init(&device),
        second: LinearConfig::new(6, 5).with_bias(false).init(&device),
        rows: Param::from_tensor(random([5])),
    };
    let model = model.map(&mut { edit });
    let forward = |model: &Shifted, x: Tensor<2>| {
        let rows = model.rows.val().reshape([5, 1]);
        relu(model.second.forward(relu(model.first.forward(x))) + rows)
    };
    let small = compact(&model, &random([5, 4]), forward).unwrap();
    assert!(small.cuts.is_empty(), "{small}");
    assert!(kept(&small, "first.weight", 1).1.contains("no bias"), "{small}");
}

/// Sets random slices of weights, and random numbers of vectors, to zero; not variances, which would
/// make rounding large.
struct Thin {
    rng: ChaCha8Rng,
    last: String,
}

impl ModuleMapper for Thin {
    fn enter_module(&mut self, name: &str, _: &str) {
        name.clone_into(&mut self.last);
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        if self.last == "running_var" {
            return param;
        }
        param.map(|tensor| {
            let dims = tensor.dims();
            let mut keep = dims.map(|length| vec![true; length]);
            let share = self.rng.random_range(0.0..0.6);
            let axis = self.rng.random_range(0..D);
            keep[axis].iter_mut().for_each(|keep| *keep = !self.rng.random_bool(share));
            let mut values: Vec<f32> = tensor.to_data().iter::<f32>().collect();
            for (position, value) in values.iter_mut().enumerate() {
                let after: usize = dims[axis + 1..].iter().product();
                if !keep[axis][position / after % dims[axis]] {
                    *value = 0.0;
                }
            }
            Tensor::from_data(TensorData::new(values, dims), &tensor.device())
        })
    }
}

fn thinned<M: Module, E: Example, const D: usize>(
    new: impl Fn() -> M,
    example: &E,
    other: &E,
    forward: impl Fn(&M, E) -> Tensor<D> + Copy,
) {
    let mut cuts = 0;
    for seed in 0..40 {
        let model =
            new().map(&mut Thin { rng: ChaCha8Rng::seed_from_u64(seed), last: String::new() });
        let small = compact(&model, example, forward).unwrap();
        assert_same(&model, &small, other.clone(), forward);
        assert!(small.unknown.is_empty(), "{small}");
        cuts += usize::from(!small.cuts.is_empty());
    }
    assert!(cuts >= 10, "only {cuts} of 40 models became smaller");
}

/// Whatever is zero, the function is the same.
#[test]
fn random_zeros_change_no_function() {
    thinned(Mlp::new, &random([4, 6]), &random([20, 6]), Mlp::forward);
    thinned(Residual::new, &images(2), &images(5), Residual::forward);
    thinned(Branches::new, &random([3, 2, 9]), &random([5, 2, 8]), Branches::forward);
    thinned(Decoder::new, &images(2), &images(5), Decoder::forward);
    thinned(Grouped::new, &random([3, 2, 9]), &random([5, 2, 8]), Grouped::forward);
    let attending = || Attending::new(3);
    thinned(attending, &random([2, 5, 4]), &random([3, 4, 4]), Attending::forward);
    thinned(Transformer::new, &words(2, 6), &words(5, 6), Transformer::forward);
}
