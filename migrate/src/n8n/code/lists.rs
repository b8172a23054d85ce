//! Loops and functions: what they make of each item of a list, and what a node gives in the end.

use std::collections::BTreeSet;

use super::paths::Root;
use super::run::{End, Run, chosen};
use crate::js::{Js, Pattern, Stmt, walk, walk_js};
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

/// The names that are part of a value: whole, or something out of them.
pub fn taken(js: &Js, whole: bool, names: &mut Vec<(String, bool)>) {
    match js {
        Js::Name(name) if whole => names.push((name.clone(), true)),
        Js::Member(of, _) | Js::Index(of, _) => {
            if whole && let Js::Name(name) = &**of {
                names.push((name.clone(), false));
            }
            taken(of, false, names);
            if let Js::Index(_, at) = js {
                taken(at, false, names);
            }
        }
        Js::Call(of, args) | Js::New(of, args) => {
            if let Js::Member(list, _) = &**of {
                // What a method gives may be part of what it was called on.
                let mut inner = vec![];
                taken(list, true, &mut inner);
                names.extend(inner.into_iter().map(|(name, _)| (name, false)));
            }
            args.iter().for_each(|arg| taken(arg, true, names));
        }
        Js::List(parts) => parts.iter().for_each(|part| taken(part, true, names)),
        Js::Object(fields) => fields.iter().for_each(|(_, value)| taken(value, true, names)),
        Js::Spread(of) => taken(of, true, names),
        Js::Choice(condition, yes, no) => {
            taken(condition, false, names);
            taken(yes, whole, names);
            taken(no, whole, names);
        }
        Js::Binary("||" | "&&" | "??", a, b) => {
            taken(a, whole, names);
            taken(b, whole, names);
        }
        Js::Binary(_, a, b) => {
            taken(a, false, names);
            taken(b, false, names);
        }
        Js::Unary(_, of) => taken(of, false, names),
        Js::Template(parts) => parts.iter().for_each(|part| taken(part, false, names)),
        Js::Arrow(_, body) => taken(body, true, names),
        Js::Function(_, body) => walk(body, &mut |js| {
            if let Js::Name(name) = js {
                names.push((name.clone(), true));
            }
        }),
        _ => {}
    }
}

/// Refuses methods that change the list that they are called on.
pub fn changes_nothing(js: &Js) -> Res<()> {
    let mut found = None;
    walk_js(js, &mut |js| {
        if let Js::Call(callee, _) = js
            && let Js::Member(of, method) = &**callee
            && matches!(
                method.as_str(),
                "sort" | "reverse" | "splice" | "shift" | "pop" | "unshift" | "fill" | "push" | "set" | "add"
            )
            && matches!(**of, Js::Name(_) | Js::Member(..) | Js::Index(..))
        {
            found = Some(method.clone());
        }
    });
    match found {
        Some(method) => no(format!("`{method}()`, which changes a list within an expression")),
        None => Ok(()),
    }
}

/// True for a value that is made here, so that nothing else is it.
pub fn is_own(js: &Js) -> bool {
    match js {
        Js::Object(_) | Js::List(_) | Js::Template(_) | Js::Text(_) | Js::Number(_) | Js::Null | Js::Bool(_) => true,
        Js::Call(callee, _) => match &**callee {
            Js::Member(_, method) => matches!(
                method.as_str(),
                "map" | "filter" | "concat" | "slice" | "split" | "flat" | "flatMap" | "parse" | "stringify" | "from"
                    | "keys" | "entries" | "values" | "join"
            ),
            _ => false,
        },
        _ => false,
    }
}

/// The names that statements give another value, or whose values they change.
fn changed(stmts: &[Stmt], out: &mut BTreeSet<String>) {
    for stmt in stmts {
        match stmt {
            Stmt::Assign(target, _, _) | Stmt::Delete(target) => out.extend(base(target)),
            Stmt::Expr(Js::Call(callee, args)) => {
                if let Js::Member(of, method) = &**callee {
                    out.extend(base(of).filter(|_| method == "push"));
                }
                for arg in args {
                    if let Js::Function(_, body) = arg {
                        changed(body, out);
                    }
                    if let Js::Arrow(_, body) = arg {
                        changed(&[Stmt::Expr((**body).clone())], out);
                    }
                }
            }
            Stmt::If(_, yes, no) => {
                changed(yes, out);
                changed(no, out);
            }
            Stmt::For(_, _, body) | Stmt::Count(_, _, body) => changed(body, out),
            Stmt::Let(..)
            | Stmt::Expr(_)
            | Stmt::Return(_)
            | Stmt::Continue
            | Stmt::Throw(_)
            | Stmt::Function(..) => {}
        }
    }
}

fn base(js: &Js) -> Option<String> {
    match js {
        Js::Name(name) => Some(name.clone()),
        Js::Member(of, _) | Js::Index(of, _) | Js::Call(of, _) => base(of),
        _ => None,
    }
}

/// How often a name stands in statements, and how often of these it only grows.
fn uses(stmts: &[Stmt], name: &str) -> (usize, usize) {
    let mut all = 0;
    walk(stmts, &mut |js| all += usize::from(*js == Js::Name(name.to_owned())));
    (all, grows(stmts, name))
}

