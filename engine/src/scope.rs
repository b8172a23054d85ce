//! What expressions can see from a place in a run.

use std::borrow::Cow;
use std::sync::Arc;

use dsl::expr::{self, Expr, Halt, Seen};
use dsl::template;
use dsl::value::{Hash, Value, Values};
use dsl::workflow::{Arg, Phase};
use jiff::Timestamp;

use crate::plan::{Op, Plan, Step};
use crate::retry;
use crate::run::{At, Attempt, Frame, Gather, Run, RunId, Slot, State};
use crate::spent;

/// A place in a run, at a time.
pub(crate) struct Scope<'a> {
    pub plan: &'a Plan,
    pub run: &'a Run,
    pub values: &'a dyn Values,
    pub now: Timestamp,
    /// The step that evaluates; its place is beyond the last for the block itself.
    pub at: At,
    pub attempt: Attempt,
}

impl Scope<'_> {
    /// Evaluates a value with holes.
    pub fn fill(&self, arg: &Arg) -> Result<Value, Halt> {
        match arg {
            Arg::Value(value) => Ok(value.clone()),
            other => template::fill(other, self),
        }
    }

    /// Evaluates a value where a field that reads what gave nothing is null.
    pub fn fill_softly(&self, arg: &Arg) -> Result<Value, Halt> {
        match arg {
            Arg::Object(entries) => {
                let filled = entries.iter().map(|(key, arg)| Ok((key.clone(), self.fill_softly(arg)?)));
                Ok(Value::object(filled.collect::<Result<Vec<_>, Halt>>()?))
            }
            other => match self.fill(other) {
                Err(Halt::Skip { .. }) => Ok(Value::Null),
                result => result,
            },
        }
    }

    /// Evaluates an expression.
    pub fn eval(&self, expr: &Expr) -> Result<Value, Halt> {
        expr::eval(expr, self)
    }

    /// The instances from here outward, each with the step that it belongs to.
    fn frames(&self) -> impl Iterator<Item = (&Frame, Option<(At, &Step)>)> {
        let mut next = Some(self.at.frame);
        std::iter::from_fn(move || {
            let frame = self.run.frames.get(&next?)?;
            next = frame.parent.map(|at| at.frame);
            let owner = frame.parent.and_then(|at| {
                let outer = self.run.frames.get(&at.frame)?;
                Some((at, self.plan.step(outer.block, at.slot)?))
            });
            Some((frame, owner))
        })
    }

    /// A step that can be seen from here, and whether it asks models.
    fn find(&self, name: &str) -> Option<(&Slot, bool)> {
        self.frames().find_map(|(frame, _)| {
            let block = self.plan.block(frame.block)?;
            let slot = usize::from(*block.names.get(name)?);
            let asks = block.steps.get(slot).is_some_and(|step| self.plan.asks_models(step));
            Some((frame.slots.get(slot)?, asks))
        })
    }

    fn local<'s>(
        &'s self,
        name: &str,
        frame: &'s Frame,
        owner: Option<(At, &Step)>,
    ) -> Option<Cow<'s, Value>> {
        if name == "error" && frame.phase == Phase::Catch {
            return frame.caught.as_ref().map(|failure| Cow::Owned(failure.to_value()));
        }
        let (at, step) = owner?;
        match (&step.op, &self.run.open(at)?.gather) {
            (Op::Each { .. }, _) if name == "index" => Some(Cow::Owned(Value::Int(i64::from(frame.index)))),
            (Op::Each { name: item, .. }, Gather::Each { items, .. }) if **item == *name => {
                item_at(items, frame.index, self.values).map(Cow::Owned)
            }
            (Op::Repeat { .. }, _) if name == "round" => Some(Cow::Owned(Value::Int(i64::from(frame.index)))),
            (Op::Repeat { .. }, Gather::Repeat { last, .. }) if name == "last" => Some(Cow::Borrowed(last)),
            _ => None,
        }
    }

    fn about_run(&self) -> Value {
        let time = |time: Option<Timestamp>| time.map_or(Value::Null, Value::Time);
        Value::object([
            ("id", self.run.id.as_ref().map_or(Value::Null, |id| Value::Text(id.0.clone()))),
            ("workflow", Value::text(self.plan.name.as_str())),
            ("version", Value::text(self.plan.digest.to_string())),
            ("started", time(self.run.started)),
        ])
    }
}

impl expr::Scope for Scope<'_> {
    fn name(&self, name: &str) -> Option<Cow<'_, Value>> {
        self.frames().find_map(|(frame, owner)| self.local(name, frame, owner)).or_else(|| match name {
            "inputs" => Some(Cow::Borrowed(&self.run.inputs)),
            "trigger" => Some(Cow::Borrowed(&self.run.trigger)),
            "run" => Some(Cow::Owned(self.about_run())),
            _ => None,
        })
    }

    fn step(&self, name: &str) -> Seen<'_> {
        match self.find(name).and_then(|(slot, _)| slot.state.value()) {
            Some(value) => Seen::Value(Cow::Borrowed(value)),
            None => Seen::Absent,
        }
    }

    fn error(&self, name: &str) -> Value {
        match self.find(name).map(|(slot, _)| &slot.state) {
            Some(State::Failed { failure, .. }) => failure.to_value(),
            _ => Value::Null,
        }
    }

    fn meta(&self, name: &str) -> Value {
        let Some((slot, asks)) = self.find(name) else { return Value::Null };
        let Some(started) = slot.started else { return Value::Null };
        let until = slot.ended.unwrap_or(self.now);
        let of_all = [
            ("attempts", Value::Int(i64::from(slot.attempts))),
            ("started", Value::Time(started)),
            ("duration", Value::Duration(until.duration_since(started))),
        ];
        let spent = slot.spent.as_deref();
        let of_models = (asks || spent.is_some()).then(|| spent::told(spent));
        Value::object(of_all.into_iter().chain(of_models.into_iter().flatten()))
    }

    fn big(&self, hash: &Hash) -> Option<Value> {
        self.values.get(hash)
    }

    fn now(&self) -> Timestamp {
        self.now
    }

    fn seed(&self) -> [u8; 32] {
        let none = || RunId(Arc::from(""));
        retry::seed(&self.run.id.clone().unwrap_or_else(none), self.at, self.attempt)
    }
}

/// How many items a value has that a `for_each` can run over.
pub(crate) fn count(items: &Value) -> Option<u32> {
    let count = match items {
        Value::List(items) => items.len(),
        Value::Object(entries) => entries.len(),
        _ => return None,
    };
    u32::try_from(count).ok()
}

/// One item: of an object, `{ key, value }`.
fn item_at(items: &Value, index: u32, values: &dyn Values) -> Option<Value> {
    match items.load(values)? {
        Value::List(items) => items.get(index as usize).cloned(),
        Value::Object(entries) => entries
            .get_index(index as usize)
            .map(|(key, value)| Value::object([("key", Value::Text(key.clone())), ("value", value.clone())])),
        _ => None,
    }
}
