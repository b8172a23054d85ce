//! What the tests of the language share: a small catalog and a compact picture of a workflow.

#![allow(dead_code, missing_docs)]

use std::fmt::Write;

use dsl::workflow::{Block, NeedKind, OnError, Op, Phase, Step, Workflow};

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
    block(&mut text, &workflow.root, &mut vec![], 0);
    text
}

fn block<'w>(text: &mut String, block: &'w Block, outer: &mut Vec<&'w Block>, depth: usize) {
    outer.push(block);
    for step in &block.steps {
        line(text, step, outer, depth);
        match &step.op {
            Op::Act(_) | Op::Set { .. } | Op::Wait { .. } | Op::Fail { .. } => {}
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
        Op::Act(act) => format!("{} {:?} x{}", act.action, act.safety, step.retry.attempts),
        Op::Set { .. } => "set".into(),
        Op::Wait { .. } => "wait".into(),
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
    let _ = writeln!(text, "{indent}{}: {op}{phase}{condition}{on_error}{timeout}{arrow}", step.name);
}
