//! What would happen: a plan laid out in stages, with what each step would call, how often at most, on whom it waits
//! and by what it can be skipped. Nothing runs, and what cannot be known is not guessed.

mod asks;
mod beside;
mod bound;
mod json;
mod reads;

use std::collections::BTreeSet;

use dsl::catalog::Safety;
use dsl::value::Value;
use dsl::workflow::{self, NeedKind, OnError, Phase, Retry, TURN};
use jiff::SignedDuration;

use crate::plan::{CALL, Op, Plan, Step};

pub use asks::Asks;
pub use beside::{Beside, Bounds, Child, Connection, called};
pub use bound::{Bound, Term};

/// What would happen in a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Outline {
    /// The workflow's name.
    pub name: String,
    /// Longest time that a run may take.
    pub timeout: Option<SignedDuration>,
    /// The steps of the run.
    pub body: Part,
    /// The steps for a run that failed.
    pub on_failure: Option<Part>,
    /// Calls in all, each counted once however often it is tried; those for a run that failed left out.
    pub calls: Bound,
    /// The longest chain of calls, each of which waits for the one before.
    pub critical: Critical,
    /// The names of the secrets that it needs.
    pub secrets: BTreeSet<String>,
    /// The connectors that it calls.
    pub connectors: BTreeSet<String>,
    /// The connections that it needs.
    pub connections: BTreeSet<Connection>,
    /// The workflows that it runs.
    pub workflows: BTreeSet<String>,
}

/// The longest chain of calls that wait for one another.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Critical {
    /// How many calls; a block counts with one round of it.
    pub calls: u64,
    /// The steps, outermost ones, in their order.
    pub steps: Vec<String>,
}

/// Steps of one block in stages: those of one stage run beside one another, each stage after what it reads.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// What tells it from its neighbours: a case, `catch`; empty where there is only one.
    pub label: String,
    /// The stages.
    pub stages: Vec<Vec<Entry>>,
}

/// One step of an outline.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// What it does, in a few words.
    pub about: String,
    /// What it waits for in its block, and why.
    pub waits: Vec<(String, NeedKind)>,
    /// Why it can be skipped.
    pub skip: Option<Skip>,
    /// What it calls.
    pub call: Option<Call>,
    /// The workflow that it runs.
    pub child: Option<Child>,
    /// True if it pauses the run.
    pub pauses: bool,
    /// What happens where it fails for good.
    pub on_error: OnError,
    /// Longest time of one attempt; of waits and blocks, of the whole.
    pub timeout: Option<SignedDuration>,
    /// Calls in it in all, each counted once however often it is tried.
    pub calls: Bound,
    /// How often its block runs.
    pub rounds: Option<Rounds>,
    /// What it asks a model.
    pub asks: Option<Asks>,
    /// The blocks in it.
    pub parts: Vec<Part>,
    /// How many of them run.
    pub run: Run,
}

/// How many of the blocks in a step run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Run {
    /// All that there are.
    All,
    /// One of them, or none.
    One,
}

/// Why a step can be skipped.
#[derive(Clone, Debug, PartialEq)]
pub enum Skip {
    /// Where its condition is false.
    Condition(String),
    /// Where these steps, which it reads, are skipped or fail and are continued.
    With(Vec<String>),
    /// Both.
    Both(String, Vec<String>),
}

/// A call that would be made.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// The action.
    pub action: String,
    /// The named connection; without it, the owner's only one.
    pub connection: Option<String>,
    /// What may be repeated.
    pub safety: Safety,
    /// How often it is tried, and when again.
    pub retry: Retry,
}

/// How often a block runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rounds {
    /// How often at most; nothing where only the run will know.
    pub most: Option<u64>,
    /// How many calls may be under way at once.
    pub parallel: u32,
}

