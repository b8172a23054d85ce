//! The keys of triggers: how one hears of an event, and what proves who tells of it.

use dsl::shape::{Field, Shape};

use super::{ENCODINGS, FIRSTS, HASHES, REQUEST, TEXTS, VALUES};
use crate::manifest::trigger::{TriggerKind, Verify};

/// Of a trigger.
pub const TRIGGER: &[Field] = &[
    Field::required("about", Shape::Text, "When it happens, in a sentence."),
    Field::required("kind", Shape::Choice(&TriggerKind::NAMES), "How it is heard of."),
    Field::optional("scopes", TEXTS, "The scopes that a token needs for it."),
    Field::optional("input", Shape::Types, "Its parameters, with types and a sentence for each."),
    // Of polls.
    Field::optional("action", Shape::Text, "The action that lists."),
    Field::optional("with", VALUES, "Its parameters, over `input` and `since`."),
    Field::optional(
        "items",
        Shape::Expression,
        "The items, over `result` of a poll or `request` of a webhook.",
    ),
    Field::optional("every", Shape::Duration, "How often at most it is asked; default `1m`."),
    Field::optional("cursor", Shape::Expression, "What orders the items, over `item`."),
    Field::optional(
        "next",
        Shape::Expression,
        "From where to go on, over `result`, where the answer says so and holds only what is new.",
    ),
    Field::optional("overlap", Shape::Duration, "How far back before the cursor it is asked again."),
    Field::optional(
        "first",
        Shape::Choice(FIRSTS),
        "Whether what is there at first starts runs; default `skip`.",
    ),
    // Of webhooks.
    Field::optional("verify", Shape::Fields(VERIFY), "How a call proves that it is from the service."),
    Field::optional("handshake", Shape::Fields(HANDSHAKE), "What the service asks first."),
    Field::optional(
        "subscribe",
        Shape::Fields(REQUEST),
        "Tells the address, over `hook`, `input`, `connection`.",
    ),
    Field::optional(
        "secret",
        Shape::Expression,
        "The secret that a service chooses in its answer, over `response`.",
    ),
    Field::optional("remember", Shape::Any, "What is kept of its answer, over `response`."),
    Field::optional("unsubscribe", Shape::Fields(REQUEST), "Takes it back, over `subscription`."),
    Field::optional("renew", Shape::Fields(RENEW), "Keeps it from ending."),
    // Of all.
    Field::required("dedupe", Shape::Fields(DEDUPE), "What makes two tellings one."),
    Field::optional("filter", Shape::Expression, "Only where this holds."),
    Field::required("returns", Shape::Type, "The type of what the run is given."),
    Field::optional("output", Shape::Any, "What the run is given; by default what `returns` names of it."),
];

/// The keys of triggers that only polls have.
pub const POLL: &[&str] = &["action", "cursor", "every", "first", "next", "overlap", "with"];

/// The keys of triggers that only webhooks have.
pub const WEBHOOK: &[&str] = &["handshake", "verify"];

/// The keys of triggers that only subscriptions have.
pub const SUBSCRIPTION: &[&str] = &["remember", "renew", "secret", "subscribe", "unsubscribe"];

/// Of `dedupe`.
pub const DEDUPE: &[Field] = &[
    Field::required("key", Shape::Template, "The text that two tellings of one thing share."),
    Field::optional("keep", Shape::Duration, "How long it is remembered; default `1d`."),
];

/// Of `renew`.
pub const RENEW: &[Field] = &[
    Field::optional("request", Shape::Fields(REQUEST), "The request; `subscribe` anew where there is none."),
    Field::required("expires", Shape::Expression, "When it ends, over `subscription`."),
    Field::required("before", Shape::Duration, "How long before."),
];

/// Of `handshake`.
pub const HANDSHAKE: &[Field] = &[
    Field::required("when", Shape::Expression, "Whether this is it, over `request`."),
    Field::optional("status", Shape::Integer(200, 299), "The status of the answer; default 200."),
    Field::optional("headers", VALUES, "The headers of the answer, over `request`."),
    Field::optional("proof", Shape::Fields(PROOF), "Proves that the secret of `verify` is known: `proof`."),
    Field::optional("body", Shape::Any, "The body of the answer, over `request`."),
    Field::optional("secret", Shape::Expression, "The secret that a service chooses in it, over `request`."),
];

/// Of `proof`.
pub const PROOF: &[Field] = &[
    Field::required("over", Shape::Template, "Over what, over `request`: letters and digits alone."),
    Field::optional("encoding", Shape::Choice(ENCODINGS), "How it is written; default `hex`."),
];

/// Of `verify`.
pub const VERIFY: &[Field] = &[
    Field::required("scheme", Shape::Choice(&Verify::NAMES), "How it is proved."),
    Field::optional("hash", Shape::Choice(HASHES), "The hash of `hmac`; default `sha256`."),
    Field::optional(
        "secret",
        Shape::Text,
        "The secret of the connection that both know; `hook` is the one of a subscription.",
    ),
    Field::optional("key", Shape::Text, "The field of the connection that holds the service's key."),
    Field::optional("certificate", Shape::Text, "The header that names the address of the certificate."),
    Field::optional(
        "signed",
        Shape::Template,
        "What is signed, over `request`; default `{{ request.raw }}`.",
    ),
    Field::optional("signature", Shape::Fields(SIGNATURE), "Where the signature stands."),
    Field::optional("timestamp", Shape::Fields(STAMP), "When it was made, and how long that holds."),
    Field::optional("value", Shape::Expression, "Where the shared token stands, over `request`."),
    Field::optional("header", Shape::Text, "The header that holds the token of `jwt`."),
    Field::optional("keys", Shape::Template, "Where the keys of `jwt` are had."),
    Field::optional("issuer", Shape::Template, "`iss` of `jwt`."),
    Field::optional("audience", Shape::Template, "`aud` of `jwt`, over `connection` and `request`."),
    Field::optional("says", VALUES, "What else the token of `jwt` has to say, by name, over `connection`."),
];

/// Of `signature`.
pub const SIGNATURE: &[Field] = &[
    Field::required("header", Shape::Text, "The header."),
    Field::optional("prefix", Shape::Text, "What stands before it."),
    Field::optional("part", Shape::Text, "Its key, where the header is a list as in `t=1,v1=…`."),
    Field::optional("encoding", Shape::Choice(ENCODINGS), "How it is written; default `hex`."),
];

/// Of `timestamp`.
pub const STAMP: &[Field] = &[
    Field::required("value", Shape::Expression, "A time, or seconds since 1970, over `request`."),
    Field::optional("tolerance", Shape::Duration, "How far from now it may be; default `5m`."),
];
