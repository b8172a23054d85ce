//! All names of steps, inputs and items in a workflow, each with what it stands for.

use std::collections::{BTreeMap, BTreeSet};

use crate::ast::{Arg, Ast, Block, Op, Part, Step};
use crate::check::{self, Frame};
use crate::expr::ast::{Kind, Part as PathPart};
use crate::expr::{Expr, Root};
use crate::ide::holds;
use crate::span::Span;
use crate::value::Value;
use crate::workflow::Phase;

/// What a name stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A step, by id; several where the cases of a `switch` have steps of one name.
    Step(Vec<usize>),
    /// An input, by its place among the inputs.
    Input(usize),
    /// The item of the `for_each` with this id.
    Item(usize),
}

/// Whether a name is given or used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// Here it is given.
    Declared,
    /// Here it is used.
    Used,
}

/// A name in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Where it stands, quotes of a key included.
    pub span: Span,
    /// What it stands for.
    pub target: Target,
    /// Whether it is given or used.
    pub manner: Manner,
}

/// All names, in the order of the text.
pub fn links(ast: &Ast) -> Vec<Link> {
    let mut walk = Walk {
        inputs: ast.inputs.iter().enumerate().map(|(at, input)| (&*input.field.name, at)).collect(),
        steps: BTreeMap::new(),
        fields: BTreeMap::new(),
        frames: vec![],
        items: vec![],
        links: vec![],
    };
    ast.root.each(&mut |step| {
        walk.steps.insert(step.id, step);
        if !gives_output(step) {
            for inner in step.blocks().into_iter().flat_map(|block| &block.steps) {
                walk.fields.entry((step.id, &inner.name.value)).or_default().push(inner);
            }
        }
    });
    for (at, input) in ast.inputs.iter().enumerate() {
        walk.put(input.span, Target::Input(at), Manner::Declared);
    }
    walk.block(&ast.root);
    walk.frames = vec![Frame::default()];
    for trigger in &ast.triggers {
        trigger.inputs.iter().chain(&trigger.with).for_each(|(_, value)| walk.arg(value));
        for (name, _) in &trigger.inputs {
            walk.input(&name.value, name.span);
        }
    }
    if let Some(key) = ast.concurrency.as_ref().and_then(|concurrency| concurrency.key.as_ref()) {
        walk.part(Part::Expr(key));
    }
    let mut links = walk.links;
    links.sort_by_key(|link| link.span);
    // An alias reads the same text again.
    links.dedup();
    links
}

/// The name at a place.
pub fn at(links: &[Link], at: usize) -> Option<&Link> {
    links.iter().find(|link| holds(link.span, at))
}

/// All names for what one stands for, those of other cases of a `switch` included that are read together.
pub fn same<'l>(links: &'l [Link], target: &Target) -> Vec<&'l Link> {
    let mut ids: BTreeSet<usize> = match target {
        Target::Step(ids) => ids.iter().copied().collect(),
        Target::Input(_) | Target::Item(_) => BTreeSet::new(),
    };
    let known = |ids: &BTreeSet<usize>, link: &Link| match &link.target {
        Target::Step(others) => others.iter().any(|id| ids.contains(id)),
        Target::Input(_) | Target::Item(_) => link.target == *target,
    };
    loop {
        let found: Vec<&Link> = links.iter().filter(|link| known(&ids, link)).collect();
        let before = ids.len();
        for link in &found {
            match &link.target {
                Target::Step(others) => ids.extend(others),
                Target::Input(_) | Target::Item(_) => {}
            }
        }
        if ids.len() == before {
            return found;
        }
    }
}

