//! What is done with a secret before it is filled in: nothing may read it.

use std::borrow::Cow;

use crate::ast::Part;
use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::expr::Expr;
use crate::expr::ast::{Ix, Kind, Level, Operator, Part as Step};
use crate::expr::functions::Function;
use crate::expr::functions::shape::{Filling, Given, Shape, Wants};
use crate::types::Type;

/// How a value has to do with a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Secrecy {
    /// Not at all.
    Open,
    /// It is one, or is made of one.
    Secret,
    /// One stands within it.
    Within,
}

/// Looks at a value in a place where a secret may stand.
pub fn check(part: Part<'_>, found: &mut Vec<Diagnostic>) {
    match part {
        Part::Expr(expr) => {
            look(expr, found);
        }
        Part::Text(template) => {
            let blocks = template.has_blocks();
            template.each_expr(&mut |expr, _, _| {
                let whole = look(expr, found);
                if blocks && whole == Secrecy::Secret {
                    let message = "a secret cannot stand in a text that has blocks";
                    let wrong = Diagnostic::error(Code::SecretRead, expr.span, message);
                    found.push(wrong.help("choose between two texts by `c ? a : b`"));
                }
            });
        }
    }
}

/// Finds out of each node whether it is a secret; gives that of the root.
fn look(expr: &Expr, found: &mut Vec<Diagnostic>) -> Secrecy {
    let mut known: Vec<Secrecy> = Vec::with_capacity(expr.nodes().len());
    for node in expr.nodes() {
        let of = |at: &Ix| known.get(usize::from(*at)).copied().unwrap_or(Secrecy::Open);
        let secrecy = match &node.kind {
            Kind::Value(_) | Kind::Name(_) | Kind::Param(_) | Kind::Step(_) => Secrecy::Open,
            Kind::Path(base, parts) => {
                let named = parts.iter().any(|part| matches!(part, Step::Field(..) | Step::SoftField(..)));
                match of(base) {
                    Secrecy::Within if !named || parts.len() == 1 => Secrecy::Secret,
                    other => other,
                }
            }
            Kind::List(items) => within(items.iter().map(of)),
            Kind::Object(entries) => within(entries.iter().map(|(_, item)| of(item))),
            Kind::Negate(_) | Kind::Not(_) => Secrecy::Open,
            Kind::Lambda(_, body) => of(body),
            Kind::Choose(_, then, otherwise) => either([of(then), of(otherwise)].into_iter()),
            Kind::Chain(first, rest) => {
                let all = std::iter::once(first).chain(rest.iter().map(|(_, at)| at));
                match rest.first().map(|(operator, _)| operator.level()) {
                    Some(Level::Sum | Level::Coalesce) => either(all.map(of)),
                    Some(Level::Comparison) => {
                        let sign = rest.first().map_or("", |(operator, _)| Operator::sign(*operator));
                        for at in all.filter(|at| of(at) == Secrecy::Secret) {
                            found.push(read(expr, *at, &format!("`{sign}` cannot compare a secret")));
                        }
                        Secrecy::Open
                    }
                    Some(Level::Product | Level::And | Level::Or) | None => Secrecy::Open,
                }
            }
            Kind::Call(function, _) if function.0.name == "secret" => Secrecy::Secret,
            Kind::Call(function, arguments) => {
                for (place, at) in arguments.iter().enumerate() {
                    if refused(function.0, place, of(at)) {
                        let message = format!("`{}` cannot read a secret", function.0.name);
                        found.push(read(expr, *at, &message));
                    }
                }
                match gives_text(function.0) {
                    Gives::Plain => Secrecy::Open,
                    Gives::Values => either(arguments.iter().map(of)),
                }
            }
        };
        known.push(secrecy);
    }
    known.last().copied().unwrap_or(Secrecy::Open)
}

fn read(expr: &Expr, at: Ix, message: &str) -> Diagnostic {
    let span = expr.nodes().get(usize::from(at)).map_or(expr.span, |node| expr.place(node.span));
    let wrong =
        Diagnostic::error(Code::SecretRead, span, format!("{message}: it is filled in when the call leaves"));
    wrong.help(
        "put it together with texts by `+` or in a text with holes; `base64` and `hmac_sha256` take it, too",
    )
}

fn within(mut parts: impl Iterator<Item = Secrecy>) -> Secrecy {
    if parts.any(|part| part != Secrecy::Open) { Secrecy::Within } else { Secrecy::Open }
}

fn either(parts: impl Iterator<Item = Secrecy>) -> Secrecy {
    parts.fold(Secrecy::Open, |all, part| match (all, part) {
        (Secrecy::Secret, _) | (_, Secrecy::Secret) => Secrecy::Secret,
        (Secrecy::Within, _) | (_, Secrecy::Within) => Secrecy::Within,
        (Secrecy::Open, Secrecy::Open) => Secrecy::Open,
    })
}

/// True if a function cannot take a secret at a place, or a value that one stands in.
fn refused(function: &Function, place: usize, secrecy: Secrecy) -> bool {
    let wants = function.parameter(place).map_or(&[] as Wants, |parameter| parameter.wants);
    let written = matches!(function.name, "csv" | "join" | "json" | "url_encode" | "yaml");
    match (secrecy, function.name) {
        (Secrecy::Open, _) | (_, "base64" | "hmac_sha256") => false,
        (Secrecy::Within, _) => written,
        (Secrecy::Secret, _) => written || wants.contains(&Shape::String),
    }
}

/// What a function makes of its arguments.
enum Gives {
    /// A number, a boolean, a time: nothing of a secret is in it.
    Plain,
    /// A value that may hold what it was given.
    Values,
}

fn gives_text(function: &Function) -> Gives {
    let anything = vec![Cow::Owned(Type::Any); function.parameters.len()];
    let given = Given { filling: Filling::Some, types: &anything, constants: &[] };
    match (function.gives)(&given) {
        Type::Boolean | Type::Integer | Type::Number | Type::Time | Type::Duration | Type::Enum(_) => {
            Gives::Plain
        }
        _ => Gives::Values,
    }
}
