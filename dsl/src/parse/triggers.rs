//! Triggers: each is a mapping with one of the kinds, and with the keys of that kind.

use jiff::SignedDuration;

use crate::ast::{Trigger, TriggerKind};
use crate::codes::Code;
use crate::diagnostic::{Diagnostic, nearest};
use crate::fields::{Fields, Owner, Reader, listed};
use crate::keys::{self, Kind as Described};
use crate::shape::names;
use crate::span::{Span, Spanned};
use crate::workflow::{CatchUp, Method, Overlap, Respond, Verify};
use crate::yaml::{Entry, Kind, Node};

/// Reads `triggers`.
pub fn read(reader: &mut Reader<'_>, node: &Node) -> Vec<Trigger> {
    let Kind::List(items) = &node.kind else {
        if node.is_null() {
            return vec![];
        }
        let message = format!("`triggers` is a list, and here stands {}", node.describe());
        let wrong = Diagnostic::error(Code::WrongShape, node.span, message);
        if let Kind::Map(entries) = &node.kind
            && let [only] = &entries[..]
            && keys::TRIGGERS.iter().any(|kind| kind.key == only.key.text)
            && !reader.text[node.span.range()].starts_with('{')
        {
            let at = only.key.span().range().start;
            let help = format!("begin it with a dash: `- {}: …`", only.key.text);
            let fix = "begin it with a dash";
            reader.diagnostics.push(wrong.help(help).fix(fix, Span::new(at, at), "- "));
            return trigger(reader, node).into_iter().collect();
        }
        reader.fail(wrong.help("write `triggers: [{ cron: \"0 9 * * *\" }]`"), node.span);
        return vec![];
    };
    items.iter().filter_map(|item| trigger(reader, item)).collect()
}

fn trigger(reader: &mut Reader<'_>, node: &Node) -> Option<Trigger> {
    let Kind::Map(entries) = &node.kind else {
        let message = format!("a trigger is a mapping, and here stands {}", node.describe());
        let wrong = Diagnostic::error(Code::WrongShape, node.span, message);
        reader.fail(wrong.help("write `- cron: \"0 9 * * *\"`"), node.span);
        return None;
    };
    let (kind, described, at) = find(reader, node, entries)?;
    let others = others(reader, described, entries);
    let what = format!("a trigger with `{}`", described.key);
    let misspelt = at.key.text != described.key;
    let owner = Owner { what: if misspelt { "a trigger" } else { &what }, span: at.key.span() };
    let mut known = names(described.fields);
    known.extend(others);
    let mut fields = Fields::of(reader, entries, &owner, &known);
    let mut trigger = Trigger {
        kind: Spanned::new(kind, at.key.span()),
        text: None,
        places: at.value.scalar().map(|scalar| scalar.map.clone()).unwrap_or_default(),
        timezone: text(&mut fields, "timezone"),
        from: text(&mut fields, "from"),
        overlap: overlap(&mut fields),
        catch_up: catch_up(&mut fields),
        jitter: fields.duration("jitter"),
        poll: None,
        with: vec![],
        filter: None,
        verify: None,
        respond: Respond::Now,
        method: Method::Post,
        inputs: fields.values("inputs"),
    };
    match kind {
        TriggerKind::Webhook => webhook(&mut fields, &mut trigger, at),
        TriggerKind::Event => event(&mut fields, &mut trigger, at),
        TriggerKind::At | TriggerKind::Cron | TriggerKind::Every | TriggerKind::Signal => {
            trigger.text = fields.reader.text(&at.value, &format!("`{}`", described.key));
        }
    }
    Some(trigger)
}

/// Finds the kind of a trigger; a misspelt one is taken for what it was meant to be.
fn find<'n>(
    reader: &mut Reader<'_>,
    node: &Node,
    entries: &'n [Entry],
) -> Option<(TriggerKind, &'static Described, &'n Entry)> {
    let keys = || keys::TRIGGERS.iter().map(|kind| kind.key);
    let exact = keys().find_map(|key| Some((key, entries.iter().find(|entry| entry.key.text == key)?)));
    let near = || {
        let other =
            |key: &str| keys::TRIGGERS.iter().flat_map(|kind| kind.fields).any(|field| field.name == key);
        let unknown = entries.iter().filter(|entry| !other(&entry.key.text));
        unknown.into_iter().find_map(|entry| Some((nearest(&entry.key.text, keys())?, entry)))
    };
    let Some((key, entry)) = exact.or_else(near) else {
        let message = format!("this trigger has none of {}", listed(&keys().collect::<Vec<_>>()));
        let place = entries.first().map_or(node.span, |entry| entry.key.span());
        reader.fail(Diagnostic::error(Code::UnknownTrigger, place, message), node.span);
        return None;
    };
    let kind = TriggerKind::ALL.into_iter().find(|kind| kind.name() == key)?;
    Some((kind, keys::TRIGGERS.iter().find(|kind| kind.key == key)?, entry))
}

