//! Every verb's example is a correct workflow, and what verbs are made into has the values that were meant.

mod support;

use dsl::duration;
use dsl::types::{Field, Type};
use dsl::value::Value;
use dsl::verb::VERBS;
use dsl::workflow::{Act, Arg, Op, Wait, Workflow};

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
fn a_time_to_wait_for_is_a_time_or_local() {
    let workflow = checked(
        "name: x\nsteps:\n  a: { wait: { until: \"2026-12-24T09:00:00Z\" } }\n  \
         b: { wait: { until: \"{{ run.started }}\" } }\n  c: { wait: { until: \"2026-12-24T09:00\" } }\n",
    );
    let time = |at: usize| match &workflow.root.steps[at].op {
        Op::Wait(Wait::Until { at }) => at.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(time(0), Arg::Value(Value::Time("2026-12-24T09:00:00Z".parse().unwrap())));
    assert!(matches!(time(1), Arg::Expr(_)));
    assert_eq!(time(2), Arg::Value(Value::text("2026-12-24T09:00")));
}

#[test]
fn a_wait_lasts_as_long_as_it_says_itself() {
    let workflow = checked(
        "name: x\nsteps:\n  a: { wait: { signal: go, timeout: 1d }, timeout: 2d }\n  \
         b: { approve: { message: ok }, timeout: 3d }\n",
    );
    let timeouts: Vec<_> = workflow.root.steps.iter().map(|step| step.timeout).collect();
    assert_eq!(timeouts, [duration::parse("1d"), duration::parse("3d")]);
}

#[test]
fn a_model_is_told_what_to_return_and_which_quality_is_wanted() {
    let workflow = checked(
        "name: x\ndefaults: { quality: low }\nsteps:\n  a: { ai: hi, returns: { n: { type: integer, min: 1 } } }\n  \
         b: { ai: hi, model: tiny }\noutput: [\"{{ steps.a.n }}\", \"{{ steps.b.text }}\"]\n",
    );
    let args = |at: usize| match &workflow.root.steps[at].op {
        Op::Act(Act { args: Arg::Value(args), .. }) => args.to_json(),
        other => panic!("{other:?}"),
    };
    assert_eq!(args(0)["quality"], "low");
    assert_eq!(args(1)["quality"], serde_json::Value::Null);
    let fields: Vec<Field> = serde_json::from_value(args(0)["returns"].clone()).unwrap();
    assert_eq!(fields[0], Field { min: Some(1.0), ..Field::required("n", Type::Integer, "") });
}
