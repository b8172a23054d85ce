//! Texts with blocks. Handlebars renders them, and this is the only file that knows it: it is given the bare
//! frame of blocks and holes by number, while every value, condition and piece of plain text is data, worked
//! out here by our own evaluator. So it never reads what an author or a service wrote.

use std::borrow::Cow;
use std::fmt::Write;
use std::sync::{Arc, LazyLock, OnceLock};

use handlebars::{Context, Handlebars, RenderContext, Renderable, no_escape};
use jiff::Timestamp;
use serde_json::{Map, Value as Json};

use crate::expr::eval::{self, Budget};
use crate::expr::fault;
use crate::expr::{Expr, Halt, Scope, Seen};
use crate::template::render::{piece, secret};
use crate::template::{Part, Template};
use crate::value::{Hash, Value};

/// The frame as Handlebars reads it, made when it is first needed.
#[derive(Clone, Default)]
pub struct Frame(OnceLock<Arc<handlebars::Template>>);

/// It follows from the parts, so that it makes no difference.
impl PartialEq for Frame {
    fn eq(&self, _: &Frame) -> bool {
        true
    }
}

impl std::fmt::Debug for Frame {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Frame")
    }
}

static HANDLEBARS: LazyLock<Handlebars<'static>> = LazyLock::new(|| {
    let mut handlebars = Handlebars::new();
    handlebars.register_escape_fn(no_escape);
    handlebars.set_strict_mode(true);
    handlebars
});

/// Renders a text that has blocks.
pub fn render(template: &Template, scope: &dyn Scope, budget: &mut Budget) -> Result<String, Halt> {
    let frame = match template.frame.0.get() {
        Some(frame) => frame.clone(),
        None => {
            let compiled = handlebars::Template::compile(&source(&template.parts))
                .map_err(|fault| fault::fail(format!("a damaged text: {fault}")))?;
            template.frame.0.get_or_init(|| Arc::new(compiled)).clone()
        }
    };
    let mut data = Map::new();
    let mut walk = Walk { parts: &template.parts, budget };
    walk.block(0, scope, &mut data)?;
    let context = Context::from(Json::Object(data));
    let rendered = frame.renders(&HANDLEBARS, &context, &mut RenderContext::new(None));
    rendered.map_err(|fault| fault::fail(format!("a damaged text: {fault}")))
}

/// The frame: `{{t0}}{{#if b2}}{{t3}}{{/if}}`, each part by its number. Texts and holes side by side are one.
fn source(parts: &[Part]) -> String {
    let mut source = String::new();
    let mut ends: Vec<&str> = vec![];
    let mut within_row = false;
    for (at, part) in parts.iter().enumerate() {
        let is_row = part.is_row();
        let continues = is_row && std::mem::replace(&mut within_row, is_row);
        within_row = is_row;
        let _ = match part {
            _ if continues => Ok(()),
            Part::Text(_) | Part::Hole(_) | Part::Encoded(_) => write!(source, "{{{{t{at}}}}}"),
            Part::Each(..) => {
                ends.push("{{/each}}");
                write!(source, "{{{{#each e{at}}}}}")
            }
            Part::If(_) | Part::Unless(_) | Part::With(..) => {
                ends.push("{{/if}}");
                write!(source, "{{{{#if b{at}}}}}")
            }
            // Arms stand side by side, and one of them at most is true: a long row of them does not nest.
            Part::ElseIf(_) | Part::Else => {
                source.push_str(ends.pop().unwrap_or_default());
                ends.push("{{/if}}");
                write!(source, "{{{{#if b{at}}}}}")
            }
            Part::End => write!(source, "{}", ends.pop().unwrap_or_default()),
        };
    }
    source
}

/// Works out the data of the frame.
struct Walk<'t, 'b> {
    parts: &'t [Part],
    budget: &'b mut Budget,
}