/// Reports further kinds in one trigger, and gives all their keys: those are not unknown too.
fn others(reader: &mut Reader<'_>, first: &Described, entries: &[Entry]) -> Vec<&'static str> {
    let mut known = vec![];
    for entry in entries {
        let other = keys::TRIGGERS.iter().find(|kind| kind.key == entry.key.text);
        let Some(other) = other.filter(|other| first.fields.iter().all(|field| field.name != other.key))
        else {
            continue;
        };
        let message = format!("a trigger has one kind, and here are `{}` and `{}`", first.key, other.key);
        let wrong = Diagnostic::error(Code::TwoVerbs, entry.key.span(), message);
        reader.diagnostics.push(wrong.help("make two triggers of it"));
        known.extend(names(other.fields));
    }
    known
}

fn text(fields: &mut Fields<'_, '_, '_>, key: &str) -> Option<Spanned<String>> {
    let node = fields.take(key)?;
    fields.reader.text(node, &format!("`{key}`"))
}

fn overlap(fields: &mut Fields<'_, '_, '_>) -> Overlap {
    let node = fields.take("overlap");
    match node.and_then(|node| fields.reader.choice(node, "overlap", keys::OVERLAPPING)) {
        Some("allow") => Overlap::Allow,
        Some("cancel_oldest") => Overlap::CancelOldest,
        Some("queue") => Overlap::Queue,
        _ => Overlap::Skip,
    }
}

fn catch_up(fields: &mut Fields<'_, '_, '_>) -> CatchUp {
    let node = fields.take("catch_up");
    match node.and_then(|node| fields.reader.choice(node, "catch_up", keys::CATCHING_UP)) {
        Some("all") => CatchUp::All,
        Some("none") => CatchUp::None,
        _ => CatchUp::Latest,
    }
}

fn webhook(fields: &mut Fields<'_, '_, '_>, trigger: &mut Trigger, entry: &Entry) {
    if entry.value.is_null() {
        return;
    }
    let owner = Owner { what: "`webhook`", span: entry.key.span() };
    let Some(hook) = Fields::open(fields.reader, &entry.value, &owner, &names(keys::WEBHOOK)) else {
        return;
    };
    let respond = hook.take("respond").and_then(|node| hook.reader.choice(node, "respond", keys::RESPOND));
    trigger.respond = match respond {
        Some("output") => Respond::Output,
        Some("answer") => Respond::Answer,
        _ => Respond::Now,
    };
    let method = hook.take("method").and_then(|node| hook.reader.choice(node, "method", keys::METHODS));
    if method == Some("get") {
        trigger.method = Method::Get;
    }
    if let Some(entry) = hook.entry("verify") {
        trigger.verify = verify(hook.reader, entry);
    }
}

fn verify(reader: &mut Reader<'_>, entry: &Entry) -> Option<Verify> {
    let owner = Owner { what: "`verify`", span: entry.key.span() };
    let mut fields = Fields::open(reader, &entry.value, &owner, &names(keys::VERIFY))?;
    let scheme = fields.required("scheme", "`verify`");
    let scheme = scheme.and_then(|node| fields.reader.choice(node, "scheme", keys::SCHEMES));
    let secret = match scheme {
        Some(keys::NO_SCHEME) => {
            without(&mut fields, "secret", "the scheme `none` has no secret");
            None
        }
        _ => {
            let node = fields.required("secret", "`verify`")?;
            Some(fields.reader.text(node, "`secret`")?.value)
        }
    };
    let scheme = scheme?;
    let header = match keys::NAMED_HEADERS.contains(&scheme) {
        true => text(&mut fields, "header").map(|header| header.value.trim().to_lowercase()),
        false => {
            without(
                &mut fields,
                "header",
                &format!("the header of the scheme `{scheme}` has a name already"),
            );
            None
        }
    };
    Some(Verify { scheme: scheme.into(), secret, header })
}

/// Reports a key that has no place beside the others.
fn without(fields: &mut Fields<'_, '_, '_>, key: &str, why: &str) {
    if let Some(entry) = fields.entry(key) {
        let wrong = Diagnostic::error(Code::UnknownKey, entry.key.span(), why);
        fields.reader.diagnostics.push(wrong.help(format!("remove `{key}`")));
    }
}

fn event(fields: &mut Fields<'_, '_, '_>, trigger: &mut Trigger, entry: &Entry) {
    trigger.text = fields.reader.text(&entry.value, "`event`");
    trigger.poll = fields.duration("every").filter(|length| *length > SignedDuration::ZERO);
    trigger.with = fields.values("with");
    let filter = fields.take("filter").and_then(|node| fields.reader.expr(node, "filter"));
    trigger.filter = filter.filter(|expr| fields.reader.sees_only(expr, "a filter", &["event"]));
}
