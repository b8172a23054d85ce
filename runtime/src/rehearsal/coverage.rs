//! Which steps and branches of a workflow a case went through.

use std::collections::{BTreeMap, BTreeSet};

use dsl::catalog::FailureKind;
use dsl::span::Span;
use dsl::workflow::{Block as Written, OnError, Phase, Wait};
use engine::event::{Event, Then, Why};
use engine::plan::{Op, Plan, Step};
use engine::run::At;
use engine::view::Timeline;

/// A place of a plan: its block and the step in it. The whole run has none.
type Place = Option<(u32, u16)>;

/// What can become of a step, as far as a test should show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// It began.
    Ran,
    /// Its condition was false.
    LeftOut,
    /// This one of its cases was chosen.
    Case(usize),
    /// Its default was chosen.
    Default,
    /// None of its cases was chosen, and it has no default.
    NoCase,
    /// What handles its failure ran.
    Caught,
    /// A person said yes.
    Yes,
    /// A person said no.
    No,
    /// Nobody answered, or no signal came, in time.
    Late,
    /// It failed, or an item of it, and what stands around it went on.
    WentOn,
}

/// What a case went through.
#[derive(Clone, Debug, Default)]
pub struct Covered {
    ways: BTreeSet<(Place, Way)>,
    /// The places of the blocks that are open, and of the steps that opened them.
    frames: BTreeMap<u32, Place>,
    /// The switches that have chosen.
    chosen: BTreeSet<At>,
}

/// Something that a test should show.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// The path of the step, without numbers; empty for the whole run.
    pub path: String,
    /// Where its name stands in the workflow.
    pub span: Option<Span>,
    /// What it is about.
    pub way: Way,
    /// What a person calls it.
    pub told: String,
    /// True once a case has shown it.
    pub shown: bool,
}

impl Covered {
    /// Takes in an event, right after the timeline has; `late` is true where time caused it.
    pub(super) fn see(&mut self, timeline: &Timeline, event: &Event, late: bool) {
        let plan = timeline.plan();
        match event {
            Event::FrameOpened { frame, parent, block, .. } => {
                let place = parent.and_then(|at| place(timeline, at));
                self.frames.insert(*frame, place);
                let step = place.and_then(|(block, slot)| plan.step(block, slot));
                if let (Some(Op::Switch { cases, default, .. }), Some(at)) = (step.map(|it| &it.op), parent) {
                    self.chosen.insert(*at);
                    match cases.iter().position(|(_, own)| own == block) {
                        Some(case) => self.add(place, Way::Case(case)),
                        None if *default == Some(*block) => self.add(place, Way::Default),
                        None => {}
                    }
                }
            }
            Event::PhaseBegan { frame, phase: Phase::Catch } => {
                let place = self.frames.get(frame).copied().flatten();
                self.add(place, Way::Caught);
            }
            Event::Stopped { until, .. } => {
                let place = self.frames.get(until).copied().flatten();
                let step = place.and_then(|(block, slot)| plan.step(block, slot));
                let goes_on = |step: &Step| step.on_error != OnError::Fail;
                if step.is_some_and(|step| matches!(step.op, Op::Each { .. }) && goes_on(step)) {
                    self.add(place, Way::WentOn);
                }
            }
            Event::StepSkipped { at, why } => {
                if *why == Why::Condition {
                    self.add(place(timeline, *at), Way::LeftOut);
                }
            }
            Event::StepFailed { at, failure, then } => {
                let place = place(timeline, *at);
                self.add(place, Way::Ran);
                if *then == Then::Continue {
                    self.add(place, Way::WentOn);
                }
                let waits = place.and_then(|(block, slot)| plan.step(block, slot));
                if waits.is_some_and(|step| matches!(step.op, Op::Wait(_))) {
                    let no = failure.failure.kind == FailureKind::Rejected && !late;
                    self.add(place, if no { Way::No } else { Way::Late });
                }
            }
            Event::StepSucceeded { at, .. } | Event::SignalTaken { at, .. } => {
                let place = place(timeline, *at);
                self.add(place, Way::Ran);
                let step = place.and_then(|(block, slot)| plan.step(block, slot));
                match step.map(|step| &step.op) {
                    Some(Op::Wait(Wait::Person(_) | Wait::Signal { .. })) => {
                        self.add(place, if late { Way::Late } else { Way::Yes });
                    }
                    Some(Op::Switch { .. }) if !self.chosen.contains(at) => self.add(place, Way::NoCase),
                    _ => {}
                }
            }
            Event::BlockDone { at } => {
                let place = place(timeline, *at);
                self.add(place, Way::Ran);
                let step = place.and_then(|(block, slot)| plan.step(block, slot));
                if step.is_some_and(|step| matches!(step.op, Op::Switch { .. })) && !self.chosen.contains(at)
                {
                    self.add(place, Way::NoCase);
                }
            }
            Event::StepStarted { at, .. }
            | Event::StepWaiting { at, .. }
            | Event::StepListening { at, .. }
            | Event::StepAsked { at, .. }
            | Event::BlockOpened { at, .. }
            | Event::SignalEmitted { at, .. } => self.add(place(timeline, *at), Way::Ran),
            Event::RunStarted { .. }
            | Event::RunHeld { .. }
            | Event::RunReleased {}
            | Event::SignalKept { .. }
            | Event::StepInDoubt { .. }
            | Event::StepReused { .. }
            | Event::RunSucceeded { .. }
            | Event::RunFailed { .. }
            | Event::RunCancelled {}
            | Event::CancelRequested {}
            | Event::RunExpired {}
            | Event::Yielded {}
            | Event::Resumed {}
            | Event::PhaseBegan { .. }
            | Event::FrameClosed { .. }
            | Event::TimeoutSet { .. }
            | Event::StepDue { .. }
            | Event::ModelsAsked { .. }
            | Event::CallAborted { .. }
            | Event::StepDropped { .. }
            | Event::BlockExpired { .. }
            | Event::RoundPaused { .. } => {}
        }
    }

