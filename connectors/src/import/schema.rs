//! Schemas to types: JSON Schema as OpenAPI 3.0 and 3.1 and Swagger 2 have it, and the schemas of Google's discovery
//! documents. References are followed within the document, circles are cut, and what is too much is made less deep.

mod flat;

use std::cell::RefCell;

use dsl::types::{Field, Type};
use serde_json::Value as Json;

use super::bounds;
use super::text;
use flat::{Flat, number};

/// The schemas of a document.
pub(super) struct Schemas<'a> {
    /// The document, in which references are looked up.
    pub root: &'a Json,
    /// How it refers to its parts.
    pub refs: Refs,
    /// What is worth telling of what was read since it was taken last.
    notes: RefCell<Vec<String>>,
}

/// How a document refers to its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refs {
    /// By the name of a schema, as discovery documents do.
    Names,
    /// By the way from the top: `#/components/schemas/Pet`.
    Pointers,
}

/// Whether something is sent or given, which decides on what is read only or written only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// It comes from the service.
    Given,
    /// It goes to the service.
    Sent,
}

/// A type with its sentence and bounds.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    /// The type; its name is empty.
    pub field: Field,
    /// Whether an object takes further fields.
    pub open: bool,
    /// The only value that there can be.
    pub constant: Option<String>,
}

/// One walk through a schema.
struct Walk<'s, 'a> {
    schemas: &'s Schemas<'a>,
    side: Side,
    parts: usize,
    looks: usize,
    /// How many schemas stand around the one that is looked at.
    level: usize,
    /// The references that lead to where the walk is.
    within: Vec<&'a str>,
    either: bool,
    cut: bool,
}

