//! The value of an expression: a walk over its nodes with a budget.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use regex::Regex;

use crate::expr::ast::{Ix, Kind, Level, Operator, Part, StepName};
use crate::expr::call::{Call, Given};
use crate::expr::fault::{Fault, condition, fail, limit, named, too_large};
use crate::expr::functions::FunctionRef;
use crate::expr::{Expr, Halt, Root, Scope, Seen, operate};
use crate::value::{self, Hash, Object, Value, Values};

/// Steps of work that one evaluation may take: a node, an item, 64 bytes of text are one each.
pub const FUEL: usize = 1_000_000;

/// The heaviest result, in bytes.
pub const MAX_WEIGHT: usize = 16 << 20;

/// Evaluates an expression; see `expr::eval`.
pub fn eval(expr: &Expr, scope: &dyn Scope) -> Result<Value, Halt> {
    Budget::default().eval(expr, scope)
}

/// What several expressions that are evaluated together share.
pub struct Budget {
    /// Counts the expressions: each draws its own ids from the seed that they share.
    turn: u32,
    fuel: usize,
    bytes: usize,
}

impl Default for Budget {
    fn default() -> Budget {
        Budget { turn: 0, fuel: 10 * FUEL, bytes: MAX_WEIGHT }
    }
}

impl Budget {
    /// Evaluates one of the expressions.
    pub fn eval(&mut self, expr: &Expr, scope: &dyn Scope) -> Result<Value, Halt> {
        let fuel = self.fuel.min(FUEL);
        let draws = u64::from(self.turn) << 32;
        self.turn = self.turn.wrapping_add(1);
        let mut machine =
            Machine { expr, scope, fuel, soft: 0, parameters: vec![], draws, patterns: BTreeMap::new() };
        let value = machine.node(expr.root());
        self.fuel -= fuel - machine.fuel;
        let value = value?;
        // What stands somewhere already was measured when it was made.
        match expr.node(expr.root()).map(|node| &node.kind) {
            Some(Kind::Value(_) | Kind::Name(_) | Kind::Step(_) | Kind::Path(..)) => Ok(value),
            _ => measured(value),
        }
    }

    /// Takes so many steps of work.
    pub fn spend(&mut self, work: usize) -> Result<(), Halt> {
        self.fuel = self.fuel.checked_sub(work).ok_or_else(|| limit("the text takes too many steps"))?;
        Ok(())
    }

    /// Takes so many bytes of a text that is written.
    pub fn write(&mut self, bytes: usize) -> Result<(), Halt> {
        self.bytes = self.bytes.checked_sub(bytes).ok_or_else(too_large)?;
        Ok(())
    }
}

/// The value, if it is neither too heavy nor too deep.
pub fn measured(value: Value) -> Result<Value, Halt> {
    if value.weight(MAX_WEIGHT) > MAX_WEIGHT {
        return Err(too_large());
    }
    if value.depth() > value::MAX_DEPTH {
        return Err(limit(format!("the result nests more than {} deep", value::MAX_DEPTH)));
    }
    Ok(value)
}

/// Large values of a scope.
struct Large<'s>(&'s dyn Scope);

impl Values for Large<'_> {
    fn get(&self, hash: &Hash) -> Option<Value> {
        self.0.big(hash)
    }
}

/// The value itself where this is a reference.
#[inline]
pub fn loaded(value: Value, scope: &dyn Scope) -> Result<Value, Halt> {
    match value {
        Value::Big(_) => value.load(&Large(scope)).ok_or_else(|| limit("a large value is not at hand")),
        other => Ok(other),
    }
}

/// The value without any reference in it, if it is light enough to be written out.
pub fn loaded_all(value: &Value, scope: &dyn Scope) -> Result<Value, Halt> {
    // Shared parts may make a value far heavier than what it takes in memory: weigh it before walking through it.
    if value.weight(MAX_WEIGHT) > MAX_WEIGHT {
        return Err(too_large());
    }
    let value = value.load_all(&Large(scope)).ok_or_else(|| limit("a large value is not at hand"))?;
    if value.weight(MAX_WEIGHT) > MAX_WEIGHT { Err(too_large()) } else { Ok(value) }
}

