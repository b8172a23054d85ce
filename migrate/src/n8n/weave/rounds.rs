//! Blocks that are gone round until a condition holds: what n8n draws as a way back from an If.

use std::collections::{BTreeMap, BTreeSet};

use super::{Card, Flow, Item, List, Rest, Scope, Slot, Weave};
use crate::names;
use crate::ours::{Bind, Ex, Sort};

/// Most rounds of such a block.
pub const MOST: u32 = 1_000;

/// What an item is called that goes back to the beginning.
const BACK: &str = "back";

impl Weave<'_> {
    /// Opens a block that is gone round, and gives what comes in at its first node: in the first round what came in, in
    /// later ones what the round before led back. Nothing where several items come in.
    pub fn go_round(&mut self, node: usize, flow: &Flow) -> Option<Flow> {
        let Card::One(item) = &flow.card else { return None };
        let first = Ex::new("round == 1", Bind::Compare, Sort::Bool);
        let last = Ex::path(format!("last?.{BACK}"));
        let choice = |one: &Ex, other: &Ex| {
            Ex::new(format!("({})", first.choice(one, other).text), Bind::Path, Sort::Any)
        };
        let whole = choice(&item.whole, &last);
        let known = item.known.iter().map(|(name, ex)| (name.clone(), choice(ex, &last.field(name))));
        let known = known.collect();
        let rest = match &item.rest {
            Rest::Closed(who) => Rest::Closed(who.clone()),
            Rest::Open(_) | Rest::Empty => Rest::Open(whole.clone()),
        };
        let wish = format!("rounds of {}", self.file.nodes[node].name);
        let holder = names::step(&wish, &mut self.taken);
        let scope = self.scopes.len();
        self.scopes.push(Scope {
            parent: Some(flow.scope),
            holder,
            part: node,
            var: "last".into(),
            over: Ex::null(),
            guard: flow.guard.clone(),
            picks: flow.picks.clone(),
            after: flow.after.clone(),
            slots: vec![],
            exports: vec![],
            batch: true,
            until: Some(Ex::bool(true)),
        });
        self.scopes[flow.scope].slots.push(Slot::Hold(scope));
        Some(Flow {
            scope,
            card: Card::One(Item { whole, known, rest }),
            guard: None,
            picks: flow.picks.clone(),
            after: BTreeSet::new(),
            files: BTreeMap::new(),
        })
    }

    /// Says when a block that is gone round is over, and what goes back while it is not.
    pub fn rounds_end(&mut self, scope: usize, until: Ex, back: &Item) {
        let scope = &mut self.scopes[scope];
        scope.until = Some(until);
        scope.exports.insert(0, (BACK.to_owned(), back.whole.clone()));
    }

    /// What a flow in such a block is behind it: what it was in the last round.
    pub fn after_rounds(&mut self, flow: &Flow, parent: usize) -> Flow {
        let scope = &mut self.scopes[flow.scope];
        let whole = match &flow.card {
            Card::One(item) => &item.whole,
            Card::Many(list) => &list.ex,
        };
        let value = match &flow.guard {
            Some(guard) => guard.choice(whole, &Ex::null()),
            None => whole.clone(),
        };
        let key = match scope.exports.iter().find(|(_, known)| *known == value) {
            Some((key, _)) => key.clone(),
            None => {
                let key = match scope.exports.len() {
                    0 => "item".to_owned(),
                    count => format!("item{}", count + 1),
                };
                scope.exports.push((key.clone(), value));
                key
            }
        };
        let held = Ex::path(format!("steps.{}.{key}", scope.holder));
        let card = match &flow.card {
            Card::One(item) => {
                let known = item.known.iter().map(|(name, _)| (name.clone(), held.field(name))).collect();
                let rest = match &item.rest {
                    Rest::Open(_) => Rest::Open(held.clone()),
                    other => other.clone(),
                };
                Card::One(Item { whole: held, known, rest })
            }
            Card::Many(list) => {
                Card::Many(List { ex: Ex { sort: Sort::List, ..held }, closed: list.closed.clone() })
            }
        };
        Flow {
            scope: parent,
            card,
            guard: scope.guard.clone(),
            picks: scope.picks.clone(),
            after: BTreeSet::from([scope.holder.clone()]),
            files: BTreeMap::new(),
        }
    }
}
