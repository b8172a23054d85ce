//! Rows in SQLite: plans, runs, their logs and large values, and what the vault keeps. All SQL lives here, as
//! fixed text with bound values.
//!
//! It knows no type of the domain and makes no decision: bodies are bytes, states are words, times are
//! nanoseconds since 1970. There is one `Writer` for a file, shared at a `Desk`, and any number of `Reader`s
//! beside it, also in other processes.

pub mod accounts;
pub mod arrivals;
pub mod backup;
mod batch;
pub mod books;
pub mod calls;
mod change;
pub mod connections;
pub mod counted;
mod desk;
pub mod door;
mod error;
mod file;
pub(crate) mod identities;
mod lately;
pub mod look;
pub mod pages;
mod reader;
mod seal;
pub mod subscriptions;
pub mod vault;
mod writer;

pub use batch::{Answer, Asker, Batch, End, Kept, NewRun, Plan, Reused, Signal, Value};
pub use books::Book;
pub use change::{Chain, Change, Edit, Unfit};
pub use desk::Desk;
pub use error::Error;
pub use file::KNOWN as VERSION;
pub use reader::{Reader, Row, Run};
pub use writer::{Pragmas, Writer};
