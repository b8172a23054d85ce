//! Functions over objects.

use super::Function;

pub const MAP: &[Function] = &[];
