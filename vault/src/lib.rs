//! Keys and secrets at rest.
