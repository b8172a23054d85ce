//! Functions over numbers.

use super::Function;

pub const NUMBER: &[Function] = &[];
