//! A damaged log must not panic: what does not fit is ignored.
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use dsl::catalog::{Failure, FailureKind, Safety};
use dsl::value::{NoValues, Value};
use dsl::workflow::Phase;
use engine::command::{Timer, TimerKind};
use engine::event::{Event, Gave, Head, Recorded, Then, Why};
use engine::input::{Answer, Cancel, Choice, Input, Known};
use engine::plan::Plan;
use engine::run::{Asked, At, Damaged, Hold, Run, RunId, StepFailure};
use engine::view::Timeline;
use jiff::Timestamp;

/// A small generator: the same numbers each time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    fn small(&mut self) -> u32 {
        match self.below(12) {
            11 => u32::MAX,
            small => u32::try_from(small).unwrap() / 2,
        }
    }

    fn at(&mut self) -> At {
        At { frame: self.small(), slot: u16::try_from(self.below(5)).unwrap() }
    }

    fn time(&mut self) -> Timestamp {
        match self.below(9) {
            0 => Timestamp::MAX,
            1 => Timestamp::MIN,
            seconds => Timestamp::from_second(i64::try_from(seconds).unwrap()).unwrap(),
        }
    }

    fn timer(&mut self) -> Timer {
        let kinds = [TimerKind::Backoff, TimerKind::Every, TimerKind::Timeout, TimerKind::Wait];
        let kind = kinds[self.below(4) as usize];
        Timer { at: self.at(), kind, attempt: self.small(), due: self.time() }
    }

    fn event(&mut self) -> Event {
        let at = self.at();
        let failure =
            StepFailure { failure: Failure::new(FailureKind::Type, ""), step: "".into(), attempts: 1 };
        let gave = match self.below(3) {
            0 => Gave::Slot(at.slot),
            1 => Gave::Map(vec![("a".into(), Some(at.slot))]),
            _ => Gave::Nothing,
        };
        match self.below(31) {
            0 => Event::RunStarted {
                run: RunId("r".into()),
                inputs: Value::Null,
                trigger: Value::Null,
                note: Value::Null,
                zone: None,
                parent: None,
                past: None,
            },
            1 if self.below(20) == 0 => Event::RunSucceeded { gave },
            2 => Event::CancelRequested {},
            3 => Event::Yielded {},
            4..=7 => Event::FrameOpened {
                frame: self.small(),
                parent: (self.below(3) > 0).then_some(at),
                block: self.small(),
                index: self.small(),
                slots: u16::try_from(self.below(6)).unwrap(),
            },
            8 => Event::PhaseBegan {
                frame: at.frame,
                phase: [Phase::Catch, Phase::Finally][self.below(2) as usize],
            },
            9 => Event::Stopped { frame: at.frame, until: self.small(), failure: failure.into() },
            10 => Event::FrameClosed { frame: at.frame, gave, met: true },
            11 => Event::StepSkipped { at, why: Why::Condition },
            12 => Event::StepStarted {
                at,
                attempt: self.small(),
                action: "a".into(),
                args: Value::Null,
                safety: Safety::Once,
                key: "k".into(),
                cache: None,
                connection: Some("mine".into()),
            },
            13 => Event::TimeoutSet { timer: self.timer() },
            14 => Event::StepWaiting { at, until: self.time() },
            15 => Event::StepDue { at },
            16 => Event::StepSucceeded { at, value: Value::Int(1), from: None },
            17 => {
                let then =
                    [Then::Fatal, Then::Continue, Then::Retry { due: self.time() }][self.below(3) as usize];
                Event::StepFailed { at, failure: failure.into(), then }
            }
            18 => Event::StepDropped { at },
            19 | 20 => {
                let items = Value::list(vec![Value::Int(1), Value::Int(2)]);
                let heads = [
                    Head::One,
                    Head::Repeat { rounds: 2, start: Value::Null },
                    Head::Each { items, count: self.small() },
                ];
                Event::BlockOpened { at, head: heads[self.below(3) as usize].clone() }
            }
            21 => Event::RunHeld { why: Hold::Paused },
            22 => Event::RunReleased {},
            23 => Event::SignalKept { name: "go".into(), value: Value::Int(1) },
            24 => Event::SignalTaken { at, name: "go".into() },
            25 => Event::StepListening { at, name: "go".into() },
            26 => {
                let asked = Asked { who: Value::Null, message: "may it?".into() };
                Event::StepAsked { at, asked }
            }
            27 => Event::StepInDoubt { at, attempt: self.small() },
            28 => Event::StepReused { at, value: Value::Int(2) },
            _ => Event::BlockDone { at },
        }
    }

    fn input(&mut self) -> Input {
        let (at, attempt) = (self.at(), self.small());
        match self.below(10) {
            0 => Input::Returned { at, attempt, result: Ok(Value::Null), from: None, spent: None },
            1 => Input::Fired(self.timer()),
            2 => Input::Nudge,
            3 => Input::InDoubt { at, attempt },
            4 => Input::Signal { name: "go".into(), value: Value::Null, to: (attempt > 3).then_some(at) },
            5 => {
                let choice = [Choice::Approve, Choice::Reject][self.below(2) as usize];
                Input::Answer { at, answer: Answer { choice, by: None, comment: None, values: Value::Null } }
            }
            6 => Input::Resolve {
                at,
                known: [Known::DidNot, Known::Stop, Known::Happened(Value::Null)][self.below(3) as usize]
                    .clone(),
            },
            7 => Input::Hold(Hold::Paused),
            8 => Input::Release(Hold::Queued),
            _ => Input::Cancel(Cancel::Finally),
        }
    }
}

