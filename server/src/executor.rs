//! Where the connectors become the one `Executor` that the driver calls.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, RwLock};

use connectors::{Connectors, Settings};
use dsl::catalog::{Failure, FailureKind};
use engine::command::Call;
use engine::run::RunId;
use runtime::executor::{Calling, Executor};

use crate::error::Error;
use crate::order::Note;

/// What each run under way may use: its files and its addresses.
#[derive(Default)]
pub struct Hands {
    runs: RwLock<BTreeMap<RunId, Arc<Connectors>>>,
}

impl Hands {
    /// Gives a run its connectors.
    ///
    /// # Errors
    /// Where its directory of files cannot be opened.
    pub fn equip(&self, run: &RunId, note: &Note, allow_private: bool) -> Result<(), Error> {
        let settings = Settings::new(note.files.clone(), vec![note.file.clone()], allow_private);
        let connectors = Connectors::new(settings)
            .map_err(|source| Error::Files { path: PathBuf::from(&note.files), source })?;
        let mut runs = self.runs.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        runs.insert(run.clone(), Arc::new(connectors));
        Ok(())
    }

    /// Takes a run's connectors away once it has ended.
    pub fn release(&self, run: &RunId) {
        self.runs.write().unwrap_or_else(std::sync::PoisonError::into_inner).remove(run);
    }

    fn of(&self, run: &RunId) -> Option<Arc<Connectors>> {
        self.runs.read().unwrap_or_else(std::sync::PoisonError::into_inner).get(run).cloned()
    }
}

impl Executor for Hands {
    fn call<'a>(&'a self, run: &'a RunId, call: &'a Call) -> Calling<'a> {
        Box::pin(async move {
            match self.of(run) {
                Some(connectors) => {
                    let request =
                        connectors::Request { action: &call.action, args: &call.args, key: &call.key };
                    connectors.call(request).await
                }
                None => Err(Failure::new(FailureKind::Refused, "the run has ended")),
            }
        })
    }
}
