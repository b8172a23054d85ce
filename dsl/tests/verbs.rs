//! Every verb's example is a correct workflow, and what verbs are made into has the values that were meant.

mod shared;
mod support;

use dsl::duration;
use dsl::expr::Seen;
use dsl::template::fill;
use dsl::value::Value;
use dsl::verb::VERBS;
use dsl::workflow::{Op, Workflow};

fn checked(source: &str) -> Workflow {
    let checked = dsl::check(source, &support::catalog());
    checked.workflow.unwrap_or_else(|| panic!("{source}\n{:#?}", checked.diagnostics))
}

#[test]
fn every_example_is_a_correct_workflow() {
    for verb in VERBS {
        checked(&format!("name: example\nsteps:\n  {}\n", verb.example));
    }
}

#[test]
fn waiting_until_a_time_is_waiting_for_what_is_left() {
    let _ = Seen::Absent;
    let workflow = checked(
        "name: x\nsteps:\n  a: { wait: { until: \"2026-12-24T09:00:00Z\" } }\n  b: { wait: { until: \"{{ run.started }}\" } }\n",
    );
    let mut world = shared::World::default();
    world.names.insert("run".into(), Value::object([("started", Value::text("2020-01-01T00:00:00Z"))]));
    let length = |at: usize| match &workflow.root.steps[at].op {
        Op::Wait { length } => fill(length, &world).unwrap(),
        other => panic!("{other:?}"),
    };
    assert!(matches!(length(0), Value::Duration(left) if left.is_positive()), "{:?}", length(0));
    assert_eq!(length(1), Value::Duration(duration::parse("0s").unwrap()));
}
