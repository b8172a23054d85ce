//! Gemini: questions go in with the batch, and what came stands in what is said of it.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Entry, Found, Post, Said, State, Wire, escaped, text_at};
use crate::wire::items_at;

pub const WIRE: Wire = Wire {
    name: "gemini",
    upload: None,
    submit,
    name_at: "/name",
    list: "/v1beta/batches?pageSize=100",
    find,
    place: |name| format!("/v1beta/batches/{}", id(name)),
    state,
    answer,
    cancel: |name| format!("/v1beta/batches/{}:cancel", id(name)),
};

/// Where the answers may stand: in the result of the operation, or beside its state.
const ANSWERS: [&str; 4] = [
    "/response/inlinedResponses/inlinedResponses",
    "/response/inlinedResponses",
    "/metadata/output/inlinedResponses/inlinedResponses",
    "/metadata/output/inlinedResponses",
];

/// What stands behind `batches/` in a name.
fn id(name: &str) -> String {
    escaped(name.strip_prefix("batches/").unwrap_or(name))
}

fn submit(entry: &Entry<'_>, _: Option<&Value>) -> Option<Post> {
    let requests = json!([{ "request": entry.body, "metadata": { "key": entry.tag } }]);
    let batch = json!({ "displayName": entry.tag, "inputConfig": { "requests": { "requests": requests } } });
    let path = format!("/v1beta/models/{}:batchGenerateContent", escaped(entry.model));
    Some(Post::json(path, &json!({ "batch": batch })))
}

fn find(list: &Value, tag: &str, _: Timestamp) -> Found {
    let batches = [items_at(list, "/operations"), items_at(list, "/batches")].concat();
    let ours = |batch: &&Value| {
        ["/metadata/displayName", "/displayName"].iter().any(|at| text_at(batch, at) == Some(tag))
    };
    match batches.iter().find(ours).and_then(|batch| text_at(batch, "/name")) {
        Some(name) => Found::Name(name.to_owned()),
        None if text_at(list, "/nextPageToken").is_some_and(|token| !token.is_empty()) => Found::Unknown,
        None => Found::Absent,
    }
}

fn state(said: &Value) -> State {
    let state =
        ["/metadata/state", "/state"].into_iter().find_map(|at| text_at(said, at)).unwrap_or_default();
    match state.trim_start_matches("BATCH_STATE_").trim_start_matches("JOB_STATE_") {
        "SUCCEEDED" => State::Here,
        "FAILED" => State::Ended("failed"),
        "CANCELLED" => State::Ended("cancelled"),
        "EXPIRED" => State::Ended("expired"),
        _ => State::Waiting,
    }
}

fn answer(body: &[u8], tag: &str) -> Option<Said> {
    let said: Value = serde_json::from_slice(body).ok()?;
    let ours = |answer: &&Value| text_at(answer, "/metadata/key") == Some(tag);
    let answer = ANSWERS.iter().find_map(|at| items_at(&said, at).iter().find(ours))?;
    if let Some(response) = answer.get("response").filter(|response| !response.is_null()) {
        return Some(Said::Reply(200, response.clone()));
    }
    let error = answer.get("error").filter(|error| !error.is_null())?;
    // Its codes are those of RPC; what it is called is what is read of it.
    Some(Said::Reply(400, json!({ "error": error })))
}
