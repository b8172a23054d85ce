//! Nodes to the workflow as it was written. Never fails: what cannot be read is reported and left out.

mod moved;
mod settings;
mod triggers;

use std::borrow::Cow;
use std::sync::Arc;

use crate::ast::{Ast, Block, Input, Step};
use crate::codes::Code;
use crate::diagnostic::{Diagnostic, nearest};
use crate::fields::{self, Fields, Owner, Reader, listed};
use crate::habits;
use crate::keys;
use crate::shape;
use crate::span::{Span, Spanned};
use crate::types;
use crate::verb::{self, Verb};
use crate::workflow::{OnDoubt, OnError, Phase};
use crate::yaml::{Entry, Kind, Node, traps};

/// The most steps of a workflow: their places are kept in 16 bits.
pub const MAX_STEPS: usize = 65_000;

/// Reads a workflow.
pub fn parse(text: &str, root: &Node) -> (Ast, Vec<Diagnostic>) {
    let mut reader = Reader::new(text, vec![]);
    let mut ast = Ast::default();
    let Kind::Map(entries) = &root.kind else { return (ast, vec![]) };
    let first = entries.first().map_or(root.span, |entry| entry.key.span());
    let entries = &moved::beside(&mut reader, entries, &shape::names(keys::TOP));
    let own = entries.iter().filter(|entry| !entry.key.text.starts_with("x-"));
    let owner = Owner { what: "a workflow", span: first };
    let mut fields = Fields::of(&mut reader, own, &owner, &shape::names(keys::TOP));
    if let Some(node) = needed(&mut fields, "name") {
        ast.name = fields::workflow_name(fields.reader, node, "`name`");
    }
    if let Some(node) = fields.take("description") {
        ast.description = fields.reader.text(node, "`description`").map_or(String::new(), |text| text.value);
    }
    if let Some(node) = fields.take("inputs") {
        ast.inputs = inputs(fields.reader, node);
    }
    if let Some(node) = fields.take("triggers") {
        ast.triggers = triggers::read(fields.reader, node);
    }
    if let Some(entry) = fields.entry("limits") {
        ast.limits = settings::limits(fields.reader, entry);
    }
    if let Some(entry) = fields.entry("defaults") {
        ast.defaults = settings::defaults(fields.reader, entry);
    }
    if let Some(entry) = fields.entry("concurrency") {
        ast.concurrency = settings::concurrency(fields.reader, entry);
    }
    if let Some(node) = fields.take("connections") {
        ast.connections = settings::connections(fields.reader, node);
    }
    let steps = needed(&mut fields, "steps");
    let mut steps =
        steps.and_then(|node| block(fields.reader, node, "`steps`", Phase::Body)).unwrap_or_default();
    if let (true, Some(entry)) = (steps.is_empty(), fields.entry("steps")) {
        no_steps(fields.reader, entry, "a workflow");
    }
    if let Some(node) = fields.take("on_failure") {
        steps.extend(block(fields.reader, node, "`on_failure`", Phase::Catch).unwrap_or_default());
    }
    ast.root = Block { steps, output: fields.arg("output") };
    ast.steps = reader.steps;
    if ast.steps > MAX_STEPS {
        let message = format!("there are {} steps; a workflow has at most {MAX_STEPS}", ast.steps);
        let wrong = Diagnostic::error(Code::TooManySteps, first, message);
        reader.diagnostics.push(wrong.help("use `for_each` where many steps do the same"));
    }
    ast.unread = reader.unread;
    (ast, reader.diagnostics)
}

/// The value of a key that a workflow must have. A file of another system lacks it; that it is one was said.
fn needed<'n>(fields: &mut Fields<'_, '_, 'n>, key: &str) -> Option<&'n Node> {
    match fields.reader.diagnostics.iter().any(|wrong| wrong.code == Code::ForeignKey) {
        true => fields.take(key),
        false => fields.required(key, "a workflow"),
    }
}

