//! Why an evaluation gives no value, in words.

use crate::catalog::{Failure, FailureKind};
use crate::expr::ast::Ix;
use crate::expr::eval::MAX_WEIGHT;
use crate::expr::{Expr, Halt};
use crate::value::Value;

/// Why a part gave nothing: it halts as it is, or a message to which the place is added.
#[derive(Debug)]
pub enum Fault {
    Halt(Halt),
    Message(String),
}

/// A failure of kind `type`.
pub fn fail(message: impl Into<String>) -> Halt {
    Failure::new(FailureKind::Type, message).into()
}

/// A failure of kind `limit`.
pub fn limit(message: impl Into<String>) -> Halt {
    Failure::new(FailureKind::Limit, message).into()
}

/// The failure of what grew beyond bounds.
pub fn too_large() -> Halt {
    limit(format!("the result has more than {} MB", MAX_WEIGHT >> 20))
}

/// A value's type with its article, for messages.
pub fn named(value: &Value) -> &'static str {
    match value.type_name() {
        "null" => "null",
        "boolean" => "a boolean",
        "integer" => "an integer",
        "number" => "a number",
        "string" => "a text",
        "list" => "a list",
        "object" => "an object",
        "time" => "a time",
        "duration" => "a duration",
        "secret" => "a secret",
        _ => "a large value",
    }
}

/// What a condition answers.
pub fn condition(expr: &Expr, at: Ix, value: &Value) -> Result<bool, Halt> {
    let hint = match value {
        Value::Bool(flag) => return Ok(*flag),
        Value::List(_) | Value::Text(_) | Value::Object(_) => ": ask `len(…) > 0`",
        Value::Int(_) | Value::Number(_) => ": ask `… != 0`",
        Value::Null => ": ask `… != null`, or give `?? false`",
        _ => "",
    };
    Err(fail(format!("a condition is true or false, `{}` is {}{hint}", expr.quote(at), named(value))))
}
