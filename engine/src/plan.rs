//! The plan: a checked workflow with dense ids, edges both ways, and a digest.

use std::collections::BTreeMap;
use std::sync::Arc;

use dsl::catalog::Safety;
use dsl::expr::Expr;
use dsl::value::{Hash, Value};
use dsl::workflow::{
    self, ASK, Arg, BATCH, EMBED, EMIT, Need, NeedKind, OnDoubt, OnError, Phase, Retry, TURN, Wait, Workflow,
};
use jiff::SignedDuration;
use petgraph::graph::{DiGraph, NodeIndex};
use serde::{Deserialize, Serialize};

/// The action that a `call` is: it runs the workflow `workflow` with the inputs `with`, as a run of its own.
pub const CALL: &str = "workflow.call";

/// What a run follows. It is stored with its runs, by digest; its stored form is the workflow's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "Workflow", into = "Workflow")]
pub struct Plan {
    /// The workflow's name.
    pub name: String,
    /// Longest time that a run may take.
    pub timeout: Option<SignedDuration>,
    /// How many steps a run may start.
    pub max_steps: Option<u64>,
    /// All blocks; the root is the first, and a block comes before those in it.
    pub blocks: Vec<Block>,
    /// The hash of the stored form: the version of the workflow.
    pub digest: Hash,
    workflow: Arc<Workflow>,
}

/// One block.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    /// Its steps, as in the workflow.
    pub steps: Vec<Step>,
    /// What it gives.
    pub output: Option<Arg>,
    /// The block and the step that it belongs to; none for the root.
    pub parent: Option<(u32, u16)>,
    /// True if a failure of its body is handled by it.
    pub catches: bool,
    /// The steps by their names.
    pub names: BTreeMap<Arc<str>, u16>,
    /// For each step those of the block that wait for it.
    pub dependents: Vec<Vec<u16>>,
    /// How many steps body, handler and end have.
    pub sizes: [u32; 3],
    /// The names of its value's fields where it has no output, with the step that each one is.
    pub fields: Vec<(Arc<str>, Option<u16>)>,
}

/// One step.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Its name.
    pub name: Arc<str>,
    /// Which part of the block it belongs to.
    pub phase: Phase,
    /// What must have ended before it starts.
    pub needs: Vec<Need>,
    /// It is skipped where this is false.
    pub condition: Option<Expr>,
    /// What it does.
    pub op: Op,
    /// How often it is tried.
    pub retry: Retry,
    /// Longest time of one attempt; for waits and blocks, of the whole.
    pub timeout: Option<SignedDuration>,
    /// What happens when it fails for good.
    pub on_error: OnError,
    /// What happens where nobody knows whether a call took effect.
    pub on_doubt: OnDoubt,
}

/// What a step does. Blocks are named by their place in the plan.
#[derive(Clone, Debug, PartialEq)]
pub enum Op {
    /// Calls an action of the catalog.
    Act {
        /// The action's id.
        action: Arc<str>,
        /// Its parameters.
        args: Arg,
        /// What may be repeated.
        safety: Safety,
        /// How long an answer may be used again.
        cache: Option<SignedDuration>,
        /// The named connection; without it, the owner's only one.
        connection: Option<Arc<str>>,
    },
    /// Raises a signal.
    Emit {
        /// An object: `signal`, `with`, `run`.
        args: Arg,
    },
    /// Computes a value.
    Set {
        /// The value.
        value: Arg,
    },
    /// Pauses.
    Wait(Wait),
    /// Fails the step.
    Fail {
        /// The message.
        message: Arg,
    },
    /// A block once for each item.
    Each {
        /// What it runs over.
        items: Arg,
        /// The name of the item.
        name: Arc<str>,
        /// How many calls may be in flight.
        parallel: u32,
        /// The block.
        body: u32,
    },
    /// A block at most so many times.
    Repeat {
        /// Rounds at most.
        rounds: Arg,
        /// What `last` is in the first round.
        start: Option<Arg>,
        /// Asked after each round.
        until: Option<Expr>,
        /// Pause between rounds.
        every: Option<SignedDuration>,
        /// The block.
        body: u32,
    },
    /// One of several blocks.
    Switch {
        /// The value that decides.
        on: Arg,
        /// The cases in order, with their blocks.
        cases: Vec<(Value, u32)>,
        /// The block where no case matches.
        default: Option<u32>,
    },
    /// A block with its handlers.
    Try {
        /// The block.
        body: u32,
    },
}

impl Plan {
    /// Makes the plan of a workflow.
    pub fn new(workflow: &Workflow) -> Plan {
        Plan::from(workflow.clone())
    }

    /// The workflow that it is the plan of.
    pub fn workflow(&self) -> &Workflow {
        &self.workflow
    }

    /// A block by its place.
    pub fn block(&self, block: u32) -> Option<&Block> {
        self.blocks.get(block as usize)
    }

    /// A step by its block and its place in it.
    pub fn step(&self, block: u32, slot: u16) -> Option<&Step> {
        self.block(block)?.steps.get(usize::from(slot))
    }

