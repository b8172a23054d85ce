//! Where the connectors become the one `Executor` that the driver calls.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use ai::ask::{Asking, By, Models, Taken, Tally};
use connectors::contents::Contents;
use connectors::meter::Meter;
use connectors::{Connectors, Settings};
use dsl::catalog::{Failure, FailureKind};
use dsl::value::Value;
use dsl::workflow::{ASK, BATCH, EMBED, TURN};
use engine::command::Call;
use engine::run::RunId;
use engine::spent::{Spent, Tokens};
use runtime::executor::{Calling, Came, Executor, Finding};
use secret::NoVault;
use store::Desk;

use crate::beside;
use crate::connections::{OfOwner, counted};
use crate::left::Left;
use crate::live::{Live, Piece};
use crate::order::Note;
use crate::safe::Safe;
use crate::serve::Reach;

/// What each run under way may use: its files and its addresses.
pub struct Hands {
    data: PathBuf,
    contents: Contents,
    /// How often services are asked, over all runs.
    meter: Meter,
    safe: Arc<Safe>,
    models: Arc<Models>,
    left: Left,
    /// Whoever watches answers come.
    pub live: Live,
    desk: Arc<Desk>,
    /// Whether runs of schedules may go to private addresses.
    private: AtomicBool,
    /// The ways out to public addresses and to all, whose connections the runs share.
    ways: [egress::Client; 2],
    runs: RwLock<BTreeMap<RunId, Arc<Equipment>>>,
}

/// What one run may use.
struct Equipment {
    connectors: Connectors,
    /// The workflow's file: those that it can call stand beside it.
    file: PathBuf,
    /// True if it runs a version that was deployed: so do those that it calls.
    deployed: bool,
    /// Whose secrets it may use.
    owner: Arc<str>,
    allow_private: bool,
}

impl Hands {
    /// Makes hands for the runs of a data directory, whose secrets lie in a safe.
    /// To be called within the runtime.
    pub fn new(data: PathBuf, safe: Arc<Safe>, desk: Arc<Desk>, meter: Meter) -> Hands {
        let models = Arc::new(Models::new(desk.clone()));
        let left = Left::new(models.clone(), safe.clone());
        let (live, private) = (Live::default(), AtomicBool::new(false));
        let ways = [false, true].map(|allow_private| {
            let policy = egress::Policy { allow_private, ..egress::Policy::default() };
            egress::Client::new(policy, Arc::new(NoVault))
        });
        let contents = crate::home::contents(&data);
        Hands {
            data,
            contents,
            meter,
            safe,
            models,
            left,
            live,
            desk,
            private,
            ways,
            runs: RwLock::default(),
        }
    }

    /// Waits for what is still to be written of calls that were given up.
    pub fn settled(&self) {
        self.left.settled();
        if let Some(vault) = self.safe.opened() {
            self.safe.health().write(&vault);
        }
        counted::write(&self.meter, &self.desk);
        self.models.settled();
    }

    /// Where the contents of large files are kept.
    pub fn contents(&self) -> &Contents {
        &self.contents
    }

    /// Says where the runs of schedules may go.
    pub fn open_to(&self, reach: Reach) {
        self.private.store(reach == Reach::Private, Ordering::Release);
    }

    /// Gives a run its connectors.
    ///
    /// The workflow's file may not be written; the data directory may not even be seen.
    pub fn equip(&self, run: &RunId, note: &Note, allow_private: bool) {
        let [public, all] = &self.ways;
        let way = if allow_private { all } else { public };
        let connectors = Connectors::new(Settings {
            files: note.files.clone(),
            protected: vec![note.file.clone(), self.data.clone()],
            contents: self.contents.clone(),
            egress: way.opened_by(Arc::new(self.safe.of_run(run, &note.owner))),
            library: connectors::library().clone(),
            connections: Arc::new(OfOwner::of_run(self.safe.clone(), run, &note.owner, way.clone())),
            meter: self.meter.of(&note.owner, &note.file.to_string_lossy()),
        });
        let (file, deployed, owner) = (note.file.clone(), note.version.is_some(), Arc::from(&*note.owner));
        let equipment = Arc::new(Equipment { connectors, file, deployed, owner, allow_private });
        self.runs.write().unwrap_or_else(PoisonError::into_inner).insert(run.clone(), equipment);
    }

    /// True if a run has its connectors.
    pub fn holds(&self, run: &RunId) -> bool {
        self.of(run).is_some()
    }

    /// The way out, to public addresses or to all.
    pub(crate) fn way(&self, reach: Reach) -> &egress::Client {
        let [public, all] = &self.ways;
        match reach {
            Reach::Private => all,
            Reach::Public => public,
        }
    }

    /// How often services are asked, over all that asks them.
    pub(crate) fn meter(&self) -> &Meter {
        &self.meter
    }

    /// What all questions to models share.
    pub(crate) fn models(&self) -> &Models {
        &self.models
    }

