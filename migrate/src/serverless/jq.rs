//! The part of jq that expressions of workflows are made of, in our language.

use std::collections::BTreeMap;

use crate::ours::{self, Bind, Ex, Sort};
use crate::report::{Kind, Why};

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
            if sort == Sort::Object { Ex::call("merge", &[&a, &b], Sort::Object) } else { a.binary("+", &b, Bind::Sum, sort) }
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
            "any" | "all" => Ex::new(format!("{name}({}, x => {})", on.text, truth(&by).text), Bind::Path, Sort::Bool),
            "min_by" => Ex::path(format!("first(sort_by({}, x => {}))", on.text, by.text)),
            "max_by" => Ex::path(format!("last(sort_by({}, x => {}))", on.text, by.text)),
            _ => Ex::new(format!("map(group_by({}, x => {}), g => g.items)", on.text, by.text), Bind::Path, Sort::List),
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

struct Parser {
    chars: Vec<char>,
    at: usize,
    depth: usize,
}

impl Parser {
    fn read(text: &str) -> Res<Jq> {
        let mut parser = Parser { chars: text.trim().chars().take(8_192).collect(), at: 0, depth: 0 };
        if parser.chars.is_empty() {
            return Ok(Jq::Dot);
        }
        let jq = parser.pipe()?;
        parser.blank();
        if parser.at < parser.chars.len() { no(format!("`{}`, of which an end cannot be told", crate::names::shown(text))) } else { Ok(jq) }
    }

    fn blank(&mut self) {
        while self.chars.get(self.at).is_some_and(|char| char.is_whitespace()) {
            self.at += 1;
        }
    }

    fn take(&mut self, sign: &str) -> bool {
        self.blank();
        let signs: Vec<char> = sign.chars().collect();
        if !self.chars[self.at.min(self.chars.len())..].starts_with(&signs) {
            return false;
        }
        let next = self.chars.get(self.at + signs.len());
        let is_word = signs.iter().all(|char| char.is_ascii_alphabetic());
        if is_word && next.is_some_and(|char| char.is_alphanumeric() || *char == '_') {
            return false;
        }
        // `/` is no `//`, and `=` no `==`.
        if matches!(sign, "/") && next == Some(&'/') || matches!(sign, "<" | ">") && next == Some(&'=') {
            return false;
        }
        self.at += signs.len();
        true
    }

    fn want(&mut self, sign: &str) -> Res<()> {
        if self.take(sign) { Ok(()) } else { no(format!("no `{sign}` in an expression where one should be")) }
    }

    fn pipe(&mut self) -> Res<Jq> {
        self.depth += 1;
        if self.depth > 40 {
            return no("an expression that is too deep");
        }
        let mut left = self.comma()?;
        if self.take("|") {
            let right = self.pipe()?;
            left = Jq::Pipe(Box::new(left), Box::new(right));
        }
        self.depth -= 1;
        Ok(left)
    }

    fn comma(&mut self) -> Res<Jq> {
        let mut left = self.level(0)?;
        while self.take(",") {
            let right = self.level(0)?;
            left = Jq::Both(Box::new(left), Box::new(right));
        }
        Ok(left)
    }

    fn level(&mut self, level: usize) -> Res<Jq> {
        const LEVELS: &[&[&str]] =
            &[&["//"], &["or"], &["and"], &["==", "!=", "<=", ">=", "<", ">"], &["+", "-"], &["*", "/", "%"]];
        let Some(signs) = LEVELS.get(level) else { return self.postfix() };
        let mut left = self.level(level + 1)?;
        loop {
            let Some(sign) = signs.iter().find(|sign| self.take(sign)) else { return Ok(left) };
            let right = self.level(level + 1)?;
            left = Jq::Binary(sign, Box::new(left), Box::new(right));
        }
    }

    fn word(&mut self) -> Option<String> {
        let from = self.at;
        while self.chars.get(self.at).is_some_and(|char| char.is_alphanumeric() || *char == '_') {
            self.at += 1;
        }
        (self.at > from).then(|| self.chars[from..self.at].iter().collect())
    }

    fn postfix(&mut self) -> Res<Jq> {
        self.depth += 1;
        if self.depth > 120 {
            return no("an expression that is too deep");
        }
        let mut left = self.primary()?;
        loop {
            let dotted = self.chars.get(self.at) == Some(&'.');
            let next = self.chars.get(self.at + usize::from(dotted)).copied();
            match next {
                Some('[') => {
                    self.at += 1 + usize::from(dotted);
                    left = self.index(left)?;
                }
                Some('"') if dotted => {
                    self.at += 1;
                    left = Jq::Field(Box::new(left), self.key()?);
                }
                Some(char) if dotted && (char.is_alphabetic() || char == '_') => {
                    self.at += 1;
                    let name = self.word().unwrap_or_default();
                    left = Jq::Field(Box::new(left), name);
                }
                Some('?') if !dotted => self.at += 1,
                _ => break,
            }
        }
        self.depth -= 1;
        Ok(left)
    }

    fn index(&mut self, of: Jq) -> Res<Jq> {
        if self.take("]") {
            return Ok(Jq::Each(Box::new(of)));
        }
        let index = self.pipe()?;
        self.want("]")?;
        Ok(match index {
            Jq::Literal(ex) if ex.sort == Sort::Text => Jq::Field(Box::new(of), unquoted(&ex.text)),
            index => Jq::Index(Box::new(of), Box::new(index)),
        })
    }

