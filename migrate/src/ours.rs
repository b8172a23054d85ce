//! Expressions of our language while they are made: text, how tightly it binds, and what is known of its value.

use std::fmt::Write;

use crate::names::is_name;

/// How tightly an expression binds, loosest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bind {
    Choice,
    Or,
    And,
    Not,
    Compare,
    Instead,
    Sum,
    Product,
    Minus,
    Path,
}

/// What is known of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    Any,
    Bool,
    List,
    Null,
    Number,
    Object,
    Text,
    Time,
}

/// An expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ex {
    pub text: String,
    pub bind: Bind,
    pub sort: Sort,
}

/// The longest text of an expression, in bytes.
pub const LONGEST: usize = 32_768;

/// Why an expression is not made that is longer.
pub const TOO_LONG: &str = "an expression that becomes too long";

impl Ex {
    pub fn is_too_long(&self) -> bool {
        self.text.len() > LONGEST
    }

    pub fn new(text: impl Into<String>, bind: Bind, sort: Sort) -> Ex {
        Ex { text: text.into(), bind, sort }
    }

    /// Something that stands as it is beside anything: a path, a call, a literal.
    pub fn path(text: impl Into<String>) -> Ex {
        Ex::new(text, Bind::Path, Sort::Any)
    }

    pub fn null() -> Ex {
        Ex::new("null", Bind::Path, Sort::Null)
    }

    pub fn bool(flag: bool) -> Ex {
        Ex::new(flag.to_string(), Bind::Path, Sort::Bool)
    }

    pub fn number(text: impl Into<String>) -> Ex {
        Ex::new(text, Bind::Path, Sort::Number)
    }

    pub fn literal(text: &str) -> Ex {
        Ex::new(quoted(text), Bind::Path, Sort::Text)
    }

    /// A function of ours.
    pub fn call(name: &str, args: &[&Ex], sort: Sort) -> Ex {
        let args: Vec<&str> = args.iter().map(|arg| &*arg.text).collect();
        Ex::new(format!("{name}({})", args.join(", ")), Bind::Path, sort)
    }

    /// It, in parentheses where its place needs them.
    pub fn at(&self, least: Bind) -> String {
        if self.bind < least { format!("({})", self.text) } else { self.text.clone() }
    }

    pub fn binary(&self, op: &str, other: &Ex, bind: Bind, sort: Sort) -> Ex {
        // Comparisons do not chain, and `-` and `/` take from the left.
        let (left, right) = match bind {
            Bind::Compare => (Bind::Instead, Bind::Instead),
            Bind::Instead => (Bind::Path, Bind::Path),
            Bind::Sum => (Bind::Sum, Bind::Product),
            Bind::Product => (Bind::Product, Bind::Minus),
            other => (other, next(other)),
        };
        Ex::new(format!("{} {op} {}", self.at(left), other.at(right)), bind, sort)
    }

    pub fn and(&self, other: &Ex) -> Ex {
        if self == other { self.clone() } else { self.binary("and", other, Bind::And, Sort::Bool) }
    }

    pub fn or(&self, other: &Ex) -> Ex {
        if self == other { self.clone() } else { self.binary("or", other, Bind::Or, Sort::Bool) }
    }

    pub fn not(&self) -> Ex {
        match self.text.strip_prefix("not ") {
            Some(inner) if self.bind == Bind::Not && !inner.contains(" and ") => {
                Ex::new(inner, Bind::Compare, Sort::Bool)
            }
            _ => Ex::new(format!("not {}", self.at(Bind::Compare)), Bind::Not, Sort::Bool),
        }
    }

    pub fn is(&self, other: &Ex) -> Ex {
        self.binary("==", other, Bind::Compare, Sort::Bool)
    }

    pub fn instead(&self, other: &Ex) -> Ex {
        self.binary("??", other, Bind::Instead, if self.sort == other.sort { self.sort } else { Sort::Any })
    }

    pub fn choice(&self, yes: &Ex, no: &Ex) -> Ex {
        let sort = if yes.sort == no.sort { yes.sort } else { Sort::Any };
        let text = format!("{} ? {} : {}", self.at(Bind::Or), yes.at(Bind::Or), no.at(Bind::Choice));
        Ex::new(text, Bind::Choice, sort)
    }

    /// A field that may be missing.
    pub fn field(&self, name: &str) -> Ex {
        let head = self.at(Bind::Path);
        if is_name(name) {
            Ex::path(format!("{head}?.{name}"))
        } else {
            Ex::path(format!("{head}?.[{}]", quoted(name)))
        }
    }

