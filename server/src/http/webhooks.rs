//! What waits for something from outside, as `keyway webhooks list` tells it.

use serde_json::{Value, json};

use super::{Answer, Ask, Refusal};
use crate::kept::Caller;

/// All of it, without addresses: who knows one may call it.
pub fn list(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let part = ask.house.part(&ask.who);
    let callers = part.kept().map(|kept| kept.callers()).transpose()?.unwrap_or_default();
    Ok(Answer::ok(json!({ "webhooks": callers.iter().map(Caller::to_json).collect::<Vec<Value>>() })))
}
