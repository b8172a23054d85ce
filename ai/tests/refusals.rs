//! The table of failover, row by row, and the failure that a refusal ends as.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use ai::refusal::{Class, Cooldown, NextKey, NextProvider, Refusal, SameKey, Tell};
use dsl::catalog::FailureKind;
use jiff::SignedDuration;

#[test]
fn what_may_be_done_about_each_class_is_the_table() {
    use {Cooldown as C, FailureKind as K, NextKey as N, NextProvider as P, SameKey as S, Tell as T};
    let rows = [
        (Class::BadKey, S::Never, N::AtOnce, P::IfAllowed, C::KeyUntilChanged, T::Owner, K::Auth, false),
        (Class::NoCredit, S::Never, N::AtOnce, P::IfAllowed, C::KeyUntilPaid, T::Owner, K::Budget, false),
        (
            Class::RateLimited,
            S::AfterWait,
            N::AtOnce,
            P::Yes,
            C::KeyAndModel,
            T::History,
            K::RateLimited,
            true,
        ),
        (
            Class::DailyQuota,
            S::Never,
            N::AtOnce,
            P::Yes,
            C::KeyAndModelUntilNewQuota,
            T::Owner,
            K::RateLimited,
            false,
        ),
        (Class::Overloaded, S::Tries(2), N::Never, P::Yes, C::ModelBriefly, T::History, K::Server, true),
        (Class::Broken, S::Tries(2), N::Never, P::Yes, C::ModelAfterSeveral, T::History, K::Server, true),
        (Class::TooLong, S::Never, N::Never, P::Larger, C::Nothing, T::Author, K::Invalid, false),
        (Class::Filtered, S::Never, N::Never, P::ByPolicy, C::Nothing, T::Author, K::Invalid, false),
        (Class::NotOffered, S::Never, N::Never, P::Yes, C::Nothing, T::Author, K::NotFound, false),
        (Class::Invalid, S::Never, N::Never, P::Never, C::Nothing, T::Author, K::Invalid, false),
    ];
    assert_eq!(rows.map(|row| row.0), Class::ALL);
    for (class, same_key, next_key, next_provider, cooldown, tell, kind, later) in rows {
        let rule = class.rule();
        let has = (
            rule.same_key,
            rule.next_key,
            rule.next_provider,
            rule.cooldown,
            rule.tell,
            rule.kind,
            rule.later,
        );
        assert_eq!(has, (same_key, next_key, next_provider, cooldown, tell, kind, later), "{}", class.name());
    }
}

#[test]
fn a_class_is_stored_by_its_name() {
    for class in Class::ALL {
        assert_eq!(serde_json::to_value(class).unwrap(), class.name());
    }
}

#[test]
fn a_refusal_ends_a_step_as_a_failure() {
    let refusal = Refusal {
        status: Some(429),
        wait: Some(Duration::from_secs(20)),
        ..Refusal::new(Class::RateLimited, "the key is used too often just now (OpenAI, status 429)")
    };
    let failure = refusal.failure();
    assert_eq!((failure.kind, failure.retryable, failure.answered), (FailureKind::RateLimited, true, true));
    assert_eq!((failure.status, failure.retry_after), (Some(429), Some(SignedDuration::from_secs(20))));
    let unanswered = Refusal::new(Class::Broken, "the answer is empty (OpenAI)").failure();
    assert_eq!(
        (unanswered.kind, unanswered.answered, unanswered.retry_after),
        (FailureKind::Server, false, None)
    );
}
