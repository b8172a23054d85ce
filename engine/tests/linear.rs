//! Plans without blocks, built by hand.

use dsl::catalog::{Failure, FailureKind, Safety};
use dsl::span::Span;
use dsl::value::{NoValues, Value};
use dsl::workflow::{Act, Arg, Block, Need, NeedKind, OnError, Op, Phase, Retry, Step, Workflow};
use engine::command::Command;
use engine::event::{Event, Recorded};
use engine::input::{Input, Start};
use engine::plan::Plan;
use engine::run::{At, Run, RunId, Status};
use jiff::Timestamp;

fn act(name: &str, needs: &[(u16, NeedKind)], attempts: u32) -> Step {
    Step {
        name: name.into(),
        span: Span::default(),
        phase: Phase::Body,
        needs: needs.iter().map(|(step, kind)| Need { up: 0, step: *step, kind: *kind }).collect(),
        condition: None,
        op: Op::Act(Act {
            action: "test.call".into(),
            args: Arg::Value(Value::object([("n", Value::Int(1))])),
            safety: Safety::Keyed,
        }),
        retry: Retry { attempts, ..Retry::default_for(Safety::Keyed) },
        timeout: None,
        on_error: OnError::Fail,
    }
}

fn workflow(steps: Vec<Step>) -> Workflow {
    Workflow {
        name: "test".into(),
        description: String::new(),
        inputs: vec![],
        timeout: None,
        root: Block { steps, output: None },
    }
}

fn start() -> Input {
    Input::Start(Start {
        run: RunId("r1".into()),
        inputs: Value::Null,
        trigger: Value::Null,
        note: Value::Null,
    })
}

/// Runs a plan to its end: each answer comes from `answer`.
fn drive(plan: &Plan, mut answer: impl FnMut(At, u32) -> Result<Value, Failure>) -> (Run, Vec<Recorded>) {
    let (mut run, mut log, mut now) = (Run::default(), vec![], Timestamp::UNIX_EPOCH);
    let mut inputs = vec![start()];
    while let Some(input) = inputs.pop() {
        if let Input::Fired(timer) = &input {
            now = now.max(timer.due);
        }
        let events = engine::advance(plan, &mut run, &NoValues, &input, now);
        inputs.extend(events.iter().filter_map(Event::command).filter_map(|command| match command {
            Command::Call(call) => Some(Input::Returned {
                at: call.at,
                attempt: call.attempt,
                result: answer(call.at, call.attempt),
            }),
            Command::Wake(timer) => Some(Input::Fired(timer)),
            Command::Nudge => Some(Input::Nudge),
            Command::Abort { .. } => None,
        }));
        if !events.is_empty() {
            log.push(Recorded { seq: run.seq, time: now, events });
        }
    }
    (run, log)
}

#[test]
fn steps_run_in_the_order_of_their_needs() {
    let plan = Plan::new(&workflow(vec![act("b", &[(1, NeedKind::Hard)], 1), act("a", &[], 1)]));
    let (run, log) = drive(&plan, |at, _| Ok(Value::Int(i64::from(at.slot))));
    let output = Value::object([("b", Value::Int(0)), ("a", Value::Int(1))]);
    assert_eq!(run.status, Status::Succeeded(output));
    assert_eq!(Run::fold(&log).unwrap(), run);
    let text = serde_json::to_string(&log).unwrap();
    let back: Vec<Recorded> = serde_json::from_str(&text).unwrap();
    assert_eq!(back, log);
}

#[test]
fn a_call_is_tried_again_and_the_last_failure_fails_the_run() {
    let plan = Plan::new(&workflow(vec![act("a", &[], 3), act("b", &[(0, NeedKind::After)], 1)]));
    let mut tries = 0;
    let (run, _) = drive(&plan, |_, attempt| {
        tries += 1;
        assert_eq!(attempt, tries);
        Err(Failure::passing(FailureKind::Server, "no"))
    });
    assert_eq!(tries, 3);
    let Status::Failed(failure) = run.status else { panic!("{:?}", run.status) };
    assert_eq!((failure.step.as_str(), failure.attempts), ("a", 3));
}
