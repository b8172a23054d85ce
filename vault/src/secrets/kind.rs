//! What a secret is for, and how it stands.

/// What a secret is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Of an app that somebody registered at a service.
    App,
    /// Of an account at a service.
    Connection,
    /// What the address of a webhook is made of.
    Hook,
    /// Of an app that somebody registered at a service at which people sign in.
    Issuer,
    /// A provider's key, which somebody pays for.
    Key,
    /// Any other secret.
    Secret,
}

impl Kind {
    /// Its word.
    pub fn name(self) -> &'static str {
        match self {
            Kind::App => "app",
            Kind::Connection => "connection",
            Kind::Hook => "hook",
            Kind::Issuer => "issuer",
            Kind::Key => "key",
            Kind::Secret => "secret",
        }
    }
}

/// How a secret stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It may be used.
    Active,
    /// It may be used, and nobody has asked the provider whether it is right.
    Untested,
    /// The provider said that it is right.
    Valid,
    /// The provider said that it is wrong.
    Invalid,
    /// The provider said that its time is over.
    Expired,
    /// The provider said that nothing is left to pay with.
    NoCredit,
    /// The provider said that it was used too often.
    RateLimited,
    /// It may not be used any more.
    Revoked,
}

impl Status {
    const ALL: [Status; 8] = [
        Status::Active,
        Status::Untested,
        Status::Valid,
        Status::Invalid,
        Status::Expired,
        Status::NoCredit,
        Status::RateLimited,
        Status::Revoked,
    ];

    /// Its word.
    pub fn name(self) -> &'static str {
        match self {
            Status::Active => "active",
            Status::Untested => "untested",
            Status::Valid => "valid",
            Status::Invalid => "invalid",
            Status::Expired => "expired",
            Status::NoCredit => "no_credit",
            Status::RateLimited => "rate_limited",
            Status::Revoked => "revoked",
        }
    }

    /// True if it may be used. Credit and limits change without our hearing of it, so they keep nobody from trying.
    pub(crate) fn serves(self) -> bool {
        match self {
            Status::Active | Status::Untested | Status::Valid | Status::NoCredit | Status::RateLimited => {
                true
            }
            Status::Invalid | Status::Expired | Status::Revoked => false,
        }
    }

    pub(crate) fn of(name: &str) -> Option<Status> {
        Status::ALL.into_iter().find(|status| status.name() == name)
    }
}
