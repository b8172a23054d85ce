//! What one turn decides: a batch to commit, and what follows once it is committed.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use dsl::catalog::Safety;
use dsl::value::{Hash, Value};
use engine::command::Command;
use engine::event::{Event, Recorded};
use engine::large::each_big;
use engine::plan::Plan;
use engine::run::RunId;

use super::clean::Noted;
use super::mover::{Reply, Work};
use super::values::Shelf;
use crate::driver::{Error, State};
use crate::journal::{Batch, Begun, Ended, Mail};

/// How many hashes of values that are kept already are remembered. Forgetting one costs a write.
const REMEMBERED: usize = 1 << 16;

/// How many plans are remembered.
const PLANS: usize = 256;

/// What one turn decides.
#[derive(Default)]
pub(super) struct Turn {
    /// What to commit.
    pub batch: Batch,
    /// What to make happen afterwards, in order.
    pub commands: Vec<(RunId, Command)>,
    /// Whom to tell afterwards.
    pub replies: Vec<(Reply, Result<(), Error>)>,
    /// The inputs that nobody waits for: where the commit fails, they are decided again.
    pub works: Vec<Work>,
    /// True if somebody waits for the commit, or something may go out only after it.
    pub urgent: bool,
    /// Values in the batch.
    values: HashSet<Hash>,
    /// Values and plans that have been committed.
    kept: HashSet<Hash>,
    plans: HashMap<Hash, Arc<Plan>>,
    /// What is referred to while a cleaning looks for values that nothing needs.
    pub noted: Noted,
}

impl Turn {
    /// How many inputs it holds.
    pub fn len(&self) -> usize {
        self.works.len() + self.replies.len()
    }

    /// Tells a caller how it ended, once it is committed.
    pub fn answer(&mut self, reply: Reply, result: Result<(), Error>) {
        self.urgent = true;
        self.replies.push((reply, result));
    }

    /// Adds a run whose first row is the last that was added.
    pub fn begin(&mut self, run: &RunId, plan: &Arc<Plan>) {
        let Some((_, row)) = self.batch.rows.last() else { return };
        let time = row.time;
        let digest = plan.digest;
        if !self.plans.contains_key(&digest) && self.batch.plans.iter().all(|(known, _)| *known != digest) {
            self.batch.plans.push((digest, plan.clone()));
        }
        let owner = row.events.iter().find_map(|event| match event {
            Event::RunStarted { note, .. } => note.get("owner").and_then(Value::as_text).map(Arc::from),
            _ => None,
        });
        let (run, workflow) = (run.clone(), plan.name.clone());
        self.batch.begun.push(Begun { run, workflow, owner, plan: digest, time });
    }

    /// Adds what an input meant.
    pub fn record(&mut self, run: &RunId, row: Recorded, state: State, shelf: &Shelf) {
        for event in &row.events {
            if let Some(command) = event.command(row.time) {
                self.urgent |= match &command {
                    Command::Call(call) => call.safety != Safety::Read,
                    Command::Wake(_) | Command::Listen { .. } => false,
                    Command::Abort { .. } | Command::Nudge | Command::Emit(_) => true,
                };
                match command {
                    // It is kept in the commit that keeps the event, and delivered afterwards.
                    Command::Emit(signal) => self.batch.mail.push(Mail { signal, time: row.time }),
                    other => self.commands.push((run.clone(), other)),
                }
            }
            each_big(event, &mut |big| {
                self.noted.note(big.hash);
                if let Some(value) = &big.value
                    && !self.kept.contains(&big.hash)
                    && self.values.insert(big.hash)
                {
                    shelf.put(big);
                    self.batch.values.push((big.hash, (**value).clone()));
                }
            });
        }
        if state != State::Running {
            self.urgent = true;
            self.batch.ended.push(Ended { run: run.clone(), state, time: row.time });
        }
        self.batch.rows.push((run.clone(), row));
    }

    /// Remembers what the commit has kept.
    pub fn remember(&mut self) {
        if self.kept.len() + self.values.len() > REMEMBERED {
            self.kept.clear();
        }
        self.kept.extend(self.values.drain());
        for (digest, plan) in std::mem::take(&mut self.batch.plans) {
            self.keep_plan(digest, &plan);
        }
    }

    /// Relies no more on values that were committed before: they may be removed.
    pub fn forget_values(&mut self) {
        self.kept.clear();
    }

    /// Relies no more on plans that were committed before.
    pub fn forget_plans(&mut self) {
        self.plans.clear();
    }

    /// A plan that has been committed.
    pub fn known_plan(&self, digest: &Hash) -> Option<Arc<Plan>> {
        self.plans.get(digest).cloned()
    }

    /// Remembers a plan that has been committed.
    pub fn keep_plan(&mut self, digest: Hash, plan: &Arc<Plan>) {
        if self.plans.len() >= PLANS {
            self.plans.clear();
        }
        self.plans.insert(digest, plan.clone());
    }

    /// Empties it but for what it remembers.
    pub fn clear(&mut self) {
        self.batch.clear();
        self.commands.clear();
        self.replies.clear();
        self.works.clear();
        self.urgent = false;
        self.values.clear();
    }
}
