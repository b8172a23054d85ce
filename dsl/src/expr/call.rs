//! A call of a function: its arguments, read as what the function wants.

use std::sync::Arc;

use regex::{Regex, RegexBuilder};

use crate::expr::Halt;
use crate::expr::ast::Ix;
use crate::expr::eval::{MAX_WEIGHT, Machine, holds_secret};
use crate::expr::fault::{Fault, limit, named, too_large};
use crate::expr::functions::Parameter;
use crate::expr::functions::shape::Shape;
use crate::value::{Object, Value};

/// An argument.
pub enum Given {
    Value(Value),
    Lambda(u16, Ix),
}

/// One call of a function: its arguments, and the evaluation that it is part of.
pub struct Call<'m, 's> {
    pub(super) machine: &'m mut Machine<'s>,
    pub(super) at: Ix,
    pub(super) name: &'static str,
    pub(super) parameters: &'static [Parameter],
    pub(super) given: Vec<Given>,
}

impl Call<'_, '_> {
    /// How many arguments there are.
    pub(super) fn count(&self) -> usize {
        self.given.len()
    }

    /// A failure of this call.
    pub(super) fn fail(&self, message: impl AsRef<str>) -> Halt {
        self.machine.told(self.at, format!("`{}`: {}", self.name, message.as_ref()))
    }

    /// The failure of an argument that has the wrong type.
    pub(super) fn wrong(&self, at: usize, wanted: &str) -> Halt {
        let found = match self.given.get(at) {
            Some(Given::Value(value)) => named(value),
            Some(Given::Lambda(..)) => "a lambda",
            None => "nothing",
        };
        let parameter = self.parameters.get(at).map_or("", |parameter| parameter.name);
        self.machine.told(self.at, format!("`{}` wants {wanted} as `{parameter}`, found {found}", self.name))
    }

    /// An argument as it is; null where it was left out.
    pub(super) fn any(&self, at: usize) -> Value {
        match self.given.get(at) {
            Some(Given::Value(value)) => value.clone(),
            _ => Value::Null,
        }
    }

    /// True if there is an argument at this place.
    pub(super) fn has(&self, at: usize) -> bool {
        at < self.given.len()
    }

    /// A text.
    pub(super) fn text(&mut self, at: usize) -> Result<Arc<str>, Halt> {
        match self.given.get(at) {
            Some(Given::Value(Value::Text(text))) => {
                let text = text.clone();
                self.machine.spend_bytes(text.len())?;
                Ok(text)
            }
            _ => Err(self.wrong(at, "a text")),
        }
    }

    /// The bytes of a text or a file.
    pub(super) fn bytes(&mut self, at: usize) -> Result<Arc<[u8]>, Halt> {
        if let Some(Given::Value(Value::File(file))) = self.given.get(at) {
            let Some(bytes) = file.bytes().cloned() else {
                return Err(limit("a file of this size is passed on as it is, and not read by a function"));
            };
            self.machine.spend_bytes(bytes.len())?;
            return Ok(bytes);
        }
        let text = self.text(at).map_err(|halt| match self.given.get(at) {
            Some(Given::Value(Value::Text(_))) => halt,
            _ => self.wrong(at, "a text or a file"),
        })?;
        Ok(text.as_bytes().into())
    }

    /// A list; each of its items is taken from the budget.
    pub(super) fn list(&mut self, at: usize) -> Result<Arc<Vec<Value>>, Halt> {
        match self.given.get(at) {
            Some(Given::Value(Value::List(items))) => {
                let items = items.clone();
                self.machine.spend(items.len())?;
                Ok(items)
            }
            _ => {
                let parameter = self.parameters.get(at).or(self.parameters.last());
                let text_too = parameter.is_some_and(|parameter| parameter.wants.contains(&Shape::String));
                Err(self.wrong(at, if text_too { "a text or a list" } else { "a list" }))
            }
        }
    }

    /// An object; each of its entries is taken from the budget.
    pub(super) fn object(&mut self, at: usize) -> Result<Arc<Object>, Halt> {
        match self.given.get(at) {
            Some(Given::Value(Value::Object(entries))) => {
                let entries = entries.clone();
                self.machine.spend(entries.len())?;
                Ok(entries)
            }
            _ => Err(self.wrong(at, "an object")),
        }
    }