fn inputs(reader: &mut Reader<'_>, node: &Node) -> Vec<Input> {
    let Kind::Map(entries) = &node.kind else {
        if !node.is_null() {
            let message =
                format!("`inputs` is a mapping of names to types, and here stands {}", node.describe());
            let wrong = Diagnostic::error(Code::WrongShape, node.span, message);
            reader.fail(wrong.help("write `inputs: { NAME: string }`"), node.span);
        }
        return vec![];
    };
    let mut inputs = vec![];
    for entry in entries {
        let name = fields::name(reader, &entry.key, "an input");
        let (field, default) = types::read_field(reader, &name, &entry.value, entry.key.span());
        inputs.push(Input { span: entry.key.span(), default, field });
    }
    inputs
}

/// Reads the steps of a block; `what` names it.
pub fn block(reader: &mut Reader<'_>, node: &Node, what: &str, phase: Phase) -> Option<Vec<Step>> {
    match &node.kind {
        Kind::Map(entries) => {
            let steps = moved::gathered(reader, entries);
            Some(steps.iter().map(|entry| step(reader, entry, phase)).collect())
        }
        Kind::Scalar(_) if node.is_null() => Some(vec![]),
        Kind::List(_) | Kind::Scalar(_) => {
            let items = match &node.kind {
                Kind::List(items) => &items[..],
                Kind::Map(_) | Kind::Scalar(_) => &[],
            };
            if let Some(steps) = moved::listed(reader, items, node.span, what) {
                return Some(steps.iter().map(|entry| step(reader, entry, phase)).collect());
            }
            let message =
                format!("{what} is a mapping of names to steps, and here stands {}", node.describe());
            let wrong = Diagnostic::error(Code::WrongShape, node.span, message);
            reader.fail(wrong.help("write `name: { … }` for each step"), node.span);
            None
        }
    }
}

/// Reads the steps that a verb must have under a key.
pub fn inner(step: &mut Fields<'_, '_, '_>, key: &str, what: &str, phase: Phase) -> Option<Vec<Step>> {
    // A second verb was reported: it is what the block should hold.
    if step.take(key).is_none() && verb::keys().filter(|verb| step.take(verb).is_some()).count() > 1 {
        return None;
    }
    step.required(key, what)?;
    let entry = step.entry(key)?;
    let steps = block(step.reader, &entry.value, &format!("`{key}`"), phase)?;
    if steps.is_empty() {
        no_steps(step.reader, entry, what);
    }
    Some(steps)
}

fn no_steps(reader: &mut Reader<'_>, entry: &Entry, what: &str) {
    let empty = matches!(&entry.value.kind, Kind::Map(entries) if entries.is_empty());
    if entry.value.is_null() || (empty && !was_more(reader.text, &entry.value)) {
        let message = format!("{what} needs at least one step");
        reader.diagnostics.push(Diagnostic::error(Code::NoSteps, entry.key.span(), message));
    }
}

/// True where a mapping had entries in the text, none of which has a key that can be one: that was reported.
fn was_more(text: &str, empty: &Node) -> bool {
    let source = text.get(empty.span.range()).unwrap_or_default();
    let mut rest = source.strip_prefix('{').unwrap_or(source).trim_start();
    while let Some(comment) = rest.strip_prefix('#') {
        rest = comment.split_once('\n').map_or("", |(_, below)| below).trim_start();
    }
    // What is merged into it may be empty itself.
    !rest.starts_with('}') && !rest.starts_with("<<")
}

