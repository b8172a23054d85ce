//! What may stand at the cursor.

use serde_json::{Value, json};

use dsl::ide::{Document, Item, ItemKind};

use super::Asked;
use crate::message::Refusal;

/// How many items are sent at once; where there are more, the editor asks again with the next letter.
const MOST: usize = 300;

/// The items for a place.
pub fn complete(asked: &mut Asked<'_>) -> Result<Value, Refusal> {
    let at = asked.at()?;
    let catalog = asked.file.catalog(asked.world);
    let connections = asked.connections.get_or_init(|| asked.world.connections());
    // What may stand here does not wait for what is wrong elsewhere.
    let found = Document::unread(asked.file.text.as_str(), catalog).complete_with(at, connections);
    let items: Vec<Value> = found.iter().take(MOST).map(|found| item(asked, found)).collect();
    Ok(json!({ "isIncomplete": found.len() > MOST, "items": items }))
}

fn item(asked: &Asked<'_>, item: &Item) -> Value {
    let snippet = item.snippet.as_ref().filter(|_| asked.client.snippets);
    let mut value = json!({
        "label": item.label,
        "kind": kind(item.kind),
        "sortText": item.sort,
        "filterText": item.label,
        "insertTextFormat": if snippet.is_some() { 2 } else { 1 },
        "textEdit": { "range": asked.range(item.span), "newText": snippet.unwrap_or(&item.text) },
    });
    if !item.detail.is_empty() {
        value["detail"] = item.detail.as_str().into();
    }
    if !item.documentation.is_empty() {
        value["documentation"] = asked.markup(&item.documentation);
    }
    value
}

/// The protocol's number for a kind: its words are those of programs.
fn kind(kind: ItemKind) -> u8 {
    match kind {
        ItemKind::Action => 2,
        ItemKind::Function => 3,
        ItemKind::Field => 5,
        ItemKind::Input | ItemKind::Name => 6,
        ItemKind::Step => 9,
        ItemKind::Key | ItemKind::Parameter => 10,
        ItemKind::Sample => 12,
        ItemKind::Keyword | ItemKind::Verb => 14,
        ItemKind::Workflow => 17,
        ItemKind::Connection => 18,
        ItemKind::Choice => 20,
        ItemKind::Event => 23,
        ItemKind::Type => 25,
    }
}
