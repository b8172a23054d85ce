//! What happened in a run, told: every event as a fact with its time and its step, and for each step an account
//! in plain words of why it ran, waited, was tried again, was left out or failed. It is folded from plan and log.

mod account;
mod fact;

use dsl::value::Value;
use dsl::workflow::Phase;
use indexmap::IndexMap;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::event::{Event, Head, Recorded, Then, Why};
use crate::plan::{CALL, Plan};
use crate::run::At;
use crate::view::{Shown, Timeline};

pub use fact::{Fact, Failed, Next, Parts};

/// The story of a run.
#[derive(Clone, Debug)]
pub struct Story {
    timeline: Timeline,
    moments: Vec<Moment>,
    chapters: IndexMap<String, Chapter>,
}

/// Something that happened at a time.
#[derive(Clone, Debug, PartialEq)]
pub struct Moment {
    /// When.
    pub time: Timestamp,
    /// The step, or the instance of a block, that it happened to; empty for the run.
    pub step: String,
    /// What.
    pub fact: Fact,
}

/// What happened to one step.
#[derive(Clone, Debug)]
struct Chapter {
    /// Where it stands in the plan.
    block: u32,
    slot: u16,
    /// What happened to it, by the places of moments.
    moments: Vec<usize>,
}

/// A stretch of time in a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// From when.
    pub from: Timestamp,
    /// Until when; none where it goes on.
    pub to: Option<Timestamp>,
    /// What the step did meanwhile.
    pub doing: Doing,
}

/// What a step does for a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    /// It is under way.
    Work,
    /// It waits: for time, a signal, a person, its next try.
    Wait,
}

/// The account of one step.
#[derive(Clone, Debug, PartialEq)]
pub struct Account {
    /// Its path.
    pub step: String,
    /// How it stands.
    pub state: Shown,
    /// When anything first happened to it.
    pub time: Option<Timestamp>,
    /// The steps that it waited for.
    pub after: Vec<String>,
    /// One sentence or two.
    pub text: String,
}