    /// True for a step that is written as one that asks a model, also where it is carried out in rounds.
    pub fn asks_models(&self, step: &Step) -> bool {
        match &step.op {
            Op::Act { action, .. } => [ASK, BATCH, EMBED, TURN].contains(&&**action),
            Op::Repeat { .. } => self.round(step).is_some_and(|action| [BATCH, TURN].contains(&action)),
            Op::Emit { .. }
            | Op::Set { .. }
            | Op::Wait(_)
            | Op::Fail { .. }
            | Op::Each { .. }
            | Op::Switch { .. }
            | Op::Try { .. } => false,
        }
    }

    /// True for a step that waits for a batch of a provider: its rounds are looks at it.
    pub fn looks_at_a_batch(&self, step: &Step) -> bool {
        self.round(step) == Some(BATCH)
    }

    /// What each round of a step begins with, where that is a call.
    fn round(&self, step: &Step) -> Option<&str> {
        let Op::Repeat { body, .. } = &step.op else { return None };
        match &self.block(*body)?.steps.first()?.op {
            Op::Act { action, .. } => Some(&**action),
            _ => None,
        }
    }
}

impl Block {
    /// How many steps a part of it has.
    pub fn size(&self, phase: Phase) -> u32 {
        self.sizes[phase as usize]
    }

    /// The steps in an order in which each comes after what it waits for; in a damaged plan with a cycle,
    /// in that of the text.
    pub fn order(&self) -> Vec<u16> {
        let graph = self.graph();
        match petgraph::algo::toposort(&graph, None) {
            Ok(order) => order.into_iter().map(|node| graph[node]).collect(),
            Err(_) => (0..).zip(&self.steps).map(|(slot, _)| slot).collect(),
        }
    }

    /// The longest chain of steps that wait for one another, first to last.
    pub fn critical_path(&self) -> Vec<u16> {
        self.heaviest(&|_| Some(1))
    }

    /// The chain of steps that wait for one another with the greatest weight in all, first to last. A step without
    /// a weight is in no chain.
    pub fn heaviest(&self, weight: &dyn Fn(u16) -> Option<u64>) -> Vec<u16> {
        // Heaviest chain that ends at each step, as its weight and the step before.
        let own: Vec<Option<u64>> = (0..).zip(&self.steps).map(|(slot, _)| weight(slot)).collect();
        let mut best: Vec<(u64, Option<u16>)> = own.iter().map(|own| (own.unwrap_or(0), None)).collect();
        for slot in self.order() {
            if own[usize::from(slot)].is_none() {
                continue;
            }
            let so_far = best[usize::from(slot)].0;
            for next in &self.dependents[usize::from(slot)] {
                let at = usize::from(*next);
                let Some(through) = own[at].map(|own| so_far + own) else { continue };
                // Of equals the one that stands first.
                let earlier = best[at].1.is_some_and(|known| slot < known);
                if best[at].0 < through || (best[at].0 == through && earlier) {
                    best[at] = (through, Some(slot));
                }
            }
        }
        // The first of equals, since a plan is read from its top.
        let ends = (0..).zip(&best).filter(|(slot, _)| own[usize::from(*slot)].is_some());
        let heaviest = ends.min_by_key(|(_, (weight, _))| u64::MAX - weight);
        let mut path: Vec<u16> =
            std::iter::successors(heaviest.map(|(slot, _)| slot), |slot: &u16| best[usize::from(*slot)].1)
                .take(self.steps.len())
                .collect();
        path.reverse();
        path
    }

    fn graph(&self) -> DiGraph<u16, ()> {
        let mut graph = DiGraph::with_capacity(self.steps.len(), 0);
        let nodes: Vec<NodeIndex> = (0..).zip(&self.steps).map(|(slot, _)| graph.add_node(slot)).collect();
        for (from, dependents) in nodes.iter().zip(&self.dependents) {
            for to in dependents {
                graph.add_edge(*from, nodes[usize::from(*to)], ());
            }
        }
        graph
    }
}

impl From<Workflow> for Plan {
    fn from(workflow: Workflow) -> Plan {
        let stored = serde_json::to_vec(&workflow).expect("a workflow has only text keys");
        let mut blocks = vec![];
        flatten(&workflow.root, None, &mut blocks);
        inherit(&mut blocks);
        blocks.iter_mut().for_each(connect);
        if let Some(root) = blocks.first_mut() {
            root.catches = root.size(Phase::Catch) > 0;
            let steps = root.steps.iter().zip(0..).filter(|(step, _)| step.phase == Phase::Body);
            root.fields = steps.map(|(step, slot)| (step.name.clone(), Some(slot))).collect();
        }
        Plan {
            name: workflow.name.clone(),
            timeout: workflow.timeout,
            max_steps: workflow.max_steps,
            blocks,
            digest: Hash::of(&stored),
            workflow: Arc::new(workflow),
        }
    }
}

impl From<Plan> for Workflow {
    fn from(plan: Plan) -> Workflow {
        Arc::unwrap_or_clone(plan.workflow)
    }
}

