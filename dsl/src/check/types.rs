//! The types of all values of a workflow: step by step in the order in which they run, so that whoever reads
//! a step knows what it gives. What is wrong within an expression is reported here.

mod order;
mod roots;
mod values;

use std::collections::{BTreeMap, BTreeSet};

use crate::ast::{Arg, ArgKind, Block, Op, Step, Trigger};
use crate::check::scope::{Frame, Place as StepPlace};
use crate::check::{Checking, outside};
use crate::diagnostic::Diagnostic;
use crate::expr::types::{
    Absence, Doubtful, Facts, Inferred, Known, Manner, Place, Types, infer, infer_condition,
};
use crate::expr::{Expr, Root};
use crate::types::Type;
use crate::value::Value;
use crate::workflow::{ASK, OnError, Phase};

use roots::Roots;
pub use values::Typed;

/// A read of a step that may have given nothing, by the step with this id.
#[derive(Clone, Debug)]
pub struct DoubtfulRead {
    /// The id of the reader.
    pub reader: usize,
    /// The id of what is read.
    pub target: usize,
    /// The read.
    pub read: Doubtful,
}

/// Finds the types of everything.
pub fn check(checking: &mut Checking<'_>) {
    let ast = checking.ast;
    let mut walk = Walk {
        checking,
        roots: Roots::new(ast, checking.catalog),
        levels: vec![],
        facts: Facts::default(),
        typed: Typed::new(ast.steps),
        asking: BTreeSet::new(),
        reader: None,
        skips: Skips::Never,
        found: vec![],
    };
    walk.block(&ast.root, vec![], None);
    walk.levels.push(Level::default());
    for trigger in &ast.triggers {
        walk.trigger(trigger);
    }
    let (typed, found) = (walk.typed, walk.found);
    checking.typed = typed;
    checking.diagnostics.extend(found);
}

struct Walk<'a, 'c> {
    checking: &'c Checking<'a>,
    roots: Roots,
    levels: Vec<Level<'a>>,
    /// What the conditions around the place say.
    facts: Facts,
    typed: Typed,
    /// The ids of the steps that ask a model.
    asking: BTreeSet<usize>,
    /// The step whose own values are looked at; nothing at the end of a block.
    reader: Option<usize>,
    /// Whether a plain read since this was last asked may find nothing.
    skips: Skips,
    found: Vec<Diagnostic>,
}

/// Whether a plain read may find nothing, so that what reads is skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Skips {
    Never,
    Possible,
}