impl Story {
    /// Tells the story of a run from its plan and its log.
    pub fn of<'a>(plan: &Plan, log: impl IntoIterator<Item = &'a Recorded>) -> Story {
        let timeline = Timeline::new(plan);
        let mut story = Story { timeline, moments: vec![], chapters: IndexMap::new() };
        for row in log {
            for event in &row.events {
                story.take(event, row.time);
            }
            story.timeline.close(row);
        }
        story
    }

    /// The run as it stands at the end of the log.
    pub fn timeline(&self) -> &Timeline {
        &self.timeline
    }

    /// All that happened, in order.
    pub fn moments(&self) -> &[Moment] {
        &self.moments
    }

    /// What a step did when: nothing for one that was settled at once, or never began.
    pub fn spans(&self, step: &str) -> Vec<Span> {
        let mut spans: Vec<Span> = vec![];
        for moment in self.of_step(step) {
            let doing = match &moment.fact {
                Fact::Sent { .. } | Fact::Opened { .. } => Some(Doing::Work),
                Fact::Pausing { .. }
                | Fact::Listening { .. }
                | Fact::Asked { .. }
                | Fact::InDoubt { .. }
                | Fact::RoundPaused { .. }
                | Fact::Failed { then: Next::Again(_), .. } => Some(Doing::Wait),
                // Between two rounds a block goes on; a step's next try begins when its call is sent.
                Fact::Due => match (spans.first(), spans.last()) {
                    (Some(first), Some(_)) if first.doing == Doing::Work && self.is_block(step) => {
                        Some(Doing::Work)
                    }
                    _ => continue,
                },
                Fact::Gave { .. }
                | Fact::Failed { .. }
                | Fact::GivenUp
                | Fact::Done
                | Fact::SignalTaken { .. }
                | Fact::TakenOver { .. }
                | Fact::Skipped { .. } => None,
                _ => continue,
            };
            if let Some(last) = spans.last_mut().filter(|last| last.to.is_none()) {
                last.to = Some(moment.time);
            }
            spans.extend(doing.map(|doing| Span { from: moment.time, to: None, doing }));
        }
        if let (Some(last), Some(ended)) = (spans.last_mut(), self.timeline.ended()) {
            last.to.get_or_insert(ended);
        }
        spans
    }

    fn is_block(&self, step: &str) -> bool {
        self.of_step(step).any(|moment| matches!(moment.fact, Fact::Opened { .. }))
    }

    /// Why each step ran, waited, was left out or failed: in the order in which anything happened to it, those
    /// that never began last.
    pub fn accounts(&self) -> Vec<Account> {
        let mut accounts: Vec<Account> =
            self.chapters.iter().map(|(step, chapter)| account::of(self, step, chapter)).collect();
        accounts.sort_by_key(|account| (account.time.is_none(), account.time));
        accounts
    }

    /// Why the run began, stands or ended as it does, in a sentence or two.
    pub fn whole(&self) -> String {
        account::of_run(self)
    }

    /// As JSON: `run`, `workflow` and `status`, the `text` and the `facts` of the whole, and for each step `text`,
    /// `after` and its `facts`.
    pub fn to_json(&self) -> serde_json::Value {
        let facts =
            |step: &str| -> Vec<serde_json::Value> { self.of_step(step).map(Moment::to_json).collect() };
        let steps: Vec<serde_json::Value> = self
            .accounts()
            .into_iter()
            .map(|account| {
                json!({
                    "step": account.step,
                    "state": account.state.name(),
                    "time": account.time.map(|time| time.to_string()),
                    "after": account.after,
                    "text": account.text,
                    "facts": facts(&account.step),
                })
            })
            .collect();
        let shown = self.timeline.to_json();
        let run: Vec<_> =
            self.moments.iter().filter(|moment| moment.step.is_empty()).map(Moment::to_json).collect();
        json!({
            "run": shown["run"],
            "workflow": shown["workflow"],
            "status": shown["status"],
            "text": self.whole(),
            "facts": run,
            "steps": steps,
        })
    }

    fn of_step(&self, step: &str) -> impl Iterator<Item = &Moment> {
        let places = self.chapters.get(step).map(|chapter| chapter.moments.as_slice()).unwrap_or_default();
        places.iter().filter_map(|place| self.moments.get(*place))
    }

    fn take(&mut self, event: &Event, time: Timestamp) {
        let mut closed = None;
        if let Event::FrameClosed { frame, .. }
        | Event::Stopped { until: frame, .. }
        | Event::PhaseBegan { frame, .. } = event
        {
            closed = self.timeline.instance(*frame).map(str::to_owned);
        }
        // A call that turns out to be doubtful is still the last that was sent.
        let sent = match event {
            Event::StepInDoubt { at, .. } => self.entry(*at).and_then(|entry| entry.sent),
            _ => None,
        };
        self.timeline.take(event, time);
        if let Event::FrameOpened { frame, block, slots, .. } = event {
            self.open(*frame, *block, *slots);
            closed = self.timeline.instance(*frame).map(str::to_owned);
        }
        let Some((at, fact)) = self.fact(event, sent) else { return };
        let step = match at {
            Place::Step(at) => match self.timeline.path(at) {
                Some(path) => path.to_owned(),
                None => return,
            },
            Place::Instance => closed.unwrap_or_default(),
            Place::Run => String::new(),
        };
        if let (Place::Step(_), Some(chapter)) = (at, self.chapters.get_mut(&step)) {
            chapter.moments.push(self.moments.len());
        }
        self.moments.push(Moment { time, step, fact });
    }

    fn entry(&self, at: At) -> Option<&crate::view::Entry> {
        self.timeline.steps().get(self.timeline.path(at)?)
    }

    fn open(&mut self, frame: u32, block: u32, slots: u16) {
        for slot in 0..slots {
            if let Some(path) = self.timeline.path(At { frame, slot }) {
                let chapter = Chapter { block, slot, moments: vec![] };
                self.chapters.entry(path.to_owned()).or_insert(chapter);
            }
        }
    }

    /// What an event tells, and of whom.
    fn fact(&self, event: &Event, sent: Option<Timestamp>) -> Option<(Place, Fact)> {
        let step = |at: &At| Place::Step(*at);
        Some(match event {
            Event::RunStarted { parent, past, .. } => {
                let called_by = parent.as_ref().map(|parent| parent.run.clone());
                let takes_over_from = past.as_ref().map(|past| past.of.clone());
                let anew = past.as_ref().map(|past| past.from.clone()).unwrap_or_default();
                (Place::Run, Fact::Began { called_by, takes_over_from, anew })
            }
            Event::RunHeld { why } => (Place::Run, Fact::Held { why: *why }),
            Event::RunReleased {} => (Place::Run, Fact::Released),
            Event::SignalKept { name, .. } => (Place::Run, Fact::SignalKept { signal: name.clone() }),
            Event::CancelRequested {} => (Place::Run, Fact::CancelAsked),
            Event::RunExpired {} => (Place::Run, Fact::RunExpired),
            Event::RunSucceeded { .. } => (Place::Run, Fact::Ended { status: "succeeded", failure: None }),
            Event::RunCancelled {} => (Place::Run, Fact::Ended { status: "cancelled", failure: None }),
            Event::RunFailed { failure } => {
                (Place::Run, Fact::Ended { status: "failed", failure: Some((&**failure).into()) })
            }
            Event::Yielded {} => (Place::Run, Fact::Yielded),
            Event::Resumed {} => (Place::Run, Fact::Resumed),
            Event::Stopped { failure, .. } => {
                (Place::Instance, Fact::Stopped { failure: (&**failure).into() })
            }
            Event::PhaseBegan { frame, phase } => {
                let part = match phase {
                    Phase::Body => "steps",
                    Phase::Catch if *frame == 0 => "on_failure",
                    Phase::Catch => "catch",
                    Phase::Finally => "finally",
                };
                (Place::Instance, Fact::Part { part })
            }
            // That the run's own steps begin and end, the run says itself.
            Event::FrameOpened { parent: None, .. } | Event::FrameClosed { frame: 0, .. } => return None,
            Event::FrameOpened { .. } => (Place::Instance, Fact::InstanceBegan),
            Event::FrameClosed { .. } => (Place::Instance, Fact::InstanceEnded),
            Event::TimeoutSet { timer } if timer.at == At::RUN => {
                (Place::Run, Fact::Limited { until: timer.due })
            }
            Event::TimeoutSet { timer } => (step(&timer.at), Fact::Limited { until: timer.due }),
            Event::StepReused { at, value } => (step(at), Fact::TakenOver { value: value.to_json() }),
            Event::StepSkipped { at, why } => {
                let of = match why {
                    Why::Condition => None,
                    Why::Step(name) => Some(name.clone()),
                };
                (step(at), Fact::Skipped { why: why.to_string(), of })
            }
            Event::StepStarted { at, attempt, action, safety, key, .. } => {
                let run = self.timeline.run().filter(|_| **action == *CALL).map(|run| run.child(key));
                let (action, key) = (action.clone(), key.clone());
                (step(at), Fact::Sent { attempt: *attempt, action, safety: *safety, key, run })
            }
            Event::StepWaiting { at, until } => (step(at), Fact::Pausing { until: *until }),
            Event::StepListening { at, name } => (step(at), Fact::Listening { signal: name.clone() }),
            Event::SignalTaken { at, name } => (step(at), Fact::SignalTaken { signal: name.clone() }),
            Event::SignalEmitted { at, signal } => {
                (step(at), Fact::SignalRaised { signal: signal.name.clone(), to: signal.to.clone() })
            }
            Event::StepAsked { at, asked } => {
                (step(at), Fact::Asked { who: who(&asked.who), message: asked.message.clone() })
            }
            Event::StepInDoubt { at, attempt } => (step(at), Fact::InDoubt { attempt: *attempt, sent }),
            // The ledger tells of each call.
            Event::ModelsAsked { .. } => return None,
            Event::StepDue { at } => (step(at), Fact::Due),
            Event::StepSucceeded { at, value, from } => {
                (step(at), Fact::Gave { value: value.to_json(), from: *from })
            }
            Event::StepFailed { at, failure, then } => {
                let then = match then {
                    Then::Retry { due } => Next::Again(*due),
                    Then::Continue => Next::GoesOn,
                    Then::Fatal => Next::Ends,
                };
                (step(at), Fact::Failed { failure: (&**failure).into(), then })
            }
            Event::CallAborted { at, .. } | Event::StepDropped { at } => (step(at), Fact::GivenUp),
            Event::BlockOpened { at, head } => {
                let parts = match head {
                    Head::Each { count, .. } => Parts::Items(*count),
                    Head::Repeat { rounds, .. } => Parts::Rounds(*rounds),
                    Head::One => Parts::Steps,
                };
                (step(at), Fact::Opened { parts })
            }
            Event::BlockExpired { at, failure } => (step(at), Fact::Expired { failure: (&**failure).into() }),
            Event::RoundPaused { at, round, until } => {
                (step(at), Fact::RoundPaused { round: *round, until: *until })
            }
            Event::BlockDone { at } => (step(at), Fact::Done),
        })
    }
}