struct Walk<'a> {
    inputs: BTreeMap<&'a str, usize>,
    steps: BTreeMap<usize, &'a Step>,
    /// The steps of blocks that are the fields of what these give, by the block's id and their names.
    fields: BTreeMap<(usize, &'a str), Vec<&'a Step>>,
    frames: Vec<Frame<'a>>,
    /// The items of the loops around, innermost last.
    items: Vec<(&'a str, usize)>,
    links: Vec<Link>,
}

impl<'a> Walk<'a> {
    fn put(&mut self, span: Span, target: Target, manner: Manner) {
        self.links.push(Link { span, target, manner });
    }

    fn block(&mut self, block: &'a Block) {
        self.frames.push(Frame::new(&block.steps, vec![]));
        for step in &block.steps {
            self.put(step.name.span, Target::Step(vec![step.id]), Manner::Declared);
            self.step(step);
        }
        block.output.iter().for_each(|output| self.arg(output));
        self.frames.pop();
    }

    fn step(&mut self, step: &'a Step) {
        if let Some(condition) = &step.condition {
            self.part(Part::Expr(condition));
        }
        step.after.iter().for_each(|name| self.used(&name.value, name.span));
        let Some(op) = &step.op else { return };
        op.values().into_iter().for_each(|value| self.arg(value));
        match op {
            Op::Act(_) | Op::Child { .. } | Op::Set { .. } | Op::Wait(_) | Op::Fail { .. } => {}
            Op::Each { name, body, .. } => {
                // Without `as`, the name stands nowhere.
                if name.span != step.verb {
                    self.put(name.span, Target::Item(step.id), Manner::Declared);
                }
                self.items.push((&name.value, step.id));
                self.block(body);
                self.items.pop();
            }
            Op::Repeat { until, body, .. } => {
                self.block(body);
                if let Some(until) = until {
                    self.frames.push(Frame::new(&body.steps, vec![]));
                    self.part(Part::Expr(until));
                    self.frames.pop();
                }
            }
            Op::Try { body, .. } => self.block(body),
            Op::Switch { cases, default, output, .. } => {
                let mut any = Frame { now: Phase::Finally, ..Frame::default() };
                for block in cases.iter().map(|(_, block)| block).chain(default) {
                    self.block(block);
                    any.add(&block.steps);
                }
                self.frames.push(any);
                output.iter().for_each(|output| self.arg(output));
                self.frames.pop();
            }
        }
    }

    fn arg(&mut self, arg: &'a Arg) {
        arg.each(&mut |part| self.part(part));
    }

    fn part(&mut self, part: Part<'a>) {
        match part {
            Part::Expr(expr) => self.expr(expr, &[]),
            Part::Text(template) => template.each_expr(&mut |expr, _, given| self.expr(expr, given)),
        }
    }

    /// Looks at an expression; `given` are the names that blocks of the text around it give.
    fn expr(&mut self, expr: &Expr, given: &[&str]) {
        for read in expr.reads() {
            self.used(&read.step, read.span);
        }
        for (name, span, field) in expr.names() {
            if given.contains(&&*name) {
                continue;
            }
            let item = self.items.iter().rev().find(|(known, _)| *known == &*name).map(|(_, id)| *id);
            match (item, field) {
                (Some(id), _) => self.put(span, Target::Item(id), Manner::Used),
                (None, Some((field, span))) if *name == *"inputs" => self.input(&field, span),
                (None, _) => {}
            }
        }
        for node in expr.nodes() {
            if let Kind::Path(base, parts) = &node.kind {
                self.path(expr, usize::from(*base), parts);
            }
        }
    }

    /// Names of steps that stand in a path as fields of what a block without `output` gives, and inputs in brackets.
    fn path(&mut self, expr: &Expr, base: usize, parts: &[PathPart]) {
        let mut steps: Vec<&'a Step> = match expr.nodes().get(base).map(|node| &node.kind) {
            Some(Kind::Step(step)) if step.root == Root::Steps => self.found(&step.name),
            Some(Kind::Name(name)) if **name == *"inputs" => {
                if let Some(PathPart::Index(at) | PathPart::SoftIndex(at)) = parts.first()
                    && let Some(node) = expr.nodes().get(usize::from(*at))
                    && let Kind::Value(Value::Text(name)) = &node.kind
                {
                    self.input(name, expr.place(node.span));
                }
                return;
            }
            _ => return,
        };
        for part in parts {
            let (name, at) = match part {
                PathPart::Field(name, at) | PathPart::SoftField(name, at) => (name, *at),
                PathPart::Index(_) | PathPart::SoftIndex(_) => continue,
            };
            let inner = steps.iter().flat_map(|step| self.fields.get(&(step.id, &**name))).flatten();
            let inner: Vec<&Step> = inner.copied().collect();
            if inner.is_empty() {
                return;
            }
            let ids = inner.iter().map(|inner| inner.id).collect();
            self.put(expr.place(at), Target::Step(ids), Manner::Used);
            steps = inner;
        }
    }

    fn found(&self, name: &str) -> Vec<&'a Step> {
        let place = check::find_step(&self.frames, name).map(|(_, place)| place);
        let ids = place.into_iter().flat_map(|place| &place.ids);
        ids.filter_map(|id| self.steps.get(id).copied()).collect()
    }

    fn used(&mut self, name: &str, span: Span) {
        let place = check::find_step(&self.frames, name).map(|(_, place)| place.ids.clone());
        if let Some(ids) = place {
            self.put(span, Target::Step(ids), Manner::Used);
        }
    }

    fn input(&mut self, name: &str, span: Span) {
        if let Some(at) = self.inputs.get(name) {
            self.put(span, Target::Input(*at), Manner::Used);
        }
    }
}

/// True for a block whose value its author says.
fn gives_output(step: &Step) -> bool {
    match &step.op {
        Some(Op::Each { body, .. } | Op::Repeat { body, .. } | Op::Try { body, .. }) => body.output.is_some(),
        Some(Op::Switch { output, .. }) => output.is_some(),
        Some(Op::Act(_) | Op::Child { .. } | Op::Set { .. } | Op::Wait(_) | Op::Fail { .. }) | None => true,
    }
}
