//! A schema as introspection answers it.

use serde_json::Value as Json;

use super::{Def, DefField, DefKind, Ref, Schema};
use crate::import::bounds::MOST_HOPS;
use crate::import::openapi::word;

/// Reads `__schema`; nothing where it has no types.
pub(super) fn read(json: &Json) -> Option<Schema> {
    let root = |key: &str| json.get(key).map(|node| word(node, "name").to_owned()).unwrap_or_default();
    let mut schema = Schema { query: root("queryType"), mutation: root("mutationType"), ..Schema::default() };
    for node in json.get("types")?.as_array()? {
        let kind = match word(node, "kind") {
            "ENUM" => DefKind::Enum,
            "INPUT_OBJECT" => DefKind::Input,
            "SCALAR" => DefKind::Scalar,
            "UNION" => DefKind::Union,
            _ => DefKind::Object,
        };
        let listed = |key: &str| node.get(key).and_then(Json::as_array).into_iter().flatten();
        let fields = listed("fields").chain(listed("inputFields")).filter_map(field);
        let words = listed("enumValues").map(|node| word(node, "name").to_owned());
        let def = Def { kind, fields: fields.collect(), words: words.collect() };
        schema.types.insert(word(node, "name").to_owned(), def);
    }
    Some(schema)
}

fn field(node: &Json) -> Option<DefField> {
    let arguments = node.get("args").and_then(Json::as_array).into_iter().flatten().filter_map(field);
    Some(DefField {
        name: word(node, "name").to_owned(),
        about: super::sentence(word(node, "description")),
        ty: reference(node.get("type")?, 0)?,
        arguments: arguments.collect(),
        default: node.get("defaultValue").is_some_and(|value| !value.is_null()),
        deprecated: node.get("isDeprecated").and_then(Json::as_bool).unwrap_or(false),
    })
}

fn reference(node: &Json, depth: usize) -> Option<Ref> {
    if depth > MOST_HOPS {
        return None;
    }
    let inner = || reference(node.get("ofType")?, depth + 1).map(Box::new);
    match word(node, "kind") {
        "NON_NULL" => inner().map(Ref::Must),
        "LIST" => inner().map(Ref::List),
        _ => Some(Ref::Named(word(node, "name").to_owned())),
    }
}