    fn key(&mut self) -> Res<String> {
        match self.text()? {
            Jq::Literal(ex) => Ok(unquoted(&ex.text)),
            _ => no("a field whose name is made"),
        }
    }

    fn primary(&mut self) -> Res<Jq> {
        self.blank();
        let Some(&char) = self.chars.get(self.at) else { return no("an expression that ends too soon") };
        match char {
            '.' => {
                self.at += 1;
                match self.chars.get(self.at) {
                    Some('"') => Ok(Jq::Field(Box::new(Jq::Dot), self.key()?)),
                    Some(char) if char.is_alphabetic() || *char == '_' => {
                        let name = self.word().unwrap_or_default();
                        Ok(Jq::Field(Box::new(Jq::Dot), name))
                    }
                    _ => Ok(Jq::Dot),
                }
            }
            '$' => {
                self.at += 1;
                match self.word() {
                    Some(name) => Ok(Jq::Var(name)),
                    None => no("a `$` without a name"),
                }
            }
            '"' => self.text(),
            '(' => {
                self.at += 1;
                let inner = self.pipe()?;
                self.want(")")?;
                Ok(inner)
            }
            '[' => {
                self.at += 1;
                if self.take("]") {
                    return Ok(Jq::List(None));
                }
                let inner = self.pipe()?;
                self.want("]")?;
                Ok(Jq::List(Some(Box::new(inner))))
            }
            '{' => self.object(),
            '-' => {
                self.at += 1;
                Ok(Jq::Minus(Box::new(self.postfix()?)))
            }
            char if char.is_ascii_digit() => {
                let from = self.at;
                while self.chars.get(self.at).is_some_and(|char| char.is_ascii_digit() || *char == '.') {
                    self.at += 1;
                }
                let text: String = self.chars[from..self.at].iter().collect();
                if text.parse::<f64>().is_err() { no("a number that is none") } else { Ok(Jq::Literal(Ex::number(text))) }
            }
            _ => self.named(),
        }
    }

    fn named(&mut self) -> Res<Jq> {
        let Some(name) = self.word() else { return no("a sign that begins no expression") };
        match name.as_str() {
            "true" | "false" => Ok(Jq::Literal(Ex::bool(name == "true"))),
            "null" => Ok(Jq::Literal(Ex::null())),
            "empty" => no("`empty`"),
            "if" => {
                let c = self.pipe()?;
                self.want("then")?;
                let yes = self.pipe()?;
                let other = if self.take("else") {
                    self.pipe()?
                } else {
                    Jq::Dot
                };
                self.want("end")?;
                Ok(Jq::If(Box::new(c), Box::new(yes), Box::new(other)))
            }
            "def" | "reduce" | "foreach" | "try" | "as" | "import" | "label" => no(format!("`{name}` of jq")),
            _ => {
                let mut args = vec![];
                if self.chars.get(self.at) == Some(&'(') {
                    self.at += 1;
                    loop {
                        args.push(self.pipe()?);
                        if !self.take(";") {
                            break;
                        }
                    }
                    self.want(")")?;
                }
                Ok(Jq::Call(name, args))
            }
        }
    }

    fn object(&mut self) -> Res<Jq> {
        self.at += 1;
        let mut fields = vec![];
        loop {
            if self.take("}") {
                return Ok(Jq::Object(fields));
            }
            self.blank();
            let var = self.chars.get(self.at) == Some(&'$');
            self.at += usize::from(var);
            let key = if self.chars.get(self.at) == Some(&'"') { self.key()? } else {
                match self.word() {
                    Some(word) => word,
                    None => return no("an object whose keys are made"),
                }
            };
            let value = if self.take(":") {
                self.level(0)?
            } else if var {
                Jq::Var(key.clone())
            } else {
                Jq::Field(Box::new(Jq::Dot), key.clone())
            };
            fields.push((key, value));
            if !self.take(",") {
                self.want("}")?;
                return Ok(Jq::Object(fields));
            }
        }
    }

    fn text(&mut self) -> Res<Jq> {
        self.at += 1;
        let (mut parts, mut plain) = (vec![], String::new());
        loop {
            match self.chars.get(self.at).copied() {
                None => return no("a text without an end"),
                Some('"') => {
                    self.at += 1;
                    break;
                }
                Some('\\') => {
                    let next = self.chars.get(self.at + 1).copied();
                    self.at += 2;
                    match next {
                        Some('(') => {
                            if !plain.is_empty() {
                                parts.push(Jq::Literal(Ex::literal(&std::mem::take(&mut plain))));
                            }
                            parts.push(self.pipe()?);
                            self.want(")")?;
                        }
                        Some('n') => plain.push('\n'),
                        Some('t') => plain.push('\t'),
                        Some(char) => plain.push(char),
                        None => return no("a text without an end"),
                    }
                }
                Some(char) => {
                    plain.push(char);
                    self.at += 1;
                }
            }
        }
        if parts.is_empty() {
            return Ok(Jq::Literal(Ex::literal(&plain)));
        }
        if !plain.is_empty() {
            parts.push(Jq::Literal(Ex::literal(&plain)));
        }
        Ok(Jq::Text(parts))
    }
}

fn unquoted(text: &str) -> String {
    text.trim_matches('\'').replace("\\'", "'")
}
