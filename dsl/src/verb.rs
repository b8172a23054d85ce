//! What a step can do: a list of verbs, each a value with its key, its fields, an example and one function.
//!
//! Parsing, hints for mistyped keys, documentation and the test of each example come from `VERBS`.

mod fail;
mod for_each;
pub(crate) mod http;
mod repeat;
mod set;
mod switch;
mod try_;
mod use_;
mod wait;

use crate::ast::Op;
use crate::fields::Fields;

/// A kind of step.
#[derive(Debug)]
pub struct Verb {
    /// The key that an author writes.
    pub key: &'static str,
    /// What it does, in a sentence.
    pub about: &'static str,
    /// The keys at its level, its own included.
    pub fields: &'static [Field],
    /// A step that uses it, as an entry of `steps`.
    pub example: &'static str,
    /// Reads the step; nothing where it could not be read, and then it was reported.
    pub read: fn(&mut Fields<'_, '_, '_>) -> Option<Op>,
}

/// A key that a step may have.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// The key.
    pub name: &'static str,
    /// True if it must be there.
    pub required: bool,
    /// What it is for, in a sentence.
    pub about: &'static str,
    /// What may stand there, as authors call it.
    pub ty: &'static str,
}

impl Field {
    /// A key that must be there.
    pub const fn required(name: &'static str, ty: &'static str, about: &'static str) -> Field {
        Field { name, required: true, about, ty }
    }

    /// A key that may be left out.
    pub const fn optional(name: &'static str, ty: &'static str, about: &'static str) -> Field {
        Field { name, required: false, about, ty }
    }
}

/// All verbs, sorted by key.
pub const VERBS: &[Verb] = &[
    fail::VERB,
    for_each::VERB,
    http::VERB,
    repeat::VERB,
    set::VERB,
    switch::VERB,
    try_::VERB,
    use_::VERB,
    wait::VERB,
];

/// Verbs of the language that this version cannot run, with what they will do.
pub const LATER: &[(&str, &str)] = &[
    ("ai", "asks a model"),
    ("approve", "asks a person"),
    ("call", "runs another workflow"),
    ("emit", "raises a signal for other runs"),
];

/// The keys that every step may have beside its verb, sorted.
pub const STEP: &[Field] = &[
    Field::optional(
        "after",
        "name or list of names",
        "Steps that come first though nothing of them is read.",
    ),
    Field::optional("cache", "duration", "How long an answer may be used again."),
    Field::optional("connection", "string", "Which named connection the action uses."),
    Field::optional("description", "string", "What the step is for."),
    Field::optional("if", "expression", "The step is skipped where this is false."),
    Field::optional("on_error", "fail | continue", "What happens where the step fails for good."),
    Field::optional("retry", "integer or mapping", "How often a call is tried in all, and when again."),
    Field::optional(
        "timeout",
        "duration",
        "Longest time of one attempt; for waits and blocks, of the whole.",
    ),
];

/// Finds a verb by its key.
pub fn find(key: &str) -> Option<&'static Verb> {
    VERBS.iter().find(|verb| verb.key == key)
}

/// The keys of all verbs, those that come later included.
pub fn keys() -> impl Iterator<Item = &'static str> {
    VERBS.iter().map(|verb| verb.key).chain(LATER.iter().map(|(key, _)| *key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_sorted() {
        assert!(VERBS.windows(2).all(|pair| pair[0].key < pair[1].key));
        assert!(STEP.windows(2).all(|pair| pair[0].name < pair[1].name));
    }

    #[test]
    fn every_verb_describes_its_own_key() {
        for verb in VERBS {
            assert!(verb.fields.iter().any(|field| field.name == verb.key && field.required), "{}", verb.key);
            assert!(verb.about.ends_with('.'), "{}", verb.key);
        }
    }
}
