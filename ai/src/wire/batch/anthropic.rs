//! Anthropic: questions go in with the batch, what came is a file of lines. The list does not say what is in a batch.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Entry, Found, Post, Said, State, Wire, escaped, line, text_at};
use crate::wire::items_at;

pub const WIRE: Wire = Wire {
    name: "anthropic",
    upload: None,
    submit,
    name_at: "/id",
    list: "/v1/messages/batches?limit=100",
    find,
    place: |name| format!("/v1/messages/batches/{}", escaped(name)),
    state,
    answer,
    cancel: |name| format!("/v1/messages/batches/{}/cancel", escaped(name)),
};

/// How far the provider's clock may be off from ours.
const SKEW: jiff::SignedDuration = jiff::SignedDuration::from_mins(5);

fn submit(entry: &Entry<'_>, _: Option<&Value>) -> Option<Post> {
    let requests = json!([{ "custom_id": entry.tag, "params": entry.body }]);
    Some(Post::json("/v1/messages/batches", &json!({ "requests": requests })))
}

/// Nobody's are younger: then ours is not there. Else it may be one of them.
fn find(list: &Value, _: &str, since: Timestamp) -> Found {
    let old = |batch: &Value| {
        let made = text_at(batch, "/created_at").and_then(|made| made.parse::<Timestamp>().ok());
        made.is_some_and(|made| made.saturating_add(SKEW).is_ok_and(|made| made < since))
    };
    match list.get("data").and_then(Value::as_array) {
        Some(_) if items_at(list, "/data").iter().all(old) => Found::Absent,
        Some(_) | None => Found::Unknown,
    }
}

fn state(said: &Value) -> State {
    match (text_at(said, "/processing_status"), text_at(said, "/id")) {
        // The address of the results that is named beside it is not followed: the key goes nowhere else.
        (Some("ended"), Some(name)) => State::At(format!("/v1/messages/batches/{}/results", escaped(name))),
        (Some("canceling"), _) => State::Cancelling,
        _ => State::Waiting,
    }
}

fn answer(body: &[u8], tag: &str) -> Option<Said> {
    let result = line(body, tag)?.get_mut("result")?.take();
    Some(match text_at(&result, "/type")? {
        "succeeded" => Said::Reply(200, result["message"].clone()),
        "canceled" => Said::Ended("cancelled"),
        "expired" => Said::Ended("expired"),
        "errored" => Said::Reply(400, result["error"].clone()),
        _ => return None,
    })
}
