//! GraphQL: a schema, as text or as introspection answers it, to one operation for each query and mutation. A document asks
//! for the plain fields of what it gives, and for those of what stands directly within.

mod introspection;
mod sdl;

use std::collections::BTreeMap;

use dsl::types::{Field, Type};
use serde_json::Value as Json;

use super::bounds::{DEEPEST_SENT, MOST_OPERATIONS, MOST_PARTS, MOST_SELECTED};
use super::description::{Answer, AnswerKind, Description, Document, Operation, Parameter, Place, Style};
use super::{Left, Refused, text};
use crate::manifest::request::Method;

/// A schema.
#[derive(Clone, Debug, Default)]
pub(super) struct Schema {
    /// Its types by their names.
    pub types: BTreeMap<String, Def>,
    /// The type of queries.
    pub query: String,
    /// The type of mutations.
    pub mutation: String,
}

/// A type of a schema.
#[derive(Clone, Debug, Default)]
pub(super) struct Def {
    pub kind: DefKind,
    pub fields: Vec<DefField>,
    /// The words of an enumeration.
    pub words: Vec<String>,
}

/// A kind of type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum DefKind {
    Enum,
    Input,
    /// Objects and interfaces.
    #[default]
    Object,
    Scalar,
    Union,
}

/// A field of a type, or an argument.
#[derive(Clone, Debug)]
pub(super) struct DefField {
    pub name: String,
    pub about: String,
    pub ty: Ref,
    pub arguments: Vec<DefField>,
    pub default: bool,
    pub deprecated: bool,
}

/// A reference to a type.
#[derive(Clone, Debug)]
pub(super) enum Ref {
    List(Box<Ref>),
    Named(String),
    Must(Box<Ref>),
}

impl Ref {
    fn name(&self) -> &str {
        match self {
            Ref::List(inner) | Ref::Must(inner) => inner.name(),
            Ref::Named(name) => name,
        }
    }

    fn must(&self) -> bool {
        matches!(self, Ref::Must(_))
    }

    /// As documents write it.
    fn written(&self) -> String {
        match self {
            Ref::List(inner) => format!("[{}]", inner.written()),
            Ref::Named(name) => name.clone(),
            Ref::Must(inner) => format!("{}!", inner.written()),
        }
    }
}

/// Reads a schema as people write it.
pub(super) fn of_text(text: &str) -> Result<Description, Refused> {
    let schema = sdl::read(text).map_err(Refused::Unreadable)?;
    Ok(described(&schema))
}

/// Reads a schema as introspection answers it.
pub(super) fn of_introspection(json: &Json) -> Result<Description, Refused> {
    introspection::read(json).map(|schema| described(&schema)).ok_or(Refused::Unknown)
}

fn described(schema: &Schema) -> Description {
    let mut found = Description { form: "a GraphQL schema".into(), ..Description::default() };
    for (root, mutates) in [(&schema.query, false), (&schema.mutation, true)] {
        let Some(def) = schema.types.get(root) else { continue };
        for field in &def.fields {
            if found.operations.len() >= MOST_OPERATIONS {
                let why = "there are too many before it".into();
                found.left.push(Left { operation: field.name.clone(), why });
                continue;
            }
            found.operations.push(operation(schema, field, mutates));
        }
    }
    found
}

fn operation(schema: &Schema, field: &DefField, mutates: bool) -> Operation {
    let (mut variables, mut arguments, mut parameters) = (vec![], vec![], vec![]);
    for argument in &field.arguments {
        // What goes away and need not be given is not offered.
        if argument.deprecated && !argument.ty.must() {
            continue;
        }
        variables.push(format!("${}: {}", argument.name, argument.ty.written()));
        arguments.push(format!("{}: ${}", argument.name, argument.name));
        let optional = !argument.ty.must() || argument.default;
        let ty = sent(schema, &argument.ty, DEEPEST_SENT, &mut vec![], &mut 0);
        let field = Field { optional, ..Field::required(&argument.name, unwrapped(ty), &argument.about) };
        parameters.push(Parameter {
            field,
            place: Place::Variable,
            lists: Style::Repeated,
            deprecated: argument.deprecated,
            constant: None,
        });
    }
    let (selection, ty) = selected(schema, &field.ty, 2);
    let paged =
        selection.as_deref().is_some_and(|text| text.contains("pageInfo {") && text.contains("nodes {"))
            && field.arguments.iter().any(|argument| argument.name == "after");
    let word = if mutates { "mutation" } else { "query" };
    let listed =
        |items: Vec<String>| if items.is_empty() { String::new() } else { format!("({})", items.join(", ")) };
    let name = field.name.clone();
    let title: String =
        name.chars().take(1).flat_map(char::to_uppercase).chain(name.chars().skip(1)).collect();
    let inner = match &selection {
        Some(text) => format!(" {{\n{text}  }}"),
        None => String::new(),
    };
    let text = format!("{word} {title}{} {{\n  {name}{}{inner}\n}}", listed(variables), listed(arguments));
    Operation {
        id: Some(name.clone()),
        method: Method::Post,
        path: String::new(),
        summary: field.about.clone(),
        deprecated: field.deprecated,
        parameters,
        body: None,
        content_type: None,
        answer: Answer { kind: AnswerKind::Json, ty, links: false },
        security: None,
        server: None,
        document: Some(Document { field: name, text, mutates, paged }),
        notes: vec![],
    }
}

/// An optional parameter is left out, and need not take null.
fn unwrapped(ty: Type) -> Type {
    match ty {
        Type::Nullable(inner) => *inner,
        other => other,
    }
}

