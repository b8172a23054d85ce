//! What can be called: actions with their types and their safety, and how a call says no.
//! A catalog is a value that the caller gives; this crate knows no service.

pub mod own;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::types::{Field, Type};

/// What a workflow can name: actions and events by their id, other workflows by their name.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    /// The actions that are at hand, by id, `connector.action`.
    pub actions: BTreeMap<String, Action>,
    /// The connectors at hand that need a connection: an account at their service.
    pub connected: BTreeSet<String>,
    /// The events that are at hand and can start a run, by id.
    pub events: BTreeMap<String, Event>,
    /// Connectors whose actions and events are had when they are asked for.
    pub shelf: Option<Arc<dyn Shelf>>,
    /// The workflows that can be called, by name; nothing where they are not known.
    pub workflows: Option<BTreeMap<String, Signature>>,
}

impl Catalog {
    /// Makes a catalog of these actions and of the product's own events.
    pub fn new(actions: impl IntoIterator<Item = Action>) -> Catalog {
        Catalog {
            actions: actions.into_iter().map(|action| (action.id.clone(), action)).collect(),
            connected: BTreeSet::new(),
            events: own::events().map(|event| (event.id.clone(), event)).collect(),
            shelf: None,
            workflows: None,
        }
    }

    /// The action with this id.
    pub fn get(&self, id: &str) -> Option<&Action> {
        self.actions.get(id).or_else(|| self.on_shelf()?.actions(connector(id))?.get(id))
    }

    /// The event with this id.
    pub fn event(&self, id: &str) -> Option<&Event> {
        self.events.get(id).or_else(|| self.on_shelf()?.events(connector(id))?.get(id))
    }

    /// The names of all connectors, sorted.
    pub fn connectors(&self) -> Vec<&str> {
        let own = self.actions.keys().chain(self.events.keys()).map(|id| connector(id));
        let all: BTreeSet<&str> =
            own.chain(self.on_shelf().into_iter().flat_map(Shelf::connectors)).collect();
        all.into_iter().collect()
    }

    /// The names of the connectors that have actions, sorted; of events alone a workflow can call nothing.
    pub fn callable(&self) -> Vec<&str> {
        let own = self.actions.keys().map(|id| connector(id));
        let all: BTreeSet<&str> =
            own.chain(self.on_shelf().into_iter().flat_map(Shelf::connectors)).collect();
        all.into_iter().collect()
    }

    /// The actions of one connector, in the order of their ids.
    pub fn actions_of(&self, name: &str) -> Vec<&Action> {
        let own = self.actions.values().filter(|action| connector(&action.id) == name);
        let shelf = self.on_shelf().and_then(|shelf| shelf.actions(name));
        own.chain(shelf.into_iter().flat_map(BTreeMap::values)).collect()
    }

    /// The events of one connector, in the order of their ids.
    pub fn events_of(&self, name: &str) -> Vec<&Event> {
        let own = self.events.values().filter(|event| connector(&event.id) == name);
        let shelf = self.on_shelf().and_then(|shelf| shelf.events(name));
        own.chain(shelf.into_iter().flat_map(BTreeMap::values)).collect()
    }

    /// All actions, in the order of their ids. Whatever is on the shelf is had for it.
    pub fn all_actions(&self) -> Vec<&Action> {
        self.connectors().into_iter().flat_map(|name| self.actions_of(name)).collect()
    }

    /// All events, in the order of their ids. Whatever is on the shelf is had for it.
    pub fn all_events(&self) -> Vec<&Event> {
        self.connectors().into_iter().flat_map(|name| self.events_of(name)).collect()
    }

    /// True if a connector needs a connection: an account at its service.
    pub fn is_connected(&self, connector: &str) -> bool {
        self.connected.contains(connector)
            || self.on_shelf().is_some_and(|shelf| shelf.is_connected(connector))
    }

    fn on_shelf(&self) -> Option<&dyn Shelf> {
        self.shelf.as_deref()
    }
}

/// The connector of an action or event.
fn connector(id: &str) -> &str {
    id.split_once('.').map_or(id, |(connector, _)| connector)
}

/// Connectors whose actions and events are had when they are asked for: there may be many, and a workflow names few.
pub trait Shelf: fmt::Debug + Send + Sync + UnwindSafe + RefUnwindSafe {
    /// The names of the connectors, sorted.
    fn connectors(&self) -> Vec<&str>;
    /// The actions of a connector by their ids, if it is here.
    fn actions(&self, connector: &str) -> Option<&BTreeMap<String, Action>>;
    /// The events of a connector by their ids, if it is here.
    fn events(&self, connector: &str) -> Option<&BTreeMap<String, Event>>;
    /// True if a connector is here and needs a connection.
    fn is_connected(&self, connector: &str) -> bool;
}

/// Something that happens at a service and can start a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// `connector.event`, as in `gmail.new_message`.
    pub id: String,
    /// When it happens, in a sentence.
    pub about: String,
    /// Its parameters.
    pub input: Vec<Field>,
    /// What the run sees as `trigger.event`.
    pub payload: Type,
}

/// What another workflow looks like to its caller.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Signature {
    /// What it is given.
    pub inputs: Vec<Field>,
    /// What it gives.
    pub output: Type,
    /// The names of the workflows that it calls itself.
    pub calls: Vec<String>,
}

