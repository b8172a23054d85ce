//! Loops and functions: what they make of each item of a list, and what a node gives in the end.

use std::collections::BTreeSet;

use super::most;
use super::names::{changed, put, uses};
use super::paths::Root;
use super::run::{End, Run, chosen};
use crate::js::{Js, Pattern, Stmt, walk};
use crate::n8n::say::{Now, Say, Val, no};
use crate::n8n::weave::{Item, Res, Rest};
use crate::ours::{self, Bind, Ex, Sort};

/// How often functions may call one another.
const DEEPEST: usize = 12;

/// What a function of the code gives for these values. It sees the names that stand outside of all functions, and no others.
pub fn applied(say: &mut Say, params: &[Pattern], body: &[Stmt], args: Vec<Val>) -> Res<Val> {
    let hidden = say.vars.split_off(say.top.min(say.vars.len()));
    let found = lambda(say, params, body, args);
    say.vars.extend(hidden);
    found
}

/// What a function that stands in an expression gives: it sees what is around it.
pub fn lambda(say: &mut Say, params: &[Pattern], body: &[Stmt], args: Vec<Val>) -> Res<Val> {
    if say.calls >= DEEPEST {
        return no("functions that call one another too deep");
    }
    say.calls += 1;
    let before = say.vars.len();
    let found = called(say, params, body, args);
    say.vars.truncate(before);
    say.calls -= 1;
    found
}

fn called(say: &mut Say, params: &[Pattern], body: &[Stmt], args: Vec<Val>) -> Res<Val> {
    let mut run = Run::new(say, None);
    let mut args = args.into_iter();
    for param in params {
        let val = args.next().unwrap_or_else(|| Val::Ex(Ex::null()));
        run.parameter(param, val)?;
    }
    let came = |run: &Run| (run.say.now.item.clone().map(|item| item.whole), run.say.now.all.clone());
    let before = came(&run);
    let end = run.run(body)?;
    if before != came(&run) {
        return no("a function that changes what came in");
    }
    match end {
        End::Gives(val) => Ok(val),
        End::Falls | End::Continues => no("a function that gives nothing"),
    }
}

