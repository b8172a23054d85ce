//! Reading types: the short form, the long form, and the same as text in one grammar.

use crate::codes::Code;
use crate::diagnostic::{Diagnostic, nearest};
use crate::fields::{self, Fields, Owner, Reader, listed};
use crate::span::Span;
use crate::spelling;
use crate::types::{Field, Type, fit_field};
use crate::value::Value;
use crate::yaml::{Entry, Kind, Node};

/// The names of types, sorted.
pub const NAMES: &[(&str, Type)] = &[
    ("any", Type::Any),
    ("boolean", Type::Boolean),
    ("bytes", Type::Bytes),
    ("duration", Type::Duration),
    ("integer", Type::Integer),
    ("null", Type::Null),
    ("number", Type::Number),
    ("object", Type::AnyObject),
    ("string", Type::String),
    ("time", Type::Time),
];

/// What other languages call them.
const FOREIGN: &[(&str, &str)] = &[
    ("array", "list"),
    ("bool", "boolean"),
    ("date", "time"),
    ("datetime", "time"),
    ("dict", "object"),
    ("double", "number"),
    ("float", "number"),
    ("int", "integer"),
    ("map", "object"),
    ("str", "string"),
    ("text", "string"),
    ("timestamp", "time"),
];

/// The keys of the long form, sorted.
pub const LONG: &[&str] =
    &["default", "description", "enum", "fields", "items", "max", "min", "optional", "pattern", "type"];

/// Reads an input or a field in its short or long form; gives the place of its default too.
pub fn read_field(reader: &mut Reader<'_>, name: &str, node: &Node, owner: Span) -> (Field, Option<Span>) {
    let mut field = Field { optional: false, ..Field::optional(name, Type::Any, "") };
    let mut place = None;
    match &node.kind {
        Kind::Map(entries) if is_long(entries) => place = long(reader, &mut field, node, owner),
        Kind::Map(_) | Kind::List(_) | Kind::Scalar(_) => field.ty = read(reader, node),
    }
    field.optional |= matches!(field.ty, Type::Nullable(_)) || field.default.is_some();
    (field, place)
}

/// Reads a mapping of names to types; `key` holds it.
pub fn read_fields(reader: &mut Reader<'_>, node: &Node, key: &str) -> Option<Vec<Field>> {
    let Kind::Map(entries) = &node.kind else {
        let message = format!("`{key}` is a mapping of names to types, and here stands {}", node.describe());
        reader.fail(Diagnostic::error(Code::WrongShape, node.span, message), node.span);
        return None;
    };
    let read = |entry: &Entry| {
        let name = fields::name(reader, &entry.key, "a field");
        read_field(reader, &name, &entry.value, entry.key.span()).0
    };
    Some(entries.iter().map(read).collect())
}

/// Fields as a value in their stored form, for an action that must know them.
pub fn as_value(fields: &[Field]) -> Value {
    // They have text keys alone, so that nothing can be wrong.
    Value::from_json(serde_json::to_value(fields).unwrap_or_default())
}

fn is_long(entries: &[Entry]) -> bool {
    let has = |key: &str| entries.iter().any(|entry| entry.key.text == key);
    // `required: true` is no field of an object, whose fields have types.
    let no_type = |entry: &Entry| {
        let literal = entry.value.scalar().map(|scalar| scalar.literal());
        matches!(literal, Some(Value::Bool(_) | Value::Int(_) | Value::Number(_)))
    };
    (has("type") || has("enum"))
        && entries.iter().all(|entry| LONG.contains(&&*entry.key.text) || no_type(entry))
}

fn long(reader: &mut Reader<'_>, field: &mut Field, node: &Node, owner: Span) -> Option<Span> {
    let what = format!("the type of `{}`", field.name);
    ambiguous(reader, node, owner);
    let long = Fields::open(reader, node, &Owner { what: &what, span: owner }, LONG)?;
    if let Some(node) = long.take("enum") {
        field.ty = choices(long.reader, node);
    } else if let Some(node) = long.take("type") {
        field.ty = read(long.reader, node);
    }
    if let Some(node) = long.take("items") {
        let item = read(long.reader, node);
        field.ty = replaced(std::mem::take(&mut field.ty), Type::List(Box::new(item)));
    }
    if let Some(node) = long.take("fields") {
        let object = object(long.reader, node);
        field.ty = replaced(std::mem::take(&mut field.ty), object);
    }
    for (key, bound) in [("min", &mut field.min), ("max", &mut field.max)] {
        if let Some(node) = long.take(key) {
            *bound = match node.scalar().map(|scalar| scalar.literal()) {
                Some(Value::Int(number)) => Some(number as f64),
                Some(Value::Number(number)) => Some(number),
                _ => {
                    let message = format!("`{key}` is a number, and here stands {}", long.reader.shown(node));
                    long.reader.diagnostics.push(Diagnostic::error(Code::WrongType, node.span, message));
                    None
                }
            };
        }
    }
    if let Some(node) = long.take("pattern") {
        field.pattern = pattern(long.reader, node);
    }
    if let Some(node) = long.take("description") {
        field.about = long.reader.text(node, "`description`").map_or(String::new(), |text| text.value);
    }
    if let Some(node) = long.take("optional") {
        field.optional = long.reader.choice(node, "optional", &["false", "true"]) == Some("true");
    }
    let node = long.take("default")?;
    default(long.reader, field, node);
    Some(node.span)
}