fn flatten(block: &workflow::Block, parent: Option<(u32, u16)>, blocks: &mut Vec<Block>) -> u32 {
    let id = u32::try_from(blocks.len()).unwrap_or(u32::MAX);
    blocks.push(Block {
        steps: vec![],
        output: block.output.clone(),
        parent,
        catches: false,
        names: (0..).zip(&block.steps).map(|(slot, step)| (step.name.clone(), slot)).collect(),
        dependents: vec![],
        sizes: [0; 3],
        fields: (0..).zip(&block.steps).map(|(slot, step)| (step.name.clone(), Some(slot))).collect(),
    });
    let steps = (0..).zip(&block.steps).map(|(slot, step)| Step {
        name: step.name.clone(),
        phase: step.phase,
        needs: step.needs.clone(),
        condition: step.condition.clone(),
        op: flatten_op(&step.op, (id, slot), blocks),
        retry: step.retry.clone(),
        timeout: step.timeout,
        on_error: step.on_error,
        on_doubt: step.on_doubt,
    });
    let steps: Vec<Step> = steps.collect();
    blocks[id as usize].steps = steps;
    id
}

fn flatten_op(op: &workflow::Op, at: (u32, u16), blocks: &mut Vec<Block>) -> Op {
    match op {
        workflow::Op::Act(act) if &*act.action == EMIT => Op::Emit { args: act.args.clone() },
        workflow::Op::Act(act) => Op::Act {
            action: act.action.clone(),
            args: act.args.clone(),
            safety: act.safety,
            cache: act.cache,
            connection: act.connection.clone(),
        },
        workflow::Op::Set { value } => Op::Set { value: value.clone() },
        workflow::Op::Child { workflow, inputs } => {
            let name = Arg::Value(Value::Text(workflow.clone()));
            let args = Arg::Object(vec![("workflow".into(), name), ("with".into(), inputs.clone())]);
            // Its key names the run that is called: asking twice starts it once.
            Op::Act { action: CALL.into(), args, safety: Safety::Keyed, cache: None, connection: None }
        }
        workflow::Op::Wait(wait) => Op::Wait(wait.clone()),
        workflow::Op::Fail { message } => Op::Fail { message: message.clone() },
        workflow::Op::Each { items, name, parallel, body } => Op::Each {
            items: items.clone(),
            name: name.clone(),
            parallel: (*parallel).max(1),
            body: flatten(body, Some(at), blocks),
        },
        workflow::Op::Repeat { rounds, start, until, every, body } => Op::Repeat {
            rounds: rounds.clone(),
            start: start.clone(),
            until: until.clone(),
            every: *every,
            body: flatten(body, Some(at), blocks),
        },
        workflow::Op::Switch { on, cases, default } => {
            let first = blocks.len();
            let cases = cases.iter().map(|case| (case.key.clone(), flatten(&case.block, Some(at), blocks)));
            let cases: Vec<(Value, u32)> = cases.collect();
            let default = default.as_ref().map(|block| flatten(block, Some(at), blocks));
            share_fields(&mut blocks[first..], at);
            Op::Switch { on: on.clone(), cases, default }
        }
        workflow::Op::Try { body, catches } => {
            let body = flatten(body, Some(at), blocks);
            blocks[body as usize].catches = *catches;
            Op::Try { body }
        }
    }
}

/// Gives the cases of a `switch` one shape: a field for each step of any of them.
fn share_fields(blocks: &mut [Block], at: (u32, u16)) {
    let cases = || blocks.iter().filter(|block| block.parent == Some(at));
    let mut names: Vec<Arc<str>> = vec![];
    for step in cases().flat_map(|block| &block.steps) {
        if !names.contains(&step.name) {
            names.push(step.name.clone());
        }
    }
    for block in blocks.iter_mut().filter(|block| block.parent == Some(at)) {
        block.fields = names.iter().map(|name| (name.clone(), block.names.get(name).copied())).collect();
    }
}

/// A block waits for all that its steps read outside of it.
fn inherit(blocks: &mut [Block]) {
    // Inner blocks come after outer ones, so that needs travel outward in one pass.
    for id in (0..blocks.len()).rev() {
        let Some((outer, slot)) = blocks[id].parent else { continue };
        let outward: Vec<Need> = blocks[id]
            .steps
            .iter()
            .flat_map(|step| &step.needs)
            .filter_map(|need| {
                Some(Need { up: need.up.checked_sub(1)?, step: need.step, kind: NeedKind::Soft })
            })
            .collect();
        let step = &mut blocks[outer as usize].steps[usize::from(slot)];
        for need in outward {
            let itself = need.up == 0 && need.step == slot;
            if !itself && !step.needs.iter().any(|known| (known.up, known.step) == (need.up, need.step)) {
                step.needs.push(need);
            }
        }
    }
}

fn connect(block: &mut Block) {
    block.dependents = vec![vec![]; block.steps.len()];
    for (slot, step) in (0..).zip(&block.steps) {
        block.sizes[step.phase as usize] += 1;
        for need in step.needs.iter().filter(|need| need.up == 0) {
            if let Some(dependents) = block.dependents.get_mut(usize::from(need.step))
                && dependents.last() != Some(&slot)
            {
                dependents.push(slot);
            }
        }
    }
}
