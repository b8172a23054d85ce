//! A workflow as a picture: steps and what leads from one to the other, blocks as boxes within.
//!
//! First a `Graph`, which knows what there is; then a `Picture`, which knows where it stands. Both are pure values,
//! so that the terminal, a file and a browser show the same.

mod describe;
mod dot;
mod layout;
mod mermaid;
mod order;
mod picture;
mod svg;
mod tree;
mod width;

use petgraph::graph::DiGraph;

use crate::workflow::{self, NeedKind, OnError, Op, Phase, Workflow};

pub use describe::about;
pub use dot::dot;
pub use mermaid::mermaid;
pub use picture::{Curve, Frame, Line, Picture, Tone, Voice, picture};
pub use svg::svg;
pub use tree::tree;

/// A workflow as a graph.
#[derive(Clone, Debug, PartialEq)]
pub struct Graph {
    /// The workflow's name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// What starts it, as in `cron 0 9 * * *`; empty where only people do.
    pub triggers: Vec<String>,
    /// The names of its inputs.
    pub inputs: Vec<String>,
    /// Its steps.
    pub body: Block,
    /// The steps for a run that failed.
    pub on_failure: Option<Block>,
    /// What it gives.
    pub output: Option<Output>,
}

/// What a run gives.
#[derive(Clone, Debug, PartialEq)]
pub struct Output {
    /// The names of its fields, or the value in short.
    pub about: String,
    /// The steps that it reads, by their place in the body.
    pub reads: Vec<(usize, NeedKind)>,
}

/// Steps side by side in one block.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Block {
    /// What tells it from its neighbours: a case, `catch`, `finally`; empty where there is only one.
    pub label: String,
    /// Its steps, in the order of the file.
    pub nodes: Vec<Node>,
    /// What leads from one step to another.
    pub edges: Vec<Edge>,
}

/// One step.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Its name.
    pub name: String,
    /// What sort of step it is.
    pub sort: Sort,
    /// What it does, in a few words.
    pub about: String,
    /// Its condition.
    pub condition: Option<String>,
    /// True if it can be skipped: by its condition, or with a step that it reads.
    pub skips: bool,
    /// The blocks in it.
    pub blocks: Vec<Block>,
}

/// What sort of step it is, for its sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// Calls an action.
    Call,
    /// Makes a request.
    Request,
    /// Asks a model.
    Ask,
    /// Raises a signal.
    Emit,
    /// Runs another workflow.
    Child,
    /// Asks a person.
    Person,
    /// Computes.
    Set,
    /// Pauses.
    Wait,
    /// Fails.
    Fail,
    /// Runs a block for each item.
    Each,
    /// Runs a block again.
    Repeat,
    /// Runs one of several blocks.
    Switch,
    /// Runs a block with its handlers.
    Try,
}

/// What leads from one step to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge {
    /// The step that comes first.
    pub from: usize,
    /// The step that waits.
    pub to: usize,
    /// What for.
    pub kind: NeedKind,
}

impl Graph {
    /// Makes the graph of a workflow.
    pub fn new(workflow: &Workflow) -> Graph {
        let root = &workflow.root;
        let (body, slots) = block(root, Phase::Body, "");
        let (failure, _) = block(root, Phase::Catch, "on_failure");
        let output = root.output.as_ref().map(|output| {
            let read = |read: crate::expr::Read| {
                let slot = root.steps.iter().position(|step| *step.name == *read.step)?;
                let kind = if read.soft { NeedKind::Soft } else { NeedKind::Hard };
                Some((slots.iter().position(|known| *known == slot)?, kind))
            };
            let mut reads: Vec<(usize, NeedKind)> = output.reads().into_iter().filter_map(read).collect();
            // Of several reads of one step the strongest counts.
            reads.sort_by_key(|(slot, kind)| (*slot, std::cmp::Reverse(*kind)));
            reads.dedup_by_key(|(slot, _)| *slot);
            Output { about: describe::fields(output), reads }
        });
        Graph {
            name: workflow.name.clone(),
            description: workflow.description.clone(),
            triggers: workflow.triggers.iter().map(describe::trigger).collect(),
            inputs: workflow.inputs.iter().map(|input| input.name.clone()).collect(),
            body,
            on_failure: Some(failure).filter(|block| !block.nodes.is_empty()),
            output,
        }
    }
}

