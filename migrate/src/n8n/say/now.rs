//! What came in to a node of code: as it is after the statements that have changed it.

use super::{Say, Val, name_of, no};
use crate::js::Js;
use crate::n8n::weave::{Item, List, Res, Rest};
use crate::ours::{Bind, Ex, Sort};

/// What came in, under whichever name it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Now {
    /// The fields of the item.
    Json,
    /// The item as n8n wraps it.
    Wrap,
    /// All items.
    Items,
}

/// What code sees of what came in, beside `$input` and `$json`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Said {
    /// It is no code but an expression.
    #[default]
    Nothing,
    /// `items`, all of them.
    Items,
    /// `item`, one as it is wrapped.
    Item,
    /// `item`, the fields of one.
    Fields,
}

/// What came in to code.
#[derive(Clone, Debug, Default)]
pub struct Current {
    pub said: Said,
    /// The item, once it was changed.
    pub item: Option<Item>,
    /// All items, where there may be several.
    pub all: Option<Ex>,
    /// Fields that were added to items.
    pub more: Vec<String>,
}

impl Say<'_, '_> {
    /// What `typeof x === 'string'` asks.
    pub(super) fn kind_of(&mut self, op: &str, left: &Js, right: &Js) -> Res<Option<Ex>> {
        let (Js::Call(callee, args), Js::Text(kind)) = (left, right) else { return Ok(None) };
        if **callee != Js::Name("typeof".into()) || !matches!(op, "==" | "===" | "!=" | "!==") {
            return Ok(None);
        }
        let [of] = &args[..] else { return Ok(None) };
        let of = self.value(of)?;
        let among =
            |kinds: &str| Ex::new(format!("type({}) in [{kinds}]", of.text), Bind::Compare, Sort::Bool);
        let is = match kind.as_str() {
            "string" => among("'string'"),
            "number" => among("'integer', 'number'"),
            "boolean" => among("'boolean'"),
            "object" => among("'object', 'list'"),
            "undefined" => of.is(&Ex::null()),
            _ => return no(format!("`typeof` that is `{kind}`")),
        };
        Ok(Some(if op.starts_with('!') { is.not() } else { is }))
    }

    /// What a name stands for.
    pub fn var(&self, name: &str) -> Option<&Val> {
        self.vars.iter().rev().find(|(known, _)| known == name).map(|(_, val)| val)
    }

    /// A number that no other name of a parameter has.
    pub fn fresh_name(&mut self) -> usize {
        self.names += 1;
        self.names - 1
    }

    /// The item that `$json` is.
    pub fn item(&self) -> Item {
        self.now.item.clone().unwrap_or_else(|| self.place.item.clone())
    }

    /// One of the items of a list: of those that came in, with no more fields than are at hand.
    pub fn member_of(&self, list: &Ex, called: &Ex) -> Item {
        let own = self.now.all.as_ref() == Some(list)
            || self.place.all.as_ref() == Some(list)
            || self.is_only(list);
        match &self.place.item.rest {
            Rest::Closed(who) if own => {
                let names = self.place.item.known.iter().map(|(name, _)| name.clone());
                let names = names.chain(self.now.more.iter().cloned()).collect();
                List { ex: list.clone(), closed: Some((names, who.clone())) }.item(called.clone())
            }
            _ => Item::open(called.clone()),
        }
    }

    /// What `new` makes.
    pub(super) fn made(&mut self, class: &Js, args: &[Js]) -> Res<Val> {
        match (class, args) {
            (Js::Name(name), []) if name == "Date" => Ok(Val::Ex(Ex::new("now()", Bind::Path, Sort::Time))),
            (Js::Name(name), [of]) if name == "Date" => {
                let ex = self.value(of)?;
                Ok(Val::Ex(if ex.sort == Sort::Time { ex } else { Ex::call("time", &[&ex], Sort::Time) }))
            }
            (Js::Name(name), [of]) if name == "Set" => {
                let list = self.value(of)?;
                Ok(Val::Ex(Ex::call("unique", &[&list], Sort::List)))
            }
            _ => no(format!("`new {}`", name_of(class))),
        }
    }
}
