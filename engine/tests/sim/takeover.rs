//! What a run may take over from another, worked out step by step from what the other one did.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use dsl::value::Value;
use dsl::workflow::Phase;
use engine::fork::{Outcome, Past};
use engine::plan::Op;
use engine::run::{At, StepFailure};
use engine::view::{Shown, Timeline};

use crate::invariants::{Broken, demand};
use crate::model::{Kind, Model, Stage, join};

/// What a run takes over from another.
#[derive(Clone)]
pub struct Takeover {
    /// What the engine says can be taken over.
    pub past: Arc<Past>,
    /// The steps that are to be done anew.
    pub from: Vec<String>,
    /// The steps that are given another value.
    pub set: BTreeMap<String, Value>,
    /// The steps that were given another value here or in the runs before.
    pub given: BTreeSet<String>,
    /// What the steps of the other run, or of those before it, did.
    pub known: BTreeMap<String, Did>,
}

/// What a step did.
#[derive(Clone, Debug, PartialEq)]
pub enum Did {
    Gave(Value),
    Skipped,
    Otherwise,
}

/// What the steps of a run did, and of those that it has taken over from.
pub fn known(of: &Timeline, before: Option<&Takeover>) -> BTreeMap<String, Did> {
    // What it took over itself, it knows from there; what it did not is gone.
    let mut known = BTreeMap::new();
    if let Some(before) = before {
        let taken = before.known.iter().filter(|(path, _)| before.past.steps.contains_key(*path));
        known.extend(taken.map(|(path, did)| (path.clone(), did.clone())));
        known.extend(before.set.iter().map(|(path, value)| (path.clone(), Did::Gave(value.clone()))));
    }
    for (path, entry) in of.steps() {
        // What it had not come to, it would have taken over.
        if entry.state == Shown::NotStarted && known.contains_key(path) {
            continue;
        }
        let did = match entry.state {
            Shown::Succeeded => Did::Gave(entry.value.clone().unwrap_or_default()),
            Shown::Skipped => Did::Skipped,
            Shown::NotStarted
            | Shown::Running
            | Shown::Waiting
            | Shown::Failed
            | Shown::Cancelled
            | Shown::InDoubt => Did::Otherwise,
        };
        known.insert(path.clone(), did);
    }
    known
}

impl Takeover {
    /// True if a step, or something in it, or what it stands in is to be done anew.
    fn touches(&self, path: &str) -> bool {
        let from = |target: &String| *target == *path || is_within(target, path) || is_within(path, target);
        let set = |target: &String| is_within(target, path) || is_within(path, target);
        self.from.iter().any(from) || self.set.keys().any(set)
    }
}

/// True if a path is of something in a step, at any depth.
fn is_within(path: &str, step: &str) -> bool {
    path.strip_prefix(step).is_some_and(|rest| rest.starts_with(['.', '[']))
}