impl<'a> Schemas<'a> {
    pub fn new(root: &'a Json, refs: Refs) -> Schemas<'a> {
        Schemas { root, refs, notes: RefCell::default() }
    }

    /// What is worth telling of what was read since it was taken last.
    pub fn taken_notes(&self) -> Vec<String> {
        let mut notes = std::mem::take(&mut *self.notes.borrow_mut());
        notes.sort();
        notes.dedup();
        notes
    }

    /// What stands where a value says that it stands elsewhere, and the value itself otherwise.
    pub fn found(&self, node: &'a Json) -> &'a Json {
        let mut node = node;
        for _ in 0..bounds::MOST_HOPS {
            match node.get("$ref").and_then(Json::as_str).and_then(|name| self.target(name)) {
                Some(next) => node = next,
                None => break,
            }
        }
        node
    }

    fn target(&self, name: &str) -> Option<&'a Json> {
        match self.refs {
            Refs::Names => self.root.get("schemas")?.get(name),
            Refs::Pointers => {
                let way = name.strip_prefix('#')?;
                let plain = percent_decoded(way);
                self.root.pointer(plain.as_deref().unwrap_or(way))
            }
        }
    }

    /// The type of a schema. Where it has too many parts, it is made less deep until it has not.
    pub fn read(&self, node: &'a Json, side: Side) -> Shape {
        let deepest = match side {
            Side::Sent => bounds::DEEPEST_SENT,
            Side::Given => bounds::DEEPEST_GIVEN,
        };
        for depth in (1..=deepest).rev() {
            let mut walk = Walk {
                schemas: self,
                side,
                parts: 0,
                looks: 0,
                level: 0,
                within: vec![],
                either: false,
                cut: false,
            };
            let shape = walk.shape(node, depth);
            let fits = walk.parts <= bounds::MOST_PARTS && walk.looks <= bounds::MOST_LOOKS;
            if fits || depth == 1 {
                if walk.either && side == Side::Sent {
                    let note = "it takes one of several shapes: which parameters belong together";
                    self.notes.borrow_mut().push(note.into());
                }
                return shape;
            }
        }
        Shape { field: Field::required("", Type::Any, ""), open: true, constant: None }
    }

    /// Everything that a schema says, its references and `allOf` included.
    fn flat(&self, node: &'a Json) -> Flat<'a> {
        let mut flat = Flat::default();
        self.add(node, &mut flat, 0);
        flat
    }

    fn add(&self, node: &'a Json, flat: &mut Flat<'a>, hops: usize) {
        let Json::Object(keys) = node else { return };
        if hops > bounds::MOST_HOPS {
            flat.lost = true;
            return;
        }
        let text = |key: &str| keys.get(key).and_then(Json::as_str);
        if let Some(name) = text("$ref") {
            match self.target(name) {
                _ if flat.through.contains(&name) => flat.lost = true,
                Some(target) => {
                    flat.through.push(name);
                    self.add(target, flat, hops + 1);
                }
                None => {
                    flat.lost = true;
                    let note = format!("it refers to `{}`, which is not in this file", text::short(name));
                    self.notes.borrow_mut().push(note);
                }
            }
        }
        for part in keys.get("allOf").and_then(Json::as_array).into_iter().flatten() {
            self.add(part, flat, hops + 1);
        }
        match keys.get("type") {
            Some(Json::String(word)) if word == "null" => flat.nullable = true,
            Some(Json::String(word)) if flat.types.is_empty() => flat.types.push(word),
            Some(Json::Array(words)) => {
                let words: Vec<&str> = words.iter().filter_map(Json::as_str).collect();
                flat.nullable |= words.contains(&"null");
                if flat.types.is_empty() {
                    flat.types = words.into_iter().filter(|word| *word != "null").collect();
                }
            }
            _ => {}
        }
        let is = |key: &str| keys.get(key).and_then(Json::as_bool).unwrap_or(false);
        flat.nullable |= is("nullable") || is("x-nullable");
        flat.read_only |= is("readOnly");
        flat.write_only |= is("writeOnly");
        if let Some(Json::Object(fields)) = keys.get("properties") {
            for (name, field) in fields {
                // What stands nearer to the use says more; its `$ref` and the part it refers to may both name a field.
                flat.fields.retain(|(known, _)| known != name);
                flat.fields.push((name, field));
            }
        }
        if let Some(Json::Array(names)) = keys.get("required") {
            flat.required.extend(names.iter().filter_map(Json::as_str));
        }
        for key in ["oneOf", "anyOf"] {
            flat.arms.extend(keys.get(key).and_then(Json::as_array).into_iter().flatten());
        }
        flat.items = keys.get("items").or(flat.items);
        flat.words = keys.get("enum").and_then(Json::as_array).or(flat.words);
        flat.constant = keys.get("const").or(flat.constant);
        match keys.get("additionalProperties") {
            Some(Json::Bool(open)) => flat.open = Some(*open),
            Some(Json::Object(_)) => flat.open = Some(true),
            _ => {}
        }
        if is("repeated") {
            flat.format = "repeated";
        }
        flat.format = text("format").filter(|_| flat.format != "repeated").unwrap_or(flat.format);
        flat.about = text("description")
            .or_else(|| text("title").filter(|_| flat.about.is_empty()))
            .unwrap_or(flat.about);
        flat.pattern = text("pattern").or(flat.pattern);
        flat.default = keys.get("default").or(flat.default);
        for key in ["minimum", "minLength", "minItems"] {
            flat.min = keys.get(key).and_then(number).or(flat.min);
        }
        for key in ["maximum", "maxLength", "maxItems"] {
            flat.max = keys.get(key).and_then(number).or(flat.max);
        }
        let past = |key: &str| keys.get(key).and_then(Json::as_f64);
        flat.min = past("exclusiveMinimum").map(|least| least + 1.0).or(flat.min);
        flat.max = past("exclusiveMaximum").map(|most| most - 1.0).or(flat.max);
    }
}

impl<'a> Walk<'_, 'a> {
    fn shape(&mut self, node: &'a Json, depth: usize) -> Shape {
        self.parts += 1;
        self.looks += 1;
        let nothing = || Shape { field: Field::required("", Type::Any, ""), open: true, constant: None };
        if self.parts > bounds::MOST_PARTS || self.looks > bounds::MOST_LOOKS {
            self.cut = true;
            return nothing();
        }
        let mut flat = self.schemas.flat(node);
        let around = flat.through.iter().any(|name| self.within.contains(name));
        let known = self.within.len();
        self.within.extend(flat.through.iter().copied());
        let depth = if around { 0 } else { depth };
        self.level += 1;
        let mut shape = self.of(&mut flat, depth);
        self.level -= 1;
        self.within.truncate(known);
        if flat.lost && shape.field.ty == Type::AnyObject {
            shape.open = true;
        }
        shape
    }

    fn of(&mut self, flat: &mut Flat<'a>, depth: usize) -> Shape {
        let mut ty = match self.arms(flat, depth) {
            Some(ty) => ty,
            None => self.plain(flat, depth),
        };
        let mut field = Field::required("", Type::Any, "");
        let sized = matches!(ty, Type::Integer | Type::Number | Type::String | Type::List(_));
        if sized && self.side == Side::Sent {
            (field.min, field.max) = (flat.min.map(f64::ceil), flat.max.map(f64::floor));
            if ty == Type::Number {
                (field.min, field.max) = (flat.min, flat.max);
            }
            if field.min.zip(field.max).is_some_and(|(min, max)| min > max) {
                (field.min, field.max) = (None, None);
            }
            if let (Type::Integer, Some(words)) = (&ty, flat.words) {
                let numbers: Vec<f64> = words.iter().filter_map(number).collect();
                field.min = numbers.iter().copied().reduce(f64::min).or(field.min);
                field.max = numbers.iter().copied().reduce(f64::max).or(field.max);
            }
            // Each text and list has so many.
            if matches!(ty, Type::String | Type::List(_)) {
                field.min = field.min.filter(|least| *least > 0.0);
            }
        }
        if ty == Type::String && self.side == Side::Sent {
            let of_format = || if flat.max.is_none() { of_format(flat.format) } else { None };
            field.pattern = flat.pattern.map(str::to_owned).or_else(of_format);
            field.pattern = field.pattern.filter(|own| own.len() <= 200 && regex::Regex::new(own).is_ok());
        }
        let constant = match (flat.constant, flat.words) {
            (Some(one), _) => text::scalar(one),
            (None, Some(words)) => match &words[..] {
                [one] => text::scalar(one),
                _ => None,
            },
            (None, None) => None,
        };
        field.about = text::sentence(flat.about);
        let default = flat.default.filter(|_| self.side == Side::Sent).and_then(text::scalar);
        if let Some(default) = default.filter(|default| !text::is_secret(default) && default.len() <= 40)
            && !default.is_empty()
            && !field.about.to_lowercase().contains("default")
        {
            let sep = if field.about.is_empty() { "" } else { " " };
            field.about += &format!("{sep}Default `{default}`.");
        }
        if flat.nullable && !matches!(ty, Type::Any | Type::Null | Type::Nullable(_)) {
            ty = Type::Nullable(Box::new(ty));
        }
        field.ty = ty;
        Shape { field, open: flat.open == Some(true) || flat.lost, constant }
    }

    /// The type of what is one of several.
    fn arms(&mut self, flat: &mut Flat<'a>, depth: usize) -> Option<Type> {
        if flat.arms.is_empty() {
            return None;
        }
        let mut arms = vec![];
        for node in std::mem::take(&mut flat.arms) {
            self.looks += 1;
            if self.looks > bounds::MOST_LOOKS {
                self.cut = true;
                return Some(Type::Any);
            }
            let arm = self.schemas.flat(node);
            let null = arm.types.is_empty()
                && arm.fields.is_empty()
                && (arm.nullable || arm.words.is_some_and(|words| words.iter().all(Json::is_null)))
                && arm.arms.is_empty();
            flat.nullable |= null;
            if !null {
                arms.push((node, arm));
            }
        }
        if arms.iter().any(|(_, arm)| arm.through.iter().any(|name| self.within.contains(name))) {
            // In a circle: what it is made of was told above.
            return Some(if flat.is_object() || arms.iter().all(|(_, arm)| arm.is_object()) {
                Type::AnyObject
            } else {
                Type::Any
            });
        }
        // Arms that only say which fields are required belong to the object that they stand in.
        let before = arms.len();
        arms.retain(|(_, arm)| !(arm.is_bare() && flat.is_object()));
        self.either |= arms.len() < before;
        match &arms[..] {
            [] => None,
            [(node, _)] if !flat.is_object() => {
                // It stands for what it is within.
                self.level -= 1;
                let inner = self.shape(node, depth);
                self.level += 1;
                self.parts -= 1;
                if flat.about.is_empty() {
                    flat.about = self.schemas.flat(node).about;
                }
                Some(inner.field.ty)
            }
            _ if arms.iter().all(|(_, arm)| arm.is_object() && arm.arms.is_empty()) => {
                // What is required is required whichever it is.
                let (_, first) = &arms[0];
                let mut required: Vec<&str> = first.required.clone();
                required.retain(|name| arms.iter().all(|(_, arm)| arm.required.contains(name)));
                self.either |= arms.len() > 1;
                for (_, arm) in &arms {
                    for (name, field) in &arm.fields {
                        if flat.fields.iter().all(|(known, _)| known != name) {
                            flat.fields.push((name, field));
                        }
                    }
                    flat.open = flat.open.or(arm.open);
                    flat.through.extend(arm.through.iter().copied());
                    self.within.extend(arm.through.iter().copied());
                }
                flat.required.extend(required);
                let ty = self.plain(flat, depth);
                Some(ty)
            }
            _ => {
                let mut types: Vec<Type> = vec![];
                for (node, _) in &arms {
                    let ty = match self.shape(node, depth.saturating_sub(1)).field.ty {
                        Type::Object(_) => Type::AnyObject,
                        Type::Nullable(inner) => {
                            flat.nullable = true;
                            *inner
                        }
                        other => other,
                    };
                    if !types.contains(&ty) {
                        types.push(ty);
                    }
                }
                Some(either(types))
            }
        }
    }

    fn plain(&mut self, flat: &Flat<'a>, depth: usize) -> Type {
        if flat.format == "repeated" {
            return Type::list(self.scalar(flat, flat.types.first().copied().unwrap_or("string")));
        }
        match &flat.types[..] {
            [] if flat.is_object() => self.object(flat, depth),
            [] if flat.items.is_some() => self.list(flat, depth),
            [] if flat.words.is_some() || flat.constant.is_some() => self.scalar(flat, flat.word()),
            [] => Type::Any,
            ["object"] => self.object(flat, depth),
            ["array"] => self.list(flat, depth),
            [word] => self.scalar(flat, word),
            several => {
                let types = several.iter().map(|word| match *word {
                    "object" => Type::AnyObject,
                    "array" => self.list(flat, depth),
                    word => self.scalar(flat, word),
                });
                either(types.collect())
            }
        }
    }

    fn scalar(&self, flat: &Flat<'a>, word: &str) -> Type {
        let words = flat.words.filter(|words| !words.is_empty());
        let null = words.is_some_and(|words| words.iter().any(Json::is_null));
        let texts: Option<Vec<String>> = match (words, flat.constant) {
            (Some(words), _) => words
                .iter()
                .filter(|word| !word.is_null())
                .map(|word| word.as_str().map(str::to_owned))
                .collect(),
            (None, Some(Json::String(one))) => Some(vec![one.clone()]),
            (None, _) => None,
        };
        let ty = match (word, flat.format) {
            ("string", "binary") => Type::Bytes,
            ("file", _) => Type::Bytes,
            ("string", _) => match texts {
                // A service may say further words, and no workflow should be wrong for it.
                Some(mut texts) if self.side == Side::Sent => {
                    let mut seen = vec![];
                    texts.retain(|text| {
                        !seen.contains(text) && {
                            seen.push(text.clone());
                            true
                        }
                    });
                    let fits = !texts.is_empty()
                        && texts.len() <= bounds::MOST_WORDS
                        && texts
                            .iter()
                            .all(|text| !text.chars().any(char::is_control) && !text::is_secret(text));
                    if fits { Type::Enum(texts) } else { Type::String }
                }
                Some(_) => Type::String,
                None if words.is_some() => Type::Any,
                None if matches!(flat.format, "date-time" | "google-datetime") => Type::Time,
                None => Type::String,
            },
            ("integer", _) => Type::Integer,
            ("number", _) => Type::Number,
            ("boolean", _) => Type::Boolean,
            ("null", _) => Type::Null,
            (_, _) => Type::Any,
        };
        if null && ty != Type::Any { Type::Nullable(Box::new(ty)) } else { ty }
    }

    fn list(&mut self, flat: &Flat<'a>, depth: usize) -> Type {
        match flat.items {
            Some(items) if self.within.len() < bounds::MOST_HOPS * 4 => {
                Type::list(self.shape(items, depth).field.ty)
            }
            _ => Type::list(Type::Any),
        }
    }

    fn object(&mut self, flat: &Flat<'a>, depth: usize) -> Type {
        let top = self.level == 1;
        let open = flat.open == Some(true);
        // What takes further fields is no closed type where it is sent, unless its own are parameters.
        if depth == 0 || flat.fields.is_empty() || (open && self.side == Side::Sent && !top) {
            return Type::AnyObject;
        }
        let mut fields = vec![];
        for (name, node) in &flat.fields {
            if name.is_empty() || name.chars().any(char::is_control) || name.len() > 100 {
                continue;
            }
            let plain = self.schemas.flat(node);
            let other = match self.side {
                Side::Sent => plain.read_only,
                Side::Given => plain.write_only,
            };
            if other {
                continue;
            }
            let shape = self.shape(node, depth - 1);
            let optional = !flat.required.contains(name);
            let mut field = Field { name: (*name).to_owned(), optional, ..shape.field };
            if self.side == Side::Given && optional && !matches!(field.ty, Type::Any | Type::Null) {
                field.ty = match field.ty {
                    Type::Nullable(_) => field.ty,
                    other => Type::Nullable(Box::new(other)),
                };
            }
            fields.push(field);
        }
        // What must be there and is described nowhere must be there all the same.
        if self.side == Side::Sent {
            for name in &flat.required {
                let known = flat.fields.iter().any(|(known, _)| known == name)
                    || fields.iter().any(|field| field.name == *name);
                if !known && !name.is_empty() && name.len() <= 100 && !name.chars().any(char::is_control) {
                    fields.push(Field::required(name, Type::Any, ""));
                }
            }
        }
        if fields.is_empty() { Type::AnyObject } else { Type::Object(fields) }
    }
}

/// Either of several types, as far as that can be written in one line.
fn either(types: Vec<Type>) -> Type {
    let mut arms: Vec<Type> = vec![];
    for ty in types {
        match ty {
            Type::Any => return Type::Any,
            Type::Union(more) => arms.extend(more),
            other => arms.push(other),
        }
    }
    let mut kept: Vec<Type> = vec![];
    for ty in arms {
        if !kept.contains(&ty) {
            kept.push(ty);
        }
    }
    // A number may be an integer, and a text any word.
    if kept.contains(&Type::Number) {
        kept.retain(|ty| *ty != Type::Integer);
    }
    if kept.contains(&Type::String) {
        kept.retain(|ty| !matches!(ty, Type::Enum(_) | Type::Time));
    }
    match kept.len() {
        0 => Type::Any,
        1 => kept.swap_remove(0),
        2..=4 => {
            let union = Type::Union(kept);
            let written = dsl::types::parse(&union.to_string());
            if written.is_ok_and(|read| read == union) { union } else { Type::Any }
        }
        _ => Type::Any,
    }
}

/// What a text of a format looks like.
fn of_format(format: &str) -> Option<String> {
    let pattern = match format {
        "uuid" => "^[0-9A-Fa-f]{8}-([0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}$",
        "date" => "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$",
        "email" => "^[^@ ]+@[^@ ]+$",
        "uri" | "url" => "^[A-Za-z][A-Za-z0-9+.-]*:.+",
        "int64" | "uint64" | "int32" => "^-?[0-9]+$",
        _ => return None,
    };
    Some(pattern.to_owned())
}

fn percent_decoded(text: &str) -> Option<String> {
    if !text.contains('%') {
        return None;
    }
    let pairs = url::form_urlencoded::parse(text.as_bytes());
    Some(pairs.map(|(name, _)| name.into_owned()).collect())
}
