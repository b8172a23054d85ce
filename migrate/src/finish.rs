//! The last stretch: a draft becomes text, the checker reads it, and what it finds becomes a line of the report and a
//! step that fails. So no workflow that leaves here has an error.

use std::collections::{BTreeMap, BTreeSet};

use dsl::catalog::Catalog;
use dsl::diagnostic::Severity;

use crate::names::shown;
use crate::report::{Kind, Part, Why, Workflow};
use crate::secrets;
use crate::tree::{Entry, Place, Tree, write};

/// What is not part of any step, while a workflow is made.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    pub name: String,
    pub description: Option<String>,
    /// Lines above it all.
    pub notes: Vec<String>,
    pub inputs: Vec<Entry>,
    pub triggers: Vec<Tree>,
    pub steps: Vec<Entry>,
    pub output: Option<Tree>,
    /// Keys of the top beside these.
    pub more: Vec<Entry>,
}

/// Makes the text of a draft. What the checker does not take is replaced, and told in the parts.
pub fn finish(mut draft: Draft, parts: &mut [Part], catalog: &Catalog) -> Workflow {
    secrets::net(&mut draft, parts);
    for _ in 0..40 {
        let (text, places) = written(&draft);
        let wrong = wrong(&text, catalog);
        if wrong.is_empty() {
            return Workflow { name: draft.name.clone(), text: laid_out(&draft, &text, catalog) };
        }
        let mut replaced = false;
        // From the end on, so that what stands before keeps its number.
        let mut inner: BTreeMap<usize, &str> = BTreeMap::new();
        for (at, message) in &wrong {
            let within = places.iter().filter(|place| place.range.contains(at));
            match within.min_by_key(|place| place.range.len()) {
                Some(place) => drop(inner.insert(place.number, message)),
                None => replaced |= without_edges(&mut draft, parts, message),
            }
        }
        for (number, message) in inner.into_iter().rev() {
            replaced |= replace(&mut draft.steps, &mut (number + 1), message, parts);
        }
        if !replaced {
            break;
        }
    }
    for part in parts.iter_mut().filter(|part| part.works) {
        part.lost(Why::new(Kind::Flow, "what was made of the workflow does not pass the checker"));
    }
    let stop = Entry::map("stop", vec![Entry::text("fail", "this workflow could not be imported")]);
    let bare = Draft { name: draft.name, steps: vec![stop], ..Draft::default() };
    Workflow { name: bare.name.clone(), text: written(&bare).0 }
}

fn written(draft: &Draft) -> (String, Vec<Place>) {
    let mut top = vec![Entry::text("name", &*draft.name)];
    top.extend(draft.description.as_ref().map(|text| Entry::text("description", text)));
    if !draft.inputs.is_empty() {
        top.push(Entry::map("inputs", draft.inputs.clone()));
    }
    if !draft.triggers.is_empty() {
        top.push(Entry::new("triggers", Tree::List(draft.triggers.clone())));
    }
    top.extend(draft.more.iter().cloned());
    top.push(Entry::map("steps", draft.steps.clone()));
    top.extend(draft.output.as_ref().map(|output| Entry::new("output", output.clone())));
    write(&top)
}

fn wrong(text: &str, catalog: &Catalog) -> Vec<(usize, String)> {
    let found = dsl::check(text, catalog).diagnostics.into_iter();
    let errors = found.filter(|found| found.severity == Severity::Error);
    errors.map(|found| (found.span.start as usize, found.message)).collect()
}

fn laid_out(draft: &Draft, text: &str, catalog: &Catalog) -> String {
    let laid_out = dsl::format::format(text, catalog).unwrap_or_else(|_| text.to_owned());
    if draft.notes.is_empty() {
        return laid_out;
    }
    let notes: String =
        draft.notes.iter().map(|line| format!("# {line}").trim_end().to_owned() + "\n").collect();
    let both = notes + "\n" + &laid_out;
    let again = dsl::format::format(&both, catalog).unwrap_or(both);
    if wrong(&again, catalog).is_empty() { again } else { laid_out }
}