impl Model<'_> {
    /// Objects if a step must not be taken over with this value.
    pub fn may_be_taken_over(&mut self, at: At, value: &Value) -> Result<(), Broken> {
        let path = self.path_of(at);
        let Some(takeover) = &self.takeover else {
            return demand(false, "what is taken over has the value that it had", || path);
        };
        let had = match (takeover.set.get(&path), takeover.known.get(&path)) {
            (Some(set), _) => Some(set),
            (None, Some(Did::Gave(value))) => Some(value),
            (None, Some(Did::Skipped | Did::Otherwise) | None) => None,
        };
        demand(had == Some(value), "what is taken over has the value that it had", || {
            format!("`{path}`: {value} instead of {had:?}")
        })?;
        demand(!takeover.touches(&path), "what is to be done anew is not taken over", || path.clone())?;
        // What was given another value, here or in the other run, needs nothing of what came before it.
        self.may_begin_but_for_skips(at)?;
        if !takeover.given.contains(&path) {
            let rests = self.rests_on_new(at)?;
            demand(!rests, "what rests on a step that was done anew is done anew", || path)?;
        }
        self.slot_mut(at)?.taken = true;
        Ok(())
    }

    /// True if a step is left out because it was in the other run.
    pub fn takes_over_skip(&mut self, at: At) -> bool {
        let path = self.path_of(at);
        let taken = matches!(&self.takeover, Some(takeover)
            if matches!(takeover.past.steps.get(&path), Some(Outcome::Skipped(_))));
        if let (true, Ok(slot)) = (taken, self.slot_mut(at)) {
            slot.taken = true;
        }
        taken
    }

    /// True if a step fails because it did so in the other run.
    pub fn takes_over_failure(&mut self, at: At, failure: &StepFailure) -> bool {
        let path = self.path_of(at);
        let taken = matches!(&self.takeover, Some(takeover)
            if matches!(takeover.past.steps.get(&path), Some(Outcome::Failed(known)) if **known == *failure));
        if let (true, Ok(slot)) = (taken, self.slot_mut(at)) {
            slot.taken = true;
        }
        taken
    }

    /// Takes in that a step is done here and not taken over.
    pub fn is_anew(&mut self, at: At) -> Result<(), Broken> {
        let Some(takeover) = &self.takeover else { return Ok(()) };
        let path = self.path_of(at);
        demand(!takeover.past.steps.contains_key(&path), "what is taken over is not done again", || {
            path.clone()
        })?;
        let reason = self.must_be_done_anew(at)?;
        demand(reason, "what need not be done anew is taken over", || path.clone())?;
        // A block is only as new as what is in it, unless all of it is done anew.
        if self.step(at)?.1.is_block() && !takeover.from.contains(&path) {
            return Ok(());
        }
        let (mut next, mut index) = (Some(at), None);
        while let Some(at) = next {
            let slot = self.slot_mut(at)?;
            slot.anew = true;
            slot.anew_in = slot.anew_in.into_iter().chain(index).min();
            let frame = self.frame(at.frame)?;
            (next, index) = (frame.parent, Some(frame.index));
        }
        Ok(())
    }

    /// True if there is a reason to do a step anew: its own, or one of a block that it stands in.
    fn must_be_done_anew(&self, at: At) -> Result<bool, Broken> {
        let Some(takeover) = &self.takeover else { return Ok(true) };
        let path = self.path_of(at);
        let did = takeover.known.get(&path).unwrap_or(&Did::Otherwise);
        if *did == Did::Otherwise || takeover.touches(&path) {
            return Ok(true);
        }
        let mut next = Some(at);
        while let Some(at) = next {
            if self.rests_on_new(at)? || self.step(at)?.1.phase != Phase::Body {
                return Ok(true);
            }
            next = self.frame(at.frame)?.parent;
        }
        Ok(false)
    }

    /// True if a step needs one that was not taken over, or comes after one in a round or a part of its block.
    fn rests_on_new(&self, at: At) -> Result<bool, Broken> {
        let (frame, step) = self.step(at)?;
        let mut around = Some(frame);
        let mut up = 0;
        while let Some(outer) = around {
            for need in step.needs.iter().filter(|need| need.up == up) {
                let slot = outer.slots.get(usize::from(need.step));
                let known = slot.is_none_or(|slot| slot.taken || slot.stage == Stage::Pending);
                let other = self.plan.step(outer.block, need.step);
                let set = other.is_some_and(|other| self.is_set(&join(&outer.path, &other.name)));
                if !known || set {
                    return Ok(true);
                }
            }
            up += 1;
            around = outer.parent.and_then(|at| self.frames.get(&at.frame));
        }
        let earlier = (0u16..).zip(&frame.slots).any(|(slot, entry)| {
            let other = self.plan.step(frame.block, slot).filter(|other| other.phase < step.phase);
            other.is_some_and(|other| entry.anew || self.is_set(&join(&frame.path, &other.name)))
        });
        let round = match frame.parent {
            Some(owner) if matches!(self.step(owner)?.1.op, Op::Repeat { .. }) => {
                let path = self.path_of(owner);
                let named = (1..frame.index).any(|round| self.is_named(&format!("{path}[{round}]")));
                named || self.slot(owner)?.anew_in.is_some_and(|first| first < frame.index)
            }
            _ => false,
        };
        Ok(earlier || round)
    }

    /// True if something in the instance at a path is to be done anew or given another value.
    fn is_named(&self, path: &str) -> bool {
        let Some(takeover) = &self.takeover else { return false };
        takeover.from.iter().chain(takeover.set.keys()).any(|target| is_within(target, path))
    }

    /// True if the step at a path, or something in it, is given another value.
    fn is_set(&self, path: &str) -> bool {
        let Some(takeover) = &self.takeover else { return false };
        takeover.set.keys().any(|set| *set == *path || is_within(set, path))
    }
}
