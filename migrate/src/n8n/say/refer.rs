//! Items of other nodes, by the names of the nodes.

use serde_json::Value;

use super::{Now, Say, Val, no};
use crate::n8n::weave::{Card, Flow, Item, List, Res, Rest};
use crate::ours::{Bind, Ex, Sort};
use crate::report::{Kind, Why};

impl Say<'_, '_> {
    /// Whether there is one item and no other.
    pub(super) fn is_alone(&self) -> bool {
        self.now.all.is_none() && self.place.all.is_none()
    }

    /// Whether a list has the one item that came in, and nothing else.
    pub(super) fn is_only(&self, list: &Ex) -> bool {
        self.is_alone() && list.text == format!("[{}]", self.item().whole.text)
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

    /// The item of a list that belongs to the one at hand, where the blocks at hand go over lists that were made of it.
    fn related(&self, here: &[usize], list: &List) -> Option<Item> {
        // Where a node looks at one item after the other, the one at hand may be one of the list's, or chosen of it.
        let mut over = self.place.all.as_ref().map(|all| all.text.as_str());
        for _ in 0..20 {
            match over {
                Some(text) if text == list.ex.text => return Some(self.place.item.clone()),
                Some(text) => over = self.weave.same.get(text).map(String::as_str),
                None => break,
            }
        }
        for (at, scope) in here.iter().enumerate() {
            let scope = &self.weave.scopes[*scope];
            // Of a choice of items each is what it was.
            let mut over = scope.over.text.as_str();
            for _ in 0..20 {
                match self.weave.same.get(over) {
                    Some(of) if *of == list.ex.text => return Some(list.item(Ex::path(&*scope.var))),
                    Some(of) => over = of,
                    None => break,
                }
            }
            // What blocks gave for each item stands in the order of the items.
            if at == 0
                && let Some((block, _)) = exported(&scope.over.text)
            {
                if let Some((other, key)) = exported(&list.ex.text)
                    && other == block
                {
                    return Some(list.item(Ex::path(format!("steps.{block}[index]?.{key}"))));
                }
                let of = self.weave.scopes.iter().find(|scope| scope.holder() == block);
                if of.is_some_and(|of| of.over == list.ex) {
                    return Some(list.item(Ex::path(format!("{}[index]", list.ex.at(Bind::Path)))));
                }
            }
        }
        let own = here.first().map(|scope| self.weave.scopes[*scope].over.text.clone())?;
        // Of what a round gave, the item of that round.
        let opened = own.strip_prefix("flatten(").and_then(|rest| rest.strip_suffix(')'));
        if let (Some((block, made)), Some((other, of))) = (opened.and_then(exported), exported(&list.ex.text))
            && block == other
        {
            let each = format!("flatten(map(steps.{block}, x => map(x?.{made} ?? [], y => x?.{of})))[index]");
            return Some(list.item(Ex::path(each)));
        }
        let aligned = self.aligned(&own, &list.ex.text);
        aligned.then(|| list.item(Ex::path(format!("{}[index]", list.ex.at(Bind::Path)))))
    }

    /// True where a block of each round stands behind the lists of the other one: what came of each of their items.
    fn aligned(&self, over: &str, list: &str) -> bool {
        let inner = |text: &str| {
            text.strip_prefix("flatten(").and_then(|rest| rest.strip_suffix(')')).map(str::to_owned)
        };
        let (Some(over), Some(list)) = (inner(over), inner(list)) else { return false };
        let (Some((block, made)), Some((other, of))) = (exported(&over), exported(&list)) else {
            return false;
        };
        let named = |name: &str| self.weave.scopes.iter().find(|scope| scope.holder() == name);
        let Some(scope) = named(block).filter(|_| block == other) else { return false };
        let (Some(made), Some(of)) = (scope.exported(made), scope.exported(of)) else { return false };
        exported(&made.text).and_then(|(inner, _)| named(inner)).is_some_and(|inner| inner.over == *of)
    }

    /// The item at hand that is one of a list's with fields more, and the names of these.
    fn merged(&self, here: &[usize], list: &List) -> Option<(Ex, &[String])> {
        let leads = |from: &str, found: &dyn Fn(&str) -> bool| -> bool {
            let mut at = from;
            for _ in 0..20 {
                if found(at) {
                    return true;
                }
                let Some(next) = self.weave.same.get(at) else { return false };
                at = next;
            }
            false
        };
        here.iter().find_map(|scope| {
            let scope = &self.weave.scopes[*scope];
            let mut over = scope.over.text.as_str();
            for _ in 0..20 {
                if let Some((side, names)) = self.weave.paired.get(over) {
                    let own = leads(side, &|at| at == list.ex.text);
                    return own.then(|| (Ex::path(&*scope.var), &names[..]));
                }
                over = self.weave.same.get(over)?;
            }
            None
        })
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
        if let (Which::Own, None) = (which, at)
            && let Some(found) = self.related(&here, &list)
        {
            return Ok(found);
        }
        if let (Which::Own, None, Card::One(Item { known, rest: Rest::Empty, .. })) = (which, at, &flow.card)
            && let Some((var, more)) = self.merged(&here, &list)
            && !known.iter().any(|(name, _)| more.contains(name))
        {
            let fields = known.iter().map(|(name, _)| (name.clone(), var.field(name)));
            return Ok(Item::of(fields.collect(), Rest::Empty));
        }
        // Where there is one at most, it is that one.
        let which =
            if matches!(which, Which::Own) && at.is_none() && self.weave.single.contains(&list.ex.text) {
                Which::First
            } else {
                which
            };
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

/// What each of the exported values of a block is called: the block, and the key.
fn exported(list: &str) -> Option<(&str, &str)> {
    let (block, key) = list.strip_prefix("map(steps.")?.split_once(", x => x?.")?;
    let key = key.strip_suffix(')')?;
    (crate::names::is_name(key) && !block.contains([' ', '('])).then_some((block, key))
}

/// Which item of a node.
#[derive(Clone, Copy)]
pub(super) enum Which {
    /// The one from which the item at hand was made.
    Own,
    First,
    Last,
}

/// A value of JSON as an expression.
fn literal(value: &Value) -> Ex {
    match value {
        Value::Null => Ex::null(),
        Value::Bool(flag) => Ex::bool(*flag),
        Value::Number(number) => Ex::number(number.to_string()),
        Value::String(text) => Ex::literal(text),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| literal(item).text).collect();
            Ex::new(format!("[{}]", items.join(", ")), Bind::Path, Sort::List)
        }
        Value::Object(fields) => {
            let fields: Vec<(String, Ex)> =
                fields.iter().map(|(key, value)| (key.clone(), literal(value))).collect();
            crate::ours::object(&fields)
        }
    }
}

/// A parameter of another node, which is only known where it does not depend on items.
pub(super) fn fixed(params: Value, _js: &crate::js::Js) -> Res<Val> {
    let entries = params.as_object().into_iter().flatten();
    let fixed = entries.filter_map(|(key, value)| match value {
        Value::String(text) if !text.starts_with('=') => Some((key.clone(), Ex::literal(text))),
        Value::Number(number) => Some((key.clone(), Ex::number(number.to_string()))),
        Value::Bool(flag) => Some((key.clone(), Ex::bool(*flag))),
        value if !value.to_string().contains("\"=") => Some((key.clone(), literal(value))),
        _ => None,
    });
    let known = fixed.collect();
    Ok(Val::Json(Item::of(known, Rest::Closed("the parameters of a node".into()))))
}

/// What an expression is called where it is told of.
pub(super) fn name_of(js: &crate::js::Js) -> String {
    use crate::js::Js;
    match js {
        Js::Name(name) => name.clone(),
        Js::Member(of, name) => format!("{}.{name}", name_of(of)),
        Js::Call(of, _) => format!("{}()", name_of(of)),
        _ => "…".into(),
    }
}