/// `items` and `fields` say more of `list` and `object`, be they nullable or not.
fn replaced(ty: Type, by: Type) -> Type {
    match ty {
        Type::Nullable(_) => Type::Nullable(Box::new(by)),
        _ => by,
    }
}

/// Warns where a mapping is also an object whose fields are called like keys of the long form.
fn ambiguous(reader: &mut Reader<'_>, node: &Node, owner: Span) {
    let Kind::Map(entries) = &node.kind else { return };
    let type_like = |entry: &Entry| entry.value.scalar().is_some_and(|scalar| parse(&scalar.text).is_ok());
    if entries.len() > 1 && entries.iter().all(type_like) {
        let message =
            "this can be read as a type in its long form and as an object; it is taken for the long form";
        let wrong = Diagnostic::warning(Code::AmbiguousType, owner, message);
        reader.diagnostics.push(wrong.help("for an object write `{ type: object, fields: { … } }`"));
    }
}

fn pattern(reader: &mut Reader<'_>, node: &Node) -> Option<String> {
    let text = reader.text(node, "`pattern`")?.value;
    match regex::Regex::new(&text) {
        Ok(_) => Some(text),
        Err(wrong) => {
            let reason = wrong.to_string();
            let reason = reason.lines().last().unwrap_or("").trim_start_matches("error: ").to_owned();
            let message = format!("`{text}` is not a regular expression: {reason}");
            reader.diagnostics.push(Diagnostic::error(Code::InvalidPattern, node.span, message));
            None
        }
    }
}

fn default(reader: &mut Reader<'_>, field: &mut Field, node: &Node) {
    let value = node.value();
    match fit_field(&value, field) {
        Ok(value) => field.default = Some(value),
        Err(wrong) => {
            let message = format!("the default of `{}` does not fit: {wrong}", field.name);
            let wrong = Diagnostic::error(Code::WrongDefault, node.span, message);
            reader.diagnostics.push(spelling::mended(reader.text, wrong, &value, &field.ty));
            // The input has a default all the same, and is not null for want of one.
            field.default = Some(value);
        }
    }
}

/// Reads a type.
fn read(reader: &mut Reader<'_>, node: &Node) -> Type {
    match &node.kind {
        Kind::Scalar(scalar) => match parse(&scalar.text) {
            Ok(ty) => ty,
            Err(message) => {
                reader.diagnostics.push(unknown(&scalar.text, message, node.span));
                Type::Any
            }
        },
        Kind::List(items) => match &items[..] {
            [item] => Type::List(Box::new(read(reader, item))),
            _ => {
                let message = format!("a list type has one type in it, and here are {}", items.len());
                let wrong = Diagnostic::error(Code::InvalidType, node.span, message);
                reader.diagnostics.push(wrong.help("write `[string]`, or `\"string | integer\"` for either"));
                Type::Any
            }
        },
        Kind::Map(entries) if is_long(entries) => {
            let (field, _) = read_field(reader, "it", node, node.span);
            if field.optional && !matches!(field.ty, Type::Nullable(_)) {
                Type::Nullable(Box::new(field.ty))
            } else {
                field.ty
            }
        }
        Kind::Map(_) => object(reader, node),
    }
}

fn object(reader: &mut Reader<'_>, node: &Node) -> Type {
    let Kind::Map(entries) = &node.kind else {
        let message = format!("`fields` is a mapping of names to types, and here stands {}", node.describe());
        reader.diagnostics.push(Diagnostic::error(Code::InvalidType, node.span, message));
        return Type::AnyObject;
    };
    let read = |entry: &Entry| read_field(reader, &entry.key.text, &entry.value, entry.key.span()).0;
    Type::Object(entries.iter().map(read).collect())
}

fn choices(reader: &mut Reader<'_>, node: &Node) -> Type {
    match &node.kind {
        Kind::List(items) if !items.is_empty() => Type::Enum(
            items.iter().filter_map(|item| reader.text(item, "a choice")).map(|text| text.value).collect(),
        ),
        _ => {
            let message = format!("`enum` is a list of texts, and here stands {}", node.describe());
            reader.diagnostics.push(Diagnostic::error(Code::InvalidType, node.span, message));
            Type::String
        }
    }
}

