//! What is shown beside the steps.

use serde_json::{Value, json};

use dsl::ide::{Hint, HintKind};

use super::Asked;
use crate::message::Refusal;

/// The remarks within a range.
pub fn hints(asked: &mut Asked<'_>) -> Result<Value, Refusal> {
    let span = asked.span()?.range();
    let mut found = asked.document().hints();
    found.retain(|hint| span.start <= hint.at && hint.at <= span.end);
    let hint = |hint: &Hint| {
        let mut value = json!({
            "position": asked.position(hint.at),
            "label": hint.label,
            "tooltip": asked.markup(&hint.about),
            "paddingLeft": true,
        });
        if hint.kind == HintKind::Type {
            value["kind"] = 1.into();
        }
        value
    };
    Ok(found.iter().map(hint).collect())
}
