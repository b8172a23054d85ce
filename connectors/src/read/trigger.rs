//! What can start a run.

use std::time::Duration;

use dsl::codes::Code;
use dsl::diagnostic::Diagnostic;
use dsl::fields::{self, Fields, Owner, Reader};
use dsl::shape;
use dsl::span::Spanned;
use dsl::types::{Field, Type};
use dsl::yaml::{Entry, Node};

use super::action::returns;
use super::auth::made_text;
use super::request::{self, Places};
use super::scope::{InScope, Scope};
use super::{duration, entries, exclusive, parameters, sentence, texts, unknown_part, word};
use crate::event;
use crate::keys;
use crate::manifest::trigger::{
    Dedupe, Encoding, First, Handshake, Hash, Poll, Proof, Renew, Scheme, Signed, Stamp, Subscription,
    Trigger, TriggerKind, Verify, Webhook,
};
use crate::manifest::{Account, Action};

/// What the secret is called that a subscription tells the service.
const OWN: &str = "hook";

/// What triggers are read with.
#[derive(Clone, Copy)]
struct Around<'a> {
    connection: &'a Scope,
    places: &'a Places<'a>,
    account: &'a Account,
    actions: &'a [Action],
    /// Whether the trigger subscribes itself.
    subscribes: bool,
}

/// Reads all triggers.
pub(super) fn all(
    fields: &mut Fields<'_, '_, '_>,
    connection: &Scope,
    places: &Places<'_>,
    account: &Account,
    actions: &[Action],
) -> Vec<Trigger> {
    let Some(node) = fields.take("triggers") else { return vec![] };
    let around = Around { connection, places, account, actions, subscribes: false };
    let all = entries(fields.reader, node, "triggers");
    all.iter().filter_map(|entry| one(fields.reader, entry, &around)).collect()
}

fn one(reader: &mut Reader<'_>, entry: &Entry, around: &Around<'_>) -> Option<Trigger> {
    let name = fields::name(reader, &entry.key, "a trigger");
    let what = format!("the trigger `{name}`");
    let owner = Owner { what: &what, span: entry.key.span() };
    let fields = &mut Fields::open(reader, &entry.value, &owner, &shape::names(keys::TRIGGER))?;
    fields.required("returns", &what);
    let about = fields.required("about", &what).map(|node| sentence(fields.reader, node, "about"));
    let kind = fields.required("kind", &what)?;
    let kind = fields.reader.choice(kind, "kind", &TriggerKind::NAMES)?;
    for (key, kinds) in keys::POLL
        .iter()
        .map(|key| (key, &["poll"][..]))
        .chain(keys::WEBHOOK.iter().map(|key| (key, &["webhook", "webhook_subscription"][..])))
        .chain(keys::SUBSCRIPTION.iter().map(|key| (key, &["webhook_subscription"][..])))
    {
        if let Some(entry) = fields.entry(key).filter(|_| !kinds.contains(&kind)) {
            exclusive(fields.reader, kind, key, entry.key.span());
        }
    }
    let input = fields.take("input").map(|node| parameters(fields.reader, node, "input")).unwrap_or_default();
    let connected = around.connection.with_given("input", &input);
    let asked = around.connection.with_open_input(&input);
    // What a call of the service brings; its items, where there are several, come one by one.
    let called = connected.with("request", requested());
    let several = fields.take("items").is_some();
    let single = |scope: &Scope| match (kind, several) {
        ("poll", _) => scope.with("item", Type::Any),
        (_, true) => scope.with("request", requested()).with("item", Type::Any),
        (_, false) => scope.with("request", requested()),
    };
    let (single, asked) = (single(&connected), single(&asked));
    let around = &Around { subscribes: kind == "webhook_subscription", ..*around };
    let kind = match kind {
        "poll" => poll(fields, &connected, around, &what).map(|poll| TriggerKind::Poll(Box::new(poll))),
        "webhook" => webhook(fields, &called, around, &what).map(|hook| TriggerKind::Webhook(Box::new(hook))),
        _ => subscription(fields, (&connected, &called), around, &what)
            .map(|subscription| TriggerKind::Subscription(Box::new(subscription))),
    };
    let dedupe = fields.required("dedupe", &what).and_then(|node| dedupe(fields.reader, node, &single));
    let filter = fields.condition_in("filter", &asked);
    let output = fields.value_in("output", &single);
    let returns = returns(fields);
    Some(Trigger {
        name,
        about: about?,
        scopes: texts(fields, "scopes"),
        input,
        kind: kind?,
        dedupe,
        filter,
        returns: returns?,
        output,
    })
}

