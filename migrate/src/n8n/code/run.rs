//! Statements gone through once for all values: each name stands for the expression that it would have, both ways of an
//! `if` are taken and chosen between, and a loop over a list becomes what it makes of each item.

use std::collections::{BTreeMap, BTreeSet};

use super::kept::Kept;
use super::names::{leaves, settled};
use crate::js::{Js, Pattern, Stmt, walk};
use crate::n8n::say::{Say, Val, no};
use crate::n8n::weave::{Item, Res, either};
use crate::ours::{self, Bind, Ex, Sort};
use crate::tree::Entry;

/// Most statements that are gone through, those of both ways of each `if` counted.
const MOST: usize = 2_000;
/// From how many letters on a value is held by a step of its own where it is read again.
const LONG: usize = 80;

/// Code while it is gone through.
pub struct Run<'r, 'w, 'a> {
    pub say: &'r mut Say<'w, 'a>,
    /// The node, while its own statements are gone through, and not those of a function.
    node: Option<usize>,
    /// How many names there were before its own.
    base: usize,
    /// Names whose values nothing else is, with what those began as.
    pub fresh: BTreeMap<String, Option<Js>>,
    /// Names of whose values something has been taken out.
    pub leaked: BTreeSet<String>,
    /// Whether what it gives is what came in, changed.
    pub same: bool,
    /// How often each name is read in all.
    hoisted: BTreeMap<String, usize>,
    /// Above zero within a loop, or on one way of several.
    pub within: usize,
    /// Names of objects that grow by fields whose names are made, and that are lists of entries while a loop lasts.
    pub entries: BTreeSet<String>,
    /// Lists that began empty, and whether all that was put on them is objects without `json`.
    pub plain: BTreeMap<String, bool>,
    /// What is remembered from run to run: its name, and what it was.
    pub kept: Vec<Kept>,
}

/// How statements end.
#[derive(Debug)]
pub enum End {
    Falls,
    Continues,
    Gives(Val),
}

/// All that statements may change.
#[derive(Clone)]
struct State {
    vars: Vec<(String, Val)>,
    item: Option<Item>,
    all: Option<Ex>,
    fresh: BTreeMap<String, Option<Js>>,
    leaked: BTreeSet<String>,
}

/// What a node gives, whether that is what came in with fields changed, and what is to be remembered.
type Whole = (Val, bool, Vec<(String, Ex)>);