fn grows(stmts: &[Stmt], name: &str) -> usize {
    let is = |js: &Js| *js == Js::Name(name.to_owned());
    let within = |js: &Js| match js {
        Js::Function(_, body) => grows(body, name),
        Js::Arrow(_, body) => grows(&[Stmt::Expr((**body).clone())], name),
        _ => 0,
    };
    let one = |stmt: &Stmt| match stmt {
        Stmt::Expr(Js::Call(callee, args)) => {
            let own = matches!(&**callee, Js::Member(of, method) if is(of) && method == "push");
            usize::from(own) + args.iter().map(within).sum::<usize>()
        }
        Stmt::Assign(target, "+=", _) if is(target) => 1,
        Stmt::Assign(target, "=", Js::Binary("+", left, _)) if is(target) && is(left) => 2,
        Stmt::Assign(target, "=", Js::Call(callee, _)) if is(target) => {
            let own = matches!(&**callee, Js::Member(of, method) if is(of) && method == "concat");
            if own { 2 } else { 0 }
        }
        Stmt::Assign(target, "=", Js::List(parts)) if is(target) => match parts.first() {
            Some(Js::Spread(of)) if is(of) => 2,
            _ => 0,
        },
        Stmt::If(_, yes, no) => grows(yes, name) + grows(no, name),
        Stmt::For(_, _, body) | Stmt::Count(_, _, body) => grows(body, name),
        _ => 0,
    };
    stmts.iter().map(one).sum()
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
        let over = self.value(list)?;
        let called = format!("e{}", self.say.fresh_name());
        let var = Ex::path(&*called);
        let (over, member) = match over {
            Val::All(list) => {
                let member = Val::Wrap(self.say.member_of(&list, &var));
                (list, member)
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
        for name in &carried {
            let val = self.say.var(name).cloned();
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
            let grown = grown(&over, &called, &began, &delta, &empty)?;
            self.rebind(&name, grown)?;
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
            if fields.iter().any(|(key, _)| !matches!(key.as_deref(), Some("json" | "pairedItem" | "index"))) {
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

    /// A list that is mapped to items.
    fn mapped(&mut self, js: &Js, callee: &Js, args: &[Js]) -> Res<Val> {
        let (list, param, stmts) = match (callee, args) {
            (Js::Member(list, method), [Js::Arrow(params, body)]) if method == "map" && params.len() == 1 => {
                let stmts = vec![Stmt::Return(Some((**body).clone()))];
                (list, Pattern::Name(params[0].clone()), stmts)
            }
            (Js::Member(list, method), [Js::Function(params, body)]) if method == "map" && params.len() == 1 => {
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
                Ok(Val::All(Ex::new(text, Bind::Path, Sort::List)))
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
                    Sort::Object => Val::Json(Item::open(peeled(&ex))),
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

/// Statements with another expression in the place of one.
fn put(stmts: &[Stmt], find: &Js, with: &Js) -> Vec<Stmt> {
    let js = |at: &Js| put_js(at, find, with);
    let one = |stmt: &Stmt| match stmt {
        Stmt::Let(pattern, value) => Stmt::Let(pattern.clone(), value.as_ref().map(js)),
        Stmt::Assign(target, sign, value) => Stmt::Assign(js(target), sign, js(value)),
        Stmt::Delete(at) => Stmt::Delete(js(at)),
        Stmt::Expr(at) => Stmt::Expr(js(at)),
        Stmt::If(condition, yes, no) => Stmt::If(js(condition), put(yes, find, with), put(no, find, with)),
        Stmt::For(pattern, list, body) => Stmt::For(pattern.clone(), js(list), put(body, find, with)),
        Stmt::Count(place, list, body) => Stmt::Count(place.clone(), js(list), put(body, find, with)),
        Stmt::Return(value) => Stmt::Return(value.as_ref().map(js)),
        Stmt::Continue => Stmt::Continue,
        Stmt::Throw(at) => Stmt::Throw(js(at)),
        Stmt::Function(name, params, body) => {
            Stmt::Function(name.clone(), params.clone(), put(body, find, with))
        }
    };
    stmts.iter().map(one).collect()
}

fn put_js(at: &Js, find: &Js, with: &Js) -> Js {
    if at == find {
        return with.clone();
    }
    let js = |at: &Js| put_js(at, find, with);
    let boxed = |at: &Js| Box::new(put_js(at, find, with));
    let all = |list: &[Js]| list.iter().map(js).collect::<Vec<Js>>();
    match at {
        Js::Null | Js::Bool(_) | Js::Number(_) | Js::Text(_) | Js::Regex(..) | Js::Name(_) => at.clone(),
        Js::Template(parts) => Js::Template(all(parts)),
        Js::Member(of, name) => Js::Member(boxed(of), name.clone()),
        Js::Index(of, index) => Js::Index(boxed(of), boxed(index)),
        Js::Call(of, args) => Js::Call(boxed(of), all(args)),
        Js::New(of, args) => Js::New(boxed(of), all(args)),
        Js::List(parts) => Js::List(all(parts)),
        Js::Object(fields) => {
            Js::Object(fields.iter().map(|(key, value)| (key.clone(), js(value))).collect())
        }
        Js::Arrow(params, body) => Js::Arrow(params.clone(), boxed(body)),
        Js::Function(params, body) => Js::Function(params.clone(), put(body, find, with)),
        Js::Unary(sign, of) => Js::Unary(sign, boxed(of)),
        Js::Binary(sign, a, b) => Js::Binary(sign, boxed(a), boxed(b)),
        Js::Choice(a, b, c) => Js::Choice(boxed(a), boxed(b), boxed(c)),
        Js::Spread(of) => Js::Spread(boxed(of)),
    }
}
