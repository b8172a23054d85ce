//! Text to a tree of nodes: a byte span on every key and value, a map of bytes for every scalar.
//!
//! `yaml/tree.rs` and `yaml/source.rs` alone know the YAML parser. What YAML reads otherwise than an author of
//! expressions expects (a bare `{{ x }}`, `!ready`, a cut at ` #`) gets words of its own here; see `yaml/traps.rs`.

mod around;
pub mod map;
pub mod source;
mod stopped;
pub(crate) mod traps;
mod tree;

use crate::codes::Code;
use crate::diagnostic::{Diagnostic, Severity};
use crate::span::{Span, SpanMap};
use crate::value::{self, Value};

/// The longest text that is read, in bytes.
pub const MAX_BYTES: usize = 1 << 20;
/// The deepest nesting of mappings and lists.
pub const MAX_DEPTH: usize = 64;
/// How many nodes aliases may add.
pub const MAX_ALIASED: usize = 10_000;

/// A value as it was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Where it stands.
    pub span: Span,
    /// What it is.
    pub kind: Kind,
}

/// What a node is.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// A text, number, boolean or nothing.
    Scalar(Scalar),
    /// A list.
    List(Vec<Node>),
    /// A mapping in the order of the file.
    Map(Vec<Entry>),
}

/// A scalar with its style.
#[derive(Clone, Debug, PartialEq)]
pub struct Scalar {
    /// The text, escapes and folding undone.
    pub text: String,
    /// How it was written.
    pub style: Style,
    /// Where the bytes of the text stand.
    pub map: SpanMap,
}

/// How a scalar was written. Only plain ones are more than text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Without quotes.
    Plain,
    /// In single or double quotes.
    Quoted,
    /// After `|` or `>`.
    Block,
}

/// A key and its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: Scalar,
    /// The value.
    pub value: Node,
}

impl Scalar {
    /// What it is by the core schema of YAML 1.2, where `yes` is a text.
    pub fn literal(&self) -> Value {
        self.constant().unwrap_or_else(|| Value::text(&*self.text))
    }

    /// What it is, where it is no text.
    pub fn constant(&self) -> Option<Value> {
        if self.style != Style::Plain {
            return None;
        }
        match &*self.text {
            "" | "~" | "null" | "Null" | "NULL" => Some(Value::Null),
            "true" | "True" | "TRUE" => Some(Value::Bool(true)),
            "false" | "False" | "FALSE" => Some(Value::Bool(false)),
            text => number(text),
        }
    }

    /// Where it stands.
    pub fn span(&self) -> Span {
        self.map.whole
    }
}

/// Reads a number of the core schema; integers beyond 64 bits and infinities stay text.
fn number(text: &str) -> Option<Value> {
    let radix = |digits: &str, radix| i64::from_str_radix(digits, radix).ok().map(Value::Int);
    if let Some(digits) = text.strip_prefix("0x").filter(|rest| !rest.starts_with(['+', '-'])) {
        return radix(digits, 16);
    }
    if let Some(digits) = text.strip_prefix("0o").filter(|rest| !rest.starts_with(['+', '-'])) {
        return radix(digits, 8);
    }
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if !unsigned.is_empty() && unsigned.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().ok().map(Value::Int);
    }
    let shaped = unsigned.starts_with(|first: char| first.is_ascii_digit() || first == '.')
        && unsigned.contains(|char: char| char.is_ascii_digit())
        && unsigned
            .bytes()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-'));
    text.parse::<f64>().ok().filter(|number| shaped && number.is_finite()).map(Value::Number)
}

impl Node {
    /// The scalar, if this is one.
    pub fn scalar(&self) -> Option<&Scalar> {
        match &self.kind {
            Kind::Scalar(scalar) => Some(scalar),
            Kind::List(_) | Kind::Map(_) => None,
        }
    }

    /// True for nothing at all: an empty value, `~`, `null`.
    pub fn is_null(&self) -> bool {
        self.scalar().and_then(Scalar::constant).is_some_and(|value| value.is_null())
    }

    /// What an author calls it, for messages.
    pub fn describe(&self) -> &'static str {
        match &self.kind {
            Kind::List(_) => "a list",
            Kind::Map(_) => "a mapping",
            Kind::Scalar(scalar) => match scalar.constant() {
                Some(Value::Null) => "nothing",
                Some(Value::Bool(_)) => "a boolean",
                Some(Value::Int(_)) => "an integer",
                Some(Value::Number(_)) => "a number",
                _ => "a text",
            },
        }
    }

    /// The value of a key, if this is a mapping that has it.
    pub fn get(&self, key: &str) -> Option<&Node> {
        let Kind::Map(entries) = &self.kind else { return None };
        entries.iter().find(|entry| entry.key.text == key).map(|entry| &entry.value)
    }

    /// It as a value, holes and expressions left as texts.
    pub fn value(&self) -> Value {
        match &self.kind {
            Kind::Scalar(scalar) => scalar.literal(),
            Kind::List(items) => Value::list(items.iter().map(Node::value).collect()),
            Kind::Map(entries) => {
                Value::object(entries.iter().map(|entry| (entry.key.text.as_str(), entry.value.value())))
            }
        }
    }

    fn count(&self) -> usize {
        1 + match &self.kind {
            Kind::Scalar(_) => 0,
            Kind::List(items) => items.iter().map(Node::count).sum(),
            Kind::Map(entries) => entries.iter().map(|entry| 1 + entry.value.count()).sum(),
        }
    }

    fn depth(&self) -> usize {
        match &self.kind {
            Kind::Scalar(_) => 0,
            Kind::List(items) => 1 + items.iter().map(Node::depth).max().unwrap_or(0),
            Kind::Map(entries) => 1 + entries.iter().map(|entry| entry.value.depth()).max().unwrap_or(0),
        }
    }
}