fn step(reader: &mut Reader<'_>, entry: &Entry, phase: Phase) -> Step {
    let id = reader.steps;
    reader.steps += 1;
    let name: Arc<str> = fields::name(reader, &entry.key, "a step").into();
    let mut step = Step {
        id,
        name: Spanned::new(name, entry.key.span()),
        phase,
        whole: entry.key.span().to(entry.value.span),
        verb: entry.key.span(),
        condition: None,
        after: vec![],
        retry: Spanned::new(None, entry.key.span()),
        timeout: None,
        on_error: Spanned::new(OnError::Fail, entry.key.span()),
        on_doubt: Spanned::new(None, entry.key.span()),
        cache: None,
        connection: None,
        op: None,
    };
    let Kind::Map(entries) = &entry.value.kind else {
        if let Some(scalar) = entry.value.scalar().filter(|scalar| traps::lacks_blank(&scalar.text)) {
            reader.fail(traps::missing_blank(reader.text, scalar.span()), entry.value.span);
            return step;
        }
        if let Some(wrong) = moved::colonless(&entry.value) {
            reader.fail(wrong, entry.value.span);
            return step;
        }
        let message = format!(
            "the step `{}` is a mapping with a verb, and here stands {}",
            step.name.value,
            entry.value.describe()
        );
        let wrong = Diagnostic::error(Code::NoVerb, entry.value.span, message);
        let wrong = match &entry.value.kind {
            Kind::List(_) => wrong.help("leave the dashes out: a step is one mapping"),
            Kind::Map(_) | Kind::Scalar(_) => wrong.help(verbs_help()),
        };
        reader.fail(wrong, entry.value.span);
        return step;
    };
    let Some(found) = find_verb(reader, entries, &step) else {
        reader.unread.push(entry.value.span);
        return step;
    };
    step.verb = found.at;
    let verb = found.verb;
    let owner = Owner { what: &format!("a step with `{}`", verb.key), span: found.at };
    let mut known = verb.keys();
    known.extend(&found.others);
    let entries = &spelt(entries, &found);
    let entries = moved::beside(reader, entries, &known);
    let entries = moved::without_steps(reader, entries, &known);
    let mut fields = Fields::of(reader, &*entries, &owner, &known);
    common(&mut fields, &mut step, verb);
    step.op = (verb.read)(&mut fields);
    if step.op.is_none() {
        reader.unread.push(entry.value.span);
    }
    step
}

struct Found {
    verb: &'static Verb,
    /// Where its key stands.
    at: Span,
    /// Keys of further verbs, which were reported.
    others: Vec<&'static str>,
}

/// Finds the one verb of a step; a misspelt one is taken for what it was meant to be.
fn find_verb(reader: &mut Reader<'_>, entries: &[Entry], step: &Step) -> Option<Found> {
    let exact = |entry: &&Entry| verb::keys().any(|key| key == entry.key.text);
    let mut verbs = entries.iter().filter(exact);
    let near = |entry: &Entry| {
        let fields = verb::STEP.iter().chain(verb::VERBS.iter().flat_map(|verb| verb.fields));
        let common = fields.into_iter().any(|field| field.name == entry.key.text);
        if common { None } else { nearest(&entry.key.text, verb::keys()) }
    };
    let first = verbs.next();
    let Some((entry, verb)) = first
        .and_then(|entry| verb::find(&entry.key.text).map(|verb| (entry, verb)))
        .or_else(|| entries.iter().find_map(|entry| Some((entry, verb::find(near(entry)?)?))))
    else {
        let blankless =
            entries.iter().find(|entry| entry.value.is_null() && traps::lacks_blank(&entry.key.text));
        if let Some(entry) = blankless {
            reader.diagnostics.push(traps::missing_blank(reader.text, entry.key.span()));
            return None;
        }
        if let Some((key, entry)) = moved::foreign(entries) {
            let value = (entry.value.span, reader.text.get(entry.value.span.range()).unwrap_or(""));
            let known = |_: &str| false;
            reader.diagnostics.push(key.diagnose("a step", entry.key.span(), value, known));
            return None;
        }
        let message = format!("the step `{}` has no verb", step.name.value);
        reader.diagnostics.push(Diagnostic::error(Code::NoVerb, step.name.span, message).help(verbs_help()));
        return None;
    };
    let mut others = vec![];
    for other in verbs {
        let message = format!("a step has one verb, and here are `{}` and `{}`", verb.key, other.key.text);
        let wrong = Diagnostic::error(Code::TwoVerbs, other.key.span(), message);
        let wrong = wrong.label(entry.key.span(), "the first verb");
        let loops = verb.fields.iter().any(|field| field.name == "steps")
            && entries.iter().all(|entry| entry.key.text != "steps");
        let help = match loops {
            true => format!("put it into the block: `steps: {{ NAME: {{ {}: … }} }}`", other.key.text),
            false => "make two steps of it".into(),
        };
        reader.diagnostics.push(wrong.help(help));
        others.extend(verb::keys().find(|key| *key == other.key.text));
        others.extend(
            verb::find(&other.key.text).into_iter().flat_map(|verb| verb.fields).map(|field| field.name),
        );
    }
    if is_misspelt(entry, verb) {
        let (wrote, key) = (&entry.key.text, verb.key);
        let wrong =
            Diagnostic::error(Code::UnknownKey, entry.key.span(), format!("a step has no verb `{wrote}`"));
        let wrong = wrong.help(format!("did you mean `{key}`?"));
        reader.diagnostics.push(wrong.fix(format!("write `{key}`"), entry.key.span(), key));
    }
    Some(Found { verb, at: entry.key.span(), others })
}

