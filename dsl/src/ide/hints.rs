//! What is shown beside the steps: the type of what each gives, and why it may give nothing.

use std::collections::BTreeMap;

use crate::ast::{Op, Step};
use crate::expr::types::Absence;
use crate::ide::Read;
use crate::types::Type;

/// The longest type that is shown whole, in characters.
const LONGEST: usize = 48;

/// A remark beside the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    /// Behind which byte it stands.
    pub at: usize,
    /// The remark.
    pub label: String,
    /// The whole of it, as Markdown.
    pub about: String,
    /// What it tells.
    pub kind: HintKind,
}

/// What a remark tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HintKind {
    /// Why a step may give nothing.
    Absence,
    /// What a step gives.
    Type,
}

/// The remarks of all steps, in the order of the text.
pub fn hints(text: &str, read: &Read) -> Vec<Hint> {
    let mut names: BTreeMap<usize, &str> = BTreeMap::new();
    read.ast.root.each(&mut |step| {
        names.insert(step.id, &step.name.value);
    });
    let mut found = vec![];
    read.ast.root.each(&mut |step| {
        let at = place(text, step);
        found.extend(of_type(read, step, at));
        found.extend(of_absence(read, step, at, &names));
    });
    found.sort_by_key(|hint| hint.at);
    found
}

/// Where the remarks of a step stand: at the end of the line of its name if nothing else is there, else behind it.
fn place(text: &str, step: &Step) -> usize {
    let name = step.name.span.range().end;
    let line = text.get(name..).and_then(|rest| rest.lines().next()).unwrap_or_default();
    let colon = line.find(':').map_or(0, |colon| colon + 1);
    let rest = line[colon..].trim_start();
    if colon > 0 && (rest.is_empty() || rest.starts_with('#')) {
        return name + colon;
    }
    let end = step.whole.range().end;
    text.get(..end).map_or(end, |whole| whole.trim_end().len()).max(name)
}

fn of_type(read: &Read, step: &Step, at: usize) -> Option<Hint> {
    let ty = read.type_of(step);
    if matches!(step.op, Some(Op::Fail { .. }) | None) || *ty == Type::Any {
        return None;
    }
    let whole = ty.to_string();
    let short = match whole.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &whole[..end]),
        None => whole.clone(),
    };
    let about = format!("`{}` gives `{whole}`.", step.name.value);
    Some(Hint { at, label: format!("→ {short}"), about, kind: HintKind::Type })
}

fn of_absence(read: &Read, step: &Step, at: usize, names: &BTreeMap<usize, &str>) -> Option<Hint> {
    let absence = read.absence.get(step.id).copied().unwrap_or(Absence::Never);
    let (skips, fails) = match absence {
        Absence::Never | Absence::Earlier => return None,
        Absence::Skipped => (true, false),
        Absence::Continued => (false, true),
        Absence::Either => (true, true),
    };
    let mut causes = vec![];
    let mut reasons = vec![];
    if skips && step.condition.is_some() {
        causes.push("`if`".to_owned());
        reasons.push("its `if` does not hold".to_owned());
    }
    let read_by = read.doubtful.iter().filter(|(reader, _)| skips && *reader == step.id);
    for name in read_by.filter_map(|(_, target)| names.get(target)) {
        causes.push(format!("`{name}`"));
        reasons.push(format!("`{name}` gave nothing"));
    }
    if fails {
        causes.push("`on_error`".to_owned());
        reasons.push("it fails and goes on".to_owned());
    }
    let word = if skips { "may be skipped" } else { "may be null" };
    let label = if causes.is_empty() { word.into() } else { format!("{word}: {}", causes.join(", ")) };
    let about = match reasons.is_empty() {
        true => format!("`{}` may give nothing, and is null then.", step.name.value),
        false => format!("`{}` is null where {}.", step.name.value, reasons.join(", or where ")),
    };
    Some(Hint { at, label, about, kind: HintKind::Absence })
}