/// True if a secret stands in the value, which must be light enough to walk through.
pub fn holds_secret(value: &Value) -> bool {
    match value {
        Value::Hole(_) => true,
        Value::List(items) => items.iter().any(holds_secret),
        Value::Object(entries) => entries.values().any(holds_secret),
        _ => false,
    }
}

/// One evaluation under way.
///
/// Some of its functions are kept apart (`inline(never)`): a value then moves as a whole. Inlined into one another, the
/// compiler splits a value behind the byte of a boolean, and each move waits for the one before it.
pub struct Machine<'s> {
    expr: &'s Expr,
    pub(super) scope: &'s dyn Scope,
    fuel: usize,
    /// How many left sides of `??` stand around.
    soft: usize,
    /// Values of the parameters of the lambdas around.
    pub(super) parameters: Vec<Value>,
    /// The number of the next draw of chance.
    pub(super) draws: u64,
    /// Regular expressions that were made already.
    pub(super) patterns: BTreeMap<Arc<str>, Arc<Regex>>,
}

/// What a part of a path came to.
enum Reached<'v> {
    Value(Cow<'v, Value>),
    /// Nothing, and that is well: the path is null.
    Ends,
}

impl<'s> Machine<'s> {
    /// Takes from the budget.
    pub(super) fn spend(&mut self, work: usize) -> Result<(), Halt> {
        match self.fuel.checked_sub(work) {
            Some(left) => {
                self.fuel = left;
                Ok(())
            }
            None => {
                self.fuel = 0;
                Err(limit("the expression takes too many steps"))
            }
        }
    }

    /// Takes from the budget for so many bytes of text.
    pub(super) fn spend_bytes(&mut self, bytes: usize) -> Result<(), Halt> {
        if bytes > MAX_WEIGHT { Err(too_large()) } else { self.spend(1 + bytes / 64) }
    }

    /// The value itself where this is a reference.
    pub(super) fn loaded(&self, value: Value) -> Result<Value, Halt> {
        loaded(value, self.scope)
    }

    /// The value without any reference in it, if it is light enough to be written out.
    pub(super) fn whole(&mut self, value: &Value) -> Result<Value, Halt> {
        let value = loaded_all(value, self.scope)?;
        self.spend_bytes(value.weight(MAX_WEIGHT))?;
        Ok(value)
    }

    pub(super) fn node(&mut self, at: Ix) -> Result<Value, Halt> {
        self.lent(at).map(Cow::into_owned)
    }

