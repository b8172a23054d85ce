//! Large values stand once, outside the events, and are found again after a crash; people see all of a run.
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use dsl::catalog::{Action, Catalog, Failure, FailureKind, Safety, Trust};
use dsl::types::{Field, Type};
use dsl::value::{File, Hash, Value, Values};
use engine::BIG;
use engine::command::{Call, Command};
use engine::event::Recorded;
use engine::input::{Input, Start};
use engine::plan::Plan;
use engine::run::{Run, RunId, Status, StepFailure};
use engine::view::Timeline;
use jiff::Timestamp;
use serde_json::json;

/// A store of large values.
#[derive(Default)]
struct Store(RefCell<BTreeMap<Hash, Value>>);

impl Values for Store {
    fn get(&self, hash: &Hash) -> Option<Value> {
        self.0.borrow().get(hash).cloned()
    }
}

impl Store {
    /// Keeps the large values of a row, as a driver does in the same commit.
    fn keep(&self, row: &Recorded) {
        for event in &row.events {
            engine::large::each_big(event, &mut |big| {
                if let Some(value) = &big.value {
                    self.0.borrow_mut().insert(big.hash, (**value).clone());
                }
            });
        }
    }
}

/// A run that is folded anew from what was stored before every input.
struct Forgetful {
    plan: Plan,
    log: Vec<String>,
    store: Store,
}

impl Forgetful {
    fn new(text: &str) -> Forgetful {
        let action = Action {
            id: "test.call".into(),
            about: "Does nothing.".into(),
            safety: Safety::Once,
            input: vec![Field::optional("n", Type::Any, "Anything.")],
            output: Type::Any,
            trust: Trust::Untrusted,
        };
        let checked = dsl::check(text, &Catalog::new([action]));
        let workflow = checked.workflow.unwrap_or_else(|| panic!("{:?}", checked.diagnostics));
        Forgetful { plan: Plan::new(&workflow), log: vec![], store: Store::default() }
    }

    fn rows(&self) -> Vec<Recorded> {
        self.log.iter().map(|row| serde_json::from_str(row).unwrap()).collect()
    }

    fn take(&mut self, input: &Input) -> (Run, Vec<Call>) {
        let mut run = Run::fold(&self.rows()).unwrap();
        let events = engine::advance(&self.plan, &mut run, &self.store, input, Timestamp::UNIX_EPOCH);
        let calls =
            events.iter().filter_map(|event| event.command(Timestamp::UNIX_EPOCH)).filter_map(|command| {
                match command {
                    Command::Call(call) => Some(call),
                    _ => None,
                }
            });
        let calls = calls.collect();
        if !events.is_empty() {
            let row = Recorded { seq: run.seq, time: Timestamp::UNIX_EPOCH, events };
            self.store.keep(&row);
            self.log.push(serde_json::to_string(&row).unwrap());
        }
        (run, calls)
    }

    fn start(&mut self) -> (Run, Vec<Call>) {
        let run = RunId("r1".into());
        self.take(&Input::Start(Start::new(run, Value::Null, Value::Null)))
    }

    fn returns(&mut self, call: &Call, result: Result<Value, Failure>) -> (Run, Vec<Call>) {
        let result = result.map(|value| value.sealed(BIG));
        self.take(&Input::Returned { at: call.at, attempt: call.attempt, result, from: None, spent: None })
    }
}

fn long_list() -> Value {
    Value::list((0..3).map(|n| Value::text(format!("{n}").repeat(5_000))).collect())
}

#[test]
fn large_values_are_found_again_after_a_crash() {
    let mut run = Forgetful::new(
        r#"
name: x
steps:
  list: { use: test.call }
  all:
    for_each: "{{ steps.list }}"
    as: text
    steps: { one: { use: test.call, with: { n: "{{ len(text) }}" } } }
    output: "{{ steps.one }}"
output: "{{ steps.all }}"
"#,
    );
    let (_, calls) = run.start();
    let (_, mut calls) = run.returns(&calls[0], Ok(long_list()));
    let mut last = Run::default();
    while let Some(call) = calls.pop() {
        assert_eq!(call.args.get("n"), Some(&Value::Int(5_000)));
        (last, calls) = run.returns(&call, Ok(Value::Int(1)));
    }
    assert_eq!(last.status, Status::Succeeded(Value::list(vec![Value::Int(1); 3])));
    // What is long stands in no row.
    assert!(run.log.iter().all(|row| row.len() < 2_000), "{:?}", run.log);
    assert!(!run.store.0.borrow().is_empty());
}

