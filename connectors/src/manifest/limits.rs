//! How a service says no, and how often it may be asked.

use std::time::Duration;

use dsl::catalog::FailureKind;
use dsl::expr::Expr;
use dsl::workflow::Arg;

/// One way of a service to say no. A condition that cannot be evaluated, since the answer has no such field, does not
/// hold.
#[derive(Clone, Debug)]
pub struct Rule {
    /// When it holds, over `response`, `input` and `connection`.
    pub when: Expr,
    /// What it means.
    pub class: Class,
    /// What the service says, over `response`; its usual places where there is none.
    pub message: Option<Arg>,
    /// The service's own code, over `response`.
    pub code: Option<Expr>,
}

/// What an answer means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// The token is over: it is had anew, and the request sent once more.
    AuthRefreshThenRetry,
    /// The connection has to be made again by a person.
    AuthReconnect,
    /// What is there contradicts it.
    Conflict,
    /// No, for another reason.
    Fail,
    /// No harm: the action gives null.
    Ignore,
    /// The request does not fit.
    InvalidInput,
    /// There is no such thing.
    NotFound,
    /// It is an answer like any other.
    Ok,
    /// The account may not do this.
    Permission,
    /// Too often; later it will do.
    RateLimited,
    /// The service is not well; later it may do.
    Retry,
}

impl Class {
    /// All of them, sorted by their names.
    pub const ALL: [Class; 11] = [
        Class::AuthReconnect,
        Class::AuthRefreshThenRetry,
        Class::Conflict,
        Class::Fail,
        Class::Ignore,
        Class::InvalidInput,
        Class::NotFound,
        Class::Ok,
        Class::Permission,
        Class::RateLimited,
        Class::Retry,
    ];

    /// As manifests write it.
    pub const fn name(self) -> &'static str {
        match self {
            Class::AuthReconnect => "auth_reconnect",
            Class::AuthRefreshThenRetry => "auth_refresh_then_retry",
            Class::Conflict => "conflict",
            Class::Fail => "fail",
            Class::Ignore => "ignore",
            Class::InvalidInput => "invalid_input",
            Class::NotFound => "not_found",
            Class::Ok => "ok",
            Class::Permission => "permission",
            Class::RateLimited => "rate_limited",
            Class::Retry => "retry",
        }
    }

    /// The kind of failure it becomes; nothing for what is none.
    pub fn kind(self) -> Option<FailureKind> {
        match self {
            Class::AuthReconnect | Class::AuthRefreshThenRetry => Some(FailureKind::Auth),
            Class::Conflict => Some(FailureKind::Conflict),
            Class::Fail | Class::InvalidInput => Some(FailureKind::Invalid),
            Class::Ignore | Class::Ok => None,
            Class::NotFound => Some(FailureKind::NotFound),
            Class::Permission => Some(FailureKind::Permission),
            Class::RateLimited => Some(FailureKind::RateLimited),
            Class::Retry => Some(FailureKind::Server),
        }
    }

    /// True if the same call may succeed later.
    pub fn passes(self) -> bool {
        match self {
            Class::RateLimited | Class::Retry => true,
            Class::AuthReconnect
            | Class::AuthRefreshThenRetry
            | Class::Conflict
            | Class::Fail
            | Class::Ignore
            | Class::InvalidInput
            | Class::NotFound
            | Class::Ok
            | Class::Permission => false,
        }
    }
}

/// How often a service may be asked.
#[derive(Clone, Debug, Default)]
pub struct Limits {
    /// Where an answer says how long to wait; the first that is there is taken.
    pub wait: Vec<Wait>,
    /// How long to wait after `rate_limited` where it does not say.
    pub fallback: Option<Duration>,
    /// What is counted here before anything is sent.
    pub budgets: Vec<Budget>,
    /// How many requests of a connection at once.
    pub concurrency: Option<usize>,
}

/// Where an answer says how long to wait.
#[derive(Clone, Debug)]
pub struct Wait {
    /// Where.
    pub place: WaitPlace,
    /// What the number there counts.
    pub unit: Unit,
}

/// Where an answer says how long to wait.
#[derive(Clone, Debug)]
pub enum WaitPlace {
    /// In the body, over `response`.
    Body(Expr),
    /// In a header, its name in lower case.
    Header(String),
}

/// What a number that says how long to wait counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Seconds since 1970.
    Epoch,
    /// Milliseconds since 1970.
    EpochMilliseconds,
    /// Milliseconds from now.
    Milliseconds,
    /// Seconds from now, or a date of HTTP.
    Seconds,
    /// A time as RFC 3339 writes it.
    Time,
}

impl Unit {
    /// All of them, sorted by their names.
    pub const ALL: [Unit; 5] =
        [Unit::Epoch, Unit::EpochMilliseconds, Unit::Milliseconds, Unit::Seconds, Unit::Time];

    /// As manifests write it.
    pub const fn name(self) -> &'static str {
        match self {
            Unit::Epoch => "epoch",
            Unit::EpochMilliseconds => "epoch_milliseconds",
            Unit::Milliseconds => "milliseconds",
            Unit::Seconds => "seconds",
            Unit::Time => "time",
        }
    }
}

/// So many requests in so much time, for each connection and key.
#[derive(Clone, Debug)]
pub struct Budget {
    /// What is counted together, over `input`; all requests of the action or connector where nothing is said.
    pub key: Option<Arg>,
    /// How many.
    pub limit: u32,
    /// In how much time.
    pub per: Duration,
}
