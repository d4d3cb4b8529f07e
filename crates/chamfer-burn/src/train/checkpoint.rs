//! A training on disk: the model, the state of the optimizer, and how far it is.

use super::Training;
use crate::Error;
use burn::module::Module;
use burn::optim::ModuleOptimizer;
use std::fs;
use std::path::{Path, PathBuf};

/// The folder of a training's checkpoint. There is one at a time; the next is written beside it and
/// takes its place when it is whole.
pub(super) struct Checkpoint {
    folder: PathBuf,
    /// What the training is, without the folder.
    settings: String,
}

const MODEL: &str = "model.bpk";
const OPTIMIZER: &str = "optimizer.bpk";
const STEP: &str = "training.json";

impl Checkpoint {
    pub(super) fn new(folder: &Path, training: &Training) -> Self {
        let settings = Training { checkpoints: None, ..training.clone() };
        Self { folder: folder.to_owned(), settings: format!("{settings:?}") }
    }

    /// How many steps the checkpoint has done, and the loss with the penalty there; `None` without one.
    pub(super) fn position(&self) -> Result<Option<(usize, f64)>, Error> {
        let path = self.folder.join(STEP);
        if !path.exists() {
            return Ok(None);
        }
        let damaged = |what: &str| failed(&path, &what);
        let text = fs::read_to_string(&path).map_err(|error| damaged(&error.to_string()))?;
        let found: serde_json::Value =
            serde_json::from_str(&text).map_err(|error| damaged(&error.to_string()))?;
        if found["settings"] != self.settings.as_str() {
            return Err(damaged(&format!(
                "this checkpoint is of another training, {}: use another folder, or remove it",
                found["settings"]
            )));
        }
        let step = found["step"].as_u64().and_then(|step| usize::try_from(step).ok());
        let position = step.zip(found["objective"].as_f64());
        position.map(Some).ok_or_else(|| damaged("it is damaged: remove the checkpoint"))
    }

    pub(super) fn load<M: Module>(
        &self,
        model: M,
        optimizer: ModuleOptimizer,
    ) -> Result<(M, ModuleOptimizer), Error> {
        let path = self.folder.join(MODEL);
        let model = model.try_load_file(&path).map_err(|error| failed(&path, &error))?;
        let path = self.folder.join(OPTIMIZER);
        let optimizer = optimizer.load(&path).map_err(|error| failed(&path, &error))?;
        Ok((model, optimizer))
    }

    pub(super) fn save<M: Module>(
        &self,
        model: &M,
        optimizer: &ModuleOptimizer,
        (step, objective): (usize, f64),
    ) -> Result<(), Error> {
        let next = beside(&self.folder, "next");
        let old = beside(&self.folder, "old");
        let write = || -> Result<(), String> {
            let text = |error: std::io::Error| error.to_string();
            remove(&next).map_err(text)?;
            fs::create_dir_all(&next).map_err(text)?;
            let model = model.clone().save_file(next.join(MODEL));
            model.map_err(|error| error.to_string())?;
            optimizer.save(next.join(OPTIMIZER)).map_err(|error| error.to_string())?;
            let state = serde_json::json!({
                "step": step,
                "objective": objective,
                "settings": self.settings,
            });
            fs::write(next.join(STEP), state.to_string()).map_err(text)?;
            remove(&old).map_err(text)?;
            if self.folder.exists() {
                fs::rename(&self.folder, &old).map_err(text)?;
            }
            fs::rename(&next, &self.folder).map_err(text)?;
            remove(&old).map_err(text)
        };
        write().map_err(|error| failed(&self.folder, &error))
    }
}

fn failed(path: &Path, what: &dyn ToString) -> Error {
    Error::Data { file: path.display().to_string(), what: what.to_string() }
}

fn beside(folder: &Path, ending: &str) -> PathBuf {
    let mut name = folder.as_os_str().to_owned();
    name.push(format!(".{ending}"));
    name.into()
}

fn remove(folder: &Path) -> std::io::Result<()> {
    if folder.exists() { fs::remove_dir_all(folder) } else { Ok(()) }
}
