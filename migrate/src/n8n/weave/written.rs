//! The steps of a woven workflow, as they are written.

use super::{Slot, Weave};
use crate::finish;
use crate::ours::Ex;
use crate::tree::{Entry, Tree};

impl super::Scope {
    /// The step that the block is.
    pub fn holder(&self) -> &str {
        &self.holder
    }

    /// What of a round is read from outside under a key.
    pub fn exported(&self, key: &str) -> Option<&Ex> {
        self.exports.iter().find(|(known, _)| known == key).map(|(_, ex)| ex)
    }
}

impl Weave<'_> {
    /// The steps of a scope, as they are written.
    pub fn steps(&self, scope: usize) -> Vec<Entry> {
        let slots = self.scopes[scope].slots.iter();
        let entries = slots.map(|slot| match slot {
            Slot::Step { name, part, body } => {
                Entry { part: Some(*part), ..Entry::map(&**name, body.clone()) }
            }
            Slot::Hold(inner) => self.holding(*inner),
        });
        entries.collect()
    }

    fn holding(&self, scope: usize) -> Entry {
        let inner = &self.scopes[scope];
        let mut body = vec![];
        if let Some(guard) = &inner.guard {
            body.push(Entry::text("if", &*guard.text));
        }
        if let Some(until) = &inner.until {
            body.push(Entry::bare("repeat", super::rounds::MOST));
            body.push(Entry::text("until", &*until.text));
        } else {
            body.push(Entry::text("for_each", &*inner.over.text));
        }
        if inner.until.is_none() && inner.var != "item" {
            body.push(Entry::text("as", &*inner.var));
        }
        let mut steps = self.steps(scope);
        if steps.is_empty() {
            steps.push(Entry::map(
                "same",
                vec![Entry::map("set", vec![Entry::text("item", Ex::path(&*inner.var).hole())])],
            ));
        }
        body.push(Entry::map("steps", steps));
        if inner.exports.is_empty() {
            let count = if inner.until.is_some() { "{{ round }}" } else { "{{ index }}" };
            body.push(Entry::text("output", count));
        } else {
            let exports = inner.exports.iter().map(|(key, ex)| Entry::text(&**key, ex.hole()));
            body.push(Entry::new("output", Tree::Map(exports.collect())));
        }
        // What the block reads inside it waits for by itself.
        let unread = finish::unread(&body, &inner.after);
        if !unread.is_empty() {
            body.insert(0, Entry::new("after", Tree::List(unread.into_iter().map(Tree::Text).collect())));
        }
        Entry { part: Some(inner.part), ..Entry::map(&*inner.holder, body) }
    }
}
