//! Rows in SQLite: plans, runs, their logs and large values. All SQL lives here, as fixed text with bound
//! values.
//!
//! It knows no type of the domain and makes no decision: bodies are bytes, states are words, times are
//! nanoseconds since 1970. There is one `Writer` for a file, and any number of `Reader`s beside it, also
//! in other processes.

mod batch;
mod error;
mod file;
mod reader;
mod seal;
mod writer;

pub use batch::{Answer, Batch, End, NewRun, Plan, Signal, Value};
pub use error::Error;
pub use reader::{Reader, Row, Run};
pub use writer::{Pragmas, Writer};