/// One thing that can be called.
#[derive(Clone, Debug, PartialEq)]
pub struct Action {
    /// `connector.action`, as in `file.read`.
    pub id: String,
    /// What it does, in a sentence.
    pub about: String,
    /// What may be repeated after a failure or a crash.
    pub safety: Safety,
    /// Its parameters.
    pub input: Vec<Field>,
    /// What it gives.
    pub output: Type,
    /// Whether what it gives may have been written by anybody.
    pub trust: Trust,
}

/// Whether what an action gives may have been written by anybody, as a mail or a page was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trust {
    /// It may; a model that reads it may be told to do anything.
    #[default]
    Untrusted,
    /// It is the service's own: a number, an id, a time.
    Trusted,
}

/// What may be repeated after a failure or a crash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Safety {
    /// Changes nothing.
    Read,
    /// Doing it twice is doing it once.
    Idempotent,
    /// Carries an idempotency key that the service honours.
    Keyed,
    /// Must not be repeated unless somebody says so.
    Once,
}

impl Safety {
    /// True if a call that was cut off may be made again without asking.
    pub fn repeatable(self) -> bool {
        match self {
            Safety::Read | Safety::Idempotent | Safety::Keyed => true,
            Safety::Once => false,
        }
    }
}

/// The world said no. It is data in the run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Failure {
    /// Which kind of no.
    pub kind: FailureKind,
    /// What happened, for people.
    pub message: String,
    /// The status of an HTTP answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// True if the same call may succeed later.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub retryable: bool,
    /// How long the service asked us to wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<SignedDuration>,
    /// True if the service answered, so that it is known that nothing else is under way.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub answered: bool,
}

impl Failure {
    /// Makes a failure that trying again cannot help.
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Failure {
        Failure {
            kind,
            message: message.into(),
            status: None,
            retryable: false,
            retry_after: None,
            answered: false,
        }
    }

    /// Makes a failure that may go away by itself.
    pub fn passing(kind: FailureKind, message: impl Into<String>) -> Failure {
        Failure { retryable: true, ..Failure::new(kind, message) }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.message, self.kind.name())
    }
}

/// The kinds of failure, one table for `http`, connectors, AI and blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// It took too long.
    Timeout,
    /// A `repeat` whose `until` was never met.
    Exhausted,
    /// A person said no.
    Rejected,
    /// The workflow's own `fail`.
    Fail,
    /// The run was cancelled.
    Cancelled,
    /// Whether it happened is not known, and it must not be repeated unasked.
    InDoubt,
    /// A value of the wrong type, a missing field, a number out of range.
    Type,
    /// A limit of this program or of the workflow.
    Limit,
    /// No money left for it.
    Budget,
    /// No answer, or no connection.
    Network,
    /// There is no such thing.
    NotFound,
    /// Known, but not allowed.
    Permission,
    /// Not known, or no longer.
    Auth,
    /// The service does not take what was sent.
    Invalid,
    /// It contradicts what is there.
    Conflict,
    /// Too often.
    RateLimited,
    /// The service failed.
    Server,
    /// Refused before anything was sent.
    Refused,
}

impl FailureKind {
    /// All of them.
    pub const ALL: [FailureKind; 18] = [
        FailureKind::Timeout,
        FailureKind::Exhausted,
        FailureKind::Rejected,
        FailureKind::Fail,
        FailureKind::Cancelled,
        FailureKind::InDoubt,
        FailureKind::Type,
        FailureKind::Limit,
        FailureKind::Budget,
        FailureKind::Network,
        FailureKind::NotFound,
        FailureKind::Permission,
        FailureKind::Auth,
        FailureKind::Invalid,
        FailureKind::Conflict,
        FailureKind::RateLimited,
        FailureKind::Server,
        FailureKind::Refused,
    ];

    /// Their names, sorted.
    pub const NAMES: [&str; 18] = [
        "auth",
        "budget",
        "cancelled",
        "conflict",
        "exhausted",
        "fail",
        "in_doubt",
        "invalid",
        "limit",
        "network",
        "not_found",
        "permission",
        "rate_limited",
        "refused",
        "rejected",
        "server",
        "timeout",
        "type",
    ];

    /// As authors write it.
    pub fn name(self) -> &'static str {
        match self {
            FailureKind::Timeout => "timeout",
            FailureKind::Exhausted => "exhausted",
            FailureKind::Rejected => "rejected",
            FailureKind::Fail => "fail",
            FailureKind::Cancelled => "cancelled",
            FailureKind::InDoubt => "in_doubt",
            FailureKind::Type => "type",
            FailureKind::Limit => "limit",
            FailureKind::Budget => "budget",
            FailureKind::Network => "network",
            FailureKind::NotFound => "not_found",
            FailureKind::Permission => "permission",
            FailureKind::Auth => "auth",
            FailureKind::Invalid => "invalid",
            FailureKind::Conflict => "conflict",
            FailureKind::RateLimited => "rate_limited",
            FailureKind::Server => "server",
            FailureKind::Refused => "refused",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::FailureKind;

    #[test]
    fn every_kind_is_among_the_names() {
        let mut names = FailureKind::ALL.map(FailureKind::name);
        names.sort_unstable();
        assert_eq!(names, FailureKind::NAMES);
    }
}
