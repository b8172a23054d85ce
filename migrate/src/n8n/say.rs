//! Expressions of n8n in our language. What has no equal that does the same is an error that says which word it was.

mod json;
mod now;
mod paths;
mod refer;

use serde_json::Value;

pub use now::{Current, Now, Said};
use refer::{Which, fixed, name_of};

use super::weave::{Item, Place, Res, Weave};
use crate::js::{self, Js, Pattern, Stmt};
use crate::ours::{self, Bind, Ex, Sort, plain};
use crate::report::{Kind, Why};
use crate::tree::{Entry, Tree};

/// What an expression gives while it is put into our words.
#[derive(Clone, Debug)]
pub enum Val {
    Ex(Ex),
    /// The fields of an item.
    Json(Item),
    /// An item as n8n wraps it: `{ json, binary }`.
    Wrap(Item),
    /// A list of such.
    All(Ex),
    /// Another node.
    Node(usize),
    /// `$input`.
    Input,
    /// `$binary`, or one file of it.
    Files(Option<String>),
    /// A name that only means something with what follows: `Math`, `JSON`, `DateTime`.
    World(&'static str),
    /// What came in to code.
    Now(Now),
    /// A function of the code.
    Func(Vec<Pattern>, Vec<Stmt>),
}

/// Where an expression stands.
pub struct Say<'w, 'a> {
    pub weave: &'w mut Weave<'a>,
    pub place: &'w Place,
    pub vars: Vec<(String, Val)>,
    pub now: Current,
    /// How many names stand outside of all functions.
    pub top: usize,
    /// How deep functions call one another.
    pub calls: usize,
    /// How many statements were gone through.
    pub seen: usize,
    names: usize,
}

/// A reason of the kind that expressions have.
pub fn no<T>(text: impl Into<String>) -> Res<T> {
    Err(Why::new(Kind::Expression, text))
}

/// A piece of a text with expressions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    Plain(String),
    Code(String),
}

/// The pieces of a text that n8n reads as an expression, without its first `=`.
pub fn pieces(text: &str) -> Vec<Piece> {
    let (mut out, mut rest) = (vec![], text);
    while let Some(from) = rest.find("{{") {
        let inner = &rest[from + 2..];
        let Some(end) = end_of_code(inner) else { break };
        if from > 0 {
            out.push(Piece::Plain(rest[..from].to_owned()));
        }
        out.push(Piece::Code(inner[..end].trim().to_owned()));
        rest = &inner[end + 2..];
    }
    if !rest.is_empty() {
        out.push(Piece::Plain(rest.to_owned()));
    }
    out
}

/// Where `}}` ends an expression: the first one at which it can be read, else the first.
fn end_of_code(inner: &str) -> Option<usize> {
    let ends = inner.match_indices("}}").map(|(at, _)| at);
    let near = |at: usize| if inner[at..].starts_with("}}}") { at + 1 } else { at };
    let first = inner.find("}}")?;
    let read = ends.take(20).flat_map(|at| [at, near(at)]).find(|at| js::read(&inner[..*at]).is_ok());
    Some(read.unwrap_or(first))
}

impl<'w, 'a> Say<'w, 'a> {
    pub fn new(weave: &'w mut Weave<'a>, place: &'w Place) -> Say<'w, 'a> {
        Say { weave, place, vars: vec![], now: Current::default(), top: 0, calls: 0, seen: 0, names: 0 }
    }

    /// A parameter as a text with holes.
    pub fn text(&mut self, raw: &str) -> Res<String> {
        let Some(code) = raw.strip_prefix('=') else { return Ok(plain(raw)) };
        let parts = pieces(code);
        if let [Piece::Code(code)] = &parts[..] {
            let ex = self.code(code)?;
            let ex = if ex.sort == Sort::Time { iso(&ex, self.zone()) } else { ex };
            return Ok(ex.hole());
        }
        let mut out = String::new();
        for piece in parts {
            match piece {
                Piece::Plain(text) => out += &plain(&text),
                Piece::Code(code) => {
                    let ex = self.code(&code)?;
                    out +=
                        &if ex.sort == Sort::Time { iso(&ex, self.zone()).hole() } else { ex.hole_in_text() };
                }
            }
        }
        Ok(out)
    }

