//! Putting factors inside the parameters of a model.

use crate::factors::{Factors, read, sites};
use crate::pattern::matches;
use crate::scheme::Scheme;
use crate::{Error, Rule};
use burn::module::{Module, ModuleVisitor, Param, ParamId, Reparameterizer};
use burn::tensor::{Tensor, TensorData};
use std::collections::HashMap;
use std::sync::Arc;

/// Puts factors inside the parameters that the rules select. The type of the model stays what it is.
///
/// With [`Init::Open`](crate::Init::Open), the default, the model's function is the same to the bit. From here on,
/// the model's optimizer trains the factors; add [`penalty`](crate::penalty()) to the loss. The model
/// must read its parameters with `val()`, as Burn's layers do: what dereferences a `Param` sees the base
/// factor alone.
///
/// A model that is loaded from a record needs the same factors first: initialize it, call this with
/// the same rules, and load the record then. λ and weights come from the rules, not from the record.
///
/// ```
/// use burn::nn::LinearConfig;
/// use burn::tensor::{Device, Tensor};
/// use chamfer_burn::{Granularity, Rule, factorize, penalty};
///
/// let device = Device::default().autodiff();
/// let model = LinearConfig::new(4, 3).init(&device);
/// let model = factorize(model, &[Rule::new("weight", Granularity::InputFeature)])?;
/// let loss = model.forward(Tensor::<2>::ones([2, 4], &device)).powi_scalar(2).mean();
/// let gradients = (loss + penalty(&model)?).backward();
/// # let _ = gradients;
/// # Ok::<(), chamfer_burn::Error>(())
/// ```
///
/// # Errors
/// If a rule matches nothing, two rules match one parameter, a parameter's shape does not have the
/// granularity or the granularity not the form, a number is out of range, a parameter has factors
/// already, is shared between places, is not finite or is not trained.
pub fn factorize<M: Module>(model: M, rules: &[Rule]) -> Result<M, Error> {
    let mut survey = Survey::default();
    model.visit(&mut survey);
    let plan = plan(&survey, rules)?;
    let planned: Vec<String> = plan.keys().cloned().collect();
    let mut attach = Attach { plan, error: None };
    let model = model.apply_reparameterization(&mut attach);
    if let Some(error) = attach.error {
        return Err(error);
    }
    // Burn drops what is attached to a value that is no parameter.
    let attached: Vec<String> = sites(&model).into_iter().map(|site| site.path).collect();
    match planned.into_iter().find(|path| !attached.contains(path)) {
        Some(path) => Err(Error::NotTrained { path }),
        None => Ok(model),
    }
}

/// For each path its rule, what that makes of it, and the number of a random stream of its own.
type Plan = HashMap<String, (Rule, Scheme, u64)>;

fn plan(survey: &Survey, rules: &[Rule]) -> Result<Plan, Error> {
    rules.iter().try_for_each(check)?;
    let mut plan = Plan::new();
    let mut places: HashMap<ParamId, &str> = HashMap::new();
    for rule in rules {
        let mut found = false;
        for (stream, parameter) in survey.parameters.iter().enumerate() {
            let path = &parameter.path;
            if !matches(&rule.pattern, path) {
                continue;
            }
            found = true;
            if parameter.reparameterized {
                return Err(Error::AlreadyFactorized { path: path.clone() });
            }
            let scheme = Scheme::new(rule, path, &parameter.shape, parameter.transposed)?;
            if let Some((first, ..)) =
                plan.insert(path.clone(), (rule.clone(), scheme, stream as u64))
            {
                let (first, second) = (first.pattern, rule.pattern.clone());
                return Err(Error::TwoRules { path: path.clone(), first, second });
            }
            places.insert(parameter.id, path);
        }
        if !found {
            let paths = survey.parameters.iter().map(|found| found.path.clone()).collect();
            return Err(Error::NoMatch { pattern: rule.pattern.clone(), paths });
        }
    }
    for parameter in &survey.parameters {
        if let Some(first) = places.get(&parameter.id)
            && *first != parameter.path
        {
            let (first, second) = ((*first).to_owned(), parameter.path.clone());
            return Err(Error::Tied { first, second });
        }
    }
    Ok(plan)
}

