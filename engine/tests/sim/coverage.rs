//! Which transitions there are, and which of them the worlds went through: pairs of what was true of a step, of
//! an instance of a block or of the run, and the event that changed it.

use std::collections::BTreeMap;

use dsl::workflow::Phase;
use engine::event::{Event, Then};
use engine::run::{At, Frame, Run, State, Status};

use crate::invariants::{Broken, demand};

/// How often each pair was seen.
#[derive(Clone, Debug, Default)]
pub struct Seen(BTreeMap<(&'static str, &'static str), u64>);

/// Each event with the states in which it can happen.
const EXPECTED: &[(&str, &[&str])] = &[
    ("aborted", &["calling"]),
    ("asked", &["pending"]),
    ("block done", &["open"]),
    ("block expired", &["open"]),
    ("block opened", &["pending"]),
    ("cancel requested", &["running", "held", "queued", "handling"]),
    ("catch began", &["body stopped"]),
    ("closed", &["body", "body stopped", "catch", "catch stopped", "finally", "finally stopped"]),
    ("dropped", &["due", "waiting", "listening", "asking", "backoff", "open"]),
    ("due", &["backoff", "doubtful", "open"]),
    ("failed, again", &["calling", "dropped"]),
    (
        "failed, continued",
        &["pending", "calling", "waiting", "listening", "asking", "doubtful", "open", "dropped", "due"],
    ),
    (
        "failed, fatal",
        &["pending", "calling", "waiting", "listening", "asking", "doubtful", "open", "dropped", "due"],
    ),
    ("finally began", &["body", "body stopped", "catch", "catch stopped"]),
    ("in doubt", &["calling"]),
    ("listening", &["pending"]),
    ("models asked", &["calling"]),
    ("opened", &["running", "cancelled", "handling"]),
    ("reused", &["pending"]),
    ("round paused", &["open"]),
    ("run cancelled", &["running", "held", "queued", "handling", "cancelled"]),
    ("run expired", &["running", "held", "cancelled"]),
    ("run failed", &["running", "handling", "cancelled"]),
    ("run held", &["running", "handling"]),
    ("run released", &["held", "queued", "cancelled"]),
    ("run resumed", &["running", "handling", "cancelled"]),
    ("run started", &["new"]),
    ("run succeeded", &["running"]),
    ("run timeout", &["running"]),
    ("run yielded", &["running", "handling", "cancelled"]),
    ("signal emitted", &["pending"]),
    ("signal kept", &["running", "held", "queued", "handling", "cancelled"]),
    ("signal taken", &["pending"]),
    ("skipped", &["pending", "due"]),
    ("started", &["pending", "due"]),
    ("stopped", &["body", "catch", "finally"]),
    ("succeeded", &["pending", "calling", "waiting", "listening", "asking", "doubtful"]),
    ("timeout", &["calling", "waiting", "listening", "asking", "open"]),
    ("waiting", &["pending"]),
];

/// Of these, what no world can go through, and why.
const NEVER: &[(&str, &str, &str)] = &[
    ("failed, continued", "due", "what a step sends is rendered without a failure before its first try"),
    ("failed, fatal", "due", "what a step sends is rendered without a failure before its first try"),
    ("skipped", "due", "what a step reads has ended before its first try"),
];

impl Seen {
    /// Counts a transition, or objects if there is no such one.
    pub fn count(&mut self, run: &Run, event: &Event) -> Result<(), Broken> {
        let (before, name) = pair(run, event);
        let known = EXPECTED.iter().any(|(known, states)| *known == name && states.contains(&before));
        demand(known, "only known transitions happen", || format!("{name} while {before}: {event:?}"))?;
        *self.0.entry((name, before)).or_default() += 1;
        Ok(())
    }

    /// How many of the expected transitions were seen, and each that was not, with the reason if there is one.
    pub fn report(&self) -> (usize, usize, Vec<String>) {
        let all = EXPECTED.iter().flat_map(|(name, states)| states.iter().map(move |state| (*name, *state)));
        let all: Vec<(&str, &str)> = all.collect();
        let missing = all.iter().filter(|pair| !self.0.contains_key(*pair));
        let missing = missing.map(|(name, state)| {
            let reason = NEVER.iter().find(|(event, before, _)| event == name && before == state);
            let reason = reason.map_or("not met by chance", |(_, _, reason)| reason);
            format!("`{name}` while `{state}`: {reason}")
        });
        let missing: Vec<String> = missing.collect();
        (all.len() - missing.len(), all.len(), missing)
    }
}

impl std::ops::AddAssign for Seen {
    fn add_assign(&mut self, other: Seen) {
        for (pair, count) in other.0 {
            *self.0.entry(pair).or_default() += count;
        }
    }
}