    /// A parameter as one expression.
    pub fn ex(&mut self, value: &Value) -> Res<Ex> {
        Ok(match value {
            Value::Null => Ex::null(),
            Value::Bool(flag) => Ex::bool(*flag),
            Value::Number(number) => Ex::number(number.to_string()),
            Value::String(raw) => {
                let Some(code) = raw.strip_prefix('=') else { return Ok(Ex::literal(raw)) };
                let mut parts = vec![];
                for piece in pieces(code) {
                    parts.push(match piece {
                        Piece::Plain(text) => Ex::literal(&text),
                        Piece::Code(code) => self.code(&code)?,
                    });
                }
                match parts.len() {
                    0 => Ex::literal(""),
                    1 => parts.remove(0),
                    _ => ours::join(&parts),
                }
            }
            Value::Array(items) => {
                let items: Res<Vec<String>> = items.iter().map(|item| Ok(self.ex(item)?.text)).collect();
                Ex::new(format!("[{}]", items?.join(", ")), Bind::Path, Sort::List)
            }
            Value::Object(fields) => {
                let fields: Res<Vec<(String, Ex)>> =
                    fields.iter().map(|(key, value)| Ok((key.clone(), self.ex(value)?))).collect();
                ours::object(&fields?)
            }
        })
    }

    /// A parameter as a value of YAML.
    pub fn tree(&mut self, value: &Value) -> Res<Tree> {
        Ok(match value {
            Value::String(raw) => Tree::Text(self.text(raw)?),
            Value::Array(items) => Tree::List(items.iter().map(|item| self.tree(item)).collect::<Res<_>>()?),
            Value::Object(fields) => {
                let entry = |(key, value): (&String, &Value)| Ok(Entry::new(key.clone(), self.tree(value)?));
                Tree::Map(fields.iter().map(entry).collect::<Res<_>>()?)
            }
            other => Tree::of(other),
        })
    }

    /// Code between braces.
    pub fn code(&mut self, code: &str) -> Res<Ex> {
        if code.trim().is_empty() {
            return Ok(Ex::null());
        }
        let js = js::read(code).or_else(|why| no(format!("`{}` has {why}", crate::names::shown(code))))?;
        self.value(&js)
    }

    /// A value that is one.
    pub fn value(&mut self, js: &Js) -> Res<Ex> {
        let found = self.any(js)?;
        self.as_value(found, js)
    }

    pub fn as_value(&mut self, found: Val, js: &Js) -> Res<Ex> {
        match found {
            Val::Ex(ex) => Ok(ex),
            Val::Json(item) => Ok(item.whole),
            Val::Wrap(item) => Ok(ours::object(&[("json".into(), item.whole)])),
            Val::All(ex) => {
                Ok(Ex::new(format!("map({}, x => {{ json: x }})", ex.text), Bind::Path, Sort::List))
            }
            Val::Now(now) => {
                let found = self.current(now)?;
                self.as_value(found, js)
            }
            Val::Files(_) | Val::Node(_) | Val::Input | Val::World(_) | Val::Func(..) => {
                no(format!("`{}`, which is no value here", name_of(js)))
            }
        }
    }

    pub fn zone(&self) -> Option<&str> {
        self.weave.file.zone.as_deref()
    }

    /// What an expression gives.
    pub fn any(&mut self, js: &Js) -> Res<Val> {
        match self.found(js)? {
            Val::Ex(ex) if ex.is_too_long() => no(ours::TOO_LONG),
            found => Ok(found),
        }
    }

