//! Nodes to the workflow as it was written. Never fails: what cannot be read is reported and left out.

use std::sync::Arc;

mod moved;

use crate::ast::{Ast, Block, Defaults, Input, Retry, Step, Trigger};
use crate::catalog::FailureKind;
use crate::codes::Code;
use crate::diagnostic::{Diagnostic, nearest};
use crate::fields::{self, Fields, Owner, Reader, listed};
use crate::span::{Span, Spanned};
use crate::types;
use crate::verb::{self, Verb};
use crate::workflow::{OnError, Phase};
use crate::yaml::{Entry, Kind, Node, Scalar, traps};

/// The keys of a workflow, sorted.
pub const TOP: &[&str] = &[
    "concurrency",
    "connections",
    "defaults",
    "description",
    "inputs",
    "limits",
    "name",
    "on_failure",
    "output",
    "steps",
    "triggers",
];

const TRIGGERS: &[&str] = &["at", "cron", "event", "every", "signal", "webhook"];

/// The most steps of a workflow: their places are kept in 16 bits.
pub const MAX_STEPS: usize = 65_000;

/// Reads a workflow.
pub fn parse(text: &str, root: &Node) -> (Ast, Vec<Diagnostic>) {
    let mut reader = Reader { text, diagnostics: vec![], unread: vec![], steps: 0 };
    let mut ast = Ast::default();
    let Kind::Map(entries) = &root.kind else { return (ast, vec![]) };
    let first = entries.first().map_or(root.span, |entry| entry.key.span());
    let entries = &moved::beside(&mut reader, entries, TOP);
    let own = entries.iter().filter(|entry| !entry.key.text.starts_with("x-"));
    let owner = Owner { what: "a workflow", span: first };
    let mut fields = Fields::of(&mut reader, own, &owner, TOP);
    if let Some(node) = needed(&mut fields, "name") {
        ast.name = workflow_name(&mut fields, node);
    }
    if let Some(node) = fields.take("description") {
        ast.description = fields.reader.text(node, "`description`").map_or(String::new(), |text| text.value);
    }
    if let Some(node) = fields.take("inputs") {
        ast.inputs = inputs(fields.reader, node);
    }
    if let Some(node) = fields.take("triggers") {
        ast.triggers = triggers(fields.reader, node);
    }
    if let Some(entry) = fields.entry("limits") {
        ast.timeout = limits(fields.reader, entry);
    }
    if let Some(entry) = fields.entry("defaults") {
        ast.defaults = defaults(fields.reader, entry);
    }
    for key in ["concurrency", "connections"] {
        if let Some(entry) = fields.entry(key) {
            not_yet(fields.reader, &entry.key);
        }
    }
    let steps = needed(&mut fields, "steps");
    let mut steps =
        steps.and_then(|node| block(fields.reader, node, "`steps`", Phase::Body)).unwrap_or_default();
    if let (true, Some(entry)) = (steps.is_empty(), fields.entry("steps")) {
        no_steps(fields.reader, entry, "a workflow");
    }
    if let Some(node) = fields.take("on_failure") {
        steps.extend(block(fields.reader, node, "`on_failure`", Phase::Catch).unwrap_or_default());
        steps.sort_by_key(|step| step.name.span.start);
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

fn workflow_name(fields: &mut Fields<'_, '_, '_>, node: &Node) -> Option<Spanned<String>> {
    let name = fields.reader.text(node, "`name`")?;
    let fits = |char: char| char.is_ascii_lowercase() || char.is_ascii_digit() || char == '-';
    if name.value.is_empty() || !name.value.chars().all(fits) {
        let mended: String =
            name.value.to_lowercase().chars().map(|char| if fits(char) { char } else { '-' }).collect();
        let mended = mended.trim_matches('-').to_owned();
        let message = format!("`{}` cannot be the name of a workflow", name.value);
        let wrong = Diagnostic::error(Code::InvalidName, name.span, message)
            .help("workflow names are made of `a` to `z`, digits and `-`");
        let wrong =
            if mended.is_empty() { wrong } else { wrong.fix(format!("write `{mended}`"), name.span, mended) };
        fields.reader.diagnostics.push(wrong);
    }
    Some(name)
}

fn not_yet(reader: &mut Reader<'_>, key: &Scalar) {
    let message = format!("`{}` has no effect yet", key.text);
    reader.diagnostics.push(Diagnostic::warning(Code::NotYet, key.span(), message));
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

fn limits(reader: &mut Reader<'_>, entry: &Entry) -> Option<jiff::SignedDuration> {
    let owner = Owner { what: "`limits`", span: entry.key.span() };
    let mut limits = Fields::open(reader, &entry.value, &owner, &["ai_cost", "steps", "timeout"])?;
    for key in ["ai_cost", "steps"] {
        if let Some(entry) = limits.entry(key) {
            not_yet(limits.reader, &entry.key);
        }
    }
    limits.duration("timeout")
}

fn defaults(reader: &mut Reader<'_>, entry: &Entry) -> Defaults {
    let owner = Owner { what: "`defaults`", span: entry.key.span() };
    let Some(mut fields) = Fields::open(reader, &entry.value, &owner, &["quality", "retry", "timeout"])
    else {
        return Defaults::default();
    };
    if let Some(entry) = fields.entry("quality") {
        not_yet(fields.reader, &entry.key);
    }
    let retry = fields.take("retry").and_then(|node| retry(fields.reader, node));
    Defaults { retry: retry.unwrap_or_default(), timeout: fields.duration("timeout") }
}

fn triggers(reader: &mut Reader<'_>, node: &Node) -> Vec<Trigger> {
    let Kind::List(items) = &node.kind else {
        let message = format!("`triggers` is a list, and here stands {}", node.describe());
        let wrong = Diagnostic::error(Code::WrongShape, node.span, message);
        if let Kind::Map(entries) = &node.kind
            && let [only] = &entries[..]
            && TRIGGERS.contains(&&*only.key.text)
            && !reader.text[node.span.range()].starts_with('{')
        {
            let at = only.key.span().range().start;
            let help = format!("begin it with a dash: `- {}: …`", only.key.text);
            let fix = "begin it with a dash";
            reader.diagnostics.push(wrong.help(help).fix(fix, Span::new(at, at), "- "));
            return trigger(reader, node).into_iter().collect();
        }
        reader.fail(wrong.help("write `triggers: [{ cron: \"0 9 * * *\" }]`"), node.span);
        return vec![];
    };
    items.iter().filter_map(|item| trigger(reader, item)).collect()
}

fn trigger(reader: &mut Reader<'_>, node: &Node) -> Option<Trigger> {
    const KNOWN: &[&str] = &[
        "at", "catch_up", "cron", "event", "every", "filter", "from", "inputs", "jitter", "overlap",
        "signal", "timezone", "webhook", "with",
    ];
    let owner = Owner { what: "a trigger", span: node.span };
    let fields = Fields::open(reader, node, &owner, KNOWN)?;
    // An event may have an `every` of its own: how often it is polled.
    let kind = ["event", "cron", "at", "webhook", "signal", "every"]
        .into_iter()
        .find_map(|kind| fields.entry(kind).map(|entry| (kind, entry)));
    let Some((kind, entry)) = kind else {
        let message = format!("a trigger has one of {}", listed(TRIGGERS));
        fields.reader.fail(Diagnostic::error(Code::UnknownTrigger, node.span, message), node.span);
        return None;
    };
    let text = match &entry.value.kind {
        Kind::Scalar(_) => fields.reader.text(&entry.value, &format!("`{kind}`")),
        Kind::List(_) | Kind::Map(_) => None,
    };
    let timezone = fields.take("timezone").and_then(|node| fields.reader.text(node, "`timezone`"));
    let inputs = match fields.take("inputs").map(|node| &node.kind) {
        Some(Kind::Map(entries)) => fields.reader.entries(entries),
        _ => vec![],
    };
    Some(Trigger { kind: Spanned::new(kind, entry.key.span()), text, timezone, inputs })
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
    step.required(key, what)?;
    let entry = step.entry(key)?;
    let steps = block(step.reader, &entry.value, &format!("`{key}`"), phase)?;
    if steps.is_empty() {
        no_steps(step.reader, entry, what);
    }
    Some(steps)
}

fn no_steps(reader: &mut Reader<'_>, entry: &Entry, what: &str) {
    if entry.value.is_null() || matches!(&entry.value.kind, Kind::Map(entries) if entries.is_empty()) {
        let message = format!("{what} needs at least one step");
        reader.diagnostics.push(Diagnostic::error(Code::NoSteps, entry.key.span(), message));
    }
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
    let owner = Owner { what: &format!("a step with `{}`", found.key), span: found.at };
    let Some(verb) = found.verb else {
        reader.unread.push(entry.value.span);
        return step;
    };
    let mut known: Vec<&'static str> = verb.fields.iter().chain(verb::STEP).map(|field| field.name).collect();
    known.extend(found.others);
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
    key: &'static str,
    verb: Option<&'static Verb>,
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
    let Some((entry, key)) = first
        .and_then(|entry| verb::keys().find(|key| *key == entry.key.text).map(|key| (entry, key)))
        .or_else(|| entries.iter().find_map(|entry| near(entry).map(|key| (entry, key))))
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
        let message = format!("a step has one verb, and here are `{key}` and `{}`", other.key.text);
        let wrong = Diagnostic::error(Code::TwoVerbs, other.key.span(), message);
        let wrong = wrong.label(entry.key.span(), "the first verb");
        reader.diagnostics.push(wrong.help("make two steps of it"));
        others.extend(verb::keys().find(|key| *key == other.key.text));
        others.extend(
            verb::find(&other.key.text).into_iter().flat_map(|verb| verb.fields).map(|field| field.name),
        );
    }
    let at = entry.key.span();
    let verb = verb::find(key);
    if let (None, Some((_, about))) = (verb, verb::LATER.iter().find(|(later, _)| *later == key)) {
        let message = format!("the verb `{key}` is not there yet");
        let wrong = Diagnostic::error(Code::VerbNotYet, at, message);
        reader.diagnostics.push(wrong.help(format!("`{key}` {about}; this version cannot run it")));
    }
    Some(Found { key, verb, at, others })
}

fn verbs_help() -> String {
    let keys: Vec<&str> = verb::VERBS.iter().map(|verb| verb.key).collect();
    format!("verbs are {}", listed(&keys))
}

/// Reads what every step may have.
fn common(fields: &mut Fields<'_, '_, '_>, step: &mut Step, verb: &Verb) {
    for key in ["cache", "connection"] {
        if let Some(entry) = fields.entry(key) {
            not_yet(fields.reader, &entry.key);
        }
    }
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
        step.retry = Spanned::new(retry(fields.reader, &entry.value), entry.key.span());
    }
    step.timeout = fields.duration("timeout");
    if let Some(node) = fields.take("on_error") {
        let choices: &[&'static str] =
            if verb.key == "for_each" { &["collect", "continue", "fail"] } else { &["continue", "fail"] };
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
}

/// Reads `retry: 3` or its long form.
fn retry(reader: &mut Reader<'_>, node: &Node) -> Option<Retry> {
    if node.scalar().is_some() {
        let attempts = reader.integer(node, "retry", 1..=1000)?;
        return Some(Retry { attempts: u32::try_from(attempts).ok(), ..Retry::default() });
    }
    let owner = Owner { what: "`retry`", span: node.span };
    let mut fields = Fields::open(reader, node, &owner, &["attempts", "delay", "factor", "max_delay", "on"])?;
    let attempts = fields.integer("attempts", 1..=1000).and_then(|number| u32::try_from(number).ok());
    let delay = fields.duration("delay");
    let max_delay = fields.duration("max_delay");
    let factor = fields.take("factor").and_then(|node| factor(fields.reader, node));
    let on = fields.take("on").map(|node| kinds(fields.reader, node));
    Some(Retry { attempts, delay, factor, max_delay, on })
}

fn factor(reader: &mut Reader<'_>, node: &Node) -> Option<f64> {
    let number = node.scalar().and_then(|scalar| scalar.text.parse::<f64>().ok());
    let fits = number.filter(|number| (1.0..=100.0).contains(number));
    if fits.is_none() {
        let message =
            format!("`factor` is a number between 1 and 100, and here stands {}", reader.shown(node));
        reader.diagnostics.push(Diagnostic::error(Code::OutOfRange, node.span, message));
    }
    fits
}

fn kinds(reader: &mut Reader<'_>, node: &Node) -> Vec<FailureKind> {
    let names: Vec<&'static str> = FailureKind::ALL.iter().map(|kind| kind.name()).collect();
    let one = std::slice::from_ref(node);
    let items = match &node.kind {
        Kind::List(items) => items,
        Kind::Scalar(_) | Kind::Map(_) => one,
    };
    let chosen = items.iter().filter_map(|item| reader.choice(item, "on", &names));
    chosen.filter_map(|name| FailureKind::ALL.into_iter().find(|kind| kind.name() == name)).collect()
}
