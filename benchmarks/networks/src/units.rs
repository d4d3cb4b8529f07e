//! What becomes zero together: units of the weights of a network.

use crate::runs::count as whole;
use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Shape, Tensor};
use chamfer_burn::{Granularity, Rule};
use std::collections::BTreeMap;

/// The units of the parameters whose paths match a pattern.
#[derive(Debug, Clone, Copy)]
pub struct Units {
    /// As in [`Rule`], with one `*` at most.
    pub pattern: &'static str,
    /// One of those that [`Units::shape`] knows.
    pub granularity: Granularity,
}

impl Units {
    /// Factors for these units.
    pub fn rule(&self, depth: usize) -> Rule {
        Rule::new(self.pattern, self.granularity).lambda(1.0).depth(depth)
    }

    fn matches(&self, path: &str) -> bool {
        match self.pattern.split_once('*') {
            Some((begin, end)) => path.strip_prefix(begin).is_some_and(|rest| rest.ends_with(end)),
            None => path == self.pattern,
        }
    }

    /// A parameter's shape with the units in the middle.
    fn shape(&self, shape: &Shape) -> [usize; 3] {
        let (size, first) = (shape.num_elements(), shape[0]);
        match self.granularity {
            Granularity::Weight => [1, size, 1],
            Granularity::Neuron => [first, size / first, 1],
            Granularity::HeadInputs { heads } => [1, heads, size / heads],
            _ => [1, first, size / first],
        }
    }
}

/// The parameters with units, `[before, units, after]`, by their paths.
pub fn parameters<M: Module>(model: &M, units: &[Units]) -> BTreeMap<String, Tensor<3>> {
    let mut walk = Walk { units, path: Vec::new(), found: BTreeMap::new() };
    model.visit(&mut walk);
    walk.found
}

/// Replaces the parameters with units, `[before, units, after]`, by what `change` makes of them.
pub fn change<M: Module>(
    model: M,
    units: &[Units],
    change: impl FnMut(&str, Tensor<3>) -> Tensor<3>,
) -> M {
    model.map(&mut Change { units, path: Vec::new(), made: change })
}

/// The root of the mean square of the weights of each unit, `[1, units, 1]`.
pub fn sizes(parameter: Tensor<3>) -> Tensor<3> {
    let [before, _, after] = parameter.dims();
    if before * after == 1 {
        return parameter.abs();
    }
    // Not quite 0, where the root has no derivative.
    (parameter.powi_scalar(2).mean_dim(0).mean_dim(2) + 1e-12).sqrt()
}

/// The sizes of all units of a network.
pub fn all_sizes<M: Module>(model: &M, units: &[Units]) -> Vec<f32> {
    sizes_by_path(model, units).into_values().flatten().collect()
}

fn sizes_by_path<M: Module>(model: &M, units: &[Units]) -> BTreeMap<String, Vec<f32>> {
    let read = |parameter| sizes(parameter).into_data().iter::<f32>().collect::<Vec<_>>();
    let all = parameters(model, units).into_iter();
    all.map(|(path, parameter)| (path, read(parameter))).collect()
}

/// A parameter keeps at least its part of this share of what is kept: else, small weights could cost a
/// network a whole layer.
const LEAST_OF_PARAMETER: f64 = 0.2;

/// What a normalization adds after its scale.
const SHIFTS: Units = Units { pattern: "*.beta", granularity: Granularity::Weight };

/// Sets all units to zero but the `count` largest of the network.
pub fn keep_largest<M: Module>(model: M, units: &[Units], count: usize) -> M {
    let mut by_path = sizes_by_path(&model, units);
    let total = by_path.values().map(Vec::len).sum::<usize>();
    if count >= total {
        return model;
    }
    // The size that the largest units of each parameter are above, which stay in any case.
    let mut floors = BTreeMap::new();
    let mut all = Vec::with_capacity(total);
    for (path, sizes) in &mut by_path {
        let part = sizes.len() as f64 * count as f64 / total as f64;
        let least = whole(LEAST_OF_PARAMETER * part).max(1).min(sizes.len() - 1);
        let (large, floor, small) = sizes.select_nth_unstable_by(least, |a, b| b.total_cmp(a));
        floors.insert(path.clone(), *floor);
        all.extend(large.iter().map(|_| f32::INFINITY));
        all.extend([*floor].iter().chain(small.iter()));
    }
    let (_, cut, _) = all.select_nth_unstable_by(count, |a, b| b.total_cmp(a));
    let cut = *cut;
    let mut kept = BTreeMap::new();
    let model = change(model, units, |path, parameter| {
        let cut = floors.get(path).map_or(cut, |floor| floor.min(cut));
        let large = sizes(parameter.clone()).greater_scalar(cut).float();
        kept.insert(path.to_owned(), large.clone());
        parameter * large
    });
    // Else, a channel whose scale is zero stays as a constant, which a padded convolution reads.
    change(model, &[SHIFTS], |path, shift| {
        let scale = path.strip_suffix("beta").and_then(|norm| kept.get(&format!("{norm}gamma")));
        scale.map_or(shift.clone(), |scale| shift * scale.clone())
    })
}

/// Where the weights of units are not zero.
pub struct Support<'a> {
    units: &'a [Units],
    ones: BTreeMap<String, Tensor<3>>,
}

