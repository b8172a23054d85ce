//! Why somebody is not signed in.

use dsl::catalog::{Failure, FailureKind};

/// Why somebody is not signed in. It holds names, never a secret, and nothing that came in the address of a browser.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// Nobody is named who begins.
    #[error("nobody is signed in here who could connect an account")]
    Nobody,
    /// The answer has no `state`.
    #[error("the answer has no `state`: it belongs to no sign-in that was begun here")]
    StateMissing,
    /// The `state` was not made here, or what it is sealed to was changed.
    #[error("the `state` of the answer was not made here")]
    StateForged,
    /// There is no such attempt, or it was used.
    #[error("this sign-in was finished already, or was never begun here")]
    StateUsed,
    /// It took too long.
    #[error("this sign-in was begun too long ago")]
    Expired,
    /// Another person began it.
    #[error("another person began this sign-in")]
    OtherPerson,
    /// It was begun in another browser or terminal.
    #[error("this sign-in was begun in another browser or terminal")]
    OtherSession,
    /// It was begun for another connector.
    #[error("this sign-in was begun for another connector")]
    OtherConnector,
    /// The answer came to another address than the one that was named.
    #[error("the answer came to another address than the one that was given to the service")]
    OtherAddress,
    /// The app or the way to sign in is another one than at the beginning.
    #[error("the app was changed since this sign-in was begun")]
    OtherApp,
    /// The service does not say who it is, though it should.
    #[error("the answer does not say who it is from")]
    IssuerMissing,
    /// The answer is from somebody else.
    #[error("the answer is from another service than the one that was asked")]
    IssuerMismatch,
    /// A parameter stands more than once in the answer.
    #[error("`{0}` stands more than once in the answer")]
    Repeated(&'static str),
    /// The answer has no code.
    #[error("the answer has no code")]
    CodeMissing,
    /// The service, or the person there, says no.
    #[error("the service says no: {0}")]
    Denied(String),
    /// An address leads to a host that is not among those of the connector.
    #[error("the address for `{what}` leads to `{host}`, which is not among the hosts of the connector")]
    OutsideHosts {
        /// Which address.
        what: &'static str,
        /// Where it leads.
        host: String,
    },
    /// Only a person can help: they have to sign in again.
    #[error("the account has to be connected again: {0}")]
    Reconnect(String),
    /// The world said no in another way.
    #[error("{}", .0.message)]
    Failed(Box<Failure>),
}

impl Refusal {
    /// A refusal that trying again cannot help.
    pub(super) fn of(kind: FailureKind, message: impl Into<String>) -> Refusal {
        Refusal::Failed(Box::new(Failure::new(kind, message)))
    }

    /// As a call of an action tells it.
    pub fn failure(self) -> Failure {
        match self {
            Refusal::Failed(failure) => *failure,
            Refusal::OutsideHosts { .. } => Failure::new(FailureKind::Refused, self.to_string()),
            Refusal::Reconnect(_)
            | Refusal::Nobody
            | Refusal::StateMissing
            | Refusal::StateForged
            | Refusal::StateUsed
            | Refusal::Expired
            | Refusal::OtherPerson
            | Refusal::OtherSession
            | Refusal::OtherConnector
            | Refusal::OtherAddress
            | Refusal::OtherApp
            | Refusal::IssuerMissing
            | Refusal::IssuerMismatch
            | Refusal::Repeated(_)
            | Refusal::CodeMissing
            | Refusal::Denied(_) => Failure::new(FailureKind::Auth, self.to_string()),
        }
    }

    /// True where a person has to sign in again, and nothing else helps.
    pub fn needs_person(&self) -> bool {
        matches!(self, Refusal::Reconnect(_))
    }
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Refusal {
        Refusal::Failed(Box::new(failure))
    }
}

/// A word that a service says, if it may be shown: a short name, and nothing that could hold a secret.
pub(super) fn word(text: &str) -> String {
    let fits = |letter: char| letter.is_ascii_lowercase() || letter == '_';
    if (1..=40).contains(&text.len()) && text.chars().all(fits) {
        text.into()
    } else {
        "an error without a known name".into()
    }
}
