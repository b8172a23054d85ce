//! What a person asked for: the services that act, and those whom something goes to. What nobody spoke of is asked about,
//! however it is written: a text in a file or in a catalog names nothing.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use dsl::expr::ast::{Kind, Part};
use dsl::expr::{Expr, Root};
use dsl::value::Value;
use dsl::workflow::{Act, Arg, Block, Op, Workflow};
use regex::Regex;

use super::{each_step, names_host, stands_alone};
use crate::lexicon::{Meaning, lexicon};
use crate::normal::normal;
use crate::plan::telling::{MAILING, TELLING};

/// Parameters that say whom something goes to.
const WHITHER: &[&str] = &[
    "attendees",
    "bcc",
    "cc",
    "channel",
    "chat",
    "email",
    "emails",
    "invitee",
    "invitees",
    "phone",
    "recipient",
    "recipients",
    "reply_to",
    "to",
];

/// Where somebody is met who is chosen by a run and by nobody before it.
const CHOSEN: &str = "whoever a run works out";

/// An address of mail.
static MAIL: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"[\p{L}\p{N}._%+-]+@[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+").ok());

/// The services that a text asks to act: those that it names, those that have what it names, and those by which its verbs
/// are carried out.
pub(super) fn services(named: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let text = normal(named);
    let mut add = |ids: &[&str]| found.extend(ids.iter().map(|id| (*id).to_owned()));
    for meaning in lexicon().words(&text).into_iter().flat_map(|word| word.meanings) {
        match meaning {
            Meaning::Service(id) => add(&[&id]),
            Meaning::Object(id) => {
                let home = lexicon().objects.get(&id).map(|object| object.home.clone()).unwrap_or_default();
                home.iter().for_each(|id| add(&[id]));
            }
            Meaning::Verb(verb) => match verb.as_str() {
                "send" => [TELLING, MAILING].into_iter().for_each(&mut add),
                "mail" | "forward" | "invite" => add(MAILING),
                "tweet" => add(&["x"]),
                "subscribe" => add(&["mailchimp"]),
                "sign" => add(&["docusign"]),
                "upload" => add(&["file"]),
                _ => {}
            },
            Meaning::Happens(_) | Meaning::Trigger | Meaning::Never => {}
        }
    }
    // A channel and an address say by what kind of service.
    if named.contains('#') {
        add(TELLING);
    }
    if MAIL.as_ref().is_some_and(|form| form.is_match(named)) {
        add(MAILING);
    }
    found
}

/// The service of an action.
pub(super) fn service(action: &str) -> &str {
    action.split('.').next().unwrap_or_default()
}

/// True where a person asked for what this action does, by the name of its service or by what they want.
pub(super) fn asks_for(asked: &BTreeSet<String>, named: &str, action: &str) -> bool {
    let id = service(action);
    let word = |word: &str| {
        let inside = |char: char| char.is_alphanumeric() || char == '_';
        stands_alone(named, word, &inside, &|rest| rest.starts_with(inside))
    };
    id == "ai" || asked.contains(id) || word(id) || word(&id.replace('_', " "))
}

/// The services that a workflow acts with.
pub(super) fn acting(workflow: &Workflow) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    each_step(&workflow.root, &mut |step| {
        if let Op::Act(act) = &step.op {
            found.insert(service(&act.action).to_owned());
        }
    });
    found
}

/// Whom a workflow would send something to, as far as nobody named them.
pub(super) fn places(workflow: &Workflow, named: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let computed = computed(&workflow.root);
    let is_named = |place: &str| {
        // A channel may be named without its sign.
        let small = place.to_lowercase();
        let small = small.trim_start_matches('#');
        let inside = |char: char| char.is_alphanumeric() || matches!(char, '.' | '-' | '_' | '@');
        let goes_on = |rest: &str| {
            let rest = rest.strip_prefix('.').unwrap_or(rest);
            rest.starts_with(|char: char| char.is_alphanumeric() || matches!(char, '-' | '_' | '@'))
        };
        stands_alone(named, small, &inside, &goes_on) || names_host(named, small)
    };
    let mut look = |text: &str, whole: bool| {
        let open = text.starts_with('(') && text.ends_with(')');
        let mails: Vec<&str> =
            MAIL.iter().flat_map(|form| form.find_iter(text)).map(|hit| hit.as_str()).collect();
        let says = text.contains(|char: char| char.is_alphanumeric() || char == '@');
        let whole = whole && mails.is_empty() && says && !open;
        for place in mails.into_iter().chain(whole.then_some(text.trim())) {
            let place = place.trim_end_matches('.');
            if !is_named(place) {
                found.insert(place.to_owned());
            }
        }
    };
    for field in &workflow.inputs {
        if let Some(default) = &field.default {
            constants(default, &mut |text| look(text, is_channel(text)));
        }
    }
    let mut chosen = false;
    each_step(&workflow.root, &mut |step| {
        for arg in args(&step.op) {
            texts(arg, &mut |text| look(text, is_channel(text)));
        }
        let Op::Act(Act { action, args, safety, .. }) = &step.op else { return };
        if *safety == dsl::catalog::Safety::Read || service(action) == "ai" {
            return;
        }
        match args {
            Arg::Object(entries) => {
                for (_, arg) in entries.iter().filter(|(name, _)| WHITHER.contains(&&**name)) {
                    texts(arg, &mut |text| look(text, true));
                    exprs(arg, &mut |expr| chosen |= reads(expr, &computed));
                }
            }
            Arg::Value(Value::Object(entries)) => {
                for value in WHITHER.iter().filter_map(|name| entries.get(*name)) {
                    constants(value, &mut |text| look(text, true));
                }
            }
            // What nobody can see before a run is not named by anybody.
            Arg::Expr(_) => chosen = true,
            Arg::Value(_) | Arg::Text(_) | Arg::List(_) => {}
        }
    });
    if chosen {
        found.insert(CHOSEN.to_owned());
    }
    found
}

