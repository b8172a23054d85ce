//! Plain words to a checked, simulated draft of a workflow.
//!
//! It stores nothing, starts nothing and calls nothing but the owner's model, where there is a key for one. What can be
//! called is a `Catalog` that the caller gives: it knows no connector.
//!
//! ```text
//! a wish ─when, clause─► parts ─plan─► a sketch ─write─► text ─proved─► a draft | a question | a refusal
//!                                                  check, guard, simulate
//! a text, a wish ─edit─► pieces ─► text ─proved beside the one before─► the same
//! a broken text ─mend, patch─► pieces ─► text ─► the same, and what is left
//! ```

pub mod clause;
pub mod draft;
pub mod edit;
pub mod eval;
pub mod explain;
pub mod guard;
pub mod index;
pub mod lexicon;
pub mod model;
pub mod normal;
pub mod patch;
pub mod plan;
pub mod repair;
pub mod simulate;
pub mod sketch;
pub mod when;
mod write;
