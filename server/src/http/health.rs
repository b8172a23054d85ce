//! Whether it lives, and whether it works.

use serde_json::{Map, json};

use super::{Answer, Ask, Refusal};

/// It lives, if it answers at all.
pub fn alive(_: &Ask<'_>) -> Result<Answer, Refusal> {
    Ok(Answer::ok(json!({ "status": "alive" })))
}

/// It works, if the database can be read and written and somebody moves the runs.
pub fn ready(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let ailments = ask.house.ailments();
    // What exactly is wrong is for the log: anybody may ask this.
    for (part, why) in &ailments {
        tracing::warn!(part, why, "not ready");
    }
    let state = |part: &str| if ailments.iter().any(|(ill, _)| *ill == part) { "failing" } else { "well" };
    let mut parts: Map<_, _> =
        ["database", "runs", "writing"].iter().map(|part| ((*part).to_owned(), state(part).into())).collect();
    // A service that others fail can do its work all the same.
    parts.extend(ask.house.beside().into_iter().map(|(part, word)| (part.to_owned(), word.into())));
    let status = if ailments.is_empty() { 200 } else { 503 };
    let word = if ailments.is_empty() { "ready" } else { "not_ready" };
    Ok(Answer::ok(json!({ "status": word, "parts": parts })).with(status))
}