impl Outline {
    /// Lays a plan out. Where inputs are given, what depends on them alone is known.
    pub fn new(plan: &Plan, inputs: Option<&Value>, beside: &Beside) -> Outline {
        let root = &plan.workflow().root;
        let reader = Reader { plan, inputs, beside };
        let body = reader.part(0, root, Phase::Body, "", "");
        let failure = reader.part(0, root, Phase::Catch, "on_failure", "");
        let (mut secrets, mut connectors) = (BTreeSet::new(), BTreeSet::new());
        reads::needed(plan, &mut secrets, &mut connectors);
        Outline {
            name: plan.name.clone(),
            timeout: plan.timeout,
            calls: Bound::sum(body.entries().map(|entry| &entry.calls)),
            critical: reader.critical(0, Phase::Body),
            connections: connections([&body, &failure], &beside.connected),
            workflows: called(plan),
            on_failure: Some(failure).filter(|part| !part.stages.is_empty()),
            body,
            secrets,
            connectors,
        }
    }

    /// As JSON; see `docs/plan.md` for its keys.
    pub fn to_json(&self) -> serde_json::Value {
        json::outline(self)
    }
}

impl Part {
    /// All its steps, stage by stage.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.stages.iter().flatten()
    }
}

/// The connections that calls in some parts need.
fn connections(parts: [&Part; 2], connected: &BTreeSet<String>) -> BTreeSet<Connection> {
    let mut found = BTreeSet::new();
    let mut waiting: Vec<&Entry> = parts.into_iter().flat_map(Part::entries).collect();
    while let Some(entry) = waiting.pop() {
        waiting.extend(entry.parts.iter().flat_map(Part::entries));
        let Some(call) = &entry.call else { continue };
        let connector = call.action.split('.').next().unwrap_or_default();
        if connected.contains(connector) {
            found.insert(Connection { connector: connector.to_owned(), name: call.connection.clone() });
        }
    }
    found
}

struct Reader<'a> {
    plan: &'a Plan,
    inputs: Option<&'a Value>,
    beside: &'a Beside,
}

