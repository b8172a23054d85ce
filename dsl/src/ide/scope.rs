//! Which steps and bare names can be read at a place. As `check/names.rs` sees it, but from the outside: the
//! blocks around a place are those whose steps, outputs and conditions stand around it.

use crate::ast::{Ast, Block, Op, Step};
use crate::ide::holds;
use crate::workflow::Phase;

/// What can be read at a place.
#[derive(Debug, Default)]
pub struct Scope<'a> {
    /// The steps, those of inner blocks first.
    pub steps: Vec<&'a Step>,
    /// Loop variables and what else blocks bring, those of inner blocks first, with the step that brings it.
    pub names: Vec<(&'a str, Option<&'a Step>)>,
}

/// What can be read at a place of a workflow.
pub fn at(ast: &Ast, at: usize) -> Scope<'_> {
    let mut scope = Scope::default();
    if !ast
        .triggers
        .iter()
        .any(|trigger| trigger.inputs.iter().chain(&trigger.with).any(|(_, value)| holds(value.span, at)))
    {
        scope.block(&ast.root, at);
    }
    scope.steps.reverse();
    scope.names.reverse();
    let mut seen = std::collections::BTreeSet::new();
    scope.steps.retain(|step| seen.insert(step.name.value.clone()));
    scope
}

impl<'a> Scope<'a> {
    fn block(&mut self, block: &'a Block, at: usize) {
        let around = block.steps.iter().find(|step| holds(step.whole, at));
        let now = around.map_or(Phase::Finally, |step| step.phase);
        let seen = |step: &&Step| step.phase <= now && around.is_none_or(|around| around.id != step.id);
        self.steps.extend(block.steps.iter().filter(seen).rev());
        let Some(step) = around else { return };
        if now == Phase::Catch {
            self.names.push(("error", None));
        }
        match &step.op {
            Some(Op::Each { name, body, .. }) if inside(body, at) => {
                self.names.push(("index", None));
                self.names.push((&name.value, Some(step)));
                self.block(body, at);
            }
            Some(Op::Repeat { until, body, .. })
                if inside(body, at) || until.as_ref().is_some_and(|until| holds(until.span, at)) =>
            {
                self.names.extend([("last", None), ("round", None)]);
                self.block(body, at);
            }
            Some(Op::Try { body, .. }) if inside(body, at) => self.block(body, at),
            Some(Op::Switch { cases, default, output, .. }) => {
                let mut blocks = cases.iter().map(|(_, block)| block).chain(default);
                if output.as_ref().is_some_and(|output| holds(output.span, at)) {
                    blocks.for_each(|block| self.steps.extend(block.steps.iter().rev()));
                } else if let Some(block) = blocks.find(|block| inside(block, at)) {
                    self.block(block, at);
                }
            }
            Some(
                Op::Act(_)
                | Op::Child { .. }
                | Op::Set { .. }
                | Op::Wait(_)
                | Op::Fail { .. }
                | Op::Each { .. }
                | Op::Repeat { .. }
                | Op::Try { .. },
            )
            | None => {}
        }
    }
}

fn inside(block: &Block, at: usize) -> bool {
    block.steps.iter().any(|step| holds(step.whole, at))
        || block.output.as_ref().is_some_and(|output| holds(output.span, at))
}