    fn add(&mut self, place: Place, way: Way) {
        self.ways.insert((place, way));
    }

    /// Adds what another case went through.
    pub fn join(&mut self, other: &Covered) {
        self.ways.extend(other.ways.iter().copied());
    }
}

/// The place of a step in its plan.
fn place(timeline: &Timeline, at: At) -> Place {
    Some((timeline.state().frames.get(&at.frame)?.block, at.slot))
}

/// All that tests of a workflow should show, in the order of its blocks, and what of it these have.
pub fn points(plan: &Plan, covered: &Covered) -> Vec<Point> {
    let mut found = Finding { plan, covered, points: vec![] };
    found.block(0, "", &plan.workflow().root);
    found.points
}

struct Finding<'p> {
    plan: &'p Plan,
    covered: &'p Covered,
    points: Vec<Point>,
}

impl Finding<'_> {
    fn block(&mut self, block: u32, path: &str, written: &Written) {
        let Some(steps) = self.plan.block(block).map(|block| &block.steps) else { return };
        for ((step, slot), source) in steps.iter().zip(0..).zip(&written.steps) {
            let path = if path.is_empty() { step.name.to_string() } else { format!("{path}.{}", step.name) };
            self.step((block, slot), &path, step, source);
        }
        if block == 0 && steps.iter().any(|step| step.phase == Phase::Catch) {
            self.add(None, "", None, Way::Caught, "the run fails and `on_failure` handles it".into());
        }
    }

    fn step(&mut self, at: (u32, u16), path: &str, step: &Step, source: &dsl::workflow::Step) {
        let catches = |body: u32| self.plan.block(body).is_some_and(|block| block.size(Phase::Catch) > 0);
        let catches = matches!(step.op, Op::Try { body } if catches(body));
        let mut add = |way, told: String| self.add(Some(at), path, Some(source.span), way, told);
        add(Way::Ran, format!("`{path}` runs"));
        if step.condition.is_some() {
            add(Way::LeftOut, format!("`{path}` is left out: its condition is false"));
        }
        match &step.op {
            Op::Switch { cases, default, .. } => {
                for ((case, _), number) in cases.iter().zip(0..) {
                    add(Way::Case(number), format!("`{path}` chooses the case `{case}`"));
                }
                match default {
                    Some(_) => add(Way::Default, format!("`{path}` chooses its default")),
                    None => add(Way::NoCase, format!("`{path}` chooses none of its cases")),
                }
            }
            Op::Try { .. } if catches => {
                add(Way::Caught, format!("`{path}` fails and its `catch` handles it"));
            }
            Op::Wait(Wait::Person(_)) => {
                add(Way::Yes, format!("somebody says yes to `{path}`"));
                add(Way::No, format!("somebody says no to `{path}`"));
                if step.timeout.is_some() {
                    add(Way::Late, format!("nobody answers `{path}` in time"));
                }
            }
            Op::Wait(Wait::Signal { .. }) => {
                add(Way::Yes, format!("the signal for `{path}` comes"));
                if step.timeout.is_some() {
                    add(Way::Late, format!("no signal for `{path}` comes in time"));
                }
            }
            _ => {}
        }
        if step.on_error != OnError::Fail {
            let what = if matches!(step.op, Op::Each { .. }) { "an item of " } else { "" };
            add(Way::WentOn, format!("{what}`{path}` fails and the rest goes on"));
        }
        // The rounds of a model are no steps of the file.
        if self.plan.asks_models(step) {
            return;
        }
        match (&step.op, &source.op) {
            (Op::Each { body, .. }, dsl::workflow::Op::Each { body: inner, .. })
            | (Op::Repeat { body, .. }, dsl::workflow::Op::Repeat { body: inner, .. })
            | (Op::Try { body }, dsl::workflow::Op::Try { body: inner, .. }) => {
                self.block(*body, path, inner)
            }
            (
                Op::Switch { cases, default, .. },
                dsl::workflow::Op::Switch { cases: written, default: other, .. },
            ) => {
                for ((_, body), case) in cases.iter().zip(written) {
                    self.block(*body, path, &case.block);
                }
                if let (Some(body), Some(inner)) = (default, other) {
                    self.block(*body, path, inner);
                }
            }
            _ => {}
        }
    }

    fn add(&mut self, place: Place, path: &str, span: Option<Span>, way: Way, told: String) {
        let shown = self.covered.ways.contains(&(place, way));
        self.points.push(Point { path: path.to_owned(), span, way, told, shown });
    }
}
