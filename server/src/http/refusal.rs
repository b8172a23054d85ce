//! What is answered where something is not done: a status, a code for programs, a message and a help for people. All of
//! it comes from one table.

use runtime::driver::Error as DriverError;

use crate::error::Error;

/// Why something is not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The status of HTTP.
    pub status: u16,
    /// A word for programs.
    pub code: &'static str,
    /// What is the case.
    pub message: String,
    /// What to do about it; empty where there is nothing to say.
    pub help: String,
    /// After how many seconds to try again.
    pub again: Option<u32>,
}

impl Refusal {
    fn new(status: u16, code: &'static str, message: impl Into<String>, help: impl Into<String>) -> Refusal {
        Refusal { status, code, message: message.into(), help: help.into(), again: None }
    }

    /// The request cannot be understood.
    pub fn bad(message: impl Into<String>) -> Refusal {
        Refusal::new(400, "bad_request", message, "")
    }

    /// Nobody asks, or somebody who is not known.
    pub fn unauthorized(message: &str) -> Refusal {
        let help = "send `authorization: Bearer TOKEN`; `keyway token add NAME` makes one";
        Refusal::new(401, "unauthorized", message, help)
    }

    /// A token does not go so far.
    pub fn forbidden(wanted: &str) -> Refusal {
        let help = format!("`keyway token add NAME --scope {wanted}` makes one that does");
        Refusal::new(403, "forbidden", format!("the token does not go as far as `{wanted}`"), help)
    }

    /// Nobody is signed in, or not any more.
    pub fn signed_out(message: &str) -> Refusal {
        Refusal::new(401, "signed_out", message, "sign in with `POST /api/v1/session`")
    }

    /// What was typed to sign in is wrong; whether there is such an account is not told.
    pub fn wrong_password() -> Refusal {
        Refusal::new(401, "wrong_password", "the name or the password is wrong", "")
    }

    /// A person's role does not go so far.
    pub fn role(wanted: &str) -> Refusal {
        let help = "an owner or admin can give another role";
        Refusal::new(403, "forbidden", format!("your role does not go as far as `{wanted}`"), help)
    }

    /// Somebody answers who was not asked.
    pub fn not_asked(step: &str, who: &str) -> Refusal {
        let help = "they answer, or an owner does, or a token of the scope `admin`";
        Refusal::new(403, "forbidden", format!("the step `{step}` asks {who}"), help)
    }

    /// It may be the wish of a page of another site.
    pub fn forged(message: &str) -> Refusal {
        let help = "`GET /api/v1/session` tells a page of ours what to send as `x-csrf-token`";
        Refusal::new(403, "forged", message, help)
    }

    /// It does not fit how things stand.
    pub fn conflict(message: impl Into<String>, help: &str) -> Refusal {
        Refusal::new(409, "conflict", message, help)
    }

    /// A link to be let in counts no more, or never did.
    pub fn spent_link() -> Refusal {
        let help = "ask whoever sent it for another one";
        Refusal::new(
            422,
            "invalid",
            "the link counts no more: it was used, its time is over, or it never was",
            help,
        )
    }

    /// A service says who somebody is, and they may not come in.
    pub fn uninvited() -> Refusal {
        let help = "ask an owner or admin for an invitation, and begin with what it shows";
        Refusal::new(403, "not_invited", "nobody of this name may come in unasked", help)
    }

    /// The name of who signs in is that of an account that somebody has already.
    pub fn taken(name: &str) -> Refusal {
        let help = "sign in with the password, and let the account sign in by the service: `POST /api/v1/account/identities/{issuer}`";
        Refusal::new(409, "conflict", format!("an account `{name}` is there already"), help)
    }

    /// Too many passwords were tried.
    pub fn tries(again: u32) -> Refusal {
        let message = "too many passwords were tried";
        Refusal { again: Some(again), ..Refusal::new(429, "rate_limited", message, "ask again later") }
    }

    /// A provider or a service could not be asked, or says no.
    pub fn upstream(message: impl Into<String>) -> Refusal {
        Refusal::new(502, "upstream", message, "")
    }

    /// What is asked for is not there, or somebody else's: that is not told apart.
    pub fn absent(what: &str, name: &str) -> Refusal {
        Refusal::new(404, "not_found", format!("there is no {what} `{name}`"), "")
    }

    /// There is no such address.
    pub fn nowhere() -> Refusal {
        Refusal::new(404, "not_found", "there is nothing at this address", "")
    }

    /// The address is right, the method is not.
    pub fn method() -> Refusal {
        Refusal::new(405, "method_not_allowed", "this address does not take this method", "")
    }

    /// The body did not come in time.
    pub fn slow() -> Refusal {
        Refusal::new(408, "timeout", "the body did not come in time", "send it at once")
    }

    /// A key stands for something else already.
    pub fn reused() -> Refusal {
        let message = "this `idempotency-key` was sent with something else before";
        Refusal::new(
            409,
            "key_reused",
            message,
            "send a fresh key with each wish, and the same one when asking again",
        )
    }

