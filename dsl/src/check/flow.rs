//! Where a value goes: from the field of a step that holds it, by every read of it, through `set`, loops and
//! blocks, into the steps that use it.

use std::collections::BTreeSet;

use crate::ast::{Arg, ArgKind, Block, Op, Part, Step};
use crate::check::Checking;
use crate::expr::{Name, Root};
use crate::span::Span;
use crate::workflow::ASK;

/// A value that is followed: of which step, and which field of it, if not the whole.
pub type Holder = (usize, Option<String>);

/// One read on the way of a value.
#[derive(Clone, Debug, PartialEq)]
pub struct Passage {
    /// Where it is read.
    pub span: Span,
    /// The id of the step that reads it.
    pub reader: usize,
    /// Of whom it is read.
    pub from: Holder,
}

/// What can be followed in a workflow.
pub struct Flow<'a> {
    text: &'a str,
    steps: Vec<Option<&'a Step>>,
    /// The id of the block that a step stands in.
    blocks: Vec<Option<usize>>,
    /// The reads of a step, each with the id of its reader.
    readers: Vec<Vec<(Span, usize)>>,
    /// The bare names that a step reads itself.
    names: Vec<Vec<Name>>,
}

impl<'a> Flow<'a> {
    /// Gathers who reads whom.
    pub fn new(checking: &Checking<'a>) -> Flow<'a> {
        let count = checking.ast.steps;
        let mut flow = Flow {
            text: checking.text,
            steps: vec![None; count],
            blocks: vec![None; count],
            readers: vec![vec![]; count],
            names: vec![vec![]; count],
        };
        let root: &'a Block = &checking.ast.root;
        root.each(&mut |step| {
            flow.steps[step.id] = Some(step);
            for block in step.blocks() {
                block.steps.iter().for_each(|inner| flow.blocks[inner.id] = Some(step.id));
            }
            let values = step.op.iter().flat_map(Op::values);
            flow.names[step.id] = values.flat_map(names_of).collect();
        });
        for (reader, edges) in checking.resolved.edges.iter().enumerate() {
            for edge in edges.iter().filter(|edge| edge.own) {
                flow.readers[edge.id].push((edge.span, reader));
            }
        }
        flow
    }

    /// The step with this id.
    pub fn step(&self, id: usize) -> Option<&'a Step> {
        self.steps.get(id).copied().flatten()
    }

    /// The bare names that a step reads itself.
    pub fn names(&self, id: usize) -> &[Name] {
        self.names.get(id).map_or(&[], Vec::as_slice)
    }

    /// Every read of what these hold, those first that are reached first. Each value is followed once.
    pub fn spread(&self, sources: impl IntoIterator<Item = Holder>) -> Vec<Passage> {
        let mut queue: Vec<Holder> = sources.into_iter().collect();
        let mut known: BTreeSet<Holder> = queue.iter().cloned().collect();
        let mut passages = vec![];
        let mut at = 0;
        while let Some(holder) = queue.get(at).cloned() {
            at += 1;
            let mut next = self.outward(&holder);
            for (span, reader) in self.readers.get(holder.0).into_iter().flatten() {
                if takes(self.text, *span, holder.1.as_deref()) {
                    passages.push(Passage { span: *span, reader: *reader, from: holder.clone() });
                    next.extend(self.step(*reader).and_then(|step| holds(step, *span)));
                    for (span, inner) in self.items(*reader, *span) {
                        passages.push(Passage { span, reader: inner, from: holder.clone() });
                        next.extend(self.step(inner).and_then(|step| holds(step, span)));
                    }
                }
            }
            queue.extend(next.into_iter().filter(|holder| known.insert(holder.clone())));
        }
        passages
    }