    /// The vault with the keys for models.
    pub(crate) async fn vault(&self) -> Result<Arc<vault::Vault>, Failure> {
        if let Some(vault) = self.safe.opened() {
            return Ok(vault);
        }
        let safe = self.safe.clone();
        let opened = tokio::task::spawn_blocking(move || safe.vault()).await;
        let no_keys =
            |why: String| Failure::new(FailureKind::Auth, format!("there are no keys for models: {why}"));
        let opened = opened.map_err(|error| no_keys(error.to_string()))?;
        opened.map_err(|error| no_keys(crate::chain(&error)))
    }

    /// Asks a model, on the keys of the run's owner: all that a step wants of it, or one turn of one with tools.
    async fn ask(&self, run: &RunId, call: &Call, equipment: &Equipment) -> Came {
        let hand = |piece: ai::ask::Piece<'_>| {
            let (from, text) = (piece.from, piece.text.to_owned());
            self.live.tell(run, &Piece { at: call.at, attempt: call.attempt, from, text })
        };
        let vault = match self.vault().await {
            Ok(vault) => vault,
            Err(failure) => return Err(failure).into(),
        };
        let mut asking = Asking {
            models: &self.models,
            vault,
            owner: &equipment.owner,
            by: By::Step {
                run: &run.0,
                place: runtime::executor::place(call.at),
                attempt: i64::from(call.attempt),
                hand: &hand,
            },
            reach: if equipment.allow_private { ai::ask::Reach::Private } else { ai::ask::Reach::Public },
            tally: Tally::default(),
        };
        let result = match &*call.action {
            BATCH => ai::ask::batch(&mut asking, &call.args).await,
            EMBED => ai::ask::embed(&asking, &call.args).await,
            TURN => ai::ask::turn(&mut asking, &call.args).await,
            _ => ai::ask::ask(&asking, &call.args).await,
        };
        Came { result, spent: asking.tally.taken().map(spent) }
    }

    fn of(&self, run: &RunId) -> Option<Arc<Equipment>> {
        self.runs.read().unwrap_or_else(PoisonError::into_inner).get(run).cloned()
    }
}

impl Executor for Hands {
    fn call<'a>(&'a self, run: &'a RunId, call: &'a Call) -> Calling<'a> {
        Box::pin(async move {
            match self.of(run) {
                Some(equipment) if [ASK, BATCH, EMBED, TURN].contains(&&*call.action) => {
                    self.ask(run, call, &equipment).await
                }
                Some(equipment) => {
                    let name = format!("{run} {}.{}", call.at.frame, call.at.slot);
                    let request = connectors::Request {
                        name: &name,
                        connection: call.connection.as_deref(),
                        ..connectors::Request::new(&call.action, &call.args, &call.key)
                    };
                    equipment.connectors.call(request).await.into()
                }
                None => Err(Failure::new(FailureKind::Refused, "the run has ended")).into(),
            }
        })
    }
    fn find<'a>(&'a self, run: &'a RunId, workflow: &'a str, inputs: &'a Value) -> Finding<'a> {
        Box::pin(async move {
            let gone = || Failure::new(FailureKind::Refused, "the run has ended");
            let equipment = self.of(run).ok_or_else(gone)?;
            let (name, inputs, database) = (workflow.to_owned(), inputs.clone(), self.desk.path().to_owned());
            let looked = tokio::task::spawn_blocking(move || {
                if equipment.deployed
                    && let Some(found) = beside::deployed(&database, &name, &inputs, &equipment.owner)
                {
                    return found;
                }
                beside::find(&equipment.file, &name, &inputs, &equipment.owner)
            })
            .await;
            looked.unwrap_or_else(|_| Err(Failure::new(FailureKind::Server, "the search broke off")))
        })
    }

    fn adopt(&self, parent: &RunId, child: &RunId, note: &Value) {
        if let (Some(equipment), Some(note)) = (self.of(parent), Note::of(note)) {
            self.equip(child, &note, equipment.allow_private);
        }
    }

    fn equip(&self, run: &RunId, note: &Value) {
        if let Some(note) = Note::of(note) {
            Hands::equip(self, run, &note, self.private.load(Ordering::Acquire));
        }
    }

    fn owner(&self, run: &RunId) -> Arc<str> {
        self.of(run).map_or_else(Arc::default, |equipment| equipment.owner.clone())
    }

    fn release(&self, run: &RunId) {
        let left = self.runs.write().unwrap_or_else(PoisonError::into_inner).remove(run);
        if let Some(left) = left {
            let reach = if left.allow_private { ai::ask::Reach::Private } else { ai::ask::Reach::Public };
            self.left.give_up(&left.owner, reach);
        }
    }
}

/// What models took, as a run has it.
fn spent(taken: Taken) -> Spent {
    let [uncached, cached, minutes, hour, visible, reasoning] = taken.tokens;
    let tokens =
        Tokens { input: uncached + cached + minutes + hour, cached, output: visible + reasoning, reasoning };
    Spent {
        model: taken.model.into(),
        provider: taken.provider.into(),
        paid_by: taken.payer.into(),
        tokens,
        cost: taken.cost,
    }
}
