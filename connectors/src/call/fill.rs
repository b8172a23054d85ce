//! Values with holes, over the names that their place has. What reads plainly an input or a field that was not given
//! is left out; a mapping or list of which everything is left out is left out too.

use std::borrow::Cow;
use std::sync::Arc;

use dsl::catalog::{Failure, FailureKind};
use dsl::expr::{self, Expr, Halt, Scope};
use dsl::template;
use dsl::value::{Hash, Object, Value};
use dsl::workflow::Arg;
use jiff::Timestamp;

/// The names whose fields may not have been given.
const OPEN: [&str; 2] = ["input", "connection"];

/// Names with their values.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    entries: Vec<(Cow<'static, str>, Value)>,
    now: Timestamp,
    seed: [u8; 32],
}

impl Names {
    /// No names; what is drawn by chance follows from a key.
    pub(crate) fn new(key: &str) -> Names {
        Names { entries: vec![], now: Timestamp::now(), seed: Hash::of(key.as_bytes()).0 }
    }

    /// These names and one more.
    pub(crate) fn with(&self, name: impl Into<Cow<'static, str>>, value: Value) -> Names {
        let mut names = self.clone();
        let name = name.into();
        names.entries.retain(|(known, _)| *known != name);
        names.entries.push((name, value));
        names
    }

    /// The value of a name.
    pub(crate) fn named(&self, name: &str) -> Option<&Value> {
        self.entries.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// True if an expression reads plainly a field that was not given.
    fn lacks(&self, expr: &Expr) -> bool {
        expr.needs().iter().any(|(name, field)| {
            let of = self.entries.iter().find(|(known, _)| OPEN.contains(&&**known) && **known == **name);
            of.is_some_and(|(_, value)| value.get(field).is_none())
        })
    }
}

impl Scope for Names {
    fn name(&self, name: &str) -> Option<Cow<'_, Value>> {
        self.named(name).map(Cow::Borrowed)
    }

    fn now(&self) -> Timestamp {
        self.now
    }

    fn seed(&self) -> [u8; 32] {
        self.seed
    }
}

/// A value; nothing where it is left out.
pub(crate) fn value(arg: &Arg, names: &Names) -> Result<Option<Value>, Failure> {
    match arg {
        Arg::Value(value) => Ok(Some(value.clone())),
        Arg::Expr(expr) if names.lacks(expr) => Ok(None),
        Arg::Expr(expr) => eval(expr, names).map(Some),
        Arg::Text(text) if text.exprs().any(|expr| names.lacks(expr)) => Ok(None),
        Arg::Text(text) => template::render(text, names).map(Some).map_err(failed),
        Arg::List(items) => {
            let filled = items.iter().map(|item| value(item, names)).collect::<Result<Vec<_>, _>>()?;
            let kept: Vec<Value> = filled.into_iter().flatten().collect();
            Ok(if kept.is_empty() && !items.is_empty() { None } else { Some(Value::list(kept)) })
        }
        Arg::Object(entries) => {
            let mut kept = Object::with_capacity(entries.len());
            for (name, item) in entries {
                if let Some(value) = value(item, names)? {
                    kept.insert(name.clone(), value);
                }
            }
            Ok(if kept.is_empty() && !entries.is_empty() {
                None
            } else {
                Some(Value::Object(Arc::new(kept)))
            })
        }
    }
}

/// The pairs that are not left out.
pub(crate) fn pairs(pairs: &[(String, Arg)], names: &Names) -> Result<Vec<(String, Value)>, Failure> {
    let mut filled = vec![];
    for (name, arg) in pairs {
        if let Some(value) = value(arg, names)? {
            filled.push((name.clone(), value));
        }
    }
    Ok(filled)
}

/// The value of an expression.
pub(crate) fn eval(expr: &Expr, names: &Names) -> Result<Value, Failure> {
    expr::eval(expr, names).map_err(failed)
}

/// The value of an expression over an answer, which need not have what it reads; null then.
pub(crate) fn found(expr: &Expr, names: &Names) -> Value {
    expr::eval(expr, names).unwrap_or_default()
}

/// True if a condition holds. One that cannot be evaluated does not.
pub(crate) fn holds(expr: &Expr, names: &Names) -> bool {
    matches!(expr::eval(expr, names), Ok(Value::Bool(true)))
}

fn failed(halt: Halt) -> Failure {
    match halt {
        Halt::Failure(failure) => *failure,
        Halt::Skip { step } => {
            Failure::new(FailureKind::Invalid, format!("a manifest sees no steps, and not `{step}`"))
        }
    }
}