    /// The reads of a loop's items, where its head reads at this place: what the head reads is in the items.
    fn items(&self, reader: usize, span: Span) -> Vec<(Span, usize)> {
        let Some(Op::Each { items, name, body, .. }) = self.step(reader).and_then(|step| step.op.as_ref())
        else {
            return vec![];
        };
        if !within(items.span, span) {
            return vec![];
        }
        let mut reads = vec![];
        body.each(&mut |inner| {
            let named = self.names(inner.id).iter().filter(|(known, _, _)| **known == *name.value);
            reads.extend(named.map(|(_, span, _)| (*span, inner.id)));
        });
        // An `output` that gives the item on makes the whole loop its reader.
        let output = body.output.iter().flat_map(names_of).filter(|(known, _, _)| **known == *name.value);
        reads.extend(output.map(|(_, span, _)| (span, reader)));
        reads
    }

    /// The block that gives on what a step in it holds.
    fn outward(&self, (id, field): &Holder) -> Vec<Holder> {
        let (Some(block), Some(step)) = (self.blocks.get(*id).copied().flatten(), self.step(*id)) else {
            return vec![];
        };
        let Some(owner) = self.step(block) else { return vec![] };
        let output = match &owner.op {
            Some(Op::Switch { output, .. }) => output.as_ref(),
            Some(Op::Each { body, .. } | Op::Repeat { body, .. } | Op::Try { body, .. }) => {
                body.output.as_ref()
            }
            Some(Op::Act(_) | Op::Child { .. } | Op::Set { .. } | Op::Wait(_) | Op::Fail { .. }) | None => {
                None
            }
        };
        let Some(output) = output else { return vec![(block, Some(step.name.value.to_string()))] };
        let mut found = vec![];
        output.each(&mut |part| {
            let reads = match part {
                Part::Expr(expr) => expr.reads(),
                Part::Text(template) => template.reads(),
            };
            let own =
                reads.into_iter().filter(|read| read.root == Root::Steps && *read.step == *step.name.value);
            for read in own.filter(|read| takes(self.text, read.span, field.as_deref())) {
                found.push((block, field_at(output, read.span)));
            }
        });
        found
    }
}

fn names_of(arg: &Arg) -> Vec<Name> {
    let mut names = vec![];
    arg.each(&mut |part| {
        names.extend(match part {
            Part::Expr(expr) => expr.names(),
            Part::Text(template) => template.names(),
        });
    });
    names
}

/// True if a read of a step takes this field of it, or the whole.
fn takes(text: &str, step: Span, field: Option<&str>) -> bool {
    let Some(field) = field else { return true };
    let rest = text.get(step.end as usize..).unwrap_or_default();
    let rest = rest.strip_prefix('?').filter(|rest| rest.starts_with('.')).unwrap_or(rest);
    match rest.strip_prefix('.') {
        Some(rest) => rest
            .strip_prefix(field)
            .is_some_and(|after| !after.starts_with(|char: char| char.is_alphanumeric() || char == '_')),
        None => true,
    }
}

/// What a step holds of what is read at this place: `set` gives it on, and so do the `output` of a loop, models and
/// other workflows.
pub fn holds(step: &Step, at: Span) -> Option<Holder> {
    match &step.op {
        Some(Op::Set { value }) if within(value.span, at) => Some((step.id, field_at(value, at))),
        Some(Op::Each { items, .. }) if !within(items.span, at) => Some((step.id, None)),
        Some(Op::Act(act)) if act.action.value == ASK => Some((step.id, None)),
        Some(Op::Child { .. }) => Some((step.id, None)),
        Some(
            Op::Act(_)
            | Op::Set { .. }
            | Op::Wait(_)
            | Op::Fail { .. }
            | Op::Each { .. }
            | Op::Repeat { .. }
            | Op::Switch { .. }
            | Op::Try { .. },
        )
        | None => None,
    }
}

/// The field of an object that a place stands in.
fn field_at(value: &Arg, at: Span) -> Option<String> {
    let ArgKind::Object(entries) = &value.kind else { return None };
    entries.iter().find(|(_, value)| within(value.span, at)).map(|(key, _)| key.value.clone())
}

fn within(whole: Span, part: Span) -> bool {
    whole.start <= part.start && part.end <= whole.end
}
