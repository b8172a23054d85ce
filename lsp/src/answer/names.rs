//! Where a name is given and used, and calling it otherwise.

use serde_json::{Value, json};

use super::Asked;
use crate::message::Refusal;

/// Where that is declared which is named at a place.
pub fn definition(asked: &mut Asked<'_>) -> Result<Value, Refusal> {
    let at = asked.at()?;
    let found = asked.document().definition(at);
    Ok(found.map_or(Value::Null, |span| asked.location(span)))
}

/// All places of a name. Its declaration is the first, if it has one.
pub fn references(asked: &mut Asked<'_>) -> Result<Value, Refusal> {
    let at = asked.at()?;
    let document = asked.document();
    let (mut found, declared) = (document.references(at), document.renamable(at).is_ok());
    if asked.params["context"]["includeDeclaration"] == false && declared && !found.is_empty() {
        found.remove(0);
    }
    Ok(found.into_iter().map(|span| asked.location(span)).collect())
}

/// All places of a name, for marking them: written where it is declared, read elsewhere.
pub fn highlight(asked: &mut Asked<'_>) -> Result<Value, Refusal> {
    let at = asked.at()?;
    let document = asked.document();
    let (found, declared) = (document.references(at), document.renamable(at).is_ok());
    let mark = |(nth, span)| {
        let kind = if nth == 0 && declared { 3 } else { 2 };
        json!({ "range": asked.range(span), "kind": kind })
    };
    Ok(found.into_iter().enumerate().map(mark).collect())
}

/// The name at a place that can be changed.
pub fn prepare(asked: &mut Asked<'_>) -> Result<Value, Refusal> {
    let at = asked.at()?;
    let span = asked.document().renamable(at).map_err(Refusal::failed)?;
    let name = asked.file.text.get(span.range()).unwrap_or_default();
    Ok(json!({ "range": asked.range(span), "placeholder": name }))
}

/// The edits that call by another name what is named at a place.
pub fn rename(asked: &mut Asked<'_>) -> Result<Value, Refusal> {
    let at = asked.at()?;
    let to = asked.params["newName"].as_str().ok_or_else(|| Refusal::params("`newName` is a text"))?;
    let edits = asked.document().rename(at, to).map_err(Refusal::failed)?;
    Ok(asked.change(&edits))
}
