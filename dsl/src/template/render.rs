//! Values into text.

use std::sync::Arc;

use crate::expr::eval::{self, MAX_WEIGHT};
use crate::expr::{Expr, Halt, Scope, operate};
use crate::template::{Part, Template};
use crate::value::{Object, Value};
use crate::workflow::Arg;

/// Renders a text; see `template::render`. `turn` counts the expressions that share a seed.
pub fn render(template: &Template, scope: &dyn Scope, turn: &mut u32) -> Result<Value, Halt> {
    let mut pieces = vec![];
    for part in &template.parts {
        match part {
            Part::Text(text) => pieces.push(Value::Text(text.clone())),
            Part::Hole(expr) => pieces.push(piece(expr, scope, turn)?),
            Part::Encoded(expr) => {
                pieces.push(piece(expr, scope, turn)?);
            }
            _ => return Err(eval::fail("blocks are not rendered")),
        }
    }
    joined(pieces)
}

/// Evaluates a value with holes; see `template::fill`.
pub fn fill(arg: &Arg, scope: &dyn Scope, turn: &mut u32) -> Result<Value, Halt> {
    match arg {
        Arg::Value(value) => Ok(value.clone()),
        Arg::Expr(expr) => {
            *turn = turn.wrapping_add(1);
            eval::eval(expr, scope, *turn)
        }
        Arg::Text(template) => render(template, scope, turn),
        Arg::List(items) => {
            let items: Vec<Value> =
                items.iter().map(|item| fill(item, scope, turn)).collect::<Result<_, _>>()?;
            Ok(Value::list(items))
        }
        Arg::Object(entries) => {
            let mut object = Object::with_capacity(entries.len());
            for (key, item) in entries {
                object.insert(key.clone(), fill(item, scope, turn)?);
            }
            Ok(Value::Object(Arc::new(object)))
        }
    }
}

/// The value of a hole as text, or a secret.
fn piece(expr: &Expr, scope: &dyn Scope, turn: &mut u32) -> Result<Value, Halt> {
    *turn = turn.wrapping_add(1);
    let value = eval::eval(expr, scope, *turn)?;
    match eval::loaded_all(&value, scope)? {
        value @ (Value::Text(_) | Value::Hole(_)) => Ok(value),
        other => Ok(Value::text(other.to_string())),
    }
}

/// Texts, or a secret with texts around it.
fn joined(pieces: Vec<Value>) -> Result<Value, Halt> {
    if pieces.iter().any(|piece| matches!(piece, Value::Hole(_))) {
        return Ok(operate::join(pieces));
    }
    let texts = pieces.iter().filter_map(Value::as_text);
    if texts.clone().map(str::len).sum::<usize>() > MAX_WEIGHT {
        return Err(eval::too_large());
    }
    Ok(Value::text(texts.collect::<String>()))
}
