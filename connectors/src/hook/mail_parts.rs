//! The parts of a message as Gmail gives them, a tree: its heads, its text, and which files it has. How deep the tree is, the
//! sender decides, so that no path leads to the text.

use std::sync::Arc;

use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::general_purpose::GeneralPurpose;
use base64::engine::{DecodePaddingMode, GeneralPurposeConfig};
use dsl::catalog::Failure;
use dsl::value::{Object, Value};

use super::{Hook, Moment, required};
use crate::params::Params;

/// Reads the parts of a message.
pub(super) const HOOK: Hook = Hook {
    name: "mail_parts",
    about: "What a message of Gmail says, out of the tree of its parts.",
    moment: Moment::After,
    takes: &[required(
        "payload",
        "any",
        "The tree: `payload` of a message in the format `full` or `metadata`.",
    )],
    gives: "{ from: string?, to: string?, cc: string?, reply_to: string?, subject: string?, message_id: string?, \
            references: string?, headers: object, text: string?, html: string?, \
            attachments: [{ id: string?, name: string, type: string, size: integer }] }",
    make,
};

/// Base64 of addresses, with or without padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Heads that have a field of their own, and their names.
const HEADS: [(&str, &str); 7] = [
    ("from", "from"),
    ("to", "to"),
    ("cc", "cc"),
    ("reply_to", "reply-to"),
    ("subject", "subject"),
    ("message_id", "message-id"),
    ("references", "references"),
];

/// What was found.
#[derive(Default)]
struct Found {
    text: Option<String>,
    html: Option<String>,
    attachments: Vec<Value>,
}

fn make(given: &Params) -> Result<Value, Failure> {
    let payload = given.get("payload").cloned().unwrap_or_default();
    let mut found = Found::default();
    look(&payload, &mut found);
    let heads = headers(&payload);
    let text = |text: Option<String>| text.map_or(Value::Null, Value::text);
    let own = HEADS.map(|(field, head)| (field, heads.get(head).cloned().unwrap_or_default()));
    let parts = [
        ("text", text(found.text)),
        ("html", text(found.html)),
        ("attachments", Value::list(found.attachments)),
        ("headers", Value::Object(Arc::new(heads))),
    ];
    Ok(Value::object(own.into_iter().chain(parts)))
}

/// Looks at a part and those within it, in their order. Values are of bounded depth.
fn look(part: &Value, found: &mut Found) {
    let text = |key: &str| part.get(key).and_then(Value::as_text).unwrap_or_default();
    let body = part.get("body").cloned().unwrap_or_default();
    let (name, kind) = (text("filename"), text("mimeType"));
    let id = body.get("attachmentId").cloned().unwrap_or_default();
    if !name.is_empty() || (!id.is_null() && !kind.starts_with("text/")) {
        found.attachments.push(Value::object([
            ("id", id),
            ("name", Value::text(name)),
            ("type", Value::text(kind)),
            ("size", body.get("size").cloned().unwrap_or(Value::Int(0))),
        ]));
    } else {
        let slot = match kind {
            "text/plain" => Some(&mut found.text),
            "text/html" => Some(&mut found.html),
            _ => None,
        };
        if let (Some(slot), Some(said)) = (slot, said(&body)) {
            // A message that is cut by a picture has its text in several parts.
            *slot = Some(slot.take().map_or(said.clone(), |before| before + &said));
        }
    }
    if let Some(Value::List(parts)) = part.get("parts") {
        parts.iter().for_each(|part| look(part, found));
    }
}

/// The text of a part, which Gmail gives in UTF-8 whatever it was sent in.
fn said(body: &Value) -> Option<String> {
    let bytes = BASE64.decode(body.get("data")?.as_text()?).ok()?;
    Some(String::from_utf8_lossy(&bytes).replace("\r\n", "\n"))
}

/// The heads by their names in lower case; of several with one name, the first.
fn headers(payload: &Value) -> Object {
    let mut heads = Object::new();
    if let Some(Value::List(all)) = payload.get("headers") {
        for head in all.iter() {
            let text = |key: &str| head.get(key).and_then(Value::as_text).unwrap_or_default();
            heads.entry(text("name").to_lowercase().into()).or_insert_with(|| Value::text(text("value")));
        }
    }
    heads
}

#[cfg(test)]
mod tests {
    use dsl::json;

    use super::*;

    fn found(payload: &str) -> String {
        let given = Object::from_iter([("payload".into(), json::parse(payload).expect("JSON"))]);
        make(&Params::of(given)).expect("it is made").to_json().to_string()
    }

    #[test]
    fn the_text_is_found_however_deep_it_lies() {
        let text = r#"{"mimeType":"text/plain","filename":"","body":{"size":3,"data":"w7wKLQ=="}}"#;
        let html = r#"{"mimeType":"text/html","filename":"","body":{"size":3,"data":"PGI-"}}"#;
        let file = r#"{"mimeType":"image/png","filename":"a.png","body":{"attachmentId":"A1","size":7}}"#;
        let both = format!(
            r#"{{"mimeType":"multipart/alternative","filename":"","body":{{"size":0}},"parts":[{text},{html}]}}"#
        );
        let head = r#"[{"name":"Subject","value":"One"},{"name":"subject","value":"Two"},{"name":"X-A","value":"b"}]"#;
        let mixed = format!(
            r#"{{"mimeType":"multipart/mixed","filename":"","headers":{head},"parts":[{both},{file}]}}"#
        );
        let wanted = r#"{"from":null,"to":null,"cc":null,"reply_to":null,"subject":"One","message_id":null,"references":null,"text":"ü\n-","html":"<b>","attachments":[{"id":"A1","name":"a.png","type":"image/png","size":7}],"headers":{"subject":"One","x-a":"b"}}"#;
        assert_eq!(found(&mixed), wanted);
    }

    #[test]
    fn what_is_not_there_is_null() {
        for nothing in
            ["null", "{}", r#"{"mimeType":"text/plain","body":{"size":0}}"#, r#"{"parts":"x","headers":1}"#]
        {
            assert!(found(nothing).contains(r#""text":null,"html":null,"attachments":[]"#), "{nothing}");
        }
    }
}