/// What a fact is about.
#[derive(Clone, Copy)]
enum Place {
    Step(At),
    Instance,
    Run,
}

impl Moment {
    /// As JSON: `time`, `step`, `text`, and the fields of the fact.
    pub fn to_json(&self) -> serde_json::Value {
        let mut json = serde_json::to_value(&self.fact).unwrap_or_default();
        if let Some(entries) = json.as_object_mut() {
            entries.insert("time".into(), self.time.to_string().into());
            entries.insert("step".into(), self.step.clone().into());
            entries.insert("text".into(), self.fact.to_string().into());
        }
        json
    }
}

/// Who is asked, for people.
pub fn who(asked: &Value) -> String {
    match asked {
        Value::Text(name) => name.to_string(),
        Value::List(names) => names.iter().map(who).collect::<Vec<_>>().join(" or "),
        Value::Null => "the owner".into(),
        other => other.to_string(),
    }
}

/// A length of time as people say it.
pub fn length(length: SignedDuration) -> String {
    let millis = length.as_millis().max(0);
    match millis {
        ..1_000 => format!("{millis} ms"),
        1_000..60_000 => format!("{:.1} s", length.as_secs_f64()),
        60_000..3_600_000 => format!("{} min {} s", millis / 60_000, millis / 1_000 % 60),
        3_600_000..86_400_000 => format!("{} h {} min", millis / 3_600_000, millis / 60_000 % 60),
        _ => format!("{} d {} h", millis / 86_400_000, millis / 3_600_000 % 24),
    }
}