impl Run<'_, '_, '_> {
    fn parameter(&mut self, pattern: &Pattern, val: Val) -> Res<()> {
        let name = match pattern {
            Pattern::Name(name) => name.clone(),
            Pattern::Fields(_) | Pattern::Items(_) => " whole".to_owned(),
        };
        self.say.vars.push((name.clone(), val));
        match pattern {
            Pattern::Name(_) => Ok(()),
            _ => self.declare(pattern, Some(&Js::Name(name))),
        }
    }

    /// A loop over a list.
    pub fn each(&mut self, pattern: &Pattern, list: &Js, body: &[Stmt]) -> Res<End> {
        let place = self.place_of(list);
        if let Some((Root::Now(Now::Items), _)) = place
            && self.is_one()
        {
            // There is one item, so that the loop has one round.
            let before = self.say.vars.len();
            self.parameter(pattern, Val::Now(Now::Wrap))?;
            let at = before;
            let end = self.run(body)?;
            // What was declared in it is gone after it.
            let kept: Vec<(String, Val)> = self.say.vars.drain(..).take(at).collect();
            self.say.vars = kept;
            return Ok(end);
        }
        let cut = most::cut(self, body)?;
        let (body, most) = match &cut {
            Some((body, most)) => (&body[..], Some(most)),
            None => (body, None),
        };
        let over = self.value(list)?;
        let called = format!("e{}", self.say.fresh_name());
        let var = Ex::path(&*called);
        let (over, member) = match over {
            Val::All(list) => {
                let member = Val::Wrap(self.say.member_of(&list, &var));
                (list, member)
            }
            // Keys are texts.
            Val::Ex(list) if list.text.starts_with("keys(") => {
                (list, Val::Ex(Ex { sort: Sort::Text, ..var.clone() }))
            }
            Val::Ex(list) => (list, Val::Ex(var.clone())),
            _ => return no("a loop over what is no list"),
        };
        // What goes from round to round has to grow and do nothing else.
        let mut names = BTreeSet::new();
        changed(body, &mut names);
        let mut carried = vec![];
        for name in names.iter().filter(|name| self.say.vars.iter().any(|(known, _)| known == *name)) {
            let shadowed = matches!(pattern, Pattern::Name(own) if own == name);
            if shadowed {
                continue;
            }
            let (all, grown) = uses(body, name);
            if all != grown {
                return no(format!("`{name}`, which goes from round to round of a loop"));
            }
            carried.push(name.clone());
        }
        let (item, all) = (self.say.now.item.clone().map(|item| item.whole), self.say.now.all.clone());
        let outer = self.say.vars.clone();
        let mut begins = vec![];
        let mut objects = BTreeSet::new();
        for name in &carried {
            let val = self.say.var(name).cloned();
            // While the loop lasts an object that grows is a list of entries.
            if let Some(Val::Ex(ex)) = &val
                && ex.sort == Sort::Object
            {
                self.may_change(name, &[String::new()])?;
                self.entries.insert(name.clone());
                objects.insert(name.clone());
                let empty = Ex::new("[]", Bind::Path, Sort::List);
                begins.push((name.clone(), val, empty.clone()));
                self.rebind(name, Val::Ex(empty))?;
                continue;
            }
            let empty = match &val {
                Some(Val::All(_)) => Ex::new("[]", Bind::Path, Sort::List),
                Some(Val::Ex(ex)) => match ex.sort {
                    Sort::List => Ex::new("[]", Bind::Path, Sort::List),
                    Sort::Text => Ex::literal(""),
                    Sort::Number => Ex::number("0"),
                    _ => return no(format!("`{name}`, of which it is not known what it is")),
                },
                _ => return no(format!("`{name}`, which goes from round to round of a loop")),
            };
            begins.push((name.clone(), val, empty.clone()));
            self.rebind(name, Val::Ex(empty))?;
        }
        self.within += 1;
        let own = match pattern {
            Pattern::Name(name) => name.clone(),
            _ => " whole".to_owned(),
        };
        self.parameter(pattern, member.clone())?;
        self.fresh.insert(own.clone(), None);
        let end = self.run(body)?;
        self.within -= 1;
        if matches!(end, End::Gives(_)) {
            return no("a `return` within a loop");
        }
        if item != self.say.now.item.clone().map(|item| item.whole) || all != self.say.now.all {
            return no("a loop that changes what came in");
        }
        let after = self.say.var(&own).cloned();
        let deltas: Vec<Option<Val>> = begins.iter().map(|(name, ..)| self.say.var(name).cloned()).collect();
        self.say.vars = outer;
        for ((name, began, empty), delta) in begins.into_iter().zip(deltas) {
            let (Some(began), Some(delta)) = (began, delta) else { return no(format!("`{name}`")) };
            if let (true, Val::Ex(object)) = (objects.contains(&name), &began) {
                self.entries.remove(&name);
                let entries = grown(&over, &called, &Val::Ex(empty.clone()), &delta, &empty)?;
                let Val::Ex(entries) = entries else { return no(format!("`{name}`")) };
                if entries != empty {
                    self.rebind(&name, Val::Ex(super::kept::object_of(object, &entries)))?;
                }
                continue;
            }
            let grown = grown(&over, &called, &began, &delta, &empty)?;
            let grown = match most {
                Some(most) => most::shortened(&grown, most)?,
                None => grown,
            };
            self.rebind(&name, grown)?;
        }
        // How far it counted is not known.
        if let Some(counter) = most.and_then(|most| most.counter.as_ref()) {
            self.rebind(counter, Val::World("a count"))?;
        }
        // A member that was changed is changed in the list that it is of.
        if let (Some(Val::Wrap(item)), Val::Wrap(was)) = (&after, &member)
            && item.whole != was.whole
        {
            let Some((Root::Now(Now::Items), _)) = place else {
                return no("a change of items that are not those which came in");
            };
            let text = format!("map({}, {called} => {})", over.text, item.whole.text);
            self.say.now.all = Some(Ex::new(text, Bind::Path, Sort::List));
        }
        if let (Some(Val::Ex(ex)), Val::Ex(was)) = (&after, &member)
            && ex != was
        {
            return no("a change of the items of a list");
        }
        Ok(End::Falls)
    }

    /// A loop over the places of a list.
    pub fn count(&mut self, place: &str, list: &Js, body: &[Stmt]) -> Res<()> {
        let own = format!("{place} of it");
        let (mut others, item) = (0, Js::Index(Box::new(list.clone()), Box::new(Js::Name(place.to_owned()))));
        let body = put(body, &item, &Js::Name(own.clone()));
        walk(&body, &mut |js| others += usize::from(*js == Js::Name(place.to_owned())));
        if others > 0 {
            return no("the number of a round");
        }
        match self.each(&Pattern::Name(own), list, &body)? {
            End::Gives(_) => no("a `return` within a loop"),
            End::Falls | End::Continues => Ok(()),
        }
    }

    /// The item that an expression is, where it is one as n8n wraps them.
    pub fn element(&mut self, js: &Js) -> Res<Option<Item>> {
        if let Js::Object(fields) = js {
            let json = fields.iter().find(|(key, _)| key.as_deref() == Some("json"));
            let Some((_, inner)) = json else { return Ok(None) };
            if fields.iter().any(|(key, _)| !matches!(key.as_deref(), Some("json" | "pairedItem" | "index")))
            {
                return no("items with files");
            }
            let val = self.value(inner)?;
            return Ok(Some(match val {
                Val::Json(item) => item,
                val => Item::open(self.say.as_value(val, inner)?),
            }));
        }
        if !matches!(js, Js::Name(_) | Js::Member(..) | Js::Index(..) | Js::Call(..)) {
            return Ok(None);
        }
        let place = self.place_of(js).filter(|(_, path)| path.is_empty());
        Ok(match place {
            Some((Root::Now(Now::Wrap), _)) => Some(self.say.item()),
            Some((Root::Var(name), _)) => match self.say.var(&name).cloned() {
                Some(Val::Wrap(item)) => {
                    self.fresh.remove(&name);
                    Some(item)
                }
                _ => None,
            },
            _ => None,
        })
    }

    /// What a node gives: an item, or several.
    pub fn returned(&mut self, js: &Js) -> Res<Val> {
        let place = self.place_of(js).filter(|(_, path)| path.is_empty());
        if let Some((Root::Now(now), _)) = place {
            return match (now, self.is_one()) {
                (Now::Items, false) => {
                    self.same = true;
                    self.say.all_input()
                }
                _ => Ok(Val::Json(self.say.item())),
            };
        }
        if let Some(item) = self.element(js)? {
            return Ok(Val::Json(item));
        }
        match js {
            Js::List(parts) if !parts.iter().any(|part| matches!(part, Js::Spread(_))) => {
                let mut items = vec![];
                for part in parts {
                    match self.returned(part)? {
                        Val::Json(item) => items.push(item),
                        _ => return no("a list within what it gives"),
                    }
                }
                if items.len() == 1 {
                    return Ok(Val::Json(items.remove(0)));
                }
                let texts: Vec<&str> = items.iter().map(|item| &*item.whole.text).collect();
                Ok(Val::All(Ex::new(format!("[{}]", texts.join(", ")), Bind::Path, Sort::List)))
            }
            Js::Object(fields) if fields.iter().all(|(key, _)| key.as_deref() != Some("binary")) => {
                Ok(Val::Json(Item::open(self.ex(js)?)))
            }
            Js::Choice(condition, yes, other) => {
                let condition = self.say.truth(condition)?;
                let (a, b) = (self.returned(yes)?, self.returned(other)?);
                chosen(&condition, &a, &b, "what it gives")
            }
            Js::Call(callee, args) => self.mapped(js, callee, args),
            _ => {
                let val = self.value(js)?;
                self.items_of(val, js)
            }
        }
    }

    /// True for `map` of a list of items where what it gives is items again.
    pub fn maps_items(&self, callee: &Js) -> bool {
        let Js::Member(list, method) = callee else { return false };
        if method != "map" || self.is_one() {
            return false;
        }
        matches!(self.place_of(list), Some((Root::Now(Now::Items), path)) if path.is_empty())
    }

    /// A list that is mapped to items.
    pub fn mapped(&mut self, js: &Js, callee: &Js, args: &[Js]) -> Res<Val> {
        let (list, param, stmts) = match (callee, args) {
            (Js::Member(list, method), [Js::Arrow(params, body)]) if method == "map" && params.len() == 1 => {
                let stmts = vec![Stmt::Return(Some((**body).clone()))];
                (list, Pattern::Name(params[0].clone()), stmts)
            }
            (Js::Member(list, method), [Js::Function(params, body)])
                if method == "map" && params.len() == 1 =>
            {
                (list, params[0].clone(), body.clone())
            }
            _ => {
                let val = self.value(js)?;
                return self.items_of(val, js);
            }
        };
        if let Some((Root::Now(Now::Items), _)) = self.place_of(list)
            && self.is_one()
        {
            let before = self.say.vars.len();
            self.parameter(&param, Val::Now(Now::Wrap))?;
            let end = self.run(&stmts)?;
            self.say.vars.truncate(before);
            return match end {
                End::Gives(val) => Ok(val),
                End::Falls | End::Continues => no("a function that gives nothing"),
            };
        }
        let over = self.value(list)?;
        let called = format!("e{}", self.say.fresh_name());
        let var = Ex::path(&*called);
        let (over, member) = match over {
            Val::All(list) => {
                let member = Val::Wrap(self.say.member_of(&list, &var));
                (list, member)
            }
            Val::Ex(list) => (list, Val::Ex(var)),
            _ => return no("a list that is none"),
        };
        let mut names = BTreeSet::new();
        changed(&stmts, &mut names);
        let own = |name: &String| {
            matches!(&param, Pattern::Name(param) if param == name)
                || !self.say.vars.iter().any(|(known, _)| known == name)
        };
        if !names.iter().all(own) {
            return no("a function that changes what is not its own");
        }
        let before = self.say.vars.len();
        self.within += 1;
        self.parameter(&param, member)?;
        if let Pattern::Name(name) = &param {
            self.fresh.insert(name.clone(), None);
        }
        let end = self.run(&stmts)?;
        self.within -= 1;
        self.say.vars.truncate(before);
        match end {
            End::Gives(Val::Json(item)) => {
                self.same |= matches!(item.rest, Rest::Closed(_));
                let text = format!("map({}, {called} => {})", over.text, item.whole.text);
                let made = Ex::new(text, Bind::Path, Sort::List);
                // Items that were changed on the way are changed wherever they are read.
                if names.iter().any(|name| matches!(&param, Pattern::Name(param) if param == name)) {
                    match self.place_of(list) {
                        Some((Root::Now(Now::Items), _)) => self.say.now.all = Some(made.clone()),
                        _ => return no("a change of items that are not those which came in"),
                    }
                }
                Ok(Val::All(made))
            }
            _ => no("a function that gives no item for an item"),
        }
    }

    /// A value as the items that n8n takes it for.
    fn items_of(&mut self, val: Val, js: &Js) -> Res<Val> {
        Ok(match val {
            Val::Json(item) | Val::Wrap(item) => Val::Json(item),
            Val::All(list) => Val::All(list),
            Val::Now(_) | Val::Ex(_) => {
                let ex = self.say.as_value(val, js)?;
                match ex.sort {
                    Sort::Object => Val::Json(Item::open(peeled(&self.held(ex)))),
                    Sort::List if matches!(js, Js::Name(name) if self.plain.get(name) == Some(&true)) => {
                        Val::All(ex)
                    }
                    Sort::List => Val::All(peeled_list(&ex.text)),
                    Sort::Any => {
                        Val::All(peeled_list(&format!("type({0}) == 'list' ? {0} : [{0}]", ex.text)))
                    }
                    Sort::Null => Val::All(Ex::new("[]", Bind::Path, Sort::List)),
                    Sort::Bool | Sort::Number | Sort::Text | Sort::Time => {
                        return no("a value that is no item");
                    }
                }
            }
            _ => return no("a value that is no item"),
        })
    }
}