impl Reader<'_> {
    /// The steps of one phase of a block; `around` is the path of the step that holds it.
    fn part(&self, id: u32, from: &workflow::Block, phase: Phase, label: &str, around: &str) -> Part {
        let mut part = Part { label: label.to_owned(), stages: vec![] };
        let Some(block) = self.plan.block(id) else { return part };
        let mut stage = vec![0; block.steps.len()];
        let mut skips = vec![false; block.steps.len()];
        let mut entries = vec![];
        for slot in block.order() {
            let at = usize::from(slot);
            let (Some(step), Some(source)) = (block.steps.get(at), from.steps.get(at)) else { continue };
            let within = step.needs.iter().filter(|need| need.up == 0);
            stage[at] = within.clone().map(|need| stage[usize::from(need.step)] + 1).max().unwrap_or(0);
            let gives_nothing = |need: &&workflow::Need| {
                let read = usize::from(need.step);
                need.kind == NeedKind::Hard
                    && (skips[read] || block.steps[read].on_error == OnError::Continue)
            };
            let with = within.clone().filter(gives_nothing);
            let with: Vec<String> =
                with.map(|need| block.steps[usize::from(need.step)].name.to_string()).collect();
            let skip = skip(step, with);
            skips[at] = skip.is_some();
            if step.phase != phase {
                continue;
            }
            let waits = within.map(|need| (block.steps[usize::from(need.step)].name.to_string(), need.kind));
            entries.push((stage[at], slot, self.entry(step, source, waits.collect(), skip, around)));
        }
        // The steps of a handler begin a count of their own.
        let mut ranks: Vec<usize> = entries.iter().map(|(stage, ..)| *stage).collect();
        ranks.sort_unstable();
        ranks.dedup();
        entries.sort_by_key(|(stage, slot, _)| (*stage, *slot));
        part.stages = ranks.iter().map(|_| vec![]).collect();
        for (stage, _, entry) in entries {
            if let Ok(at) = ranks.binary_search(&stage) {
                part.stages[at].push(entry);
            }
        }
        part
    }

    fn entry(
        &self,
        step: &Step,
        source: &workflow::Step,
        waits: Vec<(String, NeedKind)>,
        skip: Option<Skip>,
        around: &str,
    ) -> Entry {
        let path = if around.is_empty() { step.name.to_string() } else { format!("{around}.{}", step.name) };
        // The looks at a batch are one call that takes its time.
        let look = source.op.batch().and_then(|_| self.first(&step.op));
        let (parts, rounds) = match look {
            Some(_) => (vec![], None),
            None => (self.parts(step, source, &path), self.rounds(&step.op)),
        };
        let inner = parts.iter().map(|part| Bound::sum(part.entries().map(|entry| &entry.calls)));
        let calls = match &step.op {
            Op::Act { action, .. } if **action != *CALL => Bound::fixed(1),
            Op::Act { .. } | Op::Emit { .. } | Op::Set { .. } | Op::Wait(_) | Op::Fail { .. } => {
                Bound::default()
            }
            Op::Repeat { .. } if look.is_some() => Bound::fixed(1),
            Op::Each { .. } | Op::Repeat { .. } => {
                let once = inner.fold(Bound::default(), Bound::and);
                once.times(rounds.and_then(|rounds| rounds.most), &path)
            }
            Op::Switch { .. } => inner.fold(Bound::default(), Bound::or),
            Op::Try { .. } => inner.fold(Bound::default(), Bound::and),
        };
        Entry {
            name: step.name.to_string(),
            about: dsl::graph::about(&source.op),
            waits,
            skip,
            call: call(look.unwrap_or(step), source),
            child: beside::workflow(&step.op).map(|name| self.beside.child(name)),
            pauses: matches!(step.op, Op::Wait(_)),
            on_error: step.on_error,
            timeout: step.timeout,
            calls,
            rounds,
            asks: asks::asks(&source.op, self.inputs),
            run: if matches!(step.op, Op::Switch { .. }) { Run::One } else { Run::All },
            parts: if source.op.turn().is_some() { vec![tools(parts)] } else { parts },
        }
    }

    /// The first step of a loop.
    fn first(&self, op: &Op) -> Option<&Step> {
        match op {
            Op::Repeat { body, .. } => self.plan.block(*body)?.steps.first(),
            _ => None,
        }
    }

    fn parts(&self, step: &Step, source: &workflow::Step, path: &str) -> Vec<Part> {
        let one = |id, from, label: &str| self.part(id, from, Phase::Body, label, path);
        match (&step.op, &source.op) {
            (Op::Each { body, .. }, workflow::Op::Each { body: from, .. })
            | (Op::Repeat { body, .. }, workflow::Op::Repeat { body: from, .. }) => {
                vec![one(*body, from, "")]
            }
            (Op::Switch { cases, default, .. }, workflow::Op::Switch { cases: from, default: other, .. }) => {
                let cases = cases.iter().zip(from);
                let cases = cases.map(|((key, id), case)| one(*id, &case.block, &key.to_string()));
                let default = default.as_ref().zip(other.as_ref());
                cases.chain(default.map(|(id, from)| one(*id, from, "default"))).collect()
            }
            (Op::Try { body }, workflow::Op::Try { body: from, .. }) => {
                let phases = [(Phase::Body, "try"), (Phase::Catch, "catch"), (Phase::Finally, "finally")];
                let parts =
                    phases.into_iter().map(|(phase, label)| self.part(*body, from, phase, label, path));
                parts.filter(|part| !part.stages.is_empty()).collect()
            }
            _ => vec![],
        }
    }

    fn rounds(&self, op: &Op) -> Option<Rounds> {
        match op {
            Op::Each { items, parallel, .. } => {
                let most = reads::known(items, self.inputs).and_then(|items| match items {
                    Value::List(items) => Some(items.len() as u64),
                    Value::Object(entries) => Some(entries.len() as u64),
                    _ => None,
                });
                Some(Rounds { most, parallel: *parallel })
            }
            Op::Repeat { rounds, .. } => {
                let most = reads::known(rounds, self.inputs).and_then(|rounds| match rounds {
                    Value::Int(rounds) => u64::try_from(rounds).ok(),
                    _ => None,
                });
                Some(Rounds { most, parallel: 1 })
            }
            Op::Act { .. }
            | Op::Emit { .. }
            | Op::Set { .. }
            | Op::Wait(_)
            | Op::Fail { .. }
            | Op::Switch { .. }
            | Op::Try { .. } => None,
        }
    }

    /// The chain with most calls in one part of a block.
    fn critical(&self, id: u32, phase: Phase) -> Critical {
        let Some(block) = self.plan.block(id) else { return Critical::default() };
        // Asked once for each step: blocks within blocks would be walked again and again.
        let own = |step: &Step| (step.phase == phase).then(|| self.weight(&step.op));
        let weights: Vec<Option<u64>> = block.steps.iter().map(own).collect();
        let weight = |slot: u16| weights.get(usize::from(slot)).copied().flatten();
        let mut critical = Critical::default();
        let chain = block.heaviest(&weight);
        // What calls nothing before the first call and after the last one is no part of the chain.
        let calls = |slot: &u16| weight(*slot).is_some_and(|calls| calls > 0);
        let (first, last) = (chain.iter().position(calls), chain.iter().rposition(calls));
        for slot in first.zip(last).map_or(&[][..], |(first, last)| &chain[first..=last]) {
            critical.calls += weight(*slot).unwrap_or(0);
            critical.steps.extend(block.steps.get(usize::from(*slot)).map(|step| step.name.to_string()));
        }
        critical
    }

    /// How many calls of a step wait for one another.
    fn weight(&self, op: &Op) -> u64 {
        match op {
            Op::Act { action, .. } if **action != *CALL => 1,
            Op::Act { .. } | Op::Emit { .. } | Op::Set { .. } | Op::Wait(_) | Op::Fail { .. } => 0,
            Op::Each { body, .. } | Op::Repeat { body, .. } => self.critical(*body, Phase::Body).calls,
            Op::Switch { cases, default, .. } => {
                let blocks = cases.iter().map(|(_, id)| *id).chain(*default);
                blocks.map(|id| self.critical(id, Phase::Body).calls).max().unwrap_or(0)
            }
            Op::Try { body } => {
                let phases = [Phase::Body, Phase::Catch, Phase::Finally];
                phases.into_iter().map(|phase| self.critical(*body, phase).calls).sum()
            }
        }
    }
}

