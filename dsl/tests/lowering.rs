//! What a verb becomes: the operations, limits and retries that the engine gets.

use dsl::catalog::{Catalog, Safety};
use dsl::value::Value;
use dsl::workflow::{Arg, Op, Step};

fn step(text: &str) -> Step {
    let checked = dsl::check(text, &Catalog::default());
    let workflow = checked.workflow.unwrap_or_else(|| panic!("{:?}", checked.diagnostics));
    workflow.root.steps.into_iter().next().expect("the workflow has a step")
}

#[test]
fn a_default_retry_repeats_only_what_may_be_repeated() {
    let file = |method: &str| {
        format!(
            "name: a\ndefaults: {{ retry: 5 }}\nsteps:\n  \
             call: {{ http: {{ method: {method}, url: \"https://example.com/\" }} }}\n"
        )
    };
    assert_eq!(step(&file("GET")).retry.attempts, 5);
    assert_eq!(step(&file("PUT")).retry.attempts, 5);
    assert_eq!(step(&file("POST")).retry.attempts, 1);
    let said = file("POST").replace("} }\n", "}, retry: 2 }\n");
    assert_eq!(step(&said).retry.attempts, 2);
}

#[test]
fn a_request_may_take_as_long_as_its_step() {
    let call = step("name: a\nsteps:\n  call: { http: { url: \"https://example.com/\" }, timeout: 5m }\n");
    let Op::Act(act) = call.op else { panic!("a request is a call") };
    let Arg::Value(args) = act.args else { panic!("fixed parameters are a value") };
    assert_eq!(args.get("timeout"), Some(&Value::Duration(jiff::SignedDuration::from_mins(5))));
    assert_eq!(act.safety, Safety::Read);
}
