//! Hooks: named pieces of code for what a manifest cannot say, a message of MIME for one. An action gives a hook its
//! values, and reads what it makes as `made`. There are few of them: what two services need belongs into the language
//! of manifests, and what a hook does is one question with one answer, without a network or a clock.

#[cfg(test)]
mod judged;
mod mail_parts;
pub(crate) mod mime_message;

use dsl::catalog::Failure;
use dsl::types::{self, Field, Type};
use dsl::value::Value;

use crate::params::Params;

/// A named piece of code.
#[derive(Debug)]
pub struct Hook {
    /// What manifests call it.
    pub name: &'static str,
    /// What it makes, in a sentence.
    pub about: &'static str,
    /// When it is called.
    pub moment: Moment,
    /// What it is given.
    pub takes: &'static [Taken],
    /// The type of what it makes.
    pub gives: &'static str,
    /// Makes it.
    pub(crate) make: fn(&Params) -> Result<Value, Failure>,
}

/// When a hook is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// Before the request, which reads what it makes.
    Before,
    /// After the answer, which it reads.
    After,
}

impl Moment {
    /// As pages say it.
    pub fn name(self) -> &'static str {
        match self {
            Moment::Before => "before the request",
            Moment::After => "after the answer",
        }
    }
}

/// Something that a hook is given.
#[derive(Clone, Copy, Debug)]
pub struct Taken {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub ty: &'static str,
    /// True if it must be there.
    pub required: bool,
    /// What it is, in a sentence.
    pub about: &'static str,
}

/// All hooks, sorted by their names.
pub const HOOKS: &[Hook] = &[mail_parts::HOOK, mime_message::HOOK];

/// The hook of this name.
pub fn find(name: &str) -> Option<&'static Hook> {
    HOOKS.iter().find(|hook| hook.name == name)
}

impl Hook {
    /// What it is given, as parameters.
    pub fn fields(&self) -> Vec<Field> {
        let field = |taken: &Taken| Field {
            optional: !taken.required,
            ..Field::required(taken.name, written(taken.ty), taken.about)
        };
        self.takes.iter().map(field).collect()
    }

    /// The type of what it makes: each field of it is there, be it null.
    pub fn gives(&self) -> Type {
        match written(self.gives) {
            Type::Object(fields) => {
                Type::Object(fields.into_iter().map(|field| Field { optional: false, ..field }).collect())
            }
            other => other,
        }
    }
}

/// A type as this file writes it; a test reads all of them.
fn written(ty: &str) -> Type {
    types::parse(ty).unwrap_or_default()
}

const fn required(name: &'static str, ty: &'static str, about: &'static str) -> Taken {
    Taken { name, ty, required: true, about }
}

const fn optional(name: &'static str, ty: &'static str, about: &'static str) -> Taken {
    Taken { name, ty, required: false, about }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_few_and_each_says_what_it_takes_and_gives() {
        assert!(HOOKS.len() <= 12, "{} hooks: does the language of manifests lack something?", HOOKS.len());
        assert!(HOOKS.is_sorted_by_key(|hook| hook.name));
        for hook in HOOKS {
            assert!(hook.about.ends_with('.'), "{}", hook.name);
            types::parse(hook.gives).unwrap_or_else(|why| panic!("{}: {why}", hook.name));
            for taken in hook.takes {
                types::parse(taken.ty).unwrap_or_else(|why| panic!("{}.{}: {why}", hook.name, taken.name));
                assert!(taken.about.ends_with('.'), "{}.{}", hook.name, taken.name);
            }
        }
    }
}