impl<'r, 'w, 'a> Run<'r, 'w, 'a> {
    pub fn new(say: &'r mut Say<'w, 'a>, node: Option<usize>) -> Run<'r, 'w, 'a> {
        let base = say.vars.len();
        Run {
            say,
            node,
            base,
            fresh: BTreeMap::new(),
            leaked: BTreeSet::new(),
            same: false,
            hoisted: BTreeMap::new(),
            within: 0,
            entries: BTreeSet::new(),
            plain: BTreeMap::new(),
            kept: vec![],
        }
    }

    /// The node whose own statements are gone through.
    pub fn node(&self) -> Option<usize> {
        self.node
    }

    pub fn is_one(&self) -> bool {
        self.say.now.all.is_none()
    }

    /// All statements of a node.
    pub fn whole(mut self, program: &[Stmt]) -> Res<Whole> {
        walk(program, &mut |js| {
            if let Js::Name(name) = js {
                *self.hoisted.entry(name.clone()).or_default() += 1;
            }
        });
        match self.run(program)? {
            End::Gives(val) => {
                let keeps = self.keeps()?;
                Ok((val, self.same, keeps))
            }
            End::Falls | End::Continues => no("no value that it gives in the end"),
        }
    }

    pub fn run(&mut self, stmts: &[Stmt]) -> Res<End> {
        let stmts = &settled(stmts)[..];
        for (at, stmt) in stmts.iter().enumerate() {
            self.say.seen += 1;
            if self.say.seen > MOST {
                return no("more statements than are gone through");
            }
            match stmt {
                Stmt::Let(pattern, value) => self.declare(pattern, value.as_ref())?,
                Stmt::Function(name, params, body) => {
                    self.bind(name, Val::Func(params.clone(), body.clone()), None);
                }
                Stmt::Assign(target, sign, value) => self.assign(target, sign, value)?,
                Stmt::Delete(target) => self.change(target, None)?,
                Stmt::Expr(js) => self.act(js)?,
                Stmt::If(condition, yes, no) => {
                    let condition = self.say.truth(condition)?;
                    let rest = &stmts[at + 1..];
                    if leaves(yes) || leaves(no) {
                        return self.fork(&condition, &[yes, rest].concat(), &[no, rest].concat());
                    }
                    self.fork(&condition, yes, no)?;
                }
                Stmt::For(pattern, list, body) => {
                    if let End::Gives(val) = self.each(pattern, list, body)? {
                        return Ok(End::Gives(val));
                    }
                }
                Stmt::Count(place, list, body) => self.count(place, list, body)?,
                Stmt::Return(None) => return no("a `return` without a value"),
                Stmt::Return(Some(js)) => {
                    let val = if self.node.is_some() { self.returned(js)? } else { self.value(js)? };
                    return Ok(End::Gives(val));
                }
                Stmt::Continue => return Ok(End::Continues),
                Stmt::Break => return no("`break`, as it stands"),
                Stmt::Throw(_) => return no("`throw`"),
            }
        }
        Ok(End::Falls)
    }

    fn state(&self) -> State {
        State {
            vars: self.say.vars.clone(),
            item: self.say.now.item.clone(),
            all: self.say.now.all.clone(),
            fresh: self.fresh.clone(),
            leaked: self.leaked.clone(),
        }
    }

    fn restore(&mut self, state: State) {
        self.say.vars = state.vars;
        self.say.now.item = state.item;
        self.say.now.all = state.all;
        self.fresh = state.fresh;
        self.leaked = state.leaked;
    }

    /// Both ways, and what is chosen between where they differ.
    fn fork(&mut self, condition: &Ex, yes: &[Stmt], other: &[Stmt]) -> Res<End> {
        let before = self.state();
        self.within += 1;
        let first = self.run(yes)?;
        let one = self.state();
        self.restore(before.clone());
        let second = self.run(other)?;
        let two = self.state();
        self.within -= 1;
        let mut vars = before.vars.clone();
        for (at, (name, val)) in vars.iter_mut().enumerate() {
            *val = chosen(condition, &one.vars[at].1, &two.vars[at].1, name)?;
        }
        let item = match (&one.item, &two.item) {
            (None, None) => None,
            (a, b) => {
                let now = || self.say.place.item.clone();
                let (a, b) = (a.clone().unwrap_or_else(now), b.clone().unwrap_or_else(now));
                Some(fit(either(&a, &b, Some(condition)))?)
            }
        };
        let all = match (&one.all, &two.all) {
            (Some(a), Some(b)) if a != b => Some(condition.choice(a, b)),
            (a, _) => a.clone(),
        };
        if all.as_ref().is_some_and(Ex::is_too_long) {
            return no(ours::TOO_LONG);
        }
        let fresh = before
            .fresh
            .into_iter()
            .filter(|(name, _)| one.fresh.contains_key(name) && two.fresh.contains_key(name))
            .collect();
        let leaked = one.leaked.union(&two.leaked).cloned().collect();
        self.restore(State { vars, item, all, fresh, leaked });
        Ok(match (first, second) {
            (End::Gives(a), End::Gives(b)) => End::Gives(chosen(condition, &a, &b, "what it gives")?),
            (End::Gives(_), _) | (_, End::Gives(_)) => return no("a way on which it gives nothing"),
            (End::Continues, _) | (_, End::Continues) => End::Continues,
            (End::Falls, End::Falls) => End::Falls,
        })
    }

    /// What an expression gives; the names that are part of it may not be changed from here on.
    pub fn value(&mut self, js: &Js) -> Res<Val> {
        let mut names = vec![];
        super::names::taken(js, true, &mut names);
        for (name, whole) in names {
            if whole {
                self.fresh.remove(&name);
            } else {
                self.leaked.insert(name);
            }
        }
        super::names::changes_nothing(js)?;
        self.say.any(js)
    }

    pub fn ex(&mut self, js: &Js) -> Res<Ex> {
        let val = self.value(js)?;
        self.say.as_value(val, js)
    }

    pub fn declare(&mut self, pattern: &Pattern, value: Option<&Js>) -> Res<()> {
        match (pattern, value) {
            (Pattern::Name(name), None) => self.bind(name, Val::Ex(Ex::null()), Some(None)),
            (Pattern::Name(name), Some(js)) => {
                let val = match js {
                    Js::Arrow(params, body) => {
                        let params = params.iter().cloned().map(Pattern::Name).collect();
                        Val::Func(params, vec![Stmt::Return(Some((**body).clone()))])
                    }
                    Js::Function(params, body) => Val::Func(params.clone(), body.clone()),
                    _ => match self.remembered(name, js)? {
                        Some(val) => val,
                        None => self.begun(js)?,
                    },
                };
                let own = super::names::is_own(js).then(|| Some(js.clone()));
                let kept = self.kept.iter().any(|kept| kept.name == *name);
                let val = if kept { val } else { self.hoist(name, val)? };
                self.bind(name, val, own.or(kept.then_some(None)));
            }
            (Pattern::Fields(fields), Some(js)) => {
                for (field, name) in fields {
                    let inner = Js::Member(Box::new(js.clone()), field.clone());
                    self.declare(&Pattern::Name(name.clone()), Some(&inner))?;
                }
            }
            (Pattern::Items(items), Some(js)) => {
                for (at, name) in items.iter().enumerate() {
                    let inner = Js::Index(Box::new(js.clone()), Box::new(Js::Number(at.to_string())));
                    self.declare(&Pattern::Name(name.clone()), Some(&inner))?;
                }
            }
            (Pattern::Fields(_) | Pattern::Items(_), None) => return no("a name without a value"),
        }
        Ok(())
    }

    /// The value with which a name begins: what came in stays what it is under another name.
    fn begun(&mut self, js: &Js) -> Res<Val> {
        match self.place_of(js) {
            Some((super::paths::Root::Now(now), path)) if path.is_empty() => Ok(Val::Now(now)),
            _ => match js {
                // An item as n8n wraps it.
                Js::Object(fields) if fields.iter().any(|(key, _)| key.as_deref() == Some("json")) => {
                    match self.element(js)? {
                        Some(item) => Ok(Val::Wrap(item)),
                        None => self.value(js),
                    }
                }
                // Items made of items, or else values of them.
                Js::Call(callee, args) if self.maps_items(callee) => {
                    let (before, within) = (self.state(), self.within);
                    self.mapped(js, callee, args).or_else(|_| {
                        self.restore(before);
                        self.within = within;
                        self.value(js)
                    })
                }
                _ => self.value(js),
            },
        }
    }

    fn bind(&mut self, name: &str, val: Val, fresh: Option<Option<Js>>) {
        self.fresh.remove(name);
        self.leaked.remove(name);
        if let Some(began) = fresh {
            self.fresh.insert(name.to_owned(), began);
        }
        self.say.vars.push((name.to_owned(), val));
        if self.node.is_some() && self.within == 0 {
            self.say.top = self.say.vars.len();
        }
    }

    /// Gives a name of one's own another value.
    pub fn rebind(&mut self, name: &str, val: Val) -> Res<()> {
        let found = self.say.vars.iter().rposition(|(known, _)| known == name);
        match found {
            Some(at) if at >= self.base => {
                self.say.vars[at].1 = val;
                Ok(())
            }
            Some(_) => no(format!("a function that changes `{name}`, which is not its own")),
            None => {
                self.say.vars.push((name.to_owned(), val));
                Ok(())
            }
        }
    }

    /// A long value that is read more than once stands in a step of its own.
    fn hoist(&mut self, name: &str, val: Val) -> Res<Val> {
        let (Some(node), Val::Ex(ex)) = (self.node, &val) else { return Ok(val) };
        let once = self.hoisted.get(name).is_none_or(|count| *count < 2);
        if once || ex.text.len() < LONG || ex.sort == Sort::Time || self.within > 0 {
            return Ok(val);
        }
        let wish = format!("{} {name}", self.say.weave.file.nodes[node].name);
        let body = vec![Entry::map("set", vec![Entry::text("value", ex.hole())])];
        let step = self.say.weave.add(node, self.say.place, &wish, body);
        Ok(Val::Ex(Ex::new(format!("steps.{step}.value"), Bind::Path, ex.sort)))
    }

    /// A long value in a step of its own, where it is to be said twice.
    pub fn held(&mut self, ex: Ex) -> Ex {
        let Some(node) = self.node.filter(|_| ex.text.len() >= LONG && self.within == 0) else { return ex };
        let wish = format!("{} made", self.say.weave.file.nodes[node].name);
        let body = vec![Entry::map("set", vec![Entry::text("value", ex.hole())])];
        let step = self.say.weave.add(node, self.say.place, &wish, body);
        Ex::new(format!("steps.{step}.value"), Bind::Path, ex.sort)
    }

    fn assign(&mut self, target: &Js, sign: &str, value: &Js) -> Res<()> {
        let joined = |op: &'static str| Js::Binary(op, Box::new(target.clone()), Box::new(value.clone()));
        let value = match sign {
            "=" => value.clone(),
            "+=" => joined("+"),
            "-=" => joined("-"),
            "||=" => joined("||"),
            _ => joined("??"),
        };
        let Js::Name(name) = target else {
            let ex = self.ex(&value)?;
            return if self.makes_field(target, &ex)? { Ok(()) } else { self.change(target, Some(ex)) };
        };
        // A copy of what is its own alone is no other value.
        if super::names::is_copy(name, &value) && self.fresh.contains_key(name) && !self.leaked.contains(name)
        {
            return Ok(());
        }
        let val = self.begun(&value)?;
        let own = super::names::is_own(&value);
        self.rebind(name, val)?;
        self.fresh.remove(name);
        self.leaked.remove(name);
        if own {
            self.fresh.insert(name.clone(), Some(value));
        }
        Ok(())
    }

    /// An expression that stands for what it does.
    fn act(&mut self, js: &Js) -> Res<()> {
        let Js::Call(callee, args) = js else {
            return match js {
                Js::Text(_) => Ok(()),
                _ => no("an expression that does nothing"),
            };
        };
        let Js::Member(of, method) = &**callee else { return no("a call for what it does") };
        match (&**of, method.as_str(), &args[..]) {
            (Js::Name(name), _, _) if name == "console" => Ok(()),
            (_, "push", args) if !args.is_empty() => self.push(of, args),
            (list, "forEach", [Js::Arrow(params, body)]) if params.len() == 1 => {
                let body = vec![Stmt::Expr((**body).clone())];
                self.each(&Pattern::Name(params[0].clone()), list, &body).map(drop)
            }
            (list, "forEach", [Js::Function(params, body)]) if params.len() == 1 => {
                match self.each(&params[0], list, &without_returns(body))? {
                    End::Gives(_) => no("a value that nobody reads"),
                    End::Falls | End::Continues => Ok(()),
                }
            }
            _ => no(format!("a call of `{method}()` for what it does")),
        }
    }

    fn push(&mut self, of: &Js, args: &[Js]) -> Res<()> {
        let Js::Name(name) = of else {
            let Some((super::paths::Root::Var(name), path)) = self.place_of(of) else {
                return no("a list that is no name of its own");
            };
            let deeper = [path.clone(), vec![String::new()]].concat();
            self.may_change(&name, &deeper)?;
            let list = self.say.value(of)?;
            let mut made = vec![];
            for arg in args {
                made.push(self.ex(arg)?.text);
            }
            let new = Ex::new(format!("[{}]", made.join(", ")), Bind::Path, Sort::List);
            let both = if list.text == "[]" { new } else { list.binary("+", &new, Bind::Sum, Sort::List) };
            return self.change(of, Some(both));
        };
        self.may_change(name, &[])?;
        let is_plain = |arg: &Js| match arg {
            Js::Object(fields) => {
                fields.iter().all(|(key, _)| key.as_deref().is_some_and(|key| key != "json"))
            }
            _ => false,
        };
        let began = matches!(self.fresh.get(name), Some(Some(Js::List(items))) if items.is_empty());
        let plain = began && self.plain.get(name) != Some(&false) && args.iter().all(is_plain);
        self.plain.insert(name.clone(), plain);
        let Some(var) = self.say.var(name).cloned() else { return no(format!("`{name}`")) };
        let (mut items, mut wholes) = (vec![], true);
        for arg in args {
            match self.element(arg)? {
                Some(item) => items.push(item.whole.text),
                None => {
                    wholes = false;
                    items.push(self.ex(arg)?.text);
                }
            }
        }
        let new = Ex::new(format!("[{}]", items.join(", ")), Bind::Path, Sort::List);
        let val = match var {
            Val::Ex(ex) if ex.text == "[]" && wholes => Val::All(new),
            Val::Ex(ex) if ex.text == "[]" => Val::Ex(new),
            Val::All(list) if wholes => Val::All(list.binary("+", &new, Bind::Sum, Sort::List)),
            Val::Ex(list) if !wholes => Val::Ex(list.binary("+", &new, Bind::Sum, Sort::List)),
            _ => return no("items beside what is none"),
        };
        self.rebind(name, val)
    }
}

/// A function's statements as those of a loop: where it returns, the round is over.
fn without_returns(stmts: &[Stmt]) -> Vec<Stmt> {
    let one = |stmt: &Stmt| match stmt {
        Stmt::Return(None) => Stmt::Continue,
        Stmt::If(condition, yes, no) => {
            Stmt::If(condition.clone(), without_returns(yes), without_returns(no))
        }
        other => other.clone(),
    };
    stmts.iter().map(one).collect()
}

/// One of two values, unless it becomes too long.
pub fn chosen(condition: &Ex, a: &Val, b: &Val, name: &str) -> Res<Val> {
    match either_val(condition, a, b, name)? {
        Val::Ex(ex) | Val::All(ex) if ex.is_too_long() => no(ours::TOO_LONG),
        val => Ok(val),
    }
}

/// An item that has not become too long.
fn fit(item: Item) -> Res<Item> {
    if item.whole.is_too_long() { no(ours::TOO_LONG) } else { Ok(item) }
}

fn either_val(condition: &Ex, a: &Val, b: &Val, name: &str) -> Res<Val> {
    Ok(match (a, b) {
        (Val::Ex(a), Val::Ex(b)) => Val::Ex(if a == b { a.clone() } else { condition.choice(a, b) }),
        (Val::Json(a), Val::Json(b)) => Val::Json(fit(either(a, b, Some(condition)))?),
        (Val::Wrap(a), Val::Wrap(b)) => Val::Wrap(fit(either(a, b, Some(condition)))?),
        (Val::All(a), Val::All(b)) => Val::All(if a == b { a.clone() } else { condition.choice(a, b) }),
        (Val::All(a), Val::Ex(b)) if b.text == "[]" => Val::All(condition.choice(a, b)),
        (Val::Ex(a), Val::All(b)) if a.text == "[]" => Val::All(condition.choice(a, b)),
        (Val::Json(a), Val::All(b)) => Val::All(condition.choice(&listed(a), b)),
        (Val::All(a), Val::Json(b)) => Val::All(condition.choice(a, &listed(b))),
        (Val::Now(a), Val::Now(b)) if a == b => Val::Now(*a),
        (Val::Func(a, x), Val::Func(b, y)) if a == b && x == y => Val::Func(a.clone(), x.clone()),
        _ => return no(format!("`{name}`, which is something else on each way")),
    })
}

fn listed(item: &Item) -> Ex {
    Ex::new(format!("[{}]", item.whole.text), Bind::Path, Sort::List)
}