    /// An integer.
    pub(super) fn int(&self, at: usize) -> Result<i64, Halt> {
        match self.given.get(at) {
            Some(Given::Value(Value::Int(number))) => Ok(*number),
            _ => Err(self.wrong(at, "an integer")),
        }
    }

    /// A value as it is rendered within text.
    pub(super) fn shown(&mut self, value: &Value) -> Result<String, Halt> {
        let value = self.machine.whole(value)?;
        self.without_holes(&value)?;
        Ok(value.to_string())
    }

    /// An integer that is a length or a count.
    pub(super) fn size(&self, at: usize) -> Result<usize, Halt> {
        usize::try_from(self.int(at)?).map_err(|_| self.wrong(at, "an integer that is not negative"))
    }

    /// Parts of a text as a list.
    pub(super) fn collected<'t>(&mut self, parts: impl Iterator<Item = &'t str>) -> Result<Value, Halt> {
        let mut items = vec![];
        for part in parts {
            self.machine.spend(1)?;
            items.push(Value::text(part));
        }
        Ok(Value::list(items))
    }

    /// Fails where a text has grown beyond what a result may have.
    pub(super) fn within_bounds(&self, length: usize) -> Result<(), Halt> {
        if length > MAX_WEIGHT { Err(too_large()) } else { Ok(()) }
    }

    /// The failure of what an operator said.
    pub(super) fn faulted(&self, fault: Fault) -> Halt {
        match fault {
            Fault::Halt(halt) => halt,
            Fault::Message(message) => self.fail(message),
        }
    }

    /// A regular expression, made once for an evaluation, that will look at so many bytes.
    pub(super) fn pattern(&mut self, pattern: &Arc<str>, bytes: usize) -> Result<Arc<Regex>, Halt> {
        // Looking takes time by the length of the text and that of the pattern.
        self.machine.spend_bytes(bytes.saturating_mul(1 + pattern.len() / 16).min(MAX_WEIGHT))?;
        if let Some(made) = self.machine.patterns.get(pattern) {
            return Ok(made.clone());
        }
        self.machine.spend(1000)?;
        let made =
            RegexBuilder::new(pattern).size_limit(1 << 19).dfa_size_limit(1 << 20).nest_limit(64).build();
        let made = made.map_err(|fault| {
            let fault = fault.to_string();
            let last = fault.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
            self.fail(format!("the pattern `{pattern}`: {last}"))
        })?;
        // Shared and not cloned: each clone would make its caches anew.
        let made = Arc::new(made);
        self.machine.patterns.insert(pattern.clone(), made.clone());
        Ok(made)
    }

    /// Calls a lambda with an item and its index.
    pub(super) fn apply(&mut self, at: usize, item: &Value, index: usize) -> Result<Value, Halt> {
        let Some(Given::Lambda(count, body)) = self.given.get(at) else {
            return Err(self.wrong(at, "a lambda"));
        };
        let (count, body) = (*count, *body);
        let before = self.machine.parameters.len();
        self.machine.parameters.push(item.clone());
        if count > 1 {
            self.machine.parameters.push(Value::Int(i64::try_from(index).unwrap_or(i64::MAX)));
        }
        let value = self.machine.node(body);
        self.machine.parameters.truncate(before);
        let value = value?;
        self.machine.loaded(value)
    }

    /// Calls a lambda that answers true or false.
    pub(super) fn asks(&mut self, at: usize, item: &Value, index: usize) -> Result<bool, Halt> {
        match self.apply(at, item, index)? {
            Value::Bool(flag) => Ok(flag),
            other => Err(self.fail(format!("the lambda gives true or false, found {}", named(&other)))),
        }
    }

    /// Refuses a value that a secret stands in: written out, it would be lost.
    pub(super) fn without_holes(&self, value: &Value) -> Result<(), Halt> {
        if holds_secret(value) { Err(self.fail("a secret cannot be written out here")) } else { Ok(()) }
    }
}