/// What n8n takes for the fields of an item: those of its `json`, where it has one.
fn peeled(ex: &Ex) -> Ex {
    Ex::new(format!("{}?.json ?? {}", ex.at(Bind::Path), ex.at(Bind::Path)), Bind::Instead, Sort::Object)
}

fn peeled_list(list: &str) -> Ex {
    Ex::new(format!("map({list}, x => x?.json ?? x)"), Bind::Path, Sort::List)
}

/// What a name is after a loop in which it grew by so much in each round.
fn grown(over: &Ex, called: &str, began: &Val, delta: &Val, empty: &Ex) -> Res<Val> {
    let all = |delta: &Ex| -> Ex {
        let text = match one_of(&delta.text) {
            Some(one) => format!("map({}, {called} => {one})", over.text),
            None => format!("flatten(map({}, {called} => {}))", over.text, delta.text),
        };
        Ex::new(text, Bind::Path, Sort::List)
    };
    let both = |began: &Ex, new: Ex| match began.text.as_str() {
        "[]" => new,
        _ => began.binary("+", &new, Bind::Sum, Sort::List),
    };
    Ok(match (began, delta) {
        // It did not grow.
        (began, Val::Ex(delta)) if delta == empty => began.clone(),
        (Val::Ex(began), Val::All(delta)) if began.text == "[]" => Val::All(all(delta)),
        (Val::All(began), Val::All(delta)) => Val::All(both(began, all(delta))),
        (Val::Ex(began), Val::Ex(delta)) => Val::Ex(match empty.sort {
            Sort::List => both(began, all(delta)),
            Sort::Text => {
                let new = format!("join(map({}, {called} => {}), '')", over.text, delta.text);
                let new = Ex::new(new, Bind::Path, Sort::Text);
                if began.text == "''" { new } else { ours::join(&[began.clone(), new]) }
            }
            _ => {
                let new = format!("sum(map({}, {called} => {}))", over.text, delta.text);
                let new = Ex::new(new, Bind::Path, Sort::Number);
                if began.text == "0" { new } else { began.binary("+", &new, Bind::Sum, Sort::Number) }
            }
        }),
        _ => return no("a list of items and of what is none"),
    })
}