/// The type of what a call of the service brings.
fn requested() -> Type {
    Type::object([
        ("method", Type::String),
        ("url", Type::String),
        ("headers", Type::Any),
        ("query", Type::Any),
        ("body", Type::Any),
        ("raw", Type::String),
    ])
}

fn dedupe(reader: &mut Reader<'_>, node: &Node, scope: &Scope) -> Option<Dedupe> {
    let owner = Owner { what: "`dedupe`", span: node.span };
    let fields = &mut Fields::open(reader, node, &owner, &shape::names(keys::DEDUPE))?;
    fields.required("key", "`dedupe`");
    let keep = duration(fields, "keep").unwrap_or(Duration::from_secs(24 * 3600));
    Some(Dedupe { key: fields.template_in("key", scope)?, keep })
}

fn poll(fields: &mut Fields<'_, '_, '_>, connected: &Scope, around: &Around<'_>, what: &str) -> Option<Poll> {
    fields.required("items", what);
    let with = fields.pairs_in("with", &connected.with("since", Type::Any));
    let node = fields.required("action", what)?;
    let wrote = fields.reader.text(node, "`action`")?;
    let names: Vec<&str> = around.actions.iter().map(|action| action.name.as_str()).collect();
    let action = around.actions.iter().find(|action| action.name == wrote.value);
    match action {
        None => {
            let message = format!("there is no action `{}`", wrote.value);
            fields.reader.diagnostics.push(unknown_part(&wrote, message, &names));
        }
        Some(action) => given(fields, action, &wrote),
    }
    for other in ["cursor", "overlap"] {
        if let Some(entry) = fields.entry(other).filter(|_| fields.entry("next").is_some()) {
            let message =
                format!("`{other}` stands beside `next`, by which the answer says from where to go on");
            let wrong = Diagnostic::error(Code::Exclusive, entry.key.span(), message);
            fields.reader.diagnostics.push(wrong.help("leave out one of the two"));
        }
    }
    let result = action.map_or(Type::Any, |action| action.answer.returns.clone());
    let answered = connected.with("result", result);
    Some(Poll {
        action: wrote.value,
        with,
        items: fields.expr_in("items", &answered)?,
        next: fields.expr_in("next", &answered),
        every: duration(fields, "every").unwrap_or(Duration::from_secs(60)),
        cursor: fields.expr_in("cursor", &connected.with("item", Type::Any)),
        overlap: duration(fields, "overlap").unwrap_or_default(),
        first: word(fields, "first", keys::FIRSTS, &First::ALL).unwrap_or(First::Skip),
    })
}

/// A poll changes nothing, and gives the action what it needs and nothing that it does not know.
fn given(fields: &mut Fields<'_, '_, '_>, action: &Action, wrote: &Spanned<String>) {
    if action.safety != dsl::catalog::Safety::Read {
        let message = format!("`{}` may change something, and a poll does not", wrote.value);
        fields.reader.diagnostics.push(Diagnostic::error(Code::UnkeptSafety, wrote.span, message));
    }
    let given: Vec<Spanned<String>> = match fields.take("with").map(|node| &node.kind) {
        Some(dsl::yaml::Kind::Map(entries)) => {
            entries.iter().map(|entry| Spanned::new(entry.key.text.clone(), entry.key.span())).collect()
        }
        _ => vec![],
    };
    let known: Vec<&str> = action.input.iter().map(|field| field.name.as_str()).collect();
    for name in given.iter().filter(|name| !known.contains(&name.value.as_str())) {
        let message = format!("`{}` has no parameter `{}`", wrote.value, name.value);
        fields.reader.diagnostics.push(unknown_part(name, message, &known));
    }
    let needed = action.input.iter().filter(|field| !field.optional && field.default.is_none());
    for field in needed.filter(|field| given.iter().all(|name| name.value != field.name)) {
        let message = format!("`{}` needs the parameter `{}`", wrote.value, field.name);
        fields.reader.diagnostics.push(Diagnostic::error(Code::MissingParameter, wrote.span, message));
    }
}

fn webhook(
    fields: &mut Fields<'_, '_, '_>,
    called: &Scope,
    around: &Around<'_>,
    what: &str,
) -> Option<Webhook> {
    let verify = fields.required("verify", what).and_then(|node| verify(fields.reader, node, called, around));
    let asked = fields.take("handshake");
    let handshake = asked.and_then(|node| handshake(fields.reader, node, called, (around, verify.as_ref())));
    let items = fields.expr_in("items", called);
    Some(Webhook { verify: verify?, handshake, items })
}