    /// A node's value, lent where it stands somewhere already: most operands do, and are only looked at.
    fn lent(&mut self, at: Ix) -> Result<Cow<'s, Value>, Halt> {
        self.spend(1)?;
        let expr = self.expr;
        let Some(node) = expr.node(at) else { return Err(fail("a damaged expression")) };
        match &node.kind {
            Kind::Value(value) => Ok(Cow::Borrowed(value)),
            Kind::Name(name) => match self.scope.name(name) {
                Some(value) => Ok(value),
                None => Err(fail(format!("there is no `{name}` here"))),
            },
            Kind::Param(slot) => match self.parameters.get(usize::from(*slot)) {
                Some(value) => Ok(Cow::Owned(value.clone())),
                None => Err(fail("a damaged expression")),
            },
            Kind::Step(step) => self.step(step, false),
            Kind::Path(base, parts) => self.path(*base, parts),
            Kind::List(items) => {
                let items: Vec<Value> =
                    items.iter().map(|item| self.node(*item)).collect::<Result<_, _>>()?;
                Ok(Cow::Owned(Value::list(items)))
            }
            Kind::Object(entries) => {
                let mut object = Object::with_capacity(entries.len());
                for (key, item) in entries {
                    object.insert(key.clone(), self.node(*item)?);
                }
                Ok(Cow::Owned(Value::Object(Arc::new(object))))
            }
            Kind::Negate(of) => {
                let value = self.operand(*of)?;
                operate::negate(&value).map(Cow::Owned).map_err(|message| self.told(at, message))
            }
            Kind::Not(of) => Ok(Cow::Owned(Value::Bool(!self.condition(*of)?))),
            Kind::Chain(first, rest) => self.chain(at, *first, rest),
            Kind::Choose(condition, then, otherwise) => {
                let branch = if self.condition(*condition)? { then } else { otherwise };
                self.lent(*branch)
            }
            Kind::Call(function, arguments) => self.call(at, *function, arguments).map(Cow::Owned),
            Kind::Lambda(..) => Err(fail("a lambda is no value")),
        }
    }

    /// A node's value, loaded where it is a reference.
    fn operand(&mut self, at: Ix) -> Result<Cow<'s, Value>, Halt> {
        // The outcome is handed on as it came: to take it apart and put it together again costs more than the rest.
        match self.lent(at) {
            Ok(value) if matches!(*value, Value::Big(_)) => self.at_hand(value),
            outcome => outcome,
        }
    }

    /// The same, to keep.
    fn value(&mut self, at: Ix) -> Result<Value, Halt> {
        self.operand(at).map(Cow::into_owned)
    }

    #[cold]
    fn at_hand<'v>(&self, value: Cow<'v, Value>) -> Result<Cow<'v, Value>, Halt> {
        self.loaded(value.into_owned()).map(Cow::Owned)
    }

    #[inline(never)]
    fn condition(&mut self, at: Ix) -> Result<bool, Halt> {
        let value = self.operand(at)?;
        condition(self.expr, at, &value)
    }

    fn step(&mut self, step: &StepName, soft: bool) -> Result<Cow<'s, Value>, Halt> {
        match step.root {
            Root::Errors => Ok(Cow::Owned(self.scope.error(&step.name))),
            Root::Meta => Ok(Cow::Owned(self.scope.meta(&step.name))),
            Root::Steps => match self.scope.step(&step.name) {
                Seen::Value(value) => Ok(value),
                Seen::Absent if soft || self.soft > 0 => Ok(Cow::Owned(Value::Null)),
                Seen::Absent => Err(Halt::Skip { step: step.name.to_string() }),
            },
        }
    }

    #[inline(never)]
    fn path(&mut self, base: Ix, parts: &[Part]) -> Result<Cow<'s, Value>, Halt> {
        let mut value = match self.expr.node(base).map(|node| &node.kind) {
            Some(Kind::Step(step)) => {
                let soft = matches!(parts.first(), Some(Part::SoftField(..) | Part::SoftIndex(_)));
                let value = self.step(step, soft)?;
                // `errors.a` and `meta.a` are null where there is nothing to tell, and that is well.
                if value.is_null() && step.root != Root::Steps {
                    return Ok(value);
                }
                value
            }
            _ => self.lent(base)?,
        };
        for (done, part) in parts.iter().enumerate() {
            self.spend(1)?;
            value = match self.part(value, part).map_err(|fault| match fault {
                Fault::Halt(halt) => halt,
                Fault::Message(message) => {
                    fail(format!("{message} in `{}`", self.expr.beginning(base, parts, done)))
                }
            })? {
                Reached::Value(value) => value,
                Reached::Ends => return Ok(Cow::Owned(Value::Null)),
            };
        }
        Ok(value)
    }

    fn part<'v>(&mut self, value: Cow<'v, Value>, part: &Part) -> Result<Reached<'v>, Fault> {
        let soft = matches!(part, Part::SoftField(..) | Part::SoftIndex(_));
        let lenient = soft || self.soft > 0;
        if value.is_null() && lenient {
            return Ok(Reached::Ends);
        }
        let value = match *value {
            Value::Big(_) => self.at_hand(value).map_err(Fault::Halt)?,
            _ => value,
        };
        let index = match part {
            Part::Field(..) | Part::SoftField(..) => None,
            Part::Index(at) | Part::SoftIndex(at) => Some(self.operand(*at).map_err(Fault::Halt)?),
        };
        let found = match &value {
            Cow::Borrowed(value) => inner(value, part, index.as_deref()),
            Cow::Owned(value) => inner(value, part, index.as_deref())
                .map(|found| found.map(|found| Cow::Owned(found.into_owned()))),
        };
        match found.map_err(Fault::Message)? {
            Some(found) if soft && found.is_null() => Ok(Reached::Ends),
            Some(found) => Ok(Reached::Value(found)),
            None if lenient => Ok(Reached::Ends),
            None => Err(Fault::Message(operate::missing(&value, part_name(part)))),
        }
    }

    #[inline(never)]
    fn chain(&mut self, at: Ix, first: Ix, rest: &[(Operator, Ix)]) -> Result<Cow<'s, Value>, Halt> {
        match rest.first().map(|(operator, _)| operator.level()) {
            Some(Level::Coalesce) => self.coalesce(first, rest),
            Some(Level::And) => self.logic(first, rest, false),
            Some(Level::Or) => self.logic(first, rest, true),
            _ => {
                let mut left = self.operand(first)?;
                for (operator, item) in rest {
                    // A constant is looked at where it stands.
                    let computed;
                    let right = match self.expr.node(*item).map(|node| &node.kind) {
                        Some(Kind::Value(constant)) => {
                            self.spend(1)?;
                            constant
                        }
                        _ => {
                            computed = self.operand(*item)?;
                            &*computed
                        }
                    };
                    self.apply(at, &mut left, *operator, right)?;
                }
                Ok(left)
            }
        }
    }

    /// Puts what the operator gives in the place of its left operand.
    #[inline(never)]
    fn apply(
        &mut self,
        at: Ix,
        left: &mut Cow<'_, Value>,
        operator: Operator,
        right: &Value,
    ) -> Result<(), Halt> {
        let result = match operator {
            Operator::Equal => Ok(Value::Bool(self.equal(left, right)?)),
            Operator::Unequal => Ok(Value::Bool(!self.equal(left, right)?)),
            Operator::In | Operator::NotIn => {
                let found = self.contains(right, left).map_err(|message| match message {
                    Fault::Halt(halt) => halt,
                    Fault::Message(message) => self.told(at, message),
                })?;
                Ok(Value::Bool(found == (operator == Operator::In)))
            }
            Operator::Less | Operator::AtMost | Operator::More | Operator::AtLeast => {
                operate::ordered(left, right).map(|order| {
                    Value::Bool(match operator {
                        Operator::Less => order.is_lt(),
                        Operator::AtMost => order.is_le(),
                        Operator::More => order.is_gt(),
                        _ => order.is_ge(),
                    })
                })
            }
            Operator::Add => {
                self.spend_bytes(operate::joined_length(left, right))?;
                operate::add(std::mem::take(left), right)
            }
            Operator::Subtract => operate::subtract(left, right),
            Operator::Multiply | Operator::Divide | Operator::Remainder => {
                operate::multiply(left, operator, right)
            }
            Operator::Coalesce | Operator::And | Operator::Or => Err("a damaged expression".into()),
        };
        match result {
            Ok(value) => {
                *left = Cow::Owned(value);
                Ok(())
            }
            Err(message) => Err(self.told(at, message)),
        }
    }

    fn coalesce(&mut self, first: Ix, rest: &[(Operator, Ix)]) -> Result<Cow<'s, Value>, Halt> {
        let mut at = first;
        for (_, next) in rest {
            self.soft += 1;
            let value = self.lent(at);
            self.soft -= 1;
            let value = value?;
            if !value.is_null() {
                return Ok(value);
            }
            at = *next;
        }
        self.lent(at)
    }

    /// A row of `and` (ends at the first false) or of `or` (ends at the first true).
    #[inline(never)]
    fn logic(&mut self, first: Ix, rest: &[(Operator, Ix)], ends: bool) -> Result<Cow<'s, Value>, Halt> {
        for at in std::iter::once(first).chain(rest.iter().map(|(_, at)| *at)) {
            if self.condition(at)? == ends {
                return Ok(Cow::Owned(Value::Bool(ends)));
            }
        }
        Ok(Cow::Owned(Value::Bool(!ends)))
    }

    /// Compares as `==` does, and takes from the budget for what it looks at.
    pub(super) fn equal(&mut self, a: &Value, b: &Value) -> Result<bool, Halt> {
        match (a, b) {
            (Value::Big(a), Value::Big(b)) => Ok(a.hash == b.hash),
            (Value::Big(_), other) | (other, Value::Big(_)) => {
                let big = if matches!(a, Value::Big(_)) { a } else { b };
                let loaded = self.loaded(big.clone())?;
                self.equal(&loaded, other)
            }
            (Value::Text(a), Value::Text(b)) => {
                self.spend_bytes(a.len().min(b.len()))?;
                Ok(a == b)
            }
            (Value::File(a), Value::File(b)) => {
                if let (Some(a), Some(b)) = (a.bytes(), b.bytes()) {
                    self.spend_bytes(a.len().min(b.len()))?;
                }
                Ok(a == b)
            }
            (Value::List(a), Value::List(b)) => {
                if Arc::ptr_eq(a, b) {
                    return Ok(true);
                }
                if a.len() != b.len() {
                    return Ok(false);
                }
                for (a, b) in a.iter().zip(b.iter()) {
                    self.spend(1)?;
                    if !self.equal(a, b)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            (Value::Object(a), Value::Object(b)) => {
                if Arc::ptr_eq(a, b) {
                    return Ok(true);
                }
                if a.len() != b.len() {
                    return Ok(false);
                }
                for (key, a) in a.iter() {
                    self.spend(1)?;
                    match b.get(key) {
                        Some(b) if self.equal(a, b)? => {}
                        _ => return Ok(false),
                    }
                }
                Ok(true)
            }
            _ => Ok(a == b),
        }
    }

    /// True if a list has an item, an object a key, a text a part.
    pub(super) fn contains(&mut self, whole: &Value, part: &Value) -> Result<bool, Fault> {
        match (whole, part) {
            (Value::List(items), _) => {
                for item in items.iter() {
                    self.spend(1).map_err(Fault::Halt)?;
                    if self.equal(item, part).map_err(Fault::Halt)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            (Value::Object(entries), Value::Text(key)) => Ok(entries.contains_key(key)),
            (Value::Text(whole), Value::Text(part)) => {
                self.spend_bytes(whole.len()).map_err(Fault::Halt)?;
                Ok(whole.contains(&**part))
            }
            (Value::Object(_), _) => Err(Fault::Message(format!("a key is a text, found {}", named(part)))),
            (Value::Text(_), _) => {
                Err(Fault::Message(format!("a part of a text is a text, found {}", named(part))))
            }
            _ => Err(Fault::Message(format!(
                "nothing is in {}: a list, an object or a text is wanted",
                named(whole)
            ))),
        }
    }

    fn call(&mut self, at: Ix, function: FunctionRef, arguments: &[Ix]) -> Result<Value, Halt> {
        let function = function.0;
        let mut given = Vec::with_capacity(arguments.len());
        for argument in arguments {
            given.push(match self.expr.node(*argument).map(|node| &node.kind) {
                Some(Kind::Lambda(count, body)) => Given::Lambda(*count, *body),
                _ => Given::Value(self.value(*argument)?),
            });
        }
        let mut call =
            Call { machine: self, at, name: function.name, parameters: function.parameters, given };
        (function.body)(&mut call)
    }

    /// A failure that quotes a part of the expression.
    pub(super) fn told(&self, at: Ix, message: impl AsRef<str>) -> Halt {
        fail(format!("{} in `{}`", message.as_ref(), self.expr.quote(at)))
    }
}

/// What stands in a value at a part of a path.
fn inner<'v>(value: &'v Value, part: &Part, index: Option<&Value>) -> Result<Option<Cow<'v, Value>>, String> {
    match (part, index) {
        (Part::Field(name, _) | Part::SoftField(name, _), _) => operate::field(value, name),
        (Part::Index(_) | Part::SoftIndex(_), index) => {
            Ok(operate::index(value, index.unwrap_or(&Value::Null))?.map(Cow::Borrowed))
        }
    }
}

fn part_name(part: &Part) -> Option<&str> {
    match part {
        Part::Field(name, _) | Part::SoftField(name, _) => Some(name),
        Part::Index(_) | Part::SoftIndex(_) => None,
    }
}
