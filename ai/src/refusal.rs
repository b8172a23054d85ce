//! How models and their providers say no: classes, what may be done about each, and the words for people.
//!
//! The classes and what follows from them are one table, `Class::rule`; reading a class from an answer is `read.rs`'s.
//! Nothing is tried again here: whoever asks decides by the rule.

mod read;
mod wait;

use std::time::Duration;

use dsl::catalog::{Failure, FailureKind};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

pub use read::{Reply, Says};
pub(crate) use read::{in_stream, refusal, unreadable};

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// Which kind of no.
    pub class: Class,
    /// What happened, for people. It holds no key, and at most 300 characters of what was answered.
    pub message: String,
    /// The status of the answer, where there was one.
    pub status: Option<u16>,
    /// How long the provider asks us to wait.
    pub wait: Option<Duration>,
    /// What the provider calls the call, to ask it about.
    pub request: Option<String>,
}

impl Refusal {
    /// Makes a refusal that no answer told of.
    pub fn new(class: Class, message: impl Into<String>) -> Refusal {
        Refusal { class, message: message.into(), status: None, wait: None, request: None }
    }

    /// It as the failure of a step, once nobody else is asked.
    pub fn failure(&self) -> Failure {
        let rule = self.class.rule();
        Failure {
            status: self.status,
            retryable: rule.later,
            retry_after: self.wait.and_then(|wait| SignedDuration::try_from(wait).ok()),
            answered: self.status.is_some(),
            ..Failure::new(rule.kind, self.message.clone())
        }
    }
}

/// The kinds of no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// The provider does not take the key.
    BadKey,
    /// Nothing is left to pay with.
    NoCredit,
    /// Too much just now.
    RateLimited,
    /// Too much for today, or for this month.
    DailyQuota,
    /// The provider has too much to do.
    Overloaded,
    /// The provider failed, took too long, or broke off.
    Broken,
    /// More than the model can read.
    TooLong,
    /// The content is refused, by a filter or by the model.
    Filtered,
    /// There is no such model or place, for this key or in this country.
    NotOffered,
    /// The question is wrong.
    Invalid,
}

/// What may be done about a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Asking again with the same key.
    pub same_key: SameKey,
    /// Asking with another key of the same provider.
    pub next_key: NextKey,
    /// Asking another provider.
    pub next_provider: NextProvider,
    /// What is left alone for a while.
    pub cooldown: Cooldown,
    /// Who hears of it.
    pub tell: Tell,
    /// The kind of failure that a step ends with.
    pub kind: FailureKind,
    /// True if the step may succeed when it is tried again later.
    pub later: bool,
}

/// Whether the same key is asked again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SameKey {
    /// It would say the same.
    Never,
    /// After the time that it asks for; without one, after a pause that grows.
    AfterWait,
    /// At most so many times, and only while nothing of an answer was handed on.
    Tries(u8),
}

/// Whether another key of the same provider is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NextKey {
    /// It would get the same answer.
    Never,
    /// At once.
    AtOnce,
}

/// Whether another provider is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NextProvider {
    /// It would get the same answer.
    Never,
    /// Where the owner lets another provider stand in when a key fails.
    IfAllowed,
    /// Yes, while nothing of an answer was handed on.
    Yes,
    /// A model that can read more.
    Larger,
    /// Where the owner says that another may answer what this one refused.
    ByPolicy,
}

/// What is left alone for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cooldown {
    /// Nothing.
    Nothing,
    /// The key, until it is changed or found right again.
    KeyUntilChanged,
    /// The key, until a later look says that it has credit.
    KeyUntilPaid,
    /// The key with this model, for the time that was asked for.
    KeyAndModel,
    /// The key with this model, until its quota is a new one: hours, whatever shorter time was asked for.
    KeyAndModelUntilNewQuota,
    /// The provider's model, for a short time.
    ModelBriefly,
    /// The provider's model, after several of these within a short time.
    ModelAfterSeveral,
}

/// Who hears of a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tell {
    /// Nobody but the history.
    History,
    /// The owner of the key, at once.
    Owner,
    /// The author: the step fails by it.
    Author,
}

impl Class {
    /// All of them.
    pub const ALL: [Class; 10] = [
        Class::BadKey,
        Class::NoCredit,
        Class::RateLimited,
        Class::DailyQuota,
        Class::Overloaded,
        Class::Broken,
        Class::TooLong,
        Class::Filtered,
        Class::NotOffered,
        Class::Invalid,
    ];

    /// What may be done about it: the one table.
    pub fn rule(self) -> Rule {
        let rule = |same_key, next_key, next_provider, cooldown, tell, kind, later| Rule {
            same_key,
            next_key,
            next_provider,
            cooldown,
            tell,
            kind,
            later,
        };
        use {Cooldown as C, FailureKind as K, NextKey as N, NextProvider as P, SameKey as S, Tell as T};
        match self {
            Class::BadKey => {
                rule(S::Never, N::AtOnce, P::IfAllowed, C::KeyUntilChanged, T::Owner, K::Auth, false)
            }
            Class::NoCredit => {
                rule(S::Never, N::AtOnce, P::IfAllowed, C::KeyUntilPaid, T::Owner, K::Budget, false)
            }
            Class::RateLimited => {
                rule(S::AfterWait, N::AtOnce, P::Yes, C::KeyAndModel, T::History, K::RateLimited, true)
            }
            Class::DailyQuota => rule(
                S::Never,
                N::AtOnce,
                P::Yes,
                C::KeyAndModelUntilNewQuota,
                T::Owner,
                K::RateLimited,
                false,
            ),
            Class::Overloaded => {
                rule(S::Tries(2), N::Never, P::Yes, C::ModelBriefly, T::History, K::Server, true)
            }
            Class::Broken => {
                rule(S::Tries(2), N::Never, P::Yes, C::ModelAfterSeveral, T::History, K::Server, true)
            }
            Class::TooLong => rule(S::Never, N::Never, P::Larger, C::Nothing, T::Author, K::Invalid, false),
            Class::Filtered => {
                rule(S::Never, N::Never, P::ByPolicy, C::Nothing, T::Author, K::Invalid, false)
            }
            Class::NotOffered => rule(S::Never, N::Never, P::Yes, C::Nothing, T::Author, K::NotFound, false),
            Class::Invalid => rule(S::Never, N::Never, P::Never, C::Nothing, T::Author, K::Invalid, false),
        }
    }

    /// As it stands in ledgers.
    pub fn name(self) -> &'static str {
        match self {
            Class::BadKey => "bad_key",
            Class::NoCredit => "no_credit",
            Class::RateLimited => "rate_limited",
            Class::DailyQuota => "daily_quota",
            Class::Overloaded => "overloaded",
            Class::Broken => "broken",
            Class::TooLong => "too_long",
            Class::Filtered => "filtered",
            Class::NotOffered => "not_offered",
            Class::Invalid => "invalid",
        }
    }

    /// What has happened, for people.
    fn says(self) -> &'static str {
        match self {
            Class::BadKey => "the key is not accepted",
            Class::NoCredit => "the key has no credit left",
            Class::RateLimited => "the key is used too often just now",
            Class::DailyQuota => "the key has used up its quota",
            Class::Overloaded => "the provider has too much to do",
            Class::Broken => "the provider failed",
            Class::TooLong => "the question is longer than the model can read",
            Class::Filtered => "the content is refused",
            Class::NotOffered => "there is no such model or place for this key",
            Class::Invalid => "the question is not accepted",
        }
    }
}