/// A block around the place that is looked at.
#[derive(Default)]
struct Level<'a> {
    frame: Frame<'a>,
    /// Loop variables and what else the block brings.
    bare: Vec<(&'a str, Type)>,
    /// In the `output` of a `switch`: what each name gives in whichever case, and how many cases there are.
    cases: Option<(BTreeMap<&'a str, Type>, usize)>,
}

impl<'a> Walk<'a, '_> {
    /// Looks at a block; gives the type of its value.
    fn block(&mut self, block: &'a Block, bare: Vec<(&'a str, Type)>, until: Option<&'a Expr>) -> Type {
        let facts = self.facts.clone();
        let (reader, skips) = (self.reader, self.skips);
        block.steps.iter().for_each(|step| self.hide(&step.name.value));
        bare.iter().for_each(|(name, _)| self.facts.forget(name));
        self.levels.push(Level { frame: Frame::new(&block.steps, vec![]), bare, cases: None });
        for index in order::of(block, &self.checking.resolved) {
            let Some(step) = block.steps.get(index) else { continue };
            self.now(step.phase);
            self.step(step);
        }
        self.now(Phase::Finally);
        self.reader = None;
        let ty = match &block.output {
            Some(output) => self.output(output),
            None => self.map(block),
        };
        if let Some(until) = until {
            self.condition(until, "until");
        }
        self.levels.pop();
        (self.facts, self.reader, self.skips) = (facts, reader, skips);
        ty
    }

    fn now(&mut self, phase: Phase) {
        if let Some(level) = self.levels.last_mut() {
            level.frame.now = phase;
        }
    }

    /// Forgets what is known of steps of this name: another one is meant from here on.
    fn hide(&mut self, name: &str) {
        if !self.facts.is_empty() {
            for root in [Root::Steps, Root::Errors, Root::Meta] {
                self.facts.forget(&format!("{}.{name}", root.name()));
            }
        }
    }

    /// The type of an `output`: null as a whole where it reads plainly what gave nothing.
    fn output(&mut self, output: &'a Arg) -> Type {
        self.skips = Skips::Never;
        self.arg(output);
        let ty = values::widened(self.typed.of_arg(output));
        match self.skips {
            Skips::Never => ty,
            Skips::Possible => ty.or_null(),
        }
    }

    /// The values of a block's steps by their names.
    fn map(&self, block: &Block) -> Type {
        let catches = block.steps.iter().any(|step| step.phase == Phase::Catch);
        let field = |step: &'_ Step| {
            let partly = catches && step.phase != Phase::Finally;
            let never = self.typed.absence[step.id] == Absence::Never && !partly;
            let ty = self.typed.steps[step.id].clone();
            if never { ty } else { ty.or_null() }
        };
        Type::object(block.steps.iter().map(|step| (&*step.name.value, field(step))))
    }

    fn step(&mut self, step: &'a Step) {
        let facts = self.facts.clone();
        self.reader = Some(step.id);
        self.skips = Skips::Never;
        if let Some(condition) = &step.condition {
            self.condition(condition, "if");
            self.facts.learn_all(condition, true);
        }
        let ty = step.op.as_ref().map_or(Type::Any, |op| self.op(step, op));
        self.typed.steps[step.id] = values::bounded(ty);
        let each = matches!(step.op, Some(Op::Each { .. }));
        self.typed.absence[step.id] = match (step.on_error.value, self.skips) {
            // A `for_each` gives its list, whatever became of its items.
            (OnError::Continue, skips) if !each => match skips {
                Skips::Never if step.condition.is_none() => Absence::Continued,
                Skips::Never | Skips::Possible => Absence::Either,
            },
            (_, Skips::Never) if step.condition.is_none() => Absence::Never,
            _ => Absence::Skipped,
        };
        self.facts = facts;
    }

    fn op(&mut self, step: &'a Step, op: &'a Op) -> Type {
        match op {
            Op::Act(act) => {
                act.args.iter().for_each(|(_, value)| self.arg(value));
                let gives = values::of_act(act, self.checking.catalog);
                if act.action.value == ASK {
                    self.asking.insert(step.id);
                }
                if let Some(check) = &act.check {
                    self.check(check, gives.clone());
                }
                gives
            }
            Op::Set { value } => {
                self.arg(value);
                values::widened(self.typed.of_arg(value))
            }
            Op::Wait(wait) => {
                op.values().into_iter().for_each(|value| self.arg(value));
                outside::of_wait(wait)
            }
            Op::Child { workflow, inputs } => {
                inputs.iter().for_each(|(_, value)| self.arg(value));
                outside::of_child(&workflow.value, self.checking.catalog)
            }
            Op::Fail { message } => {
                self.arg(message);
                Type::Any
            }
            Op::Each { items, name, body, .. } => {
                self.arg(items);
                let item = values::items(&self.typed.of_arg(items));
                let bare = vec![(&*name.value, item), ("index", Type::Integer)];
                let ty = self.block(body, bare, None);
                Type::list(match step.on_error.value {
                    OnError::Fail => ty,
                    OnError::Continue => ty.or_null(),
                    OnError::Collect => ty.or(Type::object([("error", self.roots.error.clone())])),
                })
            }
            Op::Repeat { rounds, until, body, .. } => {
                self.arg(rounds);
                let bare = vec![("round", Type::Integer), ("last", Type::Any)];
                self.block(body, bare, until.as_ref())
            }
            Op::Switch { on, cases, default, output } => {
                self.arg(on);
                self.switch(on, cases, default.as_ref(), output.as_ref())
            }
            Op::Try { body, .. } => self.block(body, vec![], None),
        }
    }

    fn switch(
        &mut self,
        on: &'a Arg,
        cases: &'a [(crate::span::Spanned<Value>, Block)],
        default: Option<&'a Block>,
        output: Option<&'a Arg>,
    ) -> Type {
        let mut ty = Type::NEVER;
        let facts = self.facts.clone();
        for (key, block) in cases {
            if let (ArgKind::Expr(expr), Value::Bool(holds)) = (&on.kind, &key.value) {
                self.facts.learn_all(expr, *holds);
            }
            ty = ty.or(self.block(block, vec![], None));
            self.facts = facts.clone();
        }
        if let Some(block) = default {
            ty = ty.or(self.block(block, vec![], None));
        }
        let all = default.is_some()
            || values::exhausted(&self.typed.of_arg(on), cases.iter().map(|(key, _)| &key.value));
        if let Some(output) = output {
            ty = self.output_of_cases(cases.iter().map(|(_, block)| block).chain(default), output);
        }
        if all { ty } else { ty.or_null() }
    }

    fn output_of_cases(&mut self, blocks: impl Iterator<Item = &'a Block>, output: &'a Arg) -> Type {
        let mut level = Level::default();
        let mut types: BTreeMap<&'a str, Type> = BTreeMap::new();
        let mut count = 0;
        for block in blocks {
            level.frame.add(&block.steps);
            count += 1;
            for step in &block.steps {
                let known = types.remove(&*step.name.value).unwrap_or(Type::NEVER);
                types.insert(&step.name.value, known.or(self.typed.steps[step.id].clone()));
            }
        }
        level.frame.now = Phase::Finally;
        level.cases = Some((types, count));
        let facts = self.facts.clone();
        level.frame.steps.keys().for_each(|name| self.hide(name));
        let (reader, skips) = (self.reader.take(), self.skips);
        self.levels.push(level);
        let ty = self.output(output);
        self.levels.pop();
        (self.facts, self.reader, self.skips) = (facts, reader, skips);
        ty
    }

    /// Looks at the values of a trigger, where it is the one that fired.
    fn trigger(&mut self, trigger: &'a Trigger) {
        let catalog = self.checking.catalog;
        self.roots.trigger = outside::of_fired(trigger, catalog);
        trigger.with.iter().chain(&trigger.inputs).for_each(|(_, value)| self.arg(value));
        if let Some(filter) = &trigger.filter {
            let bare = vec![("event", outside::of_event(trigger, catalog))];
            self.levels.push(Level { bare, ..Level::default() });
            self.condition(filter, "filter");
            self.levels.pop();
        }
    }

    /// Looks at a value with holes, and notes the types of its expressions.
    fn arg(&mut self, arg: &'a Arg) {
        match &arg.kind {
            ArgKind::Value(_) | ArgKind::Wrong => {}
            ArgKind::Expr(expr) => {
                let inferred = infer(expr, &self.place());
                let ty = self.take(inferred);
                self.typed.note(expr, ty);
            }
            ArgKind::Text(template) => {
                let inferred = template.infer(&self.place());
                self.take(inferred);
            }
            ArgKind::List(items) => items.iter().for_each(|item| self.arg(item)),
            ArgKind::Object(entries) => entries.iter().for_each(|(_, value)| self.arg(value)),
        }
    }

    /// A condition over the `value` that a step would give.
    fn check(&mut self, expr: &'a Expr, gives: Type) {
        self.levels.push(Level { bare: vec![("value", gives)], ..Level::default() });
        self.condition(expr, "check");
        self.levels.pop();
    }

    fn condition(&mut self, expr: &'a Expr, key: &str) {
        let inferred = infer_condition(expr, &self.place(), key);
        self.take(inferred);
    }

    fn place(&self) -> Place<'_> {
        Place {
            scope: self,
            locals: vec![],
            facts: self.facts.clone(),
            strictness: self.checking.strictness,
            watch: self.checking.watch,
        }
    }

    fn take(&mut self, inferred: Inferred) -> Type {
        self.found.extend(inferred.diagnostics);
        for read in inferred.doubtful {
            if read.manner == Manner::Plain {
                self.skips = Skips::Possible;
            }
            let target = self.find(&read.step).map(|(_, place)| place.ids[0]);
            if let (Some(reader), Some(target)) = (self.reader, target) {
                self.typed.doubtful.push(DoubtfulRead { reader, target, read });
            }
        }
        inferred.ty
    }

    fn find(&self, name: &str) -> Option<(&Level<'a>, &StepPlace)> {
        self.levels.iter().rev().find_map(|level| Some((level, level.frame.steps.get(name)?)))
    }
}

