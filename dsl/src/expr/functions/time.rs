//! Functions over time.

use super::Function;

pub const TIME: &[Function] = &[];
