//! A run that takes over from an earlier one: what its steps did before need not be done again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use dsl::value::Value;
use dsl::workflow::{self, OnError, Phase};
use serde::{Deserialize, Serialize};

use crate::event::Why;
use crate::path;
use crate::plan::{Block, Op, Plan, Step};
use crate::run::{RunId, StepFailure};
use crate::view::{Shown, Timeline};

/// What a run takes over from an earlier one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Past {
    /// That run.
    #[serde(rename = "r")]
    pub of: RunId,
    /// The steps from which it does things anew, by their paths.
    #[serde(rename = "n")]
    pub from: Vec<String>,
    /// What its steps did, by their paths. A block that ended stands for all that is in it, which is there too.
    #[serde(rename = "s")]
    pub steps: BTreeMap<String, Outcome>,
    /// The instances of blocks in a handler of which things are done anew, by their paths: the parts before it ended,
    /// and whatever did not end in them is not done.
    #[serde(rename = "p", default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parts: BTreeMap<String, Phase>,
}

/// What came of a step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Outcome {
    /// It gave this.
    #[serde(rename = "v")]
    Gave(Value),
    /// It was left out.
    #[serde(rename = "k")]
    Skipped(Why),
    /// It failed.
    #[serde(rename = "x")]
    Failed(Arc<StepFailure>),
}

impl Past {
    /// Works out what a run can take over from an earlier one.
    ///
    /// `from` names the steps that are done anew, with all that rests on them; `set` gives steps another value, so
    /// that what rests on them is done anew; `plan` is what the new run follows: steps that differ are done anew
    /// too. Whatever did not end in the earlier run is done in any case.
    ///
    /// # Errors
    /// Where a path names no step of the earlier run, in a sentence.
    pub fn of(
        old: &Timeline,
        from: &[String],
        set: &BTreeMap<String, Value>,
        plan: &Plan,
    ) -> Result<Past, String> {
        let of = old.run().cloned().ok_or("the run has not begun")?;
        let mut anew = Anew::new(old.plan());
        let changed = changed(old.plan(), plan);
        for path in from.iter().chain(set.keys()).chain(&changed) {
            anew.start_at(path)?;
        }
        anew.begin_with_parts_that_are_not_over(old);
        let mut steps = anew.kept(old);
        for (path, value) in set {
            if !old.steps().contains_key(path) {
                return Err(format!("the run has no step `{path}`"));
            }
            steps.insert(path.clone(), Outcome::Gave(value.clone()));
        }
        let from = from.iter().chain(set.keys()).chain(&changed).cloned().collect();
        Ok(Past { of, from, steps, parts: anew.parts() })
    }
}

/// The steps of the whole workflow that are not the same in another version.
fn changed(old: &Plan, new: &Plan) -> Vec<String> {
    if old.digest == new.digest {
        return vec![];
    }
    let find = |name: &str| new.workflow().root.steps.iter().find(|step| *step.name == *name);
    let steps = old.workflow().root.steps.iter();
    let differs = |step: &&workflow::Step| find(&step.name).is_none_or(|other| !step.does_the_same(other));
    steps.filter(differs).map(|step| step.name.to_string()).collect()
}

/// Which steps of an earlier run are not taken over.
struct Anew<'a> {
    plan: &'a Plan,
    /// The paths of steps that are done anew, with all that is in them.
    dropped: BTreeSet<String>,
    /// The blocks that are opened again, since such a step is in them.
    opened: BTreeSet<String>,
    /// Of those that repeat, the round in which it is: later ones rest on it.
    rounds: BTreeMap<String, u32>,
    /// The instances that such steps are in, with the first part of the block in which one is.
    reached: BTreeMap<String, (Phase, &'a Block)>,
}

