//! What is measured: networks, tasks, units, and settings that were chosen on validation data.

use crate::Failure;
use crate::data::{Pictures, Set, Text};
use crate::methods::Method::{self, Gradual, OneShot, Product, SoftThreshold, Subgradient};
use crate::models::{HEADS, Lenet5, Lenet300, Resnet, Transformer};
use crate::runs::{Experiment, Length, Settings, Trial};
use crate::units::Units;
use chamfer_burn::Granularity;
use std::path::Path;

/// Their names.
pub const EXPERIMENTS: [&str; 6] = [
    "mnist-weights",
    "mnist-units",
    "mnist-filters",
    "fashion-channels",
    "text-heads",
    "fashion-weights",
];

const BY_WEIGHT: [Method; 7] = [
    Product { depth: 3 },
    Gradual,
    OneShot,
    Subgradient,
    Product { depth: 2 },
    SoftThreshold,
    Product { depth: 4 },
];

const BY_UNIT: [Method; 5] = [Product { depth: 2 }, Gradual, OneShot, Subgradient, SoftThreshold];

/// Shares of the weights that are left.
const COMPRESSIONS: [f64; 5] = [1.0 / 20.0, 1.0 / 50.0, 1.0 / 100.0, 1.0 / 200.0, 1.0 / 500.0];

/// An experiment by its name, with its data.
pub fn read(name: &str, data: &Path) -> Result<Box<dyn Trial>, Failure> {
    Ok(match name {
        "mnist-weights" => weights(
            "mnist-weights",
            Pictures::read(data, Set::Mnist)?,
            Length { batch: 128, path: 45, polish: 15, decay: 4e-4 },
        ),
        "fashion-weights" => weights(
            "fashion-weights",
            Pictures::read(data, Set::Fashion)?,
            Length { batch: 128, path: 30, polish: 15, decay: 0.0 },
        ),
        "mnist-units" => Box::new(Experiment {
            name: "mnist-units",
            task: Pictures::read(data, Set::Mnist)?,
            new: Box::new(Lenet300::new),
            units: vec![units("fc*.weight", Granularity::InputFeature)],
            methods: &BY_UNIT,
            shares: &[0.5, 0.25, 0.1],
            small: 2e-3,
            length: Length { batch: 128, path: 20, polish: 10, decay: 3e-4 },
            settings: |method| match method {
                Product { .. } => settings(0.1, 1e-5, 5e-4),
                Subgradient => settings(0.05, 1e-5, 1e-3),
                SoftThreshold => settings(0.05, 1e-4, 1e-2),
                Gradual => settings(0.3, 1.0, 1.0),
                OneShot => settings(0.1, 1.0, 1.0),
            },
        }),
        "mnist-filters" => Box::new(Experiment {
            name: "mnist-filters",
            task: Pictures::read(data, Set::Mnist)?.first(6_000),
            new: Box::new(Lenet5::new),
            units: vec![
                units("conv*.weight", Granularity::Filter),
                units("fc1.weight", Granularity::Neuron),
            ],
            methods: &BY_UNIT,
            shares: &[0.5, 0.25, 0.1],
            small: 2e-3,
            length: Length { batch: 64, path: 6, polish: 3, decay: 0.0 },
            settings: |method| match method {
                Product { .. } => settings(0.2, 3e-5, 1e-3),
                Subgradient => settings(0.1, 3e-5, 1.5e-3),
                SoftThreshold => settings(0.1, 3e-4, 1.5e-2),
                Gradual => settings(0.1, 1.0, 1.0),
                OneShot => settings(0.05, 1.0, 1.0),
            },
        }),
        "fashion-channels" => Box::new(Experiment {
            name: "fashion-channels",
            task: Pictures::read(data, Set::Fashion)?.first(6_000),
            new: Box::new(Resnet::new),
            units: vec![
                units("norm.gamma", Granularity::Weight),
                units("blocks.*.gamma", Granularity::Weight),
            ],
            methods: &BY_UNIT,
            shares: &[0.5, 0.25],
            small: 1e-2,
            length: Length { batch: 64, path: 8, polish: 4, decay: 0.0 },
            settings: |method| match method {
                Product { .. } | Subgradient => settings(0.1, 1e-4, 1e-3),
                SoftThreshold => settings(0.1, 3e-4, 3e-3),
                Gradual | OneShot => settings(0.1, 1.0, 1.0),
            },
        }),
        "text-heads" => {
            let text = Text::read(data)?.first(2000);
            let kinds = text.kinds;
            Box::new(Experiment {
                name: "text-heads",
                task: text,
                new: Box::new(move |device| Transformer::new(kinds, device)),
                units: vec![units(
                    "layers.*.attention.output.weight",
                    Granularity::HeadInputs { heads: HEADS },
                )],
                methods: &BY_UNIT,
                shares: &[0.5, 0.25, 0.125],
                small: 2e-3,
                length: Length { batch: 16, path: 6, polish: 2, decay: 0.0 },
                settings: |method| match method {
                    Product { .. } | Subgradient => settings(0.2, 1e-5, 1e-3),
                    SoftThreshold => settings(0.2, 1e-4, 1e-2),
                    Gradual | OneShot => settings(0.2, 1.0, 1.0),
                },
            })
        }
        _ => return Err(format!("no experiment {name}: there are {EXPERIMENTS:?}").into()),
    })
}

/// LeNet-300-100 by weights.
fn weights(name: &'static str, task: Pictures, length: Length) -> Box<dyn Trial> {
    Box::new(Experiment {
        name,
        task,
        new: Box::new(Lenet300::new),
        units: vec![units("fc*.weight", Granularity::Weight)],
        methods: &BY_WEIGHT,
        shares: &COMPRESSIONS,
        small: 0.02,
        length,
        settings: |method| match method {
            Product { depth: 2 } => settings(0.5, 1e-5, 1.5e-3),
            Product { .. } => settings(0.5, 1.5e-5, 1e-3),
            Subgradient => settings(0.05, 1e-5, 4e-3),
            SoftThreshold => settings(0.1, 1e-4, 3e-2),
            _ => settings(0.2, 1.0, 1.0),
        },
    })
}

fn units(pattern: &'static str, granularity: Granularity) -> Units {
    Units { pattern, granularity }
}

fn settings(rate: f64, from: f64, to: f64) -> Settings {
    Settings { rate, strengths: (from, to) }
}
