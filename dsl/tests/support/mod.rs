//! What the tests of the language share: a small catalog and a compact picture of a workflow.

#![allow(dead_code, missing_docs)]

use std::fmt::Write;

use dsl::catalog::{Action, Catalog, Safety, Trust};
use dsl::types::{Field, Type};
use dsl::workflow::{Block, NeedKind, OnError, Op, Phase, Step, Workflow};

pub fn catalog() -> Catalog {
    let action = |id: &str, safety, input| Action {
        id: id.into(),
        about: String::new(),
        safety,
        input,
        output: Type::Any,
        trust: Trust::Untrusted,
    };
    let path = || Field::required("path", Type::String, "The file, below the folder of the workflow.");
    let mail = Type::Object(vec![
        Field::required("subject", Type::String, ""),
        Field::required("size", Type::Integer, ""),
        Field::required("sent", Type::Time, ""),
        Field::required("cc", Type::List(Box::new(Type::String)), ""),
        Field::required("reply_to", Type::Nullable(Box::new(Type::String)), ""),
        Field::optional("thread", Type::String, ""),
    ]);
    let mails = Type::Object(vec![
        Field::required("messages", Type::List(Box::new(mail)), ""),
        Field::required("next", Type::Nullable(Box::new(Type::String)), ""),
    ]);
    let list = Action { output: mails, ..action("mail.list", Safety::Read, vec![]) };
    Catalog::new([
        list,
        action("file.list", Safety::Read, vec![Field::optional("path", Type::String, "The folder.")]),
        action(
            "file.read",
            Safety::Read,
            vec![
                path(),
                Field::optional("as", Type::Enum(vec!["text".into(), "json".into(), "csv".into()]), ""),
            ],
        ),
        action(
            "file.write",
            Safety::Idempotent,
            vec![
                path(),
                Field::required("text", Type::String, "What is written."),
                Field::optional("append", Type::Boolean, ""),
            ],
        ),
        action(
            "mail.send",
            Safety::Once,
            vec![
                Field::required("to", Type::List(Box::new(Type::String)), "Who gets it."),
                Field::required("subject", Type::String, ""),
                Field { min: Some(1.0), max: Some(5.0), ..Field::optional("priority", Type::Integer, "") },
                Field::optional("delay", Type::Duration, ""),
                Field::optional(
                    "options",
                    Type::Object(vec![Field::required("html", Type::Boolean, "")]),
                    "",
                ),
            ],
        ),
    ])
}

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
