//! A model of one parameter in f64, and reading and writing its factors.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{DType, Device, Gradients, Tensor, TensorData};
use chamfer_burn::{Form, Granularity, Rule, factorize};

#[derive(Module, Debug)]
pub struct One<const D: usize> {
    pub weight: Param<Tensor<D>>,
}

/// Numbers that follow no pattern, of both signs, none near 0.
pub fn numbers(n: usize, phase: f64) -> Vec<f64> {
    let number = |i: usize| {
        let x = (0.7 + 1.3 * i as f64 + phase).sin();
        x + 0.2 * x.signum()
    };
    (0..n).map(number).collect()
}

pub fn tensor<const D: usize>(values: &[f64], shape: [usize; D], device: &Device) -> Tensor<D> {
    Tensor::from_data(TensorData::new(values.to_vec(), shape), (device, DType::F64))
}

pub fn one<const D: usize>(values: &[f64], shape: [usize; D], device: &Device) -> One<D> {
    One { weight: Param::from_tensor(tensor(values, shape, device)) }
}

/// A factorized model whose factors have been moved off balance.
pub fn moved<const D: usize>(shape: [usize; D], rule: Rule, device: &Device) -> One<D> {
    let values = numbers(shape.iter().product(), 0.0);
    let model = factorize(one(&values, shape, device), &[rule]).unwrap();
    let n: usize = factors(&model).iter().map(Vec::len).sum();
    let mut shifts = numbers(n, 0.4).into_iter();
    change(model, |_, _, x| x + 0.3 * shifts.next().unwrap())
}

pub fn read<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    tensor.into_data().iter::<f64>().collect()
}

/// All factors of a model, the base first.
pub fn factors<M: Module>(model: &M) -> Vec<Vec<f64>> {
    struct Visit(Vec<Vec<f64>>);
    impl ModuleVisitor for Visit {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.0.push(read(param.base()));
        }
    }
    let mut visit = Visit(Vec::new());
    model.visit(&mut visit);
    visit.0
}

/// The gradients of all factors, in the same order.
pub fn gradients<M: Module>(model: &M, gradients: &Gradients) -> Vec<Vec<f64>> {
    struct Visit<'a>(Vec<Vec<f64>>, &'a Gradients);
    impl ModuleVisitor for Visit<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.0.push(read(param.base().grad(self.1).expect("a gradient for every factor")));
        }
    }
    let mut visit = Visit(Vec::new(), gradients);
    model.visit(&mut visit);
    visit.0
}

/// Replaces each number of each factor.
pub fn change<M: Module>(model: M, f: impl FnMut(usize, usize, f64) -> f64) -> M {
    struct Map<F>(F, usize);
    impl<F: FnMut(usize, usize, f64) -> f64> ModuleMapper for Map<F> {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            let factor = self.1;
            self.1 += 1;
            param.map(|tensor| {
                let values = read(tensor.clone()).into_iter().enumerate();
                let values: Vec<f64> = values.map(|(i, x)| (self.0)(factor, i, x)).collect();
                let data = TensorData::new(values, tensor.shape()).convert_dtype(tensor.dtype());
                Tensor::from_data(data, (&tensor.device(), tensor.dtype()))
                    .set_require_grad(tensor.is_require_grad())
            })
        }
    }
    model.map(&mut Map(f, 0))
}

/// Every form of every granularity that a matrix can have.
pub fn matrix_rules() -> Vec<Rule> {
    let by_unit = [
        Granularity::InputFeature,
        Granularity::Neuron,
        Granularity::HeadOutputs { heads: 2 },
        Granularity::HeadInputs { heads: 3 },
        Granularity::EmbeddingRow,
        Granularity::Layer,
        Granularity::Axis(1),
        Granularity::Blocks { axis: 0, count: 2 },
    ];
    let forms = [
        Form::Product { depth: 2 },
        Form::Product { depth: 4 },
        Form::Power { depth: 3.5 },
        Form::Nested { weights: 2, gates: 1 },
        Form::Nested { weights: 3, gates: 2 },
    ];
    let mut rules = Vec::new();
    for granularity in by_unit {
        rules.extend(forms.map(|form| Rule::new("weight", granularity).form(form)));
    }
    let by_weight = [
        Form::Product { depth: 2 },
        Form::Product { depth: 3 },
        Form::Power { depth: 2.0 },
        Form::Power { depth: 3.3 },
    ];
    rules.extend(by_weight.map(|form| Rule::new("weight", Granularity::Weight).form(form)));
    rules.extend([2, 3].map(|depth| Rule::new("weight", Granularity::Rank).depth(depth)));
    rules
}

/// Those of a convolution.
pub fn convolution_rules() -> Vec<Rule> {
    let by_unit = [
        Granularity::Weight,
        Granularity::Filter,
        Granularity::Channel,
        Granularity::Kernel,
        Granularity::Layer,
        Granularity::Rank,
    ];
    let mut rules = Vec::new();
    for granularity in by_unit {
        rules.extend([2, 3].map(|depth| Rule::new("weight", granularity).depth(depth)));
    }
    rules
}