/// What a model with tools may call. In which order and how often it will say; what fails is told to it.
fn tools(rounds: Vec<Part>) -> Part {
    let (mut calls, mut open) = (vec![], rounds);
    while let Some(part) = open.pop() {
        let asks = part.entries().any(|entry| entry.pauses);
        for entry in part.stages.into_iter().flatten() {
            match &entry.call {
                Some(call) if call.action == TURN => {}
                Some(_) => calls.push(Entry {
                    waits: vec![],
                    skip: None,
                    pauses: asks,
                    on_error: OnError::Fail,
                    ..entry
                }),
                None => open.extend(entry.parts.into_iter().rev()),
            }
        }
    }
    Part { label: "tools".into(), stages: vec![calls] }
}

fn skip(step: &Step, with: Vec<String>) -> Option<Skip> {
    let condition = step.condition.as_ref().map(|condition| condition.source().trim().to_owned());
    match (condition, with.is_empty()) {
        (None, true) => None,
        (None, false) => Some(Skip::With(with)),
        (Some(condition), true) => Some(Skip::Condition(condition)),
        (Some(condition), false) => Some(Skip::Both(condition, with)),
    }
}

fn call(step: &Step, source: &workflow::Step) -> Option<Call> {
    let connection = match &source.op {
        workflow::Op::Act(act) => act.connection.as_ref().map(|name| name.to_string()),
        _ => None,
    };
    match &step.op {
        Op::Act { action, safety, .. } if **action != *CALL => {
            Some(Call { action: action.to_string(), connection, safety: *safety, retry: step.retry.clone() })
        }
        Op::Act { .. }
        | Op::Emit { .. }
        | Op::Set { .. }
        | Op::Wait(_)
        | Op::Fail { .. }
        | Op::Each { .. }
        | Op::Repeat { .. }
        | Op::Switch { .. }
        | Op::Try { .. } => None,
    }
}
