//! The pages in the binary: what stands in them, with which heads they come, and that nobody can make them run or ask
//! anything else.

#![allow(clippy::unwrap_used)]

#[path = "dashboard/files.rs"]
mod files;
#[path = "dashboard/played.rs"]
mod played;
#[path = "dashboard/source.rs"]
mod source;
