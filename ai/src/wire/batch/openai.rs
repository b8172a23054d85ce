//! OpenAI: a file of lines is uploaded, a batch is made of it, and what came is another file.

use egress::Method;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Entry, Found, Post, Said, State, Wire, escaped, line, text_at};
use crate::wire::items_at;

pub const WIRE: Wire = Wire {
    name: "openai",
    upload: Some(upload),
    submit,
    name_at: "/id",
    list: "/batches?limit=100",
    find,
    place: |name| format!("/batches/{}", escaped(name)),
    state,
    answer,
    cancel: |name| format!("/batches/{}/cancel", escaped(name)),
};

/// The key of the tag among what a batch is labelled with.
const LABEL: &str = "keyway";

fn upload(entry: &Entry<'_>) -> Post {
    let line = json!({
        "custom_id": entry.tag, "method": "POST", "url": "/v1/chat/completions", "body": entry.body,
    });
    // The tag is made of hexadecimal digits, which the JSON of no question can be mistaken for at the begin of a line.
    let boundary = format!("keyway-{}", entry.tag);
    let body = format!(
        "--{boundary}\r\ncontent-disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n\
         --{boundary}\r\ncontent-disposition: form-data; name=\"file\"; filename=\"{}.jsonl\"\r\n\
         content-type: application/jsonl\r\n\r\n{line}\n\r\n--{boundary}--\r\n",
        entry.tag
    );
    Post {
        method: Method::POST,
        path: "/files".into(),
        content: Some(format!("multipart/form-data; boundary={boundary}")),
        body: body.into_bytes(),
    }
}

fn submit(entry: &Entry<'_>, uploaded: Option<&Value>) -> Option<Post> {
    let file = text_at(uploaded?, "/id")?;
    Some(Post::json(
        "/batches",
        &json!({
            "input_file_id": file, "endpoint": "/v1/chat/completions", "completion_window": "24h",
            "metadata": { LABEL: entry.tag },
        }),
    ))
}

fn find(list: &Value, tag: &str, _: Timestamp) -> Found {
    let ours = |batch: &&Value| batch["metadata"][LABEL] == *tag;
    let name = items_at(list, "/data").iter().find(ours).and_then(|batch| text_at(batch, "/id"));
    match name {
        Some(name) => Found::Name(name.to_owned()),
        // The newest come first: where there are more, it may stand further down.
        None if list["has_more"] == true => Found::Unknown,
        None => Found::Absent,
    }
}

fn state(said: &Value) -> State {
    // What was answered before a batch was cancelled, or before its time was up, is paid for and stands there.
    let file = ["/output_file_id", "/error_file_id"].into_iter().find_map(|at| text_at(said, at));
    let over =
        |how| file.map_or(State::Ended(how), |file| State::At(format!("/files/{}/content", escaped(file))));
    match text_at(said, "/status") {
        Some("completed") => over("failed"),
        Some("expired") => over("expired"),
        Some("cancelled") => over("cancelled"),
        Some("failed") => State::Ended("failed"),
        Some("cancelling") => State::Cancelling,
        _ => State::Waiting,
    }
}

fn answer(body: &[u8], tag: &str) -> Option<Said> {
    let line = line(body, tag)?;
    if let Some(status) = line["response"]["status_code"].as_u64() {
        return Some(Said::Reply(u16::try_from(status).ok()?, line["response"]["body"].clone()));
    }
    Some(Said::Ended(match text_at(&line, "/error/code") {
        Some("batch_expired") => "expired",
        Some("batch_cancelled") => "cancelled",
        _ => "failed",
    }))
}
