//! What a manifest says, read and checked: one connector, as data. It describes and does not compute: every value
//! with holes is the language of workflows, over the names that its place has (`docs/new-connector.md`).

pub mod answer;
pub mod auth;
pub mod limits;
pub mod made;
pub mod paging;
pub mod request;
pub mod trigger;

use std::time::Duration;

use dsl::catalog::{Safety, Trust};
use dsl::expr::Expr;
use dsl::types::Field;
use dsl::value::Object;
use dsl::workflow::Arg;

use crate::code::Code;
use crate::read::hosts;
use answer::Answer;
use auth::Auth;
use limits::{Limits, Rule};
use made::Made;
use paging::{Each, Pages};
use request::{Method, Request};
use trigger::Trigger;

/// A connector: a service, how an account at it signs in, and what can be asked of it.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// Its name in workflows, as in `google_calendar`.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// The version of this file: within one major version actions keep their meaning.
    pub version: String,
    /// What the service is for, in a sentence.
    pub about: String,
    /// The service's own reference.
    pub docs: Option<String>,
    /// How somebody makes an app or a token there: one step each.
    pub setup: Vec<String>,
    /// The hosts that its secrets may be sent to: `slack.com`, or `*.slack.com` for all below it.
    pub hosts: Vec<String>,
    /// Fields of the connection whose values are such hosts too, for services that people run themselves.
    pub entered: Vec<String>,
    /// Where paths begin: an URL over `connection`.
    pub base: Arg,
    /// What a connection has beside its secrets.
    pub account: Account,
    /// The ways to sign in; a connection has one of them.
    pub auth: Vec<Auth>,
    /// What holds for all actions that do not say otherwise.
    pub defaults: Defaults,
    /// What can be called.
    pub actions: Vec<Action>,
    /// What can start a run.
    pub triggers: Vec<Trigger>,
    /// The methods that a request of the author's own may have; none where there are no such requests.
    pub free: Vec<Method>,
}

impl Manifest {
    /// True where a call needs a connection: somebody signs in, by whichever way.
    pub fn is_connected(&self) -> bool {
        self.auth.iter().all(|way| !matches!(way.kind, auth::Kind::None))
    }

    /// The hosts that the secrets of a connection with these fields may be sent to.
    pub fn hosts_of(&self, fields: &Object) -> Vec<String> {
        // Where nobody writes requests of their own, code speaks to the one server that was entered.
        let host = if self.free.is_empty() { hosts::server } else { hosts::entered };
        let entered = self.entered.iter().filter_map(|field| host(fields, field));
        self.hosts.iter().cloned().chain(entered).collect()
    }
}

/// What a connection has beside its secrets.
#[derive(Clone, Debug, Default)]
pub struct Account {
    /// What a person gives.
    pub fields: Vec<Field>,
    /// Secrets that a person gives for triggers, whatever the way to sign in: they check signatures.
    pub secrets: Vec<Field>,
    /// What is found out after signing in, in order.
    pub derive: Vec<Derive>,
    /// The action that tells whether the connection works: one that reads and needs no input.
    pub verify: Option<String>,
    /// What the account is called, over the answer of `verify`: `response`, `connection`.
    pub label: Option<Arg>,
}

/// A field of the connection that is found out after signing in.
#[derive(Clone, Debug)]
pub struct Derive {
    /// The field.
    pub to: String,
    /// What it must look like: a field that stands in a host has a pattern from its beginning to its end.
    pub pattern: Option<String>,
    /// Where it is looked for.
    pub from: Source,
    /// The value, over `token`, `redirect` or `response`.
    pub take: Expr,
    /// What a person reads where they choose one of several, over `item`; `take` is then a list.
    pub choose: Option<Choose>,
}

/// How a person chooses one of several.
#[derive(Clone, Debug)]
pub struct Choose {
    /// The value of a choice, over `item`.
    pub value: Expr,
    /// What is read, over `item`.
    pub label: Arg,
}

/// Where a derived field is looked for.
#[derive(Clone, Debug)]
pub enum Source {
    /// In the answer that brought the token: `token`.
    Token,
    /// In the query that the browser came back with: `redirect`.
    Redirect,
    /// In the answer to a request, made with the fresh token: `response`.
    Request(Box<Request>),
}

