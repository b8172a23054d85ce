//! What a newer description changes of what comes back: the fields that an action reads and passes on.

use dsl::expr::Expr;
use dsl::types::Type;
use dsl::workflow::Arg;

use super::requests::{ITEM, path_at, steps, word};
use super::{Found, Weight};
use crate::import::description::{AnswerKind, Operation};
use crate::import::pages::plain;
use crate::manifest::Action;
use crate::manifest::paging::PageKind;
use crate::manifest::request::{Body, Reads, Request};

/// What stands at a place of an answer.
enum At<'a> {
    /// Something of this type.
    Here(&'a Type),
    /// Nothing: what is described has no such field.
    Gone,
    /// Nobody can say.
    Unknown,
}

/// Looks at what an action reads of its answer.
pub(super) fn look((action, request): (&Action, &Request), operation: &Operation, found: &mut Found<'_>) {
    // What a document asks for is its own, and a type of the description holds what an import would ask for.
    if matches!(request.body, Body::Graphql { .. }) || request.reads == Reads::Bytes {
        return;
    }
    if operation.answer.kind != AnswerKind::Json {
        return;
    }
    let body = &operation.answer.ty;
    let mut item = None;
    if let Some(pages) = &action.pages {
        let reads: Vec<&Expr> = match &pages.kind {
            PageKind::Continue { next, .. } | PageKind::Cursor { next, .. } | PageKind::NextUrl { next } => {
                vec![next]
            }
            PageKind::Keyset { .. }
            | PageKind::LinkHeader
            | PageKind::Offset { .. }
            | PageKind::Page { .. } => vec![],
        };
        for expr in reads.into_iter().chain(&pages.stop_when).chain([&pages.items]) {
            read(expr, body, "the list goes on by it, and it is gone", found);
        }
        item = of_body(&pages.items).map(|way| at(body, &way));
    }
    let returns = &action.answer.returns;
    match &action.answer.output {
        None if action.pages.is_none() => compare("", returns, body, found),
        None => {}
        Some(output) => given(output, returns, body, item.as_ref(), found),
    }
}

/// What an action makes of the answer, and the type that it promises of it.
fn given(output: &Arg, promised: &Type, body: &Type, item: Option<&At<'_>>, found: &mut Found<'_>) {
    match output {
        Arg::Value(_) => {}
        Arg::Object(entries) => {
            let fields = plain(promised).fields().unwrap_or_default();
            for (key, arg) in entries {
                let ty =
                    fields.iter().find(|field| field.name == **key).map_or(&Type::Any, |field| &field.ty);
                given(arg, ty, body, item, found);
            }
        }
        Arg::List(items) => items.iter().for_each(|arg| given(arg, &Type::Any, body, item, found)),
        Arg::Text(template) => {
            template.exprs().for_each(|expr| read(expr, body, "it is read, and is gone", found));
        }
        Arg::Expr(expr) => match (of_body(expr), steps(expr)) {
            (Some(way), _) => match at(body, &way) {
                At::Here(ty) => compare(&shown(&way), promised, ty, found),
                At::Gone => gone(&shown(&way), promised, found),
                At::Unknown => {}
            },
            (None, Some((root, way))) if root == "items" && way.is_empty() => match item {
                Some(At::Here(ty)) => compare("", promised, ty, found),
                Some(At::Gone | At::Unknown) | None => {}
            },
            _ => read(expr, body, "it is read, and is gone", found),
        },
    }
}

/// The way within the body of the answer that an expression reads, where it does nothing else.
fn of_body(expr: &Expr) -> Option<Vec<String>> {
    let (root, way) = steps(expr)?;
    let rest = way.strip_prefix(&["body".to_owned()]).filter(|_| root == "response")?;
    Some(rest.to_vec())
}

/// Reports the fields of the body that an expression reads and that are gone.
fn read(expr: &Expr, body: &Type, what: &str, found: &mut Found<'_>) {
    for node in expr.nodes() {
        let Some((root, way)) = path_at(expr, &node.kind) else { continue };
        let Some(way) = way.strip_prefix(&["body".to_owned()]).filter(|_| root == "response") else {
            continue;
        };
        if let At::Gone = at(body, way) {
            found.push(Weight::Breaks, format!("answer `{}`", shown(way)), what);
        }
    }
}

fn at<'a>(ty: &'a Type, way: &[String]) -> At<'a> {
    let mut ty = ty;
    for step in way {
        ty = match (plain(ty), step.as_str()) {
            (Type::Object(fields), name) => match fields.iter().find(|field| field.name == *name) {
                Some(field) => &field.ty,
                None => return At::Gone,
            },
            (Type::List(inner), ITEM) => inner,
            (Type::Any | Type::AnyObject | Type::Union(_), _) => return At::Unknown,
            (_, _) => return At::Gone,
        };
    }
    At::Here(ty)
}

fn shown(way: &[String]) -> String {
    way.join(".").replace(".[]", "[]")
}

/// Reports a field that is promised and gone. Where it may be null, it will be.
fn gone(place: &str, promised: &Type, found: &mut Found<'_>) {
    let place = format!("answer `{place}`");
    if promised.takes_null() {
        found.push(Weight::MayBreak, place, "it is gone, and will be null");
    } else {
        found.push(Weight::Breaks, place, "it is gone");
    }
}

/// What is promised, and what is described.
fn compare(before: &str, promised: &Type, known: &Type, found: &mut Found<'_>) {
    match (plain(promised), plain(known)) {
        (Type::Any | Type::Null, _) | (_, Type::Any | Type::Null) => {}
        (Type::Object(fields), Type::Object(known)) => {
            for field in fields {
                let place =
                    if before.is_empty() { field.name.clone() } else { format!("{before}.{}", field.name) };
                match known.iter().find(|known| known.name == field.name) {
                    Some(known) => compare(&place, &field.ty, &known.ty, found),
                    None => gone(&place, &field.ty, found),
                }
            }
        }
        (Type::List(item), Type::List(known)) => compare(&format!("{before}[]"), item, known, found),
        (own, known) if fits(own, known) => {}
        (own, known) => {
            let what = format!("it is `{}`, and `{}` is promised", word(known), word(own));
            found.push(Weight::Breaks, format!("answer `{before}`"), what);
        }
    }
}

/// True where what is described may be what is promised.
fn fits(own: &Type, known: &Type) -> bool {
    let text =
        |ty: &Type| matches!(ty, Type::String | Type::Time | Type::Enum(_) | Type::Duration | Type::Bytes);
    match (own, known) {
        (Type::Any, _) | (_, Type::Any) => true,
        (Type::Union(arms), known) => arms.iter().any(|own| fits(plain(own), known)),
        (own, Type::Union(arms)) => arms.iter().any(|known| fits(own, plain(known))),
        (Type::AnyObject, Type::Object(_) | Type::AnyObject) | (Type::Object(_), Type::AnyObject) => true,
        (Type::List(own), Type::List(known)) => fits(plain(own), plain(known)),
        (Type::Number, Type::Integer) | (Type::Integer, Type::Number) => true,
        (own, known) if text(own) && text(known) => true,
        (own, known) => own == known,
    }
}