impl Types for Walk<'_, '_> {
    fn name(&self, name: &str) -> Option<&Type> {
        for level in self.levels.iter().rev() {
            if let Some((_, ty)) = level.bare.iter().find(|(known, _)| *known == name) {
                return Some(ty);
            }
            if name == "error" && level.frame.now == Phase::Catch {
                return Some(&self.roots.error);
            }
        }
        self.roots.name(name)
    }

    fn step(&self, root: Root, name: &str) -> Option<Known<'_>> {
        let (level, place) = self.find(name)?;
        let id = place.ids[0];
        let ty = match (root, &level.cases) {
            (Root::Errors, _) => &self.roots.failure,
            (Root::Meta, _) => {
                let asks = place.ids.iter().all(|id| self.asking.contains(id));
                match self.typed.absence[id] {
                    Absence::Never | Absence::Continued if asks => &self.roots.asked,
                    Absence::Never | Absence::Continued => &self.roots.meta,
                    Absence::Skipped | Absence::Either | Absence::Earlier if asks => {
                        &self.roots.asked_or_null
                    }
                    Absence::Skipped | Absence::Either | Absence::Earlier => &self.roots.meta_or_null,
                }
            }
            (Root::Steps, Some((types, _))) => types.get(name)?,
            (Root::Steps, None) => &self.typed.steps[id],
        };
        let absence = match &level.cases {
            _ if root != Root::Steps => Absence::Never,
            Some((_, count)) if place.ids.len() < *count => Absence::Skipped,
            Some(_) => {
                let absent = place.ids.iter().map(|id| self.typed.absence[*id]);
                absent.into_iter().find(|absence| *absence != Absence::Never).unwrap_or(Absence::Never)
            }
            None if place.phase < level.frame.now && self.reader.is_some() => Absence::Earlier,
            None if place.phase != Phase::Finally && catches(level) && self.reader.is_none() => {
                Absence::Earlier
            }
            None => self.typed.absence[id],
        };
        Some(Known { ty, absence })
    }
}

/// True for a block that has a part for failures, so that a step of its body may not have come to an end.
fn catches(level: &Level<'_>) -> bool {
    level.frame.now == Phase::Finally && level.frame.steps.values().any(|place| place.phase == Phase::Catch)
}
