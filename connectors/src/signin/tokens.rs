//! What signing in brings.

use std::time::Duration;

use dsl::value::Value;
use jiff::Timestamp;
use secret::Secret;

/// Tokens as a service gave them out.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// What stands in requests.
    pub access: Secret,
    /// What another access token is had for, where there is one.
    pub refresh: Option<Secret>,
    /// When the access token is over; nothing where that is not known.
    pub expires: Option<Timestamp>,
    /// What it may be used for.
    pub scopes: Vec<String>,
    /// What the service says of who signed in, where it was asked to: signed, and for `verified` alone.
    pub identity: Option<Secret>,
    /// The rest of the answer, without anything that may be secret: `token` of `derive`.
    pub extra: Value,
}

impl Tokens {
    /// True where the access token is over, or will be within this time.
    pub fn end_within(&self, before: Duration, now: Timestamp) -> bool {
        let before = jiff::SignedDuration::try_from(before).unwrap_or(jiff::SignedDuration::MAX);
        self.expires.is_some_and(|end| end.duration_since(now) <= before)
    }

    /// These tokens with those of another sign-in beside them: a service that says nothing of a refresh token leaves the
    /// one that there is.
    pub(super) fn after(self, before: &Tokens) -> Tokens {
        let refresh = self.refresh.or_else(|| before.refresh.clone());
        let extra = if self.extra.is_null() { before.extra.clone() } else { self.extra };
        Tokens { refresh, extra, ..self }
    }
}
