//! Where the connectors become the one `Executor` that the driver calls.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use connectors::{Connectors, Settings};
use dsl::catalog::{Failure, FailureKind};
use engine::command::Call;
use engine::run::RunId;
use runtime::executor::{Calling, Executor};

use crate::order::Note;
use crate::safe::Safe;

/// What each run under way may use: its files and its addresses.
pub struct Hands {
    data: PathBuf,
    safe: Arc<Safe>,
    runs: RwLock<BTreeMap<RunId, Arc<Connectors>>>,
}

impl Hands {
    /// Makes hands for the runs of a data directory, whose secrets lie in a safe.
    pub fn new(data: PathBuf, safe: Arc<Safe>) -> Hands {
        Hands { data, safe, runs: RwLock::default() }
    }

    /// Gives a run its connectors.
    ///
    /// The workflow's file may not be written; the data directory may not even be seen.
    pub fn equip(&self, run: &RunId, note: &Note, allow_private: bool) {
        let policy = egress::Policy { allow_private, ..egress::Policy::default() };
        let connectors = Connectors::new(Settings {
            files: note.files.clone(),
            protected: vec![note.file.clone(), self.data.clone()],
            egress: egress::Client::new(policy, Arc::new(self.safe.of_run(run))),
        });
        self.runs.write().unwrap_or_else(PoisonError::into_inner).insert(run.clone(), Arc::new(connectors));
    }

    /// Takes a run's connectors away once it has ended.
    pub fn release(&self, run: &RunId) {
        self.runs.write().unwrap_or_else(PoisonError::into_inner).remove(run);
    }

    /// True if a run has its connectors.
    pub fn holds(&self, run: &RunId) -> bool {
        self.of(run).is_some()
    }

    fn of(&self, run: &RunId) -> Option<Arc<Connectors>> {
        self.runs.read().unwrap_or_else(PoisonError::into_inner).get(run).cloned()
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