/// What was true before an event, and the event's name.
fn pair(run: &Run, event: &Event) -> (&'static str, &'static str) {
    let step = |at: &At| run.slot(*at).map_or("nothing", |slot| state_name(&slot.state));
    let frame = |id: &u32| run.frames.get(id).map_or("nothing", frame_name);
    match event {
        Event::RunStarted { .. } => (run_name(run), "run started"),
        Event::RunHeld { .. } => (run_name(run), "run held"),
        Event::RunReleased {} => (run_name(run), "run released"),
        Event::SignalKept { .. } => (run_name(run), "signal kept"),
        Event::RunSucceeded { .. } => (run_name(run), "run succeeded"),
        Event::RunFailed { .. } => (run_name(run), "run failed"),
        Event::RunCancelled {} => (run_name(run), "run cancelled"),
        Event::CancelRequested {} => (run_name(run), "cancel requested"),
        Event::RunExpired {} => (run_name(run), "run expired"),
        Event::Yielded {} => (run_name(run), "run yielded"),
        Event::Resumed {} => (run_name(run), "run resumed"),
        Event::FrameOpened { .. } => (run_name(run), "opened"),
        Event::PhaseBegan { frame: id, phase: Phase::Catch } => (frame(id), "catch began"),
        Event::PhaseBegan { frame: id, phase: Phase::Finally | Phase::Body } => (frame(id), "finally began"),
        Event::Stopped { frame: id, .. } => (frame(id), "stopped"),
        Event::FrameClosed { frame: id, .. } => (frame(id), "closed"),
        Event::TimeoutSet { timer } if timer.at == At::RUN => (run_name(run), "run timeout"),
        Event::TimeoutSet { timer } => (step(&timer.at), "timeout"),
        Event::SignalTaken { at, .. } => (step(at), "signal taken"),
        Event::SignalEmitted { at, .. } => (step(at), "signal emitted"),
        Event::StepListening { at, .. } => (step(at), "listening"),
        Event::StepAsked { at, .. } => (step(at), "asked"),
        Event::StepInDoubt { at, .. } => (step(at), "in doubt"),
        Event::StepReused { at, .. } => (step(at), "reused"),
        Event::StepSkipped { at, .. } => (step(at), "skipped"),
        Event::StepStarted { at, .. } => (step(at), "started"),
        Event::StepWaiting { at, .. } => (step(at), "waiting"),
        Event::StepDue { at } => (step(at), "due"),
        Event::ModelsAsked { at, .. } => (step(at), "models asked"),
        Event::StepSucceeded { at, .. } => (step(at), "succeeded"),
        Event::StepFailed { at, then: Then::Retry { .. }, .. } => (step(at), "failed, again"),
        Event::StepFailed { at, then: Then::Continue, .. } => (step(at), "failed, continued"),
        Event::StepFailed { at, then: Then::Fatal, .. } => (step(at), "failed, fatal"),
        Event::CallAborted { at, .. } => (step(at), "aborted"),
        Event::StepDropped { at } => (step(at), "dropped"),
        Event::BlockOpened { at, .. } => (step(at), "block opened"),
        Event::BlockExpired { at, .. } => (step(at), "block expired"),
        Event::RoundPaused { at, .. } => (step(at), "round paused"),
        Event::BlockDone { at } => (step(at), "block done"),
    }
}

fn state_name(state: &State) -> &'static str {
    match state {
        State::Pending => "pending",
        State::Due => "due",
        State::Calling(_) => "calling",
        State::Waiting(_) => "waiting",
        State::Listening(_) => "listening",
        State::Asking(_) => "asking",
        State::Doubtful(_) => "doubtful",
        State::Backoff(_) => "backoff",
        State::Open(_) => "open",
        State::Done(_) => "done",
        State::Skipped => "skipped",
        State::Failed { .. } => "failed",
        State::Dropped => "dropped",
    }
}

fn frame_name(frame: &Frame) -> &'static str {
    match (frame.phase, frame.stopped) {
        (Phase::Body, false) => "body",
        (Phase::Body, true) => "body stopped",
        (Phase::Catch, false) => "catch",
        (Phase::Catch, true) => "catch stopped",
        (Phase::Finally, false) => "finally",
        (Phase::Finally, true) => "finally stopped",
    }
}

fn run_name(run: &Run) -> &'static str {
    let root = run.frames.get(&0).map(|root| root.phase);
    match (&run.status, run.hold, root) {
        (Status::New, _, _) => "new",
        (Status::Succeeded(_) | Status::Failed(_) | Status::Cancelled, _, _) => "ended",
        (Status::Running, _, _) if run.cancelled => "cancelled",
        (Status::Running, Some(_), None) => "queued",
        (Status::Running, Some(_), Some(_)) => "held",
        (Status::Running, None, Some(Phase::Catch | Phase::Finally)) => "handling",
        (Status::Running, None, Some(Phase::Body) | None) => "running",
    }
}
