//! The checks that stand between an attacker and somebody's account, one name for each. All are made, always; a test
//! may leave one out, to see that the attack which it stops would succeed.

/// A check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Check {
    /// The answer names an attempt.
    State,
    /// What the attempt is sealed to.
    Seal,
    /// An attempt serves once.
    Once,
    /// An attempt is over after a while.
    Expiry,
    /// Somebody begins, and in some session.
    Somebody,
    /// Who began finishes.
    Person,
    /// In the same session.
    Session,
    /// For the same connector.
    Connector,
    /// At the address that was given.
    Address,
    /// With the same app.
    App,
    /// The answer is from who was asked.
    Issuer,
    /// Nothing stands twice in the answer.
    Repeated,
    /// An error is a no, whatever stands beside it.
    Denied,
    /// There is a code.
    Code,
    /// The code is bound to who asked for it.
    Pkce,
    /// A request with secrets follows no redirect.
    Redirect,
    /// Secrets go to the hosts of the connector alone.
    Hosts,
    /// An answer with an error brings no tokens.
    Error,
    /// A statement is signed in a way that is taken.
    Algorithm,
    /// It is signed with a key of its service.
    Signature,
    /// It is made by the service that was asked.
    StatedIssuer,
    /// It is made for this app.
    Audience,
    /// It is made for this attempt.
    Nonce,
    /// Its time has come, and is not over.
    Stated,
    /// An address of mail that the service has not verified is nobody's.
    Verified,
}

impl Check {
    /// True if the check is made.
    #[cfg(not(test))]
    pub(super) fn is_made(self) -> bool {
        true
    }

    /// True if the check is made: unless the test on this thread leaves it out.
    #[cfg(test)]
    pub(super) fn is_made(self) -> bool {
        LEFT_OUT.get() != Some(self)
    }
}

#[cfg(test)]
thread_local! {
    /// The check that the test on this thread leaves out.
    pub(super) static LEFT_OUT: std::cell::Cell<Option<Check>> = const { std::cell::Cell::new(None) };
}