fn unknown(wrote: &str, message: String, span: Span) -> Diagnostic {
    let wrong = Diagnostic::error(Code::InvalidType, span, message);
    let bare = wrote.trim().trim_end_matches('?');
    let mark = if wrote.trim().ends_with('?') { "?" } else { "" };
    let lower = bare.to_lowercase();
    let mut names: Vec<&str> = NAMES.iter().map(|(name, _)| *name).chain(["list"]).collect();
    names.sort_unstable();
    let near = FOREIGN.iter().find(|(name, _)| *name == lower).map(|(_, ours)| *ours);
    match near.or_else(|| nearest(bare, names.iter().copied())) {
        Some(near) => {
            let text = format!("{near}{mark}");
            wrong.help(format!("did you mean `{text}`?")).fix(format!("write `{text}`"), span, text)
        }
        None => wrong.help(format!("types are {}", listed(&names))),
    }
}

/// Reads a type from text, as in `[string]?` or `{ a: string, b: integer? }`.
///
/// # Errors
/// What is wrong, in a sentence.
pub fn parse(text: &str) -> Result<Type, String> {
    let mut grammar = Grammar { text, rest: text, depth: 0 };
    let ty = grammar.either()?;
    match grammar.peek() {
        None => Ok(ty),
        Some(_) => Err(grammar.wrong()),
    }
}

struct Grammar<'a> {
    text: &'a str,
    rest: &'a str,
    depth: usize,
}

impl<'a> Grammar<'a> {
    fn peek(&mut self) -> Option<char> {
        self.rest = self.rest.trim_start();
        self.rest.chars().next()
    }

    fn eat(&mut self, char: char) -> bool {
        let found = self.peek() == Some(char);
        if found {
            self.rest = &self.rest[char.len_utf8()..];
        }
        found
    }

    fn expect(&mut self, char: char) -> Result<(), String> {
        if self.eat(char) { Ok(()) } else { Err(self.wrong()) }
    }

    fn wrong(&self) -> String {
        format!("`{}` is not a type", self.text.trim())
    }

    fn word(&mut self) -> &'a str {
        self.peek();
        let end =
            self.rest.find(|char: char| !char.is_alphanumeric() && char != '_').unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word
    }

    fn either(&mut self) -> Result<Type, String> {
        self.depth += 1;
        if self.depth > 32 {
            return Err(self.wrong());
        }
        let mut arms = vec![self.one()?];
        while self.eat('|') {
            arms.push(self.one()?);
        }
        self.depth -= 1;
        Ok(if arms.len() == 1 { arms.swap_remove(0) } else { Type::Union(arms) })
    }

    fn one(&mut self) -> Result<Type, String> {
        let ty = match self.peek() {
            Some('[') => {
                self.expect('[')?;
                let item = self.either()?;
                self.expect(']')?;
                Type::List(Box::new(item))
            }
            Some('(') => {
                self.expect('(')?;
                let inner = self.either()?;
                self.expect(')')?;
                inner
            }
            Some('{') => self.braces()?,
            _ => {
                let word = self.word();
                if word == "list" {
                    Type::List(Box::new(Type::Any))
                } else {
                    let found = NAMES.iter().find(|(name, _)| *name == word);
                    found.map(|(_, ty)| ty.clone()).ok_or_else(|| self.wrong())?
                }
            }
        };
        Ok(if self.eat('?') { Type::Nullable(Box::new(ty)) } else { ty })
    }

    fn braces(&mut self) -> Result<Type, String> {
        self.expect('{')?;
        let mut fields = vec![];
        while !self.eat('}') {
            let name = self.word();
            self.expect(':')?;
            if name == "enum" && fields.is_empty() && self.peek() == Some('[') {
                let ty = self.texts()?;
                self.expect('}')?;
                return Ok(ty);
            }
            if !fields::is_name(name) {
                return Err(self.wrong());
            }
            let ty = self.either()?;
            let optional = matches!(ty, Type::Nullable(_));
            fields.push(Field { optional, ..Field::required(name, ty, "") });
            if !self.eat(',') && self.peek() != Some('}') {
                return Err(self.wrong());
            }
        }
        Ok(Type::Object(fields))
    }

    fn texts(&mut self) -> Result<Type, String> {
        self.expect('[')?;
        let end = self.rest.find(']').ok_or_else(|| self.wrong())?;
        let (inner, rest) = self.rest.split_at(end);
        self.rest = &rest[1..];
        let texts = inner.split(',').map(|text| text.trim().trim_matches(['"', '\'']).to_owned());
        Ok(Type::Enum(texts.filter(|text| !text.is_empty()).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn types_are_written_as_they_are_read() {
        for text in [
            "string",
            "[string]",
            "[string]?",
            "{ a: string, b: integer? }",
            "string | integer",
            "(string | integer)?",
            "{ enum: [bug, feature] }",
            "[{ a: [number] }]",
            "any",
            "null",
        ] {
            assert_eq!(parse(text).unwrap().to_string(), text);
        }
        assert_eq!(parse("list").unwrap().to_string(), "[any]");
        assert_eq!(parse("{ a: string }?").unwrap().to_string(), "{ a: string }?");
    }

    #[test]
    fn what_is_no_type_is_refused() {
        for text in ["", "strin", "[string", "string]", "{ a }", "string integer", "string |", "???"] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(parse(&"[".repeat(10_000)).is_err());
    }
}