impl<'a> Support<'a> {
    /// Where they are not zero in `model`.
    pub fn of<M: Module>(model: &M, units: &'a [Units]) -> Self {
        let mark = |parameter: Tensor<3>| parameter.detach().not_equal_scalar(0.0).float();
        let ones = parameters(model, units).into_iter();
        Self { units, ones: ones.map(|(path, parameter)| (path, mark(parameter))).collect() }
    }

    /// Sets all other weights of units to zero.
    pub fn restrict<M: Module>(&self, model: M) -> M {
        change(model, self.units, |path, parameter| match self.ones.get(path) {
            Some(ones) => parameter * ones.clone(),
            None => parameter,
        })
    }
}

struct Walk<'a> {
    units: &'a [Units],
    path: Vec<String>,
    found: BTreeMap<String, Tensor<3>>,
}

impl ModuleVisitor for Walk<'_> {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let path = self.path.join(".");
        if let Some(units) = self.units.iter().find(|units| units.matches(&path)) {
            let tensor = param.val();
            let shape = units.shape(&tensor.shape());
            self.found.insert(path, tensor.reshape(shape));
        }
    }
}

struct Change<'a, F> {
    units: &'a [Units],
    path: Vec<String>,
    made: F,
}

impl<F: FnMut(&str, Tensor<3>) -> Tensor<3>> ModuleMapper for Change<'_, F> {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let path = self.path.join(".");
        let Some(units) = self.units.iter().find(|units| units.matches(&path)) else {
            return param;
        };
        param.map(|tensor| {
            let (shape, trained) = (tensor.shape(), tensor.is_require_grad());
            let parameter = tensor.detach().reshape(units.shape(&shape));
            (self.made)(&path, parameter).reshape(shape).detach().set_require_grad(trained)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{SHIFTS, Support, Units, all_sizes, change, keep_largest, parameters};
    use crate::models::{HEADS, Lenet5, Lenet300, Network, Resnet, Transformer};
    use burn::module::Module;
    use burn::tensor::{Device, Distribution, Int, Tensor};
    use chamfer_burn::{Granularity, compact};

    fn units(pattern: &'static str, granularity: Granularity) -> Units {
        Units { pattern, granularity }
    }

    /// Half of the units go, the outputs stay, and there is less to compute.
    fn becomes_small<N: Network>(model: &N, units: &[Units], input: &N::Input) {
        let total = all_sizes(model, units).len();
        let sparse = keep_largest(model.clone(), units, total / 2);
        let sizes = all_sizes(&sparse, units);
        assert_eq!(sizes.iter().filter(|size| **size > 2e-6).count(), total / 2);
        let small = compact(&sparse, input, N::scores).unwrap();
        assert!(small.flops_after < small.flops_before, "{small}");
        assert!(small.difference < 1e-4, "{small}");
    }

    #[test]
    fn units_are_cut_out_of_every_network() {
        let device = Device::default();
        device.seed(1);
        let images = Tensor::<4>::random([2, 1, 28, 28], Distribution::Default, &device);
        let inputs = [
            units("fc2.weight", Granularity::InputFeature),
            units("fc3.weight", Granularity::InputFeature),
        ];
        becomes_small(&Lenet300::new(&device), &inputs, &images);
        let filters =
            [units("conv*.weight", Granularity::Filter), units("fc1.weight", Granularity::Neuron)];
        becomes_small(&Lenet5::new(&device), &filters, &images);
        let text = Tensor::<2, Int>::zeros([2, 64], &device);
        let output = "layers.*.attention.output.weight";
        let heads = [units(output, Granularity::HeadInputs { heads: HEADS })];
        becomes_small(&Transformer::new(5, &device), &heads, &text);
    }

    #[test]
    fn channels_are_the_scales_of_normalizations() {
        let device = Device::default();
        let scales = [
            units("norm.gamma", Granularity::Weight),
            units("blocks.*.gamma", Granularity::Weight),
        ];
        let found = parameters(&Resnet::new(&device), &scales);
        assert_eq!(found.len(), 7);
        assert_eq!(found["blocks.1.norm2.gamma"].dims(), [1, 32, 1]);
    }

    #[test]
    fn channels_go_with_their_shifts() {
        let device = Device::default();
        device.seed(1);
        let scales = [
            units("norm.gamma", Granularity::Weight),
            units("blocks.*.gamma", Granularity::Weight),
        ];
        // Sizes that differ, and shifts that are not zero.
        let model = change(Resnet::new(&device), &scales, |_, scale| {
            scale.random_like(Distribution::Uniform(0.5, 1.5))
        });
        let model = change(model, &[SHIFTS], |_, shift| shift + 0.5);
        let images = Tensor::<4>::random([2, 1, 28, 28], Distribution::Default, &device);
        becomes_small(&model, &scales, &images);
        let sparse = keep_largest(model, &scales, 44);
        let shifts = all_sizes(&sparse, &[SHIFTS]);
        assert_eq!(shifts.iter().filter(|shift| **shift > 0.0).count(), 44);
    }

    #[test]
    fn zeros_stay_where_the_support_is_not() {
        let device = Device::default().autodiff();
        let weights = [units("fc*.weight", Granularity::Weight)];
        let sparse = keep_largest(Lenet300::new(&device), &weights, 100);
        let support = Support::of(&sparse, &weights);
        let restricted = support.restrict(Lenet300::new(&device));
        assert_eq!(
            all_sizes(&restricted, &weights).iter().filter(|size| **size > 0.0).count(),
            100
        );
        assert!(restricted.num_params() == sparse.num_params());
    }
}
