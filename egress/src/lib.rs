//! The one guarded door to the network.
//!
//! It connects to public addresses alone unless its `Policy` says otherwise, and it decides on the address
//! that is connected to, not on how it is written. It follows redirects by hand, keeps credentials within
//! one origin, fills secrets in last, and keeps every call within limits of time and size. It does not
//! retry, does not know proxies, and keeps no cookies. What its errors say holds neither a header nor a
//! URL's query. Beside HTTP it speaks to mail servers and databases, by the same rules.

mod address;
mod client;
mod content;
mod error;
mod imap;
mod incoming;
mod limits;
mod line;
mod mail;
mod policy;
mod redact;
mod redirect;
mod request;
mod resolve;
mod sql;

pub use bytes::Bytes;
pub use client::{Client, Gathered, Response};
pub use content::Content;
pub use error::Error;
pub use imap::{Brought, Errand, Folder, Mailbox, Mark, Message, MessageId, No, Sought, Within};
pub use incoming::{Incoming, Pieces};
pub use line::Security;
pub use mail::{Letter, Login, Mail};
pub use policy::Policy;
pub use request::{Escape, Header, Method, Part, Request, Text};
pub use resolve::{Looking, Lookup, SystemLookup};
pub use sql::{Answer, Crypt, Database, Datum, Dialect, May, Statement};