fn check(rule: &Rule) -> Result<(), Error> {
    let named = |what, value| Error::Strength { pattern: rule.pattern.clone(), what, value };
    let sound = |value: f64| value.is_finite() && value > 0.0;
    if !sound(rule.lambda) {
        return Err(named("lambda", rule.lambda));
    }
    let wrong = rule.weights.iter().flatten().find(|weight| !sound(**weight));
    wrong.map_or(Ok(()), |weight| Err(named("a weight", *weight)))
}

/// What the float parameters of a model are.
#[derive(Default)]
struct Survey {
    path: Vec<String>,
    containers: Vec<String>,
    inside: bool,
    parameters: Vec<Found>,
}

struct Found {
    path: String,
    id: ParamId,
    shape: Vec<usize>,
    transposed: bool,
    reparameterized: bool,
}

impl ModuleVisitor for Survey {
    fn enter_module(&mut self, name: &str, container_type: &str) {
        if container_type == "Reparameterization" {
            self.inside = true;
            if let Some(last) = self.parameters.last_mut() {
                last.reparameterized = true;
            }
        }
        self.path.push(name.to_owned());
        self.containers.push(container_type.to_owned());
    }

    fn exit_module(&mut self, _: &str, container_type: &str) {
        if container_type == "Reparameterization" {
            self.inside = false;
        }
        self.path.pop();
        self.containers.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if self.inside {
            return;
        }
        let container = self.containers.last().map_or("", String::as_str);
        self.parameters.push(Found {
            path: self.path.join("."),
            id: param.id,
            shape: param.lazy_shape().as_slice().to_vec(),
            transposed: container.starts_with("Struct:ConvTranspose"),
            reparameterized: false,
        });
    }
}

struct Start {
    base: Vec<f64>,
    gates: Vec<Vec<f64>>,
    scheme: Arc<Scheme>,
}

struct Attach {
    plan: Plan,
    error: Option<Error>,
}

impl Attach {
    /// What a parameter with a rule is made of.
    fn start(&mut self, path: &str, values: &[f64]) -> Option<Start> {
        let (rule, mut scheme, stream) = self.plan.remove(path)?;
        let start = if values.iter().all(|value| value.is_finite()) {
            scheme.start(values, rule.init, path, stream)
        } else {
            Err(Error::NotFinite { path: path.to_owned() })
        };
        match start {
            Ok((base, gates)) => Some(Start { base, gates, scheme: Arc::new(scheme) }),
            Err(error) => {
                self.error = Some(error);
                None
            }
        }
    }
}

impl Reparameterizer for &mut Attach {
    type Reparam = Factors;

    fn reparameterize<const D: usize>(
        &mut self,
        path: &str,
        param: Param<Tensor<D>>,
    ) -> (Param<Tensor<D>>, Option<Factors>) {
        if self.error.is_some() || !self.plan.contains_key(path) {
            return (param, None);
        }
        let tensor = param.val();
        let values = read(tensor.clone());
        let Some(Start { base, gates, scheme }) = self.start(path, &values) else {
            return (param, None);
        };
        let (device, dtype, trained) =
            (tensor.device(), tensor.dtype(), !tensor.is_autodiff() || tensor.is_require_grad());
        let vector = |values: Vec<f64>| {
            let length = values.len();
            let data = TensorData::new(values, [length]).convert_dtype(dtype);
            Tensor::<1>::from_data(data, (&device, dtype))
        };
        let gate = |gate| Param::from_tensor(vector(gate)).set_require_grad(trained);
        let gates = gates.into_iter().map(gate).collect();
        let param = if base == values {
            param
        } else {
            param.map(|tensor| {
                let requires = tensor.is_require_grad();
                vector(base).reshape(tensor.shape()).set_require_grad(requires)
            })
        };
        (param, Some(Factors { gates, scheme }))
    }
}
