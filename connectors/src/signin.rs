//! Signing in at a service: from a way to sign in that a manifest describes to tokens, and from tokens that are nearly
//! over to others.
//!
//! Nothing here listens, stores or reads a clock: `now` and chance are given, tokens are kept by whoever implements
//! `Keep`, and every exchange goes through `egress`, with secrets as holes that open for one host alone. What a service
//! answers becomes `Tokens` at once; no message, error or `Debug` holds what it said of them.

mod answer;
mod assertion;
mod attempt;
mod check;
mod derive;
mod device;
mod exchange;
mod fresh;
mod grants;
mod held;
mod identity;
mod issuer;
mod oauth1;
mod refusal;
mod seal;
mod service;
mod sigv4;
mod tokens;

#[cfg(test)]
mod asking;
#[cfg(test)]
mod attacks;
#[cfg(test)]
mod double;
#[cfg(test)]
mod renewals;
#[cfg(test)]
mod stating;

pub(crate) use exchange::host;

pub use attempt::{Accepted, Attempts, Begun, Callback, LASTS, Who, Wish};
pub use derive::{Choice, Derived, Signed, derive, label};
pub use device::{Device, Poll};
pub use fresh::{Answering, Keep, Kept, LEASE, Lease, Leased, Outcome, Renewer, Standing};
pub use held::Held;
pub use identity::{Expected, Keys, Somebody, verified};
pub use issuer::{Issuer, Transport};
pub use oauth1::{Consumer, Signing, sign};
pub use refusal::Refusal;
pub use service::{App, Service};
pub(crate) use sigv4::{Key, Sealed, link, seal, spell};
pub use tokens::Tokens;