/// The part of a block, and for each of its nodes the place of the step in the block.
fn block(from: &workflow::Block, phase: Phase, label: &str) -> (Block, Vec<usize>) {
    let slots: Vec<usize> = (0..from.steps.len()).filter(|at| from.steps[*at].phase == phase).collect();
    let mut places = vec![None; from.steps.len()];
    slots.iter().enumerate().for_each(|(node, slot)| places[*slot] = Some(node));
    let mut edges: Vec<Edge> = vec![];
    for (to, slot) in slots.iter().enumerate() {
        let mut needs = vec![];
        gather(&from.steps[*slot], 0, &mut needs);
        let needs = needs.into_iter().filter(|(need, _)| need != slot);
        let known = needs.filter_map(|(need, kind)| Some((*places.get(need)?.as_ref()?, kind)));
        let mut known: Vec<(usize, NeedKind)> = known.collect();
        known.sort_by_key(|(from, kind)| (*from, std::cmp::Reverse(*kind)));
        known.dedup_by_key(|(from, _)| *from);
        edges.extend(known.into_iter().map(|(from, kind)| Edge { from, to, kind }));
    }
    let skips = skips(from);
    let nodes = slots.iter().map(|slot| node(&from.steps[*slot], skips[*slot])).collect();
    (Block { label: label.to_owned(), nodes, edges }, slots)
}

/// What a step and all in it read of the block `up` blocks outward.
fn gather(step: &workflow::Step, up: u16, found: &mut Vec<(usize, NeedKind)>) {
    let own = step.needs.iter().filter(|need| need.up == up);
    found.extend(own.map(|need| (usize::from(need.step), need.kind)));
    for inner in inner(&step.op) {
        inner.steps.iter().for_each(|step| gather(step, up + 1, found));
    }
}

fn inner(op: &Op) -> Vec<&workflow::Block> {
    match op {
        Op::Act(_) | Op::Child { .. } | Op::Set { .. } | Op::Wait(_) | Op::Fail { .. } => vec![],
        Op::Each { body, .. } | Op::Repeat { body, .. } | Op::Try { body, .. } => vec![body],
        Op::Switch { cases, default, .. } => {
            cases.iter().map(|case| &case.block).chain(default.as_ref()).collect()
        }
    }
}

/// Which steps of a block can be skipped, as far as the block itself decides it.
fn skips(block: &workflow::Block) -> Vec<bool> {
    let mut graph = DiGraph::<(), (), u32>::with_capacity(block.steps.len(), 0);
    let places: Vec<_> = block.steps.iter().map(|_| graph.add_node(())).collect();
    for (to, step) in block.steps.iter().enumerate() {
        for need in step.needs.iter().filter(|need| need.up == 0) {
            graph.add_edge(places[usize::from(need.step)], places[to], ());
        }
    }
    let mut skips = vec![false; block.steps.len()];
    // A checked workflow has no cycle.
    for place in petgraph::algo::toposort(&graph, None).unwrap_or_default() {
        let step = &block.steps[place.index()];
        let with_another =
            step.needs.iter().filter(|need| need.up == 0 && need.kind == NeedKind::Hard).any(|need| {
                let read = usize::from(need.step);
                skips[read] || block.steps[read].on_error == OnError::Continue
            });
        skips[place.index()] = step.condition.is_some() || with_another;
    }
    skips
}

/// The calls that a model with tools may make: of its rounds they are what the author has named.
fn tools(op: &Op) -> Vec<Node> {
    let mut calls = vec![];
    for block in inner(op) {
        let asks = block.steps.iter().any(|step| matches!(step.op, Op::Wait(_)));
        for step in &block.steps {
            match &step.op {
                Op::Act(act) if &*act.action == workflow::TURN => {}
                Op::Act(_) => {
                    let call = node(step, false);
                    let about =
                        if asks { format!("{}, once a person agrees", call.about) } else { call.about };
                    calls.push(Node { about, condition: None, ..call });
                }
                other => calls.extend(tools(other)),
            }
        }
    }
    calls
}

fn node(step: &workflow::Step, skips: bool) -> Node {
    Node {
        name: step.name.to_string(),
        sort: describe::sort(&step.op),
        about: describe::about(&step.op),
        condition: step.condition.as_ref().map(describe::expression),
        skips,
        blocks: blocks(&step.op),
    }
}

fn blocks(op: &Op) -> Vec<Block> {
    if op.batch().is_some() {
        return vec![];
    }
    if op.turn().is_some() {
        return vec![Block { label: "tools".into(), nodes: tools(op), edges: vec![] }];
    }
    match op {
        Op::Act(_) | Op::Child { .. } | Op::Set { .. } | Op::Wait(_) | Op::Fail { .. } => vec![],
        Op::Each { body, .. } | Op::Repeat { body, .. } => vec![block(body, Phase::Body, "").0],
        Op::Switch { cases, default, .. } => {
            let cases = cases.iter().map(|case| (&case.block, case.key.to_string()));
            let default = default.as_ref().map(|block| (block, "default".to_owned()));
            cases.chain(default).map(|(inner, label)| block(inner, Phase::Body, &label).0).collect()
        }
        Op::Try { body, .. } => {
            let parts = [(Phase::Body, "try"), (Phase::Catch, "catch"), (Phase::Finally, "finally")];
            let parts = parts.into_iter().map(|(phase, label)| block(body, phase, label).0);
            parts.filter(|part| !part.nodes.is_empty()).collect()
        }
    }
}
