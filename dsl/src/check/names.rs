//! Finds what every name stands for: steps, inputs, loop variables. Unknown ones get "did you mean".

use std::collections::BTreeMap;

use crate::ast::{Arg, Block, Op, Part, Step};
use crate::check::braces;
use crate::check::scope::{self, Edge, Frame};
use crate::check::{Checking, Resolved};
use crate::codes::Code;
use crate::diagnostic::{Diagnostic, nearest};
use crate::expr::{Name, Read, Root};
use crate::fields::listed;
use crate::habits;
use crate::span::{Span, Spanned};
use crate::workflow::{NeedKind, Phase};

/// Names that can be read bare everywhere.
const ROOTS: &[&str] = &["errors", "inputs", "meta", "run", "steps", "trigger"];

/// Resolves all names.
pub fn check(checking: &mut Checking<'_>) {
    let ast = checking.ast;
    let mut walk = Walk {
        inputs: ast.inputs.iter().map(|input| input.field.name.as_str()).collect(),
        owners: BTreeMap::new(),
        frames: vec![],
        reading: vec![vec![]],
        within: vec![],
        at_end: false,
        resolved: Resolved { edges: vec![vec![]; ast.steps], read: vec![false; ast.steps] },
        diagnostics: vec![],
    };
    for step in &ast.root.steps {
        for inner in step.blocks() {
            inner.each(&mut |found| {
                walk.owners.entry(&found.name.value).or_insert(&step.name.value);
            });
        }
    }
    walk.block(&ast.root, vec![]);
    for trigger in &ast.triggers {
        walk.frames = vec![Frame::default()];
        trigger.inputs.iter().chain(&trigger.with).for_each(|(_, value)| walk.arg(value));
    }
    if let Some(key) = ast.concurrency.as_ref().and_then(|concurrency| concurrency.key.as_ref()) {
        walk.frames = vec![Frame::default()];
        walk.part(Part::Expr(key));
    }
    checking.resolved = walk.resolved;
    checking.diagnostics.extend(walk.diagnostics);
}

struct Walk<'a> {
    inputs: Vec<&'a str>,
    /// Inner steps by name, with the outermost block that they stand in.
    owners: BTreeMap<&'a str, &'a str>,
    frames: Vec<Frame<'a>>,
    /// What the steps around the place read, innermost last.
    reading: Vec<Vec<Edge>>,
    /// The names of the steps around the place.
    within: Vec<&'a str>,
    /// True while an `output` or `until` is looked at, which is evaluated when the block's steps have ended.
    at_end: bool,
    resolved: Resolved,
    diagnostics: Vec<Diagnostic>,
}

impl<'a> Walk<'a> {
    fn block(&mut self, block: &'a Block, bare: Vec<&'a str>) {
        self.open(&block.steps, bare);
        for step in &block.steps {
            if let Some(frame) = self.frames.last_mut() {
                frame.now = step.phase;
            }
            self.step(step);
        }
        self.end(|walk| block.output.iter().for_each(|output| walk.arg(output)));
        self.frames.pop();
    }

    /// Opens the frame of a block: names within it differ, and those that hide outer ones are reported.
    fn open(&mut self, steps: &'a [Step], bare: Vec<&'a str>) {
        let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
        for step in steps {
            let (name, span) = (&*step.name.value, step.name.span);
            if let Some(first) = seen.get(name) {
                let message = format!("the name `{name}` is taken by another step of this block");
                let wrong = Diagnostic::error(Code::DuplicateStep, span, message);
                self.diagnostics.push(wrong.label(*first, "first here"));
                continue;
            }
            seen.insert(name, span);
            if let Some((_, place)) = scope::find(&self.frames, name) {
                let message = format!("`{name}` hides a step of the same name outside of this block");
                let wrong = Diagnostic::warning(Code::Shadowed, span, message);
                self.diagnostics.push(wrong.label(place.span, "hidden in the block"));
            }
        }
        self.frames.push(Frame::new(steps, bare));
    }