/// True for a list of which it can be seen that it has one entry at most: what is made of the only item, or nothing.
pub fn is_one_at_most(list: &str) -> bool {
    if one_of(list).is_some() || list == "[]" {
        return true;
    }
    let Some(inner) = list.strip_prefix("flatten(map([").and_then(|rest| rest.strip_suffix("))")) else {
        return false;
    };
    let Some((item, rest)) = inner.split_once("], ") else { return false };
    let Some((_, body)) = rest.split_once(" => ") else { return false };
    let Some((_, ways)) = body.split_once(" ? ") else { return false };
    let Some((yes, no)) = ways.rsplit_once(" : ") else { return false };
    let few = |way: &str| way == "[]" || one_of(way).is_some();
    !item.contains([',', '[', '(']) && few(yes) && few(no)
}

/// The only entry of a list that stands as it is.
fn one_of(list: &str) -> Option<&str> {
    let inner = list.strip_prefix('[')?.strip_suffix(']')?;
    let (mut depth, mut quoted, mut chars) = (0usize, false, inner.chars());
    while let Some(char) = chars.next() {
        match char {
            '\\' if quoted => drop(chars.next()),
            '\'' => quoted = !quoted,
            _ if quoted => {}
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.checked_sub(1)?,
            ',' if depth == 0 => return None,
            _ => {}
        }
    }
    (depth == 0 && !inner.trim().is_empty()).then_some(inner)
}