fn subscription(
    fields: &mut Fields<'_, '_, '_>,
    (connected, called): (&Scope, &Scope),
    around: &Around<'_>,
    what: &str,
) -> Option<Subscription> {
    let webhook = webhook(fields, called, around, what);
    let hook = Type::object([("url", Type::String), ("secret", Type::String)]);
    let hooked = connected.with("hook", hook);
    let kept = connected.with("subscription", Type::Any);
    let places = around.places;
    let subscribe = fields.required("subscribe", what);
    let subscribe = subscribe.and_then(|node| request::read(fields.reader, node, &hooked, places));
    let webhook = webhook?;
    let secret = fields.expr_in("secret", &connected.with_response());
    if let Some(entry) = fields.entry("secret") {
        chosen_once(fields.reader, entry.key.span(), &webhook);
    }
    let remember = fields.value_in("remember", &connected.with_response());
    let unsubscribe = fields.take("unsubscribe");
    let unsubscribe = unsubscribe.and_then(|node| request::read(fields.reader, node, &kept, places));
    let renew = fields.take("renew").and_then(|node| {
        let owner = Owner { what: "`renew`", span: node.span };
        let fields = &mut Fields::open(fields.reader, node, &owner, &shape::names(keys::RENEW))?;
        for key in ["expires", "before"] {
            fields.required(key, "`renew`");
        }
        let request = fields.take("request");
        let request = request.and_then(|node| request::read(fields.reader, node, &kept, places));
        Some(Renew {
            request,
            expires: fields.expr_in("expires", &kept)?,
            before: duration(fields, "before")?,
        })
    });
    Some(Subscription { webhook, subscribe: subscribe?, secret, remember, unsubscribe, renew })
}

/// A secret that the service chooses in its answer is the one of the subscription, and is chosen nowhere else.
fn chosen_once(reader: &mut Reader<'_>, span: dsl::span::Span, webhook: &Webhook) {
    if webhook.handshake.as_ref().is_some_and(|asked| asked.secret.is_some()) {
        exclusive(reader, "handshake.secret", "secret", span);
    }
    if event::secret_of(webhook) != Some(OWN) {
        let message = "a secret is chosen, and `verify` holds nothing against it";
        let wrong = Diagnostic::error(Code::Exclusive, span, message);
        reader.diagnostics.push(wrong.help("write `secret: hook` in `verify`"));
    }
}