    fn step(&mut self, step: &'a Step) {
        self.reading.push(vec![]);
        self.within.push(&step.name.value);
        if let Some(condition) = &step.condition {
            self.part(Part::Expr(condition));
        }
        step.after.iter().for_each(|name| self.after(name));
        match &step.op {
            None => {}
            Some(op @ (Op::Act(_) | Op::Child { .. } | Op::Set { .. } | Op::Wait(_) | Op::Fail { .. })) => {
                op.values().into_iter().for_each(|value| self.arg(value));
            }
            Some(Op::Each { items, name, body, .. }) => {
                self.arg(items);
                self.item(name);
                self.block(body, vec![&name.value, "index"]);
            }
            Some(Op::Repeat { rounds, until, body, .. }) => {
                self.arg(rounds);
                self.block(body, vec!["round", "last"]);
                if let Some(until) = until {
                    self.frames.push(Frame::new(&body.steps, vec!["round", "last"]));
                    self.end(|walk| walk.part(Part::Expr(until)));
                    self.frames.pop();
                }
            }
            Some(Op::Switch { on, cases, default, output }) => {
                self.arg(on);
                let blocks: Vec<&Block> = cases.iter().map(|(_, block)| block).chain(default).collect();
                let mut any = Frame::default();
                for block in blocks {
                    self.block(block, vec![]);
                    any.add(&block.steps);
                }
                self.frames.push(any);
                self.end(|walk| output.iter().for_each(|output| walk.arg(output)));
                self.frames.pop();
            }
            Some(Op::Try { body, .. }) => self.block(body, vec![]),
        }
        self.within.pop();
        let edges = self.reading.pop().unwrap_or_default();
        // What an inner step reads outside of its block, the block waits for: in order alone.
        let outward = edges.iter().filter(|edge| edge.up > 0);
        let outward = outward.map(|edge| Edge {
            up: edge.up - 1,
            own: false,
            kind: edge.kind.min(NeedKind::Soft),
            ..edge.clone()
        });
        if let Some(outer) = self.reading.last_mut() {
            outer.extend(outward);
        }
        self.resolved.edges[step.id] = edges;
    }

    fn item(&mut self, name: &Spanned<std::sync::Arc<str>>) {
        let hides = self.frames.iter().any(|frame| frame.bare.contains(&&*name.value));
        if self.inputs.contains(&&*name.value) {
            let message = format!("`{}` is the name of an input, and cannot name an item too", name.value);
            let wrong = Diagnostic::error(Code::Shadowed, name.span, message);
            self.diagnostics.push(wrong.help("choose another name with `as:`"));
        } else if hides {
            let message = format!("the item `{}` hides that of the loop around", name.value);
            let wrong = Diagnostic::warning(Code::Shadowed, name.span, message);
            self.diagnostics.push(wrong.help("give it another name with `as:`"));
        }
    }