    /// A field that is there.
    pub fn sure(&self, name: &str) -> Ex {
        let head = self.at(Bind::Path);
        if is_name(name) {
            Ex::path(format!("{head}.{name}"))
        } else {
            Ex::path(format!("{head}[{}]", quoted(name)))
        }
    }

    /// A path on which nothing may be missing, as where a method is called on what it leads to. Whether a step has run
    /// stays a question.
    pub fn there(&self) -> Ex {
        let plain = |char: char| {
            char.is_alphanumeric() || matches!(char, '_' | '.' | '?' | '[' | ']' | '\'' | ' ' | '-')
        };
        if self.sort != Sort::Any || self.bind != Bind::Path || !self.text.chars().all(plain) {
            return self.clone();
        }
        let of_step = ["steps.", "errors.", "meta."].iter().any(|root| self.text.starts_with(root));
        let from = match self.text.match_indices("?.").next() {
            Some((at, _)) if of_step && self.text[..at].matches('.').count() == 1 => at + 2,
            Some((at, _)) if self.text.starts_with("trigger?.") => at + 2,
            _ => 0,
        };
        let (kept, rest) = self.text.split_at(from);
        Ex { text: format!("{kept}{}", rest.replace("?.[", "[").replace("?.", ".")), ..self.clone() }
    }

    /// An item that may be missing.
    pub fn item(&self, index: &Ex) -> Ex {
        Ex::path(format!("{}?.[{}]", self.at(Bind::Path), index.text))
    }

    /// As text, as other languages join what they are given.
    pub fn as_text(&self) -> Ex {
        if self.sort == Sort::Text { self.clone() } else { join(std::slice::from_ref(self)) }
    }

    /// It between braces.
    pub fn hole(&self) -> String {
        format!("{{{{ {} }}}}", self.text)
    }

    /// It between braces within other text, where a list or an object has no form that goes without saying.
    pub fn hole_in_text(&self) -> String {
        match self.sort {
            Sort::List => format!("{{{{ join({}, ',') }}}}", self.text),
            Sort::Object => format!("{{{{ json({}) }}}}", self.text),
            _ => self.hole(),
        }
    }
}

fn next(bind: Bind) -> Bind {
    match bind {
        Bind::Choice => Bind::Or,
        Bind::Or => Bind::And,
        Bind::And => Bind::Not,
        Bind::Not => Bind::Compare,
        Bind::Compare => Bind::Instead,
        Bind::Instead => Bind::Sum,
        Bind::Sum => Bind::Product,
        Bind::Product => Bind::Minus,
        Bind::Minus | Bind::Path => Bind::Path,
    }
}

/// Values as one text.
pub fn join(parts: &[Ex]) -> Ex {
    let parts: Vec<&str> = parts.iter().map(|part| &*part.text).collect();
    Ex::new(format!("join([{}], '')", parts.join(", ")), Bind::Path, Sort::Text)
}

/// An object of these fields.
pub fn object(fields: &[(String, Ex)]) -> Ex {
    if fields.is_empty() {
        return Ex::new("{}", Bind::Path, Sort::Object);
    }
    let fields = fields.iter().map(|(name, value)| {
        let name = if is_name(name) { name.clone() } else { quoted(name) };
        format!("{name}: {}", value.text)
    });
    Ex::new(format!("{{ {} }}", fields.collect::<Vec<_>>().join(", ")), Bind::Path, Sort::Object)
}

/// A text as it stands in an expression.
pub fn quoted(text: &str) -> String {
    let mut out = String::from("'");
    for char in text.chars() {
        match char {
            '\'' => out += "\\'",
            '\\' => out += "\\\\",
            '\n' => out += "\\n",
            '\r' => out += "\\r",
            '\t' => out += "\\t",
            char if char.is_control() => {
                let _ = write!(out, "\\u{:04x}", char as u32);
            }
            char => out.push(char),
        }
    }
    out + "'"
}

/// An expression in which `(steps.a ?? {})?.b` is `steps.a?.b`, which is the same.
pub fn tidy(text: &str) -> String {
    let (mut out, mut rest) = (String::new(), text);
    while let Some(at) = rest.find("(steps.") {
        let inner = &rest[at + 1..];
        let end = inner
            .find(|char: char| !(char.is_alphanumeric() || matches!(char, '_' | '.')))
            .unwrap_or(inner.len());
        out += &rest[..at];
        rest = match inner[end..].strip_prefix(" ?? {})?.") {
            Some(after) => {
                out += &inner[..end];
                out += "?.";
                after
            }
            None => {
                out.push('(');
                inner
            }
        };
    }
    out + rest
}

/// Plain text as it stands in a text with holes.
pub fn plain(text: &str) -> String {
    text.replace("{{", "\\{{")
}
