//! Making it happen: drivers that move runs, in memory and on SQLite.
//!
//! It knows no service and no secret: calls go to an `Executor` that the caller gives. It decides nothing
//! about a run: that is `engine`. There is no separate recovery: a run that was cut off is folded from its
//! log, and what is outstanding is handed out again.
//!
//! The order of things, the same for every driver: take what has arrived, decide what it means, write all
//! of that in one commit, and only then hand out what follows from it.

pub mod arrival;
mod child;
pub mod clean;
pub mod clock;
pub mod driver;
pub mod executor;
pub mod journal;
pub mod listeners;
pub mod local;
pub mod poller;
pub mod rehearsal;
pub mod schedule;
pub mod timekeeper;