    /// Looks at what is evaluated when the innermost block has ended.
    fn end(&mut self, look: impl FnOnce(&mut Walk<'a>)) {
        if let Some(frame) = self.frames.last_mut() {
            frame.now = Phase::Finally;
        }
        let before = std::mem::replace(&mut self.at_end, true);
        look(self);
        self.at_end = before;
    }

    fn arg(&mut self, arg: &'a Arg) {
        let known_step = |name: &str| scope::find(&self.frames, name).is_some();
        self.diagnostics.extend(braces::missing(arg, &known_step, &|name| self.inputs.contains(&name)));
        arg.each(&mut |part| self.part(part));
    }

    fn part(&mut self, part: Part<'a>) {
        let (mut reads, mut names) = (vec![], vec![]);
        match part {
            Part::Expr(expr) => expr.mentions(&mut reads, &mut names),
            Part::Text(template) => template.mentions(&mut reads, &mut names),
        }
        reads.iter().for_each(|read| self.read(read));
        names.iter().for_each(|name| self.bare(name, part));
        match part {
            Part::Expr(expr) => self.diagnostics.extend(expr.warnings()),
            Part::Text(template) => {
                template.each_expr(&mut |expr, _, _| self.diagnostics.extend(expr.warnings()));
            }
        }
    }

    /// A bare name, with the field that is read of it.
    fn bare(&mut self, (name, span, field): &Name, part: Part<'_>) {
        let name = &**name;
        if name == "inputs" {
            if let Some((field, span)) = field {
                self.input(field, *span);
            }
            return;
        }
        let in_catch = self.frames.iter().any(|frame| frame.now == Phase::Catch);
        let looped = self.frames.iter().any(|frame| frame.bare.contains(&name));
        let known = ROOTS.contains(&name) || looped || (name == "error" && in_catch);
        if !known {
            match habits::foreign_name(name, *span, field.as_ref()) {
                Some(wrong) if scope::find(&self.frames, name).is_none() => self.diagnostics.push(wrong),
                _ => self.unknown_name(name, *span, part),
            }
        }
    }

    fn input(&mut self, name: &str, span: Span) {
        if self.inputs.contains(&name) {
            return;
        }
        let wrong =
            Diagnostic::error(Code::UnknownInput, span, format!("the workflow has no input `{name}`"));
        self.diagnostics.push(match nearest(name, self.inputs.iter().copied()) {
            Some(near) => {
                wrong.help(format!("did you mean `{near}`?")).fix(format!("write `{near}`"), span, near)
            }
            None if self.inputs.is_empty() => {
                wrong.help(format!("declare it: `inputs: {{ {name}: string }}`"))
            }
            None => wrong.help(format!("its inputs are {}", listed(&self.inputs))),
        });
    }

    /// The name may be a field of the item of an `{{#each}}` around it.
    fn unknown_name(&mut self, name: &str, span: Span, part: Part<'_>) {
        let item = match part {
            Part::Text(template) => template.item_at(span),
            Part::Expr(_) => None,
        };
        let wrong = Diagnostic::error(Code::UnknownName, span, format!("there is no name `{name}` here"));
        let text = |text: &str| (format!("write `{text}`"), text.to_owned());
        let fixed = if let Some((_, place)) = scope::find(&self.frames, name) {
            for id in place.ids.clone() {
                self.resolved.read[id] = true;
            }
            Some(text(&format!("steps.{name}")))
        } else if self.inputs.contains(&name) {
            Some(text(&format!("inputs.{name}")))
        } else if let Some(item) = item {
            Some(text(&format!("{item}.{name}")))
        } else {
            match name {
                "yes" | "on" | "True" | "TRUE" => Some(text("true")),
                "no" | "off" | "False" | "FALSE" => Some(text("false")),
                "nil" | "none" | "None" | "undefined" => Some(text("null")),
                _ => None,
            }
        };
        let bare = self.frames.iter().flat_map(|frame| frame.bare.iter().copied());
        let near = nearest(name, bare.chain(ROOTS.iter().copied()));
        self.diagnostics.push(match (fixed, near) {
            (Some((title, text)), _) => wrong.help(title.clone()).fix(title, span, text),
            _ if name == "error" => wrong.help("`error` is known in `catch` and `on_failure`"),
            _ if matches!(name, "round" | "last") => wrong.help(format!("`{name}` is known in `repeat`")),
            _ if matches!(name, "item" | "index") => wrong.help(format!("`{name}` is known in `for_each`")),
            (None, Some(near)) => {
                wrong.help(format!("did you mean `{near}`?")).fix(format!("write `{near}`"), span, near)
            }
            (None, None) => wrong.help(format!("a text stands in quotes: `\"{name}\"`")),
        });
    }

    fn read(&mut self, read: &Read) {
        let plain = read.root == Root::Steps && !read.soft;
        let kind = if plain { NeedKind::Hard } else { NeedKind::Soft };
        self.need(&read.step, read.span, kind);
    }

    fn after(&mut self, name: &Spanned<String>) {
        self.need(&name.value, name.span, NeedKind::After);
    }

    /// Finds a step and notes that the innermost step needs it.
    fn need(&mut self, name: &str, span: Span, kind: NeedKind) {
        let Some((up, place)) = scope::find(&self.frames, name) else { return self.unknown_step(name, span) };
        for id in &place.ids {
            self.resolved.read[*id] = true;
        }
        let now = self.frames[self.frames.len() - 1 - up].now;
        if place.phase > now {
            let part = if place.phase == Phase::Finally { "`finally`" } else { "`catch` or `on_failure`" };
            let message = format!("`{name}` stands in {part}, which runs later");
            let wrong = Diagnostic::error(Code::LaterStep, span, message);
            self.diagnostics.push(wrong.label(place.span, "the step"));
            return;
        }
        // A step of an earlier part may have failed or never started, and is null then.
        let kind = if place.phase < now { kind.min(NeedKind::Soft) } else { kind };
        let mut edge = Edge { up, index: place.index, id: place.ids[0], kind, span, own: true };
        if self.at_end {
            if up == 0 {
                return;
            }
            edge = Edge { up: up - 1, own: false, kind: kind.min(NeedKind::Soft), ..edge };
        }
        if let Some(reading) = self.reading.last_mut() {
            reading.push(edge);
        }
    }

    fn unknown_step(&mut self, name: &str, span: Span) {
        let visible = self.frames.iter().flat_map(|frame| frame.steps.keys().copied());
        let visible: Vec<&str> = visible.filter(|name| !self.within.contains(name)).collect();
        let wrong = Diagnostic::error(Code::UnknownStep, span, format!("no step is called `{name}`"));
        let hidden = self.owners.get(name);
        if let Some(near) = nearest(name, visible.iter().copied()).filter(|_| hidden.is_none()) {
            let near = near.to_owned();
            if let Some((_, place)) = scope::find(&self.frames, &near) {
                for id in place.ids.clone() {
                    self.resolved.read[id] = true;
                }
            }
            let fixed =
                wrong.help(format!("did you mean `{near}`?")).fix(format!("write `{near}`"), span, near);
            self.diagnostics.push(fixed);
        } else if let Some(owner) = hidden {
            if let Some((_, place)) = scope::find(&self.frames, owner) {
                place.ids.iter().for_each(|id| self.resolved.read[*id] = true);
            }
            let message = format!("the step `{name}` is inside of `{owner}` and cannot be seen from here");
            let wrong = Diagnostic::error(Code::HiddenStep, span, message);
            let help = format!("read `steps.{owner}`, and let its `output:` give what is needed");
            self.diagnostics.push(wrong.help(help));
        } else {
            let wrong = match visible.len() {
                0 => wrong,
                1..=8 => wrong.help(format!("steps that can be read here: {}", listed(&visible))),
                _ => wrong,
            };
            self.diagnostics.push(wrong);
        }
    }
}