    fn found(&mut self, js: &Js) -> Res<Val> {
        Ok(Val::Ex(match js {
            Js::Null => Ex::null(),
            Js::Bool(flag) => Ex::bool(*flag),
            Js::Number(text) => Ex::number(&**text),
            Js::Text(text) => Ex::literal(text),
            Js::Template(parts) => {
                let parts: Res<Vec<Ex>> = parts.iter().map(|part| self.text_of(part)).collect();
                ours::join(&parts?)
            }
            Js::Regex(..) => return no("a pattern by itself"),
            Js::Name(name) => return self.name(name),
            Js::Member(of, name) => return self.member(of, name),
            Js::Index(of, index) => {
                let (of, index) = (self.any(of)?, self.value(index)?);
                return self.indexed(of, &index);
            }
            Js::Call(callee, args) => return self.call(callee, args),
            Js::New(class, args) => return self.made(class, args),
            Js::List(items) => self.list(items)?,
            Js::Object(fields) => self.object(fields)?,
            Js::Arrow(..) | Js::Function(..) => return no("a function by itself"),
            Js::Spread(_) => return no("`...` in this place"),
            Js::Unary("!", inner) => self.truth(inner)?.not(),
            Js::Unary("-", inner) => {
                let inner = self.value(inner)?;
                Ex::new(format!("-{}", inner.at(Bind::Minus)), Bind::Minus, Sort::Number)
            }
            Js::Unary("?.", inner) => return self.any(inner),
            Js::Unary("++", _) => return no("`++` in this place"),
            Js::Unary(_, inner) => Ex::call("number", &[&self.value(inner)?], Sort::Number),
            Js::Binary(op, left, right) => self.binary(op, left, right)?,
            Js::Choice(c, yes, no) => {
                let c = self.truth(c)?;
                c.choice(&self.value(yes)?, &self.value(no)?)
            }
        }))
    }

    fn text_of(&mut self, js: &Js) -> Res<Ex> {
        let ex = self.value(js)?;
        Ok(self.in_text(ex))
    }

    /// A value as JavaScript writes it into a text.
    fn in_text(&self, ex: Ex) -> Ex {
        match ex.sort {
            Sort::Time => iso(&ex, self.zone()),
            Sort::List => Ex::call("join", &[&ex, &Ex::literal(",")], Sort::Text),
            _ => ex,
        }
    }

    fn list(&mut self, items: &[Js]) -> Res<Ex> {
        let (mut runs, mut plain): (Vec<Ex>, Vec<String>) = (vec![], vec![]);
        let close = |plain: &mut Vec<String>, runs: &mut Vec<Ex>| {
            if !plain.is_empty() {
                runs.push(Ex::new(format!("[{}]", plain.join(", ")), Bind::Path, Sort::List));
                plain.clear();
            }
        };
        for item in items {
            if let Js::Spread(inner) = item {
                close(&mut plain, &mut runs);
                runs.push(self.value(inner)?);
            } else {
                plain.push(self.value(item)?.text);
            }
        }
        close(&mut plain, &mut runs);
        let all = runs.into_iter().reduce(|left, right| left.binary("+", &right, Bind::Sum, Sort::List));
        Ok(all.unwrap_or_else(|| Ex::new("[]", Bind::Path, Sort::List)))
    }

    fn object(&mut self, fields: &[(Option<String>, Js)]) -> Res<Ex> {
        let (mut runs, mut plain): (Vec<Ex>, Vec<(String, Ex)>) = (vec![], vec![]);
        for (key, value) in fields {
            match key {
                Some(key) => plain.push((key.clone(), self.value(value)?)),
                None => {
                    if !plain.is_empty() {
                        runs.push(ours::object(&std::mem::take(&mut plain)));
                    }
                    let spread = self.value(value)?;
                    runs.push(spread.instead(&ours::object(&[])));
                }
            }
        }
        if !plain.is_empty() || runs.is_empty() {
            runs.push(ours::object(&plain));
        }
        if runs.len() == 1 {
            return Ok(runs.remove(0));
        }
        Ok(Ex::call("merge", &runs.iter().collect::<Vec<_>>(), Sort::Object))
    }

    /// A condition: what JavaScript takes for true.
    pub fn truth(&mut self, js: &Js) -> Res<Ex> {
        if let Js::Binary(op @ ("&&" | "||"), left, right) = js {
            let (left, right) = (self.truth(left)?, self.truth(right)?);
            return Ok(if *op == "&&" { left.and(&right) } else { left.or(&right) });
        }
        let ex = self.value(js)?;
        Ok(truth_of(&ex))
    }

