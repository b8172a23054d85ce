//! Workflows for the suite, made by hand.

// Each test binary uses its part of it.
#![allow(dead_code)]

use std::sync::Arc;

use dsl::catalog::{Action, Catalog, Safety, Trust};
use dsl::span::Span;
use dsl::types::Type;
use dsl::value::Value;
use dsl::workflow::{
    Act, Arg, Block, Need, NeedKind, OnDoubt, OnError, Op, Phase, Retry, Step, Wait, Workflow,
};
use engine::plan::Plan;
use jiff::SignedDuration;

/// A plan of these steps.
pub fn plan(name: &str, steps: Vec<Step>) -> Arc<Plan> {
    let root = Block { steps, output: None };
    let workflow = Workflow { name: name.into(), root, ..Workflow::default() };
    Arc::new(Plan::new(&workflow))
}

/// A step that does this after the steps at these places.
pub fn step(name: &str, after: &[u16], op: Op) -> Step {
    let needs = after.iter().map(|step| Need { up: 0, step: *step, kind: NeedKind::After }).collect();
    Step {
        name: name.into(),
        span: Span::default(),
        phase: Phase::Body,
        needs,
        condition: None,
        retry: Retry::default_for(Safety::Once),
        op,
        timeout: None,
        on_error: OnError::Fail,
        on_doubt: OnDoubt::Ask,
    }
}

/// A call without parameters.
pub fn call(name: &str, safety: Safety, after: &[u16]) -> Step {
    call_with(name, safety, after, Value::object::<&str>([]))
}

/// A call with these parameters; its action is `test.NAME`.
pub fn call_with(name: &str, safety: Safety, after: &[u16], args: Value) -> Step {
    let act = Act {
        action: format!("test.{name}").into(),
        args: Arg::Value(args),
        safety,
        connection: None,
        cache: None,
    };
    Step { retry: Retry::default_for(safety), ..step(name, after, Op::Act(act)) }
}

/// A pause.
pub fn wait(name: &str, length: SignedDuration, after: &[u16]) -> Step {
    step(name, after, Op::Wait(Wait::For { length: Arg::Value(Value::Duration(length)) }))
}

/// `steps` calls in a row, each after the one before.
pub fn row(steps: u16, safety: Safety) -> Arc<Plan> {
    let after = |n: u16| if n == 0 { vec![] } else { vec![n - 1] };
    plan("row", (0..steps).map(|n| call(&format!("s{n}"), safety, &after(n))).collect())
}

/// A call for each of `count` items.
pub fn each(count: i64, parallel: u32, safety: Safety) -> Arc<Plan> {
    let items = Arg::Value(Value::list((0..count).map(Value::Int).collect()));
    let body = Block { steps: vec![call("one", safety, &[])], output: None };
    plan("each", vec![step("all", &[], Op::Each { items, name: "item".into(), parallel, body })])
}

/// A plan by its text. The actions `test.read`, `test.keyed` and `test.once` take anything as `n`.
pub fn written(text: &str) -> Arc<Plan> {
    let action = |id: &str, safety| Action {
        id: id.into(),
        about: "Does nothing.".into(),
        safety,
        input: vec![dsl::types::Field::optional("n", Type::Any, "Anything.")],
        output: Type::Any,
        trust: Trust::Trusted,
    };
    let catalog = Catalog::new([
        action("test.keyed", Safety::Keyed),
        action("test.once", Safety::Once),
        action("test.read", Safety::Read),
    ]);
    let checked = dsl::check(text, &catalog);
    Arc::new(Plan::new(&checked.workflow.unwrap_or_else(|| panic!("{text}\n{:#?}", checked.diagnostics))))
}
