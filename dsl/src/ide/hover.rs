//! What stands at a place: a key, a step, an input, a function, an action, or the type of a part of an expression.

use crate::catalog::Catalog;
use crate::cron::Schedule;
use crate::duration;
use crate::expr::functions;
use crate::expr::scan::is_name;
use crate::ide::at::{self, Role, Spot};
use crate::ide::links::{self, Target};
use crate::ide::{Document, Read, bare, describe, holds};
use crate::keys;
use crate::shape::Shape;
use crate::span::Span;

/// What is shown of a place.
#[derive(Clone, Debug, PartialEq)]
pub struct Hover {
    /// What is spoken of.
    pub span: Span,
    /// Markdown.
    pub text: String,
}

/// What stands at a place.
pub fn hover(document: &Document<'_>, read: &Read, at: usize) -> Option<Hover> {
    let spot = at::find(&read.root, at, &document.catalog)?;
    let links = links::links(&read.ast);
    let named = links::at(&links, at).and_then(|link| {
        Some(Hover { span: bare(&document.text, link.span), text: named(read, &link.target)? })
    });
    named.or_else(|| match &spot {
        Spot::Key { role, entry, .. } => {
            Some(Hover { span: entry.key.span(), text: key(role, &entry.key.text)? })
        }
        Spot::Value { role, node, scalar } => part(document, read, at)
            .or_else(|| Some(Hover { span: node.span, text: value(&document.catalog, role, &scalar.text)? })),
    })
}

fn named(read: &Read, target: &Target) -> Option<String> {
    let mut text = None;
    match target {
        Target::Input(at) => text = read.ast.inputs.get(*at).map(|input| describe::field(&input.field)),
        Target::Step(ids) => read.ast.root.each(&mut |step| {
            if ids.first() == Some(&step.id) {
                text = Some(describe::step(read, step));
            }
        }),
        // Its type is told of the part of the expression.
        Target::Item(_) => {}
    }
    text
}

fn key(role: &Role<'_>, name: &str) -> Option<String> {
    if let Role::Given(fields) = role {
        return fields.iter().find(|field| field.name == name).map(describe::field);
    }
    let field = role.keys().into_iter().find(|field| field.name == name)?;
    let title = format!("{name}: {}", field.shape);
    let about = match role {
        Role::Step(step) => at::verb_of(step).filter(|verb| verb.key == name).map(|verb| verb.about),
        Role::Trigger(_) => keys::TRIGGERS.iter().find(|kind| kind.key == name).map(|kind| kind.about),
        Role::Top | Role::Value(..) | Role::Given(_) | Role::Parameter(_) | Role::Type | Role::Free => None,
    };
    Some(describe::page(&title, [about.unwrap_or_default(), field.about]))
}

/// A function, or the smallest part of the expression at a place.
fn part(document: &Document<'_>, read: &Read, at: usize) -> Option<Hover> {
    let seen = read.seen(&document.text, &document.catalog, at);
    let text = &document.text;
    if seen.parts.is_empty() {
        return None;
    }
    let start =
        at - text[..at].chars().rev().take_while(|char| is_name(*char)).map(char::len_utf8).sum::<usize>();
    let end = at + text[at..].chars().take_while(|char| is_name(*char)).map(char::len_utf8).sum::<usize>();
    let called = text[end..].starts_with('(') || text[..start].trim_end().ends_with('|');
    if let Some(function) = functions::find(&text[start..end]).filter(|_| called) {
        return Some(Hover { span: Span::new(start, end), text: describe::function(function) });
    }
    let around = seen.parts.iter().filter(|(span, _)| holds(*span, at));
    let (span, ty) = around.min_by_key(|(span, _)| span.end - span.start)?;
    let quote = text.get(span.range()).unwrap_or_default();
    Some(Hover { span: *span, text: describe::page(&format!("{quote}: {ty}"), []) })
}

/// A value that is written out.
fn value(catalog: &Catalog, role: &Role<'_>, text: &str) -> Option<String> {
    match role {
        Role::Value(_, Shape::Action, _) => catalog.get(text).map(describe::action),
        Role::Value("event", Shape::Text, _) => {
            let event = catalog.event(text)?;
            Some(describe::page(&format!("{}: {}", event.id, event.payload), [&*event.about]))
        }
        Role::Value(_, Shape::Duration, _) => {
            let length = duration::parse(text)?;
            Some(describe::page(&duration::format(length), [&*format!("{} seconds.", length.as_secs_f64())]))
        }
        Role::Value(_, Shape::Cron, _) => {
            Schedule::parse(text).ok().map(|schedule| describe::page(text, [&*schedule.explain()]))
        }
        Role::Value(key, shape, about) => Some(describe::page(&format!("{key}: {shape}"), [*about])),
        Role::Parameter(field) => Some(describe::field(field)),
        Role::Top | Role::Step(_) | Role::Trigger(_) | Role::Given(_) | Role::Type | Role::Free => None,
    }
}
