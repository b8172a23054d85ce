//! The desktop shell: a window around the pages of a Keyway service. It finds the service or starts it, shows `/dashboard`,
//! and lets the page tell of what needs a person.
//!
//! It has no pages of its own beyond one that says what it waits for, knows no workflow, and keeps no secret: what a person
//! may do follows from the session that they have in the page.

pub mod address;
pub mod bridge;
pub mod find;
pub mod service;
pub mod way;
pub mod window;
