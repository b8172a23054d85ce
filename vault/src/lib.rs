//! Keys and secrets at rest: sealed by keys over keys, opened for one host at the last moment, and every use
//! of one written down before it is opened.
//!
//! It does not know what a workflow is, talks to no provider, and never prints, logs or serialises a secret.
//! It keeps no opened key of an owner: only root keys and the key of the audit stay in memory.

mod apps;
mod audit;
mod beside;
mod bound;
mod cipher;
mod connections;
mod error;
mod keys;
#[cfg(test)]
mod measure;
mod owner;
pub mod password;
mod process;
pub mod provider;
mod resolve;
mod root;
mod rotate;
mod secrets;
mod sign_in;
mod state;
#[cfg(test)]
mod swaps;
mod verify;

pub use audit::{Action, Deed, Recorded, Told};
pub use beside::Beside;
pub use bound::{Bound, Held, Paid, Trial};
pub use cipher::Key;
pub use connections::{Connected, Connecting, Place, secret_name};
pub use error::Error;
pub use keys::{Vault, Who};
pub use owner::{LOCAL, Owner, OwnerKind, PLATFORM, Tier};
pub use process::keep_memory;
pub use resolve::{Payer, Resolved, Usable, Want, What};
pub use root::Source;
pub use rotate::{Rotation, Step};
pub use secrets::{Entry, Kind, Listed, Status, check_name};
pub use sign_in::{ACCESS, Fresh, READY, RECONNECT, REFRESH};
pub use state::State;
pub use store::connections::{Connection, Failed, Measured, SignIn, Told as ConnectionTold};
pub use verify::Findings;

/// Nanoseconds since 1970, which fit until the year 2262.
fn now() -> i64 {
    i64::try_from(jiff::Timestamp::now().as_nanosecond()).unwrap_or(i64::MAX)
}
