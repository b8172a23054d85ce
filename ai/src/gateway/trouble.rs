//! What goes wrong, as the libraries of both shapes know it: a status, a type, a code, and whether they try again by
//! themselves. One table.

use std::collections::BTreeSet;
use std::time::Duration;

use dsl::catalog::{Failure, FailureKind};
use serde_json::{Value, json};

use super::{Shape, Wrong};
use crate::refusal::Class;

/// Something that goes wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// Which kind.
    pub kind: Kind,
    /// What happened, for people.
    pub message: String,
    /// The field that it is about.
    pub field: Option<String>,
    /// Whether the same may go well later.
    pub again: Again,
}

/// Whether the same may go well later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// It will not.
    Never,
    /// It may.
    Soon,
    /// It may, after this time.
    After(Duration),
}

/// The kinds of trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Who asks is not known.
    Unknown,
    /// Who asks may not.
    Forbidden,
    /// No key of the owner's is accepted, or there is none.
    NoKey,
    /// There is no such model.
    NoModel,
    /// There is nothing at this address.
    Nowhere,
    /// The question is wrong.
    Wrong,
    /// The question is longer than the model can read.
    TooLong,
    /// The content is refused.
    Filtered,
    /// The body is too large.
    TooLarge,
    /// Too much is asked just now.
    TooOften,
    /// A budget does not let it go out.
    Budget,
    /// The provider wants money.
    NoCredit,
    /// Whoever could answer has too much to do, or is just ending.
    Busy,
    /// The provider failed, or was not reached.
    Broken,
    /// We failed.
    Ours,
}

/// How a kind of trouble is told.
struct Told {
    status: u16,
    /// Type and code of OpenAI's shape.
    openai: (&'static str, Option<&'static str>),
    /// Status, where it is another one, and type of Anthropic's.
    anthropic: (Option<u16>, &'static str),
}

impl Kind {
    /// All of them.
    pub const ALL: [Kind; 15] = [
        Kind::Unknown,
        Kind::Forbidden,
        Kind::NoKey,
        Kind::NoModel,
        Kind::Nowhere,
        Kind::Wrong,
        Kind::TooLong,
        Kind::Filtered,
        Kind::TooLarge,
        Kind::TooOften,
        Kind::Budget,
        Kind::NoCredit,
        Kind::Busy,
        Kind::Broken,
        Kind::Ours,
    ];

    /// The one table.
    fn told(self) -> Told {
        let told = |status, openai, anthropic| Told { status, openai, anthropic };
        const ASKED: &str = "invalid_request_error";
        match self {
            Kind::Unknown => told(401, (ASKED, Some("invalid_api_key")), (None, "authentication_error")),
            Kind::Forbidden => told(403, ("permission_error", Some("forbidden")), (None, "permission_error")),
            Kind::NoKey => told(403, ("permission_error", Some("no_key")), (None, "permission_error")),
            Kind::NoModel => told(404, (ASKED, Some("model_not_found")), (None, "not_found_error")),
            Kind::Nowhere => told(404, (ASKED, None), (None, "not_found_error")),
            Kind::Wrong => told(400, (ASKED, None), (None, ASKED)),
            Kind::TooLong => told(400, (ASKED, Some("context_length_exceeded")), (None, ASKED)),
            Kind::Filtered => told(400, (ASKED, Some("content_filter")), (None, ASKED)),
            Kind::TooLarge => told(413, (ASKED, Some("request_too_large")), (None, "request_too_large")),
            Kind::TooOften => {
                told(429, ("requests", Some("rate_limit_exceeded")), (None, "rate_limit_error"))
            }
            Kind::Budget => {
                told(429, ("insufficient_quota", Some("budget_exceeded")), (None, "rate_limit_error"))
            }
            Kind::NoCredit => {
                told(429, ("insufficient_quota", Some("insufficient_quota")), (Some(402), "billing_error"))
            }
            Kind::Busy => {
                told(503, ("server_error", Some("server_is_overloaded")), (Some(529), "overloaded_error"))
            }
            Kind::Broken => told(502, ("server_error", Some("upstream_error")), (None, "api_error")),
            Kind::Ours => told(500, ("server_error", None), (None, "api_error")),
        }
    }
}

impl Trouble {
    /// Makes trouble that asking again does not mend.
    pub fn new(kind: Kind, message: impl Into<String>) -> Trouble {
        Trouble { kind, message: message.into(), field: None, again: Again::Never }
    }