fn handshake(
    reader: &mut Reader<'_>,
    node: &Node,
    called: &Scope,
    (around, verify): (&Around<'_>, Option<&Verify>),
) -> Option<Handshake> {
    let owner = Owner { what: "`handshake`", span: node.span };
    let fields = &mut Fields::open(reader, node, &owner, &shape::names(keys::HANDSHAKE))?;
    fields.required("when", "`handshake`");
    let status = fields.integer("status", 200..=299).unwrap_or(200);
    if let Some(entry) = fields.entry("secret").filter(|_| !around.subscribes) {
        let message = "only a subscription has a secret of its own, which the service may choose";
        let wrong = Diagnostic::error(Code::Exclusive, entry.key.span(), message);
        fields
            .reader
            .diagnostics
            .push(wrong.help("declare it in `connection.secrets`, for a person to enter"));
    }
    let proof = fields.entry("proof").map(|entry| (entry.key.span(), &entry.value));
    let proof = proof.and_then(|(span, node)| proof_of(fields, (span, node), called, verify));
    let answered = match &proof {
        Some(_) => called.with("proof", Type::String),
        None => called.clone(),
    };
    Some(Handshake {
        when: fields.condition_in("when", called)?,
        status: u16::try_from(status).ok()?,
        headers: fields.pairs_in("headers", &answered),
        proof,
        body: fields.value_in("body", &answered),
        secret: fields.expr_in("secret", called),
    })
}

fn proof_of(
    fields: &mut Fields<'_, '_, '_>,
    (span, node): (dsl::span::Span, &Node),
    called: &Scope,
    verify: Option<&Verify>,
) -> Option<Proof> {
    let is_hmac = |verify: &Verify| matches!(verify, Verify::Signed(signed) if matches!(signed.scheme, Scheme::Hmac { .. }));
    if verify.is_some_and(|verify| !is_hmac(verify)) {
        let message = "a proof is made with the secret that `verify` by `hmac` names";
        fields.reader.diagnostics.push(Diagnostic::error(Code::Exclusive, span, message));
    }
    let owner = Owner { what: "`proof`", span: node.span };
    let fields = &mut Fields::open(fields.reader, node, &owner, &shape::names(keys::PROOF))?;
    fields.required("over", "`proof`");
    let encoding = word(fields, "encoding", keys::ENCODINGS, &Encoding::ALL).unwrap_or(Encoding::Hex);
    Some(Proof { over: fields.template_in("over", called)?, encoding })
}

fn verify(reader: &mut Reader<'_>, node: &Node, called: &Scope, around: &Around<'_>) -> Option<Verify> {
    let owner = Owner { what: "`verify`", span: node.span };
    let fields = &mut Fields::open(reader, node, &owner, &shape::names(keys::VERIFY))?;
    let scheme = fields.required("scheme", "`verify`")?;
    let scheme = fields.reader.choice(scheme, "scheme", &Verify::NAMES)?;
    let needed: &[&str] = match scheme {
        "hmac" => &["secret", "signature"],
        "ed25519" | "ecdsa_p256" => &["key", "signature"],
        "rsa_cert" => &["certificate", "signature"],
        "jwt" => &["header", "keys", "issuer"],
        "shared_token" => &["secret", "value"],
        _ => &[],
    };
    for key in needed {
        fields.required(key, &format!("`verify` by `{scheme}`"));
    }
    let text = |fields: &mut Fields<'_, '_, '_>, key: &str| {
        let node = fields.take(key)?;
        fields.reader.text(node, &format!("`{key}`"))
    };
    let secret = text(fields, "secret");
    // A subscription may bring a secret of its own, which it told the service.
    if let Some(wrote) = secret.as_ref().filter(|wrote| wrote.value != OWN || !around.subscribes) {
        declared(fields.reader, wrote, &around.account.secrets, "secret");
    }
    let key = text(fields, "key");
    if let Some(wrote) = &key {
        declared(fields.reader, wrote, &around.account.fields, "field");
    }
    let secret = secret.map(|secret| secret.value);
    let key = key.map(|key| key.value);
    let scheme = match scheme {
        "address" => return Some(Verify::Address),
        "shared_token" => {
            return Some(Verify::Token { value: fields.expr_in("value", called)?, secret: secret? });
        }
        "jwt" => {
            return Some(Verify::Jwt {
                header: text(fields, "header")?.value.to_lowercase(),
                keys: fields.template_in("keys", around.connection)?,
                issuer: fields.template_in("issuer", around.connection)?,
                audience: fields.template_in("audience", called),
                says: fields.pairs_in("says", around.connection),
            });
        }
        "hmac" => {
            let hash = word(fields, "hash", keys::HASHES, &Hash::ALL).unwrap_or(Hash::Sha256);
            Scheme::Hmac { hash, secret: secret? }
        }
        "ed25519" => Scheme::Ed25519 { key: key? },
        "ecdsa_p256" => Scheme::EcdsaP256 { key: key? },
        _ => Scheme::RsaCert { header: text(fields, "certificate")?.value.to_lowercase() },
    };
    let over = match fields.take("signed") {
        Some(_) => fields.template_in("signed", called)?,
        None => made_text("{{ request.raw }}"),
    };
    let timestamp = fields.take("timestamp").and_then(|node| stamp(fields.reader, node, called));
    let node = fields.take("signature")?;
    let owner = Owner { what: "`signature`", span: node.span };
    let fields = &mut Fields::open(fields.reader, node, &owner, &shape::names(keys::SIGNATURE))?;
    fields.required("header", "`signature`");
    let prefix = text(fields, "prefix").map(|text| text.value).unwrap_or_default();
    let part = text(fields, "part").map(|text| text.value);
    let encoding = word(fields, "encoding", keys::ENCODINGS, &Encoding::ALL).unwrap_or(Encoding::Hex);
    let header = text(fields, "header")?.value.to_lowercase();
    Some(Verify::Signed(Box::new(Signed { scheme, over, header, prefix, part, encoding, timestamp })))
}

/// Reports a secret or field that no connection has.
fn declared(reader: &mut Reader<'_>, wrote: &Spanned<String>, known: &[Field], what: &str) {
    if known.iter().all(|field| field.name != wrote.value) {
        let names: Vec<&str> = known.iter().map(|field| field.name.as_str()).collect();
        let message = format!("a connection has no {what} `{}`", wrote.value);
        let wrong = unknown_part(wrote, message, &names);
        let help = format!("declare it in `connection.{what}s`");
        reader.diagnostics.push(if wrong.help.is_empty() { wrong.help(help) } else { wrong });
    }
}

fn stamp(reader: &mut Reader<'_>, node: &Node, called: &Scope) -> Option<Stamp> {
    let owner = Owner { what: "`timestamp`", span: node.span };
    let fields = &mut Fields::open(reader, node, &owner, &shape::names(keys::STAMP))?;
    fields.required("value", "`timestamp`");
    let tolerance = duration(fields, "tolerance").unwrap_or(Duration::from_secs(300));
    Some(Stamp { value: fields.expr_in("value", called)?, tolerance })
}
