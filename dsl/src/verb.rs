//! What a step can do: a list of verbs, each a value with its key, its fields, an example and one function.
//!
//! Parsing, hints for mistyped keys, documentation, the JSON Schema and the test of each example come from `VERBS`.

mod ai;
mod approve;
mod call;
mod emit;
mod fail;
mod for_each;
pub(crate) mod http;
mod repeat;
mod set;
mod switch;
mod try_;
mod use_;
mod wait;

use crate::ast::{Arg, Op};
use crate::fields::Fields;
use crate::keys;
use crate::shape::{Field, Shape};
use crate::span::Spanned;

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

impl Verb {
    /// What stands at the level of the verb and beside it. What the verb says of a key goes before what all steps say.
    pub fn beside(&self) -> impl Iterator<Item = &'static Field> {
        let common = STEP.iter().filter(|field| self.fields.iter().all(|own| own.name != field.name));
        self.fields.iter().chain(common)
    }

    /// The keys of a step with this verb.
    pub fn keys(&self) -> Vec<&'static str> {
        self.beside().map(|field| field.name).collect()
    }
}

/// All verbs, sorted by key.
pub const VERBS: &[Verb] = &[
    ai::VERB,
    approve::VERB,
    call::VERB,
    emit::VERB,
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

/// The keys that every step may have beside its verb, sorted.
pub const STEP: &[Field] = &[
    Field::optional(
        "after",
        Shape::Either(&[Shape::Name, Shape::List(&Shape::Name)]),
        "Steps that come first though nothing of them is read.",
    ),
    Field::optional("cache", Shape::Duration, "How long an answer may be used again; for what only reads."),
    Field::optional("connection", Shape::Text, "Which named connection the action uses."),
    Field::optional("description", Shape::Text, "What the step is for."),
    Field::optional("if", Shape::Expression, "The step is skipped where this is false."),
    Field::optional(
        "on_doubt",
        Shape::Choice(ON_DOUBT),
        "What happens where a call was cut off that must not be repeated: a person is asked (the default), it is \
         made again, or the step fails.",
    ),
    Field::optional(
        "on_error",
        Shape::Choice(&["fail", "continue"]),
        "What happens where the step fails for good.",
    ),
    Field::optional("retry", keys::RETRY, "How often a call is tried in all, and when again."),
    Field::optional(
        "timeout",
        Shape::Duration,
        "Longest time of one attempt; for waits and blocks, of the whole.",
    ),
];

/// What happens where nobody knows whether a call took effect.
pub const ON_DOUBT: &[&str] = &["ask", "retry", "fail"];

/// What happens where a step fails for good.
pub const ON_ERROR: &[&str] = &["fail", "continue", "collect"];

/// The parameters of an action, while a verb puts them together.
type Args = Vec<(Spanned<String>, Arg)>;

fn put(args: &mut Args, key: &str, arg: Arg) {
    args.push((Spanned::new(key.into(), arg.span), arg));
}

/// Finds a verb by its key.
pub fn find(key: &str) -> Option<&'static Verb> {
    VERBS.iter().find(|verb| verb.key == key)
}

/// The keys of all verbs.
pub fn keys() -> impl Iterator<Item = &'static str> {
    VERBS.iter().map(|verb| verb.key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_sorted() {
        assert!(VERBS.windows(2).all(|pair| pair[0].key < pair[1].key));
    }

    #[test]
    fn every_verb_describes_its_own_key() {
        for verb in VERBS {
            assert!(verb.fields.iter().any(|field| field.name == verb.key && field.required), "{}", verb.key);
            assert!(verb.about.ends_with('.'), "{}", verb.key);
        }
    }
}