/// What holds for all actions that do not say otherwise.
#[derive(Clone, Debug)]
pub struct Defaults {
    /// Headers of every request, over `connection`.
    pub headers: Vec<(String, Arg)>,
    /// Longest time of one exchange.
    pub timeout: Duration,
    /// Longest body of an answer, in bytes.
    pub max_response: usize,
    /// How the service says no; the first rule that holds is taken.
    pub errors: Vec<Rule>,
    /// How often it may be asked.
    pub limits: Limits,
}

/// One thing that can be called.
#[derive(Clone, Debug)]
pub struct Action {
    /// Its name within the connector.
    pub name: String,
    /// What it does, in a sentence.
    pub about: String,
    /// What it does to the service.
    pub effect: Effect,
    /// What may be repeated after a failure or a crash.
    pub safety: Safety,
    /// The scopes that a token needs for it.
    pub scopes: Vec<String>,
    /// Whether the vendor's own description was followed, or only what others say.
    pub certainty: Certainty,
    /// Whether what it gives may have been written by anybody.
    pub trust: Trust,
    /// Its parameters.
    pub input: Vec<Field>,
    /// Which parameters can be chosen from what another action lists.
    pub options: Vec<Options>,
    /// What code makes for the request, or of the answer.
    pub made: Vec<Made>,
    /// How it is carried out.
    pub means: Means,
    /// What makes repeats known as such to the service.
    pub idempotency: Option<Idempotency>,
    /// How the whole list is had, where it comes in pages.
    pub pages: Option<Pages>,
    /// A further request for each item of the list.
    pub each: Option<Each>,
    /// What is made of the answer.
    pub answer: Answer,
    /// Rules that come before those of `defaults`.
    pub errors: Vec<Rule>,
    /// Limits of its own, beside those of `defaults`.
    pub limits: Limits,
}

impl Action {
    /// What is sent, where that is a request over HTTP.
    pub fn request(&self) -> Option<&Request> {
        match &self.means {
            Means::Code(_) => None,
            Means::Request(request) => Some(request),
        }
    }
}

/// How an action is carried out.
#[derive(Clone, Debug)]
pub enum Means {
    /// By code.
    Code(Code),
    /// By a request over HTTP.
    Request(Box<Request>),
}

/// What an action does to the service: shown in plans and where a person approves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Makes something.
    Create,
    /// Removes something.
    Delete,
    /// Looks.
    Read,
    /// Tells somebody something.
    Send,
    /// Changes something.
    Update,
}

impl Effect {
    /// All of them, sorted by their names.
    pub const ALL: [Effect; 5] = [Effect::Create, Effect::Delete, Effect::Read, Effect::Send, Effect::Update];

    /// As manifests write it.
    pub const fn name(self) -> &'static str {
        match self {
            Effect::Create => "create",
            Effect::Delete => "delete",
            Effect::Read => "read",
            Effect::Send => "send",
            Effect::Update => "update",
        }
    }
}

/// What an action was written after.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Certainty {
    /// The vendor's own description of this call.
    #[default]
    Described,
    /// The vendor's prose; no machine-readable description was at hand.
    Documented,
    /// What others say.
    Reported,
}

impl Certainty {
    /// All of them, sorted by their names.
    pub const ALL: [Certainty; 3] = [Certainty::Described, Certainty::Documented, Certainty::Reported];

    /// As manifests write it.
    pub const fn name(self) -> &'static str {
        match self {
            Certainty::Described => "described",
            Certainty::Documented => "documented",
            Certainty::Reported => "reported",
        }
    }
}

/// A parameter that can be chosen from what another action lists.
#[derive(Clone, Debug)]
pub struct Options {
    /// The parameter.
    pub input: String,
    /// The action that lists.
    pub action: String,
    /// The value of a choice, over `item`.
    pub value: Expr,
    /// What is read, over `item`.
    pub label: Arg,
}

/// What makes repeats known as such to the service.
#[derive(Clone, Debug)]
pub struct Idempotency {
    /// Where the key stands.
    pub place: KeyPlace,
    /// The key, over `step.key` and `input`.
    pub value: Arg,
    /// How long the service honours it; afterwards the action counts as `once`.
    pub keep: Option<Duration>,
}

/// Where the key of a repeat stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyPlace {
    /// A field of the body, by the keys on the way: `variables.key` of GraphQL.
    Body(Vec<String>),
    /// A header.
    Header(String),
    /// A value of the query.
    Query(String),
}