#[test]
fn a_large_argument_is_a_reference() {
    let mut run = Forgetful::new(
        r#"
name: x
steps:
  make: { set: { text: "{{ 'long ' | upper }}" } }
  list: { use: test.call }
  next: { use: test.call, with: { n: "{{ steps.list }}" } }
"#,
    );
    let (_, calls) = run.start();
    let (_, calls) = run.returns(&calls[0], Ok(long_list()));
    let args = calls[0].args.load_all(&run.store).unwrap();
    assert_eq!(args.get("n"), Some(&long_list()));
    assert!(run.log.iter().all(|row| row.len() < 2_000));
}

#[test]
fn a_file_stands_once_however_often_it_is_passed_on() {
    let mut run = Forgetful::new(
        r#"
name: x
steps:
  get: { use: test.call }
  one: { use: test.call, with: { n: "{{ steps.get.body }}" } }
  two: { after: one, use: test.call, with: { n: "{{ steps.get.body }}" } }
output: "{{ [len(steps.get.body), steps.get.body.type] }}"
"#,
    );
    let file = Value::File(Arc::new(File::new(vec![7; 100_000], "image/png")));
    let (_, calls) = run.start();
    let (_, mut calls) =
        run.returns(&calls[0], Ok(Value::object([("status", Value::Int(200)), ("body", file.clone())])));
    let mut last = Run::default();
    while let Some(call) = calls.pop() {
        assert_eq!(call.args.load_all(&run.store).unwrap().get("n"), Some(&file));
        (last, calls) = run.returns(&call, Ok(Value::Null));
    }
    assert_eq!(last.status, Status::Succeeded(Value::list(vec![Value::Int(100_000), "image/png".into()])));
    assert!(run.log.iter().all(|row| row.len() < 2_000));
    assert_eq!(run.store.0.borrow().len(), 1);
}

#[test]
fn people_see_every_step_by_its_path() {
    let mut run = Forgetful::new(
        r#"
name: x
steps:
  all:
    for_each: [a, b]
    as: word
    parallel: 2
    on_error: collect
    steps: { get: { use: test.call, with: { n: "{{ word }}" } } }
    output: "{{ steps.get }}"
  no: { if: "false", set: { v: 1 } }
  safe: { try: { inner: { set: { v: "{{ steps.no.v }}" } } }, catch: { spare: { set: { v: 2 } } } }
output: "{{ steps.all[0] }}"
"#,
    );
    let (_, calls) = run.start();
    run.returns(&calls[1], Err(Failure { status: Some(404), ..Failure::new(FailureKind::NotFound, "no") }));
    run.returns(&calls[0], Ok(Value::Int(1)));
    let mut timeline = Timeline::new(&run.plan);
    for row in run.rows() {
        timeline.apply(&row);
    }
    let at = "1970-01-01T00:00:00Z";
    let error =
        json!({ "message": "no", "kind": "not_found", "step": "all[1].get", "attempts": 1, "status": 404 });
    let ended = |state: &str, attempts: u32| json!({ "state": state, "attempts": attempts, "started": at, "ended": at });
    let with = |mut entry: serde_json::Value, more: serde_json::Value| {
        entry.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        entry
    };
    let sent = |key: &str, entry| with(entry, json!({ "action": "test.call", "sent": at, "key": key }));
    let absent = json!({ "state": "skipped", "attempts": 0, "started": null, "ended": at });
    assert_eq!(
        timeline.to_json(),
        json!({
            "run": "r1",
            "workflow": "x",
            "status": "succeeded",
            "output": 1,
            "steps": {
                "all": with(
                    ended("succeeded", 0),
                    json!({ "value": [1, { "error": error }], "children_done": 2, "children_total": 2 }),
                ),
                "no": with(absent.clone(), json!({ "why": "its condition is false" })),
                "safe": with(ended("succeeded", 0), json!({ "value": { "inner": null, "spare": null } })),
                "all[0].get": with(sent("a01ff5990a84fabfa5f6eb9c", ended("succeeded", 1)), json!({ "value": 1 })),
                "all[1].get": with(sent("7de3243105ca7a7eec5fcf19", ended("failed", 1)), json!({ "error": error })),
                "safe.inner": with(absent, json!({ "why": "`no` gave nothing" })),
                "safe.spare": { "state": "not_started", "attempts": 0, "started": null, "ended": null },
            }
        })
    );
}

