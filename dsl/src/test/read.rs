//! Nodes to cases.

use std::sync::Arc;

use jiff::Timestamp;

use super::mock;
use super::{Case, Expect, Fired, Subject, Suite, expect, keys};
use crate::ast::TriggerKind;
use crate::catalog::Safety;
use crate::check::{invalid_time, unknown_zone};
use crate::codes::Code;
use crate::cron;
use crate::diagnostic::{Diagnostic, nearest};
use crate::fields::{Fields, Owner, Reader, a, listed};
use crate::shape;
use crate::span::{Span, Spanned};
use crate::types::{Field, Misfit, fit_field};
use crate::value::{Object, Value};
use crate::workflow::Moment;
use crate::yaml::{Entry, Kind, Node};

/// When a case starts that does not say it: a Monday morning.
const NOW: i64 = 1_767_600_000;

/// What holds for all cases.
struct Shared {
    now: Option<Spanned<Moment>>,
    zone: Option<Arc<str>>,
    allow: Vec<String>,
}

/// Reads a test file.
pub fn suite(reader: &mut Reader<'_>, root: &Node, subject: &Subject<'_>) -> Suite {
    let Kind::Map(entries) = &root.kind else { return Suite::default() };
    let first = entries.first().map_or(root.span, |entry| entry.key.span());
    let own = entries.iter().filter(|entry| !entry.key.text.starts_with("x-"));
    let owner = Owner { what: "a test file", span: first };
    let mut fields = Fields::of(reader, own, &owner, &shape::names(keys::TOP));
    if let Some(node) = fields.take("workflow") {
        fields.reader.text(node, "`workflow`");
    }
    let shared =
        Shared { now: time(&mut fields, "now"), zone: zone(&mut fields), allow: allow(&mut fields, subject) };
    let mocks = mock::mocks(&mut fields, subject);
    let mut cases = vec![];
    if let Some(node) = fields.required("cases", "a test file") {
        for entry in named(fields.reader, node, "`cases` is a mapping of names to cases") {
            cases.extend(case(fields.reader, entry, subject, &shared));
        }
    }
    Suite { mocks, cases }
}

/// The entries of a mapping of names, or what stands there instead.
pub fn named<'n>(reader: &mut Reader<'_>, node: &'n Node, what: &str) -> &'n [Entry] {
    match &node.kind {
        Kind::Map(entries) => entries,
        Kind::List(_) | Kind::Scalar(_) => {
            let message = format!("{what}, and here stands {}", node.describe());
            reader.fail(Diagnostic::error(Code::WrongShape, node.span, message), node.span);
            &[]
        }
    }
}

fn case(reader: &mut Reader<'_>, entry: &Entry, subject: &Subject<'_>, shared: &Shared) -> Option<Case> {
    let name = Spanned::new(entry.key.text.clone(), entry.key.span());
    let owner = Owner { what: "a case", span: name.span };
    let mut fields = Fields::open(reader, &entry.value, &owner, &shape::names(keys::CASE))?;
    if let Some(node) = fields.take("description") {
        fields.reader.text(node, "`description`");
    }
    let zone = zone(&mut fields).or_else(|| shared.zone.clone()).unwrap_or_else(|| "UTC".into());
    let now = time(&mut fields, "now").or_else(|| shared.now.clone());
    let now = now.and_then(|now| exact(&now.value, &zone));
    let fired = fields.take("trigger").and_then(|node| fired(fields.reader, node, subject, &zone));
    let inputs = inputs(&mut fields, subject, name.span);
    let mut allowed = allow(&mut fields, subject);
    allowed.extend(shared.allow.iter().cloned());
    let mocks = mock::mocks(&mut fields, subject);
    let answers = mock::answers(&mut fields, subject);
    let signals = mock::signals(&mut fields);
    let crash = mock::crash(&mut fields, subject);
    let seed = fields.integer("seed", 0..=i64::MAX).unwrap_or(0).unsigned_abs();
    let expect = match fields.required("expect", "a case") {
        Some(node) => expect::expect(fields.reader, node, subject),
        None => Expect::default(),
    };
    Some(Case {
        name,
        inputs,
        fired,
        now: now.unwrap_or(Timestamp::from_second(NOW).unwrap_or_default()),
        zone,
        seed,
        mocks,
        allow: allowed,
        answers,
        signals,
        crash,
        expect,
    })
}