impl Anew<'_> {
    fn new(plan: &Plan) -> Anew<'_> {
        Anew {
            plan,
            dropped: BTreeSet::new(),
            opened: BTreeSet::new(),
            rounds: BTreeMap::new(),
            reached: BTreeMap::new(),
        }
    }

    /// Does a step anew, and whatever rests on it.
    fn start_at(&mut self, path: &str) -> Result<(), String> {
        let stops = walk(self.plan, path)?;
        for (place, stop) in stops.iter().enumerate() {
            self.drop_later(stop);
            let here = (stop.step.phase, stop.block);
            let (phase, _) = self.reached.entry(stop.frame.clone()).or_insert(here);
            *phase = stop.step.phase.min(*phase);
            if place + 1 == stops.len() {
                self.dropped.insert(stop.instance());
            } else {
                self.opened.insert(stop.path.clone());
                if let (Op::Repeat { .. }, Some(round)) = (&stop.step.op, stop.index) {
                    let first = self.rounds.entry(stop.path.clone()).or_insert(round);
                    *first = round.min(*first);
                }
            }
        }
        Ok(())
    }

    /// Does anew what comes after a step in its block: its readers, and the parts that follow.
    fn drop_later(&mut self, stop: &Stop<'_>) {
        let mut rest = vec![stop.slot];
        let mut seen = BTreeSet::from([stop.slot]);
        while let Some(slot) = rest.pop() {
            let dependents = stop.block.dependents.get(usize::from(slot)).into_iter().flatten();
            rest.extend(dependents.copied().filter(|next| seen.insert(*next)));
        }
        seen.remove(&stop.slot);
        for (slot, step) in (0..).zip(&stop.block.steps) {
            if seen.contains(&slot) || step.phase > stop.step.phase {
                self.dropped.insert(path::join(stop.frame.clone(), &step.name));
            }
        }
    }

    /// Where a part before a handler did not end by itself, things are done anew from that part on.
    fn begin_with_parts_that_are_not_over(&mut self, old: &Timeline) {
        for (frame, (reached, block)) in &mut self.reached {
            let own = |step: &Step| own_outcome(old, &path::join(frame.clone(), &step.name));
            // What such a part had not come to when the run itself went on to a handler, it did without.
            let went_on = |phase| block.steps.iter().any(|step| step.phase > phase && own(step).is_some());
            let came = |step: &Step| match went_on(step.phase) {
                true => own(step),
                false => outcome(old, &path::join(frame.clone(), &step.name)),
            };
            let fatal = |step: &&Step| {
                step.on_error != OnError::Continue && matches!(came(step), Some(Outcome::Failed(_)))
            };
            let of = |phase| block.steps.iter().filter(move |step| step.phase == phase);
            let over =
                |phase| of(phase).any(|step| fatal(&step)) || of(phase).all(|step| came(step).is_some());
            let first = match of(Phase::Body).any(|step| fatal(&step)) {
                _ if !over(Phase::Body) => Phase::Body,
                true if !over(Phase::Catch) => Phase::Catch,
                true | false => Phase::Finally,
            };
            *reached = first.min(*reached);
        }
    }

    /// The part in which things are done anew in the instance at a path.
    fn reached(&self, frame: &str) -> Phase {
        self.reached.get(frame).map_or(Phase::Body, |(phase, _)| *phase)
    }

    /// Of the instances in a handler of which things are done anew, that part.
    fn parts(&self) -> BTreeMap<String, Phase> {
        let parts = self.reached.iter().filter(|(_, (phase, _))| *phase != Phase::Body);
        let parts = parts.filter(|(frame, _)| !self.is_dropped(frame) && !self.is_in_a_later_part(frame));
        parts.map(|(frame, (phase, _))| (frame.clone(), *phase)).collect()
    }

    /// True for an instance within a handler that comes after the part from which things are done anew: it is
    /// opened again, if at all, as if nothing had been in it.
    fn is_in_a_later_part(&self, frame: &str) -> bool {
        !frame.is_empty()
            && walk(self.plan, frame)
                .is_ok_and(|stops| stops.iter().any(|stop| stop.step.phase > self.reached(&stop.frame)))
    }

    /// What the steps did that are not done anew.
    fn kept(&self, old: &Timeline) -> BTreeMap<String, Outcome> {
        let before = old.past().into_iter().flat_map(|past| past.steps.keys());
        let before = before.filter(|path| !old.steps().contains_key(*path));
        let paths = old.steps().keys().chain(before);
        paths
            .filter_map(|path| Some((path, outcome(old, path)?)))
            .filter(|(path, outcome)| self.takes_over(path, outcome))
            .map(|(path, outcome)| (path.clone(), outcome))
            .collect()
    }

    fn takes_over(&self, path: &str, outcome: &Outcome) -> bool {
        if self.opened.contains(path) || self.is_dropped(path) {
            return false;
        }
        let Ok(stops) = walk(self.plan, path) else { return false };
        let reached = |stop: &Stop<'_>| self.reached(&stop.frame);
        let Some(stop) = stops.last() else { return false };
        match outcome {
            // A handler, with all in it, is only taken over where things are done anew in it, or in a later one.
            _ if stops.iter().any(|stop| stop.step.phase > reached(stop)) => false,
            Outcome::Gave(_) | Outcome::Skipped(_) => true,
            // What failed is tried again, unless the run went on without it.
            Outcome::Failed(_) => stop.step.on_error == OnError::Continue || stop.step.phase < reached(stop),
        }
    }

    fn is_dropped(&self, path: &str) -> bool {
        outer(path).chain([path]).any(|outer| {
            let round = outer.strip_suffix(']').and_then(|outer| outer.rsplit_once('['));
            let later =
                round.and_then(|(owner, round)| Some(round.parse::<u32>().ok()? > *self.rounds.get(owner)?));
            self.dropped.contains(outer) || later == Some(true)
        })
    }
}

