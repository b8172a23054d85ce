//! Large plans and long lists cost in proportion to their size.
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use dsl::catalog::{Action, Catalog, Safety, Trust};
use dsl::types::{Field, Type};
use dsl::value::{NoValues, Object, Value};
use engine::command::Command;
use engine::input::{Input, Start};
use engine::plan::Plan;
use engine::run::{Run, RunId, Status};
use jiff::Timestamp;

/// What a run to the end cost.
#[derive(Default)]
struct Cost {
    events: usize,
    bytes: usize,
    most_frames: usize,
    most_events: usize,
}

fn plan(text: &str) -> Plan {
    let action = Action {
        id: "test.call".into(),
        about: "Does nothing.".into(),
        safety: Safety::Keyed,
        input: vec![Field::optional("n", Type::Any, "Anything.")],
        output: Type::Any,
        trust: Trust::Untrusted,
    };
    let checked = dsl::check(text, &Catalog::new([action]));
    Plan::new(&checked.workflow.unwrap_or_else(|| panic!("{:?}", checked.diagnostics)))
}

/// Runs a plan to its end; each call gives 1.
fn run(plan: &Plan, inputs: Value) -> (Run, Cost) {
    let (mut run, mut cost, now) = (Run::default(), Cost::default(), Timestamp::UNIX_EPOCH);
    let start = Start::new(RunId("r1".into()), inputs, Value::Null);
    let mut next = std::collections::VecDeque::from([Input::Start(start)]);
    while let Some(input) = next.pop_front() {
        let events = engine::advance(plan, &mut run, &NoValues, &input, now);
        next.extend(events.iter().filter_map(|event| event.command(Timestamp::UNIX_EPOCH)).filter_map(
            |command| match command {
                Command::Call(call) => Some(Input::Returned {
                    at: call.at,
                    attempt: call.attempt,
                    result: Ok(Value::Int(1)),
                    from: None,
                    spent: None,
                }),
                Command::Nudge => Some(Input::Nudge),
                Command::Wake(_) | Command::Abort { .. } | Command::Listen { .. } | Command::Emit(_) => None,
            },
        ));
        cost.events += events.len();
        cost.bytes += serde_json::to_vec(&events).unwrap().len();
        cost.most_frames = cost.most_frames.max(run.frames.len());
        cost.most_events = cost.most_events.max(events.len());
    }
    (run, cost)
}

fn numbers(count: i64) -> Value {
    let items = Value::list((0..count).map(Value::Int).collect()).sealed(engine::BIG);
    Value::Object(Object::from_iter([("items".into(), items)]).into())
}

const EACH: &str = r#"
name: x
inputs: { items: [integer] }
steps:
  all:
    for_each: inputs.items
    as: n
    parallel: 8
    steps: { one: { use: test.call, with: { n: "{{ n }}" } } }
    output: "{{ steps.one }}"
output: "{{ len(steps.all) }}"
"#;

#[test]
fn a_long_list_opens_few_items_at_a_time() {
    let plan = plan(EACH);
    let (run, cost) = run(&plan, numbers(100_000));
    assert_eq!(run.status, Status::Succeeded(Value::Int(100_000)));
    assert!(cost.most_frames <= 10, "{} instances were open", cost.most_frames);
    assert!(cost.most_events <= engine::BUDGET + 10);
    // Opened, started, ended well, ended: four events for an item, and no item twice.
    assert!(cost.events < 100_000 * 4 + 100, "{} events", cost.events);
    assert!(cost.bytes < 100_000 * 260, "{} bytes", cost.bytes);
}

#[test]
fn a_long_list_without_calls_is_settled_in_bounded_parts() {
    let text = EACH.replace("use: test.call, with: { n: \"{{ n }}\" }", "set: { v: \"{{ n }}\" }");
    let (run, cost) = run(&plan(&text), numbers(20_000));
    assert_eq!(run.status, Status::Succeeded(Value::Int(20_000)));
    assert!(cost.most_events <= engine::BUDGET + 10);
}

#[test]
fn a_plan_of_many_steps_in_a_line_runs_to_its_end() {
    let steps: String = (1..2_000)
        .map(|step| {
            format!("  s{step}: {{ use: test.call, with: {{ n: \"{{{{ steps.s{} }}}}\" }} }}\n", step - 1)
        })
        .collect();
    let text =
        format!("name: x\nsteps:\n  s0: {{ use: test.call }}\n{steps}output: \"{{{{ steps.s1999 }}}}\"\n");
    let plan = plan(&text);
    let (run, cost) = run(&plan, Value::Null);
    assert_eq!(run.status, Status::Succeeded(Value::Int(1)));
    assert!(cost.events < 2_000 * 2 + 10, "{} events", cost.events);
    assert_eq!(plan.blocks[0].critical_path().len(), 2_000);
}