/// A moment, if the key is there.
fn time(fields: &mut Fields<'_, '_, '_>, key: &str) -> Option<Spanned<Moment>> {
    let node = fields.take(key)?;
    moment(fields.reader, node, key)
}

fn moment(reader: &mut Reader<'_>, node: &Node, key: &str) -> Option<Spanned<Moment>> {
    let text = reader.text(node, &format!("`{key}`"))?;
    let found = Moment::parse(text.value.trim());
    if found.is_none() {
        reader.diagnostics.push(invalid_time(&text));
    }
    Some(Spanned::new(found?, text.span))
}

fn exact(moment: &Moment, zone: &str) -> Option<Timestamp> {
    match moment {
        Moment::Exact(time) => Some(*time),
        Moment::Local(local) => cron::instant(*local, &cron::zone(zone)?),
    }
}

fn zone(fields: &mut Fields<'_, '_, '_>) -> Option<Arc<str>> {
    let node = fields.take("zone")?;
    let zone = fields.reader.text(node, "`zone`")?;
    fields.reader.diagnostics.extend(unknown_zone(&zone));
    Some(zone.value.into())
}

/// The actions that are really carried out: those alone that change nothing.
fn allow(fields: &mut Fields<'_, '_, '_>, subject: &Subject<'_>) -> Vec<String> {
    let Some(node) = fields.take("allow") else { return vec![] };
    let mut allowed = vec![];
    for action in fields.reader.texts(node, "`allow`") {
        match subject.catalog.get(&action.value).map(|known| known.safety) {
            Some(Safety::Read) => allowed.push(action.value),
            Some(Safety::Idempotent | Safety::Keyed | Safety::Once) => {
                let message = format!("`{}` may change something, and no test does", action.value);
                let wrong = Diagnostic::error(Code::InvalidChoice, action.span, message);
                let help = format!("let it be answered: `mocks: {{ {}: {{ gives: … }} }}`", action.value);
                fields.reader.diagnostics.push(wrong.help(help));
            }
            None => {
                let all = subject.catalog.all_actions();
                let reads = all.iter().filter(|known| known.safety == Safety::Read);
                let known: Vec<&str> = reads.map(|known| known.id.as_str()).collect();
                fields.reader.diagnostics.push(unknown_action(&action, &known));
            }
        }
    }
    allowed
}

/// Says that there is no such action.
pub fn unknown_action(action: &Spanned<String>, known: &[&str]) -> Diagnostic {
    let message = format!("there is no action `{}`", action.value);
    let wrong = Diagnostic::error(Code::UnknownAction, action.span, message);
    with_nearest(wrong, action, known)
}

/// Offers the known word that was meant, or some of those there are.
pub fn with_nearest(wrong: Diagnostic, wrote: &Spanned<String>, known: &[&str]) -> Diagnostic {
    const SHOWN: usize = 12;
    match nearest(&wrote.value, known.iter().copied()) {
        Some(near) => {
            wrong.help(format!("did you mean `{near}`?")).fix(format!("write `{near}`"), wrote.span, near)
        }
        None if known.is_empty() => wrong,
        None => wrong.help(format!("known are {}", listed(&known[..known.len().min(SHOWN)]))),
    }
}

fn inputs(fields: &mut Fields<'_, '_, '_>, subject: &Subject<'_>, at: Span) -> Object {
    let by_hand = fields.take("trigger").is_none();
    let mut given = Object::new();
    let known: Vec<&str> = subject.inputs.iter().map(|field| field.name.as_str()).collect();
    let entries = match fields.take("inputs").filter(|node| !node.is_null()) {
        Some(node) => named(fields.reader, node, "`inputs` is a mapping of names to values"),
        None => &[],
    };
    for entry in entries {
        let name = Spanned::new(entry.key.text.clone(), entry.key.span());
        match subject.inputs.iter().find(|field| field.name == name.value) {
            Some(field) => {
                let value =
                    fitted(fields.reader, &entry.value, field, &format!("the input `{}`", name.value));
                given.insert(name.value.into(), value.unwrap_or_default());
            }
            None => {
                let message = format!("`{}` has no input `{}`", subject.name, name.value);
                let wrong = Diagnostic::error(Code::UnknownInput, name.span, message);
                fields.reader.diagnostics.push(with_nearest(wrong, &name, &known));
            }
        }
    }
    let open =
        |field: &&Field| !field.optional && field.default.is_none() && !given.contains_key(&*field.name);
    // What a trigger gives is known when it fires.
    for field in subject.inputs.iter().filter(open).filter(|_| by_hand) {
        let message = format!("the input `{}`, {}, is missing", field.name, a(&field.ty.to_string()));
        let wrong = Diagnostic::error(Code::MissingParameter, at, message);
        fields.reader.diagnostics.push(wrong.help(format!("write `inputs: {{ {}: … }}`", field.name)));
    }
    given
}