    fn binary(&mut self, op: &str, left: &Js, right: &Js) -> Res<Ex> {
        if matches!(op, "&&" | "||") {
            let (a, b) = (self.value(left)?, self.value(right)?);
            if a.sort == Sort::Bool && b.sort == Sort::Bool {
                return Ok(if op == "&&" { a.and(&b) } else { a.or(&b) });
            }
            let truth = truth_of(&a);
            return Ok(if op == "&&" { truth.choice(&b, &a) } else { truth.choice(&a, &b) });
        }
        if let Some(found) = self.kind_of(op, left, right)? {
            return Ok(found);
        }
        let (a, b) = (self.value(left)?, self.value(right)?);
        Ok(match op {
            "??" => a.instead(&b),
            "==" | "===" => a.binary("==", &b, Bind::Compare, Sort::Bool),
            "!=" | "!==" => a.binary("!=", &b, Bind::Compare, Sort::Bool),
            "<" | ">" | "<=" | ">=" => a.binary(op, &b, Bind::Compare, Sort::Bool),
            "in" if b.sort == Sort::Object => a.binary("in", &b, Bind::Compare, Sort::Bool),
            // Of a list it would mean its places.
            "in" => return no("`in` of what may be no object"),
            "+" if a.sort == Sort::Text || b.sort == Sort::Text => joined(self.in_text(a), self.in_text(b)),
            "+" => a.binary("+", &b, Bind::Sum, if a.sort == b.sort { a.sort } else { Sort::Any }),
            "-" if a.sort == Sort::Time || b.sort == Sort::Time => return no("the difference of two times"),
            "-" => a.binary("-", &b, Bind::Sum, Sort::Number),
            "*" | "/" | "%" => a.binary(op, &b, Bind::Product, Sort::Number),
            other => return no(format!("`{other}`")),
        })
    }

    fn name(&mut self, name: &str) -> Res<Val> {
        match self.var(name).cloned() {
            Some(Val::Now(now)) => return self.current(now),
            Some(found) => return Ok(found),
            None => {}
        }
        Ok(match name {
            "items" if self.now.said == Said::Items => return self.all_input(),
            "item" if self.now.said == Said::Item => Val::Wrap(self.item()),
            "item" if self.now.said == Said::Fields => Val::Json(self.item()),
            "$json" | "$data" => Val::Json(self.item()),
            "$input" => Val::Input,
            "$binary" => Val::Files(None),
            "$now" => Val::Ex(Ex::new("now()", Bind::Path, Sort::Time)),
            "$today" => {
                let zone = self.zone().map(ours::quoted).unwrap_or_default();
                Val::Ex(Ex::new(format!("today({zone})"), Bind::Path, Sort::Time))
            }
            "$itemIndex" if self.place.all.is_some() => Val::Ex(Ex::new("index", Bind::Path, Sort::Number)),
            "$node" => Val::World("$node"),
            "$workflow" => Val::World("$workflow"),
            "$execution" => Val::World("$execution"),
            "Math" => Val::World("Math"),
            "JSON" => Val::World("JSON"),
            "Object" => Val::World("Object"),
            "Array" => Val::World("Array"),
            "Date" => Val::World("Date"),
            "DateTime" => Val::World("DateTime"),
            "Number" => Val::World("Number"),
            "String" => Val::World("String"),
            "$env" | "$vars" => {
                return no(format!("`{name}`: values of n8n's own surroundings are not in the file"));
            }
            _ => return no(format!("`{name}`")),
        })
    }

    fn member(&mut self, of: &Js, name: &str) -> Res<Val> {
        let found = self.any(of)?;
        self.member_of_val(found, name, of)
    }

