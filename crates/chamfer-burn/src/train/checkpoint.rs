//! A training on disk: the model, the state of the optimizer, and how far it is.

use super::Training;
use super::run::Best;
use crate::Error;
use crate::files::write_whole;
use burn::module::Module;
use burn::optim::ModuleOptimizer;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The folder of a training's checkpoint. There is one at a time; the next is written beside it and
/// takes its place when it is whole. What a process that was killed meanwhile has left is put in order
/// before anything is read.
pub(super) struct Checkpoint {
    folder: PathBuf,
    next: PathBuf,
    old: PathBuf,
    /// What the training is, without the folder.
    settings: String,
}

/// How far a training is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Position {
    /// The steps done.
    pub(super) step: usize,
    /// The loss with the penalty there.
    pub(super) objective: f64,
    /// The least validation loss so far, and after which step it was found.
    pub(super) best: Option<(f64, usize)>,
}

const MODEL: &str = "model.bpk";
const BEST: &str = "best.bpk";
const OPTIMIZER: &str = "optimizer.bpk";
/// Written last, so that a folder that has it is whole.
const STEP: &str = "training.json";

impl Checkpoint {
    pub(super) fn new(folder: &Path, training: &Training, what: &str) -> Self {
        let settings = Training { checkpoints: None, ..training.clone() };
        Self {
            folder: folder.to_owned(),
            next: beside(folder, "next"),
            old: beside(folder, "old"),
            settings: format!("{settings:?}{what}"),
        }
    }

    /// How far the checkpoint is; `None` without one.
    pub(super) fn position(&self) -> Result<Option<Position>, Error> {
        self.recover().map_err(|error| failed(&self.folder, &error))?;
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
        let count = |name: &str| found[name].as_u64().and_then(|n| usize::try_from(n).ok());
        let best = found["best"].as_f64().zip(count("best_step"));
        let position = count("step").zip(found["objective"].as_f64());
        let position = position.map(|(step, objective)| Position { step, objective, best });
        position.map(Some).ok_or_else(|| damaged("it is damaged: remove the checkpoint"))
    }

    pub(super) fn load<M: Module>(
        &self,
        model: M,
        optimizer: ModuleOptimizer,
    ) -> Result<(M, ModuleOptimizer), Error> {
        let model = self.model(MODEL, model)?;
        let path = self.folder.join(OPTIMIZER);
        let optimizer = optimizer.load(&path).map_err(|error| failed(&path, &error))?;
        Ok((model, optimizer))
    }

    /// The model with the least validation loss, if there has been one.
    pub(super) fn load_best<M: Module>(
        &self,
        model: M,
        position: Position,
    ) -> Result<Option<Best<M>>, Error> {
        let Some((loss, step)) = position.best else { return Ok(None) };
        self.model(BEST, model).map(|model| Some(Best { model, loss, step }))
    }

    fn model<M: Module>(&self, name: &str, model: M) -> Result<M, Error> {
        let path = self.folder.join(name);
        model.try_load_file(&path).map_err(|error| failed(&path, &error))
    }

    pub(super) fn save<M: Module>(
        &self,
        model: &M,
        optimizer: &ModuleOptimizer,
        best: Option<&Best<M>>,
        (step, objective): (usize, f64),
    ) -> Result<(), Error> {
        let write = || -> Result<(), String> {
            let text = |error: io::Error| error.to_string();
            remove(&self.next).map_err(text)?;
            fs::create_dir_all(&self.next).map_err(text)?;
            let save = |model: &M, name| {
                let saved = model.clone().save_file(self.next.join(name));
                saved.map_err(|error| error.to_string())
            };
            save(model, MODEL)?;
            best.map_or(Ok(()), |best| save(&best.model, BEST))?;
            optimizer.save(self.next.join(OPTIMIZER)).map_err(|error| error.to_string())?;
            let state = serde_json::json!({
                "step": step,
                "objective": objective,
                "best": best.map(|best| best.loss),
                "best_step": best.map(|best| best.step),
                "settings": self.settings,
            });
            write_whole(&self.next.join(STEP), state.to_string().as_bytes())
                .map_err(|error| error.to_string())?;
            self.replace().map_err(text)
        };
        write().map_err(|error| failed(&self.folder, &error))
    }

    /// Puts the next checkpoint, which is whole, in the place of the last.
    fn replace(&self) -> io::Result<()> {
        remove(&self.old)?;
        if self.folder.exists() {
            fs::rename(&self.folder, &self.old)?;
        }
        fs::rename(&self.next, &self.folder)?;
        remove(&self.old)
    }

    /// Ends what [`save`](Self::save) began.
    fn recover(&self) -> io::Result<()> {
        if self.next.join(STEP).exists() {
            self.replace()
        } else if !self.folder.exists() && self.old.join(STEP).exists() {
            fs::rename(&self.old, &self.folder)
        } else {
            Ok(())
        }
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

fn remove(folder: &Path) -> io::Result<()> {
    if folder.exists() { fs::remove_dir_all(folder) } else { Ok(()) }
}