#[test]
fn a_plan_survives_being_stored() {
    let run = Forgetful::new("name: x\nsteps: { a: { wait: 1s }, b: { after: a, wait: 1s } }\n");
    let stored = serde_json::to_vec(&run.plan).unwrap();
    assert_eq!(Hash::of(&stored), run.plan.digest);
    let back: Plan = serde_json::from_slice(&stored).unwrap();
    assert_eq!(back, run.plan);
}

#[test]
fn a_failure_always_has_a_status_and_it_is_null_where_no_answer_had_one() {
    let shown = |status| {
        let failure = Failure { status, ..Failure::new(FailureKind::Network, "no") };
        StepFailure { failure, step: "a".into(), attempts: 1 }.to_value().to_json()
    };
    let json =
        |status| json!({ "message": "no", "kind": "network", "step": "a", "attempts": 1, "status": status });
    assert_eq!(shown(None), json(serde_json::Value::Null));
    assert_eq!(shown(Some(404)), json(404.into()));
}

#[test]
fn a_long_conversation_goes_on_after_each_row_from_what_was_kept() {
    let long = |letter: &str| letter.repeat(20_000);
    let text = "name: x\nsteps:\n  a: { ai: PROMPT, tools: [test.call], allow: untrusted_tools }\noutput: \"{{ steps.a }}\"\n"
        .replace("PROMPT", &long("p"));
    let mut run = Forgetful::new(&text);
    let (_, calls) = run.start();
    let asked = |call: &Call, store: &Store| call.args.load_all(store).unwrap();
    let first = asked(&calls[0], &run.store);
    assert_eq!(first.get("last").unwrap().get("prompt"), Some(&Value::text(long("p"))));
    let turn = |done: bool, calls: Vec<Value>, answer: Value, conversation: Value| {
        Value::object([
            ("done", Value::Bool(done)),
            ("answer", answer),
            ("calls", Value::list(calls)),
            ("conversation", conversation),
        ])
    };
    let arguments = Value::object([("n", Value::text(long("n")))]);
    let call =
        [("id", "1".into()), ("name", "test.call".into()), ("arguments", arguments), ("wrong", Value::Null)];
    let said = turn(false, vec![Value::object(call)], Value::Null, Value::text(long("c")));
    let (_, calls) = run.returns(&calls[0], Ok(said));
    assert_eq!(asked(&calls[0], &run.store).get("n"), Some(&Value::text(long("n"))));
    let (_, calls) = run.returns(&calls[0], Ok(Value::text(long("r"))));
    let last = asked(&calls[0], &run.store).get("last").cloned().unwrap();
    assert_eq!(last.get("conversation"), Some(&Value::text(long("c"))));
    let Some(Value::List(results)) = last.get("results") else { panic!("{last:?}") };
    assert_eq!(results[0].get("value"), Some(&Value::text(long("r"))));
    let answer = Value::object([("text", Value::text(long("a")))]);
    let (ended, _) = run.returns(&calls[0], Ok(turn(true, vec![], answer.clone(), Value::Null)));
    let Status::Succeeded(output) = &ended.status else { panic!("{:?}", ended.status) };
    assert_eq!(output.load_all(&run.store), Some(answer));
}
