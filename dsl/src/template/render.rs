//! Values into text. Texts with holes alone are joined here; those with blocks are rendered in `blocks.rs`.

use std::sync::Arc;

use crate::expr::eval::{self, Budget, MAX_WEIGHT};
use crate::expr::fault;
use crate::expr::functions::data::percent_encoded;
use crate::expr::{Expr, Halt, Scope, operate};
use crate::template::{Part, Template, blocks};
use crate::value::{Object, Value};
use crate::workflow::Arg;

/// Renders a text; see `template::render`.
pub fn render(template: &Template, scope: &dyn Scope, budget: &mut Budget) -> Result<Value, Halt> {
    let value = match template.has_blocks() {
        true => Value::text(blocks::render(template, scope, budget)?),
        false => joined(&template.parts, scope, budget)?,
    };
    if let Value::Text(text) = &value
        && template.parts.iter().any(|part| matches!(part, Part::Encoded(_)))
    {
        check_path(text, &template.parts)?;
    }
    Ok(value)
}

/// Evaluates a value with holes; see `template::fill`.
pub fn fill(arg: &Arg, scope: &dyn Scope, budget: &mut Budget) -> Result<Value, Halt> {
    match arg {
        Arg::Value(value) => Ok(value.clone()),
        Arg::Expr(expr) => budget.eval(expr, scope),
        Arg::Text(template) => render(template, scope, budget),
        Arg::List(items) => {
            let items: Vec<Value> =
                items.iter().map(|item| fill(item, scope, budget)).collect::<Result<_, _>>()?;
            Ok(Value::list(items))
        }
        Arg::Object(entries) => {
            let mut object = Object::with_capacity(entries.len());
            for (key, item) in entries {
                object.insert(key.clone(), fill(item, scope, budget)?);
            }
            Ok(Value::Object(Arc::new(object)))
        }
    }
}

/// Texts, or a secret with texts around it.
fn joined(parts: &[Part], scope: &dyn Scope, budget: &mut Budget) -> Result<Value, Halt> {
    let mut pieces = Vec::with_capacity(parts.len());
    let mut length = 0;
    for part in parts {
        let piece = match part {
            Part::Text(text) => Value::Text(text.clone()),
            Part::Hole(expr) => piece(expr, false, scope, budget)?,
            Part::Encoded(expr) => piece(expr, true, scope, budget)?,
            _ => continue,
        };
        length += piece.as_text().map_or(0, str::len);
        if length > MAX_WEIGHT {
            return Err(fault::too_large());
        }
        pieces.push(piece);
    }
    if pieces.iter().any(|piece| matches!(piece, Value::Hole(_))) {
        return Ok(operate::join(pieces));
    }
    let mut text = String::with_capacity(length);
    pieces.iter().filter_map(Value::as_text).for_each(|piece| text.push_str(piece));
    Ok(Value::text(text))
}

/// The value of a hole as text, or a secret.
pub fn piece(expr: &Expr, encode: bool, scope: &dyn Scope, budget: &mut Budget) -> Result<Value, Halt> {
    let value = budget.eval(expr, scope)?;
    match eval::loaded_all(&value, scope)? {
        Value::Hole(_) if encode => Err(secret(expr, "cannot stand in a URL")),
        value @ Value::Hole(_) => Ok(value),
        value if eval::holds_secret(&value) => {
            Err(secret(expr, "cannot be written out within a list or an object"))
        }
        value if encode => Ok(Value::text(percent_encoded(&value.to_string()))),
        value @ Value::Text(_) => Ok(value),
        other => Ok(Value::text(other.to_string())),
    }
}

/// The failure of a secret at a wrong place.
pub fn secret(expr: &Expr, why: &str) -> Halt {
    fault::fail(format!("the secret in `{}` {why}", expr.quote(expr.root())))
}

/// A hole fills one segment of a path. `.` and `..` would be taken for steps to another, encoded or not.
fn check_path(text: &str, parts: &[Part]) -> Result<(), Halt> {
    let dots = |text: &str| path(text).split('/').filter(|segment| matches!(*segment, "." | "..")).count();
    let written: String = parts
        .iter()
        .map(|part| match part {
            Part::Text(text) => text,
            // Any letter: what is next to it is then no segment of dots.
            _ => "x",
        })
        .collect();
    if dots(text) > dots(&written) {
        return Err(fault::fail("a segment of a path cannot be `.` or `..`"));
    }
    Ok(())
}

/// What stands before the query of a URL.
fn path(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or(url)
}
