//! Whether two texts mean the same: as YAML, as a workflow, and in what their comments say.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::catalog::Catalog;
use crate::format::quote::without_braces;
use crate::value::Value;
use crate::yaml::source::{self, Lead, Piece};
use crate::yaml::{self, Kind, Node, Scalar};

/// True where the text is read as this node, but for the order of keys and the braces around whole expressions.
pub fn nodes(before: &Node, text: &str) -> bool {
    let (after, _) = yaml::read(text);
    after.is_some_and(|after| same(before, &after))
}

fn same(a: &Node, b: &Node) -> bool {
    match (&a.kind, &b.kind) {
        (Kind::Scalar(a), Kind::Scalar(b)) => {
            a.literal() == b.literal() || (a.text != b.text && without_braces(&a.text) == b.text)
        }
        (Kind::List(a), Kind::List(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Kind::Map(a), Kind::Map(b)) => {
            let key = |key: &Scalar| (key.text.clone(), matches!(key.literal(), Value::Text(_)));
            let others: BTreeMap<_, _> = b.iter().map(|entry| (key(&entry.key), &entry.value)).collect();
            a.len() == b.len()
                && a.iter()
                    .all(|entry| others.get(&key(&entry.key)).is_some_and(|other| same(&entry.value, other)))
        }
        (Kind::Scalar(_) | Kind::List(_) | Kind::Map(_), _) => false,
    }
}

/// True where the text has the same comments, in whatever order.
pub fn comments(before: &Piece, text: &str) -> bool {
    let all = |root: &Piece| {
        let mut found = vec![];
        gather(root, &mut found);
        found.sort_unstable();
        found
    };
    source::read(text).is_some_and(|after| all(before) == all(&after))
}

fn gather(piece: &Piece, found: &mut Vec<String>) {
    let mut leads = |leads: &[Lead]| {
        found.extend(leads.iter().filter_map(|lead| match lead {
            Lead::Comment(words) => Some(words.clone()),
            Lead::Blank => None,
        }));
    };
    leads(&piece.tail);
    piece.rows().iter().for_each(|row| leads(&row.lead));
    for row in piece.rows() {
        found.extend(row.beside.iter().cloned());
        row.key.iter().for_each(|key| gather(key, found));
        gather(&row.value, found);
    }
}

/// True where both texts are the same workflow but for the places of its parts, or neither is one.
pub fn workflows(before: &str, after: &str, catalog: &Catalog) -> bool {
    let read = |text| {
        let workflow = crate::check(text, catalog).workflow?;
        serde_json::to_value(&workflow).ok().map(without_places)
    };
    read(before) == read(after)
}

/// Takes the places out of a stored workflow: spans, maps of bytes, and the blanks around an expression.
fn without_places(json: Json) -> Json {
    match json {
        Json::Array(items) => Json::Array(match &items[..] {
            [Json::String(_), place] if is_place(place) => items[..1].to_vec(),
            _ => items.into_iter().map(without_places).collect(),
        }),
        Json::Object(entries) => {
            let expression = entries.contains_key("nodes");
            let kept = entries.into_iter().filter_map(|(key, value)| match &*key {
                "span" | "at" if is_place(&value) => None,
                "map" if expression => None,
                "text" if expression => Some((key, value.as_str()?.trim().into())),
                _ => Some((key, without_places(value))),
            });
            Json::Object(kept.collect())
        }
        other => other,
    }
}

fn is_place(json: &Json) -> bool {
    match json {
        Json::Array(pair) => pair.len() == 2 && pair.iter().all(Json::is_u64),
        Json::Object(span) => span.len() == 2 && span.contains_key("start") && span.contains_key("end"),
        _ => false,
    }
}
