//! The factors of one parameter, as Burn sees them: a module inside the parameter.
//!
//! Burn lets a model be visited without knowing its type, but shows visitors only tensors, not what a
//! reparameterization knows besides. [`sites`] therefore lets [`Factors`] hand themselves over while
//! they are visited: they leave a copy in a variable of the thread, which is there only during that
//! visit.

use crate::scheme::Scheme;
use burn::module::{Module, ModuleMapper, ModuleVisitor, Param, ParamId, Reparameterization};
use burn::tensor::{Device, Tensor};
use std::cell::RefCell;
use std::sync::Arc;

/// The gates of a parameter, and how they make its values together with the base, which is stored in
/// the parameter itself.
///
/// Optimizers, records, devices and `valid()` treat the gates as parameters of the model, at the path
/// of the parameter followed by `factors` and a number.
#[derive(Debug, Clone)]
pub struct Factors {
    pub(crate) gates: Vec<Param<Tensor<1>>>,
    pub(crate) scheme: Arc<Scheme>,
}

impl Factors {
    fn with_gates(self, gates: Vec<Param<Tensor<1>>>) -> Self {
        Self { gates, ..self }
    }

    pub(crate) fn values(&self) -> Vec<Tensor<1>> {
        self.gates.iter().map(Param::val).collect()
    }
}

impl Reparameterization for Factors {
    const NAME: &'static str = "factors";

    fn apply<const D: usize>(&self, base: Tensor<D>) -> Tensor<D> {
        self.scheme.apply(base, &self.values())
    }
}

impl Module for Factors {
    fn collect_devices(&self, devices: Vec<Device>) -> Vec<Device> {
        self.gates.collect_devices(devices)
    }

    fn fork(self, device: &Device) -> Self {
        let gates = self.gates.clone().fork(device);
        self.with_gates(gates)
    }

    fn to_device(self, device: &Device) -> Self {
        let gates = self.gates.clone().to_device(device);
        self.with_gates(gates)
    }

    fn visit<V: ModuleVisitor>(&self, visitor: &mut V) {
        FOUND.with_borrow_mut(|found| {
            if let Some(found) = found {
                found.push(self.clone());
            }
        });
        self.gates.visit(visitor);
    }

    fn map<M: ModuleMapper>(self, mapper: &mut M) -> Self {
        let gates = self.gates.clone().map(mapper);
        self.with_gates(gates)
    }

    fn train(self) -> Self {
        let gates = self.gates.clone().train();
        self.with_gates(gates)
    }

    fn valid(&self) -> Self {
        self.clone().with_gates(self.gates.valid())
    }

    fn materialize(self) -> Self {
        self
    }
}

/// A parameter with factors.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) path: String,
    /// The base, flat.
    pub(crate) base: Tensor<1>,
    pub(crate) base_id: ParamId,
    pub(crate) factors: Factors,
}

impl Site {
    /// The base and the gates, with what the squares of each count in the penalty.
    pub(crate) fn constants(&self) -> impl Iterator<Item = (ParamId, f64)> {
        let Factors { gates, scheme } = &self.factors;
        let (before, after) = gates.split_at(scheme.base);
        let gates =
            |gates: &[Param<Tensor<1>>]| gates.iter().map(|gate| gate.id).collect::<Vec<_>>();
        let ids = gates(before).into_iter().chain([self.base_id]).chain(gates(after));
        ids.zip(scheme.constants.clone())
    }

    /// `ξ`, read from the device.
    pub(crate) fn read(&self) -> Vec<f64> {
        let gates: Vec<Vec<f64>> = self.factors.values().into_iter().map(read).collect();
        self.factors.scheme.join(&read(self.base.clone()), &gates)
    }
}

/// The numbers of a tensor, row by row.
pub(crate) fn read<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    tensor.into_data().iter::<f64>().collect()
}

thread_local! {
    /// What visited factors leave for the visit that is under way; `None` between visits.
    static FOUND: RefCell<Option<Vec<Factors>>> = const { RefCell::new(None) };
}

/// All parameters of a model that have factors, in the order of its fields.
pub(crate) fn sites<M: Module>(model: &M) -> Vec<Site> {
    /// Ends the visit also when a module panics.
    struct Visit;
    impl Drop for Visit {
        fn drop(&mut self) {
            FOUND.set(None);
        }
    }
    FOUND.set(Some(Vec::new()));
    let _visit = Visit;
    let mut walk = Walk::default();
    model.visit(&mut walk);
    walk.sites
}

#[derive(Default)]
struct Walk {
    path: Vec<String>,
    last: Option<(Tensor<1>, ParamId)>,
    inside: bool,
    sites: Vec<Site>,
}

impl ModuleVisitor for Walk {
    fn enter_module(&mut self, name: &str, container_type: &str) {
        if container_type == "Reparameterization" {
            self.inside = true;
        }
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, container_type: &str) {
        self.path.pop();
        if container_type == "Reparameterization" {
            self.inside = false;
            let found = FOUND.with_borrow_mut(|found| found.as_mut().and_then(Vec::pop));
            if let (Some(factors), Some((base, base_id))) = (found, self.last.take()) {
                self.sites.push(Site { path: self.path.join("."), base, base_id, factors });
            }
        }
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        // Whether it has factors is known only when they follow.
        if !self.inside {
            self.last = Some((param.base().reshape([-1]), param.id));
        }
    }
}