    fn member_of_val(&mut self, of: Val, name: &str, js: &Js) -> Res<Val> {
        Ok(match of {
            Val::Json(item) => Val::Ex(item.field(name)?),
            Val::Wrap(item) => match name {
                "json" => Val::Json(item),
                "binary" => Val::Files(None),
                _ => return no(format!("`{name}` of an item")),
            },
            Val::Input => match name {
                "item" => Val::Wrap(self.item()),
                "all" | "first" | "last" => Val::World("$input"),
                _ => return no(format!("`$input.{name}`")),
            },
            Val::Node(node) => match name {
                "json" | "data" => Val::Json(self.of_node(node, Which::Own)?),
                "item" => Val::Wrap(self.of_node(node, Which::Own)?),
                "binary" => return no("a file of another node"),
                "parameter" | "params" => {
                    let params = self.weave.file.nodes[node].params.clone();
                    return fixed(params, js);
                }
                "isExecuted" => return no("`isExecuted`"),
                _ => return no(format!("`{name}` of a node")),
            },
            Val::Now(now) => {
                let found = self.current(now)?;
                return self.member_of_val(found, name, js);
            }
            Val::Func(..) => return no(format!("`{name}` of a function")),
            Val::All(list) if name == "length" => Val::Ex(Ex::call("len", &[&list], Sort::Number)),
            Val::All(_) => return no(format!("`{name}` of all items")),
            Val::Files(None) => Val::Files(Some(name.to_owned())),
            Val::Files(Some(file)) => {
                let Some(bin) = self.place.files.get(&file) else { return no(format!("the file `{file}`")) };
                match (name, &bin.name) {
                    ("fileName", Some(name)) => Val::Ex(name.clone()),
                    ("fileName", None) if !bin.is_text => Val::Ex(bin.file.field("name")),
                    ("mimeType", _) if !bin.is_text => Val::Ex(bin.file.field("type")),
                    _ => return no(format!("`{name}` of a file")),
                }
            }
            Val::World("$node") => match self.weave.file.named(name) {
                Some(node) => Val::Node(node),
                None => return no(format!("the node `{name}`, which is not in the file")),
            },
            Val::World("$workflow") => Val::Ex(match name {
                "name" => Ex::literal(&self.weave.file.name),
                // What tells one workflow from another here is its name.
                "id" => Ex::new("run.workflow", Bind::Path, Sort::Text),
                _ => return no(format!("`$workflow.{name}`")),
            }),
            Val::World("$execution") if name == "id" => Val::Ex(Ex::new("run.id", Bind::Path, Sort::Text)),
            Val::World(world) => return no(format!("`{world}.{name}`")),
            Val::Ex(ex) if ex.sort == Sort::Time => Val::Ex(super::times::part(&ex, name, self.zone())?),
            Val::Ex(ex) if name == "length" && !matches!(ex.sort, Sort::Object) => {
                Val::Ex(Ex::call("len", &[&ex], Sort::Number))
            }
            Val::Ex(ex) => {
                let field = ex.field(name);
                Val::Ex(self.weave.hidden.get(&field.text).cloned().unwrap_or(field))
            }
        })
    }

    fn indexed(&mut self, of: Val, index: &Ex) -> Res<Val> {
        Ok(match of {
            Val::Ex(ex) => Val::Ex(match index.text.parse::<u32>() {
                Ok(at) if ex.sort == Sort::Text => {
                    Ex::new(format!("slice({}, {at}, {})", ex.text, at + 1), Bind::Path, Sort::Text)
                }
                _ => ex.item(index),
            }),
            // Of one item the first is that one, with what is known of it.
            Val::All(list) if index.text == "0" && self.is_only(&list) => Val::Wrap(self.item()),
            Val::All(list) => Val::Wrap(Item::open(list.item(index))),
            Val::Json(item) => Val::Ex(item.whole.item(index)),
            Val::World("$node") => return no("a node whose name is made"),
            _ => return no("an index in this place"),
        })
    }

