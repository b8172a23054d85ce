//! What an editor shows of a thing, as Markdown: the tables of the language and the catalog say it.

use crate::ast::{Op, Step, Wait};
use crate::catalog::{Action, Safety};
use crate::expr::functions::Function;
use crate::expr::types::Absence;
use crate::ide::Read;
use crate::types::Field;

/// A title in the form of code, and sentences below it; empty ones are left out.
pub fn page<'s>(title: &str, sentences: impl IntoIterator<Item = &'s str>) -> String {
    let mut text = format!("```\n{title}\n```");
    for sentence in sentences.into_iter().filter(|sentence| !sentence.is_empty()) {
        text += "\n\n";
        text += sentence;
    }
    text
}

/// A step: its type, what it does, when it gives nothing.
pub fn step(read: &Read, step: &Step) -> String {
    let title = format!("{}: {}", step.name.value, read.type_of(step));
    let absence = match read.absence.get(step.id).copied().unwrap_or(Absence::Never) {
        Absence::Never | Absence::Earlier => "",
        Absence::Skipped => "It may be skipped, and is null then.",
        Absence::Continued => "It may fail and go on, and is null then.",
        Absence::Either => "It may be skipped, or fail and go on, and is null then.",
    };
    page(&title, [&*does(step), absence])
}

/// What a step does, in a sentence.
pub fn does(step: &Step) -> String {
    match &step.op {
        Some(Op::Act(act)) => format!("Calls `{}`.", act.action.value),
        Some(Op::Child { workflow, .. }) => format!("Runs the workflow `{}`.", workflow.value),
        Some(Op::Set { .. }) => "Computes values.".into(),
        Some(Op::Wait(Wait::For { .. } | Wait::Until { .. })) => "Waits for a time.".into(),
        Some(Op::Wait(Wait::Person(_))) => "Asks a person.".into(),
        Some(Op::Wait(Wait::Signal { .. })) => "Waits for a signal.".into(),
        Some(Op::Fail { .. }) => "Fails.".into(),
        Some(Op::Each { name, .. }) => format!("Runs its steps for each `{}`.", name.value),
        Some(Op::Repeat { .. }) => "Runs its steps again and again.".into(),
        Some(Op::Switch { .. }) => "Runs one of several blocks.".into(),
        Some(Op::Try { .. }) => "Runs its steps with a handler.".into(),
        None => String::new(),
    }
}

/// A field, an input or a parameter.
pub fn field(field: &Field) -> String {
    page(&form(field), [&*field.about, &*bounds(field)])
}

/// The name of a field with its type and default.
pub fn form(field: &Field) -> String {
    let mark = if field.optional && !field.ty.takes_null() { "?" } else { "" };
    let default = field.default.as_ref().map_or(String::new(), |value| format!(" = {}", value.to_json()));
    format!("{}: {}{mark}{default}", field.name, field.ty)
}

fn bounds(field: &Field) -> String {
    match (field.min, field.max) {
        (Some(min), Some(max)) => format!("From {min} to {max}."),
        (Some(min), None) => format!("At least {min}."),
        (None, Some(max)) => format!("At most {max}."),
        (None, None) => String::new(),
    }
}

/// An action: what it does, whether it may be repeated, what it takes and gives.
pub fn action(action: &Action) -> String {
    let parameters: Vec<String> = action.input.iter().map(form).collect();
    let title = format!("{}({}) -> {}", action.id, parameters.join(", "), action.output);
    page(&title, [&*action.about, safety(action.safety)])
}

/// What may be repeated, in a sentence.
pub fn safety(safety: Safety) -> &'static str {
    match safety {
        Safety::Read => "It changes nothing.",
        Safety::Idempotent => "It may be repeated: the second time changes nothing more.",
        Safety::Keyed => "It may be repeated: the service knows a call that it has had.",
        Safety::Once => "It is not repeated after it may have taken effect.",
    }
}

/// A function: its form, what it gives, an example.
pub fn function(function: &Function) -> String {
    page(&function.form(), [function.about, &format!("`{}`", function.example)])
}