/// True if a key was meant for a verb and is none. A word of another system is told where the keys are read.
fn is_misspelt(entry: &Entry, verb: &Verb) -> bool {
    entry.key.text != verb.key && habits::foreign_key(&entry.key.text).is_none()
}

/// The entries of a step, the key of its verb spelt right.
fn spelt<'e>(entries: &'e [Entry], found: &Found) -> Cow<'e, [Entry]> {
    let misspelt = |entry: &Entry| entry.key.span() == found.at && is_misspelt(entry, found.verb);
    match entries.iter().position(misspelt) {
        Some(at) => {
            let mut entries = entries.to_vec();
            entries[at].key.text = found.verb.key.into();
            Cow::Owned(entries)
        }
        None => Cow::Borrowed(entries),
    }
}

fn verbs_help() -> String {
    let keys: Vec<&str> = verb::VERBS.iter().map(|verb| verb.key).collect();
    format!("verbs are {}", listed(&keys))
}

/// Reads what every step may have.
fn common(fields: &mut Fields<'_, '_, '_>, step: &mut Step, verb: &Verb) {
    if let Some(node) = fields.take("description") {
        fields.reader.text(node, "`description`");
    }
    if let Some(node) = fields.take("if") {
        step.condition = fields.reader.expr(node, "if");
    }
    if let Some(node) = fields.take("after") {
        step.after = fields.reader.texts(node, "`after`");
    }
    if let Some(entry) = fields.entry("retry") {
        step.retry = Spanned::new(settings::retry(fields.reader, &entry.value), entry.key.span());
    }
    step.timeout = fields.duration("timeout");
    if let Some(node) = fields.take("on_error") {
        let choices: &[&'static str] =
            if verb.key == "for_each" { verb::ON_ERROR } else { &["fail", "continue"] };
        let choice = match node.scalar().map(|scalar| &*scalar.text) {
            Some("collect") if verb.key != "for_each" => {
                let message = "`on_error: collect` stands beside `for_each` alone";
                let wrong = Diagnostic::error(Code::UselessSetting, node.span, message);
                fields.reader.diagnostics.push(wrong.help("say `continue`; then `errors.NAME` tells why"));
                None
            }
            _ => fields.reader.choice(node, "on_error", choices),
        };
        let value = match choice {
            Some("collect") => OnError::Collect,
            Some("continue") => OnError::Continue,
            _ => OnError::Fail,
        };
        step.on_error = Spanned::new(value, node.span);
    }
    if let Some(entry) = fields.entry("on_doubt") {
        let value = fields.reader.choice(&entry.value, "on_doubt", verb::ON_DOUBT);
        let value = value.map(|word| match word {
            "fail" => OnDoubt::Fail,
            "retry" => OnDoubt::Retry,
            _ => OnDoubt::Ask,
        });
        step.on_doubt = Spanned::new(value, entry.key.span());
    }
    if let Some(entry) = fields.entry("cache") {
        let length = fields.reader.duration(&entry.value);
        step.cache = length.map(|length| Spanned::new(length, entry.key.span()));
    }
    if let Some(entry) = fields.entry("connection") {
        let name = fields.reader.text(&entry.value, "`connection`");
        step.connection = name.map(|name| Spanned::new(name.value, entry.key.span()));
    }
}