impl<'t> Walk<'t, '_> {
    /// Works out the parts from one on, up to the end or the next arm of their block; gives where that is.
    fn block(&mut self, from: usize, scope: &dyn Scope, data: &mut Map<String, Json>) -> Result<usize, Halt> {
        let parts = self.parts;
        let mut at = from;
        while let Some(part) = parts.get(at) {
            self.budget.spend(1)?;
            match part {
                Part::Text(_) | Part::Hole(_) | Part::Encoded(_) => at = self.row(at, scope, data)?,
                Part::If(expr) => {
                    let taken = self.condition(expr, scope)?;
                    at = self.arms(at, taken, scope, scope, data)?;
                }
                Part::Unless(expr) => {
                    let taken = !self.condition(expr, scope)?;
                    at = self.arms(at, taken, scope, scope, data)?;
                }
                Part::With(expr, names) => {
                    let value = self.budget.eval(expr, scope)?;
                    let layer = Layer { outer: scope, this: value.clone(), place: None, names };
                    at = self.arms(at, !value.is_null(), &layer, scope, data)?;
                }
                Part::Each(expr, names) => at = self.each(at, expr, names, scope, data)?,
                Part::ElseIf(_) | Part::Else | Part::End => return Ok(at),
            }
            at += 1;
        }
        Ok(at)
    }

    /// Texts and holes side by side; gives where the last of them is.
    fn row(&mut self, from: usize, scope: &dyn Scope, data: &mut Map<String, Json>) -> Result<usize, Halt> {
        let row = self.parts[from..].iter().take_while(|part| part.is_row());
        let (mut text, mut last) = (String::new(), from);
        for (offset, part) in row.enumerate() {
            let before = text.len();
            match part {
                Part::Hole(expr) => text.push_str(&self.hole(expr, false, scope)?),
                Part::Encoded(expr) => text.push_str(&self.hole(expr, true, scope)?),
                Part::Text(plain) => text.push_str(plain),
                _ => {}
            }
            self.budget.spend(1)?;
            self.budget.write(text.len() - before)?;
            last = from + offset;
        }
        data.insert(format!("t{from}"), text.into());
        Ok(last)
    }

    fn hole(&mut self, expr: &Expr, encode: bool, scope: &dyn Scope) -> Result<Arc<str>, Halt> {
        match piece(expr, encode, scope, self.budget)? {
            Value::Text(text) => Ok(text),
            _ => Err(secret(expr, "cannot stand in a text that has blocks")),
        }
    }

    fn condition(&mut self, expr: &Expr, scope: &dyn Scope) -> Result<bool, Halt> {
        let value = self.budget.eval(expr, scope)?;
        fault::condition(expr, expr.root(), &value)
    }

    /// The arms of a block, from its opening on: the first whose condition is true is worked out. Gives where its
    /// end is.
    fn arms(
        &mut self,
        from: usize,
        taken: bool,
        inner: &dyn Scope,
        scope: &dyn Scope,
        data: &mut Map<String, Json>,
    ) -> Result<usize, Halt> {
        data.insert(format!("b{from}"), taken.into());
        let arm = if taken { self.block(from + 1, inner, data)? } else { self.skip(from + 1) };
        self.further(arm, taken, scope, data)
    }

    /// The further arms of a block, after one that was taken or not.
    fn further(
        &mut self,
        mut at: usize,
        mut taken: bool,
        scope: &dyn Scope,
        data: &mut Map<String, Json>,
    ) -> Result<usize, Halt> {
        loop {
            let this = match self.parts.get(at) {
                Some(Part::ElseIf(expr)) => !taken && self.condition(expr, scope)?,
                Some(Part::Else) => !taken,
                _ => return Ok(at),
            };
            data.insert(format!("b{at}"), this.into());
            at = if this { self.block(at + 1, scope, data)? } else { self.skip(at + 1) };
            taken |= this;
        }
    }

    fn each(
        &mut self,
        from: usize,
        expr: &Expr,
        names: &[Arc<str>],
        scope: &dyn Scope,
        data: &mut Map<String, Json>,
    ) -> Result<usize, Halt> {
        let value = self.budget.eval(expr, scope)?;
        let items: Vec<(Value, Value)> = match eval::loaded(value, scope)? {
            Value::List(items) => (0..).map(Value::Int).zip(items.iter().cloned()).collect(),
            Value::Object(entries) => {
                entries.iter().map(|(key, item)| (Value::Text(key.clone()), item.clone())).collect()
            }
            other => {
                let hint = if other.is_null() { " (write `?? []` in it)" } else { "" };
                let quote = expr.quote(expr.root());
                let message =
                    format!("`#each` wants a list or an object, `{quote}` is {}{hint}", fault::named(&other));
                return Err(fault::fail(message));
            }
        };
        let mut rows = Vec::with_capacity(items.len());
        let empty = items.is_empty();
        for (index, (key, item)) in items.into_iter().enumerate() {
            // Each row is data of its own, which costs more than a step.
            self.budget.spend(50)?;
            let mut row = Map::new();
            let layer = Layer { outer: scope, this: item, place: Some((index, key)), names };
            self.block(from + 1, &layer, &mut row)?;
            rows.push(Json::Object(row));
        }
        data.insert(format!("e{from}"), Json::Array(rows));
        let arm = self.skip(from + 1);
        self.further(arm, !empty, scope, data)
    }

    /// Where the next arm or the end of the block around is.
    fn skip(&self, from: usize) -> usize {
        let mut depth = 0_usize;
        for (offset, part) in self.parts[from.min(self.parts.len())..].iter().enumerate() {
            match part {
                Part::If(_) | Part::Unless(_) | Part::Each(..) | Part::With(..) => depth += 1,
                Part::End | Part::ElseIf(_) | Part::Else if depth == 0 => return from + offset,
                Part::End => depth -= 1,
                Part::Text(_) | Part::Hole(_) | Part::Encoded(_) | Part::ElseIf(_) | Part::Else => {}
            }
        }
        self.parts.len()
    }
}

/// What a block adds to the scope around it.
struct Layer<'s> {
    outer: &'s dyn Scope,
    this: Value,
    /// In `#each`: the index, and the index or key as a value.
    place: Option<(usize, Value)>,
    /// The author's own names for the item, and for its index or key.
    names: &'s [Arc<str>],
}

impl Scope for Layer<'_> {
    fn name(&self, name: &str) -> Option<Cow<'_, Value>> {
        match (name, &self.place) {
            ("this", _) => Some(Cow::Borrowed(&self.this)),
            ("index", Some((index, _))) => i64::try_from(*index).ok().map(Value::Int).map(Cow::Owned),
            ("key", Some((_, key))) => Some(Cow::Borrowed(key)),
            _ if self.names.first().is_some_and(|first| **first == *name) => Some(Cow::Borrowed(&self.this)),
            (_, Some((_, key))) if self.names.get(1).is_some_and(|second| **second == *name) => {
                Some(Cow::Borrowed(key))
            }
            _ => self.outer.name(name),
        }
    }

    fn step(&self, name: &str) -> Seen<'_> {
        self.outer.step(name)
    }

    fn error(&self, name: &str) -> Value {
        self.outer.error(name)
    }

    fn meta(&self, name: &str) -> Value {
        self.outer.meta(name)
    }

    fn big(&self, hash: &Hash) -> Option<Value> {
        self.outer.big(hash)
    }

    fn now(&self) -> Timestamp {
        self.outer.now()
    }

    fn seed(&self) -> [u8; 32] {
        self.outer.seed()
    }
}
