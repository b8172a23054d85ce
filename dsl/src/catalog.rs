//! What can be called: actions with their types and their safety, and how a call says no.
//! A catalog is a value that the caller gives; this crate knows no service.

use std::collections::BTreeMap;
use std::fmt;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::types::{Field, Type};

/// All actions by their id, `connector.action`.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    /// The actions, by id.
    pub actions: BTreeMap<String, Action>,
}

impl Catalog {
    /// Makes a catalog of these actions.
    pub fn new(actions: impl IntoIterator<Item = Action>) -> Catalog {
        Catalog { actions: actions.into_iter().map(|action| (action.id.clone(), action)).collect() }
    }

    /// The action with this id.
    pub fn get(&self, id: &str) -> Option<&Action> {
        self.actions.get(id)
    }
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
