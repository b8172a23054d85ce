//! What the tests of the language share: a small catalog and a compact picture of a workflow.

#![allow(dead_code, missing_docs)]

pub mod made;

use std::fmt::Write;

use dsl::workflow::{Block, Keeping, NeedKind, OnDoubt, OnError, Op, Phase, Start, Step, Wait, Workflow};

#[allow(clippy::duplicate_mod, reason = "a test may use both folders")]
#[path = "../shared/catalog.rs"]
mod catalog;

pub use catalog::catalog;

/// One line for each step: what it does and what it needs, `^` for each block outward.
pub fn picture(workflow: &Workflow) -> String {
    let mut text = format!("workflow {}\n", workflow.name);
    for field in &workflow.inputs {
        let mark = if field.optional { "optional " } else { "" };
        let default = field.default.as_ref().map_or(String::new(), |value| format!(" = {}", value.to_json()));
        let _ = writeln!(text, "input {}: {mark}{}{default}", field.name, field.ty);
    }
    for trigger in &workflow.triggers {
        let _ = writeln!(text, "trigger {}", start(&trigger.start));
    }
    if let Some(concurrency) = &workflow.concurrency {
        let (max, when_full) = (concurrency.max, concurrency.when_full);
        let key = concurrency.key.as_ref().map_or(String::new(), |key| format!(" by {}", key.source()));
        let _ = writeln!(text, "concurrency {max}{key}, then {when_full:?}");
    }
    if workflow.max_steps.is_some() || workflow.ai_cost.is_some() || workflow.timeout.is_some() {
        let (steps, cost, timeout) = (workflow.max_steps, workflow.ai_cost, workflow.timeout);
        let _ = writeln!(text, "limits {steps:?} steps, {cost:?} dollars, {timeout:?}");
    }
    block(&mut text, &workflow.root, &mut vec![], 0);
    text
}

fn start(start: &Start) -> String {
    let keeping = |keeping: &Keeping| {
        let zone = keeping.timezone.as_deref().unwrap_or("the owner's zone");
        format!("{zone} {:?} {:?} {:?}", keeping.overlap, keeping.catch_up, keeping.jitter)
    };
    match start {
        Start::At { time, timezone, catch_up } => format!("at {time:?} {timezone:?} {catch_up:?}"),
        Start::Cron { schedule, keeping: kept } => format!("cron {schedule}: {}", keeping(kept)),
        Start::Event { event, every, filter, .. } => {
            let filter = filter.as_ref().map_or(String::new(), |filter| format!(" if {}", filter.source()));
            format!("event {event} every {every:?}{filter}")
        }
        Start::Every { length, from, keeping: kept } => {
            format!("every {length:?} from {from:?}: {}", keeping(kept))
        }
        Start::Signal { name } => format!("signal {name}"),
        Start::Webhook { verify, respond, method } => match method {
            dsl::workflow::Method::Post => format!("webhook {verify:?} {respond:?}"),
            dsl::workflow::Method::Get => format!("webhook {verify:?} {respond:?} get"),
        },
    }
}

fn block<'w>(text: &mut String, block: &'w Block, outer: &mut Vec<&'w Block>, depth: usize) {
    outer.push(block);
    for step in &block.steps {
        line(text, step, outer, depth);
        match &step.op {
            Op::Act(_) | Op::Child { .. } | Op::Set { .. } | Op::Wait(_) | Op::Fail { .. } => {}
            Op::Each { body, .. } | Op::Repeat { body, .. } | Op::Try { body, .. } => {
                self::block(text, body, outer, depth + 1);
            }
            Op::Switch { cases, default, .. } => {
                for case in cases {
                    let _ = writeln!(text, "{}case {}", "  ".repeat(depth + 2), case.key.to_json());
                    self::block(text, &case.block, outer, depth + 2);
                }
                if let Some(default) = default {
                    let _ = writeln!(text, "{}default", "  ".repeat(depth + 2));
                    self::block(text, default, outer, depth + 2);
                }
            }
        }
    }
    outer.pop();
}

fn line(text: &mut String, step: &Step, outer: &[&Block], depth: usize) {
    let op = match &step.op {
        Op::Act(act) => {
            let connection =
                act.connection.as_ref().map_or(String::new(), |connection| format!(" as {connection}"));
            let cache = act.cache.map_or(String::new(), |length| format!(" cached {length:?}"));
            format!("{} {:?} x{}{connection}{cache}", act.action, act.safety, step.retry.attempts)
        }
        Op::Child { workflow, .. } => format!("child {workflow}"),
        Op::Set { .. } => "set".into(),
        Op::Wait(Wait::For { .. }) => "wait".into(),
        Op::Wait(Wait::Until { .. }) => "wait until".into(),
        Op::Wait(Wait::Signal { .. }) => "wait for a signal".into(),
        Op::Wait(Wait::Person(question)) => {
            let fields: Vec<String> =
                question.fields.iter().map(|field| format!("{}: {}", field.name, field.ty)).collect();
            format!("wait for a person ({}), then {:?}", fields.join(", "), question.on_timeout)
        }
        Op::Fail { .. } => "fail".into(),
        Op::Each { name, parallel, .. } => format!("each {name} /{parallel}"),
        Op::Repeat { every, .. } => {
            format!("repeat{}", every.map_or(String::new(), |every| format!(" every {every:?}")))
        }
        Op::Switch { .. } => "switch".into(),
        Op::Try { catches, .. } => format!("try{}", if *catches { " catches" } else { "" }),
    };
    let phase = match step.phase {
        Phase::Body => "",
        Phase::Catch => " catch",
        Phase::Finally => " finally",
    };
    let on_error = match step.on_error {
        OnError::Fail => "",
        OnError::Continue => " continue",
        OnError::Collect => " collect",
    };
    let condition = if step.condition.is_some() { " if" } else { "" };
    let on_doubt = match step.on_doubt {
        OnDoubt::Ask => "",
        OnDoubt::Fail => " fails in doubt",
        OnDoubt::Retry => " retries in doubt",
    };
    let timeout = step.timeout.map_or(String::new(), |timeout| format!(" timeout {timeout:?}"));
    let needs: Vec<String> = step
        .needs
        .iter()
        .map(|need| {
            let block = outer[outer.len() - 1 - usize::from(need.up)];
            let kind = match need.kind {
                NeedKind::Hard => "",
                NeedKind::Soft => "?",
                NeedKind::After => " after",
            };
            format!("{}{}{kind}", "^".repeat(usize::from(need.up)), block.steps[usize::from(need.step)].name)
        })
        .collect();
    let arrow = if needs.is_empty() { String::new() } else { format!(" <- {}", needs.join(", ")) };
    let indent = "  ".repeat(depth + 1);
    let _ =
        writeln!(text, "{indent}{}: {op}{phase}{condition}{on_error}{on_doubt}{timeout}{arrow}", step.name);
}
