//! What stands at a place.

use serde_json::{Value, json};

use super::Asked;
use crate::message::Refusal;

/// What is shown of a place; null where there is nothing to say.
pub fn hover(asked: &mut Asked<'_>) -> Result<Value, Refusal> {
    let at = asked.at()?;
    let Some(found) = asked.document().hover(at) else { return Ok(Value::Null) };
    Ok(json!({ "contents": asked.markup(&found.text), "range": asked.range(found.span) }))
}