/// Puts a step that fails in the place of the step with this number, counted down to it.
fn replace(steps: &mut [Entry], left: &mut usize, message: &str, parts: &mut [Part]) -> bool {
    for entry in steps {
        if let Some(part) = entry.part {
            *left -= 1;
            if *left == 0 {
                let Tree::Map(body) = &entry.value else { return false };
                // What is kept may be what is wrong: the second time it goes as well.
                let already = body.iter().any(|entry| entry.key == "fail");
                if already && body.iter().all(|entry| !is_kept(&entry.key)) {
                    return false;
                }
                let why = format!("the checker does not take it: {}", shown(message));
                let kept = body.iter().filter(|entry| is_kept(&entry.key) && !already).cloned();
                let mut made: Vec<Entry> = kept.collect();
                made.push(placeholder(&parts[part], &why));
                // What stands in it is gone with it.
                let mut gone = BTreeSet::from([part]);
                within(&entry.value, &mut gone);
                for part in gone {
                    parts[part].lost(Why::new(Kind::Expression, &*why));
                }
                entry.value = Tree::Map(made);
                return true;
            }
        }
        if inner(&mut entry.value, left, message, parts) {
            return true;
        }
        if *left == 0 {
            return false;
        }
    }
    false
}

/// Puts a step that fails in the place of one that is not to be, with all that stands in it.
pub fn barred(entry: &mut Entry, why: &str, parts: &mut [Part]) {
    let Some(part) = entry.part else { return };
    let mut gone = BTreeSet::from([part]);
    within(&entry.value, &mut gone);
    let mut made = vec![];
    if let Tree::Map(body) = &entry.value {
        made.extend(body.iter().filter(|entry| entry.key == "after").cloned());
    }
    made.push(placeholder(&parts[part], why));
    entry.value = Tree::Map(made);
    for part in gone {
        parts[part].lost(Why::new(Kind::Setting, why));
    }
}

/// The parts that stand within a value.
fn within(value: &Tree, parts: &mut BTreeSet<usize>) {
    match value {
        Tree::Map(entries) => {
            for entry in entries {
                parts.extend(entry.part);
                within(&entry.value, parts);
            }
        }
        Tree::List(items) => items.iter().for_each(|item| within(item, parts)),
        Tree::Bare(_) | Tree::Text(_) => {}
    }
}

fn is_kept(key: &str) -> bool {
    matches!(key, "after" | "if")
}

fn inner(value: &mut Tree, left: &mut usize, message: &str, parts: &mut [Part]) -> bool {
    match value {
        Tree::Map(entries) => replace(entries, left, message, parts),
        Tree::List(items) => items.iter_mut().any(|item| *left > 0 && inner(item, left, message, parts)),
        Tree::Bare(_) | Tree::Text(_) => false,
    }
}

/// The entry of a step that stands for what could not be said.
pub fn placeholder(part: &Part, why: &str) -> Entry {
    let text = format!("`{}` was not imported: {why}", shown(&part.node));
    Entry::text("fail", crate::ours::plain(&text))
}

/// Leaves out what stands around the steps, where that is what is wrong.
fn without_edges(draft: &mut Draft, parts: &mut [Part], message: &str) -> bool {
    let had = draft.output.take().is_some() || !draft.triggers.is_empty() || !draft.more.is_empty();
    draft.triggers.clear();
    draft.more.clear();
    if had && let Some(part) = parts.iter_mut().find(|part| !part.works) {
        part.person(Why::new(Kind::Trigger, format!("the checker does not take it: {}", shown(message))));
    } else if had && let Some(part) = parts.first_mut() {
        part.person(Why::new(Kind::Flow, format!("the checker does not take it: {}", shown(message))));
    }
    had
}

/// The steps among these names that a body does not read: those that it must be told to wait for.
pub fn unread(body: &[Entry], names: &BTreeSet<String>) -> Vec<String> {
    let tree = Tree::Map(body.to_vec());
    let reads = |name: &String| {
        ["steps", "errors", "meta"].iter().any(|root| tree.mentions(&format!("{root}.{name}")))
    };
    names.iter().filter(|name| !reads(name)).cloned().collect()
}