/// What came of a step of a run. What it takes over itself, and had not come to or stands in a block that it took
/// over whole, is known only from there.
fn outcome(of: &Timeline, path: &str) -> Option<Outcome> {
    match of.steps().get(path) {
        Some(entry) if entry.state != Shown::NotStarted => entry.outcome(),
        Some(_) | None => of.past()?.steps.get(path).cloned(),
    }
}

/// What came of a step in this run itself.
fn own_outcome(of: &Timeline, path: &str) -> Option<Outcome> {
    of.steps().get(path).filter(|entry| entry.state != Shown::NotStarted)?.outcome()
}

/// A part of a path: a step in an instance of a block.
struct Stop<'a> {
    /// The path of the instance.
    frame: String,
    block: &'a Block,
    slot: u16,
    step: &'a Step,
    /// The path of the step.
    path: String,
    /// Which instance of it the path goes on in.
    index: Option<u32>,
}

impl Stop<'_> {
    /// The path of the step, or of the instance of it that is meant.
    fn instance(&self) -> String {
        match self.index {
            Some(index) => format!("{}[{index}]", self.path),
            None => self.path.clone(),
        }
    }
}

/// Follows a path through a plan, from the outermost step to the one that it names.
fn walk<'a>(plan: &'a Plan, path: &str) -> Result<Vec<Stop<'a>>, String> {
    let unknown = || format!("there is no step `{path}` in this workflow");
    let mut stops: Vec<Stop<'_>> = vec![];
    for part in path.split('.') {
        let (name, index) = match part.split_once('[') {
            None => (part, None),
            Some((name, index)) => {
                let index = index.strip_suffix(']').and_then(|index| index.parse::<u32>().ok());
                (name, Some(index.ok_or_else(unknown)?))
            }
        };
        let frame = stops.last().map(Stop::instance).unwrap_or_default();
        let id = match stops.last() {
            None => 0,
            Some(outer) => match (&outer.step.op, outer.index) {
                (Op::Each { body, .. } | Op::Repeat { body, .. }, Some(_)) => *body,
                (Op::Each { .. } | Op::Repeat { .. }, None) => {
                    return Err(format!(
                        "`{0}` has many instances: name one, as in `{0}[1].{name}`",
                        outer.path
                    ));
                }
                (Op::Try { body }, None) => *body,
                (Op::Switch { cases, default, .. }, None) => {
                    let mut blocks = cases.iter().map(|(_, block)| *block).chain(*default);
                    let has = |id: &u32| plan.block(*id).is_some_and(|block| block.names.contains_key(name));
                    blocks.find(has).ok_or_else(unknown)?
                }
                _ => return Err(unknown()),
            },
        };
        let block = plan.block(id).ok_or_else(unknown)?;
        let slot = *block.names.get(name).ok_or_else(unknown)?;
        let step = block.steps.get(usize::from(slot)).ok_or_else(unknown)?;
        let path = path::join(frame.clone(), name);
        stops.push(Stop { frame, block, slot, step, path, index });
    }
    Ok(stops)
}

/// The steps and instances around a step, outermost first: `a`, `a.b`, `a.b[2]` of `a.b[2].c`.
pub(crate) fn outer(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices(['.', '[']).map(|(at, _)| &path[..at])
}
