//! How a call over the network goes wrong. The texts hold hosts and sizes, never headers or queries.

use std::time::Duration;

use crate::imap::No;
use crate::resolve::Blocked;

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The rules forbid it: an address, a redirect, a scheme.
    #[error("{0}")]
    Refused(String),
    /// A secret was not opened.
    #[error(transparent)]
    Secret(#[from] secret::Refused),
    /// The request itself is wrong: its URL, a header, its size.
    #[error("{0}")]
    Invalid(String),
    /// No connection, or no whole answer.
    #[error("{message}")]
    Network {
        /// What happened.
        message: String,
        /// True if it is known that no server has seen the request.
        before_send: bool,
    },
    /// The whole call took too long.
    #[error("no whole answer from `{host}` within {}", seconds(*limit))]
    Timeout {
        /// Who was asked.
        host: String,
        /// How long it was waited for.
        limit: Duration,
    },
    /// A mail server said no.
    #[error("`{host}` says {code}: {said}")]
    Said {
        /// Who said it.
        host: String,
        /// Its code: from 400 on it may help to try again, from 500 on it does not.
        code: u16,
        /// What it said.
        said: String,
    },
    /// A database said no.
    #[error("`{host}` says {state}: {said}")]
    Database {
        /// Which server.
        host: String,
        /// Its SQLSTATE, of five signs.
        state: String,
        /// What it said.
        said: String,
    },
    /// A mailbox said no.
    #[error("`{host}` says no: {said}")]
    Mailbox {
        /// Which server.
        host: String,
        /// How.
        no: No,
        /// What it said.
        said: String,
    },
    /// The answer is longer than allowed.
    #[error("the {what} of the answer of `{host}` is longer than {limit} bytes")]
    TooLarge {
        /// Who answered.
        host: String,
        /// Which part of the answer: `head` or `body`.
        what: &'static str,
        /// The limit in bytes.
        limit: usize,
    },
}

impl Error {
    /// What lies at the bottom of an error of the HTTP library.
    pub(crate) fn deepest(error: &dyn std::error::Error) -> String {
        let mut cause = error;
        while let Some(source) = cause.source() {
            cause = source;
        }
        first_line(&cause.to_string()).to_owned()
    }

    /// Translates an error of the HTTP library, without its URL.
    pub(crate) fn network(error: reqwest::Error, host: &str, first: bool) -> Error {
        let error = error.without_url();
        let mut cause: &(dyn std::error::Error + 'static) = &error;
        while let Some(source) = cause.source() {
            cause = source;
            if let Some(Blocked { host, address }) = cause.downcast_ref() {
                return Error::Refused(refused_address(host, address));
            }
        }
        if error.is_builder() {
            return Error::Invalid(format!("the request to `{host}` cannot be sent: {cause}"));
        }
        let before_send = error.is_connect();
        let message = match before_send {
            true if error.is_timeout() => format!("cannot connect to `{host}`: it takes too long"),
            true => format!("cannot connect to `{host}`: {}", first_line(&cause.to_string())),
            false => format!("the connection to `{host}` broke: {}", first_line(&cause.to_string())),
        };
        Error::Network { message, before_send: before_send && first }
    }
}

/// What is said of an address that the rules forbid.
pub(crate) fn refused_address(host: &str, address: &str) -> String {
    if host == address {
        format!("the address `{host}` is private, and this run may not call private addresses")
    } else {
        format!("`{host}` is at the private address `{address}`, and this run may not call private addresses")
    }
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

fn seconds(length: Duration) -> String {
    match length.as_millis() {
        millis if millis % 1000 == 0 => format!("{}s", millis / 1000),
        millis => format!("{millis}ms"),
    }
}
