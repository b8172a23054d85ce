//! The outline of a workflow.

use serde_json::{Value, json};

use dsl::ide::{Symbol, SymbolKind};

use super::Asked;
use crate::message::Refusal;

/// The steps and inputs: as a tree, or one after another for an editor without trees.
pub fn symbols(asked: &mut Asked<'_>) -> Result<Value, Refusal> {
    let found = asked.document().symbols();
    if asked.client.tree {
        return Ok(found.iter().map(|symbol| branch(asked, symbol)).collect());
    }
    let mut flat = vec![];
    found.iter().for_each(|symbol| leaves(asked, symbol, None, &mut flat));
    Ok(Value::Array(flat))
}

fn branch(asked: &Asked<'_>, symbol: &Symbol) -> Value {
    json!({
        "name": symbol.name,
        "kind": kind(symbol.kind),
        // The name lies within the whole, as the protocol asks.
        "range": asked.range(symbol.span.to(symbol.name_span)),
        "selectionRange": asked.range(symbol.name_span),
        "children": symbol.children.iter().map(|child| branch(asked, child)).collect::<Vec<_>>(),
    })
}

fn leaves(asked: &Asked<'_>, symbol: &Symbol, within: Option<&str>, flat: &mut Vec<Value>) {
    let location = asked.location(symbol.span.to(symbol.name_span));
    let mut value = json!({ "name": symbol.name, "kind": kind(symbol.kind), "location": location });
    if let Some(within) = within {
        value["containerName"] = within.into();
    }
    flat.push(value);
    symbol.children.iter().for_each(|child| leaves(asked, child, Some(&symbol.name), flat));
}

/// The protocol's number for a kind: variable, function, namespace.
fn kind(kind: SymbolKind) -> u8 {
    match kind {
        SymbolKind::Input => 13,
        SymbolKind::Step => 12,
        SymbolKind::Block => 3,
    }
}