/// A channel, as people write one.
fn is_channel(text: &str) -> bool {
    text.strip_prefix('#').is_some_and(|rest| {
        !rest.is_empty() && rest.chars().all(|char| char.is_alphanumeric() || matches!(char, '-' | '_'))
    })
}

/// The steps that work something out by themselves: a model's answers, and values that the author put there.
fn computed(block: &Block) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    each_step(block, &mut |step| {
        let own = match &step.op {
            Op::Act(act) => service(&act.action) == "ai",
            Op::Set { value } => {
                let mut says = false;
                texts(value, &mut |text| says |= !text.trim().is_empty());
                says
            }
            op => op.turn().is_some() || op.batch().is_some(),
        };
        if own {
            found.insert(step.name.to_string());
        }
    });
    found
}

/// True if an expression reads one of these steps.
fn reads(expr: &Expr, steps: &BTreeSet<String>) -> bool {
    expr.nodes().iter().any(|node| match &node.kind {
        Kind::Step(step) => step.root == Root::Steps && steps.contains(&*step.name),
        _ => false,
    })
}

/// All values that an author writes in a step of its own, without those of the blocks in it.
fn args(op: &Op) -> Vec<&Arg> {
    match op {
        Op::Act(act) => vec![&act.args],
        Op::Child { inputs, .. } => vec![inputs],
        Op::Set { value } => vec![value],
        Op::Each { items, .. } => vec![items],
        Op::Repeat { start, .. } => start.iter().collect(),
        Op::Switch { on, .. } => vec![on],
        Op::Wait(_) | Op::Fail { .. } | Op::Try { .. } => vec![],
    }
}

fn constants(value: &Value, found: &mut dyn FnMut(&str)) {
    fn walk(json: &serde_json::Value, found: &mut dyn FnMut(&str)) {
        match json {
            serde_json::Value::String(text) => found(text),
            serde_json::Value::Array(items) => items.iter().for_each(|item| walk(item, found)),
            serde_json::Value::Object(fields) => fields.values().for_each(|field| walk(field, found)),
            serde_json::Value::Null | serde_json::Value::Bool(_) | serde_json::Value::Number(_) => {}
        }
    }
    walk(&value.to_json(), found);
}

/// Each text that stands in a value: as it is, between holes, and within expressions.
fn texts(arg: &Arg, found: &mut dyn FnMut(&str)) {
    match arg {
        Arg::Value(value) => constants(value, found),
        Arg::Expr(expr) => in_expr(expr, found),
        Arg::Text(template) => {
            template.outline().split('…').for_each(&mut *found);
            template.exprs().for_each(|expr| in_expr(expr, found));
        }
        Arg::List(items) => items.iter().for_each(|item| texts(item, found)),
        Arg::Object(entries) => entries.iter().for_each(|(_, entry)| texts(entry, found)),
    }
}

fn in_expr(expr: &Expr, found: &mut dyn FnMut(&str)) {
    // The name of a field in brackets is no text that goes anywhere.
    let mut names = BTreeSet::new();
    for node in expr.nodes() {
        if let Kind::Path(_, parts) = &node.kind {
            names.extend(parts.iter().filter_map(|part| match part {
                Part::Index(at) | Part::SoftIndex(at) => Some(*at),
                Part::Field(..) | Part::SoftField(..) => None,
            }));
        }
    }
    for (at, node) in expr.nodes().iter().enumerate() {
        if let Kind::Value(value) = &node.kind
            && !names.iter().any(|name| usize::from(*name) == at)
        {
            constants(value, found);
        }
    }
}

fn exprs(arg: &Arg, found: &mut dyn FnMut(&Expr)) {
    match arg {
        Arg::Value(_) => {}
        Arg::Expr(expr) => found(expr),
        Arg::Text(template) => template.exprs().for_each(found),
        Arg::List(items) => items.iter().for_each(|item| exprs(item, found)),
        Arg::Object(entries) => entries.iter().for_each(|(_, entry)| exprs(entry, found)),
    }
}
