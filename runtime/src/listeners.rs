//! Triggers that wait for something from outside: a call, an event, a signal. They are in force as long as they stand
//! here; whoever deploys puts them here before the runs are moved that they may hear of.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

use dsl::expr::{self, Halt, Scope};
use dsl::template;
use dsl::value::{Object, Value};
use dsl::workflow::{Arg, Start, Trigger};
use jiff::Timestamp;

use crate::schedule::texts;
use crate::timekeeper::{Deployed, Owner, Recipe};

/// A trigger that waits for something from outside.
#[derive(Debug)]
pub struct Listener {
    /// Whose it is.
    pub owner: Arc<str>,
    /// The zone of its runs.
    pub zone: Arc<str>,
    /// The workflow.
    pub workflow: Arc<str>,
    /// The trigger's canonical text.
    pub text: String,
    /// The trigger.
    pub trigger: Trigger,
    /// What its runs follow.
    pub recipe: Recipe,
    /// The version of the workflow.
    pub version: i64,
    /// Kept with its runs.
    pub note: Value,
}

impl Listener {
    /// Those of a version of a workflow.
    pub fn all(owner: &Owner, deployed: &Deployed) -> Vec<Arc<Listener>> {
        let texts = texts(deployed.triggers.iter().map(|trigger| &trigger.start));
        let waits = |start: &Start| match start {
            Start::At { .. } | Start::Cron { .. } | Start::Every { .. } => false,
            Start::Event { .. } | Start::Signal { .. } | Start::Webhook { .. } => true,
        };
        let found = deployed.triggers.iter().zip(texts).filter(|(trigger, _)| waits(&trigger.start));
        let listener = |(trigger, text): (&Trigger, String)| Listener {
            owner: owner.id.as_str().into(),
            zone: owner.zone.clone(),
            workflow: deployed.workflow.clone(),
            text,
            trigger: trigger.clone(),
            recipe: deployed.recipe.clone(),
            version: deployed.version,
            note: deployed.note.clone(),
        };
        found.map(listener).map(Arc::new).collect()
    }

    /// Owner, workflow and trigger: what it is called in the books.
    pub fn of(&self) -> [&str; 3] {
        [&self.owner, &self.workflow, &self.text]
    }

    /// Whether the trigger's `filter` lets an event start a run.
    ///
    /// # Errors
    /// Where that cannot be told; the text says why.
    pub fn wants(&self, event: &Value, now: Timestamp) -> Result<bool, String> {
        let Start::Event { filter: Some(filter), .. } = &self.trigger.start else { return Ok(true) };
        match expr::eval(filter, &Over { event: Some(event), now }) {
            Ok(Value::Bool(wants)) => Ok(wants),
            Ok(other) => Err(format!("the filter gives a {}", other.type_name())),
            Err(Halt::Failure(failure)) => Err(format!("the filter fails: {}", failure.message)),
            Err(Halt::Skip { step }) => Err(format!("the filter reads `{step}`")),
        }
    }

    /// The parameters of an event's trigger.
    pub fn given(&self) -> Value {
        match &self.trigger.start {
            Start::Event { with, .. } => given(with),
            _ => Value::Object(Arc::default()),
        }
    }
}

/// The parameters of an event: they are read before there is a run, and see nothing.
pub fn given(with: &Arg) -> Value {
    let none = || Value::Object(Arc::<Object>::default());
    let filled = template::fill(with, &Over { event: None, now: Timestamp::UNIX_EPOCH });
    filled.ok().filter(|value| matches!(value, Value::Object(_))).unwrap_or_else(none)
}

/// The names that a filter sees.
struct Over<'a> {
    event: Option<&'a Value>,
    now: Timestamp,
}

impl Scope for Over<'_> {
    fn name(&self, name: &str) -> Option<Cow<'_, Value>> {
        self.event.filter(|_| name == "event").map(Cow::Borrowed)
    }

    fn now(&self) -> Timestamp {
        self.now
    }

    fn seed(&self) -> [u8; 32] {
        [0; 32]
    }
}

/// All that are in force.
#[derive(Debug, Default)]
pub struct Listeners(RwLock<Known>);

#[derive(Debug, Default)]
struct Known {
    all: BTreeMap<Arc<str>, Vec<Arc<Listener>>>,
    /// By the names of what they wait for: most runs that end, and most signals, are heard by nobody.
    signals: HashMap<String, Vec<Arc<Listener>>>,
    events: HashMap<String, Vec<Arc<Listener>>>,
}

impl Listeners {
    /// Has these listen for a workflow from here on, and no others.
    pub fn set(&self, workflow: &str, listeners: Vec<Arc<Listener>>) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        known.all.remove(workflow);
        if !listeners.is_empty() {
            known.all.insert(workflow.into(), listeners);
        }
        let Known { all, signals, events } = &mut *known;
        signals.clear();
        events.clear();
        for listener in all.values().flatten() {
            match &listener.trigger.start {
                Start::Signal { name } => signals.entry(name.clone()).or_default().push(listener.clone()),
                Start::Event { event, .. } => events.entry(event.clone()).or_default().push(listener.clone()),
                _ => {}
            }
        }
    }

    /// The listener of a trigger.
    pub fn find(&self, workflow: &str, text: &str) -> Option<Arc<Listener>> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.all.get(workflow)?.iter().find(|listener| listener.text == text).cloned()
    }

    /// Those that wait for a signal of this name.
    pub fn of_signal(&self, name: &str) -> Vec<Arc<Listener>> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.signals.get(name).cloned().unwrap_or_default()
    }

    /// Those that wait for an event of this id.
    pub fn of_event(&self, id: &str) -> Vec<Arc<Listener>> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.events.get(id).cloned().unwrap_or_default()
    }

    /// All of them.
    pub fn all(&self) -> Vec<Arc<Listener>> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.all.values().flatten().cloned().collect()
    }
}
