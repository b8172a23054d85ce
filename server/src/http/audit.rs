//! Who did what with the things of an owner.

use serde_json::{Value, json};

use super::{Answer, Ask, Refusal};
use crate::error::Error;
use crate::shown;

/// How many rows a page has where nothing is said, and at most.
const USUAL: usize = 200;
const MOST: usize = 1000;

/// The rows of one owner, in order.
pub fn list(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let part = ask.house.part(&ask.who);
    let most = ask.said.number("limit", USUAL, MOST)?;
    let after: i64 = match ask.said.query.get("after") {
        None => 0,
        Some(text) => text.parse().map_err(|_| Refusal::bad("`after` is the number of a row"))?,
    };
    let since = ask.said.since()?.unwrap_or(i64::MIN);
    let actor = ask.said.query.get("actor").map(String::as_str);
    // One more tells whether there are others.
    let found = part.vault()?.audit_of((part.owner(), actor), after, since, most + 1).map_err(Error::from)?;
    let rows = &found[..found.len().min(most)];
    let next = (found.len() > most).then(|| rows.last().map(|last| last.seq)).flatten();
    let rows: Vec<Value> = rows.iter().map(shown::told).collect();
    Ok(Answer::ok(json!({ "audit": rows, "next": next })))
}