fn scalar(schema: &Schema, name: &str) -> Option<Type> {
    let known = match name {
        "Int" => Type::Integer,
        "Float" => Type::Number,
        "String" | "ID" => Type::String,
        "Boolean" => Type::Boolean,
        "DateTime" => Type::Time,
        _ => match schema.types.get(name)?.kind {
            // What a scalar of its own holds, its schema does not say.
            DefKind::Scalar => Type::Any,
            DefKind::Enum | DefKind::Input | DefKind::Object | DefKind::Union => return None,
        },
    };
    Some(known)
}

/// The type of what is sent.
fn sent(schema: &Schema, ty: &Ref, depth: usize, within: &mut Vec<String>, parts: &mut usize) -> Type {
    *parts += 1;
    let inner = match ty {
        Ref::Must(inner) => return unwrapped(sent(schema, inner, depth, within, parts)),
        Ref::List(item) => Type::list(sent(schema, item, depth, within, parts)),
        Ref::Named(name) => match (scalar(schema, name), schema.types.get(name)) {
            (Some(ty), _) => ty,
            (None, Some(def))
                if def.kind == DefKind::Enum
                    && def.words.len() <= super::bounds::MOST_WORDS
                    && !def.words.is_empty() =>
            {
                Type::Enum(def.words.clone())
            }
            (None, Some(def)) if def.kind == DefKind::Enum => Type::String,
            (None, Some(def))
                if depth > 0 && !within.contains(name) && *parts < MOST_PARTS && !def.fields.is_empty() =>
            {
                within.push(name.clone());
                let mut fields = vec![];
                for field in def.fields.iter().filter(|field| !field.deprecated || field.ty.must()) {
                    let ty = sent(schema, &field.ty, depth - 1, within, parts);
                    let optional = !field.ty.must() || field.default;
                    fields.push(Field {
                        optional,
                        ..Field::required(&field.name, if optional { unwrapped(ty) } else { ty }, "")
                    });
                }
                within.pop();
                Type::Object(fields)
            }
            (None, Some(_)) => Type::AnyObject,
            (None, None) => Type::Any,
        },
    };
    match inner {
        Type::Any => Type::Any,
        inner => Type::Nullable(Box::new(inner)),
    }
}

/// What is asked for of a type, so many levels deep, and the type of what comes. Nothing is asked for of a scalar.
fn selected(schema: &Schema, ty: &Ref, depth: usize) -> (Option<String>, Type) {
    let (text, inner) = of_named(schema, ty.name(), depth, 4);
    (text, wrapped(ty, inner))
}

/// A type with the lists and the null around it.
fn wrapped(ty: &Ref, inner: Type) -> Type {
    match ty {
        Ref::Named(_) => match inner {
            Type::Any => Type::Any,
            inner => Type::Nullable(Box::new(inner)),
        },
        Ref::List(item) => Type::Nullable(Box::new(Type::list(wrapped(item, inner)))),
        Ref::Must(inside) => match wrapped(inside, inner) {
            Type::Nullable(inner) => *inner,
            other => other,
        },
    }
}

fn of_named(schema: &Schema, name: &str, depth: usize, indent: usize) -> (Option<String>, Type) {
    if let Some(ty) = scalar(schema, name) {
        return (None, ty);
    }
    let Some(def) = schema.types.get(name) else { return (None, Type::Any) };
    let pad = " ".repeat(indent);
    let only = |field: &str| {
        (Some(format!("{pad}{field}\n")), Type::Object(vec![Field::required(field, Type::String, "")]))
    };
    match def.kind {
        DefKind::Enum | DefKind::Scalar => return (None, Type::String),
        DefKind::Union | DefKind::Input => return only("__typename"),
        DefKind::Object => {}
    }
    let (mut text, mut fields) = (String::new(), vec![]);
    let list = def.fields.iter().any(|field| field.name == "nodes")
        && def.fields.iter().any(|field| field.name == "pageInfo");
    for field in &def.fields {
        let needs = field.arguments.iter().any(|argument| argument.ty.must() && !argument.default);
        if field.deprecated || needs || fields.len() >= MOST_SELECTED {
            continue;
        }
        // A list says its items in `nodes`; its edges say them once more.
        if list && !matches!(field.name.as_str(), "nodes" | "pageInfo") {
            continue;
        }
        let plain = is_plain(schema, field.ty.name());
        let within = if list && field.name == "nodes" { depth } else { depth.saturating_sub(1) };
        let deep = !plain
            && within > 0
            && (list || !is_connection(schema, field.ty.name()))
            && field.arguments.is_empty();
        if !plain && !deep {
            continue;
        }
        let (inner, ty) = of_named(schema, field.ty.name(), within, indent + 2);
        match inner {
            Some(inner) if !inner.is_empty() => text += &format!("{pad}{} {{\n{inner}{pad}}}\n", field.name),
            Some(_) => continue,
            None => text += &format!("{pad}{}\n", field.name),
        }
        fields.push(Field::required(&field.name, wrapped(&field.ty, ty), ""));
    }
    if fields.is_empty() {
        return only("__typename");
    }
    (Some(text), Type::Object(fields))
}

/// True for what nothing is asked for.
fn is_plain(schema: &Schema, name: &str) -> bool {
    scalar(schema, name).is_some() || schema.types.get(name).is_none_or(|def| def.kind == DefKind::Enum)
}

/// True for a list with a cursor.
fn is_connection(schema: &Schema, name: &str) -> bool {
    schema.types.get(name).is_some_and(|def| def.fields.iter().any(|field| field.name == "pageInfo"))
}

/// A sentence of a schema.
fn sentence(told: &str) -> String {
    text::sentence(told)
}