/// What a text is to be, for messages.
#[derive(Debug)]
pub struct Form {
    /// The word for it.
    pub what: &'static str,
    /// What an empty file lacks.
    pub none: &'static str,
    /// How one begins.
    pub begins: &'static str,
}

/// A workflow.
const WORKFLOW: Form = Form {
    what: "workflow",
    none: "there is no workflow in the file",
    begins: "a workflow begins with `name:` and has `steps:`",
};

/// The tests of a workflow.
pub(crate) const TEST: Form =
    Form { what: "test file", none: "there are no tests in the file", begins: "a test file has `cases:`" };

/// Reads the text of a workflow. Without a node the diagnostics say why; with one they say what was mended.
pub(crate) fn read(text: &str) -> (Option<Node>, Vec<Diagnostic>) {
    read_as(text, &WORKFLOW)
}

/// As `read` of a workflow, for another form of text.
pub fn read_as(text: &str, form: &Form) -> (Option<Node>, Vec<Diagnostic>) {
    let (root, mut diagnostics) = match outer(text, form.what, MAX_BYTES) {
        Some(wrong) => return (None, vec![wrong]),
        None => tree::build(text),
    };
    if diagnostics.is_empty() && root.as_ref().is_none_or(Node::is_null) {
        let wrong = Diagnostic::error(Code::Empty, Span::new(0, 0), form.none);
        return (None, vec![wrong.help(form.begins)]);
    }
    let root = root.filter(|root| match &root.kind {
        Kind::Map(_) => true,
        Kind::Scalar(_) | Kind::List(_) => {
            let message = format!("a {} is a mapping, and here stands {}", form.what, root.describe());
            let wrong = Diagnostic::error(Code::NotAMapping, root.span, message);
            diagnostics.push(wrong.help(form.begins));
            false
        }
    });
    (root, diagnostics)
}

/// Reads YAML that is data and no workflow: any value may stand at the top, and an empty text is null.
///
/// # Errors
/// Where it is no YAML, or not of the part of it that is taken: one document, without tags, keys that are texts
/// and differ.
pub fn read_value(text: &str) -> Result<Value, Vec<Diagnostic>> {
    read_value_up_to(text, MAX_BYTES)
}

/// As `read_value`, for data of other programs, which may be longer than a workflow: up to so many bytes.
///
/// # Errors
/// As `read_value`.
pub fn read_value_up_to(text: &str, most: usize) -> Result<Value, Vec<Diagnostic>> {
    let (root, mut wrong) = match outer(text, "file", most) {
        Some(wrong) => (None, vec![wrong]),
        None => tree::build(text),
    };
    wrong.retain(|diagnostic| diagnostic.severity == Severity::Error);
    if !wrong.is_empty() {
        return Err(wrong);
    }
    let Some(root) = root else { return Ok(Value::Null) };
    if root.depth() > value::MAX_DEPTH {
        let message = format!("a value nests at most {} deep", value::MAX_DEPTH);
        return Err(vec![Diagnostic::error(Code::TooDeep, root.span, message)]);
    }
    Ok(root.value())
}

/// What is wrong with a text before anybody reads it.
fn outer(text: &str, what: &str, most: usize) -> Option<Diagnostic> {
    if text.len() > most {
        let message = format!("the file has {} bytes; a {what} has at most {most}", text.len());
        return Some(Diagnostic::error(Code::TooLarge, Span::new(0, 0), message));
    }
    let Some((at, char)) = first_unprintable(text) else { return traps::lone_returns(text) };
    let message = format!("the file contains the control character U+{:04X}", u32::from(char));
    let wrong = Diagnostic::error(Code::NotText, Span::new(at, at + char.len_utf8()), message);
    Some(wrong.help("a workflow is a text file in UTF-8; is this the right file?"))
}

/// The first character that no text has. Few bytes can begin one: where a block of bytes has none, it is passed over at
/// once.
fn first_unprintable(text: &str) -> Option<(usize, char)> {
    const BLOCK: usize = 64;
    // No short cuts: so the compiler asks it of many bytes at once.
    let may_begin = |byte: u8| {
        let control = (byte < 32) & (byte != b'\t') & (byte != b'\n') & (byte != b'\r');
        control | (byte == 127) | (byte == 0xC2) | (byte == 0xEF)
    };
    let blocks = text.as_bytes().chunks(BLOCK).enumerate();
    let suspects = blocks.filter(|(_, block)| block.iter().fold(false, |any, byte| any | may_begin(*byte)));
    let places = suspects.flat_map(|(number, block)| {
        let within = block.iter().enumerate().filter(|(_, byte)| may_begin(**byte));
        within.map(move |(at, _)| number * BLOCK + at)
    });
    places.filter_map(|at| Some((at, text[at..].chars().next()?))).find(|(_, char)| unprintable(*char))
}

fn unprintable(char: char) -> bool {
    (char.is_control() && !matches!(char, '\t' | '\n' | '\r' | '\u{85}'))
        || matches!(char, '\u{FFFE}' | '\u{FFFF}')
}

#[cfg(test)]
mod tests;
