//! Items of other nodes, by the names of the nodes.

use serde_json::Value;

use super::{Now, Say, Val, no};
use crate::n8n::weave::{Card, Flow, Item, Res, Rest};
use crate::ours::{Bind, Ex, Sort};
use crate::report::{Kind, Why};

impl Say<'_, '_> {
    /// Whether there is one item and no other.
    pub(super) fn is_alone(&self) -> bool {
        self.now.all.is_none() && self.place.all.is_none()
    }

    /// What came in, as it is at this statement.
    pub(super) fn current(&mut self, now: Now) -> Res<Val> {
        match now {
            Now::Json => Ok(Val::Json(self.item())),
            Now::Wrap => Ok(Val::Wrap(self.item())),
            Now::Items => self.all_input(),
        }
    }

    pub fn all_input(&mut self) -> Res<Val> {
        Ok(Val::All(match self.now.all.as_ref().or(self.place.all.as_ref()) {
            Some(all) => all.clone(),
            None => Ex::new(format!("[{}]", self.item().whole.text), Bind::Path, Sort::List),
        }))
    }

    pub(super) fn all_of(&mut self, node: usize) -> Res<Val> {
        let flow = self.flow_of(node)?;
        let flow = self.within_reach(&flow);
        Ok(Val::All(self.weave.list_of(&flow)))
    }

    fn flow_of(&self, node: usize) -> Res<Flow> {
        let name = &self.weave.file.nodes[node].name;
        let found = self.weave.flows.range((node, 0)..=(node, usize::MAX)).next();
        match found {
            Some((_, flow)) => Ok(flow.clone()),
            None => no(format!("the node `{}`, which does not come before", crate::names::shown(name))),
        }
    }

    /// A flow where it can be read from here.
    fn within_reach(&mut self, flow: &Flow) -> Flow {
        let here = self.weave.around(self.place.scope);
        let common = self.weave.around(flow.scope).into_iter().find(|at| here.contains(at)).unwrap_or(0);
        self.weave.export(flow, common)
    }

    /// An item of another node.
    pub(super) fn of_node(&mut self, node: usize, which: Which) -> Res<Item> {
        let flow = self.flow_of(node)?;
        let here = self.weave.around(self.place.scope);
        let list = match (&flow.card, here.contains(&flow.scope)) {
            (Card::One(item), true) => return Ok(item.clone()),
            (Card::Many(list), true) => list.clone(),
            (_, false) => {
                let flow = self.within_reach(&flow);
                match flow.card {
                    Card::One(item) => return Ok(item),
                    Card::Many(list) => list,
                }
            }
        };
        // Within a block over just these items, it is the one that the block is at.
        let at = here.iter().find(|scope| self.weave.scopes[**scope].over == list.ex).copied();
        match (which, at) {
            (Which::Own, Some(scope)) => Ok(list.item(Ex::path(&*self.weave.scopes[scope].var))),
            (Which::Own, None) => {
                let name = crate::names::shown(&self.weave.file.nodes[node].name);
                Err(Why::new(
                    Kind::Flow,
                    format!("which item of `{name}` belongs to this one cannot be told"),
                ))
            }
            (Which::First, _) => Ok(list.item(Ex::path(format!("{}[0]", list.ex.at(Bind::Path))))),
            (Which::Last, _) => Ok(list.item(Ex::path(format!("{}[-1]", list.ex.at(Bind::Path))))),
        }
    }
}

/// Which item of a node.
#[derive(Clone, Copy)]
pub(super) enum Which {
    /// The one from which the item at hand was made.
    Own,
    First,
    Last,
}

/// A parameter of another node, which is only known where it does not depend on items.
pub(super) fn fixed(params: Value, _js: &crate::js::Js) -> Res<Val> {
    let entries = params.as_object().into_iter().flatten();
    let fixed = entries.filter_map(|(key, value)| match value {
        Value::String(text) if !text.starts_with('=') => Some((key.clone(), Ex::literal(text))),
        Value::Number(number) => Some((key.clone(), Ex::number(number.to_string()))),
        Value::Bool(flag) => Some((key.clone(), Ex::bool(*flag))),
        _ => None,
    });
    let known = fixed.collect();
    Ok(Val::Json(Item::of(known, Rest::Closed("the parameters of a node".into()))))
}