/// A value that fits a field, or nothing where it does not: the part that does not is reported.
pub fn fitted(reader: &mut Reader<'_>, node: &Node, field: &Field, what: &str) -> Option<Value> {
    match fit_field(&node.value(), field) {
        Ok(value) => Some(value),
        Err(misfit) => {
            reader.diagnostics.push(unfit(node, &misfit, what));
            None
        }
    }
}

/// Says which part of a value does not fit.
pub fn unfit(node: &Node, misfit: &Misfit, what: &str) -> Diagnostic {
    let part = misfit.path.iter().try_fold(node, |node, part| match &node.kind {
        Kind::Map(_) => node.get(part),
        Kind::List(items) => items.get(part.parse::<usize>().ok()?),
        Kind::Scalar(_) => None,
    });
    let span = part.unwrap_or(node).span;
    Diagnostic::error(Code::WrongType, span, format!("{what} does not fit: {misfit}"))
}

fn fired(reader: &mut Reader<'_>, node: &Node, subject: &Subject<'_>, zone: &str) -> Option<Fired> {
    let owner = Owner { what: "`trigger`", span: node.span };
    let fields = Fields::open(reader, node, &owner, &shape::names(keys::TRIGGER))?;
    let kinds: Vec<TriggerKind> =
        TriggerKind::ALL.into_iter().filter(|kind| fields.take(kind.name()).is_some()).collect();
    let (kind, entry) = match kinds[..] {
        [kind] => (kind, fields.entry(kind.name())?),
        [] => {
            let message = "`trigger` names the kind that fires";
            let wrong = Diagnostic::error(Code::MissingKey, node.span, message);
            fields.reader.diagnostics.push(wrong.help("write as in `trigger: { webhook: { body: … } }`"));
            return None;
        }
        [_, second, ..] => {
            let message = "one trigger fires, and here are two";
            let span = fields.entry(second.name()).map_or(node.span, |entry| entry.key.span());
            fields.reader.diagnostics.push(Diagnostic::error(Code::Exclusive, span, message));
            return None;
        }
    };
    if !subject.triggers.contains(&kind) {
        let message = format!("`{}` has no trigger `{}`", subject.name, kind.name());
        let mut own: Vec<&str> = subject.triggers.iter().map(|kind| kind.name()).collect();
        own.dedup();
        let wrong = Diagnostic::error(Code::UnknownTrigger, entry.key.span(), message);
        let wrote = Spanned::new(kind.name().to_owned(), entry.key.span());
        fields.reader.diagnostics.push(with_nearest(wrong, &wrote, &own));
        return None;
    }
    let value = &entry.value;
    let (at, brings) = match kind {
        TriggerKind::At | TriggerKind::Cron | TriggerKind::Every => {
            let at = moment(fields.reader, value, kind.name())?;
            (exact(&at.value, zone), Value::Null)
        }
        TriggerKind::Event | TriggerKind::Signal => (None, value.value()),
        TriggerKind::Webhook => (None, request(fields.reader, value)?),
    };
    Some(Fired { kind, at, brings })
}

fn request(reader: &mut Reader<'_>, node: &Node) -> Option<Value> {
    let owner = Owner { what: "`webhook`", span: node.span };
    let fields = Fields::open(reader, node, &owner, &shape::names(keys::REQUEST))?;
    let map = |key: &str| fields.take(key).map_or(Value::object::<&str>([]), Node::value);
    let body = fields.take("body").map(Node::value).unwrap_or_default();
    Some(Value::object([("body", body), ("headers", map("headers")), ("query", map("query"))]))
}