    /// The body is too long.
    pub fn large(most: usize) -> Refusal {
        Refusal::new(413, "too_large", format!("the body has more than {most} bytes"), "")
    }

    /// The body is no JSON by its head.
    pub fn media() -> Refusal {
        let help = "send `content-type: application/json`";
        Refusal::new(415, "unsupported_media_type", "the body is not said to be JSON", help)
    }

    /// It is called by a name that is not its own.
    pub fn misdirected() -> Refusal {
        let help = "`keyway serve --host NAME` lets it be called by another name";
        Refusal::new(421, "misdirected", "the head calls for a host that is not this one", help)
    }

    /// What the body says does not fit.
    pub fn unfit(message: impl Into<String>) -> Refusal {
        Refusal::new(422, "invalid", message, "")
    }

    /// Too much is asked in too short a time.
    pub fn often(again: u32) -> Refusal {
        let message = "the token asks more often than it may";
        Refusal { again: Some(again), ..Refusal::new(429, "rate_limited", message, "ask again later") }
    }

    /// A call from outside does not prove who it is.
    pub fn unproven(message: impl Into<String>) -> Refusal {
        Refusal::new(401, "unproven", message, "sign it with the secret of the webhook, and send it at once")
    }

    /// Whether a call from outside is genuine cannot be told just now.
    pub fn unsure() -> Refusal {
        let message = "whether the call is genuine cannot be told just now";
        Refusal {
            again: Some(30),
            ..Refusal::new(503, "unsure", message, "the log of the service tells why")
        }
    }

    /// The run whose output was waited for did not end well.
    pub fn failed(message: impl Into<String>) -> Refusal {
        Refusal::new(502, "run_failed", message, "`keyway show RUN` tells more")
    }

    /// It broke off.
    pub fn broke() -> Refusal {
        Refusal::new(500, "internal", "this could not be done", "the log of the service tells why")
    }

    /// The same with what to do about it.
    pub fn help(self, help: impl Into<String>) -> Refusal {
        Refusal { help: help.into(), ..self }
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Refusal {
        let (status, code) = kind(&error);
        if status == 500 {
            tracing::error!(error = crate::chain(&error), "a request could not be carried out");
            return Refusal::broke();
        }
        Refusal::new(status, code, crate::chain(&error), helped(&error))
    }
}

fn kind(error: &Error) -> (u16, &'static str) {
    match error {
        Error::NoWorkflow { .. } | Error::NoVersion { .. } | Error::NoEarlier { .. } => (404, "not_found"),
        Error::Inputs(_) | Error::SignIn(_) | Error::Unfit { .. } | Error::Unready { .. } => (422, "invalid"),
        Error::Wrong(_) => (409, "conflict"),
        Error::NoAddress { .. } => (404, "not_found"),
        Error::Workflow { .. } | Error::NotYet(_) | Error::Wanting { .. } => (409, "workflow_broken"),
        Error::Driver(error) => of_driver(error),
        Error::Vault(vault::Error::Sealed { .. } | vault::Error::Blank | vault::Error::Closed) => {
            (503, "sealed")
        }
        Error::Vault(vault::Error::Unknown { .. }) => (404, "not_found"),
        Error::Vault(
            vault::Error::Taken { .. } | vault::Error::Several { .. } | vault::Error::Stale { .. },
        ) => (409, "conflict"),
        Error::Vault(
            vault::Error::Name { .. }
            | vault::Error::Host { .. }
            | vault::Error::Base { .. }
            | vault::Error::TooLong
            | vault::Error::Empty
            | vault::Error::NoKey,
        ) => (422, "invalid"),
        Error::Vault(vault::Error::Refused(_)) => (403, "refused"),
        Error::LastOwner | Error::LastWayIn => (409, "conflict"),
        Error::Vault(_)
        | Error::Directory { .. }
        | Error::Backup { .. }
        | Error::Present { .. }
        | Error::Written { .. }
        | Error::Socket { .. }
        | Error::Listen { .. }
        | Error::Busy { .. }
        | Error::Owned { .. }
        | Error::OwnerGone
        | Error::Protocol(_)
        | Error::Owner { .. }
        | Error::NoNote { .. } => (500, "internal"),
    }
}

fn of_driver(error: &DriverError) -> (u16, &'static str) {
    match error {
        DriverError::NoRun(_) => (404, "not_found"),
        DriverError::Exists(_) | DriverError::Stale(_) => (409, "conflict"),
        DriverError::Full(_) => (409, "full"),
        DriverError::Refused(_) => (422, "invalid"),
        DriverError::Stopped => (503, "stopping"),
        DriverError::Store(error) => match **error {
            store::Error::Full { .. } | store::Error::Locked { .. } => (503, "unavailable"),
            _ => (500, "internal"),
        },
        // An error of a later day, and what is damaged.
        _ => (500, "internal"),
    }
}

/// The help for programs; that for the terminal names its flags.
fn helped(error: &Error) -> String {
    match error {
        Error::Inputs(_) => "give them in the body: `{ \"inputs\": { … } }`".into(),
        other => other.help().unwrap_or_default(),
    }
}
