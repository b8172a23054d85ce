//! What hooks make: each is given what it takes, and what it makes has a type that the action reads.

use dsl::codes::Code;
use dsl::diagnostic::Diagnostic;
use dsl::fields::{self, Fields, Owner, Reader};
use dsl::shape;
use dsl::span::Spanned;
use dsl::types::{Field, Type};
use dsl::yaml::Node;

use super::scope::{InScope, Scope};
use super::{entries, unknown_part};
use crate::hook::{self, Hook, Moment};
use crate::keys;
use crate::manifest::made::Made;

/// Reads what hooks make. `scope` sees what the request sees.
pub(super) fn all(reader: &mut Reader<'_>, node: &Node, scope: &Scope) -> Vec<Made> {
    let mut all: Vec<Made> = vec![];
    for entry in entries(reader, node, "hooks") {
        let name = fields::name(reader, &entry.key, "a hook");
        let what = format!("the hook `{name}`");
        let owner = Owner { what: &what, span: entry.key.span() };
        let Some(fields) = &mut Fields::open(reader, &entry.value, &owner, &shape::names(keys::HOOK)) else {
            continue;
        };
        let Some(node) = fields.required("hook", &what) else { continue };
        let found = fields.reader.choice(node, "hook", keys::HOOK_NAMES).and_then(hook::find);
        let Some(hook) = found else { continue };
        let seen = match hook.moment {
            Moment::Before => scope.clone(),
            Moment::After => seeing(scope, &all, &[Moment::Before]).with_response(),
        };
        let with = fields.pairs_in("with", &seen);
        given(fields, hook, &Spanned::new(hook.name.to_owned(), node.span));
        all.push(Made { name, hook, with });
    }
    all
}

/// These names, and `made` with what hooks have made by then.
pub(super) fn seeing(scope: &Scope, all: &[Made], moments: &[Moment]) -> Scope {
    let made = all.iter().filter(|made| moments.contains(&made.hook.moment));
    let fields: Vec<Field> = made.map(|made| Field::required(&made.name, made.hook.gives(), "")).collect();
    if fields.is_empty() { scope.clone() } else { scope.with("made", Type::Object(fields)) }
}

/// A hook is given what it needs, and nothing that it does not know.
fn given(fields: &mut Fields<'_, '_, '_>, hook: &Hook, wrote: &Spanned<String>) {
    let given: Vec<Spanned<String>> = match fields.take("with").map(|node| &node.kind) {
        Some(dsl::yaml::Kind::Map(entries)) => {
            entries.iter().map(|entry| Spanned::new(entry.key.text.clone(), entry.key.span())).collect()
        }
        _ => vec![],
    };
    let known: Vec<&str> = hook.takes.iter().map(|taken| taken.name).collect();
    for name in given.iter().filter(|name| !known.contains(&name.value.as_str())) {
        let message = format!("the hook `{}` takes no `{}`", hook.name, name.value);
        fields.reader.diagnostics.push(unknown_part(name, message, &known));
    }
    let needed = hook.takes.iter().filter(|taken| taken.required);
    for taken in needed.filter(|taken| given.iter().all(|name| name.value != taken.name)) {
        let message = format!("the hook `{}` needs `{}`", hook.name, taken.name);
        fields.reader.diagnostics.push(Diagnostic::error(Code::MissingParameter, wrote.span, message));
    }
}