    /// Why nobody answered: a failure, and what the last provider that said no meant by it.
    pub fn of(failure: &Failure, class: Option<Class>) -> Trouble {
        let again = match failure.retry_after.and_then(|wait| Duration::try_from(wait).ok()) {
            Some(wait) => Again::After(wait),
            None if failure.retryable => Again::Soon,
            None => Again::Never,
        };
        let class = class.filter(|class| class.rule().kind == failure.kind);
        let kind = match (failure.kind, class) {
            (_, Some(Class::TooLong)) => Kind::TooLong,
            (_, Some(Class::Filtered)) => Kind::Filtered,
            (_, Some(Class::NoCredit)) => Kind::NoCredit,
            (_, Some(Class::Overloaded)) => Kind::Busy,
            (FailureKind::Budget, _) => Kind::Budget,
            (FailureKind::Auth | FailureKind::Permission, _) => Kind::NoKey,
            (FailureKind::NotFound, _) => Kind::NoModel,
            (FailureKind::RateLimited, _) => Kind::TooOften,
            (FailureKind::Invalid | FailureKind::Refused | FailureKind::Type, _) => Kind::Wrong,
            (
                FailureKind::Timeout
                | FailureKind::Exhausted
                | FailureKind::Rejected
                | FailureKind::Fail
                | FailureKind::Cancelled
                | FailureKind::InDoubt
                | FailureKind::Limit
                | FailureKind::Network
                | FailureKind::Conflict
                | FailureKind::Server,
                _,
            ) => Kind::Broken,
        };
        Trouble { again, ..Trouble::new(kind, failure.message.clone()) }
    }

    /// Every status with which trouble is told, in either shape.
    pub fn statuses() -> BTreeSet<u16> {
        let told = Kind::ALL.map(Kind::told);
        told.iter().flat_map(|told| [Some(told.status), told.anthropic.0]).flatten().collect()
    }

    /// The status of HTTP.
    pub fn status(&self, shape: Shape) -> u16 {
        let told = self.kind.told();
        match shape {
            Shape::OpenAi => told.status,
            Shape::Anthropic => told.anthropic.0.unwrap_or(told.status),
        }
    }

    /// The heads that tell a library whether to try again by itself.
    pub fn heads(&self) -> Vec<(&'static str, String)> {
        match self.again {
            Again::Never => vec![("x-should-retry", "false".into())],
            Again::Soon => vec![],
            Again::After(wait) => {
                let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
                vec![("retry-after", seconds.max(1).to_string())]
            }
        }
    }

    /// The body.
    pub fn body(&self, shape: Shape) -> Value {
        let told = self.kind.told();
        match shape {
            Shape::OpenAi => {
                let (kind, code) = told.openai;
                let error =
                    json!({ "message": self.message, "type": kind, "param": self.field, "code": code });
                json!({ "error": error })
            }
            Shape::Anthropic => {
                // Programs know it by these words alone.
                let message = match self.kind {
                    Kind::TooLong => format!("prompt is too long: {}", self.message),
                    _ => self.message.clone(),
                };
                let error = json!({ "type": told.anthropic.1, "message": message });
                json!({ "type": "error", "error": error })
            }
        }
    }
}

impl From<Wrong> for Trouble {
    fn from(wrong: Wrong) -> Trouble {
        Trouble { field: wrong.field, ..Trouble::new(Kind::Wrong, wrong.message) }
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    fn told(failure: &Failure, class: Option<Class>) -> (u16, u16) {
        let trouble = Trouble::of(failure, class);
        (trouble.status(Shape::OpenAi), trouble.status(Shape::Anthropic))
    }

    #[test]
    fn each_failure_has_the_status_that_libraries_know() {
        use FailureKind as K;
        let cases = [
            (K::Auth, Some(Class::BadKey), (403, 403)),
            (K::Auth, None, (403, 403)),
            (K::Budget, None, (429, 429)),
            (K::Budget, Some(Class::NoCredit), (429, 402)),
            (K::NotFound, Some(Class::NotOffered), (404, 404)),
            (K::Invalid, Some(Class::TooLong), (400, 400)),
            (K::Invalid, Some(Class::Filtered), (400, 400)),
            (K::Invalid, None, (400, 400)),
            (K::RateLimited, Some(Class::RateLimited), (429, 429)),
            (K::Server, Some(Class::Overloaded), (503, 529)),
            (K::Server, Some(Class::Broken), (502, 502)),
            // What a provider said before is not what ended it.
            (K::Invalid, Some(Class::Overloaded), (400, 400)),
        ];
        for (kind, class, expected) in cases {
            assert_eq!(told(&Failure::new(kind, "no"), class), expected, "{kind:?} {class:?}");
        }
    }

    #[test]
    fn a_library_is_told_whether_to_try_again() {
        let heads = |failure: Failure| Trouble::of(&failure, None).heads();
        assert_eq!(
            heads(Failure::new(FailureKind::Budget, "")),
            [("x-should-retry", "false".to_owned())],
            "it would try a budget twice more"
        );
        assert_eq!(heads(Failure::passing(FailureKind::Server, "")), []);
        let wait = Some(SignedDuration::from_millis(1_200));
        let limited = Failure { retry_after: wait, ..Failure::passing(FailureKind::RateLimited, "") };
        assert_eq!(heads(limited), [("retry-after", "2".to_owned())]);
    }
}
