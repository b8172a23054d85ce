//! Making it happen: drivers that move runs, in memory and on SQLite.
//!
//! It knows no service and no secret: calls go to an `Executor` that the caller gives.

pub mod driver;
pub mod executor;
