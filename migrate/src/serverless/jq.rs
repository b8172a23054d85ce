//! The part of jq that expressions of workflows are made of, in our language.

mod parse;

use std::collections::BTreeMap;

use crate::ours::{self, Bind, Ex, Sort};
use crate::report::{Kind, Why};
use parse::Parser;

type Res<T> = Result<T, Why>;

fn no<T>(text: impl Into<String>) -> Res<T> {
    Err(Why::new(Kind::Expression, text))
}

#[derive(Clone, Debug, PartialEq)]
enum Jq {
    Dot,
    Var(String),
    Literal(Ex),
    Text(Vec<Jq>),
    Field(Box<Jq>, String),
    Index(Box<Jq>, Box<Jq>),
    Each(Box<Jq>),
    Pipe(Box<Jq>, Box<Jq>),
    Both(Box<Jq>, Box<Jq>),
    Binary(&'static str, Box<Jq>, Box<Jq>),
    Minus(Box<Jq>),
    Object(Vec<(String, Jq)>),
    List(Option<Box<Jq>>),
    Call(String, Vec<Jq>),
    If(Box<Jq>, Box<Jq>, Box<Jq>),
}

/// What `.` and the variables are where an expression stands.
#[derive(Clone, Debug)]
pub struct Around {
    pub dot: Ex,
    /// True where `.` is what the workflow was given, whose fields are inputs.
    pub given: bool,
    pub vars: BTreeMap<String, Ex>,
    /// The inputs that are read, found while expressions are put into our words.
    pub inputs: Vec<String>,
    pub whole: bool,
}

/// An expression of jq in our words.
///
/// # Errors
/// Where it has something without an equal; says what.
pub fn said(text: &str, around: &mut Around) -> Res<Ex> {
    let jq = Parser::read(text)?;
    value(&jq, around)
}

/// A text of which parts are made, as one that may stand for an address: `"https://…\(.id)"`.
pub fn template(text: &str, around: &mut Around) -> Res<Option<String>> {
    let Jq::Text(parts) = Parser::read(text)? else { return Ok(None) };
    let mut out = String::new();
    for part in &parts {
        out += &match part {
            Jq::Literal(ex) if ex.text.starts_with('\'') => ours::plain(&ex.text[1..ex.text.len() - 1]),
            part => value(part, around)?.hole_in_text(),
        };
    }
    Ok(Some(out))
}

fn field(of: Ex, given: bool, name: &str, around: &mut Around) -> Res<Ex> {
    if !given {
        return Ok(of.field(name));
    }
    if !crate::names::is_name(name) {
        return no(format!("the input `{}`, which cannot be called so here", crate::names::shown(name)));
    }
    if !around.inputs.iter().any(|known| known == name) {
        around.inputs.push(name.to_owned());
    }
    Ok(Ex::path(format!("inputs.{name}")))
}

fn value(jq: &Jq, around: &mut Around) -> Res<Ex> {
    Ok(match jq {
        Jq::Dot => {
            around.whole |= around.given;
            around.dot.clone()
        }
        Jq::Var(name) => match around.vars.get(name) {
            Some(ex) => {
                around.whole |= ex.text == "inputs";
                ex.clone()
            }
            None => return no(format!("`${name}`")),
        },
        Jq::Literal(ex) => ex.clone(),
        Jq::Text(parts) => {
            let parts: Res<Vec<Ex>> = parts.iter().map(|part| value(part, around)).collect();
            let parts = parts?;
            if parts.len() == 1 { parts[0].as_text() } else { ours::join(&parts) }
        }
        Jq::Field(of, name) => {
            let given = match &**of {
                Jq::Dot => around.given,
                Jq::Var(var) => around.vars.get(var).is_some_and(|ex| ex.text == "inputs"),
                _ => false,
            };
            if let Jq::Field(inner, workflow) = &**of
                && **inner == Jq::Var("workflow".into())
                && workflow == "input"
            {
                return field(Ex::path("inputs"), true, name, around);
            }
            let of = if given { Ex::path("inputs") } else { value(of, around)? };
            if let (Jq::Var(var), "trigger.signal") = (&Jq::Dot, of.text.as_str()) {
                let _ = var;
            }
            field(of, given, name, around)?
        }
        Jq::Index(of, index) => {
            let (of, index) = (value(of, around)?, value(index, around)?);
            of.item(&index)
        }
        Jq::Each(_) | Jq::Both(..) => return no("several values where one is wanted"),
        Jq::Pipe(left, right) => {
            let left = value(left, around)?;
            piped(&left, right, around)?
        }
        Jq::Minus(inner) => {
            let inner = value(inner, around)?;
            Ex::new(format!("-{}", inner.at(Bind::Minus)), Bind::Minus, Sort::Number)
        }
        Jq::Object(fields) => {
            let fields: Res<Vec<(String, Ex)>> =
                fields.iter().map(|(name, jq)| Ok((name.clone(), value(jq, around)?))).collect();
            ours::object(&fields?)
        }
        Jq::List(None) => Ex::new("[]", Bind::Path, Sort::List),
        Jq::List(Some(inner)) => list(inner, around)?,
        Jq::If(c, yes, no) => {
            let c = truth(&value(c, around)?);
            c.choice(&value(yes, around)?, &value(no, around)?)
        }
        Jq::Binary(op, left, right) => {
            let (a, b) = (value(left, around)?, value(right, around)?);
            binary(op, &a, &b)
        }
        Jq::Call(name, args) => {
            around.whole |= around.given;
            call(&around.dot.clone(), name, args, around)?
        }
    })
}

/// A pipe's right side, with what the left one gives as `.`.
fn piped(left: &Ex, right: &Jq, around: &mut Around) -> Res<Ex> {
    if let Jq::Call(name, args) = right {
        return call(left, name, args, around);
    }
    let mut inner = Around { dot: left.clone(), given: left.text == "inputs", ..around.clone() };
    let made = value(right, &mut inner)?;
    (around.inputs, around.whole) = (inner.inputs, inner.whole);
    Ok(made)
}

/// What jq takes for true: all but false and null.
pub fn truth(ex: &Ex) -> Ex {
    if ex.sort == Sort::Bool {
        return ex.clone();
    }
    Ex::new(format!("({} ?? false) != false", ex.at(Bind::Path)), Bind::Compare, Sort::Bool)
}

fn binary(op: &str, a: &Ex, b: &Ex) -> Ex {
    let nothing = |sort: Sort| match sort {
        Sort::List => Some(Ex::new("[]", Bind::Path, Sort::List)),
        Sort::Text => Some(Ex::literal("")),
        Sort::Number => Some(Ex::number("0")),
        Sort::Object => Some(ours::object(&[])),
        Sort::Any | Sort::Bool | Sort::Null | Sort::Time => None,
    };
    match op {
        "//" => a.instead(b),
        "and" => truth(a).and(&truth(b)),
        "or" => truth(a).or(&truth(b)),
        "==" | "!=" | "<" | ">" | "<=" | ">=" => a.binary(op, b, Bind::Compare, Sort::Bool),
        "+" => {
            // Of null and another jq takes the other.
            let sort = if a.sort == Sort::Any { b.sort } else { a.sort };
            let some = |ex: &Ex| match nothing(sort).filter(|_| ex.sort == Sort::Any) {
                Some(none) => Ex { sort, ..ex.instead(&none) },
                None => ex.clone(),
            };
            let (a, b) = (some(a), some(b));
            if sort == Sort::Object {
                Ex::call("merge", &[&a, &b], Sort::Object)
            } else {
                a.binary("+", &b, Bind::Sum, sort)
            }
        }
        "-" => a.binary("-", b, Bind::Sum, Sort::Number),
        _ => a.binary(op, b, Bind::Product, Sort::Number),
    }
}

/// What stands between `[` and `]`: the values that it gives as a list.
fn list(jq: &Jq, around: &mut Around) -> Res<Ex> {
    Ok(match jq {
        Jq::Both(left, right) => {
            let (a, b) = (list(left, around)?, list(right, around)?);
            match (a.text.strip_suffix(']'), b.text.strip_prefix('[')) {
                (Some(head), Some(tail)) if a.bind == Bind::Path && a.text.starts_with('[') => {
                    Ex::new(format!("{head}, {tail}"), Bind::Path, Sort::List)
                }
                _ => a.binary("+", &b, Bind::Sum, Sort::List),
            }
        }
        Jq::Each(of) => Ex { sort: Sort::List, ..value(of, around)? },
        Jq::Pipe(left, right) if is_many(left) => {
            let all = list(left, around)?;
            each(&all, right, around)?
        }
        Jq::Field(of, name) if is_many(of) => {
            let all = list(of, around)?;
            Ex::new(format!("map({}, x => x?.{name})", all.text), Bind::Path, Sort::List)
        }
        other => Ex::new(format!("[{}]", value(other, around)?.text), Bind::Path, Sort::List),
    })
}

fn is_many(jq: &Jq) -> bool {
    match jq {
        Jq::Each(_) | Jq::Both(..) => true,
        Jq::Pipe(left, _) | Jq::Field(left, _) => is_many(left),
        _ => false,
    }
}

/// A filter over each value of a list: `select` keeps some, all else makes others.
fn each(all: &Ex, by: &Jq, around: &mut Around) -> Res<Ex> {
    if let Jq::Pipe(first, rest) = by {
        let some = each(all, first, around)?;
        return each(&some, rest, around);
    }
    let depth = around.vars.len();
    let var = format!("x{depth}");
    let mut inner = Around { dot: Ex::path(&*var), given: false, ..around.clone() };
    inner.vars.insert(format!(" {var}"), Ex::path(&*var));
    let made = match by {
        Jq::Call(name, args) if name == "select" && args.len() == 1 => {
            let condition = truth(&value(&args[0], &mut inner)?);
            format!("filter({}, {var} => {})", all.text, condition.text)
        }
        by => format!("map({}, {var} => {})", all.text, value(by, &mut inner)?.text),
    };
    (around.inputs, around.whole) = (inner.inputs, inner.whole);
    Ok(Ex::new(made, Bind::Path, Sort::List))
}

fn call(on: &Ex, name: &str, args: &[Jq], around: &mut Around) -> Res<Ex> {
    if let ("map", [by]) = (name, args) {
        return each(on, by, around);
    }
    if let ("sort_by" | "group_by" | "min_by" | "max_by" | "unique_by" | "any" | "all", [by]) = (name, args) {
        let mut inner = Around { dot: Ex::path("x"), given: false, ..around.clone() };
        let by = value(by, &mut inner)?;
        (around.inputs, around.whole) = (inner.inputs, inner.whole);
        return Ok(match name {
            "sort_by" => Ex::new(format!("sort_by({}, x => {})", on.text, by.text), Bind::Path, Sort::List),
            "unique_by" => Ex::new(format!("unique({}, x => {})", on.text, by.text), Bind::Path, Sort::List),
            "any" | "all" => {
                Ex::new(format!("{name}({}, x => {})", on.text, truth(&by).text), Bind::Path, Sort::Bool)
            }
            "min_by" => Ex::path(format!("first(sort_by({}, x => {}))", on.text, by.text)),
            "max_by" => Ex::path(format!("last(sort_by({}, x => {}))", on.text, by.text)),
            _ => Ex::new(
                format!("map(group_by({}, x => {}), g => g.items)", on.text, by.text),
                Bind::Path,
                Sort::List,
            ),
        });
    }
    let values: Res<Vec<Ex>> = args.iter().map(|arg| value(arg, around)).collect();
    let values = values?;
    let refs: Vec<&Ex> = std::iter::once(on).chain(&values).collect();
    let f = |name: &str, sort: Sort| Ex::call(name, &refs, sort);
    Ok(match (name, values.len()) {
        ("length", 0) => f("len", Sort::Number),
        ("keys", 0) => Ex::new(format!("sort(keys({}))", on.text), Bind::Path, Sort::List),
        ("tostring", 0) => on.as_text(),
        ("tonumber", 0) => f("number", Sort::Number),
        ("tojson", 0) => f("json", Sort::Text),
        ("fromjson", 0) => f("parse_json", Sort::Any),
        ("not", 0) => truth(on).not(),
        ("add", 0) => f("sum", Sort::Any),
        ("join", 1) => f("join", Sort::Text),
        ("split", 1) => f("split", Sort::List),
        ("startswith", 1) => f("starts_with", Sort::Bool),
        ("endswith", 1) => f("ends_with", Sort::Bool),
        ("has", 1) => f("contains", Sort::Bool),
        ("ascii_downcase", 0) => f("lower", Sort::Text),
        ("ascii_upcase", 0) => f("upper", Sort::Text),
        ("first" | "last", 0) => f(name, Sort::Any),
        ("unique", 0) => Ex::new(format!("sort(unique({}))", on.text), Bind::Path, Sort::List),
        ("sort" | "reverse", 0) => f(name, Sort::List),
        ("flatten", 0) => f("flatten", Sort::List),
        ("min" | "max", 0) => f(name, Sort::Any),
        ("floor" | "ceil" | "round", 0) => f(name, Sort::Number),
        ("to_entries", 0) => f("entries", Sort::List),
        ("from_entries", 0) => f("from_entries", Sort::Object),
        ("now", 0) => return no("`now`, seconds since 1970"),
        _ => return no(format!("`{name}` of jq")),
    })
}