    fn call(&mut self, callee: &Js, args: &[Js]) -> Res<Val> {
        match callee {
            Js::Name(name) => match (name.as_str(), args) {
                ("$", [Js::Text(node)]) => match self.weave.file.named(node) {
                    Some(node) => Ok(Val::Node(node)),
                    None => no(format!("the node `{}`, which is not in the file", crate::names::shown(node))),
                },
                ("[]", [key, value]) => {
                    let pair = format!("[[{}, {}]]", self.value(key)?.text, self.value(value)?.text);
                    Ok(Val::Ex(Ex::new(format!("from_entries({pair})"), Bind::Path, Sort::Object)))
                }
                ("$items", []) => self.all_input(),
                ("$items", [Js::Text(node)]) => match self.weave.file.named(node) {
                    Some(node) => self.all_of(node),
                    None => no("a node that is not in the file"),
                },
                ("$item", [_]) => no("`$item()`, an item by its number"),
                (name, args) if matches!(self.var(name), Some(Val::Func(..))) => {
                    let Some(Val::Func(params, body)) = self.var(name).cloned() else { return no(name) };
                    let args: Res<Vec<Val>> = args.iter().map(|arg| self.any(arg)).collect();
                    super::code::applied(self, &params, &body, args?)
                }
                ("$if", [c, yes, other]) => {
                    let c = self.truth(c)?;
                    Ok(Val::Ex(c.choice(&self.value(yes)?, &self.value(other)?)))
                }
                ("$jmespath", [of, path]) => paths::called(self, of, path).map(Val::Ex),
                ("$fromAI", _) => no("`$fromAI()`, which a model fills in"),
                _ => super::methods::function(self, name, args).map(Val::Ex),
            },
            Js::Member(of, method) => {
                if let Js::Unary("?.", inner) = &**of {
                    let ex = self.any(inner)?;
                    let plain = Js::Call(Box::new(Js::Member(inner.clone(), method.clone())), args.to_vec());
                    return match ex {
                        Val::Ex(ex) => {
                            let made = self.value(&plain)?;
                            Ok(Val::Ex(ex.is(&Ex::null()).choice(&Ex::null(), &made)))
                        }
                        _ => self.any(&plain),
                    };
                }
                let found = self.any(of)?;
                match (&found, method.as_str()) {
                    (Val::Input, "all") => self.all_input(),
                    (Val::Input, "first" | "last") if self.is_alone() => Ok(Val::Wrap(self.item())),
                    (Val::Input, "first") => match self.all_input()? {
                        Val::All(list) => {
                            Ok(Val::Wrap(Item::open(Ex::path(format!("{}[0]", list.at(Bind::Path))))))
                        }
                        other => Ok(other),
                    },
                    (Val::Input, "last") => match self.all_input()? {
                        Val::All(list) => {
                            Ok(Val::Wrap(Item::open(Ex::path(format!("{}[-1]", list.at(Bind::Path))))))
                        }
                        other => Ok(other),
                    },
                    (Val::Node(node), "first") => Ok(Val::Wrap(self.of_node(*node, Which::First)?)),
                    (Val::Node(node), "last") => Ok(Val::Wrap(self.of_node(*node, Which::Last)?)),
                    (Val::Node(node), "all") => self.all_of(*node),
                    (Val::Node(node), "itemMatching") => Ok(Val::Wrap(self.of_node(*node, Which::Own)?)),
                    (Val::All(list), "filter") => {
                        let list = list.clone();
                        super::methods::of_list(self, &list, true, method, args).map(Val::All)
                    }
                    (Val::All(list), "slice" | "concat")
                        if args.iter().all(|arg| matches!(arg, Js::Number(_))) =>
                    {
                        let list = Ex { sort: Sort::List, ..list.clone() };
                        super::methods::of_value(self, &list, method, args).map(Val::All)
                    }
                    (Val::All(list), "first") if self.is_only(list) => Ok(Val::Wrap(self.item())),
                    (Val::All(list), "first") => Ok(Val::Wrap(Item::open(list.item(&Ex::number("0"))))),
                    (Val::World(world), _) => {
                        super::methods::of_world(self, world, method, args).map(Val::Ex)
                    }
                    (Val::All(list), _) => {
                        let list = list.clone();
                        super::methods::of_list(self, &list, true, method, args).map(Val::Ex)
                    }
                    _ => {
                        let ex = self.as_value(found, of)?.there();
                        super::methods::of_value(self, &ex, method, args).map(Val::Ex)
                    }
                }
            }
            _ => no("a call of what is made"),
        }
    }
}

/// What JavaScript takes for true.
pub fn truth_of(ex: &Ex) -> Ex {
    match ex.sort {
        Sort::Bool => ex.clone(),
        Sort::List | Sort::Object | Sort::Time => Ex::bool(true),
        Sort::Null => Ex::bool(false),
        Sort::Any | Sort::Number | Sort::Text => {
            let some = format!("({} ?? '') not in ['', 0, false]", ex.at(Bind::Path));
            Ex::new(some, Bind::Compare, Sort::Bool)
        }
    }
}

/// Two texts as one, without a join within a join.
fn joined(a: Ex, b: Ex) -> Ex {
    let parts = |ex: &Ex| {
        let inner = ex.text.strip_prefix("join([").and_then(|rest| rest.strip_suffix("], '')"));
        inner
            .filter(|_| ex.sort == Sort::Text && ex.bind == Bind::Path)
            .map_or_else(|| ex.text.clone(), str::to_owned)
    };
    Ex::new(format!("join([{}, {}], '')", parts(&a), parts(&b)), Bind::Path, Sort::Text)
}

/// A time as n8n writes it into a text.
pub fn iso(ex: &Ex, zone: Option<&str>) -> Ex {
    let zone = zone.map(|zone| format!(", {}", ours::quoted(zone))).unwrap_or_default();
    Ex::new(format!("format_time({}, '%Y-%m-%dT%H:%M:%S%.3f%:z'{zone})", ex.text), Bind::Path, Sort::Text)
}