fn plan() -> Plan {
    let text = r#"
name: x
steps:
  a: { wait: 1s }
  all: { for_each: [1, 2], as: n, steps: { one: { set: { v: "{{ n }}" } }, two: { wait: 1h } } }
  again: { repeat: 3, every: 1s, steps: { three: { wait: 1s } } }
  safe: { try: { four: { fail: no } }, catch: { five: { wait: 1s } }, finally: { six: { wait: 1s } } }
"#;
    let checked = dsl::check(text, &dsl::catalog::Catalog::default());
    Plan::new(&checked.workflow.unwrap_or_else(|| panic!("{:?}", checked.diagnostics)))
}

#[test]
fn random_events_and_inputs_do_not_panic() {
    let plan = plan();
    for seed in 0..3_000 {
        let mut numbers = Numbers(seed);
        let mut run = Run::default();
        let mut timeline = Timeline::new(&plan);
        let start = Event::RunStarted {
            run: RunId("r".into()),
            inputs: Value::Null,
            trigger: Value::Null,
            note: Value::Null,
            zone: None,
            parent: None,
            past: None,
        };
        let root = Event::FrameOpened { frame: 0, parent: None, block: 0, index: 0, slots: 4 };
        let random = std::iter::repeat_with(|| numbers.event()).take(60);
        let row = Recorded {
            seq: 1,
            time: Timestamp::UNIX_EPOCH,
            events: [start, root].into_iter().chain(random).collect(),
        };
        run.record(&row);
        timeline.apply(&row);
        for _ in 0..10 {
            let (input, now) = (numbers.input(), numbers.time());
            engine::advance_within(200, &plan, &mut run, &NoValues, &input, now);
        }
        run.outstanding();
        timeline.to_json();
    }
}

#[test]
fn a_row_that_is_missing_is_reported() {
    let row = |seq| Recorded {
        seq,
        time: Timestamp::UNIX_EPOCH,
        events: vec![Event::RunStarted {
            run: RunId("r".into()),
            inputs: Value::Null,
            trigger: Value::Null,
            note: Value::Null,
            zone: None,
            parent: None,
            past: None,
        }],
    };
    assert!(Run::fold(&[row(1), row(2)]).is_ok());
    assert_eq!(Run::fold(&[row(1), row(3)]), Err(Damaged::Order { expected: 2, found: 3 }));
    assert_eq!(Run::fold(&[row(2)]), Err(Damaged::Order { expected: 1, found: 2 }));
}

#[test]
fn a_log_that_does_not_begin_with_a_start_is_reported() {
    let row = Recorded { seq: 1, time: Timestamp::UNIX_EPOCH, events: vec![Event::Yielded {}] };
    assert_eq!(Run::fold(&[row]), Err(Damaged::NoStart));
}

#[test]
fn fields_that_are_not_known_yet_are_tolerated() {
    let text =
        r#"{"seq":1,"time":"1970-01-01T00:00:00Z","by":"later","events":[{"o":{"a":[0,1],"v":3,"zz":1}}]}"#;
    let row: Recorded = serde_json::from_str(text).unwrap();
    assert_eq!(
        row.events,
        [Event::StepSucceeded { at: At { frame: 0, slot: 1 }, value: Value::Int(3), from: None }]
    );
}
