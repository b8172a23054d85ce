//! What an operation does to the service, and what of it may be repeated.

use dsl::types::{Field, Type};

use crate::import::description::{BodyKind, Operation, Place};
use crate::import::names;
use crate::import::pages::plain;
use crate::manifest::request::Method;

/// What an operation does, what may be repeated, and whether that is sure.
pub(super) struct Does {
    pub effect: &'static str,
    pub safety: &'static str,
    pub note: Option<String>,
}

/// What an operation does.
pub(super) fn does(operation: &Operation, name: &str) -> Does {
    let first = names::first(name);
    let reads = matches!(
        first,
        "list"
            | "get"
            | "search"
            | "find"
            | "query"
            | "count"
            | "check"
            | "describe"
            | "export"
            | "download"
            | "validate"
            | "test"
            | "verify"
            | "track"
            | "identify"
    );
    let acts = !reads && names::verb(first).is_some();
    let sure = |effect, safety| Does { effect, safety, note: None };
    let unsure = |effect, safety, note: &str| Does { effect, safety, note: Some(note.to_owned()) };
    let effect = match first {
        "send" | "post" | "publish" | "reply" | "forward" | "invite" | "resend" | "share" => "send",
        "update" | "modify" | "replace" | "rename" | "set" | "move" | "mark" | "patch" | "close" | "open"
        | "archive" | "unarchive" | "lock" | "unlock" | "assign" | "unassign" | "enable" | "disable"
        | "activate" | "deactivate" | "approve" | "reject" | "accept" | "cancel" | "merge" | "complete"
        | "pause" | "resume" | "restore" | "untrash" | "pin" | "unpin" | "refresh" => "update",
        "delete" | "remove" | "revoke" | "trash" | "clear" | "unsubscribe" | "stop" | "void" => "delete",
        _ => "create",
    };
    if let Some(document) = &operation.document {
        return match (document.mutates, effect) {
            (false, _) => sure("read", "read"),
            (true, "create" | "send") => sure(effect, "once"),
            (true, _) => unsure(effect, "once", "`idempotent`, where doing it twice is doing it once"),
        };
    }
    match operation.method {
        Method::Get | Method::Head if acts => unsure(
            "read",
            "read",
            "whether it only reads, as a `GET` says; its name says that it acts, and then it must not be tried again",
        ),
        Method::Get | Method::Head => sure("read", "read"),
        Method::Put if matches!(effect, "create" | "send") => {
            sure(if acts && first != "put" { effect } else { "update" }, "idempotent")
        }
        Method::Put => sure(effect, "idempotent"),
        Method::Delete => sure("delete", "idempotent"),
        Method::Patch => unsure("update", "once", "`idempotent`, where doing it twice is doing it once"),
        Method::Post if reads => {
            unsure("read", "read", "whether it only reads, as its name says; a `POST` may act")
        }
        Method::Post if matches!(effect, "update" | "delete") => {
            unsure(effect, "once", "`idempotent`, where doing it twice is doing it once")
        }
        Method::Post => sure(effect, "once"),
    }
}

/// The parameter that carries a key by which repeats are known.
pub(super) fn idempotency(operation: &Operation) -> Option<(&'static str, String)> {
    if operation.method.reads() || operation.document.is_some() {
        return None;
    }
    let is = |field: &Field| {
        let words = names::words(&field.name).concat();
        let text = matches!(plain(&field.ty), Type::String | Type::Any);
        let told = field.about.to_lowercase().contains("idempoten") && words.contains("requestid");
        text && (words.contains("idempoten") || told)
    };
    let of =
        |place: Place| operation.parameters.iter().find(|known| known.place == place && is(&known.field));
    if let Some(found) = of(Place::Header) {
        return Some(("header", found.field.name.clone()));
    }
    if let Some(found) = of(Place::Query) {
        return Some(("query", found.field.name.clone()));
    }
    let body = operation.body.as_ref().filter(|body| matches!(body.kind, BodyKind::Json | BodyKind::Form))?;
    let fields = plain(&body.field.ty).fields()?;
    // A single field that is an object stands for what it holds.
    let found = fields.iter().find(|field| is(field)).filter(|_| fields.len() > 1)?;
    Some(("body", found.name.clone()))
}
