//! Plain words to a checked, simulated draft of a workflow.

pub mod normal;
pub mod when;
